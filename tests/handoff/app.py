"""The whole app on a test database, with the scripted bot in Rasa's place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from fastapi import FastAPI

from handoff.app import create_app
from handoff.auth import add_user
from handoff.client import Client, Conversation
from handoff.db import make_engine, writing
from handoff.settings import Settings
from kb.base import everyday_sentences
from kb.drafts import EntryDraft
from kb.encoder import Encoder
from kb.entries import create_entry, revision

from .conftest import FAQ, ScriptedBot

PASSWORD = "a long enough password"
PEOPLE = [("noor", "agent"), ("sam", "agent"), ("els", "editor"), ("ada", "admin")]


def fill(database_url: str) -> None:
    """Four entries and four people, in a database that has none yet."""
    engine = make_engine(database_url)
    with writing(engine) as session:
        if revision(session) == 0:
            for key, question, answer, phrasings in FAQ:
                draft = EntryDraft(key=key, question=question, answer=answer, phrasings=phrasings, topic="shop")
                create_entry(session, draft, "test")
            for name, role in PEOPLE:
                add_user(session, f"{name}@shop.example", name.title(), role, PASSWORD)
    engine.dispose()


@asynccontextmanager
async def running_app(
    database_url: str, encoder: Encoder, cache_dir: Path, var_dir: Path, scripted: ScriptedBot, **settings: Any
) -> AsyncIterator[FastAPI]:
    """The app, started, with four entries and four people."""
    fill(database_url)
    more = {"settle_s": 0.05, "rate_limits": False} | settings  # tests type faster than people; see test_limits
    app = create_app(
        Settings(_env_file=None, database_url=database_url, var_dir=var_dir, cache_dir=cache_dir, **more)
    )
    await app.state.it.client.aclose()
    app.state.it.client = httpx.AsyncClient(transport=httpx.MockTransport(scripted), base_url="http://bot")
    # The same parts, loaded once for all tests and with fewer everyday sentences: a start takes tenths of seconds.
    few = everyday_sentences()[:150]
    with (
        patch("handoff.app.load_encoder", lambda *_: encoder),
        patch("kb.base.everyday_sentences", lambda: few),
    ):
        async with app.router.lifespan_context(app):
            yield app


def client_of(app: FastAPI, **more: Any) -> httpx.AsyncClient:
    """A caller of the app; cookies are its own."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test", **more)


async def signed_in(app: FastAPI, name: str) -> httpx.AsyncClient:
    """A caller with the session cookie of one of PEOPLE."""
    client = client_of(app)
    answer = await client.post("/api/v1/login", json={"email": f"{name}@shop.example", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


class Customer:
    """A customer over the API."""

    def __init__(self, client: httpx.AsyncClient, started: dict[str, Any]) -> None:
        self.client, self.id, self.token = client, started["id"], started["token"]
        self.talk = Conversation(Client(str(client.base_url), http=client), self.id, self.token)
        self.path = f"/api/v1/conversations/{self.id}"
        self.headers = {"Authorization": f"Bearer {self.token}"}
        self._count = 0

    async def send(self, text: str | None = None, **more: Any) -> httpx.Response:
        """Send a message, whatever comes of it; `more` may hold kind, option, value, client_id."""
        self._count += 1
        body = {"client_id": f"m{self._count}"} | ({} if text is None else {"text": text}) | more
        return await self.client.post(f"{self.path}/messages", json=body, headers=self.headers)

    async def messages(self, after: int = 0) -> list[dict[str, Any]]:
        """The timeline after a number."""
        return [dict(row) for row in await self.talk.messages(after)]

    async def look(self) -> dict[str, Any]:
        """The conversation."""
        return dict(await self.talk.look())

    async def until(self, owner: str) -> dict[str, Any]:
        """Wait until `owner` has the conversation."""
        async with asyncio.timeout(10):
            while (found := await self.look())["owner"] != owner:
                await asyncio.sleep(0.02)
        return found

    async def reply(self, kind: str, after: int = 0) -> dict[str, Any]:
        """Wait for a message of `kind`."""
        async with asyncio.timeout(10):
            while True:
                for message in await self.messages(after):
                    if message["kind"] == kind:
                        return message
                await asyncio.sleep(0.02)


async def new_customer(client: httpx.AsyncClient, **body: Any) -> Customer:
    """Start a conversation."""
    talk = await Client(str(client.base_url), http=client).start(**body)
    return Customer(client, {"id": talk.id, "token": talk.token})
