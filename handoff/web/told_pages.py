"""Parts of pages: how many of those who asked were told and what they said of it, and how they would be told."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import tell_askers
from handoff.askers import Would, would_tell
from handoff.told_counts import Counts, told, told_of_cause
from handoff.web.desk import MOST_ID
from handoff.web.desk_pages import Agent, ConversationId
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.page_errors import PageRoute, toast
from handoff.web.rendering import page_of, render
from kb import backlog

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/review/groups/{group_id}/told")
async def of_group(request: Request, it: It, _: Editor, group_id: int) -> Response:
    """Of a group: who was told, once it is decided; before that, how those who asked would be."""
    if not 0 < group_id <= MOST_ID:
        group_id = 0  # there is none

    def look(session: Session) -> tuple[Counts, Would | None]:
        group = backlog.get_group(session, group_id)
        if group.status == "open":
            return told(session, group), would_tell(session, it.settings, group)
        return told(session, group), None

    counts, would = await it.read(look)
    address = f"/review/groups/{group_id}/told"
    return render(request, "review/_told.html", counts=counts, would=would, address=address)


@router.get("/review/causes/{cause_id}/told")
async def of_cause(request: Request, it: It, _: Editor, cause_id: int) -> Response:
    """Of a cause: who was told that it was fixed."""
    counts = await it.read(told_of_cause, cause_id if 0 < cause_id <= MOST_ID else 0)
    address = f"/review/causes/{cause_id}/told"
    return render(request, "review/_told.html", counts=counts, would=None, address=address)


@router.post("/desk/{conversation_id}/told/{seq}")
async def tell(request: Request, it: It, person: Agent, conversation_id: ConversationId, seq: int) -> Response:
    """The agent tells her customer what a note holds. The button goes: it is told."""
    await it.write(tell_askers.by_agent, conversation_id, person, seq if 0 < seq <= MOST_ID else 0)
    it.changed(conversation_id)
    return Response("", headers=toast(page_of(request).t("told.sent")), media_type="text/html")
