"""Opening hours: what may be filled in, when that is open by cases worked out by hand, and what a customer reads."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from handoff.hours import (
    MAX_HOLIDAYS,
    Hours,
    after_open_seconds,
    closes_at,
    is_open,
    next_opening,
    open_seconds_between,
)
from handoff.hours_words import words
from handoff.shop_settings import PROPOSED_HOURS
from handoff.texts import shipped

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def span(opens: str, closes: str) -> dict[str, str]:
    return {"opens": opens, "closes": closes}


def made(week: list[Any] | None = None, *holidays: dict[str, Any], zone: str = "Europe/Amsterdam") -> Hours:
    days = [[span("9:00", "17:00")]] * 5 + [[], []] if week is None else week
    return Hours.model_validate({"zone": zone, "week": days, "holidays": list(holidays)})


def here(text: str, fold: int = 0) -> datetime:
    """A time on the clock in Amsterdam. In UTC: Python finds moments of a repeated hour unequal across zones."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM, fold=fold).astimezone(UTC)


# -- What may be filled in


def test_times_are_taken_as_people_type_them() -> None:
    hours = made([[span("9", "12.30"), span("1330", "0:00")], [span("00:00", "24:00")], *[[]] * 5])
    assert hours.model_dump(mode="json")["week"][:2] == [
        [span("09:00", "12:30"), span("13:30", "24:00")],
        [span("00:00", "24:00")],
    ]
    assert Hours.model_validate(hours.model_dump(mode="json")) == hours


def test_days_and_holidays_are_put_in_order() -> None:
    later, first = {"date": "2026-12-26", "name": "b"}, {"date": "2026-12-25", "name": " Kerst \n 🎄\x00 "}
    hours = made([[span("13:00", "17:00"), span("9:00", "13:00")], *[[]] * 6], later, first)
    assert [s.opens for s in hours.week[0]] == ["09:00", "13:00"]
    assert [(h.date, h.name) for h in hours.holidays] == [(date(2026, 12, 25), "Kerst 🎄"), (date(2026, 12, 26), "b")]


BAD_TIMES = ["", "x", "25:00", "24:01", "9:60", "-1:00", "9:5", "٩:00", "9:00:00", "9:00 PM", "09:00\x00", "🕘",
             None, 9, 9.5, ["9:00"], "9" * 5000]  # fmt: skip


@pytest.mark.parametrize("time", BAD_TIMES)
def test_what_is_no_time_is_refused_at_its_place(time: Any) -> None:
    with pytest.raises(ValidationError, match="Fill in a time from 0:00 to 24:00") as caught:
        made([[], [{"opens": "9:00", "closes": time}], *[[]] * 5])
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"]) == ("time", ("week", 1, 0, "closes"))


@pytest.mark.parametrize(
    ("spans", "kind", "said"),
    [
        ([span("17:00", "9:00")], "backwards", "end must come after the start"),
        ([span("22:00", "2:00")], "backwards", "begin the next day at 0:00"),
        ([span("9:00", "9:00")], "backwards", "end must come after the start"),
        ([span("24:00", "24:00")], "backwards", "end must come after the start"),
        ([span("9:00", "12:01"), span("12:00", "17:00")], "overlap", "12:00 comes before 12:01"),
        ([span("9:00", "17:00"), span("9:00", "17:00")], "overlap", "These times overlap"),
        ([span("13:00", "17:00"), span("9:00", "14:00")], "overlap", "13:00 comes before 14:00"),
        ([span(f"{h}:00", f"{h}:30") for h in range(7)], "spans", "6 times at most"),
    ],
)
def test_days_that_cannot_be_are_refused_in_plain_words(spans: list[Any], kind: str, said: str) -> None:
    for days in ([[], spans, *[[]] * 5], None):
        holidays = [] if days else [{"date": "2026-12-25", "name": "Kerst", "spans": spans}]
        with pytest.raises(ValidationError, match=said) as caught:
            made(days, *holidays)
        assert caught.value.errors()[0]["type"] == kind


