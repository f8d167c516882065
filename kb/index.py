"""Finds the entries nearest to a question: FAISS over every question and phrasing, joined with character n-grams.

Entries that share a key (the same question in two languages) are looked up as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from kb.grams import Ids, counts_by_key, document_frequency

NEAREST = 256  # texts that FAISS gives for one question
KEYS = 50  # keys that are scored among them
# What an entry's score is made of. Found by leaving phrasings of the demo FAQ out, and the same phrasing's
# translations: accuracy@1 is .52 without the answers' share and .59 with it; .2 to .6 of it, and .1 to .3 of the
# wording's, rank alike.
NEAREST_WEIGHT = 0.35  # cosine with the nearest text
MIDDLE_WEIGHT = 0.65  # cosine with the mean of all texts
ANSWER_WEIGHT = 0.4  # cosine with question and answer as one text
COVERAGE_WEIGHT = 0.2  # share of the wording that is known
FOREIGN = 0.55  # coverage of an entry that is not there in the asked language: wording says nothing about it
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


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
    """An entry's question and answer as one text: whose it is, its centred unit vector, and its grams."""

    key: str
    vector: Floats
    grams: Ids


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


class Index:
    """The searchable texts of a base. Immutable: a changed base gets a new one."""

    def __init__(self, documents: Sequence[Document], answers: Sequence[Answer], everyday: Sequence[Ids]) -> None:
        self.keys = sorted({document.key for document in documents})
        number = {key: i for i, key in enumerate(self.keys)}
        self.documents = sorted(documents, key=lambda d: d.key)
        self.owner: Ints = np.array([number[d.key] for d in self.documents], np.int64)
        self.vectors: Floats = np.array([d.vector for d in self.documents], np.float32)
        self._number_of_texts = len(documents)
        if documents:
            self._fill(number, answers, everyday)

    def _fill(self, number: dict[str, int], answers: Sequence[Answer], everyday: Sequence[Ids]) -> None:
        faiss.omp_set_num_threads(1)
        self._faiss = faiss.IndexFlatIP(self.vectors.shape[1])
        self._faiss.add(self.vectors)
        self.texts_of = np.bincount(self.owner, minlength=len(self.keys))
        self._sums = np.add.reduceat(self.vectors, np.searchsorted(self.owner, np.arange(len(self.keys))))
        self._spoken: dict[str, NDArray[np.bool_]] = {}
        for language in {d.language for d in self.documents}:
            spoken = np.zeros(len(self.keys), bool)
            spoken[[number[d.key] for d in self.documents if d.language == language]] = True
            self._spoken[language] = spoken
        answered = sorted((a for a in answers if a.key in number), key=lambda a: a.key)
        self._answer_owner: Ints = np.array([number[a.key] for a in answered], np.int64)
        self._answers = np.array([a.vector for a in answered], np.float32).reshape(-1, self.vectors.shape[1])
        everything = [d.grams for d in self.documents] + [a.grams for a in answered]
        owner = np.concatenate([self.owner, self._answer_owner])
        self._counts = counts_by_key(everything, owner, len(self.keys))
        self._frequency = document_frequency([*everything, *everyday])
        self._size = len(everything) + len(everyday)

    def __len__(self) -> int:
        return self._number_of_texts

    def nearest(self, vectors: Floats) -> tuple[Floats, Ints]:
        """Cosines and numbers of the texts nearest to each of `vectors`: two arrays of shape (n, NEAREST)."""
        return self._faiss.search(np.ascontiguousarray(vectors), min(NEAREST, len(self)))

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
        left = rows != (-1 if without_text is None else without_text)
        if without_key is not None:
            left &= self.owner[rows] != without_key
        keys, place = np.unique(self.owner[rows[left]], return_inverse=True)
        best = np.full(len(keys), -1, np.float32)
        np.maximum.at(best, place, similar[left])
        coverage, known = self._coverage(keys, grams, without_text, without_key)
        middle = self._middle(keys, vector, without_text)
        if language in self._spoken:
            coverage = np.where(self._spoken[language][keys], coverage, np.maximum(coverage, FOREIGN))
        score = NEAREST_WEIGHT * best + MIDDLE_WEIGHT * middle + COVERAGE_WEIGHT * coverage
        score = score + ANSWER_WEIGHT * self._answering(vector, keys, middle)
        order = np.argsort(-score, kind="stable")[:KEYS]
        return Look(keys[order], score[order], best[order], coverage[order], known)

    def _middle(self, keys: Ints, vector: Floats, without_text: int | None) -> Floats:
        sums = self._sums[keys]
        if without_text is not None:
            own = keys == self.owner[without_text]
            sums[own] -= self.vectors[without_text]
        length = np.linalg.norm(sums, axis=1)
        return np.asarray(sums @ vector / np.maximum(length, 1e-6), np.float32)

    def _answering(self, vector: Floats, keys: Ints, middle: Floats) -> Floats:
        best = np.full(len(self.keys), -2, np.float32)
        np.maximum.at(best, self._answer_owner, self._answers @ vector)
        return np.where(best[keys] < -1, middle, best[keys])  # an entry without an answer is not set back

    def _coverage(
        self, keys: Ints, grams: Ids, without_text: int | None, without_key: int | None
    ) -> tuple[Floats, float]:
        if len(grams) == 0:
            return np.zeros(len(keys), np.float32), 0.0
        counts = self._counts[grams].toarray()
        frequency = self._frequency[grams]
        if without_text is not None:
            counts[:, self.owner[without_text]] -= 1  # its own grams are these
            frequency = frequency - 1
        if without_key is not None:
            frequency = frequency - counts[:, without_key]
            counts[:, without_key] = 0
        weight = np.log((self._size + 1) / (frequency + 1))
        total = max(float(weight.sum()), 1e-6)
        covered = weight @ (counts[:, keys] > 0) / total
        return covered.astype(np.float32), float(weight @ (counts > 0).any(axis=1) / total)
