"""Messages that ask several things at once."""

import re
from collections.abc import Sequence

from kb.evidence import Evidence

MOST = 4
_ENDS = re.compile(r"(?<=\?)\s+|\n+")


def split(text: str) -> list[str]:
    """The questions of a message, at least two, or an empty list when it asks one thing.

    Only what ends in a question mark counts as a question; a sentence before it is its context and stays with it.
    """
    pieces, context = [], ""
    for sentence in _ENDS.split(text):
        context = f"{context} {sentence}".strip()
        if sentence.rstrip().endswith("?") and len(context.split()) >= 2:
            pieces.append(context)
            context = ""
    return pieces if 2 <= len(pieces) <= MOST else []


def joined(whole: Evidence, parts: Sequence[Evidence]) -> Evidence:
    """The evidence of a message out of that of its parts: answer when all are answered, by several entries;
    partly when some are and another is a matter for a person; else that of the message as a whole."""
    answered = [part for part in parts if part.verdict == "answer"]
    unknown = [part for part in parts if part.verdict == "unknown"]
    entries = {part.entry for part in answered}
    sure = min((part.probability for part in answered), default=0.0)
    if len(answered) == len(parts) and len(entries) > 1:
        verdict = "answer"
    elif answered and unknown and len(answered) + len(unknown) == len(parts):
        verdict = "partly"
    else:
        return whole
    return Evidence(
        "answer" if verdict == "answer" else "partly",
        sure,
        answered[0].entry,
        (),
        whole.candidates,
        tuple(parts),
    )
