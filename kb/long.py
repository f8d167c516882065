"""Long messages: a story, and somewhere in it, mostly at its end, the question.

The vector of a whole story is near everything and nothing. So its questions and its end are looked at as well, and
the surest look counts. That is no picking of cherries as long as it has its price: a probability is calibrated for one
look, and whoever looks k times has k chances to be wrong. So the chance of being wrong, 1 - p, counts k times (the
union bound), and a look at a part must be surer than the whole even then.
"""

from collections.abc import Sequence
from dataclasses import replace

from kb.evidence import Evidence
from kb.parts import asks, last_begun, sentences
from kb.text import clean
from kb.verdict import ANSWER

LONG = 40  # words
END = 25  # words that are read of an end without full stops
_QUESTIONS = 2
_LAST = 4  # sentences
_WEIGHT = {"off_topic": 0, "unknown": 1, "clarify": 2, "answer": 3, "partly": 3}


def is_long(text: str) -> bool:
    """Whether `text` is a story rather than a question."""
    return len(text.split()) > LONG


def gist(text: str) -> list[str]:
    """What to look at beside the whole of a long `text`: its last two questions, or its end where nothing asks.

    An empty list for a short one.
    """
    if not is_long(text):
        return []
    found = sentences(text)
    questions = [short(one) for one in found if asks(one)][-_QUESTIONS:]
    return list(dict.fromkeys(questions)) or [short(text)]


def short(text: str) -> str:
    """`text`, or where it is long, the last of its sentences that asks; without such a one, its last 25 words, from
    where a question begins in them."""
    if not is_long(text):
        return clean(text)
    asking = [one for one in sentences(text) if asks(one) and not is_long(one)]
    if asking:
        return asking[-1]
    end = " ".join(text.split()[-END:])
    return last_begun(end) or end


def end(text: str) -> str:
    """The last sentences of a long `text`, a line each, in which it may ask several things; a short one as it is."""
    return "\n".join(sentences(text)[-_LAST:]) if is_long(text) else text


def surest(whole: Evidence, looks: Sequence[Evidence]) -> Evidence:
    """The surest of the evidence of the `whole` and of several `looks` at parts of it, these made less sure."""
    made = [_less_sure(look, 1 + len(looks)) for look in looks]
    return max([whole, *made], key=lambda one: (_WEIGHT[one.verdict], one.probability))


def _less_sure(look: Evidence, looks: int) -> Evidence:
    sure = max(0.0, 1 - looks * (1 - look.probability))
    if look.verdict != "answer" or sure >= ANSWER:
        return replace(look, probability=sure if look.verdict == "answer" else look.probability)
    options = tuple(candidate.key for candidate in look.candidates[:2])
    return replace(look, verdict="clarify", options=options)
