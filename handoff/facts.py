"""What a customer's messages hold to go by: order numbers, dates, amounts, products and the like. Pure, no model.

Secrets are known by `kb.redact`, and never leave here whole: cards, IBANs and gift-card codes are masked, PINs are
left out. Both languages are read in every text, for customers mix them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from handoff.dates import find_dates
from kb import redact

KINDS = ("order", "tracking", "invoice", "return", "customer", "product", "amount", "date", "email", "phone",
         "address", "postcode", "iban", "card", "code")  # fmt: skip
SECRET = ("card", "iban", "code", "pin")
PIECE = 4000  # characters read at once, as many as a message may have: the work grows with the text, not its square
DOTS = "••••"


@dataclass(frozen=True)
class Fact:
    """One thing that was said: its kind, the exact words (masked where secret), and the number of its message.

    `value` is the same in one form: an ISO 8601 day, month, year or interval, "EUR 12.50", a phone number's digits.
    """

    kind: str
    words: str
    value: str
    seq: int = 0


@dataclass(frozen=True)
class Told:
    """A message of the customer: its number, its words, when she said it."""

    seq: int
    text: str
    at: datetime


_Span = tuple[int, int, str, str]  # start, end, kind, value

_TRACKING = re.compile(
    r"(?i)(?<![\w-])(?:3S[A-Z]{2,6}\d{6,15}|3S[A-Z0-9]{11,15}|JJD\d{12,22}|JVGL\d{10,22}|1Z[A-Z0-9]{16})(?![\w-])"
)
_MODEL_WORD = r"(?:model|modelnummer|type|typenummer|serie|artikel|artikelnummer|art\.?\s?nr\.?|sku|product)"
_MODEL = re.compile(rf"(?i)\b{_MODEL_WORD}(?:\s?(?:nummer|number|code|nr|no)\.?)?:?\s(?:is\s)?"
                    r"(?P<s>(?=[A-Z/-]{0,12}\d)(?=[\d/-]{0,12}[A-Z])[A-Z0-9][A-Z0-9/-]{2,20})(?![\w/-])")  # fmt: skip
_GIFT = re.compile(r"(?i)cadeau|kado|gift|geschenk|voucher|kras|\bbon")
_GIFT_CODE = re.compile(r"(?i)[A-Z0-9]{4}(?:-?[A-Z0-9]{4}){2,}")
_BRAND_MODEL = re.compile(
    r"(?<![\w/.@#-])(?P<brand>[A-Z][a-zA-Z&]{1,20}\s)?"
    r"(?P<s>[A-Z]{2,4}-?\d{2,5}[A-Z]{0,3}|[A-Z]-?\d{3,5}[A-Z]{0,3}|[a-z]{2,4}-?\d{3,5}[a-z]{0,2})(?![\w/@-]|\.\d)"
)
_NO_MODEL = re.compile(r"(?i)(?:eur|usd|gbp|nr|no|maat|size|pin|code|nl|be|de|fr|uk|eu|week|wk|dag|day|tel|bus|kl|"
                       r"order|best|vraag|pag|ref|step|stap|win|covid|en|iso|cm|mm|kg|ml|x|q|jaar|top|"
                       r"fax)-?\d")  # fmt: skip
_NO_BRAND = frozenset(
    "Mijn De Het Een Die Deze Dit Dat Ik Is Kan En Of Uw Jullie Zo Wat Voor Met Van Op My The A An This That I Can And "
    "Or Your What For With Of On In Our Hoi Hi Hallo Hello Dag Bestelling Order Model Type Artikel".split()
)
_QUOTED = re.compile(r"[\"“„‘«](?P<s>[^\"“”„‘’«»\n]{3,60})[\"”’»]")
_NAME = re.compile(r"[A-Z][\w'-]*(?:\s(?:[A-Z\d][\w'-]*|van|de|en|and|of|the))*\s[A-Z\d][\w'-]*")

_NUM = (r"(?:\d{1,3}(?:[.\u00a0 ]\d{3}){1,3}(?:,\d{1,2})?|\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?)"
        r"(?!\d)(?:,[-–](?!\d))?")  # fmt: skip
_SIGNS = {"€": "EUR", "eur": "EUR", "$": "USD", "usd": "USD", "dollar": "USD", "£": "GBP", "gbp": "GBP"}
_AMOUNTS = (
    re.compile(rf"(?i)(?<!\w)(?P<sign>€|EUR|USD|GBP|\$|£)\s?(?P<n>{_NUM})(?![.,]?\d)"),
    re.compile(rf"(?i)(?<![\w.,])(?P<n>{_NUM})\s?(?P<sign>€|eur(?:o'?s?)?|dollars?|usd|gbp)(?!\w)"
               r"(?:\s(?P<cents>\d\d)(?![\w:%]|[.,]\d))?"),
    re.compile(r"(?i)(?<![\w.,])(?P<cent>\d{1,3})\s?(?:euro)?cents?(?!\w)"),
    re.compile(r"(?<![\w.,-])(?P<n>\d{1,6}),[-–](?!\d)"),
)  # fmt: skip
_LABELS = (
    ("tracking", "zending tracking pakket parcel package"),
    ("invoice", "factuur invoice"),
    ("return", "retour return"),
    ("customer", "klant customer"),
    ("order", "bestel order"),
)
_POSTCODE = re.compile(r"(?i)(?:B-)?[1-9]\d{3}(?:\s?[A-Z]{2})?")


def facts(text: str, at: datetime, zone: ZoneInfo, seq: int = 0) -> list[Fact]:
    """The facts in a message said at `at`, in the order of its words; days are the shop's, in `zone`. Never fails."""
    found: list[Fact] = []
    for piece in _pieces(text):
        for start, end, kind, value in _spans(piece, at, zone):
            if kind != "pin":
                words = value if kind in SECRET else " ".join(piece[start:end].split())
                found.append(Fact(kind, words, value, seq))
    return found


