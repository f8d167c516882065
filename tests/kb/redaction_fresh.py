# ruff: noqa: E501 - lists of spellings are read more easily in long lines
"""A third set of messages, written without having read the rules or the other two sets: what redaction does unseen.

Templates (tests/data/redaction-fresh-*.yml) and spellings are its own; only how a leak is judged is shared with
`tests.kb.redaction`.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

import yaml
from faker import Faker

from tests.kb.redaction import DATA, Message, Row, score, survives
from tests.kb.redaction_forms import Secret

_PLACE = re.compile(r"\{(\w+)}")
_STREETS = {
    "nl": ("Prinsengracht", "Coolsingel", "Laan van Meerdervoort", "De Boelelaan", "Oude Delft", "Beneluxlaan", "Nieuwe Binnenweg", "Pastoor van Erpstraat",
           "Dr. Schaepmanstraat", "Burgemeester Baumannlaan", "'t Zand", "Haagdoornhof", "Klaprozenpad", "Jan van Galenstraat", "Zeedijk", "Vogelenzang",
           "2e Oosterparkstraat", "J.P. Coenstraat", "Hoge Rijndijk", "Korte Nieuwstraat", "Weverskade", "Singel", "Meidoornplantsoen", "Achterom"),
    "be": ("Groenplaats", "Antwerpsesteenweg", "Leuvensesteenweg", "Sint-Pietersnieuwstraat", "Kouter", "Rue de la Loi", "Avenue Louise", "Bosdreef",
           "Veldekenslos", "Grote Markt", "Kapellestraat", "Tiensevest", "Rue Haute", "Eikenlei", "Chaussée de Wavre", "Dorpsplein", "Schoolstraat"),
    "uk": ("Albert Road", "High Street", "Rowan Close", "St Johns Avenue", "Mill Ln", "Victoria Terrace", "The Crescent", "Beech Grove", "Kings Rd", "Park View",
           "Old Kent Road", "Church Hill", "Orchard Way", "Station Approach", "Queens Gardens", "Elm Drive", "Wharf St", "Broadway", "Castle Mews", "Maple Court"),
}  # fmt: skip
_TOWNS = {
    "nl": ("Amsterdam", "Den Haag", "'s-Hertogenbosch", "Zwolle", "Alphen aan den Rijn", "Goes", "Emmen", "Almere", "Heerlen", "Oss"),
    "be": ("Gent", "Antwerpen", "Leuven", "Brussel", "Sint-Niklaas", "Hasselt", "Mechelen", "Aalst", "Luik", "Knokke-Heist"),
    "uk": ("Leeds", "London", "Stoke-on-Trent", "Bristol", "Cardiff", "Newcastle upon Tyne", "York", "Glasgow", "Bath", "Hull"),
}
_MAIL = {
    "nl": ("gmail.com", "hotmail.com", "ziggo.nl", "kpnmail.nl", "live.nl", "telenet.be", "skynet.be", "outlook.com", "home.nl", "icloud.com"),
    "en": ("gmail.com", "hotmail.co.uk", "btinternet.com", "yahoo.co.uk", "sky.com", "outlook.com", "icloud.com", "live.co.uk", "talktalk.net"),
}
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Writer:
    """Who types: chance, and the language."""

    rng: random.Random
    language: str

    def fake(self, where: str) -> Faker:
        """Faker of `where`, on this writer's chance."""
        made = _faker(where)
        made.seed_instance(self.rng.randrange(10**9))
        return made

    def fill(self, *shapes: str) -> str:
        """One of `shapes`: # becomes a digit, 1 to 9 for %, ? a capital, ! a capital or a digit."""
        drawn = {"#": "0123456789", "%": "123456789", "?": _LETTERS, "!": _LETTERS + "23456789"}
        return "".join(self.rng.choice(drawn[c]) if c in drawn else c for c in self.rng.choice(shapes))

    def likely(self, share: float) -> bool:
        """True in `share` of the calls."""
        return self.rng.random() < share


@cache
def _faker(where: str) -> Faker:
    return Faker(where)


