"""The app starts while the backlog's groups are still being read; a question that comes meanwhile waits for them."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from handoff.state import State
from kb import known
from kb.encoder import Encoder

from .app import client_of, running_app
from .conftest import ScriptedBot


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Open, it lets the groups be read."""
    opened = threading.Event()
    real = known.warm

    def slow(session: Session, width: int) -> None:
        opened.wait(20)
        real(session, width)

    monkeypatch.setattr(known, "warm", slow)
    yield opened
    opened.set()


async def test_the_app_answers_before_the_backlog_is_read(
    gate: threading.Event, database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, turn_lease_s=60) as app:
        it: State = app.state.it
        assert it.warming is not None
        assert (await client_of(app).get("/healthz")).status_code == 200
        waits = asyncio.create_task(it.prepare("mag mijn hond mee in de winkel", "nl"))
        await asyncio.sleep(0.2)
        assert not waits.done()
        assert not it.warming.done()
        gate.set()
        assert (await asyncio.wait_for(waits, 10)).text == "mag mijn hond mee in de winkel"
        assert it.warming.done()


async def test_nobody_waits_for_it_longer_than_a_turn_can_spare(
    gate: threading.Event, database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, turn_lease_s=0.4) as app:
        it: State = app.state.it
        assert (await asyncio.wait_for(it.prepare("mag mijn hond mee", "nl"), 10)).language == "nl"
        assert it.warming is not None
        assert not it.warming.done()
        gate.set()


async def test_a_backlog_that_cannot_be_read_ahead_stops_nothing(
    database_url: str,
    encoder: Encoder,
    cache_dir: Path,
    tmp_path: Path,
    scripted: ScriptedBot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(known, "warm", broken)
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        it: State = app.state.it
        assert (await it.prepare("mag mijn hond mee", "nl")).language == "nl"
        assert "could not be read ahead" in caplog.text
