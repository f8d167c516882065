"""Choosing a password with a link from a mail, and asking for such a link. For everybody, signed in or not."""

import logging
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import auth, password_links
from handoff.auth import MIN_PASSWORD
from handoff.mail import can_mail
from handoff.models import Person
from handoff.password_links import MAX_PASSWORD, Unusable, Weak
from handoff.problems import Forbidden
from handoff.state import State
from handoff.web.edge import It, own_origin
from handoff.web.limited import count
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_language, page_of, render

log = logging.getLogger(__name__)
router = APIRouter(route_class=PageRoute, include_in_schema=False)
# The address is a key: nobody keeps or lists it. The referrer stays on this site, so that forms have an origin.
HEADERS = {"X-Robots-Tag": "noindex, nofollow"}
Typed = Annotated[str, Form(max_length=10_000)]


@router.get("/forgot")
async def ask(request: Request, it: It, email: Annotated[str, Query(max_length=320)] = "") -> Response:
    """The form that asks for a link."""
    return _ask(request, it, email)


def _ask(request: Request, it: State, email: str = "", *, sent: bool = False, status: int = 200) -> Response:
    return render(
        request,
        "forgot.html",
        status=status,
        person=None,
        email=email,
        sent=sent,
        can_mail=can_mail(it.settings),
        error=page_of(request).t("password.no_address") if status == 422 else "",
    )


@router.post("/forgot")
async def forgot(request: Request, it: It, email: Typed = "") -> Response:
    """Send a link to whoever has this address. The answer is the same, and as quick, whether anybody has."""
    if not own_origin(request):
        raise Forbidden
    email = email.replace("\x00", "").strip()[:320]
    if "@" not in email:
        return _ask(request, it, email, status=422)
    await count(request, "address_mails")
    _later(it, password_links.forgot, email, page_language(request))
    return _ask(request, it, email, sent=True)


def _later(it: State, fn: Callable[..., None], about: str, language: str) -> None:
    """Do it when the answer is gone already: how long it takes must tell nothing."""

    async def send() -> None:
        try:
            await it.write(fn, it.settings, about, language)
            it.bus.publish("mail", "")
        except Exception:
            log.exception("a link for a password could not be sent")

    it.background(send())


@router.get("/password/{token}")
async def look(request: Request, it: It, token: str) -> Response:
    """The form that chooses a password; or why the link does not work, with a way on."""
    try:
        person = await it.read(password_links.opened, token)
    except Unusable as unusable:
        return _refused(request, it, token, unusable)
    return _form(request, token, person)


def _form(request: Request, token: str, person: Person, why: str = "") -> Response:
    error = page_of(request).t(f"password.wrong_{why}", least=MIN_PASSWORD, most=MAX_PASSWORD) if why else ""
    return render(
        request,
        "password.html",
        status=422 if why else 200,
        headers=HEADERS,
        person=None,
        whom=person,
        token=token,
        error=error,
        least=MIN_PASSWORD,
        most=MAX_PASSWORD,
    )


def _refused(request: Request, it: State, token: str, why: Unusable, *, sent: bool = False) -> Response:
    return render(
        request,
        "password_refused.html",
        status=200 if sent else why.status,
        headers=HEADERS,
        person=None,
        why=why.why,
        token=token,
        known=why.person is not None,
        can_mail=can_mail(it.settings),
        sent=sent,
    )


@router.post("/password/{token}")
async def choose(request: Request, it: It, token: str, password: Typed = "") -> Response:
    """Take the password and go on to the login; what is wrong with it is said."""
    if not own_origin(request):
        raise Forbidden
    try:
        person = await it.read(password_links.opened, token)
        password_links.check(person, password)
        hashed = await it.compute(auth.hasher.hash, password)
        person = await it.write(password_links.choose, token, hashed)
    except Weak as weak:
        return _form(request, token, person, weak.why)
    except Unusable as unusable:
        return _refused(request, it, token, unusable)
    it.bus.publish("presence", str(person.id))
    response = RedirectResponse("/login?done=password", 303)
    response.delete_cookie(auth.COOKIE, httponly=True, samesite="lax")
    return response


@router.post("/password/{token}/again")
async def another(request: Request, it: It, token: str) -> Response:
    """Send another link to whose link this was, in place of one that ended."""
    if not own_origin(request):
        raise Forbidden
    try:
        await it.read(_still_good, token)
    except Unusable as unusable:
        if unusable.person is not None:
            _later(it, password_links.again, token, page_language(request))
        return _refused(request, it, token, unusable, sent=unusable.person is not None)
    return RedirectResponse(f"/password/{token}", 303)


def _still_good(session: Session, token: str) -> None:
    password_links.opened(session, token)
