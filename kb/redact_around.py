"""What stands around a number that may be a house's: words of living and sending, a town, a postcode, an end."""

import re

from kb.redact_towns import STATE, town_at
from kb.redact_words import ADDRESS_CUE, BRAND, COUNTED, DUTCH_STREET, ENGLISH_STREET, NO_PLACE, ORDER_CUE, WEAK_STREET

_NEAR = 45  # characters before a street in which a word like "deliver" makes it one
_WEAK_BEFORE = re.compile(
    rf"(?i)([^\s,.;:!?]+)[ \t](?:{WEAK_STREET})(?:,?\s(?:unit|flat|apt)\s\w{{1,4}})?,?[ \t]{{1,2}}$"
)
_STRONG_BEFORE = re.compile(
    rf"(?i)(?:\b(?:nr\.?|nummer|huisnummer|{ENGLISH_STREET})|\w{{2,}}(?:{DUTCH_STREET})\.?|steenweg)[ \t]{{1,2}}$|"
    rf"\w{{3,}}(?:{DUTCH_STREET})(?:\s?,[ \t]{{1,2}}|\s(?:number|no\.?)[ \t])$"
)
# Directly before an address: where somebody lives, or a parcel goes.
_LIVES = re.compile(
    r"(?i)(?:(?:ad+ress?(?:es)?|adres)\b[ \t]?(?:is|was|to|should be|will be|of|wordt)?|\b(?:live[sd]?|living|based"
    r"|stay(?:ing)?|"
    r"delivered|deliver|left|posted|it|them|parcel|package|order|went|go|going|gone|come|came|arrived|collect\w*"
    r"|pick(?:ed)? up|"
    r"sent|send|ship|shipped|moved|moving|move|relocated|i'?m|we'?re|were|driver|courier|neighbou?rs?|taken|brought"
    r"|bring|round|dropped|drop|off|with)[ \t](?:over[ \t])?"
    r"(?:at|to|from|in|with)|house(?:[ \t]number)?[ \t](?:is|was)|\bhome is|\b(?:(?:should|has to|needs to|must) be"
    r"|it'?s|its|(?:old|new) one (?:is|was)|"
    r"to my (?:work|mum|home)))[ \t]?[:=,-]?\s{0,2}$"
)
_UNIT_BEFORE = re.compile(r"(?i)(?:flat|unit|apt\.?|apartment|suite|studio)\s#?\w{1,5},?\s$")
_UNIT_BEHIND = re.compile(r"(?i),?\s(?:flat|unit|apt|apartment|suite|ste)\b\.?\s?#?\w?\d|,?\s#\d")
_POSTAL = re.compile(
    rf"(?i)\s?,?\s{{1,2}}\(?(?:[a-z]{{1,2}}\d[a-z\d]?\s?\d[a-z]{{2}}|[a-z]\d[\dw]\s?[a-z\d]{{4}}"
    rf"|[1-9]\d{{3}}\s?[a-z]{{2}}|"
    rf"(?:{STATE}),?\s\d{{5}})\b"
)
_NO_TOWN = NO_PLACE - {"te", "in", "new", "old"}
_PLACE_WORDS = re.compile(r"(?:[ \t,\n]{1,3}[^\W\d_][\w'’.-]{1,20}){0,4}")
_POSTAL_BEFORE = re.compile(r"(?i)\b[1-9]\d{3}\s?[a-z]{2}(?:\s[\w'’-]{2,20}){0,3}[,\n]\s?$")
_PREPOSITION = re.compile(
    r"(?i)(?:\b(?:(?:op|aan|naar|bij|in|te|stond voor|via|at|to|on|from|addr\w*|woont?)\s(?:de |het |the )?"
    r"|(?:is|its|was|zijn|be|wordt)\s(?:de |het |the )?)|(?:adr\w*|[:,.!])\s?(?:de |het |the )?)$"
)
_CALLED = re.compile(
    r"(?i),?\s(?:niet|not|en niet|and not)\s(?:op\s|at\s)?(?:nu\w{3,5}|nr)\b|"
    r",?\s(?:als|as)\s(?:(?:mijn|my|the|het|ons|our)\s)?ad+res|\s(?:ingevuld|opgegeven|doorgegeven|woon|woonde|zit|verblijf)\b"
)


