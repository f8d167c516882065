"""Where a street's name begins, and whether words with a number behind or before them are one."""

import re

from kb.redact_around import (
    before_place,
    called_address,
    corrected,
    cue_near,
    own_line,
    place_follows,
    postal_before,
    postal_near,
    preposition,
    shouted,
    street_before,
    sure,
    town_follows,
)
from kb.redact_words import (
    BRAND,
    CODE_CUE,
    COUNTED,
    DUTCH_STREET,
    ENGLISH_STREET,
    MONTH,
    NO_PLACE,
    ORDER_CUE,
    PIN_CUE,
    STOP,
    UNIT,
    WEAK_STREET,
)

HOUSE = (
    r"\d{1,4}(?!\d|[.,:]\d(?!\d{3,4}\s{0,2}[A-Za-z]))(?:\s?[a-zA-Z]\b(?!['’]|\s\d{1,3}\b))?"
    r"(?:[-/]\d{1,4}\b){0,2}(?:\s(?:II|III|ii|iii)\b)?(?:\s?(?:bus|bis|box|bte|hs|b"
    r"|app?t?)\b\.?(?:\s?\d{1,4}\b)?|\s?b\d{1,3}\b|\s\d\s?-?\s?hoog\b|-[IVXivx]{1,4}\b)?"
)
GLUED = (
    r"[^\W\d_]{3,30}(?:straat|straatje|laan|steenweg|weg|plein|steeg|dreef|kade|kaai|singel|gracht|dijk|plantsoen)"
    r"\d{1,4}[a-z]?(?:[-/]\d{1,4})?(?![\w-])(?:\s[a-z]\b(?!['’]))?(?:\s?(?:bus|bis|box|hs)\b\.?(?:\s?\d{1,4}\b)?)?"
)
NOT_COUNTED = (
    r"(?!\d|[#*]|[.,:]\d(?!\d{3,4}\s{0,2}[A-Za-z])|"
    rf"[-/]\d|\s?(?i:{UNIT}|{MONTH})(?!\w)|\s?[%€]|\s(?:van|of)\s(?:de\s|the\s)?\d)"
)
_STRONG = re.compile(rf"(?i)(?:.*(?:{DUTCH_STREET}|steenweg)|.*[a-z](?:laan|weg|str)\.|{ENGLISH_STREET})\.?")
_KINDS_OF = re.compile(  # of things: 3 large green bags
    r"(?i:\b(?:large|small|medium|extra|big|double|single)\b)|\b(?:blue|red|black|white|grey|yellow|pink|brown|dark|light)\b"
)
_ONE_OF = re.compile(r"(?i)(?:drive|court|close|rise|view|place|way)\.?")  # nothing that a shop sells by the colour
_WEAK = re.compile(rf"(?i)(?:{WEAK_STREET})\.?")
_BEFORE = re.compile(r"(?:^|(?<=[\s(]))([^\s,;:!?()\[\]|]{1,32})[ \t]{1,2}$")
_PREPOSED = re.compile(
    r"(?<![\w])(?:(?:Aan|Bij|Op|In|Voor|Om|Boven|Over|Naast)[ \t](?:de|den|het|'t)|(?:[Aa]chter|[Oo]nder|[Tt]ussen"
    r"|[Bb]uiten|[Ll]angs)"
    r"[ \t](?:de|den|het|'t)|Boven|Onder|Achter|Tussen|Buiten|Over|Langs|(?<=\b(?:op|is|in)[ \t])(?:aan|in|op|bij"
    r"|voor)[ \t](?:de|den|het))[ \t]$"
)
# Links that stand before no ordinary word in small letters: van der Helststraat, v.d. Helststraat, de la Reyweg.
_VAN = re.compile(
    r"(?<![\w])(?:[Vv][ao]n[ \t](?:der|den|dem|ter|ten|['’]?t)|Van[ \t]de|[Vv]\.? ?d\.?"
    r"|[Vv]/d\.?|[Dd]e[ \t]la)[ \t]{1,2}$"
)
_NOT_WITHIN = (STOP - COUNTED - {"the", "de"}) | {"maar", "only", "alleen"}
_NO_STREET = frozenset("onderweg snelweg halverweg mediamarkt supermarkt".split())
_LINK = frozenset("de den der van het op ten ter te la le du des d' l' of the aan".split())
_TITLE = frozenset(
    """laan steenweg burgemeester burg burg. prins prinses koning koningin sint st st. dokter dr. pastoor jan vos jozef
    pieter karel willem frans hendrik johan gerrit jacob adriaan maarten cornelis emile albert leopold anna maria
    weg plein hoge lage oude nieuwe grote kleine lange korte hof huis ter ten""".split()
)


