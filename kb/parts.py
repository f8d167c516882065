"""Messages that ask several things at once.

People part their questions with a question mark, a new line, a full stop, or with nothing but "en". Where a message
might be parted is a matter of grammar, below; whether it is, of evidence: see `joined`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.evidence import Evidence
from kb.followup import hangs
from kb.text import clean
from kb.verdict import ANSWER

MOST = 4
_FEWEST_WORDS = 2
_BEFORE = r"(?:tot|vanaf|op|in|met|bij|naar|voor|van|uit|to|from|at|for|until|on|with)"
_WORD = r"(?:hoe\w*|wat|waar\w*|wanneer|welke?|wie|waarom|how|what|when|where|which|who|why)(?:'?s)?\b"
_ME = r"(?:ik|je|jij|jullie|u|we|wij|ge|gij|hij|ze|zij|i|you|they|he|she)\b"
# "wanneer krijg ik" asks, "wanneer ik ... krijg" mostly does not: the verb comes first in a question.
_ASKING = rf"(?:{_BEFORE}\s+)?{_WORD}(?!\s+{_ME})"
_NO_VERB = (
    r"(?:als|toen|omdat|dat|of|die|want|maar|dan|nu|zoals|tot|terwijl|en|ook|zodat|hoewel|wat|waar|wanneer|hoe|dus)"
)
_VERB = (
    rf"(?!{_NO_VERB}\b)\w+\s+(?:ik|je|jij|jullie|u|we|wij|ge|gij)\b"
    r"|(?:kan|kun|kunnen|mag|mogen|moet|moeten|is|zijn|zit|staat|wordt|worden|komt|werkt|geldt|heeft|kost|duurt|gaat)"
    r"\s+(?:er|het|dat|da|die|dit|deze|de|den|een|mijn|mn|m'n|jullie|iemand|iets|hij|ze|zij|men)\b"
    r"|(?:kank|magk|moek|hebde|kunde|zijde|moogde)\b"
    r"|(?:can|could|do|does|did|is|are|am|was|will|would|should|may|have|has)"
    r"\s+(?:i|you|u|the|my|it|there|an?|this|that|your|they|we|anyone|someone|these|those|he|she|one)\b"
)
_DIRECT = rf"(?:{_ASKING}|{_VERB})"
_INDIRECT = rf"(?:{_BEFORE}\s+)?{_WORD}|(?:of|if|whether)\s+(?:{_ME}|het|er|de|mijn|it|there|the|my)"
_SENTENCE_ENDS = re.compile(r"(?<=[.!?;])\s+|\n+")
_JOINTS = re.compile(
    rf",?\s+(?:en|and|&|plus)(?:\s+(?:ook|also|dan|verder|trouwens))?\s+(?=(?i:{_DIRECT}|{_INDIRECT}))"
    rf"|,?\s+(?:ook|also)\s+(?=(?i:{_DIRECT}))|,\s+(?=(?i:{_DIRECT}))",
    re.IGNORECASE,
)
_OPENING = r"(?:(?:en|ook|maar|and|also|but|hallo|hoi|dag|hi|hello|hey|oh|ps|btw|trouwens|verder|so|dus)\b[\s,:!]*)*"
_ASKS = re.compile(rf"{_OPENING}{_DIRECT}", re.IGNORECASE)
_WONDERS = re.compile(
    r"(?i)\b(?:weten|vraag me af|mijn vraag|vraagje|know|wonder\w*|tell me|my question|zeggen|vertellen)\b"
    rf".{{0,80}}?\b(?:{_INDIRECT})"
)
_BEGINS = re.compile(rf"(?i)\b(?:{_ASKING}\s+(?:\w+\s+){{0,3}}?)?(?:{_VERB})")
_LEADS = re.compile(r"(?i)(?:(?:en|and|maar|but|ook|also|ok|oke|okay|oh|dus|so|trouwens|btw)\b[\s,:!.]*)+")
_MARKS = re.compile(r"(?<=\?)\s+|\n+")
# What opens with these is something else than what came before, even where that was no question ("I forgot my ...").
_ADDS = re.compile(r"(?i)(?:en|and|ook|also|verder|daarnaast|trouwens|btw|ps|nog een vraag\w*|another question)\b")
_STARTS = re.compile(rf"(?i)(?:{_INDIRECT})")
_POINTS = re.compile(r"(?i)\w+ (?:dat|da|that)(?: \w+){0,2}\W*$")  # "is dat gratis" asks about the same thing

# "hoe lang hij geldig is", "wat kost dat": what is asked of, only the part before it says. In "which bulb fits it" the
# bulb is asked of; "is het" mostly stands for nothing ("is het mogelijk").
_PRONOUN = re.compile(
    rf"(?i)(?:{_BEFORE}\s+)?(?!welk|which|who|wie){_WORD}(?:\s+(?!is\s+het\b)\w+){{0,2}}?\s+(?:hij|ze|het|die|dat|deze|it|they|that|those)\b"
)
_THING = re.compile(r"(?i)\b(?:mijn|een|de|het|jullie|deze|die|my|an?|the|your|this|these)\s+\w+")
_SHORT = 6  # words of a part that has but a pronoun for its subject


@dataclass(frozen=True)
class Way:
    """One way to part a message. `marked`: by its own question marks, which leave no doubt that it asks twice."""

    pieces: tuple[str, ...]
    marked: bool


def ways(text: str) -> list[Way]:
    """The ways in which a message might be parted into two to four questions, finest first; mostly none.

    A sentence that asks nothing is the context of the question after it and stays with it. `text` may have several
    lines.
    """
    marked = _gathered([(piece, piece.endswith("?"), False) for piece in map(str.strip, _MARKS.split(text))])
    fine = _gathered([clause for sentence in _SENTENCE_ENDS.split(text) for clause in _clauses(sentence.strip())])
    found = [Way(fine, False)] if len(fine) != len(marked) and 2 <= len(fine) <= MOST else []
    return found + ([Way(marked, True)] if 2 <= len(marked) <= MOST else [])


def told(way: Way) -> Way:
    """`way` with the thing that a part asks of put before it where it has but a pronoun for it.

    In "hoeveel er op mijn cadeaubon staat en hoe lang hij geldig is" the second part is read as "mijn cadeaubon staat
    hoe lang hij geldig is". The thing is what the part before has from its last article on.
    """
    pieces = [way.pieces[0]]
    for i, piece in enumerate(way.pieces[1:]):
        things = list(_THING.finditer(way.pieces[i]))
        alone = things and len(piece.split()) <= _SHORT and _PRONOUN.match(piece)
        pieces.append(f"{way.pieces[i][things[-1].start() :]} {piece}" if alone else piece)
    return Way(tuple(pieces), way.marked)


def asks(sentence: str) -> bool:
    """Whether a sentence is a question by its mark or its words; "ik wil weten hoe ..." is one."""
    sentence = sentence.strip()
    return sentence.endswith("?") or bool(_ASKS.match(sentence) or _WONDERS.search(sentence))


def sentences(text: str) -> list[str]:
    """The sentences of `text`, at full stops, marks and new lines."""
    return [clean(one) for one in _SENTENCE_ENDS.split(text) if one.strip()]


def last_begun(text: str) -> str | None:
    """The last question in words without full stops, from where it begins by its words; None where none does."""
    begun = [found.start() for found in _BEGINS.finditer(text)]
    return text[begun[-1] :] if begun else None


def bare(text: str) -> str:
    """`text` without "en", "ok" and the like before a question that needs none: the encoder takes them for meaning."""
    rest = _LEADS.sub("", text, count=1) if _LEADS.match(text) else text
    return rest if _ASKS.match(rest) and len(rest.split()) > _FEWEST_WORDS else text


def clauses(text: str) -> list[str]:
    """The parts of `text` before which a new question may begin, "en" and "and" between them left out."""
    return [clean(one) for one in _JOINTS.split(text) if one.strip()]


Clause = tuple[str, bool, bool]  # its words, whether it asks, whether it opens with "also" or the like


def _clauses(sentence: str) -> list[Clause]:
    wonders = bool(_WONDERS.search(sentence))  # then "en tot wanneer hij geldig is" asks too
    found = clauses(sentence)
    return [
        (clause, asks(clause) or (wonders and bool(_STARTS.match(clause))), i == 0 and bool(_ADDS.match(clause)))
        for i, clause in enumerate(found)
    ]


def _gathered(clauses: Sequence[Clause]) -> tuple[str, ...]:
    """The questions among `clauses`, each with the context before it; the last one with what comes after."""
    pieces: list[str] = []
    context = ""
    for clause, asking, adds in clauses:
        if adds and asking and len(context.split()) > _FEWEST_WORDS:
            pieces.append(context)
            context = ""
        context = clean(f"{context} {clause}")
        if not asking or len(context.split()) < _FEWEST_WORDS:
            continue
        if pieces and (hangs(context) or _POINTS.match(context)):  # asks nothing without the question before it
            pieces[-1] = f"{pieces[-1]} {context}"
        else:
            pieces.append(context)
        context = ""
    if pieces and context:
        pieces[-1] = f"{pieces[-1]} {context}"
    return tuple(pieces)


def joined(whole: Evidence, found: Sequence[tuple[Way, Sequence[Evidence]]]) -> Evidence:
    """The evidence of a message out of that of its parts, `found` for each way to part it, finest first.

    Answer when all parts are answered, by several entries; partly when some are and another is a matter for a
    person; else that of the message as a whole. Where no question marks part it, more is asked: see `_apart`.
    """
    for way, parts in found:
        if way.marked or _apart(whole, parts):
            together = _together(whole, parts)
            if together is not None:
                return together
    return whole


def _together(whole: Evidence, parts: Sequence[Evidence]) -> Evidence | None:
    answered = [part for part in parts if part.verdict == "answer"]
    unknown = [part for part in parts if part.verdict == "unknown"]
    sure = min((part.probability for part in answered), default=0.0)
    if len(answered) == len(parts) and len({part.entry for part in answered}) > 1:
        return Evidence("answer", sure, answered[0].entry, (), whole.candidates, tuple(parts))
    if answered and unknown and len(answered) + len(unknown) == len(parts):
        return Evidence("partly", sure, answered[0].entry, (), whole.candidates, tuple(parts))
    return None


def _apart(whole: Evidence, parts: Sequence[Evidence]) -> bool:
    """Whether the evidence says that these are several questions, and not one with an "en" in it.

    Every part that is answered must be so for certain: each is one more look, and so one more chance to find what
    is not there, so the chance of missing is counted once for each part. All must be answered by different
    entries, unless nothing answers the whole, which a person would get anyway. And where the whole is answered by
    something else than any part ("... terugsturen wat ik met een cadeaubon betaalde"), it must be less sure.
    """
    answered = [part for part in parts if part.verdict == "answer"]
    entries = {part.entry for part in answered}
    least = min((part.probability for part in answered), default=0.0)
    if 1 - len(parts) * (1 - least) < ANSWER or len(entries) < len(answered):
        return False
    if len(answered) < len(parts):
        return whole.verdict == "unknown"
    near = {candidate.key for candidate in whole.candidates}
    return entries <= near and (whole.verdict != "answer" or whole.entry in entries or whole.probability < least)


def texts_of(found: Sequence[Way]) -> list[str]:
    """Every piece of these ways."""
    return [piece for way in found for piece in way.pieces]


def parted(whole: Evidence, found: Sequence[Way], evidence: Mapping[str, Evidence]) -> Evidence:
    """`joined` for these ways, with the `evidence` of each piece."""
    return joined(whole, [(way, [evidence[piece] for piece in way.pieces]) for way in found])
