"""One revision of the knowledge base as it answers: what is in it, and how the next one is made from it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.calibrate import Calibration
from kb.evidence import Candidate
from kb.grams import Ids
from kb.index import Floats, Index, Look
from kb.models import Entry, Phrasing
from kb.store import Answer, Document, Group, stored
from kb.text import normalise

_ASK_FOR = 500  # entries that are asked for by number; beyond that, reading all of them is cheaper
PUBLIC, AGENTS = "public", "agents"


@dataclass(frozen=True, slots=True)
class Live:
    """A live entry with all the texts that ask for it."""

    revision: int
    key: str
    language: str
    question: str
    answer: str
    audience: str
    texts: tuple[str, ...]

    @property
    def whole(self) -> str:
        """Question and answer as one text. An answer alone may be short and say nothing of what was asked."""
        return f"{self.question}\n{self.answer}"


@dataclass(frozen=True)
class Learned:
    """What is learned of a text: its centred vector and its grams."""

    vector: Floats
    grams: Ids


Learn = Callable[[Sequence[str], Mapping[str, Floats]], Mapping[str, Learned]]
ByKey = Mapping[str, Sequence[Live]]


@dataclass(frozen=True)
class View:
    """What one audience can see."""

    index: Index
    exact: Mapping[str, tuple[str, ...]]  # normalised text -> keys

    def names(self, look: Look, language: str, most: int = 5) -> list[Candidate]:
        """The first keys of `look` with the question in `language`, or another one if there is none in it."""
        found = []
        for number in look.keys[:most].tolist():
            asked = self.index.store.asked[number]
            chosen = language if language in asked else min(asked)
            found.append(Candidate(self.index.keys[number], chosen, asked[chosen], 0.0, 0.0))
        return found


@dataclass(frozen=True)
class Snapshot:
    """A revision in memory. Replaced as a whole, never changed.

    `numbers` are the store's numbers of each key's groups that count; `changes` how many texts were added or
    taken away since the beginning.
    """

    revision: int
    entries: Mapping[int, Live]
    of_key: Mapping[str, tuple[int, ...]]  # key -> ids of its live entries
    numbers: Mapping[str, tuple[int, ...]]
    views: Mapping[str, View]
    calibration: Calibration
    changes: int = 0


@dataclass(frozen=True)
class Changes:
    """What is different in the store: entries that are new or not what they were, and ids that are live no longer."""

    fresh: Mapping[int, Live]
    gone: frozenset[int]


def changes_since(session: Session, known: Mapping[int, Live]) -> Changes:
    """What changed in the live entries since `known`. Reads two numbers of each, and all of what is new.

    Every change of an entry or of its phrasings raises the entry's revision.
    """
    pairs = select(col(Entry.id), col(Entry.revision)).filter_by(status="live")
    live = {row.id: row.revision for row in session.execute(pairs)}
    new = [i for i, number in live.items() if i not in known or known[i].revision != number]
    return Changes(_read(session, new), frozenset(known.keys() - live.keys()))


def _read(session: Session, ids: Sequence[int]) -> dict[int, Live]:
    columns = (Entry.id, Entry.revision, Entry.key, Entry.language, Entry.question, Entry.answer, Entry.audience)
    chosen = select(*map(col, columns)).filter_by(status="live")
    texts = select(col(Phrasing.entry_id), col(Phrasing.text)).order_by(col(Phrasing.entry_id), col(Phrasing.position))
    if len(ids) <= _ASK_FOR:
        chosen, texts = chosen.where(col(Entry.id).in_(ids)), texts.where(col(Phrasing.entry_id).in_(ids))
    # The entries first: phrasings of a later revision are read again next time, an older revision's never would be.
    wanted = set(ids)
    entries = [row for row in session.execute(chosen) if row[0] in wanted]
    phrasings: dict[int, list[str]] = {}
    for entry_id, text in session.execute(texts):
        phrasings.setdefault(entry_id, []).append(text)
    return {
        row.id: Live(
            row.revision,
            row.key,
            row.language,
            row.question,
            row.answer,
            row.audience,
            (row.question, *phrasings.get(row.id, ())),
        )
        for row in entries
    }


def nothing(index: Index, calibration: Calibration) -> Snapshot:
    """The snapshot before the first, at a revision that no stored base has. `index` holds nothing."""
    view = View(index, {})
    return Snapshot(-1, {}, {}, {}, {PUBLIC: view, AGENTS: view}, calibration)


def apart(snapshot: Snapshot) -> Snapshot:
    """`snapshot` on a store of its own: what follows from it takes no room behind the rows that others use."""
    store = snapshot.views[AGENTS].index.store.apart()
    same = np.arange(len(store.keys))

    def moved(view: View) -> View:
        return View(view.index.moved(store, same, view.index.lists), view.exact)

    public = moved(snapshot.views[PUBLIC])
    alike = snapshot.views[PUBLIC] is snapshot.views[AGENTS]
    return replace(snapshot, views={PUBLIC: public, AGENTS: public if alike else moved(snapshot.views[AGENTS])})


def following(before: Snapshot, number: int, changes: Changes, learn: Learn) -> Snapshot:
    """The snapshot at revision `number`: `before` with `changes`. The work is that of the keys that they touch.

    `learn` is given the texts of these keys and the vectors that are known among them.
    """
    entries = {i: live for i, live in before.entries.items() if i not in changes.gone} | dict(changes.fresh)
    was = [before.entries[i] for i in (*changes.gone, *changes.fresh) if i in before.entries]
    keys = {live.key for live in (*was, *changes.fresh.values())}
    ids = {i for key in keys for i in before.of_key.get(key, ())} | set(changes.fresh)
    now: dict[str, list[tuple[int, Live]]] = {key: [] for key in keys}
    for i in sorted(ids & entries.keys(), key=lambda i: entries[i].language):
        now[entries[i].key].append((i, entries[i]))
    of_key = {**before.of_key, **{key: tuple(i for i, _ in pairs) for key, pairs in now.items()}}
    old = {key: [before.entries[i] for i in before.of_key.get(key, ())] for key in keys}
    new = {key: [live for _, live in pairs] for key, pairs in sorted(now.items())}
    views, numbers = _views(before, old, new, learn)
    changed = _texts(old).symmetric_difference(_texts(new))
    of_key = {key: them for key, them in of_key.items() if them}
    return Snapshot(number, entries, of_key, numbers, views, before.calibration, before.changes + len(changed))


def _views(
    before: Snapshot, old: ByKey, new: ByKey, learn: Learn
) -> tuple[dict[str, View], dict[str, tuple[int, ...]]]:
    """The views with the entries `new` in place of `old`, and the store's numbers of every key."""
    store = before.views[PUBLIC].index.store
    gone = [number for key in old for number in before.numbers.get(key, ())]
    known = {text: vector for number in gone for text, vector in store.vectors_of(number)}
    learned = learn(list(dict.fromkeys(text for live in _all(new) for text in (*live.texts, live.whole))), known)
    groups = _groups(new, learned)
    store = store.plus(stored([group for group, _ in groups], store.vectors.values.shape[1]))
    numbers = {key: them for key, them in before.numbers.items() if key not in old}
    for number, (group, _) in enumerate(groups, len(store.keys) - len(groups)):
        numbers[group.key] = (*numbers.get(group.key, ()), number)

    def view(audience: str) -> View:
        index, exact = before.views[audience].index, before.views[audience].exact
        counting = np.array([audience in seers for _, seers in groups], bool)
        shown = {key: [live for live in lives if audience in (live.audience, AGENTS)] for key, lives in new.items()}
        return View(index.changed(store, np.array(gone, np.int64), counting), _exact(exact, old, shown))

    public = view(PUBLIC)
    same = before.views[PUBLIC] is before.views[AGENTS] and all(len(seers) == 2 for _, seers in groups)
    return {PUBLIC: public, AGENTS: public if same else view(AGENTS)}, numbers


