"""The conversations of a customer for whom her shop vouches: which one she goes on with, on whichever device."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from handoff import conversations, keys, said
from handoff.identity import Vouched
from handoff.models import Conversation, Message
from handoff.problems import NotFound
from handoff.texts import texts

LISTED = 50
SHORT = 120  # characters of the last words
WITH_PEOPLE = ("queue", "agent")


@dataclass(frozen=True)
class Way:
    """The conversation to go on with. `token` is the device's own, None where it needs a new one (`access`)."""

    id: str
    language: str
    token: str | None = None
    attached: bool = False  # it was nobody's, and became hers just now


def settled(session: Session, who: Vouched, device_id: str | None, token: str | None) -> Way | None:
    """The way on where there is nothing to write: the device has a conversation of hers. None: ask `go_on`."""
    device, opens = _of_device(session, device_id, token)
    if device is None or device.customer_ref != who.ref or not _known_as(device, who):
        return None
    return Way(device.id, device.language, token if opens else None)


def go_on(session: Session, who: Vouched, device_id: str | None, token: str | None) -> Way | None:
    """What she goes on with, None where she has nothing. `device_id` and `token` are what her device has, if anything.

    The device's conversation becomes hers if it is nobody's and the token opens it; except where she has said nothing
    in it and has an open one elsewhere. Another customer's is passed over.
    """
    device, opens = _of_device(session, device_id, token)
    if device is not None and (device.customer_ref == who.ref or (opens and device.customer_ref is None)):
        conversations.locked(session, device.id)
        device, opens = _of_device(session, device_id, token)  # as it is by now: another device may have been first
    if device is not None and device.customer_ref == who.ref:
        _note(device, who)
        return Way(device.id, device.language, token if opens else None)
    nobodys = device if opens and device is not None and device.customer_ref is None else None
    if nobodys is None:
        own = _latest(session, who)
    else:
        own = None if _said_something(session, nobodys) else _latest(session, who, still_open=True)
    if own is not None:
        return Way(own.id, own.language)
    if nobodys is None or token is None:
        return None
    _attach(nobodys, who, token)
    return Way(nobodys.id, nobodys.language, token, attached=True)


def access(session: Session, who: Vouched, conversation_id: str) -> Way:
    """One of her conversations with a new token for it. NotFound for somebody else's."""
    conversation = conversations.locked(session, conversation_id)
    if conversation.customer_ref != who.ref:
        raise NotFound
    _note(conversation, who)
    return Way(conversation.id, conversation.language, keys.give(session, conversation))


def about(who: Vouched | None, name: str | None, email: str | None) -> dict[str, str | None]:
    """What a new conversation holds of its customer: the shop's word, and her own where the shop says nothing."""
    if who is None:
        return {"customer_name": name, "customer_email": email}
    return {
        "customer_ref": who.ref,
        "vouched_name": who.name,
        "vouched_email": who.email,
        "customer_name": who.name or name,
        "customer_email": who.email or email,
    }


def _of_device(session: Session, device_id: str | None, token: str | None) -> tuple[Conversation | None, bool]:
    """The conversation of this id, and whether the token opens it."""
    if not device_id:
        return None, False
    try:
        if token:
            return conversations.opened(session, device_id, token), True
    except NotFound:
        pass
    try:
        return conversations.get(session, device_id), False
    except NotFound:
        return None, False


def _attach(conversation: Conversation, who: Vouched, token: str) -> None:
    """Make a conversation hers. From here on only her device's token opens it: a link that was mailed before, or the
    token of whoever began it, could be a stranger's, who would speak in her name and read what she writes."""
    conversation.customer_ref = who.ref
    conversation.token_hash, conversation.idempotency_hash = conversations.sha256(token), None
    conversation.vouched_name, conversation.vouched_email = who.name, who.email
    conversation.customer_name = who.name or conversation.customer_name
    conversation.customer_email = who.email or conversation.customer_email


