"""The figures of an evaluation, out of what was answered and what would have been right. Formulas only.

Everything here is a share from 0 to 1 unless it says otherwise, and None where there is nothing to count.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, nextafter, sqrt
from typing import Any

import numpy as np
from scipy.stats import rankdata

from kb.evidence import VERDICTS

OUT = ""  # the class of what is out of scope, refused or meant to be; no entry's id is empty
Figures = dict[str, float | None]


@dataclass(frozen=True)
class Outcome:
    """One query with what was found and what is right.

    `ranked` are entries' ids, best first; `probability` how sure the first is (any scale will do where only
    the order counts); `gold` the accepted ids, none when the query is out of scope; `verdict` what it led to and
    `shown` the ids that were answered with, or offered as options.
    """

    ranked: tuple[str, ...]
    probability: float
    gold: tuple[str, ...]
    verdict: str = "unknown"
    shown: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """The best entry's id, or `OUT` when nothing was found."""
        return self.ranked[0] if self.ranked else OUT

    @property
    def right(self) -> bool:
        """Whether the best entry is an accepted one. Never so when the query is out of scope."""
        return self.top in self.gold

    @property
    def truth(self) -> str:
        """The query's class: the best entry where that is accepted, else the first accepted, else `OUT`."""
        return self.top if self.right else (self.gold or (OUT,))[0]


