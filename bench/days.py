"""Simulated days of a team and its queue, event by event: what really happens, against which waits are judged.

Nothing here is known to the estimator but what an app would know: who waits, who is online and talks since when, what
ended. Hidden from it: each agent's speed, the law of handling times and of patience, who will leave, who will come.

A customer who gives up stays in line as a ghost: no agent spends time on her, and nobody is told that she is there.
When an agent with a free slot comes to her, her wait is noted as the one she would have had, and the agent takes the
next one at the same moment. All times are in seconds from opening.
"""

import bisect
import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from handoff.history import Handled, Told, Waited
from handoff.order import can_take, order_key
from handoff.simulate import Agent, Estimate, Running, Waiting

HOURS = 8.0
DAY_S = 86400.0
TOPICS = {"delivery": 0.30, "returns": 0.25, "payment": 0.18, "gift-card": 0.12, "account": 0.10, "warranty": 0.05}
NAMES, SHARES = list(TOPICS), list(TOPICS.values())
MINUTES = {"delivery": 4.0, "returns": 6.0, "payment": 7.0, "gift-card": 5.0, "account": 8.0, "warranty": 12.0}
SIGMA = 0.75  # of the logarithm of handling times: a mean a third above the median, one in twenty over 3.4 medians
ENGLISH = 0.2  # share of the customers
URGENT = 0.08  # share of the customers with priority 1
LOAD = 0.93  # work that comes in over work that can be done, on an ordinary day
RECENT = 1000  # conversations that history keeps
JOINED = 3000  # customers who joined the queue that history keeps
TOLD = 300  # estimates that history keeps


@dataclass(frozen=True)
class Kind:
    """A kind of day: how busy at which hour (1: ordinary), the agents who leave, and customers' patience."""

    name: str
    busy: Callable[[float], float] = lambda hour: 1.0
    peak: float = 1.0  # the most that `busy` gives
    leaving: float = 0.0  # share of the agents who stop at some time in the day's middle half
    patience_min: float = 25.0  # median
    steady: bool = True  # judged by the bars of steady days


# "giving up": customers have little patience and come a fifth more often than the team can well serve, chosen so that
# about 15 % of those who queue give up (on the developing seeds), whatever the errors; the bench prints the share.
KINDS = (
    Kind("steady"),
    Kind("lunch peak", lambda hour: 1.9 if 3.0 <= hour < 4.5 else 0.85, 1.9, steady=False),
    Kind("Black Friday", lambda hour: 5.0, 5.0, steady=False),
    Kind("agents leaving", leaving=0.3, steady=False),
    Kind("giving up", lambda hour: 1.2, 1.2, patience_min=6.0),
)


@dataclass
class Worker:
    """An agent as she is: what the app knows, and her speed (times this long) and when she stops taking customers."""

    name: str
    capacity: int
    topics: frozenset[str] | None
    languages: frozenset[str] | None
    speed: float
    stops: float = math.inf
    running: dict[int, tuple[str, float]] = field(default_factory=dict)  # topic, since when

    def shown(self, now: float) -> Agent:
        """What the app sees of her."""
        held = tuple(Running(topic, now - since) for topic, since in self.running.values())
        return Agent(self.capacity, self.topics, self.languages, held, self.name)


@dataclass
class Customer:
    """One who came: how long her conversation would take an average agent, and how long she stays in the queue."""

    came: float
    topic: str
    language: str
    priority: int
    work: float
    patience: float
    gone: bool = False
    ended: Waited | None = None  # once she was served or gave up
    told: Estimate | None = None
    notes: tuple[float, ...] = ()  # what the other formulas said

    def waited(self, now: float) -> Waited:
        """How long she queued: until she gave up or was served, or so far."""
        return self.ended or Waited(now - self.came)

    @property
    def waiting(self) -> Waiting:
        """What the app knows of her."""
        return Waiting(self.came, self.topic, self.language, self.priority)


@dataclass
class Past:
    """What the app remembers, most recent last."""

    handled: deque[Handled] = field(default_factory=lambda: deque(maxlen=RECENT))
    joined: deque["Customer"] = field(default_factory=lambda: deque(maxlen=JOINED))
    told: deque[Told] = field(default_factory=lambda: deque(maxlen=TOLD))
    waits_today: list[float] = field(default_factory=list)

    def new_day(self) -> None:
        """Yesterday's customers keep their waits; their clock is put back by a day."""
        self.waits_today.clear()
        for customer in self.joined:
            customer.came -= DAY_S


@dataclass(frozen=True)
class Judged:
    """A customer who was told something when she joined the queue, and the wait she had, or would have had."""

    told: Estimate
    notes: tuple[float, ...]
    real_s: float
    gave_up: bool


def team(size: int, rng: random.Random) -> list[Worker]:
    """`size` agents of mixed skill, speed and capacity; two of them take everything, so that nobody waits for ever."""
    workers = []
    for number in range(size):
        everything = number < 2 or rng.random() < 0.4
        topics = None if everything else frozenset(rng.sample(sorted(TOPICS), rng.randint(2, 4)))
        languages = None if number < 2 or rng.random() < 0.6 else frozenset({"nl"})
        speed = math.exp(rng.gauss(0.0, 0.2))
        workers.append(Worker(f"agent {number}", rng.choice((1, 2, 2, 3)), topics, languages, speed))
    return workers


