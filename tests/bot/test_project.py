"""bot/ as a Rasa project: its test stories pass, its training data is up to date, its bars are met."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from .server import BOT, ENVIRONMENT, MODEL, PYTHON, ROOT, require_bot, run_rasa

pytestmark = pytest.mark.rasa
HERE = Path(__file__).parent
CONTROL = {"greet", "thanks", "bye", "person", "reject", "helped", "affirm", "deny", "frustration", "bot"}
Recognise = Callable[[list[str]], list[str]]


def records(name: str) -> list[dict[str, str]]:
    """The held-out messages of this kind, Dutch and English."""
    files = [ROOT / "tests" / "data" / f"{name}-{language}.yml" for language in ("nl", "en")]
    return [record for file in files for record in yaml.safe_load(file.read_text(encoding="utf-8"))]


def phrasings() -> list[str]:
    """Every question and phrasing of the FAQ."""
    entries = [e for f in sorted((ROOT / "data" / "faq").glob("*.yml")) for e in yaml.safe_load(f.read_text("utf-8"))]
    return sorted({text for entry in entries for text in [entry["question"], *entry["phrasings"]]})


@pytest.fixture(scope="module")
def recognised() -> dict[str, str]:
    """What the trained bot takes every held-out message and every phrasing for; the model is loaded once."""
    require_bot()
    texts = phrasings() + [r["text"] for name in ("control", "questions", "near-misses") for r in records(name)]
    done = subprocess.run(
        [PYTHON, HERE / "recognise.py", MODEL],
        cwd=BOT,
        env=os.environ | ENVIRONMENT,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(zip(texts, json.loads(done.stdout.splitlines()[-1]), strict=True))


def taken_for_control(texts: list[str], recognised: dict[str, str]) -> list[tuple[str, str]]:
    """Those of the texts that were taken for something said to the bot itself, and for what."""
    return [(text, recognised[text]) for text in texts if recognised[text] in CONTROL]


def test_the_faqs_own_phrasings_are_questions(recognised: dict[str, str]) -> None:
    texts = phrasings()
    assert len(taken_for_control(texts, recognised)) <= len(texts) * 0.01


@pytest.mark.parametrize("name", ["questions", "near-misses"])
def test_questions_written_apart_are_questions(recognised: dict[str, str], name: str) -> None:
    texts = [record["text"] for record in records(name)]
    assert len(taken_for_control(texts, recognised)) <= len(texts) * 0.01


def test_control_messages_written_apart_are_recognised(recognised: dict[str, str]) -> None:
    messages = records("control")
    missed = [(m["text"], m["intent"], recognised[m["text"]]) for m in messages if recognised[m["text"]] != m["intent"]]
    assert len(messages) >= 200
    assert len(missed) <= len(messages) * 0.05, missed


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_intent_has_examples_enough_in_both_languages(language: str) -> None:
    intents = yaml.safe_load((BOT / "data" / "nlu" / f"{language}.yml").read_text(encoding="utf-8"))["nlu"]
    examples = {i["intent"]: [line[2:].strip() for line in i["examples"].splitlines()] for i in intents}
    assert set(examples) == CONTROL | {"question"}
    assert {name: len(texts) for name, texts in examples.items() if len(set(texts)) < 25} == {}


def test_the_question_examples_are_those_of_the_faq() -> None:
    require_bot()
    done = subprocess.run([PYTHON, BOT / "tools" / "questions.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_act_is_one_that_the_app_knows() -> None:
    responses = yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    acts = [variations[0]["custom"] for variations in responses.values()]
    assert {act["act"] for act in acts} == {"answer", "clarify", "rephrase", "say", "handoff"}
    assert {act["reason"] for act in acts if act["act"] == "handoff"} == {
        "requested", "unknown", "loop", "frustrated", "rejected"
    }  # fmt: skip
    assert all(len(variations) == 1 for variations in responses.values()), "acts must not be left to chance"


def test_rasas_own_test_stories_pass(tmp_path: Path) -> None:
    require_bot()
    done = run_rasa(
        "test", "core", "--model", str(MODEL), "--stories", "tests", "--out", str(tmp_path),
        "--fail-on-prediction-errors", "--no-plot",
    )  # fmt: skip
    report = json.loads((tmp_path / "story_report.json").read_text(encoding="utf-8"))
    stories = len(re.findall(r"^  - story:", (BOT / "tests" / "test_stories.yml").read_text("utf-8"), re.MULTILINE))
    assert report["conversation_accuracy"]["correct"] == report["conversation_accuracy"]["total"] == stories, (
        done.stdout
    )
