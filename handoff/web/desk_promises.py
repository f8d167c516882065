"""The desk's pages for promises: making one in two clicks, and what can be done with it then."""

import uuid
from dataclasses import dataclass, replace
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import contact, conversations, promise_undo, promise_words, promises, queue
from handoff.contact import BadEmail, BadPhone
from handoff.desk_models import Promise
from handoff.incoming import Words
from handoff.models import Person
from handoff.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from handoff.shop_settings import hours
from handoff.web.desk_pages import Agent, ConversationId, work_part
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute, toast
from handoff.web.promise_view import BadTime, Preset, Strip, TimeForm, chosen, presets, strip
from handoff.web.rendering import page_language, page_of, render
from kb.models import now

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/desk")
PromiseId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Field = Annotated[Words, Form(max_length=1000)]


@dataclass(frozen=True)
class Wish:
    """What an agent filled in."""

    client_id: str
    kind: str
    time: TimeForm
    note: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class PledgeView:
    """The form: the times on offer and what was typed. `promise_id` is None where one is made, not moved."""

    promise_id: int | None
    revision: int
    presets: list[Preset]
    asks_email: bool
    first_day: str
    zone: str
    typed: Wish


def _pledge_view(
    session: Session, conversation_id: str, language: str, promise_id: int | None, wish: Wish | None
) -> PledgeView:
    """The form, as `wish` has it or empty: for another time of the open promise (or that of `promise_id`), else for a
    new one."""
    conversation = conversations.get(session, conversation_id)
    promise = promises.get(session, promise_id) if promise_id else promises.open_of(session, conversation_id)
    at, zone = now(), hours(session).zone
    blank = Wish(uuid.uuid4().hex, "answer", TimeForm(), phone=conversation.customer_phone or "")
    typed = wish or blank
    return PledgeView(
        promise_id=promise.id if promise else None,
        revision=promise.revision if promise else 0,
        presets=presets(session, at, language),
        asks_email=not conversation.customer_email,
        first_day=at.astimezone(ZoneInfo(zone)).date().isoformat(),
        zone=zone,
        typed=replace(typed, kind=promise.kind) if promise else typed,
    )


def _make(session: Session, conversation_id: str, person: Person, wish: Wish) -> Promise:
    """The promise, with the customer's address and number noted where they were filled in."""
    conversation = conversations.locked(session, conversation_id)
    earlier = promises.sent_before(session, conversation_id, wish.client_id)
    if earlier is None:
        queue.held(session, conversation_id, person)
        if wish.email.strip():
            conversation.customer_email = contact.checked_email(wish.email)
        if wish.phone.strip():
            conversation.customer_phone = contact.checked_phone(wish.phone)
        if wish.kind == "call" and not conversation.customer_phone:
            raise BadPhone
        from_at, due_at = chosen(session, wish.time, wish.kind, now())
    else:
        from_at, due_at = earlier.from_at, earlier.due_at
    return promises.make(
        session,
        conversation_id,
        person,
        due_at,
        client_id=wish.client_id,
        kind=wish.kind,
        note=wish.note,
        from_at=from_at,
    )


def _move(session: Session, promise_id: int, person: Person, form: TimeForm, revision: int) -> Promise:
    kind = promises.get(session, promise_id).kind
    from_at, due_at = chosen(session, form, kind, now())
    return promises.move(session, promise_id, person, due_at, revision=revision, from_at=from_at)


def _when(session: Session, promise_id: int, language: str) -> str:
    return promise_words.when(session, language, promises.get(session, promise_id))


def _conversation_of(session: Session, promise_id: int) -> str:
    return promises.get(session, promise_id).conversation_id


async def _strip(
    request: Request,
    it: It,
    person: Person,
    conversation_id: str,
    headers: dict[str, str],
    status: int = 200,
) -> Response:
    """The line on the promise as it is now."""

    def look(session: Session) -> Strip:
        conversation = conversations.get(session, conversation_id)
        return strip(session, conversation, person.id or 0, page_language(request), now())

    view = await it.read(look)
    here = {"X-Conversation": conversation_id}
    return render(request, "desk/_promise.html", status=status, headers=headers | here, strip=view)


async def _form(
    request: Request,
    it: It,
    conversation_id: str,
    promise_id: int | None = None,
    *,
    wish: Wish | None = None,
    problem: str = "",
) -> Response:
    """The form, as it was filled in where there is a `problem`: then it takes its own place."""
    view = await it.read(_pledge_view, conversation_id, page_language(request), promise_id, wish)
    return render(
        request,
        "desk/_promise_form.html",
        status=409 if problem else 200,
        headers={"HX-Retarget": "#ask", "HX-Reswap": "innerHTML"} if problem else None,
        conversation_id=conversation_id,
        view=view,
        problem=problem,
    )


