"""What can be promised: within the opening hours, on whole hours, never at night; and how the times read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from handoff import promises
from handoff.hours import Hours, is_open, openings
from handoff.promise_times import (
    ANSWER_S,
    MOST_WINDOWS,
    NOTICE,
    answer_by,
    before,
    between,
    choices,
    until,
    windows,
)
from handoff.shop_settings import ALWAYS, PROPOSED_HOURS
from handoff.texts import shipped

ZONE = ZoneInfo("Europe/Amsterdam")
SHOP = Hours.model_validate(PROPOSED_HOURS | {"holidays": [{"date": "2026-12-25", "name": "Kerstmis", "spans": []}]})
OPEN_ALL_DAY = Hours.model_validate(ALWAYS)
NEVER = Hours.model_validate(PROPOSED_HOURS | {"week": [[]] * 7})
NL, EN = shipped("nl"), shipped("en")


def at(words: str) -> datetime:
    """A moment on the shop's clock, as "2026-11-23 10:30"."""
    return datetime.fromisoformat(words).replace(tzinfo=ZONE).astimezone(UTC)


def shown(moment: datetime | None) -> str:
    return moment.astimezone(ZONE).strftime("%a %d %H:%M") if moment else "never"


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-11-22 08:15", "Mon 23 13:00"),  # a Sunday
        ("2026-11-23 09:00", "Mon 23 13:00"),
        ("2026-11-23 09:01", "Mon 23 14:00"),
        ("2026-11-23 16:30", "Mon 23 21:00"),  # on the hour, but never after closing
        ("2026-11-23 20:00", "Tue 24 12:00"),
        ("2026-11-28 16:00", "Mon 30 12:00"),  # Saturday until 17:00, Sunday closed
        ("2026-12-24 20:30", "Sat 26 13:00"),  # over Christmas
        ("2026-10-24 16:00", "Mon 26 12:00"),  # the clock goes back on Sunday
    ],
)
def test_an_answer_is_promised_for_four_opening_hours_later(asked: str, due: str) -> None:
    assert shown(answer_by(SHOP, at(asked))) == due


def test_a_shop_that_never_opens_promises_nothing() -> None:
    moment = at("2026-11-23 10:00")
    assert answer_by(NEVER, moment) is None
    assert list(windows(NEVER, moment)) == []
    assert choices(NEVER, moment, NL, "nl") == []


def test_windows_for_calls_are_two_hours_of_the_next_opening_hours() -> None:
    found = [f"{shown(a)}-{shown(b)[-5:]}" for a, b in islice(windows(SHOP, at("2026-11-28 12:40")), 5)]
    assert found == ["Sat 28 15:00-17:00", "Mon 30 09:00-11:00", "Mon 30 11:00-13:00", "Mon 30 13:00-15:00",
                     "Mon 30 15:00-17:00"]  # fmt: skip
    assert shown(next(iter(windows(SHOP, at("2026-11-28 12:30"))))[0]) == "Sat 28 13:00"


def test_nobody_is_called_at_night() -> None:
    found = list(islice(windows(OPEN_ALL_DAY, at("2026-11-28 20:40")), 7))
    assert [shown(a)[-5:] for a, _ in found] == ["08:00", "10:00", "12:00", "14:00", "16:00", "18:00", "08:00"]


WEEKS = st.lists(
    st.lists(st.tuples(st.integers(0, 95), st.integers(1, 40)), max_size=2, unique_by=lambda s: s[0] // 48),
    min_size=7,
    max_size=7,
)


def shop_of(week: list[list[tuple[int, int]]]) -> Hours:
    def span(start: int, length: int) -> dict[str, str]:
        end = min(start + length, 96 if start >= 48 else 48)
        return {"opens": f"{start // 4}:{start % 4 * 15:02}", "closes": f"{end // 4}:{end % 4 * 15:02}"}

    return Hours.model_validate({"zone": "Europe/Amsterdam", "week": [[span(*s) for s in day] for day in week]})


@settings(max_examples=150, deadline=None)
@given(week=WEEKS, minute=st.integers(0, 60 * 24 * 365))
def test_whatever_the_hours_what_is_promised_is_within_them(week: Any, minute: int) -> None:
    shop, moment = shop_of(week), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    if due := answer_by(shop, moment):
        assert due >= moment + timedelta(seconds=ANSWER_S)
        assert is_open(shop, due - timedelta(seconds=1))
    last = moment
    for start, end in islice(windows(shop, moment), MOST_WINDOWS):
        assert start >= max(last, moment + NOTICE)
        assert timedelta(hours=1) <= end - start <= timedelta(hours=2)
        assert any(opens <= start and end <= closes for opens, closes in openings(shop, start))
        last = end
    found = choices(shop, moment, NL, "nl")
    assert [c.due_at for c in found] == sorted({c.due_at for c in found})
    for choice in found:
        assert choice.due_at >= moment + NOTICE
        assert is_open(shop, choice.due_at - timedelta(minutes=1))


def test_an_agent_chooses_among_a_few_times() -> None:
    found = [c.words for c in choices(SHOP, at("2026-11-25 10:00"), NL, "nl")]
    assert found == [
        "vandaag, woensdag 25 november, voor 21:00",
        "morgen, donderdag 26 november, voor 12:00",
        "morgen, donderdag 26 november, voor 21:00",
        "vrijdag 27 november, voor 21:00",
        "woensdag 2 december, voor 21:00",
    ]
    assert [c.words for c in choices(SHOP, at("2026-11-28 16:45"), EN, "en")] == [
        "Monday 30 November, before 12:00",
        "Monday 30 November, before 21:00",
        "Tuesday 1 December, before 21:00",
        "Saturday 5 December, before 17:00",
    ]


def test_choices_over_christmas_and_without_end() -> None:
    assert [shown(c.due_at) for c in choices(SHOP, at("2026-12-24 22:00"), NL, "nl")] == [
        "Sat 26 12:00", "Sat 26 17:00", "Mon 28 21:00", "Thu 31 21:00",
    ]  # fmt: skip
    assert shown(choices(OPEN_ALL_DAY, at("2026-11-25 10:00"), NL, "nl")[0].due_at) == "Wed 25 21:00"


@pytest.mark.parametrize(
    ("words", "nl", "en"),
    [
        (
            lambda said, language: until(SHOP, at("2026-11-26 17:00"), said, language),
            "donderdag 26 november 17:00",
            "Thursday 26 November, 17:00",
        ),
        (
            lambda said, language: between(SHOP, (at("2026-11-23 10:00"), at("2026-11-23 12:00")), said, language),
            "maandag 23 november tussen 10:00 en 12:00",
            "Monday 23 November between 10:00 and 12:00",
        ),
        (
            lambda said, language: before(SHOP, at("2026-11-23 12:00"), at("2026-11-22 23:50"), said, language),
            "morgen, maandag 23 november, voor 12:00",
            "tomorrow, Monday 23 November, before 12:00",
        ),
    ],
)
def test_times_read_as_people_say_them(words: Callable[..., str], nl: str, en: str) -> None:
    assert words(NL, "nl") == nl
    assert words(EN, "en") == en


def test_choices_are_worded_with_the_shops_own_texts(session: Session) -> None:
    found = promises.choices(session, at("2026-11-25 10:00"), "en")
    assert found[0].words == "today, Wednesday 25 November, before 21:00"
