"""An editor's unfinished answer to a question group, kept with the group so that a colleague or a reload finds it."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy.orm import Session

from kb.backlog import get_group, still_open
from kb.drafts import MAX_ANSWER, MAX_KEY, MAX_QUESTION, MAX_TOPIC
from kb.errors import Invalid, Stale
from kb.models import QuestionGroup, now
from kb.text import clean, clean_block

WRITING, ASKED = "", "asked"
UNDO = "undo"  # beside the draft: what an approval stored, see `kb.decisions.revert`


@dataclass(frozen=True)
class GroupDraft:
    """A group's draft. `by` wrote its last words at `at` (ISO 8601); `state` "asked" waits for another editor's word.

    `merge_into` is the key of the entry that the group's questions are added to, or empty for a new entry.
    """

    question: str = ""
    answer: str = ""
    language: str = "nl"
    topic: str = ""
    merge_into: str = ""
    by: str = ""
    at: str = ""
    state: str = WRITING

    @property
    def words(self) -> tuple[str, ...]:
        """What it says, without who and when."""
        return (self.question, self.answer, self.language, self.topic, self.merge_into)


def draft_of(group: QuestionGroup) -> GroupDraft | None:
    """The draft that is kept with `group`, None without one or where it cannot be read."""
    kept: Any = group.draft
    if not isinstance(kept, dict) or not kept.get("by"):
        return None
    names = {field.name for field in fields(GroupDraft)}
    found = {name: value for name, value in kept.items() if name in names and isinstance(value, str)}
    return GroupDraft(**found)


def tidied(draft: GroupDraft) -> GroupDraft:
    """`draft` as it is kept: cleaned. Invalid when a part is longer than an entry's may be."""
    found = replace(
        draft,
        question=clean(draft.question),
        answer=clean_block(draft.answer),
        topic=clean(draft.topic),
        merge_into=draft.merge_into.strip(),
    )
    rules = (
        ("question", found.question, MAX_QUESTION),
        ("answer", found.answer, MAX_ANSWER),
        ("topic", found.topic, MAX_TOPIC),
        ("key", found.merge_into, MAX_KEY),
    )
    for name, text, most in rules:
        if len(text) > most:
            raise Invalid(f"the {name} is longer than {most:,} characters")
    return found


def keep(session: Session, group_id: int, draft: GroupDraft, *, by: str, seen: str | None = None) -> GroupDraft:
    """Keep `draft` with its group, as `by` wrote it; the draft that is kept by then.

    `seen` is the `at` of the draft that the writer saw last, "" for none. Stale where a colleague wrote other words
    after that, and for a group that is decided. The same words again change nothing. NotFound, Invalid.
    """
    wanted = tidied(draft)
    group = _open_group(session, group_id)
    present = draft_of(group)
    if present is not None and present.words == wanted.words and present.state == wanted.state:
        return present
    if present is not None and seen is not None and present.by != by and present.at != seen:
        raise Stale(f"{present.by} wrote something else meanwhile")
    same_words = present is not None and present.words == wanted.words
    writer = present.by if present is not None and same_words else by
    kept = replace(wanted, by=writer, at=now().isoformat())
    rest = {UNDO: group.draft[UNDO]} if group.draft and UNDO in group.draft else {}
    group.draft = {**rest, **asdict(kept)}
    session.flush()
    return kept


def keep_again(session: Session, group_id: int, draft: GroupDraft, *, by: str, seen: str) -> GroupDraft | None:
    """`keep` words that a page came with, where they were typed over in it, kept so, and typed back; else None.

    NotFound, Invalid, Stale.
    """
    present = draft_of(get_group(session, group_id))
    if present is None or present.at != seen or present.words == tidied(draft).words:
        return None
    return keep(session, group_id, draft, by=by, seen=seen)


def forget(session: Session, group_id: int) -> None:
    """Throw a group's draft away. NotFound; Stale for a group that is decided."""
    _open_group(session, group_id).draft = None
    session.flush()


def _open_group(session: Session, group_id: int) -> QuestionGroup:
    """The group, locked: an approval at the same moment keeps in `QuestionGroup.draft` what it takes to revert it."""
    return still_open(get_group(session, group_id, lock=True))
