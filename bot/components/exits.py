"""What a loop is, and the way out of it.

`way_out` is the whole of it: a pure function of the turns so far, which knows nothing of Rasa. `policy.py` reads
the turns from Rasa's tracker and does what `way_out` says; where it says nothing, `data/rules.yml` decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from components.facts import Turn

ANSWER, CLARIFY, REPHRASE, OFFER = "utter_answer", "utter_clarify", "utter_rephrase", "utter_offer"
HANDOFF = "utter_handoff_"
REQUESTED, FRUSTRATED, LOOP, REJECTED = (HANDOFF + r for r in ("requested", "frustrated", "loop", "rejected"))
HELPED, OK, FILE = "utter_helped", "utter_ok", "utter_file"

QUESTIONS = {"kb_answer", "kb_clarify", "kb_partly", "kb_unknown", "kb_off_topic"}
COMPLETES = "kb_completes"  # the rest of a question that was answered a moment ago: no turn of its own
ATTEMPTS = QUESTIONS | {"choose", "reject"}


def way_out(history: list[Turn], now: Turn) -> str | None:
    """The action that leaves a loop, or reads a yes or no in its context; None where the rules decide.

    `history` holds the turns before `now`, oldest first, each with the acts that followed it.
    """
    handed_over = [act for turn in history for act in turn.acts if act.startswith(HANDOFF)]
    if handed_over:
        return handed_over[-1]
    if now.intent == COMPLETES:
        return None
    *past, now = _in_context([turn for turn in [*history, now] if turn.intent != COMPLETES])
    decide = _WAYS_OUT.get(now.intent)
    return decide(_current_need(past), now) if decide else None


def _in_context(turns: list[Turn]) -> list[Turn]:
    """The turns with `affirm`, `deny` and `not_helped` replaced by what they mean right after the act before."""
    read: list[Turn] = []
    for turn in turns:
        said = read[-1].acts if read else ()
        meanings = [meaning for act in said if (meaning := _MEANINGS.get((turn.intent, act)))]
        meaning = "reject" if turn.intent == "not_helped" else turn.intent
        read.append(replace(turn, intent=meanings[0] if meanings else meaning))
    return read


_MEANINGS = {
    ("affirm", ANSWER): "helped",
    ("affirm", OFFER): "person",
    ("affirm", FILE): "person",
    ("affirm", CLARIFY): "which_one",
    ("deny", ANSWER): "reject",
    ("deny", CLARIFY): "none_of_these",
}


def _current_need(turns: list[Turn]) -> list[Turn]:
    """The turns since the customer last said that she was helped (or thanked right after an answer)."""
    need: list[Turn] = []
    for turn in turns:
        attempts = _attempts(need)
        thanked = turn.intent == "thanks" and bool(attempts) and ANSWER in attempts[-1].acts
        need = [] if turn.intent == "helped" or thanked else [*need, turn]
    return need


def _attempts(need: list[Turn]) -> list[Turn]:
    """The turns that asked for something or rejected something; greetings and the like are neutral talk."""
    return [turn for turn in need if turn.intent in ATTEMPTS]


def _since_answer(need: list[Turn]) -> list[Turn]:
    """The attempts after the last answer in this need; all of them if there was none."""
    attempts = _attempts(need)
    answered = [place for place, turn in enumerate(attempts) if ANSWER in turn.acts]
    return attempts[answered[-1] + 1 :] if answered else attempts


def _just_rejected(need: list[Turn]) -> bool:
    """Whether the last attempt was a rejection, whatever neutral talk came after it."""
    attempts = _attempts(need)
    return bool(attempts) and attempts[-1].intent == "reject"


def _asked_again(need: list[Turn], now: Turn) -> bool:
    """Whether a question that already got an answer, choices or a "put it differently" is asked once more.

    Right after the bot asked to put it differently, it is not: the customer only does what she was asked.
    """
    attempts = _attempts(need)
    if not now.again or (attempts and REPHRASE in attempts[-1].acts):
        return False
    return any(t.intent in QUESTIONS and {ANSWER, CLARIFY, REPHRASE} & set(t.acts) for t in attempts)


def _answer(need: list[Turn], now: Turn) -> str | None:
    """An entry is given once for the same need; the same question twice means that its answer was none."""
    given = {entry for turn in need if ANSWER in turn.acts for entry in turn.entries}
    return LOOP if now.entries & given or _asked_again(need, now) else None


def _choose(need: list[Turn], now: Turn) -> str | None:
    """A choice is an answer, and what was typed before it was choosing, not asking again."""
    return _answer(need, replace(now, again=False))


def _clarify(need: list[Turn], now: Turn) -> str | None:
    """Choices are given once; a second time in a row, nothing answered in between, is a loop."""
    clarified = any(CLARIFY in turn.acts for turn in _since_answer(need))
    return LOOP if clarified or _asked_again(need, now) else None


def _unknown(need: list[Turn], now: Turn) -> str | None:
    """The rules hand over at once; after a rejected answer, the rejection is the reason the agent must see."""
    return REJECTED if _just_rejected(need) else None


def _off_topic(need: list[Turn], now: Turn) -> str | None:
    """Asked once to put it differently (by rule), offered a person, handed over."""
    if _just_rejected(need):
        return REJECTED
    misses = sum(turn.intent == "kb_off_topic" for turn in _since_answer(need))
    if misses == 0:
        return LOOP if _asked_again(need, now) else None
    return OFFER if misses == 1 else LOOP


def _reject(need: list[Turn], now: Turn) -> str | None:
    """Asked to put it differently once for the same need; where that was tried, it has failed twice."""
    tried = any({REPHRASE, OFFER} & set(turn.acts) for turn in need)
    return REJECTED if tried else REPHRASE


def _always(act: str) -> Callable[[list[Turn], Turn], str | None]:
    """A way out that depends on nothing before it."""
    return lambda need, now: act


_WAYS_OUT: dict[str, Callable[[list[Turn], Turn], str | None]] = {
    "person": _always(REQUESTED),
    "frustration": _always(FRUSTRATED),
    "none_of_these": _always(REJECTED),
    "helped": _always(HELPED),
    "which_one": _always(REPHRASE),
    "reject": _reject,
    "choose": _choose,
    "kb_answer": _answer,
    "kb_partly": _answer,
    "kb_clarify": _clarify,
    "kb_unknown": _unknown,
    "kb_off_topic": _off_topic,
}
