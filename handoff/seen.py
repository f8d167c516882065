"""Seen marks: up to which row the customer, and whoever helps her, has had the conversation in view.

A mark only rises, and never above the last row. Nothing else changes with it, `changed_at` least of all.
"""

from sqlalchemy import ColumnElement, CursorResult, update
from sqlmodel import Session, col

from handoff import conversations
from handoff.models import Conversation
from handoff.problems import Invalid

MOST_SEQ = 2**31 - 1  # what a row's number can be


def by_customer(session: Session, conversation_id: str, seq: int) -> bool:
    """Note that the customer has seen everything up to row `seq`: True where that was news.

    NotFound for an unknown conversation, Invalid for a row that there is not (yet).
    """
    conversation = conversations.get(session, conversation_id)
    _check(conversation, seq)
    if conversation.customer_seen_seq >= seq:
        return False
    lower = col(Conversation.customer_seen_seq) < seq
    return _raised(session, conversation_id, seq, lower, customer_seen_seq=seq)


def by_agent(session: Session, conversation_id: str, person_id: int, seq: int) -> bool:
    """Note that the agent who has the conversation has seen everything up to row `seq`: True where that was news.

    Nothing is noted for anybody else. NotFound and Invalid as in `by_customer`.
    """
    conversation = conversations.get(session, conversation_id)
    _check(conversation, seq)
    if not has(conversation, person_id) or conversation.agent_seen_seq >= seq:
        return False
    hers = (col(Conversation.owner) == "agent") & (col(Conversation.agent_id) == person_id)
    lower = col(Conversation.agent_seen_seq) < seq
    return _raised(session, conversation_id, seq, hers & lower, agent_seen_seq=seq)


def has(conversation: Conversation, person_id: int) -> bool:
    """Whether this agent is the one who has the conversation now."""
    return conversation.owner == "agent" and conversation.agent_id == person_id


def row_number(value: object) -> int | None:
    """`value` where it can be the number of a row, else None. For what came over a socket."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_SEQ else None


def _check(conversation: Conversation, seq: int) -> None:
    if not 0 < seq <= conversation.last_seq:
        raise Invalid("There is no message with that number.")


def _raised(session: Session, conversation_id: str, seq: int, still: ColumnElement[bool], **values: int) -> bool:
    """Guarded once more in the statement: of two sockets at the same moment the higher number stays."""
    ours = update(Conversation).where(col(Conversation.id) == conversation_id, still, col(Conversation.last_seq) >= seq)
    result = session.execute(ours.values(**values).execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1
