"""Looking entries over: when an editor wants to do it again, and that she found them still right.

Days are days in UTC. Nothing here changes what an entry says, so the knowledge base's revision stays.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.errors import Invalid, NotFound, Stale
from kb.models import Entry, EntryCheck, now

MONTHS = (3, 6, 12)  # the times between two looks that are offered
USUAL = 6  # months, where nobody chose
FURTHEST = 10 * 366  # days
_TWICE = timedelta(minutes=1)  # a form that is sent twice comes within this


def today() -> date:
    """The present day in UTC."""
    return now().date()


def in_months(day: date, months: int) -> date:
    """The same day so many months later, or the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def set_review(
    session: Session, key: str, language: str, by: str, *, months: int | None = None, on: date | None = None
) -> EntryCheck:
    """Look at an entry again in so many `months`, or `on` a day; never, where both are None.

    NotFound; Invalid for other months than MONTHS, and for a day that is not after today or more than FURTHEST away.
    """
    if months is not None:
        on = in_months(today(), _offered(months))
    elif on is not None and not 0 < (on - today()).days <= FURTHEST:
        raise Invalid("the day to look again is tomorrow or later, and within ten years")
    return _note(session, _locked(session, key, language), by, right=False, months=months, on=on)


def still_right(session: Session, key: str, language: str, by: str, months: int | None = None) -> EntryCheck:
    """An entry is still right, and is looked at again after `months`, or after as many as the last time. NotFound."""
    entry = _locked(session, key, language)
    again = _offered(months) if months is not None else usual_months(session, entry)
    return _note(session, entry, by, right=True, months=again, on=in_months(today(), again))


def undo(session: Session, check_id: int) -> Entry:
    """Take back the last thing that was noted of an entry. NotFound; Stale where something was noted since."""
    check = session.get(EntryCheck, check_id)
    if check is None:
        raise NotFound("that was taken back already")
    entry = session.scalars(
        select(Entry).filter_by(id=check.entry_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    last = _last(session, entry)
    if last is None or last.id != check_id:
        raise Stale("a colleague has looked the entry over since")
    entry.review_at = check.before
    session.delete(check)
    session.flush()
    return entry


def usual_months(session: Session, entry: Entry) -> int:
    """The months between two looks that were chosen last, or USUAL."""
    last = _last(session, entry, col(EntryCheck.months).is_not(None))
    return (last.months if last else None) or USUAL


def last_right(session: Session, entry: Entry) -> EntryCheck | None:
    """When somebody last said that the entry is still right, or None."""
    return _last(session, entry, col(EntryCheck.right).is_(True))


def count_due(session: Session) -> int:
    """How many live entries should have been looked at by now."""
    query = select(func.count(col(Entry.id))).where(col(Entry.status) == "live", col(Entry.review_at) <= now())
    return session.scalar(query) or 0


def _offered(months: int) -> int:
    if months not in MONTHS:
        raise Invalid("look again in 3, 6 or 12 months")
    return months


def _locked(session: Session, key: str, language: str) -> Entry:
    query = select(Entry).filter_by(key=key, language=language).with_for_update()
    entry = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if entry is None:
        raise NotFound(f"there is no entry {key} in {language}")
    return entry


def _last(session: Session, entry: Entry, *which: ColumnElement[bool]) -> EntryCheck | None:
    query = select(EntryCheck).filter_by(entry_id=entry.id).where(*which)
    return session.scalars(query.order_by(col(EntryCheck.id).desc()).limit(1)).first()


def _note(
    session: Session, entry: Entry, by: str, *, right: bool, months: int | None, on: date | None
) -> EntryCheck:
    after = datetime.combine(on, time(), UTC) if on else None
    last = _last(session, entry)
    said = (by, right, months, after)
    if last and said == (last.by, last.right, last.months, last.after) and now() - last.at < _TWICE:
        return last
    check = EntryCheck(
        entry_id=entry.id or 0, by=by, right=right, months=months, before=entry.review_at, after=after
    )
    entry.review_at = after
    session.add(check)
    session.flush()
    return check
