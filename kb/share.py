"""How many questions no entry answers, estimated from what a shop's customers ask. Needs no labels."""

from collections.abc import Sequence

import numpy as np

ENOUGH = 200  # questions; fewer say too little
BOUNDS = (0.1, 0.8)  # a shop that seems beyond these has something else wrong
_ROUNDS = 100


def estimated_share(probabilities: Sequence[float], assumed: float) -> float:
    """The share (0 to 1) of questions without an answer that explains `probabilities` best.

    They are the calibrated chances, at the share `assumed`, that each question's best entry answers it. The
    estimate is `assumed` while there are fewer than `ENOUGH`. Expectation-maximisation over the prior
    (Saerens, Latinne and Decaestecker, Neural Computation 2002, equation 2.9).
    """
    if len(probabilities) < ENOUGH:
        return assumed
    given = np.clip(np.array(probabilities, float), 1e-6, 1 - 1e-6)
    share = assumed
    for _ in range(_ROUNDS):
        answered = given * (1 - share) / (1 - assumed)
        not_answered = (1 - given) * share / assumed
        share = float((not_answered / (answered + not_answered)).mean())
    return min(max(share, BOUNDS[0]), BOUNDS[1])
