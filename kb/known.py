"""The backlog's open groups in memory, one `Groups` for each database, following it as it changes.

A question that comes reads only what is new: questions after the last one known, and groups whose number
(`QuestionGroup.backlog`) is above the last `KbState.backlog` seen, since a hand or a decision changed them. So several
processes stay right without telling each other anything. Who records holds the backlog's lock
(`kb.backlog.bump_groups`), so questions become visible in the order of their ids.

What a transaction itself wrote is taken over as well, and read again if it is rolled back.
"""

import gc
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Row, Select, Table, bindparam, event, select, text, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.describing import parts, unpacked
from kb.grouping import Asked, Floats, Groups, Place
from kb.models import KbState, Question, QuestionGroup

_ANEW = 5000  # changed groups from which all are read again
_APART = 10_000  # number of the newest question from which the groups are worth setting apart
_ROWS = 2000  # rows that are read at once
_PAGE = 100  # late questions that are read at once
_HOOKED = "backlog.hooked"  # in `Session.info`
_TAKEN = "backlog.taken"


@dataclass
class Known:
    """What is known of one database's backlog. `last` is the newest question: its id, conversation and number there."""

    groups: Groups = field(default_factory=lambda: Groups(0))
    seen: int = -1
    last: tuple[int, str, int] = (0, "", 0)
    doubtful: set[int] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def forget(self) -> None:
        """Know nothing, so that everything is read again."""
        self.seen, self.last, self.doubtful = -1, (0, "", 0), set()
        self.groups = Groups(self.groups.width)


@dataclass
class _Late:
    """A row as `_OPEN` gives it."""

    group_id: int
    vector: bytes
    language: str
    placed: bool
    family: int | None


@dataclass
class _Taken:
    """What a transaction took over, and what was known before: for when it is rolled back."""

    known: Known
    seen: int
    last: tuple[int, str, int]
    groups: set[int] = field(default_factory=set)
    upto: tuple[Groups, tuple[int, str, int]] | None = None  # what was known when it last chose

    def undo(self) -> None:
        with self.known.lock:
            if self.seen < 0:
                self.known.forget()
                return
            self.known.seen, self.known.last = min(self.seen, self.known.seen), min(self.last, self.known.last)
            self.known.doubtful |= self.groups


_KNOWN: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()  # by the pool of connections: one for each database
_LOCK = threading.Lock()


def next_number(session: Session) -> int:
    """Raise `KbState.backlog` and give it, for the groups that this transaction changes other than by new questions."""
    session.execute(text("INSERT INTO kb_state (id, revision, backlog) VALUES (1, 0, 0) ON CONFLICT DO NOTHING"))
    session.execute(update(KbState).values(backlog=col(KbState.backlog) + 1))
    return session.execute(select(col(KbState.backlog))).scalar_one()


def choose(session: Session, one: Asked) -> Place:
    """The open group that a question joins, as the database is now."""
    known = _following(session, len(one.vector))
    with known.lock:
        return known.groups.place(one)


def middle_with(session: Session, group_id: int, vector: Floats) -> Floats:
    """The mean of a group's vectors once `vector` is among them. After `choose`, in the same transaction."""
    known = _known(session)
    with known.lock:
        return known.groups.middle_with(group_id, vector)


def added(session: Session, question: Question, vector: Floats) -> None:
    """Take over a question that was stored after `choose`, in the same transaction, so that it is not read again."""
    known, taken, group_id = _known(session), session.info[_TAKEN], question.group_id
    with known.lock:
        if taken.upto is None or taken.upto[0] is not known.groups or taken.upto[1] != known.last:
            return  # something else was read or undone meanwhile: it comes with the next that is read
        if group_id not in known.groups:
            known.groups.put(group_id)
        known.groups.add(group_id, vector, question.language)
        known.last = (question.id or 0, question.conversation_id, question.seq)
        taken.groups.add(group_id)
        taken.upto = known.groups, known.last


def warm(session: Session, width: int) -> None:
    """Read the open groups ahead of the first question, in a transaction that only reads. 100,000 take seconds.

    Who records a question meanwhile waits for it, with the lock of the backlog: wait before that transaction begins.
    Where they are many they are set apart from Python's garbage collector, which would otherwise walk through all of
    them now and then: 30 ms in the middle of one question in twenty.
    """
    known = _known(session)
    with known.lock:
        if known.seen < 0 or known.groups.width != width:
            _follow(session, known, width)
            if known.last[0] >= _APART:
                gc.collect()
                gc.freeze()


def _known(session: Session) -> Known:
    pool = session.get_bind().engine.pool
    with _LOCK:
        return _KNOWN.setdefault(pool, Known())


def _following(session: Session, width: int) -> Known:
    known = _known(session)
    session.flush()
    _hook(session)
    with known.lock:
        taken = session.info.setdefault(_TAKEN, _Taken(known, known.seen, known.last))
        taken.groups |= _follow(session, known, width)
        taken.upto = known.groups, known.last
    return known


def _hook(session: Session) -> None:
    if session.info.get(_HOOKED):
        return
    session.info[_HOOKED] = True

    def kept(session: Session) -> None:
        if not session.in_nested_transaction():  # what a savepoint kept may still be rolled back
            session.info.pop(_TAKEN, None)

    def undone(session: Session, *_: object) -> None:
        if (taken := session.info.pop(_TAKEN, None)) is not None:
            taken.undo()

    def ended(session: Session, transaction: Any) -> None:
        if transaction.parent is None:
            undone(session)

    event.listen(session, "after_commit", kept)
    event.listen(session, "after_soft_rollback", undone)
    event.listen(session, "after_transaction_end", ended)


