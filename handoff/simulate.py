"""The honest wait: simulate the queue many times and say between which waits four in five fall. No database.

The queue is worked off in order (`handoff.order`): each customer gets the slot, among those of the agents who can take
her, that is free first. Whoever comes later changes nothing for her, unless with priority (`expected`), so that other
later arrivals are not simulated. All times are in seconds; `since` and `now` are on one clock of any origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from handoff.history import Model
from handoff.order import PRIORITY_S, can_take, order_key

RUNS = 200  # simulated queues; the 10th percentile of 200 is known to within about 2 percentage points
LOOK_BACK = 3  # how many times the span foreseen is looked back on; odd
LOW, HIGH = 10.0, 90.0  # percentiles of the range
FINE_MIN, MIDDLE_MIN = 10, 60  # minutes: below these, steps of 1 and of 5; above, of 15

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Waiting:
    """A customer in the queue: since when, about what, in which language, with what priority (0: none)."""

    since: float
    topic: str | None
    language: str
    priority: int = 0


@dataclass(frozen=True)
class Running:
    """A conversation that an agent has now, and for how long she has had it."""

    topic: str | None
    elapsed_s: float


@dataclass(frozen=True)
class Agent:
    """An agent online: `capacity` conversations at once; topics and languages that she takes (None: all)."""

    capacity: int
    topics: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    running: tuple[Running, ...] = ()
    name: str | None = None


@dataclass(frozen=True)
class Wait:
    """How much longer: four in five times between `low_s` and `high_s`, as often below `median_s` as above."""

    low_s: float
    high_s: float
    median_s: float


@dataclass(frozen=True)
class Estimate:
    """A place in line, from 1, and the wait from now, None when it cannot be said.

    `raw` is the wait before the correction by recent errors: what to keep, with the real wait, as `history.Told`.
    """

    place: int
    wait: Wait | None
    raw: Wait | None


def estimate(
    waiting: Sequence[Waiting],
    agents: Sequence[Agent],
    model: Model | None,
    now: float,
    *,
    coming: Sequence[Waiting] = (),
    runs: int = RUNS,
    seed: int = 0,
) -> list[Estimate]:
    """The estimate of every customer in `waiting`, in the order given. The same seed gives the same figures.

    The wait is None without a model (too little history) and where no agent online can take the customer.
    `coming` are those who may yet go before her (`expected`).
    """
    order = sorted(range(len(waiting)), key=lambda i: _key(waiting[i]))
    found = _estimates([waiting[i] for i in order], coming, agents, model, now, runs, seed)
    return [one for _, one in sorted(zip(order, found, strict=True), key=lambda pair: pair[0])]


def newcomer(
    waiting: Sequence[Waiting],
    agents: Sequence[Agent],
    model: Model | None,
    now: float,
    topic: str | None,
    language: str,
    *,
    priority: int = 0,
    coming: Sequence[Waiting] = (),
    runs: int = RUNS,
    seed: int = 0,
) -> Estimate:
    """The estimate of a customer who would join the queue now. The wait is None as in `estimate`."""
    her = Waiting(now, topic, language, priority)
    ahead = sorted((one for one in waiting if _key(one) <= _key(her)), key=_key)
    return _estimates([*ahead, her], coming, agents, model, now, runs, seed, last=1)[0]


def expected(joined: Sequence[Waiting], now: float) -> list[Waiting]:
    """The customers with priority to count on: such as joined of late (`joined`, at any time), once more.

    Of the last `LOOK_BACK` times `PRIORITY_S` per step of priority, one in `LOOK_BACK`, evenly, in as much less time:
    nobody who comes later than that goes before a customer without priority who waits already.
    """
    found = []
    for priority in sorted({one.priority for one in joined if one.priority > 0}):
        span = LOOK_BACK * PRIORITY_S * priority
        recent = [one for one in joined if one.priority == priority and 0 <= now - one.since < span]
        recent.sort(key=lambda one: one.since)
        for one in recent[LOOK_BACK // 2 :: LOOK_BACK]:
            found.append(replace(one, since=now + (one.since - now + span) / LOOK_BACK))
    return found


def rounded(wait: Wait) -> tuple[int, int]:
    """The range in whole minutes, as exact as it is: steps of 1 below 10 minutes, 5 below an hour, 15 above.

    Rounded outwards; the second is always above the first, so it is at least 1.
    """
    low = max(0.0, wait.low_s) / 60
    high = max(low, wait.high_s / 60)
    first = int(low // _step(low) * _step(low))
    last = int(-(-high // _step(high)) * _step(high))
    return first, max(last, first + _step(first))


def _step(minutes: float) -> int:
    return 1 if minutes < FINE_MIN else 5 if minutes < MIDDLE_MIN else 15


def _key(one: Waiting) -> float:
    return order_key(one.since, one.priority)


def _estimates(
    line: Sequence[Waiting],
    coming: Sequence[Waiting],
    agents: Sequence[Agent],
    model: Model | None,
    now: float,
    runs: int,
    seed: int,
    last: int | None = None,
) -> list[Estimate]:
    """The estimates of a line that is in order, or of the `last` few in it only."""
    if not line:
        return []
    begin = len(line) - last if last else 0
    places = _places(*_kinds(line, agents))[begin:]
    starts: list[Floats | None] = [None] * len(places)
    if model is not None:
        late = [(one, max(0.0, one.since - now)) for one in coming if _key(one) < _key(line[-1])]
        everyone = sorted([*((one, 0.0) for one in line), *late], key=lambda pair: _key(pair[0]))
        found = _starts(everyone, agents, model, now, runs, np.random.default_rng(seed))
        here = [start for start, (_, comes) in zip(found, everyone, strict=True) if not comes]
        starts = here[begin:]
    return [_estimate(place, ends, model) for place, ends in zip(places, _ranges(starts), strict=True)]


def _kinds(line: Sequence[Waiting], agents: Sequence[Agent]) -> tuple[list[int], Bools]:
    """Each customer's kind (topic and language) by number; which kind (row) which agent (column) can take."""
    numbers: dict[tuple[str | None, str], int] = {}
    kinds = [numbers.setdefault((one.topic, one.language), len(numbers)) for one in line]
    able = [[can_take(a.topics, a.languages, *kind) for a in agents] for kind in numbers]
    return kinds, np.array(able, dtype=bool).reshape(len(numbers), len(agents))


