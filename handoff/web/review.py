"""The editors' JSON API for the backlog: question groups, approve, dismiss, open again."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff.incoming import Words
from handoff.models import Person
from handoff.problems import Invalid
from handoff.web.edge import Editor, It
from kb import backlog, decisions, entries
from kb.base import Base
from kb.models import Entry, Question, QuestionGroup

router = APIRouter(prefix="/api/v1/review/groups", tags=["review"])
IfMatch = Annotated[str | None, Header(max_length=40)]


class Approval(BaseModel):
    """An answer for a question group: a new entry, or `merge_into` an existing one by its key."""

    answer: Words = Field(default="", max_length=8000)
    language: Literal["nl", "en"]
    question: Words | None = Field(default=None, max_length=300)
    topic: Words | None = Field(default=None, max_length=80)
    merge_into: Words | None = Field(default=None, max_length=80)
    revision: int | None = None


class Dismissal(BaseModel):
    """Why a question group gets no answer."""

    why: Words = Field(min_length=1, max_length=2000)
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
async def show(it: It, _: Editor, group_id: int, response: Response) -> dict[str, Any]:
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
    it: It, person: Editor, group_id: int, body: Approval, if_match: IfMatch = None
) -> dict[str, Any]:
    """Give the group its answer; the bot has it when this returns. 412 when somebody changed the group first."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        entry = decisions.approve(
            session,
            group_id,
            answer=body.answer,
            language=body.language,
            question=body.question,
            topic=body.topic,
            merge_into=body.merge_into,
            if_revision=revision_of(if_match, body.revision),
            by=by.email,
        )
        return {"entry": entry_form(session, entry), "group": group_form(backlog.get_group(session, group_id))}

    done = await it.write(act, person)
    await it.kb_changed()
    return done


@router.post("/{group_id}/dismiss")
async def dismiss(
    it: It, person: Editor, group_id: int, body: Dismissal, if_match: IfMatch = None
) -> dict[str, Any]:
    """Put the group away, with the reason. 412 when somebody changed it first."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        revision = revision_of(if_match, body.revision)
        decisions.dismiss(session, group_id, why=body.why, if_revision=revision, by=by.email)
        return group_form(backlog.get_group(session, group_id))

    return await it.write(act, person)


@router.post("/{group_id}/reopen")
async def reopen(it: It, person: Editor, group_id: int) -> dict[str, Any]:
    """Undo a decision: the group is open again."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        decisions.reopen(session, group_id, by=by.email)
        return group_form(backlog.get_group(session, group_id))

    done = await it.write(act, person)
    await it.kb_changed()
    return done
