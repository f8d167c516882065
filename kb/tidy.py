"""What is done in the background for a snapshot that has seen many changes, and how it replaces the present one.

Nothing waits for it: the work is done on one snapshot, and carried over to what that has become meanwhile.
"""

from dataclasses import dataclass, replace

import numpy as np

from kb.nearest import Ints, Lists, due, lists_of
from kb.snapshot import Snapshot, View
from kb.store import Store

_SPARE = 0.25  # share of a store's keys that count no longer from which they are cleared away
_FEW = 500  # ... unless there are fewer than these


@dataclass(frozen=True)
class Tidied:
    """A store without what counts no longer, its lists, and the new number of each key of the old one (-1: none)."""

    store: Store
    numbers: Ints
    lists: Lists | None


def untidy(snapshot: Snapshot) -> bool:
    """Whether `tidied` is worth its while."""
    index = snapshot.views["agents"].index
    keys = len(index.keys)
    return keys - len(_used(snapshot)) > max(_FEW, _SPARE * keys) or due(index.lists, len(index.vectors))


def tidied(snapshot: Snapshot) -> Tidied:
    """What is stored of `snapshot`, tidied. Takes about 2 s for 60,000 texts, most of it without the interpreter."""
    store, used = snapshot.views["agents"].index.store, _used(snapshot)
    numbers = np.full(len(store.keys), -1)
    numbers[used] = np.arange(len(used))
    store = store if len(used) == len(store.keys) else store.only(used)
    rows = store.vectors.values
    return Tidied(store, numbers, lists_of(rows) if due(None, len(rows)) else None)


def carried(now: Snapshot, clean: Tidied) -> Snapshot:
    """`now` on the tidied store. `now` is the snapshot that was tidied, or one that followed it."""
    store = now.views["agents"].index.store
    seen = len(clean.numbers)
    late = _used(now)
    late = late[late >= seen]
    numbers = np.concatenate([clean.numbers, np.full(len(store.keys) - seen, -1)])
    numbers[late] = len(clean.store.keys) + np.arange(len(late))
    whole = clean.store.plus(store.only(late))

    def moved(view: View) -> View:
        return View(view.index.moved(whole, numbers, clean.lists), view.exact)

    public = moved(now.views["public"])
    same = now.views["public"] is now.views["agents"]
    views = {"public": public, "agents": public if same else moved(now.views["agents"])}
    of_key = {key: tuple(numbers[list(them)].tolist()) for key, them in now.numbers.items()}
    return replace(now, views=views, numbers=of_key)


def _used(snapshot: Snapshot) -> Ints:
    """The numbers of the keys that somebody sees."""
    return np.flatnonzero(snapshot.views["public"].index.counting | snapshot.views["agents"].index.counting)
