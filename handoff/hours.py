"""Opening hours: what an admin fills in, and when that makes the desk open. Pure: no database, no clock of its own.

Times of day are the shop's own. Each happens when the clock there first reaches it: a time that is skipped in
spring when the clock jumps over it, a time that comes twice in autumn at its first coming.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

AHEAD = 400  # days that are looked through for the next opening; beyond it there is none
MAX_SPANS, MAX_HOLIDAYS, MAX_NAME = 6, 200, 80
MIDNIGHT = "24:00"
TYPED = re.compile(r"([0-9]{1,2})(?:[:.]?([0-9]{2}))?")
ZONE = "Europe/Amsterdam"
Opening = tuple[datetime, datetime]


def _time(value: object) -> str:
    """A time of day as "HH:MM"; "9:00", "9.00", "900" and "9" are taken as well: a phone's digits have no colon."""
    found = TYPED.fullmatch(value.strip()) if isinstance(value, str) else None
    hour, minute = (int(part or 0) for part in found.groups()) if found else (99, 0)
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise PydanticCustomError("time", "Fill in a time from 0:00 to 24:00, such as 9:00.")
    return f"{hour:02}:{minute:02}"


Time = Annotated[str, BeforeValidator(_time)]


def minutes(time: str) -> int:
    """The minutes since midnight of "HH:MM"."""
    return int(time[:2]) * 60 + int(time[3:])


class Span(BaseModel):
    """Open from one time of day to another, on one day. An end at 0:00 is that day's midnight, 24:00.

    Past midnight is refused: it takes a second span on the next day, so that a holiday is a whole day of the
    calendar and nobody has to guess whose night it was. The two together count as one opening.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    opens: Time
    closes: Time

    @model_validator(mode="after")
    def _forward(self) -> "Span":
        if self.closes == "00:00":
            object.__setattr__(self, "closes", MIDNIGHT)
        if minutes(self.closes) <= minutes(self.opens):
            raise PydanticCustomError(
                "backwards",
                "The end must come after the start. Open past midnight? End at 24:00 and begin the next day at 0:00.",
            )
        return self


def _apart(spans: list[Span]) -> list[Span]:
    """The spans of a day in order. They may touch, not overlap."""
    if len(spans) > MAX_SPANS:
        raise PydanticCustomError("spans", "A day can have {limit} times at most.", {"limit": MAX_SPANS})
    rows = sorted(range(len(spans)), key=lambda i: minutes(spans[i].opens))
    for one, two in pairwise(rows):
        if minutes(spans[two].opens) < minutes(spans[one].closes):
            at = {"opens": spans[two].opens, "closes": spans[one].closes, "row": max(one, two)}
            raise PydanticCustomError("overlap", "These times overlap: {opens} comes before {closes}.", at)
    return [spans[i] for i in rows]


Day = Annotated[list[Span], AfterValidator(_apart)]


def _name(value: object) -> object:
    """A name on one line, without what no database keeps."""
    if not isinstance(value, str):
        return value
    name = " ".join(value.replace("\x00", "").encode("utf-8", "ignore").decode().split())
    if not any(c.isprintable() for c in name):
        raise PydanticCustomError("name", "Give the holiday a name: customers read it.")
    if len(name) > MAX_NAME:
        raise PydanticCustomError("name_longer", "The name may have {limit} characters.", {"limit": MAX_NAME})
    return name


def _date(value: object) -> object:
    """A date, or its "YYYY-MM-DD"; within the years that a calendar is of use in."""
    try:
        day = date.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        day = None
    if isinstance(day, datetime) or not isinstance(day, date) or not 2000 <= day.year <= 2999:
        raise PydanticCustomError("date", "Fill in a date, such as 2026-12-25.")
    return day


class Holiday(BaseModel):
    """A day with hours of its own instead of its weekday's; none at all: closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Annotated[date, BeforeValidator(_date)]
    name: Annotated[str, BeforeValidator(_name)]
    spans: Day = Field(default_factory=list)


def _one_each(holidays: list[Holiday]) -> list[Holiday]:
    """The holidays by date, each date once."""
    if len(holidays) > MAX_HOLIDAYS:
        raise PydanticCustomError("holidays", "There can be {limit} holidays at most.", {"limit": MAX_HOLIDAYS})
    seen: dict[date, str] = {}
    for row, holiday in enumerate(holidays):
        if holiday.date in seen:
            about = {"name": seen[holiday.date], "row": row}
            raise PydanticCustomError("twice", "This date is there already: {name}.", about)
        seen[holiday.date] = holiday.name
    return sorted(holidays, key=lambda h: h.date)


