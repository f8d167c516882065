"""An editor's answer to a question group: what it would change, and the approval, by one or by two pairs of eyes."""

import hashlib
from dataclasses import dataclass, replace

from sqlmodel import Session, select

from handoff import logged, shop_settings
from handoff.shop_settings import Document
from handoff.state import State
from kb import backlog, decisions, group_drafts
from kb.fates import Asked, Fate, Outcome, Preview, changes_of, outcome
from kb.group_drafts import ASKED, GroupDraft, draft_of
from kb.models import Entry
from kb.snapshot import Changes
from kb.text import normalise
from kb.whatif import Log

FOUR_EYES = "four_eyes"
# Probability from which an entry that answers the draft's question means the same. Of 14 questions asked of a base of
# five entries, those that meant the same had .98 and more, others that it answered .62 to .77 (and two .98).
SAME_MEANING = 0.9
MOST_OWN = 100  # questions of the group that are looked at, the newest


@dataclass(frozen=True)
class Conflict:
    """An entry with the same meaning as the draft's question; `same` where it gives the same answer."""

    key: str
    language: str
    question: str
    answer: str
    probability: float
    same: bool


@dataclass(frozen=True)
class Foreseen:
    """What an approval of a draft would change. `key` is the entry that it would go into."""

    preview: Preview
    conflict: Conflict | None
    key: str

    @property
    def mark(self) -> str:
        """A mark of what would be worse, empty where nothing would: whoever approves it again has seen this."""
        worse = [f"{fate.asked.id} {fate.after.entries}" for fate in self.preview.changed]
        if self.conflict and not self.conflict.same:
            worse.append(f"{self.conflict.key} {self.conflict.language}")
        return hashlib.sha256("\n".join(sorted(worse)).encode()).hexdigest()[:16] if worse else ""


async def foresee(it: State, group_id: int, draft: GroupDraft) -> Foreseen:
    """What would change if `draft` were approved. NotFound, Invalid where it cannot be."""
    plan, changes, own = await it.read(_planned, group_id, draft)
    known = it.watch.log or await logged.brought_up(it)
    preview, found = await it.compute(_foreseen, known, changes, own, plan.draft.question, draft.language)
    key = next((live.key for live in changes.fresh.values()), "")
    conflict = None
    if plan.entry is None and found.entries and found.probability >= SAME_MEANING:
        conflict = await it.read(_conflict, found, draft)
    mine = {one.id for one in own}  # what a group's question got until now was no help: it is in the backlog
    changed = tuple(f for f in preview.changed if f.asked.id not in mine)
    return Foreseen(replace(preview, changed=changed), conflict, key)


def _planned(session: Session, group_id: int, draft: GroupDraft) -> tuple[decisions.Plan, Changes, list[Asked]]:
    plan = _plan(session, group_id, draft)
    own = logged.asked_of(backlog.questions(session, group_id, MOST_OWN))
    return plan, changes_of(session, plan), own


def _plan(session: Session, group_id: int, draft: GroupDraft) -> decisions.Plan:
    return decisions.planned(session, group_id, answer=draft.answer, language=draft.language, **_given(draft))


def _given(draft: GroupDraft) -> dict[str, str | None]:
    """What `draft` says beyond answer and language, for `kb.decisions`, where nothing is None."""
    return {name: getattr(draft, name) or None for name in ("question", "topic", "merge_into")}


def _foreseen(
    known: Log, changes: Changes, own: list[Asked], question: str, language: str
) -> tuple[Preview, Outcome]:
    return known.preview(changes, own), outcome(known.base.ask(question, language))


def _conflict(session: Session, found: Outcome, draft: GroupDraft) -> Conflict | None:
    """The entry that answers the draft's question already, where it speaks the draft's language."""
    query = select(Entry).where(Entry.key == found.entries[0], Entry.language == draft.language, Entry.status == "live")
    entry = session.exec(query).first()
    if entry is None:
        return None
    same = normalise(entry.answer) == normalise(draft.answer)
    return Conflict(entry.key, entry.language, entry.question, entry.answer, found.probability, same)


async def proof(it: State, group_id: int) -> list[Fate]:
    """The group's questions, asked now the way customers ask, beside what they got when they went unanswered."""
    questions = await it.read(backlog.questions, group_id, MOST_OWN)
    found: dict[int, Outcome] = {}
    for language in {q.language for q in questions}:
        mine = [q for q in questions if q.language == language]
        evidence = await it.compute(it.base.ask_many, [q.text for q in mine], language)
        found |= {q.id or 0: outcome(one) for q, one in zip(mine, evidence, strict=True)}
    none = Outcome((), 0.0, "unknown")
    return [Fate(one, none, found[q.id or 0]) for one, q in zip(logged.asked_of(questions), questions, strict=True)]


def approve(
    session: Session, group_id: int, draft: GroupDraft, *, by: str, if_revision: int | None = None
) -> Entry | None:
    """Approve `draft`, or where two must agree, ask a colleague for it: None then, and the group stays open.

    A colleague's draft that waits for approval becomes live when somebody else approves it as it stands.
    NotFound, Invalid, Stale.
    """
    if not four_eyes(session) or _second(session, group_id, draft, by):
        given = _given(draft)
        return decisions.approve(
            session, group_id, answer=draft.answer, language=draft.language, **given, if_revision=if_revision, by=by
        )
    decisions.open_group(session, group_id, if_revision)
    _plan(session, group_id, draft)  # nobody is asked to approve what cannot be
    group_drafts.keep(session, group_id, replace(draft, state=ASKED), by=by)
    return None


def _second(session: Session, group_id: int, draft: GroupDraft, by: str) -> bool:
    """Whether a colleague wrote these very words and asked for approval."""
    kept = draft_of(backlog.get_group(session, group_id))
    wanted = group_drafts.tidied(draft)
    return kept is not None and kept.state == ASKED and kept.by != by and kept.words == wanted.words


def take_back(session: Session, group_id: int, by: str) -> None:
    """Ask no longer for approval; the draft stays. NotFound, Stale."""
    kept = draft_of(backlog.get_group(session, group_id))
    if kept is not None and kept.state == ASKED:
        group_drafts.keep(session, group_id, replace(kept, state=""), by=by)


def four_eyes_document(session: Session) -> Document:
    """Whether two must agree on an answer, as it is stored."""
    return shop_settings.read(session, FOUR_EYES, False)


def four_eyes(session: Session) -> bool:
    """Whether one editor writes and another approves; not so where nobody set it."""
    return four_eyes_document(session).value is True


def change_four_eyes(session: Session, wanted: bool, *, revision: int, by: str) -> Document:
    """Set whether two must agree. Conflict as in `shop_settings.change`."""
    return shop_settings.change(session, FOUR_EYES, wanted, revision=revision, by=by, otherwise=False)
