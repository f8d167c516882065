"""What can go wrong, each with a status and a plain sentence; one handler turns them into RFC 9457 answers."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from handoff.texts import fill, languages, shipped, texts
from kb import errors as kb_errors

log = logging.getLogger(__name__)


class Problem(Exception):
    """Base of every error meant for the caller. `text` names a text of `data/texts`, `detail` overrides it."""

    status = 400
    text = "error.invalid"

    def __init__(self, detail: str = "", **values: object) -> None:
        super().__init__(detail or self.text)
        self.detail = detail
        self.values = values
        self.more: dict[str, Any] = {}  # what the answer says besides, as a `code` that programs go by


class Invalid(Problem):
    """The input is well-formed but cannot be taken."""

    status = 422


class Empty(Invalid):
    """A message without words."""

    text = "error.empty"


class TooLong(Invalid):
    """A message over the limit of characters; `limit` is named in the sentence."""

    text = "error.too_long"


class NotOffered(Invalid):
    """A choice that the bot did not offer."""

    text = "error.not_offered"


class Unauthorized(Problem):
    """No token or session cookie, or one that is not in force."""

    status = 401
    text = "error.unauthorized"


class Forbidden(Problem):
    """Signed in, but not for this; or a request from another site."""

    status = 403
    text = "error.unauthorized"


class NotFound(Problem):
    """It does not exist, or not for this caller: the two are not told apart."""

    status = 404
    text = "error.not_found"


class Conflict(Problem):
    """Somebody else was first, or the state does not allow it (any more)."""

    status = 409
    text = "error.conflict"


class TooLarge(Problem):
    """The request's body is over the limit."""

    status = 413
    text = "error.too_large"


class TooMany(Problem):
    """Done too often; it may be done again after `after_s` seconds, as Retry-After says too."""

    status = 429

    def __init__(self, after_s: int) -> None:
        self.text, values = too_often(after_s)
        super().__init__("", **values)
        self.after_s = after_s
        self.more = {"retry_after": after_s}


def too_often(after_s: int) -> tuple[str, dict[str, int]]:
    """The text that says when to try again, and its values. Rounded up, and never "1 seconds"."""
    if after_s <= 90:
        return "error.too_often", {"seconds": max(2, after_s)}
    if after_s <= 90 * 60:
        return "error.too_often_minutes", {"minutes": -(-after_s // 60)}
    return "error.too_often_hours", {"hours": -(-after_s // 3600)}


KB_STATUS = {
    kb_errors.NotFound: 404,
    kb_errors.Stale: 412,
    kb_errors.Exists: 409,
    kb_errors.Invalid: 422,
}


def problem_response(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """A problem-details answer: type, title, status, detail and what else is given."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body | more, status, headers, media_type="application/problem+json")


def request_language(request: Request) -> str:
    """The language for an error: the conversation's where a route noted it, else what the browser asks for."""
    noted = getattr(request.state, "language", None)
    accepted = request.headers.get("accept-language", "")[:2].lower()
    return noted or (accepted if accepted in languages() else "") or request.app.state.it.settings.default_language


async def words(request: Request) -> dict[str, str]:
    """The texts in the request's language; the shipped ones where the database gives none."""
    language = request_language(request)
    try:
        return dict(await request.app.state.it.read(texts, language))
    except SQLAlchemyError:
        return shipped(language)


async def plain(request: Request, problem: Problem) -> str:
    """The problem's sentence in the request's language."""
    return problem.detail or fill((await words(request))[problem.text], **problem.values)


def headers_of(problem: Problem) -> dict[str, str]:
    """The headers that go with a problem's answer."""
    if isinstance(problem, TooMany):
        return {"Retry-After": str(problem.after_s)}
    return {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}


def install(app: FastAPI) -> None:
    """Register the handlers: ours, the knowledge base's, validation, and the unforeseen."""

    @app.exception_handler(Problem)
    async def _ours(request: Request, error: Problem) -> JSONResponse:
        return problem_response(error.status, await plain(request, error), headers_of(error), **error.more)

    @app.exception_handler(kb_errors.KbError)
    async def _kb(request: Request, error: kb_errors.KbError) -> JSONResponse:
        return problem_response(KB_STATUS.get(type(error), 400), str(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"at": "/".join(str(p) for p in e["loc"]), "why": e["msg"]} for e in error.errors()]
        said = "; ".join(f"{e['at']}: {e['why']}" for e in errors[:3])
        return problem_response(422, f"{await plain(request, Invalid())} ({said})", errors=errors)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("unforeseen error on %s %s", request.method, request.url.path, exc_info=error)
        return problem_response(500, (await words(request))["error.server"])
