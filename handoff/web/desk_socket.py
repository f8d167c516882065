"""The desk's live socket: which conversations changed, and what happens right now in the one that is open.

An event says "read on"; that somebody types, looks along or has seen something is of the moment and stored nowhere
(seen marks are). Frames: `{"looking": ID or null}`, `{"typing": ID}` (with `"note": true` for colleagues alone),
`{"seen": {"conversation": ID, "seq": N}}`, `{"ping": 1}`. What concerns a conversation that she may not speak in, or
that there is not, is passed over: a page may be a moment behind.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi import APIRouter, WebSocket
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from handoff import conversations, looking, presence, seen
from handoff.live import Subscription
from handoff.models import Person
from handoff.presence import WRITE_S
from handoff.problems import NotFound
from handoff.state import State
from handoff.web.edge import own_origin, person_of, state
from handoff.web.frames import (
    BAD_ORIGIN,
    BAD_TOKEN,
    TYPING_S,
    Frame,
    Marks,
    Seldom,
    both_ways,
    pass_on,
    take_frames,
)
from kb.models import now

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1")
CALM_S = 1.0  # what changes elsewhere than in the open conversation is told at most so often
FEW = 5  # conversations that are told of by name; of more at once it is said that the list changed
AGAIN_S = 5.0  # that she still looks is passed on at most so often
MOST_ID = 64  # characters


@dataclass
class Desk:
    """One open desk: its socket, who sits there, and the conversation that she has open."""

    socket: WebSocket
    it: State
    person: Person
    near: Subscription  # what happens in the open conversation
    open: str | None = None
    shown: list[dict[str, Any]] = field(default_factory=list)  # who looks along, as the page was told last
    typing: Seldom = field(default_factory=lambda: Seldom(TYPING_S))
    again: Seldom = field(default_factory=lambda: Seldom(AGAIN_S))

    @property
    def person_id(self) -> int:
        """Who sits there."""
        return self.person.id or 0


@router.websocket("/desk/live")
async def desk_live(socket: WebSocket) -> None:
    """The desk's socket, for signed-in agents, from our own pages."""
    it = state(socket)
    await socket.accept()
    if not own_origin(socket):
        return await socket.close(BAD_ORIGIN)
    person = await person_of(socket)
    if person is None or person.role not in ("agent", "admin"):
        return await socket.close(BAD_TOKEN)
    with it.bus.subscribe("desk", "queue") as far, it.bus.subscribe() as near:
        desk = Desk(socket, it, person, near)
        await _stay_seen(it, desk.person_id)  # before it is ready: from here on she is at the desk
        await socket.send_json({"event": "ready"})
        marks = Marks(partial(_mark, desk))
        try:
            await both_ways(
                pass_on(far, partial(_elsewhere, desk)),
                pass_on(near, partial(_here, desk)),
                take_frames(socket, partial(_take, desk, marks), it.settings.frames_per_s),
                marks.keep(),
                _keep_seen(socket, it),
            )
        finally:  # that she is gone is not written: she may be back in a moment, and another tab may be open
            _leave(desk)
            await marks.finish()


async def _elsewhere(desk: Desk, ids: list[str]) -> None:
    """Tell which conversations changed, and that places did: what comes in one second goes together."""
    others = [id_ for id_ in ids if id_ not in ("", desk.open)]
    if "" in ids or len(others) > FEW:
        await desk.socket.send_json({"event": "queue"})
    if len(others) <= FEW:
        for conversation_id in others:
            await desk.socket.send_json({"event": "changed", "conversation": conversation_id})
    await asyncio.sleep(CALM_S)


async def _here(desk: Desk, heard: list[str]) -> None:
    """Tell what happens in the open conversation, at once."""
    for one in heard:
        conversation_id, _, what = one.partition(" ")
        if conversation_id != desk.open:
            continue
        if what == "":
            await desk.socket.send_json({"event": "changed", "conversation": conversation_id})
        elif what == "customer":
            await desk.socket.send_json({"event": "typing", "conversation": conversation_id})
        elif what == "seen_customer":
            await _tell_seen(desk, conversation_id)
        elif what == "lookers":
            await _tell_lookers(desk, conversation_id)


