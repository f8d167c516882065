"""Looks: against the same score written plainly, on the demo FAQ, with texts and keys left out, and step by step."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kb import index as subject
from kb.base import Base
from kb.grams import BUCKETS, grams, how_many
from kb.index import Everyday, Index, Look, everyday_of, index_of
from kb.store import Answer, Document, Group, stored
from kb.text import spelled_out

WIDTH = 16
Floats = NDArray[np.float32]


def plainly(
    index: Index, vector: Floats, ids: NDArray[np.int32], language: str | None, text: int | None, key: int | None
) -> dict[str, tuple[float, float, float]]:
    """Score, similarity and coverage of each key, worked out one key at a time from everything there is."""
    store, numbers = index.store, np.flatnonzero(index.counting).tolist()
    cosine = (index.vectors @ vector).tolist()
    each = len(index) / max(len(numbers), 1)
    wanted = min(max(subject.NEAREST, round(subject.ENTRIES * each)), subject.MOST)
    near = sorted(index.rows.tolist(), key=lambda r: -cosine[r])[:wanted]
    near = [r for r in near if r != text and index.owner[r] != key]
    weight, total, counts = _weights(index, ids, text, key)
    spoken = {one for n in numbers for one in store.spoken[n]}
    found = {}
    for n in {int(index.owner[r]) for r in near}:
        own = store.text_bounds.values[n : n + 2]
        vectors = np.array([index.vectors[r] for r in range(*own) if r != text])
        middle = vectors.sum(axis=0)
        middle = float(middle @ vector / max(float(np.linalg.norm(middle)), 1e-6))
        best = max(cosine[r] for r in near if index.owner[r] == n)
        answers = [float(store.answers.values[a] @ vector) for a in range(*store.answer_bounds.values[n : n + 2])]
        coverage = float(weight[counts[n] > 0].sum() / total) if len(ids) else 0.0
        if language in spoken and language not in store.spoken[n]:
            coverage = max(coverage, subject.FOREIGN)
        score = subject.NEAREST_WEIGHT * best + subject.MIDDLE_WEIGHT * middle
        score += subject.COVERAGE_WEIGHT * coverage + subject.ANSWER_WEIGHT * max(answers, default=middle)
        found[store.keys[n]] = (score, best, coverage)
    return dict(sorted(found.items(), key=lambda pair: -pair[1][0])[: subject.KEYS])


def _weights(
    index: Index, ids: NDArray[np.int32], text: int | None, key: int | None
) -> tuple[Floats, float, dict[int, Floats]]:
    """What each gram weighs, all of them together, and in how many texts of each key it stands."""
    store, counts = index.store, {}
    for n in np.flatnonzero(index.counting).tolist():
        held = store.key_grams.values[slice(*store.key_bounds.values[n : n + 2])]
        times = store.key_counts.values[slice(*store.key_bounds.values[n : n + 2])]
        own = dict(zip(held.tolist(), times.tolist(), strict=True))
        less = 1 if text is not None and index.owner[text] == n else 0
        counts[n] = np.array([0 if key == n else own.get(i, 0) - less for i in ids.tolist()], np.float32)
    held = sum(counts.values(), np.zeros(len(ids), np.float32))
    answers = np.diff(store.answer_bounds.values)[index.counting].sum()
    size = len(index) + answers + index.everyday.sentences
    weight = np.log((size + 1) / (held + index.everyday.holding[ids] + 1))
    return weight, max(float(weight.sum()), 1e-6), counts


def assert_as_plain(look: Look, index: Index, plain: dict[str, tuple[float, float, float]]) -> None:
    assert {index.keys[n] for n in look.keys} == set(plain)
    for n, *figures in zip(look.keys, look.score, look.similarity, look.coverage, strict=True):
        assert figures == pytest.approx(plain[index.keys[n]], abs=1e-5)
    assert (np.diff(look.score) <= 0).all()
    assert len(plain) > 5


@pytest.mark.parametrize("audience", ["public", "agents"])
def test_demo_looks_are_the_plain_score(demo: Base, audience: str) -> None:
    index = demo._now.views[audience].index
    asked = ["hoeveel staat er nog op mn kadokaart", "lost my gift card", "retour", "wat eten we", "😀"]
    for text, language in [(text, language) for text in asked for language in ("nl", "en", None)]:
        vector, ids = demo.vector(text), grams([spelled_out(text)])[0]
        look = index.look(vector, ids, language=language)
        assert_as_plain(look, index, plainly(index, vector, ids, language, None, None))


def test_demo_looks_without_a_text_or_a_key(demo: Base) -> None:
    index = demo._now.views["public"].index
    for row in index.rows[::120].tolist():
        one, key = index.documents[row], int(index.owner[row])
        look = index.look(one.vector, one.grams, without_text=row)
        assert_as_plain(look, index, plainly(index, one.vector, one.grams, None, row, None))
        look = index.look(one.vector, one.grams, without_key=key)
        assert_as_plain(look, index, plainly(index, one.vector, one.grams, None, None, key))
        assert one.key not in [index.keys[n] for n in look.keys]


def test_many_looks_at_once_are_the_looks_alone(demo: Base) -> None:
    index = demo._now.views["public"].index
    rows = index.rows[::50].tolist()
    some = [index.documents[row] for row in rows]
    vectors, ids = np.array([d.vector for d in some]), [d.grams for d in some]
    together = index.look_many(vectors, ids, language="nl", without_texts=rows)
    for row, one, look in zip(rows, some, together, strict=True):
        alone = index.look(one.vector, one.grams, language="nl", without_text=row)
        assert look.keys.tolist()[:10] == alone.keys.tolist()[:10]
        assert look.score == pytest.approx(alone.score, abs=1e-5)
        assert look.known == pytest.approx(alone.known)


def test_grams_of_one_text_are_those_of_many() -> None:
    texts = ["", "a", "Waar is mijn pakket?", "😀 ab", "É l'été", "x" * 500, "ﷺ ok", "a b c d", *map(str, range(40))]
    for text, ids in zip(texts, grams(texts), strict=True):
        assert grams([text])[0].tolist() == ids.tolist()
        assert grams([text])[0].dtype == ids.dtype


def unit(values: Floats) -> Floats:
    return np.asarray(values / np.linalg.norm(values), np.float32)


def group(draw: np.random.Generator, key: str) -> Group:
    def ids() -> NDArray[np.int32]:
        return np.unique(draw.integers(0, 60, 12)).astype(np.int32)

    def vector() -> Floats:
        return unit(draw.standard_normal(WIDTH).astype(np.float32))

    languages = [["nl"], ["en"], ["nl", "en"]][draw.integers(3)]
    documents = [
        Document(key, languages[i % len(languages)], f"{key} {draw.integers(10**9)}", vector(), ids(), i == 0)
        for i in range(draw.integers(1, 6))
    ]
    answers = [Answer(key, f"{key} {one}", vector(), ids()) for one in languages[: draw.integers(3)]]
    return Group(key, {one: key for one in languages}, documents, answers)


def looks(index: Index, seed: int) -> list[tuple[float, dict[str, tuple[float, float, float]]]]:
    draw, found = np.random.default_rng(seed), []
    for language in ("nl", "en", "fr", None):
        vector = unit(draw.standard_normal(WIDTH).astype(np.float32))
        look = index.look(vector, np.unique(draw.integers(0, 80, 9)).astype(np.int32), language=language)
        figures = zip(look.score.tolist(), look.similarity.tolist(), look.coverage.tolist(), strict=True)
        found.append((look.known, dict(zip((index.keys[n] for n in look.keys), figures, strict=True))))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_an_index_reached_by_changes_looks_as_one_built_fresh(seed: int) -> None:
    draw, everyday = np.random.default_rng(seed), everyday_of([np.array([1, 2], np.int32)] * 7)
    groups = {f"k{i}": group(draw, f"k{i}") for i in range(8)}
    index = index_of(list(groups.values()), everyday, WIDTH)
    kept = [(index, looks(index, seed))]
    for _ in range(25):
        index = step(draw, index, groups)
        fresh = index_of(list(groups.values()), everyday, WIDTH)
        assert len(index) == len(fresh) == len(index.rows)
        same(looks(index, seed), looks(fresh, seed))
        kept.append((index, looks(index, seed)))
    for old, then in kept:  # what came later changed nothing of what came before
        assert looks(old, seed) == then


def step(draw: np.random.Generator, index: Index, groups: dict[str, Group]) -> Index:
    """`index` with some of `groups`, which is altered, added, changed or withdrawn."""
    touched = [f"k{i}" for i in np.unique(draw.integers(0, 12, draw.integers(1, 4)))]
    gone = [n for n in np.flatnonzero(index.counting) if index.keys[n] in touched]
    added = [group(draw, key) for key in touched if draw.random() < 0.6]
    for key in touched:
        groups.pop(key, None)
    groups.update({one.key: one for one in added})
    store = index.store.plus(stored(added, WIDTH))
    return index.changed(store, np.array(gone, np.int64), np.ones(len(added), bool))


def same(some: Sequence[tuple[float, dict[str, tuple[float, ...]]]], others: Sequence[object]) -> None:
    for one, other in zip(some, others, strict=True):
        known, figures = other  # type: ignore[misc]
        assert one[0] == pytest.approx(known, abs=1e-6)
        assert one[1].keys() == figures.keys()
        for key, them in one[1].items():
            assert them == pytest.approx(figures[key], abs=1e-5)


def test_an_empty_index_finds_nothing() -> None:
    index = index_of((), Everyday(how_many(()), 0), WIDTH)
    vector, ids = np.ones(WIDTH, np.float32), np.array([3], np.int32)
    assert len(index) == 0
    assert len(index.look(vector, ids).keys) == 0
    assert [len(look.keys) for look in index.look_many(np.ones((20, WIDTH)), [ids] * 20)] == [0] * 20
    assert index.look(vector, ids).known == 0


def test_a_store_without_some_keys_holds_what_the_others_hold() -> None:
    draw = np.random.default_rng(4)
    groups = [group(draw, f"k{i}") for i in range(9)]
    kept = sorted(random.Random(4).sample(range(9), 5))
    store, plain = stored(groups, WIDTH).only(np.array(kept)), stored([groups[i] for i in kept], WIDTH)
    everyday = Everyday(np.zeros(BUCKETS, np.float32), 0)
    one, other = (Index(s, np.ones(5, bool), everyday, s.holding(np.arange(5))) for s in (store, plain))
    assert (store.keys, store.texts, store.answer_texts) == (plain.keys, plain.texts, plain.answer_texts)
    same(looks(one, 1), looks(other, 1))
    assert all(np.array_equal(one.documents[r].grams, other.documents[r].grams) for r in range(len(one)))
