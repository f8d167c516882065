"""Addresses without a word for a street, by what is around: a number and a name, a house, a flat, a town."""

import re

from kb.redact_around import (
    before_place,
    called_address,
    closed,
    corrected,
    counts,
    cue_near,
    lives,
    own_line,
    place_follows,
    postal_follows,
    preposition,
    shouted,
    street_before,
    sure,
    town_follows,
    unit_before,
)
from kb.redact_towns import is_belgian, town_at
from kb.redact_words import (
    BRAND,
    COUNTED,
    DUTCH_STREET,
    ENGLISH_END,
    ENGLISH_STREET,
    HOUSE_NAME,
    MONTH,
    NO_PLACE,
    STOP,
    UNIT,
    WEAK_STREET,
)

_ARTICLE = frozenset("the upper lower old great little st st. saint na cois".split())
_INNER = frozenset("na yr y de du des la del da of".split())  # between the words of a name
_NO_LETTERS = frozenset("in te op en at is to bij of or km we ik ze je he on uw de me al".split())
_HOUSES = frozenset("house place home end view hall mill corner old new".split())
_NO_NAME = NO_PLACE - COUNTED - _HOUSES  # words that no house or place is called by
_NO_NAME_BUT_THE = _NO_NAME - {"the"}
# What a number is of that is no house's.
_THINGS = frozenset(
    """addresses adressen people friends shops stores places countries cities different other others more extra new old
    separate single double small large big free working business bedroom colleagues customers neighbours neighbors
    star stars green blue red black white grey gray yellow pink brown orange purple medium pack piece set sets pair
    pairs items orders boxes cans bottles bags books lamps chairs tables second hour minute thanks thank cheers
    regards bedankt groetjes same full half least most bus box hs bis hoog app links noon percent th nd rd st
    o'clock o’clock oclock clock sharp ish
    levering leveringen zending bestelling delivery shipment go
    roughly exactly latest earliest onwards hrs stipt precies""".split()
)
_STREET = rf"(?:[\w'’-]{{1,20}}\s){{0,3}}(?:{ENGLISH_STREET}|{WEAK_STREET})\b"
_STREET_BEHIND = re.compile(rf"(?i)(?:,\s|,?\s?\n|\s)(?:{_STREET}|(?:[\w'’-]{{1,20}}\s){{0,3}}(?:{HOUSE_NAME})\b)")


def bare_street_at(text: str, start: int, end: int) -> int | None:
    """`start` when a number and a name without a word for a street are an address: 86 Eastgate."""
    words = [word.rstrip(".,") for word in text[start:end].split()]
    named = words[2:] if len(words) > 2 and words[1].casefold() in _ARTICLE else words[1:]
    named = [word for at, word in enumerate(named) if at in (0, len(named) - 1) or word.casefold() not in _INNER]
    if not named or any(map(_ordinary, named)) or counts(text, start) or street_before(text, start):
        return None
    if re.fullmatch(r"\d{1,2}e", words[0]) or _street_named(text, start, end) or _of_street(text, start, end):
        return None  # 2e Kruisweg; or a town behind a street's number
    ending = re.fullmatch(rf"(?i)[a-z]{{2,}}(?:{ENGLISH_END})", named[-1]) is not None
    home = lives(text, start) or unit_before(text, start)
    ends = closed(text, end)
    capital = all(word[0].isupper() and not word[1:].isupper() for word in named) and not shouted(text, start, end)
    called = called_address(text, end) or corrected(text, start, end)
    if not (capital or ending or home or sure(text, start, end) or called):
        return None
    points = capital + 0
    points += (
        ending
        + 2 * home
        + unit_before(text, start)
        + (own_line(text, start) and ends)
        + cue_near(text, start)
        + (words[0][-1] in "abcdefABCDEF")
        + text[start:end].startswith(words[0] + ",")
        + (before_place(text, start) and not home)
    )
    points += 2 * called + corrected(text, start, end)
    points += max(place_follows(text, end), 2 * (town_follows(text, end) or postal_follows(text, end)))
    points += (
        ends and capital and re.search(r"(?i)\b(?:at|outside|near)[ \t]$", text[max(0, start - 9) : start]) is not None
    )
    points += ends and home and (ending or not (named[-1].islower() and named[-1].endswith("s")))
    return start if points >= 3 else None


def _of_street(text: str, start: int, end: int) -> bool:
    """Whether the number is an English street's before it (Church Road, 14, Norwich) or ends a postcode (111 43)."""
    before = text[max(0, start - 24) : start]
    if re.search(r"\b\d{3} $", before) and re.match(r"\d\d\s", text[start : start + 3]):
        return True
    return ", " in text[start : start + 8] and re.search(rf"(?i)\s(?:{ENGLISH_STREET})\s?,\s$", before) is not None


def _street_named(text: str, start: int, end: int) -> bool:
    """Whether the number is that of a name before it: of Oude Vest 12 Leiden."""
    name = re.search(r"(?<![\w])([^\W\d_][\w'’]+)[ \t]$", text[max(0, start - 24) : start])
    if name is None or name[1].casefold() in NO_PLACE:
        return False
    at = re.match(r"\S+\s", text[start:end])
    return name[1].istitle() or (at is not None and town_at(text, start + at.end()) == end)


