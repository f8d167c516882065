"""What a loop is, case by case: `exits.way_out` together with the rules, without Rasa."""

from __future__ import annotations

import random
import sys

import pytest
import yaml

from .server import BOT

sys.path.insert(0, str(BOT))  # bot/ is a project of its own, whose components import one another from there
from components.exits import way_out
from components.facts import Turn, before, entities_of
from components.facts import Turn as T

RULES = {
    rule["steps"][0]["intent"]: tuple(step["action"].removeprefix("utter_") for step in rule["steps"][1:])
    for rule in yaml.safe_load((BOT / "data" / "rules.yml").read_text(encoding="utf-8"))["rules"]
}
SHORT = {"answer", "clarify", "partly", "unknown", "off_topic", "completes"}


def turn(step: str) -> Turn:
    """A turn from its short form: "answer:a" (evidence with entry a), "answer:a,b+again", "deny"."""
    name, _, entries = step.removesuffix("+again").partition(":")
    intent = f"kb_{name}" if name in SHORT else name
    return Turn(None, intent, frozenset(entries.split(",")) if entries else frozenset(), step.endswith("+again"))


def react(history: list[Turn], now: Turn) -> Turn:
    """`now` with what the bot does: its way out, or what the rules say."""
    act = way_out(history, now)
    acts = (act,) if act else tuple(f"utter_{act}" for act in RULES[now.intent])
    return Turn(now.number, now.intent, now.entries, now.again, acts)


def play(steps: str) -> list[str]:
    """What the bot does at each of these steps, acts of one turn joined by a plus sign."""
    history: list[Turn] = []
    for step in steps.split():
        history.append(react(history, turn(step)))
    return ["+".join(act.removeprefix("utter_") for act in done.acts) for done in history]


CASES = [
    # the evidence, when nothing speaks against it
    ("answer:a", "answer"),
    ("answer:a answer:b answer:c", "answer answer answer"),
    ("clarify:a choose:a", "clarify answer"),
    ("clarify:a none_of_these", "clarify handoff_rejected"),
    ("partly:a", "answer+handoff_unknown"),
    ("unknown", "handoff_unknown"),
    ("off_topic", "rephrase"),
    # a photo, which the bot cannot look at
    ("file affirm", "file handoff_requested"),
    ("file deny", "file ok"),
    ("file file answer:a", "file file answer"),
    # the rest of a question that was answered a moment ago is no turn of its own
    ("answer:a completes:a deny", "answer nothing rephrase"),
    ("answer:a completes:a answer:b", "answer nothing answer"),
    ("answer:a not_helped answer:b completes:b not_helped", "answer rephrase answer nothing handoff_rejected"),
    ("answer:a completes:a person", "answer nothing handoff_requested"),
    # an entry is given once for the same need
    ("answer:a answer:a", "answer handoff_loop"),
    ("answer:a thanks bot answer:b answer:a", "answer thanks bot answer answer"),
    ("answer:a answer:b answer:a", "answer answer handoff_loop"),
    ("answer:a bot answer:a", "answer bot handoff_loop"),
    ("answer:a clarify:a choose:a", "answer clarify handoff_loop"),
    ("answer:a,b answer:b", "answer handoff_loop"),
    ("answer:a partly:a", "answer handoff_loop"),
    ("clarify:a choose:a choose:a", "clarify answer handoff_loop"),
    ("clarify:a answer:a", "clarify answer"),
    ("answer:a helped answer:a", "answer helped answer"),
    ("answer:a affirm answer:a", "answer helped answer"),
    ("answer:a thanks answer:a", "answer thanks answer"),
    ("answer:a greet thanks answer:a", "answer greet thanks answer"),
    ("answer:a reject thanks answer:a", "answer rephrase thanks handoff_loop"),
    # the same question in other words
    ("answer:a answer:b+again", "answer handoff_loop"),
    ("clarify:a answer:b+again", "clarify handoff_loop"),
    ("clarify:a choose:a+again", "clarify answer"),
    ("answer:a clarify:b+again", "answer handoff_loop"),
    ("answer:a off_topic+again", "answer handoff_loop"),
    ("answer:a helped answer:b+again", "answer helped answer"),
    ("answer:a+again", "answer"),
    ("greet answer:a+again", "greet answer"),
    ("off_topic answer:a+again", "rephrase answer"),
    ("answer:a reject answer:b+again", "answer rephrase answer"),
    ("answer:a reject answer:a+again", "answer rephrase handoff_loop"),
    ("answer:a unknown+again", "answer handoff_unknown"),
    # a second clarification
    ("clarify:a clarify:b", "clarify handoff_loop"),
    ("clarify:a greet clarify:b", "clarify greet handoff_loop"),
    ("clarify:a off_topic clarify:b", "clarify rephrase handoff_loop"),
    ("clarify:a choose:a clarify:b", "clarify answer clarify"),
    ("clarify:a reject clarify:b", "clarify rephrase handoff_loop"),
    # rejected answers
    ("answer:a reject", "answer rephrase"),
    ("answer:a not_helped", "answer rephrase"),
    ("answer:a deny", "answer rephrase"),
    ("answer:a reject answer:b reject", "answer rephrase answer handoff_rejected"),
    ("answer:a not_helped answer:b deny", "answer rephrase answer handoff_rejected"),
    ("answer:a deny greet bot answer:b bot not_helped", "answer rephrase greet bot answer bot handoff_rejected"),
    ("answer:a reject off_topic", "answer rephrase handoff_rejected"),
    ("answer:a reject bot off_topic", "answer rephrase bot handoff_rejected"),
    ("answer:a reject unknown", "answer rephrase handoff_rejected"),
    ("answer:a reject reject", "answer rephrase handoff_rejected"),
    ("off_topic answer:a reject", "rephrase answer handoff_rejected"),
    ("clarify:a reject", "clarify rephrase"),
    ("clarify:a deny", "clarify handoff_rejected"),
    ("clarify:a reject answer:b reject", "clarify rephrase answer handoff_rejected"),
    ("answer:a reject answer:b helped answer:c reject", "answer rephrase answer helped answer rephrase"),
    ("reject", "rephrase"),
    ("reject reject", "rephrase handoff_rejected"),
    ("greet not_helped", "greet rephrase"),
    # not about the shop
    ("off_topic off_topic", "rephrase offer"),
    ("off_topic off_topic+again", "rephrase offer"),
    ("off_topic off_topic affirm", "rephrase offer handoff_requested"),
    ("off_topic off_topic deny", "rephrase offer ok"),
    ("off_topic off_topic deny off_topic", "rephrase offer ok handoff_loop"),
    ("off_topic off_topic off_topic", "rephrase offer handoff_loop"),
    ("off_topic greet off_topic", "rephrase greet offer"),
    ("off_topic off_topic reject", "rephrase offer handoff_rejected"),
    ("off_topic answer:a off_topic", "rephrase answer rephrase"),
    # yes and no without a context
    ("affirm", "ok"),
    ("deny", "ok"),
    ("clarify:a affirm", "clarify rephrase"),
    ("greet deny", "greet ok"),
    ("answer:a greet affirm", "answer greet ok"),
    # a person, at once
    ("person", "handoff_requested"),
    ("answer:a person", "answer handoff_requested"),
    ("frustration", "handoff_frustrated"),
    ("answer:a reject frustration", "answer rephrase handoff_frustrated"),
    ("none_of_these", "handoff_rejected"),
    # and once handed over, always
    ("unknown answer:a", "handoff_unknown handoff_unknown"),
    ("partly:a helped bye", "answer+handoff_unknown handoff_unknown handoff_unknown"),
    ("person frustration", "handoff_requested handoff_requested"),
]


