"""Two apps on one database, as two processes are: whatever an editor does in one, the other's customers hear at once.

They share nothing but the database (and Redis beside PostgreSQL): each has its own index, engine and bus.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis import Redis
from redis.exceptions import RedisError

from kb.encoder import Encoder

from .app import client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .test_live import REDIS

PIN = "de helft van de pincode van mijn cadeaubon is weggekrast"
OTHER = "hebben jullie ook mosgroene vloerlampen"
KEY = "de-helft-van-de-pincode-van-mijn-cadeaubon"  # as `kb.drafts.slug` makes it
Click = Callable[[], Awaitable[httpx.Response]]


def only_what_is_sure(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A bot that hands over what does not stand in the FAQ word for word, however near the few entries here are."""
    kb = body["metadata"]["kb"]
    return [act("answer")] if kb and kb["probability"] > 0.98 else [act("handoff", reason="unknown")]


def redis_for(database_url: str) -> str:
    """Redis for PostgreSQL, where it answers; SQLite goes without."""
    if database_url.startswith("sqlite"):
        return ""
    probe = Redis.from_url(REDIS)
    try:
        probe.ping()
    except RedisError:
        pytest.skip("Redis does not answer on 127.0.0.1:6379")
    finally:
        probe.close()
    return REDIS


@pytest.fixture
async def two(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[list[FastAPI]]:
    """Two running apps."""
    scripted.says = only_what_is_sure
    parts = (database_url, encoder, cache_dir, tmp_path, scripted)
    redis_url = redis_for(database_url)
    async with running_app(*parts, redis_url=redis_url) as one, running_app(*parts, redis_url=redis_url) as other:
        yield [one, other]


async def hears(app: FastAPI, text: str) -> tuple[str, str]:
    """Kind and text of what a customer of this app hears when she asks."""
    async with client_of(app) as client:
        her = await new_customer(client, language="nl")
        await her.send(text)
        async with asyncio.timeout(20):
            while len(said := await her.messages()) < 2:
                await asyncio.sleep(0.02)
        return said[1]["kind"], said[1]["text"]


def entry_for(app: FastAPI, text: str) -> str | None:
    """The entry that this app answers `text` with, or None."""
    found = app.state.it.base.ask(text, "nl")
    return found.entry if found.verdict == "answer" else None


async def live_everywhere(two: list[FastAPI], click: Click, text: str, *, gone: bool = False) -> tuple[float, float]:
    """Click, and wait until each app answers `text` with the entry, or no longer does: seconds since the click was
    answered, and since it was made."""

    def all_so() -> bool:
        return all((entry_for(app, text) == KEY) != gone for app in two)

    assert not any((entry_for(app, text) == KEY) != gone for app in two), "that would prove nothing"
    begun = time.perf_counter()
    done = await click()
    stored = time.perf_counter()
    assert done.status_code < 400, done.text
    async with asyncio.timeout(10):
        while not all_so():
            await asyncio.sleep(0.01)
    now = time.perf_counter()
    return now - stored, now - begun


@pytest.mark.alone
async def test_what_an_editor_does_is_live_in_every_app_within_a_second(two: list[FastAPI]) -> None:
    here, there = [await signed_in(app, "els") for app in two]
    assert (await hears(two[1], PIN))[0] == "handed_over"
    (group,) = (await here.get("/api/v1/review/groups")).raise_for_status().json()["groups"]
    answer = {"answer": "Stuur ons een foto van de bon.", "language": "nl", "question": PIN}
    there_is = f"/review/entries/{KEY}/nl"
    form = {"question": PIN, "answer": "Mail ons een foto.", "phrasings": OTHER, "revision": "1"}

    def post(who: httpx.AsyncClient, path: str, **data: str) -> Click:
        return lambda: who.post(path, data=data)

    took: dict[str, tuple[float, float]] = {}
    approve: Click = lambda: here.post(f"/api/v1/review/groups/{group['id']}/approve", json=answer)  # noqa: E731
    took["approved"] = await live_everywhere(two, approve, PIN)
    assert await hears(two[1], PIN) == ("answer", "Stuur ons een foto van de bon.")

    assert (await hears(two[0], OTHER))[0] == "handed_over"
    await there.post(there_is, data=form)
    await asyncio.sleep(1)  # the promise is a second, and nothing else tells
    assert await hears(two[0], OTHER) == ("answer", "Mail ons een foto.")

    took["withdrawn"] = await live_everywhere(two, post(here, f"{there_is}/withdraw", revision="2"), PIN, gone=True)
    assert (await hears(two[1], PIN))[0] == "handed_over"
    took["restored"] = await live_everywhere(two, post(there, f"{there_is}/restore", revision="3"), PIN)
    back = post(here, f"{there_is}/revert", to="3", revision="4")
    took["reverted"] = await live_everywhere(two, back, PIN, gone=True)
    assert (await hears(two[1], PIN))[0] == "handed_over"
    print({what: [round(s, 3) for s in seconds] for what, seconds in took.items()})  # noqa: T201
    assert max(seconds for seconds, _ in took.values()) < 1, took
