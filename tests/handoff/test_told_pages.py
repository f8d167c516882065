"""Telling through the running app: the chat, the desk's one click, the editor's figures, and "no more mails"."""

import asyncio
import re

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from handoff import conversations, matters, no_mail, presence, queue
from handoff.editor_models import NoMail, Told
from handoff.models import Person
from handoff.state import State
from kb import decisions, errors
from kb.models import Question, QuestionGroup, now

from .app import Customer, new_customer, signed_in
from .asking import AN, ANSWER, approved, asks, group_of
from .conftest import ScriptedBot, act

PARTIAL = {"hx-request": "true"}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who asked are told at once."""
    monkeypatch.setattr(matters, "GRACE_S", 0.0)


async def asker(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> tuple[Customer, int]:
    """A customer in the chat who waits for a person, and the group that her question is in."""
    scripted.says = lambda _: [act("handoff", reason="unknown")]
    it: State = app.state.it
    her = await new_customer(client)
    await her.send("de pincode van mijn cadeaubon is weggekrast")
    await her.until("queue")
    return her, await it.read(lambda s: s.exec(select(Question.group_id)).one())


@pytest.mark.usefixtures("soon")
async def test_who_waits_in_the_chat_is_told_there_by_itself(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, group_id = await asker(app, client, scripted)
    it: State = app.state.it
    with it.bus.subscribe(f"conversation:{her.id}") as heard:
        await it.write(lambda s: approved(s, s.get_one(QuestionGroup, group_id)))
        row = await her.reply("answer")
        assert her.id in await heard.next()
    assert (row["author"], row["ask_helped"], row["told"]) == ("bot", True, True)
    assert "<strong>foto</strong>" in row["html"]
    assert (await her.look())["owner"] == "queue"
    assert (await her.send(kind="helped", value=True)).status_code == 202
    els = await signed_in(app, "els")
    page = (await els.get(f"/review/groups/{group_id}/told?language=nl")).text
    assert "1 zei: dat hielp" in page
    await els.aclose()


@pytest.mark.usefixtures("soon")
async def test_an_agent_sends_it_on_with_one_click(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, group_id = await asker(app, client, scripted)
    it: State = app.state.it
    noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")

    def claim(session: Session) -> None:
        person = session.exec(select(Person).where(Person.name == "Noor")).one()
        presence.seen(session, person.id or 0, now())
        queue.claim(session, her.id, person)

    await it.write(claim)
    await it.write(lambda s: approved(s, s.get_one(QuestionGroup, group_id)))
    async with asyncio.timeout(15):
        while 'id="tell-' not in (page := (await noor.get(f"/desk/{her.id}?language=nl")).text):
            await asyncio.sleep(0.1)
    assert "Er is nu een antwoord op wat deze klant vroeg" in page
    assert "Stuur dit naar de klant" in page
    assert 'id="tell-' not in (await sam.get(f"/desk/{her.id}")).text
    assert all(m["kind"] not in ("note", "answer") for m in await her.messages())
    address = re.search(r'hx-post="(/desk/[^"]+/told/\d+)"', page)
    assert address
    assert (await sam.post(address[1], headers=PARTIAL)).status_code == 403
    assert (await noor.post(f"/desk/{her.id}/told/1", headers=PARTIAL)).status_code == 404
    assert (await noor.post(f"/desk/{her.id}/told/{2**40}", headers=PARTIAL)).status_code == 404
    for _ in range(2):  # a double click
        sent = await noor.post(address[1], headers=PARTIAL)
        assert (sent.status_code, sent.text) == (200, "")
    rows = [m for m in await her.messages() if m["kind"] == "answer"]
    assert [(m["author"], m["text"]) for m in rows] == [("agent", ANSWER)]
    assert 'id="tell-' not in (await noor.get(f"/desk/{her.id}")).text
    assert [t.way for t in await it.read(lambda s: s.exec(select(Told)).all())] == ["agent"]
    for one in (noor, sam):
        await one.aclose()


async def test_the_editor_sees_who_would_be_told_before_she_decides(app: FastAPI) -> None:
    it: State = app.state.it

    def fill(session: Session) -> tuple[int, int]:
        group, empty = group_of(session), group_of(session, "Niemand")
        asks(session, group)
        asks(session, group, None, "closed")
        return group.id or 0, empty.id or 0

    group_id, empty = await it.write(fill)
    els, noor = await signed_in(app, "els"), await signed_in(app, "noor")
    page = (await els.get(f"/review/groups/{group_id}/told?language=nl")).text
    assert "Als je dit goedkeurt, horen 2 klanten het antwoord." in page
    assert "1 in de chat, nu" in page
    assert "1 zonder adres" in page
    assert "niet te bereiken" in (await els.get(f"/review/groups/{empty}/told")).text
    assert (await els.get("/review/groups/99999/told")).status_code == 404
    assert (await els.get(f"/review/groups/{2**40}/told")).status_code == 404
    assert (await noor.get(f"/review/groups/{group_id}/told")).status_code == 403
    assert "Niemand." in (await els.get("/review/causes/77/told")).text

    await it.write(lambda s: approved(s, s.get_one(QuestionGroup, group_id)))
    page = (await els.get(f"/review/groups/{group_id}/told?language=en")).text
    assert "until then you can take it back" in page
    assert 'hx-trigger="every 5s"' in page
    for one in (els, noor):
        await one.aclose()


async def link_of(app: FastAPI, email: str = AN, language: str = "nl") -> str:
    """The path of the link in a mail to this customer."""
    it: State = app.state.it

    def make(session: Session) -> str:
        return no_mail.link(conversations.start(session, language=language, customer_email=email)[0], email, "")

    return await it.write(make)


async def stopped(app: FastAPI) -> int:
    it: State = app.state.it
    return len(await it.read(lambda s: s.exec(select(NoMail)).all()))


async def test_no_more_mails_is_one_click_and_can_be_undone(app: FastAPI, client: httpx.AsyncClient) -> None:
    path = await link_of(app)
    for _ in range(2):  # looking changes nothing: programs that check mails follow links
        page = await client.get(path)
        assert (page.status_code, await stopped(app)) == (200, 0)
    assert (await client.head(path)).status_code == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in page.headers["cache-control"]
    assert "Stuur me die mails niet meer" in page.text
    for _ in range(2):
        # As mail programs post it (RFC 8058): no cookie, no origin, no page of ours before it.
        done = await client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, await stopped(app)) == (200, 1)
    assert "Je krijgt deze mails niet meer" in done.text
    assert "Stuur ze toch weer" in (await client.get(path)).text
    for _ in range(2):
        back = await client.post(f"{path}/undo")
        assert (back.status_code, await stopped(app)) == (200, 0)
    assert 'lang="en"' in (await client.get(await link_of(app, language="en"))).text


async def test_a_link_that_is_not_ours_stops_nothing(app: FastAPI, client: httpx.AsyncClient) -> None:
    mine, other = await link_of(app), await link_of(app, "bo@klant.example")
    id_, kept, mark = mine.removeprefix("/no-mail/").split(".")
    theirs = other.split(".")[1]
    made_up = ("x", f"{id_}.{theirs}.{mark}", f"{id_}.{kept}.{'0' * 32}", f"{id_}.{kept}", "🎁", "مرحبا", "<b>",
               f"{'a' * 32}.{kept}.{mark}", f"{id_}.{kept}.{mark}x")  # fmt: skip
    for token in made_up:
        for answer in (await client.get(f"/no-mail/{token}"), await client.post(f"/no-mail/{token}")):
            assert answer.status_code == 404, token
            assert "<b>" not in answer.text
    assert (await client.post("/no-mail/" + "a" * 5000)).status_code in (404, 422)
    assert await stopped(app) == 0


def test_a_word_that_is_too_long_is_refused_and_reopening_forgets_it(session: Session) -> None:
    group = group_of(session)
    with pytest.raises(errors.Invalid, match="tell those who asked"):
        decisions.dismiss(session, group.id or 0, why="nee", word="x" * 2001, by="els")
    word = "Nee 👋🏽 <script>\nمرحبا"
    assert decisions.dismiss(session, group.id or 0, why="nee", word=f" {word}\x07 ", by="els").word == word
    assert decisions.reopen(session, group.id or 0, by="els").word is None
