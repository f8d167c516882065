"""Looking entries over: dates, still right, taken back; on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from kb import checks, entries
from kb.drafts import EntryDraft
from kb.errors import Invalid, NotFound, Stale
from kb.models import Entry, EntryCheck

KEY = ("bon", "nl")


@pytest.fixture
def entry(session: Session) -> Entry:
    return entries.create_entry(session, EntryDraft(key="bon", question="Mijn bon?", answer="Hier."), "els")


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2026, 10, 31), 3, date(2027, 1, 31)),
        (date(2026, 9, 15), 3, date(2026, 12, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, then: date) -> None:
    assert checks.in_months(day, months) == then


def test_a_date_by_months_by_day_and_none(session: Session, entry: Entry) -> None:
    checks.set_review(session, *KEY, "els", months=3)
    assert entry.review_at == midnight(checks.in_months(checks.today(), 3))
    tomorrow = checks.today() + timedelta(days=1)
    checks.set_review(session, *KEY, "els", on=tomorrow)
    assert entry.review_at == midnight(tomorrow)
    checks.set_review(session, *KEY, "els")
    assert entry.review_at is None
    assert entries.revision(session) == 1  # what the bot knows has not changed
    assert entry.revision == 1


def test_days_and_months_that_cannot_be_are_refused(session: Session, entry: Entry) -> None:
    today = checks.today()
    for day in (today, today - timedelta(days=1), date.min, date.max, today + timedelta(days=checks.FURTHEST + 1)):
        with pytest.raises(Invalid):
            checks.set_review(session, *KEY, "els", on=day)
    for months in (0, -3, 5, 10**9):
        with pytest.raises(Invalid):
            checks.set_review(session, *KEY, "els", months=months)
    with pytest.raises(NotFound):
        checks.still_right(session, "bon", "en", "els")
    assert session.scalars(select(EntryCheck)).all() == []


def test_still_right_asks_again_after_as_long_as_was_chosen_last(session: Session, entry: Entry) -> None:
    assert checks.still_right(session, *KEY, "els").months == checks.USUAL
    checks.set_review(session, *KEY, "ada", months=12)
    checks.set_review(session, *KEY, "ada", on=checks.today() + timedelta(days=2))
    found = checks.still_right(session, *KEY, "els")
    assert (found.months, entry.review_at) == (12, midnight(checks.in_months(checks.today(), 12)))
    last = checks.last_right(session, entry)
    assert last is not None
    assert last.id == found.id


def test_sent_twice_is_once_and_taken_back_is_as_before(session: Session, entry: Entry) -> None:
    checks.set_review(session, *KEY, "els", months=3)
    before = entry.review_at
    first = checks.still_right(session, *KEY, "els", 6)
    assert checks.still_right(session, *KEY, "els", 6).id == first.id
    assert checks.still_right(session, *KEY, "ada", 6).id != first.id  # a colleague says so too
    with pytest.raises(Stale):
        checks.undo(session, first.id or 0)
    checks.undo(session, (first.id or 0) + 1)
    checks.undo(session, first.id or 0)
    assert entry.review_at == before
    with pytest.raises(NotFound):
        checks.undo(session, first.id or 0)


def test_what_is_due_is_counted_while_it_is_live(session: Session, entry: Entry) -> None:
    assert checks.count_due(session) == 0
    entry.review_at = midnight(checks.today())
    session.flush()
    assert checks.count_due(session) == 1
    entries.withdraw_entry(session, *KEY, None, "els")
    assert checks.count_due(session) == 0


def test_a_revert_refuses_what_a_colleague_changed_since_and_is_harmless_twice(session: Session, entry: Entry) -> None:
    entries.change_entry(session, *KEY, {"answer": "Daar."}, 1, "els")
    assert entries.revert_entry(session, *KEY, 1, "els", 2).revision == 3
    assert entries.revert_entry(session, *KEY, 1, "els", 2).revision == 3
    with pytest.raises(Stale):
        entries.revert_entry(session, *KEY, 2, "els", 2)
    assert entry.answer == "Hier."
    entries.withdraw_entry(session, *KEY, 3, "els")
    entries.withdraw_entry(session, *KEY, 3, "els")
    assert entry.revision == 4
    assert entries.revert_entry(session, *KEY, 3, "els", 4).status == "live"


def test_deleting_an_entry_takes_its_checks_along(engine: Engine, session: Session, entry: Entry) -> None:
    checks.still_right(session, *KEY, "els")
    session.commit()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM entry")
        assert connection.exec_driver_sql("SELECT count(*) FROM entry_check").scalar() == 0
