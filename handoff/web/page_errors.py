"""Errors as pages: what cannot be shown is said in words, in the reader's language, with a way on."""

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from handoff.problems import KB_STATUS, Problem, TooMany, headers_of, too_often
from handoff.web.edge import SeeOther, person_of
from handoff.web.rendering import local_path, page_address, page_of, render
from kb.errors import KbError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SAID = (403, 404, 409)  # statuses with words of their own; the others share one


def is_partial(request: Request) -> bool:
    """Whether a script asked for a part of a page, which it puts into the page it has."""
    return request.headers.get("hx-request") == "true"


def toast(
    text: str, kind: str = "good", href: str = "", label: str = "", undo: str = "", target: str = "#promise"
) -> dict[str, str]:
    """The header that makes a script show `text` for a while, with a link named `label` to `href` where there is one,
    or with a button that posts to `undo` and puts the answer into `target`.

    Not htmx's own HX-Trigger: that event is lost when the button that was pressed is gone from the page by then.
    """
    link = {"href": href, "label": label} if href else {}
    if undo:
        link = {"undo": undo, "label": label, "target": target}
    return {"X-Toast": json.dumps({"text": text, "kind": kind} | link)}


async def error_page(request: Request, status: int) -> Response:
    """A page for an error; for a part of a page, a toast that leaves the page as it is."""
    page = page_of(request)
    name = str(status) if status in SAID else "other"
    title, text = page.t(f"error.{name}"), page.t(f"error.{name}_text")
    if is_partial(request):
        return Response(status_code=status, headers=toast(f"{title} {text}", "bad") | {"HX-Reswap": "none"})
    person = await person_of(request)
    return render(request, "error.html", status=status, person=person, code=status, title=title, text=text)


def when_again(request: Request, problem: TooMany) -> str:
    """When to try again, in the page's words."""
    key, values = too_often(problem.after_s)
    return page_of(request).t(key, **values)


async def too_many_page(request: Request, problem: TooMany) -> Response:
    """A page that says when to try again."""
    title, text = page_of(request).t("error.other"), when_again(request, problem)
    about = {"person": await person_of(request), "code": problem.status, "title": title, "text": text}
    return render(request, "error.html", status=problem.status, headers=headers_of(problem), **about)


def see_other(request: Request, location: str) -> Response:
    """Send the browser on. Who lost the session on an open page comes back to that page, not to a part of it."""
    if is_partial(request):
        back = urlsplit(request.headers.get("hx-current-url", "")).path
        return Response(headers={"HX-Redirect": page_address("/login", next=local_path(back, ""))})
    return RedirectResponse(location, 303)


class PageRoute(APIRoute):
    """A route whose errors are pages instead of problem details."""

    def get_route_handler(self) -> Handler:
        """The route's handler, with its errors turned into pages."""
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await original(request)
            except SeeOther as away:
                return see_other(request, away.location)
            except TooMany as early:
                return await too_many_page(request, early)
            except Problem as problem:
                return await error_page(request, problem.status)
            except KbError as error:
                return await error_page(request, KB_STATUS.get(type(error), 400))
            except RequestValidationError:
                return await error_page(request, 404 if request.method == "GET" else 422)

        return handler
