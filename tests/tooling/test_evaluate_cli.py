"""`rechtdoor evaluate`, with good and bad input, as a person would call it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from handoff.cli import app
from handoff.cli_evaluate import SECTIONS, progress, write_trace
from kb.evaluate import Asked, Pair, Report
from kb.evidence import Candidate, Evidence
from kb.metrics import Outcome

ROOT = Path(__file__).resolve().parent.parent.parent
QUESTIONS = {
    "RETURN": "How do I send something back?",
    "where is it": "Where is my parcel?",
    "GIFT/CARD": "Can I pay with a gift card?",
    "hours": "When is the shop open?",
    "size": "Which size fits me?",
    "lost": "I lost my password",
    "abroad": "Do you deliver in Belgium?",
    "damaged": "My lamp arrived broken",
    "cancel": "How do I cancel my order?",
    "invoice": "Where do I find my invoice?",
}
ASKED = {"I want to send my lamp back": "RETURN", "parcel where is it": "where is it", "tell me a joke": None}
Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, cache_dir: Path) -> Call:
    """Calls `evaluate` on a small pair; an option given here takes the place of its own."""
    faq, queries = tmp_path / "faq.jsonl", tmp_path / "queries.jsonl"
    entries = [{"id": i, "language": "en", "question": q, "answer": "", "phrasings": []} for i, q in QUESTIONS.items()]
    faq.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    rows = [{"text": text, "language": "en", "entry": entry} for text, entry in ASKED.items()]
    queries.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(*arguments: str | Path, **options: str | Path) -> Result:
        given = {"faq": faq, "queries": queries, **options}
        named = [str(part) for name, value in given.items() for part in (f"--{name}", value)]
        env = {"CACHE_DIR": str(cache_dir), "VAR_DIR": str(tmp_path / "var")}
        return CliRunner().invoke(app, ["evaluate", *named, *map(str, arguments)], env=env)

    return run


def test_json_is_one_object_with_every_figure(call: Call, tmp_path: Path) -> None:
    result = call("--json", "--out-of-scope-share", "0.25")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) == {name for names in SECTIONS.values() for name in names}
    assert set(found["verdicts"]) == {"answer", "clarify", "partly", "unknown", "off_topic"}
    assert (found["queries"], found["out_of_scope"], found["out_of_scope_share"]) == (3, 1, 0.25)
    assert "queries asked: 3 of 3" in result.stderr
    assert not (tmp_path / "var").exists()  # no database was touched


def test_the_table_names_every_figure(call: Call) -> None:
    shown = call().stdout
    for names in SECTIONS.values():
        for name in set(names) - {"verdicts"}:
            assert f" {name} " in shown
    assert "off_topic" in shown


def test_the_trace_has_a_line_for_each_query(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    assert call(trace=file).exit_code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["text"], line["gold"]) for line in lines] == [(t, [e] if e else []) for t, e in ASKED.items()]
    for line in lines:
        best = line["candidates"][0]
        assert set(line) == {
            *("text", "language", "gold", "right", "verdict", "probability", "options", "candidates", "parts")
        }
        assert line["right"] == (best["entry"] in line["gold"])
        assert best["entry"] in QUESTIONS
        assert QUESTIONS[best["entry"]] == best["question"]
    assert not list(tmp_path.glob(".trace*"))


def test_shuffled_labels_give_the_same_probabilities(call: Call, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled.jsonl"
    labels = [*list(ASKED.values())[1:], "hours"]
    rows = [{"text": text, "language": "en", "entry": entry} for text, entry in zip(ASKED, labels, strict=True)]
    shuffled.write_text("".join(json.dumps(row) + "\n" for row in rows))
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    assert call(trace=one).exit_code == call(trace=other, queries=shuffled).exit_code == 0
    labelled = {"gold", "right"}
    lines = [[json.loads(line) for line in file.read_text().splitlines()] for file in (one, other)]
    assert [line["gold"] for line in lines[0]] != [line["gold"] for line in lines[1]]
    bare = [[{k: v for k, v in line.items() if k not in labelled} for line in found] for found in lines]
    assert bare[0] == bare[1]


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan", "many"])
def test_a_share_is_a_number_from_0_to_1(call: Call, share: str) -> None:
    result = call(f"--out-of-scope-share={share}")
    assert result.exit_code == 2
    assert "share" in result.stderr
    assert result.stdout == ""


def test_both_files_must_be_named() -> None:
    assert CliRunner().invoke(app, ["evaluate", "--faq", "x"]).exit_code == 2


def plain(result: Result) -> str:
    """What a person reads when it went wrong: a sentence, no traceback, no half result."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    return result.stderr


def test_a_missing_file_and_a_mistake_are_told(call: Call, tmp_path: Path) -> None:
    assert "none.jsonl" in plain(call(faq=tmp_path / "none.jsonl"))
    assert "directory" in plain(call(queries=tmp_path))
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"text": "x", "language": "en", "entry": "unheard"}\n')
    said = plain(call("--json", queries=wrong, trace=tmp_path / "trace.jsonl"))
    assert "wrong.jsonl, line 1: the FAQ has no entry unheard" in said
    assert not list(tmp_path.glob("*trace*"))


def test_a_trace_that_cannot_be_written_is_told_before_the_work(call: Call, tmp_path: Path) -> None:
    assert "is a folder" in plain(call(trace=tmp_path))
    assert "no folder" in plain(call(trace=tmp_path / "none" / "trace.jsonl"))
    before = (tmp_path / "faq.jsonl").read_text()
    assert "take the place" in plain(call(trace=tmp_path / "faq.jsonl"))
    assert (tmp_path / "faq.jsonl").read_text() == before


def test_progress_is_few_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as tell:
        for done in range(1, 2001):
            tell(done, 2000, "things done")
    assert capsys.readouterr() == ("", "things done: 2,000 of 2,000\n")


def test_progress_is_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress() as tell:
        tell(1, 2, "things done")
        tell(2, 2, "things done")
    said = capsys.readouterr()
    assert said.out == ""
    assert "things done" in said.err
    assert "━" in said.err
    assert "2/2" in said.err


def test_a_trace_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text("old")
    pair = Pair((), {}, (Asked("one", "en"), Asked("two", "en")), ((), ()))
    unknown = Candidate("no-such-key", "en", "", 0.1, 0.1)
    answers = [Evidence("unknown", 0.1, None), Evidence("unknown", 0.1, None, (), (unknown,))]
    with pytest.raises(KeyError):
        write_trace(file, pair, Report({}, answers, [Outcome((), 0.1, ())] * 2))
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
