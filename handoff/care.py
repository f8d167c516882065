"""Entries that want looking after: due for another look, rejected often, needed by nobody.

All of it comes from the figures of each day (`entry_days`), so that it costs the same however many messages there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import sqrt

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff.editor_models import EntryDay
from handoff.entry_days import Tally
from kb import checks
from kb.models import Entry, EntryCheck, EntryRevision

SOON = timedelta(days=30)  # what is due within this is listed too
RECENT = timedelta(days=90)  # rejections that count
FEWEST_NO = 3  # who said no before an entry counts as rejected often: one or two may have had their own reasons
AT_LEAST = 0.1  # share of rejections that is worth an editor's time
NAMED = 500  # keys that one statement names; beyond that, reading all rows is cheaper
HARDLY = 3  # views in the public FAQ that are still "hardly looked at"
Z = 1.96  # standard deviations of a normal distribution on either side of which 2.5 % lie: 95 % within
Key = tuple[str, str]


@dataclass(frozen=True)
class Cared:
    """An entry in one of the lists."""

    key: str
    language: str
    question: str
    revision: int
    months: int  # until the next look when it is still right


@dataclass(frozen=True)
class Due(Cared):
    """One to look at again, on a day in UTC."""

    on: date
    overdue: bool


@dataclass(frozen=True)
class Rejected(Cared):
    """One that did not help `no` of the `of` who got it and could say so; `at_least` that share is no accident."""

    no: int
    of: int
    at_least: float


@dataclass(frozen=True)
class Unneeded(Cared):
    """One that nobody was given for so long, with how often it was looked at in the public FAQ meanwhile."""

    views: int
    changed: date


def lower_bound(hits: int, of: int) -> float:
    """What the share of hits is at least, with 95 % confidence (one of two bounds): 0 where nobody was asked.

    Wilson's score interval, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if of <= 0 or hits <= 0:
        return 0.0
    share, z2 = hits / of, Z * Z
    middle = share + z2 / (2 * of)
    return (middle - Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))) / (1 + z2 / of)


def due(session: Session) -> list[Due]:
    """The live entries to look at again by now or soon, the longest overdue first."""
    today = checks.today()
    until = _midnight(today + SOON)
    query = select(Entry).where(Entry.status == "live", col(Entry.review_at) <= until)
    found = session.exec(query.order_by(col(Entry.review_at), col(Entry.key), col(Entry.language))).all()
    months = _months(session, found)
    days = [(entry, entry.review_at.date()) for entry in found if entry.review_at]
    return [Due(*_named(e, months), on=day, overdue=day < today) for e, day in days]


def rejected_often(session: Session) -> list[Rejected]:
    """The live entries that customers rejected often lately, the surest first; votes in the public FAQ count.

    Only what was said of the present answer counts, and only after somebody last said that it is still right: from
    the day after.
    """
    since = checks.today() - RECENT
    no, of = col(EntryDay.rejected) + col(EntryDay.not_helped), col(EntryDay.answered) + col(EntryDay.helped)
    sums = (func.sum(no).label("no"), func.sum(of + col(EntryDay.not_helped)).label("of"))
    figures = select(EntryDay.entry_key, EntryDay.language, *sums).where(EntryDay.day >= since)
    figures = figures.group_by(col(EntryDay.entry_key), col(EntryDay.language)).having(func.sum(no) >= FEWEST_NO)
    many = figures.subquery()  # summed first: grouping whole entries takes ten times as long
    same = (many.c.entry_key == Entry.key) & (many.c.language == Entry.language)
    rows = session.exec(select(Entry, many.c.no, many.c.of).join(many, same).where(Entry.status == "live")).all()
    entries = [entry for entry, _, _ in rows]
    anew = _said_anew(session, entries, since)
    months = _months(session, entries)
    found = []
    for entry, nos, ofs in rows:
        hits, asked = anew.get((entry.key, entry.language), (int(nos), int(ofs)))
        sure = lower_bound(hits, max(hits, asked))  # one of yesterday's answers may be rejected today
        if hits >= FEWEST_NO and sure >= AT_LEAST:
            found.append(Rejected(*_named(entry, months), no=hits, of=max(hits, asked), at_least=sure))
    return sorted(found, key=lambda one: (-one.at_least, one.key, one.language))


