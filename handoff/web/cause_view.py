"""What the causes' pages show, read in one go; the chart as figures that the template only draws."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from handoff import causes
from handoff.causes import Course, Day, Listed
from handoff.editor_models import Cause
from handoff.models import Person
from handoff.web.review_view import group_counts
from kb import backlog, ranking
from kb.errors import NotFound
from kb.models import Question, QuestionGroup, now
from kb.ranking import Wanted

FOUND = 8  # groups that are offered to link
LATELY = timedelta(days=7)
WIDE, HIGH, GAP = 10, 100, 2  # of a day in the chart, in its own units


@dataclass(frozen=True)
class CausesView:
    """The causes, and what is in the tabs."""

    causes: list[Listed]
    counts: dict[str, int]


@dataclass(frozen=True)
class CauseForm:
    """What stands in a cause's fields. `group_id` is linked to a new one at once."""

    title: str = ""
    note: str = ""
    owner_id: int | None = None
    word: str = ""
    group_id: int | None = None
    topic: str = ""


@dataclass(frozen=True)
class Bar:
    """A day in the chart: where it stands and how high, in the chart's units, and whether it is after the fixing."""

    day: Day
    x: int
    y: float
    height: float
    after: bool


@dataclass(frozen=True)
class Chart:
    """The days as bars. `mark` is where the line of the fixing stands, None where it is not among the days."""

    bars: list[Bar]
    width: int
    most: int
    mark: int | None


@dataclass(frozen=True)
class Offered:
    """A group that may be linked, and the cause that it is under now."""

    group: QuestionGroup
    cause: str


@dataclass(frozen=True)
class CauseView:
    """A cause with its groups, the course of the days, groups to link, and how many people reported it."""

    cause: Cause
    owners: list[Person]
    groups: list[QuestionGroup]
    course: Course
    chart: Chart
    people: int
    offered: list[Offered]
    search: str
    topic: str


def causes_view(session: Session) -> CausesView:
    """All causes."""
    return CausesView(causes.listed(session, now()), group_counts(session))


def new_form(session: Session, group_id: int | None, topic: str) -> tuple[CauseForm, list[Person]]:
    """The fields of a new cause, with a group's title where it begins with one, and its possible owners."""
    title = ""
    try:
        title = backlog.get_group(session, group_id).title if group_id else ""
    except NotFound:
        group_id = None
    return CauseForm(title=title[: causes.MAX_TITLE], group_id=group_id, topic=topic), causes.owners(session)


def cause_view(session: Session, cause_id: int, search: str, topic: str) -> CauseView:
    """A cause, with the groups that fit `search`, or that a topic's people asked most lately, to link. NotFound."""
    cause = causes.get(session, cause_id)
    course = causes.course(session, cause, now())
    groups = causes.groups_of(session, cause_id)
    asked = select(Question.conversation_id).where(col(Question.group_id).in_([g.id for g in groups])).distinct()
    return CauseView(
        cause=cause,
        owners=causes.owners(session),
        groups=groups,
        course=course,
        chart=chart(course),
        people=len(session.exec(asked).all()),
        offered=_offered(session, cause_id, search, topic) if search.strip() or topic else [],
        search=search,
        topic=topic,
    )


def _offered(session: Session, cause_id: int, search: str, topic: str) -> list[Offered]:
    at = now()
    since = None if search.strip() else at - LATELY
    wanted = Wanted(status="", search=search, topic=topic, since=since)
    found, _ = ranking.ranked(session, wanted, at, "grows", limit=3 * FOUND)
    groups = [backlog.get_group(session, one.group_id) for one in found]
    fit = [group for group in groups if group.cause_id != cause_id][:FOUND]
    titles = {c.id: c.title for c in session.exec(select(Cause).where(col(Cause.id).in_([g.cause_id for g in fit])))}
    return [Offered(group, titles.get(group.cause_id, "")) for group in fit]


def chart(course: Course) -> Chart:
    """The course as bars: the highest is as high as the chart, a day without anybody has none."""
    most = max((day.count for day in course.days), default=0)
    bars = []
    for n, day in enumerate(course.days):
        height = HIGH * day.count / max(most, 1)
        after = course.fixed_on is not None and day.day > course.fixed_on
        bars.append(Bar(day, n * WIDE, round(HIGH - height, 1), round(height, 1), after))
    return Chart(bars, len(bars) * WIDE, most, _mark(course.days, course.fixed_on))


def _mark(days: list[Day], fixed_on: date | None) -> int | None:
    return next((n * WIDE + WIDE for n, day in enumerate(days) if day.day == fixed_on), None)
