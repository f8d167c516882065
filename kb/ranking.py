"""Which question groups to answer first: counted from their questions, and one score that is explained part by part.

The score is minutes of people's time: those of agents and of customers that the group costs in a week, as it goes now.

    score = asked x growth x (agent + wait + 1)

`asked` is how many ask in a week: half of it the last seven days, a third the mean of the three weeks before, a sixth
the mean of all weeks since the first; `growth` is the last week beside those three, each with two more so that small
numbers say little, at least 1/2 and at most 2; `agent` and `wait` are the minutes that a question took of an agent
and that its customer waited in the queue, drawn towards those of all groups while few are known; 1 is the minute that
asking takes at least. docs/backlog.md has an example.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.models import Question, QuestionGroup

WEEK = timedelta(days=7)
WEEK_S = WEEK.total_seconds()
WEEKS_BEFORE = 3
NOW, LATELY, EVER = 1 / 2, 1 / 3, 1 / 6
FEW = 2.0
LEAST_GROWTH, MOST_GROWTH = 0.5, 2.0
PAGES_OF = 2000  # questions: to count the pages of all takes as long as all the rest of the list
KNOWN = 3  # questions whose minutes count as much as those of all groups
ASKING = 1.0  # minute
Sort = Literal["first", "asked", "grows", "spent", "waits", "latest"]
NO_TOPIC = "-"
_ESCAPE = "\\"


@dataclass(frozen=True)
class Wanted:
    """Which groups: of a status, with questions in a language, on a topic (`NO_TOPIC`: none) or from a page, asked
    since a moment, and with all the words of a search in their title or in one of their questions."""

    status: str = "open"
    topic: str = ""
    language: str = ""
    page: str = ""
    since: datetime | None = None
    search: str = ""
    cause_id: int | None = None


class Ranked(NamedTuple):
    """A group with what its place hangs on: people who asked, ever, in the last week and in a week of the three before;
    minutes of agents and of waiting for one question, None where none is known; and the parts of the score."""

    group_id: int
    people: int
    week: int
    before: float
    agent: float | None
    wait: float | None
    asked: float
    growth: float
    minutes: float

    @property
    def score(self) -> float:
        """Minutes a week that the group costs as it goes now."""
        return self.asked * self.growth * self.minutes


def ranked(
    session: Session, wanted: Wanted, at: datetime, sort: Sort = "first", start: int = 0, limit: int | None = None
) -> tuple[list[Ranked], int]:
    """Up to `limit` of the groups that are wanted, from `start` on, those to begin with first; and how many there are.

    Figures are of the questions that fit `wanted`.
    """
    fit = select(col(QuestionGroup.id)).where(*_groups(wanted))
    if sort == "latest":  # only then: it reads every group's row
        fit = fit.order_by(col(QuestionGroup.last_at).desc())
    which = {id_: -place for place, id_ in enumerate(session.scalars(fit))}
    rows = [row for row in map(_Counts._make, session.execute(_counted(wanted, at))) if row.group_id in which]
    spent = _mean(sum(r.spent or 0 for r in rows), sum(r.spents for r in rows)) or 0.0
    waited = _mean(sum(r.waited or 0 for r in rows), sum(r.waits for r in rows)) or 0.0
    # Of two that are the same the newer one comes first. Only what is shown is made whole, which takes its time.
    second = which.__getitem__ if sort == "latest" else int
    rows.sort(key=lambda row: (_place(row, sort, at, spent, waited), second(row.group_id)), reverse=True)
    shown = rows[start:] if limit is None else rows[start : start + limit]
    return [_ranked(row, at, spent, waited) for row in shown], len(rows)


class _Counts(NamedTuple):
    """A group's figures, in the order of `_counted`."""

    group_id: int
    people: int
    questions: int
    week: int
    before: int
    spent: int | None
    spents: int
    waited: int | None
    waits: int
    first_at: datetime


