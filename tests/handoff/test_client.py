"""The client for apps: over a real server and a line that is cut, everything once and in order; errors by kind."""

import ast
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import uvicorn
from fastapi import FastAPI

from handoff import client as whole
from handoff.client import (
    Client,
    Conflict,
    Conversation,
    Invalid,
    Message,
    NotFound,
    Problem,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
    chat,
)
from kb.encoder import Encoder

from .app import running_app, signed_in
from .conftest import ScriptedBot, act
from .pictures import picture

BALANCE = "hoeveel staat er op mn cadeaukaart"
SECRET = "a secret of the shop's with many characters"
Run = Callable[..., Any]


@asynccontextmanager
async def serving(app: FastAPI, port: int = 0, **more: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_level="warning", **more))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "FIRST_S", 0.02)
    monkeypatch.setattr(chat, "READ_S", 0.1)


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[Client]:
    async with Client(address, language="nl") as client:
        yield client


class Line:
    """A line to the server that can be cut: every connection ends in the middle of whatever it was doing."""

    def __init__(self, port: int) -> None:
        self.port, self.pairs, self.cuts, self.dead = port, set[asyncio.StreamWriter](), 0, False

    def cut(self) -> None:
        """Cut everything that is open now."""
        self.cuts += bool(self.pairs)
        for writer in self.pairs:
            writer.transport.abort()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        if self.dead:
            return writer.transport.abort()
        there_reader, there = await asyncio.open_connection("127.0.0.1", self.port)
        self.pairs |= {writer, there}
        try:
            await asyncio.gather(pump(reader, there), pump(there_reader, writer))
        finally:
            self.pairs -= {writer, there}


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def line_to(address: str) -> AsyncIterator[tuple[Line, str]]:
    line = Line(int(address.rsplit(":", 1)[1]))
    server = await asyncio.start_server(line.take, "127.0.0.1", 0)
    yield line, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    line.dead = True
    line.cut()
    server.close()
    await asyncio.sleep(0.05)


async def owned(talk: Conversation, owner: str) -> None:
    async with asyncio.timeout(10):
        while (await talk.look())["owner"] != owner:
            await asyncio.sleep(0.02)


async def reply(talk: Conversation, kind: str) -> Message:
    async with asyncio.timeout(10):
        while True:
            for message in await talk.messages():
                if message["kind"] == kind:
                    return message
            await asyncio.sleep(0.02)


async def helped_by(app: FastAPI, talk: Conversation, scripted: ScriptedBot) -> Callable[[str], Awaitable[Any]]:
    """Lets Noor take the conversation; how she says something."""
    scripted.says = lambda body: [act("handoff", reason="requested")]
    await talk.send("een mens graag")
    await owned(talk, "queue")
    noor = await signed_in(app, "noor")
    path = f"/api/v1/desk/conversations/{talk.id}"
    assert (await noor.post(f"{path}/claim")).status_code == 200
    count = iter(range(10**6))

    async def say(text: str) -> None:
        answer = await noor.post(f"{path}/messages", json={"client_id": f"n{next(count)}", "text": text})
        assert answer.status_code < 300, answer.text

    return say


async def test_a_conversation_from_question_to_rating(app: FastAPI, client: Client, scripted: ScriptedBot) -> None:
    talk = await client.start(language="nl", page_url="https://shop.example/app", key="a key of this device")
    again = await client.start(language="nl", page_url="https://shop.example/app", key="a key of this device")
    assert (again.id, again.token) == (talk.id, talk.token)
    assert await talk.send(BALANCE, client_id="a") == await talk.send(BALANCE, client_id="a") == 1
    answer = await reply(talk, "answer")
    assert answer["answers_seq"] == 1
    assert "/cadeaubon/saldo" in answer["html"]
    assert answer["ask_helped"]
    await talk.helped(False)
    await reply(talk, "rephrase")
    say = await helped_by(app, talk, scripted)
    assert talk.state is not None
    await say("Stuur een foto.")
    sent = await talk.send_file("bon.jpg", picture(), caption="hier", client_id="f")
    assert await talk.send_file("bon.jpg", picture(), caption="hier", client_id="f") == sent
    assert (sent["text"], sent["file"]["media_type"], sent["file"]["width"]) == ("hier", "image/jpeg", 60)
    await talk.seen((await talk.look())["last_seq"])
    await talk.end()
    await owned(talk, "closed")
    assert (await talk.rate(score=9, solved=True, words="fijn"))["score"] == 9
    later = client.resume(talk.id, talk.token)
    assert [m["seq"] for m in await later.messages()] == list(range(1, (await later.look())["last_seq"] + 1))
    assert (await later.messages(after=1, limit=1))[0]["seq"] == 2


