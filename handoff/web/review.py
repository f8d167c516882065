"""The editors' JSON API for the backlog: question groups, approve, dismiss, open again."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff import approving
from handoff.incoming import Words
from handoff.models import Person
from handoff.problems import Invalid
from handoff.web.edge import Editor, It
from handoff.web.languages import Language
from handoff.web.whatif_view import shown
from kb import backlog, decisions, entries
from kb.base import Base
from kb.fates import Fate
from kb.group_drafts import GroupDraft
from kb.models import Entry, Question, QuestionGroup

router = APIRouter(prefix="/api/v1/review/groups", tags=["review"])
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]  # what a database can hold
IfMatch = Annotated[str | None, Header(max_length=40)]


class Approval(BaseModel):
    """An answer for a question group: a new entry, or `merge_into` an existing one by its key."""

    answer: Words = Field(default="", max_length=8000)
    language: Language
    question: Words | None = Field(default=None, max_length=300)
    topic: Words | None = Field(default=None, max_length=80)
    merge_into: Words | None = Field(default=None, max_length=80)
    revision: int | None = None

    @property
    def draft(self) -> GroupDraft:
        """The same as a draft."""
        return GroupDraft(
            self.question or "", self.answer, self.language, self.topic or "", self.merge_into or ""
        )


class Dismissal(BaseModel):
    """Why a question group gets no answer."""

    why: Words = Field(min_length=1, max_length=2000)
    word: Words | None = Field(default=None, max_length=2000)  # to those who asked
    revision: int | None = None


def revision_of(if_match: str | None, revision: int | None) -> int | None:
    """The revision that the caller last saw, from the If-Match header or the body. Invalid when it is no number."""
    if if_match is None or if_match.strip() == "*":
        return revision
    digits = if_match.removeprefix("W/").strip('" ')
    if not digits.isdecimal() or len(digits) > 9:
        raise Invalid("If-Match holds the revision that was read, such as \"3\".")
    return int(digits)


def group_form(group: QuestionGroup) -> dict[str, Any]:
    """A question group as JSON."""
    return group.model_dump(mode="json", exclude={"centroid"})


def question_form(question: Question) -> dict[str, Any]:
    """A question of the backlog as JSON; its secrets were removed before it was stored."""
    return question.model_dump(mode="json", exclude={"vector"})


def entry_form(session: Session, entry: Entry) -> dict[str, Any]:
    """An entry as JSON, with its phrasings."""
    return entry.model_dump(mode="json", exclude={"id"}) | {"phrasings": entries.phrasings_of(session, entry)}


@router.get("")
async def look(
    it: It,
    _: Editor,
    status: Literal["open", "approved", "dismissed"] = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Question groups, those that most people asked first."""

    def rows(session: Session) -> dict[str, Any]:
        found = backlog.list_groups(session, status, cursor, limit + 1)
        more = len(found) > limit
        return {
            "groups": [group_form(g) for g in found[:limit]],
            "next_cursor": backlog.cursor(found[limit - 1]) if more else None,
        }

    return await it.read(rows)


@router.get("/{group_id}")
async def show(it: It, _: Editor, group_id: Number, response: Response) -> dict[str, Any]:
    """A group with its questions and the entries nearest to it."""

    def whole(session: Session, base: Base) -> dict[str, Any]:
        group = backlog.get_group(session, group_id)
        near = backlog.nearest(base, group)
        return group_form(group) | {
            "questions": [question_form(q) for q in backlog.questions(session, group_id, 200)],
            "nearest": [vars(c) for c in near],
        }

    found = await it.read(whole, it.base)
    response.headers["ETag"] = f'"{found["revision"]}"'
    return found


@router.post("/{group_id}/approve")
async def approve(
    it: It, person: Editor, group_id: Number, body: Approval, if_match: IfMatch = None
) -> dict[str, Any]:
    """Give the group its answer; the bot has it when this returns. 412 when somebody changed the group first.

    Where two must agree, a colleague is asked: then `entry` is null, and the group stays open.
    """

    def act(session: Session, by: Person) -> dict[str, Any]:
        entry = approving.approve(
            session, group_id, body.draft, by=by.email, if_revision=revision_of(if_match, body.revision)
        )
        shown = entry_form(session, entry) if entry else None
        return {"entry": shown, "group": group_form(backlog.get_group(session, group_id))}

    done = await it.write(act, person)
    await it.kb_changed()
    return done


@router.post("/{group_id}/preview")
async def preview(it: It, _: Editor, group_id: Number, body: Approval) -> dict[str, Any]:
    """What an approval of this would change; nothing is stored. `looked` of `total` logged questions are known yet."""
    it.watch.wanted.set()
    seen = await it.read(shown, await approving.foresee(it, group_id, body.draft))
    ahead = seen.preview
    return {
        "answered": ahead.answered,
        "questions": [_fate_form(fate) for fate in ahead.own],
        "gained": [_fate_form(fate) for fate in ahead.gained],
        "changed": [_fate_form(fate) for fate in ahead.changed],
        "conflict": asdict(seen.conflict) if seen.conflict else None,
        "worse": bool(seen.mark),
        "looked": ahead.looked,
        "total": ahead.total,
    }


def _fate_form(fate: Fate) -> dict[str, Any]:
    return {
        "text": fate.asked.text,
        "language": fate.asked.language,
        "before": asdict(fate.before),
        "after": asdict(fate.after),
    }


@router.post("/{group_id}/revert")
async def revert(it: It, person: Editor, group_id: Number) -> dict[str, Any]:
    """Take an approval back: the entry is withdrawn, or what it was, and the group open. 412 if it is not approved."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        return group_form(decisions.revert(session, group_id, by.email))

    done = await it.write(act, person)
    await it.kb_changed()
    return done


@router.post("/{group_id}/dismiss")
async def dismiss(
    it: It, person: Editor, group_id: Number, body: Dismissal, if_match: IfMatch = None
) -> dict[str, Any]:
    """Put the group away, with the reason. 412 when somebody changed it first."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        revision = revision_of(if_match, body.revision)
        decisions.dismiss(session, group_id, why=body.why, word=body.word, if_revision=revision, by=by.email)
        return group_form(backlog.get_group(session, group_id))

    return await it.write(act, person)


@router.post("/{group_id}/reopen")
async def reopen(it: It, person: Editor, group_id: Number) -> dict[str, Any]:
    """Undo a decision: the group is open again."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        decisions.reopen(session, group_id, by=by.email)
        return group_form(backlog.get_group(session, group_id))

    done = await it.write(act, person)
    await it.kb_changed()
    return done
