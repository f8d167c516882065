"""What editors decide about the backlog's question groups: an answer, no answer, or open again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.backlog import bump_groups, get_group, questions, still_open
from kb.drafts import MAX_PHRASING, MAX_PHRASINGS, EntryDraft, checked, distinct, merged
from kb.entries import change_entry, create_entry, draft_of, get_entry, phrasings_of, withdraw_entry
from kb.errors import Invalid, Stale
from kb.group_drafts import UNDO
from kb.hands import unmerge
from kb.known import next_number
from kb.models import Entry, QuestionGroup, now
from kb.redact import has_placeholder
from kb.text import clean, clean_block, normalise

MAX_WORD = 2000  # characters of why a group was dismissed, and of what those who asked are told


@dataclass(frozen=True)
class Plan:
    """What an approval stores: `draft` as a new entry, or in the place of `entry`; `added` are its new phrasings."""

    draft: EntryDraft
    entry: Entry | None
    added: tuple[str, ...]


def approve(
    session: Session,
    group_id: int,
    *,
    answer: str,
    language: str,
    question: str | None = None,
    topic: str | None = None,
    merge_into: str | None = None,
    if_revision: int | None = None,
    by: str,
) -> Entry:
    """Answer a group: with a new entry, or by adding its questions to the entry `merge_into` as phrasings.

    A new entry asks `question`, or else the group's title. When merging, `answer` replaces the entry's answer only
    if it is not empty. Questions that held a secret become no phrasings. Raises NotFound, Invalid, and Stale when
    the group is not at `if_revision`, is decided already, or somebody else decides it at the same moment.
    """
    bump_groups(session)  # so that no question comes into the group meanwhile, and stays in it unanswered
    group = open_group(session, group_id, if_revision)
    plan = planned(
        session, group_id, answer=answer, language=language, question=question, topic=topic, merge_into=merge_into
    )
    undo = _undo(plan)
    if plan.entry is None:
        entry = create_entry(session, plan.draft, by)
    else:
        changes = {name: getattr(plan.draft, name) for name in ("answer", "topic", "phrasings")}
        entry = change_entry(session, plan.entry.key, plan.entry.language, changes, None, by)
    _decide(session, group, "approved", by, entry_key=entry.key, why=None)
    group.draft = {**(group.draft or {}), UNDO: undo | {"language": entry.language, "revision": entry.revision}}
    session.flush()
    return entry


def planned(
    session: Session,
    group_id: int,
    *,
    answer: str,
    language: str,
    question: str | None = None,
    topic: str | None = None,
    merge_into: str | None = None,
) -> Plan:
    """What `approve` would store. NotFound, Invalid."""
    group, asked = get_group(session, group_id), _phrasings(session, group_id)
    if merge_into is not None:
        return _merged(session, merge_into, language, asked, answer, topic)
    title = question or group.title
    draft = EntryDraft(language=language, question=title, answer=answer, topic=topic or "", phrasings=asked)
    if has_placeholder(title):
        raise Invalid("the question names something secret: write it without")
    draft = checked(draft)
    return Plan(draft, None, tuple(draft.phrasings))


def dismiss(
    session: Session, group_id: int, *, why: str, word: str | None = None, if_revision: int | None = None, by: str
) -> QuestionGroup:
    """Put a group aside, saying why. `word` is what those who asked are told; without one they are told nothing.

    NotFound, Invalid without a reason, Stale as in `approve`.
    """
    reason, told = clean(why), clean_block(word or "").strip()
    if not reason or len(reason) > MAX_WORD:
        raise Invalid("say why, in at most 2,000 characters")
    if len(told) > MAX_WORD:
        raise Invalid("tell those who asked in at most 2,000 characters")
    bump_groups(session)
    group = open_group(session, group_id, if_revision)
    return _decide(session, group, "dismissed", by, entry_key=None, why=reason, word=told or None)


def reopen(session: Session, group_id: int, by: str) -> QuestionGroup:
    """Undo a decision: the group is open again. What an approval stored stays; revert it in the entry's history."""
    bump_groups(session)
    group = get_group(session, group_id)
    if group.status == "open":
        return group
    if group.status == "merged":
        return unmerge(session, group_id, by)
    return _decide(session, group, "open", by, entry_key=None, why=None)


