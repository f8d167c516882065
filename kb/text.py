"""Small functions over text that several parts share."""

import re
import unicodedata
from functools import lru_cache

_NOT_WORD = re.compile(r"[^\w]+", re.UNICODE)
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


@lru_cache(512)  # a question is folded a dozen times on its way
def normalise(text: str) -> str:
    """`text` as it is compared for being the same: folded case and accents, words one space apart.

    Punctuation and emoji go; when nothing else is left, the stripped text itself is returned, so that
    "?" and "!" stay different.
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", bare).strip() or text.strip()


def clean(text: str) -> str:
    """`text` as it is stored: no control or half characters, one space between words, no space around."""
    kept = text.translate(_LINE)
    return re.sub(r" {2,}", " ", unicodedata.normalize("NFC", kept)).strip()


def clean_block(text: str) -> str:
    """As `clean`, line by line, keeping line breaks (for answers in Markdown)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [line.translate(_BLOCK).rstrip() for line in lines]
    return unicodedata.normalize("NFC", "\n".join(kept)).strip("\n")


def spelled_out(text: str) -> str:
    """`text` as the encoder reads it best: no shouting, and what people shorten while typing written in full.

    The encoder takes "mn" (mijn, my) for a word of its own, and texts that share it for alike.
    """
    quiet = text.lower() if text.isupper() else text
    return _SHORT.sub(lambda found: _IN_FULL[found.group().lower().replace("’", "'")], quiet)


def _storable(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in _BAD)


# Control characters, lone surrogates (which no database stores), unassigned. Format characters stay: emoji
# and right-to-left scripts are made with them.
_BAD = {"Cc", "Cs", "Cn"}


class _Kept(dict[int, int | None]):
    """What each character of a text becomes, worked out when it is first met: an import has millions of them."""

    def __init__(self, spaces: str) -> None:
        super().__init__((ord(c), ord(c)) for c in spaces)
        self.block = bool(spaces)

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        if letter.isspace() and not self.block:
            self[code] = ord(" ")
        else:
            self[code] = None if unicodedata.category(letter) in _BAD else code
        return self[code]


_LINE, _BLOCK = _Kept(""), _Kept("\t")
_IN_FULL = {
    "mn": "mijn",
    "m'n": "mijn",
    "zn": "zijn",
    "z'n": "zijn",
    "d'r": "haar",
    "ff": "even",
    "nie": "niet",
    "wrm": "waarom",
    "kado": "cadeau",
    "kadobon": "cadeaubon",
    "kadobonnen": "cadeaubonnen",
    "kadokaart": "cadeaukaart",
    "kadokaarten": "cadeaukaarten",
    # Flemish. Only what is no word with a meaning of its own elsewhere: "gulle" and "kunde" are, "da" is in names.
    # On 16 questions written for it, 9 got the right entry without these and 11 with them.
    "pakske": "pakje",
    "pakskes": "pakjes",
    "efkes": "even",
    "bomma": "oma",
    "weerom": "terug",
    "ulle": "jullie",
    "kheb": "ik heb",
    "kank": "kan ik",
    "hebde": "heb je",
    "moogde": "mag je",
    "doede": "doe je",
    "wheres": "where is",
    "whats": "what is",
    "cant": "can't",
    "dont": "don't",
    "pls": "please",
    "pw": "password",
}
_SHORT = re.compile(r"(?i)\b(?:" + "|".join(sorted(_IN_FULL, key=len, reverse=True)).replace("'", "['’]") + r")\b")
