"""The knowledge base sets its own thresholds, without labels, from what it holds.

Leaving one phrasing out shows what a right match looks like; leaving a whole entry out shows what a near miss
looks like; everyday sentences show what has nothing to do with the shop. Three small logistic regressions with
non-negative weights are fitted on these, each pulled towards priors learned on other bases, which is all there is
when the entries have no phrasings to leave out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from kb.grams import Ids
from kb.index import Floats, Index, Look

TEMPERATURE = 0.06  # of the contrast between entries; .04 to .1 tell near misses apart alike
OUT_OF_SCOPE_SHARE = 0.4  # how much near misses count beside right matches when fitting
MOST_TEXTS = 1500  # sampled from a large base, so that calibrating takes seconds
PAIR = 2  # a clarification is worth it where two entries are close, not where a whole topic is
_FEW = 30  # matches to leave out; below it only the priors speak
_PULL = 1000.0  # the priors' weight, in observations: leaving out makes harder matches than customers do
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A logistic regression: probability = 1 / (1 + exp(-(bias + weights . features)))."""

    bias: float
    weights: tuple[float, ...]

    def __call__(self, features: Array) -> Array:
        """Probabilities of `features`, shape (n, f): shape (n,)."""
        return np.asarray(expit(features @ np.array(self.weights) + self.bias))


@dataclass(frozen=True)
class Calibration:
    """What a base knows about itself.

    `right` gives the probability that a candidate answers, `among` that one of the first two does, `shop` that
    the question is about the shop at all. `middle` and `spread` standardise scores: they are the mean and
    standard deviation of the best score that everyday sentences get on this base.
    """

    middle: float
    spread: float
    right: Line
    among: Line
    shop: Line

    def candidates(self, look: Look) -> Array:
        """For each key of `look`: standardised score, contrast (log odds of its softmax share), coverage."""
        share = look.score / TEMPERATURE
        share = share - logsumexp(share)
        columns: Array = np.zeros((len(look.keys), 3))
        columns[:, 0], columns[:, 1], columns[:, 2] = self.standard(look.score), log_odds(share), look.coverage
        return columns

    def first_two(self, look: Look) -> Array:
        """The same for the first two keys together: best score, contrast of their joint share, best coverage."""
        share = look.score / TEMPERATURE
        joint = logsumexp(share[:PAIR]) - logsumexp(share)
        best = self.standard(look.score[:1])[0]
        return np.array([[best, log_odds(np.array([joint]))[0], look.coverage[:PAIR].max()]])

    def about(self, look: Look) -> Array:
        """What tells the shop's matters from others: the best standardised score, the known wording."""
        return np.array([[self.standard(look.score[:1])[0], look.known]])

    def standard(self, score: Floats) -> Array:
        """Scores in standard deviations above what everyday sentences get."""
        return np.asarray((score - self.middle) / self.spread, np.float64)


def log_odds(log_share: Floats | Array) -> Array:
    """log(p / (1 - p)) of log p, within -8 and 8."""
    share = np.minimum(np.asarray(log_share, np.float64), -1e-9)
    return np.asarray(np.clip(share - np.log(-np.expm1(share)), -8.0, 8.0), np.float64)


# Between what calibrating gives on a real chat log's phrasings and on the demo FAQ's; rounded.
PRIOR_RIGHT = Line(-5.0, (0.6, 0.8, 2.5))
PRIOR_AMONG = Line(-5.0, (0.6, 0.4, 3.5))
PRIOR_SHOP = Line(-3.0, (1.2, 3.0))


def calibrate(index: Index, everyday: Floats, everyday_grams: Sequence[Ids]) -> Calibration:
    """Calibrate `index`. `everyday` are centred unit vectors of everyday sentences, shape (n, d).

    Takes about a second for a thousand texts; larger bases are sampled, always the same way.
    """
    unrelated = [look for look in _looks(index, everyday, everyday_grams) if len(look.keys)]
    tops = np.array([look.score[0] for look in unrelated] or [0.2])
    spread = float(tops.std()) if len(tops) >= 20 else 0.1
    base = Calibration(float(tops.mean()), max(spread, 0.02), PRIOR_RIGHT, PRIOR_AMONG, PRIOR_SHOP)
    rows = _sample(index)
    found = index.nearest(index.vectors[rows]) if len(rows) else (np.zeros((0, 1)), np.zeros((0, 1)))
    matches = [
        (int(index.owner[row]), _without(index, row, (s, r), "text"))
        for row, s, r in zip(rows.tolist(), *found, strict=True)
        if index.texts_of[index.owner[row]] > 1 and not index.documents[row].canonical
    ]
    misses = [_without(index, row, (s, r), "key") for row, s, r in zip(rows.tolist(), *found, strict=True)]
    return _fitted(base, matches, misses, unrelated)


