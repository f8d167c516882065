"""How often something may be done: counted by conversation, address or account, here or, with Redis, for all processes.

What is counted is a sliding window of two counters: "20/minute" are 20 in a minute for who goes on and on, and never
more than twice that in any 60 seconds. Nothing that is refused counts, so who waits as told gets through. Whose
something is, is kept as a hash and forgotten with its window.
"""

import logging
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.exceptions import RedisError

from handoff.settings import RATES, Settings

log = logging.getLogger(__name__)
Asked = tuple[str, str]  # a rate of RATES, and whose it is
ANSWERS_WITHIN_S = 0.5  # how long Redis may take; a customer waits for it
FORGETS_S = 60.0  # between looks for counts that are over
RESTS_S = 5.0  # how long nobody asks Redis after it failed
BROKEN = (StorageError, RedisError, OSError, TimeoutError)


class Rates:
    """The counts of one app. Use it from the event loop."""

    def __init__(self, settings: Settings) -> None:
        given = {name: getattr(settings, f"rate_{name}") for name in RATES} if settings.rate_limits else {}
        self._items = {name: parse_many(text) if text else [] for name, text in given.items()}
        self._storage = _storage(settings.redis_url)
        self._counter = SlidingWindowCounterRateLimiter(self._storage)
        self._asks_again = 0.0  # when Redis is asked again, after it failed
        self._works = True
        self.saw_proxy = False  # whether a proxy that nobody named was told of

    async def wait_s(self, *asked: Asked) -> int:
        """0 where all that is asked may be done: then it is counted. Else the seconds until it may, at least 1.

        Where the counts cannot be reached everything may be done: a chat that answers nobody helps nobody.
        """
        wanted = [(item, sha256(f"{name} {whose}".encode()).hexdigest()[:24])
                  for name, whose in asked for item in self._items.get(name, ())]  # fmt: skip
        if not wanted or time.monotonic() < self._asks_again:
            return 0
        try:
            found = await self._wait_s(wanted)
        except BROKEN as error:
            self._asks_again = time.monotonic() + RESTS_S
            if self._works:
                self._works = False
                log.warning("Redis does not count, so nobody is held back until it does: %s", error)
            return 0
        if not self._works:
            self._works = True
            log.info("Redis counts again")
        return found

    async def _wait_s(self, wanted: list[tuple[RateLimitItem, str]]) -> int:
        """All are looked at before any is counted: what one of them refuses must not use up the others."""
        if found := max([await self._left_s(item, whose) for item, whose in wanted]):
            return found
        for item, whose in wanted:
            if not await self._counter.hit(item, whose):  # another one was counted meanwhile
                return max(1, await self._left_s(item, whose))
        return 0

    async def _left_s(self, item: RateLimitItem, whose: str) -> int:
        """The whole seconds until one more fits, 0 where one does now.

        The library itself only says when a window ends, which can be an hour too late.
        """
        window = float(item.get_expiry())
        found = await self._storage.get_sliding_window(item.key_for(whose), item.get_expiry())
        before, before_ttl, now, now_ttl = found
        if math.floor(before * before_ttl / window) + now < item.amount:
            return 0
        turns = max(0.0, now_ttl - window)  # seconds until this window becomes the one before
        room = item.amount - now
        left = before_ttl - room * window / before if room > 0 else turns + window * (1 - item.amount / now)
        return max(1, math.ceil(left + 0.05))

    async def close(self) -> None:
        """Let go of Redis."""
        bridge = getattr(self._storage, "bridge", None)
        if isinstance(bridge, RedispyBridge):
            redis: Any = bridge.get_connection()
            with suppress(*BROKEN):
                await redis.aclose()


class Counts(MemoryStorage):
    """The library's counts in memory, looked through for old ones once a minute and not at each hit.

    With the counts of 10,000 customers that took 0.8 ms of everybody's time for each message.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looked_at = time.monotonic()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more under a key, which is forgotten `expiry` seconds after it was first counted."""
        await self.get(key)  # forgets one that is over
        self.storage[key] += amount
        self.expirations.setdefault(key, time.time() + expiry)
        if time.monotonic() - self._looked_at > FORGETS_S:
            self._looked_at = time.monotonic()
            for old in [key for key, end in self.expirations.items() if end <= time.time()]:
                await self.clear(old)
        return int(self.storage[key])


def _storage(redis_url: str) -> MemoryStorage | RedisStorage:
    if not redis_url:
        return Counts()
    address = redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url
    return RedisStorage(
        f"async+{address}",
        implementation="redispy",
        key_prefix="rechtdoor:rates",
        socket_timeout=ANSWERS_WITHIN_S,
        socket_connect_timeout=ANSWERS_WITHIN_S,
    )


@contextmanager
def one_more(held: Counter[str], most: Mapping[str, int]) -> Iterator[bool]:
    """Hold one of each of `most` for as long as the block runs; False, and none is held, where that would be too many.

    `most` says for each name how many there may be at once; 0 is any number.
    """
    fits = all(not limit or held[name] < limit for name, limit in most.items())
    if fits:
        held.update(most.keys())
    try:
        yield fits
    finally:
        for name in most if fits else ():
            held[name] -= 1
            if not held[name]:
                del held[name]
