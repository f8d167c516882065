"""The editors' JSON API for what a hand does with question groups: split, merge, move, title, and each undone."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff.incoming import Words
from handoff.models import Person
from handoff.web.edge import Editor, It
from handoff.web.review import IfMatch, Number, group_form, revision_of
from kb import backlog, hands
from kb.models import QuestionGroup

router = APIRouter(prefix="/api/v1/review/groups", tags=["review"])
Numbers = Annotated[list[Number], Field(min_length=1, max_length=hands.MOST)]


class Questions(BaseModel):
    """Questions of the backlog, by their ids."""

    questions: Numbers
    revision: int | None = None


class Others(BaseModel):
    """Groups whose questions go into another one, by their ids."""

    groups: Numbers
    revision: int | None = None


class Title(BaseModel):
    """What a group is called; empty: what its most central question says."""

    title: Words = Field(default="", max_length=300)
    revision: int | None = None


def _forms(session: Session, group: QuestionGroup, others: Sequence[int]) -> dict[str, Any]:
    return {
        "group": group_form(group),
        "others": [group_form(backlog.get_group(session, i)) for i in dict.fromkeys(others) if i != group.id],
    }


@router.get("/{group_id}/split")
async def suggestion(it: It, _: Editor, group_id: Number) -> dict[str, Any]:
    """The two parts of a group that lie most apart, as ids of questions; none where there is nothing to part."""
    halves = await it.read(hands.suggested_split, group_id)
    return {"parts": [] if halves is None else list(halves)}


@router.post("/{group_id}/split")
async def split(
    it: It, person: Editor, group_id: Number, body: Questions, if_match: IfMatch = None
) -> dict[str, Any]:
    """Put some of a group's questions into a new one, `group`; what is left is the first of `others`."""
    revision = revision_of(if_match, body.revision)

    def act(session: Session, by: Person) -> dict[str, Any]:
        new = hands.split(session, group_id, body.questions, by.email, revision)
        return _forms(session, new, [group_id])

    return await it.write(act, person)


@router.post("/{group_id}/merge")
async def merge(it: It, person: Editor, group_id: Number, body: Others, if_match: IfMatch = None) -> dict[str, Any]:
    """Put all questions of other groups into this one; the others are merged, and can be taken out again."""
    revision = revision_of(if_match, body.revision)

    def act(session: Session, by: Person) -> dict[str, Any]:
        into = hands.merge(session, group_id, body.groups, by.email, revision)
        return _forms(session, into, body.groups)

    return await it.write(act, person)


@router.post("/{group_id}/unmerge")
async def unmerge(it: It, person: Editor, group_id: Number) -> dict[str, Any]:
    """Give a merged group its questions back, as far as they are still where they were put."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        return group_form(hands.unmerge(session, group_id, by.email))

    return await it.write(act, person)


@router.post("/{group_id}/questions")
async def move(it: It, person: Editor, group_id: Number, body: Questions, if_match: IfMatch = None) -> dict[str, Any]:
    """Put questions of any groups into this one."""
    revision = revision_of(if_match, body.revision)

    def act(session: Session, by: Person) -> dict[str, Any]:
        return group_form(hands.move(session, body.questions, group_id, by.email, revision))

    return await it.write(act, person)


@router.post("/{group_id}/title")
async def title(it: It, person: Editor, group_id: Number, body: Title, if_match: IfMatch = None) -> dict[str, Any]:
    """Give a group a title that stays, or, with an empty one, that of its most central question again."""
    revision = revision_of(if_match, body.revision)

    def act(session: Session, by: Person) -> dict[str, Any]:
        return group_form(hands.set_title(session, group_id, body.title, by.email, revision))

    return await it.write(act, person)
