"""A topic that stands out: seldom where nothing is the matter, nearly always where something is. By simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.standout import FALSE_ALARMS, FEWEST, WEEKS, normal, stands_out, surprise

TRIES = 3000
MEANS = (0.3, 1.0, 3.0, 10.0, 40.0, 200.0)


def weeks(chance: np.random.Generator, mean: float, over: float, count: int) -> NDArray[np.int64]:
    """Rows of weeks whose counts have this mean, and a variance of `over` means: Poisson, or negative binomial."""
    if over == 1:
        return chance.poisson(mean, (TRIES, count))
    return chance.negative_binomial(mean / (over - 1), 1 / over, (TRIES, count))


def marked(rows: NDArray[np.int64]) -> float:
    """The share of rows whose last week stands out."""
    return float(np.mean([stands_out(int(row[-1]), row[:-1].tolist()) for row in rows]))


@pytest.mark.parametrize("over", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("mean", MEANS)
def test_of_weeks_with_nothing_the_matter_few_are_marked(over: float, mean: float) -> None:
    rate = marked(weeks(np.random.default_rng(7), mean, over, WEEKS + 1))
    slack = 3 * (FALSE_ALARMS * (1 - FALSE_ALARMS) / TRIES) ** 0.5  # three standard errors of so many tries
    assert rate <= FALSE_ALARMS + slack, f"{100 * rate:.2f} % at a mean of {mean}, variance {over} means"


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(11)
    false = {over: max(marked(weeks(chance, mean, over, WEEKS + 1)) for mean in MEANS) for over in (1.0, 1.5, 2.0)}
    hits = {}
    for mean in (3.0, 10.0, 40.0):
        rows = weeks(chance, mean, 1.0, WEEKS + 1)
        rows[:, -1] = chance.poisson(3 * mean, TRIES)
        hits[mean] = marked(rows)
    with capsys.disabled():
        told = ", ".join(f"variance {over}: {100 * rate:.2f} %" for over, rate in false.items())
        found = ", ".join(f"{mean:.0f} a week: {100 * rate:.0f} %" for mean, rate in hits.items())
        print(f"\nfalse marks, worst of {len(MEANS)} means: {told}; three times as many is marked: {found}")  # noqa: T201
    assert hits[10.0] >= 0.8
    assert hits[40.0] >= 0.99


@pytest.mark.parametrize(
    ("count", "earlier", "expected"),
    [
        (FEWEST, [0] * 12, True),
        (FEWEST - 1, [0] * 12, False),
        (12, [2, 3, 1, 2, 3, 2, 1, 2, 3, 2, 2, 1], True),
        (4, [2, 3, 1, 2, 3, 2, 1, 2, 3, 2, 2, 1], False),
        (40, [38, 41, 35, 44, 40, 39, 37, 42], False),
        (90, [38, 41, 35, 44, 40, 39, 37, 42], True),
        (60, [5, 70, 10, 55, 8, 62, 5, 48, 9, 66, 12, 50], False),  # it was ever so uneven
        (100, [1, 1, 1], False),  # three weeks are no normal
        (100, [], False),
        (0, [5, 5, 5, 5], False),
    ],
)
def test_examples(count: int, earlier: list[int], expected: bool) -> None:
    assert stands_out(count, earlier) is expected


def test_only_the_last_weeks_are_what_is_normal() -> None:
    assert stands_out(12, [90] * 20 + [2] * WEEKS)


def test_more_is_never_less_surprising() -> None:
    found = [surprise(n, [3, 4, 2, 5, 3, 4]) for n in range(40)]
    assert found == sorted(found, reverse=True)
    assert found[0] == 1.0
    assert all(0 <= p <= 1 for p in found)
    assert 5 <= normal([3, 4, 2, 5, 3, 4]) <= 9
