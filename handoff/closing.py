"""The end of a conversation: what it was about, in words that agents used before, and taking it back at once."""

from datetime import timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, presence, queue
from handoff.models import Conversation, Message, Person
from handoff.presence import GRACE_S
from handoff.problems import Conflict
from kb.models import now

USED_FOR = timedelta(days=180)  # causes that nobody chose for so long are proposed no more
BACK_FOR = timedelta(minutes=15)  # so long whoever closed it may take it back


def causes(session: Session, limit: int = 40) -> list[str]:
    """The causes that conversations were closed with lately, the most used first."""
    times = func.count()
    query = (
        select(Conversation.cause, times)
        .where(col(Conversation.closed_at) > now() - USED_FOR, col(Conversation.cause).is_not(None))
        .group_by(col(Conversation.cause))
        .order_by(times.desc(), col(Conversation.cause))
        .limit(limit)
    )
    return [cause for cause, _ in session.exec(query).all() if cause]


def reopen(session: Session, conversation_id: str, person: Person, grace_s: float = GRACE_S) -> Conversation:
    """Give a conversation back to the agent who closed it just now, as long as nothing happened in it since.

    Twice is as once. Conflict where somebody else closed it, it is longer ago, or it is not closed any more; Refused
    when she has all she can have meanwhile.
    """
    presence.hold(session, [person.id or 0])
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner == "agent" and conversation.agent_id == person.id:
        return conversation
    if conversation.owner != "closed" or not _closed_by(session, conversation, person):
        raise Conflict("This conversation cannot be taken back any more.")
    me = presence.colleague(session, person.id or 0, now(), grace_s)
    if me.free == 0:
        raise queue.Refused("full", f"You have {me.held} conversations, as many as you take at once.", n=me.held)
    at = now()
    conversations.change_owner(
        session, conversation, "agent", frm="closed", agent_id=person.id, closed_at=None, line_at=at
    )
    conversations.add_step(session, conversation, "reopened", author_id=person.id)
    return conversation


def _closed_by(session: Session, conversation: Conversation, person: Person) -> bool:
    """Whether this person's closing is the last thing that happened, and not long ago."""
    said = select(Message).where(Message.conversation_id == conversation.id, Message.kind != conversations.NOTE)
    last = session.exec(said.order_by(col(Message.seq).desc()).limit(1)).first()
    return last is not None and last.kind == "closed" and last.author_id == person.id and last.at > now() - BACK_FOR
