"""Seen marks: they rise, stop at the last row, are the reader's own, and change nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select
from websockets.asyncio.client import ClientConnection, connect

from handoff import conversations, queue, seen
from handoff.models import Conversation, Person
from handoff.problems import Invalid, NotFound
from kb.encoder import Encoder

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .test_live import listening, next_event, serving, until


def person(session: Session, name: str) -> Person:
    row = Person(email=f"{name}@x.example", name=name.title(), role="agent", password_hash="x")
    session.add(row)
    session.flush()
    return row


def talk(session: Session, rows: int = 4) -> Conversation:
    made, _ = conversations.start(session, language="nl")
    conversation = conversations.locked(session, made.id)
    for number in range(rows):
        conversations.add(session, conversation, "customer", "text", f"bericht {number}")
    conversations.change_owner(session, conversation, "queue", frm="bot")
    session.flush()
    return conversation


def test_a_mark_rises_and_never_falls(session: Session) -> None:
    conversation = talk(session)
    before = conversation.changed_at
    assert seen.by_customer(session, conversation.id, 3)
    assert not seen.by_customer(session, conversation.id, 3)
    assert not seen.by_customer(session, conversation.id, 1)
    session.refresh(conversation)
    assert (conversation.customer_seen_seq, conversation.agent_seen_seq) == (3, 0)
    assert conversation.changed_at == before


@pytest.mark.parametrize("seq", [-1, 0, 5, 2**31 - 1])
def test_nobody_has_seen_what_there_is_not(session: Session, seq: int) -> None:
    conversation = talk(session)
    with pytest.raises(Invalid):
        seen.by_customer(session, conversation.id, seq)
    with pytest.raises(NotFound):
        seen.by_customer(session, "nobody's", 1)


def test_only_who_has_it_has_seen_it(session: Session) -> None:
    conversation, noor, sam = talk(session), person(session, "noor"), person(session, "sam")
    assert not seen.by_agent(session, conversation.id, noor.id or 0, 2)  # it waits
    queue.claim(session, conversation.id, noor)
    assert not seen.by_agent(session, conversation.id, sam.id or 0, 2)
    assert seen.by_agent(session, conversation.id, noor.id or 0, 2)
    session.refresh(conversation)
    assert (conversation.customer_seen_seq, conversation.agent_seen_seq) == (0, 2)


@pytest.mark.parametrize("value", [True, False, None, "3", 3.0, -1, 0, 2**31, [], {}, "👻"])
def test_a_row_number_is_a_whole_number(value: object) -> None:
    assert seen.row_number(value) is None


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        yield app


async def waits(client: httpx.AsyncClient) -> Customer:
    her = await new_customer(client, language="nl")
    await her.send("een mens graag")
    await her.until("queue")
    return her


async def marks(app: FastAPI, conversation_id: str) -> tuple[int, int]:
    def look(session: Session) -> tuple[int, int]:
        query = select(Conversation.customer_seen_seq, Conversation.agent_seen_seq)
        return session.exec(query.where(Conversation.id == conversation_id)).one()

    found: tuple[int, int] = await app.state.it.read(look)
    return found


async def test_an_app_without_a_socket_marks_over_rest(app: FastAPI) -> None:
    async with client_of(app) as client:
        her, other = await waits(client), await waits(client)

        async def mark(who: Customer, body: object, by: Customer | None = None) -> int:
            headers = (by or who).headers
            return (await client.post(f"{who.path}/seen", json=body, headers=headers)).status_code

        assert await mark(her, {"seq": 2}) == 204
        assert await mark(her, {"seq": 1}) == 204
        assert (await marks(app, her.id))[0] == 2
        for bad in ({}, {"seq": 0}, {"seq": "2"}, {"seq": True}, {"seq": 2.5}, {"seq": 2**40}, {"seq": 99}, [], "x"):
            assert await mark(her, bad) == 422, bad
        assert await mark(her, {"seq": 2}, by=other) == 404
        assert (await marks(app, her.id), await marks(app, other.id)) == ((2, 0), (0, 0))


def desk_of(address: str, agent: httpx.AsyncClient) -> connect:
    cookie = {"Cookie": f"rechtdoor_session={agent.cookies['rechtdoor_session']}"}
    return connect(f"ws://{address}/api/v1/desk/live", additional_headers=cookie)


async def tell(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


async def test_both_sides_are_told_what_the_other_has_seen(app: FastAPI) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her, noor = await waits(client), await signed_in(app, "noor")
        await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")
        last = (await her.look())["last_seq"]
        async with listening(address, her) as widget, desk_of(address, noor) as desk:
            assert (await next_event(widget))["agent_seen_seq"] == 0
            await tell(desk, looking=her.id)
            await until(desk, event="seen", conversation=her.id, seq=0)
            changed_at = (await noor.get("/api/v1/desk/queue")).json()["mine"][0]["changed_at"]
            await tell(widget, seen=last)
            await until(desk, event="seen", seq=last)
            await tell(desk, seen={"conversation": her.id, "seq": last})
            assert (await until(widget, event="changed"))["agent_seen_seq"] == last
            assert (await noor.get("/api/v1/desk/queue")).json()["mine"][0]["changed_at"] == changed_at
            note = {"client_id": "n", "text": "alleen voor ons"}
            await noor.post(f"/api/v1/desk/conversations/{her.id}/notes", json=note)
            await tell(desk, seen={"conversation": her.id, "seq": last + 1})
            while (await marks(app, her.id))[1] <= last:
                await asyncio.sleep(0.05)
            assert (await her.look())["agent_seen_seq"] == last  # a note's number is told to nobody


async def test_a_colleague_marks_nothing_and_nonsense_is_passed_over(app: FastAPI) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her, noor, sam = await waits(client), await signed_in(app, "noor"), await signed_in(app, "sam")
        await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")
        async with desk_of(address, sam) as desk, listening(address, her) as widget:
            await until(desk, event="ready")
            for bad in (1, "x", None, [], {}, {"conversation": her.id}, {"conversation": 7, "seq": 1},
                        {"conversation": her.id, "seq": "1"}, {"conversation": "x" * 65, "seq": 1},
                        {"conversation": "geen 👻", "seq": 1}, {"conversation": her.id, "seq": 99},
                        {"conversation": her.id, "seq": 1}):  # fmt: skip
                await tell(desk, seen=bad)
            for bad in (True, "1", -1, 10**30, {"seq": 1}, 99):
                await tell(widget, seen=bad)
            for socket in (desk, widget):
                await tell(socket, ping=1)
                await until(socket, event="pong")  # it is still there
            await asyncio.sleep(1.3)
        assert await marks(app, her.id) == (0, 0)


async def test_what_was_seen_just_before_the_page_was_shut_counts(app: FastAPI) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await waits(client)
        async with listening(address, her) as widget:
            await until(widget, event="ready")
            await tell(widget, seen=1)
            await tell(widget, seen=2)
        async with asyncio.timeout(5):
            while (await marks(app, her.id))[0] != 2:
                await asyncio.sleep(0.05)
