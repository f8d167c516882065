"""Which of the things a customer says to an agent are questions that the FAQ could have answered, by plain rules.

Between a customer and an agent little is a question for everybody: names and numbers that the agent asked for, "are
you still there?", "and when?". What is in doubt stays out: a backlog is read by people.
"""

import re
from collections.abc import Collection, Sequence

from handoff.models import Message
from handoff.question import OpenQuestion
from handoff.said import words
from kb.base import Base
from kb.evidence import Evidence
from kb.followup import hangs, points, says_nothing
from kb.redact import PLACEHOLDER, redact
from kb.text import normalise

MOST = 10  # of one conversation: who asks more than that is not understood better by it
FEWEST_WORDS, FEWEST_LETTERS = 3, 12
FEWEST_TOLD = 4  # words of what she came with, where it is no question: "mijn lamp zoemt al een week"
STEPS = ("handed_over", "assigned")  # from these rows on it is a person who is spoken to
_CLAUSE = re.compile(r"[.!?,;:\n]+")
_LEAD = (
    "en|maar|dus|of|ook|nog|want|oh|ok|oke|okay|ja|nee|hoi|hallo|dag|hey|goedemorgen|goedemiddag|goedenavond|ps"
    "|and|but|so|or|also|yes|no|hi|hello|please|sorry|thanks|bedankt"
)
_ASKED = (  # how a question begins: with a word that asks, or a verb with its subject behind it
    r"(?:(?:tot|vanaf|voor|op|in|bij|met|until|from|by|at|in|for)\s)?"
    r"(?:hoe(?:veel|lang|zo)?|waar\w*|wanneer|welke?|wie|waarom|how|when|where|which|who|why|whose)\b"
    r"|(?:wat|what)\b(?!\s(?:fijn|goed|leuk|jammer|mooi|top|super|een|snel|aardig|a|great|nice)\b)"
    r"|(?:kan|kunnen|kun|kunt|mag|mogen|moet|moeten|is|zijn|heeft|hebben|heb|hebt|doen|doet|gaat|gaan|komt|komen|past"
    r"|passen|werkt|werken|helpt|geldt|krijgt?|krijgen|verkopen|leveren|bestaat|zit|zitten|staat|wordt|worden|zou|zouden"
    r"|lukt|can|could|do|does|did|is|are|will|would|may|must|should)\s"
    r"(?:ik|je|jij|u|jullie|we|wij|men|iemand|het|er|de|deze|die|dit|dat|een|mijn|mn|medewerkers"
    r"|i|you|we|someone|somebody|it|there|the|this|that|my|they|a|an|employees)\b"
)
_OPENS = re.compile(rf"(?:(?:{_LEAD})\s)*(?:{_ASKED})")
_WONDERS = re.compile(
    r"\b(?:(?:vroeg|vraag) me af|(?<!wat )ik wil(?:de)? (?:graag )?weten"
    r"|weet (?:je|jij|u|jullie) (?:of|wat|waar|wanneer|hoe)"
    r"|was wondering|i(?: woul)?d like to know|i want to know|do you know (?:if|what|where|when|how))\b"
)
# Said to whoever is there, or about whoever is there: no question to the shop.
_TO_THE_AGENT = re.compile(
    r"\b(?:ben|bent) (?:je|jij|u) (?:(?:er|daar|hier|nog|nu|wel|al|echt) ?)*(?:$|(?:een|n) |bezig\b)"
    r"|\bis (?:er|daar) (?:nog )?iemand(?: daar)?$"
    r"|\b(?:are|is) (?:you|anyone|anybody|somebody|someone) (?:still |even |really )?(?:there|here|with me|a|an)\b"
    r"|\b(?:spreken|praten|chatten|spreek|praat|chat|te maken|aan de lijn|doorverbinden|doorverbonden)\b"
    r"|\b(?:speak|talk|chat|speaking|talking|chatting) (?:to|with)\b|\bput me through\b"
    r"|\b(?:ro)?bot\b|\b(?:wie|wat) ben (?:je|jij|u|ik)\b|\b(?:who|what) are you\b"
    r"|\bhoe (?:vaak|dikwijls) moet ik\b|\bhow (?:many times|often) (?:do|must) i\b"
    r"|\bhoe ?lang (?:duurt (?:het|dit|dat)|moet ik)(?: hier)?(?: dan)?(?: nog)?(?: wachten)?$"
    r"|\bhow (?:much )?long(?:er)?\b.* wait\b|\bhow much longer\b"
    r"|\b(?:kan|kun|kunt|could|can|wil|would|zou) (?:je|jij|u|you) "
    r"(?:dat|dit|het|me|mij|even|eens|voor (?:me|mij)|that|it|please)\b"
    r"|\b(?:mag|kan) ik (?:u |je |hier )?iets vragen\b|\b(?:may|can|could) i ask\b|\bmijn vraag is\b|\bmy question is\b"
    r"|\b(?:lukt|gelukt|klopt) (?:het|dat)\b|\bwat is (?:je|uw) naam\b|\bis your name\b"
    r"|\bhow are you\b|\bhoe gaat het\b"
)


