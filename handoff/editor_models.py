"""Tables of what editors work with beside the backlog: causes, who was told what, ratings, what entries do."""

from datetime import date, datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.models import UtcDateTime, now


class Cause(SQLModel, table=True):
    """What lies behind question groups, such as a card whose print scratches off: somebody's to see to, until fixed.

    `word` is what those who reported it are told once it is.
    """

    __tablename__ = "cause"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=200)
    note: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    owner_id: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    created_by: str = Field(max_length=200)
    fixed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fixed_by: str | None = Field(default=None, max_length=200)
    word: str | None = Field(default=None, sa_column=Column(Text))
    revision: int = 1


class Told(SQLModel, table=True):
    """That somebody who asked was told, once for each matter: the unique key makes a second time impossible.

    `about` is `entry:KEY` (an answer), `word:GROUP` (why there is none) or `fixed:CAUSE`. `way` is chat; mail; left
    where it stands in her conversation and nothing more could be done; or agent where she was told already. `seq` is
    the row of the timeline that told it, `mail_id` the mail.
    """

    __tablename__ = "told"
    __table_args__ = (UniqueConstraint("conversation_id", "about"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE")
    question_id: int = Field(foreign_key="question.id", ondelete="CASCADE", index=True)
    about: str = Field(max_length=120, index=True)
    way: str = Field(max_length=8)
    seq: int | None = None
    mail_id: int | None = Field(default=None, index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class NoMail(SQLModel, table=True):
    """An address to which no such news goes any more: its SHA-256, since its owner wants to be left alone."""

    __tablename__ = "no_mail"

    address_hash: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Rating(SQLModel, table=True):
    """What a customer thought of a conversation: 0 to 10, would she recommend us, and whether it was solved."""

    __tablename__ = "rating"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id", max_length=32, ondelete="CASCADE")
    score: int | None = None
    solved: bool | None = None
    words: str = Field(default="", max_length=1000)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class EntryDay(SQLModel, table=True):
    """How often an entry was looked at in the public FAQ on a day (UTC), and how many said that it helped them, or not;
    how often it was given in conversations (`answered`), and how many said there that it did not help (`rejected`).

    Only figures: nobody can tell from them who it was. Colleagues who are signed in do not count. See
    `handoff.entry_days`.
    """

    __tablename__ = "entry_day"

    entry_key: str = Field(primary_key=True, max_length=80)
    language: str = Field(primary_key=True, max_length=8)
    day: date = Field(primary_key=True, index=True)
    views: int = 0
    helped: int = 0
    not_helped: int = 0
    answered: int = 0
    rejected: int = 0
