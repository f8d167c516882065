"""The share of questions without an answer, estimated from probabilities alone."""

import numpy as np
import pytest

from kb.share import BOUNDS, ENOUGH, estimated_share


def _asked(share: float, assumed: float, number: int = 4000) -> list[float]:
    """Probabilities at `assumed`, perfectly calibrated there, of questions of which `share` have no answer."""
    chance = np.random.default_rng(5)
    has_none = chance.random(number) < share
    odds = np.where(has_none, chance.normal(-1.5, 1.5, number), chance.normal(1.5, 1.5, number))
    evidence = 2 * 1.5 * odds / 1.5**2  # log likelihood ratio of two normals 3 apart with spread 1.5
    return (1 / (1 + np.exp(-(evidence + np.log((1 - assumed) / assumed))))).tolist()


@pytest.mark.parametrize("share", [0.15, 0.4, 0.7])
@pytest.mark.parametrize("assumed", [0.25, 0.5])
def test_finds_the_share_whatever_was_assumed(share: float, assumed: float) -> None:
    assert estimated_share(_asked(share, assumed), assumed) == pytest.approx(share, abs=0.03)


def test_keeps_what_was_assumed_while_there_are_few() -> None:
    assert estimated_share([0.01] * (ENOUGH - 1), 0.4) == 0.4


def test_stays_within_bounds() -> None:
    assert estimated_share([1e-9] * ENOUGH, 0.4) == BOUNDS[1]
    assert estimated_share([1.0] * ENOUGH, 0.4) == BOUNDS[0]
