"""The backlog: questions that went unanswered, secrets removed, grouped by meaning, until an editor decides."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, Row, Table, bindparam, case, func, select, tuple_, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key
from sqlmodel import col

from kb import known
from kb.base import Base
from kb.describing import (
    describe,
    description,
    due,
    emptied,
    packed,
    put_into,
    question_ids,
    recount,
    title_of,
    unpacked,
)
from kb.errors import Invalid, NotFound, Stale
from kb.evidence import Candidate
from kb.grouping import SMALL, Asked, common_of
from kb.models import Question, QuestionGroup
from kb.redact import has_placeholder, redact
from kb.snapshot import AGENTS
from kb.text import clean

MAX_TEXT = 4000
HIDDEN = "[hidden]"  # in place of a question that an agent hid
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """A question ready for the backlog: its text without secrets, its vector, and what `kb.grouping.Asked` needs."""

    text: str
    language: str
    vector: Vector
    spread: float
    common: float | None = None

    def asked(self, language: str) -> Asked:
        """It, looking for its group."""
        return Asked(self.vector, language, self.spread, self.common)


def prepare(base: Base, text: str, language: str) -> Prepared:
    """Take the secrets out of `text` and encode what is left. Slow beside a database: do it outside a transaction."""
    kept = redact(clean(text)[: 2 * MAX_TEXT])[:MAX_TEXT]  # cut after: half of a secret is not known as one
    common = common_of(base.snapshot.views[AGENTS].index)
    return Prepared(kept, language, base.vector(kept), base.spread, common)


def record(
    session: Session,
    prepared: Prepared,
    *,
    conversation_id: str,
    seq: int,
    language: str,
    reason: str,
    evidence: dict[str, Any],
    at: datetime,
    topic: str | None = None,
    page: str | None = None,
) -> Question:
    """Put a question into the backlog, in the open group that means the same, or in one of its own.

    The same conversation and `seq` again gives the question that is there already. Which group a question joins, if
    any, says `kb.grouping`.
    """
    bump_groups(session)
    present = session.connection().execute(_PRESENT, {"conversation": conversation_id, "seq": seq}).scalar()
    if present is not None:
        return session.get_one(Question, present)
    vector = unpacked(packed(prepared.vector))  # as others will read it
    place = known.choose(session, replace(prepared, vector=vector).asked(language))
    number = known.next_number(session) if place.other is not None else 0  # before any group is locked
    counted = None if place.group is None else _count_in(session, place.group, vector, at)
    group_id = counted.id if counted is not None else _new_group(session, prepared, language, topic, at)
    question = Question(
        conversation_id=conversation_id,
        seq=seq,
        text=prepared.text,
        language=language,
        reason=reason,
        evidence=evidence,
        topic=topic,
        page=page,
        vector=packed(prepared.vector),
        group_id=group_id,
        at=at,
    )
    session.add(question)
    session.flush()
    known.added(session, question, vector)
    if counted is not None:
        _say_anew(session, counted, topic)
    if place.other is not None:
        _gather(session, get_group(session, group_id, lock=True), get_group(session, place.other, lock=True), number)
    return question


def _gather(session: Session, group: QuestionGroup, other: QuestionGroup, number: int) -> None:
    """Put the smaller of two groups into the other, since a new question showed that they mean the same.

    Nothing happens where an editor worked on the one that would go.
    """
    into, gone = sorted((group, other), key=lambda one: (-one.count, one.id))
    worked_on = gone.title_set or gone.draft or gone.word or gone.cause_id is not None
    if worked_on or gone.count > SMALL or other.status != "open":
        return
    ids = question_ids(session, gone.id or 0)
    emptied(gone, into, ids, by="")
    put_into(session, ids, into)
    recount(session, number, [into, gone])


def reword(session: Session, conversation_id: str, seq: int, text: str, only: str | None = None) -> str | None:
    """Put `text` in a question's place, and give its group the title that follows; what it said before.

    None, and nothing done, where there is no such question or it does not say `only`. `HIDDEN` hides it.
    """
    bump_groups(session)
    found = session.scalars(select(Question).filter_by(conversation_id=conversation_id, seq=seq)).one_or_none()
    if found is None or (only is not None and found.text != only):
        return None
    was, found.text = found.text, text
    group = get_group(session, found.group_id)
    session.flush()
    if group.title == title_of(was) or has_placeholder(group.title):
        group.title_set = False  # it says what is to be hidden
        describe(session, group)
        group.revision += 1
        session.flush()
    return was


def bump_groups(session: Session) -> None:
    """Make other writers of the backlog wait for this transaction, so that two do not open the same group."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    else:  # any write takes SQLite's only lock; this one changes nothing
        session.connection().execute(_WAIT)


_LOCK = 0x6B62_6C67  # "kblg": an advisory lock of PostgreSQL's, held to the transaction's end