BAD_ZONES = ["", "Europe/Amsterdm", "../../etc/passwd", "Europe", "\x00", "😀", None, 5, "x" * 9999]


@pytest.mark.parametrize("zone", BAD_ZONES)
def test_unknown_time_zones_are_refused(zone: Any) -> None:
    with pytest.raises(ValidationError, match="time zone is not known"):
        made(zone=zone)


@pytest.mark.parametrize(
    ("holiday", "kind"),
    [
        ({"date": "2026-02-30", "name": "x"}, "date"),
        ({"date": "", "name": "x"}, "date"),
        ({"date": "25-12-2026", "name": "x"}, "date"),
        ({"date": "0001-01-01", "name": "x"}, "date"),
        ({"date": "9999-12-31", "name": "x"}, "date"),
        ({"date": 20261225, "name": "x"}, "date"),
        ({"date": None, "name": "x"}, "date"),
        ({"date": "2026-12-25", "name": " \u200b\x00 "}, "name"),
        ({"date": "2026-12-25", "name": "x" * 81}, "name_longer"),
        ({"date": "2026-12-25", "name": 5}, "string_type"),
        ({"date": "2026-12-25"}, "missing"),
        ({"date": "2026-12-25", "name": "x", "open": True}, "extra_forbidden"),
    ],
)
def test_holidays_that_cannot_be_are_refused(holiday: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(None, holiday)
    assert caught.value.errors()[0]["type"] == kind


def test_the_same_holiday_twice_and_too_many_are_refused() -> None:
    one = {"date": "2026-12-25", "name": "Kerst"}
    with pytest.raises(ValidationError, match="This date is there already: Kerst") as caught:
        made(None, one, {"date": "2026-12-26", "name": "b"}, one | {"name": "Nog eens"})
    assert caught.value.errors()[0]["ctx"]["row"] == 2
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(MAX_HOLIDAYS + 1)]
    many = [{"date": day.isoformat(), "name": "x"} for day in days]
    assert len(made(None, *many[:-1]).holidays) == MAX_HOLIDAYS
    with pytest.raises(ValidationError, match="200 holidays at most"):
        made(None, *many)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"week": []}, {"week": [[]] * 8}, {"week": [[]] * 6 + [5]},
                                   {"week": [[]] * 7, "more": 1}])  # fmt: skip
def test_what_are_no_hours_are_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate(value)


# -- When that is open: some cases by hand


def test_an_ordinary_week() -> None:
    hours = made()
    friday, monday = here("2026-11-20T17:00"), here("2026-11-23T09:00")
    assert not is_open(hours, here("2026-11-20T08:59:59"))
    assert is_open(hours, here("2026-11-20T09:00"))
    assert is_open(hours, here("2026-11-20T16:59:59"))
    assert not is_open(hours, friday)
    assert closes_at(hours, here("2026-11-20T12:00")) == friday
    assert closes_at(hours, friday) is None
    assert next_opening(hours, here("2026-11-20T12:00")) == next_opening(hours, friday) == monday
    assert next_opening(hours, monday) == monday + timedelta(days=1)


def test_a_promise_waits_across_the_night_and_the_weekend() -> None:
    hours = made()
    assert after_open_seconds(hours, here("2026-11-20T16:00"), 8 * 3600) == here("2026-11-23T16:00")
    assert after_open_seconds(hours, here("2026-11-21T12:00"), 1) == here("2026-11-23T09:00:01")
    assert after_open_seconds(hours, here("2026-11-20T16:00"), 3600) == here("2026-11-20T17:00")
    assert after_open_seconds(hours, here("2026-11-21T12:00"), 0) == here("2026-11-21T12:00")
    assert open_seconds_between(hours, here("2026-11-20T16:00"), here("2026-11-23T16:00")) == 8 * 3600


