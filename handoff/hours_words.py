"""The opening hours as a customer reads them: one or two short sentences about now and what comes next."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff.hours import Hours, closes_at, is_open, next_opening
from handoff.texts import fill, shipped

LONG = timedelta(hours=24)  # "until" with a time of day means the coming one
NAMES = {"days": 7, "months": 12}


def words(hours: Hours, at: datetime, language: str, texts: Mapping[str, str] | None = None) -> str:
    """What a customer reads at that moment, in the shop's own time: open until when, or from when again.

    `texts` are the texts of the language by key, where editors changed some; the shipped ones without them.
    """
    texts = shipped(language) if texts is None else texts
    here = at.astimezone(ZoneInfo(hours.zone))
    if is_open(hours, at):
        return _open(hours, here, texts)
    holiday = hours.holiday(here.date())
    today = fill(texts["hours.holiday"], name=holiday.name) if holiday and not holiday.spans else ""
    return f"{today} {_again(hours, here, language, texts)}".strip()


def _open(hours: Hours, here: datetime, texts: Mapping[str, str]) -> str:
    end = closes_at(hours, here)
    if end is None or end > here + LONG:
        return texts["hours.now"]
    local = end.astimezone(here.tzinfo)
    time = texts["hours.midnight"] if (local.hour, local.minute) == (0, 0) else clock(local)
    return fill(texts["hours.until"], time=time)


def _again(hours: Hours, here: datetime, language: str, texts: Mapping[str, str]) -> str:
    """The sentence on the next opening."""
    start = next_opening(hours, here)
    if start is None:
        return texts["hours.closed"]
    local = start.astimezone(here.tzinfo)
    away = (local.date() - here.date()).days
    if away in (0, 1):
        return fill(texts["hours.today" if away == 0 else "hours.tomorrow"], time=clock(local))
    day = names(texts, language, "days")[local.weekday()]
    key = "hours.day" if away < 7 else "hours.date"
    return fill(texts[key], day=day, date=dated(local.date(), texts, language), time=clock(local))


def clock(local: datetime) -> str:
    """A time of day, such as 9:00 or 22:30."""
    return f"{local.hour}:{local.minute:02}"


def dated(day: date, texts: Mapping[str, str], language: str) -> str:
    """A date without its year, such as "4 januari"."""
    return f"{day.day} {names(texts, language, 'months')[day.month - 1]}"


def names(texts: Mapping[str, str], language: str, what: str) -> list[str]:
    """The names of the "days" from Monday, or of the "months"; the shipped ones where an editor lost one, or a
    file of texts."""
    for text in (texts[f"hours.{what}"], shipped(language)[f"hours.{what}"], shipped("en")[f"hours.{what}"]):
        found = [name.strip() for name in text.split(",")]
        if len(found) == NAMES[what] and all(found):
            break
    return found
