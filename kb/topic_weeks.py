"""Topics that stand out from their own normal: who asked in the last seven days, beside the weeks before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.models import Question
from kb.ranking import WEEK
from kb.standout import WEEKS, normal, stands_out


@dataclass(frozen=True)
class Standout:
    """A topic that more people asked about in the last seven days than chance makes of the weeks before.

    `normal` is how many at most in 19 of 20 such weeks.
    """

    topic: str
    count: int
    normal: int


def weeks(session: Session, at: datetime) -> dict[str, list[int]]:
    """For each topic how many people asked in each week that is known, oldest first, the seven days before `at` last.

    At most `WEEKS` before that, and none from before the backlog's first question.
    """
    first = session.scalar(select(func.min(col(Question.at))))
    if first is None:
        return {}
    known = min(WEEKS, int((at - first) / WEEK) - 1)
    if known < 0:
        return {}
    found: dict[str, list[int]] = {}
    people = func.count(col(Question.conversation_id).distinct())
    for n in range(known + 1):  # a look for each week: one that sorted moments into weeks would take twice as long
        week = (col(Question.at) >= at - (n + 1) * WEEK, col(Question.at) < at - n * WEEK)
        query = select(col(Question.topic), people).where(*week, col(Question.topic).is_not(None))
        for topic, count in session.execute(query.group_by(col(Question.topic))):
            found.setdefault(topic or "", [0] * (known + 1))[known - n] = count
    return found


def standouts(counted: Mapping[str, list[int]]) -> list[Standout]:
    """The topics of `weeks` that stand out, the one with the most people above its normal first."""
    found = [
        Standout(topic, counts[-1], normal(counts[:-1]))
        for topic, counts in counted.items()
        if stands_out(counts[-1], counts[:-1])
    ]
    return sorted(found, key=lambda one: (one.normal - one.count, one.topic))
