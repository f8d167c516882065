"""Entries: every change makes a revision, and only one of two editors wins."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from kb import entries
from kb.drafts import EntryDraft
from kb.entries import change_entry, create_entry, get_entry, list_entries, phrasings_of
from kb.errors import Exists, Invalid, NotFound, Stale
from kb.models import Entry, EntryRevision

DRAFT = EntryDraft(
    question="Hoe stuur ik iets terug?",
    answer="Met het label in de doos.\n\n- plakken\n- brengen",
    topic="returns",
    phrasings=["retour?", "hoe retourneren", "RETOUR", "  ", "Hoe stuur ik iets terug"],
)


def test_created_entry_has_a_key_revision_and_distinct_phrasings(session: Session) -> None:
    entry = create_entry(session, DRAFT, "an editor")
    assert (entry.key, entry.revision, entry.status) == ("hoe-stuur-ik-iets-terug", 1, "live")
    assert phrasings_of(session, entry) == ["retour?", "hoe retourneren"]
    assert entries.revision(session) == 1


def test_same_question_gets_another_key(session: Session) -> None:
    first, second = create_entry(session, DRAFT, "a"), create_entry(session, DRAFT, "a")
    assert second.key == f"{first.key}-2"


def test_key_taken_in_this_language_only(session: Session) -> None:
    create_entry(session, DRAFT.model_copy(update={"key": "return-how"}), "a")
    create_entry(session, DRAFT.model_copy(update={"key": "return-how", "language": "en"}), "a")
    with pytest.raises(Exists):
        create_entry(session, DRAFT.model_copy(update={"key": "return-how"}), "a")


def test_change_keeps_history_and_revert_is_a_new_revision(session: Session) -> None:
    entry = create_entry(session, DRAFT, "a")
    change_entry(session, entry.key, "nl", {"answer": "Nieuw.", "phrasings": ["terug"]}, 1, "b")
    entries.withdraw_entry(session, entry.key, "nl", 2, "b")
    entries.revert_entry(session, entry.key, "nl", 1, "c")
    session.commit()
    assert (entry.revision, entry.status, entry.answer) == (4, "live", DRAFT.answer)
    assert phrasings_of(session, entry) == ["retour?", "hoe retourneren"]
    seen = [(h.revision, h.what, h.by) for h in entries.history(session, entry.key, "nl")]
    assert seen == [(4, "reverted to 1", "c"), (3, "withdrawn", "b"), (2, "changed", "b"), (1, "created", "a")]
    assert entries.revision(session) == 4


def test_change_that_changes_nothing_makes_no_revision(session: Session) -> None:
    entry = create_entry(session, DRAFT, "a")
    change_entry(session, entry.key, "nl", {"topic": "returns"}, None, "b")
    assert entry.revision == 1
    assert len(session.scalars(select(EntryRevision)).all()) == 1


def test_withdrawn_entry_can_be_restored(session: Session) -> None:
    entry = create_entry(session, DRAFT, "a")
    entries.withdraw_entry(session, entry.key, "nl", None, "a")
    assert entries.restore_entry(session, entry.key, "nl", None, "a").status == "live"


def test_stale_revision_is_refused(session: Session) -> None:
    entry = create_entry(session, DRAFT, "a")
    change_entry(session, entry.key, "nl", {"topic": "x"}, 1, "b")
    with pytest.raises(Stale):
        change_entry(session, entry.key, "nl", {"topic": "y"}, 1, "c")


def test_of_two_editors_one_wins(engine: Engine, session: Session) -> None:
    key = create_entry(session, DRAFT, "a").key
    session.commit()
    with Session(engine) as other:
        mine, theirs = get_entry(session, key, "nl"), get_entry(other, key, "nl")
        assert mine.revision == theirs.revision == 1
        other.expire_on_commit = False
        session.commit()
        session.expunge(mine)
        change_entry(other, key, "nl", {"topic": "theirs"}, 1, "b")
        other.commit()
        session.add(mine)  # what this session still believes
        with pytest.raises(Stale):
            change_entry(session, key, "nl", {"topic": "mine"}, 1, "c")
    session.rollback()
    assert get_entry(session, key, "nl").topic == "theirs"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("question", "x" * 301, "longer than 300"),
        ("question", " \n\t", "question is empty"),
        ("answer", "x" * 8001, "longer than 8,000"),
        ("answer", "", "answer is empty"),
        ("phrasings", ["x" * 301], "longer than 300"),
        ("phrasings", [f"vraag {i}" for i in range(501)], "more than 500"),
        ("audience", "everyone", "public or agents"),
        ("language", "nederlands", "nl or en"),
        ("key", "Twee Woorden", "small letters"),
        ("topic", "x" * 81, "longer than 80"),
    ],
)
def test_limits_are_said_plainly(session: Session, field: str, value: object, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        create_entry(session, DRAFT.model_copy(update={field: value}), "a")


@pytest.mark.parametrize("changes", [{"key": "x"}, {"topic": 3}, {"phrasings": "one"}, {"phrasings": [1]}])
def test_changes_of_a_wrong_kind_are_refused(session: Session, changes: dict[str, object]) -> None:
    entry = create_entry(session, DRAFT, "a")
    with pytest.raises(Invalid):
        change_entry(session, entry.key, "nl", changes, None, "a")


@pytest.mark.parametrize("text", ["a\x00b\ud800c", "مرحبا كيف الحال", "👩‍👩‍👧 hoe", "<b>vet</b> & 'quote'", "ﷺ" * 300])
def test_odd_text_is_stored(session: Session, text: str) -> None:
    entry = create_entry(session, EntryDraft(question=text, answer=text, phrasings=[text + "?"[:1]][:1]), "a")
    session.commit()
    session.expire_all()
    assert get_entry(session, entry.key, "nl").question == text.replace("\x00", "").replace("\ud800", "")


def test_missing_entry(session: Session) -> None:
    with pytest.raises(NotFound):
        get_entry(session, "nothing", "nl")
    entry = create_entry(session, DRAFT, "a")
    with pytest.raises(NotFound):
        entries.revert_entry(session, entry.key, "nl", 9, "a")


def test_list_goes_on_where_it_stopped_and_finds_words_anywhere(session: Session) -> None:
    for i in range(5):
        create_entry(session, EntryDraft(key=f"k{i}", question=f"Vraag {i}", answer="100% zeker_"), "a")
    create_entry(session, DRAFT, "a")
    first = list_entries(session, limit=4)
    rest = list_entries(session, after=entries.cursor(first[-1]), limit=4)
    assert sorted(e.key for e in first + rest) == sorted(e.key for e in session.scalars(select(Entry)))
    assert [e.key for e in list_entries(session, search="RETOURNEREN")] == ["hoe-stuur-ik-iets-terug"]
    assert len(list_entries(session, search="100%")) == 5
    assert list_entries(session, search="%_%") == []
    assert len(list_entries(session, topic="returns", status="live", language="nl")) == 1


def test_moments_come_back_in_utc(session: Session) -> None:
    entry = create_entry(session, DRAFT, "a")
    entry.created_at = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    session.commit()
    session.expire_all()
    assert get_entry(session, entry.key, "nl").created_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
