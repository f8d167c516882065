"""An agent's word that an entry is wrong, over the API and the pages, on both databases."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from handoff.web.rendering import word
from kb.entries import withdraw_entry

from .app import Customer, client_of, new_customer, signed_in
from .conftest import ScriptedBot, act

WRONG = {"entry_key": "return-how", "language": "nl", "reason": "wrong", "words": "Het moet 30 dagen zijn."}


@pytest.fixture
def scripted() -> ScriptedBot:
    """A bot that hands over."""
    bot = ScriptedBot()
    bot.says = lambda body: [act("handoff", reason="unknown")]
    return bot


async def waits(app: FastAPI, text: str = "waar is mijn fiets") -> Customer:
    customer = await new_customer(client_of(app))
    await customer.send(text)
    await customer.until("queue")
    return customer


async def tell(agent: httpx.AsyncClient, customer: Customer, **changes: Any) -> httpx.Response:
    return await agent.post(f"/api/v1/desk/conversations/{customer.id}/reports", json=WRONG | changes)


async def listed(editor: httpx.AsyncClient, settled: bool = False) -> list[dict[str, Any]]:
    answer = await editor.get("/api/v1/review/reports", params={"settled": settled})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["reports"])


async def test_reported_shown_settled_and_taken_back(app: FastAPI) -> None:
    customer, agent, editor = await waits(app), await signed_in(app, "noor"), await signed_in(app, "els")
    made = await tell(agent, customer)
    assert made.status_code == 201
    one = (await listed(editor))[0]
    assert (one["entry_question"], one["reason"], one["words"]) == ("Hoe stuur ik iets terug?", "wrong", WRONG["words"])
    assert (one["by"], one["asked"], one["gone"]) == ("Noor", "waar is mijn fiets", False)
    page = await editor.get("/review", headers={"Accept-Language": "nl"})
    assert word("nl", "reports.tab") in page.text
    path = f"/api/v1/review/reports/{one['id']}"
    settled = await asyncio.gather(*(editor.post(f"{path}/settle") for _ in range(2)))
    assert [s.json()["settled_by"] for s in settled] == ["Els", "Els"]
    assert await listed(editor) == []
    assert [r["settled_by"] for r in await listed(editor, settled=True)] == ["Els"]
    assert (await editor.post(f"{path}/reopen")).json()["settled_by"] is None
    assert [r["id"] for r in await listed(editor)] == [one["id"]]


async def test_the_same_agent_entry_and_conversation_is_one_open_report(app: FastAPI) -> None:
    customer, noor, sam = await waits(app), await signed_in(app, "noor"), await signed_in(app, "sam")
    editor = await signed_in(app, "els")
    both = await asyncio.gather(tell(noor, customer), tell(noor, customer, reason="outdated", words=""))
    assert both[0].json()["id"] == both[1].json()["id"]
    await tell(noor, customer, reason="unclear", words="Te kort.")
    assert [(r["reason"], r["words"]) for r in await listed(editor)] == [("unclear", "Te kort.")]
    await tell(sam, customer)
    await tell(noor, await waits(app))
    await tell(noor, customer, entry_key="store-hours")
    assert len(await listed(editor)) == 4
    for one in await listed(editor):
        await editor.post(f"/api/v1/review/reports/{one['id']}/settle")
    await tell(noor, customer)  # what was settled is settled: this is another one
    assert len(await listed(editor)) == 1
    assert len(await listed(editor, settled=True)) == 4


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"reason": "boring"}, 422),
        ({"reason": "other", "words": "   "}, 422),
        ({"reason": "other", "words": "Een tikfout."}, 201),
        ({"words": "x" * 1001}, 422),
        ({"words": "😀" * 1000}, 201),
        ({"words": "\x00 <script>alert(1)</script> مرحبا"}, 201),
        ({"entry_key": "no-such-entry"}, 404),
        ({"language": "en"}, 404),
        ({"entry_key": ""}, 422),
        ({"entry_key": 7}, 422),
    ],
)
async def test_what_can_be_reported(app: FastAPI, changes: dict[str, Any], status: int) -> None:
    customer, agent = await waits(app), await signed_in(app, "noor")
    assert (await tell(agent, customer, **changes)).status_code == status
    page = await (await signed_in(app, "els")).get("/review/reports")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


async def test_only_agents_report_and_only_editors_settle(app: FastAPI) -> None:
    customer, agent, editor = await waits(app), await signed_in(app, "noor"), await signed_in(app, "els")
    assert (await tell(editor, customer)).status_code == 403
    assert (await tell(client_of(app), customer)).status_code == 401
    id_ = (await tell(agent, customer)).json()["id"]
    assert (await agent.post(f"/api/v1/review/reports/{id_}/settle")).status_code == 403
    assert (await agent.get("/api/v1/review/reports")).status_code == 403
    assert (await editor.post("/api/v1/review/reports/99999/settle")).status_code == 404
    assert (await agent.post("/api/v1/desk/conversations/nope/reports", json=WRONG)).status_code == 404
    forged = await editor.post(f"/review/reports/{id_}/settle", headers={"Origin": "https://evil.example"})
    assert forged.status_code == 403
    assert len(await listed(editor)) == 1


async def test_secrets_are_taken_out_and_a_withdrawn_entry_says_so(app: FastAPI) -> None:
    customer, agent, editor = await waits(app), await signed_in(app, "noor"), await signed_in(app, "els")
    await tell(agent, customer, words="Mail naar mina@shop.example kwam terug.")
    await app.state.it.write(withdraw_entry, "return-how", "nl", None, "els")
    one = (await listed(editor))[0]
    assert one["words"] == "Mail naar [email] kwam terug."
    assert one["gone"]
    page = await editor.get("/review/reports", headers={"Accept-Language": "nl"})
    assert word("nl", "reports.gone") in page.text


async def test_the_form_keeps_what_was_typed(app: FastAPI) -> None:
    customer, agent = await waits(app), await signed_in(app, "noor")
    part = {"HX-Request": "true", "Accept-Language": "nl"}
    path = f"/desk/{customer.id}/report"
    form = await agent.get(path, params={"key": "return-how", "language": "nl"}, headers=part)
    assert "Hoe stuur ik iets terug?" in form.text
    body = {"key": "return-how", "language": "nl", "words": "zo blijft het staan"}
    without = await agent.post(path, data=body, headers=part)
    assert without.status_code == 422
    assert "zo blijft het staan" in without.text
    assert word("nl", "report.choose") in without.text
    done = await agent.post(path, data=body | {"reason": "outdated"}, headers=part)
    assert (done.status_code, done.text) == (200, "")
    again = await agent.get(path, params={"key": "return-how", "language": "nl"}, headers=part)
    assert "zo blijft het staan" in again.text
    assert (await agent.get(path, params={"key": "x", "language": "nl"}, headers=part)).status_code == 404
