"""The account page: what somebody sets of herself, and the form in it that changes her password."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from handoff import auth, faces, password_links
from handoff.auth import MIN_PASSWORD
from handoff.models import Person
from handoff.password_links import MAX_PASSWORD, Weak
from handoff.problems import TooMany, headers_of
from handoff.state import State
from handoff.web.account import set_cookie
from handoff.web.edge import It, page_person
from handoff.web.limited import count
from handoff.web.page_errors import PageRoute, when_again
from handoff.web.rendering import page_of, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Done = Literal["", "set", "removed", "password"]
Typed = Annotated[str, Form(max_length=10_000)]


async def anybody(request: Request) -> Person:
    """Whoever is signed in; else to the login."""
    return await page_person(request)


Self = Annotated[Person, Depends(anybody)]


@router.get("/account")
async def account(request: Request, it: It, person: Self, done: Done = "") -> Response:
    """What somebody sets of herself: her picture, her password."""
    return await account_page(request, it, person, done=done)


async def account_page(request: Request, it: State, person: Person, *, status: int = 200, **said: Any) -> Response:
    """The account page; `said` may hold what just happened (`done`), or what is wrong with what was sent."""
    shown: dict[str, Any] = {"face_problem": "", "password_problem": "", "current_problem": "", "done": ""} | said
    headers = shown.pop("headers", None)
    face = await it.read(faces.path_of, person.id)
    return render(
        request, "account.html", status=status, headers=headers, person=person, face=face,
        least=MIN_PASSWORD, most=MAX_PASSWORD, **shown,
    )  # fmt: skip


@router.post("/account/password")
async def change_password(
    request: Request, it: It, person: Self, current: Typed = "", password: Typed = ""
) -> Response:
    """Take another password from who knows the present one: all her sign-ins end, and this one begins anew."""
    page = page_of(request)
    try:
        await count(request, "logins", "address_logins", account=person.email)
        if not await it.compute(auth.matches, person.password_hash, current):
            return await account_page(request, it, person, status=422, current_problem=page.t("password.wrong_now"))
        password_links.check(person, password)
    except Weak as weak:
        why = page.t(f"password.wrong_{weak.why}", least=MIN_PASSWORD, most=MAX_PASSWORD)
        return await account_page(request, it, person, status=422, password_problem=why)
    except TooMany as problem:
        said = {"current_problem": when_again(request, problem), "headers": headers_of(problem)}
        return await account_page(request, it, person, status=problem.status, **said)
    hashed = await it.compute(auth.hasher.hash, password)
    token = await it.write(password_links.change, person.id or 0, person.password_hash, hashed)
    if token is None:  # changed by another request meanwhile
        return await account_page(request, it, person, status=409, current_problem=page.t("password.wrong_now"))
    it.bus.publish("presence", str(person.id))
    response = RedirectResponse("/account?done=password", 303)
    set_cookie(response, request, token)
    return response
