"""The backlog: secrets out, meaning together, one editor wins, an approval answers at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from kb import backlog, decisions, entries, known
from kb.backlog import MAX_TEXT
from kb.base import Base
from kb.encoder import Encoder
from kb.errors import Invalid, NotFound, Stale
from kb.exchange import export_entries
from kb.grouping import Asked, Place
from kb.models import Entry, Question, QuestionGroup

from .conftest import cache

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
PIN = [
    "ik heb de helft van de pincode van mijn cadeaukaart weggekrast",
    "pincode van de cadeaubon is niet meer leesbaar door krassen",
    "i scratched off half the pin of my gift card",
]


def _record(session: Session, base: Base, text: str, number: int, language: str = "nl") -> Question:
    prepared = backlog.prepare(base, text, language)
    return backlog.record(
        session,
        prepared,
        conversation_id=f"c{number}",
        seq=1,
        language=language,
        reason="unknown",
        evidence={"verdict": "unknown"},
        at=AT + timedelta(minutes=number),
    )


def _pin_group(session: Session, base: Base) -> QuestionGroup:
    for i, text in enumerate(PIN):
        _record(session, base, text, i, "en" if i == 2 else "nl")
    (group,) = backlog.list_groups(session)
    return group


def test_same_meaning_meets_across_languages(session: Session, demo: Base) -> None:
    _record(session, demo, "mag mijn hond mee in de winkel", 8)
    pins = {_record(session, demo, text, i, "en" if i == 2 else "nl").group_id for i, text in enumerate(PIN)}
    assert len(pins) == 1
    groups = backlog.list_groups(session)
    assert [g.count for g in groups] == [3, 1]
    assert groups[0].title in PIN
    assert (groups[0].first_at, groups[0].last_at) == (AT, AT + timedelta(minutes=2))
    assert [q.text for q in backlog.questions(session, groups[0].id or 0, 2)] == PIN[:0:-1]


def test_recording_twice_is_once(session: Session, demo: Base) -> None:
    first, second = (_record(session, demo, PIN[0], 1) for _ in range(2))
    assert first.id == second.id
    assert backlog.list_groups(session)[0].count == 1


def test_two_sessions_recording_the_same_meaning_make_one_group(engine: Engine, demo: Base) -> None:
    with Session(engine) as one:
        _record(one, demo, PIN[0], 1)
        one.commit()
    with Session(engine) as two:
        _record(two, demo, PIN[1], 2)
        two.commit()
        assert [g.count for g in backlog.list_groups(two)] == [2]


def test_secrets_are_not_stored(session: Session, demo: Base) -> None:
    question = _record(session, demo, "kaart 6036281234567890123 met pincode 4821 werkt niet, jan@voorbeeld.example", 1)
    assert question.text == "kaart [code] met pincode [pin] werkt niet, [email]"


@pytest.mark.parametrize("text", ["", "😀" * 50, "x" * 9000, "<script>alert(1)</script>", "مرحبا", "\x00"])
def test_odd_questions_are_kept(session: Session, demo: Base, text: str) -> None:
    question = _record(session, demo, text, 1)
    session.commit()
    assert len(question.text) <= 4000
    assert len(backlog.list_groups(session)[0].title) <= 300


def test_list_goes_on_where_it_stopped(session: Session, demo: Base) -> None:
    for i, text in enumerate(["mag mijn hond mee", "verhuren jullie lampen", "hebben jullie vacatures", *PIN]):
        _record(session, demo, text, i)
    everyone = [g.id for g in backlog.list_groups(session)]
    seen, after = [], None
    while page := backlog.list_groups(session, after=after, limit=1):
        seen.append(page[0].id)
        after = backlog.cursor(page[0])
    assert seen == everyone
    with pytest.raises(Invalid):
        backlog.list_groups(session, after="x")


def test_approval_makes_an_entry_with_the_questions_as_phrasings(session: Session, demo: Base) -> None:
    group = _pin_group(session, demo)
    entry = decisions.approve(session, group.id or 0, answer="Stuur een foto.", language="nl", by="e")
    assert {entry.question, *entries.phrasings_of(session, entry)} == set(PIN)
    assert (group.status, group.entry_key, group.decided_by) == ("approved", entry.key, "e")
    assert backlog.list_groups(session) == []
    with pytest.raises(Stale):
        decisions.approve(session, group.id or 0, answer="Nog eens.", language="nl", by="e")


def test_what_is_asked_after_a_decision_makes_a_new_group(session: Session, demo: Base) -> None:
    group = _pin_group(session, demo)
    decisions.dismiss(session, group.id or 0, why="komt niet meer voor", by="e")
    assert _record(session, demo, PIN[0], 9).group_id != group.id


def test_merging_adds_phrasings_and_keeps_the_answer(session: Session, demo: Base) -> None:
    draft = entries.EntryDraft(key="pin", question="Pincode onleesbaar", answer="Oud.", phrasings=["pin weg"])
    entries.create_entry(session, draft, "e")
    group = _pin_group(session, demo)
    entry = decisions.approve(session, group.id or 0, answer=" ", language="nl", merge_into="pin", by="e")
    assert (entry.answer, entry.revision) == ("Oud.", 2)
    assert entries.phrasings_of(session, entry) == ["pin weg", *PIN]


def test_questions_with_placeholders_become_no_phrasings(session: Session, demo: Base) -> None:
    group_id = _record(session, demo, "de pincode 4821 van mijn cadeaukaart is weggekrast", 1).group_id
    with pytest.raises(Invalid, match="secret"):
        decisions.approve(session, group_id, answer="A", language="nl", by="e")
    entry = decisions.approve(session, group_id, answer="A", language="nl", question="Pin onleesbaar?", by="e")
    assert entries.phrasings_of(session, entry) == []


def test_dismiss_needs_a_reason_and_can_be_undone(session: Session, demo: Base) -> None:
    group = _pin_group(session, demo)
    with pytest.raises(Invalid):
        decisions.dismiss(session, group.id or 0, why=" ", by="e")
    with pytest.raises(Stale):
        decisions.dismiss(session, group.id or 0, why="grap", if_revision=group.revision - 1, by="e")
    decisions.dismiss(session, group.id or 0, why="grap", if_revision=group.revision, by="e")
    assert (group.status, group.why) == ("dismissed", "grap")
    assert decisions.reopen(session, group.id or 0, "e").status == "open"
    with pytest.raises(NotFound):
        backlog.get_group(session, 999)


def test_of_two_editors_one_wins(engine: Engine, session: Session, demo: Base) -> None:
    group_id = _pin_group(session, demo).id or 0
    session.commit()
    mine = backlog.get_group(session, group_id)
    assert mine.status == "open"
    session.expunge(mine)
    session.commit()
    with Session(engine) as other:
        decisions.dismiss(other, group_id, why="dubbel", by="b")
        other.commit()
    session.add(mine)  # what this session still believes
    with pytest.raises(Stale):
        decisions.dismiss(session, group_id, why="grap", by="c")


def test_nearest_entries_include_those_for_agents(demo: Base) -> None:
    group = QuestionGroup(title="coulance bij late levering", language="nl", centroid=b"", first_at=AT, last_at=AT)
    assert "delivery-goodwill" in [c.key for c in backlog.nearest(demo, group)]


def test_approved_answer_is_given_to_who_asks_in_other_words(
    encoder: Encoder, session: Session, demo_engine: Engine
) -> None:
    with Session(demo_engine) as copied:
        for draft in export_entries(copied):
            entries.create_entry(session, draft, "e")
    base = Base.open(encoder, session, memory=cache())
    assert base.ask(PIN[0]).verdict == "unknown"
    group_id = 0
    for i, text in enumerate(PIN[:2]):
        group_id = _record(session, base, text, i).group_id
    entry = decisions.approve(session, group_id, answer="Stuur een foto.", language="nl", by="e")
    assert base.refresh(session)
    found = base.ask("pin van mijn cadeaukaart onleesbaar, te hard gekrast")
    assert (found.verdict, found.entry) == ("answer", entry.key)


@pytest.mark.parametrize("before", range(MAX_TEXT - 30, MAX_TEXT, 4))
def test_a_secret_at_the_end_of_what_is_kept_is_not_kept_by_half(demo: Base, before: int) -> None:
    text = "nog een woord " * 400
    kept = backlog.prepare(demo, text[: before - 1] + " mijn kaart is 4111 1111 1111 1111 en verder niets", "nl").text
    assert "4111" not in kept
    assert len(kept) <= MAX_TEXT


def test_nothing_is_added_to_an_entry_that_is_withdrawn(session: Session, demo: Base) -> None:
    draft = entries.EntryDraft(key="pin", question="Pincode onleesbaar", answer="Oud.")
    entries.create_entry(session, draft, "e")
    entries.withdraw_entry(session, "pin", "nl", None, "e")
    group = _pin_group(session, demo)
    with pytest.raises(Invalid, match="out of service"):
        decisions.approve(session, group.id or 0, answer="", language="nl", merge_into="pin", by="e")
    assert group.status == "open"


def test_a_question_that_comes_while_its_group_is_approved_is_in_the_answer(
    engine: Engine, demo: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(engine) as session:
        group_id = _record(session, demo, PIN[0], 1).group_id
        session.commit()

    def approve() -> None:
        with Session(engine) as other:
            decisions.approve(other, group_id, answer="A", language="nl", question="Pin weg?", by="e")
            other.commit()

    editor = threading.Thread(target=approve)
    real = known.choose

    def chosen(session: Session, one: Asked) -> Place:
        place = real(session, one)
        editor.start()
        editor.join(1)  # it waits, or it is done by then
        return place

    monkeypatch.setattr(known, "choose", chosen)
    with Session(engine) as session:
        late = _record(session, demo, PIN[1], 2).group_id
        session.commit()
    editor.join()
    with Session(engine) as session:
        entry = session.scalars(select(Entry)).one()
        open_groups = [group.id for group in backlog.list_groups(session)]
        assert late in open_groups or PIN[1] in entries.phrasings_of(session, entry)
