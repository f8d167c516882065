"""Signing in and out, and the style sheet with the shop's accent."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from handoff import auth
from handoff.models import Person
from handoff.problems import Forbidden, TooMany, Unauthorized, headers_of
from handoff.web.account import set_cookie
from handoff.web.edge import It, own_origin, person_of
from handoff.web.limited import count
from handoff.web.page_errors import PageRoute, when_again
from handoff.web.rendering import local_path, page_of, render
from handoff.web.theme import theme_css

router = APIRouter(route_class=PageRoute, include_in_schema=False)


def home(person: Person) -> str:
    """Where somebody begins."""
    return "/review" if person.role == "editor" else "/desk"


@router.get("/login")
async def login_page(
    request: Request, next: Annotated[str, Query()] = "", done: Annotated[str, Query()] = ""
) -> Response:
    """The login form; who is signed in goes on at once."""
    person = await person_of(request)
    if person is not None:
        return RedirectResponse(local_path(next, home(person)), 303)
    said = page_of(request).t(f"login.done_{done}") if done in ("out", "password") else ""
    back = local_path(next, "")
    return render(request, "login.html", person=None, email="", next=back, error="", done=said)


@router.post("/login")
async def login(
    request: Request,
    it: It,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """Sign in and go to the page that was asked for; a wrong pair is said on the form, the address kept."""
    if not own_origin(request):
        raise Forbidden
    back = local_path(next, "")
    try:
        await count(request, "logins", "address_logins", account=email)
        person = await it.read(auth.verified, email, password)
        token = await it.write(auth.sign_in, person)
    except (Unauthorized, TooMany) as problem:
        said: dict[str, Any] = {"email": email[:320], "next": back, "error": _why(request, problem), "done": ""}
        headers = headers_of(problem) if isinstance(problem, TooMany) else None
        return render(request, "login.html", status=problem.status, headers=headers, person=None, **said)
    response = RedirectResponse(back or home(person), 303)
    set_cookie(response, request, token)
    return response


def _why(request: Request, problem: Unauthorized | TooMany) -> str:
    if isinstance(problem, Unauthorized):
        return page_of(request).t("login.wrong")
    return when_again(request, problem)


@router.post("/logout")
async def logout(request: Request, it: It) -> Response:
    """Sign out, and say so."""
    if not own_origin(request):
        raise Forbidden
    await it.write(auth.sign_out, request.cookies.get(auth.COOKIE, ""))
    response = RedirectResponse("/login?done=out", 303)
    response.delete_cookie(auth.COOKIE, httponly=True, samesite="lax")
    return response


@router.get("/theme.css")
async def theme(it: It) -> Response:
    """The shop's accent as CSS variables."""
    css = theme_css(it.settings.accent)
    return Response(css, media_type="text/css", headers={"Cache-Control": "public, max-age=300"})
