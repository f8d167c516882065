"""What the customer's and the desk's socket share: reading frames, passing events on, and not too much of either."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from handoff.live import Subscription
from handoff.problems import Problem

log = logging.getLogger(__name__)
Frame = dict[str, Any]
MAX_FRAME = 64_000
BAD_FRAME, BAD_TOKEN, BAD_ORIGIN, TOO_MANY = 4400, 4401, 4403, 4429
TYPING_S = 2.5  # a typist is passed on this often at most; browsers say it every 3 seconds
MARK_S = 1.0  # a socket's seen marks are stored this often at most
MOST_MARKS = 20  # conversations whose marks wait to be stored


def parsed(text: str) -> Frame | None:
    """A frame's JSON object, or None where it is none or too large."""
    try:
        frame = json.loads(text) if len(text) <= MAX_FRAME else None
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


async def both_ways(*work: Coroutine[Any, Any, None]) -> None:
    """Run what passes events out and takes frames in, until one of them ends; then stop the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass  # the other side is gone; it reads on when it comes back
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def pass_on(subscription: Subscription, tell: Callable[[list[str]], Awaitable[None]]) -> None:
    """Hand what is heard to `tell`, for ever."""
    while True:
        await tell(await subscription.next())


async def take_frames(socket: WebSocket, take: Callable[[Frame], Awaitable[None]], per_s: int) -> None:
    """Hand frames to `take`, `per_s` a second at most, until one is not understood: then the socket is closed.

    What comes faster waits, here and in the sender's own connection: nothing of it is lost.
    """
    free = 0.0  # when the frames that were taken are paid for; `per_s` may come at once
    while (frame := parsed(await socket.receive_text())) is not None:
        at = time.monotonic()
        free = max(free, at - 1) + 1 / per_s
        if free > at:
            await asyncio.sleep(free - at)
        await take(frame)
    await socket.close(BAD_FRAME)


class Seldom:
    """Says whether something may be done again: once in `every_s` seconds, for each key by itself."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._last: dict[str, float] = {}

    def may(self, key: str = "") -> bool:
        """Whether it may be done now; then it counts as done."""
        at = time.monotonic()
        if at - self._last.get(key, -self._every_s) < self._every_s:
            return False
        self._last = {k: then for k, then in self._last.items() if at - then < self._every_s} | {key: at}
        return True


class Marks:
    """Stores the highest row seen of each conversation, one in `MARK_S` seconds; the last one is never left out."""

    def __init__(self, store: Callable[[str, int], Awaitable[None]]) -> None:
        self._store = store
        self._waiting: dict[str, int] = {}
        self._stored: tuple[str, int] = ("", 0)
        self._ready = asyncio.Event()

    def offer(self, conversation_id: str, seq: int) -> None:
        """Have a mark stored soon, unless a higher one is or waits."""
        known, highest = self._stored
        seen = max(self._waiting.get(conversation_id, 0), highest if known == conversation_id else 0)
        if seq > seen and (conversation_id in self._waiting or len(self._waiting) < MOST_MARKS):
            self._waiting[conversation_id] = seq
            self._ready.set()

    async def keep(self) -> None:
        """Store what is offered, for ever."""
        while True:
            await self._ready.wait()
            await self._next()
            await asyncio.sleep(MARK_S)

    async def finish(self) -> None:
        """Store what still waits, as when a page is shut just after its reader saw something."""
        while self._waiting:
            await self._next()

    async def _next(self) -> None:
        conversation_id = next(iter(self._waiting))
        seq = self._waiting.pop(conversation_id)
        if not self._waiting:
            self._ready.clear()
        try:
            await self._store(conversation_id, seq)
        except Problem:
            return  # a row or a conversation that there is not
        except SQLAlchemyError as error:
            log.warning("a seen mark could not be stored; the next one will be: %s", error)
            return
        self._stored = (conversation_id, seq)
