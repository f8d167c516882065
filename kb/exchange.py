"""Entries in and out of files: YAML, JSON lines, CSV. Going out and in again changes nothing."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.bulk import write_steps
from kb.drafts import EntryDraft, checked
from kb.encodings import text_of
from kb.entries import bump, draft_of, phrasings_by_entry
from kb.errors import Invalid
from kb.models import Entry
from kb.plan import Choices, planned
from kb.readers import COLUMNS, READERS, harmless
from kb.rows import BadFile as BadFile  # what `read_rows` raises is asked for here as well
from kb.rows import Row, rows_of

FORMATS = {".yml": "yaml", ".yaml": "yaml", ".jsonl": "jsonl", ".csv": "csv"}
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True)
class ImportResult:
    """How many entries an import made, changed, and left as they were."""

    created: int
    changed: int
    unchanged: int


def read_entries(source: Path | str, format: str | None = None) -> list[EntryDraft]:
    """The drafts in a file (Path; the format by its ending unless given) or in a text (`format` needed).

    `format` is yaml, jsonl or csv. Raises BadFile with every mistake and its line, Invalid for an unknown
    format or a text that is not UTF-8, OSError when the file cannot be read.
    """
    name = format or (FORMATS.get(source.suffix.lower(), "") if isinstance(source, Path) else "")
    _check_format(name)
    return [row.draft for row in read_rows(source.read_bytes() if isinstance(source, Path) else source, name)]


def read_rows(source: bytes | str, format: str, language: str = "nl") -> list[Row]:
    """The rows in a file's content; `language` is that of rows that name none. Raises as `read_entries` does."""
    _check_format(format)
    text = text_of(source, format)[0] if isinstance(source, bytes) else source
    return rows_of(READERS[format](text), language)


def write_entries(drafts: Sequence[EntryDraft], format: str) -> str:
    """`drafts` as text in yaml, jsonl or csv (phrasings as a JSON list in one column). Invalid otherwise."""
    return write_rows([Row(draft) for draft in drafts], format)


def write_rows(rows: Sequence[Row], format: str, delimiter: str = ",") -> str:
    """As `write_entries`; the status is written too where one of the rows is withdrawn.

    Columns are apart by `delimiter`. A cell that a spreadsheet would take for a formula begins with an apostrophe,
    which `read_rows` takes away.
    """
    _check_format(format)
    with_status = any(row.status != "live" for row in rows)
    names = [*COLUMNS, "status"] if with_status else list(COLUMNS)
    fields = [{name: getattr(row if name == "status" else row.draft, name) for name in names} for row in rows]
    if format == "yaml":
        return str(yaml.dump(fields, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110))
    if format == "jsonl":
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in fields)
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n", delimiter=delimiter)
    writer.writeheader()
    for one in fields:
        plain = one | {"phrasings": json.dumps(one["phrasings"], ensure_ascii=False)}
        writer.writerow({name: harmless(value or "") for name, value in plain.items()})
    return out.getvalue()


def import_entries(session: Session, drafts: Sequence[EntryDraft], by: str) -> ImportResult:
    """Make or change entries until they are as `drafts` say; a withdrawn one in the list is restored.

    Entries that the list does not name stay. A draft without a key is the entry with the same question in its
    language when there is one, so that importing twice changes nothing the second time. Raises Invalid.

    For what comes in without anybody looking; `kb.imports` shows first, and can undo.
    """
    bump(session)
    plan = planned(session, [Row(checked(draft)) for draft in drafts], Choices())
    write_steps(session, plan.steps, by, "imported")
    kinds = plan.counts
    return ImportResult(kinds["created"], kinds["changed"] + kinds["restored"], kinds["unchanged"])


def export_entries(session: Session) -> list[EntryDraft]:
    """Drafts of every live entry, by key and language."""
    return [row.draft for row in export_rows(session)]


def export_rows(session: Session, *, withdrawn: bool = False, agents: bool = True) -> list[Row]:
    """Every live entry by key and language; the `withdrawn` too, and those for `agents` only, where wanted."""
    found = select(Entry).order_by(col(Entry.key), col(Entry.language))
    if not withdrawn:
        found = found.filter_by(status="live")
    if not agents:
        found = found.filter_by(audience="public")
    entries = list(session.scalars(found))
    phrasings = phrasings_by_entry(session, entries)
    return [Row(draft_of(entry, phrasings[entry.id or 0]), status=entry.status) for entry in entries]


def _check_format(format: str) -> None:
    if format not in READERS:
        raise Invalid(f"the format is one of {', '.join(READERS)}")
