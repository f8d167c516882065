"""What an entry would change, before it is live: every logged question, asked today and with the entry.

A log is looked up once, in the background. After that a draft takes a fraction of a second: `kb.rescore` tells which
questions may get another answer, and only these are asked again, the way customers ask (`Base.ask_of`), of a
throw-away copy of the base.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kb.base import Base, evidence_of
from kb.describing import unpacked
from kb.evidence import Evidence
from kb.fates import Asked, Fate, Outcome, Preview, outcome
from kb.grams import grams
from kb.reading import Reading, read
from kb.rescore import Looked, follows, looked, moved, together
from kb.snapshot import PUBLIC, Changes, Snapshot
from kb.text import clean, normalise, spelled_out
from kb.verdict import ANSWER

CHUNK = 64  # questions that are looked up at once
ROUGH = 0.01  # of probability around `ANSWER`, within which a stored vector, which was rounded, is made anew
TOO_MANY = 1000  # questions asked again because the base moved on, from which looking all of them up anew is better
KEPT = 10_000  # vectors of drafts, and of questions that are in the log no more, that are kept
OF_EACH = 4  # texts of one question, with the ways to read it: mostly one
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class _Known:
    """The questions that were looked up, at one snapshot: their texts, which texts are whose, what they got."""

    at: Snapshot
    asked: tuple[Asked, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    parts: tuple[Looked, ...] = ()
    owner: tuple[int, ...] = ()  # of each text, the place of its question
    plain: tuple[bool, ...] = ()  # of each text, whether it alone decides
    normal: tuple[str, ...] = ()  # of each text


class Log:
    """Questions that were asked, kept in memory with what the base says to them. Thread-safe."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._lock = threading.Lock()
        self._working = threading.Lock()
        self._asked: dict[str, Asked] = {}
        self._vectors: dict[str, Vector] = {}
        self._rough: set[str] = set()  # texts whose vector was stored in half precision
        self._drafted: dict[str, Vector] = {}
        self._known = _Known(base.snapshot)
        self._whole: tuple[_Known, Looked] | None = None
        self._today: tuple[_Known, Snapshot, dict[int, Outcome]] | None = None

    @property
    def total(self) -> int:
        """How many questions are in the log."""
        return len(self._asked)

    @property
    def looked(self) -> int:
        """How many of them are looked up by now."""
        return len(self._known.asked)

    def note(self, asked: Sequence[Asked], gone: Sequence[str] = ()) -> None:
        """Add questions, or put them in the place of those with the same id; forget those with the ids `gone`."""
        with self._lock:
            ids = {*gone, *(one.id for one in asked if one.id in self._asked and self._asked[one.id] != one)}
            for one in ids:
                self._asked.pop(one, None)
            self._asked |= {one.id: one for one in asked}
            self._known = _without(self._known, ids)
            if len(self._vectors) > KEPT + OF_EACH * len(self._asked):  # mostly of questions that are gone
                self._vectors, self._rough = {}, set()

    def work(self) -> bool:
        """Look up the next questions, a few at a time; whether there are more."""
        with self._working:
            if not follows(self._known.at, self.base.snapshot):
                with self._lock:  # new thresholds: all that is known was by the old ones
                    self._known = _Known(self.base.snapshot)
            known = self._known
            done = {one.id for one in known.asked}
            todo = [one for one in list(self._asked.values()) if one.id not in done]
            if not todo:
                return False
            more = self._looked_up(known.at, todo[:CHUNK])
            with self._lock:
                present = {one.id for one in more.asked if self._asked.get(one.id) == one}
                self._known = _joined(self._known, _without(more, {one.id for one in more.asked} - present))
            return len(todo) > CHUNK

    def preview(self, changes: Changes, own: Sequence[Asked]) -> Preview:
        """What `changes` would do to the group's `own` questions and to those that are looked up by now."""
        now, known = self.base.snapshot, self._known
        if len(self._drafted) > KEPT:  # of drafts as they were typed, word by word
            self._drafted = {}
        after = self.base.foreseen(changes, self._drafted)
        first, last = self.asked_of(now, own), self.asked_of(after, own)
        fates = tuple(Fate(one, a, b) for one, a, b in zip(own, first, last, strict=True))
        mine = {one.id for one in own}
        others = [fate for fate in self._fates(known, now, after) if fate.asked.id not in mine]
        gained = [fate for fate in others if not fate.before.entries]
        changed = [fate for fate in (*fates, *others) if fate.before.entries and fate.other]
        best = sorted(gained, key=lambda fate: -fate.after.probability)
        changed += self._clashing(now, after, changes)
        looked = len(known.asked) if follows(known.at, now) else 0  # else all of it is by thresholds that are gone
        return Preview(fates, tuple(best), tuple(changed), looked, self.total)

    def asked_of(self, now: Snapshot, asked: Sequence[Asked]) -> list[Outcome]:
        """What each of `asked` gets from `now`, by the way customers ask."""
        found = self._evidence(now, asked)
        rough = [
            i
            for i, one in enumerate(found)
            if abs(one.probability - ANSWER) < ROUGH and any(text in self._rough for text in _read(asked[i]).texts)
        ]
        for i in rough:
            for text in _read(asked[i]).texts:
                if text in self._rough:
                    self._rough.discard(text)
                    self._vectors.pop(text, None)
        for i, again in zip(rough, self._evidence(now, [asked[i] for i in rough]), strict=True):
            found[i] = again
        return [outcome(one) for one in found]

    def _fates(self, known: _Known, now: Snapshot, after: Snapshot) -> list[Fate]:
        """The questions that get other entries from `after` than from `now`."""
        if not known.asked or not follows(known.at, now):
            return []
        today = self._of_today(known, now)
        places = self._moved(known, after)
        asked = [known.asked[i] for i in places]
        then = dict(zip(places, self.asked_of(after, asked), strict=True))
        every = sorted({*today, *then})
        fates = [Fate(known.asked[i], today.get(i, known.outcomes[i]), then.get(i, known.outcomes[i])) for i in every]
        return [fate for fate in fates if fate.other]

    def _of_today(self, known: _Known, now: Snapshot) -> dict[int, Outcome]:
        """What questions get from the present snapshot, those that may get something else than when looked up."""
        if now is known.at:
            return {}
        if self._today is None or self._today[0] is not known or self._today[1] is not now:
            places = self._moved(known, now)
            found = dict(zip(places, self.asked_of(now, [known.asked[i] for i in places]), strict=True))
            self._today = (known, now, found)
            if len(places) > TOO_MANY:
                with self._lock:
                    self._known = _Known(now)
        return self._today[2]

    def _moved(self, known: _Known, after: Snapshot) -> list[int]:
        """The places of the questions that may get something else from `after` than when they were looked up."""
        if self._whole is None or self._whole[0] is not known:
            self._whole = (known, together(known.parts))
        found = moved(self._whole[1], known.at, after)
        plain, owner = np.array(known.plain), np.array(known.owner)
        exact, then = known.at.views[PUBLIC].exact, after.views[PUBLIC].exact
        other = {text for text in {*exact, *then} if exact.get(text) != then.get(text)}
        named = np.array([text in other for text in known.normal])
        # What stands in the base word for word gets that answer, whatever else is near.
        stands = np.array([text in exact and text in then for text in known.normal])
        may = named | (~stands & np.where(plain, found.answer, ~found.steady))
        return [int(place) for place in np.unique(owner[may])]

    def _clashing(self, now: Snapshot, after: Snapshot, changes: Changes) -> list[Fate]:
        """Phrasings of other entries that the changed entries have too, so that both would be asked about."""
        exact, then = now.views[PUBLIC].exact, after.views[PUBLIC].exact
        found = {}
        for live in changes.fresh.values():
            for text in live.texts:
                normal = normalise(text)
                if normal in exact and live.key not in exact[normal] and exact[normal] != then.get(normal):
                    found[normal] = Asked(f"phrasing {normal}", text, live.language)
        asked = list(found.values())
        pairs = zip(asked, self.asked_of(now, asked), self.asked_of(after, asked), strict=True)
        return [Fate(one, a, b) for one, a, b in pairs if a.entries != b.entries]

    def _looked_up(self, at: Snapshot, asked: Sequence[Asked]) -> _Known:
        """`asked` as `_Known`. The same texts in the same order as `Base.ask_of`."""
        readings = [_read(one) for one in asked]
        view = at.views[PUBLIC]
        found: dict[tuple[str, str], Evidence] = {}
        parts, owner, plain, normal = [], [], [], []
        for language in dict.fromkeys(one.language for one in asked):
            mine = [i for i, one in enumerate(asked) if one.language == language]
            pairs = [(i, text) for i in mine for text in dict.fromkeys(readings[i].texts)]
            self._keep([asked[i] for i in mine])
            texts = [text for _, text in pairs]
            ids = grams([spelled_out(text) for text in texts])
            part, looks = looked(view.index, at.calibration, self._vectors_of(texts), ids, language)
            parts.append(part)
            for (i, text), look in zip(pairs, looks, strict=True):
                found[text, language] = evidence_of(view, at.calibration, text, look, language)
                owner.append(i)
                plain.append(len(set(readings[i].texts)) == 1)
                normal.append(normalise(readings[i].text))
        outcomes = []
        for one, reading in zip(asked, readings, strict=True):
            mine_found = {text: found[text, one.language] for text in reading.texts}
            stands = normalise(reading.text) in view.exact
            outcomes.append(outcome(mine_found[reading.text] if stands else reading.settled(mine_found)))
        return _Known(at, tuple(asked), tuple(outcomes), tuple(parts), tuple(owner), tuple(plain), tuple(normal))

    def _evidence(self, now: Snapshot, asked: Sequence[Asked]) -> list[Evidence]:
        self._keep(asked)
        found: dict[int, Evidence] = {}
        groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for i, one in enumerate(asked):
            groups.setdefault((one.language, one.earlier), []).append(i)
        for (language, earlier), places in groups.items():
            texts = [asked[i].text for i in places]
            evidence = self.base.ask_of(now, texts, language, earlier, "public", self._vectors_of)
            found |= dict(zip(places, evidence, strict=True))
        return [found[i] for i in range(len(asked))]

    def _keep(self, asked: Sequence[Asked]) -> None:
        """Take over stored vectors, so that those questions need not be encoded."""
        for one in asked:
            text = clean(one.text)
            if one.vector and text not in self._vectors:
                self._vectors[text] = unpacked(one.vector)
                self._rough.add(text)

    def _vectors_of(self, texts: Sequence[str]) -> Vector:
        kept = self._vectors
        known = {text: vector for text in texts if (vector := kept.get(text)) is not None}  # others may drop it yet
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            known |= dict(zip(fresh, self.base.vectors(fresh), strict=True))
            kept.update({text: known[text] for text in fresh})
        return np.array([known[text] for text in texts], np.float32)


