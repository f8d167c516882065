"""The knowledge base in memory: asks it questions, and follows the stored one by its revision."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kb.calibrate import Calibration, calibrate
from kb.centre import centre_of
from kb.encoder import Encoder
from kb.entries import revision
from kb.evidence import Evidence
from kb.grams import grams
from kb.index import Look
from kb.memory import encode_remembering
from kb.parts import joined, split
from kb.snapshot import Learned, Live, Snapshot, View, live_entries, views_of
from kb.text import clean, normalise, spelled_out
from kb.verdict import OPTIONS, decide, repeated

EVERYDAY = Path(__file__).resolve().parent.parent / "data" / "calibration" / "everyday.txt"
LONGEST = 4000  # characters of a message that are read
_EXACT = 0.99  # probability of a question that stands in the base word for word
_CHANGED = 0.05  # share of texts that must change before the thresholds are set anew


def everyday_sentences() -> list[str]:
    """The everyday sentences that ship with the product; see data/calibration/README.md."""
    return EVERYDAY.read_text(encoding="utf-8").splitlines()


class Base:
    """The knowledge base, ready to be asked. Its state is one snapshot, replaced in one step.

    Thread-safe: questions read the present snapshot and never wait for a refresh.
    """

    def __init__(self, encoder: Encoder, background: Sequence[str], memory: Path | None = None) -> None:
        self._encoder = encoder
        self._memory = memory
        vectors = encode_remembering(encoder, list(background) or [""], memory)
        self._centre = centre_of(vectors)
        self._everyday = self._centre(vectors) if background else vectors[:0]
        self._everyday_grams = grams(background)
        #: Standard deviation of the cosine of two unrelated sentences: what a cosine is worth with this encoder.
        self.spread = _spread(self._everyday)
        self._refreshing = threading.Lock()
        self._calibrated_on: set[str] = set()
        self._thread: threading.Thread | None = None
        self._now = self._build(-1, (), {}, None)

    @classmethod
    def open(
        cls,
        encoder: Encoder,
        session: Session,
        background: Sequence[str] | None = None,
        *,
        memory: Path | None = None,
    ) -> "Base":
        """The base as `session` sees it, encoded and calibrated.

        `background` are everyday sentences that have nothing to do with the shop (default: those shipped).
        `memory` is a folder where vectors of entries are kept between starts. A thousand texts take 5 s on one
        core the first time, 2 s with `memory`.
        """
        base = cls(encoder, everyday_sentences() if background is None else background, memory)
        base.refresh(session)
        base.settle()
        return base

    @property
    def revision(self) -> int:
        """The stored knowledge base's revision that questions are answered from."""
        return self._now.revision

    def refresh(self, session: Session) -> bool:
        """Take over what changed since, and say whether anything did. Cheap when nothing did.

        Only new and changed texts are encoded. The new entries answer at once, with the thresholds there are;
        when enough has changed, new thresholds are worked out in a thread of its own and replace the old ones.
        """
        if revision(session) == self._now.revision:
            return False
        with self._refreshing:
            number = revision(session)  # before the rows: what comes between is found by the next refresh
            if number == self._now.revision:
                return False
            entries = live_entries(session)
            learned = self._learn(entries, self._now.learned)
            first = self._now.revision < 0
            self._now = self._build(number, entries, learned, None if first else self._now.calibration)
            if first:
                self._calibrated_on = set(learned)
            elif self._changed_enough(learned):
                self._recalibrate_soon()
            return True

    def settle(self) -> None:
        """Wait until thresholds that are being worked out are in use. For tests and for tools that end."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def vector(self, text: str) -> NDArray[np.float32]:
        """The centred unit vector of `text`: shape (d,)."""
        vector: NDArray[np.float32] = self._vectors([text])[0]
        return vector

    def ask(self, text: str, language: str = "nl", earlier: Sequence[str] = (), audience: str = "public") -> Evidence:
        """What the base finds for `text`.

        `language` is preferred where an entry exists in it. `earlier` are the customer's own earlier questions of
        this stint, oldest first: `repeats` is the highest `kb.verdict.repeated` of `text` with one of them, .9
        and more for the same need in other words. `audience` "public" sees no entry for agents only; "agents" sees
        all. A message with several questions gets `parts`. Text longer than 4,000 characters is read up to there.
        """
        return self.ask_many([text], language, earlier, audience)[0]

    def ask_many(
        self,
        texts: Sequence[str],
        language: str = "nl",
        earlier: Sequence[str] = (),
        audience: str = "public",
    ) -> list[Evidence]:
        """`ask` for each of `texts`, encoded together."""
        now = self._now
        view = now.views["agents" if audience == "agents" else "public"]
        cleaned = [clean(text)[:LONGEST] for text in texts]
        pieces = [split(text) for text in cleaned]
        before = [clean(text)[:LONGEST] for text in earlier]
        wanted = list(dict.fromkeys([*cleaned, *(p for ps in pieces for p in ps), *before]))
        vectors = self._vectors(wanted)
        looks = _look_up(view, wanted, vectors, language)
        found = {text: _evidence(view, now.calibration, text, looks[text], language) for text in wanted}
        at = {text: i for i, text in enumerate(wanted)}

        def repeats(text: str) -> float:
            if any(normalise(text) == normalise(one) for one in before):
                return 1.0
            mine = vectors[at[text]]
            pairs = ((looks[one], float(vectors[at[one]] @ mine)) for one in before)
            return max((repeated(looks[text], look, cosine) for look, cosine in pairs), default=0.0)

        whole = (joined(found[t], [found[p] for p in ps]) for t, ps in zip(cleaned, pieces, strict=True))
        return [replace(e, repeats=repeats(t)) for e, t in zip(whole, cleaned, strict=True)]

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._centre(self._encoder.encode([spelled_out(text) for text in texts]))

    def _learn(self, entries: Sequence[Live], known: object) -> dict[str, Learned]:
        before = known if isinstance(known, dict) else {}
        texts = dict.fromkeys(text for entry in entries for text in (*entry.texts, entry.whole))
        fresh = [text for text in texts if text not in before]
        spelled = [spelled_out(text) for text in fresh]
        vectors = self._centre(encode_remembering(self._encoder, spelled, self._memory))
        rows = zip(fresh, vectors, grams(spelled), strict=True)
        learned = {text: Learned(vector, ids) for text, vector, ids in rows}
        return {text: learned.get(text) or before[text] for text in texts}

    def _build(
        self,
        number: int,
        entries: tuple[Live, ...],
        learned: dict[str, Learned],
        calibration: Calibration | None,
    ) -> Snapshot:
        views = views_of(entries, learned, self._everyday_grams)
        if calibration is None:
            calibration = self._calibration(views)
        return Snapshot(number, entries, learned, views, calibration)

    def _calibration(self, views: dict[str, View]) -> Calibration:
        return calibrate(views["public"].index, self._everyday, self._everyday_grams)

    def _changed_enough(self, learned: dict[str, Learned]) -> bool:
        changed = len(self._calibrated_on.symmetric_difference(learned))
        return changed > _CHANGED * max(len(self._calibrated_on), 1)

    def _recalibrate_soon(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._recalibrate, name="calibrate", daemon=True)
            self._thread.start()

    def _recalibrate(self) -> None:
        while True:
            seen = self._now
            fresh = calibrate(seen.views["public"].index, self._everyday, self._everyday_grams)
            with self._refreshing:
                self._calibrated_on = set(seen.learned)
                self._now = replace(self._now, calibration=fresh)
                if not self._changed_enough(dict(self._now.learned)):
                    self._thread = None  # inside the lock: a later change starts a new one
                    return


def _spread(vectors: NDArray[np.float32]) -> float:
    if len(vectors) < 50:
        return 0.1
    some = vectors[:300]
    return float(np.std((some @ some.T)[np.triu_indices(len(some), 1)]))


def _look_up(view: View, texts: Sequence[str], vectors: NDArray[np.float32], language: str) -> dict[str, Look]:
    empty = np.zeros(0, np.float32)
    if len(view.index) == 0:
        return {text: Look(np.zeros(0, np.int64), empty, empty, empty, 0.0) for text in texts}
    rows = zip(texts, vectors, grams([spelled_out(text) for text in texts]), strict=True)
    return {text: view.index.look(vector, ids, language=language) for text, vector, ids in rows}


def _evidence(view: View, calibration: Calibration, text: str, look: Look, language: str) -> Evidence:
    names = view.names(look, language)
    evidence = decide(look, calibration, names) if normalise(text) else Evidence("off_topic", 0.0, None)
    same = view.exact.get(normalise(text), ())
    if len(same) == 1:
        first = sorted(evidence.candidates, key=lambda c: c.key != same[0])
        sure = [replace(c, probability=_EXACT) if c.key == same[0] else c for c in first]
        return Evidence("answer", _EXACT, same[0], same, tuple(sure))
    if len(same) > 1:  # the base itself says two things: let the customer choose
        return Evidence("clarify", evidence.probability, evidence.entry, same[:OPTIONS], evidence.candidates)
    return evidence
