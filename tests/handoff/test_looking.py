"""What happens right now at the desk: who looks along, who types, and replies that cross. Nothing of it is stored."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlmodel import Session, select
from websockets.asyncio.client import ClientConnection

from handoff import looking
from handoff.live import Bus
from handoff.looking import LOOKS_S, WRITES_S, Looker, Lookers
from handoff.models import Conversation, Message
from handoff.web import desk_socket, frames
from kb.encoder import Encoder

from .app import Customer, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .test_live import REDIS, listening, next_event, serving, until
from .test_seen import desk_of, tell


def test_who_looks_is_remembered_for_a_while() -> None:
    lookers = Lookers()
    assert lookers.hear("a 1 reads", 0.0) == "a"
    assert lookers.hear("a 1 reads", LOOKS_S - 1) is None  # again: no news
    assert lookers.hear("a 2 reads", LOOKS_S - 1) == "a"
    assert lookers.forget(LOOKS_S + 1) == set()
    assert lookers.at("a") == [Looker(1, ""), Looker(2, "")]
    assert lookers.hear("a 2 left", LOOKS_S + 1) == "a"
    assert lookers.hear("a 2 left", LOOKS_S + 1) is None
    assert lookers.forget(2 * LOOKS_S) == {"a"}
    assert (lookers.at("a"), len(lookers)) == ([], 0)


def test_who_writes_is_shown_so_for_a_moment() -> None:
    lookers = Lookers()
    lookers.hear("a 1 reads", 0.0)
    assert lookers.hear("a 1 reply", 1.0) == "a"
    assert lookers.hear("a 1 reads", 2.0) is None  # that she still looks does not end it
    assert lookers.at("a") == [Looker(1, "reply")]
    assert lookers.hear("a 1 note", 3.0) == "a"
    assert lookers.forget(3.0 + WRITES_S) == {"a"}
    assert lookers.at("a") == [Looker(1, "")]


@pytest.mark.parametrize("said", ["", "a", "a 1", "a x reads", "a 1 dances", "a -1 reads", "a ² reads", "a 1 reads x"])
def test_what_is_none_of_ours_is_passed_over(said: str) -> None:
    lookers = Lookers()
    assert lookers.hear(said, 0.0) is None
    assert len(lookers) == 0


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST", 10)
    lookers = Lookers()
    for number in range(10):
        lookers.hear(f"c{number} 1 reads", 0.0)
    lookers.hear("c0 1 reads", 1.0)
    for number in range(10, 15):
        lookers.hear(f"c{number} 1 reads", 2.0)
    assert len(lookers) == 10
    assert lookers.at("c0")  # was heard of later than the others
    assert not lookers.at("c1")


async def test_what_passes_is_not_made_up_for_and_its_end_is_the_last_word() -> None:
    bus = Bus()
    with bus.subscribe("looking", "moment:a", "desk:a") as listener:
        for doing in ("reads", "left", "reads"):
            looking.say(bus, "a", 1, doing)
        bus.publish("moment", "b customer")
        assert await listener.next() == ["a 1 left", "a 1 reads"]
        bus.wake_all()
        assert await listener.next() == ["a"]


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        yield app


async def mine(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> Customer:
    """A conversation that this agent has."""
    her = await new_customer(client, language="nl")
    await her.send("een mens graag")
    await her.until("queue")
    (await agent.post(f"/api/v1/desk/conversations/{her.id}/claim")).raise_for_status()
    return her


def path(her: Customer, what: str) -> str:
    return f"/api/v1/desk/conversations/{her.id}/{what}"


async def silent(socket: ClientConnection, *events: str, seconds: float = 0.4) -> None:
    """None of these events comes."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                event = json.loads(await socket.recv())
                assert event["event"] not in events, event
    except TimeoutError:
        pass


