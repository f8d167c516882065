# ruff: noqa: E501 - lists of spellings and words are read more easily in long lines
"""How customers type cards, IBANs, codes and the like: made up by Faker and by chance, and spelled in many ways.

Written apart from `kb.redact`, from what people type. Each kind has spellings for developing and others that are held
out (`Maker.held_out`).
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from faker import Faker

from tests.kb.redaction_words import (
    BELGIAN_CITIES,
    DIGIT_WORDS,
    FREE_MAIL,
    MAIL_NAMES,
    STREETS,
)

LOCALES = {"nl": ("nl_NL", "nl_BE"), "en": ("en_GB", "en_IE", "en_US")}
RUN = {"card": 3, "iban": 3, "code": 3, "order": 3, "phone": 3, "pin": 2, "email": 4, "address": 4}
T = TypeVar("T")


@dataclass(frozen=True)
class Secret:
    """A secret as it was typed, and what in it is informative: no `run` characters of a part may survive."""

    kind: str
    typed: str
    parts: tuple[str, ...]
    run: int


def secret(kind: str, typed: str, *parts: str, run: int = 0) -> Secret:
    """A secret whose informative parts are `parts`; without them the whole of it."""
    return Secret(kind, typed, parts or (typed,), run or RUN[kind])


@cache
def faker(locale: str) -> Faker:
    """One Faker for each locale: making one is slow."""
    return Faker(locale)


@dataclass
class Maker:
    """Makes secrets for one language from a seeded `rng`."""

    rng: random.Random
    language: str
    held_out: bool

    def pick(self, developing: Sequence[T], held_out: Sequence[T]) -> T:
        """One of the values of its set."""
        return self.rng.choice(held_out if self.held_out else developing)

    def fake(self, *locales: str) -> Faker:
        """A Faker of the language, or of one of `locales`, that says something else every time, after the seed."""
        one = faker(self.rng.choice(locales or LOCALES[self.language]))
        one.seed_instance(self.rng.getrandbits(48))
        return one

    def digits(self, count: int) -> str:
        """So many digits, the first not 0."""
        return str(self.rng.randint(10 ** (count - 1), 10**count - 1))

    def letters(self, count: int, alphabet: str) -> str:
        """So many letters of `alphabet`."""
        return "".join(self.rng.choices(alphabet, k=count))


def grouped(text: str, separator: str, size: int = 4) -> str:
    """`text` in groups."""
    return separator.join(re.findall(f".{{1,{size}}}", text))


def mistyped(m: Maker, text: str) -> str:
    """`text` with one of its last digits wrong."""
    at = m.rng.randrange(len(text) // 2, len(text))
    return text[:at] + str((int(text[at]) + 3) % 10) + text[at + 1 :] if text[at].isdigit() else text


def card(m: Maker) -> Secret:
    """A payment card's number; one in ten is mistyped."""
    number = m.fake().credit_card_number(m.rng.choice(("visa16", "mastercard", "mastercard", "amex", "maestro")))
    number = mistyped(m, number) if m.rng.random() < 0.1 else number
    if len(number) == 15 and m.rng.random() < 0.6:
        return secret("card", m.pick(" -", "./").join((number[:4], number[4:10], number[10:])))
    separator = m.pick(("", "", " ", " ", " ", "-", ".", "  ", "half"), ("", " ", "/", "_", " - ", "2", "1", "\n", "–"))
    if separator == "half":
        return secret("card", f"{grouped(number[:8], ' ')}{grouped(number[8:], ' ')}")
    if separator in "12" and separator:
        return secret("card", grouped(number, " ", int(separator)))
    return secret("card", grouped(number, separator))


def iban(m: Maker) -> Secret:
    """An IBAN; one in ten is mistyped, a few miss a digit or are of the old Belgian kind."""
    home = ("nl_NL", "nl_NL", "nl_BE", "nl_BE", "de_DE", "fr_FR")
    number = m.fake(*(home if m.language == "nl" else (*home, "en_GB", "en_IE", "en_IE"))).iban()
    chance = m.rng.random()
    if chance < 0.1:
        number = mistyped(m, number)
    elif chance < 0.14:
        number = number[:-1]
    elif chance < 0.18:
        return secret("iban", f"{m.digits(3)}-{m.digits(7)}-{m.digits(2)}")
    shape = m.pick(("", "", "4", "4", "low", "low4", ".", "odd", "country", "5", "2", "/"), ("", "4", "-", "  ", "low4", "3", "O", "_"))
    return secret("iban", _iban_as(m, number, shape))