def test_holidays_have_their_own_hours() -> None:
    eve = {"date": "2026-12-24", "name": "Kerstavond", "spans": [span("9:00", "13:00")]}
    sunday = {"date": "2026-12-27", "name": "Koopzondag", "spans": [span("12:00", "17:00")]}
    hours = made(None, eve, {"date": "2026-12-25", "name": "Kerst"}, sunday)
    assert closes_at(hours, here("2026-12-24T12:00")) == here("2026-12-24T13:00")
    assert not is_open(hours, here("2026-12-25T12:00"))
    assert next_opening(hours, here("2026-12-24T13:00")) == here("2026-12-27T12:00")


def test_past_midnight_is_one_opening() -> None:
    hours = made([[span("22:00", "24:00")], [span("0:00", "2:00")], *[[]] * 5])
    night = here("2026-11-23T23:00")
    assert closes_at(hours, night) == here("2026-11-24T02:00")
    assert next_opening(hours, night) == here("2026-11-30T22:00")
    assert is_open(hours, here("2026-11-24T00:00"))
    assert open_seconds_between(hours, night, here("2026-11-25T00:00")) == 3 * 3600


def test_across_the_clock_change() -> None:
    hours = made([[span("1:00", "4:00")]] * 7)
    spring, autumn = here("2027-03-28T00:00"), here("2026-10-25T00:00")
    assert open_seconds_between(hours, spring, spring + timedelta(days=1)) == 2 * 3600
    assert open_seconds_between(hours, autumn, autumn + timedelta(days=1)) == 4 * 3600
    assert after_open_seconds(hours, spring, 3600) == datetime(2027, 3, 28, 1, tzinfo=UTC)
    days = made([[span("9:00", "21:00")]] * 7)
    assert after_open_seconds(days, here("2026-10-24T20:00"), 2 * 3600) == here("2026-10-25T10:00")
    assert open_seconds_between(days, here("2026-10-24T20:00"), here("2026-10-25T10:00")) == 2 * 3600


def test_a_time_that_is_skipped_comes_when_the_clock_jumps_and_one_that_repeats_comes_first() -> None:
    gap, twice = made([[span("2:15", "2:45")]] * 7), made([[span("2:30", "4:00")]] * 7)
    assert next_opening(gap, here("2027-03-28T00:00")) == here("2027-03-29T02:15")
    late = made([[span("2:30", "4:00")]] * 7)
    assert next_opening(late, here("2027-03-28T00:00")) == here("2027-03-28T03:00")
    assert next_opening(twice, here("2026-10-25T00:00")) == here("2026-10-25T02:30")
    assert is_open(twice, here("2026-10-25T02:10", fold=1))


def test_a_day_that_a_country_skipped_has_no_hours() -> None:
    hours = made([[span("0:00", "24:00")]] * 7, zone="Pacific/Apia")
    day = datetime(2011, 12, 29, 10, tzinfo=UTC)
    assert open_seconds_between(hours, day - timedelta(days=1), day + timedelta(days=1)) == 2 * 24 * 3600
    friday = made([[], [], [], [], [span("9:00", "17:00")], [], []], zone="Pacific/Apia")
    assert next_opening(friday, day - timedelta(days=3)) == datetime(2012, 1, 5, 19, tzinfo=UTC)


def test_never_and_always() -> None:
    at = here("2026-11-22T12:00")
    never, always = made([[]] * 7), made([[span("0:00", "24:00")]] * 7)
    assert (is_open(never, at), next_opening(never, at), closes_at(never, at)) == (False, None, None)
    assert after_open_seconds(never, at, 1) is None
    assert (is_open(always, at), next_opening(always, at), closes_at(always, at)) == (True, None, None)
    assert after_open_seconds(always, at, 1e6) == at + timedelta(seconds=1e6)
    assert after_open_seconds(always, at, 1e12) is None
    assert open_seconds_between(always, at, at + timedelta(days=3000)) == 3000 * 24 * 3600
    once = made([[]] * 7, {"date": "2026-12-25", "name": "Open!", "spans": [span("9:00", "10:00")]})
    assert next_opening(once, at) == here("2026-12-25T09:00")
    assert next_opening(once, here("2026-12-25T09:00")) is None


