"""Who has which conversation open at the desk now, and who writes in it: of the moment, in memory, never stored.

A desk says it again every `AGAIN_S` seconds; what was not said again is forgotten. Every process hears every desk over
the bus, so all know the same. `upkeep.follow_lookers` runs beside the requests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from handoff.live import Bus
from handoff.models import Person

AGAIN_S = 15.0  # a desk repeats what it has open so often
LOOKS_S = 40.0  # and is forgotten after this
WRITES_S = 6.0  # who said that she writes is shown as writing for so long
TICK_S = 1.0
MOST = 5000  # desks that are remembered; the longest silent is forgotten first
DOING = ("reads", "reply", "note")
LEFT = "left"


@dataclass
class Desk:
    """One agent with one conversation open; times are of `time.monotonic`."""

    until: float
    writing: str = ""  # reply or note
    writing_until: float = 0.0


@dataclass(frozen=True)
class Looker:
    """A colleague as a desk shows her; `writing` is reply, note or empty."""

    person_id: int
    writing: str


@dataclass
class Lookers:
    """What this process knows of who looks where. At most `MOST` entries, used from the event loop alone."""

    _desks: dict[tuple[str, int], Desk] = field(default_factory=dict)

    def hear(self, said: str, at: float) -> str | None:
        """Take in one event (`conversation person doing`): the conversation's id where the picture changed."""
        conversation_id, person_id, doing = _read(said)
        if not doing:
            return None
        key = (conversation_id, person_id)
        if doing == LEFT:
            return conversation_id if self._desks.pop(key, None) else None
        known = self._desks.pop(key, None)  # put back at the end: the first is the longest silent
        before = known.writing if known else None
        desk = known or Desk(0.0)
        desk.until = at + LOOKS_S
        if doing != "reads":
            desk.writing, desk.writing_until = doing, at + WRITES_S
        self._desks[key] = desk
        if len(self._desks) > MOST:
            del self._desks[next(iter(self._desks))]
        return conversation_id if before != desk.writing else None

    def forget(self, at: float) -> set[str]:
        """Forget what was not said again; the conversations of which the picture changed."""
        changed = set()
        for (conversation_id, person_id), desk in list(self._desks.items()):
            if desk.until <= at:
                del self._desks[conversation_id, person_id]
                changed.add(conversation_id)
            elif desk.writing and desk.writing_until <= at:
                desk.writing = ""
                changed.add(conversation_id)
        return changed

    def at(self, conversation_id: str) -> list[Looker]:
        """Who has this conversation open, by id."""
        found = [Looker(person, desk.writing) for (id_, person), desk in self._desks.items() if id_ == conversation_id]
        return sorted(found, key=lambda looker: looker.person_id)

    def __len__(self) -> int:
        return len(self._desks)


def _read(said: str) -> tuple[str, int, str]:
    """The parts of an event; the last is empty where it is none of ours, as from another version's process."""
    conversation_id, _, rest = said.partition(" ")
    person, _, doing = rest.partition(" ")
    if not person.isdecimal() or doing not in (*DOING, LEFT):
        return "", 0, ""
    return conversation_id, int(person), doing


def say(bus: Bus, conversation_id: str, person_id: int, doing: str) -> None:
    """Tell every process what an agent does in a conversation that she has open: one of `DOING`, or `LEFT`."""
    bus.publish("looking", f"{conversation_id} {person_id} {doing}")


def first_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The first names of these people, by id."""
    query = select(Person.id, Person.name).where(col(Person.id).in_(list(ids)))
    return {id_: name.split()[0] for id_, name in session.exec(query) if id_ is not None}
