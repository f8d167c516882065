"""Streets as other languages write them, with the word for one first (rue, calle, bothar), and their postcodes."""

import re

from kb.redact_around import closed, cue_near, own_line, place_follows, preposition
from kb.redact_rule import Rule
from kb.redact_streets import HOUSE, NOT_COUNTED
from kb.redact_towns import town_at
from kb.redact_words import BRAND, MONTH, NO_PLACE, UNIT

_COUNTRY = r"(?:DE?|FR?|AT?|CH|LU?|IT?|ES?|DK|SE?|NO?|PL|FI|PT?|CZ|SK|BE?|NL)"
# 80443, D-80443, L-1234, 111 43 (Sweden, Greece), 00-590 (Poland), 1100-061 (Portugal).
_GROUPED = r"\d{5}|\d{3}\s\d\d|\d\d-\d{3}|\d{4}-\d{3}"
_END = rf"(?![\w%€]|[-/]\d|[.,:]\d|\s?(?i:{UNIT})(?!\w))"
_NO_YEAR = r"(?!(?:19\d\d|20(?:1[0-79]|[234][1-9]))\b(?!,?\s{1,2}[A-Z]))"  # 2018, 2020 to 2040 are Antwerp's
# A postcode of digits alone, directly behind what is an address; not the number of things (1440 cans).
POSTCODE_BEHIND = re.compile(
    rf"\s?[,–-]?\s?\n?\s?(?:(?:in|te|postcode)\s)?\(?(?<![\d.])(?:{_COUNTRY}\s?[-–]?\s?)?"
    rf"(?:{_GROUPED}|{_NO_YEAR}\d{{4}}(?!\s[a-z]{{3,12}}s\b)){_END}\)?"
)
# Of one with five digits, what the pattern of a street may take with it.
THEN_FIVE = rf"(?:\s?,\s{{0,2}}\n?|\s{{1,2}})(?:{_COUNTRY}-)?\d{{5}}{_END}(?=\s{{1,2}}[^\W\d_]|\s?[,.;!?\n]|\s?$)"

_LINKS = (
    r"(?:(?:de|del|della|delle|dell|dei|degli|di|da|do|dos|das|du|des|la|las|le|les|lo|los|el|san)\s"
    r"|(?:[dl]|dell)['’]){0,3}"
)
_FRENCH = (
    r"rue|avenue|av\.|boulevard|bd|blvd|boul\.|chauss[eé]e|quai|all[eé]e|impasse|chemin|ruelle|sentier|venelle|dr[eè]ve"
    r"|faubourg|esplanade|mont[eé]e"
)
_SOUTHERN = (
    r"calle|c/|avenida|avda|avd|plaza|paseo|carrer|rambla|camino|ronda|traves[ií]a|viale|piazza|piazzale|corso|vicolo"
    r"|largo|rua|pra[cç]a|travessa|estrada|alameda|ulica|ul|aleja|aleje|via|strada|calea"
)
_ORDINARY = r"place|cours|route|square|passage|villa|cit[eé]|clos|cour|port"  # streets before "de" alone
_WORD_FIRST = (
    rf"(?:(?:{_FRENCH}|{_SOUTHERN})(?:\.[ \t]?|[ \t]{{1,2}}|(?<=/)){_LINKS}"
    rf"|(?:{_ORDINARY})\s(?:(?:de\sla|des|du|de|la)\s|(?:de\s)?[dl]['’]))"
)
_NAME = r"[^\W\d_][\w'’.-]{1,20}"
_NUMBER = r"\d{1,4}(?:\s?(?:bis|ter|quater|[a-zA-Z]))?(?:[-/]\d{1,3})?\s?,?\s{1,2}"
# Irish and Welsh: with "na", "an", "y" or "yr" behind them, or by themselves.
_CELTIC = (
    r"(?:(?:b[oó]thar|sr[aá]id|ascaill|c[ée]ide|heol|ffordd|stryd|rhodfa)\s(?:(?:na|an|y|yr|ar)\s)?"
    r"|(?:cluain|cois|cnoc|baile|p[aá]irc|parc|gleann|d[uú]n|faiche|ceann|cl[oó]s|c[uú]l|tobar|ard|r[aá]th|l[oó]n)\san\s)"
)
_LINKED = r"[^\W\d_]{3,12}\s(?:na|yr|y)\s"  # of other words only where both names have capitals
_GERMAN = (
    r"(?:Am|Im|Zum|Zur|Beim|(?:An|Auf|In|Hinter|Vor|Bei|Neben|Ob)\s(?:der|dem|den)|Unter\sde[nr]|[Uu]nter\sden"
    r"|an\sder|auf\sdem|am|im|zum|zur)"
)
_DAYS = r"(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|wochenende|moment|\w{3,4}uar|m[aä]rz|\w{2,4}ember|oktober"


def number_first_at(text: str, start: int, end: int) -> int | None:
    """`start` when text[start:end] is a number, a word for a street and a name: 8 rue de la Gare."""
    match = re.match(rf"(?i){_NUMBER}(?P<street>{_WORD_FIRST}|{_CELTIC}|(?P<linked>{_LINKED}))", text[start:end])
    if match is None:
        return None
    names = text[start + match.end() : end].split()
    if match["linked"] and not (_large(match["linked"]) and names and _large(names[0])):
        return None  # 30 dagen na aankoop
    return start if _names(names) and (_not_via(match["street"]) or names[0][0].isupper()) else None


