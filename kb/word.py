"""Messages of one word or two: "bezorging", "my order".

A word names a subject and asks nothing of it, so no entry of that subject stands out and none reaches what a
clarification needs. That is no matter for a person: whoever types a word expects a choice.
"""

from dataclasses import replace

from kb.evidence import Evidence
from kb.followup import hangs, opens
from kb.text import normalise
from kb.verdict import OPTIONS

_MOST_WORDS = 2
_FAINT = 0.1  # share of the best entry's probability, below which another is no choice


def is_word(text: str) -> bool:
    """Whether `text` is one word or two that stand alone: not "en morgen?", which continues something."""
    return len(normalise(text).split()) <= _MOST_WORDS and not opens(text) and not hangs(text)


def plain(text: str) -> str:
    """A word alone without marks and capitals ("Bestelling!" is not the shop's to the encoder); others as they are."""
    return text.lower().strip(" ?!.,;:") or text if is_word(text) else text


def chosen(text: str, found: Evidence) -> Evidence:
    """`found`, or for a word alone that is the shop's subject, a choice of the first entries where no answer is sure.

    What is not the shop's, such as gibberish, stays `off_topic`.
    """
    if found.verdict != "unknown" or not is_word(text):
        return found
    near = [c for c in found.candidates[:OPTIONS] if c.probability >= _FAINT * found.candidates[0].probability]
    if len(near) < 2:
        return found
    return replace(found, verdict="clarify", options=tuple(c.key for c in near))
