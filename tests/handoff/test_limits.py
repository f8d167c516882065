"""Limits on the API, the pages and the sockets: who goes too fast is told when to try again, and nothing is lost."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from handoff.supervise import app_plan
from kb.encoder import Encoder

from .app import PASSWORD, Customer, new_customer, running_app
from .conftest import ScriptedBot
from .pictures import picture
from .test_live import closed_with, listening, serving

Limited = Callable[..., Awaitable[FastAPI]]
MANY = 10


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass for what is counted: on a slow machine a real window is over before it is full."""
    real, gone = time.time, 0.0

    def later(seconds: float) -> None:
        nonlocal gone
        gone += seconds

    monkeypatch.setattr(time, "time", lambda: real() + gone)
    return later


@pytest.fixture
async def limited(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[Limited]:
    """Starts an app with limits, all but those that are given at their defaults."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> FastAPI:
            more = {"rate_limits": True} | settings
            return await stack.enter_async_context(
                running_app(database_url, encoder, cache_dir, tmp_path, scripted, **more)
            )

        yield start


def at(app: FastAPI, host: str = "127.0.0.1", **more: Any) -> httpx.AsyncClient:
    """A caller at this address."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(host, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test", **more)


def refused(answer: httpx.Response) -> int:
    """How long a refused caller is to wait, everything about the refusal being right."""
    assert answer.status_code == 429, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["title"], body["type"]) == (429, "Too Many Requests", "about:blank")
    assert int(answer.headers["retry-after"]) == body["retry_after"] >= 1
    return int(body["retry_after"])


async def said(her: Customer) -> list[str]:
    return [m["text"] for m in await her.messages() if m["author"] == "customer"]


async def test_a_message_too_soon_is_refused_in_words_and_kept_by_nobody(
    limited: Limited, later: Callable[[float], None]
) -> None:
    client = at(await limited(rate_messages="3/minute"))
    her, english = await new_customer(client, language="nl"), await new_customer(client, language="en")
    for number in range(3):
        assert (await her.send(f"vraag {number}")).status_code == 202
        assert (await english.send(f"question {number}")).status_code == 202
    wait = refused(answer := await her.send("vraag 3", client_id="late"))
    assert 1 < wait <= 120
    assert answer.json()["detail"].startswith("Dat ging even te snel. Probeer het over ")
    assert (await english.send("too fast")).json()["detail"].startswith("That went a little fast. Try again in ")
    assert await said(her) == ["vraag 0", "vraag 1", "vraag 2"]

    later(wait)
    assert (await her.send("vraag 3", client_id="late")).status_code == 202
    assert await said(her) == ["vraag 0", "vraag 1", "vraag 2", "vraag 3"]


async def test_a_resend_is_the_same_message_however_often(limited: Limited) -> None:
    her = await new_customer(at(await limited(rate_messages="2/hour")))
    seqs = [(await her.send("eens", client_id="one")).json()["seq"] for _ in range(8)]
    assert len(set(seqs)) == 1
    assert (await her.send("nog eens", client_id="two")).status_code == 202
    refused(await her.send("te veel", client_id="three"))
    assert (await her.send("nog eens", client_id="two")).status_code == 202  # at the limit too
    assert await said(her) == ["eens", "nog eens"]


async def test_of_a_burst_exactly_as_many_are_stored(limited: Limited) -> None:
    her = await new_customer(at(await limited(rate_messages="5/hour")))
    answers = await asyncio.gather(*(her.send(f"{n}", client_id=f"c{n}") for n in range(30)))
    assert sorted(a.status_code for a in answers) == [202] * 5 + [429] * 25
    taken = {f"{n}" for n, answer in enumerate(answers) if answer.status_code == 202}
    assert sorted(await said(her)) == sorted(taken)


async def test_nobody_uses_up_anothers_conversation(limited: Limited) -> None:
    app = await limited(rate_messages="2/hour")
    her = await new_customer(at(app))
    thief = Customer(at(app, "192.0.2.66"), {"id": her.id, "token": "x" * 43})
    for _ in range(MANY):
        assert (await thief.send("weg ermee")).status_code == 404
    assert (await her.send("nog van mij")).status_code == 202


