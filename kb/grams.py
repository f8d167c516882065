"""Character n-grams of words, hashed: how much of a question's wording an entry knows.

A gram that neither the base nor everyday language holds weighs most, so a question about something that no entry
mentions ("weggekrast") shows as uncovered, while a typo or another ending still shares most of its grams.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

from kb.text import normalise

BUCKETS = 2**18
SIZES = (3, 4)
_FEW = 8  # texts that are done faster one by one
Ids = NDArray[np.int32]

_vectorizer = HashingVectorizer(
    analyzer="char_wb",
    ngram_range=SIZES,
    n_features=BUCKETS,
    binary=True,
    norm=None,
    alternate_sign=False,
    lowercase=False,
)


def grams(texts: Sequence[str]) -> list[Ids]:
    """The distinct hashed 3- and 4-grams (within words) of each text, folded as in `kb.text.normalise`."""
    if len(texts) <= _FEW:
        return [_grams(normalise(text)) for text in texts]
    found = _vectorizer.transform([normalise(text) for text in texts])
    return [found.indices[a:b] for a, b in zip(found.indptr[:-1], found.indptr[1:], strict=True)]


def _grams(text: str) -> Ids:
    """What the vectorizer finds in one text, without its checks, which cost more than the work."""
    pieces: set[str] = set()
    for word in text.split():
        framed = f" {word} "
        for size in SIZES:
            pieces.update(framed[i : i + size] for i in range(max(len(framed) - size, 0) + 1))
    ids = {abs(murmurhash3_32(piece)) % BUCKETS for piece in pieces}
    return np.array(sorted(ids), np.int32)


def how_many(ids: Sequence[Ids]) -> NDArray[np.float32]:
    """In how many of `ids`, each the grams of a text, every gram stands: shape (BUCKETS,)."""
    joined = np.concatenate(ids) if ids else np.zeros(0, np.int32)
    return np.bincount(joined, minlength=BUCKETS).astype(np.float32)
