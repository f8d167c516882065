"""Who is at the desk: seen while a socket of hers is open, and which of her conversations nobody looks after any more.

Only desk sockets make an agent seen. Who works over the JSON API alone is never judged absent: a conversation can
only be lost by an agent who got it while her desk was open, see `gone`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import CursorResult, func, not_, update
from sqlalchemy import select as columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from handoff import conversations
from handoff.line import front
from handoff.models import Conversation, Handling, Person, Presence
from handoff.order import can_take
from handoff.problems import NotFound
from handoff.resting import promised, rests
from handoff.teams import routing
from kb.models import now

GRACE_S = 45.0  # seconds after which an agent without a socket is not at the desk; the app takes VANISH_S
WRITE_S = 10.0  # `seen_at` is this old at most while a socket is open
AGENTS = ("agent", "admin")
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Colleague:
    """Somebody who may have conversations. `held` counts those that take one of her places, see `held_counts`;
    `automatic`: she is given more by itself."""

    id: int
    name: str
    topics: frozenset[str] | None
    languages: frozenset[str] | None
    capacity: int
    held: int
    present: bool
    away: bool
    automatic: bool

    @property
    def free(self) -> int:
        """How many more conversations she takes at once."""
        return max(0, self.capacity - self.held)

    @property
    def takes_new(self) -> bool:
        """Whether she is at the desk and not away."""
        return self.present and not self.away

    def can_take(self, topic: str | None, language: str, reserved_for: int | None = None) -> bool:
        """Whether she can take such a conversation: one that waits for a named agent is that agent's alone."""
        if reserved_for is not None:
            return self.id == reserved_for
        return can_take(self.topics, self.languages, topic, language)


def colleagues(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[Colleague]:
    """Every active agent and admin, by id."""
    about = (Person.id, Person.name, Person.topics, Person.languages, Person.capacity, Presence.seen_at, Presence.away)
    query = (
        columns(*(col(c) for c in about))
        .join(Presence, col(Presence.person_id) == col(Person.id), isouter=True)
        .where(col(Person.active), col(Person.role).in_(AGENTS))
        .order_by(col(Person.id))
    )
    rules, held = routing(session), held_counts(session)
    since = at - timedelta(seconds=grace_s)
    return [
        Colleague(
            id=id_,
            name=name,
            topics=None if topics is None else frozenset(topics),
            languages=None if languages is None else frozenset(languages),
            capacity=capacity,
            held=held.get(id_, 0),
            present=seen_at is not None and seen_at > since,
            away=bool(away),
            automatic=rules.gives_to(id_),
        )
        for id_, name, topics, languages, capacity, seen_at, away in session.execute(query)
    ]


def colleague(session: Session, person_id: int, at: datetime, grace_s: float = GRACE_S) -> Colleague:
    """One active agent or admin. NotFound for anybody else."""
    found = next((c for c in colleagues(session, at, grace_s) if c.id == person_id), None)
    if found is None:
        raise NotFound("There is no such colleague.")
    return found


def held_counts(session: Session) -> dict[int, int]:
    """How many conversations each agent has now, by her id; who has none is left out.

    Those in which she has an open promise take no place. Once it is kept they do: so she may have more than she takes
    at once, by those in which she promised something, and is given none until she is below again.
    """
    held = select(Conversation.agent_id, func.count()).where(Conversation.owner == "agent", not_(promised()))
    return {id_: n for id_, n in session.exec(held.group_by(col(Conversation.agent_id))) if id_ is not None}


def hold(session: Session, person_ids: list[int]) -> None:
    """Keep others from giving these people conversations until the transaction ends.

    In order of id, and before any conversation is locked, so that nobody waits in a circle. On PostgreSQL the lock
    leaves alone who only refers to the person, as each of her messages does; on SQLite there is one writer anyhow.
    """
    rows = select(Person.id).where(col(Person.id).in_(person_ids)).order_by(col(Person.id))
    session.exec(rows.with_for_update(key_share=True)).all()


def seen(session: Session, person_id: int, at: datetime, grace_s: float = GRACE_S) -> bool:
    """Note that a desk of this agent is open: True when she was not at the desk before."""
    before = session.exec(select(Presence.seen_at).where(Presence.person_id == person_id)).first()
    if before is None:
        return _added(session, Presence(person_id=person_id, seen_at=at))
    newer = update(Presence).where(col(Presence.person_id) == person_id, col(Presence.seen_at) < at)
    session.execute(newer.values(seen_at=at).execution_options(synchronize_session=False))
    return before <= at - timedelta(seconds=grace_s)


def seen_lately(session: Session, person_id: int, at: datetime, within_s: float = WRITE_S) -> bool:
    """Whether that was noted within the last `within_s` seconds, so that it need not be written again."""
    last = session.exec(select(Presence.seen_at).where(Presence.person_id == person_id)).first()
    return last is not None and last > at - timedelta(seconds=within_s)


def set_away(session: Session, person_id: int, away: bool) -> None:
    """Note whether she takes no new conversations for now. Those that she has stay hers."""
    change = update(Presence).where(col(Presence.person_id) == person_id).values(away=away)
    result = session.execute(change.execution_options(synchronize_session=False))
    if isinstance(result, CursorResult) and result.rowcount == 1:
        return
    if not _added(session, Presence(person_id=person_id, seen_at=NEVER, away=away)):
        session.execute(change.execution_options(synchronize_session=False))  # another tab was first


def _added(session: Session, row: Presence) -> bool:
    try:
        with session.begin_nested():  # on PostgreSQL a refused row would end the transaction
            session.add(row)
    except IntegrityError:
        return False
    return True


def gone(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[tuple[str, int]]:
    """Conversations (with the agent who has them, the longest held first) whose agent is not seen any more.

    Those alone that came to her while her desk was open: what she took later, she took without a desk. Those in which
    nothing is to be done but keep a promise (`resting.rests`) stay hers.
    """
    grace = timedelta(seconds=grace_s)
    query = (
        select(Handling.conversation_id, Handling.person_id, Handling.began_at, Presence.seen_at)
        .join(Presence, col(Presence.person_id) == col(Handling.person_id))
        .join(Conversation, col(Conversation.id) == col(Handling.conversation_id))
        .where(col(Handling.ended_at).is_(None), Presence.seen_at <= at - grace, not_(rests()))
        .order_by(col(Handling.began_at), col(Handling.id))
    )
    return [(id_, person) for id_, person, began_at, seen_at in session.exec(query) if began_at <= seen_at + grace]


def vanished(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[str]:
    """Take what agents who are gone had, and put it before everyone who waits; the ids. The customers are told."""
    lost = gone(session, at, grace_s)
    first = front(session, at) - timedelta(microseconds=len(lost))
    places = {id_: first + timedelta(microseconds=n) for n, (id_, _) in enumerate(lost)}
    # In order of id: two processes that do this at once must not wait for each other in a circle.
    return [id_ for id_, person in sorted(lost) if _taken_from(session, id_, person, places[id_])]


def _taken_from(session: Session, conversation_id: str, person_id: int, line_at: datetime) -> bool:
    """Whether the conversation was still hers; only then it waits now."""
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner != "agent" or conversation.agent_id != person_id:
        return False
    conversations.change_owner(
        session, conversation, "queue", frm="agent", end="vanished", queued_at=now(), line_at=line_at
    )
    person = session.get(Person, person_id)
    name = person.name.split()[0] if person else ""
    conversations.add_step(session, conversation, "vanished", author_id=person_id, name=name)
    return True
