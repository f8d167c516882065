"""What many questions, looked up once, score at another snapshot of the base: all of them at once, as arrays.

It tells which of them may get another answer there, and only those are worth asking again. It follows `kb.index` and
`kb.head` term by term; what it leaves out (the keys beyond the first 50, the bound of the nearest texts, what rounding
costs) is far less than `MARGIN`, within which a question counts as one that may change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kb.calibrate import TEMPERATURE, Calibration
from kb.grams import BUCKETS, Ids
from kb.index import (
    ANSWER_WEIGHT,
    COVERAGE_WEIGHT,
    FOREIGN,
    KEYS,
    MIDDLE_WEIGHT,
    NEAREST_WEIGHT,
    Floats,
    Index,
    Ints,
    Look,
)
from kb.nearest import Flags
from kb.snapshot import PUBLIC, Snapshot
from kb.verdict import ANSWER

MARGIN = 0.05  # of log odds; what is left out was at most .01 over the demo FAQ's texts
STEADY = 0.02  # of log odds: below it a text of a message that was read in several ways counts as unchanged
_LIMIT = float(np.log(ANSWER / (1 - ANSWER)))
_NONE = -1e9  # score of a key that is not there
_ROWS = 2048  # texts whose shared grams are counted at once


@dataclass(frozen=True)
class Looked:
    """n texts with what a snapshot found for them: numbers of keys, best first (-1: no more), shape (n, KEYS).

    `raw` are the scores without the head's part, `lowest` the cosine of the last text found, `values` what the head
    gives each of its entries.
    """

    vectors: Floats
    grams: sparse.csr_matrix
    language: NDArray[np.str_]
    keys: Ints
    raw: Floats
    coverage: Floats
    lowest: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Moved:
    """Of each text, whether it may get another `answer`, and whether its log odds stay as they are (`steady`)."""

    answer: Flags
    steady: Flags


def looked(
    index: Index, calibration: Calibration, vectors: Floats, grams: Sequence[Ids], language: str
) -> tuple[Looked, list[Look]]:
    """Look texts of one language up in `index`: what is kept of it, and the looks with the head's part in them."""
    similar, rows = index.nearest(vectors)
    looks = [
        index.look(vector, ids, language=language, found=(similar[i], rows[i]))
        for i, (vector, ids) in enumerate(zip(vectors, grams, strict=True))
    ]
    head = calibration.head
    values = head.values(vectors, grams) if head else np.zeros((len(looks), 0), np.float32)
    kept = Looked(
        vectors,
        _matrix(grams),
        np.full(len(looks), language),
        _padded([look.keys for look in looks], -1).astype(np.int64),
        _padded([look.score for look in looks], _NONE),
        _padded([look.coverage for look in looks], 0.0),
        similar[:, -1] if similar.shape[1] else np.full(len(looks), -1, np.float32),
        values.astype(np.float16),
    )
    if head is None:
        return kept, looks
    return kept, [head.weighed(look, index.keys, one) for look, one in zip(looks, values, strict=True)]


def together(parts: Sequence[Looked]) -> Looked:
    """Several as one."""

    def joined(name: str) -> object:
        each = [getattr(part, name) for part in parts]
        return sparse.vstack(each, format="csr") if name == "grams" else np.concatenate(each)

    return Looked(**{field.name: joined(field.name) for field in fields(Looked)})  # type: ignore[arg-type]


def follows(before: Snapshot, after: Snapshot) -> bool:
    """Whether `after` came out of `before` by changes of entries alone: no new thresholds, and the same numbers."""
    old, new = before.views[PUBLIC].index.store, after.views[PUBLIC].index.store
    bounds = old.text_bounds.values
    return (
        before.calibration is after.calibration
        and new.keys[: len(old.keys)] == old.keys
        and bool(np.array_equal(new.text_bounds.values[: len(bounds)], bounds))
    )


