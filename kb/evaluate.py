"""Measures the knowledge base on a FAQ and labelled queries that it never saw: `rechtdoor evaluate`.

The order is the point: everything is asked and timed first, from texts alone; the labels are looked at last.
"""

import resource
import sys
import time
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlalchemy import create_engine, insert
from sqlmodel import Session, SQLModel

from kb.base import Base
from kb.calibrate import OUT_OF_SCOPE_SHARE
from kb.drafts import MAX_ANSWER, MAX_PHRASING, MAX_PHRASINGS, MAX_QUESTION, EntryDraft, checked, phrasing_key
from kb.encoder import WORKERS, BatchingEncoder, Encoder, Vectors
from kb.entries import bump
from kb.errors import Invalid
from kb.evidence import Evidence
from kb.metrics import Outcome, figures
from kb.models import Entry, Phrasing
from kb.text import LANGUAGE, clean_block
from kb.weights import Progress, silent

ANSWERED = 0.5  # probability from which binary mode counts a query as answered
_BATCH = 32  # queries asked together where only the answers matter
_CHUNK = 512  # texts encoded between two steps of the progress
_ALONE = 500  # queries timed one at a time
_WARM = 20  # queries asked before timing
_CROWD, _THREADS = 600, 20  # queries timed together, and by how many threads
_PATIENCE_S = 60.0  # for each of the two timings, where a large base answers slowly
_Id = Annotated[str, StringConstraints(min_length=1)]
_Kind = TypeVar("_Kind", bound="_Row")
_Language = Annotated[str, StringConstraints(pattern=f"^({LANGUAGE.pattern})$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class FaqRow(_Row):
    """A line of a FAQ file. Ids that are numbers are read as text."""

    id: _Id
    language: _Language
    question: str
    answer: str = ""
    phrasings: list[str] = []


class QueryRow(_Row):
    """A line of a queries file: `entry` null is out of scope, `entries` are accepted as well."""

    text: str
    language: _Language
    entry: _Id | None
    entries: list[_Id] = []


@dataclass(frozen=True)
class Asked:
    """What the base gets to see of a query."""

    text: str
    language: str


@dataclass(frozen=True)
class Pair:
    """A FAQ with labelled queries. `gold` stands beside `asked`: accepted ids, none when out of scope.

    `entries` have made-up keys, since an id may be any text; `ids` leads back.
    """

    entries: tuple[EntryDraft, ...]
    ids: dict[str, str]
    asked: tuple[Asked, ...]
    gold: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Report:
    """`figures` as `rechtdoor evaluate --json` prints them; `answers` and `outcomes`, one for each query."""

    figures: dict[str, Any]
    answers: list[Evidence]
    outcomes: list[Outcome]


def read_pair(faq: Path, queries: Path) -> Pair:
    """The pair in two files of JSON lines. Invalid, naming file and line, at the first mistake; OSError.

    Texts are cleaned as on import. One that is longer than an entry may have is cut, and so is a list of phrasings.
    """
    entries: dict[tuple[str, str], EntryDraft] = {}
    keys: dict[str, str] = {}
    for line, row in _rows(faq, FaqRow):
        key = keys.setdefault(row.id, f"entry-{len(keys):06d}")
        if (key, row.language) in entries:
            raise _mistake(faq, line, f"there is already an entry {row.id} in {row.language}")
        try:
            entries[key, row.language] = _draft(row, key)
        except Invalid as error:
            raise _mistake(faq, line, error.message) from error
    rows = list(_rows(queries, QueryRow))
    gold = tuple(_accepted(row, keys, queries, line) for line, row in rows)
    asked = tuple(Asked(row.text, row.language) for _, row in rows)
    return Pair(tuple(entries.values()), {key: one for one, key in keys.items()}, asked, gold)


def _accepted(row: QueryRow, known: Container[str], file: Path, line: int) -> tuple[str, ...]:
    if row.entry is None and row.entries:
        raise _mistake(file, line, "a query out of scope (entry null) has no entries")
    accepted = dict.fromkeys([] if row.entry is None else [row.entry, *row.entries])
    for unknown in [one for one in accepted if one not in known]:
        raise _mistake(file, line, f"the FAQ has no entry {unknown}")
    return tuple(accepted)


def _draft(row: FaqRow, key: str) -> EntryDraft:
    question, answer = row.question[:MAX_QUESTION], clean_block(row.answer)[:MAX_ANSWER].strip()
    phrasings = [text[:MAX_PHRASING] for text in row.phrasings[:MAX_PHRASINGS]]
    fields = {"key": key, "language": row.language, "question": question, "phrasings": phrasings}
    kept = checked(EntryDraft(**fields, answer=answer or "none"))
    return kept if answer else kept.model_copy(update={"answer": ""})


def _rows(file: Path, kind: type[_Kind]) -> Iterator[tuple[int, _Kind]]:
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 text") from error
    if not any(map(str.strip, lines)):
        raise Invalid(f"{file} is empty")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, kind.model_validate_json(line)
            except ValidationError as error:
                raise _mistake(file, number, _plainly(error)) from error


def _plainly(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "not JSON"
    place = ".".join(map(str, first["loc"])) or "the line"
    said = {"missing": "is missing", "extra_forbidden": "is not a field of this file"}
    return f"{place} {said.get(first['type'], 'is of the wrong kind')}"


def _mistake(file: Path, line: int, what: str) -> Invalid:
    return Invalid(f"{file}, line {line}: {what}")


def evaluate(pair: Pair, encoder: Encoder, share: float = OUT_OF_SCOPE_SHARE, tell: Progress = silent) -> Report:
    """Load `pair` into a throw-away knowledge base, ask it every query, then score: see `kb.metrics`.

    `share` is the expected share (0 to 1) of queries out of scope, all that the base is told beforehand.
    `tell(done, total, what)` hears of the progress. `build_s` are the seconds from stored entries to a base with
    thresholds of its own, every text encoded anew, without loading the encoder; `peak_rss_mb` is the whole
    process's. Evidence names five entries at most: what ranks lower counts as 0 in `mrr`.
    """
    with closing(BatchingEncoder(_Telling(encoder, tell), workers=WORKERS)) as batching:  # as the app has it
        base, build_s = opened(pair.entries, batching, share)
        times = speed(base, pair.asked)
        answers = asked(base, pair.asked, tell)
    cost = {"build_s": round(build_s, 2), **times, "peak_rss_mb": round(peak_rss_mb(), 1)}
    outcomes = outcomes_of(pair, answers)  # the labels, for the first time
    counts = {
        "entries": len(pair.entries),
        "phrasings": sum(len(entry.phrasings) for entry in pair.entries),
        "queries": len(pair.asked),
        "out_of_scope": sum(not o.gold for o in outcomes),
        "out_of_scope_share": share,
    }
    return Report({**counts, **figures(outcomes, ANSWERED), **cost}, answers, outcomes)


def opened(entries: Sequence[EntryDraft], encoder: Encoder, share: float) -> tuple[Base, float]:
    """A base of just `entries`, from a database that is gone again, and the seconds that opening it took."""
    with TemporaryDirectory(prefix="rechtdoor-evaluate-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'kb.sqlite'}")
        try:
            SQLModel.metadata.create_all(engine)
            with Session(engine) as session:
                store(session, entries)
                session.commit()
                started = time.perf_counter()
                base = Base.open(encoder, session, out_of_scope_share=share)
                base.settle()
                return base, time.perf_counter() - started
        finally:
            engine.dispose()


def store(session: Session, entries: Sequence[EntryDraft]) -> None:
    """Write `entries`, clean and with keys, into an empty knowledge base, all at once.

    What `kb.exchange.import_entries` stores, without the revisions, which nobody reverts to here: 10,000 entries
    of five phrasings take 1 s, not 30.
    """
    bump(session)
    numbered = list(enumerate(entries, start=1))
    session.execute(insert(Entry), [{"id": i, **e.model_dump(exclude={"phrasings"})} for i, e in numbered])
    phrasings = [
        {"entry_id": i, "text": text, "normal": phrasing_key(text), "position": at}
        for i, entry in numbered
        for at, text in enumerate(entry.phrasings)
    ]
    if phrasings:
        session.execute(insert(Phrasing), phrasings)


def asked(base: Base, questions: Sequence[Asked], tell: Progress = silent) -> list[Evidence]:
    """What `base` finds for each of `questions`, in their order."""
    found: dict[int, Evidence] = {}
    for language in dict.fromkeys(one.language for one in questions):
        places = [i for i, one in enumerate(questions) if one.language == language]
        for start in range(0, len(places), _BATCH):
            some = places[start : start + _BATCH]
            found |= zip(some, base.ask_many([questions[i].text for i in some], language), strict=True)
            tell(len(found), len(questions), "queries asked")
    return [found[i] for i in range(len(questions))]


def speed(base: Base, questions: Sequence[Asked]) -> dict[str, float]:
    """ask_ms_p50 and ask_ms_p95 of one thread, queries_per_s of twenty. To come before all other questions.

    No text is asked twice, so that nothing remembered helps: alone go distinct queries from all over the list, in
    the crowd the same with a number behind each.
    """
    distinct = list(dict.fromkeys(questions))
    numbered = (Asked(f"{one.text} {i}", one.language) for i, one in enumerate(cycle(distinct)))
    for _ in range(_WARM):
        _ask(base, next(numbered))
    until = time.perf_counter() + _PATIENCE_S
    alone = distinct[:: -(-len(distinct) // _ALONE)]
    times = [_ask(base, one) for one in alone if time.perf_counter() < until]
    crowd, started = list(islice(numbered, _CROWD)), time.perf_counter()
    until = started + _PATIENCE_S
    with ThreadPoolExecutor(_THREADS) as threads:
        done = list(threads.map(lambda one: _ask(base, one) if time.perf_counter() < until else 0, crowd))
    rate = sum(map(bool, done)) / (time.perf_counter() - started)
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return {"ask_ms_p50": round(float(p50), 2), "ask_ms_p95": round(float(p95), 2), "queries_per_s": round(rate, 1)}


def outcomes_of(pair: Pair, answers: Sequence[Evidence]) -> list[Outcome]:
    """What was answered beside what is right, by the ids of `pair`. The entry that the evidence names ranks first."""
    outcomes = []
    for found, gold in zip(answers, pair.gold, strict=True):
        first = [found.entry] if found.entry is not None else []
        ranked = dict.fromkeys([*first, *(candidate.key for candidate in found.candidates)])
        answered = [part.entry for part in found.parts if part.verdict == "answer" and part.entry is not None]
        # a message of several questions shows what answers each of them
        shown = found.options if found.verdict == "clarify" else (answered or first)
        ranked_ids, shown_ids = (tuple(pair.ids[key] for key in keys) for keys in (ranked, shown))
        outcomes.append(Outcome(ranked_ids, found.probability, gold, found.verdict, shown_ids))
    return outcomes


def peak_rss_mb() -> float:
    """The most memory that this process held so far, in MB (a million bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6  # bytes there, KiB elsewhere


class _Telling:
    """An encoder that tells how far it is with a long list."""

    def __init__(self, encoder: Encoder, tell: Progress) -> None:
        self._encoder = encoder
        self._tell = tell

    def encode(self, texts: Sequence[str]) -> Vectors:
        parts = [] if texts else [self._encoder.encode(texts)]
        for start in range(0, len(texts), _CHUNK):
            parts.append(self._encoder.encode(texts[start : start + _CHUNK]))
            if len(texts) > _CHUNK:
                self._tell(min(start + _CHUNK, len(texts)), len(texts), "texts encoded")
        return np.concatenate(parts)


def _ask(base: Base, question: Asked) -> float:
    started = time.perf_counter()
    base.ask(question.text, question.language)
    return time.perf_counter() - started
