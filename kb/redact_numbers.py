"""Numbers with check digits: payment cards and bank accounts."""

import re

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
# Of these an account is digits alone: what else is like one is a few words, as "at 217 Wilkinson Course".
_DIGITS = frozenset("AT BA BE CZ DE DK EE ES FI FO GL HR HU IL LT ME NO PL PT RS SE SI SK TN XK".split())
_LETTERS = {"NL": 4, "GB": 4, "IE": 4}  # of the bank, at the start; elsewhere near us there are digits alone


def luhn(digits: str) -> bool:
    """Whether `digits` end in the check digit of ISO/IEC 7812-1 annex B (payment cards)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban_ok(text: str) -> bool:
    """Whether `text` is an IBAN by its country's length and its check digits: ISO 13616, remainder 1 modulo 97."""
    bare = _bare(text)
    # By the check digits alone, one word in 97 after an IBAN would pass for more of it.
    if len(bare) != _IBAN_LENGTHS.get(bare[:2]):
        return False
    if bare[:2] in _DIGITS and not bare[4:].isdigit():
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def ibanlike(text: str) -> bool:
    """Whether `text` looks like an IBAN with a mistake in it: a digit wrong or lacking, O for 0."""
    bare = _bare(text)
    length = _IBAN_LENGTHS.get(bare[:2], 0)
    if length < 15 or not length - 1 <= len(bare) <= length + 1:
        return False
    account = bare[4 + _LETTERS.get(bare[:2], 0) :]
    return sum(c.isdigit() for c in account) >= 0.6 * len(account)


def card_ok(text: str) -> bool:
    """Whether `text` is a payment card's number of 13 to 19 digits by its check digit."""
    digits = "".join(filter(str.isdigit, text))
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    return luhn(digits)


def long_groups(text: str) -> bool:
    """Whether `text` is 12 to 19 digits in groups such as cards have, whatever the check digit says."""
    groups = re.split(r"\D+", text)
    return 12 <= sum(map(len, groups)) <= 19 and min(map(len, groups)) >= 3 and len(groups) > 1


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())
