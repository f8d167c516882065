"""The knowledge base's bars, and what was measured beside them."""

from dataclasses import dataclass
from typing import Any

from bench.bars import Row

# Set, figure, the least that will do: at the base's own threshold and the default share.
LEAST = (
    ("hint3-sofmattress-v1", "mcc", 0.68),
    ("hint3-sofmattress-v1", "accuracy_at_1", 0.81),
    ("hint3-sofmattress-v1", "auroc", 0.90),
    ("hint3-sofmattress-subset-v1", "mcc", 0.58),
    ("clinc150-small", "in_scope_accuracy", 0.92),
    ("clinc150-small", "oos_recall", 0.80),
    ("clinc150-small", "accuracy_at_1", 0.945),
    ("covidfaq", "ndcg_at_3", 0.88),
)
GAP, GAP_TOLD, ECE_TOLD = 0.06, 0.03, 0.08  # on any set with queries out of scope; told: its true share
WRONG, RIGHT, CLARIFIED = 0.15, 0.90, 0.25  # of the demo FAQ's near misses; of its paraphrases, twice


@dataclass(frozen=True)
class Measured:
    """A set's figures at the default share, and when told the true share; None when nothing is out of scope."""

    name: str
    own: dict[str, Any]
    told: dict[str, Any] | None


def of_sets(measured: list[Measured]) -> list[Row]:
    """The bars of the sets at hand. A figure that could not be counted meets nothing."""
    own = {one.name: one.own for one in measured}
    rows = [
        Row(f"{name}: {figure}", _number(own[name][figure]), "", least, at_least=True)
        for name, figure, least in LEAST
        if name in own
    ]
    for one in measured:
        if one.told is not None:
            rows += [
                Row(f"{one.name}: best_mcc - mcc, default share", gap(one.own), "", GAP),
                Row(f"{one.name}: best_mcc - mcc, told the true share", gap(one.told), "", GAP_TOLD),
                Row(f"{one.name}: ece, told the true share", _number(one.told["ece"]), "", ECE_TOLD),
            ]
    return rows


def gap(figures: dict[str, Any]) -> float:
    """How far the base's own threshold stays behind the best."""
    return _number(figures["best_mcc"]) - _number(figures["mcc"])


def markdown(rows: list[Row]) -> list[str]:
    """The rows as a table in Markdown, line by line."""
    lines = ["| bar | measured | wanted | |", "|---|---:|---:|---|"]
    for row in rows:
        wanted = f"{'≥' if row.at_least else '≤'} {row.bar:.3g}"
        lines.append(f"| {row.what} | {row.figure:.3f} | {wanted} | {'met' if row.met else '**missed**'} |")
    return lines


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
