"""Handing a conversation on: to a colleague, or to whoever knows a topic, with a note that only agents read."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from handoff import conversations, line, mentions, presence, promises, queue
from handoff.incoming import checked
from handoff.models import Conversation, Person
from handoff.presence import GRACE_S, Colleague
from handoff.problems import Invalid
from handoff.texts import texts
from handoff.topics import known
from handoff.topics import topics as topics  # to whom one can hand on
from kb.models import now


@dataclass(frozen=True)
class Target:
    """To whom a conversation goes: a person's id or a topic, exactly one. Invalid otherwise."""

    person_id: int | None = None
    topic: str | None = None

    def __post_init__(self) -> None:
        if (self.person_id is None) == (self.topic is None):
            raise Invalid("Hand it on to a person or to a topic: exactly one of the two.")


def transfer(
    session: Session,
    conversation_id: str,
    person: Person,
    to_person: int | None = None,
    to_topic: str | None = None,
    note: str = "",
    grace_s: float = GRACE_S,
) -> Conversation:
    """Hand the agent's conversation on, with a `note` for whoever gets it. The conversation as it is then.

    An open promise goes along: to the colleague, or for a topic to nobody yet; where nothing is to be done but keep it,
    the colleague has the conversation at once, whether she is there or not.

    A colleague who is at the desk with a free slot has it at once. Else it waits before everyone else: for her alone
    while she is at the desk (see `routing.let_go`), for anyone where she is not. A topic's waits where it would have
    been, had it waited all along. Invalid for no target, two, oneself or an unknown topic; NotFound for somebody who
    is no colleague; Conflict and Forbidden as in `queue.held`.
    """
    target = Target(to_person, to_topic)
    if target.person_id == person.id:
        raise Invalid("This conversation is yours already.")
    if target.person_id is not None:
        presence.hold(session, [target.person_id])
    conversation = queue.held(session, conversation_id, person)
    if note.strip():
        said = checked(note)
        row = conversations.add(session, conversation, "agent", conversations.NOTE, said, author_id=person.id)
        mentions.answered(session, conversation_id, person.id or 0, before=row.seq)
    if target.person_id is not None:
        _to_person(session, conversation, person, presence.colleague(session, target.person_id, now(), grace_s))
    else:
        _to_topic(session, conversation, person, known(session, target.topic or ""))
    return conversation


def _to_person(session: Session, conversation: Conversation, by: Person, to: Colleague) -> None:
    name = to.name.split()[0]
    rests = promises.rests(session, conversation.id)
    promises.hand_on(session, conversation.id, to.id)
    if rests or (to.takes_new and to.free):
        conversations.change_owner(session, conversation, "agent", frm="agent", agent_id=to.id)
        return _tell(session, conversation, by, "transferred", name)
    at = now()
    alone = to.id if to.present else None
    _wait(session, conversation, queued_at=at, line_at=line.front(session, at), for_agent_id=alone)
    _tell(session, conversation, by, "transferred_line" if to.present else "transferred_front", name)


def _to_topic(session: Session, conversation: Conversation, by: Person, topic: str) -> None:
    at = now()
    promises.hand_on(session, conversation.id, None)
    _wait(session, conversation, queued_at=at, line_at=conversation.line_at or at, for_agent_id=None, topic=topic)
    _tell(session, conversation, by, "transferred_topic", "")


def _wait(session: Session, conversation: Conversation, **values: Any) -> None:
    conversations.change_owner(session, conversation, "queue", frm="agent", **values)


def _tell(session: Session, conversation: Conversation, by: Person, key: str, name: str) -> None:
    words = texts(session, conversation.language)[f"system.{key}"].replace("{name}", name)
    conversations.add_step(session, conversation, "transferred", text=words, author_id=by.id)
