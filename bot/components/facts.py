"""What a loop is judged by: the few facts of each turn, read from the app's evidence and from the tracker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted, Event, UserUttered

REPEATS_THRESHOLD = 0.90
ANSWERED = "answer"


@dataclass(frozen=True)
class Turn:
    """One message of the customer and what the bot said to it.

    `number` is the app's `turn` (None where nobody numbers, as in `rasa shell` and test stories), `entries`
    the keys this message's evidence would answer with, `again` whether the customer asked it before in other
    words, `acts` the names of the actions that followed.
    """

    number: int | None
    intent: str
    entries: frozenset[str] = frozenset()
    again: bool = False
    acts: tuple[str, ...] = ()


def entries_of(evidence: Mapping[str, Any]) -> list[str]:
    """Keys of the entries that this evidence answers with: each answered part's, or the one of the whole."""
    parts = [part for part in evidence.get("parts") or [] if isinstance(part, Mapping)]
    keys = [part.get("entry") for part in parts if part.get("verdict") == ANSWERED]
    return [str(key) for key in keys or [evidence.get("entry")] if key]


def entities_of(metadata: Mapping[str, Any] | None, threshold: float = REPEATS_THRESHOLD) -> list[dict[str, Any]]:
    """The facts in a message's metadata as Rasa entities: `turn`, `entry` (any number), `again`.

    Missing or malformed facts are left out; nothing is raised, because a message must never go unanswered.
    """
    metadata = metadata if isinstance(metadata, Mapping) else {}
    evidence = metadata.get("kb") if isinstance(metadata.get("kb"), Mapping) else {}
    facts: list[tuple[str, Any]] = [("entry", key) for key in entries_of(evidence)]
    if _number(metadata.get("turn")) is not None:
        facts.append(("turn", _number(metadata["turn"])))
    repeats = evidence.get("repeats")
    if isinstance(repeats, int | float) and repeats >= threshold:
        facts.append(("again", "yes"))
    return [{"entity": name, "value": value, "extractor": "EvidenceClassifier"} for name, value in facts]


def turns_of(events: Iterable[Event]) -> list[Turn]:
    """The turns of a tracker, oldest first, the one in progress last; empty before the first message."""
    turns: list[Turn] = []
    acts: list[list[str]] = []
    for event in events:
        if isinstance(event, UserUttered):
            turns.append(_turn(event))
            acts.append([])
        elif isinstance(event, ActionExecuted) and acts and event.action_name not in _SILENT:
            acts[-1].append(event.action_name or "")
    return [Turn(t.number, t.intent, t.entries, t.again, tuple(said)) for t, said in zip(turns, acts, strict=True)]


def before(turns: list[Turn], now: Turn) -> list[Turn]:
    """The turns that count as history of `now`.

    A turn that is sent again after a crash has the same number as before: it is judged on what came before its
    first arrival, and an earlier turn that arrived twice counts once, as it was last answered.
    """
    kept: dict[object, Turn] = {}
    for position, turn in enumerate(turns):
        numbered = turn.number is not None
        if numbered and now.number is not None and turn.number >= now.number:
            continue
        key = turn.number if numbered else ("unnumbered", position)
        kept.pop(key, None)
        kept[key] = turn
    return list(kept.values())


_SILENT = {ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME}


def _turn(event: UserUttered) -> Turn:
    """Facts of one user event: its entities, or, for a pressed button (which carries none), its metadata."""
    entities = list(event.entities or [])
    named = {entity.get("entity") for entity in entities}
    entities += [fact for fact in entities_of(event.metadata) if fact["entity"] not in named]
    numbers = [_number(entity["value"]) for entity in entities if entity.get("entity") == "turn"]
    return Turn(
        number=numbers[0] if numbers else None,
        intent=event.intent_name or "",
        entries=frozenset(str(entity["value"]) for entity in entities if entity.get("entity") == "entry"),
        again=any(entity.get("entity") == "again" for entity in entities),
    )


def _number(value: object) -> int | None:
    """`value` as a turn number, or None if it is none (a boolean is none)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None
