"""The knowledge base sets its own thresholds, without labels, from what it holds.

Leaving one phrasing out shows what a right match looks like; leaving a whole entry out shows what a near miss
looks like; everyday sentences show what has nothing to do with the shop. Three small logistic regressions with
non-negative weights are fitted on these, each pulled towards priors learned on other bases, which is all there is
when the entries have no phrasings to leave out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from kb.grams import Ids
from kb.head import Fit, Head, fitted, with_usual
from kb.index import Floats, Index, Ints, Look

TEMPERATURE = 0.06  # of the contrast between entries; .04 to .1 tell near misses apart alike
OUT_OF_SCOPE_SHARE = 0.4  # expected share of questions that no entry answers, where nothing is known of it
NEAR = 0.5  # share of these that are near misses; the others have nothing to do with the shop
MOST_TEXTS = 1500  # sampled from a large base, so that calibrating takes seconds
PAIR = 2  # a clarification is worth it where two entries are close, not where a whole topic is
_FEW = 30  # matches to leave out; below it only the priors speak
PULL = 100.0  # the priors' weight, in observations: what an editor writes is easier than what customers do
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
    head: Head | None = None

    def looks(self, index: Index, vectors: Floats, grams: Sequence[Ids], language: str | None) -> list[Look]:
        """`index.look_many` of some questions, with the head's part in the scores."""
        found = index.look_many(vectors, grams, language=language)
        if self.head is None or len(found) == 0:
            return found
        values = self.head.values(vectors, grams)
        return [self.head.weighed(look, index.keys, one) for look, one in zip(found, values, strict=True)]

    def candidates(self, look: Look) -> Array:
        """For each key of `look`: standardised score, contrast (log odds of its softmax share), coverage."""
        share = look.score / TEMPERATURE
        share = share - _log_sum(share)
        columns: Array = np.zeros((len(look.keys), 3))
        columns[:, 0], columns[:, 1], columns[:, 2] = self.standard(look.score), log_odds(share), look.coverage
        return columns

    def first_two(self, look: Look) -> Array:
        """The same for the first two keys together: best score, contrast of their joint share, best coverage."""
        share = look.score / TEMPERATURE
        joint = _log_sum(share[:PAIR]) - _log_sum(share)
        best = self.standard(look.score[:1])[0]
        return np.array([[best, log_odds(np.array([joint]))[0], look.coverage[:PAIR].max()]])

    def about(self, look: Look) -> Array:
        """What tells the shop's matters from others: the best standardised score, the known wording."""
        return np.array([[self.standard(look.score[:1])[0], look.known]])

    def standard(self, score: Floats) -> Array:
        """Scores in standard deviations above what everyday sentences get."""
        return np.asarray((score - self.middle) / self.spread, np.float64)


def _log_sum(values: Floats) -> float:
    """log of the sum of exponentials; scipy's is made for more, and takes a tenth of a question's time."""
    most = values.max()
    return float(most + np.log(np.exp(values - most).sum()))


def log_odds(log_share: Floats | Array) -> Array:
    """log(p / (1 - p)) of log p, within -8 and 8."""
    share = np.minimum(np.asarray(log_share, np.float64), -1e-9)
    return np.asarray(np.clip(share - np.log(-np.expm1(share)), -8.0, 8.0), np.float64)


# What `python -m tuning.priors` prints, to within .03: fitted on 39 bases made of public and of our own sentences.
PRIOR_RIGHT = Line(-2.01, (0.39, 0.49, 0.00))
PRIOR_AMONG = Line(-2.14, (0.52, 0.35, 0.00))
PRIOR_SHOP = Line(-3.95, (2.44, 1.65))


def calibrate(
    index: Index, everyday: Floats, everyday_grams: Sequence[Ids], share: float = OUT_OF_SCOPE_SHARE
) -> Calibration:
    """Calibrate `index`. `everyday` are centred unit vectors of everyday sentences, shape (n, d).

    `share` is the expected share (0 to 1) of questions that no entry answers. Takes about a second for a thousand
    texts; larger bases are sampled, always the same way.
    """
    return calibrated(left_out(index, everyday, everyday_grams), share)


@dataclass(frozen=True)
class LeftOut:
    """What a base says when it is asked its own texts and everyday sentences.

    `matches` are looks without the text itself, each with the key that it should find; `misses` without its
    whole entry; `unrelated` those of everyday sentences. All with the head's part in their scores.
    """

    head: Head | None
    matches: list[tuple[int, Look]]
    misses: list[Look]
    unrelated: list[Look]


