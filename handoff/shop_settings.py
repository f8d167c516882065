"""What an admin sets in the pages: JSON documents by name, and the history of every change to them.

A new document needs nothing here: `read` and `change` take any name, with what holds before it is stored.
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from handoff.hours import Hours
from handoff.models import Change, Setting
from handoff.problems import Conflict, Invalid

log = logging.getLogger(__name__)
HOURS, WAIT_LIMIT = "hours", "wait_limit"
WAIT_LIMIT_S = 15 * 60
MIN_WAIT_LIMIT_S, MAX_WAIT_LIMIT_S = 60, 4 * 3600
MAX_SIZE = 200_000  # characters of a document as JSON
#: What the page proposes to who sets the hours first.
PROPOSED_HOURS = {
    "zone": "Europe/Amsterdam",
    "week": [[{"opens": "09:00", "closes": "21:00"}]] * 5 + [[{"opens": "09:00", "closes": "17:00"}], []],
    "holidays": [],
}
#: What holds until then: no customer is told that the shop is closed because nobody said when it is open.
ALWAYS = PROPOSED_HOURS | {"week": [[{"opens": "00:00", "closes": "24:00"}]] * 7}
CROSSED = "Somebody else changed this setting just now. Look at both and save again; nothing was lost."


@dataclass(frozen=True)
class Document:
    """A setting as it is. `revision` is 0 where nobody stored one yet and `value` is what holds until then."""

    name: str
    value: Any
    revision: int = 0


def read(session: Session, name: str, otherwise: Any = None) -> Document:
    """The document of that name; `otherwise` at revision 0 where nobody stored one yet."""
    row = session.exec(select(Setting).where(Setting.name == name).execution_options(populate_existing=True)).first()
    return Document(name, otherwise) if row is None else Document(name, row.value, row.revision)


def change(
    session: Session, name: str, value: Any, *, revision: int, by: str, otherwise: Any = None
) -> Document:
    """Store `value` in place of the revision that was read, with a row in the history; the document as it is then.

    A value that stands there already changes nothing, whatever the revision, so a form sent twice is harmless.
    Conflict where somebody else stored another one since; Invalid for what is no JSON, or too long.
    """
    value, before = json.loads(_as_json(value)), read(session, name, otherwise)
    if _as_json(before.value) == _as_json(value):
        return before
    if before.revision == revision and _stored(session, name, value, revision):
        record(session, name, before=before.value, after=value, by=by)
        return Document(name, value, revision + 1)
    crossed = read(session, name, otherwise)  # the same form may have been sent twice at the same moment
    if _as_json(crossed.value) == _as_json(value):
        return crossed
    raise Conflict(CROSSED)


def _as_json(value: Any) -> str:
    """`value` as JSON, with its keys in order. Invalid as in `change`."""
    try:
        text = json.dumps(value, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        raise Invalid("A setting must be plain JSON.") from None
    if len(text) > MAX_SIZE:
        raise Invalid("That is more than a setting can hold.")
    return text


def _stored(session: Session, name: str, value: Any, revision: int) -> bool:
    """Whether the row was still at `revision`; only then it has the value now."""
    if revision == 0:
        try:
            with session.begin_nested():  # on PostgreSQL a refused row would end the transaction
                session.add(Setting(name=name, value=value))
        except IntegrityError:
            return False
        return True
    statement = (
        update(Setting)
        .where(col(Setting.name) == name, col(Setting.revision) == revision)
        .values(value=value, revision=revision + 1)
        .execution_options(synchronize_session=False)
    )
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1


def record(session: Session, what: str, *, before: Any, after: Any, by: str) -> Change:
    """A row in the history of changes, also for what is no document; `what` names it."""
    row = Change(what=what, before=before, after=after, by=by)
    session.add(row)
    session.flush()
    return row


def changes(session: Session, what: str = "", after: int | None = None, limit: int = 30) -> list[Change]:
    """Up to `limit` changes, newest first: of `what` alone where that is given, those before number `after`."""
    query = select(Change).order_by(col(Change.id).desc()).limit(limit)
    if what:
        query = query.where(Change.what == what)
    if after is not None:
        query = query.where(col(Change.id) < after)
    return list(session.exec(query).all())


def changed_things(session: Session) -> list[str]:
    """The names of everything that was ever changed, by the alphabet."""
    return list(session.exec(select(Change.what).distinct().order_by(Change.what)).all())


def changed_last(session: Session, what: str) -> Change | None:
    """The last change of one thing, or None."""
    return next(iter(changes(session, what, limit=1)), None)


def hours_document(session: Session) -> Document:
    """The opening hours as they are stored."""
    return read(session, HOURS, ALWAYS)


def hours(session: Session) -> Hours:
    """The opening hours; always open where nobody set them."""
    try:
        return Hours.model_validate(hours_document(session).value)
    except ValidationError as error:  # changed by hand in the database: customers still get an answer
        log.error("the stored opening hours cannot be read, the shop counts as open: %s", error)
        return Hours.model_validate(ALWAYS)


def change_hours(session: Session, hours: Hours, *, revision: int, by: str) -> Document:
    """Store other opening hours. Conflict as in `change`."""
    value = hours.model_dump(mode="json")
    return change(session, HOURS, value, revision=revision, by=by, otherwise=ALWAYS)


def wait_document(session: Session) -> Document:
    """The longest wait as it is stored, in seconds."""
    return read(session, WAIT_LIMIT, WAIT_LIMIT_S)


def wait_limit_s(session: Session) -> int:
    """The wait in seconds from which customers are offered another way; 15 minutes where nobody set it."""
    value = wait_document(session).value
    return value if type(value) is int and MIN_WAIT_LIMIT_S <= value <= MAX_WAIT_LIMIT_S else WAIT_LIMIT_S


def change_wait_limit(session: Session, seconds: int, *, revision: int, by: str) -> Document:
    """Set the wait from which customers are offered another way. Invalid outside 1 minute to 4 hours; Conflict."""
    if not MIN_WAIT_LIMIT_S <= seconds <= MAX_WAIT_LIMIT_S:
        raise Invalid("The longest wait can be 1 minute to 4 hours.")
    return change(session, WAIT_LIMIT, seconds, revision=revision, by=by, otherwise=WAIT_LIMIT_S)
