"""What belongs to an address that was found: the house's name or town before it, the flat, town and county behind."""

import re

from kb.redact_european import POSTCODE_BEHIND
from kb.redact_towns import STATE, town_at
from kb.redact_words import BRAND, COUNTED, HOUSE_NAME, MONTH, NO_PLACE, UNIT

Span = tuple[int, int, str]
_VERBS = frozenset("postcode is rejecting refusing entering using typed typing covered like code".split())
_LINKS = frozenset("aan den de der het op bij en la le les upon on under in by of the and sur du lez".split())
_NO_PLACE_HERE = NO_PLACE - COUNTED
_NO_PLACE_AFTER = _NO_PLACE_HERE - _LINKS - {"old", "new"}
_FIRST = frozenset("the de den het ter ten st sint la le new old great upper lower".split())
_COMMA = re.compile(r"[ \t]?,[ \t]{0,2}\n?[ \t]?|[ \t]{1,2}[-–][ \t]{1,2}")
_LINE = re.compile(r"[ \t]?\n{1,2}[ \t]?")
_IN = re.compile(r"[ \t](?:in|te)[ \t]", re.IGNORECASE)
_SPACE = re.compile(r"[ \t]{1,2}")
_UNIT = re.compile(
    r"(?i),?[ \t\n](?:(?:apt|apartment|suite|ste|unit|flat|bldg|room)\b\.?\s?#?|#\s?)[a-z]?\d{1,5}[a-z]?\b|"
    r"[\s,]{1,3}[a-z]\d[\dw]\s?[ac-fhknprtv-y\d]{4}\b|"
    rf"[\s,]{{1,3}}(?:[a-z'’.]{{2,15}}[ ,]{{1,2}}){{1,3}}(?:{STATE}),?\s\d{{5}}(?:-\d{{4}})?(?!\d)|"
    rf",?[ \t](?:{STATE}),?\s\d{{5}}(?:-\d{{4}})?(?!\d)|"
    # a Dutch postcode behind a town, also one that ends like a measure: Den Burg 1734 pk
    r"[\s,]{1,3}[1-9]\d{3}\s{0,2}(?!en|is|of|in|op|de|te|we|ik|om|al|x)[a-z]{2}\b|"
    r" (?-i:NV|SV|SØ|[NSVØKC])(?![\w'’.])|"  # a district: København V
    # a floor: 2. th, 2º B, 3b
    r",?\s\d{1,2}(?:\.\s?(?:th|tv|mf|sal)\b|\s?[ºª°]\s?[a-z]?\b|\s?[a-d](?=,\s))"
)
_CAPITALS = re.compile(
    r"['’]?[A-ZÀ-Þ][\w'’-]{1,30}\.?(?:[ \t](?:(?:aan|den|de|der|op|bij|upon|on|under|of|le|la|sur|the)[ \t]){0,2}"
    r"[A-ZÀ-Þ][\w'’-]{1,30}){0,3}(?:[ \t]\d{1,2}\b(?![.,:]\d))?"
)
_ONWARD = re.compile(
    r"(?i:[ \t](?:aan|upon|on|op|bij|under|en|le)[ \t](?:(?:de|den|het|the)[ \t])?)(?:[A-Z][\w'’-]+|(?:zee|zoom"
    r"|rijn|maas)\b)"
)
_SMALL = re.compile(r"['’]?[^\W\d_][\w'’-]{1,30}")
_BETWEEN = re.compile(r"[\s,.()–-]{1,4}(?:(?:in|te|at|postcode|of)[ \t])?[(]?", re.IGNORECASE)
_ENDS_WITH_POSTCODE = re.compile(r"\d{4}\s{0,2}[A-Za-z]{2}$|[\s,(-]\d{4,5}$|\d{3} \d\d$|\d\d-\d{3}$|\d{4}-\d{3}$")
_LAST = re.compile(r"[\s,]([^\s,;:!?()\[\]|]{1,32})$")
_POSTAL = re.compile(  # how a British, Irish or American postcode begins
    rf"(?i)[a-z]{{1,2}}\d[a-z\d]?\s?\d[a-z]{{2}}\b|[a-z]\d[\dw]\s?[a-z\d]{{4}}\b|(?:{STATE}),?\s\d{{5}}"
)
_MOST = 60  # characters of a place between two parts of an address


def whole(text: str, spans: list[Span], taken: bytearray) -> list[Span]:
    """The `spans` in order, those of addresses with the names of places around them and parts of one address as one.

    `taken` has 1 for each character that a rule took; of these nothing more is taken.
    """
    out: list[Span] = []
    for start, end, kind in spans:
        if kind == "address":
            start = _before(text, start, taken)
            end = _behind(text, start, end, taken)
            if (
                out
                and out[-1][2] == "address"
                and _between(text[out[-1][1] : start], _POSTAL.match(text, start) is not None)
            ):
                out[-1] = (out[-1][0], end, kind)
                continue
        out.append((start, end, kind))
    return out


def _between(text: str, postal: bool) -> bool:
    """Whether what stands between two parts of an address makes them one."""
    if not text or _BETWEEN.fullmatch(text):
        return True
    words = re.findall(r"[^\s,]+", text)
    if postal and len(words) <= 3 and all(w[0].isalpha() and w.casefold() not in NO_PLACE for w in words):
        return True
    if len(text) > _MOST or len(words) > 8 or re.search(r"[\d;:!?()\[\]]|\.\s", text):
        return False
    named = [w for w in words if w.casefold() not in _LINKS]
    return bool(named) and all(w.casefold() not in _NO_PLACE_HERE for w in named) and ("," in text or "\n" in text)