@pytest.mark.parametrize(("steps", "acts"), CASES, ids=[steps for steps, _ in CASES])
def test_way_out(steps: str, acts: str) -> None:
    assert play(steps) == acts.split()


def test_every_rule_knows_what_to_do_with_every_intent() -> None:
    intents = {next(iter(i)) for i in yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["intents"]}
    assert set(RULES) == intents


BAD = ("answer", "choose", "clarify", "off_topic", "unknown", "reject", "not_helped")


@pytest.mark.parametrize("seed", range(300))
def test_no_run_of_bad_turns_goes_on_without_a_person(seed: int) -> None:
    """Whatever goes wrong, with whatever talk between: after two failed attempts a person is offered or there."""
    chance = random.Random(seed)
    history: list[Turn] = []
    failed = number = 0
    while failed < 2 and not any("handoff" in act for t in history for act in t.acts):
        number += 1
        bad = chance.choice(BAD)
        entry = frozenset({f"{chance.choice('ab')}{number if chance.random() < 0.5 else ''}"})
        intent = f"kb_{bad}" if bad in SHORT else bad
        history.append(react(history, T(None, intent, entry, chance.random() < 0.3)))
        if "utter_answer" in history[-1].acts or "utter_clarify" in history[-1].acts:
            history.append(react(history, T(None, chance.choice(("reject", "not_helped")))))
        failed += 1
        for _ in range(chance.choice((0, 0, 1, 2))):
            history.append(react(history, T(None, chance.choice(("greet", "bot", "bye", "thanks")))))
    done = [act for t in history for act in t.acts]
    assert any(act == "utter_offer" or "handoff" in act for act in done), done


def test_a_turn_sent_again_is_judged_on_what_came_before_its_first_arrival() -> None:
    first, second = T(1, "kb_answer", frozenset("a"), acts=("utter_answer",)), T(2, "reject", acts=("utter_rephrase",))
    assert before([first, second, second], T(3, "reject")) == [first, second]
    assert before([first, second], T(2, "reject")) == [first]
    assert before([first, second], T(1, "kb_answer")) == []
    late = T(1, "kb_answer", frozenset("b"), acts=("utter_answer",))
    assert before([first, second, late], T(3, "bye")) == [late, second]
    assert before([T(None, "greet"), T(None, "greet")], T(None, "bye")) == [T(None, "greet"), T(None, "greet")]


@pytest.mark.parametrize(
    ("kb", "facts"),
    [
        (None, []),
        ("odd", []),
        ({"entry": "a", "repeats": 0.95}, [("entry", "a"), ("again", "yes")]),
        ({"entry": "a", "repeats": 0.89}, [("entry", "a")]),
        ({"entry": None, "parts": None, "repeats": None}, []),
        (
            {"entry": "a", "parts": [{"verdict": "answer", "entry": "b"}, {"verdict": "unknown", "entry": "c"}]},
            [("entry", "b")],
        ),
        (
            {"entry": "a", "parts": [{"verdict": "answer", "entry": "a"}, {"verdict": "answer", "entry": "b"}]},
            [("entry", "a"), ("entry", "b")],
        ),
    ],
)
def test_facts_of_the_evidence(kb: object, facts: list[tuple[str, str]]) -> None:
    found = [(fact["entity"], fact["value"]) for fact in entities_of({"kb": kb, "turn": 3})]
    assert sorted(found) == sorted([*facts, ("turn", 3)])


@pytest.mark.parametrize(("given", "number"), [(7, 7), ("7", 7), (True, None), (None, None), ("x", None), ({}, None)])
def test_odd_turn_numbers_are_no_numbers(given: object, number: int | None) -> None:
    found = [fact["value"] for fact in entities_of({"turn": given})]
    assert found == ([number] if number is not None else [])
