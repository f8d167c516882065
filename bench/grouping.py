"""`python -m bench.grouping`: questions that ask the same meet, on labelled sets, beside other ways; and how fast.

A set's questions arrive one after the other, in three random orders; every entry is a group that they should form.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.metrics.cluster import pair_confusion_matrix

from bench.bars import Row
from bench.grouping_speed import placing
from bench.knowledge import QUICK, SETS, Remembering, Say, sets_in
from bench.knowledge_bars import markdown
from handoff.settings import Settings
from kb.calibrate import OUT_OF_SCOPE_SHARE
from kb.encoder import Encoder, load_encoder
from kb.evaluate import Pair, opened, read_pair
from kb.grouping import Asked, Floats, Groups, common_of
from kb.snapshot import AGENTS

ORDERS = 3
ONE_THRESHOLD = 4.5  # spreads: from which cosine questions were joined before there was `kb.grouping`
# Least adjusted mutual information and pairwise F1 of the sets that are measured in `make bench`.
LEAST = {"hint3-sofmattress-v2": (0.58, 0.45), "covidfaq": (0.62, 0.52)}
LEFT_OUT = ("hint3-sofmattress-v1", "hint3-sofmattress-subset-v1")  # the questions of hint3-sofmattress-v2 again
LEGEND = f"""
AMI: adjusted mutual information; F1, precision and recall of pairs of questions that are together. Mean of {ORDERS}
orders of arrival for the first two, which place each question as it comes and never move one. Threshold: the nearest
middle from {ONE_THRESHOLD} spreads of the encoder on; "best threshold" is the one of twelve that the set's own labels
like best (by AMI + F1), which nobody has. HDBSCAN (scikit-learn, on the same vectors, unit length) sees all questions
at once; what it calls noise stays alone."""


@dataclass(frozen=True)
class Questions:
    """The questions of a set that an entry answers, as vectors, and what the base knows of them."""

    name: str
    vectors: Floats
    entries: list[str]
    languages: list[str]
    spread: float
    common: float | None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: how many bars were missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.grouping", description=__doc__)
    parser.add_argument("--sets", nargs="+", type=Path, metavar="DIR", default=[SETS], help="or a folder of sets")
    parser.add_argument("--all", action="store_true", help=f"sets over {QUICK} queries as well")
    parser.add_argument("--placing", action="store_true", help="only how long a question takes")
    chosen = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, flush=True)

    if chosen.placing:
        return said(placing(), say)
    return said([*report(chosen.sets, None if chosen.all else QUICK, say), *placing()], say)


def said(rows: Sequence[Row], say: Say) -> int:
    """Print figures, and those with a bar beside it; how many bars were missed."""
    for row in (row for row in rows if row.bar is None):
        say(f"{row.what}: {row.figure:.1f} {row.unit}")
    for line in ("", *markdown([row for row in rows if row.bar is not None]), ""):
        say(line)
    return sum(row.met is False for row in rows)


def report(folders: Sequence[Path], most: int | None, say: Say) -> list[Row]:
    """Measure the sets in `folders` of at most `most` queries, a line for each way; their bars."""
    own = Settings(_env_file=None)
    encoder = Remembering(load_encoder(own.embedding_model, own.cache_dir))
    say("| set | way | AMI | F1 | precision | recall | groups | of |")
    say("|---|---|---:|---:|---:|---:|---:|---:|")
    rows = []
    for folder in sets_in(folders):
        pair = read_pair(folder / "faq.jsonl", folder / "queries.jsonl")
        if folder.name in LEFT_OUT or (most is not None and len(pair.asked) > most):
            continue
        rows += measure(questions_of(folder.name, pair, encoder), say)
    say(LEGEND)
    return rows


def questions_of(name: str, pair: Pair, encoder: Encoder) -> Questions:
    """The questions of a set that are in scope."""
    base, _ = opened(pair.entries, encoder, OUT_OF_SCOPE_SHARE)
    asked = [(one, gold[0]) for one, gold in zip(pair.asked, pair.gold, strict=True) if gold]
    return Questions(
        name,
        base.vectors([one.text for one, _ in asked]),
        [entry for _, entry in asked],
        [one.language for one, _ in asked],
        base.spread,
        common_of(base.snapshot.views[AGENTS].index),
    )


def measure(asked: Questions, say: Say) -> list[Row]:
    """All ways on one set, a line each; the bars of ours."""
    ours = _mean([scored(asked, placed(asked, order)) for order in orders(len(asked.entries))])
    thresholds = {x: _by_threshold(asked, x) for x in (ONE_THRESHOLD, *np.arange(2.5, 8.5, 0.5).tolist())}
    best = max(thresholds, key=lambda x: float(thresholds[x][:2].sum()))
    lines = {"**Rechtdoor**": ours, "threshold": thresholds[ONE_THRESHOLD]}
    lines[f"best threshold ({best:.1f})"] = thresholds[best]
    for fewest in (2, 5):
        lines[f"HDBSCAN, groups of {fewest} or more"] = scored(asked, hdbscan(asked, fewest))
    for way, figures in lines.items():
        cells = " | ".join(f"{figure:.3f}" for figure in figures[:4])
        say(f"| {asked.name} | {way} | {cells} | {figures[4]:.0f} | {len(set(asked.entries))} |")
    names = ("adjusted mutual information", "pairwise F1")
    return [
        Row(f"{asked.name}: {name}", float(figure), "", bar, at_least=True)
        for name, figure, bar in zip(names, ours, LEAST.get(asked.name, ()), strict=False)
    ]


def orders(count: int) -> Iterator[list[int]]:
    """The same few random orders every time."""
    for seed in range(ORDERS):
        order = list(range(count))
        random.Random(seed).shuffle(order)
        yield order


def placed(asked: Questions, order: Sequence[int]) -> list[int]:
    """Each question's group, placed in this order as the backlog does."""
    groups, members = Groups(asked.vectors.shape[1]), dict[int, list[int]]()
    for i in order:
        one = Asked(asked.vectors[i], asked.languages[i], asked.spread, asked.common)
        place = groups.place(one)
        chosen = place.group or i + 1
        if place.group is None:
            groups.put(chosen)
            members[chosen] = []
        coming = [i]
        if place.other is not None:
            gone = min(chosen, place.other, key=lambda g: len(members[g]) + (g == chosen))
            chosen = place.other if gone == chosen else chosen
            coming += members.pop(gone)
            groups.drop(gone)
        for number in coming:
            groups.add(chosen, asked.vectors[number], asked.languages[number])
        members[chosen] += coming
    owner = {number: group for group, numbers in members.items() for number in numbers}
    return [owner[i] for i in range(len(order))]


