"""Takes secrets out of a text before it is stored, the same one always with the same placeholder.

Placeholders are typed and language-neutral: [card], [iban], [code], [pin], [email], [phone], [address], [order].
Where a text holds several of a kind they are numbered in order: [card 1], [card 2].
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator

from kb.redact_forms import RULES
from kb.redact_numbers import iban_ok, luhn
from kb.redact_places import whole
from kb.redact_rule import Rule

__all__ = ["KINDS", "PLACEHOLDER", "find", "has_placeholder", "iban_ok", "luhn", "redact"]

KINDS = ("card", "iban", "code", "pin", "email", "phone", "address", "order")
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)}|hidden)(?: \d+)?]")  # hidden: see kb.backlog.reword
_ENDS = " .,-–_/\n"
_DASHES = {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-"}


def redact(text: str) -> str:
    """`text` without card numbers, IBANs, gift-card and other codes, PINs, addresses, phone and order numbers.

    Ordinary numbers stay: sizes, prices, dates, "2 jaar garantie". Placeholders already in the text stay as they
    are, so redacting twice changes nothing. Never fails; a text in, a text out.
    """
    found = _found(text)
    numbers = _numbers(found)
    out, at = [], 0
    for start, end, kind, secret in found:
        several = sum(k == kind for k, _ in numbers) > 1
        number = f" {numbers[kind, secret]}" if several else ""
        out += [text[at:start], f"[{kind}{number}]"]
        at = end
    return "".join(out) + text[at:]


def find(text: str) -> list[tuple[int, int, str]]:
    """Where `redact` would put placeholders: start, end and kind (one of KINDS) of each, in order."""
    return [(start, end, kind) for start, end, kind, _ in _found(text)]


def has_placeholder(text: str) -> bool:
    """Whether `text` holds the mark of a secret that was taken out."""
    return PLACEHOLDER.search(text) is not None


_Found = list[tuple[int, int, str, str]]
_Cues = dict[re.Pattern[str], list[tuple[int, int]]]
_CUTS = 12  # of a found text: a card's longest chain of digits has that many too many


def _found(text: str) -> _Found:
    plain, places = _folded(text)
    taken = bytearray(len(plain))
    for match in PLACEHOLDER.finditer(plain):
        taken[match.start() : match.end()] = b"\1" * len(match.group())
    spans: list[tuple[int, int, str]] = []
    cues: _Cues = {}
    for rule in RULES:
        for start, end in _matches(rule, plain, taken, cues):
            taken[start:end] = b"\1" * (end - start)
            if rule.kind:
                spans.append((start, end, rule.kind))
    return [
        (places[start], places[end - 1] + 1, kind, re.sub(r"\W", "", plain[start:end]).casefold())
        for start, end, kind in whole(plain, sorted(spans), taken)
    ]


def _folded(text: str) -> tuple[str, list[int]]:
    """`text` as the rules read it, and where each of its characters stands: copied text has spaces that do not break,
    characters of no width and wide digits."""
    if text.isascii():
        return text, list(range(len(text)))
    plain, places = [], []
    for at, c in enumerate(text):
        if c.isascii():
            read = c
        elif unicodedata.category(c) in ("Cf", "Mn"):
            continue
        elif c.isspace():
            read = " "
        else:
            read = str(unicodedata.digit(c)) if c.isdecimal() else _DASHES.get(c, c)
        plain.append(read)
        places.append(at)
    return "".join(plain), places


def _matches(rule: Rule, text: str, taken: bytearray, cues: _Cues) -> Iterator[tuple[int, int]]:
    if rule.cue is not None and not _spots(rule.cue, text, cues):
        return
    group = "s" if "s" in rule.pattern.groupindex else 0
    at = 0
    while match := rule.pattern.search(text, at):
        start, end = match.span(group)
        span = _secret(rule, text, start, end, taken)
        if span is not None and _near(rule, text, *span, cues):
            at = max(span[1], match.start() + 1)
            yield span
        else:
            at = _next(text, match.start(), match.end())
        at = max(at, match.start() + 1)


def _next(text: str, start: int, end: int) -> int:
    """The end of the match's first word: another match may begin with the next."""
    at = start
    while at < end and text[at].isalnum():
        at += 1
    return at


def _secret(rule: Rule, text: str, start: int, end: int, taken: bytearray) -> tuple[int, int] | None:
    """The longest part from `start` that is a secret by the rule and that no earlier rule took."""
    for _ in range(_CUTS):
        if 1 not in taken[start:end] and rule.is_secret(text[start:end]):
            first = rule.widen(text, start, end) if rule.widen else start
            if first is not None:
                # What an earlier rule took of the words before it stays as it is.
                free = taken.rfind(1, first, start) + 1
                return (first if free == 0 else _word_from(text, free, start)), end
        # What follows a number may look like more of it: cut off its last group.
        while end > start and text[end - 1] not in _ENDS:
            end -= 1
        while end > start and text[end - 1] in _ENDS:
            end -= 1
        if end <= start:
            break
    return None


def _word_from(text: str, at: int, end: int) -> int:
    while at < end and not text[at].isalnum() and text[at] not in "'’":
        at += 1
    return at


def _near(rule: Rule, text: str, start: int, end: int, cues: _Cues) -> bool:
    """Whether one of the rule's cues, if it has any, stands near enough."""
    if rule.cue is None:
        return True
    spots = _spots(rule.cue, text, cues)
    at, behind = (bisect_left(spots, (place, place)) for place in (start, end))
    before = at > 0 and 0 <= start - spots[at - 1][1] <= rule.before
    return before or (behind < len(spots) and rule.after > 0 and spots[behind][0] - end <= rule.after)


def _spots(cue: re.Pattern[str], text: str, cues: _Cues) -> list[tuple[int, int]]:
    """Where the cue's words stand, looked up once in a text."""
    if cue not in cues:
        cues[cue] = [match.span() for match in cue.finditer(text)]
    return cues[cue]


def _numbers(found: _Found) -> dict[tuple[str, str], int]:
    numbers: dict[tuple[str, str], int] = {}
    for _, _, kind, secret in found:
        if (kind, secret) not in numbers:
            numbers[kind, secret] = 1 + sum(k == kind for k, _ in numbers)
    return numbers
