"""What the backlog's list shows, read in one go."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import causes, reports
from handoff.editor_models import Cause
from kb import checks, ranking
from kb.models import Entry, Question, QuestionGroup, now
from kb.ranking import Ranked, Sort, Wanted
from kb.topic_weeks import Standout, standouts, weeks

PAGE = 50
PERIODS = {"7": 7, "30": 30, "90": 90}  # days


@dataclass(frozen=True)
class Filters:
    """What was chosen above the list: as in the address, "" for everything."""

    status: str = "open"
    search: str = ""
    topic: str = ""
    language: str = ""
    page: str = ""
    period: str = ""
    sort: str = ""

    @property
    def narrow(self) -> bool:
        """Whether it leaves groups out that have the status."""
        return any((self.search.strip(), self.topic, self.language, self.page, self.period))

    @property
    def order(self) -> Sort:
        """How the list is sorted: where nothing was chosen, open ones by what to do first, others the latest first."""
        found: Sort = self.sort or ("first" if self.status == "open" else "latest")  # type: ignore[assignment]
        return found

    def address(self) -> dict[str, str]:
        """The query of the list's address."""
        given = {"status": "" if self.status == "open" else self.status, "in": self.language}
        return given | {k: getattr(self, k) for k in ("search", "topic", "page", "period", "sort")}

    def wanted(self, at: datetime) -> Wanted:
        """The same for `kb.ranking`."""
        days = PERIODS.get(self.period)
        since = at - timedelta(days=days) if days else None
        return Wanted(self.status, self.topic, self.language, self.page, since, self.search)


@dataclass(frozen=True)
class Facts:
    """Of a group's questions: the languages, the most frequent reason and topic, by how often."""

    languages: list[str]
    reason: str = ""
    topic: str = ""


@dataclass(frozen=True)
class GroupItem:
    """A group in the list, why it stands where it does, and whether its topic stands out this week."""

    group: QuestionGroup
    facts: Facts
    ranked: Ranked
    stands_out: bool
    cause: Cause | None


@dataclass(frozen=True)
class GroupsView:
    """A page of the backlog. `total` counts the groups that fit, `next` is where the next page begins."""

    filters: Filters
    groups: list[GroupItem]
    total: int
    counts: dict[str, int]
    next: int | None
    standouts: list[Standout]
    topics: list[str]
    pages: list[str]


def groups_view(session: Session, filters: Filters, start: int = 0) -> GroupsView:
    """A page of the groups that fit, in their order."""
    at = now()
    shown, total = ranking.ranked(session, filters.wanted(at), at, filters.order, start, PAGE)
    counted = weeks(session, at)
    marked = standouts(counted) if filters.status == "open" else []
    return GroupsView(
        filters=filters,
        groups=_items(session, shown, {one.topic for one in marked}),
        total=total,
        counts=group_counts(session),
        next=start + PAGE if total > start + PAGE else None,
        standouts=marked,
        topics=_chosen(sorted({*topics(session), *counted}), filters.topic, ranking.NO_TOPIC),
        pages=_chosen(ranking.pages(session), filters.page),
    )


def _chosen(offered: list[str], chosen: str, *besides: str) -> list[str]:
    """What is offered, with what is chosen already."""
    return offered if not chosen or chosen in (*offered, *besides) else [chosen, *offered]


def _items(session: Session, shown: list[Ranked], marked: set[str]) -> list[GroupItem]:
    ids = [one.group_id for one in shown]
    groups = {g.id: g for g in session.exec(select(QuestionGroup).where(col(QuestionGroup.id).in_(ids)))}
    cause_ids = {g.cause_id for g in groups.values() if g.cause_id}
    behind = {c.id: c for c in session.exec(select(Cause).where(col(Cause.id).in_(cause_ids)))} if cause_ids else {}
    known = facts(session, ids)
    items = []
    for one in shown:
        group = groups[one.group_id]
        its = known.get(one.group_id, Facts([group.language]))
        stands_out = its.topic in marked and one.week > one.before
        items.append(GroupItem(group, its, one, stands_out, behind.get(group.cause_id)))
    return items


def group_counts(session: Session) -> dict[str, int]:
    """How many groups there are of each status, how many reports and causes are open, how many entries are due."""
    rows = session.exec(select(QuestionGroup.status, func.count()).group_by(col(QuestionGroup.status)))
    counts = {"open": 0, "approved": 0, "dismissed": 0} | {status: int(n) for status, n in rows}
    others = {"reports": reports.count_open(session), "due": checks.count_due(session)}
    return counts | others | {"causes": causes.count_open(session)}


def facts(session: Session, ids: list[int]) -> dict[int, Facts]:
    """The facts of each of these groups."""
    columns = (col(Question.group_id), col(Question.language), col(Question.reason), col(Question.topic))
    rows: Any = sa.select(*columns, func.count()).where(col(Question.group_id).in_(ids)).group_by(*columns)
    counted: dict[int, tuple[dict[str, int], dict[str, int], dict[str, int]]] = {}
    for group_id, *values, times in session.execute(rows):
        for column, value in zip(counted.setdefault(group_id, ({}, {}, {})), values, strict=True):
            if value:
                column[value] = column.get(value, 0) + times
    return {
        id_: Facts(_often(languages), *(next(iter(_often(values)), "") for values in (reasons, named)))
        for id_, (languages, reasons, named) in counted.items()
    }


def _often(counts: dict[str, int]) -> list[str]:
    return sorted(counts, key=lambda value: (-counts[value], value))


def topics(session: Session) -> list[str]:
    """The topics that entries have, by name."""
    found = session.exec(select(Entry.topic).where(Entry.topic != "").distinct().order_by(col(Entry.topic)))
    return list(found.all())
