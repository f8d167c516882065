"""What a customer reads of a promise: rows of the timeline, the lasting line above it, and her mails."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from handoff import promise_times
from handoff.desk_models import Promise
from handoff.hours import Hours
from handoff.models import Conversation, Person
from handoff.shop_settings import hours
from handoff.texts import fill, texts
from kb.models import now


def when(session: Session, language: str, promise: Promise) -> str:
    """The promised time in words that stay true: no "tomorrow"."""
    return time_of(promise, hours(session), texts(session, language), language)


def time_of(promise: Promise, shop: Hours, said: Mapping[str, str], language: str) -> str:
    """`when`, for who words many and has read the hours and the texts once."""
    if promise.from_at is not None:
        return promise_times.between(shop, (promise.from_at, promise.due_at), said, language)
    return promise_times.until(shop, promise.due_at, said, language)


def values(session: Session, conversation: Conversation, promise: Promise) -> dict[str, str]:
    """What fills the placeholders of the texts on a promise: `when`, and `name`, the first name of who has it."""
    holder = session.get(Person, promise.holder_id) if promise.holder_id else None
    return {
        "when": when(session, conversation.language, promise),
        "name": holder.name.split()[0] if holder else "",
    }


def variant(promise: Promise) -> str:
    """Which of the texts on a promise: of an agent's (empty) or the shop's, of an answer or a call."""
    return ("" if promise.holder_id else "_shop") + ("_call" if promise.kind == "call" else "")


def step(session: Session, conversation: Conversation, promise: Promise, kind: str) -> str:
    """The words of a row of `kind`: promised, promise_moved, promise_kept, promise_dropped."""
    key = f"system.{kind}" + ("" if kind == "promise_dropped" else variant(promise))
    return fill(texts(session, conversation.language)[key], **values(session, conversation, promise))


def is_late(promise: Promise, at: datetime) -> bool:
    """Whether its time is over."""
    return promise.due_at <= at


def form(
    session: Session, conversation: Conversation, promise: Promise | None, mail: bool = True
) -> dict[str, Any] | None:
    """An open promise as its customer may see it, or None. `needs_address`: nobody could mail her the answer; `mail`:
    whether mails can be sent, so that an address is of use."""
    if promise is None:
        return None
    said, late = texts(session, conversation.language), is_late(promise, now())
    key = "promise.late" if late else f"system.promised{variant(promise)}"
    return {
        "kind": promise.kind,
        "due_at": promise.due_at.isoformat(),
        "from_at": promise.from_at.isoformat() if promise.from_at else None,
        "words": fill(said[key], **values(session, conversation, promise)),
        "needs_address": mail and promise.kind == "answer" and not conversation.customer_email,
        "late": late,
    }
