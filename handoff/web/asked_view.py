"""What the desk shows of questions between colleagues: those to me, and what came of mine."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from handoff import mentions
from handoff.mentions import Answered, Asked


@dataclass(frozen=True)
class Questions:
    """What I was asked and have not answered, and what came lately of what I asked."""

    open: list[Asked]
    answers: list[Answered]


def questions(session: Session, person_id: int, at: datetime) -> Questions:
    """The questions of one agent."""
    return Questions(mentions.open_for(session, person_id), mentions.answers_to(session, person_id, at))
