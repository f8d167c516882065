"""The pages' words: both languages whole, every word used, every used word there."""

import re

import pytest

from handoff.settings import ROOT
from handoff.web.rendering import word, words

PLACES = [
    *(ROOT / "handoff/templates").rglob("*.html"),
    *(ROOT / "handoff/web").glob("*.py"),
    ROOT / "handoff/summary.py",
    ROOT / "handoff/reminders.py",
    ROOT / "handoff/tell_askers.py",
]
SCRIPTS = list((ROOT / "handoff/static").glob("*.js"))
KEY = r"[a-z]+\.[a-z0-9_.-]*"


def used() -> tuple[set[str], set[str]]:
    """Keys that pages name, and beginnings of keys that pages complete."""
    text = "\n".join(p.read_text("utf-8") for p in PLACES)
    exact = set(re.findall(rf"""["']({KEY})["']""", text))
    starts = set(re.findall(rf"""["']({KEY})["'] ~""", text)) | set(re.findall(rf"""f"({KEY})\{{""", text))
    starts |= {f"{p}." for p in re.findall(r"""known\(["'](\w+)["']""", text)}
    scripts = "\n".join(p.read_text("utf-8") for p in SCRIPTS)
    exact |= {f"js.{k}" for k in re.findall(r"""word\("(\w+)\"""", scripts)}
    return exact, starts


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    dutch, english = words("nl"), words("en")
    assert dutch.keys() == english.keys()
    for key, text in dutch.items():
        assert text.strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


def test_every_word_is_used() -> None:
    exact, starts = used()
    for key in words("nl"):
        base = re.sub(r"_(one|many)$", "", key)
        assert key in exact or base in exact or any(key.startswith(s) for s in starts), f"{key} is not used"


def test_every_used_word_exists() -> None:
    known = words("nl")
    namespaces = {key.split(".")[0] for key in known}
    for key in used()[0]:
        is_file = re.search(r"\.(html|css|js|svg|json)$", key)
        if key.split(".")[0] in namespaces and not is_file and not key.endswith((".", "_")):
            assert key in known or f"{key}_one" in known, f"{key} has no words"


def test_numbers_choose_their_form() -> None:
    assert word("nl", "review.asked_times", n=1) == "1 keer gevraagd"
    assert word("nl", "review.asked_times", n=3) == "3 keer gevraagd"
    with pytest.raises(KeyError):
        word("nl", "no.such_word")
