"""Conversations and their timeline: start, store, read, and the one guarded change of owner.

Functions take `session` first and never commit. Whoever writes to a conversation takes its row first
(`locked`), so its writers come one after the other on SQLite and PostgreSQL alike.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col, select

from handoff import estimates, handling, keys
from handoff.models import Conversation, Message
from handoff.problems import NotFound
from handoff.reopen import admits
from handoff.texts import fill, texts
from kb.models import now

IDEMPOTENCY_FOR = timedelta(hours=24)
NOTE = "note"  # the kind of a row that is between agents
NO_PLACE = {"queued_at": None, "line_at": None, "for_agent_id": None}
# What holds no longer once a conversation has this owner. An agent's keeps its `line_at`: who is sent on to a topic
# gets her place back.
GONE_WITH: dict[str, dict[str, Any]] = {
    "bot": NO_PLACE | {"agent_id": None},
    "closed": NO_PLACE | {"agent_id": None},
    "queue": {"agent_id": None},
    "agent": {"queued_at": None, "for_agent_id": None},
}


def sha256(text: str) -> str:
    """The hexadecimal SHA-256 of `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()  # a socket may send half a character


def start(
    session: Session, /, *, language: str, idempotency_key: str | None = None, **about: str | None
) -> tuple[Conversation, str]:
    """A new conversation and its token; with a known `idempotency_key` the same two again for a day.

    The token is made from the key and a salt, so that it can be given again although only its hash is kept.
    `about` may hold page_url, device and what `hers.about` gives of the customer.
    """
    key_hash = sha256(idempotency_key) if idempotency_key else None
    if key_hash and (earlier := _by_key(session, key_hash)) is not None:
        return earlier, _token(earlier.token_salt, idempotency_key or "")
    salt = secrets.token_urlsafe(32)
    token = _token(salt, idempotency_key) if idempotency_key else secrets.token_urlsafe(32)
    conversation = Conversation(
        id=secrets.token_urlsafe(16),
        token_hash=sha256(token),
        token_salt=salt,
        idempotency_hash=key_hash,
        language=language,
    )
    conversation.sqlmodel_update(about)
    session.add(conversation)
    session.flush()
    return conversation, token


def started_before(session: Session, idempotency_key: str) -> bool:
    """Whether `start` would give the conversation that this key began, and no new one."""
    query = select(Conversation.id).where(
        Conversation.idempotency_hash == sha256(idempotency_key),
        col(Conversation.created_at) >= now() - IDEMPOTENCY_FOR,
    )
    return session.exec(query).first() is not None


def _by_key(session: Session, key_hash: str) -> Conversation | None:
    found = session.exec(select(Conversation).where(Conversation.idempotency_hash == key_hash)).first()
    if found is not None and found.created_at < now() - IDEMPOTENCY_FOR:
        found.idempotency_hash = None
        session.flush()
        return None
    return found


def _token(salt: str, key: str) -> str:
    return hmac.new(salt.encode(), key.encode(), "sha256").hexdigest()


def get(session: Session, conversation_id: str) -> Conversation:
    """The conversation, to read. NotFound where there is none."""
    conversation = session.get(Conversation, _asked_for(conversation_id))
    if conversation is None:
        raise NotFound
    return conversation


def _asked_for(conversation_id: str) -> str:
    if "\x00" in conversation_id:  # PostgreSQL does not even look for it
        raise NotFound
    return conversation_id


def opened(session: Session, conversation_id: str, token: str) -> Conversation:
    """The conversation that `token` opens. NotFound for another's token too: ids are not given away."""
    conversation = get(session, conversation_id)
    if hmac.compare_digest(conversation.token_hash, sha256(token)) or admits(conversation, token):
        return conversation
    if keys.fits(session, conversation, token):
        return conversation
    raise NotFound


def locked(session: Session, conversation_id: str) -> Conversation:
    """The conversation as it is now, its row held until the transaction ends. NotFound where there is none."""
    query = select(Conversation).where(Conversation.id == _asked_for(conversation_id))
    query = query.with_for_update().execution_options(populate_existing=True)
    conversation = session.exec(query).first()
    if conversation is None:
        raise NotFound
    return conversation


def change_owner(
    session: Session, conversation: Conversation, to: str, *, frm: str, end: str | None = None, **values: Any
) -> bool:
    """Give the conversation from owner `frm` to owner `to`: True when it was still `frm`'s.

    `values` are set along with it; an agent's must still be that agent's. The only place where an owner changes, so
    that what belongs to an owner goes with it, and each time that an agent has it is noted (`end`: why it ended).
    """
    at = now()
    still = [col(Conversation.id) == conversation.id, col(Conversation.owner) == frm]
    if frm == "agent":
        still.append(col(Conversation.agent_id) == conversation.agent_id)
    values = GONE_WITH[to] | values | {"owner": to, "changed_at": at}
    statement = update(Conversation).where(*still).values(**values)
    result = session.execute(statement.execution_options(synchronize_session=False))
    session.refresh(conversation)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return False
    if frm == "agent":
        handling.finish(session, conversation.id, end or handling.ENDS[to], at)
    if frm == "queue":
        estimates.settle(session, conversation.id, to, at)
    if to == "agent":
        handling.begin(session, conversation, at)
    return True


def back_to_bot(session: Session, conversation: Conversation, frm: str, **values: Any) -> bool:
    """Let the bot begin anew, with what is said from now on: True when the conversation was still `frm`'s."""
    seq = conversation.last_seq
    values |= {"reason": None, "stint": conversation.stint + 1, "handled_seq": seq, "customer_seq": seq}
    return change_owner(session, conversation, "bot", frm=frm, **values)


def close(session: Session, conversation: Conversation, by: int | None = None) -> None:
    """End a conversation that is not closed yet, whoever owns it. Whatever the bot still had to say is dropped."""
    change_owner(
        session,
        conversation,
        "closed",
        frm=conversation.owner,
        closed_at=now(),
        handled_seq=conversation.customer_seq,
        lease_id=None,
        lease_until=None,
        trackers_emptied=False,
    )
    add_step(session, conversation, "closed", author_id=by)


def sent_before(session: Session, conversation_id: str, author: str, client_id: str) -> Message | None:
    """The message that this sender already sent under this `client_id`, if any."""
    query = select(Message).where(
        Message.conversation_id == conversation_id, Message.author == author, Message.client_id == client_id
    )
    return session.exec(query).first()


def add(
    session: Session, conversation: Conversation, author: str, kind: str, text: str, **more: Any
) -> Message:
    """A new row at the end of the timeline of a conversation that the caller has `locked`."""
    conversation.last_seq += 1
    if kind != NOTE:
        conversation.shown_seq = conversation.last_seq
    conversation.changed_at = now()
    message = Message(
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        stint=conversation.stint,
        author=author,
        kind=kind,
        text=text,
        **more,
    )
    session.add(message)
    session.flush()
    return message


def add_step(
    session: Session,
    conversation: Conversation,
    kind: str,
    *,
    text: str = "",
    name: str = "",
    **more: Any,
) -> Message:
    """A step of the conversation's life as a row of its timeline, worded as `text` or as `system.<kind>`."""
    words = text or fill(texts(session, conversation.language)[f"system.{kind}"], name=name)
    return add(session, conversation, "system", kind, words, **more)


def messages_after(
    session: Session, conversation_id: str, after: int = 0, limit: int = 100, *, notes: bool = False
) -> list[Message]:
    """Up to `limit` rows of the timeline with a sequence number above `after`, in order.

    Agents' notes are left out unless asked for: nothing that a customer reads may hold one.
    """
    query = select(Message).where(Message.conversation_id == conversation_id, Message.seq > after)
    if not notes:
        query = query.where(Message.kind != NOTE)
    return list(session.exec(query.order_by(col(Message.seq)).limit(limit)).all())


def this_stint(session: Session, conversation: Conversation) -> list[Message]:
    """The rows since the bot last began with this customer, in order."""
    query = select(Message).where(
        Message.conversation_id == conversation.id, Message.stint == conversation.stint
    )
    return list(session.exec(query.order_by(col(Message.seq))).all())
