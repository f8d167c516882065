"""The wait in the running app: the API, the socket, the desk and the bot say the same; odd questions; who may ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from handoff import waiting
from handoff.models import ChangedText
from handoff.state import State
from handoff.texts import shipped
from kb.encoder import Encoder

from .app import client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .test_live import listening, next_event, serving
from .waits import everybody_busy

# In the running app


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, vanish_s=3600) as app:
        yield app


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def two_agents_with_history(it: State) -> None:
    await it.write(everybody_busy)


@asynccontextmanager
async def staff(app: FastAPI, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A caller who is signed in, until the block ends."""
    client = await signed_in(app, name)
    try:
        yield client
    finally:
        await client.aclose()


async def wait_of(her: Any) -> dict[str, Any]:
    """The wait once there is a figure."""
    async with asyncio.timeout(15):
        while not ((await her.look())["queue"] or {}).get("wait"):
            await asyncio.sleep(0.05)
    return dict((await her.look())["queue"]["wait"])


async def test_api_and_desk_show_the_same_and_a_worse_wait_is_told(app: FastAPI, visitor: httpx.AsyncClient) -> None:
    it: State = app.state.it
    await two_agents_with_history(it)
    line = [await new_customer(visitor, language="nl") for _ in range(5)]
    for her in line:
        await her.send("een mens graag")
        await her.until("queue")
    her = line[-1]
    first = await wait_of(her)
    async with staff(app, "noor") as noor:
        low, high = waiting.minutes(**first)
        assert f"{low}–{high} min" in (await noor.get("/desk/queue")).text
        head = (await noor.get(f"/desk/{her.id}")).text
        assert "eerst gezegd" in head
        assert f"{low}–{high} min" in head
        assert (await noor.post("/api/v1/desk/away", json={"away": True})).status_code == 200
        said = await her.reply("wait_worse")
        later = await wait_of(her)
        assert later["high_s"] > first["high_s"]
        low, high = waiting.minutes(**later)
        assert said["text"].startswith("Er is een collega weggevallen. Het duurt langer dan we dachten: nu ongeveer ")
        assert f"{low} tot {high} minuten" in said["text"]
        assert f"{low}–{high} min" in (await noor.get("/desk/queue")).text
    await asyncio.sleep(2.5)
    assert [m["kind"] for m in await her.messages()].count("wait_worse") == 1


async def test_the_socket_shows_it_too(app: FastAPI, visitor: httpx.AsyncClient) -> None:
    await two_agents_with_history(app.state.it)
    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        her = await new_customer(client, language="nl")
        async with listening(address, her) as socket:
            await her.send("een mens graag")
            async with asyncio.timeout(15):
                while not ((event := await next_event(socket)).get("queue") or {}).get("wait"):
                    pass
            assert event["queue"] == (await her.look())["queue"]


async def test_the_row_that_hands_over_says_how_long(app: FastAPI, visitor: httpx.AsyncClient) -> None:
    await two_agents_with_history(app.state.it)
    for language, start in (("nl", "Nu ongeveer "), ("en", "The wait is now about ")):
        her = await new_customer(visitor, language=language)
        await her.send("een mens graag")
        text = (await her.reply("handed_over"))["text"]
        assert text.startswith(shipped(language)["handover.requested"].removesuffix("{wait}"))
        assert start in text
        assert "{" not in text
        await her.until("queue")
    assert text.endswith("you're second in line.")


async def test_an_offer_says_how_long_and_an_editors_words_may_lack_it(
    app: FastAPI, visitor: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    await two_agents_with_history(app.state.it)
    scripted.says = lambda body: [act("say", key="offer")]
    her = await new_customer(visitor, language="nl")
    await her.send("wat vind jij van het weer?")
    said = (await her.reply("say"))["text"]
    assert said.startswith("Hier heb ik geen antwoord op. Zal ik er iemand bij halen? Nu ongeveer ")
    assert said.endswith("je bent de eerste.")

    def change(session: Session) -> None:
        session.add(ChangedText(key="say.offer", language="nl", value="Wil je een mens?", by="els"))

    await app.state.it.write(change)
    after = len(await her.messages())
    await her.send("en van de maan?")
    assert (await her.reply("say", after))["text"] == "Wil je een mens?"


async def test_nobody_is_kept_from_a_person_by_a_figure(
    app: FastAPI, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(waiting, "newcomer", broken)
    her = await new_customer(visitor, language="nl")
    await her.send("een mens graag")
    assert (await her.reply("handed_over"))["text"] == shipped("nl")["handover.requested"].removesuffix(" {wait}")


async def test_the_wait_before_anybody_queues(app: FastAPI, visitor: httpx.AsyncClient) -> None:
    await two_agents_with_history(app.state.it)
    answer = await visitor.get("/api/v1/wait", params={"language": "nl", "topic": "shop"})
    found = answer.json()
    assert answer.status_code == 200
    assert (found["open"], found["position"]) == (True, 1)
    assert 0 <= found["wait"]["low_s"] < found["wait"]["high_s"] <= 600
    low, high = waiting.minutes(**found["wait"])
    assert found["words"] == f"Nu ongeveer {low} tot {high} minuten wachten, je bent de eerste."
    again = await visitor.get("/api/v1/wait?language=nl&topic=shop", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_odd_questions_for_the_wait(app: FastAPI, visitor: httpx.AsyncClient) -> None:
    await two_agents_with_history(app.state.it)
    plain = (await visitor.get("/api/v1/wait")).json()
    for topic in ("weet niemand", "🛋️👩‍👩‍👧", "مرحبا", "<b>", "a\x00b", "'; drop table", "x" * 80):
        answer = await visitor.get("/api/v1/wait", params={"topic": topic})
        assert (answer.status_code, answer.json()) == (200, plain)
    for bad in ({"topic": "x" * 81}, {"topic": "é" * 10_000}, {"language": "xx"}, {"language": "🛋️"}):
        assert (await visitor.get("/api/v1/wait", params=bad)).status_code == 422
    assert len(app.state.it.memory.answers) <= 3  # the plain one, and what topics there are


async def test_many_who_ask_make_one_answer(
    app: FastAPI, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    real = waiting.form

    def counted(*args: Any) -> dict[str, Any]:
        nonlocal made
        made += 1
        return real(*args)

    monkeypatch.setattr(waiting, "form", counted)
    answers = await asyncio.gather(*(visitor.get("/api/v1/wait") for _ in range(40)))
    assert {a.status_code for a in answers} == {200}
    assert made == 1


async def test_only_an_admin_reads_how_good_the_figures_were(app: FastAPI, visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/api/v1/desk/waits")).status_code == 401
    for name, status in (("noor", 403), ("els", 403), ("ada", 200)):
        async with staff(app, name) as who:
            answer = await who.get("/api/v1/desk/waits")
        assert answer.status_code == status
    nothing = {"days": 7, "n": 0, "without_figure": 0, "inside": None, "median_error_s": None}
    assert answer.json() == nothing