def _counted(wanted: Wanted, at: datetime) -> Any:
    """Every group's figures, in one look through an index that holds them all: the groups' own rows are not read,
    which would take longer than the counting."""
    asked_at = col(Question.at)
    week, before = at - WEEK, at - (1 + WEEKS_BEFORE) * WEEK
    counts = select(
        col(Question.group_id),
        func.count(col(Question.conversation_id).distinct()),
        func.count(),
        func.sum(case((asked_at >= week, 1), else_=0)),
        func.sum(case((and_(asked_at < week, asked_at >= before), 1), else_=0)),
        func.sum(col(Question.spent_s)),
        func.count(col(Question.spent_s)),
        func.sum(col(Question.waited_s)),
        func.count(col(Question.waited_s)),
        func.min(asked_at),
    )
    counts = counts.where(*_questions(wanted)).group_by(col(Question.group_id))
    return counts.having(func.max(asked_at) >= wanted.since) if wanted.since is not None else counts


def _questions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What is true of the questions that are counted."""
    where = []
    if wanted.topic:
        topic = col(Question.topic)
        where.append(topic.is_(None) if wanted.topic == NO_TOPIC else topic == wanted.topic)
    if wanted.language:
        where.append(col(Question.language) == wanted.language)
    if wanted.page:
        where.append(col(Question.page) == wanted.page)
    return where


def _groups(wanted: Wanted) -> list[ColumnElement[bool]]:
    where = [col(QuestionGroup.status) == wanted.status] if wanted.status else []
    if wanted.cause_id is not None:
        where.append(col(QuestionGroup.cause_id) == wanted.cause_id)
    if words := wanted.search.split():
        of_one = select(col(Question.group_id)).where(*_has(col(Question.text), words))
        where.append(or_(and_(*_has(col(QuestionGroup.title), words)), col(QuestionGroup.id).in_(of_one)))
    return where


def _has(column: Any, words: list[str]) -> list[ColumnElement[bool]]:
    """True of texts that hold each of the words; `%` and `_` mean themselves."""
    for special in (_ESCAPE, "%", "_"):
        words = [word.replace(special, _ESCAPE + special) for word in words]
    return [column.ilike(f"%{word}%", escape=_ESCAPE) for word in words]


def _place(row: _Counts, sort: Sort, at: datetime, spent: float, waited: float) -> float:
    """What a group is sorted by."""
    if sort == "first":
        return _asked(row, at) * _growth(row) * _minutes(row, spent, waited)
    if sort == "grows":
        return row.week - row.before / WEEKS_BEFORE
    if sort == "spent":
        return _asked(row, at) * (row.spent or 0) / max(row.spents, 1)
    if sort == "waits":
        return _asked(row, at) * (row.waited or 0) / max(row.waits, 1)
    return row.people if sort == "asked" else 0


def _asked(row: _Counts, at: datetime) -> float:
    recent = (NOW * row.week + LATELY * row.before / WEEKS_BEFORE) * row.people / row.questions  # people, not messages
    return recent + EVER * row.people / max(1.0, (at - row.first_at).total_seconds() / WEEK_S)


def _growth(row: _Counts) -> float:
    share = row.people / row.questions
    growth = (row.week * share + FEW) / (row.before * share / WEEKS_BEFORE + FEW)
    return min(MOST_GROWTH, max(LEAST_GROWTH, growth))


def _minutes(row: _Counts, spent: float, waited: float) -> float:
    """What a question takes; minutes that few are known of are drawn towards those of all groups."""
    agent = ((row.spent or 0) + KNOWN * spent) / (row.spents + KNOWN)
    wait = ((row.waited or 0) + KNOWN * waited) / (row.waits + KNOWN)
    return ASKING + (agent + wait) / 60


def _ranked(row: _Counts, at: datetime, spent: float, waited: float) -> Ranked:
    share = row.people / row.questions
    agent, wait = _mean(row.spent or 0, row.spents), _mean(row.waited or 0, row.waits)
    return Ranked(
        group_id=row.group_id,
        people=row.people,
        week=round(row.week * share),
        before=row.before * share / WEEKS_BEFORE,
        agent=None if agent is None else agent / 60,
        wait=None if wait is None else wait / 60,
        asked=_asked(row, at),
        growth=_growth(row),
        minutes=_minutes(row, spent, waited),
    )


def _mean(total: float, count: int) -> float | None:
    return float(total) / count if count else None


def pages(session: Session, limit: int = 50) -> list[str]:
    """The pages from which most of the last `PAGES_OF` questions came, the most first."""
    last = select(col(Question.page)).order_by(col(Question.id).desc()).limit(PAGES_OF)
    found = Counter(page for page in session.scalars(last) if page)
    return [page for page, _ in found.most_common(limit)]
