"""Messages that only make sense with the question before them: "en naar België?"

They are looked up together with that question as well. The two in one text always look much like the earlier
question, so that it alone would decide; what counts is whether the new words lead somewhere else.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.evidence import Evidence
from kb.text import normalise
from kb.verdict import RIVAL

_MOST_WORDS = 9  # of a message that leans: more words say what they are about
_FEW_WORDS = 3
_CLOSE = 2  # entries behind the earlier question's own in the look together
_RATHER = 0.1  # probability that an entry needs in one look of two
_LEAD = re.compile(
    r"(?:(?:en|and|maar|but|of|or|ook|also|dus|so|oh|ah|ok|oke|okay|plus|then)\s+)*"
    r"(?:(?:wat met|wat als|what about|how about|what if|hoe zit het(?: dan)?(?: met)?|hoe zit dat(?: dan)?(?: met)?"
    r"|geldt dat(?: ook)?(?: voor)?|same for|does that(?: also)? (?:apply|go|count)(?: to| for)?)\b\s*)?"
)
_HANGING = re.compile(
    r"(?:naar|in|op|bij|met|zonder|voor|van|vanuit|uit|via|binnen|buiten|na|als|indien"
    r"|to|at|on|with|without|for|from|by|within|outside|if|after)\b"
)
_POINTING = re.compile(
    r"\b(?:dat|da|die|dit|het|hem|haar|ze|daar|daarvoor|daarmee|ervoor|ermee|er|deze|it|that|this|them|these|those|there)\b"
)
_SAYS_NOTHING = frozenset(
    "ok oke okay ja nee neen yes yep no nope bedankt dank je u wel danku dankjewel merci thanks thank you "
    "top super goed prima great fine hoi hallo hi hello hey dag bye doei".split()
)


def leans(text: str) -> bool:
    """Whether `text` may need the question before it: it starts with "en", "what about" and the like, has three
    words or fewer, or points back ("wat kost dat?"), and is short."""
    words = normalise(text)
    count = len(words.split())
    if count > _MOST_WORDS or says_nothing(text):
        return False
    return count <= _FEW_WORDS or bool(_rest(words) != words or _HANGING.match(words) or _POINTING.search(words))


def hangs(text: str) -> bool:
    """Whether `text` cannot be a question of its own: after "en" and the like comes no verb and no question word,
    but "naar", "zonder", "als" ... Narrower than `leans`."""
    words = normalise(text)
    rest = _rest(words)
    return len(words.split()) <= _MOST_WORDS and bool(_HANGING.match(rest)) and (rest != words or not _asks(rest))


def opens(text: str) -> bool:
    """Whether `text` starts with "en", "what about" and the like."""
    words = normalise(text)
    return _rest(words) != words


def says_nothing(text: str) -> bool:
    """Whether `text` is a greeting, thanks, yes or no: there is nothing in it to look up, or to lean on."""
    return set(normalise(text).split()) <= _SAYS_NOTHING


def subject(earlier: Sequence[str]) -> str | None:
    """The last of the `earlier` messages (oldest first) that others may lean on, or None: "en naar België?" and "en
    naar Duitsland?" both lean on the question before them."""
    return next((text for text in reversed(earlier) if not hangs(text) and not says_nothing(text)), None)


def points(text: str) -> bool:
    """Whether `text` is a few words about "that" or "it", whose meaning only the question before it gives."""
    words = normalise(text)
    return len(words.split()) <= _FEW_WORDS + 2 and bool(_POINTING.search(words))


def followed(bare: Evidence, together: Evidence, before: Evidence, pointing: bool = False) -> Evidence:
    """The evidence of a message that leans: its own (`bare`), or that of `together`, the earlier question and it.

    Together counts where the new words lead away from what answers the earlier question (`before`) and it is surer
    than the words alone. Else the words alone count where they are answered; a choice is left when they are `pointing`
    ("wat kost dat?") and the look together brings in another entry: what "dat" is, they do not say. Where the words
    alone are in doubt, what both looks find counts, see `_in_both`: the earlier question's own entry if the words alone
    come close to it too, another one as a choice beside that. Where the three looks lead to three entries, none counts.
    """
    if together.entry is None:
        return bare
    away = together.entry != before.entry
    # What alone has nothing to do with the shop makes it no choice: "and the president of France?" after a parcel.
    enough = ("answer",) if bare.verdict == "off_topic" else ("answer", "clarify")
    if away and together.probability > bare.probability and together.verdict in enough:
        return together
    if bare.verdict == "answer":
        fresh = [c.key for c in together.candidates if c.key != before.entry][:_CLOSE]
        doubtful = not away and pointing and fresh and bare.entry not in (before.entry, fresh[0])
        return _choice(bare, fresh[0], bare.entry) if doubtful else bare
    both = _in_both(bare, together) if bare.verdict in ("unknown", "clarify") else None
    if both is None:
        return bare
    if both == before.entry:
        named = next(c.probability for c in bare.candidates if c.key == both)
        likely = named >= RIVAL * bare.candidates[0].probability
        return together if likely and together.entry == both and together.verdict == "answer" else bare
    return bare if away and both != together.entry else _choice(bare, both, before.entry)


def _in_both(bare: Evidence, together: Evidence) -> str | None:
    """The entry that both looks find and that is likeliest by both, their probabilities multiplied; None without one.

    The words alone tell what is asked ("in de winkel"), the look together what of (a gift card): what only one of them
    finds is about something else. One of the two must find it rather likely, or it is there by chance.
    """
    alone = {c.key: c.probability for c in bare.candidates}
    shared = [c for c in together.candidates if max(c.probability, alone.get(c.key, 0.0)) >= _RATHER and c.key in alone]
    return max(shared, key=lambda c: c.probability * alone[c.key]).key if shared else None


def _choice(bare: Evidence, *keys: str | None) -> Evidence:
    options = tuple(key for key in keys if key is not None)
    return replace(bare, verdict="clarify", entry=options[0], options=options)


def _rest(words: str) -> str:
    found = _LEAD.match(words)
    return words[found.end() :] if found else words


def _asks(words: str) -> bool:
    return bool(re.search(r"\b(?:hoe|wat|waar|wanneer|welke?|wie|how|what|where|when|which|who)\b", words))
