"""Who the customer is, over HTTP: refused in her own words, followed to her devices, and to nobody else's."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func
from sqlmodel import Session, select

from handoff import conversations, identity, reopen
from handoff.models import Conversation
from handoff.texts import shipped
from kb.encoder import Encoder

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .test_live import closed_with, listening, next_event, serving, until
from .vouching import BEA, FORGED, HOUR, SECRET, signed


@pytest.fixture
def given(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> tuple[str, Encoder, Path, Path, ScriptedBot]:
    return database_url, encoder, cache_dir, tmp_path, scripted


@pytest.fixture
async def shop(given: Any) -> AsyncIterator[FastAPI]:
    """The app of a shop that signs who its customers are."""
    async with running_app(*given, identity_secret=SECRET) as app:
        yield app


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def identify(
    client: httpx.AsyncClient, token: str, device: Customer | None = None, **more: Any
) -> httpx.Response:
    body = {"token": token} | ({"conversation_id": device.id} if device else {}) | more
    return await client.post("/api/v1/identity", json=body, headers=device.headers if device else {})


async def counted(app: FastAPI) -> int:
    return int(await app.state.it.read(lambda s: s.exec(select(func.count()).select_from(Conversation)).one()))


async def test_begun_with_a_token_the_conversation_is_hers(shop: FastAPI) -> None:
    client = client_of(shop)
    own = {"name": "Annie", "email": "typed@klant.example"}
    her = await new_customer(client, language="en", identity_token=signed(), identity=own)
    said = await new_customer(client, identity_token=signed({"sub": "48213"}), identity=own)
    plain = await new_customer(client, identity=own)

    def look(session: Session) -> list[tuple[Any, ...]]:
        rows = [conversations.get(session, c.id) for c in (her, said, plain)]
        return [
            (c.customer_ref, c.customer_name, identity.name_vouched(c), c.customer_email, identity.email_vouched(c))
            for c in rows
        ]

    assert await shop.state.it.read(look) == [
        ("48213", "An Peeters", True, "an@klant.example", True),
        ("48213", "Annie", False, "typed@klant.example", False),
        (None, "Annie", False, "typed@klant.example", False),
    ]


@pytest.mark.parametrize(
    "why", ["another key", "alg none", "RS256", "no exp", "no sub", "huge", "deep header", "emoji", "empty"]
)
async def test_a_wrong_token_is_refused_everywhere_in_her_words(shop: FastAPI, why: str) -> None:
    client, wrong = client_of(shop), FORGED[why]
    ascii_only = wrong.isascii() and len(wrong) < 10_000
    answers = [
        await client.post("/api/v1/conversations", json={"language": "en", "identity_token": wrong}),
        await identify(client, wrong),
    ]
    if ascii_only and wrong:
        path = "/api/v1/identity/conversations"
        answers += [
            await client.get(path, headers=bearer(wrong)),
            await client.post(f"{path}/x/access", headers=bearer(wrong)),
        ]
    for answer, language in zip(answers, ("en", "nl", "nl", "nl"), strict=False):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert (said["detail"], said["code"]) == (shipped(language)["error.identity_bad"], "identity_bad")
        assert SECRET not in answer.text
    assert await counted(shop) == 0


async def test_over_no_token_and_no_text_at_all(shop: FastAPI) -> None:
    client = client_of(shop)
    over = signed(exp=int(time.time()) - HOUR)
    english = {"Accept-Language": "en-GB"}
    answer = await client.post("/api/v1/identity", json={"token": over}, headers=english)
    assert (answer.status_code, answer.json()["detail"]) == (401, shipped("en")["error.identity_expired"])
    for path in ("/api/v1/identity/conversations", "/api/v1/identity/conversations/x/access"):
        answer = await client.request("POST" if path.endswith("access") else "GET", path)
        assert (answer.status_code, answer.json()["code"]) == (401, "identity_needed")
    for body in ({}, {"token": None}, {"token": 5}, {"token": signed(), "conversation_id": "x" * 65}):
        assert (await client.post("/api/v1/identity", json=body)).status_code == 422
    assert (await client.post("/api/v1/conversations", json={"identity_token": 5})).status_code == 422
    assert await counted(shop) == 0


async def test_a_shop_that_has_not_set_it_up_says_so(app: FastAPI) -> None:
    client = client_of(app)
    for answer in (
        await client.post("/api/v1/conversations", json={"identity_token": signed()}),
        await identify(client, signed()),
        await client.get("/api/v1/identity/conversations", headers=bearer(signed())),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "identity_off")
        assert answer.json()["detail"] == shipped("nl")["error.identity_off"]
    assert await counted(app) == 0


async def test_where_it_is_required_nobody_begins_unsigned(given: Any) -> None:
    async with running_app(*given, identity_secret=SECRET, identity_required=True) as app:
        client, path = client_of(app), "/api/v1/conversations"
        own = {"name": "An", "email": "an@klant.example"}
        for body in (None, {}, {"language": "en"}, {"identity": own}, {"identity_token": None}):
            answer = await client.post(path, json=body)
            language = (body or {}).get("language") or "nl"
            assert (answer.status_code, answer.json()["detail"]) == (401, shipped(language)["error.identity_needed"])
        beside = await client.post(path, json={"identity": own, "identity_token": signed()})
        assert (beside.status_code, beside.json()["code"]) == (401, "identity_bad")
        assert (await client.post(path, json={"identity_token": FORGED["another key"]})).status_code == 401
        assert await counted(app) == 0
        her = await new_customer(client, identity_token=signed(), identity={})
        assert (await her.send("hoe stuur ik iets terug?")).status_code == 202


async def test_an_idempotency_key_counts_for_its_customer_alone(shop: FastAPI) -> None:
    client, key = client_of(shop), {"Idempotency-Key": "a key of hers"}

    async def start(**more: Any) -> tuple[str, str]:
        answer = await client.post("/api/v1/conversations", json=more.pop("body", {}), headers=key | more)
        assert answer.status_code == 201
        return answer.json()["id"], answer.json()["token"]

    first = await start(body={"identity_token": signed()})
    assert await start(body={"identity_token": signed(exp=int(time.time()) + 60)}) == first
    agent = str(client.headers["user-agent"])
    others = [
        await start(body={"identity_token": signed(BEA)}),
        await start(),
        await start(**{"User-Agent": f"{agent} 48213"}),
        await start(**{"User-Agent": f"{agent}48213"}),
    ]
    assert len({first[0], *(other[0] for other in others)}) == 5


async def test_who_listens_with_a_link_from_before_is_shown_out(shop: FastAPI) -> None:
    async with serving(shop) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await new_customer(client)
        conversation = await shop.state.it.read(conversations.get, her.id)
        stranger = Customer(client, {"id": her.id, "token": reopen.access(conversation)})
        async with listening(address, stranger) as socket, listening(address, her) as own:
            assert [(await next_event(each))["event"] for each in (socket, own)] == ["ready", "ready"]
            assert (await identify(client, signed(), her)).status_code == 200
            assert await closed_with(socket) == 4401
            await own.send(json.dumps({"ping": 1}))
            assert (await until(own, event="pong"))["last_seq"] == 0
        async with listening(address, Customer(client, {"id": her.id, "token": "\ud800"})) as half:
            assert await closed_with(half) == 4401


async def test_her_conversation_follows_her_to_another_device(shop: FastAPI, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    phone, laptop = client_of(shop), client_of(shop)
    assert (await identify(phone, signed())).json() == {"id": None}
    her = await new_customer(phone, language="en")
    await her.send("mijn lamp zoemt")
    await her.until("queue")
    attached = await identify(phone, signed(), her)
    assert attached.json() == {"id": her.id, "token": her.token, "language": "en"}
    assert (await identify(phone, signed(), her)).json() == attached.json()  # a double submit
    there = (await identify(laptop, signed())).json()
    assert (there["id"], there["language"]) == (her.id, "en")
    assert there["token"] != her.token
    second = Customer(laptop, there)
    assert (await identify(laptop, signed(), second)).json() == there  # looking again costs no key
    assert (await her.send("vanaf mijn telefoon", client_id="p1")).status_code == 202
    assert (await second.send("vanaf mijn laptop", client_id="l1")).status_code == 202
    assert await her.messages() == await second.messages()
    assert [m["text"] for m in await second.messages() if m["author"] == "customer"] == [
        "mijn lamp zoemt", "vanaf mijn telefoon", "vanaf mijn laptop"]  # fmt: skip

    listed = (await laptop.get("/api/v1/identity/conversations", headers=bearer(signed()))).json()
    assert [(row["id"], row["last"], row["owner"]) for row in listed] == [(her.id, "vanaf mijn laptop", "queue")]
    assert set(listed[0]) == {"id", "language", "owner", "created_at", "changed_at", "last", "unread"}
    opened = await laptop.post(f"/api/v1/identity/conversations/{her.id}/access", headers=bearer(signed()))
    third = Customer(client_of(shop), opened.json())
    assert (await third.look())["id"] == her.id


async def test_both_devices_hear_of_it_on_their_sockets(shop: FastAPI) -> None:
    client = client_of(shop)
    her = await new_customer(client, identity_token=signed())
    second = Customer(client, (await identify(client, signed())).json())
    stale = Customer(client, {"id": her.id, "token": "stale"})
    async with serving(shop) as address, listening(address, her) as one, listening(address, second) as two:
        assert [(await next_event(socket))["event"] for socket in (one, two)] == ["ready", "ready"]
        await two.send(json.dumps({"send": {"client_id": "a", "text": "hoe stuur ik iets terug?"}}))
        assert (await until(two, event="stored"))["seq"] == 1
        await until(one, event="changed")
        assert (await her.messages())[0]["text"] == "hoe stuur ik iets terug?"
        async with listening(address, stale) as none:
            await none.wait_closed()
            assert none.close_code != 1000


async def test_other_peoples_ids_open_nothing(shop: FastAPI) -> None:
    client = client_of(shop)
    beas = await new_customer(client, identity_token=signed(BEA))
    nobodys = await new_customer(client)
    await beas.send("geheim van Bea")
    assert (await identify(client, signed(), beas)).json() == {"id": None}
    assert (await identify(client, signed(), conversation_id=nobodys.id)).json() == {"id": None}
    stale = Customer(client, {"id": nobodys.id, "token": beas.token})
    assert (await identify(client, signed(), stale)).json() == {"id": None}
    for id_ in (beas.id, nobodys.id, "nobody", "%00", "🎁", "x" * 5000):
        answer = await client.post(f"/api/v1/identity/conversations/{id_}/access", headers=bearer(signed()))
        assert (answer.status_code, answer.json()["detail"]) == (404, shipped("nl")["error.not_found"])
    assert (await client.get("/api/v1/identity/conversations", headers=bearer(signed()))).json() == []
    her = await new_customer(client, identity_token=signed())
    mine = (await identify(client, signed(), beas)).json()
    assert mine["id"] == her.id
    assert (await client.get(beas.path, headers=bearer(mine["token"]))).status_code == 404
    assert (await client.get(nobodys.path, headers=bearer(signed()))).status_code == 404  # the shop's token is no key


async def test_a_device_with_a_stale_token_gets_a_new_one(shop: FastAPI) -> None:
    client = client_of(shop)
    her = await new_customer(client, identity_token=signed())
    stale = Customer(client, {"id": her.id, "token": "evicted long ago"})
    found = (await identify(client, signed(), stale)).json()
    assert found["id"] == her.id
    assert (await Customer(client, found).look())["id"] == her.id


async def test_asked_for_twice_at_the_same_moment(shop: FastAPI) -> None:
    client = client_of(shop)
    her = await new_customer(client)
    await her.send("mijn lamp zoemt")
    mixed = [signed() if n % 2 else signed(BEA) for n in range(8)]
    answers = [a.json() for a in await asyncio.gather(*(identify(client, token, her) for token in mixed))]
    winners = {token == signed() for token, a in zip(mixed, answers, strict=True) if a["id"]}
    assert len(winners) == 1
    assert [a["id"] for a in answers].count(her.id) == 4
    assert {a.get("token") for a in answers} == {her.token, None}


async def test_another_site_may_not_ask(shop: FastAPI) -> None:
    answer = await client_of(shop, headers={"Origin": "https://evil.example"}).post(
        "/api/v1/identity", json={"token": signed()}
    )
    assert answer.status_code == 403


async def test_who_asks_too_often_is_held_back(given: Any) -> None:
    async with running_app(*given, identity_secret=SECRET, rate_limits=True, rate_identity="3/hour") as app:
        client = client_of(app)
        tokens = [signed(), FORGED["another key"], signed(), signed()]
        assert [(await identify(client, token)).status_code for token in tokens] == [200, 401, 200, 429]
        assert (await client.get("/api/v1/identity/conversations", headers=bearer(signed()))).status_code == 429


async def test_the_desk_says_whether_the_shop_vouches(shop: FastAPI) -> None:
    client, noor = client_of(shop), await signed_in(shop, "noor")
    her = await new_customer(client, identity_token=signed())
    own = await new_customer(client, identity={"name": "An Peeters", "email": "an@klant.example"})
    asked = {c.id: (await noor.get(f"/api/v1/desk/conversations/{c.id}")).json()["context"] for c in (her, own)}
    assert [asked[her.id][k] for k in ("customer_ref", "name_vouched", "email_vouched")] == ["48213", True, True]
    assert [asked[own.id][k] for k in ("customer_ref", "name_vouched", "email_vouched")] == [None, False, False]
    left = await client.post(f"{her.path}/address", json={"email": "werk@klant.example"}, headers=her.headers)
    assert left.status_code == 200
    about = (await noor.get(f"/api/v1/desk/conversations/{her.id}")).json()["context"]
    assert about["customer_email"] == "werk@klant.example"
    assert (about["name_vouched"], about["email_vouched"]) == (True, False)
    listed = (await noor.get(f"/api/v1/desk/conversations/{own.id}/earlier")).json()["conversations"]
    assert listed == []
