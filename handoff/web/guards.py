"""Guards in front of every route: a limit on bodies, and headers that keep pages to themselves."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handoff.problems import TooLarge, problem_response

MAX_BODY = 1_000_000  # bytes; the longest thing anybody sends is an answer of 8,000 characters
MAX_UPLOAD = 10 * 2**20 + 32_000  # bytes, for a file and the form around it
# The routes that take one.
UPLOADS = re.compile(
    r"/api/v1/(?:desk/)?conversations/[^/]{1,64}/files|/review/import|/api/v1/kb/imports"
    r"|/account/face|/settings/people/[^/]{1,10}/face"
)
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'; form-action 'self'"
)


class BodyLimit:
    """Refuses request bodies over MAX_BODY with 413, whether their length is told beforehand or not.

    A body that may hold a file is not kept here: its route reads it once it knows the caller, counted as it comes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["method"] == "POST" and UPLOADS.fullmatch(scope["path"]):
            return await self.app(scope, _counted(receive), send)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MAX_BODY:
            return await _too_large()(scope, receive, send)
        body = await _read(receive)
        if body is None:
            return await _too_large()(scope, receive, send)
        await self.app(scope, _replay(body, receive), send)


async def _read(receive: Receive) -> list[Message] | None:
    """The body's messages, or None when they are too much."""
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return messages


def _counted(receive: Receive) -> Receive:
    """`receive` that raises TooLarge when the body is over MAX_UPLOAD."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_UPLOAD:
            raise TooLarge
        return message

    return counted


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def again() -> Message:
        return next(waiting, None) or await receive()

    return again


def _too_large() -> ASGIApp:
    return problem_response(413, "That is more than can be taken at once.")


class SecurityHeaders:
    """Adds the headers that keep pages from being framed, sniffed, or running others' scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the headers go on with its answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", CSP)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                if scope["path"].startswith("/static/"):  # asked for each time, sent only when changed
                    headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
