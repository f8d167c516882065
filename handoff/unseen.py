"""What agents said and the customer has not seen: it goes by mail, all of it in one, once."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from handoff import conversations
from handoff.letters import to_customer
from handoff.models import Conversation, Handling, Mail, Message, Person
from handoff.said import line
from handoff.settings import Settings
from handoff.texts import texts

WAIT_S = 60.0  # so long she has to see it in the chat
LOOK_BACK = timedelta(days=2)  # what was said longer ago is mailed no more: mail was off, or she left her address since
LONGEST = 20_000  # characters of a mail; beyond them the link leads on


def conversations_with(session: Session, at: datetime, limit: int = 100) -> list[str]:
    """Conversations of customers with an address in which something has been waiting to be seen for `WAIT_S`."""
    late = (
        exists()
        .where(
            col(Message.conversation_id) == col(Conversation.id),
            col(Message.seq) > col(Conversation.customer_seen_seq),
            col(Message.seq) > col(Conversation.mailed_seq),
            col(Message.at) <= at - timedelta(seconds=WAIT_S),
            col(Message.at) > at - LOOK_BACK,
            *_sayings(),
        )
        .correlate(Conversation)
    )
    lately = col(Handling.ended_at).is_(None) | (col(Handling.ended_at) > at - LOOK_BACK)
    handled = select(Handling.conversation_id).where(lately)  # few of all that ever were
    query = select(Conversation.id).where(
        col(Conversation.id).in_(handled), col(Conversation.customer_email).is_not(None), late
    )
    return list(session.exec(query.limit(limit)).all())


def _sayings() -> tuple[ColumnElement[bool], ...]:
    return (
        col(Message.author) == "agent",
        col(Message.kind) != conversations.NOTE,
        col(Message.hidden_at).is_(None),
    )


def mail(session: Session, settings: Settings, conversation_id: str, at: datetime) -> Mail | None:
    """Queue a mail with everything that is still unseen, and note that it went; None where she saw it meanwhile."""
    conversation = conversations.locked(session, conversation_id)
    rows = unseen(session, conversation)
    if not rows or rows[0].at > at - timedelta(seconds=WAIT_S):
        return None
    person = session.get(Person, rows[-1].author_id) if rows[-1].author_id else None
    said = take(session, conversation)
    name = person.name.split()[0] if person else settings.shop_name
    key = f"unseen:{conversation.id}:{conversation.mailed_seq}"
    return to_customer(session, settings, conversation, "reply", key=key, said=said, name=name)


def unseen(session: Session, conversation: Conversation) -> list[Message]:
    """What agents said that she has neither seen nor been mailed, in order."""
    since = max(conversation.customer_seen_seq, conversation.mailed_seq)
    query = select(Message).where(Message.conversation_id == conversation.id, Message.seq > since, *_sayings())
    return list(session.exec(query.order_by(col(Message.seq))).all())


def take(session: Session, conversation: Conversation) -> str:
    """The words of what is unseen in a locked conversation, for a mail that the caller queues; noted as mailed."""
    rows = unseen(session, conversation)
    if rows:
        conversation.mailed_seq = rows[-1].seq
        session.flush()
    named = texts(session, conversation.language)
    words = "\n\n".join(row.text if row.file_id is None else line(row, named) for row in rows)
    return words if len(words) <= LONGEST else words[:LONGEST] + "…"