def cue_near(text: str, at: int) -> bool:
    """Whether a word of living, sending or delivering stands shortly before `at`."""
    return ADDRESS_CUE.search(text, max(0, at - _NEAR), at) is not None


def preposition(text: str, at: int) -> bool:
    """Whether a word or a sign that places stand behind comes directly before `at`."""
    return _PREPOSITION.search(text[max(0, at - 14) : at]) is not None


def called_address(text: str, end: int) -> bool:
    """Whether it is said behind `end` that this was given as an address."""
    return _CALLED.match(text, end) is not None


# One address for another: "er staat Achterom 30 maar het is De Meerpaal 22", "it says 8 Ashfield but it's 83 Larkspur".
_ONE = (
    r"(?:\d{1,4}[a-z]?\s(?:the\s)?(?P<a>[^\W\d_]{3})"
    r"|(?P<b>[^\W\d_][\w'’-]{2,20})[ ,]{1,2}(?:nr\.?\s)?\d{1,4}\s?[a-z]?(?:[-/]\d{1,4})?\b)"
)
_TURN = (
    r"(?:\b(?:maar|but|niet|not|i\.?p\.?v\.?|in plaats van|instead of|rather than|should|moet|naar|to|nieuwe?:?|new|is"
    r"|in|now|nu|wordt)(?!\w)|->|=>|→|>)"
)
_TURNS_BEHIND = re.compile(rf"(?i)[\s,;.]{{1,3}}(?:[\w'’]+,?\s){{0,2}}?{_TURN}(?:[\s:]+[\w'’]+){{0,5}}?[\s:]+{_ONE}")
_TURNED = re.compile(rf"(?i){_ONE}[\s,;.]{{1,3}}(?:[\w'’]+,?\s){{0,2}}?{_TURN}(?:[\s:]+[^\W\d_][\w'’]*){{0,5}}?[\s:]+$")
_OF_PLACES = re.compile(
    r"(?i)ad+res|ad+rs|post ?code|straat|street|huisnr|huisnummer|house n|bezorg|lever|deliver|\bwoon|wonen"
    r"|\b(?:my|our|mijn|ons) (?:house|huis)\b|\blive|verhui"
    r"|\bmov(?:ed|ing)|doorgegeven|opgegeven|ingevuld"
)
_MUST = re.compile(r"(?i)\b(?:moet(?:en)?|hoort)\s(?:eigenlijk\s)?(?:de |het |'t )?$")


def corrected(text: str, start: int, end: int) -> bool:
    """Whether text[start:end], a name and a number, is put right by another, or puts another right, as addresses are:
    both with a capital, or near a word of addresses."""
    places = _OF_PLACES.search(text, max(0, start - 90), end + 110) is not None
    must = _MUST.search(text[max(0, start - 20) : start]) and re.match(
        r"\s(?:zijn|worden|wezen)\b", text[end : end + 8]
    )
    if must and places:
        return True
    other = _TURNS_BEHIND.match(text, end, end + 90) or _TURNED.search(text[max(0, start - 90) : start])
    if other is None or places:
        return other is not None
    name, own = other["a"] or other["b"], re.search(r"[^\W\d_]", text[start:end])
    large = own is not None and own.group().isupper() and name[0].isupper() and not shouted(text, start, end)
    return large and not text[start:end].endswith("s")  # 2 Sockets


def before_place(text: str, at: int) -> bool:
    """Whether an English word that places stand behind comes directly before `at`."""
    return (
        re.search(
            r"(?i)\b(?:at|to|from|in|outside|near|number|find|shows?|says?|accept)[ \t]$",
            text[max(0, at - 10) : at],
        )
        is not None
    )


