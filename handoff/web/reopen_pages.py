"""The page behind a mail's link: a button that opens the conversation in this browser.

Programs that check mails follow links, so looking at the page changes nothing and gives nothing away; only pressing
the button does, which puts an access to the conversation where the widget keeps its own.
"""

import json

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import reopen
from handoff.models import Conversation
from handoff.problems import NotFound
from handoff.state import State
from handoff.web.edge import It, own_origin
from handoff.web.languages import reader_language
from handoff.web.shop_pages import customer_page

router = APIRouter(include_in_schema=False)
# The address is a key to the conversation: it is not passed on, kept or listed.
HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@router.api_route("/c/{token:path}", methods=["GET", "HEAD"])
async def look(request: Request, it: It, token: str) -> Response:
    """The button; or why the link does not work, with a way on."""
    return await _page(request, it, token)


@router.post("/c/{token:path}")
async def open_here(request: Request, it: It, token: str) -> Response:
    """Hand this browser an access to the conversation. From another site's form: only the button."""
    return await _page(request, it, token, opening=_pressed(request))


def _pressed(request: Request) -> bool:
    """Whether the button on our own page was pressed.

    A form on a page without referrer sends the Origin `null`, so it is another header that tells; browsers that do
    not send that one are believed unless they name another site.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == "null" or own_origin(request)


async def _page(request: Request, it: State, token: str, *, opening: bool = False) -> Response:
    def found(session: Session) -> tuple[Conversation, str]:
        conversation = reopen.reopened(session, token)
        return conversation, reopen.access(conversation)

    try:
        conversation, access = await it.read(found)
    except reopen.Expired as expired:
        return await _refused(it, expired.language, "expired", expired.status)
    except NotFound as unknown:
        return await _refused(it, reader_language(request), "unknown", unknown.status)
    language = conversation.language
    talk = {"id": conversation.id, "language": language} | ({"token": access} if opening else {})
    return await customer_page(it, "reopen.html", language, 200, HEADERS, problem="", days=0, talk=json.dumps(talk))


async def _refused(it: State, language: str, problem: str, status: int) -> Response:
    days = reopen.LINK_FOR.days
    return await customer_page(it, "reopen.html", language, status, HEADERS, problem=problem, days=days, talk="")
