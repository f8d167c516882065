"""Causes: what lies behind question groups, such as a card whose print scratches off.

An editor makes one with an owner and a note and links groups to it. When it is fixed, with a word for those who
reported it, they are told (`matters`). The days show whether it helped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import shop_settings
from handoff.editor_models import Cause
from handoff.models import Person
from kb import backlog
from kb.errors import Invalid, NotFound, Stale
from kb.models import Question, QuestionGroup, now
from kb.text import clean, clean_block

MAX_TITLE, MAX_NOTE, MAX_WORD = 200, 4000, 2000
DAYS = 42  # that the chart shows: six weeks
FEWEST_DAYS = 1.0  # after it was fixed, before a mean of them says anything


@dataclass(frozen=True)
class Day:
    """How many people asked on a day, in the shop's zone."""

    day: date
    count: int


@dataclass(frozen=True)
class Course:
    """Who asked, day by day, oldest first and today last; and people a day before and after it was fixed.

    `before` is the mean of the days shown from the first that somebody asked on to the fixing, or until now; `after` is
    None while it is not fixed, or not for `FEWEST_DAYS` yet.
    """

    days: list[Day]
    fixed_on: date | None
    before: float
    after: float | None

    @property
    def fewer(self) -> float | None:
        """By what share (0 to 1) it shrank; below 0 where it grew. None while nobody can say."""
        return None if self.after is None or not self.before else 1 - self.after / self.before


@dataclass(frozen=True)
class Listed:
    """A cause in the list: its owner, how many groups are linked to it, and how many people asked, ever and in the
    last seven days."""

    cause: Cause
    owner: str
    groups: int
    people: int
    week: int


def make(session: Session, title: str, note: str, owner_id: int | None, by: str) -> Cause:
    """A new cause. Invalid without a title, with too long words, or for an owner who is not there."""
    title, note = _checked(session, title, note, owner_id)
    cause = Cause(title=title, note=note, owner_id=owner_id, created_by=by)
    session.add(cause)
    session.flush()
    return cause


def change(
    session: Session, cause_id: int, title: str, note: str, owner_id: int | None, revision: int | None
) -> Cause:
    """Other words, or another owner. NotFound, Stale, Invalid as for `make`."""
    cause = locked(session, cause_id, revision)
    cause.title, cause.note = _checked(session, title, note, owner_id)
    cause.owner_id = owner_id
    return _changed(session, cause)


def fix(session: Session, cause_id: int, word: str, revision: int | None, by: str) -> Cause:
    """It is fixed now; with a `word`, those who reported it are told. Twice is as once. NotFound, Stale, Invalid."""
    cause = locked(session, cause_id)
    if cause.fixed_at is not None:
        return cause
    word = clean_block(word)
    if len(word) > MAX_WORD:
        raise Invalid(f"word is longer than {MAX_WORD} characters")
    _same(cause, revision)
    cause.word, cause.fixed_at, cause.fixed_by = word or None, now(), by
    return _changed(session, cause)


def reopen(session: Session, cause_id: int) -> Cause:
    """It is not fixed after all: nobody is told any more. Twice is as once. NotFound."""
    cause = locked(session, cause_id)
    if cause.fixed_at is None:
        return cause
    cause.fixed_at = cause.fixed_by = None
    return _changed(session, cause)


def link(session: Session, cause_id: int, group_id: int) -> QuestionGroup:
    """Put a question group under a cause; one that was under another goes over to this. NotFound for either."""
    locked(session, cause_id)
    return _put_under(session, group_id, cause_id)


def unlink(session: Session, cause_id: int, group_id: int) -> QuestionGroup:
    """Take a question group from a cause; one that is not under it stays as it is. NotFound for either."""
    locked(session, cause_id)
    group = backlog.get_group(session, group_id)
    return _put_under(session, group_id, None) if group.cause_id == cause_id else group


def _put_under(session: Session, group_id: int, cause_id: int | None) -> QuestionGroup:
    group = backlog.get_group(session, group_id)
    group.cause_id = cause_id
    session.add(group)
    session.flush()
    return group


def get(session: Session, cause_id: int) -> Cause:
    """The cause, to read. NotFound."""
    cause = session.get(Cause, cause_id)
    if cause is None:
        raise NotFound("there is no such cause")
    return cause


def locked(session: Session, cause_id: int, revision: int | None = None) -> Cause:
    """The cause, held until the transaction ends. NotFound; Stale where it is not at `revision`."""
    query = select(Cause).where(Cause.id == cause_id).with_for_update().execution_options(populate_existing=True)
    cause = session.exec(query).first()
    if cause is None:
        raise NotFound("there is no such cause")
    _same(cause, revision)
    return cause


def _same(cause: Cause, revision: int | None) -> None:
    if revision is not None and cause.revision != revision:
        raise Stale(f"the cause was changed by somebody else: it is at revision {cause.revision} now")


def _changed(session: Session, cause: Cause) -> Cause:
    cause.revision += 1
    session.add(cause)
    session.flush()
    return cause