def moved(texts: Looked, before: Snapshot, after: Snapshot) -> Moved:
    """Which of `texts`, looked up at `before`, may get another answer at `after`, which `follows` it."""
    old, new = before.views[PUBLIC].index, after.views[PUBLIC].index
    if old.languages != new.languages:  # then every text is judged by its wording in another way
        return Moved(np.ones(len(texts), bool), np.zeros(len(texts), bool))
    was, now = old.counting, new.counting.copy()
    fresh = np.flatnonzero(now & ~np.append(was, np.zeros(len(now) - len(was), bool)))
    gone = np.flatnonzero(was & ~now[: len(was)])
    first = _Odds(before.calibration, old, texts, texts.keys, texts.raw, texts.coverage)
    coverage = _covered(texts, old, new)
    raw = texts.raw + COVERAGE_WEIGHT * (coverage - texts.coverage)
    here = np.append(~np.isin(np.arange(len(old.keys)), gone), False)  # the last is for -1, no key
    raw = np.where(here[texts.keys], raw, np.float32(_NONE))
    more, their_coverage = _fresh(texts, new, fresh)
    keys = np.hstack([texts.keys, np.broadcast_to(fresh, (len(texts), len(fresh)))])
    last = _Odds(after.calibration, new, texts, keys, np.hstack([raw, more]), np.hstack([coverage, their_coverage]))
    names = {name: i for i, name in enumerate(dict.fromkeys(new.keys))}
    number = np.array([names[name] for name in new.keys] or [0])
    same = number[first.top] == number[last.top]
    answered, will = first.odds >= _LIMIT, last.odds >= _LIMIT
    drift = np.abs(last.odds - first.odds)
    doubtful = (drift > 1e-6) & (np.minimum(np.abs(first.odds - _LIMIT), np.abs(last.odds - _LIMIT)) < MARGIN)
    close = will & (last.lead < MARGIN * TEMPERATURE) & (drift > 1e-6)
    return Moved((answered != will) | (will & ~same) | doubtful | close, same & (drift <= STEADY))


class _Odds:
    """The key with the best score of each text, its lead, and the log odds that it answers."""

    def __init__(
        self, calibration: Calibration, index: Index, texts: Looked, keys: Ints, raw: Floats, coverage: Floats
    ) -> None:
        score = _weighed(calibration, index, texts, keys, raw)
        rows = np.arange(len(score))
        best = score.argmax(axis=1) if score.shape[1] else np.zeros(len(score), int)
        self.top = keys[rows, best]
        most = score[rows, best]
        rest = score.copy()
        rest[rows, best] = _NONE
        self.lead = most - rest.max(axis=1)
        others = np.exp(np.maximum((rest - most[:, None]) / TEMPERATURE, -80)).sum(axis=1)
        features = np.column_stack(
            [calibration.standard(most), np.clip(-np.log(np.maximum(others, 1e-9)), -8, 8), coverage[rows, best]]
        )
        odds = features @ np.array(calibration.right.weights) + calibration.right.bias
        self.odds = np.where(most <= _NONE / 2, -50.0, odds)


def _weighed(calibration: Calibration, index: Index, texts: Looked, keys: Ints, raw: Floats) -> Floats:
    """The scores with the head's part in them; see `kb.head.Head.weighed`."""
    head = calibration.head
    if head is None:
        return raw
    column = np.array([head.columns.get(name, -1) for name in index.keys] or [-1])[keys]
    known = np.take_along_axis(texts.values, np.maximum(column, 0), 1).astype(np.float32)
    mine = np.where(column < 0, head.usual[0] + head.usual[1] * raw, known)
    score = (raw + head.weight * mine) / np.float32((1 + head.weight) ** 0.5)
    return np.where(raw <= _NONE / 2, np.float32(_NONE), score)


