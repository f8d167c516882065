"""Live events: who listens to a conversation, the desk or the knowledge base is told to read on.

An event carries a topic and an id, never content, so a lost one costs nothing: the next read finds everything.
What is of the moment alone (somebody types, looks, has seen) is an event of the topics `PASSING`: an id, a space and
what it is about. It is stored nowhere, and a lost one is not made up for.
In one process a `Bus` suffices; with Redis every app process hears every event.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
CHANNEL = "rechtdoor"
PASSING = ("moment", "looking")


class Subscription:
    """The ids that changed since the last look. At most one entry an id, so it cannot grow without bound."""

    def __init__(self) -> None:
        self._changed: dict[str, None] = {}
        self._ready = asyncio.Event()

    def tell(self, id_: str) -> None:
        """Note that `id_` changed and wake the listener. What is told again comes last."""
        self._changed.pop(id_, None)
        self._changed[id_] = None
        self._ready.set()

    async def next(self) -> list[str]:
        """Wait until something changed; the ids, each once."""
        await self._ready.wait()
        self._ready.clear()
        changed, self._changed = list(self._changed), {}
        return changed


class Bus:
    """Events within this process. Use it from the event loop."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Subscription]] = defaultdict(set)

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        """A subscription to whole topics (`desk`, `kb`) or to one id of a topic (`conversation:ID`)."""
        subscription = Subscription()
        for topic in topics:
            self.join(subscription, topic)
        try:
            yield subscription
        finally:
            for topic in topics:
                self.leave(subscription, topic)

    def join(self, subscription: Subscription, topic: str) -> None:
        """Let a subscription hear one topic more, until it leaves it."""
        self._listeners[topic].add(subscription)

    def leave(self, subscription: Subscription, topic: str) -> None:
        """Let a subscription hear one topic less; harmless where it does not hear it."""
        if (listeners := self._listeners.get(topic)) is not None:
            listeners.discard(subscription)
            if not listeners:
                del self._listeners[topic]

    def publish(self, topic: str, id_: str) -> None:
        """Tell everyone who listens to `topic` or to `topic:id_`. Call it after the commit."""
        self.deliver(topic, id_)

    def deliver(self, topic: str, id_: str) -> None:
        """Tell this process's listeners only."""
        for name in (topic, f"{topic}:{id_.partition(' ')[0]}"):
            for subscription in self._listeners.get(name, ()):
                subscription.tell(id_)

    def wake_all(self) -> None:
        """Tell every listener to look, as after a gap in which events may have been lost."""
        for name, subscriptions in self._listeners.items():
            topic, _, id_ = name.partition(":")
            for subscription in () if topic in PASSING else subscriptions:
                subscription.tell(id_)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Nothing runs behind a bus of one process."""
        yield


class RedisBus(Bus):
    """Events between app processes, by Redis publish and subscribe."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = Redis.from_url(url)
        self._sending: asyncio.Queue[str] = asyncio.Queue(maxsize=10_000)

    def publish(self, topic: str, id_: str) -> None:
        """Tell this process at once and the others through Redis."""
        self.deliver(topic, id_)
        try:
            self._sending.put_nowait(f"{topic} {id_}")
        except asyncio.QueueFull:
            log.warning("Redis does not keep up: an event for %s was dropped", topic)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send and hear until the block ends."""
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._hear())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            event = await self._sending.get()
            try:
                await self._redis.publish(CHANNEL, event)
            except RedisError as error:
                log.warning("Redis did not take an event: %s", error)
                await asyncio.sleep(0.5)

    async def _hear(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    self.wake_all()
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            topic, _, id_ = message["data"].decode().partition(" ")
                            self.deliver(topic, id_)
            except (RedisError, OSError) as error:
                log.warning("Redis cannot be heard, trying again: %s", error)
                await asyncio.sleep(1)


def make_bus(redis_url: str) -> Bus:
    """The bus that the settings ask for."""
    return RedisBus(redis_url) if redis_url else Bus()