def by_threshold(asked: Questions, order: Sequence[int], spreads: float) -> list[int]:
    """Each question's group, joining the nearest middle from a fixed cosine on."""
    sums, middles, used = np.zeros_like(asked.vectors), np.zeros_like(asked.vectors), 0
    found = [0] * len(order)
    for i in order:
        cosines = middles[:used] @ asked.vectors[i]
        nearest = int(cosines.argmax()) if used else 0
        group = nearest if used and cosines[nearest] >= spreads * asked.spread else used
        used = max(used, group + 1)
        sums[group] += asked.vectors[i]
        middles[group] = sums[group] / np.linalg.norm(sums[group])
        found[i] = group
    return found


def hdbscan(asked: Questions, fewest: int) -> list[int]:
    """Each question's group by HDBSCAN with groups of `fewest` or more; noise is alone."""
    found = HDBSCAN(min_cluster_size=fewest, copy=True).fit_predict(asked.vectors)
    alone = found < 0
    found[alone] = len(found) + np.arange(np.count_nonzero(alone))
    return [int(group) for group in found]


def scored(asked: Questions, groups: Sequence[int]) -> Floats:
    """AMI; F1, precision and recall of pairs; how many groups."""
    (_, wrong), (missed, right) = pair_confusion_matrix(asked.entries, groups)
    f1 = 2 * right / max(2 * right + wrong + missed, 1)
    pairs = (f1, right / max(right + wrong, 1), right / max(right + missed, 1))
    return np.array([adjusted_mutual_info_score(asked.entries, groups), *pairs, len(set(groups))], np.float32)


def _by_threshold(asked: Questions, spreads: float) -> Floats:
    return _mean([scored(asked, by_threshold(asked, order, spreads)) for order in orders(len(asked.entries))])


def _mean(figures: Sequence[Floats]) -> Floats:
    return np.asarray(np.mean(figures, axis=0), np.float32)


if __name__ == "__main__":
    sys.exit(main())
