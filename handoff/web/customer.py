"""The customer's JSON API: start a conversation, send, read on. The widget and any app use this and nothing else."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from starlette.requests import HTTPConnection

from handoff import conversations, hers, identity, incoming, texts
from handoff.incoming import Incoming, Words
from handoff.mail import can_mail
from handoff.models import Conversation
from handoff.state import State
from handoff.turns import take_turns
from handoff.web import shapes
from handoff.web.edge import It, Token, from_embedding_site
from handoff.web.languages import Language, known_language
from handoff.web.limited import count

router = APIRouter(prefix="/api/v1", tags=["customer"], dependencies=[Depends(from_embedding_site)])


class Identity(BaseModel):
    """Who the customer says she is; nobody vouches for it."""

    name: Words | None = Field(default=None, max_length=200)
    email: Words | None = Field(default=None, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class Start(BaseModel):
    """What a new conversation may know from the start."""

    language: Language | None = None
    page_url: Words | None = Field(default=None, max_length=2000)
    device: Words | None = Field(default=None, max_length=300)
    identity: Identity | None = None
    identity_token: str | None = None  # the shop's word on who she is, see `identity`


class Started(BaseModel):
    """A conversation and the token that opens it, and only it."""

    id: str
    token: str
    language: str


class Stored(BaseModel):
    """The number of a stored message in its conversation."""

    seq: int


@router.post("/conversations", status_code=201)
async def start(
    request: Request,
    it: It,
    body: Start | None = None,
    idempotency_key: Annotated[str | None, Header(min_length=8, max_length=200)] = None,
) -> Started:
    """Start a conversation. With an `Idempotency-Key` a repeat gives the same one for a day.

    401 for an `identity_token` that is not in force, and without one where the shop requires it.
    """
    body = body or Start()
    request.state.language = body.language
    agent = request.headers.get("user-agent", "")[:300]
    own = body.identity or Identity()
    who = identity.of_start(it.settings, body.identity_token, bool(own.name or own.email))
    # The key is bound to the browser and to the customer, so that guessing a short one opens nobody else's
    # conversation. No header holds the NUL that sets the two apart.
    key = f"{idempotency_key} {agent}" + (f"\0{who.ref}" if who else "") if idempotency_key else None
    if key is None or not await it.read(conversations.started_before, key):
        await count(request, "starts")
    for attempt in (1, 2):
        try:
            conversation, token = await it.write(
                conversations.start,
                language=body.language or it.settings.default_language,
                idempotency_key=key,
                page_url=body.page_url,
                device=body.device or agent or None,
                **hers.about(who, own.name, own.email.lower() if own.email else None),
            )
            return Started(id=conversation.id, token=token, language=conversation.language)
        except IntegrityError:  # the same key at the same moment: the second look finds the first one's
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


@router.post("/conversations/{conversation_id}/messages", status_code=202)
async def send(request: Request, it: It, conversation_id: str, token: Token, body: Incoming) -> Stored:
    """Store a message; the bot's turn begins at once. The same `client_id` again is the same message."""
    await open_for(it, request, conversation_id, token)
    return Stored(seq=(await take_in(request, it, conversation_id, body)).seq)


async def take_in(
    connection: HTTPConnection, it: State, conversation_id: str, body: Incoming
) -> incoming.Received:
    """Store a customer's message, tell who listens, and let the bot begin. TooMany for a new one too soon."""
    if not await it.read(conversations.sent_before, conversation_id, "customer", body.client_id):
        await count(connection, "messages", "address", conversation_id=conversation_id)
    received = await it.write(incoming.receive, conversation_id, body)
    if received.fresh:
        it.changed(conversation_id, queue_too=received.queue_moved)
    if received.wants_turn:
        it.background(take_turns(it, conversation_id))
    return received


@router.get("/conversations/{conversation_id}/messages")
async def read_on(
    request: Request,
    it: It,
    conversation_id: str,
    token: Token,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[dict[str, Any]]:
    """The messages after number `after`, in order."""

    def rows(session: Session) -> list[dict[str, Any]]:
        _note(request, conversations.opened(session, conversation_id, token))
        return shapes.message_list(session, conversations.messages_after(session, conversation_id, after, limit))

    return await it.read(rows)


@router.get("/conversations/{conversation_id}")
async def look(request: Request, it: It, conversation_id: str, token: Token) -> dict[str, Any]:
    """Who has the conversation now, and the place in the queue."""

    def form(session: Session) -> dict[str, Any]:
        conversation = conversations.opened(session, conversation_id, token)
        _note(request, conversation)
        return shapes.conversation_form(session, conversation, can_mail(it.settings))

    return await it.read(form)


async def open_for(it: State, request: Request, conversation_id: str, token: str) -> Conversation:
    """The conversation that the token opens; errors from here on are in its language."""
    conversation = await it.read(conversations.opened, conversation_id, token)
    _note(request, conversation)
    return conversation


def _note(request: Request, conversation: Conversation) -> None:
    request.state.language = conversation.language


@router.get("/texts")
async def words(it: It, request: Request, language: Annotated[str, Query(max_length=8)] = "") -> Response:
    """The widget's words by key, in one language. With an ETag: unchanged words travel once."""
    language = known_language(language, it.settings.default_language)
    found = {k: v for k, v in (await it.read(texts.texts, language)).items() if k.startswith("widget.")}
    about = {"language": language, "dir": texts.direction(language), "languages": texts.languages()}
    return shapes.cached_json(request, about | {"texts": found})