def _places(kinds: Sequence[int], able: Bools) -> list[int]:
    """Places from 1: those count who are ahead and whom an agent might take who could take her too.

    Where no agent can take her everybody ahead counts.
    """
    rivals = (able.astype(np.int64) @ able.T.astype(np.int64)) > 0
    rivals |= (able.sum(axis=1) == 0)[:, None]
    ahead = np.zeros(len(able), dtype=np.int64)
    places = []
    for kind in kinds:
        places.append(1 + int(ahead[rivals[kind]].sum()))
        ahead[kind] += 1
    return places


def _starts(
    line: Sequence[tuple[Waiting, float]],
    agents: Sequence[Agent],
    model: Model,
    now: float,
    runs: int,
    rng: np.random.Generator,
) -> list[Floats | None]:
    """In each run, in how many seconds each customer is served if she stays; None where nobody can take her.

    Beside each customer stands in how many seconds she comes, 0 for one who is there.
    """
    kinds, able = _kinds([one for one, _ in line], agents)
    pace = model.pace(rng.standard_normal(runs))
    free, owner = _slots(agents, model, pace, rng)
    factors = np.array([model.agent_factor(a.name) for a in agents], dtype=np.float64)[owner]
    closed = np.where(able[:, owner], 0.0, np.inf)
    served = able[:, owner].sum(axis=1)
    times = model.durations([one.topic for one, _ in line], rng.random((len(line), runs))) * pace
    leaves = model.patience([now - one.since for one, _ in line], rng.exponential(size=(len(line), runs)))
    flat, base, room = free.reshape(-1), np.arange(runs) * len(owner), np.empty_like(free)
    starts: list[Floats | None] = []
    for at, (kind, (_, comes)) in enumerate(zip(kinds, line, strict=True)):
        if not served[kind]:
            starts.append(None)
            continue
        slot = (free if served[kind] == len(owner) else np.add(free, closed[kind], out=room)).argmin(axis=1)
        where = base + slot
        start = flat[where]
        # Who has given up by then takes no slot; who comes only after a slot was free found others served before her.
        takes = (comes <= start) & (start <= comes + leaves[at])
        flat[where] = start + np.where(takes, times[at] * factors[slot], 0.0)
        starts.append(start)
    return starts


def _slots(
    agents: Sequence[Agent], model: Model, pace: Floats, rng: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """When each slot is free, in seconds from now, per run (row) and slot (column); whose slot it is.

    An agent with more conversations than capacity frees a slot only once she is below it again.
    """
    running = [(one.topic, agent.name, one.elapsed_s) for agent in agents for one in agent.running]
    left = model.remaining(running, rng.random((len(running), len(pace))), pace)
    columns: list[Floats] = [np.zeros((0, len(pace)))]
    owner: list[int] = []
    begun = 0
    for number, agent in enumerate(agents):
        held, capacity = len(agent.running), max(0, agent.capacity)
        ends = left[begun : begun + held]
        ends = np.sort(ends, axis=0)[held - capacity :] if held > capacity else ends
        columns += [ends, np.zeros((max(0, capacity - held), len(pace)))]
        owner += [number] * capacity
        begun += held
    return np.ascontiguousarray(np.concatenate(columns).T), np.array(owner, dtype=np.int64)


def _ranges(starts: Sequence[Floats | None]) -> list[tuple[float, float, float] | None]:
    """The low end, the high end and the median of each customer's starts."""
    known = [one for one in starts if one is not None]
    if not known:
        return [None] * len(starts)
    ends = iter(np.percentile(np.array(known), (LOW, HIGH, 50.0), axis=1).T.tolist())
    return [None if one is None else tuple(next(ends)) for one in starts]


def _estimate(place: int, ends: tuple[float, float, float] | None, model: Model | None) -> Estimate:
    if ends is None or model is None:
        return Estimate(place, None, None)
    return Estimate(place, Wait(*model.corrected(*ends)), Wait(*ends))
