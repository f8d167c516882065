"""Hiding a message and showing it again: the API's routes, and the row as the desk then shows it."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from handoff import hiding
from handoff.problems import NotFound
from handoff.web.desk_view import work_view
from handoff.web.edge import Agent, It
from handoff.web.rendering import page_language, render

router = APIRouter()
Seq = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Hidden(BaseModel):
    """A message's number, and whether it is hidden now."""

    seq: int
    hidden: bool


@router.post("/api/v1/desk/conversations/{conversation_id}/messages/{seq}/hide", tags=["desk"])
async def hide(it: It, person: Agent, conversation_id: str, seq: Seq) -> Hidden:
    """Hide what a message says from everybody. It can be shown again for 24 hours, then it is gone."""
    await it.write(hiding.hide, conversation_id, person, seq)
    it.changed(conversation_id)
    return Hidden(seq=seq, hidden=True)


@router.post("/api/v1/desk/conversations/{conversation_id}/messages/{seq}/show", tags=["desk"])
async def show_again(it: It, person: Agent, conversation_id: str, seq: Seq) -> Hidden:
    """Show a hidden message again; 409 after 24 hours."""
    await it.write(hiding.show_again, conversation_id, person, seq)
    it.changed(conversation_id)
    return Hidden(seq=seq, hidden=False)


@router.get("/desk/{conversation_id}/row/{seq}", include_in_schema=False)
async def row(request: Request, it: It, person: Agent, conversation_id: str, seq: Seq) -> Response:
    """One row of the transcript as it is now."""
    work = await it.read(work_view, conversation_id, person.id or 0, page_language(request), seq - 1)
    rows = [r for r in work.rows if r["seq"] == seq]
    if not rows:
        raise NotFound
    headers = {"X-Conversation": conversation_id}
    return render(request, "desk/_rows.html", headers=headers, work=replace(work, rows=rows))
