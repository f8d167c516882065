"""How entries do in the public FAQ (looked at, helped, did not help) and in conversations (given, did not help there).

Figures for each day, and nothing about anybody.

What was looked at is counted in memory and stored now and then, so that reading a page never waits for a writer.
A crash loses the views of a few seconds; votes are stored at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import Date, bindparam, func, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from handoff.editor_models import EntryDay
from handoff.state import State
from kb.models import now

log = logging.getLogger(__name__)
KEEP_S = 5.0  # seconds between storing what was looked at
# One statement, so that two processes that count at the same moment both count, on SQLite and on PostgreSQL.
_ADD = text(
    "INSERT INTO entry_day (entry_key, language, day, views, helped, not_helped, answered, rejected) "
    "VALUES (:key, :language, :day, :views, :helped, :not_helped, :answered, :rejected) "
    "ON CONFLICT (entry_key, language, day) DO UPDATE SET views = entry_day.views + excluded.views, "
    "helped = entry_day.helped + excluded.helped, not_helped = entry_day.not_helped + excluded.not_helped, "
    "answered = entry_day.answered + excluded.answered, rejected = entry_day.rejected + excluded.rejected"
).bindparams(bindparam("day", type_=Date))


@dataclass(frozen=True)
class Tally:
    """How often an entry was looked at, and how many said that it helped them, or not; how often it was given in
    conversations, and rejected there."""

    views: int = 0
    helped: int = 0
    not_helped: int = 0
    answered: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Given:
    """An entry that was given in a conversation; `rejected`: one given before, of which she says it did not help."""

    key: str
    language: str
    rejected: bool = False


def vote(session: Session, key: str, language: str, helped: bool) -> None:
    """Count one who said that an entry helped her, or did not."""
    _add(session, [(key, language, Tally(helped=int(helped), not_helped=int(not helped)))])


def take_back(session: Session, key: str, language: str, helped: bool) -> None:
    """Take one such word back, of the last day that has one. Figures never go below 0, whatever a browser claims."""
    column = EntryDay.helped if helped else EntryDay.not_helped
    mine = (col(EntryDay.entry_key) == key, col(EntryDay.language) == language, col(column) > 0)
    last = select(func.max(EntryDay.day)).where(*mine).scalar_subquery()
    session.execute(update(EntryDay).where(*mine, col(EntryDay.day) == last).values({column: col(column) - 1}))


def add_views(session: Session, seen: Counter[tuple[str, str]]) -> None:
    """Count how often entries were looked at, by key and language."""
    # In order, so that two processes that store the same entries never wait for each other in a circle.
    _add(session, [(key, language, Tally(views=n)) for (key, language), n in sorted(seen.items())])


def add_given(session: Session, given: Iterable[Given]) -> None:
    """Count entries that were given in a conversation, or rejected there.

    The last thing that a transaction does: nothing may wait for what it holds while it waits for these rows.
    """
    tallies = ((g.key, g.language, Tally(answered=int(not g.rejected), rejected=int(g.rejected))) for g in given)
    _add(session, sorted(tallies, key=lambda one: one[:2]))


def _add(session: Session, tallies: Iterable[tuple[str, str, Tally]]) -> None:
    day = now().date()
    rows = [{"key": key, "language": language, "day": day} | vars(tally) for key, language, tally in tallies]
    if rows:
        session.connection().execute(_ADD, rows)


def since(session: Session, day: date) -> dict[tuple[str, str], Tally]:
    """The figures of every entry that has any since `day` (UTC, it included), by key and language."""
    sums = [func.sum(getattr(EntryDay, one.name)) for one in fields(Tally)]
    rows = select(EntryDay.entry_key, EntryDay.language, *sums).where(EntryDay.day >= day)
    found = session.execute(rows.group_by(col(EntryDay.entry_key), col(EntryDay.language)))
    return {(key, language): Tally(*map(int, figures)) for key, language, *figures in found}


async def keep_views(it: State) -> None:
    """Store what was looked at, now and then and at the end. Until cancelled."""
    try:
        while True:
            await asyncio.sleep(KEEP_S)
            await _keep(it)
    finally:
        await _keep(it)


async def _keep(it: State) -> None:
    seen, it.views = it.views, Counter()
    if not seen:
        return
    try:
        await it.write(add_views, seen)
    except SQLAlchemyError as error:
        it.views.update(seen)
        log.warning("what was looked at could not be stored and will be tried again: %s", error)
