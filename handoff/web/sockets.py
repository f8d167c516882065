"""The customer's live socket. Subscribe, then read, then tell: an event says "read on", so a lost one costs nothing.

No socket holds a database session: each look is a short read of its own. The desk's socket is `desk_socket`.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError
from sqlmodel import Session

from handoff import conversations, seen
from handoff.incoming import Incoming
from handoff.mail import can_mail
from handoff.problems import NotFound, Problem
from handoff.rates import one_more
from handoff.state import State
from handoff.texts import fill, texts
from handoff.web import shapes
from handoff.web.customer import take_in
from handoff.web.edge import embedding_origin, state
from handoff.web.frames import (
    BAD_FRAME,
    BAD_ORIGIN,
    BAD_TOKEN,
    TOO_MANY,
    TYPING_S,
    Frame,
    Marks,
    Seldom,
    both_ways,
    parsed,
    pass_on,
    take_frames,
)
from handoff.web.limited import address_of
from handoff.web.seen_api import mark_seen

router = APIRouter(prefix="/api/v1")
FIRST_FRAME_S = 10


@dataclass
class Talk:
    """One open socket of a customer: her conversation, its token, and its form as her page was told last.

    The token is looked at each time: a conversation that becomes a confirmed customer's is no longer open to others.
    """

    socket: WebSocket
    it: State
    id: str
    token: str
    told: dict[str, Any] = field(default_factory=dict)
    typing: Seldom = field(default_factory=lambda: Seldom(TYPING_S))


@router.websocket("/conversations/{conversation_id}/live")
async def customer_live(socket: WebSocket, conversation_id: str) -> None:
    """A customer's socket: the token in the first frame, then events; messages, typing and seen marks come over it."""
    it = state(socket)
    await socket.accept()
    if not embedding_origin(socket):
        return await socket.close(BAD_ORIGIN)
    with one_more(it.sockets, {f"address {address_of(socket)}": it.settings.sockets_per_address}) as fits:
        if not fits:
            return await socket.close(TOO_MANY)
        first = await _first_frame(socket)
        if first is None:
            return await socket.close(BAD_FRAME)
        try:
            await _talk(Talk(socket, it, conversation_id, str(first.get("token", ""))))
        except NotFound:
            await socket.close(BAD_TOKEN)


async def _talk(talk: Talk) -> None:
    """Tell and take, until one side is gone. NotFound once the token opens the conversation no more."""
    socket, it, conversation_id = talk.socket, talk.it, talk.id
    marks = Marks(partial(mark_seen, it))
    with (
        ExitStack() as held,
        it.bus.subscribe(f"conversation:{conversation_id}", "queue") as changes,
        it.bus.subscribe(f"moment:{conversation_id}") as moments,
    ):
        talk.told = await it.read(_form, talk)
        if not held.enter_context(one_more(it.sockets, {conversation_id: it.settings.sockets_per_conversation})):
            return await socket.close(TOO_MANY)
        await socket.send_json({"event": "ready"} | talk.told)
        await both_ways(
            pass_on(changes, partial(_changed, talk)),
            pass_on(moments, partial(_at_the_moment, talk)),
            take_frames(socket, partial(_take, talk, marks), it.settings.frames_per_s),
            marks.keep(),
        )
        await marks.finish()


async def _changed(talk: Talk, ids: list[str]) -> None:
    """Tell the conversation's form where it is another one."""
    if ids == [""] and talk.told["queue"] is None:
        return  # the queue moved, and she is not in it
    form = await talk.it.read(_form, talk)
    if form != talk.told:  # the queue moves for everyone who waits; most of it changes nothing here
        talk.told = form
        await talk.socket.send_json({"event": "changed"} | form)


async def _at_the_moment(talk: Talk, heard: list[str]) -> None:
    """Tell that the agent types, and what she has seen."""
    what = {one.partition(" ")[2] for one in heard}
    if "seen_agent" in what:
        await _changed(talk, [talk.id])
    if "agent" in what and talk.told["owner"] == "agent":
        await talk.socket.send_json({"event": "typing", "name": talk.told["agent_name"]})


async def _take(talk: Talk, marks: Marks, frame: Frame) -> None:
    """Do what a frame asks; one that asks nothing known is passed over."""
    if "ping" in frame:
        await talk.socket.send_json({"event": "pong"} | await talk.it.read(_form, talk))
    elif "send" in frame:
        await talk.it.read(conversations.opened, talk.id, talk.token)
        await _said(talk.socket, talk.it, talk.id, frame)
    if frame.get("typing") is True and talk.typing.may():
        talk.it.bus.publish("moment", f"{talk.id} customer")
    if seq := seen.row_number(frame.get("seen")):
        marks.offer(talk.id, seq)


def _form(session: Session, talk: Talk) -> dict[str, Any]:
    conversation = conversations.opened(session, talk.id, talk.token)
    return shapes.conversation_form(session, conversation, can_mail(talk.it.settings))


async def _first_frame(socket: WebSocket) -> Frame | None:
    try:
        async with asyncio.timeout(FIRST_FRAME_S):
            return parsed(await socket.receive_text())
    except (TimeoutError, WebSocketDisconnect, KeyError):
        return None


async def _said(socket: WebSocket, it: State, conversation_id: str, frame: Frame) -> None:
    """Store a message that came over the socket, and say under which number; a refused one is told why."""
    sent = frame.get("send")
    client_id = sent.get("client_id") if isinstance(sent, dict) else None
    try:
        received = await take_in(socket, it, conversation_id, Incoming.model_validate(sent))
    except ValidationError as error:
        detail = "; ".join(str(e["msg"]) for e in error.errors()[:3])
        await socket.send_json({"event": "problem", "client_id": client_id, "status": 422, "detail": detail})
    except Problem as problem:
        conversation = await it.read(conversations.get, conversation_id)
        words = await it.read(texts, conversation.language)
        detail = problem.detail or fill(words[problem.text], **problem.values)
        said = {"event": "problem", "client_id": client_id, "status": problem.status, "detail": detail}
        await socket.send_json(said | problem.more)
    else:
        await socket.send_json({"event": "stored", "client_id": client_id, "seq": received.seq})
