"""When something can be promised, and how a promised time reads: in the shop's zone, within its opening hours.

An answer is promised for `ANSWER_S` of opening hours later; a call for a window of the next opening hours in which
not everybody is on the phone already. What is read later on ("by Thursday 26 November, 17:00") names no "tomorrow".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from handoff.hours import Hours, after_open_seconds, closes_at, is_open, minutes, openings
from handoff.hours_words import clock, dated, names
from handoff.texts import fill

ANSWER_S = 4 * 3600  # of opening hours, so long an answer may take
WINDOW = timedelta(hours=2)  # in which somebody calls
SHORTEST = timedelta(hours=1)  # what is left of an opening is a window as well, if it is as long as this
NOTICE = timedelta(minutes=30)  # between asking for a call and the first window
MOST_WINDOWS = 6
LOOK = 60  # days ahead for windows
CALLED_FROM, CALLED_UNTIL = "08:00", "21:00"  # nobody is called at night, however long the desk is open
NOON, LATEST = "12:00", "21:00"
Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Choice:
    """A time that an agent can promise with one click, in words."""

    due_at: datetime
    words: str


def answer_by(shop: Hours, at: datetime) -> datetime | None:
    """By when an answer can be promised, on the whole hour where the opening lasts; None where it never opens."""
    due = after_open_seconds(shop, at, ANSWER_S)
    if due is None:
        return None
    local = due.astimezone(ZoneInfo(shop.zone))
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    if not past:
        return due
    whole = due + timedelta(hours=1) - past
    end = closes_at(shop, due - timedelta(seconds=1))
    return whole if end is None else min(whole, end)


def windows(shop: Hours, at: datetime) -> Iterator[Window]:
    """The windows for calls in the next opening hours, in order, from `NOTICE` after `at`."""
    zone = ZoneInfo(shop.zone)
    for opens, closes in openings(shop, at, LOOK):
        start = opens
        while closes - start >= SHORTEST:
            end = min(start + WINDOW, closes)
            if start >= at + NOTICE and _by_day(start.astimezone(zone), end.astimezone(zone)):
                yield start, end
            start = end


def _by_day(start: datetime, end: datetime) -> bool:
    """Whether somebody may be called from then to then, the shop's own time."""
    from_, until = clock(start).zfill(5), clock(end).zfill(5)
    return start.date() == end.date() and CALLED_FROM <= from_ and until <= CALLED_UNTIL


def choices(shop: Hours, at: datetime, said: Mapping[str, str], language: str) -> list[Choice]:
    """What an agent can promise with one click: before closing today, noon and closing of the next day that it is
    open, closing two such days on, and a week from now; what cannot be kept is left out."""
    here = at.astimezone(ZoneInfo(shop.zone))
    days = list(islice(_open_days(shop, here.date() + timedelta(days=1)), 2))
    week = next(_open_days(shop, here.date() + timedelta(days=7)), None)
    found = [_end_of(shop, here.date())]
    if days:
        found += [_noon_of(shop, days[0]), _end_of(shop, days[0])]
    found += [_end_of(shop, day) for day in [*days[1:], week] if day]
    later = sorted({due for due in found if due and due >= at + NOTICE})
    return [Choice(due, before(shop, due, at, said, language)) for due in later]


def _open_days(shop: Hours, first: date) -> Iterator[date]:
    for day in (first + timedelta(days=n) for n in range(LOOK)):
        if shop.spans_on(day):
            yield day


def _end_of(shop: Hours, day: date) -> datetime | None:
    """When it closes on that day, no later than `LATEST`; None where it is not open before."""
    spans = [s for s in shop.spans_on(day) if minutes(s.opens) < minutes(LATEST)]
    return _at(shop, day, min(minutes(spans[-1].closes), minutes(LATEST))) if spans else None


def _noon_of(shop: Hours, day: date) -> datetime | None:
    noon = _at(shop, day, minutes(NOON))
    return noon if is_open(shop, noon - timedelta(minutes=1)) else None


def _at(shop: Hours, day: date, minute: int) -> datetime:
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(shop.zone))
    return wall.astimezone(ZoneInfo("UTC"))


def before(shop: Hours, due: datetime, at: datetime, said: Mapping[str, str], language: str) -> str:
    """A time to choose, as in "tomorrow, Monday 23 November, before 12:00"."""
    local = due.astimezone(ZoneInfo(shop.zone))
    return fill(said["promise.before"], day=_near(local, at, said, language), time=clock(local))


def between(shop: Hours, window: Window, said: Mapping[str, str], language: str) -> str:
    """A window, as in "Monday 23 November between 10:00 and 12:00"."""
    start, end = (moment.astimezone(ZoneInfo(shop.zone)) for moment in window)
    return fill(said["promise.between"], day=_day(start, said, language), start=clock(start), end=clock(end))


def until(shop: Hours, due: datetime, said: Mapping[str, str], language: str) -> str:
    """A time as it can be read later on, as in "Thursday 26 November 17:00"."""
    local = due.astimezone(ZoneInfo(shop.zone))
    return fill(said["promise.until"], day=_day(local, said, language), time=clock(local))


def _day(local: datetime, said: Mapping[str, str], language: str) -> str:
    day = names(said, language, "days")[local.weekday()]
    return fill(said["promise.day"], day=day, date=dated(local.date(), said, language))


def _near(local: datetime, at: datetime, said: Mapping[str, str], language: str) -> str:
    """The day, with "today" or "tomorrow" before it where it is."""
    away = (local.date() - at.astimezone(local.tzinfo).date()).days
    day = _day(local, said, language)
    return fill(said["promise.today" if away == 0 else "promise.tomorrow"], day=day) if away in (0, 1) else day