def figures(outcomes: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    """Every figure of this file: forced, in binary mode from `threshold` on, and in product mode, rounded.

    `best_mcc` is what the best threshold would give, to be chosen on the labels, at `best_threshold`.
    """
    best, at = best_mcc(outcomes)
    shown = product(outcomes)
    found = {
        **ranking(outcomes),
        **binary(outcomes, [o.probability >= threshold for o in outcomes]),
        "best_mcc": best,
        "best_threshold": at,
        "auroc": auroc(outcomes),
        "ece": ece(outcomes),
    }
    verdicts = {name: shown.pop(name) for name in VERDICTS}
    return {**rounded(found), "verdicts": rounded(verdicts), **rounded(shown)}


def rounded(found: Figures, digits: int = 4) -> Figures:
    """The same figures with at most `digits` digits behind the point."""
    return {name: None if value is None else round(value, digits) for name, value in found.items()}


def ranking(outcomes: Sequence[Outcome]) -> Figures:
    """accuracy_at_1, accuracy_at_3, mrr and ndcg_at_3 over every in-scope query, its best entry forced."""
    inside = [o for o in outcomes if o.gold]
    return {
        "accuracy_at_1": _mean([o.right for o in inside]),
        "accuracy_at_3": _mean([any(one in o.gold for one in o.ranked[:3]) for o in inside]),
        "mrr": _mean([reciprocal_rank(o.ranked, o.gold) for o in inside]),
        "ndcg_at_3": _mean([ndcg(o.ranked, o.gold, 3) for o in inside]),
    }


def binary(outcomes: Sequence[Outcome], answered: Sequence[bool]) -> Figures:
    """in_scope_accuracy, oos_recall, mcc and answer_precision when each query is either answered or refused.

    As in HINT3 (Arora et al., 2020): a refused in-scope query counts as wrong, and out of scope is one more
    class of the correlation. `answered` stands beside `outcomes`.
    """
    pairs = list(zip(outcomes, answered, strict=True))
    said = [o.top if yes else OUT for o, yes in pairs]
    return {
        "in_scope_accuracy": _mean([o.right and yes for o, yes in pairs if o.gold]),
        "oos_recall": _mean([one == OUT for (o, _), one in zip(pairs, said, strict=True) if not o.gold]),
        "mcc": mcc([o.truth for o in outcomes], said),
        "answer_precision": _mean([o.right for o, yes in pairs if yes]),
    }


def product(outcomes: Sequence[Outcome]) -> Figures:
    """What customers would meet: the share of each verdict, and how good `answer` and `clarify` are.

    An `answer` is right when an accepted entry is among those answered with, a `clarify` when one is among its
    options. Queries out of scope count: neither can be right there.
    """
    shares: Figures = {name: _mean([o.verdict == name for o in outcomes]) for name in VERDICTS}
    return shares | {
        "verdict_answer_precision": _mean([_shows_right(o) for o in outcomes if o.verdict == "answer"]),
        "clarify_has_right": _mean([_shows_right(o) for o in outcomes if o.verdict == "clarify"]),
    }


def reciprocal_rank(ranked: Sequence[str], gold: Sequence[str]) -> float:
    """1 / the rank of the first accepted entry; 0 when none is in the ranking."""
    return next((1 / rank for rank, one in enumerate(ranked, start=1) if one in gold), 0.0)


def ndcg(ranked: Sequence[str], gold: Sequence[str], depth: int) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) at `depth`, with gains of 0 and 1."""
    gain = sum(1 / log2(rank + 1) for rank, one in enumerate(ranked[:depth], start=1) if one in gold)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(depth, len(set(gold))) + 1))


def mcc(truth: Sequence[str], said: Sequence[str]) -> float | None:
    """The multi-class Matthews correlation, R_K of Gorodkin (2004): -1 to 1, 0 when either never varies."""
    if not truth:
        return None
    meant, given = Counter(truth), Counter(said)
    right = sum(a == b for a, b in zip(truth, said, strict=True))
    agree = sum(count * meant[one] for one, count in given.items())
    return _correlation(len(truth), right, agree, _squares(given), _squares(meant))


def best_mcc(outcomes: Sequence[Outcome]) -> tuple[float | None, float | None]:
    """The best `mcc` that any threshold on the probability gives, and the lowest such threshold's probability.

    Queries at or above the threshold are answered. A threshold just above all of them answers nothing.
    """
    if not outcomes:
        return None, None
    falling = sorted(outcomes, key=lambda o: -o.probability)
    total, meant = len(falling), Counter(o.truth for o in falling)
    given = Counter({OUT: total})
    right, agree, squares = meant[OUT], total * meant[OUT], total * total
    best = (0.0, nextafter(falling[0].probability, float("inf")))
    for at, one in enumerate(falling):
        if one.ranked:  # its answer takes the place of a refusal
            right += one.right - (one.truth == OUT)
            agree += meant[one.top] - meant[OUT]
            squares += 2 * (given[one.top] - given[OUT]) + 2
            given[one.top] += 1
            given[OUT] -= 1
        if at + 1 == total or falling[at + 1].probability < one.probability:
            found = _correlation(total, right, agree, squares, _squares(meant))
            best = max(best, (found, one.probability), key=lambda pair: (pair[0], -pair[1]))
    return best


def auroc(outcomes: Sequence[Outcome]) -> float | None:
    """The chance that an in-scope query has a higher probability than one out of scope, ties counting half."""
    inside = np.array([bool(o.gold) for o in outcomes], bool)
    positive, negative = int(inside.sum()), int((~inside).sum())
    if not positive or not negative:
        return None
    ranks = rankdata([o.probability for o in outcomes])  # Mann and Whitney's U, as a share of all pairs
    return float((ranks[inside].sum() - positive * (positive + 1) / 2) / (positive * negative))


def ece(outcomes: Sequence[Outcome], bins: int = 10) -> float | None:
    """Expected calibration error (Guo et al., 2017) of "the best entry is right", over bins of equal width.

    The mean over all queries of how far their bin's mean probability is from its share of right ones.
    """
    found: dict[int, list[float]] = {}
    for o in outcomes:
        found.setdefault(min(int(o.probability * bins), bins - 1), []).append(o.probability - o.right)
    return sum(abs(sum(gaps)) for gaps in found.values()) / len(outcomes) if outcomes else None


def _shows_right(outcome: Outcome) -> bool:
    return any(one in outcome.gold for one in outcome.shown)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _squares(counts: Counter[str]) -> int:
    return sum(count * count for count in counts.values())


def _correlation(total: int, right: int, agree: int, given: int, meant: int) -> float:
    spread = (total * total - given) * (total * total - meant)
    return (right * total - agree) / sqrt(spread) if spread else 0.0
