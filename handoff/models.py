"""Tables of the app: conversations with their one timeline, people who sign in, words that were changed."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from kb.models import UtcDateTime, now

OWNERS = ("bot", "queue", "agent", "closed")
UNSOUGHT = text("sought_seq < last_seq")  # conversations of which the backlog does not know everything yet
ROLES = ("agent", "editor", "admin")


class Conversation(SQLModel, table=True):
    """One customer's talk. `owner` is changed only by `conversations.change_owner`."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_owner_queued", "owner", "queued_at"),
        Index("ix_conversation_owner_line", "owner", "line_at"),
        Index("ix_conversation_unsought", "changed_at", sqlite_where=UNSOUGHT, postgresql_where=UNSOUGHT),
    )

    id: str = Field(primary_key=True, max_length=32)
    token_hash: str = Field(max_length=64)
    token_salt: str = Field(max_length=64)
    idempotency_hash: str | None = Field(default=None, max_length=64, unique=True)
    language: str = Field(max_length=8)
    page_url: str | None = Field(default=None, max_length=2000)
    device: str | None = Field(default=None, max_length=300)
    customer_name: str | None = Field(default=None, max_length=200)
    customer_email: str | None = Field(default=None, max_length=320, index=True)  # lower case
    customer_phone: str | None = Field(default=None, max_length=40)
    customer_ref: str | None = Field(default=None, max_length=200, index=True)  # the shop's own id of her, see identity
    vouched_name: str | None = Field(default=None, max_length=200)  # as the shop says; customer_name may be her own
    vouched_email: str | None = Field(default=None, max_length=320)

    owner: str = Field(default="bot", max_length=8)
    stint: int = 1
    reason: str | None = Field(default=None, max_length=20)
    question: str | None = Field(default=None, max_length=300)
    topic: str | None = Field(default=None, max_length=80)
    agent_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    line_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # queued_at less the head start of priority
    for_agent_id: int | None = None  # waits for this agent alone
    cause: str | None = Field(default=None, max_length=80)  # what it was about, as the agent said on closing

    last_seq: int = 0
    shown_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # the last row that is no note
    customer_seq: int = 0  # the customer's last message that wants a reply
    handled_seq: int = 0  # the last one that got it
    customer_seen_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # rows that she has had in view
    agent_seen_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # the same for whoever helps her
    mailed_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # rows that she was sent by mail
    pushed_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # rows the shop's server was told of
    sought_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # rows the backlog knows, see seeking
    lease_id: str | None = Field(default=None, max_length=32)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)

    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    queued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    trackers_emptied: bool = True


class ConversationKey(SQLModel, table=True):
    """A further token that opens a conversation, for another device of the same customer. Only its hash is kept."""

    __tablename__ = "conversation_key"

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True)
    token_hash: str = Field(max_length=64)
    salt: str = Field(max_length=64)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Message(SQLModel, table=True):
    """A row of the timeline: what somebody said, or a step of the conversation's life.

    `answers_seq` and `part` name the customer's message that a bot's row answers: unique, so no second answer.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "author", "client_id"),
        UniqueConstraint("conversation_id", "answers_seq", "part"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE")
    seq: int
    stint: int
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    author: str = Field(max_length=8)  # customer, bot, agent, system
    author_id: int | None = Field(default=None, foreign_key="person.id")
    kind: str = Field(max_length=20)
    text: str = Field(sa_column=Column(Text, nullable=False))
    client_id: str | None = Field(default=None, max_length=64)
    answers_seq: int | None = None
    part: int | None = None
    entry_key: str | None = Field(default=None, max_length=80)
    file_id: str | None = Field(default=None, max_length=32)  # see `desk_models.File`
    hidden_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # what it says is shown to nobody
    hidden_by_id: int | None = None
    options: list[dict[str, str]] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Person(SQLModel, table=True):
    """Somebody who signs in: agent, editor or admin."""

    __tablename__ = "person"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(max_length=320, unique=True)  # lower case
    name: str = Field(max_length=200)
    role: str = Field(max_length=8)
    password_hash: str = Field(max_length=300)
    active: bool = True
    capacity: int = Field(default=4, sa_column_kwargs={"server_default": "4"})  # conversations at once
    topics: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))  # None: every topic
    languages: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))  # None: every one
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Presence(SQLModel, table=True):
    """When an agent's desk was last heard of, and whether she takes new conversations."""

    __tablename__ = "presence"

    person_id: int = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    seen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    away: bool = False


