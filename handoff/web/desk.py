"""The desk's JSON API: the queue, a conversation with its context, and what an agent does with it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff import context, conversations, queue
from handoff.incoming import Words
from handoff.web import shapes
from handoff.web.customer import Stored
from handoff.web.edge import Agent, It

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])


class Reply(BaseModel):
    """What an agent writes to the customer; `client_id` makes a resend the same message."""

    client_id: Words = Field(min_length=1, max_length=64)
    text: Words


@router.get("/queue")
async def look(
    it: It,
    person: Agent,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Who waits, longest first, and which conversations are the caller's own."""

    def rows(session: Session) -> dict[str, Any]:
        waiting, next_cursor = queue.waiting(session, limit, cursor)
        first = queue.position(session, waiting[0]) if waiting else 1
        return {
            "waiting": [
                shapes.queue_row(session, c) | {"position": first + i} for i, c in enumerate(waiting)
            ],
            "waiting_count": queue.waiting_count(session),
            "mine": [shapes.queue_row(session, c) for c in queue.held_by(session, person.id or 0)],
            "next_cursor": next_cursor,
        }

    return await it.read(rows)


@router.get("/conversations/{conversation_id}")
async def show(
    it: It, person: Agent, conversation_id: str, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> dict[str, Any]:
    """The conversation, its messages (at most 1,000 after number `after`) and everything an agent should know."""

    def whole(session: Session) -> dict[str, Any]:
        conversation = conversations.get(session, conversation_id)
        messages = conversations.messages_after(session, conversation_id, after, 1000)
        return {
            "conversation": shapes.conversation_form(session, conversation)
            | {"agent_id": conversation.agent_id, "mine": conversation.agent_id == person.id},
            "messages": shapes.message_list(session, messages),
            "context": context.agent_context(session, conversation),
        }

    return await it.read(whole)


@router.post("/conversations/{conversation_id}/claim")
async def claim(it: It, person: Agent, conversation_id: str) -> dict[str, Any]:
    """Take a conversation from the queue; 409 when a colleague was first."""
    conversation = await it.write(queue.claim, conversation_id, person)
    it.changed(conversation_id, queue_too=True)
    return {"owner": conversation.owner, "agent_id": conversation.agent_id}


@router.post("/conversations/{conversation_id}/messages", status_code=202)
async def reply(it: It, person: Agent, conversation_id: str, body: Reply) -> Stored:
    """Answer the customer."""
    message = await it.write(queue.reply, conversation_id, person, body.client_id, body.text)
    it.changed(conversation_id)
    return Stored(seq=message.seq)


@router.post("/conversations/{conversation_id}/hand-back")
async def hand_back(it: It, person: Agent, conversation_id: str) -> dict[str, Any]:
    """Give the conversation back to the bot."""
    conversation = await it.write(queue.hand_back, conversation_id, person)
    it.changed(conversation_id)
    return {"owner": conversation.owner}


@router.post("/conversations/{conversation_id}/close")
async def close(it: It, person: Agent, conversation_id: str) -> dict[str, Any]:
    """End the conversation."""
    conversation = await it.write(queue.close, conversation_id, person)
    it.changed(conversation_id)
    return {"owner": conversation.owner}
