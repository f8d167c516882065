"""Agents' word to the editors that an entry is wrong: reported, shown, settled, and taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations
from handoff.desk_models import Report
from handoff.models import Conversation, Person
from handoff.problems import Invalid, NotFound, TooLong
from kb.models import Entry, now
from kb.redact import redact

REASONS = ("wrong", "outdated", "unclear", "other")
MAX_WORDS = 1000
PAGE = 50


@dataclass(frozen=True)
class Shown:
    """A report as an editor reads it, with the entry's question as it is now and what the customer asked."""

    id: int
    entry_key: str
    language: str
    entry_question: str
    gone: bool  # the entry was withdrawn, or is not there
    reason: str
    words: str
    by: str
    at: datetime
    conversation_id: str | None
    asked: str
    settled_at: datetime | None
    settled_by: str


def report(
    session: Session, conversation_id: str, person: Person, entry_key: str, language: str, reason: str, words: str
) -> Report:
    """Store a report; while it is open, the same agent's next one on this entry in this conversation replaces it.

    NotFound for an unknown conversation or entry, Invalid for an unknown reason, or another one than those named
    without words, TooLong.
    """
    words = words.strip()
    if reason not in REASONS or (reason == "other" and not words):
        raise Invalid
    if len(words) > MAX_WORDS:
        raise TooLong(limit=MAX_WORDS)
    conversations.locked(session, conversation_id)  # two at once are one after the other
    if _entry(session, entry_key, language) is None:
        raise NotFound
    found = _open(session, conversation_id, person, entry_key, language) or Report(
        entry_key=entry_key, language=language, conversation_id=conversation_id, by_id=person.id or 0, reason=reason
    )
    found.reason, found.words, found.at = reason, redact(words), now()
    session.add(found)
    session.flush()
    return found


def mine(session: Session, conversation_id: str, person: Person, entry_key: str, language: str) -> Report | None:
    """What this agent reported on the entry in this conversation, while it is open."""
    return _open(session, conversation_id, person, entry_key, language)


def entry_of(session: Session, entry_key: str, language: str) -> Entry:
    """The entry that is reported. NotFound."""
    entry = _entry(session, entry_key, language)
    if entry is None:
        raise NotFound
    return entry


def _entry(session: Session, key: str, language: str) -> Entry | None:
    return session.exec(select(Entry).where(Entry.key == key, Entry.language == language)).first()


def _open(session: Session, conversation_id: str, person: Person, key: str, language: str) -> Report | None:
    query = select(Report).where(
        Report.conversation_id == conversation_id,
        Report.by_id == person.id,
        Report.entry_key == key,
        Report.language == language,
        col(Report.settled_at).is_(None),
    )
    return session.exec(query.order_by(col(Report.id).desc()).limit(1)).first()


def count_open(session: Session) -> int:
    """How many reports nobody settled yet."""
    return int(session.exec(select(func.count()).where(col(Report.settled_at).is_(None))).one())


def listed(session: Session, settled: bool = False, start: int = 0) -> tuple[list[Shown], bool]:
    """Up to `PAGE` reports after `start` of them, open ones first come first, settled ones the latest first; and
    whether there are more.
    """
    query = select(Report, Person.name, Conversation.question, Entry)
    query = query.join(Person, col(Person.id) == col(Report.by_id))
    query = query.join(Conversation, col(Conversation.id) == col(Report.conversation_id), isouter=True)
    of_it = (col(Entry.key) == col(Report.entry_key)) & (col(Entry.language) == col(Report.language))
    query = query.join(Entry, of_it, isouter=True)
    if settled:
        query = query.where(col(Report.settled_at).is_not(None)).order_by(
            col(Report.settled_at).desc(), col(Report.id).desc()
        )
    else:
        query = query.where(col(Report.settled_at).is_(None)).order_by(col(Report.at), col(Report.id))
    rows = list(session.exec(query.offset(max(0, start)).limit(PAGE + 1)).all())
    return [_shown(*row) for row in rows[:PAGE]], len(rows) > PAGE


def _shown(report: Report, name: str, asked: str | None, entry: Entry | None) -> Shown:
    return Shown(
        id=report.id or 0,
        entry_key=report.entry_key,
        language=report.language,
        entry_question=entry.question if entry else report.entry_key,
        gone=entry is None or entry.status != "live",
        reason=report.reason,
        words=report.words,
        by=name,
        at=report.at,
        conversation_id=report.conversation_id,
        asked=redact(asked or ""),
        settled_at=report.settled_at,
        settled_by=report.settled_by or "",
    )


def settle(session: Session, report_id: int, person: Person) -> Report:
    """An editor has seen to it. Settling it again changes nothing. NotFound."""
    found = _locked(session, report_id)
    if found.settled_at is None:
        found.settled_at, found.settled_by = now(), person.name
        session.add(found)
        session.flush()
    return found


def reopen(session: Session, report_id: int) -> Report:
    """Undo `settle`. NotFound."""
    found = _locked(session, report_id)
    found.settled_at = found.settled_by = None
    session.add(found)
    session.flush()
    return found


def _locked(session: Session, report_id: int) -> Report:
    query = select(Report).where(Report.id == report_id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound
    return found
