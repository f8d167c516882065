"""Drafts by a model, where one is set: as a part of the desk, and over the JSON API. Nothing is stored or sent."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from handoff import conversations, drafting
from handoff.drafting import Kind, NoDraft
from handoff.models import Conversation, Person
from handoff.problems import Conflict
from handoff.state import State
from handoff.web import edge
from handoff.web.desk_pages import Agent, ConversationId
from handoff.web.desk_side import found_near
from handoff.web.desk_view import mode_of
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_language, render

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/desk")
api = APIRouter(prefix="/api/v1/desk", tags=["desk"])


class Wish(BaseModel):
    """What is to be drafted: a reply in the customer's language, or a summary in the agent's."""

    kind: Kind


class Draft(BaseModel):
    """A model's words, for a person to read: never sent by themselves."""

    text: str
    language: str
    draft: bool = True


@router.post("/{conversation_id}/draft")
async def draft(
    request: Request, it: It, person: Agent, conversation_id: ConversationId, kind: Annotated[Kind, Query()] = "reply"
) -> Response:
    """A draft to read, or in plain words why there is none."""
    found, why = Draft(text="", language=page_language(request)), ""
    try:
        found = await drafted(it, person, conversation_id, kind, page_language(request))
    except NoDraft as error:
        why = error.why
    except Conflict:
        why = "lost"
    return render(request, "desk/_draft.html", kind=kind, text=found.text, language=found.language, why=why)


@api.post("/conversations/{conversation_id}/drafts")
async def make(request: Request, it: It, person: edge.Agent, conversation_id: str, body: Wish) -> Draft:
    """Ask the model for a draft (404 where none is set, 409 while one is being made, 502 where it gave none)."""
    return await drafted(it, person, conversation_id, body.kind, page_language(request))


async def drafted(it: State, person: Person, conversation_id: str, kind: Kind, language: str) -> Draft:
    """A draft by the model, one at a time for each agent. NoDraft, NotFound; Conflict for somebody else's reply."""
    if not it.settings.model_url:
        raise NoDraft("off")
    me = person.id or 0
    if me in it.drafting:
        raise NoDraft("busy")
    it.drafting.add(me)
    try:
        conversation: Conversation = await it.read(conversations.get, conversation_id)
        if kind == "reply" and mode_of(conversation, me) != "mine":
            raise Conflict
        entries = (await found_near(it, conversation_id, ""))[1] if kind == "reply" else []
        language = conversation.language if kind == "reply" else language
        public = [entry for entry in entries if not entry["for_agents"]][: drafting.MOST_ENTRIES]
        asked = await it.read(drafting.prompt, conversation_id, kind, language, public)
        return Draft(text=await drafting.draft(it.settings, asked), language=language)
    finally:
        it.drafting.discard(me)
