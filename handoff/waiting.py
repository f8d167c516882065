"""What a waiting customer is told: the place in line, and how long it will take where that can be said honestly.

What is shown, everywhere the same, is the newest row of `estimate`; `telling` writes it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handoff import estimates, hours_words, queue, transfer
from handoff.estimates import CLOSED, CLOSING
from handoff.forecast import Memory, newcomer
from handoff.hours import Hours, closes_at, is_open
from handoff.models import Conversation, Estimate
from handoff.presence import GRACE_S
from handoff.question import OpenQuestion
from handoff.shop_settings import hours, wait_limit_s
from handoff.simulate import Wait, rounded
from handoff.state import State
from handoff.texts import fill, texts
from kb.models import now

FRESH_S = 10.0  # an answer to those who do not wait yet serves everybody for so long


@dataclass(frozen=True)
class Shown:
    """A range in whole minutes, kept in seconds; None with `why` closed or closing, or where it cannot be said."""

    low_s: int | None = None
    high_s: int | None = None
    why: str | None = None


def status(session: Session, conversation: Conversation) -> dict[str, Any] | None:
    """`{position, wait: {low_s, high_s}}` of a conversation in the queue, else None.

    `wait` is None, "we can't say yet", where there is no figure; one out of thin air is worse.
    """
    if conversation.owner != "queue":
        return None
    wait = as_wait(estimates.newest(session, conversation.id))
    return {"position": queue.position(session, conversation), "wait": wait}


def as_wait(told: Estimate | Shown | None) -> dict[str, int] | None:
    """`{low_s, high_s}` of what was told, None where that was no figure."""
    if told is None or told.low_s is None or told.high_s is None:
        return None
    return {"low_s": told.low_s, "high_s": told.high_s}


@dataclass(frozen=True)
class Door:
    """Whether it is open, and in how many seconds it closes; None where that is not foreseen."""

    open: bool
    closes_in_s: float | None = None


def door(shop: Hours, at: datetime) -> Door:
    """The opening hours as they are now: once for everybody who waits, a long look ahead takes milliseconds."""
    until = closes_at(shop, at)
    return Door(is_open(shop, at), (until - at).total_seconds() if until else None)


def shown(door: Door, wait: Wait | None) -> Shown:
    """What is shown of an estimate: rounded, and no minutes that would run through the night."""
    if not door.open:
        return Shown(why=CLOSED)
    if wait is None:
        return Shown()
    low_s, high_s = (60 * minutes for minutes in rounded(wait))
    if door.closes_in_s is not None and high_s > door.closes_in_s:
        return Shown(why=CLOSING)
    return Shown(low_s, high_s)


def minutes(low_s: int, high_s: int) -> tuple[int, int]:
    """The range in minutes as people read it, the same as the widget's: from 1, as nobody waits "0 to 3"."""
    return low_s // 60 or 1, -(-high_s // 60)


def words(
    said: Mapping[str, str], told: Shown, place: int, shop: Hours, at: datetime, language: str, key: str = "wait.range"
) -> str:
    """What a customer reads of it, in the texts `said` of her language; `key` is the sentence for a range."""
    if told.why == CLOSED:
        return closed_words(said, shop, at, language)
    if told.why == CLOSING:
        end = closes_at(shop, at) or at
        return fill(said["wait.closing"], hours=hours_words.words(shop, end, language, said))
    if told.low_s is None or told.high_s is None:
        return said["wait.unknown"]
    low, high = minutes(told.low_s, told.high_s)
    place_words = _place(said, place)
    return fill(said["wait.soon" if high < 2 else key], low=low, high=high, place=place_words)


def closed_words(said: Mapping[str, str], shop: Hours, at: datetime, language: str) -> str:
    """That it is closed and from when it is open again."""
    again = hours_words.words(shop, at, language, said)
    holiday = shop.holiday(at.astimezone(ZoneInfo(shop.zone)).date())
    if again == said["hours.closed"] or (holiday and not holiday.spans):
        return again  # says already that it is closed
    return fill(said["wait.closed"], hours=again)


def _place(said: Mapping[str, str], place: int) -> str:
    ordinals = [one.strip() for one in said["widget.ordinals"].split(",")]
    if place <= len(ordinals):
        return fill(said["wait.ordinal"], ordinal=ordinals[place - 1])
    return fill(said["wait.place"], position=place)


def form(
    session: Session, memory: Memory, at: datetime, topic: str | None, language: str, grace_s: float = GRACE_S
) -> dict[str, Any]:
    """What somebody can expect who would queue now: `open`, `hours_words`, `wait`, `position`, `words`."""
    shop, said = hours(session), texts(session, language)
    one = newcomer(session, at, memory.current(session, at), topic, language, grace_s)
    now_open = door(shop, at)
    told = shown(now_open, one.wait)
    return {
        "open": now_open.open,
        "hours_words": hours_words.words(shop, at, language, said),
        "wait": as_wait(told),
        "position": one.place,
        "words": words(said, told, one.place, shop, at, language) + _long(session, said, told),
    }


def _long(session: Session, said: Mapping[str, str], told: Shown) -> str:
    """A way on for who would wait longer than the shop wants, else nothing."""
    return f" {said['wait.long']}" if told.low_s is not None and told.low_s >= wait_limit_s(session) else ""


def words_for(
    session: Session,
    memory: Memory,
    at: datetime,
    question: OpenQuestion | None,
    language: str,
    grace_s: float = GRACE_S,
) -> str:
    """In words what a customer with this question can expect who queues now. Made anew: it names her place."""
    return str(form(session, memory, at, queue.topic_of(session, question), language, grace_s)["words"])


async def answer(it: State, topic: str | None, language: str) -> dict[str, Any]:
    """`form`, at most `FRESH_S` old and made once however many ask; a topic that nobody knows is none.

    There are as many answers as known topics times languages, so what people ask for cannot fill the memory.
    """
    async with it.memory.making:
        known = await _kept(it, ("topics",), transfer.topics) if topic else []
        about = topic if topic in known else None

        def made(session: Session) -> dict[str, Any]:
            return form(session, it.memory, now(), about, language, it.settings.vanish_s)

        found: dict[str, Any] = await _kept(it, (language, about), made)
        return found


async def _kept(it: State, key: tuple[str | None, ...], make: Callable[[Session], Any]) -> Any:
    kept = it.memory.answers.get(key)
    if kept is None or time.monotonic() - kept[0] >= FRESH_S:
        it.memory.answers[key] = kept = (time.monotonic(), await it.read(make))
    return kept[1]
