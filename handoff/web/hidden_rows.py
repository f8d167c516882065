"""What the desk shows of hiding, row by row: who hid it, and what this agent may do about it."""

from typing import Any

from sqlmodel import Session, col, select

from handoff import hiding
from handoff.models import Conversation, Message, Person
from kb.models import now


def hiding_of(
    session: Session, conversation: Conversation, messages: list[Message], person_id: int
) -> list[dict[str, Any]]:
    """For each message `hidden_by` (a name, empty where it is not hidden), `can_hide` and `can_show`."""
    ids = {m.hidden_by_id for m in messages if m.hidden_by_id is not None}
    people = session.exec(select(Person).where(col(Person.id).in_(ids | {person_id}))).all()
    names = {p.id: p.name.split()[0] for p in people}
    me = next((p for p in people if p.id == person_id), None)
    at = now()
    may = me is not None and hiding.may_hide(conversation, me)
    return [
        {
            "hidden_by": names.get(m.hidden_by_id, "") if m.hidden_at else "",
            "can_hide": may and m.hidden_at is None and m.author in hiding.AUTHORS,
            "can_show": bool(me and m.hidden_at and hiding.may_show(conversation, m, me, at)),
        }
        for m in messages
    ]
