"""Presence: at the desk while a socket is open, and what an agent who vanished had goes to the front of the queue."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, select
from websockets.asyncio.client import ClientConnection, connect

from handoff import presence, queue, routing, teams
from handoff.db import reading, writing
from handoff.models import Conversation, Handling, Person, Presence, Setting
from handoff.problems import Conflict
from handoff.state import State
from kb.encoder import Encoder
from kb.models import now

from .app import Customer, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act, now_is
from .shop import agent, here, in_line, rows, stays
from .test_live import closed_with, serving, until

GRACE = timedelta(seconds=presence.GRACE_S)


def later(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)


def test_seen_is_news_once(session: Session) -> None:
    noor, at = agent(session), now()
    assert presence.seen(session, noor.id or 0, at)
    assert not presence.seen(session, noor.id or 0, at + timedelta(seconds=10))
    assert not presence.seen(session, noor.id or 0, at)  # a slower process does not turn the clock back
    assert presence.seen_lately(session, noor.id or 0, at + timedelta(seconds=19))
    assert not presence.seen_lately(session, noor.id or 0, at + timedelta(seconds=21))
    assert presence.seen(session, noor.id or 0, at + timedelta(seconds=60))


def test_away_holds_until_it_is_taken_back(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam")
    for person, away in ((noor, True), (noor, True), (sam, False)):
        presence.set_away(session, person.id or 0, away)
    here(session, noor, sam)
    known = {c.id: c for c in presence.colleagues(session, now())}
    assert [(known[p.id].present, known[p.id].takes_new) for p in (noor, sam)] == [(True, False), (True, True)]
    presence.set_away(session, noor.id or 0, False)
    assert presence.colleague(session, noor.id or 0, now()).takes_new


def test_a_vanished_agent_loses_all_she_had_to_the_front(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam")
    at = now()
    here(session, noor, sam, at=at)
    line = [in_line(session) for _ in range(4)]
    for conversation in line[:2]:
        queue.claim(session, conversation.id, noor)
    queue.claim(session, line[3].id, sam)
    reason = line[0].reason
    assert presence.vanished(session, at + GRACE - timedelta(seconds=1)) == []
    here(session, sam, at=at + GRACE)
    assert sorted(presence.vanished(session, at + GRACE)) == sorted(c.id for c in line[:2])
    assert [c.id for c in queue.waiting(session)[0]] == [c.id for c in line[:3]]  # in the order in which she got them
    assert [(c.owner, c.agent_id, c.reason) for c in line[:2]] == [("queue", None, reason)] * 2
    assert all(c.queued_at is not None and c.queued_at > at for c in line[:2])
    assert rows(session, line[0])[-1].text == "Noor is onbereikbaar geworden. Je staat weer vooraan in de rij."
    assert [stays(session, c) for c in (line[0], line[3])] == [[(noor.id, "vanished")], [(sam.id, None)]]
    assert presence.vanished(session, at + GRACE) == []


def test_a_late_reply_is_refused_until_she_takes_it_again(session: Session) -> None:
    noor = agent(session)
    here(session, noor)
    conversation = in_line(session)
    queue.claim(session, conversation.id, noor)
    queue.reply(session, conversation.id, noor, "early", "Ik kijk even.")
    presence.vanished(session, later(60))
    with pytest.raises(Conflict, match="Take the conversation first"):
        queue.reply(session, conversation.id, noor, "late", "Gevonden!")
    assert queue.reply(session, conversation.id, noor, "early", "Ik kijk even.").kind == "text"  # a resend is no news
    here(session, noor)
    queue.claim(session, conversation.id, noor)
    assert queue.reply(session, conversation.id, noor, "late", "Gevonden!").seq == conversation.last_seq


def test_who_works_without_a_desk_keeps_what_she_has(session: Session) -> None:
    api, both, away = agent(session, "Api"), agent(session, "Both"), agent(session, "Away")
    here(session, both, at=now() - timedelta(hours=3))  # her desk was open this morning
    presence.set_away(session, away.id or 0, True)  # set over the API: no desk was ever open
    line = [in_line(session) for _ in range(3)]
    for conversation, person in zip(line, (api, both, away), strict=True):
        queue.claim(session, conversation.id, person)
    assert presence.vanished(session, later(3600)) == []
    assert {c.owner for c in line} == {"agent"}


def test_two_processes_take_it_from_her_once(engine: Engine) -> None:
    with writing(engine) as session:
        noor = agent(session)
        here(session, noor)
        ids = [queue.claim(session, in_line(session).id, noor).id for _ in range(4)]
    at = later(60)

    def look() -> list[str]:
        with writing(engine) as session:
            return presence.vanished(session, at)

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(*(asyncio.to_thread(look) for _ in range(4))))

    found = asyncio.run(both())
    assert sorted(id_ for some in found for id_ in some) == sorted(ids)
    with reading(engine) as session:
        assert [c.last_seq for c in session.exec(select(Conversation)).all()] == [4] * 4  # told once each


# Over real sockets

GRACE_S = 1.2


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, vanish_s=GRACE_S) as app:
        yield app


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


@asynccontextmanager
async def desk(address: str, who: httpx.AsyncClient) -> AsyncIterator[ClientConnection]:
    """An open desk."""
    cookie = {"Cookie": f"rechtdoor_session={who.cookies['rechtdoor_session']}"}
    async with connect(f"ws://{address}/api/v1/desk/live", additional_headers=cookie) as socket:
        await until(socket, event="ready")
        yield socket


async def a_customer(client: httpx.AsyncClient, owner: str = "queue") -> Customer:
    her = await new_customer(client, language="nl")
    await her.send("de pincode is weggekrast")
    await her.until(owner)
    return her


async def present(who: httpx.AsyncClient, name: str) -> bool:
    people = (await who.get("/api/v1/desk/people")).json()["people"]
    return bool(next(p["present"] for p in people if p["name"] == name))


async def set_routing(app: FastAPI, **value: Any) -> None:
    def store(session: Session) -> None:
        session.add(Setting(name=teams.ROUTING, value=value))

    await app.state.it.write(store)


async def eventually(what: Callable[[], Any], seconds: float = 5) -> None:
    """Wait until the awaited `what()` is true."""
    async with asyncio.timeout(seconds):
        while not await what():
            await asyncio.sleep(0.05)


async def test_while_any_tab_is_open_she_is_there(app: FastAPI, address: str) -> None:
    noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        assert not await present(sam, "Noor")
        async with desk(address, noor):
            async with desk(address, noor):
                assert await present(sam, "Noor")
                her = await a_customer(client)
                await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")
            await asyncio.sleep(2 * GRACE_S)  # one tab is closed, the other is not
            assert await present(sam, "Noor")
            assert (await her.look())["owner"] == "agent"
        found = await her.until("queue")
        assert found["queue"]["position"] == 1
        assert not await present(sam, "Noor")
        kinds = [m["kind"] for m in await her.messages()]
        assert kinds[-2:] == ["assigned", "vanished"]
        late = await noor.post(f"/api/v1/desk/conversations/{her.id}/messages", json={"client_id": "1", "text": "hoi"})
        assert (late.status_code, "Take the conversation first" in late.json()["detail"]) == (409, True)


async def test_back_within_the_grace_period_nothing_is_lost(app: FastAPI, address: str) -> None:
    noor = await signed_in(app, "noor")
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        async with desk(address, noor):
            her = await a_customer(client)
            await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")
        await asyncio.sleep(GRACE_S / 3)
        async with desk(address, noor):
            await asyncio.sleep(2 * GRACE_S)
            assert (await her.look())["agent_name"] == "Noor"
        assert "vanished" not in [m["kind"] for m in await her.messages()]


async def test_given_out_by_itself_and_to_a_colleague_when_she_vanishes(app: FastAPI, address: str) -> None:
    await set_routing(app, automatic=True)
    noor, sam = await signed_in(app, "noor"), await signed_in(app, "sam")
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        waits = await a_customer(client)
        async with desk(address, sam) as sams:
            assert (await waits.until("agent"))["agent_name"] == "Sam"  # who came in gets who waits
            await until(sams, event="changed", conversation=waits.id)
            await sam.post("/api/v1/desk/away", json={"away": True})
            async with desk(address, noor):
                her = await a_customer(client, "agent")
                assert (await her.look())["agent_name"] == "Noor"
            await her.until("queue")  # noor is gone and sam is away
            await sam.post("/api/v1/desk/away", json={"away": False})
            assert (await her.until("agent"))["agent_name"] == "Sam"
        kinds = [m["kind"] for m in await her.messages()]
        assert [k for k in kinds if k in ("assigned", "vanished")] == ["assigned", "vanished", "assigned"]


async def test_seen_is_written_seldom_and_not_at_all_by_who_only_looks(app: FastAPI, address: str) -> None:
    it: State = app.state.it
    it.settings.vanish_s = 45.0
    noor = await signed_in(app, "noor")

    def at(session: Session) -> list[datetime]:
        return list(session.exec(select(Presence.seen_at)).all())

    await noor.get("/api/v1/desk/queue")
    assert await it.read(at) == []
    async with desk(address, noor):
        first = await it.read(at)
        async with desk(address, noor):
            assert await it.read(at) == first
    assert await it.read(at) == first  # hanging up writes nothing
    assert len(first) == 1


async def test_a_desk_of_somebody_signed_out_ends(app: FastAPI, address: str) -> None:
    noor = await signed_in(app, "noor")
    async with desk(address, noor) as socket:
        await noor.post("/api/v1/logout")
        assert await closed_with(socket) == 4401
    await eventually(lambda: gone(app))


async def gone(app: FastAPI) -> bool:
    def look(session: Session) -> bool:
        return not any(c.present for c in presence.colleagues(session, now(), GRACE_S))

    return await app.state.it.read(look)


async def test_a_failed_look_is_tried_again(
    app: FastAPI, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(presence, "gone", lambda *_: 1 / 0)
        app.state.it.bus.publish("queue", "")
        await eventually(lambda: said(caplog))
    noor = await signed_in(app, "noor")
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        async with desk(address, noor):
            her = await a_customer(client)
            await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")
        await her.until("queue")


async def said(caplog: pytest.LogCaptureFixture) -> bool:
    return "will be tried again" in caplog.text


async def test_after_a_start_desks_have_the_time_to_come_back(it: State) -> None:
    def before(session: Session) -> str:
        noor = agent(session)
        here(session, noor, at=now() - timedelta(seconds=100))
        conversation = in_line(session)
        queue.claim(session, conversation.id, noor)
        session.exec(select(Handling)).one().began_at = now() - timedelta(seconds=200)
        return conversation.id

    id_ = await it.write(before)
    await routing.route(it, well_since=now())
    assert (await now_is(it, id_)).owner == "agent"
    await routing.route(it, well_since=now() - GRACE - timedelta(seconds=1))
    assert (await now_is(it, id_)).owner == "queue"


def test_each_agent_has_a_row_of_her_own(session: Session) -> None:
    people: list[Person] = [agent(session, f"Agent{n}") for n in range(3)]
    here(session, *people)
    here(session, *people)
    assert len(session.exec(select(Presence)).all()) == 3
    assert session.exec(select(Handling)).all() == []
