"""What a waiting customer is told: the place in line, and how long it will take where that can be said honestly."""

from typing import Any

from sqlmodel import Session

from handoff import queue
from handoff.models import Conversation


def status(session: Session, conversation: Conversation) -> dict[str, Any] | None:
    """`{position, wait}` of a conversation in the queue, else None.

    `wait` is None, "we can't say yet", until handling times are simulated; a figure out of thin air is worse.
    """
    if conversation.owner != "queue":
        return None
    return {"position": queue.position(session, conversation), "wait": None}