def arrivals(kind: Kind, workers: list[Worker], rng: random.Random) -> Iterator[Customer]:
    """The day's customers as they come: a Poisson process by thinning (Lewis and Shedler 1979)."""
    mean = 60 * sum(TOPICS[t] * MINUTES[t] for t in TOPICS) * math.exp(SIGMA**2 / 2)
    rate = LOAD * sum(w.capacity / w.speed for w in workers) / mean
    now = 0.0
    while (now := now + rng.expovariate(rate * kind.peak)) < HOURS * 3600:
        if rng.random() * kind.peak < kind.busy(now / 3600):
            yield _customer(kind, now, rng)


def _customer(kind: Kind, now: float, rng: random.Random) -> Customer:
    topic = rng.choices(NAMES, SHARES)[0]
    language = "en" if rng.random() < ENGLISH else "nl"
    work = 60 * MINUTES[topic] * math.exp(rng.gauss(0.0, SIGMA))
    patience = 60 * kind.patience_min * math.exp(rng.gauss(0.0, 1.0))
    return Customer(now, topic, language, int(rng.random() < URGENT), work, patience)


class Day:
    """One day of a team. `ask(day, customer)` is called as a customer joins the queue: it may set what she is told."""

    def __init__(
        self, kind: Kind, workers: list[Worker], past: Past, ask: Callable[["Day", Customer], None], seed: int
    ) -> None:
        rng = random.Random(seed)
        self.workers, self.past, self.ask, self.now = workers, past, ask, 0.0
        self.line: list[tuple[float, int, Customer]] = []  # by order key; ghosts are in it
        self.judged: list[Judged] = []
        self.queued = self.gave_up = 0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        for worker in workers:
            worker.stops = math.inf
            worker.running.clear()
        for worker in rng.sample(workers[2:], round(kind.leaving * len(workers))):
            worker.stops = rng.uniform(0.25, 0.75) * HOURS * 3600
        for customer in arrivals(kind, workers, rng):
            self._at(customer.came, partial(self._arrive, customer))

    def run(self) -> "Day":
        """The whole day, until the last customer in line is served."""
        while self.events:
            self.now, _, happen = heapq.heappop(self.events)
            happen()
        return self

    def online(self) -> list[Agent]:
        """The agents as the app sees them now."""
        return [worker.shown(self.now) for worker in self.workers if worker.stops > self.now]

    def waiting(self) -> list[Waiting]:
        """The customers whom the app sees in the queue now."""
        return [one.waiting for _, _, one in self.line if not one.gone]

    def _at(self, when: float, happen: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self.events, (when, self._number, happen))

    def _arrive(self, customer: Customer) -> None:
        free = [w for w in self.workers if len(w.running) < w.capacity and w.stops > self.now]
        able = [w for w in free if self._able(w, customer)]
        if able:
            self._take(min(able, key=lambda w: len(w.running) / w.capacity), customer)
            return
        self.queued += 1
        self.ask(self, customer)
        self.past.joined.append(customer)
        self._number += 1
        bisect.insort(self.line, (order_key(customer.came, customer.priority), self._number, customer))
        self._at(customer.came + customer.patience, lambda: self._give_up(customer))

    def _give_up(self, customer: Customer) -> None:
        if customer.ended is None:
            customer.gone, customer.ended = True, Waited(customer.patience, True)
            self.gave_up += 1

    @staticmethod
    def _able(worker: Worker, customer: Customer) -> bool:
        return can_take(worker.topics, worker.languages, customer.topic, customer.language)

    def _take(self, worker: Worker, customer: Customer) -> None:
        """A conversation begins."""
        self._number += 1
        number = self._number
        worker.running[number] = (customer.topic, self.now)
        self._at(self.now + customer.work * worker.speed, lambda: self._end(worker, number))

    def _end(self, worker: Worker, number: int) -> None:
        topic, since = worker.running.pop(number)
        self.past.handled.append(Handled(topic, self.now - since, worker.name))
        while worker.stops > self.now and len(worker.running) < worker.capacity and self._next(worker):
            pass

    def _next(self, worker: Worker) -> bool:
        """The agent comes to the first in line whom she can take; False when there is none."""
        for at, (_, _, customer) in enumerate(self.line):
            if self._able(worker, customer):
                del self.line[at]
                self._served(worker, customer)
                return True
        return False

    def _served(self, worker: Worker, customer: Customer) -> None:
        real = self.now - customer.came
        if customer.told is not None:
            self.judged.append(Judged(customer.told, customer.notes, real, customer.gone))
        if customer.gone:
            return
        customer.ended = Waited(real)
        self.past.waits_today.append(real)
        if customer.told is not None and customer.told.raw is not None:
            raw = customer.told.raw
            self.past.told.append(Told(raw.low_s, raw.high_s, raw.median_s, real))
        self._take(worker, customer)