def revert(session: Session, group_id: int, by: str) -> QuestionGroup:
    """Take an approval back: a new entry is withdrawn, one that the group was added to is without that; open again.

    What somebody changed in the entry since stays. Invalid where other groups' questions were added to the new entry,
    or where it is not known what the approval stored; Stale where the group is not approved (any more).
    """
    bump_groups(session)
    group = get_group(session, group_id)
    if group.status != "approved" or not group.entry_key:
        raise Stale(f"the group is {group.status} now")
    undo = (group.draft or {}).get(UNDO)
    if undo is None:
        raise Invalid("it is not known what this approval stored: go back in the entry's history")
    key, language = group.entry_key, undo["language"]
    if undo["created"]:
        same = select(col(QuestionGroup.id)).filter_by(entry_key=key, status="approved")
        if session.scalars(same.where(col(QuestionGroup.id) != group.id).limit(1)).first() is not None:
            raise Invalid("other questions were added to this entry: take those back first")
        withdraw_entry(session, key, language, None, by)
    else:
        entry = get_entry(session, key, language)
        changes: dict[str, Any] = {n: undo["was"][n] for n in undo["was"] if getattr(entry, n) == undo["set"][n]}
        changes["phrasings"] = [one for one in phrasings_of(session, entry) if one not in undo["added"]]
        change_entry(session, key, language, changes, None, by)
    _decide(session, group, "open", by, entry_key=None, why=None)
    return group


def open_group(session: Session, group_id: int, if_revision: int | None) -> QuestionGroup:
    """The group, to decide it. NotFound; Stale where it is decided, or not at `if_revision` if that is given."""
    return still_open(get_group(session, group_id), if_revision)


def _decide(
    session: Session,
    group: QuestionGroup,
    status: str,
    by: str,
    *,
    entry_key: str | None,
    why: str | None,
    word: str | None = None,
) -> QuestionGroup:
    values: dict[str, Any] = {"status": status, "entry_key": entry_key, "why": why, "word": word}
    values |= {"decided_by": by, "decided_at": now(), "backlog": next_number(session)}
    seen = (col(QuestionGroup.id) == group.id, col(QuestionGroup.revision) == group.revision)
    change = update(QuestionGroup).where(*seen, col(QuestionGroup.status) == group.status)
    done = session.execute(
        change.values(**values, revision=group.revision + 1).execution_options(synchronize_session=False)
    )
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise Stale("somebody else decided this group at the same moment")
    session.refresh(group)
    return group


def _merged(
    session: Session, key: str, language: str, asked: Sequence[str], answer: str, topic: str | None
) -> Plan:
    entry = get_entry(session, key, language)
    if entry.status != "live":
        raise Invalid("this entry is out of service: restore it first")
    present = phrasings_of(session, entry)
    phrasings = distinct([*present, *asked], beside=entry.question)[:MAX_PHRASINGS]
    changes: dict[str, Any] = {"phrasings": phrasings}
    if answer.strip():
        changes["answer"] = answer
    if topic:
        changes["topic"] = topic
    draft = merged(draft_of(entry, present), changes)
    return Plan(draft, entry, tuple(one for one in draft.phrasings if one not in present))


def _undo(plan: Plan) -> dict[str, Any]:
    """What `revert` needs to know of an approval, as JSON: what it added to the entry, and what stood there before."""
    if plan.entry is None:
        return {"created": True}
    was = {"answer": plan.entry.answer, "topic": plan.entry.topic}
    return {"created": False, "added": list(plan.added), "was": was, "set": plan.draft.model_dump(include=set(was))}


def _phrasings(session: Session, group_id: int) -> list[str]:
    texts = [q.text for q in reversed(questions(session, group_id, MAX_PHRASINGS))]
    return distinct([t for t in texts if len(t) <= MAX_PHRASING and not has_placeholder(t) and normalise(t)])
