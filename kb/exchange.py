"""Entries in and out of files: YAML, JSON lines, CSV. Going out and in again changes nothing."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.drafts import EntryDraft, checked
from kb.entries import change_entry, create_entry, draft_of, phrasings_by_entry, restore_entry
from kb.errors import Invalid
from kb.models import Entry

FORMATS = {".yml": "yaml", ".yaml": "yaml", ".jsonl": "jsonl", ".csv": "csv"}
_COLUMNS = ("key", "language", "topic", "audience", "question", "answer", "phrasings")
_Numbered = Iterator[tuple[int, Any]]


class BadFile(Invalid):
    """A file with mistakes in it: `errors` lists every one, each with its line."""

    def __init__(self, errors: Sequence[Invalid]) -> None:
        super().__init__("; ".join(map(str, errors)), line=None)
        self.errors = list(errors)
        self.line = errors[0].line if errors else None


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
    name = format or (FORMATS.get(source.suffix.lower()) if isinstance(source, Path) else None)
    if name not in _READERS:
        raise Invalid(f"the format is one of {', '.join(_READERS)}")
    try:
        text = source.read_bytes().decode("utf-8-sig") if isinstance(source, Path) else source
    except UnicodeDecodeError as error:
        raise Invalid("the file is not UTF-8 text") from error
    return _drafts(_READERS[name](text))


def write_entries(drafts: Sequence[EntryDraft], format: str) -> str:
    """`drafts` as text in yaml, jsonl or csv (phrasings as a JSON list in one column). Invalid otherwise."""
    rows = [{name: getattr(draft, name) for name in _COLUMNS} for draft in drafts]
    if format == "yaml":
        return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=110)
    if format == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if format != "csv":
        raise Invalid(f"the format is one of {', '.join(_READERS)}")
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"phrasings": json.dumps(row["phrasings"], ensure_ascii=False)})
    return out.getvalue()


def import_entries(session: Session, drafts: Sequence[EntryDraft], by: str) -> ImportResult:
    """Make or change entries until they are as `drafts` say; a withdrawn one in the list is restored.

    Entries that the list does not name stay. A draft without a key is the entry with the same question in its
    language when there is one, so that importing twice changes nothing the second time. Raises Invalid.
    """
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    entries = list(session.scalars(select(Entry)))
    present = {(e.key, e.language): e for e in entries}
    asked = {(e.question, e.language): e for e in entries}
    for draft in map(checked, drafts):
        by_question = asked.get((draft.question, draft.language)) if draft.key is None else None
        entry = by_question or present.get((draft.key or "", draft.language))
        if entry is None:
            entry = create_entry(session, draft, by)
            counts["created"] += 1
        else:
            counts["changed" if _bring_to(session, entry, draft, by) else "unchanged"] += 1
        present[entry.key, entry.language] = asked[entry.question, entry.language] = entry
    return ImportResult(**counts)


def export_entries(session: Session) -> list[EntryDraft]:
    """Drafts of every live entry, by key and language."""
    found = select(Entry).filter_by(status="live").order_by(col(Entry.key), col(Entry.language))
    entries = list(session.scalars(found))
    phrasings = phrasings_by_entry(session, entries)
    return [draft_of(entry, phrasings[entry.id or 0]) for entry in entries]


def _bring_to(session: Session, entry: Entry, draft: EntryDraft, by: str) -> bool:
    before = entry.revision
    if entry.status != "live":
        restore_entry(session, entry.key, entry.language, None, by)
    changes = draft.model_dump(exclude={"key", "language"})
    return change_entry(session, entry.key, entry.language, changes, None, by).revision != before


def _drafts(rows: _Numbered) -> list[EntryDraft]:
    drafts: list[EntryDraft] = []
    errors: list[Invalid] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in rows:
        try:
            if isinstance(row, Invalid):
                raise row
            draft = checked(EntryDraft.model_validate(row))
            first = seen.setdefault((draft.key or f":{line}", draft.language), line)
            if first != line:
                raise Invalid(f"{draft.key} in {draft.language} is on line {first} already")
            drafts.append(draft)
        except ValidationError as error:
            errors.extend(Invalid(_plainly(e), line=line) for e in error.errors())
        except Invalid as error:
            errors.append(error if error.line is not None else Invalid(error.message, line=line))
    if errors:
        raise BadFile(errors)
    return drafts


def _plainly(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    said = {"missing": "is missing", "extra_forbidden": "is not a field of an entry"}
    return f"{place or 'the entry'} {said.get(error['type'], 'is of the wrong kind')}"


def _yaml_rows(text: str) -> _Numbered:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return
        if not isinstance(root, yaml.SequenceNode):
            yield root.start_mark.line + 1, Invalid("the file is a list of entries")
            return
        rows = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
        yield (mark.line + 1 if mark else 1), Invalid(f"not YAML: {what}")
        return
    for node, row in zip(root.value, rows, strict=True):
        yield node.start_mark.line + 1, row


def _jsonl_rows(text: str) -> _Numbered:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, Invalid(f"not JSON: {getattr(error, 'msg', 'nested too deep')}")


def _csv_rows(text: str) -> _Numbered:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    start = 1
    try:
        start += reader.line_num if reader.fieldnames else 0
        for row in reader:
            yield start, _csv_row(row)
            start = reader.line_num + 1
    except csv.Error as error:
        yield start, Invalid(f"not CSV: {error}")


def _csv_row(row: dict[Any, Any]) -> Any:
    if None in row or None in row.values():
        return Invalid("the row has not as many columns as the header")
    fields = {name: value for name, value in row.items() if value or name in ("question", "answer")}
    phrasings = row.get("phrasings") or "[]"
    try:  # a JSON list as written here, or one phrasing a line as people write it
        listed = json.loads(phrasings) if phrasings.lstrip().startswith("[") else phrasings.split("\n")
    except ValueError:
        return Invalid("phrasings is neither a JSON list nor one phrasing a line")
    return fields | {"phrasings": listed}


_READERS = {"yaml": _yaml_rows, "jsonl": _jsonl_rows, "csv": _csv_rows}