def _behind(text: str, start: int, end: int, taken: bytearray) -> int:
    """Where the address ends that was found up to `end`."""
    end = _rest_of_name(text, start, end)
    for _ in range(5):
        match = _UNIT.match(text, end) or POSTCODE_BEHIND.match(text, end)
        new = match.end() if match else _place(text, end)
        if new == end or 1 in taken[end:new]:
            break
        end = new
    return end


def _rest_of_name(text: str, start: int, end: int) -> int:
    """A town's name may be only begun: Wijk, of Wijk bij Duurstede."""
    at = max(text.rfind(" ", start, end), text.rfind("\n", start, end)) + 1
    return max(end, town_at(text, at)) if at > start else end


def _place(text: str, end: int) -> int:
    comma, line, inside = (pattern.match(text, end) for pattern in (_COMMA, _LINE, _IN))
    match = comma or line or inside or _SPACE.match(text, end)
    at = match.end() if match else end
    if at == end:
        return end
    after_code = _ENDS_WITH_POSTCODE.search(text, max(0, end - 9), end) is not None
    town = town_at(text, at, sure=after_code or (inside is not None and inside.group().strip().casefold() == "te"))
    if town > at:
        more = _ONWARD.match(text, town)
        return more.end() if more else town
    if line and not comma:
        return end
    capitals = _CAPITALS.match(text, at)
    if capitals and not text[max(0, end - 20) : capitals.end() + 20].isupper():
        return _names(text, at, capitals.end()) or end
    if comma or inside:
        return _small(text, at, words=3 if comma else 2) or end
    if after_code:
        return _small(text, at, words=2) or end
    return end


def _names(text: str, at: int, end: int) -> int:
    """Where the words with capitals end that are a place's; 0 when the first is none."""
    last = 0
    for word in re.finditer(r"\S+", text[at:end]):
        plain = word.group().strip(".'’").casefold()
        if plain in _NO_PLACE_AFTER or re.fullmatch(BRAND, plain):
            break
        if plain not in _LINKS or plain == "the":
            last = at + word.end()
    return last - (text[last - 1] == ".") if last else 0


def _small(text: str, at: int, words: int) -> int:
    """Where a place in small letters ends: a few words before a sign, the end, or a word that is no place's."""
    last, here = 0, at
    for _ in range(words):
        match = _SMALL.match(text, here)
        if match is None or (_plain(match.group()) and not (last == 0 and match.group().casefold() in _FIRST)):
            break
        last = match.end()
        if text[last : last + 1] != " ":
            break
        here = last + 1
    else:
        match = _SMALL.match(text, here)
        if match and not _plain(match.group()):
            return 0  # a sentence goes on
    return last if last - at >= 3 and not re.match(r"[-@:]|\s\d+\s?\w", text[last : last + 8]) else 0


def _plain(word: str) -> bool:
    """Whether `word` is an ordinary one, of no place."""
    return word.casefold() in NO_PLACE or re.fullmatch(rf"(?i){UNIT}|{MONTH}|{BRAND}", word) is not None


def _before(text: str, start: int, taken: bytearray) -> int:
    """Where the address begins that was found from `start`: with a house's name or a town."""
    postal = _POSTAL.match(text, start) is not None
    for _ in range(6):
        sign = re.search(r"[ \t]?,[ \t]{0,2}\n?$|[ \t]?\n$|[ \t]{1,2}$", text[max(0, start - 4) : start])
        if sign is None:
            return start
        end = start - len(sign.group())
        apart = "," in sign.group() or "\n" in sign.group()
        new = _segment(text, end, postal and apart, postal)
        free = taken.rfind(1, new, start) + 1
        if free:  # only what follows that
            return text.find(" ", free, start) + 1 or start
        if new == end:
            return start
        start = new
    return start


def _segment(text: str, end: int, small: bool, postal: bool) -> int:
    """Where the place begins that ends at `end`: a town or a house's name, words with capitals before a `postal` code,
    ordinary ones if `small`."""
    starts = _starts(text, end)
    known = [at for at in starts if town_at(text, at, sure=postal) == end]
    if known:
        return known[-1]
    if postal and starts and text[starts[0] - 1 : starts[0]] == " " and _only(text, starts[0], end):
        return starts[0]  # one word before a postcode, and none that a place has before it
    best = _named(text, starts, end, small)
    if not postal and not re.search(rf"(?i)\b(?:{HOUSE_NAME})$", text[best:end]):
        return end
    return best


def _starts(text: str, end: int) -> list[int]:
    """Where the words begin, the last first, that end at `end` with only spaces between."""
    low, at = max(0, end - 60), end
    starts: list[int] = []
    while len(starts) < 5:
        match = re.search(r"(?:^|(?<=[\s,(]))[^\s,;:!?()\[\]|]{1,32}$", text[low:at])
        if match is None or re.search(r"(?i)\d|(?<!^co)[.]$", match.group()):
            break
        starts.append(low + match.start())
        at = starts[-1] - 1
        if at < 0 or text[at] != " ":
            break
    return starts


def _named(text: str, starts: list[int], end: int, small: bool) -> int:
    """The first of the words at `starts` that are a place's name."""
    best = end
    for at in starts:
        plain = re.split(r"[\s,]", text[at : at + 40], maxsplit=1)[0].casefold()
        if plain in _LINKS or (plain in ("old", "new") and best < end):
            best = at if plain == "the" and best < end else best
        elif plain in NO_PLACE or not (small or text[at].isupper()):
            break
        else:
            best = at
    return best


def _only(text: str, at: int, end: int) -> bool:
    """Whether an ordinary word stands before the one word text[at:end], which is none."""
    word = re.search(r"([\w'’]+)[ \t]$", text[max(0, at - 24) : at])
    return word is not None and word[1].casefold() in NO_PLACE and text[at:end].casefold() not in NO_PLACE | _VERBS