def _grouped(digits: str, sizes: tuple[int, ...], between: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return between.join(part for part in [*parts, digits[at:]] if part)


def _card(w: Writer) -> Secret:
    kind = w.rng.choice(("visa", "visa", "mastercard", "mastercard", "maestro", "amex"))
    number = w.fake("en_GB").credit_card_number(kind)
    fours = (4, 6) if kind == "amex" else (4, 4, 4)
    between = w.rng.choice((" ", " ", " ", "-", ".", "  ", "/", " - ", "_", ", "))
    typed = number if w.likely(0.3) else _grouped(number, fours, between)
    if w.likely(0.1):
        typed = _grouped(number, (4, 8) if kind != "amex" else (4, 5), " ")
    return Secret("card", typed, (number,), 3)


def _iban(w: Writer) -> Secret:
    where = w.rng.choice(("nl_NL", "nl_NL", "nl_BE", "nl_BE", "de_DE", "fr_FR") if w.language == "nl" else ("en_GB", "en_GB", "en_GB", "nl_NL", "en_IE", "de_DE"))
    iban = w.fake(where).iban()
    shapes = (iban, _grouped(iban, (4,) * 8, " "), _grouped(iban, (4,) * 8, "-"), _grouped(iban, (4,) * 8, "."), _grouped(iban, (2, 2, 4, 4, 4, 4, 4), " "),
              _grouped(iban, (4, 4), " "), _grouped(iban, (2, 2), " "), _grouped(iban, (4, 4, 4, 2, 2, 2, 2), " "), _grouped(iban, (4,) * 8, "  "), _grouped(iban, (8,), " "))  # fmt: skip
    typed = w.rng.choice(shapes)
    return Secret("iban", typed.lower() if w.likely(0.3) else typed, (iban,), 3)


def _account(w: Writer) -> Secret:
    sort, number = w.fill("##-##-##", "######", "## ## ##"), w.fill("%#######", "%### ####")
    shape = w.rng.choice(("sort code {} account number {}", "{} {}", "sc {} acc {}", "sort code: {}, account: {}", "sort {} acc no {}", "{} / {}", "s/c {} a/c {}"))
    return Secret("iban", shape.format(sort, number), (number,), 3)


def _code(w: Writer) -> Secret:
    typed = w.fill("!!!!-!!!!-!!!!-!!!!", "!!!!-!!!!-!!!!", "!!!!!!!!!!!!", "!!!!!!!!!!!!!!!!", "????-####-????", "GC-!!!!!!!!", "GIFT-!!!!-!!!!", "#### #### #### ####",
                   "###############", "%##################", "6064 #### #### #### ###", "!!!!! !!!!! !!!!!", "?#?#?#?#?#", "KADO%######", "!!!.!!!.!!!", "%###-####-####", "??####??##",
                   "!!!!!-!!!!!-!!!!!", "####-?###-##??", "%########", "!!!!_!!!!_!!!!", "!!!! !!!! !!!!", "??-######-?#")  # fmt: skip
    bare = re.sub(r"^(GC-|GIFT-|KADO|6064)", "", typed)
    return Secret("code", typed.lower() if w.likely(0.25) else typed, (bare,), 3)


def _pin(w: Writer) -> Secret:
    pin = w.fill("####", "####", "####", "####", "######", "#####", "###", "########")
    while len(set(pin)) < 2 or pin.startswith(("19", "20")):  # "2024" is also a year in harmless words
        pin = w.fill("####", "######")
    typed = w.rng.choice((pin, pin, pin, pin, " ".join(pin), "-".join(pin), _grouped(pin, (2, 2), " "), f'"{pin}"', f"'{pin}'", _grouped(pin, (2, 2), "."), _grouped(pin, (3,), "-")))
    return Secret("pin", typed, (pin,), 2)


def _email(w: Writer) -> Secret:
    fake = w.fake("nl_NL" if w.language == "nl" else "en_GB")
    first, last = (re.sub(r"[^a-z]", "", name.lower()) for name in (fake.first_name(), fake.last_name()))
    local = w.rng.choice((f"{first}.{last}", f"{first}{last}", f"{first[0]}.{last}", f"{first}_{last}", f"{last}{w.fill('##')}", f"{first}{w.fill('19##')}", f"info.{last}",
                          f"{first}-{last}", f"{first}.{last}+shop", f"{first[0]}{last}", f"fam{last}", f"x{first}x"))  # fmt: skip
    own = w.likely(0.25)
    domain = f"{last}{w.rng.choice(('bouw', '-design', 'advies', 'shop', 'en-zn') if w.language == 'nl' else ('builders', '-design', 'law', 'shop', 'andsons'))}.{'nl' if w.language == 'nl' else 'co.uk'}" if own else w.rng.choice(_MAIL[w.language])
    at = w.rng.choice(("@",) * 9 + (" @ ", "@ ", " @", "(at)", " at ", "[at]", " apenstaartje " if w.language == "nl" else " (at) ", "@@"))
    if at == " at " or w.likely(0.06):
        domain = domain.replace(".", w.rng.choice((" punt ", " . ") if w.language == "nl" else (" dot ", " . ")))
    elif w.likely(0.08):
        domain = w.rng.choice((domain.replace(".", ","), domain.replace(".", ". "), domain.replace(".", "", 1), domain.split(".")[0]))
    typed = local + at + domain
    typed = typed.upper() if w.likely(0.06) else typed.capitalize() if w.likely(0.1) else typed
    if w.likely(0.08):
        typed = w.rng.choice(("<{}>", "mailto:{}", '"{}"', "({})")).format(typed)
    return Secret("email", typed, (re.sub(r"^info\.", "", local), last) if own else (re.sub(r"^info\.|\+shop$", "", local),), 3)


def _phone(w: Writer) -> Secret:
    if w.language == "nl":
        typed = w.fill("06%#######", "06-%#######", "06 %# ## ## ##", "06 %### ####", "06%# ### ###", "+316%#######", "+31 6 %### ####", "+31 6 %# ## ## ##", "+31(0)6-%#######", "00316%#######",
                       "0031 6 %#######", "06.%#.##.##.##", "06/%#######", "06-%# ## ## ##", "06 - %# ## ## ##", "020-%######", "(0%#) %## ## ##", "0%#5-%#####", "0%#5 %## ###", "088 %## ## ##",
                       "04%# ## ## ##", "04%#/##.##.##", "04%#/## ## ##", "+324%#######", "+32 4%# ## ## ##", "0032 4%# ## ## ##", "09 %## ## ##", "02/%##.##.##", "+32 (0)4%# ## ## ##", "04%#######",
                       "31 6 %#######", "06%#-######", "06 %## ### ##", "+31-6-%#######", "0 6 % # # # # # # #")  # fmt: skip
    else:
        typed = w.fill("07%########", "07%## ######", "07%## ### ###", "07%##-###-###", "07 %## ### ###", "+447%########", "+44 7%## ######", "+44 7%## ### ###", "+44(0)7%## ######", "00447%########",
                       "0044 7%## ######", "020 7%## ####", "(020) 8%## ####", "01%## ######", "01%## ### ###", "0161 %## ####", "0%##1 %#####", "01%###-#####", "+44 20 7%## ####", "07%##.###.###", "0800 %## ####",
                       "07%## ## ## ##", "+44 (0) 1%## ######", "44 7%## ######", "0 7 % # # # # # # # #", "07%##/######", "+31 6 %#######", "+353 8# %## ####")  # fmt: skip
    parts = (re.sub(r"^(\+|00)?(31|32|44|353)(?=\d{9})|\D", "", re.sub(r"[^\d+]", "", typed).replace("(0)", "")),)
    return Secret("phone", typed, parts, 3)


def _address(w: Writer) -> Secret:
    where = "uk" if w.language == "en" else w.rng.choice(("nl", "nl", "be"))
    known = w.likely(0.6)
    street = w.rng.choice(_STREETS[where]) if known else w.fake({"nl": "nl_NL", "be": "nl_BE", "uk": "en_GB"}[where]).street_name()
    town = w.rng.choice(_TOWNS[where])
    number = w.fill("%", "%#", "%#", "%##")
    if any(survives(Secret("address", street, (street,), 4), word + town) for word in ("in ", "te ")):
        return _address(w)  # Merijnstraat is not to be found again in Alphen aan den Rijn
    if where == "uk":
        return _british(w, street, number, town)
    post = w.fill("%### ??", "%###??", "%### ??") if where == "nl" else w.fill("%#%0", "B-%##0", "%000")
    number += w.rng.choice(("", "", "", "a", "-2", " hs", " bis", "B", "-III", " 2hoog") if where == "nl" else ("", "", " bus 4", " b 12", "/3", "A"))
    shapes = ("{s} {n}, {p} {t}", "{s} {n} {p} {t}", "{s} {n} in {t}", "{s} {n} te {t}", "{p} {n}", "{s} {n}, {t}", "{s} {n}\n{p} {t}", "{s} nr {n} {t}", "{p} huisnummer {n}", "{s} {n} ({p})",
              "{p} {t}, {s} {n}", "{s} {n} - {p} - {t}", "{s} nummer {n} te {t}", "{t}, {s} {n}", "{p} {t}")  # fmt: skip
    shape = w.rng.choice(shapes if where == "nl" else tuple(s for s in shapes if s not in ("{p} {n}", "{p} huisnummer {n}")))
    return _placed(w, shape, street, number, post, town)


def _british(w: Writer, street: str, number: str, town: str) -> Secret:
    post = w.fake("en_GB").postcode()  # Faker keeps to areas that are there
    post = post.replace(" ", "") if w.likely(0.25) else post
    number = w.rng.choice((number, number, number, number + "a", f"Flat 3, {number}", f"flat {w.fill('%')}b {number}", f"Unit 4 {number}", f"Apt {w.fill('%#')}, {number}"))
    shape = w.rng.choice(("{n} {s}, {t}, {p}", "{n} {s} {t} {p}", "{n} {s}, {p}", "{n} {s} {p}", "{n} {s}\n{t}\n{p}", "{p}", "{n} {s}, {t}", "{n} {s} in {t}", "{n}, {s}, {t} {p}",
                          "{s} {n}, {t} {p}", "{p} house number " + w.fill("%#"), "{t} {p}"))  # fmt: skip
    return _placed(w, shape, street, number, post, town)


def _placed(w: Writer, shape: str, street: str, number: str, post: str, town: str) -> Secret:
    typed = shape.format(s=street, n=number, p=post, t=town)
    parts = ((street,) if "{s}" in shape else ()) + ((post.removeprefix("B-"),) if "{p}" in shape else ())
    return Secret("address", typed.lower() if w.likely(0.35) else typed, parts, 4)


def _order(w: Writer) -> Secret:
    typed = w.fill("%#######", "%########", "1###", "ORD-2025-#####", "ORD%#####", "2025#######", "NL-%######", "W%########", "SO%####", "%###-####", "1%#-%######-%######",
                   "%####", "WEB-%#####", "B%######", "%## ### ###", "25-%#####", "RD%#####", "%#.###.###", "A%##-%###", "BE%#######", "10000%####", "#### ####", "%#####/1")  # fmt: skip
    typed = ("#" if w.likely(0.15) else "") + typed
    bare = re.sub(r"^#|^(ORD-2025-|2025|NL-|BE|WEB-|RD|SO|10000|25-|ORD)|/1$", "", typed)
    return Secret("order", typed.lower() if w.likely(0.2) else typed, (bare,), 3)


_SECRETS: dict[str, Callable[[Writer], Secret]] = {
    "card": _card, "iban": _iban, "account": _account, "code": _code, "pin": _pin, "email": _email, "phone": _phone, "address": _address, "order": _order,
}  # fmt: skip


def _euro(w: Writer) -> str:
    sign, point = ("€", ",") if w.language == "nl" else ("£", ".")
    whole, cents = w.fill("%", "%#", "%##", "1%##"), w.fill("#5", "99", "00")
    word = " euro" if w.language == "nl" else " pounds"
    return w.rng.choice((f"{sign}{whole}", f"{sign} {whole}{point}{cents}", f"{whole}{point}{cents}", f"{whole}{word}", f"{whole}{word} {cents}", f"{sign}{whole}{point}-" if w.language == "nl" else f"{whole} quid"))


def _day(w: Writer) -> str:
    day = w.fake("en_GB").date_between(date(2024, 1, 1), date(2027, 6, 30))
    months = "januari februari maart april mei juni juli augustus september oktober november december" if w.language == "nl" else "January February March April May June July August September October November December"
    word = months.split()[day.month - 1]
    return w.rng.choice((f"{day.day} {word}", f"{day:%d-%m-%Y}", f"{day:%d/%m/%y}", f"{day:%d/%m}", f"{day.day} {word} {day.year}", f"{day.day}-{day.month}", f"{day.day} {word[:3]}", f"{day:%d.%m.%Y}", f"{day.day}-{day.month}-'{day:%y}", f"{word} {day.year}"))


_PLAIN: dict[str, Callable[[Writer], str]] = {
    "few": lambda w: w.fill("3", "4", "5", "6", "8", "10"),
    "shoe": lambda w: str(w.rng.randint(34, 48) if w.language == "nl" else w.rng.randint(3, 14)),
    "watt": lambda w: w.rng.choice(("7", "9", "40", "60", "100", "1000")),
    "year": lambda w: str(w.rng.randint(1998, 2025)),
    "pieces": lambda w: w.rng.choice(("12", "48", "150", "250", "500", "1000", "1.000", "1500", "2500", "10000")),
    "hour": lambda w: w.fill("9", "10", "17.30", "18:00", "9:30", "21:00") if w.language == "nl" else w.rng.choice(("9", "10am", "5.30pm", "18:00", "9:30", "8 pm")),
    "promo": lambda w: w.rng.choice(("HERFST25", "WELKOM15", "zomer20", "SINT2025", "EXTRA10", "BLACK30") if w.language == "nl" else ("AUTUMN25", "HELLO15", "summer20", "XMAS2025", "EXTRA10", "BLACK30")),
    "article": lambda w: w.fill("%#####", "%###.###", "%#######", "%##-%##", "?%####", "%##.###.##"),
    "ean": lambda w: w.fake("en_GB").ean13(),
    "euro": _euro,
    "day": _day,
}  # fmt: skip


@cache
def templates(language: str) -> dict[str, tuple[str, ...]]:
    """The templates of `language`, for each kind and "harmless"."""
    read = yaml.safe_load((DATA / f"redaction-fresh-{language}.yml").read_text(encoding="utf-8"))
    return {kind: tuple(line.replace("\\n", "\n") for line in text.splitlines()) for kind, text in read.items()}


def messages(kind: str, language: str, count: int, *, seed: int) -> Iterator[Message]:
    """`count` messages with a secret of `kind` ("harmless": without), each template equally often; the same for a seed."""
    w = Writer(random.Random(f"fresh {kind} {language} {seed}"), language)
    lines = templates(language)[kind]
    for n in range(count):
        yield _message(w, lines[n % len(lines)])


def _message(w: Writer, template: str) -> Message:
    """A template filled; drawn again while something of a secret happens to stand elsewhere in it."""
    for _ in range(200):
        secrets: list[Secret] = []
        pieces = _PLACE.split(_sloppy(w, template))
        text, rest = "", ""
        for n, piece in enumerate(pieces):
            if n % 2 and piece in _SECRETS:
                secrets.append(_SECRETS[piece](w))
                text, rest = text + secrets[-1].typed, rest + "[x]"
            else:
                plain = _PLAIN[piece](w) if n % 2 else piece
                text, rest = text + plain, rest + plain
        if not any(survives(secret, rest) for secret in secrets):
            return Message(text, tuple(secrets))
    raise ValueError(f"something of the secret always stands elsewhere in {template!r}")


def _sloppy(w: Writer, template: str) -> str:
    """Without capitals, without punctuation, with a letter too few, or shouted, now and then; places stay as they are."""
    pieces = re.split(r"(\{\w+})", template)
    if w.likely(0.3):
        pieces = [p if p.startswith("{") else p.lower() for p in pieces]
    elif w.likely(0.05):
        pieces = [p if p.startswith("{") else p.upper() for p in pieces]
    if w.likely(0.15):
        pieces = [p if p.startswith("{") else re.sub(r"[,!?](?=\s|$)", "", p) for p in pieces]
    if w.likely(0.2):
        at = w.rng.randrange(len(pieces))
        if not pieces[at].startswith("{"):
            pieces[at] = re.sub(r"\b([a-zA-Z]{3})[a-z]([a-z]{2,})\b", r"\1\2", pieces[at], count=1)
    return "".join(pieces)


def measure(redact: Callable[[str], str], language: str, each: int, *, seed: int) -> list[Row]:
    """`redact` on `each` messages of every kind, as `tests.kb.redaction.measure` counts them."""
    return score(redact, language, lambda kind: messages(kind, language, each, seed=seed))
