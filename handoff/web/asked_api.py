"""Questions between colleagues, over the desk's JSON API and from its page. Asking is a note, see `web.desk.note`."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import mentions
from handoff.desk_models import Mention
from handoff.models import Person
from handoff.state import State
from handoff.web.asked_view import questions
from handoff.web.desk import MOST_ID
from handoff.web.desk_pages import Agent as PageAgent
from handoff.web.edge import Agent, It
from handoff.web.page_errors import PageRoute, toast
from handoff.web.rendering import page_of
from kb.models import now

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
pages = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/desk")
Id = Annotated[int, Path(ge=1, le=MOST_ID)]


@router.get("/asked")
async def look(it: It, person: Agent) -> dict[str, Any]:
    """What colleagues asked the caller in notes and she has not answered, and what came lately of what she asked."""

    def rows(session: Session) -> dict[str, Any]:
        return asdict(questions(session, person.id or 0, now()))

    return await it.read(rows)


@router.post("/asked/{mention_id}/pass", status_code=204)
async def no_answer(it: It, person: Agent, mention_id: Id) -> Response:
    """Say that one has no answer; whoever asked is told. 404 for what somebody else was asked."""
    await _pass(it, person, mention_id)
    return Response(status_code=204)


@pages.post("/asked/{mention_id}/pass")
async def no_answer_here(request: Request, it: It, person: PageAgent, mention_id: Id) -> Response:
    """The same from the page, which reads its parts again by itself."""
    await _pass(it, person, mention_id)
    return Response(status_code=204, headers=toast(page_of(request).t("asked.passed")))


async def _pass(it: State, person: Person, mention_id: int) -> Mention:
    row = await it.write(mentions.dismiss, mention_id, person.id or 0)
    it.changed(row.conversation_id)
    return row
