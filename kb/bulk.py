"""Many changes of entries at once: what `kb.entries` does one by one, in a handful of statements.

Whoever calls has raised the knowledge base's revision (`kb.entries.bump`), so that nobody else changes entries
meanwhile. Ten thousand new entries with six phrasings each take about 3 s on SQLite.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.drafts import phrasing_key
from kb.errors import Stale
from kb.models import Entry, EntryRevision, Phrasing, now
from kb.plan import Step

_ASK_FOR = 500  # ids that one statement names


def write_steps(session: Session, steps: Sequence[Step], by: str, what: str | Callable[[Step], str]) -> None:
    """Make every entry what its step says, each as a revision by `by` that is called `what`.

    Stale when an entry is at another revision than its step has seen.
    """
    doing = [step for step in steps if step.kind != "unchanged"]
    present = _present(session, [step.entry_id for step in doing if step.entry_id is not None])
    moment = now()
    entries = [_bring(present.get(step.entry_id or 0), step, moment) for step in doing]
    session.add_all(entries)
    session.flush()
    written = list(zip(entries, doing, strict=True))
    _write_phrasings(session, written)
    kept = [
        {
            "entry_id": entry.id,
            "revision": entry.revision,
            "snapshot": step.after,
            "by": by,
            "at": moment,
            "what": what if isinstance(what, str) else what(step),
        }
        for entry, step in written
    ]
    if kept:
        session.execute(insert(EntryRevision), kept)


def _present(session: Session, ids: Sequence[int]) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    for start in range(0, len(ids), _ASK_FOR):
        some = select(Entry).where(col(Entry.id).in_(ids[start : start + _ASK_FOR]))
        found |= {entry.id or 0: entry for entry in session.scalars(some.execution_options(populate_existing=True))}
    return found


def _bring(entry: Entry | None, step: Step, moment: datetime) -> Entry:
    fields = {name: value for name, value in step.after.items() if name != "phrasings"}
    if step.entry_id is None:
        return Entry(created_at=moment, changed_at=moment, **fields)
    if entry is None or entry.revision != step.revision:
        raise Stale(f"{step.after['key']} was changed by somebody else at the same moment")
    for name, value in fields.items():
        if getattr(entry, name) != value:
            setattr(entry, name, value)
    entry.revision += 1
    entry.changed_at = moment
    return entry


def _write_phrasings(session: Session, written: Sequence[tuple[Entry, Step]]) -> None:
    anew = [(entry, step) for entry, step in written if step.after["phrasings"] != (step.before or {}).get("phrasings")]
    ids = [entry.id for entry, step in anew if step.before is not None]
    for start in range(0, len(ids), _ASK_FOR):
        session.execute(delete(Phrasing).where(col(Phrasing.entry_id).in_(ids[start : start + _ASK_FOR])))
    rows: list[dict[str, Any]] = [
        {"entry_id": entry.id, "text": text, "normal": phrasing_key(text), "position": position}
        for entry, step in anew
        for position, text in enumerate(step.after["phrasings"])
    ]
    if rows:
        session.execute(insert(Phrasing), rows)
