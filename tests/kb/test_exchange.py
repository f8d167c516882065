"""Import and export: round trips change nothing, mistakes come with their lines."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from kb.drafts import EntryDraft
from kb.entries import get_entry, withdraw_entry
from kb.errors import Invalid
from kb.exchange import BadFile, ImportResult, export_entries, import_entries, read_entries, write_entries

DRAFTS = [
    EntryDraft(key="a", question="Vraag, met: tekens?", answer='Regel "een"\n\n- twee', phrasings=["x", "- y: #"]),
    EntryDraft(key="a", language="en", question="Ja", answer="null", topic="012", audience="agents"),
]


@pytest.mark.parametrize("format", ["yaml", "jsonl", "csv"])
def test_round_trip_changes_nothing(session: Session, format: str) -> None:
    assert import_entries(session, DRAFTS, "a") == ImportResult(2, 0, 0)
    written = write_entries(export_entries(session), format)
    assert import_entries(session, read_entries(written, format), "a") == ImportResult(0, 0, 2)


_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=40)
_texts = _words.map(lambda t: f"a{t}".replace("\u2028", " ").replace("\u2029", " ").strip())


@settings(max_examples=60, deadline=None)
@given(
    question=_texts,
    answer=_texts,
    phrasings=st.lists(_texts, max_size=3),
    format=st.sampled_from(["yaml", "jsonl", "csv"]),
)
def test_any_text_survives(question: str, answer: str, phrasings: list[str], format: str) -> None:
    once = read_entries(
        write_entries([EntryDraft(question=question, answer=answer, phrasings=phrasings)], format), format
    )
    assert read_entries(write_entries(once, format), format) == once


def test_import_changes_what_differs_and_restores_what_was_withdrawn(session: Session) -> None:
    import_entries(session, DRAFTS, "a")
    withdraw_entry(session, "a", "en", None, "a")
    changed = [DRAFTS[0].model_copy(update={"answer": "Anders."}), DRAFTS[1]]
    assert import_entries(session, changed, "a") == ImportResult(0, 2, 0)
    assert get_entry(session, "a", "en").status == "live"


def test_without_keys_the_question_tells_entries_apart(session: Session) -> None:
    drafts = [EntryDraft(question="Hoe?", answer="Zo."), EntryDraft(question="Wat?", answer="Dat.")]
    assert import_entries(session, drafts, "a").created == 2
    assert import_entries(session, drafts, "a") == ImportResult(0, 0, 2)


@pytest.mark.parametrize(
    ("format", "text", "lines"),
    [
        ("yaml", "- question: q\n\n- question: 3\n  answer: a\n- {question: q, answer: a, foo: 1}\n", [1, 3, 5]),
        ("yaml", "- a: [\n", [2]),
        ("yaml", "just: a map", [1]),
        ("yaml", "- 2026-13-45\n", [1]),
        ("jsonl", '{"question": "q", "answer": "a"}\n\n{bad\n["list"]\n', [3, 4]),
        ("csv", 'question,answer\n"a\nb",c\nx,\nq,a,b\n', [4, 5]),
        ("csv", 'question,answer\nq,"open\n', [2]),
        ("jsonl", '{"key":"k","question":"q","answer":"a"}\n{"key":"k","question":"q","answer":"a"}', [2]),
        ("jsonl", "[" * 100_000, [1]),
    ],
)
def test_every_mistake_is_listed_with_its_line(format: str, text: str, lines: list[int]) -> None:
    with pytest.raises(BadFile) as caught:
        read_entries(text, format)
    assert [error.line for error in caught.value.errors] == lines


def test_nothing_in_a_file_is_nothing() -> None:
    assert [read_entries("", format) for format in ("yaml", "jsonl", "csv")] == [[], [], []]


def test_unreadable_files(tmp_path: Path) -> None:
    latin = tmp_path / "x.yml"
    latin.write_bytes(b"- question: caf\xe9")
    with pytest.raises(Invalid, match="UTF-8"):
        read_entries(latin)
    with pytest.raises(Invalid, match="format"):
        read_entries(tmp_path / "x.docx")
    with pytest.raises(Invalid, match="format"):
        write_entries([], "docx")


def test_bom_and_phrasings_by_line_are_read(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes('\ufeffquestion,answer,phrasings\nq,a,"een\ntwee"\n'.encode())
    assert read_entries(file)[0].phrasings == ["een", "twee"]


def test_the_demo_faq_is_readable() -> None:
    files = sorted((Path(__file__).parents[2] / "data" / "faq").glob("*.yml"))
    drafts = [draft for file in files for draft in read_entries(file)]
    assert min(sum(d.language == language for d in drafts) for language in ("nl", "en")) >= 60