def all_facts(said: Iterable[Told], zone: ZoneInfo) -> list[Fact]:
    """The facts of several messages, each once, as it was said first; by kind in the order of KINDS."""
    once: dict[tuple[str, str], Fact] = {}
    for told in said:
        for fact in facts(told.text, told.at, zone, told.seq):
            once.setdefault((fact.kind, fact.value.casefold()), fact)
    return sorted(once.values(), key=lambda fact: KINDS.index(fact.kind))


def masked(text: str) -> str:
    """`text` with cards, IBANs, gift-card codes and PINs masked; order and model numbers stay. Never fails."""
    out = []
    for piece in _pieces(text):
        at = 0
        for start, end, kind, value in _secrets_and_ours(piece):
            if kind in SECRET:
                out += [piece[at:start], value]
                at = end
        out.append(piece[at:])
    return "".join(out)


def _pieces(text: str) -> Iterator[str]:
    """`text` cut after white space into parts of at most PIECE characters; a message of today is one part."""
    start = 0
    while len(text) - start > PIECE:
        space = max(text.rfind(c, start, start + PIECE) for c in " \n")
        end = space + 1 if space > start else start + PIECE
        yield text[start:end]
        start = end
    yield text[start:]


def _spans(text: str, at: datetime, zone: ZoneInfo) -> list[_Span]:
    """Everything in a text, in order and apart: what an earlier recogniser took, a later one does not get."""
    taken = _secrets_and_ours(text)
    today = at.astimezone(zone).date()
    dates = ((start, end, "date", value) for start, end, value in find_dates(text, today))
    for found in (_amounts(text), dates, _products(text)):
        taken += [span for span in found if _free(span, taken)]
    return sorted(taken)


def _free(span: _Span, taken: list[_Span]) -> bool:
    return all(span[1] <= start or end <= span[0] for start, end, _, _ in taken)


