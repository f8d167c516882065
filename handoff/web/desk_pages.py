"""The desk, where agents see who waits, read everything, and reply. Parts are read again when they change."""

import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import queue
from handoff.models import Person
from handoff.problems import Conflict, Forbidden
from handoff.web.desk_view import MOST_WAITING, QueueView, WorkView, queue_view, work_view
from handoff.web.edge import It, page_person
from handoff.web.page_errors import PageRoute, is_partial, toast
from handoff.web.rendering import page_of, render

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/desk")
PAGE = 50


async def desk_person(request: Request) -> Person:
    """The agent or admin who is signed in; else to the login."""
    return await page_person(request, "agent")


Agent = Annotated[Person, Depends(desk_person)]
ConversationId = Annotated[str, Path(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=MOST_WAITING)]


@dataclass(frozen=True)
class Desk:
    """The queue and the open conversation, as they were at one moment."""

    queue: QueueView
    work: WorkView | None


def _desk(session: Session, me: int, limit: int, conversation_id: str | None) -> Desk:
    work = work_view(session, conversation_id, me) if conversation_id else None
    return Desk(queue_view(session, me, limit), work)


def _nonce() -> str:
    return uuid.uuid4().hex


@router.get("")
async def desk(request: Request, it: It, person: Agent, limit: Limit = PAGE) -> Response:
    """The desk without an open conversation."""
    return await _whole(request, it, person, None, limit)


async def _whole(
    request: Request, it: It, person: Person, conversation_id: str | None, limit: int
) -> Response:
    seen = await it.read(_desk, person.id or 0, limit, conversation_id)
    return render(
        request,
        "desk/desk.html",
        person=person,
        queue=seen.queue,
        work=seen.work,
        message="",
        nonce=_nonce(),
    )


@router.get("/queue")
async def queue_part(
    request: Request,
    it: It,
    person: Agent,
    limit: Limit = PAGE,
    open: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The left column as it is now; `open` is the conversation to mark."""
    view = await it.read(queue_view, person.id or 0, limit)
    return render(request, "desk/_queue.html", queue=view, open=open)


@router.get("/{conversation_id}")
async def conversation(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """A conversation: the whole desk, or for the desk's own script the part that changes."""
    if not is_partial(request):
        return await _whole(request, it, person, conversation_id, PAGE)
    return await _work(request, it, person, conversation_id)


async def _work(
    request: Request,
    it: It,
    person: Person,
    conversation_id: str,
    *,
    message: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    view = await it.read(work_view, conversation_id, person.id or 0)
    return render(
        request,
        "desk/_work.html",
        status=status,
        headers=headers,
        work=view,
        message=message,
        nonce=_nonce(),
    )


@router.get("/{conversation_id}/new")
async def new_rows(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    after: Annotated[int, Query(ge=0)] = 0,
    mode: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """The rows after number `after`, and what else changed when the conversation is no longer in `mode`."""
    view = await it.read(work_view, conversation_id, person.id or 0, after)
    return render(
        request,
        "desk/_new.html",
        headers={"X-Conversation": conversation_id},
        work=view,
        nonce=_nonce(),
        changed=view.mode != mode,
    )


@router.post("/{conversation_id}/claim")
async def claim(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """Take a waiting conversation; who was too late reads who has it."""
    try:
        await it.write(queue.claim, conversation_id, person)
    except Conflict:
        return await _lost(request, it, person, conversation_id)
    it.changed(conversation_id)
    return await _work(request, it, person, conversation_id)


async def _lost(request: Request, it: It, person: Person, conversation_id: str) -> Response:
    """The conversation as it is now, with plain words about what could not be done."""
    view = await it.read(work_view, conversation_id, person.id or 0)
    page = page_of(request)
    words = page.t(f"desk.lost_{view.mode}", name=view.agent_name or page.t("desk.colleague"))
    return await _work(request, it, person, conversation_id, message=words, status=409)


@router.post("/{conversation_id}/hand-back")
async def hand_back(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """Give the conversation back to the bot."""
    try:
        await it.write(queue.hand_back, conversation_id, person)
    except (Conflict, Forbidden):
        return await _lost(request, it, person, conversation_id)
    it.changed(conversation_id)
    said = toast(page_of(request).t("desk.handed_back"))
    return await _work(request, it, person, conversation_id, headers=said)


@router.post("/{conversation_id}/close")
async def close(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """End the conversation; it stays to be seen, and the customer may go on with it."""
    try:
        await it.write(queue.close, conversation_id, person)
    except (Conflict, Forbidden):
        return await _lost(request, it, person, conversation_id)
    it.changed(conversation_id)
    said = toast(page_of(request).t("desk.closed"))
    return await _work(request, it, person, conversation_id, headers=said)
