"""The customer's JSON API for leaving an address or a number: what is on offer, and the promise it gives."""

from typing import Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from sqlmodel import Session

from handoff import contact, conversations, promise_mail, promise_words, promises
from handoff.contact import Wish
from handoff.incoming import Words
from handoff.mail import can_mail
from handoff.models import Conversation
from handoff.state import State
from handoff.web.customer import open_for
from handoff.web.edge import It, Token, from_embedding_site
from handoff.web.limited import count
from kb.models import now

router = APIRouter(prefix="/api/v1", tags=["customer"], dependencies=[Depends(from_embedding_site)])


class Leave(BaseModel):
    """What the customer leaves; `client_id` makes a resend the same promise, `from_at` is a call's window."""

    client_id: Words = Field(min_length=1, max_length=64)
    kind: Literal["answer", "call"]
    email: Words | None = Field(default=None, max_length=320)
    phone: Words | None = Field(default=None, max_length=40)
    from_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Leave":
        if self.kind == "call" and self.from_at is None:
            raise ValueError("a call needs from_at")
        return self

    def wish(self) -> Wish:
        """The same for `contact.leave`."""
        return Wish(self.client_id, self.kind, self.email or "", self.phone or "", self.from_at)


class Address(BaseModel):
    """Where the customer can be mailed."""

    email: Words = Field(max_length=320)


@router.get("/conversations/{conversation_id}/contact")
async def offer(request: Request, it: It, conversation_id: str, token: Token) -> dict[str, Any]:
    """What one can leave instead of waiting, with the times that can be promised now."""
    await open_for(it, request, conversation_id, token)

    def form(session: Session) -> dict[str, Any]:
        return contact.offer(session, conversations.get(session, conversation_id), now(), can_mail(it.settings))

    return await it.read(form)


@router.post("/conversations/{conversation_id}/contact", status_code=201)
async def leave(request: Request, it: It, conversation_id: str, token: Token, body: Leave) -> dict[str, Any]:
    """Leave an address or a number, and the queue; the promise. The same `client_id` again is the same promise."""
    await open_for(it, request, conversation_id, token)
    if not await it.read(promises.sent_before, conversation_id, body.client_id):
        await count(request, "mails", "address_mails", conversation_id=conversation_id)
    promise = await it.write(contact.leave, conversation_id, body.wish(), mail=can_mail(it.settings))
    it.changed(conversation_id, queue_too=True)

    def form(session: Session) -> dict[str, Any] | None:
        conversation = conversations.get(session, conversation_id)
        return promise_words.form(session, conversation, promise, can_mail(it.settings))

    return {"promise": await it.read(form)}


@router.post("/conversations/{conversation_id}/address")
async def set_address(request: Request, it: It, conversation_id: str, token: Token, body: Address) -> dict[str, Any]:
    """Leave an address for what was promised, which is confirmed by mail, and for answers from then on."""
    await open_for(it, request, conversation_id, token)
    await count(request, "mails", "address_mails", conversation_id=conversation_id)
    conversation = await it.write(_noted, it, conversation_id, body.email)
    it.changed(conversation_id)
    it.bus.publish("mail", "")
    return {"email": conversation.customer_email}


def _noted(session: Session, it: State, conversation_id: str, email: str) -> Conversation:
    conversation = contact.set_address(session, conversation_id, email)
    if promise := promises.open_of(session, conversation_id):
        promise_mail.confirm(session, it.settings, conversation, promise)
    return conversation
