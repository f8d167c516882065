"""Imports that an editor looks at first: a file is kept, shown as a plan, carried out as shown, and can be undone."""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.bulk import write_steps
from kb.encodings import text_of
from kb.entries import bump, revision
from kb.errors import Invalid, NotFound, Stale
from kb.exchange import FORMATS, read_rows
from kb.from_html import Languages, read_page
from kb.models import Entry, EntryRevision, FaqImport, now
from kb.plan import Choices, Kind, Plan, Step, kind_of, planned
from kb.rows import Row

ENDINGS = {**FORMATS, ".html": "html", ".htm": "html", ".xhtml": "html"}
KEPT = timedelta(days=1)  # that a preview waits to be confirmed
PREVIEWED, DONE, UNDONE = "previewed", "done", "undone"
_CLASH = 100  # entries that a refusal names


@dataclass(frozen=True)
class FileRead:
    """What a file holds: its rows, its format, and how they were found (see `kb.from_html.PageRead.as_dict`); of
    another file than a page only its encoding."""

    rows: list[Row]
    format: str
    found: dict[str, Any] | None = None

    @property
    def doubted(self) -> frozenset[int]:
        """Numbers of the rows that are left out unless somebody wants them."""
        return frozenset(number for number, row in enumerate(self.rows) if row.doubt)


class ChangedSince(Stale):
    """An import cannot be undone: `entries` (key, language, question) were changed after it."""

    def __init__(self, entries: Sequence[tuple[str, str, str]]) -> None:
        named = ", ".join(f"{key} ({language})" for key, language, _ in entries[:5])
        super().__init__(f"changed since, so this import cannot be undone: {named}")
        self.entries = list(entries)


def read_file(name: str, content: bytes, languages: Languages) -> FileRead:
    """What the file called `name` holds; its ending says the format.

    BadFile with every mistake, Invalid for another ending and for a file without entries.
    """
    ending = "." + name.rpartition(".")[2].lower() if "." in name else ""
    format = ENDINGS.get(ending)
    if format is None:
        raise Invalid(f"the format is one of {', '.join(ENDINGS)}, by the end of the file's name")
    if format == "html":
        page = read_page(content, languages)
        return FileRead(page.rows, format, page.as_dict())
    text, encoding = text_of(content, format)
    read = FileRead(read_rows(text, format, languages.chosen or languages.default), format, {"encoding": encoding})
    if not read.rows:
        raise Invalid("the file holds no entries")
    return read


def keep(session: Session, file: str, read: FileRead, by: str) -> FaqImport:
    """Store what a file holds, to be looked at; what nobody confirmed within a day is thrown away."""
    old = (col(FaqImport.status) == PREVIEWED, col(FaqImport.at) < now() - KEPT)
    session.execute(delete(FaqImport).where(*old))
    packed = zlib.compress(json.dumps([row.as_list() for row in read.rows]).encode())
    kept = FaqImport(file=file[-200:], format=read.format, by=by, rows=packed, found=read.found)
    session.add(kept)
    session.flush()
    return kept


def get(session: Session, number: int) -> FaqImport:
    """The import with this number. NotFound, also when its preview was thrown away."""
    found = session.get(FaqImport, number)
    if found is None:
        raise NotFound("there is no such import; the file may be offered again")
    return found


def recent(session: Session, limit: int = 20) -> list[FaqImport]:
    """The imports that were carried out, newest first, whether undone or not."""
    done = select(FaqImport).where(col(FaqImport.status) != PREVIEWED)
    return list(session.scalars(done.order_by(col(FaqImport.id).desc()).limit(limit)))


def read_of(kept: FaqImport) -> FileRead:
    """What the file of an import held. Invalid once it was carried out."""
    if kept.rows is None:
        raise Invalid("this import was carried out already")
    rows = [Row.of(row) for row in json.loads(zlib.decompress(kept.rows))]
    return FileRead(rows, kept.format, kept.found)


def choices_of(kept: FaqImport, read: FileRead) -> Choices:
    """What was chosen for an import so far: to begin with, doubted rows are left out."""
    chosen = (kept.found or {}).get("choices")
    if chosen is None:
        return Choices(out=read.doubted)
    return Choices(chosen["phrasings"], chosen["withdraw"], frozenset(chosen["out"]))


