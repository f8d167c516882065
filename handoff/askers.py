"""Who is still to be told of a matter, what was promised to her on it, and how those would be told who asked now."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func
from sqlmodel import Session, col, select

from handoff import knows, matters, no_mail, promises
from handoff.conversations import NOTE
from handoff.desk_models import Promise
from handoff.editor_models import Told
from handoff.mail import can_mail
from handoff.matters import ANSWER, FIXED, Matter
from handoff.models import Conversation, Message
from handoff.settings import Settings
from kb.models import Question, QuestionGroup, now

HERE_FOR = timedelta(minutes=15)  # after the last row somebody is taken to be in the chat still
MOST = 500  # conversations that are looked at for a forecast; a group has far fewer


@dataclass(frozen=True)
class Would:
    """How many of those who asked would be told, by how: in the chat where they are now, by mail, or only where they
    left off (`left`, no address). `agent` are with an agent, who decides; `known` have the answer already. `promised`
    are those of all these to whom an answer was promised. `more`: there are more than were looked at."""

    chat: int = 0
    mail: int = 0
    left: int = 0
    agent: int = 0
    known: int = 0
    promised: int = 0
    more: bool = False

    @property
    def told(self) -> int:
        """How many of them."""
        return self.chat + self.mail + self.left


def untold(session: Session, matter: Matter, limit: int = 100) -> list[str]:
    """Conversations whose customers are to be told of a matter now, the latest first.

    Not those in which an agent has been shown it, nor those in which the bot has yet to say something.
    """
    query = select(Conversation.id).where(*_to_tell(matter)).order_by(col(Conversation.changed_at).desc())
    return list(session.exec(query.limit(limit)).all())


def count_untold(session: Session, matter: Matter) -> int:
    """How many conversations `untold` would give without its limit."""
    return int(session.exec(select(func.count()).select_from(Conversation).where(*_to_tell(matter))).one())


def _to_tell(matter: Matter) -> tuple[ColumnElement[bool], ...]:
    busy = and_(col(Conversation.owner) == "bot", col(Conversation.customer_seq) > col(Conversation.handled_seq))
    with_agent = and_(col(Conversation.owner) == "agent", _noted(matter))
    return col(Conversation.id).in_(_asked(matter)), ~_told(matter), ~busy, ~with_agent


def _asked(matter: Matter) -> ColumnElement[str]:
    return select(Question.conversation_id).where(matters.asked(matter)).scalar_subquery()


def _told(matter: Matter) -> ColumnElement[bool]:
    """True where she was told of it."""
    return exists().where(col(Told.conversation_id) == col(Conversation.id), col(Told.about) == matter.about)


def _noted(matter: Matter) -> ColumnElement[bool]:
    """True where an agent's note tells of it."""
    note = (col(Message.kind) == NOTE, col(Message.client_id) == knows.note_id(matter))
    return exists().where(col(Message.conversation_id) == col(Conversation.id), *note).correlate(Conversation)


def with_agents(session: Session, matter: Matter) -> int:
    """How many are with an agent who was shown it and has told nobody yet."""
    shown = (col(Conversation.owner) == "agent", _noted(matter))
    theirs = (col(Conversation.id).in_(_asked(matter)), *shown, ~_told(matter))
    return int(session.exec(select(func.count()).select_from(Conversation).where(*theirs)).one())


def promise_on(session: Session, conversation_id: str, matter: Matter) -> Promise | None:
    """The open promise of an answer that this matter keeps: made after one of its questions, and before any other.

    A promised call is not kept by an answer, nor a question by the word that something was fixed.
    """
    promise = None if matter.kind == FIXED else promises.open_of(session, conversation_id)
    if promise is None or promise.kind != "answer":
        return None
    mine = (Message.conversation_id == conversation_id, Message.kind == "promised")
    made = session.exec(select(func.max(Message.seq)).where(*mine)).one() or 0  # of the last one: the open one
    before = select(Question).where(Question.conversation_id == conversation_id, Question.seq < made)
    last = session.exec(before.order_by(col(Question.seq).desc()).limit(1)).first()
    hers = select(Question.id).where(Question.id == (last.id if last else None), matters.asked(matter))
    return promise if session.exec(hers).first() is not None else None


def would_tell(session: Session, settings: Settings, group: QuestionGroup, at: datetime | None = None) -> Would:
    """How those who asked a group's questions would be told if it were decided now. An estimate: people come and go."""
    matter = Matter(ANSWER, group.id or 0, at or now(), key=group.entry_key or "")
    query = select(Conversation).where(col(Conversation.id).in_(_asked(matter)))
    found = list(session.exec(query.order_by(col(Conversation.changed_at).desc()).limit(MOST + 1)).all())
    counts: Counter[str] = Counter()
    for conversation in found[:MOST]:
        promise = promise_on(session, conversation.id, matter)
        counts["promised"] += promise is not None
        counts[_way(session, settings, conversation, matter, promise)] += 1
    return Would(**counts, more=len(found) > MOST)


def _way(
    session: Session, settings: Settings, conversation: Conversation, matter: Matter, promise: Promise | None
) -> str:
    question = matters.last_asked(session, matter, conversation.id)
    if question is None or (promise is None and knows.already(session, conversation, question, matter)):
        return "known"
    if conversation.owner == "agent":
        return "agent"
    to = conversation.customer_email if can_mail(settings) else None
    if promise is not None and to:
        return "mail"
    if conversation.owner != "closed" and conversation.changed_at > matter.at - HERE_FOR:
        return "chat"
    return "mail" if to and not no_mail.is_stopped(session, no_mail.hashed(to)) else "left"
