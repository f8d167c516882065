"""The customer who does not want to wait: she leaves an address or a number, and is promised an answer or a call."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, estimates, presence, promise_times, promises
from handoff.desk_models import Promise
from handoff.estimates import CLOSED, CLOSING, NOBODY
from handoff.hours import is_open
from handoff.mail import address
from handoff.models import Conversation, Person
from handoff.presence import AGENTS
from handoff.problems import Conflict, Invalid
from handoff.promise_times import MOST_WINDOWS, Window
from handoff.resting import OPEN
from handoff.shop_settings import hours, wait_limit_s
from handoff.texts import texts
from kb.models import now

MOST = 10  # promises that one conversation can have had: nobody fills the desk's list, or a mailbox, with it
DIGITS = range(8, 16)
BETWEEN_DIGITS = " ()./-\u2010\u2011\u2012\u2013\u00a0"


class BadEmail(Invalid):
    """No e-mail address."""

    text = "error.bad_email"


class BadPhone(Invalid):
    """No number that can be called."""

    text = "error.bad_phone"


class NoTime(Invalid):
    """The window is not, or no longer, on offer."""

    text = "error.no_time"


class WithAgent(Conflict):
    """An agent has the conversation: ask her."""

    text = "error.with_agent"


class Promised(Conflict):
    """An agent promised something already, or it was asked too often."""

    text = "error.promised"


@dataclass(frozen=True)
class Wish:
    """What a customer leaves: `kind` answer or call; `from_at` is the beginning of a window that was offered."""

    client_id: str
    kind: str = "answer"
    email: str = ""
    phone: str = ""
    from_at: datetime | None = None


def offer(session: Session, conversation: Conversation, at: datetime, mail: bool) -> dict[str, Any]:
    """What she can leave now, with the times that can be promised; `mail`: whether mails can be sent at all.

    `answer` is None where the shop does not open any more as far as is known.
    """
    shop, language = hours(session), conversation.language
    said, due = texts(session, language), promise_times.answer_by(shop, at)
    answer = due and {"due_at": due.isoformat(), "words": promise_times.before(shop, due, at, said, language)}
    return {
        "mail": mail,
        "email": conversation.customer_email,
        "phone": conversation.customer_phone,
        "answer": answer,
        "calls": [
            {
                "from_at": window[0].isoformat(),
                "due_at": window[1].isoformat(),
                "words": promise_times.between(shop, window, said, language),
            }
            for window in free_windows(session, at)
        ],
    }


def free_windows(session: Session, at: datetime) -> list[Window]:
    """The next windows in which not as many calls are promised already as there are agents."""
    calls = select(Promise.from_at, Promise.due_at).where(OPEN, Promise.kind == "call", col(Promise.due_at) > at)
    taken = [(start or end, end) for start, end in session.exec(calls).all()]
    most = max(1, len(_agents(session)))

    def free(window: Window) -> bool:
        return sum(start < window[1] and window[0] < end for start, end in taken) < most

    return list(islice(filter(free, promise_times.windows(hours(session), at)), MOST_WINDOWS))


def _agents(session: Session) -> list[int]:
    found = select(Person.id).where(col(Person.active), col(Person.role).in_(AGENTS))
    return [id_ for id_ in session.exec(found).all() if id_ is not None]


def leave(session: Session, conversation_id: str, wish: Wish, *, mail: bool) -> Promise:
    """Promise what she asks for, once per `client_id`: an answer, or a call in a window on offer. She leaves the queue
    for the bot and may go on there; the promise is nobody's. What the shop promised her before is replaced by it.

    BadEmail, BadPhone or NoTime for what cannot be; WithAgent where an agent has the conversation, Promised where one
    made her a promise. Where no mails can be sent, an answer needs no address: she reads it in the chat.
    """
    if wish.kind == "call":  # one after the other, so that no window gets more calls than there are agents
        presence.hold(session, _agents(session))
    conversation = conversations.locked(session, conversation_id)
    if earlier := promises.sent_before(session, conversation_id, wish.client_id):
        return earlier
    if conversation.owner == "agent":
        raise WithAgent
    before, at = promises.open_of(session, conversation_id), now()
    if (before and before.holder_id) or _count(session, conversation_id) >= MOST:
        raise Promised
    _note(conversation, wish, mail)
    if before:
        before.dropped_at, before.revision = at, before.revision + 1
        session.flush()
    times = _times(session, wish, at)
    if conversation.owner == "queue":
        conversations.back_to_bot(session, conversation, "queue")
    return promises.add(session, conversation, wish.client_id, kind=wish.kind, **times)


def _count(session: Session, conversation_id: str) -> int:
    query = select(func.count()).select_from(Promise).where(Promise.conversation_id == conversation_id)
    return int(session.exec(query).one())


def _note(conversation: Conversation, wish: Wish, mail: bool) -> None:
    """Note her address and number, checked; what the kind of promise needs must be there then."""
    if wish.email.strip():
        conversation.customer_email = checked_email(wish.email)
    if wish.phone.strip():
        conversation.customer_phone = checked_phone(wish.phone)
    if wish.kind == "answer" and mail and not conversation.customer_email:
        raise BadEmail
    if wish.kind == "call" and not conversation.customer_phone:
        raise BadPhone


def _times(session: Session, wish: Wish, at: datetime) -> dict[str, datetime | None]:
    if wish.kind == "answer":
        due = promise_times.answer_by(hours(session), at)
        if due is None:
            raise NoTime
        return {"from_at": None, "due_at": due}
    for start, end in free_windows(session, at):
        if start == wish.from_at:
            return {"from_at": start, "due_at": end}
    raise NoTime


def set_address(session: Session, conversation_id: str, email: str) -> Conversation:
    """Note where she can be mailed. BadEmail for no address."""
    conversation = conversations.locked(session, conversation_id)
    conversation.customer_email = checked_email(email)
    session.flush()
    return conversation


def checked_email(text: str) -> str:
    """`text` as a bare address in lower case. BadEmail where mails cannot go there."""
    try:
        found = address(text)
    except Invalid:
        raise BadEmail from None
    if len(found) > 320:
        raise BadEmail
    return found.lower()


def checked_phone(text: str) -> str:
    """`text` as a number with single spaces, otherwise as it was typed: 8 to 15 digits, maybe a plus before them."""
    text = "".join(str(int(c)) if c.isdecimal() else c for c in text.strip())
    rest = text.removeprefix("+")
    digits = sum(c.isdigit() for c in rest)
    if digits not in DIGITS or any(not c.isdigit() and c not in BETWEEN_DIGITS for c in rest):
        raise BadPhone
    words = "".join(c if c.isdigit() else " " for c in rest).split()
    return ("+" if text.startswith("+") else "") + " ".join(words)


def loudness(session: Session, conversation: Conversation, promise: Promise | None) -> str | None:
    """How loudly one who waits is offered to leave an address: closed, long, any; None where something is promised."""
    if conversation.owner != "queue" or promise is not None:
        return None
    told = estimates.newest(session, conversation.id)
    if told is None:
        return "any" if is_open(hours(session), now()) else "closed"
    if told.why == CLOSED:
        return "closed"
    if told.why in (CLOSING, NOBODY) or (told.low_s is not None and told.low_s >= wait_limit_s(session)):
        return "long"
    return "any"
