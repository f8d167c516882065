"""What a page shows of what an approval would change: questions and entries in words, and nothing that was hidden."""

from collections.abc import Iterable
from dataclasses import replace

from sqlmodel import Session, col, select

from handoff.approving import Foreseen
from handoff.models import Message
from kb.fates import Fate, Preview
from kb.models import Entry
from kb.redact import redact

MOST = 20  # questions of each kind that are shown


def shown(session: Session, seen: Foreseen) -> Foreseen:
    """`seen` as editors may read it: secrets removed, and without messages that were hidden meanwhile."""
    preview = seen.preview
    numbers = [
        int(fate.asked.id.removeprefix("message "))
        for fate in (*preview.changed, *preview.gained)
        if fate.asked.id.startswith("message ")
    ]
    hidden = select(Message.id).where(col(Message.id).in_(numbers[:1000]), col(Message.hidden_at).is_not(None))
    gone = {f"message {number}" for number in session.exec(hidden)} if numbers else set()

    def readable(fates: Iterable[Fate]) -> tuple[Fate, ...]:
        kept = (fate for fate in fates if fate.asked.id not in gone)
        return tuple(replace(fate, asked=replace(fate.asked, text=redact(fate.asked.text))) for fate in kept)

    changed = Preview(
        preview.own, readable(preview.gained), readable(preview.changed), preview.looked, preview.total
    )
    return replace(seen, preview=changed)


def named(session: Session, seen: Iterable[Foreseen]) -> dict[str, str]:
    """The questions of the entries that are named in these, by key; an entry that is not stored yet has none."""
    keys = {
        key
        for one in seen
        for fate in (*one.preview.own, *one.preview.changed, *one.preview.gained)
        for key in (*fate.before.entries, *fate.after.entries)
    }
    rows = session.exec(select(Entry).where(col(Entry.key).in_(keys)).order_by(col(Entry.language).desc()))
    return {entry.key: entry.question for entry in rows}
