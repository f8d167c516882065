"""One's own picture on the account page, somebody else's by an admin, and the pictures for everybody."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import faces, people, queue
from handoff.files import MAX_FILE, Unfit
from handoff.models import Person
from handoff.problems import NotFound, TooLarge
from handoff.state import State
from handoff.web.account_pages import Self, account_page
from handoff.web.edge import It
from handoff.web.file_api import ALONE, taken
from handoff.web.page_errors import PageRoute
from handoff.web.people_form import form_of
from handoff.web.people_pages import Id, person_page
from handoff.web.rendering import page_of
from handoff.web.settings_pages import Admin

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MARK = re.compile("[0-9a-f]{32}")
MAX_AGE_S = 365 * 24 * 3600


@router.post("/account/face")
async def set_own(request: Request, it: It, person: Self) -> Response:
    """Take a picture of oneself; why one cannot be taken is said."""
    try:
        await _give(request, it, person.id or 0, person)
    except (Unfit, TooLarge) as unfit:
        return await account_page(request, it, person, status=unfit.status, face_problem=_why(request, unfit))
    return RedirectResponse("/account?done=set", 303)


@router.post("/account/face/remove")
async def remove_own(it: It, person: Self) -> Response:
    """Show one's initials again."""
    await _take_away(it, person.id or 0, person)
    return RedirectResponse("/account?done=removed", 303)


@router.post("/settings/people/{person_id}/face")
async def set_of(request: Request, it: It, person: Admin, person_id: Id) -> Response:
    """Take a picture of somebody else; why one cannot be taken is said."""
    other = await it.read(people.get, person_id)
    try:
        await _give(request, it, person_id, person)
    except (Unfit, TooLarge) as unfit:
        said = _why(request, unfit)
        return await person_page(request, it, person, form_of(other), other, status=unfit.status, face_problem=said)
    return RedirectResponse(f"/settings/people/{person_id}?done=done_set", 303)


@router.post("/settings/people/{person_id}/face/remove")
async def remove_of(it: It, person: Admin, person_id: Id) -> Response:
    """Show somebody's initials again."""
    await _take_away(it, person_id, person)
    return RedirectResponse(f"/settings/people/{person_id}?done=done_removed", 303)


async def _give(request: Request, it: State, person_id: int, by: Person) -> None:
    checked, _ = await taken(it, request)
    face = await it.compute(faces.squared, checked)
    await it.write(faces.give, person_id, face, by=by.email)
    await _tell(it, person_id)


async def _take_away(it: State, person_id: int, by: Person) -> None:
    await it.write(faces.take_away, person_id, by=by.email)
    await _tell(it, person_id)


async def _tell(it: State, person_id: int) -> None:
    """Tell desks, and the customers whom she helps now, that she looks different."""
    it.bus.publish("presence", str(person_id))

    def hers(session: Session) -> list[str]:
        return [conversation.id for conversation in queue.held_by(session, person_id)]

    for conversation_id in await it.read(hers):
        it.changed(conversation_id)


def _why(request: Request, unfit: Unfit | TooLarge) -> str:
    why = unfit.why if isinstance(unfit, Unfit) else "too_large"
    return page_of(request).t(f"face.wrong_{why}", limit=MAX_FILE // 2**20)


images = APIRouter(include_in_schema=False)


@images.get("/faces/{mark}")
async def face(request: Request, it: It, mark: str) -> Response:
    """A picture, for everybody, to be kept: another one has another address."""
    if not MARK.fullmatch(mark):
        raise NotFound
    content = await it.read(faces.opened, mark)
    headers = {
        "Cache-Control": f"public, max-age={MAX_AGE_S}, immutable",
        "ETag": f'"{mark}"',
        "Content-Security-Policy": ALONE,
        "Cross-Origin-Resource-Policy": "cross-origin",  # the widget shows it on the shop's own site
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=faces.MEDIA_TYPE, headers=headers)
