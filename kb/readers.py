"""Readers of entries' files: YAML, JSON lines, CSV. Each gives pairs of a line and what stands there, or a mistake."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from kb.errors import Invalid

COLUMNS = ("key", "language", "topic", "audience", "question", "answer", "phrasings")
Numbered = Iterator[tuple[int, Any]]
_DEEPEST = 20  # levels of a YAML file: an entry has three, and libyaml goes on until the process dies
# What people call the columns of a sheet of their own.
_ALSO = {
    "sleutel": "key",
    "taal": "language",
    "onderwerp": "topic",
    "categorie": "topic",
    "category": "topic",
    "doelgroep": "audience",
    "vraag": "question",
    "antwoord": "answer",
    "formuleringen": "phrasings",
}
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), apostrophes before it or not.
_FORMULA = re.compile("'*[=+\\-@\t\r＝＋－＠]")


def harmless(cell: str) -> str:
    """A cell of a table as it is written: an apostrophe before what a spreadsheet would calculate."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_meant(cell: str) -> str:
    """A cell as `harmless` was given it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def yaml_rows(text: str) -> Numbered:
    """The entries of a YAML list."""
    try:
        _check_depth(text)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return
        if not isinstance(root, yaml.SequenceNode):
            yield root.start_mark.line + 1, Invalid("the file is a list of entries")
            return
        rows = loader.construct_document(root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
        last = text.count("\n") + 1  # libyaml tells a line more of a file that ends too soon
        yield (min(mark.line + 1, last) if mark else 1), Invalid(f"not YAML: {what}")
        return
    for node, row in zip(root.value, rows, strict=True):
        yield node.start_mark.line + 1, row


def jsonl_rows(text: str) -> Numbered:
    """The entries of JSON lines."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, Invalid(f"not JSON: {getattr(error, 'msg', 'nested too deep')}")


def csv_rows(text: str) -> Numbered:
    """The entries of a table with a header. Columns are apart by comma, semicolon (as Excel has it) or tab."""
    reader = csv.DictReader(io.StringIO(text), strict=True, delimiter=_delimiter(text))
    start = 1
    try:
        names = list(reader.fieldnames or ())
        if not names:
            return
        reader.fieldnames = [_column(name) for name in names]
        if wrong := _header_errors(reader.fieldnames, names):
            yield from ((1, error) for error in wrong)
            return
        start += reader.line_num
        for row in reader:
            if any(value != "" for value in row.values()):  # Excel leaves rows of nothing at the end
                yield start, _csv_row(row)
            start = reader.line_num + 1
    except csv.Error as error:
        yield start, Invalid(f"not CSV: {error}")


READERS: Mapping[str, Callable[[str], Numbered]] = {"yaml": yaml_rows, "jsonl": jsonl_rows, "csv": csv_rows}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # eight times as fast, where libyaml is there


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem="nested too deep", problem_mark=mark)


def _delimiter(text: str) -> str:
    header = text.lstrip("\ufeff").split("\n", 1)[0]
    return max(",;\t", key=lambda mark: sum(_column(name) in COLUMNS for name in header.split(mark)))


def _column(name: str) -> str:
    plain = name.strip().strip('"').lower()
    return _ALSO.get(plain, plain)


def _header_errors(columns: list[str], named: list[str]) -> list[Invalid]:
    known = {*COLUMNS, "status"}
    unknown = [name.strip() for name, column in zip(named, columns, strict=True) if column not in known]
    wrong = [f"{name or 'a column without a name'} is not a field of an entry" for name in unknown]
    wrong += [f"the column {name} is missing" for name in ("question", "answer") if name not in columns]
    wrong += [f"the column {name} is there twice" for name in sorted(known) if columns.count(name) > 1]
    return [Invalid(message) for message in wrong]


def _csv_row(row: dict[Any, Any]) -> Any:
    if None in row or None in row.values():
        return Invalid("the row has not as many columns as the header")
    row = {name: _as_meant(value) for name, value in row.items()}
    # An empty cell names no key, language, audience or status, since there are none that are empty.
    fields = {name: value for name, value in row.items() if value or name in ("question", "answer", "topic")}
    if "phrasings" not in row:
        return fields
    phrasings = row["phrasings"]
    try:  # a JSON list as written here, or one phrasing a line as people write it
        listed = json.loads(phrasings) if phrasings.lstrip().startswith("[") else phrasings.split("\n")
    except (ValueError, RecursionError):
        return Invalid("phrasings is neither a JSON list nor one phrasing a line")
    return fields | {"phrasings": listed}
