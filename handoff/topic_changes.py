"""Topics as an admin sees them, and giving one another name wherever it stands: all of it, or nothing."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from handoff import shop_settings
from handoff.desk_models import CannedReply
from handoff.mail import in_one_line
from handoff.models import Conversation, Handling, Person
from handoff.people import Wrong
from handoff.presence import AGENTS
from handoff.problems import Conflict, NotFound
from handoff.topics import topics
from kb.entries import change_entry
from kb.models import Entry, Question

TOPIC = "topic"  # what the history calls it
MAX_TOPIC = 80
#: Where a topic stands beside entries and people, in the order in which it is changed there.
PLACES: tuple[Any, ...] = (Conversation, Handling, CannedReply, Question)


class Merges(Conflict):
    """There is a topic of that name already: the two would become one, which is asked for first."""


@dataclass(frozen=True)
class Listed:
    """A topic: how many entries it has, the names of who knows it by name, and how many customers wait with it."""

    topic: str
    entries: int
    people: list[str]
    waiting: int


@dataclass(frozen=True)
class Overview:
    """Every topic; `everything` names those at the desk who take all topics."""

    topics: list[Listed]
    everything: list[str]


@dataclass(frozen=True)
class Renamed:
    """What a new name changed: how many entries and people, and the ids of who waits with it."""

    entries: int
    people: int
    waiting: list[str]


def overview(session: Session) -> Overview:
    """Every topic by the alphabet, those too that only customers who wait have."""
    entries = dict(session.exec(select(Entry.topic, func.count()).group_by(col(Entry.topic))).all())
    waits = select(Conversation.topic, func.count()).where(Conversation.owner == "queue")
    waiting = Counter({topic: n for topic, n in session.exec(waits.group_by(col(Conversation.topic))) if topic})
    at_desk = select(Person).where(col(Person.active), col(Person.role).in_(AGENTS)).order_by(Person.name)
    people = session.exec(at_desk).all()
    rows = [
        Listed(topic, entries.get(topic, 0), [p.name for p in people if topic in (p.topics or ())], waiting[topic])
        for topic in sorted({*topics(session), *waiting})
    ]
    return Overview(rows, [p.name for p in people if p.topics is None])


def listed(session: Session, topic: str) -> Listed:
    """One topic. NotFound where nothing has it."""
    found = next((row for row in overview(session).topics if row.topic == topic), None)
    if found is None:
        raise NotFound("There is no such topic.")
    return found


def checked(name: str) -> str:
    """A topic's name as it is stored. Wrong, with `missing` or `long`."""
    name = in_one_line(name, 10_000)
    if not name or len(name) > MAX_TOPIC:
        raise Wrong({"name": "long" if name else "missing"})
    return name


def rename(session: Session, topic: str, name: str, *, merge: bool = False, by: str) -> Renamed:
    """Call a topic `name` from now on: on entries (a revision of each), people, conversations and canned replies.

    The same name changes nothing. Wrong as in `checked`; NotFound where nothing has the topic; Merges where another
    topic is called that, unless `merge`; Stale where an entry was changed at the same moment.
    """
    name = checked(name)
    before = listed(session, topic)
    if name == topic:
        return Renamed(0, 0, [])
    if not merge and name in topics(session):
        raise Merges
    entries, people = _entries(session, topic, name, by), _people(session, topic, name)
    waits = select(Conversation.id).where(Conversation.topic == topic, Conversation.owner != "closed")
    # In order of id, so that nobody waits in a circle.
    open_ = list(session.exec(waits.order_by(col(Conversation.id)).with_for_update()).all())
    queued = select(Conversation.id).where(col(Conversation.id).in_(open_), Conversation.owner == "queue")
    waiting = list(session.exec(queued).all())
    for table in PLACES:
        change = update(table).where(col(table.topic) == topic).values(topic=name)
        session.execute(change.execution_options(synchronize_session=False))
    after = {"topic": name, "entries": entries, "people": people, "waiting": len(waiting)}
    shop_settings.record(session, TOPIC, before={"topic": before.topic}, after=after, by=by)
    return Renamed(entries, people, waiting)


def _entries(session: Session, topic: str, name: str, by: str) -> int:
    """Give every entry of the topic, withdrawn ones too, a revision with the other name; how many."""
    rows = session.exec(select(Entry).where(Entry.topic == topic).order_by(col(Entry.id))).all()
    for row in rows:
        change_entry(session, row.key, row.language, {"topic": name}, row.revision, by)
    return len(rows)


def _people(session: Session, topic: str, name: str) -> int:
    """Put the other name among what people know, once; how many."""
    query = select(Person).where(col(Person.topics).is_not(None)).order_by(col(Person.id))
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    rows = [person for person in session.exec(query).all() if topic in (person.topics or ())]
    for person in rows:
        person.topics = sorted({name if one == topic else one for one in person.topics or ()})
    session.flush()
    return len(rows)
