"""What is true, in SQL, of conversations with an open promise. Beneath everything else, so that all can use it.

Each is made once: making one takes longer than asking the database.
"""

from functools import cache

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from handoff.desk_models import Promise
from handoff.models import Conversation, Handling, Message

PROMISES_TIME = ("promised", "promise_moved")  # rows that tell by when somebody comes back to her
OPEN: ColumnElement[bool] = and_(col(Promise.kept_at).is_(None), col(Promise.dropped_at).is_(None))


@cache
def promised() -> ColumnElement[bool]:
    """True of an agent's conversation with an open promise of that agent's: it takes none of her places."""
    hers = (
        col(Promise.conversation_id) == col(Conversation.id),
        col(Promise.holder_id) == col(Conversation.agent_id),
        OPEN,
    )
    return select(col(Promise.id)).where(*hers).correlate(Conversation).exists()


def promise_within() -> ColumnElement[bool]:
    """True of an agent's time with a conversation in which something was promised: mostly she only had to keep it."""
    promise = (
        col(Promise.conversation_id) == col(Handling.conversation_id),
        col(Promise.made_at) < col(Handling.ended_at),
        func.coalesce(col(Promise.kept_at), col(Promise.dropped_at), col(Handling.ended_at)) > col(Handling.began_at),
    )
    return select(col(Promise.id)).where(*promise).correlate(Handling).exists()


@cache
def unanswered() -> ColumnElement[bool]:
    """True where the customer said something after what an agent last said, or promised, to her."""
    said, told = aliased(Message), aliased(Message)
    words = and_(col(told.author) == "agent", col(told.kind) != "note")
    answers = (col(told.conversation_id) == col(Conversation.id), or_(words, col(told.kind).in_(PROMISES_TIME)))
    last = select(func.coalesce(func.max(col(told.seq)), 0)).where(*answers).correlate(Conversation).scalar_subquery()
    hers = (col(said.conversation_id) == col(Conversation.id), col(said.author) == "customer", col(said.seq) > last)
    return select(col(said.id)).where(*hers).correlate(Conversation).exists()


@cache
def rests() -> ColumnElement[bool]:
    """True of a conversation in which nothing is to be done but keeping the promise: nobody waits at the other end."""
    return and_(promised(), not_(unanswered()))