def house_at(text: str, start: int, end: int) -> int | None:
    """`start` when a house's name is an address: with a street or a place behind it, or where something goes."""
    words = text[start:end].split()
    named = words[1:] if words[0].casefold() == "the" else words
    if not re.search(rf"(?i)(?:\b(?:{HOUSE_NAME})|{ENGLISH_END})$|^the old ", text[start:end]):
        return None
    one = re.fullmatch(rf"[A-Z][a-z]+(?:{ENGLISH_END})", words[0]) is not None  # Hillside
    if (len(words) < 2 and not one) or any(word.casefold() in _NO_NAME for word in named):
        return None
    if len(named) == 1 and named[0].islower() and not (_STREET_BEHIND.match(text, end) or town_follows(text, end)):
        return None
    points = named[-1][0].isupper() + own_line(text, start) + cue_near(text, start) + 2 * lives(text, start)
    points += 2 * bool(_STREET_BEHIND.match(text, end)) + max(place_follows(text, end), 2 * _town_near(text, end))
    points += (
        re.match(r",?\n[A-Z]|,\s(?:[\w'’-]{2,20}\s){0,2}[\w'’-]{3,20}\s?(?:[,\n]|$)", text[end : end + 50]) is not None
    )
    return start if points >= 3 else None


def named_at(text: str, start: int, end: int) -> int | None:
    """`start` when a name without a number is an address: where something goes, with a street or a town behind it."""
    named = text[start:end].split()
    if any(word.casefold() in _NO_NAME_BUT_THE for word in named) or not lives(text, start):
        return None
    whole = text[end : end + 1] == "," and named[-1].casefold() != "the"
    place = _STREET_BEHIND.match(text, end) or _town_near(text, end)
    return start if whole and (place or (named[0] == "The" and place_follows(text, end))) else None


def _town_near(text: str, end: int) -> bool:
    """Whether one of the next places behind commas is a known town."""
    signs = re.finditer(r",\s{1,2}|\n", text[end : end + 60])
    return any(town_at(text, end + sign.end()) > end + sign.end() for sign in signs)


def unit_at(text: str, start: int, end: int) -> int | None:
    """`start` when a flat's number has a street, a house or a town behind it, or is said to be home."""
    if not re.search(r"\d|\s[a-hA-H]$|^#", text[start:end]):
        return None
    more = re.match(r",?[ \t\n](?:\d{1,5}[a-zA-Z]?,?\s\w|(?:The\s)?[A-Z][a-z])", text[end : end + 20])
    return start if more or _STREET_BEHIND.match(text, end) or town_follows(text, end) or lives(text, start) else None


def dutch_at(text: str, start: int, end: int) -> int | None:
    """`start` when it is a Dutch postcode with a measure's letters, and a known town behind it: 5734kg Venlo."""
    word = text[end - 2 : end].casefold()
    return start if word not in _NO_LETTERS and town_follows(text, end) else None


def belgian_at(text: str, start: int, end: int) -> int | None:
    """`start` when it is a Belgian postcode and its town: a known one, or a name where a place is meant."""
    found = text[start:end]
    town = re.search(r"['’]?[^\W\d_][\w'’-]*", found.lstrip("Bb- "))
    name = town.group() if town else ""
    if town and town_at(text, start + found.index(name)) >= end and not name.islower():
        return start  # De Panne
    if not name or name.casefold() in NO_PLACE or re.fullmatch(rf"(?i){UNIT}|{MONTH}|{BRAND}", name):
        return None
    if is_belgian(name) or found[0] in "Bb":
        return start
    before = text[max(0, start - 40) : start]
    street = re.search(
        rf"(?i)(?:{DUTCH_STREET}|steenweg|(?:rue|avenue|boulevard|place"
        rf"|quai)\s.{{1,24}})\b.{{0,6}}\s\d{{1,4}}.{{0,10}}[\s,\n–-]{{1,3}}$",
        before,
    )
    goes_on = (
        not closed(text, end)
        and re.match(r"\s\d|[-–]| [-–]" if name.islower() else r"\s[^A-Z]|[-–]", text[end : end + 2]) is None
    )
    if not street and (goes_on or re.match(r"(?:19|20)\d\d", found)):
        return None  # the name goes on, as a street's does
    if name[0].islower():
        return start if street or (re.search(r"\d\w?\s?[,\n]\s{0,2}$", before) and cue_near(text, start)) else None
    alone = own_line(text, start) or re.search(r"\d\w?\s?,?\s{1,2}$", before)
    return start if street or alone or (cue_near(text, start) and preposition(text, start)) else None


def named_town(found: str) -> bool:
    """Whether a postcode's word may be a town's name: no measure, month or brand, nor things that are counted."""
    _, _, name = found.casefold().partition(" ")
    return name != "" and not (_ordinary(name) or name.endswith(("en", "s")) or name in STOP)


def _ordinary(word: str) -> bool:
    plain = word.casefold()
    if len(word) < 3 or re.search(r"\d|(?:mon|tues|wednes|thurs|fri|satur|sun)days?$", plain):
        return True
    return plain in NO_PLACE or plain in _THINGS or re.fullmatch(rf"(?i){UNIT}|{MONTH}|{BRAND}", plain) is not None
