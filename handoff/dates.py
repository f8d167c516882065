"""The days a text speaks of, in Dutch (and Flemish) and English, resolved against the moment it was said. Pure.

A day without a year is the nearest past one, or one of the next three months. Numbers are day first, as in the shops'
countries, unless only month first is possible. A bare weekday ("open op zondag") is no date: it may be any.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

Span = tuple[int, int, str]  # start, end, and the ISO 8601 day, month, year, or interval of days

SOON = timedelta(days=92)
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("januari january jan", "februari february febr feb", "maart march mrt mar", "april apr", "mei may",
         "juni june jun", "juli july jul", "augustus august aug", "september sept sep", "oktober october okt oct",
         "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ("maandag monday", "dinsdag tuesday", "woensdag wednesday", "donderdag thursday", "vrijdag friday",
         "zaterdag saturday", "zondag sunday"))
    for name in names.split()
}  # fmt: skip
_NUMBERS = {
    name: number
    for number, names in enumerate(
        ("een één n a an one", "twee two", "drie three", "vier four", "vijf five", "zes six", "zeven seven",
         "acht eight", "negen nine", "tien ten", "elf eleven", "twaalf twelve"), 1)
    for name in names.split()
}  # fmt: skip
_DAYS = {
    -2: "eergisteren|eergister|the day before yesterday",
    -1: r"gister(?:en|avond|ochtend|morgen|middag|nacht)?|yesterday|last night",
    0: r"vandaag|van(?:ochtend|morgen|middag|avond|nacht)|today|tonight|this (?:morning|afternoon|evening)",
    2: "overmorgen|the day after tomorrow",
    1: r"(?<!goede )(?<!goeie )(?<!goeden )(?<!de )(?<!deze )(?<!elke )(?<!iedere )"
    r"morgen(?:vroeg|ochtend|middag|avond)?|tomorrow",
}


def _names(of: dict[str, int]) -> str:
    return "|".join(sorted(of, key=len, reverse=True))


_MONTH, _WEEKDAY, _NUMBER = _names(_MONTHS), _names(_WEEKDAYS), rf"\d{{1,3}}|{_names(_NUMBERS)}"
_PAST, _NEXT = "vorige|verleden|afgelopen|voorbije|last|past", "volgende|komende|aanstaande|next|coming"
_ON = r"(?:op|on|sinds|since|van|from|tot|until|by|dd\.?|d\.d\.|datum:?|date:?|dated)\s"
_YEAR = r"(?:,?[\s-]?(?:(?P<year>(?:19|20)\d\d)|'(?P<short>\d\d))(?!\w))?"
_NO_UNIT = r"(?![\w/]|[.,:]\d|\s?(?:dag|day|week|uur|prijs|price|euro|stuks|pieces|items|[ap]\.?m\b|°))"
# "These 3 may be" and "march 4 miles" are no dates: such words need a capital, "on", an ordinal or a year.
_VERBS = frozenset(("may", "march", "mar"))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?<![\w./-])(?:{pattern})")


_ISO = re.compile(r"(?<![\w.,/-])(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\w/-]|[.,]\d)")
_NUMERIC = re.compile(
    r"(?<![\w.,/€-])(?P<day>\d{1,2})(?:(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<year>(?:19|20)\d\d)"
    r"|(?P<sep2>[-/])(?P<month2>\d{1,2})(?P=sep2)(?P<short>\d\d))(?![\w/-]|[.,]\d)"
)
_SLASH = _compiled(rf"{_ON}(?P<s>(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})){_NO_UNIT}")
_DAY_MONTH = _compiled(
    rf"(?P<on>{_ON})?(?P<s>(?P<day>\d{{1,2}})(?P<nth>e|de|ste|st|nd|rd|th)?[\s-]?(?:of\s)?(?P<month>{_MONTH})\b{_YEAR})"
)
_MONTH_DAY = _compiled(
    rf"(?P<on>{_ON})?(?P<s>(?P<month>{_MONTH})\s(?P<day>\d{{1,2}})(?P<nth>st|nd|rd|th)?"
    rf"(?:,?\s(?P<year>20\d\d))?{_NO_UNIT})"
)
_AGO = _compiled(
    rf"(?P<n>{_NUMBER})\s(?P<unit>dag|week|weken|maand|jaar|jaren|day|month|year)(?:en|s)?\s"
    r"(?:geleden|ago|terug(?!\s(?:te|naar|aan)\b|\s\w+en\b))\b"
)
_IN = _compiled(rf"over\s(?P<n>\d{{1,3}}|{'|'.join(n for n in _NUMBERS if n not in ('a', 'an', 'n'))})\s"
                r"(?P<unit>dag|dagen|weken|week)\b")  # fmt: skip
_WEEKDAY_OF = _compiled(
    rf"(?P<day>{_WEEKDAY})\s(?:van\s|of\s|in\s)?(?:de\s|the\s)?(?:(?P<past>{_PAST})|(?P<next>{_NEXT}))\sweek\b"
)
_OF_WEEKDAY = _compiled(
    rf"(?:(?P<past>{_PAST}|sinds|since)|(?P<next>{_NEXT}))\s(?P<week>week\s(?:op\s|on\s)?)?(?P<day>{_WEEKDAY})\b"
)
_WEEKDAY_JL = _compiled(rf"(?P<day>{_WEEKDAY})\s(?:(?P<past>jl|jongstleden)|(?P<next>as|a\.s|aanstaande))\b")
_PERIOD = _compiled(rf"(?:(?P<past>{_PAST}|vorig|afgelopen)|(?P<next>{_NEXT}))\s(?P<unit>week|maand|jaar|month|year)\b")
_RELATIVE = [(_compiled(rf"(?:{words})\b"), days) for days, words in _DAYS.items()]


def find_dates(text: str, today: date) -> list[Span]:
    """The days in `text`, said on `today`, in order and apart; days that do not exist are left out. Never fails."""
    found: list[Span] = []
    for start, end, value in _all(text, today):
        if all(end <= a or b <= start for a, b, _ in found):
            found.append((start, end, value))
    return sorted(found)


def _all(text: str, today: date) -> Iterator[Span]:
    for pattern, read in _READERS:
        for match in pattern.finditer(text):
            value = read(match, today)
            if value is not None:
                group = "s" if "s" in pattern.groupindex else 0
                yield match.start(group), match.end(group), value
    for pattern, days in _RELATIVE:
        for match in pattern.finditer(text):
            yield match.start(), match.end(), (today + timedelta(days=days)).isoformat()


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _numeric(match: re.Match[str], today: date) -> str | None:
    got = match.groupdict()
    day, month = int(got["day"]), int(got["month"] or got["month2"])
    year = int(got["year"]) if got["year"] else 2000 + int(got["short"])
    if month > 12:
        day, month = month, day
    found = _day(year, month, day)
    return found.isoformat() if found and (got["year"] or -15 <= year - today.year <= 5) else None


def _iso(match: re.Match[str], today: date) -> str | None:
    found = _day(int(match["year"]), int(match["month"]), int(match["day"]))
    return found.isoformat() if found else None


def _slash(match: re.Match[str], today: date) -> str | None:
    day, month = int(match["day"]), int(match["month"])
    return _near(day, month, today) if month <= 12 else _near(month, day, today)


def _named(match: re.Match[str], today: date) -> str | None:
    got, name = match.groupdict(), match["month"]
    sure = got["on"] or got["nth"] or got["year"] or got.get("short") or name[0].isupper()
    if name.lower() in _VERBS and not sure:
        return None
    day, month = int(got["day"]), _MONTHS.get(name.lower(), 0)
    if got["year"] or got.get("short"):
        found = _day(int(got["year"] or f"20{got['short']}"), month, day)
        return found.isoformat() if found else None
    return _near(day, month, today)


def _near(day: int, month: int, today: date) -> str | None:
    """The day and month in the year that is meant when none is said."""
    years = (today.year + 1, today.year, today.year - 1, today.year - 2, today.year - 3, today.year - 4)
    days = [found for year in years if (found := _day(year, month, day)) and found <= today + SOON]
    return days[0].isoformat() if days else None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS.get(word.lower(), 0)


def _ago(match: re.Match[str], today: date) -> str | None:
    n, unit = _number(match["n"]), match["unit"].lower()
    if unit in ("dag", "day", "week", "weken"):
        return (today - timedelta(days=n * (7 if unit[0] == "w" else 1))).isoformat()
    months = n * (12 if unit in ("jaar", "jaren", "year") else 1)
    at = today.year * 12 + today.month - 1 - months
    if months > 600:
        return None
    return f"{at // 12:04}" if unit in ("jaar", "jaren", "year") else f"{at // 12:04}-{at % 12 + 1:02}"


def _in(match: re.Match[str], today: date) -> str | None:
    days = _number(match["n"]) * (7 if match["unit"].lower().startswith("w") else 1)
    return (today + timedelta(days=days)).isoformat()


def _monday(today: date, past: bool) -> date:
    return today - timedelta(days=today.weekday()) + timedelta(days=-7 if past else 7)


def _in_that_week(match: re.Match[str], today: date) -> str | None:
    day = _WEEKDAYS.get(match["day"].lower(), 0)
    return (_monday(today, bool(match["past"])) + timedelta(days=day)).isoformat()


def _weekday(match: re.Match[str], today: date) -> str | None:
    if match.groupdict().get("week"):
        return _in_that_week(match, today)
    day, past = _WEEKDAYS.get(match["day"].lower(), 0), bool(match["past"])
    apart = (today.weekday() - day - 1) % 7 + 1 if past else (day - today.weekday() - 1) % 7 + 1
    return (today + timedelta(days=-apart if past else apart)).isoformat()


def _period(match: re.Match[str], today: date) -> str | None:
    past, unit = bool(match["past"]), match["unit"].lower()
    if unit == "week":
        monday = _monday(today, past)
        return f"{monday.isoformat()}/{(monday + timedelta(days=6)).isoformat()}"
    if unit in ("jaar", "year"):
        return f"{today.year + (-1 if past else 1):04}"
    at = today.year * 12 + today.month - 1 + (-1 if past else 1)
    return f"{at // 12:04}-{at % 12 + 1:02}"


_Reader = Callable[[re.Match[str], date], str | None]
_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (  # the longest words first: they take what they hold
    (_ISO, _iso),
    (_NUMERIC, _numeric),
    (_DAY_MONTH, _named),
    (_MONTH_DAY, _named),
    (_SLASH, _slash),
    (_AGO, _ago),
    (_IN, _in),
    (_WEEKDAY_OF, _in_that_week),
    (_OF_WEEKDAY, _weekday),
    (_WEEKDAY_JL, _weekday),
    (_PERIOD, _period),
)
