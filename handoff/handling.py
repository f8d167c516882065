"""How long agents have conversations: a row for each uninterrupted time. `conversations.change_owner` writes it."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from handoff.models import Conversation, Handling

ENDS = {"closed": "closed", "bot": "bot", "queue": "transferred", "agent": "transferred"}  # by the next owner


def begin(session: Session, conversation: Conversation, at: datetime) -> None:
    """Note that the conversation's agent has it from now on."""
    session.add(
        Handling(
            conversation_id=conversation.id,
            person_id=conversation.agent_id or 0,
            topic=conversation.topic,
            language=conversation.language,
            began_at=at,
        )
    )
    session.flush()


def finish(session: Session, conversation_id: str, end: str, at: datetime) -> None:
    """Note that no agent has the conversation any more, and why: closed, bot, transferred or vanished."""
    open_row = (col(Handling.conversation_id) == conversation_id, col(Handling.ended_at).is_(None))
    ended = update(Handling).where(*open_row).values(ended_at=at, end=end)
    session.execute(ended.execution_options(synchronize_session=False))