def _secrets_and_ours(text: str) -> list[_Span]:
    """What `kb.redact` knows, with our values. Parcel and model numbers look like codes to it: they go first."""
    taken: list[_Span] = [(m.start(), m.end(), "tracking", m.group().upper()) for m in _TRACKING.finditer(text)]
    known = redact.find(text)
    cards = [(start, end, kind, "") for start, end, kind in known if kind in ("card", "iban", "pin")]
    labelled = [(*m.span("s"), "product", m["s"].upper()) for m in _MODEL.finditer(text) if _is_model(text, m)]
    taken += [span for span in labelled if _free(span, taken) and _free(span, cards)]
    for start, end, kind in known:
        span = (start, end, *_known(text, start, end, kind))
        if _free(span, taken):
            taken.append(span)
    return sorted(taken)


def _is_model(text: str, match: re.Match[str]) -> bool:
    """Whether what is called a model is none of a gift card's code."""
    near = text[max(0, match.start() - 60) : match.start()]
    return not _GIFT_CODE.fullmatch(match["s"]) and not _GIFT.search(near)


def _known(text: str, start: int, end: int, kind: str) -> tuple[str, str]:
    """The kind and value of something that `kb.redact` found."""
    words = " ".join(text[start:end].split())
    if kind == "order":
        return _label(text[max(0, start - 40) : start]) or _label(text[end : end + 40]) or "order", words.upper()
    if kind == "address" and _POSTCODE.fullmatch(words):
        return "postcode", words.upper()
    if kind == "phone":
        return kind, re.sub(r"[^\d+]", "", words.replace("(0)", ""))
    return kind, _mask(kind, words) if kind in SECRET else words.casefold() if kind == "email" else words


def _label(near: str) -> str | None:
    """What sort of number the words beside it say it is."""
    at = {kind: max(near.casefold().rfind(word) for word in words.split()) for kind, words in _LABELS}
    last = max(at, key=lambda kind: at[kind])
    return last if at[last] >= 0 else None


def _mask(kind: str, words: str) -> str:
    bare = re.sub(r"[^A-Za-z0-9]", "", words).upper()
    if kind == "iban":
        return f"{bare[:2]} {DOTS} {bare[-4:]}"
    return f"{DOTS} {bare[-4:]}" if kind in ("card", "code") and len(bare) >= 12 else DOTS


def _amounts(text: str) -> Iterator[_Span]:
    taken: list[_Span] = []
    for pattern in _AMOUNTS:
        for match in pattern.finditer(text):
            span = (match.start(), match.end(), "amount", _amount(match.groupdict()))
            if _free(span, taken):
                taken.append(span)
                yield span


def _amount(got: dict[str, str | None]) -> str:
    if got.get("cent"):
        return f"EUR {int(got['cent'] or 0) / 100:.2f}"
    sign = (got.get("sign") or "€").casefold()
    currency = next((code for mark, code in _SIGNS.items() if sign.startswith(mark)), "EUR")
    number = re.sub(r"[ \u00a0]|,[-–]$", "", got["n"] or "")
    whole, cents = number, got.get("cents") or "0"
    if found := re.fullmatch(r"(.*)[.,](\d{1,2})", number):
        whole, cents = found[1], found[2].ljust(2, "0")
    return f"{currency} {int(re.sub(r'[.,]', '', whole))}.{int(cents):02}"


def _products(text: str) -> Iterator[_Span]:
    for match in _BRAND_MODEL.finditer(text):
        code, brand = match["s"], (match["brand"] or "").strip()
        if not _NO_MODEL.match(code):
            start = match.start("brand") if brand and brand not in _NO_BRAND else match.start("s")
            yield start, match.end("s"), "product", text[start : match.end("s")].upper()
    for match in _QUOTED.finditer(text):
        if _NAME.fullmatch(match["s"].strip()):
            yield *match.span("s"), "product", match["s"].strip().upper()