def asks(text: str) -> bool:
    """Whether `text` has the form of a question, with or without a question mark."""
    clauses = [normalise(one) for one in _CLAUSE.split(text) if one.strip()]
    return "?" in text or any(_OPENS.match(one) or _WONDERS.search(one) for one in clauses)


def is_question(text: str, first: bool = False) -> bool:
    """Whether `text` may be a question for everybody; `first`: it is what she came with, which need not ask."""
    bare = normalise(PLACEHOLDER.sub(" ", redact(text)))
    count = len(bare.split())
    if count < FEWEST_WORDS or sum(c.isalpha() for c in bare) < FEWEST_LETTERS or says_nothing(bare):
        return False
    if _TO_THE_AGENT.search(bare) or hangs(bare) or points(bare):
        return False
    return asks(text) or (first and count >= FEWEST_TOLD)


def candidates(rows: Sequence[Message], with_person: bool, known: Collection[int]) -> list[Message]:
    """What customers said in these rows that an agent may have answered by hand, in order.

    `with_person`: a person has the conversation now, so that what is said in this stint may still be answered.
    `known` are the numbers of the rows that are in the backlog. Where nothing of a stint is, that counts too which the
    bot took for something that has nothing to do with the shop.
    """
    newest = rows[-1].stint if rows else 0
    last_reply = max((m.seq for m in rows if by_hand(m)), default=0)
    begins: dict[int, int] = {}
    for row in rows:
        if row.kind in STEPS:
            begins.setdefault(row.stint, row.seq)
    found: list[Message] = []
    told = {m.stint for m in rows if m.seq in known}
    for row in rows:
        if row.stint not in begins or row.seq > last_reply or row.seq in known or not _was_said(row):
            continue
        to_a_person = row.seq > begins[row.stint]
        if (with_person and row.stint == newest) or not (to_a_person or _off_topic(row, told)):
            continue
        if is_question(words(row), first=to_a_person and row.stint not in told):
            told.add(row.stint)
            found.append(row)
    return found[:MOST]


def judged(base: Base, rows: Sequence[Message], language: str) -> list[OpenQuestion]:
    """Those of the candidates that the bot could not have answered by itself. Slow: encodes."""
    evidence = base.ask_many([words(row) for row in rows], language) if rows else []
    found = zip(rows, evidence, strict=True)
    return [OpenQuestion(m.seq, words(m), m.at, e.as_dict()) for m, e in found if _is_gap(m, e)]


def _is_gap(row: Message, evidence: Evidence) -> bool:
    if "act" in (row.data or {}):  # the bot called it off topic, and an agent had an answer
        return evidence.verdict != "answer"
    return evidence.verdict not in ("answer", "off_topic")


def by_hand(row: Message) -> bool:
    """Whether an agent wrote this to the customer; an entry that she sent is no answer by hand."""
    return row.author == "agent" and row.kind == "text" and row.hidden_at is None


def _was_said(row: Message) -> bool:
    return row.author == "customer" and row.kind in ("text", "file") and row.hidden_at is None


def _off_topic(row: Message, told: Collection[int]) -> bool:
    evidence = (row.data or {}).get("evidence") or {}
    return row.stint not in told and evidence.get("verdict") == "off_topic" and asks(row.text)
