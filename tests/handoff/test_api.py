"""The JSON API: the story over HTTP, other people's ids, bad input everywhere."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from handoff.context import device_line
from kb.encoder import Encoder

from .app import PASSWORD, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act

BALANCE = "hoeveel staat er op mn cadeaukaart"
PIN = "de helft van de pincode is weggekrast, wat nu"


async def test_the_story(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    her = await new_customer(client, language="nl", page_url="https://shop.example/bonnen", device="phone")
    await her.send(BALANCE)
    answer = await her.reply("answer")
    assert (answer["entry_key"], answer["answers_seq"], answer["ask_helped"]) == ("gift-card-balance", 1, True)
    assert answer["html"] == "<p>Kijk op <strong>/cadeaubon/saldo</strong>.</p>\n"
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    await her.send(PIN)
    queued = await her.until("queue")
    assert (queued["reason"], queued["queue"]["position"]) == ("unknown", 1)

    noor = await signed_in(app, "noor")
    (waiting,) = (await noor.get("/api/v1/desk/queue")).json()["waiting"]
    assert (waiting["id"], waiting["position"], waiting["question"]) == (her.id, 1, PIN)
    assert (await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")).status_code == 200
    seen = (await noor.get(f"/api/v1/desk/conversations/{her.id}")).json()
    about = seen["context"]
    assert (about["reason"], about["question"], about["page_url"]) == ("unknown", PIN, "https://shop.example/bonnen")
    assert about["offered"][0]["entry_key"] == "gift-card-balance"
    assert about["offered"][0]["probability"] > 0.5
    assert about["nearest"][0]["answer"]
    assert seen["conversation"]["mine"]
    reply = {"client_id": "r1", "text": "Stuur een *foto*, dan maak ik een nieuwe."}
    for _ in range(2):
        sent = await noor.post(f"/api/v1/desk/conversations/{her.id}/messages", json=reply)
        assert sent.status_code == 202
    got = await her.reply("text", after=answer["seq"] + 1)
    assert (got["author"], got["author_name"]) == ("agent", "Noor")
    assert [m["kind"] for m in await her.messages()][-2:] == ["assigned", "text"]

    els = await signed_in(app, "els")
    (group,) = (await els.get("/api/v1/review/groups")).json()["groups"]
    shown = await els.get(f"/api/v1/review/groups/{group['id']}")
    assert shown.json()["questions"][0]["text"] == PIN
    question = "Mijn pincode is onleesbaar"
    approval = {"answer": "Stuur ons een foto van de kaart.", "language": "nl", "question": question}
    tag = {"If-Match": shown.headers["ETag"]}
    approved = await els.post(f"/api/v1/review/groups/{group['id']}/approve", json=approval, headers=tag)
    assert approved.status_code == 200, approved.text
    again = await els.post(f"/api/v1/review/groups/{group['id']}/approve", json=approval, headers=tag)
    assert again.status_code == 412

    found = (await els.get("/api/v1/kb/ask", params={"text": PIN, "language": "nl"})).json()
    assert (found["verdict"], found["entry"]) == ("answer", approved.json()["entry"]["key"])


async def test_a_lost_claim_is_a_conflict(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    her = await new_customer(client)
    await her.send("medewerker")
    await her.until("queue")
    noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
    path = f"/api/v1/desk/conversations/{her.id}"
    assert (await noor.post(f"{path}/claim")).status_code == 200
    assert (await noor.post(f"{path}/claim")).status_code == 200
    lost = await sam.post(f"{path}/claim")
    assert (lost.status_code, lost.headers["content-type"]) == (409, "application/problem+json")
    assert "Noor" in lost.json()["detail"]
    assert (await sam.post(f"{path}/messages", json={"client_id": "1", "text": "hoi"})).status_code == 403
    assert (await noor.post(f"{path}/hand-back")).json() == {"owner": "bot"}
    assert (await noor.post(f"{path}/close")).status_code == 409


async def test_the_same_idempotency_key_gives_the_same_conversation(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "6f1c2f8e-start"}
    first, again = [(await client.post("/api/v1/conversations", headers=headers)).json() for _ in range(2)]
    assert first == again
    stranger = await client.post("/api/v1/conversations", headers=headers | {"User-Agent": "another browser"})
    assert stranger.json()["id"] != first["id"]


async def test_nobody_reads_or_writes_another_customers_conversation(client: httpx.AsyncClient) -> None:
    her, other = await new_customer(client), await new_customer(client)
    for method, path, body in (
        ("GET", her.path, None),
        ("GET", f"{her.path}/messages", None),
        ("POST", f"{her.path}/messages", {"client_id": "1", "text": "hoi"}),
    ):
        for headers, status in ((other.headers, 404), ({"Authorization": "Bearer x"}, 404), ({}, 401)):
            answer = await client.request(method, path, json=body, headers=headers)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
    assert await her.messages() == []


BAD_MESSAGES: list[tuple[Any, int]] = [
    ({"client_id": "1", "text": ""}, 422),
    ({"client_id": "1", "text": " \n "}, 422),
    ({"client_id": "1", "text": "x" * 4001}, 422),
    ({"client_id": "", "text": "hoi"}, 422),
    ({"client_id": "x" * 65, "text": "hoi"}, 422),
    ({"text": "hoi"}, 422),
    ({"client_id": "1", "text": 5}, 422),
    ({"client_id": "1", "text": ["hoi"]}, 422),
    ({"client_id": "1", "kind": "dance"}, 422),
    ({"client_id": "1", "kind": "choice"}, 422),
    ({"client_id": "1", "kind": "choice", "option": "gift-card-balance"}, 422),
    ({"client_id": "1", "kind": "helped"}, 422),
    ({"client_id": "1", "kind": "helped", "value": {"a": 1}}, 422),
    ({"client_id": "1", "kind": "leave_queue"}, 409),
    ([], 422),
    ("hoi", 422),
    (None, 422),
]


@pytest.mark.parametrize(("body", "status"), BAD_MESSAGES, ids=lambda v: str(v)[:40])
async def test_bad_messages_get_a_plain_error(client: httpx.AsyncClient, body: Any, status: int) -> None:
    her = await new_customer(client)
    answer = await client.post(f"{her.path}/messages", json=body, headers=her.headers)
    assert answer.status_code == status
    problem = answer.json()
    assert problem["status"] == status
    assert len(problem["detail"]) > 10
    assert await her.messages() == []


async def test_the_error_speaks_the_customers_language(client: httpx.AsyncClient) -> None:
    for language, words in (("nl", "langer dan 4000 tekens"), ("en", "longer than 4000 characters")):
        her = await new_customer(client, language=language)
        assert words in (await her.send("x" * 4001)).json()["detail"]


async def test_huge_and_broken_bodies_are_refused(client: httpx.AsyncClient) -> None:
    her = await new_customer(client)
    path, headers = f"{her.path}/messages", her.headers | {"Content-Type": "application/json"}

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 50_000

    assert (await client.post(path, content=b"x" * 1_100_000, headers=headers)).status_code == 413
    assert (await client.post(path, content=drip(), headers=headers)).status_code == 413
    for broken in (b"{", b"\xff\xfe", b"[" * 100_000):
        assert (await client.post(path, content=broken, headers=headers)).status_code in (400, 422)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=201", "after=99999999999"])
async def test_bad_pages_are_refused(client: httpx.AsyncClient, query: str) -> None:
    her = await new_customer(client)
    assert (await client.get(f"{her.path}/messages?{query}", headers=her.headers)).status_code == 422


@pytest.mark.parametrize("body", [{"language": "fr"}, {"identity": {"email": "x"}}, {"page_url": "x" * 2001}, []])
async def test_bad_starts_are_refused(client: httpx.AsyncClient, body: Any) -> None:
    assert (await client.post("/api/v1/conversations", json=body)).status_code == 422


async def test_signing_in_and_out(app: FastAPI, client: httpx.AsyncClient) -> None:
    for email, password in (("noor@shop.example", "wrong"), ("nobody@shop.example", PASSWORD), ("", "")):
        answer = await client.post("/api/v1/login", json={"email": email, "password": password})
        assert answer.status_code == 401
    noor = await signed_in(app, "noor")
    assert (await noor.get("/api/v1/me")).json()["role"] == "agent"
    cookie = noor.cookies["rechtdoor_session"]
    assert (await noor.post("/api/v1/logout")).status_code == 204
    stolen = client_of(app, cookies={"rechtdoor_session": cookie})
    assert (await stolen.get("/api/v1/me")).status_code == 401


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/login", json={"email": "noor@shop.example", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_each_role_does_its_own_work(app: FastAPI) -> None:
    allowed = {"/api/v1/desk/queue": {"noor", "ada"}, "/api/v1/review/groups": {"els", "ada"}}
    for path, people in allowed.items():
        for name in ("noor", "els", "ada"):
            who = await signed_in(app, name)
            assert (await who.get(path)).status_code == (200 if name in people else 403)
        assert (await client_of(app).get(path)).status_code == 401


async def test_a_request_from_another_site_is_refused(app: FastAPI) -> None:
    els = await signed_in(app, "els")
    body = {"question": "Hoe?", "answer": "Zo.", "language": "nl"}
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://shop.test"}, 201),
    ):
        assert (await els.post("/api/v1/kb/entries", json=body, headers=headers)).status_code == status


async def test_an_entry_is_live_changed_and_withdrawn_at_once(app: FastAPI) -> None:
    els = await signed_in(app, "els")

    async def verdict(text: str) -> tuple[str, str]:
        found = (await els.get("/api/v1/kb/ask", params={"text": text})).json()
        return found["verdict"], found["entry"]

    body = {"key": "gift-wrap", "language": "nl", "question": "Kunnen jullie het inpakken als cadeau?",
            "answer": "Ja.", "phrasings": ["cadeau inpakken", "doen jullie cadeaupapier"]}  # fmt: skip
    created = await els.post("/api/v1/kb/entries", json=body)
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    assert await verdict("cadeau inpakken") == ("answer", "gift-wrap")
    path = "/api/v1/kb/entries/gift-wrap"
    changed = await els.patch(path, json={"answer": "Ja, gratis."}, headers={"If-Match": '"1"'})
    assert changed.json()["answer"] == "Ja, gratis."
    stale = await els.patch(path, json={"answer": "Nee."}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await els.post(f"{path}/withdraw")).json()["status"] == "withdrawn"
    assert (await verdict("cadeau inpakken"))[1] != "gift-wrap"
    assert [r["what"] for r in (await els.get(f"{path}/history")).json()] == ["withdrawn", "changed", "created"]
    assert (await els.get("/api/v1/kb/entries/none-such")).status_code == 404
    assert (await els.post("/api/v1/kb/entries", json=body)).status_code == 409


@pytest.mark.alone
async def test_another_process_answers_with_it_within_a_second(
    app: FastAPI, database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as other:
        here, there = await signed_in(app, "els"), await signed_in(other, "els")
        entry = {"key": "wrap", "language": "nl", "question": "Pakken jullie het in als cadeau?", "answer": "Ja."}
        assert (await here.post("/api/v1/kb/entries", json=entry)).status_code == 201
        async with asyncio.timeout(1):
            while True:
                found = await there.get("/api/v1/kb/ask", params={"text": "pakken jullie het in als cadeau"})
                if found.json()["entry"] == "wrap":
                    break
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "body",
    [{}, {"question": "Hoe?"}, {"question": "", "answer": "x"}, {"question": "x" * 301, "answer": "x"},
     {"question": "Hoe?", "answer": "x" * 8001}, {"question": "Hoe?", "answer": "x", "key": "Not A Key"},
     {"question": "Hoe?", "answer": "x", "audience": "cats"}, {"question": "Hoe?", "answer": "x", "phrasings": "y"}],
)  # fmt: skip
async def test_bad_entries_are_refused(app: FastAPI, body: dict[str, Any]) -> None:
    els = await signed_in(app, "els")
    answer = await els.post("/api/v1/kb/entries", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize("if_match", ["x", "-1", '"1e3"', "9" * 30])
async def test_a_made_up_revision_is_refused(app: FastAPI, if_match: str) -> None:
    els = await signed_in(app, "els")
    path = "/api/v1/kb/entries/return-how"
    answer = await els.patch(path, json={"answer": "x"}, headers={"If-Match": if_match})
    assert answer.status_code == 422


async def test_the_knowledge_base_answers_the_bots_token_and_nobody_without(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, kb_token="internal") as app:
        client = client_of(app)
        params = {"text": BALANCE}
        assert (await client.get("/api/v1/kb/ask", params=params)).status_code == 401
        ok = await client.get("/api/v1/kb/ask", params=params, headers={"Authorization": "Bearer internal"})
        assert ok.json()["entry"] == "gift-card-balance"


async def test_ready_names_each_part(client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    assert (await client.get("/healthz")).status_code == 200
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]) == (200, {"database": True, "index": True, "bot": True})


async def test_not_ready_without_the_bot(client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    scripted.down = True
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["bot"]) == (503, False)


async def test_texts_come_with_a_tag(client: httpx.AsyncClient) -> None:
    found = await client.get("/api/v1/texts", params={"language": "en"})
    assert found.json()["texts"]["widget.send"]
    assert all(key.startswith("widget.") for key in found.json()["texts"])
    tag = {"If-None-Match": found.headers["ETag"]}
    assert (await client.get("/api/v1/texts", params={"language": "en"}, headers=tag)).status_code == 304
    assert (await client.get("/api/v1/texts", params={"language": "xx"})).status_code == 422


async def test_a_browser_gets_a_page_for_an_unknown_address(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing-here", headers={"Accept": "text/html", "Accept-Language": "nl"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert '<html lang="nl"' in answer.text


def test_a_device_is_said_in_a_few_words() -> None:
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
    desk = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0"
    said = [device_line(d) for d in (phone, desk, "app 1.2 on a phone", "Mozilla/5.0 ()", None)]
    assert said == ["iPhone, Safari", "Windows, Edge", "app 1.2 on a phone", "Mozilla/5.0 ()", None]


async def test_unknown_routes_are_problems_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nothing-here")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_only_allowed_sites_may_start_conversations(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    allowed = ["https://shop.example"]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, allowed_origins=allowed) as app:
        client = client_of(app)
        for origin, status in (("https://shop.example", 201), ("https://evil.example", 403), ("http://shop.test", 201)):
            answer = await client.post("/api/v1/conversations", headers={"Origin": origin})
            assert answer.status_code == status


async def test_an_id_that_no_database_can_hold_is_not_found(app: FastAPI, client: httpx.AsyncClient) -> None:
    her = await new_customer(client, language="nl")
    token = {"Authorization": f"Bearer {her.token}"}
    assert (await client.get("/api/v1/conversations/%00", headers=token)).status_code == 404
    noor = await signed_in(app, "noor")
    assert (await noor.get("/api/v1/desk/conversations/%00")).status_code == 404
    assert (await noor.post("/api/v1/desk/conversations/a%00b/claim")).status_code == 404