def _iban_as(m: Maker, number: str, shape: str) -> str:
    if shape.startswith("low"):
        return grouped(number.lower(), " ") if shape == "low4" else number.lower()
    if shape == "odd":
        at = m.rng.randrange(6, len(number) - 3)
        return f"{number[:4]} {number[4:at]} {number[at:]}"
    if shape == "country":
        return f"{number[:2]} {grouped(number[2:], ' ')}"
    if shape == "O":
        return number[:8] + number[8:].replace("0", "O", 1)
    if shape in ("2", "3", "4", "5"):
        return grouped(number, " ", int(shape))
    return grouped(number, shape) if shape else number


_MIXED = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PLAIN_SHAPES = ("4-4-4", "4-4-4-4", "4 4 4 4", "16", "12", "5-5-5", "n4 n4 n4 n4", "n16", "n19", "10", "n4-n4-n4-n4",
                 "3-3-3", "6-6", "4.4.4", "4_4_4", "4/4/4/4", "14", "20", "9", "8-4", "n6 n6 n6", "GC-8", "4 - 4 - 4", "11")  # fmt: skip
_PLAIN_HELD_OUT = ("4-4-4", "4 4 4", "6-6", "20", "16", "n18", "3-4-4-3", "5 5 5 5", "n5-n5-n5", "4.4.4.4", "n4.n4.n4.n4")
_SHAPES = (*_PLAIN_SHAPES, "8", "6", "4-4", "a4-a4-a4", "n8", "n10", "worn", "7", "5-5", "3-4", "a10", "n6", "n9", "4 4", "a5-a5", "a12", "n4.n4.n4")
_HELD_OUT = (*_PLAIN_HELD_OUT, "9", "7", "4 4", "5-3", "n9", "n12", "a5-a5", "worn")


def code(m: Maker) -> Secret:
    """A gift card's code of any shape, also short ones and ones with unreadable places."""
    shape = m.pick(_SHAPES, _HELD_OUT)
    if shape != "worn":
        return secret("code", _code_as(m, shape))
    bare = m.letters(12, _MIXED if m.rng.random() < 0.5 else "0123456789")
    mark = m.pick("?*", "_#")
    at = m.rng.randrange(4, 9)
    worn = bare[:at] + mark * 2 + bare[at + 2 :]
    return secret("code", grouped(worn, m.pick("- ", " -")), bare[:at], bare[at + 2 :])


def plain_code(m: Maker) -> Secret:
    """A gift card's code that is known as one without a word about it."""
    return secret("code", _code_as(m, m.pick(_PLAIN_SHAPES, _PLAIN_HELD_OUT)))


def _code_as(m: Maker, shape: str) -> str:
    out = re.sub(r"[na]?\d+", lambda found: _letters_as(m, found.group()), shape)
    if sum(c.isdigit() for c in out) < 2 and "a" not in shape:
        return _code_as(m, shape)
    return out.lower() if m.rng.random() < 0.2 else out


def _letters_as(m: Maker, group: str) -> str:
    if group.startswith("n"):
        return m.letters(int(group[1:]), "0123456789")
    return m.letters(int(group[1:]), _MIXED[:-8]) if group.startswith("a") else m.letters(int(group), _MIXED)


def pin(m: Maker) -> Secret:
    """A PIN of 4, 6 or 8 digits, sometimes spaced or in words."""
    number = m.digits(m.rng.choice((4, 4, 4, 4, 6, 8)))
    shape = m.pick(("", "", "", "", "", "1 ", "2 ", "2-", "1-", "1."), ("", "", "", "", "1 ", '"', "1,", "2/", "3 ", "'"))
    if m.rng.random() < 0.03:
        words = m.pick((" ", " "), (", ", "-")).join(DIGIT_WORDS[m.language][int(d)] for d in number)
        return secret("pin", words, words, run=9)
    if shape in ("'", '"'):
        return secret("pin", f"{shape}{number}{shape}", number)
    return secret("pin", grouped(number, shape[1:], int(shape[0])) if shape else number)


