"""How slow this machine is, just now, beside the one that the bars on time were set on.

The bars are for two cores on which the whole suite took 20 minutes. On others it took 42, and the same work takes
once or twice its time from one second to the next. So what is held to a bar is measured together with work that is
always the same. A machine as fast as the first, or faster, gets nothing off.
"""

import statistics
import time
from collections.abc import Callable

REFERENCE_S = 0.025  # of processor time for the work below, on the first machine


def slowness() -> float:
    """How many times the first machine's time plain Python takes here: 1 or more."""
    return max(1.0, statistics.median(_work() for _ in range(9)) / REFERENCE_S)


def paced(measure: Callable[[], float], times: int = 5) -> float:
    """The middle of `times` of the seconds that `measure` gives, each as the first machine would have taken them."""
    found = []
    for _ in range(times):
        before, took, after = _work(), measure(), _work()
        found.append(took / max(1.0, (before + after) / 2 / REFERENCE_S))
    return statistics.median(found)


def _work() -> float:
    begun = time.process_time()
    words: dict[str, int] = {}
    for n in range(60_000):
        word = f"{n % 997}-{n & 15}"
        words[word] = words.get(word, 0) + len(word) * n % 7
    return time.process_time() - begun
