"""What an editor's hand does with a question group, as forms of its page: title, split, move, merge, and back."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field

from handoff.incoming import Words
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.group_form import again, begun
from handoff.web.group_view import group_view
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address
from kb import backlog, hands
from kb.errors import Invalid, NotFound, Stale
from kb.models import QuestionGroup

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Revision = Annotated[int | None, Form()]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


async def _done(
    request: Request, it: It, person: Editor, group_id: int, act: Callable[..., QuestionGroup], *given: Any, how: str
) -> Response:
    """What the page says after `act`, or the page with what is the matter; what was typed is in the group's draft."""
    try:
        found = await it.write(act, *given)
    except (Stale, Invalid, NotFound) as error:
        view = await it.read(group_view, it.base, group_id)
        if isinstance(error, NotFound):
            error = Invalid("it is not there any more")
        return await again(request, it, person, group_id, await begun(it, view), error)
    other = found.id if found.id != group_id else None
    return RedirectResponse(page_address(f"/review/groups/{group_id}", done=how, other=other), 303)


@router.post("/review/groups/{group_id}/title")
async def title(
    request: Request,
    it: It,
    person: Editor,
    group_id: Number,
    title: Annotated[Words, Form()] = "",
    revision: Revision = None,
) -> Response:
    """Give the group a title that stays; an empty one gives it back that of its most central question."""
    given = (group_id, title, person.email, revision)
    return await _done(request, it, person, group_id, hands.set_title, *given, how="titled")


@router.post("/review/groups/{group_id}/questions")
async def part(
    request: Request,
    it: It,
    person: Editor,
    group_id: Number,
    what: Annotated[Literal["split", "move"], Form()],
    question: Annotated[list[Number] | None, Form()] = None,
    into: Annotated[str, Form(max_length=12)] = "",
    revision: Revision = None,
) -> Response:
    """Put the chosen questions into a group of their own, or into another one."""
    chosen = question or []
    if what == "split":
        given: tuple[Any, ...] = (group_id, chosen, person.email, revision)
        return await _done(request, it, person, group_id, hands.split, *given, how="split")
    number = int(into) if into.isdecimal() else 0
    return await _done(request, it, person, group_id, hands.move, chosen, number, person.email, how="moved")


@router.post("/review/groups/{group_id}/merge")
async def merge(
    request: Request,
    it: It,
    person: Editor,
    group_id: Number,
    other: Annotated[str, Form(max_length=12)] = "",
    revision: Revision = None,
) -> Response:
    """Put all questions of another group into this one."""
    number = int(other) if other.isdecimal() else 0

    def act(*given: Any) -> QuestionGroup:
        hands.merge(*given)
        return backlog.get_group(given[0], number)

    given = (group_id, [number], person.email, revision)
    return await _done(request, it, person, group_id, act, *given, how="joined")


@router.post("/review/groups/{group_id}/unmerge")
async def unmerge(request: Request, it: It, person: Editor, group_id: Number) -> Response:
    """Give a merged group its questions back."""
    return await _done(request, it, person, group_id, hands.unmerge, group_id, person.email, how="unmerged")