def cvc(m: Maker) -> Secret:
    """The three digits on a card's back."""
    return secret("pin", m.digits(3))


def sms(m: Maker) -> Secret:
    """A code for signing in."""
    number = m.digits(6)
    return secret("pin", m.pick((number, number, grouped(number, " ", 3)), (number, grouped(number, "-", 3), f"G-{number}")))


def worn_pin(m: Maker) -> Secret:
    """A PIN of which one or two digits cannot be read."""
    a, b, c = m.rng.choices("123456789", k=3)
    typed = m.pick(
        (f"{a}{b}*{c}", f"{a}{b}??", f"{a}_{b}{c}", f"{a} {b} x {c}", f"{a}{b}{c}.", f"{a}{b}{c}*", f"{a}{b}x{c}", f"{a}..{b}", f"x{a}{b}{c}", f"{a}{b}-{c}?"),
        (f"{a}{b}-?", f"{a}{b}..", f"?{a}{b}{c}", f"*{a}*{b}", f"{a} {b} ? {c}", f"{a}{b}{c}_", f"{a}{b}#{c}"),
    )
    return secret("pin", typed, re.sub(r"\D", "", typed))


def email(m: Maker) -> Secret:
    """A mail address, sometimes spelled out or with typing errors."""
    fake = m.fake()
    local, domain = m.rng.choice((fake.email(), fake.ascii_free_email(), fake.ascii_company_email())).split("@")
    if m.rng.random() < 0.5:
        local, domain = m.rng.choice(MAIL_NAMES), m.rng.choice(FREE_MAIL)
        local += m.rng.choice(("", m.digits(2), "+shop", f".{m.digits(4)}", "_x"))
    at, dot = ("apenstaartje", "punt") if m.language == "nl" else ("at", "dot")
    plain, dotted = f"{local}@{domain}", domain.replace(".", f" {dot} ")
    spelled = local.replace(".", f" {dot} ")
    typed = m.pick(
        (*[plain] * 8, plain.upper(), f"{local} @ {domain}", f"{local}(at){domain}", f"{local}[at]{domain}",
         f"{spelled} {at} {dotted}", f"{local} {at} {domain}", plain.replace(".com", ",com"), f"{local}@{domain.split('.')[0]}",
         f"<{plain}>", f"{local} at {domain.replace('.', ' dot ')}"),
        (*[plain] * 7, plain.title(), f"{local}@ {domain}", f"{local} (at) {dotted}", f"{local} [at] {domain.replace('.', '[dot]')}",
         f"mailto:{plain}", f"{spelled} at {dotted}", f"{local} AT {domain.upper()}", f"é{plain}", f"{local}@bücher.example",
         f"{local}{{at}}{domain}", f"{local}@{domain.replace('.', ' .')}", f"'{plain}'"),
    )  # fmt: skip
    names = tuple(re.findall(r"\w+", local)) if spelled in typed else (local,)
    own = () if domain in FREE_MAIL or "example" in domain or "bücher" in typed else (domain.split(".")[0],)
    return secret("email", typed, *names, *own)


_MOBILE = {
    "nl": (("06", "{n8}"), ("+316", "{n8}"), ("+31 6", "{n8}"), ("00316", "{n8}"), ("04{n2}", "{n6}"), ("+32 4{n2}", "{n6}"),
           ("0032 4{n2}", "{n6}"), ("+31 (0)6", "{n8}"), ("06-", "{n8}"), ("+324{n2}", "{n6}")),
    "en": (("07{n3}", "{n6}"), ("+44 7{n3}", "{n6}"), ("+447{n3}", "{n6}"), ("08{n1}", "{n7}"), ("+353 8{n1}", "{n7}"), ("06", "{n8}"),
           ("+31 6", "{n8}"), ("+32 4{n2}", "{n6}"), ("+1 {n3}", "{n7}"), ("0044 7{n3}", "{n6}")),
}  # fmt: skip
_FIXED = {
    "nl": (("0{n2}", "{n7}"), ("0{n2}-", "{n7}"), ("(0{n2})", "{n7}"), ("0{n3}-", "{n6}"), ("09", "{n7}"), ("02/", "{n7}"), ("+32 3", "{n7}"),
           ("+31 {n2}", "{n7}"), ("0{n2}/", "{n6}")),
    "en": (("020", "{n8}"), ("0{n3}", "{n7}"), ("(0{n3})", "{n6}"), ("01", "{n7}"), ("+44 20", "{n8}"), ("({n3})", "{n7}"), ("{n3}-", "{n7}"),
           ("+353 1", "{n7}"), ("+44 (0)20", "{n8}")),
}  # fmt: skip


