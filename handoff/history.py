"""What the past says about waits: how long conversations take, when customers give up, how wrong estimates were.

`fit` makes a `Model` from recent history once in a while; `handoff.simulate` draws from it. Handling times are taken as
they were measured, at whatever load the agents had, and only their own spread is assumed, not its shape: times are
log-normal where there is little history (Brown et al. 2005, "Statistical analysis of a telephone call center: a
queueing-science perspective", JASA 100, section 5) and as observed where there is much. All times are in seconds.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

ENOUGH = 5  # handling times without which nothing is said
PSEUDO = 10.0  # a topic or an agent with this many conversations lies half-way between its own mean and everybody's
PRIOR_Z = np.array([NormalDist().inv_cdf((i + 0.5) / 20) for i in range(20)])  # counts as 20 conversations
GRID = 1000  # quantiles that the spread of handling times is kept as
TAIL = 10  # a running conversation above so many of them lasts longer than nearly all seen: see `Model.remaining`
BANDS = np.array([0.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 2400.0, 4800.0])  # of waiting: each its own rate
PSEUDO_GAVE_UP = 3.0  # so many given up at the overall rate are added to every band
NEVER = 1e-9  # the rate of giving up, per second, that stands for none
OFFSET_S = 30.0  # ratios of waits are of wait + this, so that half a minute where none was told is no infinite error
PSEUDO_TOLD = 30.0  # a correction from this many estimates is made by half
MOST = np.log(2.0)  # no end of a range is moved by more than this factor

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Handled:
    """A conversation that an agent has ended, and how long she had it."""

    topic: str | None
    seconds: float
    agent: str | None = None


@dataclass(frozen=True)
class Waited:
    """A customer who queued: how long until an agent took her, or until she gave up."""

    seconds: float
    gave_up: bool = False


@dataclass(frozen=True)
class Told:
    """A first estimate as simulated (`Estimate.raw`), and the real wait once it was known."""

    low_s: float
    high_s: float
    median_s: float
    real_s: float


@dataclass(frozen=True)
class Model:
    """What `fit` learned. Logarithms of seconds, but for `gave_up` (cumulative hazard at each of `BANDS`)."""

    topics: dict[Hashable, tuple[float, float]]  # mean and standard deviation
    agents: dict[Hashable, float]  # how much slower than the others
    overall: tuple[float, float]
    unsure: float  # standard error of the overall mean
    spread: Floats  # `GRID` equally likely standardised handling times, ascending
    gave_up: Floats
    rate: float  # of giving up, after the last band
    shifts: tuple[float, float]  # of the low and the high end of a range

    def pace(self, normal: Floats) -> Floats:
        """Per run, the factor by which all handling times may differ from the measured: little history, much doubt."""
        return np.exp(self.unsure * normal)

    def agent_factor(self, agent: str | None) -> float:
        """How many times as long as others this agent takes; 1 for one without history."""
        return float(np.exp(self.agents.get(agent, 0.0)))

    def durations(self, topics: Sequence[str | None], u: Floats) -> Floats:
        """Handling times, one row per topic, at the probabilities `u` (rows x runs)."""
        mean, sd = self._of(topics)
        return np.exp(mean + sd * self._quantile(u))

    def remaining(self, running: Sequence[tuple[str | None, str | None, float]], u: Floats, pace: Floats) -> Floats:
        """How much longer conversations (topic, agent, seconds so far) take, given that they lasted so long.

        At the probabilities `u` (rows x runs) of the conditional distribution. Where it lasts longer than nearly all
        before, the logarithm goes on by an exponential of mean 1/z, a normal's mean excess (Mills' ratio).
        """
        mean, sd = self._of([topic for topic, _, _ in running])
        slower = np.array([self.agents.get(agent, 0.0) for _, agent, _ in running])[:, None]
        so_far = np.array([max(0.0, elapsed) for _, _, elapsed in running])[:, None]
        centre = mean + slower + np.log(pace)
        z = (np.log(np.maximum(so_far, 1e-3)) - centre) / sd
        before = np.searchsorted(self.spread, z) / GRID
        beyond = z - np.log(1 - u) / np.maximum(z, 1.0)
        ends = np.where(z > self.spread[-TAIL], beyond, self._quantile(1 - (1 - before) * (1 - u)))
        left: Floats = np.maximum(np.exp(centre + sd * ends) - so_far, 0.0)
        return left

    def patience(self, waited: Sequence[float], draws: Floats) -> Floats:
        """How much longer customers (rows) stay, `waited` so far; `draws` are standard exponential (rows x runs)."""
        so_far = np.maximum(np.array(waited, dtype=np.float64), 0.0)
        level = self._hazard(so_far)[:, None] + draws
        inside = np.interp(level, self.gave_up, BANDS)
        until = np.where(level > self.gave_up[-1], BANDS[-1] + (level - self.gave_up[-1]) / self.rate, inside)
        left: Floats = until - so_far[:, None]
        return left

    def _hazard(self, seconds: Floats) -> Floats:
        beyond: Floats = np.maximum(seconds - BANDS[-1], 0.0) * self.rate
        return beyond + np.interp(seconds, BANDS, self.gave_up)

    def corrected(self, low: float, high: float, median: float) -> tuple[float, float, float]:
        """The range, its ends moved by what the last ones were wrong by. The median stays, and stays inside."""
        first, last = (
            float((x + OFFSET_S) * np.exp(s) - OFFSET_S) for x, s in zip((low, high), self.shifts, strict=True)
        )
        return min(max(0.0, first), median), max(last, median), median

    def _of(self, topics: Sequence[str | None]) -> tuple[Floats, Floats]:
        pairs = np.array([self.topics.get(topic, self.overall) for topic in topics]).reshape(-1, 2)
        return pairs[:, :1], pairs[:, 1:]

    def _quantile(self, u: Floats) -> Floats:
        return self.spread[np.minimum((u * GRID).astype(np.intp), GRID - 1)]


def fit(handled: Sequence[Handled], waited: Sequence[Waited] = (), told: Sequence[Told] = ()) -> Model | None:
    """The model of this history, or None with fewer than `ENOUGH` handling times.

    Give recent history: the last 1000 handled; the last 3000 who joined the queue, also those who still wait, as waited
    so far (left out, they would make the others look impatient while a queue grows); the last 300 estimates told.

    Topics are shrunk towards all topics, and agents towards all agents, by a pseudo-count: with n conversations and
    mean m, (n m + PSEUDO M) / (n + PSEUDO), in logarithms, M being everybody's mean (empirical Bayes: PSEUDO is the
    variance within over the variance between; Efron and Morris 1975, "Data analysis using Stein's estimator").
    """
    if len(handled) < ENOUGH:
        return None
    logs = np.log(np.array([max(one.seconds, 1.0) for one in handled]))
    mean, sd = float(logs.mean()), max(float(logs.std(ddof=1)), 0.05)
    topics, by_topic = _shrunk([one.topic for one in handled], logs - mean)
    agents, by_agent = _shrunk([one.agent for one in handled], logs - mean - by_topic)
    agents.pop(None, None)
    rest = logs - mean - by_topic - by_agent
    variances, _ = _shrunk([one.topic for one in handled], rest**2 - rest.var())
    within = {t: float(np.sqrt(max(rest.var() + v, 0.0025))) for t, v in variances.items()}
    z = rest / np.array([within[one.topic] for one in handled])
    gave_up, rate = _giving_up(waited)
    return Model(
        topics={topic: (mean + shift, within[topic]) for topic, shift in topics.items()},
        agents=agents,
        overall=(mean, sd),
        unsure=sd / np.sqrt(len(logs)),
        spread=_spread(np.sort(np.concatenate([z, PRIOR_Z]))),
        gave_up=gave_up,
        rate=rate,
        shifts=_shifts(told),
    )


def _spread(ascending: Floats) -> Floats:
    """`GRID` equally likely quantiles of the values."""
    levels = (np.arange(GRID) + 0.5) / GRID
    return np.interp(levels, (np.arange(len(ascending)) + 0.5) / len(ascending), ascending)


def _shrunk(labels: Sequence[Hashable], values: Floats) -> tuple[dict[Hashable, float], Floats]:
    """Each label's mean, shrunk towards 0 by the pseudo-count; and, for each value, that of its label."""
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(label, len(numbers)) for label in labels])
    means = np.bincount(index, values) / (np.bincount(index) + PSEUDO)
    return {label: float(means[number]) for label, number in numbers.items()}, means[index]


