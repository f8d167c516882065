"""The outbox: mails are queued in the transaction that causes them, and sent afterwards, each as a rule once.

A sender leases a mail, sends it, then reports. One that dies in between leaves a lease that runs out: the mail goes
again, with the same Message-ID. `attempts` counts leases, so a late report of an earlier one is told apart.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from handoff.mail import address, in_one_line, storable
from handoff.models import Mail
from handoff.problems import Invalid
from handoff.texts import LANGUAGES
from kb.models import now

BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 720))
TRIES = len(BACKOFF) + 1
WITH_KEY = "password:"  # how the keys of mails begin whose words are a key themselves: forgotten once they are over
FORGOTTEN = "…"
LEASE = timedelta(minutes=3)  # longer than sending one mail may take, see handoff/postman.py
INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def queue_mail(
    session: Session,
    *,
    key: str,
    to: str,
    language: str,
    subject: str,
    text: str,
    conversation_id: str | None = None,
) -> Mail:
    """Put a mail into the outbox; it goes out if the caller's transaction is committed. The row.

    The same `key` again is the same mail, whatever else is given: the first one stands. After the commit
    `it.bus.publish("mail", "")` makes it leave at once instead of within half a minute.
    Invalid for no address, an unknown language, no text, or a key that is empty or over 120 characters.
    """
    if language not in LANGUAGES or not storable(text) or not 0 < len(key) <= 120:
        raise Invalid
    row = Mail(
        key=key,
        to=address(to),
        language=language,
        subject=in_one_line(subject, 300),
        text=storable(text),
        conversation_id=conversation_id,
    )
    # Not a savepoint: where two callers ask at once, the second waits for the first and then finds its row.
    insert = INSERTS[session.get_bind().dialect.name](Mail).values(row.model_dump(exclude={"id"}))
    session.execute(insert.on_conflict_do_nothing(index_elements=["key"]))
    return session.exec(select(Mail).where(Mail.key == key)).one()


def due(session: Session, *, limit: int = 1, at: datetime | None = None) -> list[Mail]:
    """Up to `limit` mails to send now, oldest first, leased to the caller for `LEASE`: nobody else gets them.

    A mail that was leased `TRIES` times and never reported on is given up here.
    """
    at = at or now()
    query = (
        select(Mail)
        .where(
            col(Mail.sent_at).is_(None),
            col(Mail.due_at) <= at,
            or_(col(Mail.lease_until).is_(None), col(Mail.lease_until) <= at),
        )
        .order_by(col(Mail.due_at), col(Mail.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.exec(query).all())
    for row in rows:
        if row.attempts >= TRIES:
            row.due_at, row.error = None, row.error or "It was tried and never reported on."
            row.text = FORGOTTEN if row.key.startswith(WITH_KEY) else row.text
        else:
            row.attempts, row.lease_until = row.attempts + 1, at + LEASE
    session.flush()
    return [row for row in rows if row.due_at is not None]


def sent(session: Session, mail: Mail, *, at: datetime | None = None) -> None:
    """Note that the server took the mail, whoever holds its lease by now."""
    values: dict[str, Any] = {"sent_at": at or now(), "due_at": None, "lease_until": None, "error": None}
    if mail.key.startswith(WITH_KEY):
        values["text"] = FORGOTTEN
    session.execute(update(Mail).where(col(Mail.id) == mail.id).values(values))


def failed(
    session: Session, mail: Mail, error: str, *, for_good: bool = False, at: datetime | None = None
) -> bool:
    """Note that the leased mail did not go, and when it is tried again: never if `for_good` or after `TRIES` times.

    False, and nothing is changed, where the lease ran out and somebody else has the mail, or has sent it.
    """
    again = not for_good and mail.attempts < TRIES
    values: dict[str, Any] = {
        "due_at": (at or now()) + BACKOFF[mail.attempts - 1] if again else None,
        "lease_until": None,
        "error": in_one_line(error, 500),
    }
    if not again and mail.key.startswith(WITH_KEY):
        values["text"] = FORGOTTEN
    mine = (col(Mail.id) == mail.id, col(Mail.attempts) == mail.attempts, col(Mail.sent_at).is_(None))
    result = session.execute(update(Mail).where(*mine).values(values))
    return isinstance(result, CursorResult) and result.rowcount == 1


def given_up(session: Session, limit: int = 100) -> list[Mail]:
    """Mails that will not be sent any more, the latest first; `error` says why."""
    query = select(Mail).where(col(Mail.sent_at).is_(None), col(Mail.due_at).is_(None))
    return list(session.exec(query.order_by(col(Mail.id).desc()).limit(limit)).all())
