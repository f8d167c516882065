"""What changed between two revisions of an entry, word by word, and side by side."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Part = tuple[str, str]  # how ("same", "gone" or "new") and the text
FIELDS = ("question", "answer", "phrasings", "topic", "audience", "status")
_WORDS = re.compile(r"\s+|\S+")
_PAIRS = 20_000  # of equal words in two texts; the longest answer has about 15,000, and worse would take seconds
_ALIKE = 0.4  # share of words that two lines must share to stand beside each other as one line that changed
_NEAR = 20  # lines that are looked at for one that is like another
_KEPT = 1  # lines that stayed and are shown around those that changed


@dataclass(frozen=True)
class Row:
    """A line before and after, in parts. `folded` lines that stayed are left out where it is more than 0."""

    before: tuple[Part, ...] = ()
    after: tuple[Part, ...] = ()
    folded: int = 0

    @property
    def stayed(self) -> bool:
        """Whether the line is the same before and after."""
        return self.before == self.after


@dataclass(frozen=True)
class Difference:
    """A field that differs: both texts as one in `parts`, and line beside line in `rows`."""

    field: str
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """The fields in which two snapshots of an entry differ, in the order of FIELDS."""
    texts = [(name, _text(before.get(name)), _text(after.get(name))) for name in FIELDS]
    return [Difference(name, word_parts(a, b), side_by_side(a, b)) for name, a, b in texts if a != b]


def _text(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")


def word_parts(before: str, after: str) -> tuple[Part, ...]:
    """Both texts as one, in parts that stayed, went and came; whole texts where words repeat too often to compare."""
    a, b = _WORDS.findall(before), _WORDS.findall(after)
    if not _comparable(a, b):
        return _whole("gone", before) + _whole("new", after)
    parts: list[Part] = []
    # Spaces alone are no match to begin with: else every text would share something with every other.
    for how, a1, a2, b1, b2 in SequenceMatcher(str.isspace, a, b, autojunk=False).get_opcodes():
        gone, new = "".join(a[a1:a2]), "".join(b[b1:b2])
        parts += _whole("same", new) if how == "equal" else _whole("gone", gone) + _whole("new", new)
    return tuple(parts)


def side_by_side(before: str, after: str) -> tuple[Row, ...]:
    """Line beside line, those that changed with what went and came in them; long stretches that stayed are folded."""
    a, b = before.splitlines(), after.splitlines()
    rows: list[Row] = []
    if not _comparable(a, b):
        return tuple(_pairs(a, b))
    for how, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if how == "equal":
            rows += [Row(_whole("same", line), _whole("same", line)) for line in b[b1:b2]]
        else:
            rows += _pairs(a[a1:a2], b[b1:b2])
    return tuple(_folded(rows))


def _comparable(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether `difflib` is quick with these: it looks at every pair of equal words again and again."""
    counts = Counter(b)
    return sum(counts[word] for word in a if not word.isspace()) <= _PAIRS


def _whole(how: str, text: str) -> tuple[Part, ...]:
    return ((how, text),) if text else ()


def _pairs(gone: Sequence[str], came: Sequence[str]) -> list[Row]:
    """Lines that went beside those that came in their place: each beside the next one that is like it."""
    rows: list[Row] = []
    words = [_counted(line) for line in came]
    least = 0.2 if len(gone) == len(came) == 1 else _ALIKE  # a line alone in its place is most likely the other one
    done = 0
    for line in gone:
        mine = _counted(line)
        near = range(done, min(done + _NEAR, len(came)))
        at = next((n for n in near if _alike(mine, words[n], least)), None)
        if at is None:
            rows.append(Row(before=_whole("gone", line)))
            continue
        rows += [Row(after=_whole("new", other)) for other in came[done:at]]
        parts = word_parts(line, came[at]) if line != came[at] else _whole("same", line)
        rows.append(Row(tuple(p for p in parts if p[0] != "new"), tuple(p for p in parts if p[0] != "gone")))
        done = at + 1
    rows += [Row(after=_whole("new", other)) for other in came[done:]]
    return [row for row in rows if row.before or row.after]


def _counted(line: str) -> Counter[str]:
    return Counter(word for word in _WORDS.findall(line) if not word.isspace())


def _alike(words: Counter[str], others: Counter[str], least: float) -> bool:
    """Whether two lines share so many of their words (`least`, a share) that one is the other, changed."""
    if not words or not others:
        return False
    return 2 * (words & others).total() >= least * (words.total() + others.total())


def _folded(rows: list[Row]) -> list[Row]:
    """The rows, with those that stayed and have nothing that changed near them folded into one."""
    changed = [n for n, row in enumerate(rows) if not row.stayed]
    near = {n + d for n in changed for d in range(-_KEPT, _KEPT + 1)}
    found: list[Row] = []
    for n, row in enumerate(rows):
        if n in near:
            found.append(row)
        elif found and found[-1].folded:
            found[-1] = Row(folded=found[-1].folded + 1)
        else:
            found.append(Row(folded=1))
    return found