def unneeded(session: Session, days: int) -> list[Unneeded]:
    """The live public entries that for so many days nobody was given, hardly anybody looked at and nobody changed; not
    those of which an editor said meanwhile that they are right. The least looked at come first."""
    since = checks.today() - timedelta(days=days)
    figures = (
        select(EntryDay.entry_key, EntryDay.language, func.sum(EntryDay.views).label("views"),
               func.sum(EntryDay.answered).label("answered"))
        .where(EntryDay.day >= since).group_by(col(EntryDay.entry_key), col(EntryDay.language)).subquery()
    )  # fmt: skip
    views, answered = func.coalesce(figures.c.views, 0), func.coalesce(figures.c.answered, 0)
    same = (figures.c.entry_key == Entry.key) & (figures.c.language == Entry.language)
    kept = select(EntryCheck.id).where(
        EntryCheck.entry_id == Entry.id, col(EntryCheck.right), EntryCheck.at >= _midnight(since)
    )
    query = select(Entry, views).outerjoin(figures, same)
    query = query.where(Entry.status == "live", Entry.audience == "public", Entry.changed_at < _midnight(since))
    query = query.where(answered == 0, views <= HARDLY, ~kept.exists())
    rows = session.exec(query.order_by(views, col(Entry.changed_at), col(Entry.id))).all()
    months = _months(session, [entry for entry, _ in rows])
    return [Unneeded(*_named(e, months), views=int(n), changed=e.changed_at.date()) for e, n in rows]


def lately(session: Session, key: str, language: str) -> Tally:
    """The figures of one entry since RECENT."""
    sums = [func.coalesce(func.sum(getattr(EntryDay, one.name)), 0) for one in fields(Tally)]
    since = checks.today() - RECENT
    mine = (EntryDay.entry_key == key, EntryDay.language == language, EntryDay.day >= since)
    return Tally(*map(int, session.execute(select(*sums).where(*mine)).one()))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _named(entry: Entry, months: dict[int, int]) -> tuple[str, str, str, int, int]:
    return entry.key, entry.language, entry.question, entry.revision, months.get(entry.id or 0, checks.USUAL)


def _months(session: Session, entries: Sequence[Entry]) -> dict[int, int]:
    """For each entry the months between two looks that were chosen last, where any were."""
    if not entries:
        return {}
    chosen = select(EntryCheck.entry_id, EntryCheck.months).where(col(EntryCheck.months).is_not(None))
    rows = session.exec(chosen.order_by(col(EntryCheck.id))).all()
    return {entry_id: months for entry_id, months in rows if months}


def _said_anew(session: Session, entries: Sequence[Entry], since: date) -> dict[Key, tuple[int, int]]:
    """How many said no, of how many, after the answer last changed or was called right, where that was lately."""
    from_day = _settled(session, entries, since)
    if not from_day:
        return {}
    query = select(EntryDay).where(EntryDay.day >= since)
    if len(from_day) <= NAMED:
        query = query.where(col(EntryDay.entry_key).in_({key for key, _ in from_day}))
    said = dict.fromkeys(from_day, (0, 0))
    for row in session.exec(query).all():
        key = (row.entry_key, row.language)
        if key in from_day and row.day > from_day[key]:
            no, of = said[key]
            said[key] = (no + row.rejected + row.not_helped, of + row.answered + row.helped + row.not_helped)
    return said


def _settled(session: Session, entries: Sequence[Entry], since: date) -> dict[Key, date]:
    """For each entry the day on which its answer last changed or was called right, where that is not before `since`."""
    called = select(EntryCheck.entry_id, func.max(EntryCheck.at)).where(
        col(EntryCheck.right), EntryCheck.at >= _midnight(since)
    )
    days = {entry_id: at.date() for entry_id, at in session.exec(called.group_by(col(EntryCheck.entry_id))).all()}
    for entry in entries:
        if entry.changed_at.date() >= since and (day := _answer_changed(session, entry)) and day >= since:
            days[entry.id or 0] = max(day, days.get(entry.id or 0, day))
    return {(e.key, e.language): days[e.id or 0] for e in entries if e.id in days}


def _answer_changed(session: Session, entry: Entry) -> date | None:
    """The day on which the answer last became another one; None where it is the first."""
    query = select(EntryRevision).where(EntryRevision.entry_id == entry.id)
    kept = session.exec(query.order_by(col(EntryRevision.revision).desc())).all()
    changed = (new.at.date() for new, old in pairwise(kept) if new.snapshot["answer"] != old.snapshot["answer"])
    return next(changed, None)