def choose(session: Session, number: int, change: Callable[[Choices], Choices]) -> FaqImport:
    """Keep other choices for an import. NotFound; Invalid for a row that is not there, and once it was carried out."""
    kept = get(session, number)
    session.refresh(kept, with_for_update=True)
    read = read_of(kept)
    chosen = change(choices_of(kept, read))
    if not chosen.out <= set(range(len(read.rows))):
        raise Invalid("the file has no such row")
    named = {"phrasings": chosen.phrasings, "withdraw": chosen.withdraw, "out": sorted(chosen.out)}
    kept.found = (kept.found or {}) | {"choices": named}
    session.flush()
    return kept


def preview(session: Session, number: int, choices: Choices) -> Plan:
    """What the import would do now. NotFound, BadFile, Invalid once it was carried out."""
    return planned(session, read_of(get(session, number)).rows, choices)


def confirm(session: Session, number: int, choices: Choices, fingerprint: str, by: str) -> FaqImport:
    """Carry the import out, all of it, exactly as the plan with this fingerprint says. A second time is the first.

    Stale when the entries changed so that something else would happen now; nothing is written then.
    """
    bump(session)
    kept = get(session, number)
    if kept.status != PREVIEWED:
        return kept
    plan = planned(session, read_of(kept).rows, choices)
    if plan.fingerprint != fingerprint:
        raise Stale("the entries changed meanwhile: look at what would change now")
    write_steps(session, plan.steps, by, revision_name(number))
    kept.status, kept.rows, kept.by, kept.at = DONE, None, by, now()
    kept.counts, kept.revision = dict(plan.counts), revision(session)
    session.flush()
    return kept


def undo(session: Session, number: int, by: str) -> FaqImport:
    """Make every entry that the import touched what it was, and withdraw what it made. A second time is the first.

    ChangedSince when somebody changed one of them after it, Invalid for a preview; nothing is written then.
    """
    bump(session)
    kept = get(session, number)
    if kept.status == PREVIEWED:
        raise Invalid("this import was not carried out")
    if kept.status == UNDONE:
        return kept
    made = _made(session, number)
    clash = [(e.key, e.language, e.question) for e, one in made if e.revision != one.revision]
    if clash:
        raise ChangedSince(clash[:_CLASH])
    write_steps(session, _back(session, number, made), by, _undone_name)
    kept.status, kept.undone_by, kept.undone_at, kept.revision = UNDONE, by, now(), revision(session)
    session.flush()
    return kept


def steps_of(session: Session, number: int) -> list[Step]:
    """What an import that was carried out did, by key and language."""
    made = _made(session, number)
    back = {step.entry_id: step.after for step in _back(session, number, made)}
    steps: list[Step] = []
    for entry, one in made:
        was = back[entry.id] if one.revision > 1 else None
        steps.append(Step(kind_of(was, one.snapshot), was, one.snapshot, None, entry.id, entry.revision))
    return steps


def revision_name(number: int) -> str:
    """What the revisions that an import makes are called: `EntryRevision.what`."""
    return f"imported {number}"


def _made(session: Session, number: int) -> list[tuple[Entry, EntryRevision]]:
    both = select(Entry, EntryRevision).join(EntryRevision, col(EntryRevision.entry_id) == col(Entry.id))
    found = both.where(col(EntryRevision.what) == revision_name(number)).order_by(col(Entry.key), col(Entry.language))
    return [(entry, made) for entry, made in session.execute(found)]


def _back(session: Session, number: int, made: Sequence[tuple[Entry, EntryRevision]]) -> list[Step]:
    """The steps that lead back to the revisions before."""
    after = select(col(EntryRevision.entry_id), col(EntryRevision.revision)).filter_by(what=revision_name(number))
    imported = after.subquery()
    earlier = select(EntryRevision).join(imported, col(EntryRevision.entry_id) == imported.c.entry_id)
    rows = session.scalars(earlier.where(col(EntryRevision.revision) == imported.c.revision - 1))
    before = {row.entry_id: row.snapshot for row in rows}
    steps = []
    for entry, one in made:
        was = before.get(one.entry_id) or one.snapshot | {"status": "withdrawn"}
        kind: Kind = "unchanged" if was == one.snapshot else "changed"
        steps.append(Step(kind, one.snapshot, was, None, entry.id, entry.revision))
    return steps


def _undone_name(step: Step) -> str:
    """A new entry is withdrawn; another goes back to what it was before."""
    return "withdrawn" if step.revision == 1 else f"reverted to {step.revision - 1}"
