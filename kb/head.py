"""A linear head over phrasings: which entry does a question belong to, learned from all phrasings at once.

Kernel ridge regression of "is it this entry's" on likeness to the base's own texts, where likeness mixes meaning
and wording. It sees what a nearest neighbour cannot: which words set an entry apart from its neighbours. All of it
is closed form, and so is what it would have said had a text, or a whole entry, not been there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import logsumexp

from kb.grams import BUCKETS, Ids, how_many
from kb.index import Floats, Index, Ints, Look

ENOUGH = 4.0  # texts an entry has in one language, on average, from which a head is worth having
FULL = 8.0  # ... for each unit of its weight beside the index's own score
HEAVIEST = 2.0
MOST_KEYS, MOST_TEXTS = 1000, 10_000  # beyond these a head costs more than it gives
# Texts that a question is compared with (Nyström; Williams and Seeger, NIPS 2000): half of them, within these.
LANDMARKS, MOST_LANDMARKS = 1500, 3000
FEW_LANDMARKS = 300  # ... while the share of wording is chosen, which a rough head tells as well
NEARNESS = 0.3  # of the exponential kernel on the cosine: exp((cosine - 1) / NEARNESS)
RIDGE = 0.2
SHARES_OF_WORDING = (0.0, 0.2, 0.4)  # in the likeness; which one is chosen by leaving texts out
_SHARPNESS = 0.15  # of the softmax by which they are compared


@dataclass(frozen=True)
class Head:
    """What was learned. `columns` are the entries' keys, `wording` is (BUCKETS, landmarks), `weights` (landmarks,
    entries)."""

    columns: Mapping[str, int]
    landmarks: Floats
    wording: sparse.csr_matrix
    rarity: Floats
    share_of_wording: float
    weights: Floats
    weight: float
    usual: tuple[float, float] = (0.0, 0.0)

    def values(self, vectors: Floats, grams: Sequence[Ids]) -> Floats:
        """How much each question is each entry's, about 0 to 1: shape (questions, entries)."""
        return np.asarray(self._likeness(vectors, grams) @ self.weights, np.float32)

    def weighed(self, look: Look, names: Sequence[str], values: Floats) -> Look:
        """`look` with one question's `values` in its scores, ranked anew. `names` are the index's keys.

        An entry that came after the head was learned gets what entries of its score usually get.
        """
        if len(look.keys) == 0:
            return look
        columns = np.array([self.columns.get(names[key], -1) for key in look.keys.tolist()])
        usual = self.usual[0] + self.usual[1] * look.score
        mine = np.where(columns < 0, usual, values[columns])
        score = (look.score + self.weight * mine) / np.float32((1 + self.weight) ** 0.5)
        order = np.argsort(-score, kind="stable")
        return replace(
            look,
            keys=look.keys[order],
            score=score[order].astype(np.float32),
            similarity=look.similarity[order],
            coverage=look.coverage[order],
        )

    def _likeness(self, vectors: Floats, grams: Sequence[Ids]) -> Floats:
        near = (vectors @ self.landmarks.T).astype(np.float32, copy=False)  # in place from here on: it may be large
        near -= 1
        near /= NEARNESS
        np.exp(near, out=near)
        if self.share_of_wording:
            alike = (_rows(grams, self.rarity) @ self.wording).toarray()
            alike *= self.share_of_wording
            near *= 1 - self.share_of_wording
            near += alike
        return near


@dataclass(frozen=True)
class Fit:
    """A head with what is needed to leave its own texts out: for a moment, while the base calibrates itself.

    `rows` are the index's numbers of the n texts, `owner` their columns, `balance` the root of each text's weight.
    """

    head: Head
    rows: Ints
    owner: Ints
    balance: Floats
    features: Floats
    inverse: Floats
    learned: Floats

    def without_texts(self, rows: Ints) -> Floats:
        """`Head.values` of the base's own texts `rows`, each as if it alone had not been there.

        y - (y - fitted) / (1 - leverage), as in any linear regression.
        """
        at = np.searchsorted(self.rows, rows)
        x = self.features[at]
        leverage = ((x @ self.inverse) * x).sum(axis=1)
        fitted, own = x @ self.learned, self.balance[at]
        fitted[np.arange(len(at)), self.owner[at]] -= leverage * own
        return np.asarray(fitted / ((1 - leverage) * own)[:, None], np.float32)

    def without_keys(self, rows: Ints) -> Floats:
        """The same, each as if no text of its entry had been there. Its own entry's column means nothing then."""
        at = np.searchsorted(self.rows, rows)
        found = np.zeros((len(at), self.learned.shape[1]), np.float32)
        for column in np.unique(self.owner[at]).tolist():
            block = np.flatnonzero(self.owner == column)
            x, own = self.features[block], self.balance[block]
            truth = np.zeros((len(block), self.learned.shape[1]), np.float32)
            truth[:, column] = own
            rest = np.linalg.solve(np.eye(len(block)) - x @ self.inverse @ x.T, truth - x @ self.learned)
            left_out = ((truth - rest) / own[:, None]).astype(np.float32)
            wanted = np.flatnonzero(self.owner[at] == column)
            found[wanted] = left_out[np.searchsorted(block, at[wanted])]
        return found


