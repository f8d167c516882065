"""The form of the opening hours: what stands in its fields, the edits its buttons make, and what is wrong with it."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData

from handoff.hours import Hours, Span
from handoff.shop_settings import MAX_WAIT_LIMIT_S, MIN_WAIT_LIMIT_S
from handoff.web.rendering import Page

MAX_FIELDS = 5000
MAX_ROWS = 400  # holidays in a form; more are refused by the hours themselves
WORKDAYS = 5
Row = tuple[str, str]


@dataclass
class DayForm:
    """The times of a weekday or a holiday. `key` is d0 for Monday … d6, or h0 … for the holidays."""

    key: str
    spans: list[Row] = field(default_factory=list)
    closed: bool = False
    date: str = ""
    name: str = ""

    def filled(self) -> list[int]:
        """The rows in which something stands; none for a closed day."""
        return [] if self.closed else [i for i, span in enumerate(self.spans) if any(span)]

    def value(self) -> list[dict[str, str]]:
        """The times as `Hours` takes them."""
        return [{"opens": self.spans[i][0], "closes": self.spans[i][1]} for i in self.filled()]


@dataclass
class HoursForm:
    """Every field of the page, and the button `do` that was pressed.

    `errors` are words by the id of the field; `focus` is the id where typing goes on.
    """

    zone: str
    week: list[DayForm]
    holidays: list[DayForm]
    wait: str
    revision: int = 0
    wait_revision: int = 0
    do: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""

    def value(self) -> dict[str, Any]:
        """What stands there, as `Hours` takes it."""
        holidays = [{"date": h.date, "name": h.name, "spans": h.value()} for h in self.holidays]
        return {"zone": self.zone, "week": [d.value() for d in self.week], "holidays": holidays}


def form_of(hours: Hours, wait_s: int) -> HoursForm:
    """The fields as hours and longest wait are. A closed day has a row ready for when it opens."""
    week = [_day(f"d{n}", spans) for n, spans in enumerate(hours.week)]
    holidays = [_day(f"h{n}", h.spans, h.date.isoformat(), h.name) for n, h in enumerate(hours.holidays)]
    return HoursForm(hours.zone, week, holidays, str(round(wait_s / 60)))


def _day(key: str, spans: list[Span], date: str = "", name: str = "") -> DayForm:
    rows = [(shown(s.opens), shown(s.closes)) for s in spans]
    return DayForm(key, rows or [("", "")], not spans, date, name)


def shown(time: str) -> str:
    """A time of day as people write it, 9:00 for 09:00."""
    return time.removeprefix("0")


def typed(data: FormData) -> HoursForm:
    """The fields as they were sent; what is missing is empty."""
    week = [_typed_day(data, f"d{n}", f"d{n}") for n in range(7)]
    sent = [v for v in data.getlist("holiday") if isinstance(v, str)][:MAX_ROWS]
    holidays = [_typed_day(data, f"h{row}", f"h{n}") for n, row in enumerate(sent)]
    return HoursForm(
        zone=_text(data, "zone"),
        week=week,
        holidays=holidays,
        wait=_text(data, "wait"),
        revision=_number(_text(data, "revision")),
        wait_revision=_number(_text(data, "wait_revision")),
        do=_text(data, "do"),
    )


def _typed_day(data: FormData, sent: str, key: str) -> DayForm:
    opens, closes = ([_clean(v) for v in data.getlist(f"{name}-{sent}")] for name in ("opens", "closes"))
    rows = [(a, b) for a, b in zip(opens, closes, strict=False)]
    closed = f"closed-{sent}" in data
    return DayForm(key, rows or [("", "")], closed, _text(data, f"date-{sent}"), _text(data, f"name-{sent}"))


def _text(data: FormData, name: str) -> str:
    return _clean(data.get(name))


def _clean(value: object) -> str:
    return value.strip().replace("\x00", "")[:500] if isinstance(value, str) else ""


def _number(text: str) -> int:
    """A revision; -1, which none has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def edited(form: HoursForm) -> HoursForm:
    """The form after a press of one of its buttons; an unknown one changes nothing."""
    what, _, key = form.do.partition("-")
    key, _, row = key.partition("-")
    day = next((d for d in [*form.week, *form.holidays] if d.key == key), None)
    if what == "copy":
        _copy_monday(form)
    elif what == "holiday":
        form.holidays.append(DayForm(f"h{len(form.holidays)}", [("", "")], closed=True))
        form.focus = f"date-{form.holidays[-1].key}"
    elif what == "forget" and day in form.holidays:
        form.holidays.remove(day)
        for n, left in enumerate(form.holidays):
            left.key = f"h{n}"
        form.focus = "holiday"
    elif what == "add" and day:
        day.spans, day.closed = [*day.spans, ("", "")], False
        form.focus = f"opens-{day.key}-{len(day.spans) - 1}"
    elif what == "drop" and day and 0 <= _number(row) < len(day.spans):
        day.spans = [span for n, span in enumerate(day.spans) if n != _number(row)] or [("", "")]
        form.focus = f"add-{day.key}"
    return form


