"""How a customer seems to feel, from her own words and buttons. A short sum that can be explained, no model.

Words in data/mood (every language's, for people mix them), capitals, rows of ! and ?, "that is not what I asked",
thumbs down, asking for a person again. It hears no irony. Pure functions; the words are read once, on first use.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from handoff.settings import ROOT

MOODS = ("calm", "worried", "annoyed", "angry")
HEARD = ("worried", "annoyed", "angry", "rejection", "person", "thanks")
BOT_HEARD = {"frustrated": "annoyed", "rejected": "rejection", "requested": "person"}  # what the bot knew it for
LAST = 10  # messages that count: a mood is of now
MOST = 2000  # characters of a message that are read
ANNOYED, ANGRY = 2, 4  # the heat from which a mood has that name

_LETTERS = re.compile(r"[^\W\d_]{2,}")
_ACRONYMS = frozenset(
    "PIN PINCODE IBAN BTW VAT FAQ CODE BIC SMS URL PDF USB HDMI LED TV PC NL BE EU UK OK XL XXL".split()
)
_MARKS = re.compile(r"[!?](?:\s?[!?])+")


@dataclass(frozen=True)
class Said:
    """A customer's message; `bot` is the reason for which the bot handed over at it, if it did."""

    text: str
    bot: str | None = None


@dataclass(frozen=True)
class Sign:
    """One thing the mood was read from: its kind, the customer's exact words where there are any, how often."""

    kind: str  # worried, annoyed, angry, rejection, person, thanks, capitals, marks, thumbs_down
    words: str = ""
    times: int = 1


@dataclass(frozen=True)
class Mood:
    """One of MOODS, and what it was read from, the weightiest first; no signs for a calm one without any."""

    name: str
    signs: tuple[Sign, ...] = ()


def mood(said: Sequence[Said], thumbs_down: int = 0) -> Mood:
    """The mood in a customer's messages, oldest first, the last `LAST` of them; never fails."""
    each = [_heard(message) for message in said[-LAST:]]
    hottest = max(each, key=_heat, default={})
    again = _again(each, thumbs_down)
    heat = _heat(hottest) + sum(points for points, _ in again)
    signs = [sign for _, sign in again] + _signs(hottest)
    worry = [Sign("worried", words[0]) for heard in reversed(each) if (words := heard.get("worried"))]
    if worry and not again and not _hot(hottest):
        return Mood("worried", tuple(worry[:1]))
    level = 3 if heat >= ANGRY else 2 if heat >= ANNOYED else 0
    if each and "thanks" in each[-1] and not _hot(each[-1]) and level:
        level, signs = (2 if level == 3 else 0), [*signs, Sign("thanks", each[-1]["thanks"][0])]
    if level == 0 and worry:
        return Mood("worried", tuple(worry[:1]))
    return Mood(MOODS[level], tuple(signs) if level or heat >= ANNOYED else ())


_Heard = dict[str, list[str]]


def _heard(said: Said) -> _Heard:
    """The signs in one message, by kind, each with the words it was found in."""
    plain = " ".join(said.text[:MOST].replace("’", "'").replace("‘", "'").split())
    bare = _words("innocent").sub(" · ", plain)
    found: _Heard = {}
    for kind in HEARD:
        if hits := [m.group() for m in _words(kind).finditer(bare)]:
            found[kind] = hits
    if said.bot in BOT_HEARD:
        found.setdefault(BOT_HEARD[said.bot], [plain if len(plain) <= 40 else plain[:39] + "…"])
    if shouted := _shouted(plain):
        found["capitals"] = shouted
    if marks := _MARKS.findall(plain):
        found["marks"] = [max((m.replace(" ", "") for m in marks), key=len)[:5]]
    return found


def _shouted(text: str) -> list[str]:
    """The words in capitals, without acronyms and codes."""
    words = [w for w in text.split() if not any(c.isdigit() for c in w)]
    letters = [m.group() for w in words for m in _LETTERS.finditer(w)]
    return [w for w in letters if w.isupper() and len(w) >= 4 and w not in _ACRONYMS]


def _hot(heard: _Heard) -> bool:
    return any(kind in heard for kind in ("angry", "annoyed", "rejection", "capitals"))


def _heat(heard: _Heard) -> int:
    """How hot one message is; rejections and requests for a person are counted over all of them, in `_again`."""
    if "thanks" in heard and not _hot(heard):
        return 0
    heat = ANGRY if "angry" in heard else 0
    heat += min(3, 1 + len(heard.get("annoyed", ()))) if "annoyed" in heard else 0
    shouted = len(heard.get("capitals", ()))
    heat += 3 if shouted >= 3 else shouted
    marks = len(heard["marks"][0]) if "marks" in heard else 0
    return heat + (2 if marks >= 3 else 1 if marks else 0)


def _again(each: Sequence[_Heard], thumbs_down: int) -> list[tuple[int, Sign]]:
    """Points and signs of what weighs more each time it comes back."""
    found = []
    rejections = [words[0] for heard in each if (words := heard.get("rejection"))]
    if rejections:
        found.append((min(4, 1 + len(rejections)), Sign("rejection", rejections[-1], len(rejections))))
    asked = [words[0] for heard in each if (words := heard.get("person"))]
    if len(asked) >= 2:
        found.append((min(3, len(asked)), Sign("person", asked[-1], len(asked))))
    if thumbs_down > 0:
        found.append((min(2, thumbs_down), Sign("thumbs_down", times=thumbs_down)))
    return found


def _signs(heard: _Heard) -> list[Sign]:
    signs = [Sign(kind, heard[kind][0], len(heard[kind])) for kind in ("angry", "annoyed") if kind in heard]
    signs += [Sign("capitals", " ".join(heard["capitals"][:3]))] if "capitals" in heard else []
    return signs + ([Sign("marks", heard["marks"][0])] if "marks" in heard else [])


@cache
def _words(kind: str) -> re.Pattern[str]:
    """Every language's words of a kind as one pattern."""
    lists = [yaml.safe_load(file.read_text("utf-8")) for file in sorted((ROOT / "data" / "mood").glob("*.yml"))]
    phrases = sorted({str(p) for words in lists for p in words[kind]}, key=len, reverse=True)
    return re.compile(rf"(?i)(?<!\w)(?:{'|'.join(map(_pattern, phrases))})(?!\w)")


def _pattern(phrase: str) -> str:
    words = re.escape(phrase).replace(r"\ ", " ").replace(r"\~", "~")
    return words.replace(r"\*", r"\w{0,20}").replace(" ~ ", r" (?:[\w'-]{1,30} ){0,2}")
