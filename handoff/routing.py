"""Giving waiting conversations to agents, and what must be looked after for it: `keep_routing` runs beside requests.

Each step may run in several processes at once. A step first looks, without a lock, whether there is anything to do.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, line, presence, queue
from handoff.models import Conversation, Handling
from handoff.presence import GRACE_S, NEVER, Colleague
from handoff.state import State
from kb.models import now

log = logging.getLogger(__name__)
LOOK_S = 3.0  # between looks where nothing is heard
BREATH_S = 0.1  # what is heard within this is looked at together
RESERVED_S = 300.0  # so long a conversation waits for one agent alone
SHIFT = timedelta(hours=12)  # of the last assignments, those that count for whose turn it is
Match = tuple[str, int]  # a conversation's id and a person's


def assign_next(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[Match]:
    """Give every waiting conversation that can be given, in line order; which to whom.

    It goes to an agent at the desk, not away, to whom conversations are given by themselves, who can take it and has
    a free slot: to the one with the greatest share of her slots free, then to who got nothing for the longest time.
    """
    wanted = {person for _, person in matches(session, at, grace_s)}
    if not wanted:
        return []
    presence.hold(session, sorted(wanted))
    given = []
    for conversation_id, person_id in matches(session, at, grace_s, among=wanted):
        conversation = conversations.locked(session, conversation_id)
        if conversation.for_agent_id in (None, person_id) and queue.give(session, conversation, person_id):
            given.append((conversation_id, person_id))
    return given


def matches(
    session: Session, at: datetime, grace_s: float = GRACE_S, among: Collection[int] | None = None
) -> list[Match]:
    """What `assign_next` would give now to whom (of `among` alone, where given); nothing is changed or locked."""
    people = [c for c in presence.colleagues(session, at, grace_s) if c.takes_new and c.automatic and c.free]
    free = {c.id: c for c in people if among is None or c.id in among}
    if not free:
        return []
    turn = _last_given(session, at)
    found = []
    query = select(Conversation.id, Conversation.topic, Conversation.language, Conversation.for_agent_id)
    for id_, topic, language, reserved in session.exec(query.where(line.WAITS).order_by(*line.BY_PLACE)):
        able = [c for c in free.values() if c.can_take(topic, language, reserved)]
        if not able:
            continue
        best = min(able, key=lambda c: (-c.free / c.capacity, turn.get(c.id, NEVER), c.id))
        found.append((id_, best.id))
        turn[best.id] = at + timedelta(microseconds=len(found))
        _fill(free, best)
        if not free:
            break
    return found


def _fill(free: dict[int, Colleague], agent: Colleague) -> None:
    """Count one more conversation for this agent; who has no slot left is not asked again."""
    fuller = replace(agent, held=agent.held + 1)
    if fuller.free:
        free[agent.id] = fuller
    else:
        del free[agent.id]


def _last_given(session: Session, at: datetime) -> dict[int, datetime]:
    """When each agent last got a conversation, of those that she has or had in this shift."""
    recent = col(Handling.ended_at).is_(None) | (col(Handling.ended_at) > at - SHIFT)
    query = select(Handling.person_id, func.max(Handling.began_at)).where(recent)
    return dict(session.exec(query.group_by(col(Handling.person_id))).all())


def let_go(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[str]:
    """Let anyone take what waited for one agent too long, or for one who is not at the desk; the ids."""
    freed = []
    for conversation_id in overdue(session, at, grace_s):
        conversation = conversations.locked(session, conversation_id)
        if conversation.owner == "queue" and conversation.for_agent_id is not None:
            conversation.for_agent_id = None
            freed.append(conversation_id)
    session.flush()
    return freed


def overdue(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[str]:
    """What `let_go` would let anyone take, in line order: the order in which `assign_next` locks too."""
    query = select(Conversation.id, Conversation.for_agent_id, Conversation.queued_at)
    query = query.where(line.WAITS, col(Conversation.for_agent_id).is_not(None)).order_by(*line.BY_PLACE)
    reserved = session.exec(query).all()
    if not reserved:
        return []
    here = {c.id for c in presence.colleagues(session, at, grace_s) if c.present}
    until = at - timedelta(seconds=RESERVED_S)
    return [id_ for id_, agent, since in reserved if agent not in here or since is None or since <= until]


async def keep_routing(it: State) -> None:
    """Look after the queue whenever something happens, and every few seconds. Until cancelled.

    After a start, and after a look that failed, nobody is judged gone before every desk had the time to come back.
    """
    well_since = now()
    with it.bus.subscribe("queue", "presence") as subscription:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await subscription.next()
            try:
                await route(it, well_since)
            except Exception:
                well_since = now()
                log.exception("conversations could not be given out and will be tried again")
            await asyncio.sleep(BREATH_S)


async def route(it: State, well_since: datetime) -> None:
    """One look: put back what vanished agents had, let go what waited too long for one, and give out."""
    grace_s = it.settings.vanish_s
    lost, late, free = await it.read(to_do, now(), grace_s)
    if lost and now() - well_since > timedelta(seconds=grace_s):
        for conversation_id in await it.write(presence.vanished, now(), grace_s):
            it.changed(conversation_id, queue_too=True)
    if late:
        for conversation_id in await it.write(let_go, now(), grace_s):
            it.changed(conversation_id, queue_too=True)
    if free or lost or late:
        for conversation_id, _ in await it.write(assign_next, now(), grace_s):
            it.changed(conversation_id, queue_too=True)


def to_do(session: Session, at: datetime, grace_s: float = GRACE_S) -> tuple[bool, bool, bool]:
    """Whether an agent is gone, something waited too long for one agent, something can be given out."""
    lost = bool(presence.gone(session, at, grace_s))
    if not queue.waiting_count(session):
        return lost, False, False
    return lost, bool(overdue(session, at, grace_s)), bool(matches(session, at, grace_s))
