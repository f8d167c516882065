"""Other ways to find an entry, each as it is mostly used, on the same texts: for the table of `bench.knowledge`.

Each gets the questions and phrasings of a FAQ, and no label. It scores every entry by its best text, and declares from
which score on it answers: its documented default where there is one.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import bm25s
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from kb.encoder import Encoder
from kb.evaluate import Pair
from kb.metrics import Outcome

COSINE = 0.90  # one threshold for all sets; see `cosine`
KEPT = 10  # entries of a ranking
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Result:
    """What a system made of a set: `answered` stands beside `outcomes`; seconds to build, milliseconds a question."""

    outcomes: list[Outcome]
    answered: list[bool]
    build_s: float
    ask_ms: float


@dataclass(frozen=True)
class Texts:
    """All that a peer may know of a FAQ: its texts, and whose each of them is."""

    texts: list[str]
    owners: list[str]


def texts_of(pair: Pair) -> Texts:
    """Every question and phrasing of `pair`, with the id of its entry."""
    found = [(text, pair.ids[str(e.key)]) for e in pair.entries for text in (e.question, *e.phrasings)]
    return Texts([text for text, _ in found], [owner for _, owner in found])


def bm25(pair: Pair) -> Result:
    """BM25 as `bm25s` comes (Lucene's variant, English stop words). No default threshold: any known word answers."""
    started = time.perf_counter()
    known = texts_of(pair)
    index = bm25s.BM25()
    index.index(bm25s.tokenize(known.texts, show_progress=False), show_progress=False)

    def scores(text: str) -> Scores:
        words = bm25s.tokenize([text], return_ids=False, show_progress=False)[0]
        return index.get_scores(words) if words else np.zeros(len(known.texts), np.float32)

    return _asked(pair, known, scores, lambda score: score > 0, started)


def tfidf(pair: Pair) -> Result:
    """Cosine of TF-IDF over character 2- to 4-grams within words. No default threshold: any shared gram answers."""
    started = time.perf_counter()
    known = texts_of(pair)
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    matrix = grams.fit_transform(known.texts)

    def scores(text: str) -> Scores:
        return (matrix @ grams.transform([text]).T).toarray()[:, 0]

    return _asked(pair, known, scores, lambda score: score > 0, started)


def cosine(pair: Pair, encoder: Encoder) -> Result:
    """Cosine of sentence vectors, with the product's own encoder and nothing around it.

    Sentence Transformers documents no threshold, and E5's cosines all lie between .7 and 1. `COSINE` is
    fixed for all sets.
    """
    started = time.perf_counter()
    known = texts_of(pair)
    vectors = encoder.encode(known.texts)

    def scores(text: str) -> Scores:
        return vectors @ encoder.encode([text])[0]

    return _asked(pair, known, scores, lambda score: score >= COSINE, started)


def _asked(
    pair: Pair, known: Texts, scores: Callable[[str], Scores], answers: Callable[[float], bool], started: float
) -> Result:
    """Ask every query alone; `answers` says from the best score whether it is answered."""
    ids = sorted(set(known.owners))
    owner = np.searchsorted(ids, known.owners)
    build_s = time.perf_counter() - started
    rankings, times = [], []
    for question in pair.asked:
        begun = time.perf_counter()
        rankings.append(ranked(ids, owner, scores(question.text)))
        times.append(time.perf_counter() - begun)
    return result(pair, rankings, [bool(answers(best)) for _, best in rankings], build_s, times)


def ranked(ids: Sequence[str], owner: NDArray[np.int64], scores: Scores) -> tuple[tuple[str, ...], float]:
    """The best ids by the best score of their texts, and the highest score. `owner` has each text's place in `ids`."""
    best = np.full(len(ids), -np.inf, np.float32)
    np.maximum.at(best, owner, scores)
    order = np.argsort(-best, kind="stable")[:KEPT]
    return tuple(ids[i] for i in order), float(best[order[0]])


def result(
    pair: Pair,
    rankings: Sequence[tuple[tuple[str, ...], float]],
    answered: list[bool],
    build_s: float,
    times: Sequence[float],
) -> Result:
    """What was ranked beside the labels, which nothing before this has looked at. `times` in seconds."""
    outcomes = [Outcome(ids, best, gold) for (ids, best), gold in zip(rankings, pair.gold, strict=True)]
    return Result(outcomes, answered, build_s, 1000 * median(times))
