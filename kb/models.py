"""Tables of the knowledge base. All of them live in ``SQLModel.metadata``."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, Column, DateTime, Dialect, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


def now() -> datetime:
    """The present moment, timezone-aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: timezone-aware on the way in and on the way out, on SQLite too.

    Raises ValueError for a datetime without a zone, since nobody can know what it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Entry(SQLModel, table=True):
    """A question with its answer. The same question in two languages is two entries that share a key."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("key", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=80, index=True)
    language: str = Field(max_length=8)
    question: str = Field(max_length=300)
    answer: str = Field(sa_column=Column(Text, nullable=False))
    topic: str = Field(default="", max_length=80, index=True)
    audience: str = Field(default="public", max_length=8)
    status: str = Field(default="live", max_length=12, index=True)
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    # When an editor wants to look at it again: the beginning of a day in UTC, see `kb.checks`.
    review_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class Phrasing(SQLModel, table=True):
    """Another way in which people ask an entry's question."""

    __tablename__ = "phrasing"
    __table_args__ = (UniqueConstraint("entry_id", "normal"),)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="entry.id", index=True, ondelete="CASCADE")
    text: str = Field(max_length=300)
    normal: str = Field(max_length=600)  # see kb.drafts.phrasing_key
    position: int = 0


class EntryRevision(SQLModel, table=True):
    """One kept revision of an entry: what it said, who made it so, and when."""

    __tablename__ = "entry_revision"
    __table_args__ = (UniqueConstraint("entry_id", "revision"),)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="entry.id", index=True, ondelete="CASCADE")
    revision: int
    snapshot: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    by: str = Field(max_length=200)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    what: str = Field(max_length=40)


class EntryCheck(SQLModel, table=True):
    """That an editor looked an entry over: `right` where she said that it still is, else she only set a date.

    `before` and `after` are the entry's `review_at`; `months` the time between two looks, None for a date of her own.
    """

    __tablename__ = "entry_check"
    __table_args__ = (Index("ix_entry_check_entry_at", "entry_id", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="entry.id", ondelete="CASCADE")
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    by: str = Field(max_length=200)
    right: bool
    months: int | None = None
    before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    after: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FaqImport(SQLModel, table=True):
    """One file that came in. ``status`` is previewed, done or undone; ``rows`` are kept (packed, see `kb.imports`)
    until it is done. Revisions that it made are called ``imported ID``.

    ``found`` says of a web page how its questions were found, ``counts`` how many entries were created, changed ...
    """

    __tablename__ = "faq_import"

    id: int | None = Field(default=None, primary_key=True)
    file: str = Field(max_length=200)
    format: str = Field(max_length=8)
    by: str = Field(max_length=200)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    status: str = Field(default="previewed", max_length=12)
    rows: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    found: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    revision: int = 0  # of the knowledge base, once it was done
    undone_by: str | None = Field(default=None, max_length=200)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class KbState(SQLModel, table=True):
    """One row (id 1). ``revision`` goes up with every change of an entry, in the same transaction as the change;
    ``backlog`` with every change of the backlog that is no new question."""

    __tablename__ = "kb_state"

    id: int = Field(default=1, primary_key=True)
    revision: int = 0
    backlog: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class QuestionGroup(SQLModel, table=True):
    """Questions of the backlog that mean the same. ``status`` is open, approved or dismissed; or merged: empty, since
    an editor's hand put its questions elsewhere, and ``merged`` says where (``into``) and which (``questions``).

    ``draft`` is an answer that waits for a second editor, ``word`` what those who asked are told where there is none.
    """

    __tablename__ = "question_group"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=300)
    language: str = Field(max_length=8)
    status: str = Field(default="open", max_length=12, index=True)
    revision: int = 1
    count: int = 0
    centroid: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # float16 mean of the vectors
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    entry_key: str | None = Field(default=None, max_length=80)
    why: str | None = Field(default=None, max_length=2000)
    decided_by: str | None = Field(default=None, max_length=200)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    topic: str | None = Field(default=None, max_length=80)  # that most of its questions have
    title_set: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})  # by an editor: it stays
    cause_id: int | None = Field(default=None, index=True)  # see `handoff.editor_models.Cause`
    draft: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    word: str | None = Field(default=None, sa_column=Column(Text))
    merged: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    family: int | None = None  # the id of the group that this one and others were split from by hand
    # `KbState.backlog` at its last change that was no new question: who holds groups in memory reads it again then.
    backlog: int = Field(default=0, index=True, sa_column_kwargs={"server_default": "0"})


COUNTED = ("reason", "language", "topic", "page", "spent_s", "waited_s")  # beside group, conversation and moment


class Question(SQLModel, table=True):
    """One question that went unanswered, secrets removed, with the evidence of the time."""

    __tablename__ = "question"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        # These two hold everything that is counted, so that a row with its vector is never read for a figure.
        Index("ix_question_at", "at", "topic", "group_id", "conversation_id"),
        Index("ix_question_counted", "group_id", "conversation_id", "at", *COUNTED),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(max_length=80)
    seq: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    language: str = Field(max_length=8)
    reason: str = Field(max_length=40)
    evidence: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    topic: str | None = Field(default=None, max_length=80)
    vector: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # float16, L2-normalised
    group_id: int = Field(foreign_key="question_group.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    page: str | None = Field(default=None, max_length=200)  # path of the shop's page where it was asked
    reply: str | None = Field(default=None, sa_column=Column(Text))  # what an agent said to it, secrets removed
    placed: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})  # in its group by hand
    spent_s: int | None = None  # seconds that agents had the conversation, this question's share of them
    waited_s: int | None = None  # seconds until somebody took it, or until she left the queue
