"""Takes secrets out of a text before it is stored, the same one always with the same placeholder.

Placeholders are typed and language-neutral: [card], [iban], [code], [pin], [email], [phone], [address], [order].
Where a text holds several of a kind they are numbered in order: [card 1], [card 2].
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

KINDS = ("card", "iban", "code", "pin", "email", "phone", "address", "order")
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)}|hidden)(?: \d+)?\]")  # hidden: see kb.backlog.reword
_SEP = r"[ \u00a0.\-–/]?"


@dataclass(frozen=True)
class _Rule:
    """Where a kind of secret may stand (its group `s`, or the whole match), and whether it really is one."""

    kind: str
    pattern: re.Pattern[str]
    is_secret: Callable[[str], bool]


def _rule(kind: str, pattern: str, is_secret: Callable[[str], bool] = lambda found: True) -> _Rule:
    return _Rule(kind, re.compile(pattern), is_secret)


_IBAN_LENGTHS = {  # of the countries in the IBAN registry
    country: length
    for length, countries in (
        (15, "NO"),
        (16, "BE"),
        (18, "DK FI FK FO GL NL SD"),
        (19, "MK SI"),
        (20, "AT BA EE KZ LT LU MN XK"),
        (21, "CH HR LI LV"),
        (22, "BG BH CR DE GB GE IE ME RS VA"),
        (23, "AE GI IL IQ OM SO TL"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
        (25, "LY PT ST"),
        (26, "IS TR"),
        (27, "BI DJ FR GR IT MC MR SM"),
        (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
        (29, "BR EG PS QA UA"),
        (30, "JO KW MU YE"),
        (31, "MT SC"),
        (32, "LC"),
        (33, "RU"),
    )
    for country in countries.split()
}


def luhn(digits: str) -> bool:
    """Whether `digits` end in the check digit of ISO/IEC 7812-1 annex B (payment cards)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban_ok(text: str) -> bool:
    """Whether `text` is an IBAN by its country's length and its check digits: ISO 13616, remainder 1 modulo 97."""
    bare = re.sub(r"[^A-Z0-9]", "", text.upper())
    # By the check digits alone, one word in 97 after an IBAN would pass for more of it.
    if len(bare) != _IBAN_LENGTHS.get(bare[:2]):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _card(found: str) -> bool:
    digits = re.sub(r"\D", "", found)
    return 13 <= len(digits) <= 19 and luhn(digits) and len(set(digits)) > 1


def _code(found: str) -> bool:
    """Letters and digits mixed in one word of 8 or more, or in groups with hyphens; not a word with a year."""
    bare = re.sub(r"[^A-Za-z0-9]", "", found)
    digits = sum(c.isdigit() for c in bare)
    letters = len(bare) - digits
    groups = len(re.split(r"[-–]", found))
    if groups >= 3 and len(bare) >= 9:
        return digits >= 3 and not _DATE.fullmatch(found)
    return len(bare) >= 8 and digits >= 2 and letters >= 1 and not _MEASURE.fullmatch(found)


_DATE = re.compile(r"\d{1,4}[-–/]\d{1,2}[-–/]\d{1,4}")
_MEASURE = re.compile(r"(?i)\d+[.,]?\d*(?:x\d+)*[a-z]{1,12}|[a-z]+-?\d{1,2}")
_CARD_WORD = r"(?:cadeau|kado|gift|geschenk|bon|kaart|card|voucher|saldo|balance|code|pin|kras|scratch)"
_STREET = (
    r"(?:straat|laan|weg|plein|steeg|dreef|kade|kaai|singel|gracht|lei|dijk|pad|hof|baan|markt|park|plantsoen|"
    r"vest|ring|berg|veld|dam|wal|str)"
)
_ENGLISH_STREET = r"(?:street|road|avenue|lane|drive|square|court|close|way|boulevard|st|rd|ave|blvd)"
_NO_HOUSE = r"\d{1,4}(?:\s?[a-zA-Z]|\s?(?:bus|bis|box|b)\.?\s?\d{1,4})?"

_NOT_COUNTED = r"(?!\s?(?:dag|week|weken|maand|ja+r|uur|keer|stuk|euro|x\b|days|weeks|months|years|hours|times))"
_HOUSE = r"\d{1,4}(?:\s?[a-zA-Z]|\s?(?:bus|bis|box|b)\.?\s?\d{1,4})?"
_PLACE = r"(?:,?\s{1,3}[1-9]\d{3}(?:\s?[a-zA-Z]{2}\b)?(?:\s[A-Z][\w-]{0,30})?)?"
_NUMBERED = (
    r"bestelling|bestel|order|pakket|zending|tracking|retour|return|factuur|invoice|klant|customer|parcel|package"
)
_PIN = r"pin(?:[ -]?code)?|beveiligingscode|security code|cvc|cvv|krascode|toegangscode"

