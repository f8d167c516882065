"""What the shop's own server is told: that a customer who is away got a reply. One event for all that is unseen, once.

An event follows from the rows, whoever wrote them and whenever; `Conversation.pushed_seq` notes of which rows one was
made. It is queued in the transaction that notes that, and `pushing` sends it. See docs/api.md.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import uniform
from secrets import token_hex
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, exists, or_, union, update
from sqlmodel import Session, col, select

from handoff import conversations, outgoing
from handoff.desk_models import Promise
from handoff.editor_models import Told
from handoff.mail import in_one_line
from handoff.models import Conversation, Handling, Message, Person, WebhookEvent
from handoff.plain import plain
from handoff.said import line
from handoff.settings import Settings
from handoff.texts import texts
from kb.models import now

REPLY, TEST = "conversation.reply", "webhook.test"
WAIT_S = 10.0  # so long she has to see it in the chat
FOR = timedelta(days=1)  # nothing older is told, and nothing is tried for longer
KEPT_FOR = timedelta(days=30)  # so long the page can show what went and what did not
LONGEST = 200  # characters of the words
LEASE = timedelta(minutes=1)  # longer than one try may take, see `pushing`
WAITS_S = (5, 60, 300, 1800, 7200, 18_000, 28_800, 28_800)  # between tries: under a day in all
BACKOFF = tuple(timedelta(seconds=s) for s in WAITS_S)
TRIES = len(BACKOFF) + 1
TOO_LATE = "It could not be sent for a day."


def conversations_with(session: Session, at: datetime, limit: int = 100) -> list[str]:
    """Conversations in which something has been waiting to be seen for `WAIT_S`, and no event tells of it yet."""
    back = at - FOR
    fresh = (
        exists()
        .where(
            col(Message.conversation_id) == col(Conversation.id),
            col(Message.seq) > col(Conversation.customer_seen_seq),
            col(Message.seq) > col(Conversation.pushed_seq),
            col(Message.at) <= at - timedelta(seconds=WAIT_S),
            col(Message.at) > back,
            *_sayings(),
        )
        .correlate(Conversation)
    )
    # Where somebody can have said something lately: few of all conversations that ever were.
    lately = union(
        select(Handling.conversation_id).where(or_(col(Handling.ended_at).is_(None), col(Handling.ended_at) > back)),
        select(Told.conversation_id).where(col(Told.at) > back),
        select(Promise.conversation_id).where(col(Promise.kept_at) > back),
    )
    query = select(Conversation.id).where(col(Conversation.id).in_(lately), fresh)
    return list(session.exec(query.limit(limit)).all())


def _sayings() -> tuple[ColumnElement[bool], ...]:
    """What agents say, what those who asked are told later, and that a promise is kept; no notes, nothing hidden."""
    agents = (col(Message.author) == "agent") & (col(Message.kind) != conversations.NOTE)
    told = exists().where(
        col(Told.conversation_id) == col(Message.conversation_id), col(Told.seq) == col(Message.seq)
    )
    later = (col(Message.author) == "bot") & (col(Message.kind) != conversations.NOTE) & told.correlate(Message)
    return or_(agents, later, col(Message.kind) == "promise_kept"), col(Message.hidden_at).is_(None)


def unseen(session: Session, conversation: Conversation, until: int | None = None) -> list[Message]:
    """What she has not seen of all that counts, in order; up to row `until`."""
    query = select(Message).where(
        Message.conversation_id == conversation.id, Message.seq > conversation.customer_seen_seq, *_sayings()
    )
    if until is not None:
        query = query.where(Message.seq <= until)
    return list(session.exec(query.order_by(col(Message.seq))).all())


def queue_reply(session: Session, conversation_id: str, at: datetime) -> WebhookEvent | None:
    """Queue an event on everything that is unseen, and note that; None where she saw it, or it was told, meanwhile."""
    conversation = conversations.locked(session, conversation_id)
    rows = unseen(session, conversation)
    fresh = [row for row in rows if row.seq > conversation.pushed_seq]
    if not fresh or fresh[0].at > at - timedelta(seconds=WAIT_S):
        return None
    conversation.pushed_seq = fresh[-1].seq
    data = {
        "conversation_id": conversation.id,
        "customer": conversation.customer_ref,
        "language": conversation.language,
        "unread": len(rows),
        "last_seq": fresh[-1].seq,
    }
    return _queue(session, REPLY, data, at, conversation_id=conversation.id, seq=fresh[-1].seq)


def queue_test(session: Session, settings: Settings) -> WebhookEvent:
    """Queue an event that only shows that events arrive; one that waits to be tried for the first time is the same."""
    query = select(WebhookEvent).where(WebhookEvent.type == TEST, WebhookEvent.attempts == 0)
    waits = session.exec(query.where(col(WebhookEvent.due_at).is_not(None)).limit(1)).first()
    return waits or _queue(session, TEST, {"shop": settings.shop_name}, now())


def _queue(session: Session, type_: str, data: dict[str, Any], at: datetime, **about: Any) -> WebhookEvent:
    event = WebhookEvent(webhook_id=f"msg_{token_hex(16)}", type=type_, data=data, created_at=at, due_at=at, **about)
    session.add(event)
    session.flush()
    return event


def due(session: Session, settings: Settings, at: datetime | None = None) -> tuple[WebhookEvent, bytes] | None:
    """The event to send now, leased to the caller for `LEASE`, and its body; None where there is none.

    What was tried for a day since it was made, or sent anew by hand, is given up here. What she saw meanwhile, or what
    was hidden, needs no event any more.
    """
    at = at or now()

    def over(event: WebhookEvent) -> str:
        if _since(event) <= at - FOR:
            return TOO_LATE
        return outgoing.UNREPORTED if event.attempts >= TRIES else ""

    while True:
        going, lost = outgoing.lease(session, WebhookEvent, at=at, until=at + LEASE, over=over, limit=1)
        for event in going:
            if (body := _body(session, settings, event)) is not None:
                return event, body
            session.delete(event)
        if not going and not lost:
            return None
        session.flush()


def _since(event: WebhookEvent) -> datetime:
    return event.resent_at or event.created_at


def _body(session: Session, settings: Settings, event: WebhookEvent) -> bytes | None:
    """What is sent, the same at every try; None where there is nothing left to tell of."""
    data = event.data
    if event.conversation_id is not None:
        conversation = conversations.get(session, event.conversation_id)
        rows = unseen(session, conversation, event.seq)
        if not rows:
            return None
        data = data | _words(session, settings, conversation, rows)
    whole = {"type": event.type, "timestamp": event.created_at.isoformat(), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _words(
    session: Session, settings: Settings, conversation: Conversation, rows: Sequence[Message]
) -> dict[str, str]:
    """Who said the last thing, and what: somebody's words rather than the line that a promise is kept."""
    row = next((row for row in reversed(rows) if row.author != "system"), rows[-1])
    person = session.get(Person, row.author_id) if row.author_id else None
    words = line(row, texts(session, conversation.language)) if row.file_id else plain(row.text, settings.origin)
    name = person.name.split()[0] if person else settings.shop_name
    return {"author_name": name, "text": in_one_line(words, LONGEST)}


