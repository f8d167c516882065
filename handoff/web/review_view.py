"""What the backlog's pages show, read in one go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import reports
from handoff.conversations import NOTE
from handoff.models import Message, Person
from handoff.web.shapes import to_html
from kb import backlog, entries
from kb.base import Base
from kb.errors import NotFound
from kb.models import Entry, Question, QuestionGroup
from kb.proposals import Proposal, of_group

PAGE = 50
QUESTIONS = 100  # of a group, the newest are shown
REPLIES = 10


@dataclass(frozen=True)
class GroupItem:
    """A group in the list, with the languages and the most frequent reason of its questions."""

    group: QuestionGroup
    languages: list[str]
    reason: str


@dataclass(frozen=True)
class GroupsView:
    """A page of the backlog. `next` is where the next one begins."""

    status: str
    groups: list[GroupItem]
    counts: dict[str, int]
    next: str | None


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
    """What an agent wrote to somebody who asked this."""

    text: str
    name: str
    language: str
    at: datetime


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


def groups_view(session: Session, status: str, after: str | None) -> GroupsView:
    """The groups of one status, those that most people asked first."""
    found = backlog.list_groups(session, status, after, PAGE + 1)
    shown = found[:PAGE]
    facts = _facts(session, [g.id or 0 for g in shown])
    items = [GroupItem(g, *facts.get(g.id or 0, ([g.language], ""))) for g in shown]
    next_one = backlog.cursor(shown[-1]) if len(found) > PAGE else None
    return GroupsView(status, items, group_counts(session), next_one)


def group_counts(session: Session) -> dict[str, int]:
    """How many groups there are of each status, and how many reports are open."""
    rows = session.exec(select(QuestionGroup.status, func.count()).group_by(col(QuestionGroup.status)))
    counts = {"open": 0, "approved": 0, "dismissed": 0} | {status: int(n) for status, n in rows}
    return counts | {"reports": reports.count_open(session)}


def _facts(session: Session, ids: list[int]) -> dict[int, tuple[list[str], str]]:
    """For each group its languages and its most frequent reason, both by frequency."""
    rows = session.exec(
        select(Question.group_id, Question.language, Question.reason, func.count())
        .where(col(Question.group_id).in_(ids))
        .group_by(col(Question.group_id), col(Question.language), col(Question.reason))
        .order_by(func.count().desc(), col(Question.language), col(Question.reason))
    )
    found: dict[int, tuple[list[str], str]] = {}
    for group_id, language, reason, _count in rows:
        languages, _first = found.setdefault(group_id, ([], reason))
        if language not in languages:
            languages.append(language)
    return found


def group_view(session: Session, base: Base, group_id: int) -> GroupView:
    """A group with its questions, what agents replied, and the nearest entries. NotFound."""
    group = backlog.get_group(session, group_id)
    questions = backlog.questions(session, group_id, QUESTIONS)
    facts = _facts(session, [group_id])
    near = [
        _shown(session, c.key, c.language, c.probability)
        for c in backlog.nearest(base, group)
        if c.key != group.entry_key
    ]
    return GroupView(
        group=group,
        languages=facts.get(group_id, ([group.language], ""))[0],
        questions=questions,
        replies=_replies(session, questions),
        nearest=[entry for entry in near if entry is not None],
        entry=_decided_entry(session, group),
        topics=topics(session),
        proposals=of_group(questions, _hidden(session, questions)),
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
    languages = {q.conversation_id: q.language for q in questions}
    said = {
        m.text: AgentReply(m.text, name.split()[0], languages[m.conversation_id], m.at)
        for m, name in rows
        if m.seq > asked[m.conversation_id]
    }
    return list(said.values())[:REPLIES]


def _hidden(session: Session, questions: list[Question]) -> set[tuple[str, int]]:
    """The messages that are hidden in the conversations of these questions."""
    of_these = col(Message.conversation_id).in_({q.conversation_id for q in questions})
    query = select(Message.conversation_id, Message.seq).where(of_these, col(Message.hidden_at).is_not(None))
    return set(session.exec(query).all())


def topics(session: Session) -> list[str]:
    """The topics that entries have, by name."""
    found = session.exec(select(Entry.topic).where(Entry.topic != "").distinct().order_by(col(Entry.topic)))
    return list(found.all())