def _groups(entries: ByKey, learned: Mapping[str, Learned]) -> list[tuple[Group, tuple[str, ...]]]:
    """What is stored of `entries`, and for which audiences: once for both where both see the same of a key."""
    both: list[tuple[Group, tuple[str, ...]]] = []
    apart: list[tuple[Group, tuple[str, ...]]] = []
    for key, lives in entries.items():
        public = [live for live in lives if live.audience == PUBLIC]
        same = len(public) == len(lives)
        if public:
            both.append((_group(key, public, learned), (PUBLIC, AGENTS) if same else (PUBLIC,)))
        if not same:
            apart.append((_group(key, lives, learned), (AGENTS,)))
    return both + apart


def _group(key: str, lives: Sequence[Live], learned: Mapping[str, Learned]) -> Group:
    documents = {}
    for live in lives:
        for text in live.texts:
            known, canonical = learned[text], text == live.question
            one = Document(key, live.language, text, known.vector, known.grams, canonical)
            documents[normalise(text)] = one
    answers = [Answer(key, live.whole, learned[live.whole].vector, learned[live.whole].grams) for live in lives]
    return Group(key, {live.language: live.question for live in lives}, list(documents.values()), answers)


def _exact(exact: Mapping[str, tuple[str, ...]], old: ByKey, new: ByKey) -> dict[str, tuple[str, ...]]:
    """`exact` with the texts of the entries `new` in place of those of `old`."""
    found = dict(exact)
    keys: dict[str, set[str]] = {normal: set() for normal in (*_texts(old), *_texts(new))}
    for live in _all(new):
        for text in live.texts:
            keys[normalise(text)].add(live.key)
    for normal, now in keys.items():
        having = now.union(key for key in found.get(normal, ()) if key not in old)
        if having:
            found[normal] = tuple(sorted(having))
        else:
            found.pop(normal, None)
    return found


def _all(entries: ByKey) -> Iterable[Live]:
    return (live for lives in entries.values() for live in lives)


def _texts(entries: ByKey) -> set[str]:
    return {normalise(text) for live in _all(entries) for text in live.texts}
