"""Signing in and out, and who is signed in."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from handoff import auth
from handoff.incoming import Words
from handoff.models import Person
from handoff.problems import Forbidden
from handoff.web.edge import Anyone, It, is_secure, own_origin
from handoff.web.limited import count

router = APIRouter(prefix="/api/v1", tags=["account"])


class Credentials(BaseModel):
    """An e-mail address and a password."""

    email: Words = Field(max_length=320)
    password: str = Field(max_length=200)


def person_form(person: Person) -> dict[str, Any]:
    """A person as JSON, without secrets."""
    return {"id": person.id, "name": person.name, "email": person.email, "role": person.role}


def set_cookie(response: Response, request: Request, token: str) -> None:
    """Put the session cookie on a response: out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        auth.COOKIE,
        token,
        max_age=int(auth.SIGNED_IN_FOR.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
        path="/",
    )


@router.post("/login")
async def login(request: Request, response: Response, it: It, body: Credentials) -> dict[str, Any]:
    """Sign in; sets the session cookie. 401 when address and password do not belong together."""
    if not own_origin(request):
        raise Forbidden("This request came from another site.")
    await count(request, "logins", "address_logins", account=body.email)
    person = await it.read(auth.verified, body.email, body.password)
    token = await it.write(auth.sign_in, person)
    set_cookie(response, request, token)
    return person_form(person)


@router.post("/logout", status_code=204)
async def logout(request: Request, it: It) -> Response:
    """Sign out; the cookie is worthless from here on. Signing out twice is fine."""
    if not own_origin(request):
        raise Forbidden("This request came from another site.")
    if token := request.cookies.get(auth.COOKIE):
        await it.write(auth.sign_out, token)
    response = Response(status_code=204)
    response.delete_cookie(auth.COOKIE, path="/")
    return response


@router.get("/me")
async def me(person: Anyone) -> dict[str, Any]:
    """Who is signed in."""
    return person_form(person)
