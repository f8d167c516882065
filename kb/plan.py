"""What an import would do to the entries, worked out and not written: shown before, and done exactly so."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.drafts import EntryDraft, distinct, problems, slug
from kb.entries import draft_of, phrasings_by_entry
from kb.errors import Invalid
from kb.models import Entry
from kb.rows import BadFile, Row
from kb.text import normalise

Kind = Literal["created", "changed", "restored", "withdrawn", "unchanged"]
KINDS: tuple[Kind, ...] = ("created", "changed", "restored", "withdrawn", "unchanged")
Snapshot = dict[str, Any]  # as `EntryRevision.snapshot`: the draft's fields, and the status


@dataclass(frozen=True)
class Choices:
    """What an editor chooses for an import.

    `phrasings` of an entry that is there already are replaced by the file's, or the file's are added. `withdraw` takes
    out of service what the file does not name, of the languages and audiences that it has. `out` are numbers of rows
    (from 0) that are left out.
    """

    phrasings: Literal["replace", "add"] = "replace"
    withdraw: bool = False
    out: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Step:
    """What happens to one entry. `before` is None for a new one, `number` the row's (None: the file does not name it).

    `revision` is what the entry is at. `twin` is the key of another live entry with the same question, or "".
    """

    kind: Kind
    before: Snapshot | None
    after: Snapshot
    number: int | None = None
    entry_id: int | None = None
    revision: int = 0
    twin: str = ""


@dataclass(frozen=True)
class Plan:
    """Every step, in the file's order, then what is withdrawn. `rest` counts live entries that the file does not name,
    of its languages and audiences, `out` the rows that are left out."""

    steps: list[Step]
    rest: int
    out: int

    @property
    def counts(self) -> Counter[str]:
        """How many entries each kind has."""
        return Counter(step.kind for step in self.steps)

    @property
    def changes(self) -> list[Step]:
        """The steps that do something."""
        return [step for step in self.steps if step.kind != "unchanged"]

    @property
    def fingerprint(self) -> str:
        """The same for the same changes of the same entries at the same revisions, and for nothing else."""
        done = [[step.kind, step.entry_id, step.revision, step.after] for step in self.changes]
        return hashlib.sha256(json.dumps(done, sort_keys=True).encode()).hexdigest()[:32]


def planned(session: Session, rows: Sequence[Row], choices: Choices) -> Plan:
    """What importing `rows` would do now. Writes nothing. BadFile with every row that cannot be.

    A row is the entry with its key and language. Without a key it is the one with the same question, live ones first.
    Fields that a row does not name stay as they are.
    """
    known = _Known.of(session)
    steps: list[Step] = []
    errors: list[Invalid] = []
    named: dict[tuple[str, str], tuple[Row, Snapshot]] = {}
    for number, row in enumerate(rows):
        if number in choices.out:
            continue
        try:
            step = _step(known, row, choices, number)
            place = step.after["key"], step.after["language"]
            first, before = named.setdefault(place, (row, step.after))
            if first is row:
                steps.append(step)
                known.learn(step)
            elif before != step.after:
                raise Invalid(f"this question is on line {first.line} already, with something else", line=row.line)
        except Invalid as error:
            errors.append(error if error.line is not None else Invalid(error.message, line=row.line or None))
    if errors:
        raise BadFile(errors)
    rest = _rest(known, rows, named)
    gone = [_withdrawn(known, entry) for entry in rest] if choices.withdraw else []
    return Plan([*_with_twins(known, steps), *gone], len(rest), len(choices.out))


@dataclass
class _Known:
    """The entries as they are, and as the steps so far leave them."""

    entries: dict[tuple[str, str], Entry]
    phrasings: dict[int, list[str]]
    keys: set[str]
    asked: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)  # question and language -> keys
    numbers: dict[str, int] = field(default_factory=dict)  # that keys of the same beginning have got to

    @classmethod
    def of(cls, session: Session) -> "_Known":
        live_first = (col(Entry.status), col(Entry.key), col(Entry.language))
        entries = list(session.scalars(select(Entry).order_by(*live_first)))
        places = {(entry.key, entry.language): entry for entry in entries}
        known = cls(places, phrasings_by_entry(session, entries), {entry.key for entry in entries})
        for entry in entries:
            known.add(entry.question, entry.key, entry.language)
        return known

    def add(self, question: str, key: str, language: str) -> None:
        self.asked.setdefault((normalise(question), language), {})[key] = None

    def learn(self, step: Step) -> None:
        self.keys.add(step.after["key"])
        self.add(step.after["question"], step.after["key"], step.after["language"])

    def key_for(self, draft: EntryDraft) -> str:
        """The key of the entry that a draft is about, or a free one."""
        if draft.key is not None:
            return draft.key
        same = self.asked.get((normalise(draft.question), draft.language))
        return next(iter(same)) if same else self.free_key(slug(draft.question))

    def free_key(self, base: str) -> str:
        key, number = base, self.numbers.get(base, 1)
        while key in self.keys:
            number += 1
            key = f"{base}-{number}"
        self.numbers[base] = max(1, number - 1)
        return key

    def draft(self, entry: Entry) -> EntryDraft:
        return draft_of(entry, self.phrasings[entry.id or 0])


def _step(known: _Known, row: Row, choices: Choices, number: int) -> Step:
    key = known.key_for(row.draft)
    entry = known.entries.get((key, row.draft.language))
    if entry is None:
        after = row.draft.model_copy(update={"key": key}).model_dump() | {"status": row.status}
        return Step("created", None, after, number)
    present = known.draft(entry)
    wanted = _wanted(present, row, choices)
    before, after = present.model_dump() | {"status": entry.status}, wanted.model_dump() | {"status": row.status}
    return Step(kind_of(before, after), before, after, number, entry.id, entry.revision)


def _wanted(present: EntryDraft, row: Row, choices: Choices) -> EntryDraft:
    fields = {name: getattr(row.draft, name) for name in row.named}
    if "phrasings" in fields and choices.phrasings == "add":
        fields["phrasings"] = [*present.phrasings, *fields["phrasings"]]
    wanted = present.model_copy(update=fields)
    if "phrasings" in fields or "question" in fields:
        wanted.phrasings = distinct(wanted.phrasings, beside=wanted.question)
    for problem in problems(wanted):
        raise Invalid(problem)
    return wanted


def kind_of(before: Snapshot | None, after: Snapshot) -> Kind:
    """What happens to an entry that was `before` (None: that was not) and becomes `after`."""
    if before is None:
        return "created"
    if before == after:
        return "unchanged"
    if before["status"] == after["status"]:
        return "changed"
    return "restored" if after["status"] == "live" else "withdrawn"


def _rest(known: _Known, rows: Sequence[Row], named: Iterable[tuple[str, str]]) -> list[Entry]:
    """Live entries that the file does not name. What is left out was named all the same: it is to stay."""
    places = {*named, *((known.key_for(row.draft), row.draft.language) for row in rows)}
    theirs = {(row.draft.language, row.draft.audience) for row in rows}
    found = [entry for place, entry in known.entries.items() if entry.status == "live" and place not in places]
    return [entry for entry in found if (entry.language, entry.audience) in theirs]


def _with_twins(known: _Known, steps: Sequence[Step]) -> list[Step]:
    """The steps, those marked that bring a question which another live entry has."""
    touched = {(step.after["key"], step.after["language"]) for step in steps}
    asked: dict[tuple[str, str], set[str]] = {}
    for (key, language), entry in known.entries.items():
        if entry.status == "live" and (key, language) not in touched:
            asked.setdefault((normalise(entry.question), language), set()).add(key)
    for step in steps:
        if step.after["status"] == "live":
            asked.setdefault(_asked(step.after), set()).add(step.after["key"])
    first = {question: nsmallest(2, keys) for question, keys in asked.items()}  # of two, one is another than its own
    return [replace(step, twin=next((key for key in first[_asked(step.after)] if key != step.after["key"]), ""))
            if _brings(step) else step for step in steps]  # fmt: skip


def _asked(snapshot: Snapshot) -> tuple[str, str]:
    return normalise(snapshot["question"]), snapshot["language"]


def _brings(step: Step) -> bool:
    """Whether a question is asked that was not asked before."""
    before = step.before if step.before and step.before["status"] == "live" else None
    return step.after["status"] == "live" and (before is None or _asked(before) != _asked(step.after))


def _withdrawn(known: _Known, entry: Entry) -> Step:
    fields = known.draft(entry).model_dump()
    before, after = fields | {"status": entry.status}, fields | {"status": "withdrawn"}
    return Step("withdrawn", before, after, None, entry.id, entry.revision)
