"""The line: those who wait, in the order in which they are served.

The order is (line_at, id). `line_at` is when a customer began to wait, less the head start of her priority, see
`order.order_key`; it does not depend on the present, so the order is kept in an index.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from handoff.models import Conversation
from handoff.order import order_key

BY_PLACE = (col(Conversation.line_at), col(Conversation.id))
WAITS: ColumnElement[bool] = col(Conversation.owner) == "queue"


def place_of(since: datetime, steps: int = 0) -> datetime:
    """The `line_at` of a customer who waits since then with so many steps of priority."""
    return since + timedelta(seconds=order_key(0.0, steps))


def beyond(line_at: datetime | None, conversation_id: str) -> ColumnElement[bool]:
    """What is true of those who come after this place in line."""
    at = col(Conversation.line_at)
    return or_(at > line_at, (at == line_at) & (col(Conversation.id) > conversation_id))


def ahead_of(conversation: Conversation) -> ColumnElement[bool]:
    """What is true of those who come before this one in line."""
    at = col(Conversation.line_at)
    same = (at == conversation.line_at) & (col(Conversation.id) < conversation.id)
    return or_(at < conversation.line_at, same)


def front(session: Session, at: datetime) -> datetime:
    """A `line_at` before everyone who waits now, and not after `at`."""
    first = session.exec(select(func.min(Conversation.line_at)).where(WAITS)).one()
    return min(first or at, at) - timedelta(microseconds=1)
