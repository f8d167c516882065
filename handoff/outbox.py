"""The outbox: mails are queued in the transaction that causes them, and sent afterwards, each as a rule once.

How rows are leased and reported on: `outgoing`. A mail that goes again goes with the same Message-ID.

A mail that may go `once` and never twice is given up before it is handed in (`handing_in`), and the report that it
went, or that the server refused it, takes that back: whoever dies in between leaves one that does not go again.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from handoff import outgoing
from handoff.mail import address, in_one_line, storable
from handoff.models import Mail
from handoff.problems import Invalid
from handoff.texts import languages
from kb.models import now

BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 720))
TRIES = len(BACKOFF) + 1
WITH_KEY = "password:"  # how the keys of mails begin whose words are a key themselves: forgotten once they are over
TRANSCRIPT = "transcript:"  # and those of whole conversations, which are kept in one place
FORGOTTEN_AFTER = (WITH_KEY, TRANSCRIPT)
FORGOTTEN = "…"
UNKNOWN = "Nobody knows whether it went: it is not sent a second time."
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
    stop_url: str | None = None,
    once: bool = False,
) -> Mail:
    """Put a mail into the outbox; it goes out if the caller's transaction is committed. The row.

    The same `key` again is the same mail, whatever else is given: the first one stands. After the commit
    `it.bus.publish("mail", "")` makes it leave at once instead of within half a minute. `stop_url`, `once`: see `Mail`.
    Invalid for no address, an unknown language, no text, or a key that is empty or over 120 characters.
    """
    if language not in languages() or not storable(text) or not 0 < len(key) <= 120:
        raise Invalid
    row = Mail(
        key=key,
        to=address(to),
        language=language,
        subject=in_one_line(subject, 300),
        text=storable(text),
        conversation_id=conversation_id,
        stop_url=stop_url,
        once=once,
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

    def over(mail: Mail) -> str:
        return outgoing.UNREPORTED if mail.attempts >= TRIES else ""

    going, lost = outgoing.lease(session, Mail, at=at, until=at + LEASE, over=over, limit=limit)
    for row in lost:
        row.text = FORGOTTEN if row.key.startswith(FORGOTTEN_AFTER) else row.text
    session.flush()
    return going


def handing_in(session: Session, mail: Mail) -> bool:
    """Give up a leased mail that may go only once, until `sent` or `failed` says what became of it.

    False where somebody else has it by now: then it must not be handed in.
    """
    mine = (col(Mail.id) == mail.id, col(Mail.attempts) == mail.attempts, col(Mail.sent_at).is_(None))
    given_up = update(Mail).where(*mine, col(Mail.due_at).is_not(None)).values(due_at=None, error=UNKNOWN)
    result = session.execute(given_up)
    return isinstance(result, CursorResult) and result.rowcount == 1


def sent(session: Session, mail: Mail, *, at: datetime | None = None) -> None:
    """Note that the server took the mail, whoever holds its lease by now."""
    outgoing.went(session, mail, at or now(), **_forgotten(mail))


def failed(
    session: Session, mail: Mail, error: str, *, for_good: bool = False, at: datetime | None = None
) -> bool:
    """Note that the leased mail did not go, and when it is tried again: never if `for_good` or after `TRIES` times.

    False, and nothing is changed, where the lease ran out and somebody else has the mail, or has sent it.
    """
    wait = None if for_good else outgoing.backed_off(BACKOFF, mail.attempts)
    again_at = (at or now()) + wait if wait else None
    forgotten = {} if again_at else _forgotten(mail)
    return outgoing.did_not_go(session, mail, again_at, in_one_line(error, 500), **forgotten)


def _forgotten(mail: Mail) -> dict[str, str]:
    return {"text": FORGOTTEN} if mail.key.startswith(FORGOTTEN_AFTER) else {}


def given_up(session: Session, limit: int = 100) -> list[Mail]:
    """Mails that will not be sent any more, the latest first; `error` says why."""
    return outgoing.given_up(session, Mail, limit)