def _copy_monday(form: HoursForm) -> None:
    monday = form.week[0]
    for day in form.week[1:WORKDAYS]:
        day.spans, day.closed = list(monday.spans), monday.closed
    form.focus = "copy"


def checked(form: HoursForm, page: Page) -> tuple[Hours, int] | None:
    """The hours and the longest wait in seconds; None where something is wrong, which `form.errors` then says."""
    form.errors = {f"opens-{d.key}-0": page.t("hours.wrong_none") for d in _without_times(form)}
    hours: Hours | None = None
    try:
        hours = Hours.model_validate(form.value())
    except ValidationError as error:
        for one in error.errors():
            key = _field(form, one)
            form.errors.setdefault(key, page.t(f"hours.wrong_{one['type']}", **one.get("ctx", {})))
    wait = _wait_s(form.wait)
    if wait is None:
        form.errors["wait"] = page.t("hours.wrong_wait")
    if hours is None or wait is None or form.errors:
        form.focus = next((id_ for id_ in _ids(form) if id_ in form.errors), "")
        return None
    return hours, wait


def _ids(form: HoursForm) -> list[str]:
    """The ids of the fields that can be wrong, as they come on the page."""
    found: list[str] = []
    for day in [*form.week, *form.holidays]:
        found += [f"date-{day.key}", f"name-{day.key}"]
        found += [f"{name}-{day.key}-{n}" for n in range(len(day.spans)) for name in ("opens", "closes")]
    return [*found, "holiday", "zone", "wait"]


def _without_times(form: HoursForm) -> list[DayForm]:
    return [d for d in [*form.week, *form.holidays] if not d.closed and not d.filled()]


def _wait_s(text: str) -> int | None:
    seconds = _number(text) * 60
    return seconds if MIN_WAIT_LIMIT_S <= seconds <= MAX_WAIT_LIMIT_S else None


def _field(form: HoursForm, error: ErrorDetails) -> str:
    """The id of the field that an error is about."""
    where, rest = error["loc"][0], error["loc"][1:]
    row = error.get("ctx", {}).get("row")
    if where not in ("week", "holidays"):
        return str(where)
    if not rest:  # the holidays as a whole
        return f"date-h{row}" if row is not None else "holiday"
    day = (form.week if where == "week" else form.holidays)[int(rest[0])]
    if rest[1:] and rest[1] in ("date", "name"):
        return f"{rest[1]}-{day.key}"
    place = [part for part in rest[1:] if part != "spans"]
    span = int(place[0]) if place else row if row is not None else 0
    name = place[1] if len(place) > 1 else "closes" if error["type"] == "backwards" else "opens"
    return f"{name}-{day.key}-{day.filled()[span]}"
