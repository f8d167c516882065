"""Asking a colleague in a note (`@name`). What is asked stands on her list until she answers in a note, or passes.

All of it is between agents: nothing here is in any row that a customer may read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from handoff import queue
from handoff.conversations import NOTE
from handoff.desk_models import Mention
from handoff.models import Conversation, Message, Person
from handoff.presence import AGENTS
from handoff.problems import Invalid, NotFound
from kb.models import now

MOST = 5  # colleagues asked in one note
TOLD_FOR = timedelta(minutes=30)  # so long the desk lists an answer for whoever asked
WORDS = 300  # characters of a question or an answer that the desk shows


@dataclass(frozen=True)
class Asked:
    """A question of a colleague to me. `words` is empty where the note was hidden since."""

    id: int
    conversation_id: str
    by: str
    words: str
    at: datetime
    about: str
    language: str


@dataclass(frozen=True)
class Answered:
    """What came of a question of mine: `by` wrote `words` in a note, or passed (`passed`)."""

    id: int
    conversation_id: str
    by: str
    words: str
    at: datetime
    about: str
    language: str
    passed: bool


def note(
    session: Session, conversation_id: str, person: Person, client_id: str, text: str, asks: Sequence[int] = ()
) -> Message:
    """Store a note (see `queue.note`) that asks these colleagues, and answers what its writer was asked there.

    Sent again it is the same note and asks nobody anew. Invalid as in `ask`.
    """
    message = queue.note(session, conversation_id, person, client_id, text)
    if asks and not _asked_in(session, message.id or 0):
        ask(session, message, asks)
    answered(session, conversation_id, person.id or 0, before=message.seq)
    return message


def ask(session: Session, message: Message, asks: Sequence[int]) -> list[Mention]:
    """Ask these colleagues in a stored note, each once.

    Invalid for more than `MOST`, oneself, or somebody who is no active agent or admin.
    """
    ids = list(dict.fromkeys(asks))
    if len(ids) > MOST:
        raise Invalid(f"A note can ask {MOST} colleagues at most.")
    if message.author_id in ids:
        raise Invalid("You cannot ask yourself.")
    known = select(Person.id).where(col(Person.id).in_(ids), col(Person.active), col(Person.role).in_(AGENTS))
    if len(session.exec(known).all()) != len(ids):
        raise Invalid("One of those is no colleague at the desk.")
    rows = [_mention(message, id_) for id_ in ids]
    session.add_all(rows)
    session.flush()
    return rows


def _mention(message: Message, person_id: int) -> Mention:
    return Mention(
        conversation_id=message.conversation_id,
        message_id=message.id or 0,
        person_id=person_id,
        by_id=message.author_id or 0,
        at=message.at,
    )


def _asked_in(session: Session, message_id: int) -> bool:
    return session.exec(select(Mention.id).where(Mention.message_id == message_id).limit(1)).first() is not None


def answered(session: Session, conversation_id: str, person_id: int, *, before: int) -> None:
    """Close what this person was asked in the conversation in rows before number `before`: she wrote a note there."""
    asking = select(Message.id).where(Message.conversation_id == conversation_id, Message.seq < before)
    hers = (
        col(Mention.conversation_id) == conversation_id,
        col(Mention.person_id) == person_id,
        col(Mention.answered_at).is_(None),
        col(Mention.message_id).in_(asking),
    )
    session.execute(update(Mention).where(*hers).values(answered_at=now()).execution_options(synchronize_session=False))


def dismiss(session: Session, mention_id: int, person_id: int) -> Mention:
    """Pass: she has no answer. Twice is once. NotFound for what somebody else was asked."""
    query = select(Mention).where(Mention.id == mention_id, Mention.person_id == person_id)
    row = session.exec(query.with_for_update()).first()
    if row is None:
        raise NotFound("There is no such question to you.")
    if row.answered_at is None:
        row.answered_at = now()
        session.flush()
    return row


def open_for(session: Session, person_id: int, conversation_id: str | None = None) -> list[Asked]:
    """What this person was asked and has not answered, the oldest first: everywhere, or in one conversation."""
    query = (
        select(Mention, Message, Conversation, Person.name)
        .join(Message, col(Message.id) == col(Mention.message_id))
        .join(Conversation, col(Conversation.id) == col(Mention.conversation_id))
        .join(Person, col(Person.id) == col(Mention.by_id))
        .where(Mention.person_id == person_id, col(Mention.answered_at).is_(None))
        .order_by(col(Mention.id))
    )
    if conversation_id is not None:
        query = query.where(Mention.conversation_id == conversation_id)
    me = session.exec(select(Person.name).where(Person.id == person_id)).first() or ""
    return [
        Asked(mention.id or 0, c.id, by, _words(message, me), mention.at, _about(c), c.language)
        for mention, message, c, by in session.exec(query).all()
    ]


def answers_to(session: Session, person_id: int, at: datetime) -> list[Answered]:
    """What came lately of this person's questions, the newest first: until she writes there herself, or for a while."""
    late = (Mention.by_id == person_id, col(Mention.answered_at) > at - TOLD_FOR)
    if session.exec(select(Mention.id).where(*late).limit(1)).first() is None:
        return []  # mostly: and making the question below takes longer than asking it
    reply, own = aliased(Message), aliased(Message)
    asking = aliased(Message)
    first = (
        select(func.min(reply.seq))
        .where(
            reply.conversation_id == Mention.conversation_id,
            reply.kind == NOTE,
            reply.author_id == Mention.person_id,
            reply.seq > asking.seq,
        )
        .correlate(Mention, asking)
        .scalar_subquery()
    )
    query = (
        select(Mention, Conversation, Person.name, first.label("seq"))
        .join(asking, col(asking.id) == col(Mention.message_id))
        .join(Conversation, col(Conversation.id) == col(Mention.conversation_id))
        .join(Person, col(Person.id) == col(Mention.person_id))
        .where(*late)
        .order_by(col(Mention.answered_at).desc(), col(Mention.id).desc())
    )
    wrote_since = (
        select(own.id)
        .where(
            own.conversation_id == Mention.conversation_id,
            own.author_id == person_id,
            col(own.at) > col(Mention.answered_at),
        )
        .correlate(Mention)
        .exists()
    )
    return [_answer(session, *row) for row in session.exec(query.where(~wrote_since)).all()]


def _answer(session: Session, mention: Mention, conversation: Conversation, by: str, seq: int | None) -> Answered:
    of = (Message.conversation_id == conversation.id, Message.seq == seq)
    message = session.exec(select(Message).where(*of)).first() if seq is not None else None
    # A note that she wrote long after she passed is no answer to this.
    passed = message is None or message.at > (mention.answered_at or message.at) + timedelta(seconds=5)
    words = "" if message is None or passed else _words(message)
    return Answered(
        id=mention.id or 0,
        conversation_id=conversation.id,
        by=by,
        words=words,
        at=mention.answered_at or mention.at,
        about=_about(conversation),
        language=conversation.language,
        passed=passed,
    )


def _words(message: Message, to: str = "") -> str:
    """A note in one line, without the name of whom it asks at its beginning; nothing of one that was hidden."""
    line = "" if message.hidden_at is not None else " ".join(message.text.split())
    if to:
        line = line.removeprefix(f"@{to}").lstrip(" ,:") or line
    return line if len(line) <= WORDS else line[: WORDS - 1] + "…"


def _about(conversation: Conversation) -> str:
    return conversation.customer_name or conversation.question or ""