def number_last_at(text: str, start: int, end: int) -> int | None:
    """`start` when text[start:end] is a word for a street, a name and a number: Calle Mayor 12."""
    match = re.match(rf"(?i){_WORD_FIRST}", text[start:end])
    if match is None:
        return None
    names = re.findall(r"[^\W\d_][\w'’.-]*", re.split(r"\d", text[start + match.end() : end], maxsplit=1)[0])
    names = [n for n in names if n.casefold() not in ("nr", "n", "no", "num")]
    if not _names(names) or re.search(r"\d[a-zA-Z]?\s[\w'’-]+[ \t]$", text[max(0, start - 30) : start]):
        return None  # 130 Davies Avenue, and what follows
    around = cue_near(text, start) or own_line(text, start) or place_follows(text, end) or preposition(text, start)
    if not _not_via(match.group()) and not place_follows(text, end):
        around = around and closed(text, end)  # not via Klarna 3 termijnen
    return start if around or (_not_via(match.group()) and names[0][0].isupper()) else None


def _not_via(street: str) -> bool:
    """Whether the word for a street is none of Dutch and English too, as via is."""
    return re.match(r"(?i)(?:via|largo|port|villa|ul|strada)\b", street) is None


def _names(names: list[str]) -> bool:
    """Whether words are a street's: none an ordinary one, all large or all small at their start."""
    if not names or any(re.fullmatch(rf"(?i){UNIT}|{MONTH}|{BRAND}", name) for name in names):
        return False
    plain = [name.casefold().strip(".,") for name in names]
    large = [name[0].isupper() for name in names]
    return not any(p in NO_PLACE and not re.fullmatch(r"new|old", p) for p in plain) and len(set(large)) == 1


def _large(word: str) -> bool:
    return word[:1].isupper()


def town_first_at(text: str, start: int, end: int) -> int | None:
    """`start` when text[start:end] is a known town and a postcode of five digits: Köln 50188."""
    name = re.match(r"[\w'’-]+", text[start:end])
    return start if name is not None and town_at(text, start) == start + name.end() else None


def german_at(text: str, start: int, end: int) -> int | None:
    """`start` when text[start:end] begins as German streets do and is one by what is around: Unter den Linden 5."""
    found = text[start:end]
    name = re.split(r"\s", re.sub(rf"^{_GERMAN}\s", "", found), maxsplit=1)[0]
    if re.fullmatch(rf"(?i){_DAYS}|{MONTH}", name) or re.match(r"\s(?:uhr|Uhr|h)\b", text[end : end + 5]):
        return None
    coded = POSTCODE_BEHIND.match(text, end) is not None or re.search(r"[\s,-]\d{5}$", found) is not None
    if found[0].islower() or name[0].islower():
        return start if coded else None
    return start if coded or own_line(text, start) or cue_near(text, start) or preposition(text, start) else None


def european_at(text: str, start: int, end: int) -> int | None:
    """`start` when text[start:end] is a postcode and a town: a known one, or a name where a place is meant."""
    name = re.search(r"\s(['’]?[^\W\d_][\w'’.-]*)$", text[start:end])
    near = cue_near(text, start) or re.search(r"(?i)\b(?:postcode|plz|zip)\b.{0,12}$", text[max(0, start - 24) : start])
    if name is None:
        return start if near and text[start].isalpha() else None
    if town_at(text, start + name.start(1)) >= end:
        return start
    plain = name[1].casefold()
    if plain in NO_PLACE or re.fullmatch(rf"(?i){UNIT}|{MONTH}|{BRAND}", plain) or not name[1][0].isupper():
        return None
    return start if text[start].isalpha() and (near or own_line(text, start)) else None


EUROPEAN = (
    Rule(
        "address",
        re.compile(
            rf"(?i)(?<![\w.,€$£/-]){_NUMBER}(?:{_WORD_FIRST}|{_CELTIC}|{_LINKED}){_NAME}(?:\s{_NAME}){{0,3}}(?<![.])"
        ),
        widen=number_first_at,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?i)(?<![\w'’-]){_WORD_FIRST}{_NAME}(?:\s(?!n[r°º]?\.?\s){_NAME}){{0,4}}?"
            rf"(?:\s?,)?\s(?:n[r°º]?\.?\s|no\.?\s|num\.?\s)?{HOUSE}(?:{THEN_FIVE})?{NOT_COUNTED}"
        ),
        widen=number_last_at,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w'’-]){_GERMAN}\s{_NAME}(?:\s{_NAME})?\s{HOUSE}(?:{THEN_FIVE})?{NOT_COUNTED}"),
        widen=german_at,
    ),
)
EUROPEAN_TOWNS = (
    Rule(
        "address",
        re.compile(rf"(?<![\w'’.-])[^\W\d_][\w'’-]{{2,20}},?\s{{1,2}}(?:{_COUNTRY}-)?\d{{5}}{_END}"),
        widen=town_first_at,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w.,€$£-])(?:{_COUNTRY}\s?-\s?)?(?:{_GROUPED})\s{{1,2}}['’]?[^\W\d_][\w'’.-]{{1,30}}"),
        widen=european_at,
    ),
    Rule(
        "address",
        re.compile(rf"(?<![\w.,€$£-]){_COUNTRY}-\s?\d{{4,5}}{_END}(?:\s{{1,2}}['’]?[^\W\d_][\w'’.-]{{1,30}})?"),
        widen=european_at,
    ),
)
