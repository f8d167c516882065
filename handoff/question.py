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
EARLIER_KEPT = 5  # of the customer's own earlier questions, to notice one asked again


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

    None when nothing was asked yet, as with "medewerker" for a first message, or nothing since an answer that helped.
    """
    reason = handoff_reason(said)
    conversation = conversations.get(session, conversation_id)
    stint = conversations.this_stint(session, conversation)
    now_asked = reason in ("unknown", "bot_unavailable") or (
        reason in ("loop", "rejected") and evidence is not None and evidence.verdict != "off_topic"
    )
    asked = [m for m in stint if was_question(m)]
    current = next((m for m in stint if m.seq == seq and m.author == "customer"), None)
    if current is not None and evidence is not None and now_asked and not (reason == "rejected" and asked):
        return OpenQuestion(seq, text, current.at, evidence.as_dict())
    helped = max((m.seq for m in stint if said_helped(m) is True), default=0)
    return as_question(asked[-1]) if asked and asked[-1].seq > helped else None


def was_question(message: Message) -> bool:
    """Whether the bot took this row for a question that the FAQ may answer: it gave an entry, or choices."""
    data = message.data or {}
    answering = data.get("act") in ANSWERING or message.kind == "file"
    return message.author == "customer" and message.hidden_at is None and answering and bool(data.get("evidence"))


def as_question(message: Message) -> OpenQuestion:
    """A row that `was_question`, with all that was asked together with it."""
    data = message.data or {}
    return OpenQuestion(message.seq, data.get("asked", message.text), message.at, data["evidence"])


def said_helped(message: Message) -> bool | None:
    """What the customer pressed under an answer: True, it helped; False, it did not; None for any other row."""
    if message.author != "customer" or message.kind != "helped":
        return None
    return bool((message.data or {}).get("value"))
