"""Earlier conversations of the same customer, for the agent who has her now: those of the same id at the shop, for
certain; and those with the same e-mail address, which is only likely where nobody vouches for it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, ratings
from handoff.context import same_customer
from handoff.models import Conversation, Message, Person
from handoff.problems import NotFound

PAGE = 10


@dataclass(frozen=True)
class Earlier:
    """A conversation that this customer had. `end`: bot, queue or agent (not ended), closed (by `by`) or customer
    (she ended it). `cause` is what it was about as the agent said, `helped` her last word on an answer,
    `rating` what she thought of it all (`ratings.form`) where she gave a figure, or yes or no. `certain`: the shop
    vouches that both are hers; else only the e-mail address is the same.
    """

    id: str
    at: datetime
    question: str
    language: str
    end: str
    by: str
    cause: str
    helped: bool | None
    rating: dict[str, Any] | None = None
    certain: bool = False


def earlier(session: Session, conversation: Conversation, start: int = 0) -> tuple[list[Earlier], bool]:
    """Up to `PAGE` of her other conversations, the latest first, after `start` of them; and whether there are more."""
    same = same_customer(conversation)
    if same is None:
        return [], False
    query = select(Conversation).where(*same).order_by(col(Conversation.created_at).desc(), col(Conversation.id))
    found = list(session.exec(query.offset(max(0, start)).limit(PAGE + 1)).all())
    return [as_earlier(session, c, conversation) for c in found[:PAGE]], len(found) > PAGE


def one_of_hers(session: Session, conversation_id: str, other_id: str) -> Conversation:
    """Another conversation of the same customer. NotFound where it is somebody else's."""
    conversation = conversations.get(session, conversation_id)
    same = same_customer(conversation)
    other = None
    if same is not None:
        other = session.exec(select(Conversation).where(*same, Conversation.id == other_id)).first()
    if other is None:
        raise NotFound
    return other


def as_earlier(session: Session, conversation: Conversation, beside: Conversation) -> Earlier:
    """One conversation, as it stands in the list beside another."""
    end, by = _end(session, conversation)
    return Earlier(
        id=conversation.id,
        at=conversation.created_at,
        question=conversation.question or _first_words(session, conversation.id),
        language=conversation.language,
        end=end,
        by=by,
        cause=conversation.cause or "",
        helped=_helped(session, conversation.id),
        rating=_rating(session, conversation.id),
        certain=beside.customer_ref is not None and conversation.customer_ref == beside.customer_ref,
    )


def _rating(session: Session, conversation_id: str) -> dict[str, Any] | None:
    given = ratings.form(session, conversation_id)
    return None if given is None or given["score"] is given["solved"] is None else given


def _end(session: Session, conversation: Conversation) -> tuple[str, str]:
    """How it ended, see `Earlier`, and the first name of who has it or ended it."""
    if conversation.owner == "agent":
        return "agent", _name(session, conversation.agent_id)
    if conversation.owner != "closed":
        return conversation.owner, ""
    steps = select(Message.author_id).where(Message.conversation_id == conversation.id, Message.kind == "closed")
    by = session.exec(steps.order_by(col(Message.seq).desc()).limit(1)).first()
    return ("closed", _name(session, by)) if by else ("customer", "")


def _name(session: Session, person_id: int | None) -> str:
    person = session.get(Person, person_id) if person_id else None
    return person.name.split()[0] if person else ""


def _first_words(session: Session, conversation_id: str) -> str:
    """What she said first, in one line: a conversation that stayed with the bot has no question noted."""
    said = select(func.substr(Message.text, 1, 200)).where(
        Message.conversation_id == conversation_id,
        Message.author == "customer",
        Message.kind == "text",
        col(Message.hidden_at).is_(None),
    )
    return " ".join((session.exec(said.order_by(col(Message.seq)).limit(1)).first() or "").split())


def _helped(session: Session, conversation_id: str) -> bool | None:
    said = select(Message.data).where(Message.conversation_id == conversation_id, Message.kind == "helped")
    data = session.exec(said.order_by(col(Message.seq).desc()).limit(1)).first()
    return bool(data.get("value")) if data else None
