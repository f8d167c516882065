"""Promises: an answer or a call by a stated time. One conversation has at most one that is open.

An agent makes one in a conversation that she has: it stays hers, but takes none of her places (`presence.held_counts`)
and she does not lose it by leaving her desk, unless the customer said something since. The shop makes one by itself for
a customer who leaves an address (`contact.leave`): that one is nobody's until somebody takes it. Who keeps a promise
while she has as many conversations as she takes has more than that until one ends: being over by those in which she
promised something is allowed, and she is given none until she is below again.

Whoever changes a promise holds its conversation's row, so that one of two comes second and sees what the first did.
What the customer is mailed of it follows from the rows, see `promise_mail`.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from handoff import conversations, presence, promise_times, promise_words, queue, resting
from handoff.desk_models import PROMISES, Promise
from handoff.incoming import checked
from handoff.models import Conversation, Handling, Person
from handoff.presence import GRACE_S
from handoff.problems import Conflict, Forbidden, Invalid, NotFound
from handoff.promise_times import Choice
from handoff.resting import OPEN
from handoff.shop_settings import hours
from handoff.texts import texts
from kb.models import now

SOON = timedelta(minutes=30)  # before it is due
FURTHEST = timedelta(days=90)
LONGEST_NOTE = 300


def make(
    session: Session,
    conversation_id: str,
    person: Person,
    due_at: datetime,
    *,
    client_id: str,
    kind: str = "answer",
    note: str = "",
    from_at: datetime | None = None,
) -> Promise:
    """The agent's promise to the customer of a conversation that she has, who is told; once per `client_id`.

    `note` says what must be found out, to agents alone. Invalid for a time that has passed or is over 90 days off, a
    call without a beginning or a number to call, a long note; Conflict where something is promised already; else as
    `queue.held`.
    """
    conversations.locked(session, conversation_id)
    if earlier := sent_before(session, conversation_id, client_id):
        if earlier.by_id != person.id:
            raise Conflict
        return earlier
    conversation = queue.held(session, conversation_id, person)
    if open_of(session, conversation_id) is not None:
        raise Conflict("Something is promised to this customer already. Move that promise instead.")
    if kind == "call" and not conversation.customer_phone:
        raise Invalid("There is no number to call. Ask for it first.")
    times = _times(kind, from_at, due_at)
    who = {"by_id": person.id, "holder_id": person.id, "note": _note(note)}
    return add(session, conversation, client_id, kind=kind, **times, **who)


def add(session: Session, conversation: Conversation, client_id: str, **about: Any) -> Promise:
    """A new open promise in a locked conversation that has none, with the row that tells the customer."""
    promise = Promise(conversation_id=conversation.id, client_id=client_id, made_at=now(), **about)
    session.add(promise)
    session.flush()
    tell(session, conversation, promise, "promised", promise.by_id)
    return promise


def move(
    session: Session,
    promise_id: int,
    person: Person,
    due_at: datetime,
    *,
    revision: int,
    from_at: datetime | None = None,
) -> Promise:
    """Promise another time instead, and tell the customer. The time that stands already changes nothing.

    Conflict where it changed since `revision`, or is kept or dropped; Invalid as in `make`; Forbidden as in `keep`.
    """
    conversation, promise = _locked(session, promise_id)
    _check_may(session, conversation, promise, person)
    if not is_open(promise):
        raise Conflict("This promise is settled already.")
    if (promise.due_at, promise.from_at) == (due_at, from_at):
        return promise
    if promise.revision != revision:
        raise Conflict("Somebody changed this promise just now. Look at it and try again.")
    promise.sqlmodel_update(_times(promise.kind, from_at, due_at))
    promise.moved, promise.reminded_at = promise.moved + 1, None
    _changed(session, promise)
    tell(session, conversation, promise, "promise_moved", person.id)
    return promise


def keep(session: Session, promise_id: int, person: Person) -> Promise:
    """Note that it is kept, and tell the customer. A kept one stays as it is; Conflict for one that was dropped.

    Whoever has the promise or the conversation may, and anybody may where nobody has the promise; else Forbidden.
    """
    return _settle(session, promise_id, person, "kept")


def drop(session: Session, promise_id: int, person: Person) -> Promise:
    """Note that the customer does not need it any more, and tell her. As `keep`; Conflict for one that was kept."""
    return _settle(session, promise_id, person, "dropped")


def _settle(session: Session, promise_id: int, person: Person, how: str) -> Promise:
    conversation, promise = _locked(session, promise_id)
    _check_may(session, conversation, promise, person)
    if getattr(promise, f"{how}_at") is not None:
        return promise
    if not is_open(promise):
        raise Conflict("This promise is settled already.")
    setattr(promise, f"{how}_at", now())
    promise.holder_id = person.id
    _changed(session, promise)
    tell(session, conversation, promise, f"promise_{how}", person.id)
    return promise


def take(session: Session, promise_id: int, person: Person, grace_s: float = GRACE_S) -> Conversation:
    """Make an open promise, and its conversation, the agent's: from the bot, the queue, a closed conversation, or a
    colleague who is not at the desk. It takes none of her places, so she may be full.

    Conflict where it is settled, or a colleague who is there has it. What is hers already stays as it is.
    """
    conversation, promise = _locked(session, promise_id)
    mine = conversation.owner == "agent" and conversation.agent_id == person.id
    if mine and promise.holder_id == person.id:
        return conversation
    if not is_open(promise):
        raise Conflict("This promise is settled already.")
    _check_free(session, conversation, promise, person, grace_s)
    if not mine:
        _have(session, conversation, person)
    if promise.holder_id != person.id:
        promise.holder_id = person.id
        _changed(session, promise)
    return conversation


def _check_free(session: Session, conversation: Conversation, promise: Promise, person: Person, grace_s: float) -> None:
    """Conflict where a colleague who is at the desk has the conversation or the promise."""
    at = now()
    theirs = {conversation.agent_id, promise.holder_id} - {None, person.id}
    if conversation.owner == "agent" and conversation.agent_id == person.id:
        theirs = set()  # who has the conversation may answer for what was promised in it
    for colleague in presence.colleagues(session, at, grace_s):
        if colleague.id in theirs and (colleague.present or _just_began(session, conversation, at, grace_s)):
            raise Conflict(f"{colleague.name} has this promise and is at the desk.")


def _just_began(session: Session, conversation: Conversation, at: datetime, grace_s: float) -> bool:
    """Whether an agent got the conversation a moment ago, so that her desk need not have been seen yet."""
    now_open = (Handling.conversation_id == conversation.id, col(Handling.ended_at).is_(None))
    began_at = session.exec(select(Handling.began_at).where(*now_open)).first()
    return began_at is not None and began_at > at - timedelta(seconds=grace_s)


def _have(session: Session, conversation: Conversation, person: Person) -> None:
    """Give a locked conversation to the agent, whoever has it, and tell the customer."""
    frm = conversation.owner
    values: dict[str, Any] = {"agent_id": person.id, "line_at": conversation.line_at or now()}
    if frm == "bot":
        values |= {"handled_seq": conversation.customer_seq, "lease_id": None, "lease_until": None}
    if frm == "closed":
        values |= {"closed_at": None}
    conversations.change_owner(session, conversation, "agent", frm=frm, **values)
    name = person.name.split()[0]
    if frm == "agent":  # the words of a transfer, but nobody handed it on
        text = texts(session, conversation.language)["system.transferred"].replace("{name}", name)
        conversations.add_step(session, conversation, "assigned", text=text, author_id=person.id)
    else:
        conversations.add_step(session, conversation, "assigned", author_id=person.id, name=name)


def rests(session: Session, conversation_id: str) -> bool:
    """Whether an agent has the conversation and nothing is to be done in it but keep her promise."""
    query = select(Conversation.id).where(Conversation.id == conversation_id, Conversation.owner == "agent")
    return session.exec(query.where(resting.rests())).first() is not None


def hand_on(session: Session, conversation_id: str, to: int | None) -> None:
    """Make the open promise of a locked conversation, if it has one, a colleague's, or nobody's."""
    promise = open_of(session, conversation_id)
    if promise is not None and promise.holder_id != to:
        promise.holder_id = to
        _changed(session, promise)


def let_go(session: Session, person_id: int) -> None:
    """Make what this person promised nobody's. Call it last: whoever changes one promise holds its conversation."""
    hers = update(Promise).where(col(Promise.holder_id) == person_id, OPEN)
    session.execute(hers.values(holder_id=None, revision=col(Promise.revision) + 1))