class Handling(SQLModel, table=True):
    """One uninterrupted time that an agent had a conversation; `ended_at` is None while she has it."""

    __tablename__ = "handling"
    __table_args__ = (Index("ix_handling_ended", "ended_at"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True)
    person_id: int = Field(foreign_key="person.id")
    topic: str | None = Field(default=None, max_length=80)
    language: str = Field(max_length=8)
    began_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end: str | None = Field(default=None, max_length=12)  # closed, bot, transferred, vanished


class Estimate(SQLModel, table=True):
    """A wait that a customer was told, beside what happened. `low_s` is None for "we can't say yet"."""

    __tablename__ = "estimate"
    __table_args__ = (Index("ix_estimate_at", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    place: int
    low_s: int | None = None
    high_s: int | None = None
    why: str | None = Field(default=None, max_length=20)  # why no figure is told, or why a worse one was; see estimates
    raw: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))  # as it was simulated
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end: str | None = Field(default=None, max_length=8)  # taken, left, closed


class Setting(SQLModel, table=True):
    """Something that an admin sets in the pages, such as the opening hours: a JSON document by name."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True, max_length=40)
    value: Any = Field(sa_column=Column(JSON, nullable=False))
    revision: int = 1


class Change(SQLModel, table=True):
    """What somebody changed in the settings: the history."""

    __tablename__ = "change"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    by: str = Field(max_length=200)
    what: str = Field(max_length=120, index=True)
    before: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    after: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Outgoing(SQLModel):
    """What every row of an outbox has, see `outgoing`."""

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    due_at: datetime | None = Field(default_factory=now, sa_type=UtcDateTime)  # None: given up, or sent
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str | None = Field(default=None, max_length=500)


class Mail(Outgoing, table=True):
    """An e-mail that goes out, or went: the outbox. `key` makes asking for the same mail twice one mail.

    `stop_url`: where one click stops such mails. `once`: one of which nobody knows whether it went is not sent again.
    """

    __tablename__ = "mail"
    __table_args__ = (Index("ix_mail_due", "sent_at", "due_at"),)

    key: str = Field(max_length=120, unique=True)
    to: str = Field(max_length=320)
    language: str = Field(max_length=8)
    subject: str = Field(max_length=300)
    text: str = Field(sa_column=Column(Text, nullable=False))
    conversation_id: str | None = Field(
        default=None, foreign_key="conversation.id", max_length=32, ondelete="CASCADE", index=True
    )
    stop_url: str | None = Field(default=None, max_length=300)
    once: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class WebhookEvent(Outgoing, table=True):
    """An event that goes to the shop's own server, or went. `webhook_id` is the same at every try.

    The words of row `seq` are not kept here: they are read when it goes, so that what was hidden meanwhile does not.
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        Index("ix_webhook_event_due", "sent_at", "due_at"),
        UniqueConstraint("conversation_id", "seq"),
    )

    webhook_id: str = Field(max_length=64, unique=True)
    type: str = Field(max_length=40)
    conversation_id: str | None = Field(
        default=None, foreign_key="conversation.id", max_length=32, ondelete="CASCADE"
    )
    seq: int | None = None  # the last row that it tells of
    resent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # tried anew by hand after it was given up
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class SignIn(SQLModel, table=True):
    """A session cookie that is in force. Only the hash of the cookie is kept."""

    __tablename__ = "sign_in"

    token_hash: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ChangedText(SQLModel, table=True):
    """Words an editor put in place of the shipped ones."""

    __tablename__ = "changed_text"

    key: str = Field(primary_key=True, max_length=80)
    language: str = Field(primary_key=True, max_length=8)
    value: str = Field(sa_column=Column(Text, nullable=False))
    by: str = Field(max_length=200)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