def _giving_up(waited: Sequence[Waited]) -> tuple[Floats, float]:
    """The cumulative hazard of giving up at each of `BANDS`, and the rate per second after the last.

    A life table: in each band, those who gave up over the time waited (those served are censored), shrunk towards the
    overall rate (Brown et al. 2005, section 5.2, on why patience is measured by its hazard).
    """
    seconds = np.array([max(0.0, one.seconds) for one in waited])
    gone = seconds[np.array([one.gave_up for one in waited], dtype=bool)]
    overall = max(len(gone) / seconds.sum(), NEVER) if seconds.sum() > 0 else NEVER
    ends = np.append(BANDS[1:], np.inf)
    exposed = np.clip(seconds[:, None] - BANDS, 0.0, ends - BANDS).sum(axis=0)
    left = np.bincount(np.searchsorted(BANDS, gone, side="right") - 1, minlength=len(BANDS))
    rates = np.maximum((left + PSEUDO_GAVE_UP) / (exposed + PSEUDO_GAVE_UP / overall), NEVER)
    return np.concatenate([[0.0], np.cumsum(rates[:-1] * np.diff(BANDS))]), float(rates[-1])


def _shifts(told: Sequence[Told]) -> tuple[float, float]:
    """By how much to move the low and the high end, in logarithms, so that the last ranges would have held right.

    Conformalised quantile regression (Romano, Patterson and Candès 2019) with the signed score log(real / end), each
    end for itself, shrunk towards no correction.
    """
    if not told:
        return 0.0, 0.0
    rows = np.array([(one.low_s, one.high_s, one.real_s) for one in told])
    logs = np.log(np.maximum(rows, 0.0) + OFFSET_S)
    trust = len(told) / (len(told) + PSEUDO_TOLD)
    low = np.quantile(logs[:, 2] - logs[:, 0], 0.1) * trust
    high = np.quantile(logs[:, 2] - logs[:, 1], 0.9) * trust
    return float(np.clip(low, -MOST, MOST)), float(np.clip(high, -MOST, MOST))
