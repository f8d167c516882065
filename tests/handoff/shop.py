"""Short ways to people, customers in line, and what an agent's desk would show: for the tests of routing."""

from datetime import datetime

from sqlmodel import Session, select

from handoff import conversations, presence, queue, teams
from handoff.incoming import Incoming, receive
from handoff.models import Conversation, Handling, Message, Person, Setting
from kb.models import now


def agent(session: Session, name: str = "Noor Bakker", **about: object) -> Person:
    """An agent; `about` may hold capacity, topics, languages, role, active."""
    email = f"{name.split()[0].lower()}@shop.example"
    person = Person(email=email, name=name, role="agent", password_hash="")
    person.sqlmodel_update(about)
    session.add(person)
    session.flush()
    return person


def here(session: Session, *people: Person, at: datetime | None = None) -> None:
    """Their desks are open."""
    for person in people:
        presence.seen(session, person.id or 0, at or now())


def given_out(session: Session, **routing: object) -> None:
    """Conversations are given out by themselves."""
    session.add(Setting(name=teams.ROUTING, value={"automatic": True} | routing))
    session.flush()


def in_line(
    session: Session, topic: str | None = None, language: str = "nl", reason: str = "unknown"
) -> Conversation:
    """A customer who waits for a person."""
    conversation = conversations.start(session, language=language)[0]
    seq = receive(session, conversation.id, Incoming(client_id="q", text="mijn lamp zoemt")).seq
    queue.enqueue(session, conversation, reason, "Ik haal er iemand bij.", None, answers_seq=seq, part=0)
    conversation.topic = topic
    session.flush()
    return conversation


def steps(session: Session, conversation: Conversation) -> list[str]:
    """The kinds of everything in the timeline, notes too."""
    return [m.kind for m in rows(session, conversation)]


def rows(session: Session, conversation: Conversation) -> list[Message]:
    """The whole timeline."""
    return conversations.messages_after(session, conversation.id, 0, 1000, notes=True)


def stays(session: Session, conversation: Conversation) -> list[tuple[int, str | None]]:
    """Who had it and how that ended, in order; None where she still has it."""
    query = select(Handling).where(Handling.conversation_id == conversation.id).order_by(Handling.id)
    return [(h.person_id, h.end) for h in session.exec(query).all()]
