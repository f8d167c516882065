"""An FAQ entry made of an agent's reply: into the backlog once, prefilled for the editor, secrets removed."""

import asyncio
import html
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from handoff.models import Message
from handoff.web.rendering import word
from kb.models import now

from .app import Customer, client_of, new_customer, signed_in
from .conftest import ScriptedBot, act

ASKED = "ik heb de pincode van mijn cadeaubon weggekrast"
ANSWER = "Stuur een foto van de bon, dan zetten we het saldo op een nieuwe."


@pytest.fixture
def scripted() -> ScriptedBot:
    """A bot that hands over."""
    bot = ScriptedBot()
    bot.says = lambda body: [act("handoff", reason="unknown")]
    return bot


class Talk:
    """A conversation that Noor has, and short ways to it."""

    def __init__(self, customer: Customer, agent: httpx.AsyncClient, editor: httpx.AsyncClient) -> None:
        self.customer, self.agent, self.editor = customer, agent, editor
        self.path = f"/api/v1/desk/conversations/{customer.id}"
        self._count = 0

    async def reply(self, text: str, kind: str = "messages") -> int:
        """Noor says something; its number."""
        self._count += 1
        body = {"client_id": f"r{self._count}", "text": text}
        answer = await self.agent.post(f"{self.path}/{kind}", json=body)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["seq"])

    async def propose(self, seq: int, question: str = ASKED, answer: str = ANSWER) -> httpx.Response:
        """Noor proposes it."""
        body = {"seq": seq, "question": question, "answer": answer}
        return await self.agent.post(f"{self.path}/proposals", json=body)

    async def groups(self) -> list[dict[str, Any]]:
        """The open groups as the editor sees them."""
        return list((await self.editor.get("/api/v1/review/groups")).json()["groups"])


async def talk_of(app: FastAPI, text: str = ASKED) -> Talk:
    customer = await new_customer(client_of(app))
    await customer.send(text)
    await customer.until("queue")
    talk = Talk(customer, await signed_in(app, "noor"), await signed_in(app, "els"))
    assert (await talk.agent.post(f"{talk.path}/claim")).status_code == 200
    return talk


def value_of(page: str, part: str) -> bool:
    return part in html.unescape(page)


async def test_it_joins_what_the_customer_asked_and_the_editor_finds_it_filled_in(app: FastAPI) -> None:
    talk = await talk_of(app)
    seq = await talk.reply(ANSWER)
    assert [g["count"] for g in await talk.groups()] == [1]
    made = await talk.propose(seq, "Wat als de pincode van mijn cadeaubon is weggekrast?")
    assert made.status_code == 201
    groups = await talk.groups()
    assert [(g["id"], g["count"]) for g in groups] == [(made.json()["group_id"], 1)]  # one customer is one
    page = (await talk.editor.get(f"/review/groups/{groups[0]['id']}", headers={"Accept-Language": "nl"})).text
    assert value_of(page, 'value="Wat als de pincode van mijn cadeaubon is weggekrast?"')
    assert value_of(page, f">{ANSWER}</textarea>")
    assert value_of(page, word("nl", "review.proposed_by", name="Noor"))


async def test_the_same_reply_is_the_same_proposal(app: FastAPI) -> None:
    talk = await talk_of(app)
    seq = await talk.reply(ANSWER)
    both = await asyncio.gather(*(talk.propose(seq) for _ in range(3)))
    assert len({one.json()["group_id"] for one in both}) == 1
    await talk.propose(seq, answer="Een beter antwoord.")
    group = both[0].json()["group_id"]
    page = (await talk.editor.get(f"/review/groups/{group}", headers={"Accept-Language": "nl"})).text
    assert value_of(page, "Een beter antwoord.")
    assert page.count("Een beter antwoord.") == 3  # the field, the proposal and its button
    assert [g["count"] for g in await talk.groups()] == [1]


async def test_another_question_is_one_of_its_own(app: FastAPI) -> None:
    talk = await talk_of(app)
    seq = await talk.reply("Ja, onze winkel in Gent heeft een lift.")
    made = await talk.propose(seq, "Is er een lift in de winkel in Gent?", "Ja, links van de kassa.")
    groups = {g["id"]: g for g in await talk.groups()}
    assert len(groups) == 2
    mine = groups[made.json()["group_id"]]
    assert (mine["title"], mine["count"]) == ("Is er een lift in de winkel in Gent?", 1)
    shown = (await talk.editor.get("/review", headers={"Accept-Language": "nl"})).text
    assert word("nl", "why.agent") in shown
    assert (await talk.propose(seq, "Is er een lift in de winkel in Gent?", "Rechts.")).json() == made.json()
    assert len(await talk.groups()) == 2