def left_out(index: Index, everyday: Floats, everyday_grams: Sequence[Ids]) -> LeftOut:
    """Ask `index` its own texts, leaving one text or one entry out, and everyday sentences."""
    rows = _sample(index)
    documents = [index.documents[row] for row in rows.tolist()]
    grams = [document.grams for document in documents]
    owners = index.owner[rows]
    canonical = np.array([document.canonical for document in documents], bool)
    other = np.flatnonzero((index.texts_of[owners] > 1) & ~canonical)  # entries keep their question: that has an answer
    some, own = rows[other], owners[other]
    matches = index.look_many(index.vectors[some], [grams[i] for i in other], without_texts=some.tolist())
    misses = index.look_many(index.vectors[rows], grams, without_keys=owners.tolist())
    unrelated = index.look_many(everyday, everyday_grams) if len(index) else []
    fit = fitted(index)
    if fit is None:
        return LeftOut(None, _found(own, matches), _found_any(misses), _found_any(unrelated))
    values = fit.without_texts(some)
    head = _with_usual(fit, index, own, matches, values).head

    def weighed(looks: list[Look], given: Floats) -> list[Look]:
        return [head.weighed(look, index.keys, one) for look, one in zip(looks, given, strict=True)]

    return LeftOut(
        head,
        _found(own, weighed(matches, values)),
        _found_any(weighed(misses, fit.without_keys(rows))),
        _found_any(weighed(unrelated, head.values(everyday, everyday_grams))),
    )


def _with_usual(fit: Fit, index: Index, owners: Ints, looks: list[Look], values: Floats) -> Fit:
    scores, given = [], []
    for own, look, one in zip(owners.tolist(), looks, values, strict=True):
        place = np.flatnonzero(look.keys == own)
        if len(place):
            scores.append(float(look.score[place[0]]))
            given.append(float(one[fit.head.columns[index.keys[own]]]))
    return with_usual(fit, np.array(scores), np.array(given))


def _found(owners: Ints, looks: list[Look]) -> list[tuple[int, Look]]:
    return [(own, look) for own, look in zip(owners.tolist(), looks, strict=True) if len(look.keys)]


def _found_any(looks: list[Look]) -> list[Look]:
    return [look for look in looks if len(look.keys)]


def _sample(index: Index) -> Ints:
    rows = index.rows
    if len(rows) <= MOST_TEXTS:
        return rows
    return np.sort(np.random.default_rng(7).choice(rows, MOST_TEXTS, replace=False))


def calibrated(left: LeftOut, share: float) -> Calibration:
    """The calibration that what was `left` out gives, at the expected `share` of questions that no entry answers."""
    share = min(max(share, 0.01), 0.99)  # at the very ends nothing could be fitted
    tops = np.array([look.score[0] for look in left.unrelated] or [0.2])
    spread = float(tops.std()) if len(tops) >= 20 else 0.1
    shift = float(np.log((1 - share) / share) - np.log((1 - OUT_OF_SCOPE_SHARE) / OUT_OF_SCOPE_SHARE))
    right, among = (Line(line.bias + shift, line.weights) for line in (PRIOR_RIGHT, PRIOR_AMONG))
    base = Calibration(float(tops.mean()), max(spread, 0.02), right, among, PRIOR_SHOP, left.head)
    shop = _shop(base, [look for _, look in left.matches] + left.misses, left.unrelated)
    if len(left.matches) < _FEW:
        return replace(base, shop=shop)

    def line(features: Callable[[Look], Array], labels: list[float], prior: Line) -> Line:
        groups = [
            [features(look)[0] for look in looks]
            for looks in ([look for _, look in left.matches], left.misses, left.unrelated)
        ]
        return _weighted_fit(groups, labels, (1 - share, share * NEAR, share * (1 - NEAR)), prior)

    return replace(
        base,
        right=line(base.candidates, [float(look.keys[0] == own) for own, look in left.matches], right),
        among=line(base.first_two, [float(own in look.keys[:PAIR]) for own, look in left.matches], among),
        shop=shop,
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


def fit(features: Array, truth: Array, weight: Array, prior: Line, pull: float = PULL) -> Line:
    """Logistic regression with non-negative weights, pulled towards `prior`.

    `features` (n, f), `truth` (n,) of 0 and 1, `weight` (n,) and `pull` in observations. The pull is quadratic, on
    the scale of each feature's spread.
    """
    start = np.array([prior.bias, *prior.weights])
    scale = np.concatenate([[1.0], features.std(axis=0) + 1e-6])

    def loss(line: Array) -> tuple[float, Array]:
        odds = features @ line[1:] + line[0]
        miss = weight * (expit(odds) - truth)
        away = (line - start) * scale
        gradient = np.concatenate([[miss.sum()], features.T @ miss]) + 2 * pull * away * scale
        return float((weight * (np.logaddexp(0, odds) - truth * odds)).sum() + pull * away @ away), gradient

    bounds = [(None, None)] + [(0, None)] * features.shape[1]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return Line(float(found[0]), tuple(float(w) for w in found[1:]))
