"""The live sockets. Subscribe, then read, then tell: an event says "read on", so a lost one costs nothing.

No socket holds a database session: each look is a short read of its own.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from handoff import conversations, presence
from handoff.incoming import Incoming
from handoff.live import Subscription
from handoff.presence import WRITE_S
from handoff.problems import Problem
from handoff.state import State
from handoff.texts import fill, texts
from handoff.web import shapes
from handoff.web.customer import take_in
from handoff.web.edge import embedding_origin, own_origin, person_of, state
from kb.models import now

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1")
Said = Callable[[dict[str, Any]], Awaitable[None]]
Pong = Callable[[], Awaitable[None]]
FIRST_FRAME_S = 10
MAX_FRAME = 64_000
BAD_FRAME, BAD_TOKEN, BAD_ORIGIN = 4400, 4401, 4403


@router.websocket("/conversations/{conversation_id}/live")
async def customer_live(socket: WebSocket, conversation_id: str) -> None:
    """A customer's socket: the token in the first frame, then events; messages may be sent over it too."""
    it = state(socket)
    await socket.accept()
    if not embedding_origin(socket):
        return await socket.close(BAD_ORIGIN)
    first = await _first_frame(socket)
    if first is None:
        return await socket.close(BAD_FRAME)
    with it.bus.subscribe(f"conversation:{conversation_id}", "queue") as subscription:
        try:
            told = await it.read(_form, conversation_id, str(first.get("token", "")))
        except Problem:
            return await socket.close(BAD_TOKEN)
        await socket.send_json({"event": "ready"} | told)

        async def changed(_ids: list[str]) -> None:
            nonlocal told
            form = await it.read(_form, conversation_id, None)
            if form != told:  # the queue moves for everyone who waits; most of it changes nothing here
                told = form
                await socket.send_json({"event": "changed"} | form)

        async def said(frame: dict[str, Any]) -> None:
            await _said(socket, it, conversation_id, frame)

        async def pong() -> None:
            await socket.send_json({"event": "pong"} | await it.read(_form, conversation_id, None))

        await _both_ways(socket, subscription, changed, said, pong)


def _form(session: Session, conversation_id: str, token: str | None) -> dict[str, Any]:
    conversation = (
        conversations.get(session, conversation_id)
        if token is None
        else conversations.opened(session, conversation_id, token)
    )
    return shapes.conversation_form(session, conversation)


async def _first_frame(socket: WebSocket) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(FIRST_FRAME_S):
            return _frame(await socket.receive_text())
    except (TimeoutError, WebSocketDisconnect, KeyError):
        return None


def _frame(text: str) -> dict[str, Any] | None:
    """A frame's JSON object, or None where it is none or too large."""
    try:
        frame = json.loads(text) if len(text) <= MAX_FRAME else None
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


async def _said(socket: WebSocket, it: State, conversation_id: str, frame: dict[str, Any]) -> None:
    """Store a message that came over the socket, and say under which number; a refused one is told why."""
    sent = frame.get("send")
    client_id = sent.get("client_id") if isinstance(sent, dict) else None
    try:
        received = await take_in(it, conversation_id, Incoming.model_validate(sent))
    except ValidationError as error:
        detail = "; ".join(str(e["msg"]) for e in error.errors()[:3])
        await socket.send_json({"event": "problem", "client_id": client_id, "status": 422, "detail": detail})
    except Problem as problem:
        conversation = await it.read(conversations.get, conversation_id)
        words = await it.read(texts, conversation.language)
        detail = problem.detail or fill(words[problem.text], **problem.values)
        await socket.send_json(
            {"event": "problem", "client_id": client_id, "status": problem.status, "detail": detail}
        )
    else:
        await socket.send_json({"event": "stored", "client_id": client_id, "seq": received.seq})


@router.websocket("/desk/live")
async def desk_live(socket: WebSocket) -> None:
    """The desk's socket: tells which conversations changed. For signed-in agents, from our own pages."""
    it = state(socket)
    await socket.accept()
    if not own_origin(socket):
        return await socket.close(BAD_ORIGIN)
    person = await person_of(socket)
    if person is None or person.role not in ("agent", "admin"):
        return await socket.close(BAD_TOKEN)
    with it.bus.subscribe("desk") as subscription:
        await _stay_seen(it, person.id or 0)  # before it is ready: from here on she is at the desk
        await socket.send_json({"event": "ready"})
        seeing = asyncio.create_task(_keep_seen(socket, it))

        async def changed(ids: list[str]) -> None:
            for conversation_id in ids:
                await socket.send_json({"event": "changed", "conversation": conversation_id})

        async def nothing(_frame: dict[str, Any]) -> None:
            await socket.send_json({"event": "problem", "status": 400, "detail": "Nothing is sent over this socket."})

        async def pong() -> None:
            await socket.send_json({"event": "pong"})

        try:
            await _both_ways(socket, subscription, changed, nothing, pong)
        finally:  # nothing is written: she may be back in a moment, and another tab may be open
            seeing.cancel()
            await asyncio.gather(seeing, return_exceptions=True)


async def _keep_seen(socket: WebSocket, it: State) -> None:
    """Note again and again that this desk is open; who is signed out meanwhile has none."""
    while True:
        await asyncio.sleep(min(WRITE_S, it.settings.vanish_s / 3))
        try:
            person = await person_of(socket)
            if person is None:
                return await socket.close(BAD_TOKEN)
            await _stay_seen(it, person.id or 0)
        except SQLAlchemyError as error:
            log.warning("that a desk is open could not be noted and will be tried again: %s", error)


async def _stay_seen(it: State, person_id: int) -> None:
    """Note that a desk of this agent is open, unless that was noted just now; tell where it is news."""
    often = min(WRITE_S, it.settings.vanish_s / 3)
    if await it.read(presence.seen_lately, person_id, now(), often):
        return
    if await it.write(presence.seen, person_id, now(), it.settings.vanish_s):
        it.bus.publish("presence", str(person_id))


async def _both_ways(
    socket: WebSocket,
    subscription: Subscription,
    changed: Callable[[list[str]], Awaitable[None]],
    said: Said,
    pong: Pong,
) -> None:
    """Pass events out and frames in until one side ends."""

    tasks = [asyncio.create_task(_out(subscription, changed)), asyncio.create_task(_in(socket, said, pong))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass  # the other side is gone; it reads on when it comes back
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _out(subscription: Subscription, changed: Callable[[list[str]], Awaitable[None]]) -> None:
    while True:
        await changed(await subscription.next())


async def _in(socket: WebSocket, said: Said, pong: Pong) -> None:
    """Take frames until one is not understood; "ping" is answered with where the conversation stands."""
    while (frame := _frame(await socket.receive_text())) is not None:
        if "ping" in frame:
            await pong()
        elif "send" in frame:
            await said(frame)
    await socket.close(BAD_FRAME)
