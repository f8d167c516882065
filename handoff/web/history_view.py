"""What an entry's history shows: every revision with what it changed, and one of them beside what holds now."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from kb import entries
from kb.differences import Difference, differences
from kb.errors import NotFound
from kb.models import Entry, EntryRevision

PAGE = 20


@dataclass(frozen=True)
class RevisionView:
    """A revision: what was done, by whom, and what it changed. `to` is the revision gone back to."""

    number: int
    did: str
    to: int | None
    by: str
    at: datetime
    changes: list[Difference]


@dataclass(frozen=True)
class HistoryView:
    """A page of an entry's revisions, newest first. `next`: before which one the following page begins."""

    entry: Entry
    revisions: list[RevisionView]
    next: int | None
    stale: bool = False  # somebody changed the entry since the reader looked


@dataclass(frozen=True)
class CompareView:
    """A revision, and what would change if it were put back: `changes` from now to then."""

    entry: Entry
    revision: RevisionView
    changes: list[Difference]


def history_view(
    session: Session, key: str, language: str, before: int | None = None, stale: bool = False
) -> HistoryView:
    """A page of revisions, each with what it changed. NotFound."""
    kept = entries.history(session, key, language)
    there = [n for n, one in enumerate(kept) if before is None or one.revision < before]
    pairs = [(kept[n], kept[n + 1].snapshot if n + 1 < len(kept) else {}) for n in there[:PAGE]]
    more = pairs[-1][0].revision if len(there) > PAGE else None
    found = [_revision(one, old) for one, old in pairs]
    return HistoryView(entries.get_entry(session, key, language), found, more, stale)


def compare_view(session: Session, key: str, language: str, number: int) -> CompareView:
    """What putting revision `number` back would change. NotFound."""
    kept = {one.revision: one for one in entries.history(session, key, language)}
    if number not in kept:
        raise NotFound(f"{key} in {language} has no revision {number}")
    entry = entries.get_entry(session, key, language)
    changes = differences(kept[entry.revision].snapshot, kept[number].snapshot)
    return CompareView(entry, _revision(kept[number], {}), changes)


def _revision(kept: EntryRevision, before: dict[str, Any]) -> RevisionView:
    back = re.fullmatch(r"reverted to (\d+)", kept.what)
    did = "reverted" if back else kept.what.split(" ", 1)[0]  # an import's number tells an editor nothing
    changes = differences(before, kept.snapshot) if before else []
    return RevisionView(kept.revision, did, int(back[1]) if back else None, kept.by, kept.at, changes)
