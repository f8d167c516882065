# ruff: noqa: E501 - lists of spellings and words are read more easily in long lines
"""Messages with secrets in them and harmless ones, and whether a redaction takes the secrets and leaves the rest.

Templates (tests/data/redaction-*.yml), with secrets in the places (redaction_forms) and harmless numbers in others,
typed as customers do: without capitals, with typing errors, with a greeting, with spaces that are none. Two sets that
share no template, and of which many spellings and words differ: one for developing the rules, one held out.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.kb.redaction_forms import SLOTS, Maker, Secret
from tests.kb.redaction_words import ENDINGS, FITTINGS, GREETINGS, MODELS, MONTHS, PROMO

DATA = Path(__file__).resolve().parent.parent / "data"
KINDS = ("card", "iban", "code", "pin", "email", "phone", "address", "order")
LANGUAGES = ("nl", "en")
_PLACE = re.compile(r"\{(\w+)}")
_MARK = re.compile(r"\[\w+(?: \d+)?]")


@dataclass(frozen=True)
class Message:
    """What a customer typed, and the secrets in it."""

    text: str
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True)
class Row:
    """How one kind fared in one language; `leaks` are messages whose secret was still there, as they came out."""

    kind: str
    language: str
    messages: int
    secrets: int
    leaks: tuple[tuple[str, str], ...]

    @property
    def recall(self) -> float:
        """The share of the secrets that are gone."""
        return 1 - len(self.leaks) / self.secrets


def measure(redact: Callable[[str], str], language: str, each: int, *, seed: int, held_out: bool) -> list[Row]:
    """`redact` on `each` messages of every kind, and as many harmless ones in the row of kind "harmless", where
    "secrets" are messages and "leaks" those that were touched."""
    return score(redact, language, lambda kind: messages(kind, language, each, seed=seed, held_out=held_out))


def score(redact: Callable[[str], str], language: str, made: Callable[[str], Iterable[Message]]) -> list[Row]:
    """As `measure`, on the messages that `made` gives for a kind."""
    rows = []
    for kind in KINDS:
        pairs = [(one, redact(one.text)) for one in made(kind)]
        secrets = [(s, one.text, out) for one, out in pairs for s in one.secrets if s.kind == kind]
        leaks = tuple((text, out) for s, text, out in secrets if survives(s, out))
        rows.append(Row(kind, language, len(pairs), len(secrets), leaks))
    plain = [one.text for one in made("harmless")]
    touched = tuple((text, out) for text in plain if (out := redact(text)) != text)
    return [*rows, Row("harmless", language, len(plain), len(plain), touched)]


def survives(secret: Secret, out: str) -> bool:
    """Whether `out` still holds an informative part of `secret`.

    It does when `secret.run` letters or digits of a part, in sequence, are in it, whatever stands between them and
    however they are written; a part that is no longer than that counts as a word of its own.
    """
    marked = _MARK.sub("\n|\n", out)
    bare = "".join(c for c in _folded(marked) if c.isalnum() or c == "|")
    words = set(re.findall(r"\w+", _folded(marked)))
    return any(_part_survives(_bare(part), secret.run, bare, words) for part in secret.parts)


def _part_survives(part: str, run: int, bare: str, words: set[str]) -> bool:
    if len(part) <= run and not (part.isdigit() and len(part) == run):
        return part in words
    return any(part[at : at + run] in bare for at in range(len(part) - run + 1))


def _bare(text: str) -> str:
    return "".join(c for c in _folded(text) if c.isalnum())


def _folded(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in plain).casefold()


def messages(kind: str, language: str, count: int, *, seed: int, held_out: bool) -> Iterator[Message]:
    """`count` messages with a secret of `kind` ("harmless": without), each template equally often; the same for a seed."""
    rng = random.Random(f"{kind} {language} {seed} {held_out}")
    maker = Maker(rng, language, held_out)
    waiting: list[str] = []
    for _ in range(count):
        if not waiting:
            waiting = list(templates(language, held_out)[kind])
            rng.shuffle(waiting)
        yield _message(maker, waiting.pop())


@cache
def templates(language: str, held_out: bool) -> dict[str, tuple[str, ...]]:
    """The templates of a set, for each kind and "harmless"."""
    name = f"redaction-{'held-out-' if held_out else ''}{language}.yml"
    read = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return {kind: tuple(_lines(text)) for kind, text in read.items()}


def _lines(text: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in text.splitlines()]


def _message(m: Maker, template: str) -> Message:
    """A template filled and typed, drawn again while something of a secret happens to stand elsewhere in it."""
    for _ in range(200):
        text, rest, secrets = _filled(m, template)
        if not any(survives(secret, rest) for secret in secrets):
            return Message(text, tuple(secrets))
    raise ValueError(f"something of the secret always stands elsewhere in {template!r}")


def _filled(m: Maker, template: str) -> tuple[str, str, list[Secret]]:
    """The text, the same without its secrets, and these."""
    text, rest, at, secrets = "", "", 0, []
    template = _around(m, template)
    for place in _PLACE.finditer(template):
        before = template[at : place.start()]
        name, at = place[1], place.end()
        if name in SLOTS:
            secret = SLOTS[name](m)
            secrets.append(secret)
            text, rest = text + before + _odd(m, secret.typed), rest + before + "[x]"
        else:
            number = HARMLESS[name](m)
            text, rest = text + before + number, rest + before + number
    return text + template[at:], rest + template[at:], secrets


def _around(m: Maker, template: str) -> str:
    """The template with a greeting or an ending, without its capitals or with a typing error."""
    if m.rng.random() < 0.25:
        template = m.rng.choice(GREETINGS[m.language]) + template
    if m.rng.random() < 0.2:
        template += m.rng.choice(ENDINGS[m.language])
    if m.rng.random() < 0.4:
        template = template.lower()
    return _typing_error(m, template) if m.rng.random() < 0.2 else template


def _typing_error(m: Maker, template: str) -> str:
    words = [found for found in re.finditer(r"(?<![\w{])[a-zA-Z]{5,}(?![\w}])", template)]
    if not words:
        return template
    word = m.rng.choice(words)
    at = m.rng.randrange(word.start() + 1, word.end() - 1)
    a, b = template[at], template[at + 1]
    return template[:at] + m.rng.choice((b + a, a, a + b + b, "")) + template[at + 2 :]


def _odd(m: Maker, typed: str) -> str:
    """As copied from elsewhere, now and then: spaces that do not break, characters of no width, wide digits."""
    if m.rng.random() > 0.06:
        return typed
    change = m.rng.choice(("space", "narrow", "nothing", "wide", "hyphen"))
    if change == "nothing":
        at = m.rng.randrange(1, len(typed))
        return typed[:at] + m.rng.choice("\u200b\u00ad\u2060\ufeff\u200e") + typed[at:]
    if change == "wide":
        return typed.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    swap = {"space": (" ", "\u00a0"), "narrow": (" ", "\u202f"), "hyphen": ("-", "\u2011")}[change]
    return typed.replace(*swap)


def _price(m: Maker) -> str:
    whole, cents = m.rng.randint(1, 2500), m.rng.choice(("00", "95", "50", "99"))
    dotted = f"{whole:,}".replace(",", ".")
    shapes = (f"{whole} euro", f"€{whole}", f"€ {dotted},{cents}", f"{whole},{cents}", f"{dotted},{cents} euro", f"{whole},-", f"€{whole}.{cents}")
    return m.rng.choice(shapes)


def _date(m: Maker) -> str:
    day, month, year = m.rng.randint(1, 28), m.rng.randint(1, 12), m.rng.randint(2021, 2026)
    word = MONTHS[m.language][month - 1]
    shapes = (f"{day}-{month}-{year}", f"{day:02}/{month:02}/{year}", f"{day} {word}", f"{day} {word} {year}", f"{day}/{month}",
              f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}", f"{day} {word[:3]} {str(year)[2:]}", f"{day:02} {month:02} {year}")  # fmt: skip
    return m.rng.choice(shapes)


def _time(m: Maker) -> str:
    hour, minute = m.rng.randint(7, 22), m.rng.choice(("00", "30", "15", "45"))
    shapes = (f"{hour}:{minute}", f"{hour}.{minute}", f"{hour}u", f"{hour} uur", f"{hour}u{minute}")
    return m.rng.choice(shapes if m.language == "nl" else (f"{hour}:{minute}", f"{hour % 12 or 12}pm", f"{hour}.{minute}", f"{hour}h{minute}"))


def _dims(m: Maker) -> str:
    a, b, c = m.rng.randint(2, 9), m.rng.choice((80, 90, 120, 160, 180)), m.rng.choice((60, 200, 210))
    return m.rng.choice((f"{a}x3m", f"{b}x{c}", f"{b} x {c} cm", f"{b}x{c}x{a}0cm", f"{a},5 m", f"{b}*{c}", f"{a} bij 3 meter", f"{b} x {c} x 25 cm"))


def _promo(m: Maker) -> str:
    word, number = m.pick(*PROMO), m.rng.choice(("5", "10", "15", "20", "25", "50", "2024", "2025", "24"))
    return m.rng.choice((word + number, word + number, (word + number).lower(), f"{word}-{number}", number + word, word.title() + number))


def _article(m: Maker) -> str:
    shapes = m.pick(("{n6}", "{n5}", "{n7}", "{n3}.{n3}.{n2}", "A-{n4}", "{n8}"), ("{n6}", "{n7}", "{n4}-{n3}", "B{n5}", "{n2}.{n4}.{n2}"))
    return re.sub(r"\{n(\d)}", lambda found: m.digits(int(found[1])), shapes)


HARMLESS: dict[str, Callable[[Maker], str]] = {
    "n": lambda m: str(m.rng.randint(2, 9)),
    "nn": lambda m: str(m.rng.randint(10, 99)),
    "nnn": lambda m: str(m.rng.randint(100, 999)),
    "amount": lambda m: m.rng.choice(("1000", "1500", "2500", "5000", "10000", "1.000", "10.000", "12.500", "800", "100.000", "20 000")),
    "size_no": lambda m: str(m.rng.randint(34, 48)),
    "year": lambda m: str(m.rng.randint(1995, 2027)),
    "pct": lambda m: f"{m.rng.randint(5, 70)}{m.rng.choice(('%', ' %', ' procent' if m.language == 'nl' else ' percent'))}",
    "ral": lambda m: m.rng.choice(("9010", "9005", "RAL 7016", "3020", "ral9016")),
    "ean": lambda m: m.fake().ean13(),
    "model": lambda m: m.pick(*MODELS),
    "fitting": lambda m: m.pick(*FITTINGS),
    "price": _price,
    "date": _date,
    "time": _time,
    "dims": _dims,
    "promo": _promo,
    "article": _article,
}
