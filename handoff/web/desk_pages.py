"""The desk, where agents see who waits, read everything, and reply. Parts are read again when they change."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import presence, queue, transfer
from handoff.models import Conversation, Person
from handoff.presence import Colleague
from handoff.problems import Conflict, Forbidden, Invalid, NotFound, TooLong
from handoff.web.desk_team import Lost, choices, chosen, herself, lost
from handoff.web.desk_view import MOST_WAITING, QueueView, WorkView, queue_view, work_view
from handoff.web.edge import It, page_person
from handoff.web.page_errors import PageRoute, is_partial, toast
from handoff.web.rendering import Page, page_language, page_of, render
from kb.models import now

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
    """The queue, the agent herself and the open conversation, as they were at one moment."""

    queue: QueueView
    me: Colleague
    lost: list[Lost]
    work: WorkView | None


def _desk(
    session: Session, me: int, limit: int, grace_s: float, conversation_id: str | None = None, language: str = ""
) -> Desk:
    work = work_view(session, conversation_id, me, language) if conversation_id else None
    return Desk(queue_view(session, me, limit, language), herself(session, me, grace_s), lost(session, me, now()), work)


def _nonce() -> str:
    return uuid.uuid4().hex


@router.get("")
async def desk(request: Request, it: It, person: Agent, limit: Limit = PAGE) -> Response:
    """The desk without an open conversation."""
    return await _whole(request, it, person, None, limit)


async def _whole(request: Request, it: It, person: Person, conversation_id: str | None, limit: int) -> Response:
    grace_s, language = it.settings.vanish_s, page_language(request)
    seen = await it.read(_desk, person.id or 0, limit, grace_s, conversation_id, language)
    return render(
        request,
        "desk/desk.html",
        person=person,
        queue=seen.queue,
        me=seen.me,
        lost=seen.lost,
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
    had: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The left column as it is now, and how many the agent has; `open` is the conversation to mark.

    Nothing, 204, where the page has just that: what it gave as `had` is the mark of the last answer, its X-Mark.
    """
    seen = await it.read(_desk, person.id or 0, limit, it.settings.vanish_s, None, page_language(request))
    response = render(request, "desk/_left.html", queue=seen.queue, lost=seen.lost, me=seen.me, open=open)
    mark = hashlib.sha256(response.body).hexdigest()[:16]
    if mark == had:
        return Response(status_code=204)
    response.headers["X-Mark"] = mark
    return response


@router.post("/away")
async def away(request: Request, it: It, person: Agent, away: Annotated[bool, Form()]) -> Response:
    """Take no new conversations for now, or again; the switch as it stands then."""
    await it.write(presence.set_away, person.id or 0, away)
    it.bus.publish("presence", str(person.id))
    me = await it.read(herself, person.id or 0, it.settings.vanish_s)
    return render(request, "desk/_me.html", me=me)