def phone(m: Maker) -> Secret:
    """A phone number, fixed or mobile, of Faker's or of here."""
    if m.rng.random() < 0.3:
        return secret("phone", m.fake().phone_number().split("x")[0])
    return mobile(m) if m.rng.random() < 0.6 else secret("phone", _phone_as(m, m.rng.choice(_FIXED[m.language])))


def mobile(m: Maker) -> Secret:
    """A mobile number."""
    return secret("phone", _phone_as(m, m.rng.choice(_MOBILE[m.language])))


def _phone_as(m: Maker, shape: tuple[str, str]) -> str:
    start, rest = (re.sub(r"\{n(\d)}", lambda found: m.digits(int(found[1])), part) for part in shape)
    separator = m.pick(("", "", " ", " ", ".", "-"), ("", " ", "_", "1", "4", "  "))
    if separator in "14" and separator:
        return f"{start} {grouped(rest, ' ', int(separator))}"
    size = 2 if len(rest) % 2 == 0 else 3
    gap = "" if start[-1] in "-/" else m.rng.choice(("", " ", separator))
    return start + gap + grouped(rest, separator, size)


def street(m: Maker) -> Secret:
    """A street and a house number."""
    name, number = _street(m), _house(m)
    typed = f"{number} {name}" if m.language == "en" and name[0] != "'" and _english(m) else f"{name} {number}"
    typed = m.rng.choice((typed, typed, typed.lower()))
    return secret("address", typed, name, *re.findall(r"\d+", number))


def _english(m: Maker) -> bool:
    return m.rng.random() < 0.75


def _street(m: Maker) -> str:
    name = m.rng.choice(STREETS[m.language][m.held_out]) if m.rng.random() < 0.5 else m.fake().street_name()
    return str(name)


def _house(m: Maker) -> str:
    number = str(m.rng.choice((m.rng.randint(1, 30), m.rng.randint(30, 400))))
    if m.language == "en":
        return number + m.rng.choice(("", "", "", "", "a", "B"))
    more = m.pick(
        ("", "", "", "", "a", " B", " bus 3", "/2", "-1", " bis", " bus 12"), ("", "", "", "c", " box 4", "-3", " hs", "/0301", " b5")
    )
    return m.rng.choice(("", "", "", "nr ", "nr. ")) + number + more


def postcode(m: Maker) -> Secret:
    """A postcode; a Belgian one with its place."""
    if m.language == "en" and m.rng.random() < 0.6:
        typed = m.fake("en_GB", "en_GB", "en_IE").postcode()
        return secret("address", m.rng.choice((typed, typed.lower(), typed.replace(" ", ""))), typed)
    if m.rng.random() < 0.35:
        typed = f"{m.rng.randint(1000, 9990)} {m.rng.choice(BELGIAN_CITIES[m.held_out])}"
        return secret("address", m.rng.choice((typed, typed.lower(), f"B-{typed}")), typed[:4])
    digits, letters = m.rng.randint(1011, 9999), m.letters(2, "BCDEGHJKLMNPRTVWXZ")
    return secret("address", m.rng.choice((f"{digits} {letters}", f"{digits}{letters}", f"{digits}{letters.lower()}", f"{digits} {letters.lower()}")), f"{digits}{letters}")


