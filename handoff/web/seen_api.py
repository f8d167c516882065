"""Seen marks over REST, for apps without a socket."""

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from handoff import seen
from handoff.state import State
from handoff.web.customer import open_for
from handoff.web.edge import It, Token, from_embedding_site

router = APIRouter(prefix="/api/v1", tags=["customer"], dependencies=[Depends(from_embedding_site)])


class Seen(BaseModel):
    """The number of the last message that the customer has had in view."""

    seq: int = Field(strict=True, ge=1, le=seen.MOST_SEQ)


@router.post("/conversations/{conversation_id}/seen", status_code=204)
async def mark(request: Request, it: It, conversation_id: str, token: Token, body: Seen) -> None:
    """Note that the customer has seen everything up to a message. A lower number than before changes nothing."""
    conversation = await open_for(it, request, conversation_id, token)
    if body.seq > conversation.customer_seen_seq:
        await mark_seen(it, conversation_id, body.seq)


async def mark_seen(it: State, conversation_id: str, seq: int) -> None:
    """Note that the customer has seen everything up to row `seq`, and tell desks that have the conversation open."""
    if await it.write(seen.by_customer, conversation_id, seq):
        it.bus.publish("moment", f"{conversation_id} seen_customer")
