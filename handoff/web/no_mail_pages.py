"""The page behind "no more mails": a button that stops them, and one that undoes it.

Programs that check mails follow links, so looking changes nothing. A mail program's own button posts here without
asking anybody (RFC 8058), so a post needs no session and no page of ours: the token alone says who.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import no_mail
from handoff.problems import NotFound
from handoff.web.edge import It
from handoff.web.languages import reader_language
from handoff.web.reopen_pages import HEADERS
from handoff.web.shop_pages import customer_page

router = APIRouter(include_in_schema=False)
Token = Annotated[str, Path(max_length=200)]


@router.api_route("/no-mail/{token}", methods=["GET", "HEAD"])
async def look(request: Request, it: It, token: Token) -> Response:
    """The button, or the one that undoes it where it was pressed."""
    return await _page(request, it, token)


@router.post("/no-mail/{token}")
async def stop(request: Request, it: It, token: Token) -> Response:
    """Send no such mails to this address any more. Twice is as once."""
    return await _page(request, it, token, stop=True)


@router.post("/no-mail/{token}/undo")
async def undo(request: Request, it: It, token: Token) -> Response:
    """Send them again."""
    return await _page(request, it, token, stop=False)


async def _page(request: Request, it: It, token: str, stop: bool | None = None) -> Response:
    def act(session: Session) -> tuple[str, bool]:
        conversation, address_hash = no_mail.of_link(session, token)
        if stop is not None:
            (no_mail.stop if stop else no_mail.undo)(session, address_hash)
        return conversation.language, no_mail.is_stopped(session, address_hash)

    try:
        language, stopped = await (it.read(act) if stop is None else it.write(act))
    except NotFound as unknown:
        language, state = reader_language(request), "unknown"
        return await customer_page(it, "no_mail.html", language, unknown.status, HEADERS, state=state, token="")
    state = "stopped" if stopped else "sent"
    return await customer_page(it, "no_mail.html", language, 200, HEADERS, state=state, token=token)
