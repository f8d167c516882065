"""Which notes of a transcript hold something that the agent can send on with one click."""

from sqlmodel import Session

from handoff import matters, tell_askers
from handoff.models import Conversation, Message


def told_rows(
    session: Session, conversation: Conversation, messages: list[Message], person_id: int
) -> set[int]:
    """The numbers of notes that tell this agent what her customer may be told, and nobody has told yet."""
    if conversation.owner != "agent" or conversation.agent_id != person_id:
        return set()
    return {m.seq for m in messages if tell_askers.is_note(m) and _is_open(session, conversation, m)}


def _is_open(session: Session, conversation: Conversation, note: Message) -> bool:
    matter = tell_askers.of_note(session, conversation.id, note.seq)
    return matter is not None and matters.told(session, matter, conversation.id) is None
