"""The waits that customers were told: a row of `estimate` whenever what is shown changes, until she leaves the queue.

One stay in the queue is the rows of one conversation that are open, or that ended at the same moment.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from handoff.models import Estimate

ENDS = {"agent": "taken", "bot": "left", "closed": "closed"}  # by the next owner
CLOSED, CLOSING, NOBODY = "closed", "closing", "nobody"  # why no figure is told
WORSE = ("agent_left", "ahead", "longer", "worse", NOBODY)  # why she was told that it takes longer
OPEN: ColumnElement[bool] = col(Estimate.ended_at).is_(None)


@dataclass(frozen=True)
class Told:
    """What somebody who waits was told: the first figure, the last that a row of the timeline spoke of, the newest."""

    first: Estimate | None
    worse: Estimate | None
    last: Estimate
    of_closing: bool  # whether she was told that it may not be today
    of_closed: bool


@dataclass(frozen=True)
class Stay:
    """A stay in the queue that ended: since when the wait was looked at, how it ended, the first figure told."""

    since: datetime
    ended_at: datetime
    end: str
    first: Estimate | None


def settle(session: Session, conversation_id: str, owner: str, at: datetime) -> None:
    """Note beside what a customer was told how her wait ended, by who has the conversation now."""
    mine = update(Estimate).where(col(Estimate.conversation_id) == conversation_id, OPEN)
    ended = mine.values(ended_at=at, end=ENDS[owner])
    session.execute(ended.execution_options(synchronize_session=False))


def newest(session: Session, conversation_id: str) -> Estimate | None:
    """What a customer who waits was told last, or None."""
    query = select(Estimate).where(Estimate.conversation_id == conversation_id, OPEN)
    return session.exec(query.order_by(col(Estimate.id).desc()).limit(1)).first()


def first_told(session: Session, conversation_id: str) -> Estimate | None:
    """The first figure that a customer was told in the stay that is open, or else in the last one; None without any."""
    mine = select(Estimate).where(Estimate.conversation_id == conversation_id)
    last = session.exec(mine.order_by(col(Estimate.id).desc()).limit(1)).first()
    if last is None:
        return None
    ended = OPEN if last.ended_at is None else col(Estimate.ended_at) == last.ended_at
    figures = mine.where(ended, col(Estimate.low_s).is_not(None))
    return session.exec(figures.order_by(col(Estimate.id)).limit(1)).first()


def told(session: Session, ids: Collection[str] | None = None) -> dict[str, Told]:
    """What those who wait were told (of `ids` alone, where given), by conversation; without those told nothing."""
    query = columns(
        col(Estimate.conversation_id),
        func.min(_id_where(col(Estimate.low_s).is_not(None))),
        func.max(_id_where(col(Estimate.why).in_(WORSE))),
        func.max(col(Estimate.id)),
        func.max(_id_where(col(Estimate.why) == CLOSING)),
        func.max(_id_where(col(Estimate.why) == CLOSED)),
    ).where(OPEN)
    if ids is not None:
        query = query.where(col(Estimate.conversation_id).in_(ids))
    found = session.execute(query.group_by(col(Estimate.conversation_id))).all()
    rows = _by_id(session, {id_ for row in found for id_ in row[1:4]})
    return {
        id_: Told(rows.get(first), rows.get(worse), rows[last], closing is not None, closed is not None)
        for id_, first, worse, last, closing, closed in found
    }


def stays(session: Session, since: datetime, limit: int = 3000) -> list[Stay]:
    """The stays in the queue since then that ended, the last first."""
    query = (
        columns(
            func.min(col(Estimate.at)),
            col(Estimate.ended_at),
            col(Estimate.end),
            func.min(_id_where(col(Estimate.low_s).is_not(None))),
        )
        .where(col(Estimate.at) >= since, col(Estimate.ended_at).is_not(None))
        .group_by(col(Estimate.conversation_id), col(Estimate.ended_at), col(Estimate.end))
        .order_by(col(Estimate.ended_at).desc())
        .limit(limit)
    )
    found = session.execute(query).all()
    rows = _by_id(session, {first for *_, first in found})
    return [Stay(at, ended_at, end, rows.get(first)) for at, ended_at, end, first in found]


def _id_where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return case((condition, col(Estimate.id)))


def _by_id(session: Session, ids: set[int | None]) -> dict[int | None, Estimate]:
    known = [id_ for id_ in ids if id_ is not None]
    if not known:
        return {}
    return {row.id: row for row in session.exec(select(Estimate).where(col(Estimate.id).in_(known))).all()}
