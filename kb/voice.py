"""An agent's words to one customer, made into an answer for everyone, in the shop's voice: plain rules, no model.

What belongs to the one conversation goes: greeting, name, signature, thanks, apologies, "I looked it up for you", and
whatever held a secret. "U" becomes "je", an agent's "I" becomes the shop's "we". What no rule knows stays as it was:
an editor reads it before it is live.
"""

import re

from kb.redact import has_placeholder
from kb.text import clean_block

_NAME = r"(?:\s+(?:mevrouw|meneer|mr|mrs|ms|heer|\[name\]|[A-ZÀ-Ý][\w'’-]*)\.?){0,3}"
_GREETING = re.compile(
    rf"\A\s*(?:(?i:hoi|hallo|hi|hey|hello|dag|beste|geachte|dear|goede\s?(?:morgen|middag|navond|dag)"
    rf"|good (?:morning|afternoon|evening)))(?:\s+(?i:daar|there|allemaal))?{_NAME}\s*(?:[,!.:–-]+\s*|\n+)"
)
_SIGNED = re.compile(
    r"(?:\A|\n+|(?<=[.!?])\s+)(?i:met (?:vriendelijke|hartelijke) groet(?:en)?|vriendelijke groet(?:en)?"
    r"|groet(?:jes|en)?|mvg|liefs|kind regards|best regards|regards|best wishes|cheers|yours sincerely)\b[\s,.!]*"
    r"(?:[^\n.?!]{0,40}\n?){0,3}\Z"
)
_SMALL_TALK = re.compile(
    r"(?i)^(?:"
    r"(?:heel |nog )?(?:een )?(?:fijne|prettige|mooie) (?:dag|avond|middag|ochtend|week\w*)\b.*"
    r"|(?:dank\s?je\s?wel|dank je|dank u(?: wel)?|bedankt|thanks|thank you)\b.*"
    r"|(?:sorry|excuus|excuses|onze excuses|mijn excuses|my apologies|apologies)\b.*"
    r"|(?:i'?m (?:so |very )?sorry|we'?re sorry)\b.*"
    r"|(?:wat )?(?:vervelend|jammer|naar|balen)\b.{0,60}"
    r"|(?:even geduld|een moment(?:je)?|momentje|one moment|just a (?:moment|second)|hold on)\b.*"
    r"|(?:ik|we) (?:kijk|kijken|zoek|zoeken|ga|gaan|check|vraag|vragen) (?:het |dat |dit )?(?:even |voor (?:je|u) )*"
    r"(?:na|op|uit|kijken|zoeken|checken|voor (?:je|u))\b.{0,40}"
    r"|(?:ik|we) (?:heb|hebben) (?:het|dit|dat) (?:even |net |voor (?:je|u) )*"
    r"(?:nagekeken|opgezocht|uitgezocht|gecontroleerd|nagevraagd|gecheckt)\b.{0,40}"
    r"|(?:i|we)(?:'ve| have)? (?:looked|checked|asked)\b.{0,50}"
    r"|(?:let me|i'?ll|i will) (?:check|look|see|find out|ask)\b.{0,40}"
    r"|(?:kan|kunnen) (?:ik|we) (?:je|u|jou) (?:nog |verder |ergens )*(?:mee )?.{0,20}\bhelpen\b.*"
    r"|(?:can|may) i help you\b.*|is there anything else\b.*|anything else\b.*|(?:i )?hope this helps\b.*"
    r"|(?:ik )?hoop dat (?:dit|het|dat) (?:je |u |zo )*(?:helpt|duidelijk|verder)\b.*"
    r"|(?:succes|graag gedaan|geen probleem|you'?re welcome|no problem|have a (?:nice|good|great) \w+)\b.*"
    r"|(?:goede vraag|good question)\b.*"
    r")[.!?\s]*$"
)
_FORMAL = (
    ("heeft u", "heb je"),
    ("hebt u", "heb je"),
    ("kunt u", "kun je"),
    ("wilt u", "wil je"),
    ("bent u", "ben je"),
    ("zult u", "zul je"),
    ("u heeft", "je hebt"),
    ("u is", "je bent"),
    ("uzelf", "jezelf"),
    ("uw", "je"),
    ("u", "je"),
)
_WE_NL = {
    "kan": "kunnen",
    "zal": "zullen",
    "heb": "hebben",
    "ben": "zijn",
    "wil": "willen",
    "mag": "mogen",
    "moet": "moeten",
    "stuur": "sturen",
    "maak": "maken",
    "geef": "geven",
    "regel": "regelen",
    "zet": "zetten",
    "zie": "zien",
    "doe": "doen",
    "ga": "gaan",
    "weet": "weten",
    "bel": "bellen",
    "mail": "mailen",
    "vraag": "vragen",
    "betaal": "betalen",
    "blokkeer": "blokkeren",
}
_WE_EN = (
    ("I'll", "we'll"),
    ("I've", "we've"),
    ("I'm", "we're"),
    ("I am", "we are"),
    ("I was", "we were"),
    ("I", "we"),
)
# After these a sentence goes on.
_SHORT = "bijv bv o.a i.p.v t.n.v m.b.t d.w.z ca evt incl excl nr tel max min e.g i.e approx".split()
_NO_END = "".join(rf"(?<!\b{re.escape(one)}\.)" for one in _SHORT)
_SENTENCES = re.compile(rf"(?i)(?<=[.!?]){_NO_END}[ \t]+")
_MARKS = re.compile(r"!{2,}|(?<=\w)!(?=\s|$)")
_PICTURES = re.compile(r"[ \t]*(?:[\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F\u200D]+|(?<=\s)[:;]-?[)(DP](?=\s|$))")


def in_our_voice(reply: str, language: str) -> str:
    """`reply` as an answer for everyone in `language` ("nl" or "en"; others are only trimmed); empty where nothing is
    left of it."""
    text = _SIGNED.sub("", _PICTURES.sub("", clean_block(reply)))
    text = _GREETING.sub("", text, count=1)
    lines = [_line(line, language) for line in text.split("\n")]
    kept = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return _begun(kept) if re.search(r"\w", kept) else ""


def _line(line: str, language: str) -> str:
    kept = [one for one in _SENTENCES.split(line.rstrip()) if not _of_one(one.strip())]
    return " ".join(_ours(one, language) for one in kept)


def _of_one(sentence: str) -> bool:
    """Whether a sentence is for the one customer only."""
    return has_placeholder(sentence) or _SMALL_TALK.match(sentence) is not None


def _ours(sentence: str, language: str) -> str:
    said = _MARKS.sub(".", sentence)
    if language == "nl":
        for formal, ours in _FORMAL:
            said = _swapped(said, formal, ours)
        for one, many in _WE_NL.items():
            said = _swapped(_swapped(said, f"ik {one}", f"we {many}"), f"{one} ik", f"{many} we")
    elif language == "en":
        for one, ours in _WE_EN:
            said = re.sub(rf"(?<![\w'’-]){one}(?![\w'’-])", ours, said.replace("’", "'"))
    return _begun(said)


def _swapped(text: str, old: str, new: str) -> str:
    """`text` with whole words replaced, a capital at the beginning kept."""

    def place(found: re.Match[str]) -> str:
        return new[0].upper() + new[1:] if found.group()[0].isupper() else new

    return re.sub(rf"(?i)(?<![\w@.'’/=-]){re.escape(old)}(?![\w@'’/=-])", place, text)  # nor in an address


def _begun(text: str) -> str:
    address = "/" in text.split(maxsplit=1)[0] if text.strip() else False
    return text[:1].upper() + text[1:] if text[:1].isalpha() and not address else text