# In this order: what an earlier rule took, a later one does not see.
_RULES = (
    _rule("email", r"(?<![\w.+%'-])[\w.+%'-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"),
    _rule("iban", r"(?i)(?<!\w)[a-z]{2}\d{2}(?:[ \u00a0.-]?[a-z0-9]{1,4}){3,9}(?!\w)", iban_ok),
    _rule("card", rf"(?<![\d+])(?!00)\d(?:{_SEP}\d){{12,22}}(?!\d)", _card),
    _rule(
        "address",
        r"(?i)(?<![\w'.-])(?!onderweg|halverweg|snelweg)(?:[^\W\d_][\w'-]{0,30}\s){0,2}?[^\W\d_][\w'-]{0,30}?"
        rf"{_STREET}\.?\s(?:nr\.?\s|nummer\s)?{_HOUSE}\b{_NOT_COUNTED}{_PLACE}",
        lambda found: "onderweg" not in found.casefold(),
    ),
    _rule("address", rf"(?<![\w-])\d{{1,4}}[a-z]?\s(?:[A-Z][\w'-]{{0,30}}\s){{1,3}}(?i:{_ENGLISH_STREET})\b"),
    _rule("address", r"\b[1-9]\d{3}\s?(?!SA|SD|SS|WA|KG|CM|MM|EU)[A-Z]{2}\b(?:,?\s{1,3}[A-Z][\w-]{0,30})?"),
    _rule("address", r"\bB-[1-9]\d{3}\b(?:\s[A-Z][\w-]{0,30})?"),
    _rule("address", r"(?i)\b(?:postcode|zip ?code)\W{1,3}(?:is\s|=\s?)?(?P<s>[1-9]\d{3}(?:\s?[a-z]{2})?)\b"),
    _rule(
        "phone",
        r"(?<![\w.,+])(?:(?:\+|00)\d{1,3}[ \u00a0.\-/]?(?:\(0\) ?)?|0)\d(?:[ \u00a0.\-/]{0,2}\d){6,11}(?!\w)",
        lambda found: 9 <= len(re.sub(r"\D", "", found)) <= 15,
    ),
    _rule(
        "order",
        rf"(?i)\b(?:{_NUMBERED})s?[ -]?(?:nummer|numer|number|nr|no|code|id)?\W{{0,3}}(?:is\W{{1,2}}|=\s?)?"
        r"#?(?P<s>(?=[A-Z0-9-]{0,12}\d{4})[A-Z0-9][A-Z0-9-]{4,23})\b",
    ),
    _rule("order", r"#\s?(?P<s>(?=[A-Z0-9-]{0,12}\d{4})[A-Z0-9-]{5,24})\b"),
    _rule("order", rf"(?i)(?<![\d.,])(?P<s>\d{{5,12}})\s(?:is|was)\s(?:mijn|m'n|mn|het|my|the)\s(?:{_NUMBERED})"),
    _rule("pin", rf"(?i)(?<![\d.,])(?P<s>\d{{3,8}})\s(?:is|was)\s(?:mijn|m'n|mn|de|my|the)\s(?:{_PIN})"),
    _rule(
        "pin",
        rf"(?i)\b(?:{_PIN})\b[^\d\n]{{0,25}}?(?P<s>(?<![\d.,])[*x?_.]{{0,4}}\d[\d*x?_ ]{{1,9}}[\d*x?_])"
        r"(?![\d.,]*\d)(?!\s?(?:euro|eur\b|€|jaar|dagen))",
    ),
    _rule("code", r"(?<![\w@#.-])[A-Za-z0-9]{3,8}(?:[-–][A-Za-z0-9]{3,8}){2,6}(?![\w@]|-\w)", _code),
    _rule("code", r"(?<![\w@#.-])[A-Za-z0-9]{8,30}(?![\w@]|-\w)", _code),
    _rule("code", rf"(?i){_CARD_WORD}[^\d\n]{{0,40}}?(?P<s>(?<![\d.,])\d(?:[ .-]?\d){{5,23}})(?!\d|[.,]\d)"),
    _rule("code", r"(?<![\d.,€#+])\d(?:[ -]?\d){9,23}(?!\d|[.,]\d)", lambda found: not _DATE.fullmatch(found)),
)


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


def _found(text: str) -> _Found:
    taken = [match.span() for match in PLACEHOLDER.finditer(text)]
    found: _Found = []
    for rule in _RULES:
        for start, end in _matches(rule, text):
            if all(end <= a or b <= start for a, b in taken):
                taken.append((start, end))
                secret = re.sub(r"\W", "", text[start:end]).casefold()
                found.append((start, end, rule.kind, secret))
    return sorted(found)


def _matches(rule: _Rule, text: str) -> Iterator[tuple[int, int]]:
    group = "s" if "s" in rule.pattern.groupindex else 0
    for match in rule.pattern.finditer(text):
        secret = match.group(group).rstrip(" .-")
        while secret and not rule.is_secret(secret):
            secret = _shorter(secret) if rule.kind in ("card", "iban") else ""
        if secret:
            yield match.start(group), match.start(group) + len(secret)


def _shorter(secret: str) -> str:
    # What follows a number may look like more of it: cut off its last group.
    cut = max(secret.rfind(c) for c in " .-\u00a0")
    return secret[:cut].rstrip(" .-") if cut > 0 else ""


def _numbers(found: _Found) -> dict[tuple[str, str], int]:
    numbers: dict[tuple[str, str], int] = {}
    for _, _, kind, secret in found:
        if (kind, secret) not in numbers:
            numbers[kind, secret] = 1 + sum(k == kind for k, _ in numbers)
    return numbers