# Of tables, and made once: for every question that comes, SQLAlchemy's work is most of the time it takes.
_GROUP: Table = QuestionGroup.__table__  # type: ignore[attr-defined]
_ASKED: Table = Question.__table__  # type: ignore[attr-defined]
_WAIT = update(_GROUP).where(_GROUP.c.id == -1).values(count=0)
_PRESENT = select(_ASKED.c.id).where(
    _ASKED.c.conversation_id == bindparam("conversation"), _ASKED.c.seq == bindparam("seq")
)
_THIS = _GROUP.c.id == bindparam("group")
_AT: BindParameter[datetime] = bindparam("moment", type_=_GROUP.c.first_at.type)
_COUNT_IN = (
    update(_GROUP)
    .where(_THIS)
    .values(
        count=_GROUP.c["count"] + 1,
        revision=_GROUP.c.revision + 1,
        centroid=bindparam("middle"),
        first_at=case((_GROUP.c.first_at > _AT, _AT), else_=_GROUP.c.first_at),
        last_at=case((_GROUP.c.last_at < _AT, _AT), else_=_GROUP.c.last_at),
    )
    .returning(
        *(_GROUP.c[name] for name in ("id", "title", "language", "topic", "title_set")),
        _GROUP.c["count"].label("asked"),
    )
)
_SAY_ANEW = update(_GROUP).where(_THIS).values({x: bindparam(f"new_{x}") for x in ("title", "language", "topic")})


def list_groups(
    session: Session, status: str | None = "open", after: str | None = None, limit: int = 50
) -> list[QuestionGroup]:
    """Groups, the largest first, then the most recent; `after` is the `cursor` of the last one seen."""
    order = (col(QuestionGroup.count), col(QuestionGroup.last_at), col(QuestionGroup.id))
    found = select(QuestionGroup).order_by(*(o.desc() for o in order)).limit(max(1, min(limit, 500)))
    if status is not None:
        found = found.where(col(QuestionGroup.status) == status)
    if after is not None:
        found = found.where(tuple_(*order) < tuple_(*_read_cursor(after)))
    return list(session.scalars(found))


def cursor(group: QuestionGroup) -> str:
    """Where `list_groups` goes on after `group`."""
    return f"{group.count}_{group.last_at.isoformat()}_{group.id}"


def get_group(session: Session, group_id: int, *, lock: bool = False) -> QuestionGroup:
    """The group with this id; with `lock` as it is now, and who changes it at the same moment waits. NotFound."""
    if lock:
        session.flush()
    found = session.get(QuestionGroup, group_id, populate_existing=lock, with_for_update=lock)
    if found is None:
        raise NotFound("there is no such question group")
    return found


def still_open(group: QuestionGroup, if_revision: int | None = None) -> QuestionGroup:
    """The same group. Stale where it is decided, or not at `if_revision` if that is given."""
    if group.status != "open":
        raise Stale(f"the group is {group.status} already")
    if if_revision is not None and group.revision != if_revision:
        raise Stale(f"the group was changed by somebody else: it is at revision {group.revision} now")
    return group


def questions(session: Session, group_id: int, limit: int = 100) -> list[Question]:
    """A group's questions, the most recent first."""
    found = select(Question).filter_by(group_id=group_id)
    newest = found.order_by(col(Question.at).desc(), col(Question.id).desc())
    return list(session.scalars(newest.limit(max(1, limit))))


def nearest(base: Base, group: QuestionGroup, limit: int = 5) -> list[Candidate]:
    """The entries nearest to a group's most central question, agents-only ones included, best first."""
    return list(base.ask(group.title, group.language, audience="agents").candidates[:limit])


def _new_group(session: Session, prepared: Prepared, language: str, topic: str | None, at: datetime) -> int:
    group = QuestionGroup(
        title=title_of(prepared.text),
        language=language,
        topic=topic or None,
        count=1,
        centroid=packed(prepared.vector),
        first_at=at,
        last_at=at,
    )
    session.add(group)
    session.flush()
    return group.id or 0


def _count_in(session: Session, group_id: int, vector: Vector, at: datetime) -> Row[Any]:
    """Count one more question in a group, and what it says then; who decides it at the same moment waits."""
    middle = packed(known.middle_with(session, group_id, vector))
    values = {"group": group_id, "middle": middle, "moment": at}
    counted: Row[Any] = session.connection().execute(_COUNT_IN, values).one()
    _seen_again(session, group_id)
    return counted


def _say_anew(session: Session, group: Row[Any], topic: str | None) -> None:
    """Give a group that one question was added to the title and topic that follow, now or a little later."""
    if not (due(group.asked, group.title) or (topic and not group.topic)):
        return
    before = (group.title, group.language, group.topic)
    after = description(session, group.id) or before
    if group.title_set:
        after = (*before[:2], after[2])
    if after != before:
        values = dict(zip(("new_title", "new_language", "new_topic"), after, strict=True))
        session.connection().execute(_SAY_ANEW, values | {"group": group.id})
        _seen_again(session, group.id)


def _seen_again(session: Session, group_id: int) -> None:
    """Read a group again that this session holds, after it was changed behind its back."""
    held = session.identity_map.get(identity_key(QuestionGroup, group_id))
    if held is not None:
        session.refresh(held)


def _read_cursor(text: str) -> tuple[int, datetime, int]:
    try:
        count, moment, number = text.split("_")
        return int(count), datetime.fromisoformat(moment), int(number)
    except ValueError as error:
        raise Invalid("that is no cursor of this list") from error