async def test_one_address_over_all_its_conversations(limited: Limited) -> None:
    app = await limited(rate_address="4/hour", rate_starts="")
    here, there = at(app, "192.0.2.1"), at(app, "192.0.2.2")
    house = [await new_customer(here) for _ in range(3)]
    codes = [(await her.send(f"{n}", client_id=f"c{n}")).status_code for n in range(2) for her in house]
    assert codes == [202] * 4 + [429] * 2
    assert (await (await new_customer(there)).send("hoi")).status_code == 202


async def test_the_defaults_hold_for_a_fast_typist_and_a_busy_house(limited: Limited) -> None:
    """Six people behind one address, each with a message every four seconds, for as long as that may be."""
    client = at(await limited())
    house = [await new_customer(client) for _ in range(6)]
    for n in range(15):
        for her in house:
            assert (await her.send(f"bericht {n}")).status_code == 202


async def test_conversations_are_started_so_often_and_again_for_nothing(limited: Limited) -> None:
    app = await limited(rate_starts="3/hour")
    client = at(app)
    key = {"Idempotency-Key": "dezelfde-sleutel"}
    ids = {(await client.post("/api/v1/conversations", headers=key)).json()["id"] for _ in range(8)}
    assert len(ids) == 1
    assert [(await client.post("/api/v1/conversations")).status_code for _ in range(3)] == [201, 201, 429]
    assert (await client.post("/api/v1/conversations", headers=key)).json()["id"] in ids
    wait = refused(answer := await client.post("/api/v1/conversations", headers={"Accept-Language": "en"}))
    assert 0 < wait <= 2 * 3600  # hours begin by the clock: at the end of one it is less than a minute
    assert any(unit in answer.json()["detail"] for unit in ("seconds", "minutes", "hours"))
    assert (await at(app, "192.0.2.9").post("/api/v1/conversations")).status_code == 201


async def test_files_mails_and_ratings(limited: Limited) -> None:
    app = await limited(rate_files="1/hour", rate_mails="2/hour", rate_address_mails="3/hour", rate_address="7/hour",
                        smtp_url="smtp://127.0.0.1:9?tls=none", mail_from="a@shop.example")  # fmt: skip
    client = at(app)
    her, him = await new_customer(client), await new_customer(client)

    async def file(client_id: str) -> httpx.Response:
        form = {"file": ("foto.jpg", picture(), "image/jpeg")}
        return await client.post(f"{her.path}/files", params={"client_id": client_id}, files=form, headers=her.headers)

    assert [(await file(one)).status_code for one in ("a", "a", "b")] == [201, 201, 429]

    async def address(who: Customer) -> int:
        body = {"email": "zij@klant.example"}
        return (await client.post(f"{who.path}/address", json=body, headers=who.headers)).status_code

    assert [await address(who) for who in (her, her, her, him, him)] == [200, 200, 429, 200, 429]
    leave = {"client_id": "l", "kind": "answer", "email": "hij@klant.example"}
    refused(await client.post(f"{him.path}/contact", json=leave, headers=him.headers))

    async def rated() -> int:
        return (await client.post(f"{her.path}/rating", json={"score": 9}, headers=her.headers)).status_code

    codes = [await rated() for _ in range(8)]
    assert 429 in codes
    assert codes[-1] == 429


async def test_left_again_is_not_counted_again(limited: Limited) -> None:
    her = await new_customer(client := at(await limited(rate_mails="1/hour")))
    await her.send("waar blijft mijn pakje")
    body = {"client_id": "one", "kind": "answer", "email": "zij@klant.example"}
    answers = [await client.post(f"{her.path}/contact", json=body, headers=her.headers) for _ in range(4)]
    assert [a.status_code for a in answers] == [201] * 4
    refused(await client.post(f"{her.path}/contact", json=body | {"client_id": "two"}, headers=her.headers))