def street_at(text: str, start: int, end: int) -> int | None:
    """Where the street's name in text[start:end] begins, or before it; None when it is no street."""
    found = text[start:end]
    if found[0].isdigit():
        return _number_first(text, start, found)
    word = re.split(r"\s?[,;]\s?|\s", found, maxsplit=1)[0]
    first = _leftwards(text, start) if word.casefold() not in STOP or word == "Row" else start
    if not re.search(r"[\s,;].*\d", found) or _no_name(word, first < start):
        return None
    if _STRONG.fullmatch(word) and word.casefold() not in _NO_STREET:
        return first if len(word) > 5 or first < start or _around(text, first, end, found) else None
    if _WEAK.fullmatch(word) or _STRONG.fullmatch(word):
        return first if word[0].isupper() or cue_near(text, first) or first < start else None
    return first if _weighed(text, first, end, word) else None


def glued_at(text: str, start: int, end: int) -> int | None:
    """Where a street begins whose number follows without a space, as Schoolstraat51."""
    word = re.split(r"\d", text[start:end], maxsplit=1)[0]
    return None if word.casefold() in _NO_STREET else _leftwards(text, start)


def _no_name(word: str, longer: bool) -> bool:
    """Whether `word` before a number is none of a street: something that is counted, a month, a brand, a measure."""
    row = word in ("Row", "Train", "Zone") and longer
    counted = word.casefold() in COUNTED and not row
    return counted or re.fullmatch(rf"{MONTH}|{BRAND}|{UNIT}|[a-z]", word, re.IGNORECASE) is not None


def _around(text: str, first: int, end: int, found: str) -> bool:
    """Whether what stands around a short word for a street makes it one: Brink 4, Laan nr 12."""
    before = cue_near(text, first) or preposition(text, first) or own_line(text, first)
    return before or called_address(text, end) or corrected(text, first, end) or re.search(r" nr\b", found) is not None


def _weighed(text: str, first: int, end: int, word: str) -> bool:
    """Whether a name without a word for a street and its number, in text[first:end], are one by what is around."""
    start = text.index(word, first)
    words, found = text[first:start] + word, text[start:end]
    if word.casefold() in STOP or re.match(r"\S+[,;]|\S+\s[,;]", found) or _other(words, word):
        return False
    if re.match(r"(?i)(?:laan|steenweg|plein|rue|chauss[eé]e|avenue) ", words) and first < start:
        return True
    return _points(text, first, end, words) + _points_of_number(found, words) >= 2


def _other(words: str, last: str) -> bool:
    """Whether the name is a product's, as AirPods 2, or what an order, a code or a PIN is called."""
    inside = last if words[0].isdigit() else words.replace("IJ", "Ij")
    called = any(cue.match(last) for cue in (ORDER_CUE, CODE_CUE, PIN_CUE))
    return called or re.search(r"\b[A-Z]?[a-z]+[A-Z]|[\d_]", inside[-60:]) is not None


def _points(text: str, first: int, end: int, words: str) -> int:
    """How much around a name and a number without a word for a street says that they are one."""
    place = max(place_follows(text, end), 2 * (postal_near(text, end) or town_follows(text, end)))
    capital = (words[0].isupper() and not shouted(text, first, end)) or words[0] in "'’" or words[0].isdigit()
    if place == 1 and " " not in words and re.search(r"(?:^|[.!?\n])\s*$", text[max(0, first - 3) : first]):
        capital = False  # of a sentence's first word, with any other behind: Taking 2 Green
    right = corrected(text, first, end) and words.split()[-1].casefold() not in NO_PLACE
    behind = 2 * (called_address(text, end) or right) + bool(re.match(r"\ste\s", text[end : end + 4]))
    return capital + place + behind + cue_near(text, first) + preposition(text, first) + 2 * postal_before(text, first)


