"""Finds the entries nearest to a question: FAISS over every question and phrasing, joined with character n-grams.

Entries that share a key (the same question in two languages) are looked up as one. What is stored of a key never
changes: a changed key is stored anew, behind the others, and the old one counts no longer. So an index shares
nearly everything with the one before it, and a change costs milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.grams import Ids, how_many
from kb.nearest import Flags, Floats, Ints, Lists, nearest
from kb.store import Documents, Group, Store, of_each, spans, stored

__all__ = ["Everyday", "Floats", "Index", "Ints", "Look", "everyday_of", "index_of"]
NEAREST = 256  # texts that are found for one question, at least
ENTRIES = 20  # ... and so many that about as many entries are among them, where entries have long lists of phrasings
MOST = 1024
KEYS = 50  # keys that are scored among them
# What an entry's score is made of. Found by leaving phrasings of the demo FAQ out, and the same phrasing's
# translations: accuracy@1 is .52 without the answers' share and .59 with it; .2 to .6 of it, and .1 to .3 of the
# wording's, rank alike.
NEAREST_WEIGHT = 0.35  # cosine with the nearest text
MIDDLE_WEIGHT = 0.65  # cosine with the mean of all texts
ANSWER_WEIGHT = 0.4  # cosine with question and answer as one text
COVERAGE_WEIGHT = 0.2  # share of the wording that is known
FOREIGN = 0.55  # coverage of an entry that is not there in the asked language: wording says nothing about it


@dataclass(frozen=True)
class Look:
    """The keys found for a question, best first, as numbers of the index, with what speaks for each.

    `score` orders them; `similarity` is the centred cosine with the nearest text; `coverage` the share (0 to 1)
    of the question's wording that the entry knows; `known` the share that the base as a whole knows.
    """

    keys: Ints
    score: Floats
    similarity: Floats
    coverage: Floats
    known: float


_NONE = np.zeros(0, np.float32)
NOTHING = Look(np.zeros(0, np.int64), _NONE, _NONE, _NONE, 0.0)


@dataclass(frozen=True)
class Everyday:
    """How many of some everyday sentences hold each gram, shape (BUCKETS,), and how many sentences there are."""

    holding: Floats
    sentences: int


def everyday_of(sentences: Sequence[Ids]) -> Everyday:
    """What the index needs of everyday sentences, given by their grams."""
    return Everyday(how_many(sentences), len(sentences))


class Index:
    """The searchable texts of a base. Immutable: a changed base gets a new one, by `changed`.

    Keys and texts (rows) that count no longer keep their numbers; `rows` has the numbers of the texts that do.
    """

    def __init__(
        self, store: Store, counting: Flags, everyday: Everyday, holding: Floats, lists: Lists | None = None
    ) -> None:
        """Of `store`, the keys that are `counting`, shape (keys,). `holding` is `store.holding` of these."""
        self.store = store
        self.counting = counting
        self.everyday = everyday
        self.lists = lists
        self.keys = store.keys
        self.owner: Ints = store.owner.values
        self.vectors: Floats = store.vectors.values
        self.texts_of: Ints = np.diff(store.text_bounds.values)
        self.documents = Documents(store)
        self._holding = holding
        self._counted: Flags = counting[self.owner]
        self._languages = frozenset[str]().union(*map(store.spoken.__getitem__, np.flatnonzero(counting).tolist()))
        self._texts = int(np.count_nonzero(self._counted))
        answers = int(np.diff(store.answer_bounds.values)[counting].sum())
        self._size = self._texts + answers + everyday.sentences

    def __len__(self) -> int:
        return self._texts

    @property
    def rows(self) -> Ints:
        """The numbers of the texts that count, for `owner`, `vectors` and `documents`."""
        return np.flatnonzero(self._counted)

    @property
    def languages(self) -> frozenset[str]:
        """The languages of the texts that count."""
        return self._languages

    @property
    def holding(self) -> Floats:
        """In how many texts and answers that count each gram stands: shape (BUCKETS,)."""
        return self._holding

    @property
    def rarity(self) -> Floats:
        """What it is worth for coverage that a gram is known, by how rare it is: shape (BUCKETS,)."""
        return np.asarray(np.log((self._size + 1) / (self._holding + self.everyday.holding + 1)), np.float32)

    def changed(self, store: Store, gone: Ints, counting: Flags) -> "Index":
        """This index where `store`, which is its own with keys behind, takes its place.

        The keys numbered `gone` count no longer; of the keys behind, those that are `counting` do.
        """
        was = self.counting.copy()
        gone = gone[was[gone]]
        was[gone] = False
        fresh = len(was) + np.flatnonzero(counting)
        holding = self._holding - store.holding(gone) + store.holding(fresh)
        return Index(store, np.concatenate([was, counting]), self.everyday, holding, self.lists)

    def moved(self, store: Store, to: Ints, lists: Lists | None) -> "Index":
        """This index on another store, in which its key i has the number `to[i]`: -1 where it is left out."""
        counting = np.zeros(len(store.keys), bool)
        counting[to[self.counting]] = True
        return Index(store, counting, self.everyday, self._holding, lists)

    def nearest(self, vectors: Floats) -> tuple[Floats, Ints]:
        """Cosines and numbers of the texts nearest to each of `vectors`, best first: two arrays of shape (n, k).

        k is as `NEAREST` says, or the number of texts; where the approximate kind finds fewer, numbers are -1.
        """
        each = self._texts / max(int(np.count_nonzero(self.counting)), 1)
        wanted = min(max(NEAREST, round(ENTRIES * each)), MOST)
        return nearest(self.vectors, self._counted, self.lists, vectors, wanted)

    def look_many(
        self,
        vectors: Floats,
        grams: Sequence[Ids],
        *,
        language: str | None = None,
        without_texts: Sequence[int] | None = None,
        without_keys: Sequence[int] | None = None,
    ) -> list[Look]:
        """`look` for each of `vectors`, shape (n, d), with its `grams`, searched together.

        `without_texts` and `without_keys` leave out one text or key for each.
        """
        similar, rows = self.nearest(vectors)
        texts = [None] * len(grams) if without_texts is None else without_texts
        keys = [None] * len(grams) if without_keys is None else without_keys
        return [
            self.look(vectors[i], ids, language=language, found=(similar[i], rows[i]), without_text=t, without_key=k)
            for i, (ids, t, k) in enumerate(zip(grams, texts, keys, strict=True))
        ]

    def look(
        self,
        vector: Floats,
        grams: Ids,
        *,
        language: str | None = None,
        found: tuple[Floats, Ints] | None = None,
        without_text: int | None = None,
        without_key: int | None = None,
    ) -> Look:
        """Look a question up by its centred unit `vector` and `grams`.

        `language` is the asker's, if known: an entry that is only there in another one is not judged by wording.
        `found` is its row of `nearest`, when that was asked for many at once. `without_text` and `without_key`
        leave a text or a key out as if the base did not have it: that is how the base calibrates itself.
        """
        similar, rows = found if found is not None else (a[0] for a in self.nearest(vector[None]))
        keys, best = self._found(similar, rows, without_text, without_key)
        if len(keys) == 0:
            return NOTHING
        coverage, known = self._coverage(keys, grams, without_text, without_key)
        middle = self._middle(keys, vector, without_text)
        if language in self._languages:
            coverage = self._foreign(keys, coverage, language)
        score = NEAREST_WEIGHT * best + MIDDLE_WEIGHT * middle + COVERAGE_WEIGHT * coverage
        score = score + ANSWER_WEIGHT * self._answering(vector, keys, middle)
        order = np.argsort(-score, kind="stable")[:KEYS]
        return Look(keys[order], score[order], best[order], coverage[order], known)

    def _found(
        self, similar: Floats, rows: Ints, without_text: int | None, without_key: int | None
    ) -> tuple[Ints, Floats]:
        left = rows >= 0
        if without_text is not None:
            left &= rows != without_text
        owners = self.owner[rows]
        if without_key is not None:
            left &= owners != without_key
        keys, first = np.unique(owners[left], return_index=True)  # best first, so the first of a key is its best
        return keys, similar[left][first]

    def _foreign(self, keys: Ints, coverage: Floats, language: str | None) -> Floats:
        spoken = self.store.spoken
        speaks = np.array([language in spoken[key] for key in keys.tolist()], bool)
        return np.where(speaks, coverage, np.maximum(coverage, np.float32(FOREIGN)))

    def _middle(self, keys: Ints, vector: Floats, without_text: int | None) -> Floats:
        sums = self.store.sums.values[keys]
        if without_text is not None:
            own = keys == self.owner[without_text]
            sums[own] -= self.vectors[without_text]
        length = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        return np.asarray(sums @ vector / np.maximum(length, 1e-6), np.float32)

    def _answering(self, vector: Floats, keys: Ints, middle: Floats) -> Floats:
        places, starts, lengths = spans(self.store.answer_bounds.values, keys)
        best = of_each(np.maximum, self.store.answers.values[places] @ vector, starts, lengths)
        return np.where(lengths > 0, best, middle)  # an entry without an answer is not set back

    def _coverage(
        self, keys: Ints, grams: Ids, without_text: int | None, without_key: int | None
    ) -> tuple[Floats, float]:
        if len(grams) == 0:
            return np.zeros(len(keys), np.float32), 0.0
        holding = self._holding[grams]
        if without_text is not None:
            holding = np.maximum(holding - 1, 0)  # its own grams are these
        if without_key is not None:
            holding = holding - self.store.holding_of(without_key, grams)
        weight = np.log((self._size + 1) / (holding + self.everyday.holding[grams] + 1))
        total = max(float(weight.sum()), 1e-6)
        gram, key, count = self.store.shared(keys, grams)
        worth = weight[gram]
        if without_text is not None:  # nor does its own key know what only this text says
            worth[(count == 1) & (keys[key] == self.owner[without_text])] = 0
        covered = np.bincount(key, worth, len(keys)) / total
        return covered.astype(np.float32), float(weight[holding > 0].sum()) / total


def index_of(groups: Sequence[Group], everyday: Everyday, width: int) -> Index:
    """An index of `groups`, whose vectors have `width` numbers, searched exactly."""
    store = stored(groups, width)
    counting = np.ones(len(groups), bool)
    return Index(store, counting, everyday, store.holding(np.arange(len(groups))))
