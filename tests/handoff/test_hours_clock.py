"""Opening hours against a clock that is read minute by minute, in zones whose clocks change in different ways."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.hours import (
    Hours,
    after_open_seconds,
    closes_at,
    is_open,
    minutes,
    next_opening,
    open_seconds_between,
)

from .test_hours import made, span

MINUTE = timedelta(minutes=1)
# Gaps and repeats at night, at midnight (Cairo, Havana, Beirut), of half an hour (Lord Howe), and none at all.
ZONES = ["Europe/Amsterdam", "Africa/Cairo", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe",
         "America/St_Johns", "Asia/Kathmandu", "UTC"]  # fmt: skip


@cache
def clock(zone: str, start: datetime) -> list[tuple[date, int]]:
    """What the clock in `zone` shows, date and minutes, each minute for eight days; set back, it stands still."""
    found, furthest = [], datetime.min
    for n in range(-2 * 1440, 8 * 1440):
        furthest = max(furthest, (start + n * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        found.append((furthest.date(), furthest.hour * 60 + furthest.minute))
    return found[2 * 1440 :]


def minute_by_minute(hours: Hours, start: datetime) -> list[bool]:
    """Whether it is open in each minute."""
    shown = clock(hours.zone, start)
    spans = {day: [(minutes(s.opens), minutes(s.closes)) for s in hours.spans_on(day)] for day, _ in shown}
    return [any(a <= time < b for a, b in spans[day]) for day, time in shown]


quarter = st.integers(0, 96).map(lambda n: n * 15)


@st.composite
def days(draw: st.DrawFn) -> list[dict[str, str]]:
    marks = sorted(draw(st.lists(quarter, max_size=6, unique=True)))
    spans = [span(f"{a // 60}:{a % 60:02}", f"{b // 60}:{b % 60:02}") for a, b in pairwise(marks)]
    return [s for s in spans if draw(st.booleans())]


# Days on which clocks change in some of the zones, and others.
STARTS = [date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 4, 23), date(2026, 10, 3),
          date(2026, 10, 24), date(2026, 10, 29), date(2026, 11, 1), date(2010, 11, 6), date(2027, 3, 27),
          date(2026, 12, 30)]  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, datetime]:
    start = draw(st.sampled_from(STARTS))
    holidays = draw(st.lists(st.integers(-1, 4), max_size=2, unique=True))
    named = [
        {"date": (start + timedelta(days=n)).isoformat(), "name": "x", "spans": draw(days())} for n in holidays
    ]
    hours = made([draw(days()) for _ in range(7)], *named, zone=draw(st.sampled_from(ZONES)))
    return hours, datetime(start.year, start.month, start.day, tzinfo=UTC)


@settings(max_examples=40, deadline=None)
@given(cases(), st.lists(st.integers(0, 4 * 1440 - 1), min_size=4, max_size=12))
def test_it_is_open_when_the_clock_says_so(case: tuple[Hours, datetime], picks: list[int]) -> None:
    hours, start = case
    flags = minute_by_minute(hours, start)
    for n in [*picks, *(i for i in range(1, 4 * 1440) if flags[i] != flags[i - 1])]:
        at = start + n * MINUTE
        assert is_open(hours, at) == flags[n], at
        end = next((i for i in range(n, len(flags)) if not flags[i]), None)
        if flags[n] and end is not None:
            assert closes_at(hours, at) == start + end * MINUTE
        starts = (i for i in range(n + 1, len(flags)) if flags[i] and not flags[i - 1])
        begin = next(starts, None)
        if begin is not None:
            assert next_opening(hours, at) == start + begin * MINUTE


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 2 * 1440), st.integers(0, 5 * 1440), st.integers(0, 2000))
def test_open_time_adds_up(case: tuple[Hours, datetime], a: int, lasts: int, wanted: int) -> None:
    hours, start = case
    flags = minute_by_minute(hours, start)
    begin, end = start + a * MINUTE, start + (a + lasts) * MINUTE
    assert open_seconds_between(hours, begin, end) == 60 * sum(flags[a : a + lasts])

    found, passed = after_open_seconds(hours, begin, 60 * wanted), 0
    for i in range(a, len(flags)):
        if passed == wanted:
            assert found == start + i * MINUTE
            return
        passed += flags[i]
    assert found is None or found >= start + (len(flags) - 1) * MINUTE


@settings(max_examples=40, deadline=None)
@given(cases(), st.floats(0, 1e6), st.integers(0, 8 * 24 * 3600))
def test_a_promise_is_due_after_exactly_so_much_open_time(
    case: tuple[Hours, datetime], seconds: float, offset: int
) -> None:
    hours, start = case[0], case[1] + timedelta(seconds=offset)
    due = after_open_seconds(hours, start, int(seconds))
    if due is not None:
        assert due >= start
        assert open_seconds_between(hours, start, due) == int(seconds)
        if seconds >= 1:
            assert open_seconds_between(hours, start, due - timedelta(seconds=1)) == int(seconds) - 1
