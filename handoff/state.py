"""What one running app holds: settings, engine, knowledge base, bus, bot client. Made in `create_app` only."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio
import httpx
from sqlalchemy import Engine
from sqlmodel import Session

from handoff.db import reading, writing
from handoff.forecast import Memory
from handoff.live import Bus
from handoff.logged import Watch
from handoff.looking import Lookers
from handoff.rates import Rates
from handoff.settings import Settings
from kb import backlog
from kb.base import Base

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(fn: Callable[[], T], limiter: anyio.CapacityLimiter) -> T:
    """What `fn` gives, run in a thread. Cancelled meanwhile, however often, it waits until the thread has ended.

    A thread cannot be stopped: one that were left behind would still use a connection when the engine is disposed.
    """
    thread = asyncio.ensure_future(anyio.to_thread.run_sync(fn, limiter=limiter))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        while not thread.done():
            with suppress(asyncio.CancelledError):  # anyio cancels until it is obeyed
                await asyncio.wait([thread])
        if not thread.cancelled() and (error := thread.exception()):
            log.warning("what was cancelled had failed: %r", error)
        raise


@dataclass
class State:
    """Everything a route or a turn needs. `base` is None only until start-up has opened it."""

    settings: Settings
    engine: Engine
    bus: Bus
    rates: Rates
    client: httpx.AsyncClient
    threads: anyio.CapacityLimiter
    writers: anyio.CapacityLimiter  # SQLite takes one writer: better in line here than asking it again and again
    turns: asyncio.Semaphore
    at_the_bot: asyncio.Semaphore  # one Rasa works on one message at a time: more at once only make it look slow
    loaded: Base | None = None
    pictures: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # each takes much memory
    memory: Memory = field(default_factory=Memory)  # of past waits
    lookers: Lookers = field(default_factory=Lookers)  # who has which conversation open
    drafting: set[int] = field(default_factory=set)  # the agents for whom a model is at work
    views: Counter[tuple[str, str]] = field(default_factory=Counter)  # of the FAQ's entries, not stored yet
    watch: Watch = field(default_factory=Watch)  # of what was asked, while editors write
    warming: asyncio.Task[None] | None = None  # reads the backlog's groups into memory, see `upkeep.warm`
    sockets: Counter[str] = field(default_factory=Counter)  # of customers, by conversation and by address
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def base(self) -> Base:
        """The knowledge base. RuntimeError before start-up has opened it."""
        if self.loaded is None:
            raise RuntimeError("the knowledge base is not open yet")
        return self.loaded

    async def write(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(session, …)` in a thread, in one transaction that is committed when it returns."""

        def run() -> T:
            with writing(self.engine) as session:
                return fn(session, *args, **kwargs)

        return await to_its_end(run, self.writers)

    async def read(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(session, …)` in a thread, in a transaction that only reads."""

        def run() -> T:
            with reading(self.engine) as session:
                return fn(session, *args, **kwargs)

        return await to_its_end(run, self.threads)

    async def compute(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something slow that needs no database in a thread."""
        return await to_its_end(lambda: fn(*args, **kwargs), self.threads)

    async def prepare(self, text: str, language: str) -> backlog.Prepared:
        """A question ready for the backlog, once the backlog's groups are in memory.

        Just after the start that takes seconds beside many questions: waited for here, where no transaction is open,
        but not longer than a turn can spare. The transaction that stores it waits for the rest.
        """
        if self.warming is not None:
            await asyncio.wait([self.warming], timeout=self.settings.turn_lease_s / 4)
        return await self.compute(backlog.prepare, self.base, text, language)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let `work` go on by itself; it is kept until it ends, and stopped with the app."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def kb_changed(self) -> None:
        """Make the base follow a committed change here, and tell the other processes."""
        await self.read(self.base.refresh)
        self.bus.publish("kb", "")

    def changed(self, conversation_id: str, queue_too: bool = False) -> None:
        """Tell customer and desk, after a commit, of something new.

        `queue_too` where places in line moved or an agent got room: routing and waits look again.
        """
        self.bus.publish("conversation", conversation_id)
        self.bus.publish("desk", conversation_id)
        if queue_too:
            self.bus.publish("queue", "")
