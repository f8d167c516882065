"""The knowledge base in memory: asks it questions, and follows the stored one by its revision."""

import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from kb.calibrate import OUT_OF_SCOPE_SHARE, Calibration, calibrate
from kb.centre import centre_of
from kb.encoder import Encoder
from kb.entries import revision
from kb.evidence import Evidence
from kb.grams import grams
from kb.index import Look, everyday_of, index_of
from kb.memory import encode_remembering
from kb.reading import LONGEST, Reading, may_repeat, read
from kb.snapshot import Changes, Learned, Snapshot, View, apart, changes_since, following, nothing
from kb.text import clean, normalise, spelled_out
from kb.tidy import carried, tidied, untidy
from kb.verdict import OPTIONS, decide, repeated

EVERYDAY = Path(__file__).resolve().parent.parent / "data" / "calibration" / "everyday.txt"
_NEVER = -1  # in place of a number of changes: the thresholds must be set anew
_EXACT = 0.99  # probability of a question that stands in the base word for word
_CHANGED = 0.05  # share of texts that must change before the thresholds are set anew


def everyday_sentences() -> list[str]:
    """The everyday sentences that ship with the product; see data/calibration/README.md."""
    return EVERYDAY.read_text(encoding="utf-8").splitlines()


class Base:
    """The knowledge base, ready to be asked. Its state is one snapshot, replaced in one step.

    Thread-safe: questions read the present snapshot and never wait for a refresh.
    """

    def __init__(
        self,
        encoder: Encoder,
        background: Sequence[str],
        memory: Path | None = None,
        out_of_scope_share: float = OUT_OF_SCOPE_SHARE,
    ) -> None:
        # Of the whole process: questions come from many threads, and BLAS's own would only spin beside them (61
        # questions/s instead of 216 on two cores).
        threadpool_limits(1, "blas")
        self._encoder = encoder
        self._share = out_of_scope_share
        self._memory = memory
        vectors = encode_remembering(encoder, list(background) or [""], memory)
        self._centre = centre_of(vectors)
        self._everyday = self._centre(vectors) if background else vectors[:0]
        self._everyday_grams = grams(background)
        #: Standard deviation of the cosine of two unrelated sentences: what a cosine is worth with this encoder.
        self.spread = _spread(self._everyday)
        self._refreshing = threading.Lock()
        self._calibrated_at = 0  # `Snapshot.changes` that the thresholds know of
        self._thread: threading.Thread | None = None
        none = index_of((), everyday_of(self._everyday_grams), vectors.shape[1])
        self._now = nothing(none, calibrate(none, self._everyday, self._everyday_grams, self._share))

    @classmethod
    def open(
        cls,
        encoder: Encoder,
        session: Session,
        background: Sequence[str] | None = None,
        *,
        memory: Path | None = None,
        out_of_scope_share: float = OUT_OF_SCOPE_SHARE,
    ) -> "Base":
        """The base as `session` sees it, encoded and calibrated.

        `background` are everyday sentences that have nothing to do with the shop (default: those shipped).
        `memory` is a folder where vectors of entries are kept between starts. `out_of_scope_share` is the expected
        share (0 to 1) of questions that no entry answers. A thousand texts take 5 s on one
        core the first time, 2 s with `memory`.
        """
        lines = everyday_sentences() if background is None else background
        base = cls(encoder, lines, memory, out_of_scope_share)
        base.refresh(session)
        base.settle()
        return base

    @property
    def revision(self) -> int:
        """The stored knowledge base's revision that questions are answered from."""
        return self._now.revision

    def refresh(self, session: Session) -> bool:
        """Take over what changed since, and say whether anything did. Cheap when nothing did.

        Only new and changed texts are encoded, and only changed entries read. They answer at once, with the
        thresholds there are; when enough has changed, new thresholds are worked out in a thread of its own and
        replace the old ones.
        """
        if revision(session) == self._now.revision:
            return False
        with self._refreshing:
            number = revision(session)  # before the rows: what comes between is found by the next refresh
            before = self._now
            if number == before.revision:
                return False
            after = following(before, number, changes_since(session, before.entries), self._learn)
            if before.revision < 0:
                after = carried(after, tidied(after)) if untidy(after) else after
                after = replace(after, calibration=self._calibration(after))
                self._calibrated_at = after.changes
            self._now = after
            if self._behind(after):
                self._catch_up_soon()
            return True

    @property
    def out_of_scope_share(self) -> float:
        """The expected share (0 to 1) of questions that no entry answers."""
        return self._share

    @property
    def snapshot(self) -> Snapshot:
        """What questions are answered from at this moment. It is never changed, only replaced."""
        return self._now

    def foreseen(self, changes: Changes, kept: MutableMapping[str, NDArray[np.float32]]) -> Snapshot:
        """What the present snapshot would be with `changes`, for `ask_of`: nobody else sees it, nothing is stored.

        `kept` has the vectors of texts from earlier such calls, and gets those that are new. Where so much is changed
        that new thresholds would follow, they are not foreseen.
        """

        def learn(texts: Sequence[str], known: Mapping[str, NDArray[np.float32]]) -> dict[str, Learned]:
            fresh = [text for text in texts if text not in known and text not in kept]
            if fresh:
                raw = self._encoder.encode([spelled_out(text) for text in fresh])
                halved = raw if self._memory is None else raw.astype(np.float16).astype(np.float32)  # as memory does
                kept.update(zip(fresh, self._centre(halved), strict=True))
            return self._learn(texts, {**{text: kept[text] for text in texts if text in kept}, **known})

        now = apart(self._now)
        return following(now, now.revision, changes, learn)

    def expect(self, out_of_scope_share: float) -> None:
        """Expect another share of questions without an answer: new thresholds follow in the background."""
        with self._refreshing:
            self._share = out_of_scope_share
            self._calibrated_at = _NEVER
            self._catch_up_soon()

    def settle(self) -> None:
        """Wait until what is being worked out, such as thresholds, is in use. For tests and for tools that end."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def vector(self, text: str) -> NDArray[np.float32]:
        """The centred unit vector of `text`: shape (d,)."""
        vector: NDArray[np.float32] = self.vectors([text])[0]
        return vector

    def ask(self, text: str, language: str = "nl", earlier: Sequence[str] = (), audience: str = "public") -> Evidence:
        """What the base finds for `text`.

        `language` is preferred where an entry exists in it. `earlier` are the customer's own earlier questions of
        this stint, oldest first: `repeats` is the highest `kb.verdict.repeated` of `text` with one of them, .9
        and more for the same need in other words. `audience` "public" sees no entry for agents only; "agents" sees
        all. A message with several questions gets `parts`; one that leans on the question before it is read with that.
        Text longer than 4,000 characters is read up to there.
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
        return self.ask_of(self._now, texts, language, earlier, audience)

    def ask_of(
        self,
        now: Snapshot,
        texts: Sequence[str],
        language: str = "nl",
        earlier: Sequence[str] = (),
        audience: str = "public",
        vectors_of: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
    ) -> list[Evidence]:
        """`ask_many` of the snapshot `now`, such as one that `foreseen` gave. `vectors_of` replaces `vectors`."""
        view = now.views["agents" if audience == "agents" else "public"]
        before = [clean(text)[:LONGEST] for text in earlier]
        readings = [read(text, before) for text in texts]
        wanted = list(dict.fromkeys([*(text for reading in readings for text in reading.texts), *before]))
        vectors = (vectors_of or self.vectors)(wanted)
        looks = _look_up(view, now.calibration, wanted, vectors, language)
        found = {text: evidence_of(view, now.calibration, text, looks[text], language) for text in wanted}
        at = {text: i for i, text in enumerate(wanted)}

        def repeats(text: str) -> float:
            if any(normalise(text) == normalise(one) for one in before):
                return 1.0
            mine = vectors[at[text]]
            others = [one for one in before if may_repeat(text, one)]
            pairs = ((looks[one], float(vectors[at[one]] @ mine)) for one in others)
            return max((repeated(looks[text], look, cosine) for look, cosine in pairs), default=0.0)

        def evidence(reading: Reading) -> Evidence:
            stands_there = normalise(reading.text) in view.exact
            return found[reading.text] if stands_there else reading.settled(found)

        return [replace(evidence(one), repeats=repeats(one.text)) for one in readings]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """`vector` of each of `texts`, encoded together: shape (n, d)."""
        return self._centre(self._encoder.encode([spelled_out(text) for text in texts]))

    def _learn(self, texts: Sequence[str], known: Mapping[str, NDArray[np.float32]]) -> dict[str, Learned]:
        fresh = [text for text in texts if text not in known]
        spelled = [spelled_out(text) for text in fresh]
        found = self._centre(encode_remembering(self._encoder, spelled, self._memory)) if fresh else ()
        vectors = {**known, **dict(zip(fresh, found, strict=True))}
        ids = grams([spelled_out(text) for text in texts])
        return {text: Learned(vectors[text], mine) for text, mine in zip(texts, ids, strict=True)}

    def _calibration(self, now: Snapshot) -> Calibration:
        return calibrate(now.views["public"].index, self._everyday, self._everyday_grams, self._share)

    def _behind(self, now: Snapshot) -> bool:
        return self._outdated(now) or untidy(now)

    def _outdated(self, now: Snapshot) -> bool:
        """Whether so much has changed that the thresholds are worth setting anew."""
        changed = now.changes - self._calibrated_at
        return self._calibrated_at == _NEVER or changed > _CHANGED * max(len(now.views["agents"].index), 1)

    def _catch_up_soon(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._catch_up, name="catch-up", daemon=True)
            self._thread.start()

    def _catch_up(self) -> None:
        while True:
            seen = self._now
            if untidy(seen):
                clean = tidied(seen)
                with self._refreshing:
                    self._now = carried(self._now, clean)
            else:
                fresh = self._calibration(seen)
                with self._refreshing:
                    self._calibrated_at = seen.changes
                    self._now = replace(self._now, calibration=fresh)
            with self._refreshing:
                if not self._behind(self._now):
                    self._thread = None  # inside the lock: a later change starts a new one
                    return


def _spread(vectors: NDArray[np.float32]) -> float:
    if len(vectors) < 50:
        return 0.1
    some = vectors[:300]
    return float(np.std((some @ some.T)[np.triu_indices(len(some), 1)]))


def _look_up(
    view: View, calibration: Calibration, texts: Sequence[str], vectors: NDArray[np.float32], language: str
) -> dict[str, Look]:
    ids = grams([spelled_out(text) for text in texts])
    looks = calibration.looks(view.index, vectors, ids, language)
    return dict(zip(texts, looks, strict=True))


def evidence_of(view: View, calibration: Calibration, text: str, look: Look, language: str) -> Evidence:
    """The evidence for one text by its `look`, with the head's part in it; word for word where it stands there."""
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
