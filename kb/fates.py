"""What a question gets today, and what it would get with an entry that is not live yet. See `kb.whatif`."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kb.decisions import Plan
from kb.entries import new_key
from kb.evidence import Evidence
from kb.snapshot import Changes, Live


@dataclass(frozen=True)
class Asked:
    """A logged question: `group` is that of a question of the backlog, None for one that came from a conversation.

    `vector` is its stored one, half precision, if there is one; `earlier` what the customer asked before it.
    """

    id: str
    text: str
    language: str
    group: int | None = None
    earlier: tuple[str, ...] = ()
    vector: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """What a question gets: the entries that answer it, if any, and how probable the first one is."""

    entries: tuple[str, ...]
    probability: float
    verdict: str


@dataclass(frozen=True)
class Fate:
    """A question with what it gets today and what it would get."""

    asked: Asked
    before: Outcome
    after: Outcome

    @property
    def other(self) -> bool:
        """Whether it would get other entries than today."""
        return self.before.entries != self.after.entries


@dataclass(frozen=True)
class Preview:
    """What would change. `own` are the group's questions that were given; `gained` others that would now be answered;
    `changed` those answered today that would lose their entry or get another. `looked` of `total` questions are known
    by now."""

    own: tuple[Fate, ...]
    gained: tuple[Fate, ...]
    changed: tuple[Fate, ...]
    looked: int
    total: int

    @property
    def answered(self) -> int:
        """How many of the group's questions would be answered."""
        return sum(bool(fate.after.entries) for fate in self.own)


def changes_of(session: Session, plan: Plan) -> Changes:
    """What an approval of `plan` would change for the base."""
    draft, entry = plan.draft, plan.entry
    if entry is not None and entry.status != "live":
        return Changes({}, frozenset())
    key = entry.key if entry else draft.key or new_key(session, draft.question)
    number, revision = (entry.id or 0, entry.revision + 1) if entry else (-1, 1)
    texts = (draft.question, *draft.phrasings)
    live = Live(revision, key, draft.language, draft.question, draft.answer, draft.audience, texts)
    return Changes({number: live}, frozenset())


def outcome(evidence: Evidence) -> Outcome:
    """What a customer gets by this evidence: each answered part's entry, or the one of the whole."""
    parts = [part for part in evidence.parts if part.verdict == "answer" and part.entry]
    keys = [part.entry or "" for part in parts]
    if not keys and evidence.verdict == "answer" and evidence.entry:
        keys = [evidence.entry]
    return Outcome(tuple(dict.fromkeys(keys)), evidence.probability, evidence.verdict)
