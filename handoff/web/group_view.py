"""What a question group's page shows, read in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff.approving import four_eyes
from handoff.conversations import NOTE
from handoff.models import Message, Person
from handoff.web.review_view import topics
from handoff.web.shapes import to_html
from kb import backlog, entries
from kb.base import Base
from kb.errors import NotFound
from kb.group_drafts import ASKED, UNDO, GroupDraft, draft_of
from kb.models import Entry, Question, QuestionGroup
from kb.proposals import Proposal, of_group
from kb.redact import redact
from kb.voice import in_our_voice

QUESTIONS = 100  # of a group, the newest are shown
REPLIES = 10
OTHERS = 50  # groups that this one may be put together with


@dataclass(frozen=True)
class ShownEntry:
    """An entry with its answer as a customer sees it."""

    key: str
    language: str
    question: str
    html: str
    probability: float = 1.0


@dataclass(frozen=True)
class AgentReply:
    """What an agent wrote to somebody who asked this, secrets removed; `answer` is the same in the shop's voice.

    `name` is empty where it is not known any more who it was.
    """

    text: str
    answer: str
    name: str
    language: str
    at: datetime
    conversation_id: str
    asked: str


@dataclass(frozen=True)
class GroupView:
    """A question group with everything an editor needs to decide."""

    group: QuestionGroup
    languages: list[str]
    questions: list[Question]
    replies: list[AgentReply]
    nearest: list[ShownEntry]
    entry: ShownEntry | None
    topics: list[str]
    proposals: list[Proposal]
    draft: GroupDraft | None
    four_eyes: bool
    others: list[QuestionGroup]

    @property
    def asked(self) -> bool:
        """Whether the draft waits for a second editor."""
        return self.draft is not None and self.draft.state == ASKED

    @property
    def revertible(self) -> bool:
        """Whether it is known what the approval stored."""
        return self.group.status == "approved" and bool((self.group.draft or {}).get(UNDO))


def group_view(session: Session, base: Base, group_id: int) -> GroupView:
    """A group with its questions, what agents replied, and the nearest entries. NotFound."""
    group = backlog.get_group(session, group_id)
    questions = backlog.questions(session, group_id, QUESTIONS)
    near = [
        _shown(session, c.key, c.language, c.probability)
        for c in backlog.nearest(base, group)
        if c.key != group.entry_key
    ]
    return GroupView(
        group=group,
        languages=_languages(session, group),
        questions=questions,
        replies=_replies(session, questions),
        nearest=[entry for entry in near if entry is not None],
        entry=_decided_entry(session, group),
        topics=topics(session),
        proposals=of_group(questions, _hidden(session, questions)),
        draft=draft_of(group) if group.status == "open" else None,
        four_eyes=four_eyes(session),
        others=[other for other in backlog.list_groups(session, "open", None, OTHERS) if other.id != group_id],
    )


def _shown(session: Session, key: str, language: str, probability: float) -> ShownEntry | None:
    try:
        entry = entries.get_entry(session, key, language)
    except NotFound:
        return None
    return ShownEntry(key, language, entry.question, to_html(entry.answer), probability)


def _decided_entry(session: Session, group: QuestionGroup) -> ShownEntry | None:
    """The entry that a group was approved into, in the group's language or else in any."""
    if not group.entry_key:
        return None
    rows = session.exec(select(Entry).where(Entry.key == group.entry_key)).all()
    entry = next(iter(sorted(rows, key=lambda e: e.language != group.language)), None)
    return ShownEntry(entry.key, entry.language, entry.question, to_html(entry.answer)) if entry else None


def _replies(session: Session, questions: list[Question]) -> list[AgentReply]:
    """What agents wrote after these questions, newest first, each text once."""
    asked = {q.conversation_id: q.seq for q in reversed(questions)}
    rows: Any = session.exec(
        select(Message, Person.name)
        .join(Person, col(Person.id) == col(Message.author_id))
        .where(col(Message.conversation_id).in_(asked), Message.author == "agent", Message.kind != NOTE)
        .where(col(Message.hidden_at).is_(None))
        .order_by(col(Message.at).desc())
        .limit(5 * REPLIES)
    )
    first = {q.conversation_id: q for q in reversed(questions)}
    said: dict[str, AgentReply] = {}
    for message, name in rows:
        question = first[message.conversation_id]
        if message.seq > asked[message.conversation_id]:
            one = _reply(question, redact(message.text), name.split()[0], message.at)
            said.setdefault(one.text, one)
    known = {reply.conversation_id for reply in said.values()}
    kept = [_reply(q, q.reply, "", q.at) for q in questions if q.reply and q.conversation_id not in known]
    return list({one.text: one for one in (*said.values(), *kept)}.values())[:REPLIES]


def _reply(question: Question, text: str, name: str, at: datetime) -> AgentReply:
    answer = in_our_voice(text, question.language)
    return AgentReply(text, answer, name, question.language, at, question.conversation_id, question.text)


def central(base: Base, replies: Sequence[AgentReply], language: str) -> str:
    """The answer that agents gave in `language` and that is most like the others; empty without one."""
    answers = [reply.answer for reply in replies if reply.answer and reply.language == language]
    if len(answers) < 3:  # of two, the later
        return answers[0] if answers else ""
    vectors = base.vectors(answers)
    return answers[int((vectors @ vectors.mean(axis=0)).argmax())]


def _hidden(session: Session, questions: list[Question]) -> set[tuple[str, int]]:
    """The messages that are hidden in the conversations of these questions."""
    of_these = col(Message.conversation_id).in_({q.conversation_id for q in questions})
    query = select(Message.conversation_id, Message.seq).where(of_these, col(Message.hidden_at).is_not(None))
    return set(session.exec(query).all())


def _languages(session: Session, group: QuestionGroup) -> list[str]:
    """The languages of a group's questions, the most frequent first."""
    rows = session.exec(
        select(Question.language, func.count())
        .where(Question.group_id == group.id)
        .group_by(col(Question.language))
        .order_by(func.count().desc(), col(Question.language))
    )
    return [language for language, _count in rows] or [group.language]
