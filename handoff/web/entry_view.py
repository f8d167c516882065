"""What the entries' pages show: lists, forms, and what changed between revisions, word by word."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from sqlmodel import Session, col, select

from handoff.web.review_view import PAGE, topics
from kb import entries
from kb.drafts import EntryDraft
from kb.models import Entry, EntryRevision

FIELDS = ("question", "answer", "phrasings", "topic", "audience", "status")
LONGEST_DIFF = 4000  # words; beyond that both texts are shown whole


@dataclass(frozen=True)
class FieldChange:
    """A field that changed: its text in parts that stayed ("same"), went ("gone") or came ("new")."""

    field: str
    parts: list[tuple[str, str]]


@dataclass(frozen=True)
class RevisionView:
    """A revision: what was done, by whom, and what it changed. `to` is the revision gone back to."""

    number: int
    did: str
    to: int | None
    by: str
    at: datetime
    changes: list[FieldChange]


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
    """An entry, or None for a new one; in which languages its key exists; who changed it last."""

    entry: Entry | None
    topics: list[str]
    languages: list[str] = field(default_factory=list)
    changed_by: str = ""


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


def entry_view(session: Session, key: str, language: str) -> EntryView:
    """An entry with what stands around it. NotFound."""
    entry = entries.get_entry(session, key, language)
    languages = session.exec(select(Entry.language).where(Entry.key == key)).all()
    last = session.exec(
        select(EntryRevision.by)
        .where(EntryRevision.entry_id == entry.id)
        .order_by(col(EntryRevision.revision).desc())
    ).first()
    return EntryView(entry, topics(session), list(languages), last or "")


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


def history_view(session: Session, key: str, language: str) -> list[RevisionView]:
    """Every revision, newest first, with what it changed."""
    kept = entries.history(session, key, language)
    earlier = [r.snapshot for r in kept[1:]] + [{}]
    return [_revision(r, before) for r, before in zip(kept, earlier, strict=True)]


def changes_since(session: Session, key: str, language: str, revision: int) -> list[FieldChange]:
    """What others changed in an entry after `revision`; nothing when that revision is not known."""
    kept = entries.history(session, key, language)
    seen = next((r.snapshot for r in kept if r.revision == revision), None)
    return changes(seen, kept[0].snapshot) if seen and kept else []


def _revision(kept: EntryRevision, before: dict[str, Any]) -> RevisionView:
    back = re.fullmatch(r"reverted to (\d+)", kept.what)
    did = "reverted" if back else kept.what
    to = int(back[1]) if back else None
    return RevisionView(
        kept.revision, did, to, kept.by, kept.at, changes(before, kept.snapshot) if before else []
    )


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[FieldChange]:
    """The fields in which two snapshots differ."""
    texts = [(name, _text(old.get(name)), _text(new.get(name))) for name in FIELDS]
    return [FieldChange(name, word_diff(a, b)) for name, a, b in texts if a != b]


def _text(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else str(value or "")


def word_diff(old: str, new: str) -> list[tuple[str, str]]:
    """Both texts as one, in parts that stayed, went and came."""
    a, b = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    if len(a) + len(b) > LONGEST_DIFF:
        return [part for part in (("gone", old), ("new", new)) if part[1]]
    parts: list[tuple[str, str]] = []
    for how, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if how == "equal":
            parts.append(("same", "".join(a[a1:a2])))
        else:
            parts += [p for p in (("gone", "".join(a[a1:a2])), ("new", "".join(b[b1:b2]))) if p[1]]
    return parts
