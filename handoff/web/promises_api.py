"""The desk's JSON API for promises: make one, the list of those that are open, and what an agent does with one."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from handoff import conversations, promises
from handoff.desk_models import Promise
from handoff.incoming import Words
from handoff.models import Person
from handoff.promises import LONGEST_NOTE
from handoff.web.edge import Agent, It
from kb.models import now

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
MOST_ID = 2**31 - 1
Id = Annotated[int, Path(ge=1, le=MOST_ID)]


class Make(BaseModel):
    """A promise: an answer by `due_at`, or a call from `from_at` to `due_at`; `note` is for agents alone."""

    client_id: Words = Field(min_length=1, max_length=64)
    due_at: AwareDatetime
    kind: Literal["answer", "call"] = "answer"
    from_at: AwareDatetime | None = None
    note: Words = Field(default="", max_length=LONGEST_NOTE)


class Move(BaseModel):
    """Another time; `revision` is that of the promise as the caller saw it."""

    due_at: AwareDatetime
    from_at: AwareDatetime | None = None
    revision: int = Field(ge=1, le=MOST_ID)


def promise_form(session: Session, promise: Promise, at: datetime) -> dict[str, Any]:
    """A promise as agents see it: whose it is, whose conversation, and `state`: open, soon, late, kept or dropped."""
    conversation = conversations.get(session, promise.conversation_id)
    holder = session.get(Person, promise.holder_id) if promise.holder_id else None
    settled = "kept" if promise.kept_at else "dropped" if promise.dropped_at else ""
    return {
        "id": promise.id,
        "conversation_id": promise.conversation_id,
        "kind": promise.kind,
        "note": promise.note,
        "made_at": promise.made_at.isoformat(),
        "from_at": promise.from_at.isoformat() if promise.from_at else None,
        "due_at": promise.due_at.isoformat(),
        "moved": promise.moved,
        "revision": promise.revision,
        "state": settled or promises.state_of(promise, at),
        "by_id": promise.by_id,
        "holder_id": promise.holder_id,
        "holder_name": holder.name if holder else None,
        "owner": conversation.owner,
        "agent_id": conversation.agent_id,
        "question": conversation.question or "",
        "language": conversation.language,
        "customer_name": conversation.customer_name,
        "customer_email": conversation.customer_email,
        "customer_phone": conversation.customer_phone,
    }


@router.get("/promises")
async def look(it: It, person: Agent, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> dict[str, Any]:
    """Open promises of everybody, those due first first."""

    def rows(session: Session) -> dict[str, Any]:
        return {"promises": [promise_form(session, p, now()) for p in promises.open_list(session, limit)]}

    return await it.read(rows)


@router.post("/conversations/{conversation_id}/promises", status_code=201)
async def make(it: It, person: Agent, conversation_id: str, body: Make) -> dict[str, Any]:
    """Promise the customer of one's own conversation something; the same `client_id` again is the same promise."""
    promise = await it.write(promises.make, conversation_id, person, **body.model_dump())
    it.changed(conversation_id, queue_too=True)
    return await it.read(promise_form, promise, now())


@router.post("/promises/{promise_id}/keep")
async def keep(it: It, person: Agent, promise_id: Id) -> dict[str, Any]:
    """Note that it is kept; the customer is told."""
    promise = await it.write(promises.keep, promise_id, person)
    it.changed(promise.conversation_id, queue_too=True)
    return await it.read(promise_form, promise, now())


@router.post("/promises/{promise_id}/drop")
async def drop(it: It, person: Agent, promise_id: Id) -> dict[str, Any]:
    """Note that the customer does not need it any more."""
    promise = await it.write(promises.drop, promise_id, person)
    it.changed(promise.conversation_id, queue_too=True)
    return await it.read(promise_form, promise, now())


@router.post("/promises/{promise_id}/move")
async def move(it: It, person: Agent, promise_id: Id, body: Move) -> dict[str, Any]:
    """Promise another time; 409 where somebody changed it since. The customer is told."""
    promise = await it.write(promises.move, promise_id, person, **body.model_dump())
    it.changed(promise.conversation_id, queue_too=True)
    return await it.read(promise_form, promise, now())


@router.post("/promises/{promise_id}/take")
async def take(it: It, person: Agent, promise_id: Id) -> dict[str, Any]:
    """Make it, and its conversation, one's own; 409 where a colleague who is at the desk has it."""
    conversation = await it.write(promises.take, promise_id, person, it.settings.vanish_s)
    it.changed(conversation.id, queue_too=True)
    return await it.read(lambda session: promise_form(session, promises.get(session, promise_id), now()))
