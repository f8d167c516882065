"""Whether a week stands out from its own normal: a count against those of the weeks before it.

Counts of a week that goes on as the weeks before follow a negative binomial distribution: a Poisson whose mean is not
quite known, and that varies somewhat more than chance (Hilbe, Negative Binomial Regression, 2nd ed., 2011, ch. 8).
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import betainc

WEEKS = 12  # before this one are what is normal
FEWEST_WEEKS = 4  # with fewer nobody knows what is normal
FEWEST = 5  # who asked: two instead of none is no news
# So that of the weeks in which nothing is the matter fewer than FALSE_ALARMS are marked, for each topic, where twelve
# weeks are known and weeks vary up to twice as much as chance makes them. tests/kb/test_standout.py simulates it.
ALARM = 0.002
FALSE_ALARMS = 0.01
_USUAL, _SURE = 1.3, 6.0  # the variance beside the mean before any week was seen, and for how many weeks that counts


def surprise(count: int, earlier: Sequence[int]) -> float:
    """The probability (0 to 1) of `count` or more in a week, if it is as the `earlier` ones, one or more, were."""
    weeks = np.asarray(earlier, float)
    mean = max(float(weeks.mean()), 0.5 / len(weeks))  # none in twelve weeks may still be one in a hundred
    spread = float(((weeks - mean) ** 2).sum() / mean)
    over = max(1.0, (spread + _USUAL * _SURE) / (len(weeks) - 1 + _SURE))  # the variance in means
    variance = over * (1 + 1 / len(weeks))  # in means as well: what the mean itself is not known by comes on top
    size = mean / (variance - 1)  # so that the variance is mean + mean^2 / size
    return float(betainc(count, size, mean / (size + mean))) if count > 0 else 1.0


def stands_out(count: int, earlier: Sequence[int]) -> bool:
    """Whether so many in a week are more than chance makes of the `earlier` weeks, oldest first."""
    known = list(earlier)[-WEEKS:]
    return count >= FEWEST and len(known) >= FEWEST_WEEKS and surprise(count, known) < ALARM


def normal(earlier: Sequence[int]) -> int:
    """How many most weeks have at most, as those before: 19 of 20."""
    count = 0
    while surprise(count + 1, list(earlier)[-WEEKS:]) > 0.05:
        count += 1
    return count
