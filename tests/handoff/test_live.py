"""The live sockets, over a real server: told to read on, never told content, nobody listens in."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis
from redis.exceptions import RedisError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from handoff.live import Bus, RedisBus

from .app import Customer, new_customer, signed_in
from .conftest import ScriptedBot, act

BALANCE = "hoeveel staat er op mn cadeaukaart"
New = Callable[[], Awaitable[Customer]]
REDIS = "redis://127.0.0.1:6379/9"


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The address of a server for an app that is running already."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


@pytest.fixture
async def customer(address: str) -> AsyncIterator[New]:
    """Starts conversations over the network."""
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        yield lambda: new_customer(client, language="nl")


@asynccontextmanager
async def listening(address: str, her: Customer, **more: Any) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://{address}{her.path}/live", **more) as socket:
        await socket.send(json.dumps({"token": her.token, "after": 0}))
        yield socket


async def next_event(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        return dict(json.loads(await socket.recv()))


async def until(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """The next event with these values."""
    while True:
        event = await next_event(socket)
        if all(event.get(k) == v for k, v in wanted.items()):
            return event


async def closed_with(socket: ClientConnection) -> int:
    with suppress(ConnectionClosed):
        async with asyncio.timeout(5):
            while True:
                await socket.recv()
    return socket.close_code or 0


async def test_a_socket_says_read_on_and_takes_messages(address: str, customer: New) -> None:
    her = await customer()
    async with listening(address, her) as socket:
        assert (await next_event(socket))["event"] == "ready"
        for _ in range(2):
            await socket.send(json.dumps({"send": {"client_id": "a", "text": BALANCE}}))
            assert (await until(socket, event="stored"))["seq"] == 1
        event = await until(socket, event="changed", last_seq=2)
        assert BALANCE not in json.dumps(event)
        await socket.send(json.dumps({"ping": 1}))
        await until(socket, event="pong")
    assert [m["kind"] for m in await her.messages()] == ["text", "answer"]


async def test_a_refused_message_is_told_why_and_the_socket_stays(address: str, customer: New) -> None:
    her = await customer()
    async with listening(address, her) as socket:
        for sent in ({"client_id": "a", "text": " "}, {"client_id": "b", "text": "x" * 4001}, {"text": "x"}, "x", None):
            await socket.send(json.dumps({"send": sent}))
            event = await until(socket, event="problem", status=422)
            assert len(event["detail"]) > 10
        await socket.send(json.dumps({"send": {"client_id": "c", "text": BALANCE}}))
        await until(socket, event="stored", client_id="c")


@pytest.mark.parametrize(
    ("first", "code"),
    [({"token": "wrong"}, 4401), ({}, 4401), ([], 4400), ("hoi", 4400), ({"token": ["x"]}, 4401)],
)
async def test_without_its_token_a_socket_is_closed(address: str, customer: New, first: Any, code: int) -> None:
    her = await customer()
    async with connect(f"ws://{address}{her.path}/live") as socket:
        await socket.send(json.dumps(first))
        assert await closed_with(socket) == code


async def test_a_stranger_with_her_own_token_hears_nothing(address: str, customer: New) -> None:
    her, stranger = await customer(), await customer()
    async with connect(f"ws://{address}{her.path}/live") as socket:
        await socket.send(json.dumps({"token": stranger.token}))
        assert await closed_with(socket) == 4401


@pytest.mark.parametrize("frame", ["{", "[]", '"x"', "x" * 70_000, "[" * 60_000])
async def test_a_frame_that_is_no_object_ends_the_socket(address: str, customer: New, frame: str) -> None:
    her = await customer()
    async with listening(address, her) as socket:
        await until(socket, event="ready")
        await socket.send(frame)
        assert await closed_with(socket) == 4400


async def test_another_site_cannot_listen(address: str, customer: New) -> None:
    her = await customer()
    async with connect(f"ws://{address}{her.path}/live", origin="https://evil.example") as socket:
        assert await closed_with(socket) == 4403


async def test_those_who_wait_hear_that_the_queue_moved(
    app: FastAPI, address: str, customer: New, scripted: ScriptedBot
) -> None:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    first, second = await customer(), await customer()
    for her in (first, second):
        await her.send("medewerker")
        await her.until("queue")
    async with listening(address, second) as socket:
        assert (await next_event(socket))["queue"]["position"] == 2
        noor = await signed_in(app, "noor")
        await noor.post(f"/api/v1/desk/conversations/{first.id}/claim")
        assert (await until(socket, event="changed"))["queue"] == {"position": 1, "wait": None, "leave": "any"}


async def test_the_desk_hears_of_every_conversation(app: FastAPI, address: str, customer: New) -> None:
    her = await customer()
    noor, els = await signed_in(app, "noor"), await signed_in(app, "els")
    for who, code in ((els, 4401), (None, 4401)):
        cookie = {"Cookie": f"rechtdoor_session={who.cookies['rechtdoor_session']}"} if who else {}
        async with connect(f"ws://{address}/api/v1/desk/live", additional_headers=cookie) as socket:
            assert await closed_with(socket) == code
    cookie = {"Cookie": f"rechtdoor_session={noor.cookies['rechtdoor_session']}"}
    async with connect(f"ws://{address}/api/v1/desk/live", additional_headers=cookie) as socket:
        await until(socket, event="ready")
        await her.send(BALANCE)
        await until(socket, event="changed", conversation=her.id)
    url = f"ws://{address}/api/v1/desk/live"
    async with connect(url, additional_headers=cookie, origin="https://evil.example") as socket:
        assert await closed_with(socket) == 4403


async def test_a_listener_hears_each_id_once_and_leaves_nothing_behind() -> None:
    bus = Bus()
    with bus.subscribe("desk") as desk, bus.subscribe("desk:b") as one:
        for id_ in ("a", "b", "a"):
            bus.publish("desk", id_)
        assert await desk.next() == ["b", "a"]  # what was told again comes last
        assert await one.next() == ["b"]
    assert bus._listeners == {}


@pytest.mark.redis
async def test_with_redis_another_process_hears_it_too() -> None:
    probe = Redis.from_url(REDIS)
    try:
        await probe.ping()
    except RedisError:
        pytest.skip("Redis does not answer on 127.0.0.1:6379")
    finally:
        await probe.aclose()
    here, there = RedisBus(REDIS), RedisBus(REDIS)
    async with here.running(), there.running():
        with there.subscribe("conversation:x") as subscription:
            async with asyncio.timeout(5):
                await subscription.next()  # told to look once Redis listens
                here.publish("conversation", "x")
                assert await subscription.next() == ["x"]