def sent(session: Session, event: WebhookEvent) -> None:
    """Note that the shop's server took it."""
    outgoing.went(session, event, now())


def failed(
    session: Session,
    event: WebhookEvent,
    error: str,
    *,
    for_good: bool = False,
    wait: timedelta = timedelta(0),
    at: datetime | None = None,
) -> bool:
    """Note that the leased event did not go, and when it is tried again: after `wait` at least, never if `for_good` or
    after a day. False where somebody else has it, as in `outgoing.did_not_go`."""
    backoff, again_at = outgoing.backed_off(BACKOFF, event.attempts), None
    if backoff is not None and not for_good:
        again_at = (at or now()) + max(backoff * uniform(0.8, 1), wait)  # noqa: S311 - spreads tries, hides nothing
        again_at = again_at if again_at < _since(event) + FOR else None
    return outgoing.did_not_go(session, event, again_at, in_one_line(error, 500))


def resend(session: Session, webhook_id: str, at: datetime | None = None) -> bool:
    """Have an event tried for a day anew that was given up. False, and nothing is changed, where it is no such event:
    it went, is being tried (a double press), or is gone."""
    at = at or now()
    gone = (col(WebhookEvent.webhook_id) == webhook_id, *outgoing.is_given_up(WebhookEvent))
    again = {"due_at": at, "resent_at": at, "attempts": 0, "error": None, "lease_until": None}
    done = session.execute(update(WebhookEvent).where(*gone).values(again))
    return isinstance(done, CursorResult) and done.rowcount == 1


def forget(session: Session, at: datetime | None = None) -> int:
    """Delete what went or was given up `KEPT_FOR` ago: how many. What is still tried stays."""
    before = (at or now()) - KEPT_FOR
    old = (
        col(WebhookEvent.due_at).is_(None),
        col(WebhookEvent.created_at) <= before,
        or_(col(WebhookEvent.resent_at).is_(None), col(WebhookEvent.resent_at) <= before),
    )
    done = session.execute(delete(WebhookEvent).where(*old))
    return done.rowcount if isinstance(done, CursorResult) else 0


def latest(session: Session, limit: int = 20) -> list[WebhookEvent]:
    """The last events, the latest first."""
    return list(session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id).desc()).limit(limit)).all())
