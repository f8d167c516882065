"""The queue and what an agent does with a conversation. First in, first out; one agent wins a claim."""

from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from handoff import conversations
from handoff.incoming import checked
from handoff.models import Conversation, Message, Person
from handoff.problems import Conflict, Forbidden, Invalid
from handoff.question import OpenQuestion
from kb.models import Entry, now

ONE_LINE = 200  # characters of the question that the queue shows


def enqueue(
    session: Session,
    conversation: Conversation,
    reason: str,
    text: str,
    question: OpenQuestion | None,
    *,
    answers_seq: int,
    part: int,
) -> None:
    """Give the bot's conversation to the queue, with the question in one line and a row that tells the customer."""
    line = " ".join((question.text if question else _last_words(session, conversation)).split())
    conversations.change_owner(
        session,
        conversation,
        "queue",
        frm="bot",
        reason=reason,
        question=line if len(line) <= ONE_LINE else line[: ONE_LINE - 1] + "…",
        topic=_topic(session, question),
        queued_at=now(),
        handled_seq=conversation.customer_seq,
        lease_id=None,
        lease_until=None,
    )
    step = conversations.add_step(session, conversation, "handed_over", text=text, data={"reason": reason})
    step.answers_seq, step.part = answers_seq, part


def _topic(session: Session, question: OpenQuestion | None) -> str | None:
    """The topic of the entry nearest to the question, or None."""
    candidates = question.evidence.get("candidates") if question else None
    if not candidates:
        return None
    return session.exec(select(Entry.topic).where(Entry.key == candidates[0]["key"])).first() or None


def _last_words(session: Session, conversation: Conversation) -> str:
    said = [m.text for m in conversations.this_stint(session, conversation) if m.author == "customer"]
    return said[-1] if said else ""


def position(session: Session, conversation: Conversation) -> int:
    """The place in the queue, from 1, of a conversation that waits there."""
    ahead = select(func.count()).where(
        Conversation.owner == "queue",
        or_(
            col(Conversation.queued_at) < conversation.queued_at,
            (col(Conversation.queued_at) == conversation.queued_at) & (col(Conversation.id) < conversation.id),
        ),
    )
    return 1 + int(session.exec(ahead).one())


def waiting(
    session: Session, limit: int = 50, cursor: str | None = None
) -> tuple[list[Conversation], str | None]:
    """Conversations in the queue, longest wait first, and the cursor of the next page. Invalid for a bad cursor."""
    query = select(Conversation).where(Conversation.owner == "queue")
    if cursor:
        at, id_ = _read_cursor(cursor)
        query = query.where(
            or_(
                col(Conversation.queued_at) > at,
                (col(Conversation.queued_at) == at) & (col(Conversation.id) > id_),
            )
        )
    query = query.order_by(col(Conversation.queued_at), col(Conversation.id)).limit(limit + 1)
    rows = list(session.exec(query).all())
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{last.queued_at.isoformat()}_{last.id}" if last and last.queued_at else None


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    at, _, id_ = cursor.partition("_")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Invalid("That cursor is not one of ours.") from None
    if moment.tzinfo is None or not id_:
        raise Invalid("That cursor is not one of ours.")
    return moment, id_


def waiting_count(session: Session) -> int:
    """How many customers wait in the queue."""
    return int(session.exec(select(func.count()).where(Conversation.owner == "queue")).one())


def held_by(session: Session, person_id: int) -> list[Conversation]:
    """The conversations that this agent has now, the most recently changed first."""
    query = select(Conversation).where(Conversation.owner == "agent", Conversation.agent_id == person_id)
    return list(session.exec(query.order_by(col(Conversation.changed_at).desc())).all())


def claim(session: Session, conversation_id: str, person: Person) -> Conversation:
    """Take a waiting conversation. Conflict when a colleague was first, or nobody waits there any more.

    A second claim by the agent who has it already changes nothing.
    """
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner == "agent" and conversation.agent_id == person.id:
        return conversation
    taken = conversations.change_owner(
        session, conversation, "agent", frm="queue", agent_id=person.id, queued_at=None
    )
    if not taken:
        raise Conflict(_who_has_it(session, conversation))
    conversations.add_step(session, conversation, "assigned", author_id=person.id, name=person.name.split()[0])
    return conversation


def _who_has_it(session: Session, conversation: Conversation) -> str:
    agent = session.get(Person, conversation.agent_id) if conversation.agent_id else None
    if agent is not None:
        return f"{agent.name} was first and has this conversation."
    return f"This conversation is not in the queue any more: it is now with “{conversation.owner}”."


def _held(session: Session, conversation_id: str, person: Person) -> Conversation:
    """The agent's own conversation, locked. Conflict when nobody has it, Forbidden when a colleague has."""
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner != "agent":
        raise Conflict("Take the conversation first." if conversation.owner == "queue" else "")
    if conversation.agent_id != person.id:
        raise Forbidden(_who_has_it(session, conversation))
    return conversation


def reply(session: Session, conversation_id: str, person: Person, client_id: str, text: str) -> Message:
    """Store an agent's message to the customer, once however often it is sent."""
    conversations.locked(session, conversation_id)
    earlier = conversations.sent_before(session, conversation_id, "agent", client_id)
    if earlier is not None:
        if earlier.author_id != person.id:
            raise Conflict
        return earlier
    conversation = _held(session, conversation_id, person)
    return conversations.add(
        session, conversation, "agent", "text", checked(text), client_id=client_id, author_id=person.id
    )


def hand_back(session: Session, conversation_id: str, person: Person) -> Conversation:
    """Give the agent's conversation back to the bot, which begins anew."""
    conversation = _held(session, conversation_id, person)
    conversations.change_owner(
        session,
        conversation,
        "bot",
        frm="agent",
        agent_id=None,
        reason=None,
        stint=conversation.stint + 1,
        handled_seq=conversation.last_seq,
        customer_seq=conversation.last_seq,
    )
    conversations.add_step(session, conversation, "handed_back", author_id=person.id)
    return conversation


def close(session: Session, conversation_id: str, person: Person) -> Conversation:
    """End the agent's conversation. Closing a closed one changes nothing."""
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner != "closed":
        conversation = _held(session, conversation_id, person)
        conversations.close(session, conversation, person.id)
    return conversation
