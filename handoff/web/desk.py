"""The desk's JSON API: the queue, a conversation with its context, and what an agent does with it."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff import closing, context, conversations, mentions, presence, queue, topics, transfer
from handoff.incoming import MAX_TEXT, Words
from handoff.mail import can_mail
from handoff.models import Conversation, Person
from handoff.presence import Colleague
from handoff.summary import summary
from handoff.web import shapes
from handoff.web.customer import Stored
from handoff.web.edge import Agent, It
from handoff.web.rendering import page_language
from kb.models import now

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
MOST_ID = 2**31 - 1  # what an id can be


class Reply(BaseModel):
    """What an agent writes to the customer or in a note; `client_id` makes a resend the same message."""

    client_id: Words = Field(min_length=1, max_length=64)
    text: Words


class Answer(Reply):
    """A reply; `seen_seq` is the number of the last row that the agent saw when she sent it."""

    seen_seq: int | None = Field(default=None, ge=0, le=MOST_ID)


class Note(Reply):
    """What an agent writes for colleagues; `asks` are the ids of those whose answer she wants."""

    asks: list[Annotated[int, Field(ge=1, le=MOST_ID)]] = Field(default=[], max_length=mentions.MOST)


class Transfer(BaseModel):
    """To whom a conversation goes, one of the two, and what only agents read."""

    person_id: int | None = Field(default=None, ge=1, le=MOST_ID)
    topic: Words | None = Field(default=None, min_length=1, max_length=80)
    note: Words = Field(default="", max_length=MAX_TEXT)


class Closing(BaseModel):
    """What a conversation was about; what is left out stays as it is, empty words are none."""

    topic: Words | None = Field(default=None, max_length=80)
    cause: Words | None = Field(default=None, max_length=topics.MAX_CAUSE)


class Away(BaseModel):
    """Whether the caller takes no new conversations for now."""

    away: bool


@router.get("/queue")
async def look(
    it: It,
    person: Agent,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Who waits, in line order, each with the place that she is told; and which conversations are the caller's own."""

    def rows(session: Session) -> dict[str, Any]:
        waiting, next_cursor = queue.waiting(session, limit, cursor)
        places = queue.places(session)
        return {
            "waiting": [
                shapes.queue_row(session, c) | {"position": places[c.id], "for_agent_id": c.for_agent_id}
                for c in waiting
                if c.id in places  # else somebody took it between the two looks
            ],
            "waiting_count": queue.waiting_count(session),
            "mine": [shapes.queue_row(session, c) for c in queue.held_by(session, person.id or 0)],
            "next_cursor": next_cursor,
        }

    return await it.read(rows)


@router.get("/conversations/{conversation_id}")
async def show(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: str,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, Any]:
    """The conversation, its messages and notes (at most 1,000 after number `after`), and all an agent should know.

    The summary is in the language of `?language=`, of the cookie, or that the caller accepts.
    """
    language = page_language(request)

    def whole(session: Session) -> dict[str, Any]:
        conversation = conversations.get(session, conversation_id)
        messages = conversations.messages_after(session, conversation_id, after, 1000, notes=True)
        about = context.agent_context(session, conversation)
        return {
            "conversation": shapes.conversation_form(session, conversation, can_mail(it.settings))
            | _for_agents(conversation, person),
            "messages": shapes.message_list(session, messages),
            "context": about | {"summary": summary(session, conversation, language, about).as_dict()},
        }

    return await it.read(whole)


def _for_agents(conversation: Conversation, person: Person) -> dict[str, Any]:
    """What the customer's form of a conversation lacks; `last_seq` counts notes too."""
    return {
        "agent_id": conversation.agent_id,
        "for_agent_id": conversation.for_agent_id,
        "mine": conversation.owner == "agent" and conversation.agent_id == person.id,
        "last_seq": conversation.last_seq,
    }


@router.post("/conversations/{conversation_id}/claim")
async def claim(it: It, person: Agent, conversation_id: str) -> dict[str, Any]:
    """Take a conversation from the queue; 409 when a colleague was first, or the caller may not have it now."""
    conversation = await it.write(queue.claim, conversation_id, person, it.settings.vanish_s)
    it.changed(conversation_id, queue_too=True)
    return {"owner": conversation.owner, "agent_id": conversation.agent_id}


