"""What a loop is judged by: the few facts of each turn, as the app's evidence gives them. Knows nothing of Rasa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    if number_of(metadata.get("turn")) is not None:
        facts.append(("turn", number_of(metadata["turn"])))
    repeats = evidence.get("repeats")
    if isinstance(repeats, int | float) and repeats >= threshold:
        facts.append(("again", "yes"))
    return [{"entity": name, "value": value, "extractor": "EvidenceClassifier"} for name, value in facts]


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
        kept[key] = turn
    return list(kept.values())


def number_of(value: object) -> int | None:
    """`value` as a turn number, or None if it is none (a boolean is none)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None