async def test_typing_goes_both_ways_and_is_stored_nowhere(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
        her = await mine(client, noor)
        before = await everything(app, her)
        async with (
            listening(address, her) as widget,
            desk_of(address, noor) as desk,
            desk_of(address, sam) as colleague,
        ):
            await until(widget, event="ready")
            await tell(desk, looking=her.id)
            await until(desk, event="seen")
            await tell(colleague, looking="another")  # has something else open
            for _ in range(5):
                await tell(widget, typing=True)
            await until(desk, event="typing", conversation=her.id)
            await silent(desk, "typing")  # five in a row are one
            await silent(colleague, "typing")
            await tell(colleague, typing=her.id)  # is not hers
            for bad in (True, None, 1, [], "x" * 65, "geen gesprek", ""):
                await tell(desk, typing=bad)
            await silent(widget, "typing")
            await tell(desk, typing=her.id, note=True)
            await silent(widget, "typing")  # for colleagues alone
            monkeypatch.setattr(frames.time, "monotonic", lambda real=frames.time.monotonic: real() + 10)
            await tell(desk, typing=her.id)
            assert await until(widget, event="typing") == {"event": "typing", "name": "Noor"}
            await tell(desk, ping=1)
            await until(desk, event="pong")
        assert await everything(app, her) == before


async def everything(app: FastAPI, her: Customer) -> list[dict[str, Any]]:
    def rows(session: Session) -> list[dict[str, Any]]:
        conversation = session.exec(select(Conversation).where(Conversation.id == her.id)).one()
        messages = session.exec(select(Message).where(Message.conversation_id == her.id)).all()
        return [conversation.model_dump(), *(m.model_dump() for m in messages)]

    found: list[dict[str, Any]] = await app.state.it.read(rows)
    return found


async def test_colleagues_read_who_looks_along_and_who_writes(app: FastAPI) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
        her = await mine(client, noor)
        async with desk_of(address, noor) as desk:
            await tell(desk, looking=her.id)
            await until(desk, event="seen")
            async with desk_of(address, sam) as other, desk_of(address, sam) as tab:
                await tell(other, looking=her.id)
                assert names(await until(desk, event="lookers")) == [("Sam", "")]
                assert names(await until(other, event="lookers")) == [("Noor", "")]
                await tell(tab, looking=her.id)  # her other tab does not show herself
                assert names(await until(tab, event="lookers")) == [("Noor", "")]
                await tell(other, typing=her.id, note=True)
                assert names(await until(desk, event="lookers")) == [("Sam", "note")]
                await tell(desk, typing=her.id)
                assert names(await until(other, event="lookers")) == [("Noor", "reply")]
                await tell(other, looking=None)
                await until(desk, event="lookers", people=[])
                await tell(tab, looking=her.id)
            for bad in (1, True, {}, "twee woorden", "x" * 65, "bestaat-niet"):
                await tell(desk, looking=bad)
            await tell(desk, ping=1)
            await until(desk, event="pong")


def names(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["name"], one["writing"]) for one in event["people"]]


async def test_a_desk_that_is_shut_looks_no_more(app: FastAPI) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
        her = await mine(client, noor)
        async with desk_of(address, noor) as desk:
            async with desk_of(address, sam) as other:
                await tell(other, looking=her.id)
                await until(other, event="seen")
                await tell(desk, looking=her.id)
                assert names(await until(desk, event="lookers")) == [("Sam", "")]
            await until(desk, event="lookers", people=[])
    async with asyncio.timeout(5):
        while len(app.state.it.lookers):
            await asyncio.sleep(0.02)


async def test_a_busy_queue_is_one_event_a_second(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_socket, "CALM_S", 0.3)
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        noor = await signed_in(app, "noor")
        her = await mine(client, noor)
        async with desk_of(address, noor) as desk:
            await tell(desk, looking=her.id)
            await until(desk, event="seen")
            for number in range(200):
                app.state.it.bus.publish("desk", f"c{number}")
            assert await next_event(desk) == {"event": "queue"}
            for number in range(200):
                app.state.it.bus.publish("desk", f"c{number}")
            app.state.it.changed(her.id)  # the open one is told at once
            assert await next_event(desk) == {"event": "changed", "conversation": her.id}
            assert await next_event(desk) == {"event": "queue"}
            await silent(desk, "queue")


