"""The question behind a handoff: the agent's first line, and what goes into the backlog."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from handoff import conversations
from handoff.bot import Act
from handoff.models import Message
from kb.evidence import Evidence

ANSWERING = ("answer", "clarify")


@dataclass(frozen=True)
class OpenQuestion:
    """What the customer wanted to know and did not get: for the agent's first line and for the backlog."""

    seq: int
    text: str
    at: datetime
    evidence: dict[str, Any]


def handoff_reason(said: list[Act]) -> str | None:
    """Why the bot hands over, or None where it does not."""
    return next((act.reason for act in said if act.name == "handoff"), None)


def open_question(
    session: Session, conversation_id: str, seq: int, text: str, said: list[Act], evidence: Evidence | None
) -> OpenQuestion | None:
    """The question behind a handoff: what was just said, or, where that was "a person, please" or "no", the one before.

    None when nothing was asked yet, as with "medewerker" for a first message.
    """
    reason = handoff_reason(said)
    conversation = conversations.get(session, conversation_id)
    stint = conversations.this_stint(session, conversation)
    now_asked = reason in ("unknown", "bot_unavailable") or (
        reason in ("loop", "rejected") and evidence is not None and evidence.verdict != "off_topic"
    )
    asked = [m for m in stint if _was_question(m)]
    current = next((m for m in stint if m.seq == seq and m.author == "customer"), None)
    if current is not None and evidence is not None and now_asked and not (reason == "rejected" and asked):
        return OpenQuestion(seq, text, current.at, evidence.as_dict())
    if not asked:
        return None
    last = asked[-1]
    data = last.data or {}
    return OpenQuestion(last.seq, data.get("asked", last.text), last.at, data["evidence"])


def _was_question(message: Message) -> bool:
    data = message.data or {}
    answering = data.get("act") in ANSWERING or message.kind == "file"
    return message.author == "customer" and message.hidden_at is None and answering and bool(data.get("evidence"))
