"""What stands below the queue in the desk's left column: promises, and who of the team has what; and the level."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from handoff import faces, level, promise_words, promises, resting
from handoff.level import Level
from handoff.models import Conversation, Person
from handoff.shop_settings import hours
from handoff.texts import texts
from handoff.web.desk_team import handed_on_by
from handoff.web.promise_view import whose

MOST_TEAM = 100  # conversations of colleagues that are listed
URGENT = ("soon", "late")


@dataclass(frozen=True)
class PromiseItem:
    """A line of the list of promises. `id` is the conversation's; `whose`: mine, nobody or colleague.

    `words` name the time; `state` is open, soon or late.
    """

    id: str
    promise_id: int
    kind: str
    words: str
    due_at: datetime
    state: str
    whose: str
    holder: str
    customer: str
    question: str
    language: str
    phone: str
    sent_by: str = ""  # the colleague who handed it on to me, until I say something in it

    @property
    def mine_now(self) -> bool:
        """Whether it needs me, or anybody at all, soon or by now."""
        return self.state in URGENT and self.whose != "colleague"


@dataclass(frozen=True)
class TeamItem:
    """A conversation that a colleague has."""

    id: str
    question: str
    customer: str
    language: str
    topic: str | None
    changed_at: datetime


@dataclass(frozen=True)
class Holder:
    """A colleague with what she has, as far as it is listed; `face` is the address of her picture, if there is one."""

    name: str
    items: list[TeamItem]
    face: str | None = None


@dataclass(frozen=True)
class Lists:
    """What the left column shows beside the queue and my own. `team_total` counts those that are not listed too."""

    promises: list[PromiseItem]
    team: list[Holder]
    team_total: int
    level: Level

    @property
    def due(self) -> int:
        """How many promises need me, or anybody, soon or by now."""
        return sum(item.mine_now for item in self.promises)


def lists(session: Session, person_id: int, language: str, at: datetime) -> Lists:
    """The lists as this agent sees them; the promises' times in words of `language`."""
    team, total = _team(session, person_id)
    return Lists(_promises(session, person_id, language, at), team, total, level.today(session, at))


def resting_with(session: Session, person_id: int) -> set[str]:
    """Conversations of this agent in which only a promise is to be kept: they stand in the list of promises."""
    hers = (Conversation.owner == "agent", Conversation.agent_id == person_id)
    return set(session.exec(select(Conversation.id).where(*hers, resting.rests())).all())


def _promises(session: Session, person_id: int, language: str, at: datetime) -> list[PromiseItem]:
    """Mine first, then those of nobody, then colleagues'; what is due first comes first in each."""
    found = promises.open_list(session)
    about = _conversations(session, [p.conversation_id for p in found])
    names = _names(session, {p.holder_id for p in found})
    senders = handed_on_by(session, person_id, [p.conversation_id for p in found if p.holder_id == person_id])
    shop, said = hours(session), texts(session, language)
    items = [
        PromiseItem(
            promise_id=p.id or 0,
            kind=p.kind,
            words=promise_words.time_of(p, shop, said, language),
            due_at=p.due_at,
            state=promises.state_of(p, at),
            whose=whose(p, person_id),
            holder=names.get(p.holder_id or 0, ""),
            sent_by=senders.get(p.conversation_id, ""),
            **about[p.conversation_id],
        )
        for p in found
    ]
    return sorted(items, key=lambda item: ("mine", "nobody", "colleague").index(item.whose))


def _conversations(session: Session, ids: list[str]) -> dict[str, dict[str, str]]:
    """What a line says of each conversation."""
    about = (Conversation.customer_name, Conversation.question, Conversation.language, Conversation.customer_phone)
    query = columns(col(Conversation.id), *(col(c) for c in about)).where(col(Conversation.id).in_(ids))
    return {
        id_: {"id": id_, "customer": name or "", "question": question or "", "language": lang, "phone": phone or ""}
        for id_, name, question, lang, phone in session.execute(query)
    }


def _names(session: Session, ids: set[int | None]) -> dict[int, str]:
    found = session.exec(select(Person).where(col(Person.id).in_([i for i in ids if i is not None]))).all()
    return {p.id: p.name for p in found if p.id is not None}


def _team(session: Session, person_id: int) -> tuple[list[Holder], int]:
    """Who has what, by name, of each the latest first; and how many there are in all."""
    theirs = (col(Conversation.owner) == "agent", col(Conversation.agent_id) != person_id)
    about = (Conversation.customer_name, Conversation.language, Conversation.topic, Conversation.changed_at)
    query = (
        columns(*(col(c) for c in (Person.name, Conversation.agent_id, Conversation.id, Conversation.question, *about)))
        .join(Person, col(Person.id) == col(Conversation.agent_id))
        .where(*theirs)
        .order_by(col(Person.name), col(Conversation.agent_id), col(Conversation.changed_at).desc())
        .limit(MOST_TEAM)
    )
    by_name: dict[tuple[str, int | None], list[TeamItem]] = {}
    for name, agent_id, id_, question, customer, language, topic, changed_at in session.execute(query):
        item = TeamItem(id_, question or "", customer or "", language, topic, changed_at)
        by_name.setdefault((name, agent_id), []).append(item)
    total = session.exec(select(func.count()).select_from(Conversation).where(*theirs)).one()
    pictures = faces.of(session, [agent_id for _, agent_id in by_name])
    return [Holder(name, items, pictures.get(id_ or 0)) for (name, id_), items in by_name.items()], int(total)
