"""Which group a question joins, by meaning: a probability from vectors alone. Nothing of the database here.

A question's likeness to a group is its mean cosine with the group's questions (average link), in spreads of the encoder
(`Base.spread`), above what any two questions of this backlog have in common. Both matter: the mean falls with every
question that is unlike the others, so that groups do not grow into chains, as they do with the nearest member or the
middle alone; and among questions that are all about mattresses a cosine says less than in a backlog about everything.
What they have in common is measured on the groups themselves, and as long as there are few on the knowledge base's
entries. A large group may be a little less alike. Between languages the same meaning lies a little further apart.

What an editor's hand did counts for more. In a group that a hand put together, the mean is that with the nearest few,
since the editor said that what lies far apart means the same. What a hand split is one family: a question that would
have joined the whole goes to the nearer part. See docs/grouping.md.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from kb.index import Index

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


# Log odds that a question belongs to a group: BIAS + LIKENESS * likeness + SIZE * log(number of its questions). Fitted
# by logistic regression on questions that arrive one after the other, of four public sets and of intents that the
# encoder never saw (docs/grouping.md). None of the sets that `bench.grouping` measures is among them.
BIAS, LIKENESS, SIZE = -4.53, 1.37, 0.08
# From which probability a question joins. F1 is best from half of the best F1 that can be reached, .48 on those sets
# (Lipton, Elkan, Naryanaswamy: Optimal Thresholding of Classifiers to Maximize F1 Measure, ECML 2014): to part two
# questions that mean the same costs as much as to join two that do not.
JOIN = 0.24
ACROSS = 0.3  # spreads that are added between two languages
COMMON = 1.5  # spreads that any two questions of a shop have in common: demo shop 1.53, HINT3 1.48, CLINC150 1.51
WEIGHT = 1000.0  # pairs that the knowledge base's own figure weighs as much as: those of 45 questions
NEAREST = 8  # questions, or a quarter, of a group that a hand put together: the part of it that is meant
SMALL = 3  # questions of a group that goes into another one by itself, once the two are close
_KEPT = 256  # vectors of such a group that are kept, the latest
_TOP = 16  # groups that are looked at more closely
_FEWEST = 8  # keys of a knowledge base that can tell what questions have in common


@dataclass(frozen=True)
class Asked:
    """A question that looks for its group. `common` is a cosine, `spread` that of the encoder; see the module."""

    vector: Floats
    language: str
    spread: float
    common: float | None = None

    @property
    def presumed(self) -> float:
        """`common`, or without it that of a usual shop."""
        return COMMON * self.spread if self.common is None else self.common


def probability(likeness: float, count: int) -> float:
    """P(a question belongs to a group of `count` that it is so much alike, in spreads above what is common)."""
    return float(expit(BIAS + LIKENESS * likeness + SIZE * np.log(count)))


def same(one: Asked, vector: Floats) -> bool:
    """Whether `one` asks for the same as another question, which has this vector."""
    return probability((float(vector @ one.vector) - one.presumed) / one.spread, 1) >= JOIN


def common_of(index: Index) -> float | None:
    """The mean cosine of two texts of different keys; None where there are too few. Worked out once for each index."""
    if index not in _COMMON:
        _COMMON[index] = _measured(index)
    return _COMMON[index]


_COMMON: WeakKeyDictionary[Index, float | None] = WeakKeyDictionary()


def _measured(index: Index) -> float | None:
    keys = np.flatnonzero(index.counting)
    if len(keys) < _FEWEST:
        return None
    counts = index.texts_of[keys].astype(np.float64)
    sums = index.store.sums.values[keys].astype(np.float64)
    total = sums.sum(axis=0)
    return float(total @ total - (sums**2).sum()) / float(counts.sum() ** 2 - (counts**2).sum())


@dataclass(frozen=True)
class Place:
    """Where a question belongs: a group, or none of those there are. `other` is a group that means the same as that one
    once the question is in it, and the smaller of the two is small: the order in which questions came had parted them.
    """

    group: int | None
    other: int | None = None


@dataclass
class Group:
    """One group in memory: its row, how many of its questions are in each language, and what a hand did with it."""

    row: int
    family: int | None
    by_hand: bool
    languages: Counter[str] = field(default_factory=Counter)
    vectors: list[Floats] = field(default_factory=list)  # only where it is `by_hand`

    @property
    def touched(self) -> bool:
        """Whether a hand split it or put questions into it: it goes nowhere by itself."""
        return self.by_hand or self.family is not None

    def foreign(self, language: str) -> float:
        """The share of its questions that are in another language."""
        return 1 - self.languages[language] / max(self.languages.total(), 1)


class Groups:
    """The open groups in memory, as sums of their questions' unit vectors. For one thread at a time.

    100,000 groups of one take 154 MB and about 10 ms a question on one core; 10,000 groups a tenth of both.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._known: dict[int, Group] = {}
        self._families: dict[int, set[int]] = {}
        self._free: list[int] = []
        self._sums = np.zeros((0, width), np.float32)
        self._counts = np.zeros(0)
        self._lengths = np.zeros(0, np.float32)
        self._ids = np.zeros(0, np.int64)
        self._total = np.zeros(width)
        self._every = 0.0  # questions
        self._pairs = 0.0  # of questions in different groups, each twice
        self._within = 0.0  # the sum of the squared lengths of the groups' sums

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, group_id: int) -> bool:
        return group_id in self._known

    def put(self, group_id: int, family: int | None = None, by_hand: bool = False) -> None:
        """A group without questions yet; `by_hand` where an editor put questions into it."""
        self.drop(group_id)
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._ids[row] = group_id
        self._known[group_id] = Group(row, family, by_hand and family is None)
        if family is not None:
            self._families.setdefault(family, set()).add(group_id)

    def add(self, group_id: int, vector: Floats, language: str) -> None:
        """One more question of a group."""
        self.add_all(group_id, vector[np.newaxis], [language])

    def add_all(self, group_id: int, vectors: Floats, languages: Sequence[str]) -> None:
        """More questions of a group, one a row."""
        group = self._known[group_id]
        group.languages.update(languages)
        if group.by_hand:
            group.vectors = [*group.vectors, *vectors][-_KEPT:]
        total = self._sums[group.row] + vectors.sum(axis=0)
        self._replace(group.row, total, float(self._counts[group.row]) + len(vectors))

    def drop(self, group_id: int) -> None:
        """Forget a group, if it is there."""
        group = self._known.pop(group_id, None)
        if group is None:
            return
        self._replace(group.row, np.zeros(self.width, np.float32), 0.0)
        self._ids[group.row] = 0
        self._free.append(group.row)
        if group.family is not None:
            self._families[group.family].discard(group_id)

    def middle_with(self, group_id: int, vector: Floats) -> Floats:
        """The mean of a group's vectors once `vector` is among them; of a group that is not there, `vector`."""
        group = self._known.get(group_id)
        if group is None:
            return vector
        return np.asarray((self._sums[group.row] + vector) / (self._counts[group.row] + 1), np.float32)

    def place(self, one: Asked) -> Place:
        """The group that a question most probably belongs to, and what that brings together."""
        common = self.common(one)
        near = self._nearest(one.vector)
        chances = {group_id: self._chance(one, [group_id], common) for group_id in near}
        best = max(near, key=chances.__getitem__, default=None)
        if best is not None and chances[best] >= JOIN:
            return Place(best, self._drawn(best, near, one, common))
        for family in dict.fromkeys(f for g in near if (f := self._known[g].family) is not None):
            parts = self._families[family]
            if self._chance(one, parts, common) >= JOIN:
                return Place(max(parts, key=lambda group_id: self._chance(one, [group_id], common)))
        return Place(None)

    def common(self, one: Asked) -> float:
        """The cosine that any two questions have in common, those of one group left out."""
        found = float(self._total @ self._total) - self._within
        return (found + 2 * WEIGHT * one.presumed) / (self._pairs + 2 * WEIGHT)

    def _nearest(self, vector: Floats) -> list[int]:
        if not self._known:
            return []
        cosines = self._sums @ vector / np.maximum(self._lengths, 1e-6)
        cosines[self._ids == 0] = -np.inf
        most = min(_TOP, len(self._known))
        rows = np.argpartition(cosines, len(cosines) - most)[len(cosines) - most :]
        return [int(i) for i in self._ids[rows[np.argsort(-cosines[rows], kind="stable")]]]

    def _chance(self, one: Asked, ids: Iterable[int], common: float) -> float:
        """The probability that a question belongs to these groups, taken as one."""
        groups = [self._known[group_id] for group_id in ids]
        counts = [float(self._counts[group.row]) for group in groups]
        count = sum(counts)
        cosine = sum(self._cosine(one.vector, g) * n for g, n in zip(groups, counts, strict=True)) / count
        foreign = sum(g.foreign(one.language) * n for g, n in zip(groups, counts, strict=True)) / count
        return probability((cosine - common) / one.spread + ACROSS * foreign, int(count))

    def _drawn(self, group_id: int, near: Iterable[int], one: Asked, common: float) -> int | None:
        """Of the groups `near`, the one that belongs to this group once `one` is in it, by the mean of all pairs."""
        mine = self._known[group_id]
        total, count = self._sums[mine.row] + one.vector, float(self._counts[mine.row]) + 1
        best, most = None, JOIN
        for other_id in near:
            other = self._known[other_id]
            members = float(self._counts[other.row])
            touched = mine.touched or other.touched or other_id == group_id
            if touched or min(count, members) > SMALL:
                continue
            cosine = float(self._sums[other.row] @ total) / (count * members)
            foreign = 1 - sum(other.languages[x] * n for x, n in mine.languages.items()) / ((count - 1) * members)
            chance = probability((cosine - common) / one.spread + ACROSS * foreign, int(max(count, members)))
            best, most = (other_id, chance) if chance >= most else (best, most)
        return best

    def _cosine(self, vector: Floats, group: Group) -> float:
        if not group.by_hand:
            return float(self._sums[group.row] @ vector) / float(self._counts[group.row])
        cosines = np.sort(np.array(group.vectors) @ vector)
        return float(cosines[-min(NEAREST, max(1, len(cosines) // 4)) :].mean())

    def _replace(self, row: int, total: Floats, count: float) -> None:
        was, before = self._sums[row].astype(np.float64), float(self._counts[row])
        after = self._every - before + count
        self._pairs += (after**2 - count**2) - (self._every**2 - before**2)
        self._every = after
        self._total += total - was
        self._within += float(total.astype(np.float64) @ total) - float(was @ was)
        self._sums[row], self._counts[row] = total, count
        self._lengths[row] = np.linalg.norm(total)

    def _grow(self) -> None:
        used = len(self._ids)
        more = max(64, used // 4)
        self._sums = np.concatenate([self._sums, np.zeros((more, self.width), np.float32)])
        self._counts = np.append(self._counts, np.zeros(more))
        self._ids = np.append(self._ids, np.zeros(more, np.int64))
        self._lengths = np.append(self._lengths, np.zeros(more, np.float32))
        self._free = list(range(used + more - 1, used - 1, -1))
