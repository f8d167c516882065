"""What a base holds of its texts, as arrays: whose each is, its vector, its grams. One key after another.

A store is never changed, only extended: see `kb.nearest.Rows`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.grams import BUCKETS, Ids
from kb.nearest import Floats, Ints, Rows


@dataclass(frozen=True)
class Document:
    """What one text of the base is: whose it is, its centred unit vector, and its grams.

    `canonical` marks an entry's own question, which its answer was encoded with.
    """

    key: str
    language: str
    text: str
    vector: Floats
    grams: Ids
    canonical: bool = False


@dataclass(frozen=True)
class Answer:
    """An entry's question and answer as one text: whose it is, the text, its centred unit vector, and its grams."""

    key: str
    text: str
    vector: Floats
    grams: Ids


@dataclass(frozen=True)
class Group:
    """Everything under one key: its question by language, its texts (at least one), its answers."""

    key: str
    asked: Mapping[str, str]
    documents: Sequence[Document]
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Store:
    """Keys with their texts and answers. `..._bounds` say where each key's (or text's) share of an array ends.

    Of k keys with n texts and a answers: `owner` (n,) is the number of a text's key; `sums` (k, d) the sum of a
    key's vectors; `key_grams` the distinct grams of a key's texts and answers, `key_counts` in how many of them.
    """

    keys: list[str]
    asked: list[Mapping[str, str]]
    spoken: list[frozenset[str]]
    texts: list[str]
    languages: list[str]
    answer_texts: list[str]
    vectors: Rows
    owner: Rows
    canonical: Rows
    grams: Rows
    sums: Rows
    answers: Rows
    key_grams: Rows
    key_counts: Rows
    text_bounds: Rows
    gram_bounds: Rows
    answer_bounds: Rows
    key_bounds: Rows

    def plus(self, other: "Store") -> "Store":
        """This store with the keys of `other` behind its own. Shares what it has with this one."""

        def joined(name: str) -> Any:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, list):
                return [*mine, *theirs]
            if name == "owner":
                return mine.plus(theirs.values + len(self.keys))
            if name.endswith("_bounds"):
                return mine.plus(theirs.values[1:] + mine.values[-1])
            return mine.plus(theirs.values)

        return Store(**{field.name: joined(field.name) for field in fields(self)})

    def apart(self) -> "Store":
        """The same store; what is added to this one copies, and leaves the room behind the rows to others."""
        rows = {field.name: value for field in fields(self) if isinstance(value := getattr(self, field.name), Rows)}
        copies: dict[str, Any] = {name: Rows(value.values) for name, value in rows.items()}
        return replace(self, **copies)

    def only(self, numbers: Ints) -> "Store":
        """A store of the keys `numbers` of this one, in that order, that shares no memory with it."""
        texts, text_bounds = _taken(self.text_bounds, numbers)
        answers, answer_bounds = _taken(self.answer_bounds, numbers)
        grams, gram_bounds = _taken(self.gram_bounds, texts)
        key_grams, key_bounds = _taken(self.key_bounds, numbers)
        return Store(
            [self.keys[i] for i in numbers],
            [self.asked[i] for i in numbers],
            [self.spoken[i] for i in numbers],
            [self.texts[i] for i in texts],
            [self.languages[i] for i in texts],
            [self.answer_texts[i] for i in answers],
            Rows(self.vectors.values[texts]),
            Rows(np.repeat(np.arange(len(numbers)), np.diff(text_bounds.values))),
            Rows(self.canonical.values[texts]),
            Rows(self.grams.values[grams]),
            Rows(self.sums.values[numbers]),
            Rows(self.answers.values[answers]),
            Rows(self.key_grams.values[key_grams]),
            Rows(self.key_counts.values[key_grams]),
            text_bounds,
            gram_bounds,
            answer_bounds,
            key_bounds,
        )

    def vectors_of(self, number: int) -> Iterator[tuple[str, Floats]]:
        """The texts of key `number`, answers as well, with their vectors."""
        for texts, vectors, bounds in (
            (self.texts, self.vectors, self.text_bounds),
            (self.answer_texts, self.answers, self.answer_bounds),
        ):
            for row in range(*bounds.values[number : number + 2].tolist()):
                yield texts[row], vectors.values[row]

    def holding(self, numbers: Ints) -> Floats:
        """In how many texts and answers of the keys `numbers` each gram stands: shape (BUCKETS,)."""
        place, _, _ = spans(self.key_bounds.values, numbers)
        counts = np.bincount(self.key_grams.values[place], self.key_counts.values[place], BUCKETS)
        return counts.astype(np.float32)

    def holding_of(self, number: int, grams: Ids) -> Floats:
        """In how many texts and answers of key `number` each of `grams`, which are in order, stands."""
        start, end = self.key_bounds.values[number : number + 2]
        theirs = self.key_grams.values[start:end]
        if len(theirs) == 0:
            return np.zeros(len(grams), np.float32)
        place = np.minimum(np.searchsorted(theirs, grams), len(theirs) - 1)
        return np.where(theirs[place] == grams, self.key_counts.values[start + place], 0).astype(np.float32)

    def shared(self, numbers: Ints, grams: Ids) -> tuple[Ints, Ints, Ints]:
        """Where a key of `numbers` holds one of `grams`, which are in order: which gram, which key, in how many texts.

        Grams and keys are given by their places in `grams` and `numbers`.
        """
        wanted = np.zeros(BUCKETS, bool)
        wanted[grams] = True
        starts, ends = self.key_bounds.values[numbers], self.key_bounds.values[numbers + 1]
        held = self.key_grams.values
        # Slices and `take` do in a fifth of the time what indexing with arrays would.
        every = np.concatenate([held[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])
        place = np.flatnonzero(wanted.take(every))
        upto = np.cumsum(ends - starts)
        key = np.searchsorted(upto, place, side="right")
        counts = self.key_counts.values[place - upto[key] + ends[key]]
        return np.searchsorted(grams, every[place]), key, counts


class Documents:
    """The texts of a store by their rows, made into documents when asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store.texts)

    def __getitem__(self, row: int) -> Document:
        store = self._store
        start, end = store.gram_bounds.values[row : row + 2]
        return Document(
            store.keys[store.owner.values[row]],
            store.languages[row],
            store.texts[row],
            store.vectors.values[row],
            store.grams.values[start:end],
            bool(store.canonical.values[row]),
        )


def stored(groups: Sequence[Group], width: int) -> Store:
    """A store of `groups`, whose vectors have `width` numbers."""
    documents = [document for group in groups for document in group.documents]
    answers = [answer for group in groups for answer in group.answers]
    texts = [len(group.documents) for group in groups]
    vectors = _matrix([d.vector for d in documents], width)
    starts = np.cumsum([0, *texts])
    counted = [_counted(group) for group in groups]
    return Store(
        [group.key for group in groups],
        [group.asked for group in groups],
        [frozenset(d.language for d in group.documents) for group in groups],
        [d.text for d in documents],
        [d.language for d in documents],
        [a.text for a in answers],
        Rows(vectors),
        Rows(np.repeat(np.arange(len(groups)), texts)),
        Rows(np.array([d.canonical for d in documents], bool)),
        Rows(_flat([d.grams for d in documents])),
        Rows(np.add.reduceat(vectors, starts[:-1]) if groups else vectors),
        Rows(_matrix([a.vector for a in answers], width)),
        Rows(_flat([ids for ids, _ in counted])),
        Rows(_flat([counts for _, counts in counted])),
        Rows(starts),
        Rows(np.cumsum([0, *(len(d.grams) for d in documents)])),
        Rows(np.cumsum([0, *(len(group.answers) for group in groups)])),
        Rows(np.cumsum([0, *(len(ids) for ids, _ in counted)])),
    )


def spans(bounds: Ints, numbers: Ints) -> tuple[Ints, Ints, Ints]:
    """The places from `bounds[i]` up to `bounds[i + 1]` for each i of `numbers`, one share after another.

    And for each share, where it starts among these, and its length.
    """
    lengths = bounds[numbers + 1] - bounds[numbers]
    starts = np.cumsum(lengths) - lengths
    return np.repeat(bounds[numbers] - starts, lengths) + np.arange(lengths.sum()), starts, lengths


def of_each(how: np.ufunc, values: Floats, starts: Ints, lengths: Ints) -> Floats:
    """`how` (such as np.add) over each share of `values`, as `spans` gives them: 0 for an empty one."""
    found = np.zeros(len(starts), np.float32)
    some = lengths > 0
    if some.any():
        found[some] = how.reduceat(values, starts[some])
    return found


def _taken(bounds: Rows, numbers: Ints) -> tuple[Ints, Rows]:
    places, starts, _ = spans(bounds.values, numbers)
    return places, Rows(np.append(starts, len(places)))


def _counted(group: Group) -> tuple[Ids, NDArray[np.int32]]:
    texts = [document.grams for document in group.documents]
    ids, counts = np.unique(_flat([*texts, *(answer.grams for answer in group.answers)]), return_counts=True)
    return ids, counts.astype(np.int32)


def _flat(parts: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _matrix(vectors: Sequence[Floats], width: int) -> Floats:
    return np.array(vectors, np.float32).reshape(-1, width)
