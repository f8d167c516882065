"""The settings' page for approval: whether who writes an answer may approve it as well."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from handoff import approving
from handoff.problems import Conflict
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import render
from handoff.web.settings_pages import Admin

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/settings/approving")
async def look(request: Request, it: It, person: Admin, done: Literal["", "saved"] = "") -> Response:
    """Who may approve, to change."""
    return await _page(request, it, person, done=done)


@router.post("/settings/approving")
async def save(
    request: Request,
    it: It,
    person: Admin,
    eyes: Annotated[Literal["two", "four"], Form()],
    revision: Annotated[int, Form()],
) -> Response:
    """Store it; where a colleague changed it meanwhile, the page shows how it is."""
    try:
        await it.write(approving.change_four_eyes, eyes == "four", revision=revision, by=person.email)
    except Conflict:
        return await _page(request, it, person, status=409, crossed=True)
    return RedirectResponse("/settings/approving?done=saved", 303)


async def _page(
    request: Request, it: It, person: Admin, *, status: int = 200, crossed: bool = False, done: str = ""
) -> Response:
    document = await it.read(approving.four_eyes_document)
    return render(
        request,
        "settings/approving.html",
        status=status,
        person=person,
        four=document.value is True,
        revision=document.revision,
        crossed=crossed,
        done=done,
    )
