"""A pair is read, asked and scored with the real encoder; labels change the figures and nothing else."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from kb.drafts import EntryDraft
from kb.encoder import Encoder
from kb.errors import Invalid
from kb.evaluate import Asked, Pair, asked, evaluate, opened, outcomes_of, peak_rss_mb, read_pair, store
from kb.evidence import Candidate, Evidence
from kb.exchange import export_entries, import_entries

FAQ: list[dict[str, Any]] = [
    {"id": "translate", "question": "How do I return a parcel?", "answer": "Use the label in the box."},
    {"id": "WHAT_SIZE", "question": "Which size of shirt should I order?", "answer": ""},
    {"id": "pay later/€", "question": "Can I pay afterwards?", "answer": "Yes, within 30 days."},
    {"id": "4", "question": "Where is my order?", "answer": "See the tracking link."},
    {"id": "card", "question": "How do I use a gift card?", "answer": "Enter its code."},
    {"id": "hours", "question": "When is the shop open?", "answer": "From nine to six."},
    {"id": "password", "question": "I forgot my password", "answer": "Ask for a new one."},
    {"id": "abroad", "question": "Do you deliver to Belgium?", "answer": "Yes."},
    {"id": "broken", "question": "My product arrived damaged", "answer": "Send us a photo."},
    {"id": "cancel", "question": "Can I cancel my order?", "answer": "Until it is sent."},
]
QUERIES: list[dict[str, Any]] = [
    {"text": "how can I send a parcel back?", "entry": "translate"},
    {"text": "what shirt size should I take", "entry": "WHAT_SIZE"},
    {"text": "is it possible to pay afterwards", "entry": "pay later/€", "entries": ["card"]},
    {"text": "where is my order", "entry": "4"},
    {"text": "using a gift card", "entry": "card"},
    {"text": "opening hours of the shop", "entry": "hours"},
    {"text": "forgot my password", "entry": "password"},
    {"text": "Where is my order? How do I use a gift card?", "entry": "4"},
    {"text": "who won the football match yesterday", "entry": None},
    {"text": "my neighbour's cat is ill", "entry": None},
]


def write(folder: Path, faq: list[dict[str, Any]], queries: list[dict[str, Any]]) -> tuple[Path, Path]:
    """The two files of a pair, in English unless a row says otherwise."""
    files = folder / "faq.jsonl", folder / "queries.jsonl"
    for file, rows in zip(files, (faq, queries), strict=True):
        file.write_text("".join(json.dumps({"language": "en", **row}) + "\n" for row in rows), encoding="utf-8")
    return files


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Ten entries without phrasings, ten queries."""
    return read_pair(*write(tmp_path, FAQ, QUERIES))


def test_a_small_pair_is_measured(pair: Pair, encoder: Encoder) -> None:
    found = evaluate(pair, encoder, 0.2).figures
    assert (found["entries"], found["phrasings"], found["queries"], found["out_of_scope"]) == (10, 0, 10, 2)
    assert found["out_of_scope_share"] == 0.2
    assert found["accuracy_at_1"] >= 0.8
    assert found["auroc"] >= 0.8
    assert found["accuracy_at_1"] <= found["accuracy_at_3"]
    assert found["mcc"] <= found["best_mcc"] <= 1
    assert sum(found["verdicts"].values()) == pytest.approx(1, abs=0.001)
    assert 0 < found["ask_ms_p50"] <= found["ask_ms_p95"]
    assert found["queries_per_s"] > 1
    assert found["build_s"] > 0
    assert found["peak_rss_mb"] > 50


def test_labels_change_the_figures_and_no_answer(pair: Pair, encoder: Encoder) -> None:
    shuffled = replace(pair, gold=pair.gold[3:] + pair.gold[:3])
    one, other = evaluate(pair, encoder), evaluate(shuffled, encoder)
    assert one.answers == other.answers
    assert one.figures["accuracy_at_1"] > other.figures["accuracy_at_1"]


def test_every_query_is_asked_before_a_label_is_looked_at(pair: Pair, encoder: Encoder) -> None:
    class Sealed(tuple):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[Any]:
            assert told[-1] == (len(QUERIES), len(QUERIES), "queries asked")
            return super().__iter__()

    told: list[tuple[int, int, str]] = [(0, 0, "")]
    sealed = replace(pair, gold=Sealed(pair.gold))
    assert len(evaluate(sealed, encoder, tell=lambda *step: told.append(step)).outcomes) == len(QUERIES)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_of_the_share_give_probabilities(pair: Pair, encoder: Encoder, share: float) -> None:
    found = evaluate(pair, encoder, share).answers
    assert all(math.isfinite(one.probability) and 0 <= one.probability <= 1 for one in found)


def test_phrasings_none_one_and_hundreds(tmp_path: Path, encoder: Encoder) -> None:
    many = [f"parcel number {i} has to go back" for i in range(400)]
    faq = [FAQ[0] | {"phrasings": many}, FAQ[1] | {"phrasings": ["size"]}, *FAQ[2:]]
    pair = read_pair(*write(tmp_path, faq, QUERIES))
    assert [len(entry.phrasings) for entry in pair.entries[:3]] == [400, 1, 0]
    base, seconds = opened(pair.entries, encoder, 0.4)
    found = asked(base, [Asked("parcel number 77 has to go back", "en"), Asked("size", "en")])
    assert [pair.ids[one.entry or ""] for one in found] == ["translate", "WHAT_SIZE"]
    assert seconds > 0


