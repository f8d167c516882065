"""What editors decide about the backlog's question groups: an answer, no answer, or open again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.backlog import get_group, questions
from kb.drafts import MAX_PHRASING, MAX_PHRASINGS, EntryDraft, distinct
from kb.entries import change_entry, create_entry, get_entry, phrasings_of
from kb.errors import Invalid, Stale
from kb.models import Entry, QuestionGroup, now
from kb.redact import has_placeholder
from kb.text import clean, normalise


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
    group = _open_group(session, group_id, if_revision)
    asked = _phrasings(session, group_id)
    if merge_into is not None:
        entry = _merged(session, merge_into, language, asked, answer, topic, by)
    else:
        title = question or group.title
        draft = EntryDraft(language=language, question=title, answer=answer, topic=topic or "", phrasings=asked)
        if has_placeholder(title):
            raise Invalid("the question names something secret: write it without")
        entry = create_entry(session, draft, by)
    _decide(session, group, "approved", by, entry_key=entry.key, why=None)
    return entry


def dismiss(session: Session, group_id: int, *, why: str, if_revision: int | None = None, by: str) -> QuestionGroup:
    """Put a group aside, saying why. NotFound, Invalid without a reason, Stale as in `approve`."""
    reason = clean(why)
    if not reason or len(reason) > 2000:
        raise Invalid("say why, in at most 2,000 characters")
    group = _open_group(session, group_id, if_revision)
    return _decide(session, group, "dismissed", by, entry_key=None, why=reason)


def reopen(session: Session, group_id: int, by: str) -> QuestionGroup:
    """Undo a decision: the group is open again. What an approval stored stays; revert it in the entry's history."""
    group = get_group(session, group_id)
    if group.status == "open":
        return group
    return _decide(session, group, "open", by, entry_key=None, why=None)


def _open_group(session: Session, group_id: int, if_revision: int | None) -> QuestionGroup:
    group = get_group(session, group_id)
    if group.status != "open":
        raise Stale(f"the group is {group.status} already")
    if if_revision is not None and group.revision != if_revision:
        raise Stale(f"the group was changed by somebody else: it is at revision {group.revision} now")
    return group


def _decide(
    session: Session, group: QuestionGroup, status: str, by: str, *, entry_key: str | None, why: str | None
) -> QuestionGroup:
    values = {"status": status, "entry_key": entry_key, "why": why, "decided_by": by, "decided_at": now()}
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
    session: Session, key: str, language: str, asked: Sequence[str], answer: str, topic: str | None, by: str
) -> Entry:
    entry = get_entry(session, key, language)
    phrasings = [*phrasings_of(session, entry), *asked]
    changes: dict[str, Any] = {"phrasings": distinct(phrasings, beside=entry.question)[:MAX_PHRASINGS]}
    if answer.strip():
        changes["answer"] = answer
    if topic:
        changes["topic"] = topic
    return change_entry(session, key, language, changes, None, by)


def _phrasings(session: Session, group_id: int) -> list[str]:
    texts = [q.text for q in reversed(questions(session, group_id, MAX_PHRASINGS))]
    return distinct([t for t in texts if len(t) <= MAX_PHRASING and not has_placeholder(t) and normalise(t)])