def _why_not(request: Request, error: Problem) -> str:
    """Plain words for what was refused."""
    page = page_of(request)
    if isinstance(error, BadTime):
        return page.t(f"promise.wrong_{error.why}")
    if isinstance(error, BadEmail):
        return page.t("promise.wrong_email")
    if isinstance(error, BadPhone):
        return page.t("promise.wrong_phone")
    if isinstance(error, Invalid):
        return page.t("promise.wrong_other", days=promises.FURTHEST.days, limit=promises.LONGEST_NOTE)
    return page.t("promise.crossed")


@router.get("/{conversation_id}/promise")
async def ask(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """The form for a promise, or for another time of the one that is open."""
    return await _form(request, it, conversation_id)


@router.post("/{conversation_id}/promise")
async def make(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    client_id: Annotated[Words, Form(min_length=1, max_length=64)],
    kind: Annotated[Words, Form(max_length=8)] = "answer",
    due_at: Field = "",
    day: Field = "",
    start: Field = "",
    until: Field = "",
    note: Field = "",
    email: Field = "",
    phone: Field = "",
) -> Response:
    """Promise; where that fails the form says why and keeps what was typed."""
    wish = Wish(client_id, kind, TimeForm(due_at, day, start, until), note, email, phone)
    try:
        promise = await it.write(_make, conversation_id, person, wish)
    except (Invalid, Conflict, Forbidden) as error:
        words = _why_not(request, error)
        return await _form(request, it, conversation_id, wish=wish, problem=words)
    it.changed(conversation_id, queue_too=True)
    page = page_of(request)
    when = await it.read(_when, promise.id or 0, page.language)
    words, undo = page.t(f"promise.made_{promise.kind}", when=when), f"/desk/promises/{promise.id}/undo"
    said = toast(words, undo=undo, label=page.t("promise.undo"))
    return await _strip(request, it, person, conversation_id, said)


@router.get("/promises/{promise_id}/move")
async def ask_move(request: Request, it: It, person: Agent, promise_id: PromiseId) -> Response:
    """The form for another time."""
    conversation_id = await it.read(_conversation_of, promise_id)
    return await _form(request, it, conversation_id, promise_id)


@router.post("/promises/{promise_id}/move")
async def move(
    request: Request,
    it: It,
    person: Agent,
    promise_id: PromiseId,
    revision: Annotated[int, Form(ge=0, le=2**31 - 1)],
    due_at: Field = "",
    day: Field = "",
    start: Field = "",
    until: Field = "",
) -> Response:
    """Promise another time."""
    conversation_id = await it.read(_conversation_of, promise_id)
    time = TimeForm(due_at, day, start, until)
    try:
        await it.write(_move, promise_id, person, time, revision)
    except (Invalid, Conflict, Forbidden) as error:
        wish = Wish("", "", time)
        return await _form(request, it, conversation_id, promise_id, wish=wish, problem=_why_not(request, error))
    it.changed(conversation_id)
    page = page_of(request)
    when = await it.read(_when, promise_id, page.language)
    return await _strip(request, it, person, conversation_id, toast(page.t("promise.moved", when=when)))


@router.post("/promises/{promise_id}/take")
async def take(request: Request, it: It, person: Agent, promise_id: PromiseId) -> Response:
    """Make the promise and its conversation mine."""
    conversation_id = await it.read(_conversation_of, promise_id)
    page = page_of(request)
    try:
        await it.write(promises.take, promise_id, person, it.settings.vanish_s)
    except (Conflict, Forbidden):
        words = page.t("promise.not_taken")
        return await work_part(request, it, person, conversation_id, message=words, status=409)
    it.changed(conversation_id, queue_too=True)
    said = toast(page.t("promise.taken"))
    return await work_part(request, it, person, conversation_id, headers=said)


DONE = {"keep": promises.keep, "drop": promises.drop, "undo": promise_undo.undo}


@router.post("/promises/{promise_id}/{how}")
async def settle(request: Request, it: It, person: Agent, promise_id: PromiseId, how: str) -> Response:
    """Keep it, drop it, or take back one that was just made; the customer reads which."""
    if how not in DONE:
        raise NotFound
    conversation_id = await it.read(_conversation_of, promise_id)
    page = page_of(request)
    try:
        await it.write(DONE[how], promise_id, person)
    except (Conflict, Forbidden):
        return await _strip(request, it, person, conversation_id, toast(page.t("promise.crossed"), "bad"), 409)
    it.changed(conversation_id, queue_too=True)
    return await _strip(request, it, person, conversation_id, toast(page.t(f"promise.done_{how}")))