def _covered(texts: Looked, old: Index, new: Index) -> Floats:
    """The coverage of `texts.keys` as the grams are worth at `new`. That is the same for all but a few grams."""
    ids = np.flatnonzero(old.holding != new.holding)
    rarity = new.rarity
    more = rarity - old.rarity
    # Every gram's worth changes as much as that of one whose texts stayed, because there are more texts.
    untouched = np.flatnonzero(old.holding == new.holding)[:1]
    other = more[ids] - float(more[untouched].sum())
    total = np.maximum(texts.grams @ rarity, 1e-6)
    mine = texts.grams[:, ids].multiply(other[None, :]).tocsr()
    held = _holders(old, ids)
    less = np.zeros_like(texts.coverage)
    counts = np.diff(mine.indptr)
    for start in range(0, len(texts), _ROWS):
        part = slice(start, min(start + _ROWS, len(texts)))
        some = np.flatnonzero(counts[part]) + start  # texts that have any of these grams
        place = slice(mine.indptr[part.start], mine.indptr[part.stop])
        keys = np.repeat(texts.keys[some], counts[some], axis=0)
        worth = held[mine.indices[place][:, None], keys] * mine.data[place][:, None]
        if len(some):
            less[some] = np.add.reduceat(worth, mine.indptr[some] - mine.indptr[part.start], axis=0)
    before = total - np.asarray(mine.sum(axis=1)).ravel()
    changed = (texts.coverage * before[:, None] + less) / total[:, None]
    return np.where(texts.coverage == np.float32(FOREIGN), texts.coverage, changed).astype(np.float32)


def _holders(index: Index, ids: Ints) -> Floats:
    """Which keys hold which of the grams `ids`: 1 where they do, shape (ids, keys)."""
    store = index.store
    place = np.full(BUCKETS, -1)
    place[ids] = np.arange(len(ids))
    at = place[store.key_grams.values]
    owner = np.repeat(np.arange(len(store.keys)), np.diff(store.key_bounds.values))
    found = np.zeros((len(ids), len(store.keys)), np.float32)
    found[at[at >= 0], owner[at >= 0]] = 1
    return found


def _fresh(texts: Looked, index: Index, numbers: Ints) -> tuple[Floats, Floats]:
    """Scores without the head's part, and coverage, that the keys `numbers` get: both of shape (n, keys)."""
    store, scores, coverages = index.store, [], []
    rarity = index.rarity
    total = np.maximum(texts.grams @ rarity, 1e-6)
    for key in numbers.tolist():
        a, b = store.text_bounds.values[key : key + 2]
        best = (texts.vectors @ store.vectors.values[a:b].T).max(axis=1)
        summed = store.sums.values[key]
        middle = texts.vectors @ summed / max(float(np.linalg.norm(summed)), 1e-6)
        a, b = store.answer_bounds.values[key : key + 2]
        answering = (texts.vectors @ store.answers.values[a:b].T).max(axis=1) if b > a else middle
        worth = np.zeros(BUCKETS, np.float32)
        a, b = store.key_bounds.values[key : key + 2]
        held = store.key_grams.values[a:b]
        worth[held] = rarity[held]
        coverage = (texts.grams @ worth) / total
        foreign = np.isin(texts.language, sorted(index.languages - store.spoken[key]))
        coverage = np.where(foreign, np.maximum(coverage, np.float32(FOREIGN)), coverage)
        score = NEAREST_WEIGHT * best + MIDDLE_WEIGHT * middle + COVERAGE_WEIGHT * coverage + ANSWER_WEIGHT * answering
        scores.append(np.where(best >= texts.lowest, score, np.float32(_NONE)))
        coverages.append(coverage)
    shape = (len(texts), len(numbers))
    return np.array(scores, np.float32).T.reshape(shape), np.array(coverages, np.float32).T.reshape(shape)


def _padded(rows: Sequence[NDArray[np.generic]], fill: float) -> Floats:
    found = np.full((len(rows), KEYS), fill, np.float32)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


def _matrix(grams: Sequence[Ids]) -> sparse.csr_matrix:
    ends = np.cumsum([0, *(len(ids) for ids in grams)])
    columns = np.concatenate([*grams, np.zeros(0, np.int32)])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(grams), BUCKETS))
