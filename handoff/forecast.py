"""From the database to `simulate`'s plain data: who waits, who is at the desk, what the past says; and estimates."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import func, not_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from handoff import estimates, line, presence, queue, simulate
from handoff.history import Handled, Model, Told, Waited, fit
from handoff.hours import open_seconds_between
from handoff.models import Conversation, Estimate, Handling
from handoff.order import PRIORITY_S, can_take
from handoff.presence import GRACE_S, Colleague
from handoff.resting import promise_within, promised
from handoff.shop_settings import hours
from handoff.simulate import Agent, Running, Wait, Waiting
from handoff.teams import MOST_STEPS, routing

LAST_HANDLED, LAST_TOLD = 1000, 300
HANDLED_FOR, TOLD_FOR = timedelta(days=90), timedelta(days=14)
KEPT_S = 60.0  # a model is used for so long before one looks whether there is more history
UPPER_QUARTILE = 0.6745  # of a standard normal


@dataclass(frozen=True)
class Foreseen:
    """A place in line, the wait where it can be said, and how many agents at the desk could take this customer."""

    place: int
    wait: Wait | None
    raw: Wait | None
    agents: int


@dataclass(frozen=True)
class Line:
    """Who waits, in line order, as one look found it. `slow`: conversations last longer than usual now."""

    ids: list[str]
    waiting: list[Waiting]
    agents: list[Agent]
    coming: list[Waiting]
    slow: bool = False


@dataclass
class Memory:
    """What one process keeps of the past: the model, made anew when history grew. Safe to use from threads."""

    model: Model | None = None
    size: tuple[int | None, int | None] = (None, None)
    looked_at: float = -KEPT_S
    lock: Lock = field(default_factory=Lock)
    answers: dict[tuple[str | None, ...], tuple[float, Any]] = field(default_factory=dict)  # see `waiting.answer`
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    def current(self, session: Session, at: datetime) -> Model | None:
        """The model of recent history, None where there is too little; at most `KEPT_S` old."""
        with self.lock:
            if self.model is None or time.monotonic() - self.looked_at >= KEPT_S:
                size = _size(session)
                if size != self.size:
                    self.model, self.size = learned(session, at), size
                self.looked_at = time.monotonic()
            return self.model


def _size(session: Session) -> tuple[int | None, int | None]:
    ended = select(func.count(col(Handling.id))).where(col(Handling.ended_at).is_not(None))
    settled = select(func.max(Estimate.id)).where(col(Estimate.ended_at).is_not(None))
    return session.exec(ended).one(), session.exec(settled).one()


def learned(session: Session, at: datetime) -> Model | None:
    """What the last conversations, waits and estimates say, see `history.fit`. None with too few conversations."""
    handled = _handled(session, at)
    stays = estimates.stays(session, at - TOLD_FOR)
    waits = [Waited((s.ended_at - s.since).total_seconds(), gave_up=s.end != "taken") for s in stays]
    here = select(Conversation.queued_at).where(line.WAITS, col(Conversation.queued_at).is_not(None))
    waits += [Waited((at - since).total_seconds()) for since in session.exec(here).all() if since]
    shop = hours(session)
    told = [
        Told(raw["low"], raw["high"], raw["median"], open_seconds_between(shop, s.first.at, s.ended_at))
        for s in stays
        if s.end == "taken" and s.first and (raw := s.first.raw) and "median" in raw
    ]
    return fit(handled, waits, told[:LAST_TOLD])


def _handled(session: Session, at: datetime) -> list[Handled]:
    """The last conversations that agents ended themselves; one lost by a vanished agent says nothing of its length,
    and one in which something was promised lasted until that was kept."""
    query = (
        columns(col(Handling.topic), col(Handling.began_at), col(Handling.ended_at), col(Handling.person_id))
        .where(col(Handling.ended_at) > at - HANDLED_FOR, col(Handling.end) != "vanished", not_(promise_within()))
        .order_by(col(Handling.ended_at).desc())
        .limit(LAST_HANDLED)
    )
    return [
        Handled(topic, (ended_at - began_at).total_seconds(), str(person))
        for topic, began_at, ended_at, person in session.execute(query)
    ]


def forecast(
    session: Session, at: datetime, model: Model | None, grace_s: float = GRACE_S
) -> tuple[dict[str, Foreseen], bool]:
    """What everyone who waits can expect, by conversation in line order, from one simulation; and whether
    conversations last longer than usual now."""
    seen = look(session, at, model, grace_s)
    places = queue.places(session)
    found = simulate.estimate(seen.waiting, seen.agents, model, 0.0, coming=seen.coming)
    return {
        id_: Foreseen(places.get(id_, one.place), one.wait, one.raw, _able(seen, her))
        for id_, her, one in zip(seen.ids, seen.waiting, found, strict=True)
    }, seen.slow


def newcomer(
    session: Session, at: datetime, model: Model | None, topic: str | None, language: str, grace_s: float = GRACE_S
) -> Foreseen:
    """What a customer can expect who would join the queue now."""
    seen = look(session, at, model, grace_s, language)
    one = simulate.newcomer(seen.waiting, seen.agents, model, 0.0, topic, language, coming=seen.coming)
    return Foreseen(one.place, one.wait, one.raw, _able(seen, Waiting(0.0, topic, language)))


def _able(seen: Line, her: Waiting) -> int:
    return sum(can_take(a.topics, a.languages, her.topic, her.language) for a in seen.agents)


def look(session: Session, at: datetime, model: Model | None, grace_s: float = GRACE_S, *languages: str) -> Line:
    """The queue and the agents at the desk as the simulation takes them, in seconds from `at`."""
    here = [c for c in presence.colleagues(session, at, grace_s) if c.takes_new]
    about = (Conversation.id, Conversation.topic, Conversation.language, Conversation.queued_at, Conversation.line_at)
    query = columns(*(col(c) for c in about), col(Conversation.for_agent_id)).where(line.WAITS)
    rows = session.execute(query.order_by(*line.BY_PLACE)).all()
    spoken = {row.language for row in rows} | set(languages)
    agents = _agents(session, at, here, frozenset(spoken))
    return Line(
        ids=[row.id for row in rows],
        waiting=[_waiting(at, *row[1:]) for row in rows],
        agents=agents,
        coming=_coming(session, at),
        slow=_slow(agents, model),
    )


def _waiting(
    at: datetime, topic: str | None, language: str, queued: datetime | None, place: datetime | None, only: int | None
) -> Waiting:
    """A customer with her steps of priority. Whose place is no whole number of steps ahead (put back to the front)
    counts as waiting since then. Who waits for one agent alone speaks a language that only that agent does."""
    since, ahead = queued or place or at, place or queued or at
    steps, rest = divmod((since - ahead).total_seconds(), PRIORITY_S)
    topic, language = (topic, language) if only is None else (None, _alone(only))
    if rest == 0 and 0 <= steps <= MOST_STEPS:
        return Waiting((since - at).total_seconds(), topic, language, int(steps))
    return Waiting((ahead - at).total_seconds(), topic, language)


def _alone(person_id: int) -> str:
    return f"agent {person_id}"


def _agents(session: Session, at: datetime, people: list[Colleague], spoken: frozenset[str]) -> list[Agent]:
    running = _running(session, at)
    return [
        Agent(
            capacity=c.capacity,
            topics=c.topics,
            languages=(spoken if c.languages is None else c.languages) | {_alone(c.id)},
            running=tuple(running.get(c.id, ())),
            name=str(c.id),
        )
        for c in people
    ]


def _running(session: Session, at: datetime) -> dict[int, list[Running]]:
    """What each agent has now that takes a place; since its last change where it began before beginnings were noted."""
    began = (col(Handling.conversation_id) == col(Conversation.id)) & col(Handling.ended_at).is_(None)
    query = (
        columns(
            col(Conversation.agent_id),
            col(Conversation.topic),
            col(Handling.began_at),
            col(Conversation.changed_at),
        )
        .join(Handling, began, isouter=True)
        .where(col(Conversation.owner) == "agent", not_(promised()))
    )
    found: dict[int, list[Running]] = {}
    for person, topic, began_at, changed_at in session.execute(query):
        elapsed_s = (at - (began_at or changed_at)).total_seconds()
        found.setdefault(person, []).append(Running(topic, elapsed_s))
    return found


def _coming(session: Session, at: datetime) -> list[Waiting]:
    """The customers with priority to count on: those who joined of late, once more; see `simulate.expected`."""
    rules = routing(session)
    most = max([rules.steps(reason) for reason in rules.priority], default=0)
    if not most:
        return []
    since = at - timedelta(seconds=simulate.LOOK_BACK * PRIORITY_S * most)
    joined = (
        columns(col(Estimate.conversation_id).label("id"), func.min(col(Estimate.at)).label("at"))
        .where(col(Estimate.at) >= since)
        .group_by(col(Estimate.conversation_id))
        .subquery()
    )
    about = (col(Conversation.topic), col(Conversation.language), col(Conversation.reason), joined.c.at)
    rows = session.execute(columns(*about).join(joined, joined.c.id == col(Conversation.id))).all()
    past = [
        Waiting((joined_at - at).total_seconds(), topic, language, rules.steps(reason or ""))
        for topic, language, reason, joined_at in rows
    ]
    return simulate.expected(past, 0.0)


def _slow(agents: list[Agent], model: Model | None) -> bool:
    """Whether more than half of the conversations last longer already than three in four of their topic."""
    running = [one for agent in agents for one in agent.running]
    if model is None or not running:
        return False
    usual = [model.topics.get(one.topic, model.overall) for one in running]
    long = [
        np.log(max(one.elapsed_s, 1.0)) > mean + UPPER_QUARTILE * sd
        for one, (mean, sd) in zip(running, usual, strict=True)
    ]
    return bool(sum(long) * 2 > len(long))