def _checked(session: Session, title: str, note: str, owner_id: int | None) -> tuple[str, str]:
    title, note = clean(title), clean_block(note)
    if not title:
        raise Invalid("title is empty")
    if len(title) > MAX_TITLE:
        raise Invalid(f"title is longer than {MAX_TITLE} characters")
    if len(note) > MAX_NOTE:
        raise Invalid(f"note is longer than {MAX_NOTE} characters")
    if owner_id is not None and session.get(Person, owner_id) is None:
        raise Invalid("owner is not there")
    return title, note


def count_open(session: Session) -> int:
    """How many causes are not fixed."""
    return int(session.exec(select(func.count()).select_from(Cause).where(col(Cause.fixed_at).is_(None))).one())


def listed(session: Session, at: datetime, limit: int = 200) -> list[Listed]:
    """The causes: open ones first, by how many asked in the last seven days; then fixed ones, the latest first."""
    open_first = (col(Cause.fixed_at).is_not(None), col(Cause.id).desc())
    causes = session.exec(select(Cause).order_by(*open_first).limit(limit)).all()
    names = {id_: name for id_, name in session.exec(select(Person.id, Person.name))}
    under = select(QuestionGroup.cause_id, func.count()).where(col(QuestionGroup.cause_id).is_not(None))
    groups = {id_: n for id_, n in session.exec(under.group_by(col(QuestionGroup.cause_id)))}
    ever, week = _people(session, None), _people(session, at - timedelta(days=7))
    found = [
        Listed(c, names.get(c.owner_id or 0, ""), groups.get(c.id, 0), ever.get(c.id, 0), week.get(c.id, 0))
        for c in causes
    ]
    return sorted(found, key=_first)


def _first(one: Listed) -> tuple[bool, float, int]:
    fixed = one.cause.fixed_at
    return fixed is not None, -fixed.timestamp() if fixed else -one.week, -one.people


def _people(session: Session, since: datetime | None) -> dict[int | None, int]:
    """How many people asked, by cause."""
    people = func.count(col(Question.conversation_id).distinct())
    query = select(QuestionGroup.cause_id, people).join(Question, col(Question.group_id) == col(QuestionGroup.id))
    query = query.where(col(QuestionGroup.cause_id).is_not(None)).group_by(col(QuestionGroup.cause_id))
    rows = session.exec(query if since is None else query.where(col(Question.at) >= since))
    return {id_: n for id_, n in rows}


def course(session: Session, cause: Cause, at: datetime) -> Course:
    """Who asked the groups of a cause, day by day for `DAYS` until today; each conversation once, when it first did.

    A cause that was fixed is shown with the days around it: as many before as fit, if it was long ago.
    """
    zone = ZoneInfo(shop_settings.hours(session).zone)
    today = at.astimezone(zone).date()
    fixed = cause.fixed_at.astimezone(zone).date() if cause.fixed_at else None
    last = today if fixed is None else min(today, fixed + timedelta(days=DAYS // 2))
    first = last - timedelta(days=DAYS - 1)
    begin, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    asked = _asked_at(session, cause, begin, end)
    counts: dict[date, int] = {}
    for moment in asked:
        day = moment.astimezone(zone).date()
        counts[day] = counts.get(day, 0) + 1
    days = [Day(day, counts.get(day, 0)) for n in range(DAYS) for day in (first + timedelta(days=n),)]
    until = cause.fixed_at or at
    since = next((datetime.combine(d.day, time(), zone) for d in days if d.count), until)
    before = _mean([m for m in asked if m < until], until - max(begin, since)) or 0.0
    after = _mean([m for m in asked if m >= until], min(at, end) - until) if cause.fixed_at else None
    return Course(days, fixed, before, after)


def _asked_at(session: Session, cause: Cause, begin: datetime, end: datetime) -> list[datetime]:
    of_it = col(Question.group_id).in_(select(QuestionGroup.id).where(QuestionGroup.cause_id == cause.id))
    query = select(func.min(col(Question.at))).where(of_it).group_by(col(Question.conversation_id))
    query = query.having(func.min(col(Question.at)) >= begin, func.min(col(Question.at)) < end)
    return list(session.exec(query).all())


def _mean(moments: Sequence[datetime], over: timedelta) -> float | None:
    """Moments a day; None of less than `FEWEST_DAYS` without any."""
    days = over / timedelta(days=1)
    if days < FEWEST_DAYS:
        return float(len(moments)) if moments else None
    return len(moments) / days


def owners(session: Session) -> list[Person]:
    """Whom a cause may be given to: the people who can sign in, by name."""
    return list(session.exec(select(Person).where(col(Person.active)).order_by(col(Person.name))).all())


def groups_of(session: Session, cause_id: int) -> list[QuestionGroup]:
    """The groups under a cause, the most asked first."""
    query = select(QuestionGroup).where(QuestionGroup.cause_id == cause_id)
    return list(session.exec(query.order_by(col(QuestionGroup.count).desc(), col(QuestionGroup.id))).all())
