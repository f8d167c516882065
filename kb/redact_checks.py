"""Whether what has the form of a code, a phone, a PIN or an order number is one."""

import re
from itertools import pairwise

from kb.redact_numbers import luhn
from kb.redact_words import BRAND, LETTER_PAIRS, PIN_WORD, STOP, UNIT

_NO_GROUP = STOP | frozenset(
    """code codes pins card cards gift giftcard bons kaart kado cadeau voucher wrapping laag post mail web shop team
    open best last""".split()
)
_CARD_WORDS = frozenset(
    "gift egift gc vc bon ebon kado cadeau card kaart tegoed voucher coupon geschenk giftcard".split()
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
DATE = re.compile(
    r"\d{1,2}[-–/. ]\d{1,2}[-–/. ](?:19|20)\d\d(?!\d)|(?:19|20)\d\d[-–/.]\d{1,2}[-–/.]\d{1,2}(?!\d)|"
    rf"(?<!\d){_DAY}(?P<sign>[-/.])(?:0?[1-9]|1[0-2])(?P=sign)['’]?[12]\d(?!\d|(?P=sign)\d)"
)
PROMO = re.compile(
    r"[A-Za-z]{3,12}-?(?:5|[1-9]0|[1-7]5|100|20\d\d|2\d)|(?:5|[1-9]0|[1-7]5|100|20\d\d|2\d)[A-Za-z]{3,9}"
)
_AMOUNT = re.compile(rf"(?i)\d+(?:{UNIT})")
_NO_PIN = re.compile(rf"(?i)\d+(?:{UNIT}|st|nd|rd|th|de|ste|e|am|pm|u\d*|x\d*)|(?:{BRAND})\d+\w*|(?:usb|hdmi|din)\w*")
_IS_PIN = re.compile(r"(?i)\W{1,3}(?:is|was)\s(?:(?:de|mijn|mn|my|the|het|that|die)\s)?p[iy]n")
_OF_OTHER = re.compile(
    r"(?i)\b(?:order|bestel|(?<!gift )(?<!cadeau)(?:kaart|card)|model|type|factuur|invoice)|[\n?!]\s*\S"
)
_SAID = re.compile(
    r"(?i)(?:[:=]|\b(?:is|its|it's|was|are|be|think|thinks|denk ik|ik|zou|als|says?|staat|luidt|reads?|shows?|namelijk"
    r"|nr|no|number|nummer|in|i put in|typed|enter|like|op|is that|ook)\b)[\s:=#.\"'“(]{0,4}$"
)
_MEASURE = re.compile(rf"(?i)\d+[.,]?\d*(?:x\d+)*(?:{UNIT})|\d+(?:x\d+)+|[a-z]+-?\d{{1,2}}")


def phone(found: str) -> bool:
    """As many digits as phone numbers have (E.164: 15 at most), and no date."""
    return 9 <= len(_digits(found)) <= 15 and not DATE.match(found)


def code(found: str) -> bool:
    """Letters and digits mixed in one word of 8 or more, or in groups; not a word with a year, a size or a product."""
    bare = _bare(found)
    digits = sum(c.isdigit() for c in bare)
    groups = re.split(r"[^A-Za-z0-9]+", found)
    if re.search(r" [-–] ", found) and any(g.isalpha() and g.islower() for g in groups):
        return False  # a number, a dash and what the writer says of it
    if digits == len(bare):
        return len(groups) >= 3 and "-" in found and digits >= 9 and not DATE.match(found)
    if len(groups) >= 3 and len(bare) >= 9:
        alike = len(groups[0]) >= 3 and len(set(map(len, groups))) == 1
        odd = _vowels(bare) <= 0.15 * len(bare)
        return digits >= (1 if alike or odd else 3) and (alike or not re.search(r"[./]", found))
    if re.search(r"[./]", found) or (len(groups) == 2 and 5 <= len(bare) <= 10 and len(groups[1]) < 8):
        return False  # a product's: WH-1000XM5
    prefixed = len(groups) == 2 and len(groups[1]) >= 8 and _vowels(groups[1]) <= 0.15 * len(groups[1])
    measure = _MEASURE.fullmatch(found) is not None and not (found[0].isalpha() and no_word(re.sub(r"\d", "", found)))
    return len(bare) >= 8 and digits >= (1 if prefixed else 2) and len(bare) > digits and not measure


def spaced_code(found: str) -> bool:
    """Groups of which two at least mix letters and digits, or all are capitals and digits, or none is a word."""
    groups = found.split()
    if len(groups) < 3 or groups[0].casefold() in _NO_GROUP or not _one_case(groups):
        return False
    strange = sum(g.isalpha() and no_word(g) for g in groups)
    if strange >= 2 or (strange and found.isupper() and _vowels(found) <= 0.34 * len(found)):
        return True
    mixed = sum(not g.isalpha() and not g.isdigit() for g in groups)
    letters = sum(c.isalpha() for c in found)
    no_words = _vowels(found) <= 0.15 * letters
    return mixed >= 2 or (mixed == 1 and (found.isupper() or no_words)) or (found.isupper() and no_words)


def short_code(found: str) -> bool:
    """What is a code where people write of one: letters and digits mixed, or letters that are no word."""
    bare = _bare(found)
    if bare.isalpha():
        last = re.sub(r"^[A-Z]{1,4}-(?=[A-Z]{8})", "", found)  # GC-, before the code itself
        alike = len(set(map(len, re.split(r"[^A-Za-z0-9]+", last)))) == 1
        odd = _vowels(bare) <= (0.3 if bare.isupper() else 0.2) * len(bare)
        return len(bare) >= 8 and alike and (odd or (bare != last and found.isupper()))
    return len(bare) >= 6 and not bare.isdigit() and not PROMO.fullmatch(found) and not re.search(r"[./]", found)


def promo(found: str) -> bool:
    """A word and a number, as of an action: ZOMER25."""
    return _odd(re.sub(r"[^A-Za-z]", "", found)) < 2


def no_word(found: str) -> bool:
    """Whether the letters of `found` are no word: two that stand together in no word of Dutch or English, twice, or
    once where vowels are few."""
    odd, few = _odd(found), _vowels(found) <= 0.3 * len(found)
    if re.search(r"(?i)[b-df-hj-np-tv-xz]{6}", found):
        return True
    return odd >= 2 or (odd == 1 and few) or (len(found) >= 4 and _vowels(found) + found.casefold().count("y") == 0)


def prefixed_code(found: str) -> bool:
    """A word in front and groups of which one at least is no word: BON-KDVM-CVSC."""
    groups = re.split(r"[-_]\n?", found)[1:]
    strange = any(not g.isdigit() and (not g.isalpha() or no_word(g)) for g in groups)
    return strange and sum(map(len, groups)) >= 6 and (len(groups) > 1 or groups[0].isalpha())


def called_prefixed(found: str) -> bool:
    """As `prefixed_code`, where something is called a code: letters with few vowels will do."""
    groups = re.split(r"[-_]\n?", found)[1:]
    if any(g.casefold() in _NO_GROUP for g in groups):
        return False
    rest, first = "".join(groups), re.split(r"[-_]", found)[0].casefold()
    if len(groups) > 1 and len(set(map(len, groups))) == 1 and first in _CARD_WORDS:
        return True
    return len(rest) >= 6 and (prefixed_code(found) or _vowels(rest) <= (0.34 if rest.isupper() else 0.2) * len(rest))


def upper_code(found: str) -> bool:
    """Capitals alone that are no words, in one group or in ones of one length."""
    groups = re.split(r"[-.]", found)
    bare = "".join(groups)
    if len(groups) == 1:
        few = _vowels(bare) <= 0.25 * len(bare)
        if len(bare) < 8:
            return False
        if not bare.isalpha():
            return no_word(re.sub(r"\d", "", bare))
        return _odd(bare) >= 3 or (_odd(bare) == 2 and few) or _vowels(bare) <= 0.15 * len(bare)
    alike = len(set(map(len, groups))) == 1
    if found.islower():
        return alike and all(map(no_word, groups))
    return alike and len(bare) >= 8 and (any(map(no_word, groups)) or _vowels(bare) <= 0.2 * len(bare))


def called_code(found: str) -> bool:
    """Where something is called a code: letters that are no word, or groups of one length of which two are none."""
    groups = re.split(r"[^A-Za-z0-9]+", found)
    measured = groups[0].isdigit() and re.fullmatch(UNIT, groups[1] if len(groups) > 1 else "", re.IGNORECASE)
    if measured or any(g.casefold() in _NO_GROUP for g in groups) or found.isdigit() or not _one_case(groups):
        return False
    if len(groups) == 1:
        return len(found) >= 6 and found.isalpha() and no_word(found)
    strange = sum(not g.isdigit() and (not g.isalpha() or no_word(g) or _vowels(g) == 0) for g in groups)
    joined = re.search(r"[-_]", found) is not None
    many = len(groups) > 2
    # Where a sign or capitals set them apart from words, fewer of them need to be odd.
    if (joined and len(groups[0]) >= 4) or (many and found.isupper()):
        needed = 0
    else:
        needed = 1 if many or joined or found.isupper() else 2
    return len(set(map(len, groups))) == 1 and strange >= needed


def _one_case(groups: list[str]) -> bool:
    """Whether the groups' letters are all large or all small: "reads DZYLJ" is not one code."""
    return not (any(g.islower() for g in groups) and any(g.isupper() for g in groups))


def _odd(found: str) -> int:
    plain = found.casefold()
    return sum(b not in LETTER_PAIRS.get(a, b) for a, b in pairwise(plain))


def mixed_pair(found: str) -> bool:
    """Two groups of four that both mix letters and digits, and are no measures."""
    groups = found.split()
    mixed = [not g.isalpha() and not g.isdigit() and not _AMOUNT.fullmatch(g) for g in groups]
    return len(groups) == 2 and all(mixed) and _one_case(groups)


def begun_code(found: str) -> bool:
    """Groups of four behind what a gift card is called, none of them a word, and one that mixes letters and digits."""
    begun, *groups = re.split(r"[ .-]", found)
    groups = groups or [begun]
    mixed = sum(not g.isalpha() and not g.isdigit() for g in groups)
    return all(not g.isalpha() or _vowels(g) <= 1 for g in groups) and (mixed > 0 or found.isupper())


def mixed_order(found: str) -> bool:
    """Letters and three digits or more, where an order's number is meant; no measure."""
    return len(_digits(found)) >= 3 and any(map(str.isalpha, found)) and not _MEASURE.fullmatch(found)


def worn_mix(found: str) -> bool:
    """Five signs or more, letters and digits mixed in one of the groups: a PIN as it stands below a scratch panel."""
    return len(_bare(found)) >= 5 and re.search(r"\d[a-zA-Z]|[a-zA-Z]\d", found) is not None


def pair(found: str) -> bool:
    """Two groups that mix letters and digits, or one such and one that is no word."""
    mixed = [not g.isalpha() and not g.isdigit() for g in found.split()]
    no_word = [_vowels(g) == 0 for g in found.split()]
    return any(mixed) and all(a or b for a, b in zip(mixed, no_word, strict=True))


def worn_code(found: str) -> bool:
    """A code of which some cannot be read: AB12-?4C."""
    if "? " in found and not re.search(r"\d", found):
        return False  # a question in capitals
    return re.search(r"[?*_#]", found.rstrip("?")) is not None and re.search(r"[A-Z\d]{2}", found) is not None


def order(found: str) -> bool:
    """Five digits or more, and neither a date nor a round number of things."""
    if re.fullmatch(r"\d{1,3}[. ]\d{3}|\d{1,3}000", found) or DATE.fullmatch(found):
        return False
    return len(_digits(found)) >= 5


def short_order(found: str) -> bool:
    """Four digits that are no year and, as what people order a number of is, not round."""
    return not re.fullmatch(r"20[1-3]\d|\d{2,3}00|\d{1,3}000", found)


def named_order(found: str) -> bool:
    """What is a number where a word for one comes before it: four digits or more, and neither a year nor a date."""
    return (
        len(_digits(found)) >= 4
        and not re.fullmatch(r"(?:19\d\d|20[0-3]\d)(?:-20\d\d)?", found)
        and not DATE.fullmatch(found)
    )


def listed_order(found: str) -> bool:
    """Four digits or more that are no year and, of four, not round."""
    return named_order(found) and not re.fullmatch(r"\d\d00|\d{1,3}000", found)


def bare_order(found: str) -> bool:
    """Digits that are not a round number of things."""
    digits = _digits(found)
    return len(digits) >= 8 or not digits.endswith("000")


def pin(found: str) -> bool:
    """As many digits as PINs have, or two beside signs for those that cannot be read."""
    worn = bool(re.search(r"[*x?_#]|\.\.", found))
    return (2 if worn else 3) <= len(_digits(found)) <= 8


def mixed_pin(found: str) -> bool:
    """Letters and digits as PINs have them: no measure, no time, no product."""
    bare = re.sub(r"[ -]", "", found)
    return not (bare.isalpha() or bare.isdigit() or _NO_PIN.fullmatch(bare))


def pin_at(text: str, start: int, end: int) -> int | None:
    """`start` when text[start:end] is what something says that a PIN is: directly behind the word, or behind "is"."""
    if _IS_PIN.match(text, end):
        return start
    words = list(PIN_WORD.finditer(text, max(0, start - 60), start))
    between = text[words[-1].end() : start] if words else "-" * 9
    if _OF_OTHER.search(between):
        return None
    return start if re.fullmatch(r"[\s:=#.,?\"'“(–-]{0,4}", between) or _SAID.search(between) else None


def listed_card(found: str) -> bool:
    """A card's groups with commas between them, by their check digit: other lists of numbers have commas too."""
    digits = _digits(found)
    likely = found[0] in "56" if len(digits) == 12 else found[0] in "23456"  # 12: Maestro's shortest
    return likely and 12 <= len(digits) <= 19 and luhn(digits)


def _digits(found: str) -> str:
    return re.sub(r"\D", "", found)


def _bare(found: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", found)


def _vowels(found: str) -> int:
    return sum(c in "aeiouAEIOU" for c in found)
