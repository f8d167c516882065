"""What the entries' pages show: lists and forms, and what a colleague changed meanwhile."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from handoff.web.care_view import AgainView, again_view
from handoff.web.review_view import PAGE, topics
from kb import entries
from kb.differences import Difference, differences
from kb.drafts import EntryDraft
from kb.models import Entry, EntryRevision


@dataclass(frozen=True)
class EntriesView:
    """A page of entries, and what was searched for."""

    entries: list[Entry]
    topics: list[str]
    next: str | None
    search: str = ""
    language: str = ""
    topic: str = ""
    status: str = ""


@dataclass(frozen=True)
class EntryForm:
    """What stands in an entry's fields; phrasings one a line."""

    question: str = ""
    answer: str = ""
    phrasings: str = ""
    topic: str = ""
    audience: str = "public"
    language: str = "nl"
    key: str = ""

    def lines(self) -> list[str]:
        """The phrasings."""
        return [line.strip() for line in self.phrasings.splitlines() if line.strip()]

    def changes(self) -> dict[str, Any]:
        """The fields as `kb.entries.change_entry` takes them."""
        plain = {name: getattr(self, name) for name in ("question", "answer", "topic", "audience")}
        return plain | {"phrasings": self.lines()}

    def draft(self) -> EntryDraft:
        """The fields as a new entry."""
        return EntryDraft(key=self.key or None, language=self.language, **self.changes())


@dataclass(frozen=True)
class EntryView:
    """An entry, or None for a new one; in which languages its key exists; who changed it last; its next look."""

    entry: Entry | None
    topics: list[str]
    languages: list[str] = field(default_factory=list)
    changed_by: str = ""
    again: AgainView | None = None


def entries_view(
    session: Session, search: str, language: str, topic: str, status: str, after: str | None
) -> EntriesView:
    """A page of the entries that match."""
    found = entries.list_entries(
        session, language or None, topic or None, status or None, search, after, PAGE + 1
    )
    shown = found[:PAGE]
    more = entries.cursor(shown[-1]) if len(found) > PAGE else None
    return EntriesView(shown, topics(session), more, search, language, topic, status)


def entry_view(session: Session, key: str, language: str, page_language: str = "nl") -> EntryView:
    """An entry with what stands around it. NotFound."""
    entry = entries.get_entry(session, key, language)
    languages = session.exec(select(Entry.language).where(Entry.key == key)).all()
    last = session.exec(
        select(EntryRevision.by)
        .where(EntryRevision.entry_id == entry.id)
        .order_by(col(EntryRevision.revision).desc())
    ).first()
    again = again_view(session, key, language, page_language)
    return EntryView(entry, topics(session), list(languages), last or "", again)


def new_entry_view(session: Session) -> EntryView:
    """The surroundings of an entry that is to be."""
    return EntryView(None, topics(session))


def form_of(session: Session, entry: Entry) -> EntryForm:
    """The fields as the entry is."""
    return EntryForm(
        question=entry.question,
        answer=entry.answer,
        phrasings="\n".join(entries.phrasings_of(session, entry)),
        topic=entry.topic,
        audience=entry.audience,
        language=entry.language,
        key=entry.key,
    )


def changes_since(session: Session, key: str, language: str, revision: int) -> list[Difference]:
    """What others changed in an entry after `revision`; nothing when that revision is not known."""
    kept = entries.history(session, key, language)
    seen = next((r.snapshot for r in kept if r.revision == revision), None)
    return differences(seen, kept[0].snapshot) if seen and kept else []
