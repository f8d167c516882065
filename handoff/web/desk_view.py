"""What the desk shows, read in one go: the queue, and one conversation with its context."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, earlier, estimates, faces, identity, mentions, queue, said
from handoff.context import agent_context
from handoff.earlier import Earlier
from handoff.estimates import Told
from handoff.mentions import Asked
from handoff.models import Conversation, Estimate, Message, Person
from handoff.summary import summary
from handoff.texts import shipped
from handoff.waiting import as_wait, minutes
from handoff.web import shapes
from handoff.web.asked_view import Questions, questions
from handoff.web.desk_lists import Lists, lists, resting_with
from handoff.web.desk_team import handed_on_by
from handoff.web.hidden_rows import hiding_of
from handoff.web.promise_view import Strip, strip
from handoff.web.told_rows import told_rows
from kb.models import now

ROWS = 500  # the newest rows of a transcript that are shown
MOST_WAITING = 200  # lines of the queue that are shown at once
ONE_LINE = 140


@dataclass(frozen=True)
class QueueItem:
    """A line of the queue or of my conversations."""

    id: str
    place: int
    question: str
    customer: str
    reason: str | None
    language: str
    topic: str | None
    since: datetime
    last: str = ""
    unanswered: bool = False
    seq: int = 0  # of the last message
    range: tuple[int, int] | None = None  # minutes that she is told now
    late: bool = False  # has waited longer than she was told first
    sent_by: str = ""  # the colleague who handed it on to me, until I say something in it


@dataclass(frozen=True)
class QueueView:
    """The left column. `total` counts everyone who waits, shown or not; `mine` lacks those that only wait for what
    was promised in them, which are in the lists."""

    waiting: list[QueueItem]
    mine: list[QueueItem]
    total: int
    more: bool
    limit: int
    lists: Lists
    asked: Questions


@dataclass(frozen=True)
class Whose:
    """Who the customer is; `ref` is her id at the shop that vouches for her, empty where it does not."""

    name: str
    name_vouched: bool
    ref: str


@dataclass(frozen=True)
class WorkView:
    """One conversation as an agent sees it.

    `mode` says what this agent may do: mine, free (it waits), other (a colleague has it), bot or closed.
    """

    id: str
    mode: str
    language: str
    question: str | None
    queued_at: datetime | None
    agent_name: str | None
    agent_face: str | None  # the address of her picture
    rows: list[dict[str, Any]]
    cut: bool
    context: dict[str, Any]
    told_first: tuple[int, int] | None  # minutes, in this stay in the queue or the last
    told_now: tuple[int, int] | None  # while she waits
    earlier: list[Earlier]  # the customer's last other conversations
    more_earlier: bool
    editor: bool  # whether this agent may change entries
    strip: Strip
    asked: list[Asked]  # what colleagues ask this agent about it
    customer: Whose


def queue_view(session: Session, person_id: int, limit: int, language: str = "nl") -> QueueView:
    """The queue's first lines, this agent's conversations, and the lists below them in words of `language`."""
    limit = max(1, min(limit, MOST_WAITING))
    waiting, more = queue.waiting(session, limit)
    resting = resting_with(session, person_id)
    held = [c for c in queue.held_by(session, person_id) if c.id not in resting]
    last = _last_said(session, [c.id for c in held])
    senders = handed_on_by(session, person_id, [c.id for c in held])
    places, told, at = queue.places(session, limit), estimates.told(session, [c.id for c in waiting]), now()
    return QueueView(
        waiting=[_waiting(c, places[c.id], told.get(c.id), at) for c in waiting if c.id in places],
        mine=[replace(_item(c, 0, last.get(c.id)), sent_by=senders.get(c.id, "")) for c in held],
        total=queue.waiting_count(session),
        more=more is not None and limit < MOST_WAITING,
        limit=limit,
        lists=lists(session, person_id, language, at),
        asked=questions(session, person_id, at),
    )


def _waiting(conversation: Conversation, place: int, told: Told | None, at: datetime) -> QueueItem:
    """A line of the queue: `late` from the high end that she was told first."""
    first = told.first if told else None
    late = first is not None and first.high_s is not None and at > first.at + timedelta(seconds=first.high_s)
    return replace(_item(conversation, place), range=minutes_of(told.last if told else None), late=late)


def minutes_of(told: Estimate | None) -> tuple[int, int] | None:
    """The range in minutes that somebody was told, None where it was no figure."""
    wait = as_wait(told)
    if wait is None:
        return None
    low, high = minutes(**wait)
    return (low, high) if low < high else (0, high)


def _item(conversation: Conversation, place: int, last: Message | None = None) -> QueueItem:
    words = said.line(last, shipped(conversation.language)) if last else ""
    return QueueItem(
        id=conversation.id,
        place=place,
        question=conversation.question or "",
        customer=conversation.customer_name or "",
        reason=conversation.reason,
        language=conversation.language,
        topic=conversation.topic,
        since=conversation.queued_at or (last.at if last else conversation.changed_at),
        last=words if len(words) <= ONE_LINE else words[: ONE_LINE - 1] + "…",
        unanswered=last is not None and last.author == "customer",
        seq=last.seq if last else 0,
    )


def _last_said(session: Session, ids: list[str]) -> dict[str, Message]:
    """The last message of a customer or an agent in each conversation."""
    newest = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .where(col(Message.conversation_id).in_(ids), col(Message.author).in_(("customer", "agent")))
        .where(Message.kind != conversations.NOTE)
        .group_by(col(Message.conversation_id))
        .subquery()
    )
    same = (col(Message.conversation_id) == newest.c.conversation_id) & (col(Message.seq) == newest.c.seq)
    found = select(Message).join(newest, same)
    return {m.conversation_id: m for m in session.exec(found).all()}


def work_view(
    session: Session,
    conversation_id: str,
    person_id: int,
    language: str,
    after: int | None = None,
    known_mode: str = "",
) -> WorkView:
    """A conversation with its context, summed up in `language`; its rows after number `after`, or the newest `ROWS`.

    The context is empty where the page that asks for new rows shows it already: while it is in the mode that the page
    knows, and nothing was hidden. NotFound where there is no such conversation.
    """
    conversation = conversations.get(session, conversation_id)
    start = max(0, conversation.last_seq - ROWS) if after is None else after
    messages = conversations.messages_after(session, conversation_id, start, ROWS, notes=True)
    rows = _rows(session, conversation, messages, person_id)
    shown = known_mode == mode_of(conversation, person_id) and not any(row["hides"] or row["shows"] for row in rows)
    context, before, more = ({}, [], False) if after is not None and shown else _around(session, conversation, language)
    agent = session.get(Person, conversation.agent_id) if conversation.agent_id else None
    return WorkView(
        id=conversation.id,
        mode=mode_of(conversation, person_id),
        language=conversation.language,
        question=conversation.question,
        queued_at=conversation.queued_at,
        agent_name=agent.name if agent else None,
        agent_face=faces.path_of(session, conversation.agent_id),
        rows=rows,
        cut=after is None and start > 0,
        context=context,
        told_first=minutes_of(estimates.first_told(session, conversation.id)),
        told_now=minutes_of(estimates.newest(session, conversation.id)),
        earlier=before,
        more_earlier=more,
        editor=session.get_one(Person, person_id).role in ("editor", "admin"),
        strip=strip(session, conversation, person_id, language or "nl", now()),
        asked=mentions.open_for(session, person_id, conversation.id),
        customer=Whose(
            conversation.customer_name or "", identity.name_vouched(conversation), conversation.customer_ref or ""
        ),
    )


def _around(
    session: Session, conversation: Conversation, language: str
) -> tuple[dict[str, Any], list[Earlier], bool]:
    """What stands beside a conversation, and the customer's last other conversations with whether there are more."""
    context = agent_context(session, conversation)
    context["summary"] = summary(session, conversation, language, context)
    for near in context["nearest"]:
        near["html"] = shapes.to_html(near["answer"])
    before, more = earlier.earlier(session, conversation) if context["earlier_conversations"] else ([], False)
    return context, before, more


def mode_of(conversation: Conversation, person_id: int) -> str:
    """What this agent may do with a conversation, see `WorkView`."""
    if conversation.owner == "agent":
        return "mine" if conversation.agent_id == person_id else "other"
    return "free" if conversation.owner == "queue" else conversation.owner


def _rows(
    session: Session, conversation: Conversation, messages: list[Message], person_id: int
) -> list[dict[str, Any]]:
    forms = shapes.message_list(session, messages)
    hidden = hiding_of(session, conversation, messages, person_id)
    telling = told_rows(session, conversation, messages, person_id)
    pictures = faces.of(session, [m.author_id for m in messages if m.author == "agent"])
    blank: dict[str, Any] = {"html": "", "options": [], "author_name": "", "client_id": ""}
    blank |= {"file": None, "hides": 0, "shows": 0}
    return [
        blank
        | form
        | marks
        | {"mine": m.author == "agent" and m.author_id == person_id, "can_tell": m.seq in telling}
        | {"face": pictures.get(m.author_id or 0) if m.author == "agent" else None}
        for form, m, marks in zip(forms, messages, hidden, strict=True)
    ]
