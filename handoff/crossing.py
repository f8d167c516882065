"""Replies that cross: what was said to the customer after the last thing that the agent saw holds hers back for a look.

One owner does not rule that out: a conversation goes to a colleague and comes back, somebody else took it meanwhile,
or the agent herself has it open in two tabs. What the *customer* says meanwhile holds nothing back.
"""

from typing import Any

from sqlmodel import Session, col, select

from handoff import conversations
from handoff.models import Conversation, Message, Person
from handoff.problems import Conflict

MOST = 20  # messages that are shown


class Crossed(Conflict):
    """A reply that was not stored, because the customer was told something meanwhile."""

    def __init__(self, messages: list[dict[str, Any]], last_seq: int) -> None:
        super().__init__("The customer was told something meanwhile. Read it, and send this again with its seen_seq.")
        self.more = {"code": "crossed", "messages": messages, "seq": last_seq}


def check(session: Session, conversation: Conversation, seen_seq: int) -> None:
    """Crossed where a colleague, the bot or the agent elsewhere told the customer something after row `seen_seq`."""
    query = select(Message, Person.name).join(Person, col(Person.id) == col(Message.author_id), isouter=True)
    query = query.where(
        Message.conversation_id == conversation.id,
        Message.seq > seen_seq,
        col(Message.author).in_(("agent", "bot")),
        Message.kind != conversations.NOTE,
    )
    rows = session.exec(query.order_by(col(Message.seq)).limit(MOST)).all()
    if rows:
        raise Crossed([_form(message, name) for message, name in rows], conversation.last_seq)


def _form(message: Message, name: str | None) -> dict[str, Any]:
    return {
        "seq": message.seq,
        "at": message.at.isoformat(),
        "author": message.author,
        "author_name": name.split()[0] if name else None,
        "text": "" if message.hidden_at else message.text,
        "client_id": message.client_id,
    }