def address(m: Maker) -> Secret:
    """A street with a place, or a postcode with a house number, or a box."""
    if m.rng.random() < 0.08:
        code, number = postcode(m), str(m.rng.randint(10, 300))
        return secret("address", f"{code.typed} {m.rng.choice(('', 'nr '))}{number}", *code.parts, number)
    if m.rng.random() < 0.05:
        number = m.digits(m.rng.choice((3, 4)))
        return secret("address", f"{'postbus' if m.language == 'nl' else 'PO Box'} {number}", number)
    first, code = street(m), postcode(m)
    city = _town(m, first.parts[0])
    place = code.typed if len(code.parts[0]) == 4 else f"{code.typed} {city}"
    if m.language == "en":
        place = m.rng.choice((f"{city} {code.typed}", f"{city}, {code.typed}", place))
    ends = ("", f", {place}", f" {place}", f", {city}", f" in {city}", f"\n{place}", f" , {place}")
    end = m.rng.choice(ends)
    parts = (*first.parts, *code.parts) if place in end else first.parts
    typed = first.typed + end
    return secret("address", m.rng.choice((typed, typed, typed.lower())), *parts)


def _town(m: Maker, street_name: str) -> str:
    """A town that shares no part of the street's name, so that it may stay."""
    name = re.sub(r"\W", "", street_name).casefold()
    shared = {name[at : at + RUN["address"]] for at in range(len(name) - RUN["address"] + 1)}
    while True:
        town = str(m.fake().city())
        if not any(part in re.sub(r"\W", "", town).casefold() for part in shared):
            return town


def order(m: Maker) -> Secret:
    """An order number, a customer's or an invoice's."""
    year = m.rng.choice(("2023", "2024", "2025"))
    shapes = m.pick(
        (("{n7}",), ("{n8}",), ("{n6}",), ("{n10}",), ("{n5}",), (f"{year}-{{n5}}",), (f"{year}{{n5}}",), ("24-{n5}",), (f"LT-{year}-{{n5}}",),
         ("ORD-{n6}",), ("W{n7}",), ("NL{n7}",), ("BE-{n5}",), ("#{n5}",), ("# {n6}",), ("{n3} {n3} {n3}",), ("{n3}.{n3}.{n3}",), (f"#{year}-{{n4}}",)),
        (("{n7}",), ("{n8}",), ("{n9}",), ("B{n7}-2",), (f"SO/{year}/{{n5}}",), ("{n2}-{n4}-{n7}",), ("ord_{n6}",), (f"INV{year}-{{n4}}",),
         ("#{n7}",), ("#W{n5}",), ("{n4} {n4}",), ("S{n10}",), ("{n6}-01",)),
    )[0]  # fmt: skip
    typed = re.sub(r"\{n(\d+)}", lambda found: m.digits(int(found[1])), shapes)
    return secret("order", m.rng.choice((typed, typed, typed.lower())), re.sub(r"\D", "", typed))


def long_order(m: Maker) -> Secret:
    """An order number that is known as one without a word about it."""
    typed = m.pick(("{n8}", "{n9}", "{n10}", "LT-2024-{n5}", "#{n6}", "W{n8}"), ("{n8}", "{n9}", "#{n7}", "SO-{n7}", "B{n9}"))
    typed = re.sub(r"\{n(\d+)}", lambda found: m.digits(int(found[1])), typed)
    return secret("order", typed, re.sub(r"\D", "", typed))


def digits(m: Maker) -> Secret:
    """An order number in digits alone."""
    return secret("order", m.digits(m.rng.choice((6, 7, 8))))


def tracking(m: Maker) -> Secret:
    """A parcel's number."""
    start = m.pick(("3SABCD{n9}", "JJD{n18}", "{n14}", "3SKABA{n9}", "CD{n9}BE"), ("3STEST{n9}", "1Z999AA1{n10}", "{n12}", "{n20}", "LX{n9}NL"))
    typed = re.sub(r"\{n(\d+)}", lambda found: m.digits(int(found[1])), start)
    return secret("order", typed, "".join(re.findall(r"\d{4,}", typed)))


SLOTS: dict[str, Callable[[Maker], Secret]] = {
    made.__name__: made
    for made in (
        card, iban, code, plain_code, pin, cvc, sms, worn_pin, email, phone, mobile, street, postcode, address, order, long_order, digits,
        tracking,
    )
}  # fmt: skip
