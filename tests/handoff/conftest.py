"""A running app's state with a real knowledge base, and a bot that does as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlmodel import Session

from handoff import auth, conversations
from handoff.app import make_state
from handoff.db import make_engine, writing
from handoff.models import Conversation, Message
from handoff.settings import Settings
from handoff.state import State
from kb.base import Base, everyday_sentences
from kb.drafts import EntryDraft
from kb.encoder import Encoder, load_encoder
from kb.entries import create_entry

from .asking import Processes, mailing
from .postoffice import Taking, open_office

FAQ = [
    ("gift-card-balance", "Hoeveel staat er nog op mijn cadeaubon?", "Kijk op **/cadeaubon/saldo**.",
     ["hoeveel staat er op mn cadeaukaart", "saldo kadobon checken", "wat is mijn tegoed"]),
    ("return-how", "Hoe stuur ik iets terug?", "Meld je retour aan in je account.",
     ["hoe kan ik retourneren", "ik wil iets terugsturen", "retour aanmelden"]),
    ("delivery-time", "Hoe lang duurt de levering?", "Meestal 1 à 2 werkdagen.",
     ["wanneer komt mijn pakje", "levertijd", "hoe snel leveren jullie"]),
    ("store-hours", "Wanneer zijn jullie winkels open?", "Elke dag van 10 tot 18 uur.",
     ["openingstijden winkel", "tot hoe laat zijn jullie open"]),
]  # fmt: skip


class ScriptedBot:
    """Stands in for Rasa where it must fail, wait or say something particular."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.hold: asyncio.Event | None = None
        self.down = False
        self.says: Callable[[dict[str, Any]], Any] = by_verdict

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        if request.method == "GET":
            return httpx.Response(200)
        body = json.loads(request.content)
        self.asked.append(body)
        said = self.says(body)
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, httpx.Response) else httpx.Response(200, json=said)


def act(name: str, **more: str) -> dict[str, Any]:
    """An act as Rasa's REST channel gives it."""
    return {"recipient_id": "x", "custom": {"act": name} | more}


def by_verdict(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the bot's rules say to fresh evidence."""
    if body["message"] == "/none_of_these":
        return [act("handoff", reason="rejected")]
    if body["message"] == "/helped":
        return [act("say", key="helped")]
    if body["message"] == "/not_helped":
        return [act("rephrase")]
    if body["message"] == "/file":
        return [act("say", key="file")]
    if body["metadata"]["kb"].get("completes"):
        return [act("say", key="nothing")]
    verdict = body["metadata"]["kb"]["verdict"]
    return {
        "answer": [act("answer")],
        "clarify": [act("clarify")],
        "partly": [act("answer"), act("handoff", reason="unknown")],
        "unknown": [act("handoff", reason="unknown")],
        "off_topic": [act("rephrase")],
    }[verdict]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 at its cheapest: what it costs an attacker is not what is tested here."""
    monkeypatch.setattr(auth, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def encoder(cache_dir: Path) -> Encoder:
    """The default encoder, loaded once."""
    return load_encoder("default", cache_dir)


@pytest.fixture
def scripted() -> ScriptedBot:
    """The bot of `it` and `app`."""
    return ScriptedBot()


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    """The whole app, started; a file with other wishes has its own."""
    from .app import running_app  # it takes the FAQ and the bot from here

    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of `app` whom nobody knows."""
    from .app import client_of

    async with client_of(app) as client:
        yield client


@pytest.fixture
async def it(
    database_url: str, encoder: Encoder, scripted: ScriptedBot, tmp_path: Path, cache_dir: Path
) -> AsyncIterator[State]:
    """The state of an app with four entries; nothing runs beside it until a test starts it."""
    engine = make_engine(database_url)
    with writing(engine) as session:
        for key, question, answer, phrasings in FAQ:
            draft = EntryDraft(key=key, question=question, answer=answer, phrasings=phrasings, topic="shop")
            create_entry(session, draft, "test")
        base = Base.open(encoder, session, everyday_sentences()[:150], memory=cache_dir / "vectors")
    settings = Settings(_env_file=None, database_url=database_url, var_dir=tmp_path, settle_s=0.15, bot_timeout_s=1)
    engine.dispose()
    state = make_state(settings)
    await state.client.aclose()
    state.client = httpx.AsyncClient(transport=httpx.MockTransport(scripted), base_url="http://bot")
    state.loaded = base
    yield state
    await stop(state)


@pytest.fixture
async def processes(database_url: str, tmp_path: Path) -> AsyncIterator[Processes]:
    """Makes app processes on one database that mail to `port`."""
    async with AsyncExitStack() as stack:

        def make(port: int = 0) -> State:
            it = mailing(database_url, tmp_path, port)
            stack.push_async_callback(stop, it)
            return it

        yield make


@pytest.fixture
async def office(processes: Processes) -> AsyncIterator[tuple[State, Taking]]:
    """An app process and the server that it mails to."""
    with open_office() as (taking, port):
        yield processes(port), taking


async def stop(state: State) -> None:
    """End what runs beside a state, and close what it holds."""
    for task in list(state.tasks):
        task.cancel()
    await asyncio.gather(*state.tasks, return_exceptions=True)
    await state.client.aclose()
    state.engine.dispose()


async def started(it: State, language: str = "nl") -> str:
    """The id of a new conversation."""
    return (await it.write(conversations.start, language=language))[0].id


async def timeline(it: State, conversation_id: str) -> list[Message]:
    """All rows of a conversation."""
    return await it.read(conversations.messages_after, conversation_id)


async def now_is(it: State, conversation_id: str) -> Conversation:
    """The conversation as it is now."""

    def look(session: Session) -> Conversation:
        return conversations.get(session, conversation_id)

    return await it.read(look)
