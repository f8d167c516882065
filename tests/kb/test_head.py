"""The linear head: its closed forms against learning anew, and what it is for."""

from collections.abc import Sequence

import numpy as np
import pytest

from kb import head
from kb.grams import grams
from kb.head import Fit, fitted
from kb.index import Floats, Index, everyday_of, index_of
from kb.store import Document, Group

WORDS = (
    "kaart bon saldo pin pas cadeau",
    "retour terug ruilen pakket sturen label",
    "bezorgen levering koerier laat adres",
    "factuur btw bedrijf rekening post",
)


def _texts(words: str, number: int, seed: int) -> list[str]:
    chance = np.random.default_rng(seed)
    return [" ".join(chance.choice(words.split(), 3)) + f" {seed}{i}" for i in range(number)]


def _vectors(number: int, key: int) -> Floats:
    chance = np.random.default_rng(key)
    middle = np.zeros(16)
    middle[key] = 1.0
    rows = middle + chance.normal(0, 0.25, (number, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _index(sizes: Sequence[int], without: tuple[int, int] | None = None) -> Index:
    """An index of an entry for each of `sizes`, in order, without one text (entry, number) or all (entry, -1)."""
    groups = []
    for key, size in enumerate(sizes):
        texts, vectors = _texts(WORDS[key], size, key), _vectors(size, key)
        kept = [i for i in range(size) if without is None or without not in ((key, i), (key, -1))]
        documents = [Document(f"k{key}", "nl", texts[i], vectors[i], grams([texts[i]])[0], i == 0) for i in kept]
        if documents:
            groups.append(Group(f"k{key}", {"nl": texts[0]}, documents, ()))
    return index_of(groups, everyday_of([]), 16)


def _fit(index: Index) -> Fit:
    found = fitted(index)
    assert found is not None
    return found


def test_leaving_out_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed form against a head that never saw the text, or the entry; all else being the same."""
    monkeypatch.setattr(head, "SHARES_OF_WORDING", (0.0,))  # rarity of wording would change with what is left out
    sizes = (9, 12, 8, 10)
    whole = _fit(_index(sizes))
    row = 9 + 3  # the fourth text of the second entry
    vector = whole.head.landmarks[row][None]

    def anew(fit: Fit) -> Floats:
        return fit.head.values(vector, [np.zeros(0, np.int32)])[0]

    closed = whole.without_texts(np.array([row]))[0]
    assert np.abs(closed - anew(_fit(_index(sizes, (1, 3))))).max() < 0.02  # landmarks and balance differ a little
    closed = whole.without_keys(np.array([row]))[0]
    others = [0, 2, 3]
    assert np.abs(closed[others] - anew(_fit(_index(sizes, (1, -1))))).max() < 0.02
    assert np.abs(whole.without_texts(np.array([row]))[0] - anew(whole)).max() > 0.05  # it does leave something out


def test_says_whose_a_question_is() -> None:
    fit = _fit(_index((9, 12, 8, 10)))
    fresh = _vectors(20, 2)[10:]
    values = fit.head.values(fresh, grams(_texts(WORDS[2], 10, 99)))
    assert (values.argmax(axis=1) == fit.head.columns["k2"]).all()
    assert values.max() < 1.5
    assert values.min() > -0.5


def test_an_entry_it_has_not_seen_is_not_set_back() -> None:
    old, new = _index((9, 12, 8)), _index((9, 12, 8, 10))
    fit = head.with_usual(_fit(old), np.linspace(0, 1, 20), np.linspace(0, 1, 20))
    question = _vectors(20, 3)[15]
    look = new.look(question, grams(["factuur btw"])[0])
    weighed = fit.head.weighed(look, new.keys, fit.head.values(question[None], grams(["factuur btw"]))[0])
    assert new.keys[weighed.keys[0]] == "k3"


@pytest.mark.parametrize("sizes", [(3, 3, 3), (20,), ()])
def test_no_head_where_there_is_too_little_to_learn(sizes: tuple[int, ...]) -> None:
    assert fitted(_index(sizes)) is None


def test_no_head_where_it_would_cost_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "MOST_TEXTS", 30)
    assert fitted(_index((9, 12, 8, 10))) is None