@router.post("/conversations/{conversation_id}/messages", status_code=202)
async def reply(it: It, person: Agent, conversation_id: str, body: Answer) -> Stored:
    """Answer the customer.

    With `seen_seq`: 409 and `"code": "crossed"` where a colleague, the bot or oneself elsewhere told her something
    since, with those `messages` and the last row's `seq`. Nothing is stored then; send it again to say it all the same.
    """
    message = await it.write(
        queue.reply, conversation_id, person, body.client_id, body.text, seen_seq=body.seen_seq
    )
    it.changed(conversation_id)
    return Stored(seq=message.seq)


@router.post("/conversations/{conversation_id}/notes", status_code=202)
async def note(it: It, person: Agent, conversation_id: str, body: Note) -> Stored:
    """Write something that only agents read, in anybody's conversation; it answers what one was asked there.

    422 where `asks` names oneself or somebody who is no colleague at the desk.
    """
    message = await it.write(mentions.note, conversation_id, person, body.client_id, body.text, body.asks)
    it.changed(conversation_id)
    return Stored(seq=message.seq)


@router.post("/conversations/{conversation_id}/transfer")
async def hand_on(it: It, person: Agent, conversation_id: str, body: Transfer) -> dict[str, Any]:
    """Hand the conversation on to a person or a topic; who has it then, or for whom it waits."""
    grace_s = it.settings.vanish_s
    conversation = await it.write(
        transfer.transfer, conversation_id, person, body.person_id, body.topic, body.note, grace_s
    )
    it.changed(conversation_id, queue_too=True)
    return {"owner": conversation.owner} | _for_agents(conversation, person)


@router.post("/conversations/{conversation_id}/hand-back")
async def hand_back(it: It, person: Agent, conversation_id: str) -> dict[str, Any]:
    """Give the conversation back to the bot."""
    conversation = await it.write(queue.hand_back, conversation_id, person)
    it.changed(conversation_id, queue_too=True)
    return {"owner": conversation.owner}


@router.post("/conversations/{conversation_id}/close")
async def close(it: It, person: Agent, conversation_id: str, body: Closing | None = None) -> dict[str, Any]:
    """End the conversation; 422 for a topic that nobody knows."""
    said = body or Closing()
    conversation = await it.write(queue.close, conversation_id, person, topic=said.topic, cause=said.cause)
    it.changed(conversation_id, queue_too=True)
    return {"owner": conversation.owner, "topic": conversation.topic, "cause": conversation.cause}


@router.post("/conversations/{conversation_id}/reopen")
async def reopen(it: It, person: Agent, conversation_id: str) -> dict[str, Any]:
    """Take back a conversation that the caller closed just now; 409 where that cannot be done any more."""
    conversation = await it.write(closing.reopen, conversation_id, person, it.settings.vanish_s)
    it.changed(conversation_id, queue_too=True)
    return {"owner": conversation.owner} | _for_agents(conversation, person)


@router.get("/people")
async def people(it: It, person: Agent) -> dict[str, Any]:
    """Every agent: who is at the desk, how many more conversations each takes, and to which topics one can hand on."""

    def rows(session: Session) -> dict[str, Any]:
        found = presence.colleagues(session, now(), it.settings.vanish_s)
        there = [_colleague(c) | {"me": c.id == person.id} for c in found]
        return {"people": there, "topics": transfer.topics(session)}

    return await it.read(rows)


def _colleague(colleague: Colleague) -> dict[str, Any]:
    several = {"topics": colleague.topics, "languages": colleague.languages}
    known = {name: None if values is None else sorted(values) for name, values in several.items()}
    return asdict(colleague) | known | {"free": colleague.free}


@router.post("/away")
async def away(it: It, person: Agent, body: Away) -> Away:
    """Take no new conversations for now, or again. Those that one has stay."""
    await it.write(presence.set_away, person.id or 0, body.away)
    it.bus.publish("presence", str(person.id))
    return body
