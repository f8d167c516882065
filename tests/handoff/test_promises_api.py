"""Promises and leaving an address over HTTP: what each side sees, who may what, and plain words for what cannot be."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from handoff.texts import shipped
from kb.encoder import Encoder
from kb.models import now

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act

AN = "an@klant.example"
DESK = "/api/v1/desk"


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    scripted.says = lambda _: [act("handoff", reason="unknown")]
    mails = {"smtp_url": "smtp://127.0.0.1:9?tls=none", "mail_from": "hallo@lamp.example"}
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **mails) as app:
        yield app


async def waiting(app: FastAPI, language: str = "nl") -> Customer:
    """A customer in the queue."""
    her = await new_customer(client_of(app), language=language)
    await her.send("mijn lamp zoemt")
    await her.until("queue")
    return her


async def leaves(her: Customer, **body: Any) -> httpx.Response:
    given = {"client_id": "w", "kind": "answer", "email": AN} | body
    return await her.client.post(f"{her.path}/contact", json=given, headers=her.headers)


async def offered(her: Customer) -> dict[str, Any]:
    return dict((await her.client.get(f"{her.path}/contact", headers=her.headers)).json())


def due(hours: float = 24) -> str:
    return (now() + timedelta(hours=hours)).isoformat()


async def test_she_is_offered_times_and_leaves_with_a_promise(app: FastAPI) -> None:
    her = await waiting(app)
    found = await her.look()
    assert (found["queue"]["leave"], found["promise"]) == ("any", None)
    offer = await offered(her)
    assert set(offer) == {"mail", "email", "phone", "answer", "calls"}
    assert (offer["mail"], offer["email"], offer["phone"]) == (True, None, None)
    assert set(offer["answer"]) == {"due_at", "words"}
    assert 0 < len(offer["calls"]) <= 6
    assert set(offer["calls"][0]) == {"from_at", "due_at", "words"}

    answer = await leaves(her)
    assert answer.status_code == 201, answer.text
    promise = answer.json()["promise"]
    assert (promise["kind"], promise["due_at"], promise["late"]) == ("answer", offer["answer"]["due_at"], False)
    assert promise["needs_address"] is False
    assert (await leaves(her)).json() == answer.json()  # sent twice
    found = await her.look()
    assert (found["owner"], found["queue"], found["promise"]) == ("bot", None, promise)
    assert (await her.messages())[-1]["text"] == promise["words"]
    assert (await offered(her))["email"] == AN
    noor = await signed_in(app, "noor")
    (row,) = (await noor.get(f"{DESK}/promises")).json()["promises"]
    assert (row["conversation_id"], row["holder_id"], row["state"]) == (her.id, None, "open")
    assert (row["customer_email"], row["question"]) == (AN, "mijn lamp zoemt")


async def test_a_call_in_english_and_a_window_that_is_gone(app: FastAPI) -> None:
    her = await waiting(app, "en")
    window = (await offered(her))["calls"][2]
    call = {"kind": "call", "email": None, "phone": "+32 9 123 45 67", "from_at": window["from_at"]}
    promise = (await leaves(her, **call)).json()["promise"]
    assert (promise["from_at"], promise["due_at"]) == (window["from_at"], window["due_at"])
    assert promise["words"] == f"We'll call you {window['words']}. There's no need to wait."
    late = await leaves(her, **call | {"client_id": "w2", "from_at": due(-3)})
    assert (late.status_code, late.json()["detail"]) == (422, shipped("en")["error.no_time"])
    assert (await her.look())["promise"] == promise


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"email": "an@"}, 422, "error.bad_email"),
    ({"email": ""}, 422, "error.bad_email"),
    ({"email": None}, 422, "error.bad_email"),
    ({"email": "<script>@x.example"}, 422, "error.bad_email"),
    ({"email": "x" * 321}, 422, "error.invalid"),
    ({"email": 7}, 422, "error.invalid"),
    ({"kind": "visit"}, 422, "error.invalid"),
    ({"client_id": ""}, 422, "error.invalid"),
    ({"client_id": "x" * 65}, 422, "error.invalid"),
    ({"kind": "call", "phone": "0612345678"}, 422, "error.invalid"),
    ({"kind": "call", "phone": "bel me 👋", "from_at": due()}, 422, "error.bad_phone"),
    ({"kind": "call", "phone": "1" * 41, "from_at": due()}, 422, "error.invalid"),
    ({"kind": "call", "phone": "0612345678", "from_at": due()}, 422, "error.no_time"),
    ({"kind": "call", "phone": "0612345678", "from_at": "2026-11-23T10:00:00"}, 422, "error.invalid"),
    ({"kind": "call", "phone": "0612345678", "from_at": "morgen"}, 422, "error.invalid"),
]


async def test_what_cannot_be_left_is_refused_in_plain_words(app: FastAPI) -> None:
    her = await waiting(app)
    for body, status, words in BAD:
        answer = await leaves(her, **body)
        assert answer.status_code == status, (body, answer.text)
        assert answer.json()["detail"].startswith(shipped("nl")[words]), (body, answer.text)
    assert (await her.look())["owner"] == "queue"
    other = await waiting(app)
    for path in ("contact", "address"):
        body = {"client_id": "w", "kind": "answer", "email": AN}
        wrong = await her.client.post(f"{her.path}/{path}", json=body, headers=other.headers)
        assert wrong.status_code == 404
        assert (await her.client.post(f"{her.path}/{path}", json=body)).status_code == 401
    assert (await her.client.get(f"{her.path}/contact", headers=other.headers)).status_code == 404


async def test_an_agent_promises_and_she_is_asked_for_an_address(app: FastAPI) -> None:
    her, noor = await waiting(app), await signed_in(app, "noor")
    path = f"{DESK}/conversations/{her.id}/promises"
    body = {"client_id": "p", "due_at": due(), "note": "vraag <b>het magazijn</b>"}
    assert (await noor.post(path, json=body)).status_code == 409  # it is not hers yet
    await noor.post(f"{DESK}/conversations/{her.id}/claim")
    made = await noor.post(path, json=body)
    assert made.status_code == 201, made.text
    assert (await noor.post(path, json=body)).json() == made.json()
    promise = (await her.look())["promise"]
    assert promise["needs_address"] is True
    assert promise["words"].startswith("Noor zoekt het uit")
    assert "magazijn" not in str(await her.messages()) + str(await her.look())
    late = await leaves(her)
    assert (late.status_code, late.json()["detail"]) == (409, shipped("nl")["error.with_agent"])

    wrong = await her.client.post(f"{her.path}/address", json={"email": "an"}, headers=her.headers)
    assert (wrong.status_code, wrong.json()["detail"]) == (422, shipped("nl")["error.bad_email"])
    for _ in range(2):
        good = await her.client.post(f"{her.path}/address", json={"email": f" {AN} "}, headers=her.headers)
        assert (good.status_code, good.json()) == (200, {"email": AN})
    assert (await her.look())["promise"]["needs_address"] is False

    people = {p["name"]: p for p in (await noor.get(f"{DESK}/people")).json()["people"]}
    assert people["Noor"]["held"] == 0
    one = made.json()
    act_ = f"{DESK}/promises/{one['id']}"
    moved = await noor.post(f"{act_}/move", json={"due_at": due(48), "revision": one["revision"]})
    assert (moved.status_code, moved.json()["moved"], moved.json()["revision"]) == (200, 1, one["revision"] + 1)
    stale = await noor.post(f"{act_}/move", json={"due_at": due(72), "revision": one["revision"]})
    assert stale.status_code == 409
    sam = await signed_in(app, "sam")
    assert (await sam.post(f"{act_}/keep")).status_code == 403
    assert (await sam.post(f"{act_}/take")).status_code == 409
    for _ in range(2):
        assert (await noor.post(f"{act_}/keep")).json()["state"] == "kept"
    assert (await noor.post(f"{act_}/drop")).status_code == 409
    assert (await her.look())["promise"] is None
    assert [m["kind"] for m in await her.messages()][-3:] == ["promised", "promise_moved", "promise_kept"]


async def test_what_the_shop_promised_is_taken_and_dropped(app: FastAPI) -> None:
    her, noor = await waiting(app), await signed_in(app, "noor")
    await leaves(her)
    (row,) = (await noor.get(f"{DESK}/promises")).json()["promises"]
    taken = await noor.post(f"{DESK}/promises/{row['id']}/take")
    assert (taken.status_code, taken.json()["owner"]) == (200, "agent")
    assert taken.json()["holder_name"] == "Noor"
    assert (await her.look())["owner"] == "agent"
    dropped = await noor.post(f"{DESK}/promises/{row['id']}/drop")
    assert dropped.json()["state"] == "dropped"
    assert (await noor.get(f"{DESK}/promises")).json()["promises"] == []


async def test_only_agents_see_and_change_promises(app: FastAPI) -> None:
    her = await waiting(app)
    await leaves(her)
    for who, status in ((client_of(app), 401), (await signed_in(app, "els"), 403)):
        assert (await who.get(f"{DESK}/promises")).status_code == status
        for what in ("keep", "drop", "take", "move"):
            body = {"due_at": due(), "revision": 1}
            assert (await who.post(f"{DESK}/promises/1/{what}", json=body)).status_code == status
    noor = await signed_in(app, "noor")
    for id_, status in (("999", 404), ("0", 422), ("-1", 422), (str(2**31), 422), ("x", 422)):
        assert (await noor.post(f"{DESK}/promises/{id_}/keep")).status_code == status, id_
    path = f"{DESK}/conversations/{her.id}/promises"
    for body in ({}, {"client_id": "p"}, {"client_id": "p", "due_at": "2030-01-01T10:00"}, {"client_id": "p"} | {
        "due_at": due(), "note": "x" * 301}, [], {"client_id": "p", "due_at": due(), "kind": "x"}):  # fmt: skip
        assert (await noor.post(path, json=body)).status_code == 422, body
    forged = await noor.post(f"{DESK}/promises/1/keep", headers={"Origin": "https://evil.example"})
    assert forged.status_code == 403


async def test_without_mail_nobody_is_asked_for_an_address(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    scripted.says = lambda _: [act("handoff", reason="unknown")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        her, noor = await waiting(app), await signed_in(app, "noor")
        assert (await offered(her))["mail"] is False
        assert (await leaves(her, email=None)).json()["promise"]["needs_address"] is False
        other = await waiting(app)
        await noor.post(f"{DESK}/conversations/{other.id}/claim")
        await noor.post(f"{DESK}/conversations/{other.id}/promises", json={"client_id": "p", "due_at": due()})
        assert (await other.look())["promise"]["needs_address"] is False
