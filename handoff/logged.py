"""What was asked, for the look ahead of `kb.whatif`: the open backlog, and customers' questions that were answered.

An app reads it when an editor opens a question group, and keeps it up to date while editors write.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select

from handoff.models import Conversation, Message
from handoff.question import EARLIER_KEPT, was_question
from kb.fates import Asked
from kb.models import Question, QuestionGroup, now
from kb.whatif import Log

if TYPE_CHECKING:
    from handoff.state import State

log = logging.getLogger(__name__)
MOST = 10_000  # questions of each kind, the newest
BEFORE = 500  # messages that are read again, since what a customer asked earlier may count
FRESH = timedelta(seconds=15)  # how old the log may be while somebody writes
SETTLING = timedelta(minutes=2)  # a message may yet get its evidence, or be taken up again
ANSWERED = ("answer", "partly")


@dataclass
class Watch:
    """The log of one app, None until an editor first needs it. `seen` is the last message that need not be read again,
    `ids` the questions of the backlog that are in the log, `messages` those of conversations, oldest first, `read_at`
    when it was last brought up to date."""

    log: Log | None = None
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0
    ids: set[str] = field(default_factory=set)
    messages: dict[str, None] = field(default_factory=dict)
    read_at: datetime | None = None


def asked_of(questions: list[Question]) -> list[Asked]:
    """Questions of the backlog as the log has them."""
    return [Asked(f"question {q.id}", q.text, q.language, q.group_id, (), q.vector) for q in questions]


def backlog_asked(session: Session) -> list[Asked]:
    """The questions of the open groups, the newest `MOST`."""
    columns = (Question.id, Question.text, Question.language, Question.group_id, Question.vector)
    rows = session.execute(
        select(*columns)  # type: ignore[call-overload]
        .join(QuestionGroup, col(QuestionGroup.id) == col(Question.group_id))
        .where(QuestionGroup.status == "open")
        .order_by(col(Question.id).desc())
        .limit(MOST)
    )
    return [Asked(f"question {row.id}", row.text, row.language, row.group_id, (), row.vector) for row in rows]


def answered(session: Session, after: int) -> tuple[list[Asked], int]:
    """Customers' questions that the bot answered, of the newest `MOST` messages behind number `after`; and the number
    up to which none will change any more."""
    said = (Message.author == "customer", Message.kind == "text", col(Message.hidden_at).is_(None))
    rows = session.exec(
        select(Message, Conversation.language)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(*said, col(Message.id) > after - BEFORE)  # some more, for what was asked before
        .order_by(col(Message.id).desc())
        .limit(MOST)
    ).all()
    settled = [m.id or 0 for m, _ in rows if m.at < now() - SETTLING]
    found: list[Asked] = []
    before: dict[tuple[str, int], list[str]] = {}
    for message, language in reversed(rows):
        earlier = before.setdefault((message.conversation_id, message.stint), [])
        data = message.data or {}
        verdict = (data.get("evidence") or {}).get("verdict")
        if was_question(message) and verdict in ANSWERED and (message.id or 0) > after:
            text = data.get("asked", message.text)
            found.append(Asked(f"message {message.id}", text, language, None, tuple(earlier[-EARLIER_KEPT:])))
        earlier.append(message.text)
    return found, max([after, *settled])


def hidden_since(session: Session, moment: datetime) -> list[str]:
    """The log's ids of customers' messages that were hidden since."""
    query = select(Message.id).where(Message.author == "customer", col(Message.hidden_at) >= moment)
    return [f"message {number}" for number in session.exec(query)]


async def keep_looking(it: "State") -> None:
    """Look logged questions up whenever a page wants to know of them, a few at a time. Until cancelled."""
    while True:
        await it.watch.wanted.wait()
        it.watch.wanted.clear()
        try:
            known = await brought_up(it)
            while await it.compute(known.work):
                await asyncio.sleep(0.01)  # customers go first
        except Exception:
            log.exception("logged questions could not be looked up and will be tried again")


async def brought_up(it: "State") -> Log:
    """The app's log, with what was asked, decided and hidden since."""
    watch, moment = it.watch, now()
    if watch.log is None:
        watch.log = Log(it.base)
    if watch.read_at is not None and moment - watch.read_at < FRESH:
        return watch.log
    backlog, (messages, seen), hidden = await it.read(_read, watch.seen, watch.read_at or moment)
    ids = {one.id for one in backlog}
    watch.messages |= dict.fromkeys(one.id for one in messages)
    gone = [*list(watch.messages)[:-MOST], *hidden]  # the newest stay
    for one in gone:
        watch.messages.pop(one, None)
    fresh = [one for one in messages if one.id in watch.messages]
    await it.compute(watch.log.note, [*backlog, *fresh], [*(watch.ids - ids), *gone])
    watch.ids, watch.seen, watch.read_at = ids, seen, moment
    return watch.log


def _read(session: Session, seen: int, since: datetime) -> tuple[list[Asked], tuple[list[Asked], int], list[str]]:
    return backlog_asked(session), answered(session, seen), hidden_since(session, since)
