"""The mails of a promise. They follow from its rows, whoever changed them: each step first looks without a lock.

A mail's key names the promise and what became of it, so none goes twice, whoever asks for it. What an agent wrote and
the customer has not seen goes along when a promise is kept: the answer itself.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, exists, func, literal, or_
from sqlmodel import Session, col, select

from handoff import conversations, promise_words, unseen
from handoff.desk_models import Promise
from handoff.editor_models import Told
from handoff.letters import to_customer
from handoff.models import Conversation, Mail, Message
from handoff.resting import OPEN
from handoff.settings import Settings

TOLD_FOR = timedelta(days=2)  # a change that was longer ago is told by mail no more: the outbox was off, or she left
SEEN_S = 60.0  # so long an agent's promise has to be seen in the chat before it is mailed


def key(promise: Promise, what: str) -> str:
    """The key of the mail about what became of a promise."""
    return f"promise:{promise.id}:{what}"


def _not_mailed(what: ColumnElement[str]) -> ColumnElement[bool]:
    name = literal("promise:") + cast(col(Promise.id), String) + what
    return ~exists().where(col(Mail.key) == name)


def untold(session: Session, at: datetime, limit: int = 100) -> list[int]:
    """Promises of which a customer with an address was not told by mail what became of them, the oldest first."""
    unmoved = (col(Promise.moved) == 0) & _not_mailed(literal(":made"))
    seen_here = (
        select(func.max(Message.seq))
        .where(Message.conversation_id == Promise.conversation_id, Message.kind == "promised")
        .scalar_subquery()
        <= Conversation.customer_seen_seq
    )
    by_agent = ~seen_here & (col(Promise.made_at) <= at - timedelta(seconds=SEEN_S))
    made = OPEN & unmoved & or_(col(Promise.by_id).is_(None), by_agent)
    moved = OPEN & (col(Promise.moved) > 0) & _not_mailed(literal(":moved:") + cast(col(Promise.moved), String))
    kept = (col(Promise.kept_at) > at - TOLD_FOR) & _not_mailed(literal(":kept")) & ~_with_answer()
    query = (
        select(Promise.id)
        .join(Conversation, col(Conversation.id) == col(Promise.conversation_id))
        .where(col(Conversation.customer_email).is_not(None), or_(made, moved, kept))
    )
    return [id_ for id_ in session.exec(query.order_by(col(Promise.id)).limit(limit)) if id_ is not None]


def _with_answer() -> ColumnElement[bool]:
    """True where everyone who asked was told and this was kept by it: `told_later` sees to her mail."""
    mine = col(Told.conversation_id) == col(Promise.conversation_id)
    return exists().where(mine, col(Told.at) == col(Promise.kept_at)).correlate(Promise)


def tell(session: Session, settings: Settings, promise_id: int) -> Mail | None:
    """Queue the mail that `untold` found missing, as the promise is now; None where there is none to send."""
    promise = session.get(Promise, promise_id)
    if promise is None or promise.dropped_at:
        return None
    conversation = conversations.locked(session, promise.conversation_id)
    promise = session.get_one(Promise, promise_id, populate_existing=True)
    if promise.kept_at:
        if session.exec(select(Promise.id).where(Promise.id == promise.id, _with_answer())).first() is not None:
            return None
        said = unseen.take(session, conversation)
        return _mail(session, settings, conversation, promise, "kept", "promise_kept", said)
    if promise.dropped_at:
        return None
    if promise.moved:
        return _mail(session, settings, conversation, promise, f"moved:{promise.moved}", "promise_moved")
    return confirm(session, settings, conversation, promise)


def confirm(session: Session, settings: Settings, conversation: Conversation, promise: Promise) -> Mail | None:
    """Queue the mail that says what was promised, once for each address: she may have made a mistake in the first."""
    mail = _mail(session, settings, conversation, promise, "made", "promised")
    if mail is None or mail.to == conversation.customer_email:
        return mail
    mark = hashlib.sha256(str(conversation.customer_email).encode()).hexdigest()[:16]
    return _mail(session, settings, conversation, promise, f"made:{mark}", "promised")


def _mail(
    session: Session,
    settings: Settings,
    conversation: Conversation,
    promise: Promise,
    what: str,
    about: str,
    said: str = "",
) -> Mail | None:
    about += "_call" if promise.kind == "call" else ""
    values: dict[str, Any] = promise_words.values(session, conversation, promise)
    mail = to_customer(session, settings, conversation, about, key=key(promise, what), said=said, **values)
    if mail is None:  # it is no address, so she is asked for one rather than looked at again and again
        conversation.customer_email = None
        session.flush()
    return mail