def _follow(session: Session, known: Known, width: int) -> set[int]:
    """Take over what is new; the ids of the groups in which something was."""
    number = session.connection().execute(_NUMBER).scalar() or 0
    late = _since(session, known.last[0]) if known.seen >= 0 else []
    if known.groups.width != width or not _still_there(known, number, late):
        return _read_all(session, known, number, width)
    touched = set[int]()
    if number != known.seen or known.doubtful:
        changed = session.scalars(select(col(QuestionGroup.id)).where(col(QuestionGroup.backlog) > known.seen))
        touched = {i for i in changed if i is not None} | known.doubtful
        if len(touched) > _ANEW:
            return _read_all(session, known, number, width) | touched
        _read_again(session, known, sorted(touched))
    fresh = [row for row in late if row.id > known.last[0]]
    taken = _take(known, _of_open_groups(session, [row for row in fresh if row.group_id not in touched]))
    if fresh:
        known.last = (fresh[-1].id, fresh[-1].conversation_id, fresh[-1].seq)
    known.seen, known.doubtful = number, set()
    return touched | taken


def _still_there(known: Known, number: int, late: Sequence[Row[Any]]) -> bool:
    """Whether this is the database that is known: not one that was emptied or put back since."""
    if known.seen < 0 or number < known.seen:
        return False
    newest = late[0] if late else None
    return known.last[0] == 0 or (newest is not None and (newest.id, newest.conversation_id, newest.seq) == known.last)


def _read_all(session: Session, known: Known, number: int, width: int) -> set[int]:
    columns: list[Any] = [Question.id, Question.conversation_id, Question.seq]
    newest: Select[Any] = select(*columns)
    last = session.execute(newest.order_by(col(Question.id).desc()).limit(1)).first()
    known.groups = Groups(width)
    everything = _OPEN.execution_options(yield_per=_ROWS)
    touched = _take(known, session.connection().execute(everything))
    known.seen, known.last, known.doubtful = number, (last[0], last[1], last[2]) if last else (0, "", 0), set()
    return touched


def _read_again(session: Session, known: Known, group_ids: Sequence[int]) -> None:
    for group_id in group_ids:
        known.groups.drop(group_id)
    for some in parts(group_ids):
        _take(known, session.connection().execute(_OPEN.where(_ASKED.c.group_id.in_(some))))


def _since(session: Session, last: int) -> Sequence[Row[Any]]:
    """The questions from the last one known on. Of one table, so that no database is tempted to read all of it."""
    found: list[Row[Any]] = []
    while True:
        some = session.connection().execute(_LATE, {"last": last}).all()
        found += some
        if len(some) < _PAGE:
            return found
        last = some[-1].id + 1


# Of tables, and made once: they are asked for every question that comes.
_STATE: Table = KbState.__table__  # type: ignore[attr-defined]
_GROUP: Table = QuestionGroup.__table__  # type: ignore[attr-defined]
_ASKED: Table = Question.__table__  # type: ignore[attr-defined]
_NUMBER = select(_STATE.c.backlog)
_OF_QUESTION = ("id", "group_id", "vector", "language", "placed", "conversation_id", "seq")
# In pages: without one PostgreSQL reads the whole table where it has counted nothing yet.
_LATE = (
    select(*(_ASKED.c[x] for x in _OF_QUESTION))
    .where(_ASKED.c.id >= bindparam("last"))
    .order_by(_ASKED.c.id)
    .limit(_PAGE)
)
_OPEN = (  # everything of the open groups, group by group
    select(*(_ASKED.c[x] for x in _OF_QUESTION[1:5]), _GROUP.c.family)
    .join(_GROUP, _GROUP.c.id == _ASKED.c.group_id)
    .where(_GROUP.c.status == "open")
    .order_by(_ASKED.c.group_id, _ASKED.c.id)
)


def _of_open_groups(session: Session, rows: Sequence[Row[Any]]) -> list[Any]:
    """Those of `rows` that are in open groups, group by group, with the groups' families."""
    ids = sorted({row.group_id for row in rows})
    families: dict[int, int | None] = {}
    for some in parts(ids):
        columns: list[Any] = [QuestionGroup.id, QuestionGroup.family]
        found: Select[Any] = select(*columns).where(col(QuestionGroup.id).in_(some))
        families |= {row.id: row.family for row in session.execute(found.where(col(QuestionGroup.status) == "open"))}
    there = sorted((row for row in rows if row.group_id in families), key=lambda row: (row.group_id, row.id))
    return [_Late(row.group_id, row.vector, row.language, row.placed, families[row.group_id]) for row in there]


def _take(known: Known, rows: Iterable[Any]) -> set[int]:
    """Take these questions over, which come group by group; the groups' ids."""
    taken = set()
    for group_id, members in groupby(rows, key=lambda row: row.group_id):
        usable = [row for row in members if len(row.vector) == 2 * known.groups.width]
        if not usable:  # of another encoder: its vectors say nothing beside these
            continue
        if group_id not in known.groups:
            known.groups.put(group_id, usable[0].family, any(row.placed for row in usable))
        vectors = unpacked(b"".join(row.vector for row in usable))
        known.groups.add_all(group_id, vectors.reshape(len(usable), -1), [row.language for row in usable])
        taken.add(group_id)
    return taken