def test_answers_come_in_the_order_of_the_queries(tmp_path: Path, encoder: Encoder) -> None:
    dutch = [{"id": "retour", "language": "nl", "question": "Hoe stuur ik een pakje terug?", "answer": "Zo."}]
    both = [("where is my order", "en"), ("hoe stuur ik een pakje terug", "nl"), ("forgot my password", "en")]
    queries = [{"text": text, "language": language, "entry": None} for text, language in both]
    pair = read_pair(*write(tmp_path, FAQ + dutch, queries))
    base, _ = opened(pair.entries, encoder, 0.4)
    assert [pair.ids[one.entry or ""] for one in asked(base, pair.asked)] == ["4", "retour", "password"]


def test_what_is_stored_is_what_an_import_stores(pair: Pair) -> None:
    more = {"answer": "That.", "phrasings": ["a", "b"]}
    drafts = [draft.model_copy(update=more) for draft in pair.entries]
    stored = []
    for fill in (store, lambda session, entries: import_entries(session, entries, "tests")):
        engine = create_engine("sqlite://")
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            fill(session, drafts)
            stored.append(export_entries(session))
        engine.dispose()
    assert stored[0] == stored[1] == drafts


def test_an_id_in_two_languages_is_one_entry(tmp_path: Path) -> None:
    faq = [FAQ[0], FAQ[0] | {"language": "nl", "question": "Hoe stuur ik iets terug?"}]
    pair = read_pair(*write(tmp_path, faq, [{"text": "x", "entry": "translate"}]))
    assert len(pair.entries) == 2
    assert set(pair.ids.values()) == {"translate"}


def test_texts_are_cleaned_and_cut_as_an_entry_may_have_them(tmp_path: Path) -> None:
    faq = [{"id": 1, "question": " a\u0000b  c ", "answer": "x" * 9000, "phrasings": ["y" * 400, "", "z", "Z"]}]
    pair = read_pair(*write(tmp_path, faq, [{"text": "x", "entry": 1}]))
    [entry] = pair.entries
    assert (entry.question, len(entry.answer)) == ("ab c", 8000)
    assert [len(text) for text in entry.phrasings] == [300, 1]
    assert pair.gold == (("1",),)


def test_a_message_of_several_questions_shows_what_answers_each(pair: Pair) -> None:
    keys = {one: key for key, one in pair.ids.items()}
    candidates = tuple(Candidate(keys[one], "en", "", 0.5, 0.5) for one in ("hours", "4"))
    parts = tuple(Evidence("answer", 0.8, keys[one]) for one in ("4", "card"))
    found = Evidence("answer", 0.8, keys["4"], (), candidates, parts)
    single = replace(pair, gold=(("card",),))
    [outcome] = outcomes_of(single, [found])
    assert outcome.ranked == ("4", "hours")
    assert outcome.shown == ("4", "card")


GOOD_ENTRY = '{"id": "a", "language": "en", "question": "What?", "answer": "That."}\n'
GOOD_QUERY = '{"text": "what", "language": "en", "entry": "a"}\n'


@pytest.mark.parametrize(
    ("faq", "queries", "says"),
    [
        ("", GOOD_QUERY, "faq.jsonl is empty"),
        (GOOD_ENTRY, " \n", "queries.jsonl is empty"),
        (GOOD_ENTRY + "{oops\n", GOOD_QUERY, "faq.jsonl, line 2: not JSON"),
        (GOOD_ENTRY + "[1]\n", GOOD_QUERY, "faq.jsonl, line 2: the line is of the wrong kind"),
        (GOOD_ENTRY + GOOD_ENTRY, GOOD_QUERY, "faq.jsonl, line 2: there is already an entry a in en"),
        ('{"id": "a", "language": "en"}', GOOD_QUERY, "faq.jsonl, line 1: question is missing"),
        (GOOD_ENTRY.replace("What?", " "), GOOD_QUERY, "faq.jsonl, line 1: the question is empty"),
        (GOOD_ENTRY.replace('"en"', '"English"'), GOOD_QUERY, "faq.jsonl, line 1: language is of the wrong kind"),
        (GOOD_ENTRY.replace('"answer"', '"reply"'), GOOD_QUERY, "reply is not a field of this file"),
        (GOOD_ENTRY, "\n" + GOOD_QUERY.replace(', "entry": "a"', ""), "queries.jsonl, line 2: entry is missing"),
        (GOOD_ENTRY, GOOD_QUERY.replace('"a"', '"b"'), "queries.jsonl, line 1: the FAQ has no entry b"),
        (GOOD_ENTRY, GOOD_QUERY.replace('"a"', '"a", "entries": ["c"]'), "the FAQ has no entry c"),
        (GOOD_ENTRY, GOOD_QUERY.replace('"a"', 'null, "entries": ["a"]'), "line 1: a query out of scope"),
        (GOOD_ENTRY, GOOD_QUERY.replace('"what"', "7.5, 1"), "queries.jsonl, line 1: not JSON"),
        (GOOD_ENTRY, GOOD_QUERY.replace('"what"', "null"), "queries.jsonl, line 1: text is of the wrong kind"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, faq: str, queries: str, says: str) -> None:
    (tmp_path / "faq.jsonl").write_text(faq)
    (tmp_path / "queries.jsonl").write_text(queries)
    with pytest.raises(Invalid) as raised:
        read_pair(tmp_path / "faq.jsonl", tmp_path / "queries.jsonl")
    assert says in str(raised.value)


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "faq.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="not UTF-8"):
        read_pair(tmp_path / "faq.jsonl", tmp_path / "queries.jsonl")


def test_memory_is_in_megabytes() -> None:
    before = peak_rss_mb()
    held = bytearray(b"x") * 150_000_000
    assert 20 < before < 50_000
    assert peak_rss_mb() >= len(held) / 1e6


def test_an_entry_is_a_draft_with_a_made_up_key(pair: Pair) -> None:
    assert pair.entries[1] == EntryDraft(
        key="entry-000001", language="en", question="Which size of shirt should I order?", answer=""
    )
