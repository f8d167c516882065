"""Rows of a file as they are checked: a draft, which of its fields the file names, and where it stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kb.drafts import CHANGEABLE, EntryDraft, checked
from kb.errors import Invalid

MOST = 50_000  # rows of a file; a shop's FAQ has hundreds, and a plan is held in memory
STATUSES = ("live", "withdrawn")
_TOLD = 20  # mistakes that one sentence names


class BadFile(Invalid):
    """A file with mistakes in it: `errors` lists every one, each with its line."""

    def __init__(self, errors: Sequence[Invalid]) -> None:
        more = [f"and {len(errors) - _TOLD:,} more"] if len(errors) > _TOLD else []
        super().__init__("; ".join([*map(str, errors[:_TOLD]), *more]), line=None)
        self.errors = list(errors)
        self.line = errors[0].line if errors else None


@dataclass(frozen=True)
class Row:
    """What a file says of one entry.

    `named` are the changeable fields that the file gives: the others of an entry that is there already stay as they
    are. `line` counts from 1 (0: not from lines). `doubt` says in a word why the row is left out unless somebody
    wants it (see `kb.from_html`); empty for one that nobody doubts.
    """

    draft: EntryDraft
    named: frozenset[str] = frozenset(CHANGEABLE)
    line: int = 0
    status: str = "live"
    doubt: str = ""

    def as_list(self) -> list[Any]:
        """The row as plain JSON, for `Row.of`."""
        return [self.draft.model_dump(), sorted(self.named), self.line, self.status, self.doubt]

    @classmethod
    def of(cls, kept: list[Any]) -> "Row":
        """The row that `as_list` gave."""
        draft, named, line, status, doubt = kept
        return cls(EntryDraft(**draft), frozenset(named), line, status, doubt)


def rows_of(found: Iterable[tuple[int, Any]], language: str) -> list[Row]:
    """Rows of what a reader gave: pairs of a line and a mapping (or the mistake there). BadFile with every mistake.

    `language` is that of rows that name none.
    """
    rows: list[Row] = []
    errors: list[Invalid] = []
    seen: dict[tuple[str, str], int] = {}
    for line, fields in found:
        try:
            row = _row(line, fields, language)
            first = seen.setdefault((row.draft.key or f":{line}", row.draft.language), line)
            if first != line:
                raise Invalid(f"{row.draft.key} in {row.draft.language} is on line {first} already")
            rows.append(row)
        except ValidationError as error:
            errors.extend(Invalid(_plainly(e), line=line) for e in error.errors())
        except Invalid as error:
            errors.append(error if error.line is not None else Invalid(error.message, line=line))
        if len(rows) > MOST:
            raise BadFile([Invalid(f"there are more than {MOST:,} entries; split the file", line=line)])
    if errors:
        raise BadFile(errors)
    return rows


def _row(line: int, fields: Any, language: str) -> Row:
    if isinstance(fields, Invalid):
        raise fields
    status = "live"
    if isinstance(fields, dict):
        fields = {"language": language} | fields
        status = fields.pop("status", status)
    if status not in STATUSES:
        raise Invalid(f"the status is {' or '.join(STATUSES)}")
    draft = EntryDraft.model_validate(fields)
    return Row(checked(draft), frozenset(CHANGEABLE) & draft.model_fields_set, line, status)


def _plainly(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    said = {"missing": "is missing", "extra_forbidden": "is not a field of an entry"}
    return f"{place or 'the entry'} {said.get(error['type'], 'is of the wrong kind')}"