def _known_as(conversation: Conversation, who: Vouched) -> bool:
    return (conversation.vouched_name, conversation.vouched_email) == (who.name, who.email)


def _note(conversation: Conversation, who: Vouched) -> None:
    """Follow what the shop says of her by now; what she left herself in its place stays."""
    if conversation.customer_name in (None, conversation.vouched_name):
        conversation.customer_name = who.name
    if conversation.customer_email in (None, conversation.vouched_email):
        conversation.customer_email = who.email
    conversation.vouched_name, conversation.vouched_email = who.name, who.email


def _said_something(session: Session, conversation: Conversation) -> bool:
    hers = (Message.conversation_id == conversation.id, Message.author == "customer")
    return session.exec(select(Message.id).where(*hers).limit(1)).first() is not None


def _latest(session: Session, who: Vouched, *, still_open: bool = False) -> Conversation | None:
    """Her conversation to go on with: one that people have before others, then the one that changed last."""
    query = select(Conversation).where(Conversation.customer_ref == who.ref)
    if still_open:
        query = query.where(Conversation.owner != "closed")
    with_people = col(Conversation.owner).in_(WITH_PEOPLE)
    newest = (with_people.desc(), col(Conversation.changed_at).desc(), col(Conversation.id))
    return session.exec(query.order_by(*newest).limit(1)).first()


def listed(session: Session, who: Vouched) -> list[dict[str, Any]]:
    """Her conversations, at most `LISTED`, the one in which something was said last first.

    Of each id, language, owner, created_at, `changed_at` (when something was said last), `last` (its words, one line
    of at most `SHORT` characters) and `unread` (rows of bot and agents that she has not had in view).
    """
    query = select(Conversation).where(Conversation.customer_ref == who.ref)
    found = session.exec(query.order_by(col(Conversation.changed_at).desc()).limit(LISTED)).all()
    ids = [conversation.id for conversation in found]
    last, unread = _last_said(session, ids), _unread(session, ids)
    rows = [_row(session, c, last.get(c.id), unread.get(c.id, 0)) for c in found]
    return sorted(rows, key=lambda row: (row["changed_at"], row["id"]), reverse=True)


def _row(session: Session, conversation: Conversation, last: Message | None, unread: int) -> dict[str, Any]:
    words = said.line(last, texts(session, conversation.language)) if last else ""
    if last and last.author != "customer":
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*_`#>]+", r"\1", words)  # an answer's Markdown, for one line
    return {
        "id": conversation.id,
        "language": conversation.language,
        "owner": conversation.owner,
        "created_at": conversation.created_at.isoformat(),
        # Not the conversation's own: that moves with what only agents see.
        "changed_at": (last.at if last else conversation.created_at).isoformat(),
        "last": words if len(words) <= SHORT else words[: SHORT - 1] + "…",
        "unread": unread,
    }


def _last_said(session: Session, ids: list[str]) -> dict[str, Message]:
    """The last thing that somebody said in each conversation."""
    newest = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .where(col(Message.conversation_id).in_(ids), Message.author != "system", Message.kind != conversations.NOTE)
        .group_by(col(Message.conversation_id))
        .subquery()
    )
    same = (col(Message.conversation_id) == newest.c.conversation_id) & (col(Message.seq) == newest.c.seq)
    return {m.conversation_id: m for m in session.exec(select(Message).join(newest, same)).all()}


def _unread(session: Session, ids: list[str]) -> dict[str, int]:
    query = (
        columns(col(Message.conversation_id), func.count())
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            col(Message.conversation_id).in_(ids),
            col(Message.author).in_(("bot", "agent")),
            col(Message.kind) != conversations.NOTE,
            col(Message.hidden_at).is_(None),
            col(Message.seq) > col(Conversation.customer_seen_seq),
        )
        .group_by(col(Message.conversation_id))
    )
    return {id_: int(count) for id_, count in session.execute(query)}