async def test_approved_once_it_stays_as_it_was_decided(app: FastAPI) -> None:
    talk = await talk_of(app)
    seq = await talk.reply(ANSWER)
    group = (await talk.propose(seq)).json()["group_id"]
    body = {"answer": ANSWER, "language": "nl"}
    done = await talk.editor.post(f"/api/v1/review/groups/{group}/approve", json=body)
    assert done.status_code == 200, done.text
    late = await talk.propose(seq, answer="Te laat.")
    assert late.json()["group_id"] == group
    assert await talk.groups() == []
    again = await talk.propose(await talk.reply("Nog iets anders."), "Kan een cadeaubon op twee kaarten?", "Nee.")
    assert again.json()["group_id"] != group


async def test_secrets_never_reach_the_editors(app: FastAPI) -> None:
    talk = await talk_of(app, "mijn bon 6345 1234 5678 9012 345 met mail mina@shop.example doet het niet")
    seq = await talk.reply("Ik mail het naar mina@shop.example, IBAN NL91 ABNA 0417 1643 00.")
    part = {"HX-Request": "true", "Accept-Language": "nl"}
    form = (await talk.agent.get(f"/desk/{talk.customer.id}/propose", headers=part)).text
    assert "mina@shop" not in form
    assert word("nl", "propose.cleaned") in html.unescape(form)
    raw = await talk.propose(seq, "Bon van mina@shop.example doet het niet", "Bel 0612345678 of mail a@b.example.")
    group = raw.json()["group_id"]
    page = (await talk.editor.get(f"/review/groups/{group}")).text
    proposed = page.split("Bel [phone]")
    assert len(proposed) > 1
    assert "0612345678" not in page
    assert "a@b.example" not in page


@pytest.mark.parametrize(
    ("question", "answer", "status"),
    [
        ("", ANSWER, 422),
        (ASKED, "  \n ", 422),
        ("\x00\x01", ANSWER, 422),
        ("x" * 301, ANSWER, 422),
        (ASKED, "x" * 4001, 422),
        ("😀 مرحبا <b>hoi</b>?", "<script>alert(1)</script>", 201),
    ],
)
async def test_what_can_be_proposed(app: FastAPI, question: str, answer: str, status: int) -> None:
    talk = await talk_of(app)
    made = await talk.propose(await talk.reply(ANSWER), question, answer)
    assert made.status_code == status, made.text
    for group in await talk.groups():
        assert "<script>alert" not in (await talk.editor.get(f"/review/groups/{group['id']}")).text


async def test_only_replies_of_agents_in_that_conversation(app: FastAPI) -> None:
    talk, other = await talk_of(app), await talk_of(app, "waar is mijn fiets")
    note = await talk.reply("alleen voor ons", "notes")
    assert (await talk.propose(note)).status_code == 404
    assert (await talk.propose(1)).status_code == 404  # the customer's own
    assert (await talk.propose(999)).status_code == 404
    assert (await talk.propose(0)).status_code == 422
    part = {"HX-Request": "true", "Accept-Language": "nl"}
    none = await talk.agent.get(f"/desk/{talk.customer.id}/propose", headers=part)
    assert (none.status_code, none.text) == (200, "")  # the dialog stays shut
    assert word("nl", "propose.none") in none.headers["X-Toast"]
    assert (await talk.agent.get("/desk/nope/propose", headers=part)).status_code == 404
    await other.reply("Bij de buren.")
    seq = await talk.reply(ANSWER)
    form = (await talk.agent.get(f"/desk/{talk.customer.id}/propose", headers=part)).text
    assert f'name="seq" value="{seq}"' in form
    assert ASKED in html.unescape(form)
    assert (await talk.editor.get(f"/desk/{talk.customer.id}/propose", headers=part)).status_code == 403
    kept = await talk.agent.post(
        f"/desk/{talk.customer.id}/propose", data={"seq": seq, "question": "", "answer": "blijft staan"}, headers=part
    )
    assert kept.status_code == 422
    assert "blijft staan" in kept.text
    done = await talk.agent.post(
        f"/desk/{talk.customer.id}/propose", data={"seq": seq, "question": ASKED, "answer": ANSWER}, headers=part
    )
    assert (done.status_code, done.text) == (200, "")
    assert "/review/groups/" not in done.headers["X-Toast"]  # an agent cannot open it
    admin = await signed_in(app, "ada")
    link = await admin.post(
        f"/desk/{talk.customer.id}/propose", data={"seq": seq, "question": ASKED, "answer": ANSWER}, headers=part
    )
    assert "/review/groups/" in link.headers["X-Toast"]


async def test_a_hidden_reply_is_no_proposal_any_more(app: FastAPI) -> None:
    talk = await talk_of(app)
    seq = await talk.reply("De code van de kluis is zeer geheim.")
    group = (await talk.propose(seq, answer="De code van de kluis is zeer geheim.")).json()["group_id"]
    assert "kluis" in (await talk.editor.get(f"/review/groups/{group}")).text

    def hide(session: Session) -> None:
        row = session.exec(select(Message).where(Message.seq == seq, Message.conversation_id == talk.customer.id)).one()
        row.hidden_at = now()

    await app.state.it.write(hide)
    assert "kluis" not in (await talk.editor.get(f"/review/groups/{group}")).text
    assert (await talk.propose(seq)).status_code == 404