@router.get("/{conversation_id}")
async def conversation(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """A conversation: the whole desk, or for the desk's own script the part that changes."""
    if not is_partial(request):
        return await _whole(request, it, person, conversation_id, PAGE)
    return await work_part(request, it, person, conversation_id)


async def work_part(
    request: Request,
    it: It,
    person: Person,
    conversation_id: str,
    *,
    message: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """The conversation as it is now, with `message` about what just could not be done."""
    view = await it.read(work_view, conversation_id, person.id or 0, page_language(request))
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
    promise: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """The rows after number `after`, and what else changed: where the conversation is no longer in `mode`, or the
    open promise not as `promise` marks it."""
    view = await it.read(work_view, conversation_id, person.id or 0, page_language(request), after, mode)
    return render(
        request,
        "desk/_new.html",
        headers={"X-Conversation": conversation_id},
        work=view,
        nonce=_nonce(),
        changed=view.mode != mode,
        promise_changed=view.strip.mark != promise,
    )


@router.post("/{conversation_id}/claim")
async def claim(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """Take a waiting conversation; who was too late reads who has it."""
    try:
        await it.write(queue.claim, conversation_id, person, it.settings.vanish_s)
    except queue.Refused as refused:
        words = page_of(request).t(f"desk.refused_{refused.why}", **refused.values)
        return await work_part(request, it, person, conversation_id, message=words, status=409)
    except Conflict:
        return await lost_part(request, it, person, conversation_id)
    it.changed(conversation_id, queue_too=True)
    return await work_part(request, it, person, conversation_id)


async def lost_part(request: Request, it: It, person: Person, conversation_id: str) -> Response:
    """The conversation as it is now, with plain words about what could not be done."""
    view = await it.read(work_view, conversation_id, person.id or 0, page_language(request))
    page = page_of(request)
    words = page.t(f"desk.lost_{view.mode}", name=view.agent_name or page.t("desk.colleague"))
    return await work_part(request, it, person, conversation_id, message=words, status=409)


@router.post("/{conversation_id}/hand-back")
async def hand_back(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """Give the conversation back to the bot."""
    try:
        await it.write(queue.hand_back, conversation_id, person)
    except (Conflict, Forbidden):
        return await lost_part(request, it, person, conversation_id)
    it.changed(conversation_id, queue_too=True)
    said = toast(page_of(request).t("desk.handed_back"))
    return await work_part(request, it, person, conversation_id, headers=said)


@router.get("/{conversation_id}/transfer")
async def whom(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """The form that asks to whom the conversation goes."""
    return await _whom(request, it, person, conversation_id)


async def _whom(
    request: Request,
    it: It,
    person: Person,
    conversation_id: str,
    *,
    to: str = "",
    note: str = "",
    problem: str = "",
) -> Response:
    """The form, as it was filled in where there is a `problem`: then it takes its own place, not the conversation's."""
    view = await it.read(choices, person.id or 0, it.settings.vanish_s)
    return render(
        request,
        "desk/_transfer.html",
        status=409 if problem else 200,
        headers={"HX-Retarget": "#transfer", "HX-Reswap": "innerHTML"} if problem else None,
        conversation_id=conversation_id,
        choices=view,
        to=to,
        note=note,
        problem=problem,
    )


@router.post("/{conversation_id}/transfer")
async def hand_on(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    to: Annotated[str, Form(max_length=200)] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Hand the conversation on and show what is next; where that fails the form says why and keeps what was typed."""
    grace_s = it.settings.vanish_s
    try:
        target = chosen(to)
        conversation = await it.write(transfer.transfer, conversation_id, person, *target, note, grace_s)
    except (Invalid, NotFound, Conflict, Forbidden) as error:
        words = await _why_not(request, it, person, conversation_id, error)
        return await _whom(request, it, person, conversation_id, to=to, note=note, problem=words)
    it.changed(conversation_id, queue_too=True)
    to_whom = await it.read(_name_of, target[0])
    return await _next(request, it, person, _where_it_went(page_of(request), conversation, to_whom))


async def _why_not(request: Request, it: It, person: Person, conversation_id: str, error: Exception) -> str:
    """Plain words for a transfer that was refused."""
    page = page_of(request)
    if isinstance(error, TooLong):
        return page.t("transfer.note_long", **error.values)
    if isinstance(error, Invalid):
        return page.t("transfer.choose")
    if isinstance(error, NotFound):
        return page.t("transfer.unknown")
    view = await it.read(work_view, conversation_id, person.id or 0, page_language(request))
    return page.t(f"desk.lost_{view.mode}", name=view.agent_name or page.t("desk.colleague"))


def _name_of(session: Session, person_id: int | None) -> str:
    person = session.get(Person, person_id) if person_id else None
    return person.name if person else ""


def _where_it_went(page: Page, conversation: Conversation, name: str) -> str:
    """What became of a conversation that was handed on, in a sentence."""
    if not name:
        return page.t("transfer.to_topic", topic=page.known("topic", conversation.topic))
    if conversation.owner == "agent":
        return page.t("transfer.has_it", name=name)
    return page.t("transfer.waits" if conversation.for_agent_id else "transfer.not_there", name=name)


async def _next(request: Request, it: It, person: Person, said: str) -> Response:
    """What the agent goes on with: a conversation of hers, who waits for her answer first; else nothing is open."""
    view = await it.read(queue_view, person.id or 0, PAGE, page_language(request))
    following = sorted(view.mine, key=lambda item: not item.unanswered)
    headers = toast(said)
    if not following:
        headers |= {"HX-Push-Url": "/desk"}
        return render(request, "desk/_nothing.html", headers=headers, queue=view)
    headers |= {"HX-Push-Url": f"/desk/{following[0].id}"}
    return await work_part(request, it, person, following[0].id, headers=headers)