def _points_of_number(found: str, words: str) -> int:
    """How much a number says that it is a house's: nr 12, 12 bus 3, 12-III, 12a behind a capital."""
    points = len(re.findall(r"(?i) (?:nr|no|nummer)\b", found))
    points += 2 * bool(re.search(r"(?i)huisnummer|\d\s?(?:hs|bis|box|bus|b\s?\d|\d?\s?-?hoog)|\d-[ivx]+\b", found))
    return points + bool(words[0].isupper() and len(words) > 3 and re.search(r"\d[a-dA-D]\b", found))


def _number_first(text: str, start: int, found: str) -> int | None:
    number, *words = found.split()
    end, last = start + len(found), words[-1] if words else ""
    dutch = re.fullmatch(rf"(?i).{{2,}}(?:{DUTCH_STREET})", last) is not None and not last.endswith("levering")
    if (
        not _may_name(found, words)
        or street_before(text, start)  # of which this is the number
        or re.fullmatch(r"\d{1,2}(?:e|ste|de)", number)
        or (dutch and re.match(r"\s(?:nr\.?\s|(?:huis)?nummer\s)?\d", text[end : end + 14]))
    ):
        return None
    if dutch or re.fullmatch(rf"(?i)(?:{ENGLISH_STREET})\.?", last):
        return start
    if not _WEAK.fullmatch(last) or (_KINDS_OF.search(" ".join(words[:-1])) and not _ONE_OF.fullmatch(last)):
        return None
    near = (
        last[0].isupper()
        or cue_near(text, start)
        or before_place(text, start)
        or sure(text, start, end)
        or (len(words) > 1 and (number[-1].isalpha() or preposition(text, start)))
        or re.search(r"(?:^|[.,:!\n])\s*$", text[max(0, start - 4) : start])
    )
    return start if near else None


def _may_name(found: str, words: list[str]) -> bool:
    """Whether `words` behind a number can be a street's name: none of them an ordinary one, a measure or a number."""
    if not words or (len(words) < 2 and not re.fullmatch(rf"(?i).{{2,}}(?:{DUTCH_STREET})|broadway", words[0])):
        return False
    first = words[0].casefold()
    measure = re.fullmatch(UNIT, first) is not None and not words[0].istitle()
    ordinary = any(w.casefold().strip(".,") in _NOT_WITHIN for w in words[:-1])
    listed = re.match(r"\S+,", found) is not None and first in NO_PLACE
    month = re.fullmatch(MONTH, first) and not re.fullmatch(rf"(?i){ENGLISH_STREET}", words[-1])  # but May Street
    return not (measure or ordinary or listed or month or any(map(str.isdigit, words)))


def _leftwards(text: str, start: int) -> int:
    """Where the name begins that goes on at `start`: words with capitals, or up to three plain ones."""
    for _ in range(4):
        link = _VAN.search(text[max(0, start - 12) : start])
        if link is not None:
            start -= len(link.group())
            continue
        match = _BEFORE.search(text, max(0, start - 36), start)
        if match is None:
            return _from_preposition(text, start)
        word, plain = match[1], match[1].casefold()
        if plain in ("'t", "'s", "’t", "’s"):
            return match.start(1)
        if plain in _LINK:
            before = _BEFORE.search(text, max(0, match.start(1) - 36), match.start(1))
            if not (word[0].isupper() or plain in ("the", "ten", "ter") or (before and _names(before[1]))):
                return _from_preposition(text, start)
        elif (
            plain in STOP
            or plain.endswith(("adres", "address"))
            or (re.fullmatch(MONTH, plain) and plain not in _TITLE)
            or (text[start].isupper() and not word[0].isupper() and not word[0].isdigit())
            or not re.fullmatch(r"['’]?[\w.'’-]+", word)
            or (word[0].isdigit() and not re.fullmatch(r"\d{1,2}e", plain))
        ):
            return _from_preposition(text, start)
        start = match.start(1)
    return _from_preposition(text, start)


def _from_preposition(text: str, start: int) -> int:
    """Where a name begins that has a preposition before its article: Achter de Hoven, Aan de Wetering."""
    match = _PREPOSED.search(text[max(0, start - 24) : start])
    return start - len(match.group()) if match else start


def _names(word: str) -> bool:
    return word.casefold() in _TITLE or (word[0].isupper() and word.casefold() not in STOP)
