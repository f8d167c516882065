"""What every route needs at the edge: the app's state, who is calling, and from which site."""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from handoff import auth
from handoff.models import Person
from handoff.problems import Forbidden, Unauthorized
from handoff.settings import Settings
from handoff.state import State

SAFE = ("GET", "HEAD", "OPTIONS")


def state(connection: HTTPConnection) -> State:
    """The state of the app that serves this request or socket."""
    return cast(State, connection.app.state.it)


def request_state(request: Request) -> State:
    """`state`, as a dependency."""
    return state(request)


It = Annotated[State, Depends(request_state)]


def bearer(request: Request) -> str:
    """The token in the Authorization header. Unauthorized when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized
    return token.strip()


Token = Annotated[str, Depends(bearer)]


def own_origin(connection: HTTPConnection) -> bool:
    """Whether the request comes from our own pages, or from no browser at all.

    Browsers put Origin on every unsafe request and every socket, and no script can change it; so a request with
    the session cookie and another site's Origin is a forged one. Tools that send none hold no foreign cookies.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    settings = state(connection).settings
    return origin == settings.origin or _host(origin) == connection.headers.get("host", "").lower()


def embedding_origin(connection: HTTPConnection) -> bool:
    """Whether the widget may call from this site: our own pages, or one that the settings allow."""
    settings: Settings = state(connection).settings
    origin = connection.headers.get("origin")
    return own_origin(connection) or "*" in settings.allowed_origins or origin in settings.allowed_origins


def from_embedding_site(request: Request) -> None:
    """A dependency of customers' routes. Forbidden where another site's page asks that may not embed the widget.

    Of what only reads, browsers name the site where a script asks; without one it is a link or an address typed in.
    """
    reads = request.method in SAFE and "origin" not in request.headers
    if not reads and not embedding_origin(request):
        raise Forbidden("This site may not talk to us.")


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser came over https, so that a cookie may be kept to that: as seen, or as PUBLIC_URL says."""
    return connection.url.scheme == "https" or state(connection).settings.origin.startswith("https:")


def _host(origin: str) -> str:
    return urlsplit(origin).netloc.lower()


async def person_of(connection: HTTPConnection) -> Person | None:
    """The person whose session cookie came along, or None."""
    token = connection.cookies.get(auth.COOKIE)
    return await state(connection).read(auth.person_for, token) if token else None


def signed_in(*roles: str) -> Callable[[Request], Awaitable[Person]]:
    """A dependency that gives the signed-in person, who must have one of `roles` (an admin has all).

    Unauthorized without a session, Forbidden with the wrong role or from another site.
    """

    async def dependency(request: Request) -> Person:
        if request.method not in SAFE and not own_origin(request):
            raise Forbidden("This request came from another site.")
        person = await person_of(request)
        if person is None:
            raise Unauthorized("Sign in first.")
        if roles and person.role != "admin" and person.role not in roles:
            raise Forbidden("Your role does not allow this.")
        return person

    return dependency


Agent = Annotated[Person, Depends(signed_in("agent"))]
Editor = Annotated[Person, Depends(signed_in("editor"))]
Anyone = Annotated[Person, Depends(signed_in())]


class SeeOther(Exception):
    """Send the browser to another page, as a page does for somebody who is not signed in."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


async def page_person(request: Request, *roles: str) -> Person:
    """The signed-in person for a page; without a session the browser is sent to /login, with the way back."""
    try:
        return await signed_in(*roles)(request)
    except Unauthorized:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise SeeOther(f"/login?next={quote(back, safe='')}") from None