def tell(session: Session, conversation: Conversation, promise: Promise, kind: str, by: int | None) -> None:
    """A row of the timeline that tells of a promise."""
    words = promise_words.step(session, conversation, promise, kind)
    conversations.add_step(session, conversation, kind, text=words, author_id=by, data={"promise": promise.id})


def is_open(promise: Promise) -> bool:
    """Whether it is neither kept nor dropped."""
    return promise.kept_at is None and promise.dropped_at is None


def state_of(promise: Promise, at: datetime) -> str:
    """Whether an open promise is "late", due "soon" (within 30 minutes), or just "open"."""
    if promise_words.is_late(promise, at):
        return "late"
    return "soon" if promise.due_at <= at + SOON else "open"


def get(session: Session, promise_id: int) -> Promise:
    """The promise, to read. NotFound where there is none."""
    promise = session.get(Promise, promise_id, populate_existing=True)
    if promise is None:
        raise NotFound("There is no such promise.")
    return promise


def open_of(session: Session, conversation_id: str) -> Promise | None:
    """The open promise of a conversation."""
    return session.exec(select(Promise).where(Promise.conversation_id == conversation_id, OPEN)).first()


def open_list(session: Session, limit: int = 200) -> list[Promise]:
    """Open promises, those due first first."""
    query = select(Promise).where(OPEN).order_by(col(Promise.due_at), col(Promise.id)).limit(limit)
    return list(session.exec(query).all())