def _read(asked: Asked) -> Reading:
    return read(asked.text, [clean(text) for text in asked.earlier])


def _without(known: _Known, ids: set[str]) -> _Known:
    """`known` without the questions with these ids."""
    gone = {i for i, one in enumerate(known.asked) if one.id in ids}
    if not gone:
        return known
    place = {old: new for new, old in enumerate(i for i in range(len(known.asked)) if i not in gone)}
    kept = [row for row, i in enumerate(known.owner) if i not in gone]
    whole = together(known.parts)
    part = replace(whole, **{name: getattr(whole, name)[kept] for name in Looked.__dataclass_fields__})
    return _Known(
        known.at,
        tuple(one for i, one in enumerate(known.asked) if i not in gone),
        tuple(one for i, one in enumerate(known.outcomes) if i not in gone),
        (part,) if kept else (),
        tuple(place[known.owner[row]] for row in kept),
        tuple(known.plain[row] for row in kept),
        tuple(known.normal[row] for row in kept),
    )


def _joined(known: _Known, more: _Known) -> _Known:
    if known.at is not more.at:
        return known  # somebody began anew meanwhile
    shift = len(known.asked)
    return _Known(
        known.at,
        known.asked + more.asked,
        known.outcomes + more.outcomes,
        known.parts + more.parts,
        known.owner + tuple(i + shift for i in more.owner),
        known.plain + more.plain,
        known.normal + more.normal,
    )
