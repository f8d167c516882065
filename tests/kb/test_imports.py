"""Imports: shown first, done exactly so, undone whole; files as people have them."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import Session

from kb import imports
from kb.drafts import EntryDraft, checked
from kb.entries import change_entry, create_entry, get_entry, phrasings_of, revision, withdraw_entry
from kb.errors import Invalid, NotFound, Stale
from kb.exchange import export_rows, read_entries, write_entries, write_rows
from kb.from_html import Languages
from kb.models import EntryRevision, FaqImport
from kb.plan import Choices, Plan, planned
from kb.rows import BadFile, Row

CSV = """key,question,answer,phrasings
return-how,Hoe stuur ik iets terug?,Via je account.,retour
,Is er een winkel?,Ja.,
"""


def kept(session: Session, name: str, text: str | bytes) -> int:
    content = text.encode() if isinstance(text, str) else text
    return imports.keep(session, name, imports.read_file(name, content, Languages()), "els").id or 0


def shown(session: Session, number: int, choices: Choices | None = None) -> Plan:
    return imports.preview(session, number, choices or Choices())


def done(session: Session, number: int, choices: Choices | None = None) -> FaqImport:
    chosen = choices or Choices()
    return imports.confirm(session, number, chosen, shown(session, number, chosen).fingerprint, "els")


def everything(session: Session) -> list[tuple[object, ...]]:
    rows = export_rows(session, withdrawn=True)
    return [(row.draft.model_dump_json(), row.status) for row in rows]


@pytest.fixture
def filled(session: Session) -> Session:
    """Three entries, one of them withdrawn."""
    asked = {"question": "Hoe stuur ik iets terug?", "phrasings": ["terugsturen"]}
    create_entry(session, EntryDraft(key="return-how", answer="Bel.", topic="returns", **asked), "a")
    create_entry(session, EntryDraft(key="store", question="Is er een winkel?", answer="Nee."), "a")
    create_entry(session, EntryDraft(key="gone", question="Bestaat dit nog?", answer="Ja."), "a")
    withdraw_entry(session, "gone", "nl", None, "a")
    return session


def test_a_preview_says_what_would_change_and_changes_nothing(filled: Session) -> None:
    before, at = everything(filled), revision(filled)
    plan = shown(filled, kept(filled, "faq.csv", CSV + "gone,Bestaat dit nog?,Ja.,\n,Kan dat?,Ja.,\n"))
    assert [(step.kind, step.after["key"]) for step in plan.steps] == [
        ("changed", "return-how"), ("changed", "store"), ("restored", "gone"), ("created", "kan-dat")]  # fmt: skip
    assert (everything(filled), revision(filled)) == (before, at)


def test_fields_that_the_file_does_not_name_stay(filled: Session) -> None:
    done(filled, kept(filled, "faq.csv", "question,answer\nHoe stuur ik iets terug?,Via je account.\n"))
    entry = get_entry(filled, "return-how", "nl")
    assert (entry.answer, entry.topic, phrasings_of(filled, entry)) == ("Via je account.", "returns", ["terugsturen"])


def test_phrasings_are_replaced_or_added(filled: Session) -> None:
    number = kept(filled, "faq.csv", CSV)
    (step, _) = shown(filled, number, Choices("add")).steps
    assert step.after["phrasings"] == ["terugsturen", "retour"]
    assert shown(filled, number).steps[0].after["phrasings"] == ["retour"]


def test_what_the_file_does_not_name_is_withdrawn_where_wanted(filled: Session) -> None:
    number = kept(filled, "faq.csv", "key,question,answer\nreturn-how,Hoe stuur ik iets terug?,Bel.\n")
    assert shown(filled, number).rest == 1
    done(filled, number, Choices(withdraw=True))
    assert get_entry(filled, "store", "nl").status == "withdrawn"
    imports.undo(filled, number, "els")
    assert get_entry(filled, "store", "nl").status == "live"


def test_a_question_that_another_key_has_is_marked(filled: Session) -> None:
    (step,) = shown(filled, kept(filled, "faq.csv", "key,question,answer\nshop,is er een WINKEL,Ja.\n")).steps
    assert (step.kind, step.twin) == ("created", "store")


def test_undo_brings_back_everything_and_withdraws_what_was_made(filled: Session) -> None:
    before = everything(filled)
    number = kept(filled, "faq.csv", CSV + "gone,Bestaat dit nog?,Anders.,x\n,Kan dat?,Ja.,\n")
    one = done(filled, number)
    assert one.counts == {"changed": 2, "restored": 1, "created": 1}
    assert one.revision == revision(filled)
    assert [step.kind for step in imports.steps_of(filled, number)] == ["restored", "created", "changed", "changed"]
    undone = imports.undo(filled, number, "ada")
    assert (undone.status, undone.undone_by, undone.revision) == ("undone", "ada", revision(filled))
    after = everything(filled)
    assert [row for row in after if '"kan-dat"' not in str(row[0])] == before
    assert get_entry(filled, "kan-dat", "nl").status == "withdrawn"
    imports.undo(filled, number, "ada")
    assert everything(filled) == after


def test_undo_is_refused_whole_when_somebody_changed_one_entry_since(filled: Session) -> None:
    number = kept(filled, "faq.csv", CSV)
    done(filled, number)
    change_entry(filled, "store", "nl", {"answer": "Ja, in Gent."}, None, "ada")
    before = everything(filled)
    with pytest.raises(imports.ChangedSince) as caught:
        imports.undo(filled, number, "els")
    assert caught.value.entries == [("store", "nl", "Is er een winkel?")]
    assert everything(filled) == before


def test_confirming_twice_is_once(filled: Session) -> None:
    number = kept(filled, "faq.csv", CSV)
    fingerprint = shown(filled, number).fingerprint
    imports.confirm(filled, number, Choices(), fingerprint, "els")
    made = filled.scalar(select(func.count()).select_from(EntryRevision))
    imports.confirm(filled, number, Choices(), fingerprint, "els")
    assert filled.scalar(select(func.count()).select_from(EntryRevision)) == made


def test_what_was_shown_is_done_or_nothing(filled: Session) -> None:
    number = kept(filled, "faq.csv", CSV)
    fingerprint = shown(filled, number).fingerprint
    change_entry(filled, "store", "nl", {"answer": "Ja, in Gent."}, None, "ada")
    before = everything(filled)
    with pytest.raises(Stale):
        imports.confirm(filled, number, Choices(), fingerprint, "els")
    assert everything(filled) == before
    assert imports.get(filled, number).status == "previewed"


def test_choices_are_kept_and_doubted_rows_left_out_at_first(filled: Session) -> None:
    number = kept(filled, "faq.html", "<h2>Hoe?</h2>Zo.<h2>Over ons</h2>Leuk.")
    found = imports.get(filled, number)
    chosen = imports.choices_of(found, imports.read_of(found))
    assert chosen.out == {1}
    imports.choose(filled, number, lambda now: replace(now, out=now.out - {1} | {0}, withdraw=True))
    filled.expire_all()
    assert imports.choices_of(found, imports.read_of(found)) == Choices("replace", True, frozenset({0}))


@pytest.mark.parametrize("row", [-1, 2, 10**12])
def test_a_row_that_is_not_there_is_not_left_out(filled: Session, row: int) -> None:
    number = kept(filled, "faq.csv", CSV)
    with pytest.raises(Invalid, match="no such row"):
        imports.choose(filled, number, lambda now: replace(now, out=now.out | {row}))
    found = imports.get(filled, number)
    assert imports.choices_of(found, imports.read_of(found)) == Choices()


def test_the_same_question_under_thousands_of_keys_takes_no_longer(session: Session) -> None:
    rows = [Row(EntryDraft(key=f"k{n}", question="Kan dat?", answer="Ja.")) for n in range(20_000)]
    start = time.process_time()
    plan = planned(session, rows, Choices())
    assert time.process_time() - start < 4
    assert [step.twin for step in plan.steps[:3]] == ["k1", "k0", "k0"]


def test_an_import_that_is_not_there_or_not_done(filled: Session) -> None:
    with pytest.raises(NotFound):
        imports.get(filled, 999)
    number = kept(filled, "faq.csv", CSV)
    with pytest.raises(Invalid, match="not carried out"):
        imports.undo(filled, number, "els")
    done(filled, number)
    with pytest.raises(Invalid, match="already"):
        imports.preview(filled, number, Choices())


def test_previews_are_thrown_away_after_a_day(filled: Session) -> None:
    number = kept(filled, "faq.csv", CSV)
    imports.get(filled, number).at -= imports.KEPT * 2
    filled.flush()
    other = kept(filled, "faq.csv", CSV)
    assert filled.scalars(select(FaqImport)).all() == [imports.get(filled, other)]


@pytest.mark.parametrize("name", ["faq.docx", "faq", "", "faq.csv.exe"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="format"):
        imports.read_file(name, b"x", Languages())


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CSV.encode("utf-8-sig"), "utf-8"),
        (CSV.replace(",", ";").replace("\n", "\r\n").encode("utf-8-sig"), "utf-8"),
        (CSV.replace(",", "\t").encode("utf-16"), "utf-16"),
        (CSV.replace("Ja.", "Ja! Één café.").replace(",", ";").encode("cp1252"), "windows-1252"),
        (CSV.replace("question", "Vraag").replace("answer", "Antwoord").encode() + b",,,\r\n" * 9, "utf-8"),
    ],
    ids=["bom", "excel", "unicode text", "old excel", "own names"],
)
def test_tables_as_spreadsheets_save_them(content: bytes, encoding: str) -> None:
    read = imports.read_file("Map1.CSV", content, Languages())
    assert (len(read.rows), (read.found or {})["encoding"]) == (2, encoding)
    assert read.rows[0].draft.phrasings == ["retour"]


def test_letters_that_are_not_certain_are_refused() -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        imports.read_file("faq.csv", "question,answer\nКак?,Так.".encode("cp1251"), Languages())
    with pytest.raises(Invalid, match="UTF-8"):
        imports.read_file("faq.yml", "- {question: Crème?, answer: a}".encode("cp1252"), Languages())


def test_every_mistake_comes_with_its_line() -> None:
    with pytest.raises(BadFile) as caught:
        imports.read_file("faq.csv", b"question,answer\nHoe?,Zo.\n,Leeg.\nWat?,\n", Languages())
    assert [(error.line, error.message) for error in caught.value.errors] == [
        (3, "the question is empty"), (4, "the answer is empty")]  # fmt: skip


def test_mistakes_that_show_only_beside_the_entries_have_lines_too(filled: Session) -> None:
    filled.commit()
    lines = "\n".join(f"p{n}" for n in range(500))
    number = kept(filled, "faq.csv", f'key,question,answer,phrasings\nreturn-how,Hoe?,Zo.,"{lines}"\n')
    with pytest.raises(BadFile, match="line 2: there are more than 500 phrasings"):
        shown(filled, number, Choices("add"))


FORMULAS = ['=HYPERLINK("http://x")', "+31 6", "- een\n- twee", "@SUM(1)", "'=1", "''-x", "＝1", "'tgaat", "gewoon"]


def test_no_cell_of_a_table_is_a_formula_and_all_come_back_as_they_were() -> None:
    drafts = [EntryDraft(question=f"a{n}", answer=text, topic=text[:9].strip()) for n, text in enumerate(FORMULAS)]
    for delimiter in (",", ";"):
        written = write_rows([Row(draft) for draft in drafts], "csv", delimiter)
        for text in FORMULAS[:4]:
            assert f"{delimiter}{text}" not in written
            assert f'{delimiter}"{text[:3]}' not in written
        assert [d.answer for d in read_entries(written, "csv")] == FORMULAS


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("'=+-@\tab;,\"\n"), max_size=8).map(lambda t: f"{t}x"), min_size=1, max_size=4))
def test_any_beginning_survives_a_table(answers: list[str]) -> None:
    drafts = [EntryDraft(question=f"q{n}", answer=text) for n, text in enumerate(answers)]
    once = read_entries(write_entries(drafts, "csv"), "csv")
    assert read_entries(write_entries(once, "csv"), "csv") == once
    assert [draft.answer for draft in once] == [checked(draft).answer for draft in drafts]


@pytest.mark.parametrize("ending", ["csv", "yml", "jsonl"])
def test_out_and_in_again_changes_nothing_withdrawn_ones_too(filled: Session, ending: str) -> None:
    format = "yaml" if ending == "yml" else ending
    written = write_rows(export_rows(filled, withdrawn=True), format)
    assert dict(shown(filled, kept(filled, f"x.{ending}", written)).counts) == {"unchanged": 3}


def test_thousands_of_entries_are_shown_and_taken_back(session: Session) -> None:
    lines = "\n".join(f"Hoe werkt ding {n}?;Zo werkt ding {n}.;ding {n} stuk" for n in range(2_000))
    number = kept(session, "faq.csv", f"question;answer;phrasings\n{lines}\n")
    assert dict(shown(session, number).counts) == {"created": 2_000}
    done(session, number)
    imports.undo(session, number, "els")
    assert {row.status for row in export_rows(session, withdrawn=True)} == {"withdrawn"}
