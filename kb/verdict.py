"""From what was found to what it leads to: answer, clarify, unknown or off topic."""

import numpy as np

from kb.calibrate import PAIR, TEMPERATURE, Array, Calibration
from kb.evidence import Candidate, Evidence
from kb.index import Floats, Look

ANSWER = 0.55  # calibrated probability from which the best entry answers; at .5 it is a coin toss, and wrong costs more
# A clarification is for a doubt between entries, not for a doubt whether there is one: that is `unknown`.
AMONG = 0.4  # probability that one of the first two answers, from which they are worth asking about
LIKELY = 0.2  # ... which the best of them must reach alone: below it the choice would be among wrong ones
RIVAL = 0.4  # ... and the second, as a share of the best one's
SHOP = 0.5  # ... from which a question is the shop's matter
CANDIDATES = 5
OPTIONS = 3
_CLOSE = 0.08  # share of the softmax that makes an entry worth an option
# Overlap from which two questions count as one need. Over the demo FAQ's phrasings, each looked up without
# itself, 95 % of pairs of different entries of one topic and language stay below.
REPEATED = 0.72
_FEW_KEYS = 10


def decide(look: Look, calibration: Calibration, names: list[Candidate]) -> Evidence:
    """The evidence for one question. `names` are the first keys of `look` as candidates without figures."""
    if not names:
        return Evidence("unknown", 0.0, None)
    chances = calibration.right(calibration.candidates(look))
    candidates = tuple(
        Candidate(c.key, c.language, c.question, float(chances[i]), float(look.similarity[i]))
        for i, c in enumerate(names[:CANDIDATES])
    )
    sure = candidates[0].probability
    best = candidates[0].key
    if sure >= ANSWER:
        return Evidence("answer", sure, best, (best,), candidates)
    if float(calibration.shop(calibration.about(look))[0]) < SHOP:
        return Evidence("off_topic", sure, best, (), candidates)
    if _close(look, calibration, chances):
        return Evidence("clarify", sure, best, _options(look, candidates), candidates)
    return Evidence("unknown", sure, best, (), candidates)


def _close(look: Look, calibration: Calibration, chances: Array) -> bool:
    if len(chances) < PAIR or chances[0] < LIKELY or chances[1] < RIVAL * chances[0]:
        return False
    return float(calibration.among(calibration.first_two(look))[0]) >= AMONG


def _options(look: Look, candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    share = shares(look)[:OPTIONS]
    return tuple(c.key for i, c in enumerate(candidates[:OPTIONS]) if i < 2 or share[i] >= _CLOSE)


def shares(look: Look) -> Floats:
    """The softmax shares of a look's keys, in its order; they sum to 1."""
    odds = np.exp((look.score - look.score.max(initial=-1)) / TEMPERATURE)
    return np.asarray(odds / max(float(odds.sum()), 1e-9), np.float32)


def repeated(one: Look, other: Look, cosine: float) -> float:
    """How much two questions ask the same, 0 to 1; .9 and more is the same need in other words.

    The overlap (Bhattacharyya coefficient) of the entries that both lead to, or their centred `cosine` if that is
    more: the overlap tells phrasings of one entry from those of its neighbours better (AUROC .91 against .74 on
    the demo FAQ). It says nothing where there are few entries; then the cosine alone counts.
    """
    if min(len(one.keys), len(other.keys)) < _FEW_KEYS:
        alike = cosine
    else:
        theirs = dict(zip(other.keys.tolist(), shares(other).tolist(), strict=True))
        pairs = zip(one.keys.tolist(), shares(one).tolist(), strict=True)
        alike = max(cosine, sum((share * theirs.get(key, 0.0)) ** 0.5 for key, share in pairs))
    if alike < REPEATED:
        return max(0.0, alike / REPEATED * 0.9)
    return min(1.0, 0.9 + 0.1 * (alike - REPEATED) / (1 - REPEATED))
