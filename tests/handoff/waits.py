"""Short ways to a shop in which waits can be foreseen: open, with history, and with agents who have all they take."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from handoff import conversations, presence, queue, shop_settings, telling
from handoff.forecast import Memory
from handoff.hours import Hours
from handoff.models import Conversation, Estimate, Handling, Person
from kb.models import now

from .shop import agent, here, in_line

ALWAYS = Hours.model_validate({"zone": "UTC", "week": [[{"opens": "00:00", "closes": "24:00"}]] * 7, "holidays": []})


def always_open(session: Session) -> None:
    document = shop_settings.hours_document(session)
    shop_settings.change_hours(session, ALWAYS, revision=document.revision, by="test")


def history(session: Session, person: Person, n: int = 60, seconds: float = 300.0) -> None:
    """Conversations that took this agent 3 to 7 minutes or so, ended an hour ago."""
    talk = conversations.start(session, language="nl")[0]
    ended = now() - timedelta(hours=1)
    for i in range(n):
        began = ended - timedelta(seconds=seconds * (0.6 + 0.8 * (i % 11) / 10))
        session.add(
            Handling(
                conversation_id=talk.id,
                person_id=person.id or 0,
                topic=None,
                language="nl",
                began_at=began,
                ended_at=ended,
                end="closed",
            )
        )
    session.flush()


def busy(session: Session, person: Person) -> None:
    """She has all she can have."""
    while presence.colleague(session, person.id or 0, now()).free:
        queue.claim(session, in_line(session).id, person)


def everybody_busy(session: Session) -> None:
    """An open shop, with history, in which each agent is at the desk and has one conversation, all she takes."""
    always_open(session)
    for person in session.exec(select(Person).where(Person.role == "agent").order_by(col(Person.id))).all():
        person.capacity = 1
        here(session, person)
        history(session, person)
        busy(session, person)


def open_shop(session: Session, agents: int = 1, capacity: int = 2, seconds: float = 300.0) -> list[Person]:
    """A shop that is open, with agents at the desk who have all they can have, and history."""
    always_open(session)
    people = [agent(session, f"{name} Bakker", capacity=capacity) for name in "ABCDEFGHIJ"[:agents]]
    here(session, *people)
    for person in people:
        history(session, person, seconds=seconds)
        busy(session, person)
    return people


def recompute(session: Session, memory: Memory | None = None, at: datetime | None = None) -> list[str]:
    """What one look of the app does, in one transaction; the ids of whoever was told something."""
    at = at or now()
    lease = telling.take_lease(session, at)
    assert lease is not None
    news, _ = telling.all_news(session, memory or Memory(), at)
    changed = telling.store(session, lease, [n for n in news if not n.step])
    changed += [n.conversation_id for n in news if n.step and telling.store_with_step(session, lease, n)]
    telling.give_lease_back(session, lease)
    return changed


def all_rows(session: Session, conversation: Conversation) -> list[Estimate]:
    query = select(Estimate).where(Estimate.conversation_id == conversation.id).order_by(col(Estimate.id))
    return list(session.exec(query).all())
