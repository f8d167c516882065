"""Entries: create, change, withdraw, restore, revert, look up. Every revision is kept.

Each change first raises the knowledge base's revision. That takes the write lock (of the row on PostgreSQL,
of the file on SQLite), so changes come one after another and what is checked stays true until the commit.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, or_, select, text, tuple_, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.drafts import EntryDraft, checked, merged, phrasing_key, slug
from kb.errors import Exists, Invalid, NotFound, Stale
from kb.models import Entry, EntryRevision, KbState, Phrasing, now


def revision(session: Session) -> int:
    """The knowledge base's present revision: 0 when nothing was ever stored."""
    return session.execute(select(col(KbState.revision))).scalar() or 0


def bump(session: Session) -> None:
    """Raise the knowledge base's revision, and by that make other changes wait for this transaction."""
    session.execute(text("INSERT INTO kb_state (id, revision) VALUES (1, 0) ON CONFLICT DO NOTHING"))
    session.execute(update(KbState).values(revision=col(KbState.revision) + 1))


def create_entry(session: Session, draft: EntryDraft, by: str) -> Entry:
    """Store `draft` as a new entry, live. Invalid when it breaks a limit, Exists when its key is taken."""
    draft = checked(draft)
    bump(session)
    key = draft.key or new_key(session, draft.question)
    if _find(session, key, draft.language) is not None:
        raise Exists(f"there is already an entry {key} in {draft.language}")
    moment = now()
    fields = draft.model_dump(exclude={"key", "phrasings"})
    entry = Entry(key=key, created_at=moment, changed_at=moment, **fields)
    session.add(entry)
    session.flush()
    _store_phrasings(session, entry, draft.phrasings)
    _keep(session, entry, draft.phrasings, by, "created")
    return entry


def change_entry(
    session: Session, key: str, language: str, changes: dict[str, Any], if_revision: int | None, by: str
) -> Entry:
    """Change fields of an entry: question, answer, topic, audience, phrasings (the whole list).

    Nothing happens, and no revision is made, when the changes change nothing. Raises NotFound, Invalid, and
    Stale when the entry is no longer at `if_revision` (None: whatever it is at).
    """
    return _change(session, get_entry(session, key, language), changes, if_revision, by, "changed")


def withdraw_entry(session: Session, key: str, language: str, if_revision: int | None, by: str) -> Entry:
    """Take an entry out of service; it is kept and can be restored. NotFound, Stale."""
    return _change(session, get_entry(session, key, language), {}, if_revision, by, "withdrawn", "withdrawn")


def restore_entry(session: Session, key: str, language: str, if_revision: int | None, by: str) -> Entry:
    """Put a withdrawn entry back into service. NotFound, Stale."""
    return _change(session, get_entry(session, key, language), {}, if_revision, by, "restored", "live")


def revert_entry(
    session: Session, key: str, language: str, to_revision: int, by: str, if_revision: int | None = None
) -> Entry:
    """Make an entry what it was at `to_revision`, as a new revision. NotFound without such a revision, Stale."""
    entry = get_entry(session, key, language)
    found = select(EntryRevision).filter_by(entry_id=entry.id, revision=to_revision)
    kept = session.scalars(found).one_or_none()
    if kept is None:
        raise NotFound(f"{key} in {language} has no revision {to_revision}")
    changes = {name: kept.snapshot[name] for name in ("question", "answer", "topic", "audience", "phrasings")}
    status = kept.snapshot["status"]
    return _change(session, entry, changes, if_revision, by, f"reverted to {to_revision}", status)


def get_entry(session: Session, key: str, language: str) -> Entry:
    """The entry under `key` in `language`, live or withdrawn. NotFound."""
    entry = _find(session, key, language)
    if entry is None:
        raise NotFound(f"there is no entry {key} in {language}")
    return entry


def phrasings_of(session: Session, entry: Entry) -> list[str]:
    """An entry's phrasings, in order."""
    return phrasings_by_entry(session, [entry])[entry.id or 0]


def phrasings_by_entry(session: Session, entries: Iterable[Entry]) -> dict[int, list[str]]:
    """Phrasings of several entries in one query, by entry id."""
    found: dict[int, list[str]] = {entry.id or 0: [] for entry in entries}
    columns = (col(Phrasing.entry_id), col(Phrasing.text))
    rows = select(*columns).order_by(col(Phrasing.entry_id), col(Phrasing.position))
    if len(found) <= 500:  # beyond that, reading all of them is cheaper than naming each
        rows = rows.where(col(Phrasing.entry_id).in_(found))
    for entry_id, phrasing in session.execute(rows):
        if entry_id in found:
            found[entry_id].append(phrasing)
    return found


