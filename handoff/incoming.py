"""What a customer can send, and storing it: the first transaction of the path in `turns.py`."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from sqlmodel import Session

from handoff import conversations, texts
from handoff.models import Conversation, Message
from handoff.problems import Conflict, Empty, NotOffered, TooLong

MAX_TEXT = 4000
Kind = Literal["text", "choice", "none_of_these", "helped", "leave_queue", "end"]
WANTS_REPLY = ("text", "choice", "none_of_these", "helped")


def _storable(value: Any) -> Any:
    """Text without NUL and lone surrogates, which no database keeps."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return value


Words = Annotated[str, BeforeValidator(_storable)]


class Incoming(BaseModel):
    """A customer's message as it comes in. `client_id` is the sender's own; a resend bears the same."""

    model_config = ConfigDict(extra="ignore")

    client_id: Words = Field(min_length=1, max_length=64)
    kind: Kind = "text"
    text: Words | None = None
    option: Words | None = Field(default=None, max_length=80)
    value: bool | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Incoming":
        if self.kind == "choice" and not self.option:
            raise ValueError("a choice needs an option")
        if self.kind == "helped" and self.value is None:
            raise ValueError("helped needs a value, true or false")
        return self


@dataclass(frozen=True)
class Received:
    """A stored message: its number, whether the bot has to reply, whether it is new, whether the queue moved."""

    seq: int
    wants_turn: bool
    fresh: bool = True
    queue_moved: bool = False


def receive(session: Session, conversation_id: str, incoming: Incoming) -> Received:
    """Store a customer's message, once however often it is sent, and do what its kind asks for.

    Raises Empty, TooLong, NotOffered (an option that was not offered) or Conflict (nothing to leave).
    """
    conversation = conversations.locked(session, conversation_id)
    earlier = conversations.sent_before(session, conversation_id, "customer", incoming.client_id)
    if earlier is not None:
        return Received(earlier.seq, wants_turn=conversation.owner == "bot", fresh=False)
    owner_before = conversation.owner
    words, entry_key = _words(session, conversation, incoming)
    if incoming.kind == "leave_queue":
        message = _leave_queue(session, conversation, incoming, words)
    elif incoming.kind == "end":
        message = _end(session, conversation, incoming, words)
    else:
        data = {"value": incoming.value} if incoming.kind == "helped" else None
        more = {"client_id": incoming.client_id, "entry_key": entry_key, "data": data}
        message = say(session, conversation, incoming.kind, words, **more)
    return Received(
        message.seq,
        wants_turn=conversation.owner == "bot" and incoming.kind in WANTS_REPLY,
        queue_moved=owner_before in ("queue", "agent") and owner_before != conversation.owner,
    )


def _words(session: Session, conversation: Conversation, incoming: Incoming) -> tuple[str, str | None]:
    """The words that stand in the timeline for a message, and the entry that it chose."""
    shown = texts.texts(session, conversation.language)
    match incoming.kind:
        case "text":
            return checked(incoming.text), None
        case "choice":
            return _offered(session, conversation, incoming.option or ""), incoming.option
        case "helped":
            return shown["customer.helped_yes" if incoming.value else "customer.helped_no"], None
        case "none_of_these":
            return shown["bot.none_of_these"], None
        case "leave_queue":
            return shown["customer.left_queue"], None
        case "end":
            return shown["customer.ended"], None


def checked(text: str | None) -> str:
    """The words of a message without outer white space. Raises Empty or TooLong."""
    if text is None or not text.strip():
        raise Empty
    if len(text) > MAX_TEXT:
        raise TooLong(limit=MAX_TEXT)
    return text.strip()


def _offered(session: Session, conversation: Conversation, option: str) -> str:
    """The question of an option that the bot offered in this stint. NotOffered when it did not."""
    for message in reversed(conversations.this_stint(session, conversation)):
        for offered in message.options or ():
            if offered["key"] == option:
                return offered["question"]
    raise NotOffered


def say(session: Session, conversation: Conversation, kind: str, words: str, **more: Any) -> Message:
    """Store what the customer says in a conversation that the caller has locked; a closed one goes on with the bot."""
    if conversation.owner == "closed":
        conversations.back_to_bot(session, conversation, "closed", closed_at=None)
        conversations.add_step(session, conversation, "reopened")
    message = conversations.add(session, conversation, "customer", kind, words, **more)
    if conversation.owner == "bot":
        conversation.customer_seq = message.seq
    return message


def _leave_queue(session: Session, conversation: Conversation, incoming: Incoming, words: str) -> Message:
    message = conversations.add(
        session, conversation, "customer", "leave_queue", words, client_id=incoming.client_id
    )
    session.flush()
    if not conversations.back_to_bot(session, conversation, "queue"):
        raise Conflict
    conversations.add_step(session, conversation, "left_queue")
    return message


def _end(session: Session, conversation: Conversation, incoming: Incoming, words: str) -> Message:
    message = conversations.add(session, conversation, "customer", "end", words, client_id=incoming.client_id)
    session.flush()
    if conversation.owner != "closed":
        conversations.close(session, conversation)
    return message
