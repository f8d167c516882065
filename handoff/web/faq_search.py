"""Searching the public FAQ: what the bot would find, and where the words stand too."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, tuple_
from sqlmodel import Session, col, select

from handoff.texts import languages
from handoff.web.faq_view import Link, Reader, Shown, Topic, fitting, link, shown, topics
from kb.evidence import Evidence
from kb.models import Entry
from kb.text import normalise
from kb.verdict import ANSWER

MAX_QUERY = 300  # characters, as an entry's question
# Probability from which an entry is shown as found. Lower than where the bot asks about it: a list is looked over.
# Of the 316 held-out questions of tests/data/questions-*.yml 95 % have the right entry among those shown, which are 1.6
# on average; from .1 on it would be 87 %. Of those in off-topic-*.yml 81 % show none.
SHOWN = 0.05
MENTIONS = 6
WORD = re.compile(r"\w{3,}")
FEW = 4  # words; who types more asks, and the words alone say little
LONG = 30_000  # bytes of HTML of the first answer: beside a long query more makes the page too large
Known = tuple[str, str]  # an entry's key and language


@dataclass(frozen=True)
class Results:
    """What was found: entries by probability, whether the first is `sure` to answer, where the words stand too (and
    entries whose answers are too long to stand here), and topics that are called so."""

    entries: Sequence[Shown] = ()
    sure: bool = False
    mentions: Sequence[Link] = ()
    topics: Sequence[Topic] = ()

    @property
    def certain(self) -> bool:
        """Whether this is what was looked for, and not merely near it."""
        return self.sure or bool(self.mentions)

    @property
    def count(self) -> int:
        """How many answers there are to look at."""
        return len(self.entries) + len(self.mentions)


def likely(evidence: Evidence) -> dict[Known, float]:
    """The entries worth showing, best first, with their probability: of each question where there are several."""
    found: dict[Known, float] = {}
    for one in (*evidence.parts, evidence):
        for candidate in one.candidates if one.verdict != "off_topic" else ():
            known = candidate.key, candidate.language
            found[known] = max(found.get(known, 0.0), candidate.probability)
    worth = {known: chance for known, chance in found.items() if chance >= SHOWN and known[1] in languages()}
    return dict(sorted(worth.items(), key=lambda one: -one[1]))


def results(session: Session, reader: Reader, query: str, found: Mapping[Known, float]) -> Results:
    """What to show for a query of which `likely` entries were found. The store has the last word on what is there."""
    entries = _entries(session, reader, found)
    sure = bool(entries) and found[entries[0].key, entries[0].language] >= ANSWER
    answers = fitting([shown(reader, entry) for entry in entries])
    if answers and len(answers[0].html.encode()) > LONG:
        answers = []
    others = [link(entry) for entry in entries[len(answers) :]]
    words = WORD.findall(query)
    if not 0 < len(words) <= FEW:
        return Results(answers, sure, others)
    mentions = others + _mentions(session, reader, words, [entry.key for entry in entries])
    called = [one for one in topics(session, reader, 1) if normalise(query) in normalise(one.name)]
    return Results(answers, sure, mentions, called)


def nearest(session: Session, reader: Reader, found: Mapping[Known, float]) -> list[Link]:
    """The entries that were found, by their questions."""
    return [link(entry) for entry in _entries(session, reader, found)]


def _entries(session: Session, reader: Reader, found: Mapping[Known, float]) -> list[Entry]:
    if not found:
        return []
    wanted = tuple_(col(Entry.key), col(Entry.language)).in_(list(found))
    rows = {(row.key, row.language): row for row in session.exec(select(Entry).where(reader.sees(), wanted))}
    return [rows[known] for known in found if known in rows]


def _mentions(session: Session, reader: Reader, words: Sequence[str], but: Sequence[str]) -> list[Link]:
    """Entries in whose question or answer all the words stand, those with the question first."""
    asked = [col(Entry.question).icontains(word, autoescape=True) for word in words]
    told = [or_(q, col(Entry.answer).icontains(word, autoescape=True)) for q, word in zip(asked, words, strict=True)]
    rows = select(Entry).where(reader.sees(), Entry.language == reader.language, *told, col(Entry.key).not_in(but))
    return [link(row) for row in session.exec(rows.order_by(~asked[0], col(Entry.id)).limit(MENTIONS))]
