"""Clearly worse news: when it is that, why, and that it is told once. Speed, and several processes at it."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from handoff import estimates, forecast, presence, shop_settings, telling, waiting
from handoff.forecast import Memory
from handoff.models import Conversation, Estimate
from handoff.state import State
from handoff.texts import shipped
from handoff.waiting import Shown
from kb.models import now

from .shop import in_line, rows
from .waits import all_rows, open_shop, recompute

SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


# Clearly worse


def worse_kinds(session: Session, her: Conversation) -> list[str]:
    return [m.text for m in rows(session, her) if m.kind == "wait_worse"]


def test_worse_news_is_told_once_with_the_reason(session: Session) -> None:
    people = open_shop(session, agents=4, capacity=1)
    line = [in_line(session) for _ in range(8)]
    at, memory = now(), Memory()
    recompute(session, memory, at)
    for person in people[1:]:
        presence.set_away(session, person.id or 0, True)
    assert line[-1].id in recompute(session, memory, at + timedelta(seconds=1))
    recompute(session, memory, at + timedelta(seconds=2))
    said = worse_kinds(session, line[-1])
    assert len(said) == 1
    low, high = waiting.minutes(**(waiting.status(session, line[-1]) or {})["wait"])
    assert said[0] == (
        f"Er is een collega weggevallen. Het duurt langer dan we dachten: nu ongeveer {low} tot {high} minuten. "
        "Je houdt je plek."
    )
    assert [row.why for row in all_rows(session, line[-1])] == [None, "agent_left"]


def test_nobody_left_is_told_once_even_when_they_come_and_go(session: Session) -> None:
    (noor,) = open_shop(session)
    her = in_line(session, language="en")
    at, memory = now(), Memory()
    recompute(session, memory, at)
    for number in range(4):
        presence.set_away(session, noor.id or 0, number % 2 == 0)
        recompute(session, memory, at + timedelta(seconds=1 + 11 * number))
    assert worse_kinds(session, her) == [shipped("en")["wait.nobody"]]


def told_before(place: int = 2, agents: int = 2, **row: Any) -> estimates.Told:
    before = Estimate(conversation_id="x", at=SUNDAY, place=place, raw={"agents": agents}, **row)
    return estimates.Told(before if before.low_s is not None else None, None, before, False, False)


@pytest.mark.parametrize(
    ("now_shown", "seconds", "place", "agents", "slow", "expected"),
    [
        ((240, 420), 0, 2, 2, False, None),
        ((360, 660), 0, 2, 2, False, None),  # the high end grew by four minutes
        ((360, 720), 0, 2, 1, False, "agent_left"),  # by five, and by half
        ((480, 540), 0, 3, 2, True, "ahead"),  # the low end lies above
        ((480, 540), 0, 2, 2, True, "longer"),
        ((480, 540), 0, 1, 2, False, "worse"),
        ((240, 420), 400, 2, 2, False, "worse"),  # nearly all of what she was told has passed
        ((180, 240), 180, 2, 2, False, None),
        ((None, None), 0, 2, 0, False, "nobody"),
        ((None, None), 0, 2, 2, False, None),
    ],
)
def test_what_is_clearly_worse(
    now_shown: tuple[Any, Any], seconds: int, place: int, agents: int, slow: bool, expected: str | None
) -> None:
    one = forecast.Foreseen(place, None, None, agents)
    told = told_before(low_s=240, high_s=420)
    at = SUNDAY + timedelta(seconds=seconds)
    assert telling.worse(told, Shown(*now_shown), one, at, slow) == expected


def test_it_is_not_worse_than_nothing_nor_too_often(session: Session) -> None:
    one = forecast.Foreseen(1, None, None, 1)
    assert telling.worse(told_before(), Shown(3600, 7200), one, SUNDAY, False) is None
    once = told_before(low_s=240, high_s=420)
    again = replace(once, worse=once.last)
    assert telling.worse(again, Shown(3600, 7200), one, SUNDAY + timedelta(seconds=299), False) is None
    assert telling.worse(again, Shown(3600, 7200), one, SUNDAY + timedelta(seconds=301), False) == "agent_left"


# Speed, and several processes


@pytest.mark.alone
def test_200_who_wait_are_foreseen_quickly(session: Session) -> None:
    open_shop(session, agents=10, capacity=3)
    for number in range(200):
        in_line(session, ["lamps", "returns", None][number % 3])
    memory = Memory()
    memory.current(session, now())
    began = time.perf_counter()
    news, _ = telling.all_news(session, memory, now())
    took = time.perf_counter() - began
    assert len(news) == 200
    assert took < 1.0, f"{1000 * took:.0f} ms"


async def test_two_processes_write_it_once(it: State) -> None:
    other = replace(it, memory=Memory())

    def fill(session: Session) -> str:
        open_shop(session, capacity=1)
        return in_line(session).id

    her = await it.write(fill)
    for _ in range(3):
        await asyncio.gather(*(telling.tell(one) for one in (it, other, it, other)))
    found = await it.read(lambda s: [r.conversation_id for r in s.exec(select(Estimate)).all()])
    assert found == [her]


async def test_a_lease_is_one_processes_and_ends_by_itself(it: State) -> None:
    at = now()
    found = await asyncio.gather(*(it.write(telling.take_lease, at) for _ in range(6)))
    (first,) = [one for one in found if one is not None]
    late = at + timedelta(seconds=telling.LEASE_S + 1)
    second = await it.write(telling.take_lease, late)
    assert second is not None
    assert second > first
    row = Estimate(conversation_id="none", place=1)
    assert await it.write(telling.store, first, [telling.News("none", None, row)]) == []  # too late
    await it.write(telling.give_lease_back, first)
    assert await it.write(telling.take_lease, late) is None  # the second one's stands
    await it.write(telling.give_lease_back, second)
    assert await it.write(telling.take_lease, late) is not None


async def test_nothing_is_written_where_nobody_waits(it: State) -> None:
    assert not await telling.tell(it)
    assert await it.read(lambda s: shop_settings.read(s, telling.LEASE).revision) == 0


@pytest.mark.alone
async def test_the_loop_goes_on_while_it_is_foreseen(it: State) -> None:
    def fill(session: Session) -> None:
        open_shop(session, agents=5)
        for _ in range(120):
            in_line(session)

    await it.write(fill)
    longest, last = 0.0, time.perf_counter()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.005)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    beating = asyncio.create_task(beat())
    began = time.perf_counter()
    await telling.tell(it)
    took = time.perf_counter() - began
    beating.cancel()
    assert longest < max(0.3, took / 2)
