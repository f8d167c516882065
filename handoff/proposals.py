"""Making an FAQ entry of what an agent replied: the reply that it is, and what is proposed until she changes it."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from handoff import context, conversations
from handoff.models import Conversation, Message, Person
from handoff.problems import Empty, NotFound, TooLong
from handoff.texts import languages
from kb import proposals
from kb.backlog import Prepared
from kb.drafts import MAX_PHRASING
from kb.models import Question, now
from kb.redact import has_placeholder, redact
from kb.text import clean, clean_block

MAX_ANSWER = 4000


@dataclass(frozen=True)
class Offered:
    """What the form proposes: of which reply, and whether secrets were taken out of it."""

    seq: int
    question: str
    answer: str
    language: str
    cleaned: bool


def offered(session: Session, conversation_id: str, seq: int | None = None) -> Offered:
    """Question and answer of the agent's reply `seq`, by default the last one. NotFound where there is none."""
    conversation = conversations.get(session, conversation_id)
    reply = reply_of(session, conversation_id, seq)
    question = redact(" ".join(_question(session, conversation).split()))
    answer = redact(reply.text)
    return Offered(
        seq=reply.seq,
        question=question if len(question) <= MAX_PHRASING else question[: MAX_PHRASING - 1] + "…",
        answer=answer,
        language=conversation.language if conversation.language in languages() else languages()[0],
        cleaned=has_placeholder(question) or has_placeholder(answer),
    )


def reply_of(session: Session, conversation_id: str, seq: int | None = None) -> Message:
    """The agent's message to the customer with this number, or the last one; no note, nothing hidden. NotFound."""
    query = select(Message).where(
        Message.conversation_id == conversation_id,
        Message.author == "agent",
        Message.kind == "text",  # no note, no file, and no entry's own words: of those there is nothing to make
        col(Message.hidden_at).is_(None),
    )
    if seq is not None:
        query = query.where(Message.seq == seq)
    found = session.exec(query.order_by(col(Message.seq).desc()).limit(1)).first()
    if found is None:
        raise NotFound
    return found


def _question(session: Session, conversation: Conversation) -> str:
    """What the customer asked: as the queue noted it, in full where it is still there."""
    timeline = conversations.messages_after(session, conversation.id, 0, 10_000)
    line = (conversation.question or "").removesuffix("…")
    said = [m for m in timeline if m.author == "customer" and m.kind == "text" and m.hidden_at is None]
    full = next((m for m in reversed(said) if line and context.asked_line(m).startswith(line)), None)
    if full is not None:
        return context.asked_line(full)
    return conversation.question or (said[0].text if said else "")


def checked(question: str, answer: str) -> tuple[str, str]:
    """Both without outer white space. Empty where one has no words, TooLong."""
    question, answer = clean(question), clean_block(answer)
    if not question or not answer:
        raise Empty
    if len(question) > MAX_PHRASING:
        raise TooLong(limit=MAX_PHRASING)
    if len(answer) > MAX_ANSWER:
        raise TooLong(limit=MAX_ANSWER)
    return question, answer


def propose(
    session: Session, conversation_id: str, person: Person, seq: int, prepared: Prepared, answer: str
) -> Question:
    """Give the editors question and answer, once for each reply. `prepared` is of the question. NotFound."""
    reply = reply_of(session, conversation_id, seq)
    conversation = conversations.get(session, conversation_id)
    return proposals.propose(
        session,
        prepared,
        conversation_id=conversation_id,
        seq=reply.seq,
        answer=answer,
        by=person.name,
        at=now(),
        topic=conversation.topic,
    )