def sent_before(session: Session, conversation_id: str, client_id: str) -> Promise | None:
    """The promise that was made under this `client_id`, if any."""
    mine = (Promise.conversation_id == conversation_id, Promise.client_id == client_id)
    return session.exec(select(Promise).where(*mine)).first()


def choices(session: Session, at: datetime, language: str) -> list[Choice]:
    """Times that can be promised with one click, in words of `language`; see `promise_times.choices`."""
    return promise_times.choices(hours(session), at, texts(session, language), language)


def _locked(session: Session, promise_id: int) -> tuple[Conversation, Promise]:
    """The promise and its conversation as they are now, held until the transaction ends."""
    conversation = conversations.locked(session, get(session, promise_id).conversation_id)
    return conversation, get(session, promise_id)


def _check_may(session: Session, conversation: Conversation, promise: Promise, person: Person) -> None:
    """Forbidden where the promise is a colleague's, and the conversation not the agent's."""
    if promise.holder_id in (None, person.id):
        return
    if conversation.owner == "agent" and conversation.agent_id == person.id:
        return
    holder = session.get(Person, promise.holder_id)
    raise Forbidden(f"This is a promise of {holder.name if holder else 'a colleague'}. Take it first.")


def _changed(session: Session, promise: Promise) -> None:
    promise.revision += 1
    session.flush()


def _times(kind: str, from_at: datetime | None, due_at: datetime) -> dict[str, datetime | None]:
    """The times of a promise, checked."""
    at = now()
    if kind not in PROMISES:
        raise Invalid("Promise an answer or a call.")
    if due_at.tzinfo is None or (from_at is not None and from_at.tzinfo is None):
        raise Invalid("A time needs a time zone.")
    if not at < due_at <= at + FURTHEST:
        raise Invalid(f"Promise a time that is still to come, at most {FURTHEST.days} days from now.")
    if kind == "answer":
        return {"from_at": None, "due_at": due_at}
    if from_at is None or from_at >= due_at:
        raise Invalid("A call is from one time to a later one.")
    return {"from_at": from_at, "due_at": due_at}


def _note(note: str) -> str:
    said = checked(note) if note.strip() else ""
    if len(said) > LONGEST_NOTE:
        raise Invalid(f"The note may have {LONGEST_NOTE} characters.")
    return said
