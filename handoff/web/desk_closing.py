"""The desk's pages for closing a conversation, with what it was about, and for taking it back at once."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import closing, conversations, promise_words, promises, queue, topics
from handoff.incoming import Words
from handoff.models import Conversation, Person
from handoff.problems import Conflict, Forbidden, Invalid, TooLong
from handoff.web.desk_pages import Agent, ConversationId, lost_part, work_part
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute, toast
from handoff.web.promise_view import answered_since
from handoff.web.rendering import page_language, page_of, render

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/desk")
TOPIC = "topic:"  # before a topic in the form: an empty field means that nothing was said of it


@dataclass(frozen=True)
class CloseView:
    """The form. `promise`: the words of the time that is still promised, or empty; `kept`: it seems to be kept."""

    topic: str
    topics: list[str]
    cause: str
    causes: list[str]
    promise: str
    kept: bool


def _close_view(session: Session, conversation_id: str, language: str) -> CloseView:
    conversation = conversations.get(session, conversation_id)
    promise = promises.open_of(session, conversation_id)
    topic = conversation.topic or ""
    return CloseView(
        topic=topic,
        topics=sorted({*topics.topics(session), topic} - {""}),
        cause=conversation.cause or "",
        causes=closing.causes(session),
        promise=promise_words.when(session, language, promise) if promise else "",
        kept=promise is not None and promise.kind == "answer" and answered_since(session, conversation_id),
    )


@router.get("/{conversation_id}/close")
async def ask(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """The form that asks what the conversation was about."""
    view = await it.read(_close_view, conversation_id, page_language(request))
    return render(request, "desk/_close.html", conversation_id=conversation_id, view=view, problem="")


def _close(
    session: Session, conversation_id: str, person: Person, topic: str | None, cause: str, kept: bool
) -> Conversation:
    """Close it; with `kept`, note first that what was promised is done."""
    conversation = conversations.locked(session, conversation_id)
    promise = promises.open_of(session, conversation_id)
    if kept and promise is not None and conversation.owner != "closed":
        promises.keep(session, promise.id or 0, person)
    return queue.close(session, conversation_id, person, topic=topic, cause=cause)


@router.post("/{conversation_id}/close")
async def close(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    topic: Annotated[Words, Form(max_length=100)] = "",
    cause: Annotated[Words, Form(max_length=1000)] = "",
    kept: Annotated[Words, Form(max_length=8)] = "",
) -> Response:
    """End the conversation; it stays to be seen, and the customer may go on with it."""
    about = topic.removeprefix(TOPIC) if topic.startswith(TOPIC) else None
    page = page_of(request)
    try:
        await it.write(_close, conversation_id, person, about, cause, bool(kept))
    except (Conflict, Forbidden):
        return await lost_part(request, it, person, conversation_id)
    except Invalid as error:
        long = isinstance(error, TooLong)
        words = page.t("closing.cause_long", limit=topics.MAX_CAUSE) if long else page.t("closing.topic_gone")
        return await _again(request, it, conversation_id, cause, words)
    it.changed(conversation_id, queue_too=True)
    undo = {"undo": f"/desk/{conversation_id}/reopen", "label": page.t("closing.undo"), "target": "#work"}
    said = toast(page.t("desk.closed"), **undo)
    return await work_part(request, it, person, conversation_id, headers=said)


async def _again(request: Request, it: It, conversation_id: str, cause: str, problem: str) -> Response:
    """The form with what was typed, in its own place."""
    view = replace(await it.read(_close_view, conversation_id, page_language(request)), cause=cause)
    return render(
        request,
        "desk/_close.html",
        status=409,
        headers={"HX-Retarget": "#ask", "HX-Reswap": "innerHTML"},
        conversation_id=conversation_id,
        view=view,
        problem=problem,
    )


@router.post("/{conversation_id}/reopen")
async def reopen(request: Request, it: It, person: Agent, conversation_id: ConversationId) -> Response:
    """Take back a conversation that I closed just now."""
    page = page_of(request)
    here = {"HX-Push-Url": f"/desk/{conversation_id}"}
    try:
        await it.write(closing.reopen, conversation_id, person, it.settings.vanish_s)
    except queue.Refused as refused:
        words = page.t(f"desk.refused_{refused.why}", **refused.values)
        return await work_part(request, it, person, conversation_id, message=words, status=409, headers=here)
    except Conflict:
        words = page.t("closing.not_back")
        return await work_part(request, it, person, conversation_id, message=words, status=409, headers=here)
    it.changed(conversation_id, queue_too=True)
    said = toast(page.t("closing.back"))
    return await work_part(request, it, person, conversation_id, headers=said | here)