def street_before(text: str, at: int) -> bool:
    """Whether a street's name, or what a house's number is called, ends at `at`."""
    before = text[max(0, at - 50) : at]
    weak = _WEAK_BEFORE.search(before)
    return _STRONG_BEFORE.search(before) is not None or (weak is not None and weak[1].casefold() not in NO_PLACE)


def lives(text: str, at: int) -> bool:
    """Whether somebody lives, or something goes, at what begins at `at`."""
    before = text[max(0, at - _NEAR) : at]
    return _LIVES.search(before) is not None or (
        cue_near(text, at) and re.search(r"(?i)\b(?:at|to|from)[ \t]$", before) is not None
    )


def unit_before(text: str, at: int) -> bool:
    """Whether a flat's number comes directly before `at`."""
    return _UNIT_BEFORE.search(text[max(0, at - 24) : at]) is not None


def sure(text: str, start: int, end: int) -> bool:
    """Whether a flat, a postcode or a town beside text[start:end] leaves no doubt that it is an address."""
    return (
        unit_before(text, start)
        or _UNIT_BEHIND.match(text, end) is not None
        or postal_near(text, end)
        or town_follows(text, end)
    )


def place_follows(text: str, end: int) -> bool:
    """Whether what may be a place comes behind `end`: digits of a postcode, a word with a capital, a known town."""
    return re.match(
        r"\s?,?\s{1,2}(?:\[|(?:B-)?[1-9]\d{3}\s|(?:(?:in|te) )?[A-Z])", text[end : end + 40]
    ) is not None or town_follows(text, end)


def postal_follows(text: str, end: int) -> bool:
    """Whether a postcode with letters comes behind `end`."""
    return _POSTAL.match(text, end) is not None


def postal_near(text: str, end: int) -> bool:
    """Whether a postcode with letters comes behind `end` or behind the few words of a place there."""
    place = _PLACE_WORDS.match(text, end)
    if place is None or any(
        w.casefold() in _NO_TOWN for w in re.findall(r"[^\s,]+", place.group())
    ):
        return postal_follows(text, end)
    return any(postal_follows(text, at) for at in (end, *(end + m.end() for m in re.finditer(r"\S+", place.group()))))


def postal_before(text: str, at: int) -> bool:
    """Whether a Dutch postcode and its town come before `at`."""
    return _POSTAL_BEFORE.search(text[max(0, at - 60) : at]) is not None


def town_follows(text: str, end: int) -> bool:
    """Whether a known town comes behind `end`."""
    sign = re.match(r"(?i)\s?[,–-]?\s{0,2}(?:(?:in|te) |(?:b-?)?[1-9]\d{3}\s)?", text[end : end + 12])
    at = end + (sign.end() if sign else 0)
    return at > end and town_at(text, at) > at


def closed(text: str, end: int) -> bool:
    """Whether a name ends at `end`: at a sign, the text's end, or a word that no name has."""
    if re.match(r"\s?(?:[,.;!?\n)]|$)", text[end : end + 2]):
        return True
    after = re.match(r"\s([\w'’]+)", text[end : end + 24])
    return after is not None and after[1].casefold() in NO_PLACE


def own_line(text: str, start: int) -> bool:
    """Whether nothing stands before `start` in its line."""
    return re.search(r"(?:^|\n|:)\s*$", text[max(0, start - 4) : start]) is not None


def shouted(text: str, start: int, end: int) -> bool:
    """Whether all around is in capitals, so that one says nothing."""
    around = text[max(0, start - 30) : start] + text[end : end + 30]
    return around.upper() == around and sum(map(str.isalpha, around)) > 5


def counts(text: str, at: int) -> bool:
    """Whether the word before `at` is one that a number of things or a product's follows."""
    before = re.search(r"([\w'’-]+)\.?[ \t]$", text[max(0, at - 30) : at])
    word = before[1].casefold() if before else ""
    return (
        word in COUNTED - {"about", "number"}
        or word == "huisnummer"
        or re.fullmatch(BRAND, word) is not None
        or (word != "number" and ORDER_CUE.fullmatch(word) is not None)
    )
