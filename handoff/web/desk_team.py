"""What the desk shows of colleagues: whom a conversation can go to, what came from whom, and what one lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import faces, presence, transfer
from handoff.models import Conversation, Handling, Message, Person
from handoff.presence import Colleague
from handoff.problems import Invalid
from kb.models import now

TOLD_FOR = timedelta(minutes=30)  # so long the desk lists what an agent lost while her desk was gone
BEST_FIRST = ("there", "full", "away", "gone")


@dataclass(frozen=True)
class Lost:
    """A conversation that an agent lost because her desk was gone; `agent_name` has it now, if anybody."""

    id: str
    question: str
    customer: str
    language: str
    owner: str
    agent_name: str
    at: datetime


@dataclass(frozen=True)
class Choice:
    """A colleague to whom one may hand on. `state`: there, full, away or gone."""

    value: str
    name: str
    state: str
    free: int
    topics: list[str]
    face: str | None = None  # the address of her picture


@dataclass(frozen=True)
class Choices:
    """Who and what a conversation can be handed on to, the likeliest people first."""

    people: list[Choice]
    topics: list[str]


def herself(session: Session, person_id: int, grace_s: float) -> Colleague:
    """The agent as her colleagues see her: away or not, how many conversations she has and takes."""
    return presence.colleague(session, person_id, now(), grace_s)


def choices(session: Session, person_id: int, grace_s: float) -> Choices:
    """To whom `person_id` may hand a conversation on."""
    others = [c for c in presence.colleagues(session, now(), grace_s) if c.id != person_id]
    pictures = faces.of(session, [c.id for c in others])
    people = [
        Choice(f"person:{c.id}", c.name, state_of(c), c.free, sorted(c.topics or ()), pictures.get(c.id))
        for c in others
    ]
    people.sort(key=lambda c: (BEST_FIRST.index(c.state), -c.free, c.name))
    return Choices(people, transfer.topics(session))


def state_of(colleague: Colleague) -> str:
    """Whether a colleague would have a conversation at once, see `Choice`."""
    if not colleague.present:
        return "gone"
    if colleague.away:
        return "away"
    return "there" if colleague.free else "full"


def chosen(value: str) -> tuple[int | None, str | None]:
    """The person's id or the topic in a form's `person:3` or `topic:returns`. Invalid where it is neither."""
    kind, _, name = value.partition(":")
    if kind == "topic" and name:
        return None, name
    if kind == "person" and name.isascii() and name.isdigit() and len(name) < 10:
        return int(name), None
    raise Invalid("Choose a colleague or a topic.")


def handed_on_by(session: Session, person_id: int, ids: list[str]) -> dict[str, str]:
    """Who handed on which of these conversations to this agent, as far as she said nothing in it since."""
    last = select(Message.conversation_id, func.max(Message.seq).label("seq")).where(
        col(Message.conversation_id).in_(ids),
        col(Message.kind).in_(("assigned", "transferred"))
        | ((col(Message.author) == "agent") & (col(Message.author_id) == person_id)),
    )
    newest = last.group_by(col(Message.conversation_id)).subquery()
    same = (col(Message.conversation_id) == newest.c.conversation_id) & (col(Message.seq) == newest.c.seq)
    query = select(Message.conversation_id, Person.name).join(newest, same)
    query = query.join(Person, col(Person.id) == col(Message.author_id)).where(Message.kind == "transferred")
    return dict(session.exec(query).all())


def lost(session: Session, person_id: int, at: datetime) -> list[Lost]:
    """What this agent lost lately because her desk was gone, and does not have again; the latest first."""
    ended = func.max(Handling.ended_at).label("ended_at")
    mine = (
        select(Handling.conversation_id, ended)
        .where(Handling.person_id == person_id, Handling.end == "vanished", col(Handling.ended_at) > at - TOLD_FOR)
        .group_by(col(Handling.conversation_id))
        .subquery()
    )
    query = (
        select(Conversation, Person.name, mine.c.ended_at)
        .join(mine, col(Conversation.id) == mine.c.conversation_id)
        .join(Person, col(Person.id) == col(Conversation.agent_id), isouter=True)
        .where((col(Conversation.owner) != "agent") | (col(Conversation.agent_id) != person_id))
        .order_by(mine.c.ended_at.desc())
    )
    return [
        Lost(c.id, c.question or "", c.customer_name or "", c.language, c.owner, name or "", since)
        for c, name, since in session.exec(query).all()
    ]
