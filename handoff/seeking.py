"""What the backlog does not know of a conversation yet, sought a little later and beside the requests.

The moment of a handoff puts its question there at once (`turns`). The rest shows only afterwards: an answer that did
not help, a low rating, a question that an agent answered by hand, what she answered, how long it took. A conversation
is read again whenever it has rows that were not sought through (`sought_seq` < `last_seq`), old ones too after an
upgrade. Reading and encoding hold no transaction open, and what is written twice is written once.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_
from sqlmodel import Session, col, select

from handoff import conversations, gaps
from handoff.by_hand import candidates, judged
from handoff.editor_models import Rating
from handoff.gaps import Gap
from handoff.models import UNSOUGHT, Conversation, Handling, Message
from handoff.replies import replies, waits
from handoff.state import State
from kb.backlog import Prepared
from kb.models import Question, now

log = logging.getLogger(__name__)
LOOK_S = 3.0
AGAIN = timedelta(minutes=10)  # after which one that failed is tried again: what was the matter may be over
QUIET = timedelta(seconds=4)  # since the last row: people go on typing, and the moment of a handoff goes first
AT_ONCE = 20
MOST_ROWS = 10_000
WITH_PERSON = ("queue", "agent")


@dataclass(frozen=True)
class Sought:
    """A conversation as it was read: what went unanswered by its rows, and what an agent may have answered by hand.

    `hidden` are the numbers of rows that were hidden then: where that changed meanwhile, nothing of it is written.
    """

    id: str
    language: str
    last_seq: int
    hidden: frozenset[int]
    known: frozenset[int]
    found: list[Gap]
    asked: list[Message]


async def keep_seeking(it: State) -> None:
    """Seek through what is new, now and then. Until cancelled. One that fails is left alone for `AGAIN`."""
    failed: dict[str, datetime] = {}
    while True:
        failed = {id_: at for id_, at in failed.items() if at > now() - AGAIN}
        try:
            ids = await it.read(unsought, now(), set(failed))
        except Exception:
            log.exception("conversations could not be sought through and will be tried again")
            ids = []
        for conversation_id in ids:
            try:
                await seek(it, conversation_id)
            except Exception:
                log.exception("conversation %s could not be sought through", conversation_id)
                failed[conversation_id] = now()
        await asyncio.sleep(LOOK_S if len(ids) < AT_ONCE else 0.05)


def unsought(session: Session, at: datetime, besides: set[str] | None = None, limit: int = AT_ONCE) -> list[str]:
    """Conversations that were quiet for `QUIET` and of which the backlog does not know everything, oldest first;
    none in which the bot still owes a reply, and none of `besides`."""
    owes = and_(col(Conversation.owner) == "bot", col(Conversation.customer_seq) > col(Conversation.handled_seq))
    query = select(Conversation.id).where(UNSOUGHT, col(Conversation.changed_at) <= at - QUIET, ~owes)
    query = query.order_by(col(Conversation.changed_at)).limit(limit + len(besides or ()))
    return [id_ for id_ in session.exec(query).all() if id_ not in (besides or ())][:limit]


async def seek(it: State, conversation_id: str) -> bool:
    """Put into the backlog what the rows of a conversation tell; False where it changed meanwhile and must be read
    again."""
    sought = await it.read(look, conversation_id)
    by_hand = await it.compute(judged, it.base, sought.asked, sought.language) if sought.asked else []
    found = sought.found + [Gap(question, "by_hand") for question in by_hand]
    fresh = [gap for gap in found if gap.question.seq not in sought.known]
    prepared = [await it.prepare(gap.question.text, sought.language) for gap in fresh]
    return await it.write(keep, sought, found, dict(zip((g.question.seq for g in fresh), prepared, strict=True)))


def look(session: Session, conversation_id: str) -> Sought:
    """What the rows of a conversation tell. NotFound."""
    conversation = conversations.get(session, conversation_id)
    rows = conversations.messages_after(session, conversation_id, 0, MOST_ROWS)
    known = frozenset(session.exec(select(Question.seq).where(Question.conversation_id == conversation_id)).all())
    found = gaps.gaps(rows, session.get(Rating, conversation_id))
    taken = known | {gap.question.seq for gap in found}
    asked = candidates(rows, conversation.owner in WITH_PERSON, taken)
    return Sought(conversation_id, conversation.language, conversation.last_seq, _hidden(rows), known, found, asked)


def _hidden(rows: list[Message]) -> frozenset[int]:
    return frozenset(row.seq for row in rows if row.hidden_at is not None)


def keep(session: Session, sought: Sought, found: list[Gap], prepared: dict[int, Prepared]) -> bool:
    """Write what was found, what agents said to it, and how long it took, unless a message was hidden, or shown again,
    since it was read. False then."""
    conversation = conversations.locked(session, sought.id)
    rows = conversations.messages_after(session, sought.id, 0, MOST_ROWS)
    if _hidden([row for row in rows if row.seq <= sought.last_seq]) != sought.hidden:
        return False
    for gap in found:
        if gap.question.seq in prepared:
            gaps.put(session, conversation, prepared[gap.question.seq], gap)
        else:
            gaps.tell(session, sought.id, gap)
    describe(session, conversation, rows)
    conversation.sought_seq = max(conversation.sought_seq, sought.last_seq)
    return True


def describe(session: Session, conversation: Conversation, rows: list[Message]) -> None:
    """Beside each question of a conversation: what an agent said to it, her time, and the customer's wait."""
    of_it = col(Question.conversation_id) == conversation.id
    asked = session.exec(select(Question).where(of_it).order_by(col(Question.seq))).all()
    if not asked:
        return
    said, waited = replies(rows, [q.seq for q in asked]), waits(rows)
    spent = _seconds_spent(session, conversation.id)
    for question in asked:
        question.reply = said.get(question.seq)
        question.waited_s = waited.get(question.seq)
        question.spent_s = None if spent is None else round(spent / len(asked))
    session.flush()


def _seconds_spent(session: Session, conversation_id: str) -> float | None:
    """How long agents had it in all, in seconds; None where nobody did. Whoever has it now does not count yet."""
    query = select(Handling.began_at, Handling.ended_at).where(Handling.conversation_id == conversation_id)
    times = session.exec(query).all()
    ended = [(end - began).total_seconds() for began, end in times if end is not None]
    return sum(ended) if ended else None


def look_again(session: Session, conversation_id: str) -> None:
    """Have a conversation sought through once more although no row was added: for whoever stores a rating."""
    conversations.locked(session, conversation_id).sought_seq = 0
    session.flush()