def test_moments_without_a_zone_and_negative_waits_are_refused() -> None:
    naive, at = datetime(2026, 11, 22), here("2026-11-22T12:00")
    for ask in (is_open, next_opening, closes_at):
        with pytest.raises(ValueError, match="needs a time zone"):
            ask(made(), naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        open_seconds_between(made(), at, naive)
    for bad in (-1, float("nan")):
        with pytest.raises(ValueError, match="cannot be negative"):
            after_open_seconds(made(), at, bad)
    assert open_seconds_between(made(), at, at - timedelta(days=9)) == 0


# -- What a customer reads

CHRISTMAS = {"date": "2026-12-25", "name": "Kerst 🎄 {time}"}
SHOP = made(
    [[span("9:00", "22:00")]] * 5 + [[span("10:00", "24:00")], []],
    CHRISTMAS,
    *({"date": f"2027-01-{n:02}", "name": "Inventaris"} for n in range(1, 11)),
)


@pytest.mark.parametrize(
    ("at", "dutch", "english"),
    [
        ("2026-11-20T12:00", "We zijn er tot 22:00.", "We're here until 22:00."),
        ("2026-11-21T12:00", "We zijn er tot middernacht.", "We're here until midnight."),
        ("2026-11-20T06:00", "We zijn er vandaag vanaf 9:00.", "We're here today from 9:00."),
        ("2026-11-20T22:00", "Vanaf morgen 10:00 zijn we er weer.", "We're back tomorrow at 10:00."),
        ("2026-11-22T12:00", "Vanaf morgen 9:00 zijn we er weer.", "We're back tomorrow at 9:00."),
        ("2026-12-24T22:30", "Vanaf zaterdag 10:00 zijn we er weer.", "We're back on Saturday at 10:00."),
        (
            "2026-12-25T12:00",
            "Vandaag gesloten: Kerst 🎄 {time}. Vanaf morgen 10:00 zijn we er weer.",
            "Closed today: Kerst 🎄 {time}. We're back tomorrow at 10:00.",
        ),
        (
            "2026-12-31T22:00",
            "Vanaf maandag 11 januari, 9:00 zijn we er weer.",
            "We're back on Monday 11 January at 9:00.",
        ),
    ],
)
def test_words(at: str, dutch: str, english: str) -> None:
    assert words(SHOP, here(at), "nl") == dutch
    assert words(SHOP, here(at), "en") == english


def test_words_where_there_is_no_end_or_no_beginning() -> None:
    at = here("2026-11-22T12:00")
    assert words(made([[]] * 7), at, "nl") == "We zijn er nu niet."
    assert words(made([[span("0:00", "24:00")]] * 7), at, "nl") == "We zijn er nu."
    assert words(made([[span("0:00", "24:00")]] * 5 + [[], []]), here("2026-11-23T12:00"), "en") == "We're here now."
    assert words(made(), at.astimezone(ZoneInfo("Asia/Tokyo")), "nl") == "Vanaf morgen 9:00 zijn we er weer."


def test_words_are_the_editors_own() -> None:
    at = here("2026-11-20T22:00")
    texts = shipped("nl") | {"hours.day": "Kom {day} om {time}!", "hours.days": "ma,di,wo,do,vr,za,zo"}
    assert words(made(), at, "nl", texts) == "Kom ma om 9:00!"
    assert words(made(), at, "nl", texts | {"hours.days": "ma,di"}) == "Kom maandag om 9:00!"


def test_the_default_hours() -> None:
    hours = Hours.model_validate(PROPOSED_HOURS)
    assert hours.model_dump(mode="json") == PROPOSED_HOURS
    assert words(hours, here("2026-11-20T20:00"), "nl") == "We zijn er tot 21:00."
    assert words(hours, here("2026-11-21T18:00"), "nl") == "Vanaf maandag 9:00 zijn we er weer."