async def _take(desk: Desk, marks: Marks, frame: Frame) -> None:
    """Do what a frame asks; what it has of another form is passed over."""
    if "ping" in frame:
        await desk.socket.send_json({"event": "pong"})
    if "looking" in frame:
        await _look(desk, _id(frame["looking"]))
    if (conversation_id := _id(frame.get("typing"))) and desk.typing.may(conversation_id):
        await _type(desk, conversation_id, note=frame.get("note") is True)
    mark = frame.get("seen")
    if isinstance(mark, dict) and (conversation_id := _id(mark.get("conversation"))):
        if seq := seen.row_number(mark.get("seq")):
            marks.offer(conversation_id, seq)
    if "send" in frame:
        detail = "Messages are not sent over this socket."
        await desk.socket.send_json({"event": "problem", "status": 400, "detail": detail})


def _id(value: object) -> str | None:
    """`value` where it can be a conversation's id: one word."""
    return value if isinstance(value, str) and 0 < len(value) <= MOST_ID and not value.split()[1:] else None


async def _look(desk: Desk, conversation_id: str | None) -> None:
    """Note which conversation she has open; of a newly opened one, tell what her page cannot know yet."""
    if conversation_id == desk.open:
        if conversation_id and desk.again.may(conversation_id):
            looking.say(desk.it.bus, conversation_id, desk.person_id, "reads")
        return
    _leave(desk)
    if conversation_id is None:
        return
    desk.open = conversation_id
    for topic in _topics(conversation_id):
        desk.it.bus.join(desk.near, topic)
    try:
        await _tell_seen(desk, conversation_id)
    except NotFound:
        return _leave(desk)
    await _tell_lookers(desk, conversation_id)
    looking.say(desk.it.bus, conversation_id, desk.person_id, "reads")


def _topics(conversation_id: str) -> tuple[str, str]:
    return f"desk:{conversation_id}", f"moment:{conversation_id}"


def _leave(desk: Desk) -> None:
    """She has no conversation open any more."""
    if desk.open is not None:
        looking.say(desk.it.bus, desk.open, desk.person_id, looking.LEFT)
        for topic in _topics(desk.open):
            desk.it.bus.leave(desk.near, topic)
    desk.open, desk.shown = None, []


async def _tell_seen(desk: Desk, conversation_id: str) -> None:
    conversation = await desk.it.read(conversations.get, conversation_id)
    told = {"event": "seen", "conversation": conversation_id, "seq": conversation.customer_seen_seq}
    await desk.socket.send_json(told)


async def _tell_lookers(desk: Desk, conversation_id: str) -> None:
    """Tell which colleagues have it open too, where the page does not know it yet."""
    others = [one for one in desk.it.lookers.at(conversation_id) if one.person_id != desk.person_id]
    names = await desk.it.read(looking.first_names, [one.person_id for one in others]) if others else {}
    people = [
        {"id": one.person_id, "name": names[one.person_id], "writing": one.writing}
        for one in others
        if one.person_id in names
    ]
    if people != desk.shown and conversation_id == desk.open:
        desk.shown = people
        await desk.socket.send_json({"event": "lookers", "conversation": conversation_id, "people": people})


async def _type(desk: Desk, conversation_id: str, note: bool) -> None:
    """Pass on that she types: a note to colleagues alone, a reply to the customer too, if the conversation is hers."""
    bus = desk.it.bus
    if note:
        if conversation_id == desk.open:
            looking.say(bus, conversation_id, desk.person_id, "note")
    elif await desk.it.read(_holds, conversation_id, desk.person_id):
        bus.publish("moment", f"{conversation_id} agent")
        if conversation_id == desk.open:
            looking.say(bus, conversation_id, desk.person_id, "reply")


def _holds(session: Session, conversation_id: str, person_id: int) -> bool:
    try:
        return seen.has(conversations.get(session, conversation_id), person_id)
    except NotFound:
        return False


async def _mark(desk: Desk, conversation_id: str, seq: int) -> None:
    """Store what she has seen, and tell the customer's page."""
    if await desk.it.write(seen.by_agent, conversation_id, desk.person_id, seq):
        desk.it.bus.publish("moment", f"{conversation_id} seen_agent")


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
