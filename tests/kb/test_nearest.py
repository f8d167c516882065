"""Rows that grow, and the search among them: exact, approximate, with rows that no longer count."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kb import nearest as subject
from kb.nearest import LARGE, Lists, Rows, due, lists_of, nearest

COUNT, WIDTH = 6000, 48


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float32]:
    """Unit vectors in 600 clusters of ten: shape (COUNT, WIDTH)."""
    draw = np.random.default_rng(1)
    centres = np.repeat(draw.standard_normal((COUNT // 10, WIDTH)), 10, axis=0)
    found = centres + 0.5 * draw.standard_normal((COUNT, WIDTH))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def lists(rows: NDArray[np.float32]) -> Lists:
    """The approximate kind over all rows but the last 500."""
    return lists_of(rows[:5500])


def plain(rows: NDArray[np.float32], counted: NDArray[np.bool_], vector: NDArray[np.float32], most: int) -> list[int]:
    order = np.argsort(-(rows @ vector), kind="stable").tolist()
    return [i for i in order if counted[i]][:most]


@pytest.mark.parametrize("asked", [1, 5, 100])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_exact_search_finds_the_nearest_that_count(rows: NDArray[np.float32], asked: int, share: float) -> None:
    counted = np.random.default_rng(2).random(COUNT) >= share
    similar, places = nearest(rows, counted, None, rows[:asked], 20)
    assert places.shape == similar.shape == (asked, min(20, int(counted.sum())))
    for i in range(asked):
        assert places[i].tolist() == plain(rows, counted, rows[i], 20)
        assert similar[i] == pytest.approx(rows[places[i]] @ rows[i], abs=1e-5)


def test_nothing_counts(rows: NDArray[np.float32], lists: Lists) -> None:
    for kind in (None, lists):
        for few in (1, 20):
            assert nearest(rows, np.zeros(COUNT, bool), kind, rows[:few], 5)[1].shape == (few, 0)


@pytest.mark.parametrize("asked", [1, 40])
def test_approximate_search_finds_nearly_all(rows: NDArray[np.float32], lists: Lists, asked: int) -> None:
    counted = np.random.default_rng(3).random(COUNT) >= 0.2
    vectors = rows[-asked:] if asked > 1 else rows[7:8]  # forty rows that came after the lists, and one of before
    similar, places = nearest(rows, counted, lists, vectors, 50)
    for i in range(asked):
        assert counted[places[i][places[i] >= 0]].all()
        assert (np.diff(similar[i]) <= 0).all()
        best = plain(rows, counted, vectors[i], 10)
        assert len(np.intersect1d(best, places[i])) >= 8
        assert similar[i, 0] == pytest.approx(float(rows[best[0]] @ vectors[i]), abs=1e-5)


def test_late_rows_are_found_among_the_listed(rows: NDArray[np.float32], lists: Lists) -> None:
    whole = np.ones(COUNT, bool)
    for row in (5500, 5750, 5999):
        assert nearest(rows, whole, lists, rows[row][None], 5)[1][0, 0] == row
        counted = whole.copy()
        counted[row] = False
        assert row not in nearest(rows, counted, lists, rows[row][None], 5)[1]


def test_lists_are_due_when_there_are_many_rows_or_many_new_ones(lists: Lists) -> None:
    assert not due(None, LARGE - 1)
    assert due(None, LARGE)
    assert not due(Lists(lists.file, LARGE), LARGE + 100)
    assert due(Lists(lists.file, LARGE), LARGE + subject.TAIL + 1)
    assert not due(Lists(lists.file, 1_000_000), 1_000_000 + subject.TAIL + 1)


def test_rows_grow_without_changing_what_was_there() -> None:
    first = Rows(np.arange(40))
    second = first.plus(np.array([40, 41]))
    third = second.plus(np.array([42]))
    assert [r.values.tolist() for r in (first, second, third)] == [list(range(n)) for n in (40, 42, 43)]
    assert np.shares_memory(second.values, third.values)


def test_a_second_addition_to_the_same_rows_leaves_the_first_alone() -> None:
    start = Rows(np.arange(100)).plus(np.array([1]))
    one, other = start.plus(np.array([10])), start.plus(np.array([20]))
    assert (one.values[-1], other.values[-1]) == (10, 20)
    assert one.plus(np.array([11])).values[-2:].tolist() == [10, 11]
    assert other.values[-1] == 20
