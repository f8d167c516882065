"""The right column over the API, on both databases: what is near, sent as the bot would, earlier conversations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from handoff.models import Conversation
from handoff.web.rendering import words
from kb.drafts import EntryDraft
from kb.encoder import Encoder
from kb.entries import change_entry, create_entry

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act

EMAIL = "Mina@Shop.example"


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    """The app, with an entry for agents only; the bot hands over until a test says otherwise."""
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:

        def add(session: Session) -> None:
            draft = EntryDraft(
                key="pin-scratched",
                question="De pincode van de cadeaubon is weggekrast",
                answer="Vraag een foto, zoek de code in <b>Kassa</b> op.",
                audience="agents",
                topic="shop",
            )
            create_entry(session, draft, "test")

        await app.state.it.write(add)
        await app.state.it.kb_changed()
        yield app


async def waits(app: FastAPI, text: str, **about: Any) -> Customer:
    customer = await new_customer(client_of(app), **about)
    await customer.send(text)
    await customer.until("queue")
    return customer


async def taken(app: FastAPI, text: str, who: str = "noor", **about: Any) -> tuple[Customer, httpx.AsyncClient, str]:
    """A customer, the agent who has her, and the address of the conversation at the desk."""
    customer, agent = await waits(app, text, **about), await signed_in(app, who)
    path = f"/api/v1/desk/conversations/{customer.id}"
    assert (await agent.post(f"{path}/claim")).status_code == 200
    return customer, agent, path


def keys(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["key"] for one in answer.json()["entries"]]


async def test_the_nearest_follow_the_words_and_go_back_to_the_question(app: FastAPI) -> None:
    customer, agent, path = await taken(app, "ik heb de pincode van mijn cadeaubon weggekrast")
    first = await agent.get(f"{path}/nearest")
    assert first.json()["text"] == "ik heb de pincode van mijn cadeaubon weggekrast"
    mine = next(one for one in first.json()["entries"] if one["key"] == "pin-scratched")
    assert (mine["for_agents"], mine["given"]) == (True, False)
    typed = await agent.get(f"{path}/nearest", params={"text": "zo kun je het terugsturen: meld je retour aan"})
    assert keys(typed)[0] == "return-how"
    assert not typed.json()["entries"][0]["for_agents"]
    assert keys(await agent.get(f"{path}/nearest", params={"text": "  \n "})) == keys(first)
    assert customer.id


async def test_several_things_at_once_find_the_entries_of_each(app: FastAPI) -> None:
    _, agent, path = await taken(app, "hallo")
    both = "Hoe stuur ik iets terug? En tot hoe laat zijn jullie winkels open?"
    assert {"return-how", "store-hours"} <= set(keys(await agent.get(f"{path}/nearest", params={"text": both}))[:4])


@pytest.mark.parametrize("text", ["😀😀😀", "x" * 4000, "مرحبا كيف الحال", "<script>alert(1)</script>", "' OR 1=1 --"])
async def test_odd_words_find_something_or_nothing(app: FastAPI, text: str) -> None:
    _, agent, path = await taken(app, "waar is mijn fiets")
    found = await agent.get(f"{path}/nearest", params={"text": text})
    assert found.status_code == 200
    assert len(found.json()["entries"]) <= 5


async def test_too_much_and_other_peoples_are_refused(app: FastAPI) -> None:
    customer, agent, path = await taken(app, "waar is mijn fiets")
    assert (await agent.get(f"{path}/nearest", params={"text": "x" * 4001})).status_code == 422
    assert (await agent.get("/api/v1/desk/conversations/nope/nearest")).status_code == 404
    assert (await customer.client.get(f"{path}/nearest", headers=customer.headers)).status_code == 401
    editor = await signed_in(app, "els")
    assert (await editor.get(f"{path}/nearest")).status_code == 403


async def test_sent_as_the_bot_would_with_the_agents_name(app: FastAPI, scripted: ScriptedBot) -> None:
    customer, agent, path = await taken(app, "waar is mijn fiets")
    asked = len(scripted.asked)
    body = {"client_id": "a1", "entry_key": "return-how"}
    sent = await asyncio.gather(*(agent.post(f"{path}/answers", json=body) for _ in range(3)))
    assert {one.status_code for one in sent} == {202}
    assert len({one.json()["seq"] for one in sent}) == 1
    rows = [m for m in await customer.messages() if m["kind"] == "answer"]
    assert len(rows) == 1
    row = rows[0]
    assert (row["author"], row["author_name"], row["entry_key"], row["ask_helped"]) == (
        "agent", "Noor", "return-how", True)  # fmt: skip
    assert row["text"] == "Meld je retour aan in je account."
    assert (await customer.send(kind="helped", value=True)).status_code == 202
    await asyncio.sleep(0.3)
    assert (await customer.look())["owner"] == "agent"
    assert len(scripted.asked) == asked  # the bot sleeps on
    offered = (await agent.get(path)).json()["context"]["offered"]
    assert [(o["entry_key"], o["by"], o["outcome"]) for o in offered] == [("return-how", "Noor", "helped")]
    near = (await agent.get(f"{path}/nearest", params={"text": "hoe stuur ik iets terug"})).json()["entries"]
    assert [one["given"] for one in near if one["key"] == "return-how"] == [True]


async def test_her_word_is_on_the_last_answer_not_on_the_bots(app: FastAPI, scripted: ScriptedBot) -> None:
    rejected = [act("handoff", reason="rejected")]
    scripted.says = lambda body: [act("answer")] if body["metadata"]["turn"] == 1 else rejected
    customer = await new_customer(client_of(app))
    await customer.send("hoe stuur ik iets terug")
    await customer.reply("answer")
    await customer.send(kind="helped", value=False)
    await customer.until("queue")
    agent = await signed_in(app, "noor")
    path = f"/api/v1/desk/conversations/{customer.id}"
    await agent.post(f"{path}/claim")
    await agent.post(f"{path}/answers", json={"client_id": "a", "entry_key": "delivery-time"})
    await customer.send(kind="helped", value=True)
    context = (await agent.get(path)).json()["context"]
    assert [(o["by"], o["outcome"]) for o in context["offered"]] == [(None, "rejected"), ("Noor", "helped")]
    assert context["summary"]["tried"] == "Gaf 1 antwoord, 1 hielp niet"  # what the bot did, and that alone


async def test_what_may_not_be_sent(app: FastAPI) -> None:
    customer, agent, path = await taken(app, "de pincode is weggekrast")

    async def send(who: httpx.AsyncClient, key: str, client_id: str = "x") -> int:
        body = {"client_id": client_id, "entry_key": key}
        return (await who.post(f"{path}/answers", json=body)).status_code

    assert await send(agent, "pin-scratched") == 404  # for agents only
    assert await send(agent, "no-such-entry") == 404
    assert await send(agent, "k" * 81) == 422
    assert await send(agent, "return-how", "") == 422
    assert await send(await signed_in(app, "sam"), "return-how") == 403
    assert await send(await signed_in(app, "els"), "return-how") == 403
    other = await waits(app, "nog iemand")
    body = {"client_id": "x", "entry_key": "return-how"}
    waiting = await agent.post(f"/api/v1/desk/conversations/{other.id}/answers", json=body)
    assert waiting.status_code == 409
    assert await send(agent, "return-how", "same") == 202
    assert await send(agent, "delivery-time", "same") == 409  # the same id for something else
    await agent.post(f"{path}/messages", json={"client_id": "words", "text": "hoi"})
    assert await send(agent, "return-how", "words") == 409
    assert [m["entry_key"] for m in await customer.messages() if m["kind"] == "answer"] == ["return-how"]
    assert "Kassa" not in str(await customer.messages())


async def test_one_that_crosses_another_answer_is_held_back(app: FastAPI) -> None:
    customer, agent, path = await taken(app, "waar is mijn fiets")
    seen = (await agent.get(path)).json()["conversation"]["last_seq"]
    first = await agent.post(f"{path}/messages", json={"client_id": "tab", "text": "Ik kijk het na."})
    body = {"client_id": "a", "entry_key": "return-how", "seen_seq": seen}
    held = await agent.post(f"{path}/answers", json=body)
    assert (held.status_code, held.json()["code"]) == (409, "crossed")
    assert [m["kind"] for m in await customer.messages() if m["author"] == "agent"] == ["text"]
    again = await agent.post(f"{path}/answers", json=body | {"seen_seq": first.json()["seq"]})
    assert again.status_code == 202
    assert (await agent.post(f"{path}/answers", json=body)).json() == again.json()  # a resend is no crossing
    assert (await agent.post(f"{path}/answers", json=body | {"seen_seq": -1})).status_code == 422


async def test_withdrawn_is_not_sent_and_changed_is_sent_as_it_is_now(app: FastAPI) -> None:
    customer, agent, path = await taken(app, "waar is mijn fiets")
    it = app.state.it
    await it.write(change_entry, "return-how", "nl", {"answer": "Nieuw antwoord."}, None, "els")
    await it.write(change_entry, "delivery-time", "nl", {"audience": "agents"}, None, "els")
    await it.kb_changed()
    for key, status in (("delivery-time", 404), ("return-how", 202)):
        assert (await agent.post(f"{path}/answers", json={"client_id": key, "entry_key": key})).status_code == status
    assert (await customer.reply("answer"))["text"] == "Nieuw antwoord."


async def test_earlier_conversations_of_the_same_address(app: FastAPI) -> None:
    closed, agent, closed_path = await taken(app, "eerste vraag", identity={"name": "Mina", "email": EMAIL.lower()})
    await agent.post(f"{closed_path}/close", json={})
    ended = await waits(app, "tweede vraag", identity={"email": EMAIL.upper()})
    await ended.send(kind="end")
    await waits(app, "van iemand anders", identity={"email": "other@shop.example"})
    await waits(app, "van niemand")
    now = await waits(app, "derde vraag", identity={"email": EMAIL})
    path = f"/api/v1/desk/conversations/{now.id}"
    found = (await agent.get(f"{path}/earlier")).json()
    assert [(c["id"], c["question"], c["end"], c["by"]) for c in found["conversations"]] == [
        (ended.id, "tweede vraag", "customer", ""), (closed.id, "eerste vraag", "closed", "Noor")]  # fmt: skip
    assert not found["more"]
    assert (await agent.get(path)).json()["context"]["earlier_conversations"] == 2
    page = await agent.get(f"/desk/{now.id}", headers={"Accept-Language": "nl"})
    assert "eerste vraag" in page.text
    one = await agent.get(f"/desk/{now.id}/earlier/{closed.id}", headers={"HX-Request": "true"})
    assert one.status_code == 200
    assert "eerste vraag" in one.text
    stranger = await waits(app, "geheim van een ander", identity={"email": "other@shop.example"})
    hidden = await agent.get(f"/desk/{now.id}/earlier/{stranger.id}", headers={"HX-Request": "true"})
    assert hidden.status_code == 404
    assert "geheim" not in hidden.text


async def test_ten_at_a_time_and_what_stayed_with_the_bot(app: FastAPI) -> None:
    def add(session: Session) -> None:
        for number in range(12):
            session.add(
                Conversation(
                    id=f"c{number}", token_hash="x", token_salt="x", language="nl", customer_email=EMAIL.lower(),
                    question=f"vraag {number}",
                )
            )  # fmt: skip

    await app.state.it.write(add)
    now = await waits(app, "en nu", identity={"email": EMAIL})
    agent = await signed_in(app, "noor")
    path = f"/api/v1/desk/conversations/{now.id}/earlier"
    first, second = (await agent.get(path)).json(), (await agent.get(path, params={"start": 10})).json()
    assert (len(first["conversations"]), first["more"]) == (10, True)
    assert (len(second["conversations"]), second["more"]) == (2, False)
    assert len({c["id"] for c in first["conversations"] + second["conversations"]}) == 12
    assert {c["end"] for c in first["conversations"]} == {"bot"}
    assert (await agent.get(path, params={"start": -1})).status_code == 422


async def test_an_anonymous_customer_has_no_earlier_ones(app: FastAPI) -> None:
    await waits(app, "een")
    two = await waits(app, "twee", identity={"name": "Mina"})
    agent = await signed_in(app, "noor")
    assert (await agent.get(f"/api/v1/desk/conversations/{two.id}/earlier")).json()["conversations"] == []
    page = (await agent.get(f"/desk/{two.id}", headers={"Accept-Language": "nl"})).text
    assert words("nl")["earlier.unknown"] in page


async def test_what_was_typed_is_never_markup(app: FastAPI) -> None:
    name = '<img src=x onerror="alert(1)">'
    customer = await waits(app, f"{name} vraag", identity={"name": name, "email": EMAIL}, page_url=f"https://x/{name}")
    await waits(app, f"{name} nog een", identity={"email": EMAIL})
    agent = await signed_in(app, "noor")
    for path in (f"/desk/{customer.id}", f"/desk/{customer.id}/nearest?text={name}"):
        text = (await agent.get(path)).text
        assert "<img src=x" not in text
    near = (await agent.get(f"/desk/{customer.id}/nearest", params={"text": "pincode cadeaubon weggekrast"})).text
    assert "<b>Kassa</b>" not in near
    assert "Kassa" in near
