"""What the care page shows, and an entry's own part of it: when it is looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Generic, Literal, TypeVar

from sqlmodel import Session

from handoff import care, ratings, reports
from handoff.web.rendering import in_words
from handoff.web.review_view import group_counts
from kb import checks, entries
from kb.models import now

FEW = 10  # of each list that are shown at first
MANY = 500  # of one list that is asked for by itself
DAYS = (30, 90, 180, 365)
USUAL_DAYS = 90
List = Literal["due", "rejected", "unneeded", "reports"]
T = TypeVar("T")


@dataclass(frozen=True)
class Some(Generic[T]):
    """The first of a list, and how many there are beside these; `focus` is where the reader was, -1 elsewhere."""

    shown: list[T]
    more: int
    focus: int = -1

    @property
    def all(self) -> int:
        """How many there are."""
        return len(self.shown) + self.more


@dataclass(frozen=True)
class Place:
    """What is open, and where in it the reader is: `only` one list or every one, entries nobody needed for `days`."""

    days: int = USUAL_DAYS
    only: List | None = None
    list: List | None = None
    at: int = 0


@dataclass(frozen=True)
class CareView:
    """The lists; `counts` is of the tabs, `recommended` what customers thought of their conversations lately."""

    place: Place
    due: Some[care.Due]
    rejected: Some[care.Rejected]
    unneeded: Some[care.Unneeded]
    reports: Some[reports.Shown]
    counts: dict[str, int]
    recommended: ratings.Recommended


def care_view(session: Session, place: Place) -> CareView:
    """The lists as they are now."""
    open_reports, more = reports.listed(session)
    beyond = reports.count_open(session) - len(open_reports) if more else 0
    return CareView(
        place=place,
        due=_some(care.due(session), place, "due"),
        rejected=_some(care.rejected_often(session), place, "rejected"),
        unneeded=_some(care.unneeded(session, place.days), place, "unneeded"),
        reports=_some(open_reports, place, "reports", beyond),
        counts=group_counts(session),
        recommended=ratings.recommended(session, now()),
    )


def _some(found: Sequence[T], place: Place, name: List, beyond: int = 0) -> Some[T]:
    shown = list(found[: MANY if place.only == name else FEW])
    focus = min(place.at, max(len(shown) - 1, 0)) if place.list == name else -1
    return Some(shown, len(found) + beyond - len(shown), focus)


@dataclass(frozen=True)
class AgainView:
    """When an entry is looked at again, in words; who last said that it is still right; how it did lately."""

    key: str
    language: str
    on: str
    overdue: bool
    months: int
    right_by: str = ""
    right_at: datetime | None = None
    given: int = 0
    views: int = 0
    no: int = 0
    first: date = field(default_factory=lambda: checks.today() + timedelta(days=1))  # day that can be chosen
    day: str = ""  # as it stands in the field
    error: str = ""


def again_view(
    session: Session, key: str, language: str, page_language: str, typed: str = "", error: str = ""
) -> AgainView:
    """An entry's next look. NotFound."""
    entry = entries.get_entry(session, key, language)
    right = checks.last_right(session, entry)
    on = entry.review_at.date() if entry.review_at else None
    lately = care.lately(session, key, language)
    return AgainView(
        key=key,
        language=language,
        on=in_words(on, page_language) if on else "",
        overdue=on is not None and on < checks.today(),
        months=checks.usual_months(session, entry),
        right_by=right.by if right else "",
        right_at=right.at if right else None,
        given=lately.answered,
        views=lately.views,
        no=lately.rejected + lately.not_helped,
        day=typed or (on.isoformat() if on else ""),
        error=error,
    )
