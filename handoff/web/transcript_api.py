"""The customer's JSON API for getting her conversation by mail."""

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from handoff import transcript
from handoff.incoming import Words
from handoff.web.customer import open_for
from handoff.web.edge import It, Token, from_embedding_site
from handoff.web.limited import count

router = APIRouter(prefix="/api/v1", tags=["customer"], dependencies=[Depends(from_embedding_site)])


class Wanted(BaseModel):
    """Where to, if not to the address that is known; `client_id` makes a resend the same mail."""

    client_id: Words = Field(min_length=1, max_length=64)
    email: Words | None = Field(default=None, max_length=320)


class OnItsWay(BaseModel):
    """The address that the mail goes to, as only its owner knows it again: `a…@klant.example`."""

    email: str


@router.post("/conversations/{conversation_id}/transcript", status_code=202)
async def send(request: Request, it: It, conversation_id: str, token: Token, body: Wanted) -> OnItsWay:
    """Mail the conversation to its customer. The same `client_id` again is the same mail.

    409 where the shop sends no mails, nothing was said yet, or it was mailed a few times today; 422 without an address.
    """
    await open_for(it, request, conversation_id, token)
    if not await it.read(transcript.sent_before, conversation_id, body.client_id):
        await count(request, "mails", "address_mails", conversation_id=conversation_id)
    sent = await it.write(transcript.send, it.settings, conversation_id, body.client_id, body.email or "")
    it.bus.publish("mail", "")
    if sent.noted:
        it.changed(conversation_id)
    return OnItsWay(email=transcript.masked(sent.to))