async def test_passwords_are_not_tried_without_end(limited: Limited) -> None:
    app = await limited(rate_logins="3/hour", rate_address_logins="6/hour")

    async def login(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
        return await client.post("/api/v1/login", json={"email": f"{name}@shop.example", "password": password})

    here = at(app, "192.0.2.1")
    assert [(await login(here, "noor", f"geraden {n}")).status_code for n in range(3)] == [401] * 3
    refused(await login(here, "noor"))  # the right one, too late
    refused(await login(here, " NOOR"))
    assert (await login(at(app, "192.0.2.2"), "noor")).status_code == 200  # her, at her own desk
    assert [(await login(here, "sam", "x")).status_code for _ in range(4)] == [401, 401, 401, 429]
    refused(await login(here, "els"))  # six tries from one address, whoever they are for

    form = {"email": "els@shop.example", "password": "x", "next": "/review"}
    page = await here.post("/login", data=form, headers={"Accept-Language": "nl"})
    assert (page.status_code, "retry-after" in page.headers) == (429, True)
    assert "Dat was te vaak achter elkaar" in page.text
    assert "els@shop.example" in page.text


async def test_asking_for_mails_with_a_link_is_counted(limited: Limited) -> None:
    client = at(await limited(rate_address_mails="2/hour"), headers={"Accept-Language": "en"})
    pages = [await client.post("/forgot", data={"email": f"{n}@shop.example"}) for n in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 429]
    assert "That was too often in a row. Try again in" in pages[-1].text
    assert 0 < int(pages[-1].headers["retry-after"]) <= 2 * 3600  # hours begin by the clock


async def test_the_faq_is_searched_so_often_and_read_on(limited: Limited) -> None:
    client = at(await limited(rate_faq="2/hour", rate_helped="1/hour"))
    look = {"q": "cadeaubon"}
    assert [(await client.get("/faq/nl", params=look)).status_code for _ in range(2)] == [200, 200]
    page = await client.get("/faq/nl", params=look)
    assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "Dat ging even te snel. Probeer het over" in page.text
    assert "<html" in page.text
    assert 0 < int(page.headers["retry-after"]) <= 2 * 3600
    refused(await client.get("/faq/nl", params=look | {"part": "1"}))
    assert (await client.get("/faq/nl")).status_code == 200
    assert (await client.get("/faq/nl/return-how")).status_code == 200
    lost = await client.get("/faq/nl/return-hoe")
    assert lost.status_code == 404  # and nothing was searched for it
    assert "/faq/nl/return-how" not in lost.text

    said = {"word": "y"}
    first = await client.post("/faq/nl/return-how/helped", data=said)
    assert first.status_code == 303
    refused(await client.post("/faq/nl/return-how/helped", data=said, headers={"X-Part": "1"}))


FORGED = {"X-Forwarded-For": "198.51.100.7"}


async def test_a_caller_cannot_say_where_she_is(limited: Limited, caplog: pytest.LogCaptureFixture) -> None:
    app = await limited(rate_starts="2/hour")
    client = at(app, "203.0.113.5")
    others = [FORGED | {"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"198.51.100.{n}"} for n in range(4)]
    codes = [(await client.post("/api/v1/conversations", headers=one)).status_code for one in others]
    assert codes == [201, 201, 429, 429]
    told = [record for record in caplog.records if "TRUSTED_PROXIES" in record.getMessage()]
    assert len(told) == 1  # the shop is told that a proxy may stand there, once


async def test_a_proxy_that_is_named_is_believed(limited: Limited) -> None:
    app = await limited(rate_starts="1/hour", trusted_proxies="10.0.0.0/8")
    proxy, stranger = at(app, "10.0.0.3"), at(app, "203.0.113.5")

    async def start(client: httpx.AsyncClient, chain: str) -> int:
        return (await client.post("/api/v1/conversations", headers={"X-Forwarded-For": chain})).status_code

    assert [await start(proxy, f"198.51.100.{n}") for n in range(3)] == [201] * 3
    assert await start(proxy, "198.51.100.1") == 429
    # What she put in front herself is not looked at: the proxy added her own address at the end.
    assert await start(proxy, "192.0.2.200, 198.51.100.1") == 429
    assert await start(proxy, "192.0.2.201, 198.51.100.1, 10.0.0.4") == 429
    assert [await start(stranger, f"192.0.2.{n}") for n in range(2)] == [201, 429]


async def test_behind_a_proxy_with_https_the_cookie_is_for_https(limited: Limited) -> None:
    app = await limited(trusted_proxies="10.0.0.3")
    body = {"email": "noor@shop.example", "password": PASSWORD}
    over = {"X-Forwarded-Proto": "https"}
    believed = await at(app, "10.0.0.3").post("/api/v1/login", json=body, headers=over)
    claimed = await at(app, "10.0.0.4").post("/api/v1/login", json=body, headers=over)
    assert ["Secure" in one.headers["set-cookie"] for one in (believed, claimed)] == [True, False]


async def test_of_ipv6_a_whole_household_counts_as_one(limited: Limited) -> None:
    app = await limited(rate_starts="1/hour")
    hosts = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1", "::ffff:192.0.2.4", "192.0.2.4", "fe80::1%a")
    codes = [(await at(app, host).post("/api/v1/conversations")).status_code for host in hosts]
    assert codes == [201, 429, 201, 201, 429, 201]


def test_uvicorn_believes_nobody_by_itself(tmp_path: Path) -> None:
    from handoff.settings import Settings

    argv = app_plan(Settings(_env_file=None, var_dir=tmp_path), 5055).argv
    assert "--no-proxy-headers" in argv
    assert int(argv[argv.index("--ws-max-size") + 1]) >= 64_000


# --- other sites -----------------------------------------------------------------------------------------------------


def customer_routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every route of the customer's API."""
    return [
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, about in methods.items()
        if "customer" in about.get("tags", [])
    ]


async def test_another_site_is_refused_on_every_customers_route(limited: Limited) -> None:
    """With the right token too: a page that may not embed the widget has no business with it."""
    app = await limited(rate_limits=False, allowed_origins="https://shop.example")
    client = at(app)
    her, ours = await new_customer(client), {"Origin": "https://shop.example"}
    routes = customer_routes(app)
    assert {"/api/v1/conversations", "/api/v1/conversations/{conversation_id}/messages"} <= {path for _, path in routes}
    public = {"/api/v1/texts", "/api/v1/hours", "/api/v1/wait"}  # the same for everybody, and changes nothing
    for method, path in routes:
        if path in public:
            continue
        address = path.replace("{conversation_id}", her.id)
        for origin in ("https://evil.example", "null", "https://shop.example.evil.example"):
            answer = await client.request(method, address, headers=her.headers | {"Origin": origin}, json={})
            assert answer.status_code == 403, (method, path, origin, answer.status_code)
        allowed = await client.request(method, address, headers=her.headers | ours, json={})
        assert allowed.status_code != 403, (method, path)
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-origin" not in answer.headers
    assert await said(her) == []


async def test_an_allowed_site_can_read_when_to_try_again(limited: Limited) -> None:
    client = at(await limited(rate_starts="1/hour", allowed_origins="https://shop.example"))
    origin = {"Origin": "https://shop.example"}
    assert (await client.post("/api/v1/conversations", headers=origin)).status_code == 201
    answer = await client.post("/api/v1/conversations", headers=origin)
    refused(answer)
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()


# --- sockets ---------------------------------------------------------------------------------------------------------


async def test_over_the_socket_a_message_too_soon_is_refused_too(
    limited: Limited, later: Callable[[float], None]
) -> None:
    app = await limited(rate_messages="2/minute")
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await new_customer(client, language="nl")
        async with listening(address, her) as socket:
            for n in range(3):
                await socket.send(json.dumps({"send": {"client_id": f"c{n}", "text": f"{n}"}}))
            events = await about(socket, 3)
            assert [e["event"] for e in events] == ["stored", "stored", "problem"]
            assert (events[2]["status"], events[2]["client_id"]) == (429, "c2")
            assert events[2]["detail"].startswith("Dat ging even te snel.")
            later(events[2]["retry_after"])
            await socket.send(json.dumps({"send": {"client_id": "c2", "text": "2"}}))
            await socket.send(json.dumps({"send": {"client_id": "c0", "text": "0"}}))  # known already
            assert [e["event"] for e in await about(socket, 2)] == ["stored", "stored"]
        assert await said(her) == ["0", "1", "2"]


async def refused_with(address: str, her: Customer, **more: Any) -> int:
    """The code with which her socket is closed, before or after its first frame."""
    async with connect(f"ws://{address}{her.path}/live", **more) as socket:
        with suppress(ConnectionClosed):
            await socket.send(json.dumps({"token": her.token}))
        return await closed_with(socket)


async def about(socket: Any, many: int) -> list[dict[str, Any]]:
    """The next events about what was sent."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(found) < many:
            event = json.loads(await socket.recv())
            if event["event"] in ("stored", "problem"):
                found.append(event)
    return found


async def test_frames_that_come_too_fast_wait_their_turn(limited: Limited) -> None:
    app = await limited(frames_per_s=10)
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await new_customer(client)
        async with listening(address, her) as socket, asyncio.timeout(20):
            for _ in range(30):
                await socket.send('{"ping": 1}')
            at, started, pongs = asyncio.get_running_loop().time, 0.0, 0
            started = at()
            while pongs < 30:
                pongs += json.loads(await socket.recv())["event"] == "pong"
            assert 1.5 < at() - started  # ten at once, the other twenty in two seconds


async def test_so_many_sockets_for_a_conversation_and_an_address(limited: Limited) -> None:
    app = await limited(sockets_per_conversation=2, sockets_per_address=3)
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her, him = await new_customer(client), await new_customer(client)
        async with AsyncExitStack() as stack:
            for _ in range(2):
                socket = await stack.enter_async_context(listening(address, her))
                assert json.loads(await socket.recv())["event"] == "ready"
            assert await refused_with(address, her) == 4429
            his = await stack.enter_async_context(listening(address, him))
            assert json.loads(await his.recv())["event"] == "ready"
            assert await refused_with(address, him) == 4429
        async with asyncio.timeout(5):
            while app.state.it.sockets:
                await asyncio.sleep(0.02)
        async with listening(address, her) as socket:
            assert json.loads(await socket.recv())["event"] == "ready"


async def test_sockets_that_say_nothing_count_for_their_address(limited: Limited) -> None:
    app = await limited(sockets_per_address=1)
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await new_customer(client)
        async with connect(f"ws://{address}{her.path}/live"):
            await asyncio.sleep(0.1)
            assert await refused_with(address, her) == 4429


async def test_a_socket_from_another_site_is_closed_at_once(limited: Limited) -> None:
    app = await limited(allowed_origins="https://shop.example")
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await new_customer(client)
        for origin in ("https://evil.example", "null"):
            assert await refused_with(address, her, origin=origin) == 4403
        async with listening(address, her, origin="https://shop.example") as socket:
            assert json.loads(await socket.recv())["event"] == "ready"


async def test_what_she_types_is_never_html(limited: Limited) -> None:
    """Her words come back as text alone, whatever they are; only what editors and agents write is rendered."""
    typed = ["<img src=x onerror=alert(1)>", "[klik](javascript:alert(1))", "**vet** <script>1</script>", "&lt;b&gt;"]
    her = await new_customer(client := at(await limited()))
    for words in typed:
        await her.send(words)
    form = {"file": ("<b>.jpg", picture(), "image/jpeg")}
    await client.post(f"{her.path}/files", params={"client_id": "f"}, files=form, data={"caption": typed[0]},
                      headers=her.headers)  # fmt: skip
    mine = [m for m in await her.messages() if m["author"] == "customer"]
    assert [m["text"] for m in mine] == [*typed, typed[0]]
    assert not any("html" in m for m in mine)


