"""What those who asked are to be told: an answer, an editor's word where there is none, or that a cause was fixed.

It follows from rows, so that nobody who decides has to call anything: a group that was approved with an entry that is
live for customers, a group that was dismissed with a word, a cause that was fixed with one. Whatever takes that back
(the group is open again, the entry is withdrawn or reverted) makes it no matter any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, exists, func
from sqlmodel import Session, col, select

from handoff.editor_models import Cause, Told
from kb.models import Entry, EntryRevision, Question, QuestionGroup

# So long nobody is told after a decision: time to read on the page who will be told, and to take it back. Not longer,
# for whoever still sits in the chat is there now.
GRACE_S = 20.0
LOOK_BACK = timedelta(days=7)  # what was decided longer ago is told no more: this ran nowhere then, or it is old news
ANSWER, WORD, FIXED = "entry", "word", "fixed"


@dataclass(frozen=True)
class Matter:
    """`id` is the group's, or the cause's of what was `FIXED`; `at` is when it was decided. An `ANSWER` has the entry's
    `key`, the others the editor's `words`."""

    kind: str
    id: int
    at: datetime
    key: str = ""
    words: str = ""

    @property
    def about(self) -> str:
        """How it is named in `Told`."""
        return f"{self.kind}:{self.key or self.id}"

    @property
    def ripe_at(self) -> datetime:
        """From when on people are told."""
        return self.at + timedelta(seconds=GRACE_S)


def lately(session: Session, at: datetime) -> list[Matter]:
    """What was decided within `LOOK_BACK`, in order, ripe or not."""
    since = at - LOOK_BACK
    found = [*_groups(session, col(QuestionGroup.decided_at) > since), *_causes(session, col(Cause.fixed_at) > since)]
    return sorted(found, key=lambda matter: (matter.at, matter.about))


def of_group(session: Session, group_id: int) -> Matter | None:
    """What those who asked a group's questions are, or were, to be told."""
    return next(iter(_groups(session, col(QuestionGroup.id) == group_id)), None)


def of_cause(session: Session, cause_id: int) -> Matter | None:
    """What those who reported a cause are, or were, to be told."""
    return next(iter(_causes(session, col(Cause.id) == cause_id)), None)


def stands(session: Session, matter: Matter) -> bool:
    """Whether it is to be told still, word for word. Whoever would take it back waits until the transaction ends."""
    table = Cause if matter.kind == FIXED else QuestionGroup
    session.exec(select(table.id).where(table.id == matter.id).with_for_update(read=True)).first()
    return matter == (of_cause if matter.kind == FIXED else of_group)(session, matter.id)


def asked(matter: Matter) -> ColumnElement[bool]:
    """True of the questions that it is about. Who reports a cause after it was fixed still has it: it is not to her."""
    if matter.kind != FIXED:
        return col(Question.group_id) == matter.id
    of_it = col(Question.group_id).in_(select(QuestionGroup.id).where(QuestionGroup.cause_id == matter.id))
    return and_(of_it, col(Question.at) <= matter.at)


def last_asked(session: Session, matter: Matter, conversation_id: str) -> Question | None:
    """The last question in a conversation that it is about."""
    query = select(Question).where(asked(matter), Question.conversation_id == conversation_id)
    return session.exec(query.order_by(col(Question.seq).desc()).limit(1)).first()


def told(session: Session, matter: Matter, conversation_id: str) -> Told | None:
    """That the customer of a conversation was told of it."""
    mine = (Told.conversation_id == conversation_id, Told.about == matter.about)
    return session.exec(select(Told).where(*mine)).first()


def _groups(session: Session, *where: ColumnElement[bool]) -> list[Matter]:
    group = QuestionGroup
    answered = and_(col(group.status) == "approved", _live(), ~_reverted())
    worded = and_(col(group.status) == "dismissed", func.trim(func.coalesce(group.word, "")) != "")
    query = sa.select(*map(col, (group.id, group.status, group.entry_key, group.word, group.decided_at)))
    rows = session.execute(query.where(*where, answered | worded))
    return [
        Matter(ANSWER, id_, at, key=key) if status == "approved" else Matter(WORD, id_, at, words=word)
        for id_, status, key, word, at in rows
    ]


def _causes(session: Session, *where: ColumnElement[bool]) -> list[Matter]:
    query = select(Cause.id, Cause.word, Cause.fixed_at).where(*where, col(Cause.fixed_at).is_not(None))
    rows = session.execute(query.where(func.trim(func.coalesce(Cause.word, "")) != ""))
    return [Matter(FIXED, id_, at, words=word) for id_, word, at in rows]


def _live() -> ColumnElement[bool]:
    """True where customers may read the group's entry, in some language."""
    entry = (
        col(Entry.key) == col(QuestionGroup.entry_key),
        col(Entry.status) == "live",
        col(Entry.audience) == "public",
    )
    return exists().where(*entry)


def _reverted() -> ColumnElement[bool]:
    """True where the group's entry was put back to an earlier revision after the group was decided, and left so."""
    return exists().where(
        col(Entry.key) == col(QuestionGroup.entry_key),
        col(EntryRevision.entry_id) == col(Entry.id),
        col(EntryRevision.revision) == col(Entry.revision),
        col(EntryRevision.what).startswith("reverted"),
        col(EntryRevision.at) > col(QuestionGroup.decided_at),
    )
