"""The formulas, against values worked out by hand and, where it has them, against scikit-learn's."""

from math import inf, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef, ndcg_score, roc_auc_score

from kb import metrics
from kb.metrics import OUT, Outcome

# Right, right at the second place, right at the fourth, nothing found; out of scope; two accepted entries.
FIVE = [
    Outcome(("a", "b", "c"), 0.9, ("a",), "answer", ("a",)),
    Outcome(("b", "a"), 0.6, ("a",), "answer", ("b",)),
    Outcome(("c", "b", "d", "a"), 0.3, ("a",), "clarify", ("c", "b")),
    Outcome((), 0.0, ("b",), "off_topic"),
    Outcome(("b",), 0.7, (), "unknown"),
    Outcome(("b", "c", "a"), 0.4, ("a", "b"), "clarify", ("c", "b")),
]

ids = st.sampled_from("abc")
outcomes = st.lists(
    st.builds(
        Outcome,
        st.lists(ids, unique=True).map(tuple),
        st.integers(0, 20).map(lambda n: n / 20),
        st.lists(ids, unique=True, max_size=2).map(tuple),
        st.sampled_from(metrics.VERDICTS),
    ),
    min_size=1,
    max_size=30,
)


def test_ranking_counts_in_scope_queries_only() -> None:
    found = metrics.ranking(FIVE)
    second, two = 1 / log2(3), (1 + 1 / log2(4)) / (1 + 1 / log2(3))
    assert found["accuracy_at_1"] == pytest.approx(2 / 5)
    assert found["accuracy_at_3"] == pytest.approx(3 / 5)
    assert found["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 4 + 0 + 1) / 5)
    assert found["ndcg_at_3"] == pytest.approx((1 + second + 0 + 0 + two) / 5)


def test_binary_counts_a_refused_query_as_wrong() -> None:
    found = metrics.binary(FIVE, [o.probability >= 0.5 for o in FIVE])
    assert found["in_scope_accuracy"] == pytest.approx(1 / 5)
    assert found["oos_recall"] == 0
    assert found["answer_precision"] == pytest.approx(1 / 3)
    truth, said = ["a", "a", "a", "b", OUT, "b"], ["a", "b", OUT, OUT, "b", OUT]
    assert found["mcc"] == pytest.approx(matthews_corrcoef(truth, said))


def test_a_query_with_nothing_found_is_never_answered() -> None:
    nothing = [Outcome((), 1.0, ()), Outcome(("a",), 1.0, ("a",))]
    assert metrics.binary(nothing, [True, True])["oos_recall"] == 1
    assert metrics.binary(nothing, [True, True])["mcc"] == 1


def test_product_counts_verdicts_and_what_they_show() -> None:
    found = metrics.product(FIVE)
    shares = {"answer": 2 / 6, "clarify": 2 / 6, "partly": 0, "unknown": 1 / 6, "off_topic": 1 / 6}
    assert {name: found[name] for name in shares} == pytest.approx(shares)
    assert found["verdict_answer_precision"] == pytest.approx(1 / 2)
    assert found["clarify_has_right"] == pytest.approx(1 / 2)


def test_any_accepted_entry_will_do() -> None:
    both = [Outcome(("b", "a"), 0.9, ("a", "b"), "answer", ("b",)), Outcome(("c",), 0.1, ())]
    assert metrics.ranking(both)["accuracy_at_1"] == 1
    assert metrics.ranking(both)["ndcg_at_3"] == pytest.approx(1)
    assert metrics.binary(both, [True, False])["mcc"] == 1


@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=30))
def test_the_correlation_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    truth, said = zip(*pairs, strict=True)
    if len({*truth, *said}) == 1:  # scikit-learn warns of it
        assert metrics.mcc(truth, said) == 0
    else:
        assert metrics.mcc(truth, said) == pytest.approx(matthews_corrcoef(truth, said))


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_the_discounted_gain_is_scikit_learns(depth: int) -> None:
    for gold in ("a", "d", "ac", "bde"):
        relevant = [[float(one in gold) for one in "abcde"]]
        theirs = ndcg_score(relevant, [[5, 4, 3, 2, 1]], k=depth)
        assert metrics.ndcg("abcde", gold, depth) == pytest.approx(theirs)


@given(outcomes)
def test_the_separation_is_scikit_learns(found: list[Outcome]) -> None:
    inside = [bool(o.gold) for o in found]
    if len(set(inside)) < 2:
        assert metrics.auroc(found) is None
    else:
        theirs = roc_auc_score(inside, [o.probability for o in found])
        assert metrics.auroc(found) == pytest.approx(theirs)


@given(outcomes)
def test_the_best_threshold_is_the_best_of_all(found: list[Outcome]) -> None:
    best, threshold = metrics.best_mcc(found)

    def at(least: float) -> float:
        return metrics.binary(found, [o.probability >= least for o in found])["mcc"] or 0.0

    assert best == pytest.approx(max(at(least) for least in {o.probability for o in found} | {inf}))
    assert threshold is not None
    assert at(threshold) == pytest.approx(best)


def test_the_best_threshold_by_hand() -> None:
    found = [Outcome(("a",), 0.8, ("a",)), Outcome(("b",), 0.6, ("b",)), Outcome(("a",), 0.5, ()), Outcome((), 0.1, ())]
    assert metrics.best_mcc(found) == (pytest.approx(1.0), 0.6)


def test_the_calibration_error_by_hand() -> None:
    found = [
        Outcome(("a",), 0.95, ("a",)),
        Outcome(("a",), 0.92, ()),  # the same bin: .935 beside .5
        Outcome(("a",), 1.0, ("a",)),  # 1 belongs to the last bin: .9567 beside .6667
        Outcome(("a",), 0.25, ("b",)),  # .25 beside 0
    ]
    assert metrics.ece(found) == pytest.approx(3 / 4 * (2.87 / 3 - 2 / 3) + 1 / 4 * 0.25)


@given(outcomes)
def test_the_calibration_error_over_bins_as_textbooks_have_it(found: list[Outcome]) -> None:
    sure = np.array([o.probability for o in found])
    right = np.array([o.right for o in found], float)
    bins = np.minimum((sure * 10).astype(int), 9)
    parts = [(bins == b).mean() * abs(sure[bins == b].mean() - right[bins == b].mean()) for b in set(bins.tolist())]
    assert metrics.ece(found) == pytest.approx(sum(parts))


def test_what_cannot_be_counted_is_none() -> None:
    inside, outside = [Outcome(("a",), 0.9, ("a",))], [Outcome(("a",), 0.1, (), "unknown")]
    assert metrics.binary(inside, [True])["oos_recall"] is None
    assert metrics.binary(outside, [False])["in_scope_accuracy"] is None
    assert metrics.binary(outside, [False])["answer_precision"] is None
    assert set(metrics.ranking(outside).values()) == {None}
    assert metrics.product(outside)["clarify_has_right"] is None
    assert metrics.auroc(inside) is None
    assert (metrics.ece([]), metrics.mcc([], []), metrics.best_mcc([])) == (None, None, (None, None))


def test_figures_hold_everything_rounded() -> None:
    found = metrics.figures(FIVE, 0.5)
    assert found["mrr"] == 0.55
    assert found["verdicts"]["answer"] == 0.3333
    assert found["answer_precision"] == 0.3333
    assert found["best_mcc"] >= found["mcc"]
