"""Tables of what agents work with beside the conversations: promises, files, canned replies, reports."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.models import UtcDateTime, now

PROMISES = ("answer", "call")


class Promise(SQLModel, table=True):
    """What a customer was promised: an answer by `due_at`, or a call from `from_at` to `due_at`.

    Open while it is neither kept nor dropped. `by_id` is None where the shop made it by itself, because it was closed
    or the wait was long; `holder_id` is None while nobody in particular has it to keep.
    """

    __tablename__ = "promise"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_id"),
        Index("ix_promise_open", "kept_at", "dropped_at", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True)
    client_id: str = Field(max_length=64)
    kind: str = Field(default="answer", max_length=8)
    note: str = Field(default="", max_length=300)  # what must be found out; for agents alone
    by_id: int | None = Field(default=None, foreign_key="person.id")
    holder_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    from_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    moved: int = 0  # how often another time was set
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    kept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    dropped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revision: int = 1


class File(SQLModel, table=True):
    """A photo or another file that somebody sent: checked by content, without what a camera writes into it."""

    __tablename__ = "file"

    id: str = Field(primary_key=True, max_length=32)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True)
    name: str = Field(max_length=200)
    media_type: str = Field(max_length=80)
    size: int  # bytes of `content`
    width: int | None = None
    height: int | None = None
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class CannedReply(SQLModel, table=True):
    """Words that agents use again and again, found by typing `/` and the shortcut."""

    __tablename__ = "canned_reply"
    __table_args__ = (UniqueConstraint("shortcut", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    shortcut: str = Field(max_length=40)
    language: str = Field(max_length=8)
    text: str = Field(sa_column=Column(Text, nullable=False))
    topic: str | None = Field(default=None, max_length=80)
    revision: int = 1
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    changed_by: str = Field(default="", max_length=200)


class Mention(SQLModel, table=True):
    """A colleague who was asked in a note (`@name`), open until she answers in a note of that conversation."""

    __tablename__ = "mention"
    __table_args__ = (UniqueConstraint("message_id", "person_id"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True)
    message_id: int = Field(foreign_key="message.id", ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", index=True)
    by_id: int = Field(foreign_key="person.id")
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Report(SQLModel, table=True):
    """An agent's word to the editors that an entry is wrong, open until an editor settles it."""

    __tablename__ = "report"
    __table_args__ = (Index("ix_report_open", "settled_at", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    entry_key: str = Field(max_length=80, index=True)
    language: str = Field(max_length=8)
    conversation_id: str | None = Field(
        default=None, foreign_key="conversation.id", max_length=32, ondelete="SET NULL"
    )
    by_id: int = Field(foreign_key="person.id")
    reason: str = Field(max_length=20)  # wrong, outdated, unclear, other
    words: str = Field(default="", max_length=1000)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str | None = Field(default=None, max_length=200)


class PasswordLink(SQLModel, table=True):
    """A link in a mail with which somebody chooses a password, once. Only the hash of its token is kept."""

    __tablename__ = "password_link"

    token_hash: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    purpose: str = Field(max_length=8)  # invite, reset
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Face(SQLModel, table=True):
    """The picture of somebody who signs in: square, small, made anew. `mark` is its content's, and its address."""

    __tablename__ = "face"

    person_id: int = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    mark: str = Field(max_length=32, index=True)
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
