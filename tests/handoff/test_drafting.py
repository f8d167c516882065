"""Drafts by a model, against a local stand-in for the endpoint: as it should be, slow, broken, huge and hostile."""

import asyncio
import html
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from handoff import drafting
from handoff.settings import Settings
from handoff.web.rendering import word
from kb.encoder import Encoder

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act

KEY = "sk-very-secret"
WORDS = "Stuur ons een foto van de bon, dan helpen we je verder."


def said(words: Any, status: str = "200 OK") -> bytes:
    """An answer as the endpoint gives it."""
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": words}}]}).encode()
    return raw(body, status)


def raw(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


class Model:
    """The stand-in: `answer` gives what goes back for a request's body, `hold` keeps it waiting."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.answer: Callable[[], bytes] = lambda: said(WORDS)
        self.hold: asyncio.Event | None = None
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(h.split(":")[1]) for h in head.splitlines() if h.lower().startswith("content-length"))
        self.headers.append(head)
        self.asked.append(json.loads(await reader.readexactly(length)))
        if self.hold is not None:
            await self.hold.wait()
        try:
            writer.write(self.answer())
            await writer.drain()
        except ConnectionError:  # the caller has had enough
            pass
        finally:
            writer.close()


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    """A running stand-in."""
    model = Model()
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    model.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield model
    if model.hold is not None:
        model.hold.set()
    server.close()


@pytest.fixture
async def app(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot, model: Model
) -> AsyncIterator[FastAPI]:
    """The app with the stand-in for its model; the bot hands over."""
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    set_to = {"model_url": model.url, "model_name": "stand-in", "model_key": KEY}
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **set_to) as app:
        yield app


async def taken(app: FastAPI, text: str = "mijn bon doet het niet") -> tuple[Customer, httpx.AsyncClient]:
    customer = await new_customer(client_of(app))
    await customer.send(text)
    await customer.until("queue")
    agent = await signed_in(app, "noor")
    assert (await agent.post(f"/api/v1/desk/conversations/{customer.id}/claim")).status_code == 200
    return customer, agent


async def draft(agent: httpx.AsyncClient, customer: Customer, kind: str = "reply") -> httpx.Response:
    headers = {"Accept-Language": "nl"}
    path = f"/api/v1/desk/conversations/{customer.id}/drafts"
    return await agent.post(path, json={"kind": kind}, headers=headers, timeout=30)


async def card(agent: httpx.AsyncClient, customer: Customer, kind: str = "reply") -> str:
    headers = {"Accept-Language": "nl", "HX-Request": "true"}
    answer = await agent.post(f"/desk/{customer.id}/draft?kind={kind}", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def test_a_draft_is_marked_and_nothing_is_sent(app: FastAPI, model: Model) -> None:
    customer, agent = await taken(app)
    before = await customer.messages()
    made = await draft(agent, customer)
    assert made.json() == {"text": WORDS, "language": "nl", "draft": True}
    shown = await card(agent, customer)
    assert WORDS in shown
    assert word("nl", "draft.mark") in shown
    assert "data-model-use" in shown
    summed = await card(agent, customer, "summary")
    assert word("nl", "draft.mark") in summed
    assert "data-model-use" not in summed
    assert await customer.messages() == before
    assert model.asked[0]["model"] == "stand-in"
    assert f"Bearer {KEY}" in model.headers[0]
    assert model.headers[0].startswith("POST /v1/chat/completions ")


async def test_secrets_notes_and_other_rows_stay_here(app: FastAPI, model: Model) -> None:
    customer, agent = await taken(app, "mail mij op mina@shop.example, IBAN NL91 ABNA 0417 1643 00")
    path = f"/api/v1/desk/conversations/{customer.id}"
    await agent.post(f"{path}/notes", json={"client_id": "n", "text": "klant is boos, zeg niets over de storing"})
    await agent.post(f"{path}/messages", json={"client_id": "m", "text": "Ik bel 0612345678 even."})
    await customer.send("x" * 3900)
    for kind in ("reply", "summary"):
        await draft(agent, customer, kind)
    sent = json.dumps(model.asked)
    for secret in ("mina@shop", "NL91", "0612345678", "storing"):
        assert secret not in sent
    assert "[email]" in sent
    assert all(len(json.dumps(asked)) < 3 * drafting.MAX_ASKED for asked in model.asked)


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> **hoi** [x](javascript:alert(1)) \u202e\x00"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: raw(b"{}", "500 Internal Server Error"), "down"),
        (lambda: raw(b"{}", "401 Unauthorized"), "refused"),
        (lambda: raw(b"{}", "302 Found"), "rubbish"),
        (lambda: raw(b"<html>not json</html>"), "rubbish"),
        (lambda: raw(b"[" * 100_000), "rubbish"),
        (lambda: raw(b'{"choices": []}'), "rubbish"),
        (lambda: raw(b"null"), "rubbish"),
        (lambda: said(None), "rubbish"),
        (lambda: said(["a list"]), "rubbish"),
        (lambda: said("  \n\x00 "), "rubbish"),
        (lambda: raw(b"x" * (drafting.MAX_BYTES + 10)), "rubbish"),
        (lambda: b"not even http\r\n\r\n", "down"),
        (lambda: b"", "down"),
    ],
)
async def test_whatever_goes_wrong_is_said_in_plain_words(
    app: FastAPI, model: Model, answer: Callable[[], bytes], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    customer, agent = await taken(app)
    model.answer = answer
    assert word("nl", f"draft.why_{why}") in await card(agent, customer)
    assert (await draft(agent, customer)).status_code == 502
    assert KEY not in caplog.text
    path = f"/api/v1/desk/conversations/{customer.id}/messages"
    said_so = await agent.post(path, json={"client_id": "m", "text": "Zonder model."})
    assert said_so.status_code == 202  # the desk works as before
    model.answer = lambda: said(WORDS)
    assert WORDS in await card(agent, customer)


async def test_slow_is_given_up_and_one_at_a_time(
    app: FastAPI, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, agent = await taken(app)
    monkeypatch.setattr(drafting, "TIMEOUT_S", 1.0)
    model.hold = asyncio.Event()
    first = asyncio.create_task(draft(agent, customer))
    async with asyncio.timeout(5):
        while not model.asked:
            await asyncio.sleep(0.01)
    assert word("nl", "draft.why_busy") in await card(agent, customer)
    assert (await draft(agent, customer)).status_code == 409
    slow = await first
    assert slow.status_code == 502
    assert len(model.asked) == 1
    assert word("nl", "draft.why_slow") in await card(agent, customer)
    model.hold.set()
    assert WORDS in await card(agent, customer)


async def test_hostile_and_endless_words_are_plain_text(app: FastAPI, model: Model) -> None:
    customer, agent = await taken(app)
    model.answer = lambda: said(HOSTILE)
    page = await agent.post(f"/desk/{customer.id}/draft?kind=reply", headers={"HX-Request": "true"})
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text
    model.answer = lambda: said("woord " * 20_000)
    assert len((await draft(agent, customer)).json()["text"]) <= drafting.MAX_DRAFT


async def test_who_may_and_what_may(app: FastAPI, model: Model) -> None:
    customer, agent = await taken(app)
    sam, editor = await signed_in(app, "sam"), await signed_in(app, "els")
    assert (await draft(sam, customer)).status_code == 409  # not his to answer
    assert word("nl", "draft.why_lost") in await card(sam, customer)
    assert (await draft(sam, customer, "summary")).status_code == 200
    assert (await draft(editor, customer)).status_code == 403
    assert (await draft(client_of(app), customer)).status_code == 401
    assert (await draft(agent, customer, "poem")).status_code == 422
    customer.id = "nope"
    assert (await draft(agent, customer)).status_code == 404
    assert len(model.asked) == 1


async def test_down_is_said_and_off_is_off(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        customer, agent = await taken(app)
        page = await agent.get(f"/desk/{customer.id}", headers={"Accept-Language": "nl"})
        assert 'id="draft-ask"' not in page.text
        assert word("nl", "draft.summary") not in page.text
        assert (await draft(agent, customer)).status_code == 404
        it = app.state.it
        it.settings.model_url, it.settings.model_name = "http://127.0.0.1:9/v1", "x"
        assert 'id="draft-ask"' in (await agent.get(f"/desk/{customer.id}")).text
        assert word("nl", "draft.why_down") in await card(agent, customer)


def test_the_settings_are_off_checked_and_keep_the_key_to_themselves() -> None:
    assert Settings(_env_file=None).model_url == ""
    with pytest.raises(ValidationError, match="MODEL_NAME"):
        Settings(_env_file=None, model_url="https://x/v1")
    with pytest.raises(ValidationError, match="https://"):
        Settings(_env_file=None, model_url="file:///etc/passwd", model_name="x")
    assert KEY not in repr(Settings(_env_file=None, model_url="https://x/v1", model_name="x", model_key=KEY))