async def test_choosing_and_declining(client: Client, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("clarify")] if body["message"] == "saldo of levertijd" else [act("answer")]
    talk = await client.start(language="nl")
    await talk.send("saldo of levertijd")
    async with asyncio.timeout(10):
        while not (rows := [m for m in await talk.messages() if m["author"] == "bot"]):
            await asyncio.sleep(0.02)
    if options := rows[0].get("options"):
        await talk.choose(options[0]["key"])
        assert (await reply(talk, "choice"))["text"] == options[0]["question"]
    with pytest.raises(Invalid):
        await talk.choose("never-offered")
    await talk.none_of_these()
    assert (await reply(talk, "none_of_these"))["author"] == "customer"


async def test_leaving_an_address_instead_of_waiting(client: Client, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    talk = await client.start(language="nl")
    await talk.send("mijn lamp zoemt")
    await owned(talk, "queue")
    offer = await talk.contact()
    assert offer["calls"]
    promise = await talk.leave_contact("call", phone="+31 20 123 45 67", from_at=offer["calls"][0]["from_at"])
    assert promise is not None
    assert promise["kind"] == "call"
    assert (await talk.look())["owner"] == "bot"
    with pytest.raises(Conflict):
        await talk.leave_queue()


async def test_errors_are_typed(client: Client) -> None:
    talk, other = await client.start(language="nl"), await client.start(language="nl")
    for text in ("", "  ", "x" * 4001):
        with pytest.raises(Invalid) as invalid:
            await talk.send(text)
        assert invalid.value.status == 422
        assert len(invalid.value.detail) > 10
    assert "4000" in invalid.value.detail
    with pytest.raises(Invalid) as fields:
        await talk.send("x", kind="shout")
    assert fields.value.errors[0]["at"].endswith("kind")
    with pytest.raises(NotFound):
        await client.resume(talk.id, other.token).send("hoi")
    with pytest.raises(NotFound):
        await client.resume("nobody", talk.token).look()
    with pytest.raises(Unauthorized):
        await client.resume(talk.id, "").look()
    with pytest.raises(Conflict):
        await talk.rate(score=3)  # nothing was said yet
    with pytest.raises(TooLarge):
        await talk.send("hoi", page="x" * 1_100_000)
    with pytest.raises(Invalid):
        await talk.send_file("x.exe", b"MZ")
    with pytest.raises(Unauthorized) as off:
        await client.start(identity_token="e.y.J")
    assert off.value.code == "identity_off"
    assert isinstance(off.value, Problem)
    assert await talk.messages() == []


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with Client("http://127.0.0.1:9") as client:
        began = time.monotonic()
        with pytest.raises(Unavailable) as nobody:
            await client.start()
    assert nobody.value.status == 0
    assert time.monotonic() - began < 5


class LosesAnswers(httpx.AsyncBaseTransport):
    """Every second answer is lost, after the server did what it was asked."""

    def __init__(self) -> None:
        self.real, self.count = httpx.AsyncHTTPTransport(), 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.real.handle_async_request(request)
        await answer.aread()
        self.count += 1
        if self.count % 2:
            raise httpx.ReadError("the line is gone", request=request)
        return answer

    async def aclose(self) -> None:
        await self.real.aclose()


async def test_lost_answers_make_nothing_twice(app: FastAPI, address: str) -> None:
    async with httpx.AsyncClient(transport=LosesAnswers()) as http, Client(address, http=http) as client:
        talk = await client.start(language="nl")
        numbers = [await talk.send(text) for text in (BALANCE, "levertijd")]
        file = await talk.send_file("bon.jpg", picture())
        await reply(talk, "answer")
        said = [m for m in await talk.messages() if m["author"] == "customer"]
        assert [m["seq"] for m in said] == [*numbers, file["seq"]]


async def test_too_often_says_when_again(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    limits = {"rate_limits": True, "rate_messages": "2/minute"}
    async with (
        running_app(database_url, encoder, cache_dir, tmp_path, scripted, **limits) as app,
        serving(app) as address,
        Client(address) as client,
    ):
        chat_s = chat.MOST_S
        try:
            chat.MOST_S = 1.0  # does not wait for longer than that
            talk = await client.start(language="nl")
            for text in ("een", "twee"):
                await talk.send(text)
            with pytest.raises(TooMany) as often:
                await talk.send("drie")
        finally:
            chat.MOST_S = chat_s
    assert often.value.retry_after is not None
    assert 1 < often.value.retry_after <= 60


async def test_who_she_is_goes_with_her_to_another_device(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    async with (
        running_app(database_url, encoder, cache_dir, tmp_path, scripted, identity_secret=SECRET) as app,
        serving(app) as address,
        Client(address) as client,
    ):
        token = jwt.encode({"sub": "klant 7", "exp": int(time.time()) + 600}, SECRET, "HS256")
        other = jwt.encode({"sub": "klant 8", "exp": int(time.time()) + 600}, SECRET, "HS256")
        talk = await client.start(identity_token=token, language="nl")
        await talk.send(BALANCE)
        found = await client.identify(token)
        assert found is not None
        assert found.id == talk.id
        assert (await found.messages())[0]["text"] == BALANCE
        assert await client.identify(other) is None
        mine = await client.start(language="nl")
        kept = await client.identify(other, mine)
        assert kept is not None
        assert kept.id == mine.id
        with pytest.raises(Unauthorized) as bad:
            await client.identify(token + "x")
        assert bad.value.code == "identity_bad"


async def listened(talk: Conversation, into: list[Message], after: int = 0) -> None:
    async with aclosing(talk.listen(after)) as rows:
        async for row in rows:
            into.append(row)


async def until(met: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.02)


async def test_everything_once_and_in_order_over_a_line_that_is_cut(
    app: FastAPI, address: str, scripted: ScriptedBot
) -> None:
    async with line_to(address) as (line, bad), Client(bad, language="nl") as there, Client(address) as client:
        talk = await client.start(language="nl")
        say = await helped_by(app, talk, scripted)
        got: list[Message] = []
        listening = asyncio.create_task(listened(there.resume(talk.id, talk.token), got))
        await until(lambda: len(got) > 2)
        for number in range(40):
            await say(f"regel {number}")
            if number % 8 == 3:
                line.cut()
            if number % 16 == 5:
                line.dead = True
            if number % 16 == 11:
                line.dead = False
            await asyncio.sleep(0.01)
        line.dead = False
        last = (await talk.look())["last_seq"]
        await until(lambda: bool(got) and got[-1]["seq"] >= last)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert line.cuts >= 3
    assert [m["seq"] for m in got] == list(range(1, last + 1))
    assert [m["text"] for m in got if m["author"] == "agent"] == [f"regel {n}" for n in range(40)]


async def test_it_goes_on_after_the_server_was_started_anew(
    app: FastAPI, scripted: ScriptedBot
) -> None:
    got: list[Message] = []
    async with serving(app) as address:
        port = int(address.rsplit(":", 1)[1])
        async with Client(address) as client:
            talk = await client.start(language="nl")
            await talk.send(BALANCE)
            await reply(talk, "answer")
    async with Client(address) as client:
        listening = asyncio.create_task(listened(client.resume(talk.id, talk.token), got))
        await asyncio.sleep(0.3)
        assert got == []
        async with serving(app, port):
            await until(lambda: len(got) == 2)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    assert [m["kind"] for m in got] == ["text", "answer"]


async def test_events_tell_the_state_and_that_the_agent_types(
    app: FastAPI, client: Client, scripted: ScriptedBot
) -> None:
    talk = await client.start(language="nl")
    heard: list[dict[str, Any]] = []
    got: list[Message] = []

    async def listen() -> None:
        async with aclosing(talk.listen(told=heard.append)) as rows:
            async for row in rows:
                got.append(row)

    listening = asyncio.create_task(listen())
    await helped_by(app, talk, scripted)
    await until(lambda: talk.state is not None and talk.state["owner"] == "agent" and len(got) > 2)
    assert talk.state is not None
    assert talk.state["agent_name"] == "Noor"
    app.state.it.bus.publish("moment", f"{talk.id} agent")
    await until(lambda: any(event["event"] == "typing" for event in heard))
    assert heard[0]["event"] == "ready"
    with app.state.it.bus.subscribe(f"moment:{talk.id}") as moments:
        await talk.typing()
        async with asyncio.timeout(5):
            assert await moments.next() == [f"{talk.id} customer"]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await talk.typing()  # there is no line, and nothing to tell


async def test_another_token_ends_listening(client: Client) -> None:
    talk, other = await client.start(), await client.start()
    with pytest.raises(NotFound):
        await asyncio.wait_for(listened(client.resume(talk.id, other.token), []), 10)
    with pytest.raises(Unauthorized):
        await asyncio.wait_for(listened(client.resume(talk.id, ""), []), 10)


async def test_without_sockets_it_reads_on_now_and_then(app: FastAPI, scripted: ScriptedBot) -> None:
    async with serving(app, ws="none") as address, Client(address) as client:
        talk = await client.start(language="nl")
        got: list[Message] = []
        listening = asyncio.create_task(listened(talk, got))
        await talk.send(BALANCE)
        await until(lambda: len(got) == 2)
        await talk.send("levertijd")
        await until(lambda: len(got) == 4)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert [m["seq"] for m in got] == [1, 2, 3, 4]


def test_pauses_grow_and_are_never_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "FIRST_S", 0.5)
    for fails, least, most in ((1, 0.25, 0.75), (3, 1.0, 3.0), (50, 15.0, 45.0)):
        found = [chat.pause(fails) for _ in range(200)]
        assert least <= min(found) < max(found) <= most
        assert len(set(found)) > 150


def test_it_needs_nothing_of_ours() -> None:
    files = sorted(Path(whole.__file__).parent.glob("*.py"))
    assert len(files) > 2
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level < 2, file
                names = [node.module or ""] if not node.level else []
            for name in names:
                top = name.split(".")[0]
                assert top in sys.stdlib_module_names | {"httpx", "websockets"}, f"{file.name}: {name}"
