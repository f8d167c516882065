"""An entry's history: what each revision changed, one beside what holds now, and the way back in one click."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from handoff.models import Person
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.history_view import compare_view, history_view
from handoff.web.languages import Language
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address, render
from kb import entries
from kb.errors import Stale

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/review/entries/{key}/{language}")
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/history")
async def history(
    request: Request,
    it: It,
    person: Editor,
    key: str,
    language: Language,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Every revision of an entry, a page at a time."""
    return await _history(request, it, person, key, language, before)


async def _history(
    request: Request, it: It, person: Person, key: str, language: str, before: int | None = None, stale: bool = False
) -> Response:
    view = await it.read(history_view, key, language, before, stale)
    return render(request, "review/history.html", status=412 if stale else 200, person=person, view=view)


@router.get("/history/{number}")
async def compare(
    request: Request, it: It, person: Editor, key: str, language: Language, number: Number
) -> Response:
    """A revision beside what holds now."""
    view = await it.read(compare_view, key, language, number)
    return render(request, "review/compare.html", person=person, view=view)


@router.post("/revert")
async def revert(
    request: Request,
    it: It,
    person: Editor,
    key: str,
    language: Language,
    to: Annotated[int, Form(ge=1, le=2**31 - 1)],
    revision: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Make an entry what it was at revision `to`; that is a new revision, so it is undone by going back to `revision`.

    What a colleague changed since `revision` is shown first, and nothing is put back over it.
    """
    try:
        await it.write(entries.revert_entry, key, language, to, person.email, revision)
    except Stale:
        return await _history(request, it, person, key, language, stale=True)
    await it.kb_changed()
    there = page_address(f"/review/entries/{key}/{language}", done="reverted", was=revision)
    return RedirectResponse(there, 303)
