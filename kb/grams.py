"""Character n-grams of words, hashed: how much of a question's wording an entry knows.

A gram that neither the base nor everyday language holds weighs most, so a question about something that no entry
mentions ("weggekrast") shows as uncovered, while a typo or another ending still shares most of its grams.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from kb.text import normalise

BUCKETS = 2**18
Ids = NDArray[np.int32]

_vectorizer = HashingVectorizer(
    analyzer="char_wb",
    ngram_range=(3, 4),
    n_features=BUCKETS,
    binary=True,
    norm=None,
    alternate_sign=False,
    lowercase=False,
)


def grams(texts: Sequence[str]) -> list[Ids]:
    """The distinct hashed 3- and 4-grams (within words) of each text, folded as in `kb.text.normalise`."""
    if not texts:
        return []
    found = _vectorizer.transform([normalise(text) for text in texts])
    return [found.indices[a:b] for a, b in zip(found.indptr[:-1], found.indptr[1:], strict=True)]


def document_frequency(documents: Sequence[Ids]) -> NDArray[np.float32]:
    """How many of `documents` hold each gram: shape (BUCKETS,)."""
    joined = np.concatenate(documents) if documents else np.zeros(0, np.int32)
    return np.bincount(joined, minlength=BUCKETS).astype(np.float32)


def counts_by_key(documents: Sequence[Ids], owner: NDArray[np.int64], keys: int) -> sparse.csr_matrix:
    """In how many of a key's documents each gram stands: a sparse matrix of shape (BUCKETS, keys)."""
    columns = np.repeat(owner, [len(ids) for ids in documents])
    rows = np.concatenate(documents) if documents else np.zeros(0, np.int32)
    ones = np.ones(len(rows), np.float32)
    return sparse.csr_matrix((ones, (rows, columns)), shape=(BUCKETS, max(keys, 1)))