def fitted(index: Index) -> Fit | None:
    """The head of `index`, with the share of wording that tells left-out texts best; None where there is too little
    to learn from, or too much."""
    rows = index.rows
    names = sorted({index.keys[key] for key in index.owner[rows].tolist()})
    if not 2 <= len(names) <= MOST_KEYS or not ENOUGH * len(names) <= len(rows) <= MOST_TEXTS:
        return None
    pairs = len({(index.keys[index.owner[row]], index.documents[row].language) for row in rows.tolist()})
    if len(rows) < ENOUGH * pairs:
        return None
    columns = {name: i for i, name in enumerate(names)}
    owner = np.array([columns[index.keys[key]] for key in index.owner[rows].tolist()])
    weight = min(HEAVIEST, len(rows) / pairs / FULL)
    texts = _Texts(index, rows, owner, columns, weight)
    share = max(SHARES_OF_WORDING, key=lambda share: _told_apart(_fit(texts, share, FEW_LANDMARKS)))
    return _fit(texts, share, min(max(LANDMARKS, len(rows) // 2), MOST_LANDMARKS))


def with_usual(fit: Fit, scores: Floats, values: Floats) -> Fit:
    """`fit` knowing the straight line between an entry's score and what the head gives it, from left-out matches."""
    slope, start = np.polyfit(scores, values, 1) if len(scores) >= 10 else (0.0, 0.0)
    return replace(fit, head=replace(fit.head, usual=(float(start), float(slope))))


class _Texts:
    """What a head learns from: the index's texts `rows`, each with the column of its entry."""

    def __init__(self, index: Index, rows: Ints, owner: Ints, columns: Mapping[str, int], weight: float) -> None:
        self.rows, self.owner, self.columns, self.weight = rows, owner, columns, weight
        self.grams = [index.documents[row].grams for row in rows.tolist()]
        self.rarity = np.log((len(rows) + 1) / (how_many(self.grams) + 1)).astype(np.float32)
        self.vectors, self.wording = index.vectors[rows], _rows(self.grams, self.rarity)
        # An entry with four times the phrasings counts twice, not four times: shops write most where they are asked
        # most.
        balance = (np.bincount(owner)[owner] ** -0.25).astype(np.float32)
        self.balance = balance / balance.mean()


def _fit(texts: _Texts, share: float, most: int) -> Fit:
    rows, owner, columns, balance = texts.rows, texts.owner, texts.columns, texts.balance
    chosen = _landmarks(len(rows), most)
    vectors, wording = texts.vectors, texts.wording
    words = wording[chosen].T.tocsr()  # turned once, not at every question
    nothing_yet = np.zeros((len(chosen), len(columns)), np.float32)
    head = Head(columns, vectors[chosen], words, texts.rarity, share, nothing_yet, texts.weight)
    likeness = head._likeness(vectors, texts.grams)
    root = np.linalg.cholesky(_plus(likeness[chosen], 1e-4))
    unroot = np.linalg.inv(root).T.astype(np.float32)
    del root
    features = likeness @ unroot
    del likeness
    features *= balance[:, None]
    inverse = np.linalg.inv(_plus(features.T @ features, RIDGE))
    truth = sparse.csr_matrix((balance, (owner, np.arange(len(rows)))), shape=(len(columns), len(rows)))
    learned = (inverse @ (truth @ features).T.astype(np.float64)).astype(np.float32)
    head = replace(head, weights=unroot @ learned)
    return Fit(head, rows, owner, balance, features, inverse.astype(np.float32), learned)


def _plus(square: Floats, ridge: float) -> NDArray[np.float64]:
    wide = square.astype(np.float64)
    wide[np.diag_indices(len(wide))] += ridge
    return wide


def _landmarks(texts: int, most: int) -> Ints:
    if texts <= most:
        return np.arange(texts)
    return np.sort(np.random.default_rng(7).choice(texts, most, replace=False))


def _told_apart(fit: Fit) -> float:
    """Mean log probability of the right entry over the texts, each left out."""
    odds = fit.without_texts(fit.rows).astype(np.float64) / _SHARPNESS
    return float((odds[np.arange(len(odds)), fit.owner] - logsumexp(odds, axis=1)).mean())


def _rows(grams: Sequence[Ids], rarity: Floats) -> sparse.csr_matrix:
    """Texts as unit rows of gram rarities: a sparse matrix of shape (texts, BUCKETS)."""
    ends = np.cumsum([0, *(len(ids) for ids in grams)])
    columns: NDArray[np.int32] = np.concatenate([*grams, np.zeros(0, np.int32)]).astype(np.int32)
    values = rarity[columns]
    length = np.sqrt([float((values[a:b] ** 2).sum()) for a, b in pairwise(ends)])
    values = values / np.repeat(np.maximum(length, 1e-6), np.diff(ends))
    return sparse.csr_matrix((values.astype(np.float32), columns, ends), shape=(len(grams), BUCKETS))
