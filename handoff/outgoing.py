"""What goes out and is tried again: leasing rows of an outbox, and reports on them. Mails and webhooks share it.

A sender leases a row, sends it, then reports. One that dies in between leaves a lease that runs out: the row goes
again. `attempts` counts leases, so a late report of an earlier one is told apart.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, CursorResult, or_, update
from sqlmodel import Session, col, select

from handoff.models import Outgoing

Row = TypeVar("Row", bound=Outgoing)
UNREPORTED = "It was tried and never reported on."


def lease(
    session: Session, table: type[Row], *, at: datetime, until: datetime, over: Callable[[Row], str], limit: int
) -> tuple[list[Row], list[Row]]:
    """Up to `limit` rows that are due, oldest first, leased to the caller until a moment: nobody else gets them.

    Of these, the rows for which `over` says a reason are given up instead: they are the second list.
    """
    query = (
        select(table)
        .where(
            col(table.sent_at).is_(None),
            col(table.due_at) <= at,
            or_(col(table.lease_until).is_(None), col(table.lease_until) <= at),
        )
        .order_by(col(table.due_at), col(table.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    going, lost = [], []
    for row in session.exec(query).all():
        if why := over(row):
            row.due_at, row.error = None, row.error or why
            lost.append(row)
        else:
            row.attempts, row.lease_until = row.attempts + 1, until
            going.append(row)
    session.flush()
    return going, lost


def went(session: Session, row: Outgoing, at: datetime, **more: Any) -> None:
    """Note that it was taken, whoever holds its lease by now; `more` is set along with it."""
    table = type(row)
    values = {"sent_at": at, "due_at": None, "lease_until": None, "error": None} | more
    session.execute(update(table).where(col(table.id) == row.id).values(values))


def did_not_go(session: Session, row: Outgoing, again_at: datetime | None, error: str, **more: Any) -> bool:
    """Note that a leased row did not go, and when it is tried again: never if that is None.

    False, and nothing is changed, where the lease ran out and somebody else has the row, or has sent it.
    """
    table = type(row)
    mine = (col(table.id) == row.id, col(table.attempts) == row.attempts, col(table.sent_at).is_(None))
    values = {"due_at": again_at, "lease_until": None, "error": error} | more
    result = session.execute(update(table).where(*mine).values(values))
    return isinstance(result, CursorResult) and result.rowcount == 1


def is_given_up(table: type[Outgoing]) -> tuple[ColumnElement[bool], ...]:
    """The conditions for rows that did not go, and will not be tried again."""
    return col(table.sent_at).is_(None), col(table.due_at).is_(None)


def given_up(session: Session, table: type[Row], limit: int = 100) -> list[Row]:
    """Rows that will not be sent any more, the latest first; `error` says why."""
    query = select(table).where(*is_given_up(table))
    return list(session.exec(query.order_by(col(table.id).desc()).limit(limit)).all())


def backed_off(waits: tuple[timedelta, ...], attempts: int) -> timedelta | None:
    """How long to wait after so many tries; None where there are no more."""
    return waits[attempts - 1] if attempts <= len(waits) else None