@cache
def zones() -> frozenset[str]:
    """The IANA names of the time zones that this machine knows; looked up once, they lie in many files."""
    return frozenset(available_timezones())


def _known(zone: object) -> object:
    if not isinstance(zone, str) or zone not in zones():
        raise PydanticCustomError("zone", "This time zone is not known. Choose one from the list.")
    return zone


class Hours(BaseModel):
    """When the desk is open: spans by weekday from Monday, and holidays. Bad input: ValidationError in plain words.

    `type` of such an error is a key of the pages' words, its `ctx` holds the values and the `row` it is about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: Annotated[str, BeforeValidator(_known)] = ZONE
    week: list[Day] = Field(min_length=7, max_length=7)
    holidays: Annotated[list[Holiday], AfterValidator(_one_each)] = Field(default_factory=list)

    def spans_on(self, day: date) -> list[Span]:
        """The spans of a date: a holiday's own, else its weekday's."""
        holiday = self.holiday(day)
        return self.week[day.weekday()] if holiday is None else holiday.spans

    def holiday(self, day: date) -> Holiday | None:
        """The holiday on a date."""
        return next((h for h in self.holidays if h.date == day), None)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(UTC)


def _moment(day: date, time: str, zone: ZoneInfo) -> datetime:
    """The moment in UTC at which the clock in `zone` first reaches `time` on `day`."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes(time))
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # Skipped: the clock jumps over it between these two, so look for the jump.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (before, middle) if _wall(middle, zone) >= wall else (middle, after)
    return after


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def openings(hours: Hours, after: datetime, days: int = AHEAD) -> Iterator[Opening]:
    """The openings that end after `after`, in order, as (start, end) in UTC; touching spans are one opening.

    Looks `days` days ahead and a little more: an opening that goes on beyond that ends there. The start of one
    that is under way may be later than its real one, never later than `after`.
    """
    after, zone = _utc(after), ZoneInfo(hours.zone)
    first = after.astimezone(zone).date() - timedelta(days=1)
    found: Opening | None = None
    for start, end in _spans(hours, first, days + 3, zone):
        if end <= after or end <= start:
            continue
        if found and start <= found[1]:
            found = (found[0], end)
            continue
        if found:
            yield found
        found = (start, end)
    if found:
        yield found


def _spans(hours: Hours, first: date, days: int, zone: ZoneInfo) -> Iterator[Opening]:
    own = {h.date: h.spans for h in hours.holidays}
    for day in (first + timedelta(days=n) for n in range(days)):
        for span in own.get(day, hours.week[day.weekday()]):
            yield _moment(day, span.opens, zone), _moment(day, span.closes, zone)


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the desk is open at that moment. ValueError for a moment without a zone, as everywhere here."""
    at = _utc(at)
    return any(start <= at for start, _ in openings(hours, at, days=1))


def next_opening(hours: Hours, at: datetime) -> datetime | None:
    """The first moment after `at` at which it opens, in UTC; None where that is more than AHEAD days off."""
    at = _utc(at)
    starts = (start for start, _ in openings(hours, at) if start > at)
    return next((start for start in starts if start <= at + timedelta(days=AHEAD)), None)


def closes_at(hours: Hours, at: datetime) -> datetime | None:
    """When it closes, in UTC; None where it is closed at `at`, or stays open for AHEAD days and more."""
    at = _utc(at)
    start, end = next(openings(hours, at), (None, None))
    if start is None or end is None or start > at or end > at + timedelta(days=AHEAD):
        return None
    return end


def open_seconds_between(hours: Hours, a: datetime, b: datetime) -> int:
    """The whole seconds that it is open from `a` to `b`; 0 where `b` does not come after `a`."""
    a, b = _utc(a), _utc(b)
    days = max(0, (b - a).days) + 1
    spans = ((max(a, start), min(b, end)) for start, end in openings(hours, a, days))
    return int(sum(max(0.0, (end - start).total_seconds()) for start, end in spans))


def after_open_seconds(hours: Hours, start: datetime, seconds: float) -> datetime | None:
    """The moment in UTC at which it has been open for `seconds` since `start`; for 0 that is `start` itself.

    None where that takes more than AHEAD days. ValueError for less than 0 seconds.
    """
    at = _utc(start)
    if not seconds >= 0:
        raise ValueError("seconds cannot be negative")
    if seconds == 0:
        return at
    for opens, closes in openings(hours, at):
        lasts = (closes - max(at, opens)).total_seconds()
        if seconds <= lasts:
            return max(at, opens) + timedelta(seconds=seconds)
        seconds -= lasts
    return None
