"""One revision of the knowledge base as it answers: what is in it, and how it is looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.calibrate import Calibration
from kb.evidence import Candidate
from kb.grams import Ids
from kb.index import Answer, Document, Floats, Index, Look
from kb.models import Entry, Phrasing
from kb.text import normalise


@dataclass(frozen=True)
class Live:
    """A live entry with all the texts that ask for it."""

    key: str
    language: str
    question: str
    answer: str
    audience: str
    texts: tuple[str, ...]

    @property
    def whole(self) -> str:
        """Question and answer as one text. An answer alone may be short and say nothing of what was asked."""
        return f"{self.question}\n{self.answer}"


@dataclass(frozen=True)
class Learned:
    """What is kept of a text between revisions: its centred vector and its grams."""

    vector: Floats
    grams: Ids


@dataclass(frozen=True)
class View:
    """What one audience can see."""

    index: Index
    questions: Mapping[str, Mapping[str, str]]  # key -> language -> question
    exact: Mapping[str, tuple[str, ...]]  # normalised text -> keys

    def names(self, look: Look, language: str, most: int = 5) -> list[Candidate]:
        """The first keys of `look` with the question in `language`, or another one if there is none in it."""
        found = []
        for number in look.keys[:most].tolist():
            key = self.index.keys[number]
            asked = self.questions[key]
            chosen = language if language in asked else min(asked)
            found.append(Candidate(key, chosen, asked[chosen], 0.0, 0.0))
        return found


@dataclass(frozen=True)
class Snapshot:
    """A revision in memory. Replaced as a whole, never changed."""

    revision: int
    entries: tuple[Live, ...]
    learned: Mapping[str, Learned]
    views: Mapping[str, View]
    calibration: Calibration


def live_entries(session: Session) -> tuple[Live, ...]:
    """Every live entry with its phrasings, by key and language."""
    columns = (Entry.id, Entry.key, Entry.language, Entry.question, Entry.answer, Entry.audience)
    chosen = select(*map(col, columns)).filter_by(status="live").order_by(col(Entry.key), col(Entry.language))
    phrasings: dict[int, list[str]] = {}
    rows = select(col(Phrasing.entry_id), col(Phrasing.text))
    for entry_id, text in session.execute(rows.order_by(col(Phrasing.entry_id), col(Phrasing.position))):
        phrasings.setdefault(entry_id, []).append(text)
    return tuple(
        Live(row.key, row.language, row.question, row.answer, row.audience, (row.question, *phrasings.get(row.id, ())))
        for row in session.execute(chosen)
    )


def views_of(entries: Sequence[Live], learned: Mapping[str, Learned], everyday: Sequence[Ids]) -> dict[str, View]:
    """A view for each audience; the same one twice when every entry is public."""
    public = [entry for entry in entries if entry.audience == "public"]
    view = _view(public, learned, everyday)
    same = len(public) == len(entries)
    return {"public": view, "agents": view if same else _view(entries, learned, everyday)}


def _view(entries: Sequence[Live], learned: Mapping[str, Learned], everyday: Sequence[Ids]) -> View:
    questions: dict[str, dict[str, str]] = {}
    exact: dict[str, set[str]] = {}
    documents: dict[tuple[str, str], Document] = {}
    for entry in entries:
        questions.setdefault(entry.key, {})[entry.language] = entry.question
        for text in entry.texts:
            known = learned[text]
            documents[entry.key, normalise(text)] = Document(
                entry.key, entry.language, text, known.vector, known.grams, text == entry.question
            )
            exact.setdefault(normalise(text), set()).add(entry.key)
    index = Index(
        list(documents.values()),
        [Answer(e.key, learned[e.whole].vector, learned[e.whole].grams) for e in entries],
        everyday,
    )
    return View(index, questions, {text: tuple(sorted(keys)) for text, keys in exact.items()})
