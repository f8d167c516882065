"""What the settings' pages show: how two values of a setting differ, in words, and the history of changes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from handoff import shop_settings
from handoff.hours import Hours, Span
from handoff.hours_words import dated, names
from handoff.models import Change
from handoff.texts import shipped
from handoff.web import changes_view, people_view
from handoff.web.hours_form import shown
from handoff.web.rendering import Page

PAGE = 30
MOST, LONGEST = 60, 300  # lines of a change that are shown, and characters of a line's value
REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
Lines = dict[str, str]


@dataclass(frozen=True)
class Difference:
    """A line of a setting that differs; one side is empty where there is no such line."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeView:
    """A change in the history: of what, by whom, when, and how the values differ; `more` were left out."""

    what: str
    by: str
    at: datetime
    differences: list[Difference]
    more: int = 0


@dataclass(frozen=True)
class HistoryView:
    """A page of the history. `things` can be filtered by; `next` is the number that the next page begins after."""

    changes: list[ChangeView]
    things: list[str]
    what: str
    next: int | None


def history_view(session: Session, page: Page, what: str, after: int | None) -> HistoryView:
    """A page of the history, of one thing or of all."""
    found = shop_settings.changes(session, what, after, PAGE + 1)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    shown = [change_view(session, page, row) for row in found[:PAGE]]
    return HistoryView(shown, shop_settings.changed_things(session), what, more)


def change_view(session: Session, page: Page, row: Change) -> ChangeView:
    """One change in words."""
    both = (people_view.named(session, row.what, value) for value in (row.before, row.after))
    found = differences(page, row.what, *both)
    return ChangeView(row.what, row.by, row.at, found[:MOST], max(0, len(found) - MOST))


def differences(page: Page, what: str, before: Any, after: Any) -> list[Difference]:
    """The lines in which two values of a setting differ, in the page's language."""
    old, new = lines(page, what, before), lines(page, what, after)
    labels = list(new) + [label for label in old if label not in new]
    found = [Difference(label, old.get(label, ""), new.get(label, "")) for label in labels]
    return [d for d in found if d.before != d.after]


def lines(page: Page, what: str, value: Any) -> Lines:
    """A value as lines of words by label; one that its setting cannot read as it lies there."""
    try:
        return IN_WORDS.get(what, _plain)(page, value)
    except (ValidationError, TypeError, ValueError):
        return _plain(page, value)


def _plain(page: Page, value: Any) -> Lines:
    found = _flat(value, page.t("settings.value")) if not isinstance(value, dict) else _flat(value)
    return {label: text if len(text) <= LONGEST else text[: LONGEST - 1] + "…" for label, text in found.items()}


def _flat(value: Any, label: str = "") -> Lines:
    """Any JSON, one line for each value in it, labelled by the way there."""
    if isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        value = {str(n + 1): v for n, v in enumerate(value)}
    if isinstance(value, dict):
        found: Lines = {}
        for key, v in value.items():
            found |= _flat(v, f"{label} › {key}" if label else str(key))
        return found
    if isinstance(value, list):
        return {label: ", ".join(str(v) for v in value)}
    return {} if value is None else {label: value if isinstance(value, str) else json.dumps(value)}


def _hours(page: Page, value: Any) -> Lines:
    if value is None:
        return {}
    hours, words = Hours.model_validate(value), shipped(page.language)
    found = {page.t("hours.zone"): hours.zone}
    for day, spans in zip(names(words, page.language, "days"), hours.week, strict=True):
        found[day] = _spans(page, spans)
    for holiday in hours.holidays:
        label = f"{dated(holiday.date, words, page.language)} {holiday.date.year}"
        found[label] = f"{holiday.name}: {_spans(page, holiday.spans)}"
    return found


def _spans(page: Page, spans: list[Span]) -> str:
    return ", ".join(f"{shown(s.opens)}–{shown(s.closes)}" for s in spans) or page.t("hours.closed")


def _wait_limit(page: Page, value: Any) -> Lines:
    return {} if value is None else {page.t("hours.wait"): page.t("hours.minutes", count=round(int(value) / 60))}


IN_WORDS: dict[str, Callable[[Page, Any], Lines]] = {
    shop_settings.HOURS: _hours,
    shop_settings.WAIT_LIMIT: _wait_limit,
    **people_view.IN_WORDS,
    **changes_view.IN_WORDS,
}


def zone_choices(known: frozenset[str], chosen: str) -> list[str]:
    """The time zones to choose from: places by continent, UTC, and the one that is chosen."""
    places = {zone for zone in known if zone.startswith(REGIONS)} | {"UTC"}
    return sorted(places | ({chosen} & known))
