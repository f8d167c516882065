"""Telling those who wait as things change: `keep_waits` runs beside the requests and writes what is shown.

Of several processes one at a time does it: it takes a lease, the setting `waits`, and writes only while that is its
own, its row held; what it writes is checked once more against what was told by then. A lease of a process that died
ends by itself.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from handoff import conversations, estimates, forecast, line, waiting
from handoff.estimates import CLOSED, CLOSING, NOBODY, Told
from handoff.forecast import Foreseen, Memory
from handoff.hours import Hours
from handoff.models import Conversation, Estimate, Setting
from handoff.presence import GRACE_S
from handoff.shop_settings import hours
from handoff.state import State
from handoff.texts import texts
from handoff.waiting import Shown
from kb.models import now

log = logging.getLogger(__name__)
LEASE = "waits"
LEASE_S = 20.0
LOOK_S = 15.0  # between looks where nothing is heard
SOON_S = 3.0  # where something is held back, or another process is at it
BREATH_S = 1.0  # what is heard within this is looked at together
CALM_S = 10.0  # a customer's figure does not change more often, unless it got clearly worse
TOLD_AGAIN_S = 300.0  # she is not told more often that it got worse
MUCH_S = 300  # the high end grew by so much, and by half: clearly worse


@dataclass(frozen=True)
class News:
    """What one customer is to be shown from now on; `before` is the row it replaces, `step` a row that tells her."""

    conversation_id: str
    before: int | None
    row: Estimate
    step: str = ""


async def keep_waits(it: State) -> None:
    """Tell whoever waits, whenever something happens and every few seconds. Until cancelled."""
    with it.bus.subscribe("queue", "presence") as subscription:
        soon = False
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON_S if soon else LOOK_S):
                    await subscription.next()
            try:
                soon = await tell(it)
            except Exception:
                log.exception("waits could not be foreseen and will be tried again")
            await asyncio.sleep(BREATH_S)


async def tell(it: State) -> bool:
    """One look: foresee every wait and store what changed. True where it is worth looking again soon."""
    if not await it.read(anybody_waits):
        return False
    lease = await it.write(take_lease, now())
    if lease is None:
        return True
    try:
        news, held_back = await it.read(all_news, it.memory, now(), it.settings.vanish_s)
        changed = await it.write(store, lease, [one for one in news if not one.step])
        for one in news:
            stored = await it.write(store_with_step, lease, one) if one.step else False
            changed += [one.conversation_id] if stored else []
    finally:
        await it.write(give_lease_back, lease)
    for conversation_id in changed:
        it.changed(conversation_id)
    return held_back


def anybody_waits(session: Session) -> bool:
    """Whether the queue is not empty."""
    return session.exec(select(Conversation.id).where(line.WAITS).limit(1)).first() is not None


def take_lease(session: Session, at: datetime) -> int | None:
    """The number of the lease that this process has now, None while another has one."""
    found = session.get(Setting, LEASE, populate_existing=True)
    until = (at + timedelta(seconds=LEASE_S)).isoformat()
    if found is None:
        return 1 if _first_lease(session, until) else None
    if found.value and datetime.fromisoformat(found.value) > at:
        return None
    return found.revision + 1 if _changed_lease(session, found.revision, until, found.revision + 1) else None


def give_lease_back(session: Session, lease: int) -> None:
    """Let others do it again, unless they do already."""
    _changed_lease(session, lease, "", lease)


def _first_lease(session: Session, until: str) -> bool:
    try:
        with session.begin_nested():  # on PostgreSQL a refused row would end the transaction
            session.add(Setting(name=LEASE, value=until))
    except IntegrityError:
        return False
    return True


def _changed_lease(session: Session, revision: int, until: str, to: int) -> bool:
    ours = update(Setting).where(col(Setting.name) == LEASE, col(Setting.revision) == revision)
    result = session.execute(ours.values(value=until, revision=to).execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1


def _holds(session: Session, lease: int) -> bool:
    """Whether the lease is still ours; nobody else can take it until the transaction ends."""
    query = select(Setting.revision).where(Setting.name == LEASE).with_for_update()
    return session.exec(query).first() == lease


def all_news(session: Session, memory: Memory, at: datetime, grace_s: float = GRACE_S) -> tuple[list[News], bool]:
    """What is to be stored now, in line order; and whether something is held back for a moment."""
    foreseen, slow = forecast.forecast(session, at, memory.current(session, at), grace_s)
    told, shop = estimates.told(session), hours(session)
    door = waiting.door(shop, at)
    news, held_back = [], False
    for id_, one in foreseen.items():
        shown, before = waiting.shown(door, one.wait), told.get(id_)
        why = worse(before, shown, one, at, slow) if before else None
        if before and not why and same(before.last, shown, one.place):
            continue
        if before and not why and at < before.last.at + timedelta(seconds=CALM_S):
            held_back = True
            continue
        row = _row(id_, at, one, shown, why)
        step = _step(session, shop, row, before, why)
        news.append(News(id_, before.last.id if before else None, row, step))
    return news, held_back


def _row(conversation_id: str, at: datetime, one: Foreseen, shown: Shown, why: str | None) -> Estimate:
    raw: dict[str, float] = {"agents": one.agents}
    if one.raw is not None:
        raw |= {"low": one.raw.low_s, "high": one.raw.high_s, "median": one.raw.median_s}
    return Estimate(
        conversation_id=conversation_id,
        at=at,
        place=one.place,
        low_s=shown.low_s,
        high_s=shown.high_s,
        why=why or shown.why,
        raw=raw,
    )


def same(last: Estimate, shown: Shown, place: int) -> bool:
    """Whether that is what she was told last."""
    closing = last.why if last.why in (CLOSED, CLOSING) else None
    return (last.low_s, last.high_s, last.place, closing) == (shown.low_s, shown.high_s, place, shown.why)


def worse(told: Told, shown: Shown, one: Foreseen, at: datetime, slow: bool) -> str | None:
    """Why it is clearly worse than she was told first, or when a row last spoke of it; None where it is not.

    Of that figure the time since has passed. Clearly worse: the low end lies above the high end that is left, or the
    high end is above that by half and by 5 minutes; or nobody is there any more.
    """
    if told.worse and at < told.worse.at + timedelta(seconds=TOLD_AGAIN_S):
        return None
    if shown.why:
        return None
    if shown.low_s is None or shown.high_s is None:
        return NOBODY if told.last.low_s is not None and not one.agents else None
    before = told.worse if told.worse and told.worse.high_s is not None else told.first
    if before is None or before.high_s is None:
        return None
    left = max(0.0, before.high_s - (at - before.at).total_seconds())
    if shown.low_s <= left and shown.high_s - left < max(left / 2, MUCH_S):
        return None
    return _why(before, one, slow)


def _why(before: Estimate, one: Foreseen, slow: bool) -> str:
    if one.agents < (before.raw or {}).get("agents", 0):
        return "agent_left"
    if one.place > before.place:
        return "ahead"
    return "longer" if slow else "worse"


def _step(session: Session, shop: Hours, row: Estimate, before: Told | None, why: str | None) -> str:
    """What a row of the timeline says of it; empty where none does. What she was told on queueing is no news."""
    if before is None:
        return ""
    closed = (row.why == CLOSED and not before.of_closed) or (row.why == CLOSING and not before.of_closing)
    if not why and not closed:
        return ""
    language = conversations.get(session, row.conversation_id).language
    said = texts(session, language)
    if why == NOBODY:
        return said["wait.nobody"]
    shown = Shown(row.low_s, row.high_s, None if why else row.why)
    told = waiting.words(said, shown, row.place, shop, row.at, language, "wait.worse")
    because = said.get(f"wait.{why}_why", "")
    return f"{because} {told} {said['wait.keep']}".strip()


def store(session: Session, lease: int, news: list[News]) -> list[str]:
    """Store what is shown from now on, of those who still wait and were told nothing else since; the ids.

    They are held in line order, as everybody who holds several does, and only against leaving the queue.
    """
    if not news or not _holds(session, lease):
        return []
    ids = [one.conversation_id for one in news]
    waits = select(Conversation.id).where(line.WAITS, col(Conversation.id).in_(ids)).order_by(*line.BY_PLACE)
    here = set(session.exec(waits.with_for_update(read=True, key_share=True)).all())
    told = estimates.told(session, ids)
    fresh = [n for n in news if n.conversation_id in here and n.before == _last(told.get(n.conversation_id))]
    session.add_all(one.row for one in fresh)
    session.flush()
    return [one.conversation_id for one in fresh]


def store_with_step(session: Session, lease: int, one: News) -> bool:
    """Store it and tell her in a row: True when she still waited, and was told nothing else since."""
    if not _holds(session, lease):
        return False
    conversation = conversations.locked(session, one.conversation_id)
    if conversation.owner != "queue":
        return False
    if one.before != _last(estimates.told(session, [one.conversation_id]).get(one.conversation_id)):
        return False
    session.add(one.row)
    kind = f"wait_{one.row.why}" if one.row.why in (CLOSED, CLOSING) else "wait_worse"
    conversations.add_step(session, conversation, kind, text=one.step)
    return True


def _last(told: Told | None) -> int | None:
    return told.last.id if told else None