def draft_of(entry: Entry, phrasings: Sequence[str]) -> EntryDraft:
    """The draft that would make `entry` anew."""
    fields = {name: getattr(entry, name) for name in EntryDraft.model_fields if name != "phrasings"}
    return EntryDraft(phrasings=list(phrasings), **fields)


def list_entries(
    session: Session,
    language: str | None = None,
    topic: str | None = None,
    status: str | None = None,
    search: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Entries by key and language, after the `cursor` of the last one seen; `search` looks into all texts."""
    found = select(Entry).order_by(col(Entry.key), col(Entry.language)).limit(max(1, min(limit, 500)))
    for column, value in ((Entry.language, language), (Entry.topic, topic), (Entry.status, status)):
        if value is not None:
            found = found.where(col(column) == value)
    if search and search.strip():
        found = found.where(_mentions(search.strip()))
    if after is not None:
        key, _, last = after.rpartition(":")
        found = found.where(tuple_(col(Entry.key), col(Entry.language)) > tuple_(key, last))
    return list(session.scalars(found))


def cursor(entry: Entry) -> str:
    """Where `list_entries` goes on after `entry`."""
    return f"{entry.key}:{entry.language}"


def history(session: Session, key: str, language: str) -> list[EntryRevision]:
    """Every revision of an entry, newest first. NotFound."""
    entry = get_entry(session, key, language)
    found = select(EntryRevision).filter_by(entry_id=entry.id)
    return list(session.scalars(found.order_by(col(EntryRevision.revision).desc())))


def new_key(session: Session, question: str) -> str:
    """A key that is free in every language, made from `question`."""
    base = slug(question)
    starting = select(col(Entry.key)).where(col(Entry.key).startswith(base, autoescape=True))
    taken = set(session.scalars(starting))
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key


def _find(session: Session, key: str, language: str) -> Entry | None:
    return session.scalars(select(Entry).filter_by(key=key, language=language)).one_or_none()


def _mentions(search: str) -> ColumnElement[bool]:
    texts = (col(Entry.question), col(Entry.answer), col(Entry.key))
    asked = select(col(Phrasing.entry_id)).where(col(Phrasing.text).icontains(search, autoescape=True))
    return or_(*(t.icontains(search, autoescape=True) for t in texts), col(Entry.id).in_(asked))


def _change(
    session: Session,
    entry: Entry,
    changes: dict[str, Any],
    if_revision: int | None,
    by: str,
    what: str,
    status: str | None = None,
) -> Entry:
    present = draft_of(entry, phrasings_of(session, entry))
    wanted = merged(present, changes)
    status = status or entry.status
    if wanted == present and status == entry.status:
        return entry  # whatever revision it is at: a form may be sent twice
    if if_revision is not None and entry.revision != if_revision:
        raise Stale(f"{entry.key} was changed by somebody else: it is at revision {entry.revision} now")
    bump(session)
    _guarded_update(session, entry, wanted, status)
    if wanted.phrasings != present.phrasings:
        session.execute(delete(Phrasing).where(col(Phrasing.entry_id) == entry.id))
        _store_phrasings(session, entry, wanted.phrasings)
    _keep(session, entry, wanted.phrasings, by, what)
    return entry


def _guarded_update(session: Session, entry: Entry, wanted: EntryDraft, status: str) -> None:
    seen = entry.revision
    fields = wanted.model_dump(exclude={"key", "language", "phrasings"})
    change = update(Entry).where(col(Entry.id) == entry.id, col(Entry.revision) == seen)
    values = {**fields, "status": status, "revision": seen + 1, "changed_at": now()}
    done = session.execute(change.values(values).execution_options(synchronize_session=False))
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise Stale(f"{entry.key} was changed by somebody else at the same moment")
    session.refresh(entry)


def _store_phrasings(session: Session, entry: Entry, phrasings: Sequence[str]) -> None:
    if entry.id is None:
        raise Invalid("the entry is not stored yet")
    for position, phrasing in enumerate(phrasings):
        normal = phrasing_key(phrasing)
        session.add(Phrasing(entry_id=entry.id, text=phrasing, normal=normal, position=position))
    session.flush()


def _keep(session: Session, entry: Entry, phrasings: Sequence[str], by: str, what: str) -> None:
    snapshot = draft_of(entry, phrasings).model_dump() | {"status": entry.status}
    kept = EntryRevision(entry_id=entry.id or 0, revision=entry.revision, snapshot=snapshot, by=by, what=what)
    session.add(kept)
    session.flush()