def _sample(index: Index) -> NDArray[np.int64]:
    rows = np.arange(len(index))
    return rows if len(rows) <= MOST_TEXTS else np.random.default_rng(7).choice(rows, MOST_TEXTS, replace=False)


def _looks(index: Index, vectors: Floats, grams: Sequence[Ids]) -> list[Look]:
    if len(index) == 0 or len(vectors) == 0:
        return []
    similar, rows = index.nearest(vectors)
    return [index.look(v, g, found=(s, r)) for v, g, s, r in zip(vectors, grams, similar, rows, strict=True)]


def _without(index: Index, row: int, found: tuple[Floats, NDArray[np.int64]], what: str) -> Look:
    document = index.documents[row]
    text, key = (row, None) if what == "text" else (None, int(index.owner[row]))
    return index.look(document.vector, document.grams, found=found, without_text=text, without_key=key)


def _fitted(
    base: Calibration, matches: list[tuple[int, Look]], misses: list[Look], unrelated: list[Look]
) -> Calibration:
    matches = [(own, look) for own, look in matches if len(look.keys)]
    misses = [look for look in misses if len(look.keys)]
    shop = _shop(base, [look for _, look in matches] + misses, unrelated)
    if len(matches) < _FEW:
        return Calibration(base.middle, base.spread, base.right, base.among, shop)
    right = [float(look.keys[0] == own) for own, look in matches]
    among = [float(own in look.keys[:PAIR]) for own, look in matches]

    def line(features: Callable[[Look], Array], labels: list[float], prior: Line) -> Line:
        groups = [
            [features(look)[0] for _, look in matches],
            *([features(x)[0] for x in g] for g in (misses, unrelated)),
        ]
        shares = (1 - OUT_OF_SCOPE_SHARE, OUT_OF_SCOPE_SHARE * 0.8, OUT_OF_SCOPE_SHARE * 0.2)
        return _weighted_fit(groups, labels, shares, prior)

    return Calibration(
        base.middle,
        base.spread,
        line(base.candidates, right, base.right),
        line(base.first_two, among, base.among),
        shop,
    )


def _shop(base: Calibration, related: list[Look], unrelated: list[Look]) -> Line:
    if len(related) < _FEW or len(unrelated) < _FEW:
        return base.shop
    groups = [[base.about(look)[0] for look in g] for g in (related, unrelated)]
    return _weighted_fit(groups, [1.0] * len(related), (0.7, 0.3), base.shop)


def _weighted_fit(groups: Sequence[Sequence[Array]], labels: list[float], shares: Sequence[float], prior: Line) -> Line:
    present = [(np.array(g), share) for g, share in zip(groups, shares, strict=True) if len(g)]
    features = np.concatenate([g for g, _ in present])
    weight = np.concatenate([np.full(len(g), share / len(g)) for g, share in present])
    truth = np.zeros(len(features))
    truth[: len(labels)] = labels
    return fit(features, truth, weight * len(labels) / weight.sum(), prior)


def fit(features: Array, truth: Array, weight: Array, prior: Line) -> Line:
    """Logistic regression with non-negative weights, pulled towards `prior`.

    `features` (n, f), `truth` (n,) of 0 and 1, `weight` (n,) in observations. The pull is quadratic, on the
    scale of each feature's spread.
    """
    start = np.array([prior.bias, *prior.weights])
    scale = np.concatenate([[1.0], features.std(axis=0) + 1e-6])

    def loss(line: Array) -> tuple[float, Array]:
        odds = features @ line[1:] + line[0]
        miss = weight * (expit(odds) - truth)
        away = (line - start) * scale
        pull = _PULL * 0.1
        gradient = np.concatenate([[miss.sum()], features.T @ miss]) + 2 * pull * away * scale
        return float((weight * (np.logaddexp(0, odds) - truth * odds)).sum() + pull * away @ away), gradient

    bounds = [(None, None)] + [(0, None)] * features.shape[1]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return Line(float(found[0]), tuple(float(w) for w in found[1:]))