async def test_a_reply_that_crosses_a_colleagues_is_held_back(app: FastAPI) -> None:
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
        her = await mine(client, noor)
        seen_seq = (await her.look())["last_seq"]
        ids = {p["name"]: p["id"] for p in (await noor.get("/api/v1/desk/people")).json()["people"]}

        async def reply(text: str, client_id: str, seen_seq: Any, by: httpx.AsyncClient = noor) -> httpx.Response:
            body = {"client_id": client_id, "text": text, "seen_seq": seen_seq}
            return await by.post(path(her, "messages"), json=body)

        await her.send("ben je daar?")  # hers holds nothing back
        await sam.post(path(her, "notes"), json={"client_id": "n", "text": "een notitie ook niet"})
        assert (await reply("Ja!", "a", seen_seq)).status_code == 202
        assert (await reply("Ja!", "a", seen_seq)).status_code == 202  # sent twice is one message
        seen_seq = (await her.look())["last_seq"]
        for people, by in (("Sam", noor), ("Noor", sam)):  # there and back, while one of Noor's tabs looks away
            if by is sam:
                assert (await reply("Het is *donderdag* <b>", "s", None, by=sam)).status_code == 202
            (await by.post(path(her, "transfer"), json={"person_id": ids[people]})).raise_for_status()
            if await claimable(her):
                await (sam if by is noor else noor).post(path(her, "claim"))
        held = await reply("Het is woensdag", "b", seen_seq)
        problem = held.json()
        assert (held.status_code, problem["code"], problem["status"]) == (409, "crossed", 409)
        assert [(m["author_name"], m["text"]) for m in problem["messages"]] == [("Sam", "Het is *donderdag* <b>")]
        assert "woensdag" not in str(await her.messages())
        again = await reply("Toch woensdag", "b", problem["seq"])
        assert again.status_code == 202
        assert [m["text"] for m in await her.messages() if m["author"] == "agent"][-1] == "Toch woensdag"
        for bad in (-1, "x", 2**40, []):
            assert (await reply("x", "c", bad)).status_code == 422
        assert (await reply("van een ander", "d", seen_seq, by=sam)).status_code == 403


async def claimable(her: Customer) -> bool:
    return bool((await her.look())["owner"] == "queue")


@pytest.mark.redis
async def test_between_two_processes_with_redis(
    migrated_sqlite: Path, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    probe = Redis.from_url(REDIS)
    try:
        await probe.ping()
    except RedisError:
        pytest.skip("Redis does not answer on 127.0.0.1:6379")
    finally:
        await probe.aclose()
    scripted.says = lambda body: [act("handoff", reason="requested")]
    (tmp_path / "two.db").write_bytes(migrated_sqlite.read_bytes())
    async with AsyncExitStack() as stack:
        addresses, apps = [], []
        for _ in range(2):
            running = running_app(
                f"sqlite:///{tmp_path / 'two.db'}", encoder, cache_dir, tmp_path, scripted, redis_url=REDIS
            )
            apps.append(await stack.enter_async_context(running))
            addresses.append(await stack.enter_async_context(serving(apps[-1])))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://{addresses[0]}"))
        noor, sam = await signed_in(apps[0], "noor"), await signed_in(apps[1], "sam")
        her = await mine(client, noor)
        await asyncio.sleep(0.3)  # until both hear Redis
        async with (
            desk_of(addresses[0], noor) as desk,
            desk_of(addresses[1], sam) as other,
            listening(addresses[1], her) as widget,
        ):
            await until(widget, event="ready")
            await tell(desk, looking=her.id)
            await until(desk, event="seen")
            await tell(other, looking=her.id)
            assert names(await until(desk, event="lookers")) == [("Sam", "")]
            await tell(desk, typing=her.id)
            assert (await until(widget, event="typing"))["name"] == "Noor"
            await until(other, event="lookers", people=[{"id": 1, "name": "Noor", "writing": "reply"}])
            await tell(widget, typing=True, seen=1)
            await until(desk, event="typing", conversation=her.id)
            await until(desk, event="seen", seq=1)
