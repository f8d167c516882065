"""What a conversation is about: a topic, of those that entries and colleagues name; and a cause, in free words."""

from sqlmodel import Session, col, select

from handoff.models import Person
from handoff.problems import Invalid, TooLong
from kb.models import Entry

MAX_CAUSE = 80  # characters


def topics(session: Session) -> list[str]:
    """The topics of entries and of colleagues, by the alphabet."""
    entries = session.exec(select(Entry.topic).where(Entry.topic != "").distinct()).all()
    people = session.exec(select(Person.topics).where(col(Person.active), col(Person.topics).is_not(None))).all()
    return sorted({*entries, *(topic for some in people for topic in some or ())})


def known(session: Session, topic: str) -> str:
    """The topic itself. Invalid where nobody and nothing has it."""
    if topic not in topics(session):
        raise Invalid("There is no such topic.")
    return topic


def cause_of(words: str) -> str | None:
    """The words on one line, None where there are none. TooLong over `MAX_CAUSE` characters."""
    line = " ".join(words.split())
    if len(line) > MAX_CAUSE:
        raise TooLong(limit=MAX_CAUSE)
    return line or None
