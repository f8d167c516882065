"""docs/api.md is true: the exchange in it is played against a running app, and what comes back has the shape shown."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from handoff import webhooks
from handoff.db import make_engine, writing
from handoff.settings import ROOT
from kb.drafts import EntryDraft
from kb.encoder import Encoder
from kb.entries import create_entry

from .app import fill, running_app, signed_in
from .conftest import ScriptedBot, act, by_verdict
from .pictures import picture
from .receiver import SECRET, Receiver, receiving
from .test_live import serving

PAGE = (ROOT / "docs/api.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|^<!-- agent: (\w+)(?: ([^\n]*?))? -->$", re.S | re.M)
# Where the value must be the one in the page, not only something of its kind.
EXACT = {"seq", "author", "kind", "owner", "event", "status", "language", "reason", "code", "last_seq", "position",
         "score", "solved", "unread", "answers_seq", "entry_key", "client_id", "title", "author_name", "agent_name",
         "leave", "bot_busy", "agent_seen_seq", "type", "media_type", "customer", "key", "ask_helped"}  # fmt: skip
MORE = "…"
IDENTITY = "a secret of the shop's with many characters"
ENTRIES = [
    ("return-how", "How do I return something?", "Register your return in [your account](/account).",
     ["how can I send something back", "I want to return an item"]),
    ("delivery-time", "How long does delivery take?", "Usually 1 or 2 working days.", ["when will my parcel come"]),
    ("gift-card-balance", "What is left on my gift card?", "See **/gift-card**.", ["balance of my gift card"]),
    ("store-hours", "When are your shops open?", "Every day from 10 to 6.", ["opening hours"]),
]  # fmt: skip


def blocks() -> Iterator[tuple[str, str]]:
    """What the page shows and what its comments say happens at the desk, in order: a kind and the words."""
    for found in BLOCK.finditer(PAGE):
        kind, words, does, what = found.groups()
        yield (kind, words) if kind else ("agent", f"{does} {what or ''}".strip())


def differs(shown: Any, real: Any, at: str = "") -> str:
    """Where what came back is not of the shape that the page shows; empty where it is."""
    if isinstance(shown, dict) and isinstance(real, dict):
        if MORE in shown:  # the page shows some of it
            shown = {k: v for k, v in shown.items() if k != MORE}
            real = {k: v for k, v in real.items() if k in shown}
        if shown.keys() != real.keys():
            return f"{at}: shown {sorted(shown)}, came {sorted(real)}"
        return next((why for k in shown if (why := differs(shown[k], real[k], f"{at}/{k}"))), "")
    if isinstance(shown, list) and isinstance(real, list):
        if len(shown) != len(real):
            return f"{at}: shown {len(shown)}, came {len(real)}: {json.dumps(real, ensure_ascii=False)}"
        both = zip(shown, real, strict=True)
        return next((why for n, (a, b) in enumerate(both) if (why := differs(a, b, f"{at}/{n}"))), "")
    if type(shown) is not type(real):
        return f"{at}: shown {shown!r}, came {real!r}"
    exact = at.rsplit("/", 1)[-1] in EXACT or isinstance(shown, bool)
    return f"{at}: shown {shown!r}, came {real!r}" if exact and shown != real else ""


@dataclass
class Play:
    """The exchange as it is played: the app, the shop's server, and what ID, TOKEN and the like stand for by now."""

    app: FastAPI
    address: str
    shop: Receiver
    http: httpx.AsyncClient
    noor: httpx.AsyncClient
    stands: dict[str, str] = field(default_factory=dict)
    answer: httpx.Response | None = None
    socket: ClientConnection | None = None
    says: Iterator[int] = field(default_factory=lambda: count(1))
    played: list[str] = field(default_factory=list)

    def real(self, words: str) -> str:
        """The words with what its capitals stand for."""
        return re.sub(r"\b[A-Z]+_?[A-Z]+\b", lambda m: self.stands.get(m[0], m[0]), words)

    async def request(self, words: str) -> None:
        """Ask what a block asks."""
        head, _, body = words.partition("\n\n")
        first, *lines = self.real(head).strip().split("\n")
        method, path = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        content = self.real(body).strip().encode()
        if "multipart" in headers.get("Content-Type", ""):
            content = content.replace(b"\n", b"\r\n").replace(b"(the photo)", picture(size=(1200, 900))) + b"\r\n"
        self.answer = await self.http.request(method, path, headers=headers, content=content)

    def compare(self, words: str) -> None:
        """See whether the last answer is the one that a block shows."""
        assert self.answer is not None
        head, _, body = words.partition("\n\n")
        status = head.split("\n")[0]
        came = f"{self.answer.status_code} {self.answer.reason_phrase}"
        assert came == status, f"{status} was shown, {came} came: {self.answer.text}"
        if not body.strip():
            return
        real, shown = self.answer.json(), json.loads(body)
        if isinstance(real, dict) and real.get("token") and isinstance(shown, dict):
            self.stands |= {shown["id"]: real["id"], shown["token"]: real["token"]}
        if why := differs(json.loads(self.real(body)), real):
            raise AssertionError(f"{why}\n{json.dumps(real, indent=1, ensure_ascii=False)}")

    async def live(self, words: str) -> None:
        """Send and expect the frames of a block; events in between that it does not show are passed over."""
        for line in words.strip().split("\n"):
            way, frame = line[0], json.loads(self.real(line[2:]))
            if way == "→":
                if self.socket is None:
                    self.socket = await connect(f"ws://{self.address}{self.real('/api/v1/conversations/ID/live')}")
                await self.socket.send(json.dumps(frame))
                continue
            assert way == "←", line
            await self._expect(frame)

    async def _expect(self, shown: dict[str, Any]) -> None:
        assert self.socket is not None
        came: list[str] = []
        try:
            async with asyncio.timeout(8):
                while why := differs(shown, json.loads(await self.socket.recv())):
                    came.append(why)
        except TimeoutError:
            raise AssertionError(f"{shown} did not come, but\n" + "\n".join(came)) from None

    async def agent(self, words: str) -> None:
        """Do at the desk what a comment in the page says."""
        does, _, what = words.partition(" ")
        path = self.real("/api/v1/desk/conversations/ID")
        if does == "claim":
            assert (await self.noor.post(f"{path}/claim")).status_code == 200
        elif does == "types":
            self.app.state.it.bus.publish("moment", self.real("ID agent"))
        elif does == "says":
            body = {"client_id": f"n{next(self.says)}", "text": what}
            assert (await self.noor.post(f"{path}/messages", json=body)).status_code == 202
        elif does == "wait":
            await self._until(what)
        elif does == "hang_up" and self.socket is not None:
            await self.socket.close()
            self.socket = None

    async def _until(self, kind: str) -> None:
        """Wait until the conversation's last row is of a kind: nobody asks sooner than the bot can answer."""
        path, bearer = self.real("/api/v1/conversations/ID/messages"), self.real("Bearer TOKEN")
        async with asyncio.timeout(10):
            while (await self.http.get(path, headers={"Authorization": bearer})).json()[-1]["kind"] != kind:
                await asyncio.sleep(0.02)

    async def pushed(self, words: str) -> None:
        """Wait for the event that a block shows."""
        async with asyncio.timeout(10):
            while not self.shop.got:
                await asyncio.sleep(0.05)
        if why := differs(json.loads(self.real(words)), self.shop.events[-1]):
            raise AssertionError(f"{why}\n{self.shop.events[-1]}")


@pytest.fixture
async def play(
    database_url: str,
    encoder: Encoder,
    cache_dir: Path,
    tmp_path: Path,
    scripted: ScriptedBot,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Play]:
    monkeypatch.setattr(webhooks, "WAIT_S", 0.3)
    scripted.says = lambda body: (
        [act("handoff", reason="unknown")] if "hums" in body["message"] else by_verdict(body)
    )
    fill(database_url)
    engine = make_engine(database_url)
    with writing(engine) as session:
        for key, question, answer, phrasings in ENTRIES:
            draft = EntryDraft(key=key, language="en", question=question, answer=answer, phrasings=phrasings)
            create_entry(session, draft, "test")
    engine.dispose()
    async with AsyncExitStack() as stack:
        shop, url = stack.enter_context(receiving())
        hook = {"webhook_url": url, "webhook_secret": SECRET, "identity_secret": IDENTITY}
        app = await stack.enter_async_context(
            running_app(database_url, encoder, cache_dir, tmp_path, scripted, **hook)
        )
        address = await stack.enter_async_context(serving(app))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://{address}"))
        token = jwt.encode({"sub": "48213", "name": "An", "exp": int(time.time()) + 600}, IDENTITY, "HS256")
        noor = await signed_in(app, "noor")
        yield Play(app, address, shop, http, noor, {"IDENTITY_TOKEN": token})


async def test_the_exchange_in_the_page_is_what_happens(play: Play) -> None:
    for kind, words in blocks():
        try:
            if kind == "http":
                await play.request(words)
            elif kind == "answer":
                play.compare(words)
            elif kind == "socket":
                await play.live(words)
            elif kind == "agent":
                await play.agent(words)
            elif kind == "event":
                await play.pushed(words)
            else:
                continue
        except Exception as error:
            raise AssertionError(f"In docs/api.md:\n{words}\n{error}") from error
        play.played.append(kind)
    counts = {kind: play.played.count(kind) for kind in set(play.played)}
    assert counts["http"] == counts["answer"] >= 12
    assert counts["socket"] >= 4
    assert counts["event"] == 1
    headers, body = play.shop.got[-1]
    check_verification(headers, body)


def verification() -> str:
    """The code in the page with which a shop's server verifies what it gets."""
    return next(words for kind, words in blocks() if kind == "python" and "def verified" in words)


def check_verification(headers: dict[str, str], body: bytes) -> None:
    """Whether the page's code takes a real event and no other."""
    known: dict[str, Any] = {}
    exec(compile(verification(), "docs/api.md", "exec"), known)  # noqa: S102 - our own page
    verified = known["verified"]
    assert verified(SECRET, headers, body) is True
    assert verified(SECRET, headers, body + b" ") is False
    assert verified("whsec_" + base64.b64encode(b"y" * 32).decode(), headers, body) is False
    assert verified(SECRET, headers | {"webhook-id": "msg_b"}, body) is False
    assert verified(SECRET, {}, body) is False
    old = str(int(time.time()) - 900)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = hmac.new(key, f"{headers['webhook-id']}.{old}.".encode() + body, hashlib.sha256).digest()
    late = headers | {"webhook-timestamp": old, "webhook-signature": f"v1,{base64.b64encode(signed).decode()}"}
    assert verified(SECRET, late, body) is False


async def test_the_example_of_the_client_works(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    code = next(words for kind, words in blocks() if kind == "python" and "asyncio.run(main())" in words)
    known: dict[str, Any] = {}
    code = code.replace("https://chat.your-shop.example", f"http://{play.address}").replace("asyncio.run(main())", "")
    exec(compile(code, "docs/api.md", "exec"), known)  # noqa: S102 - our own page
    listening = asyncio.create_task(known["main"]())
    said = ""
    async with asyncio.timeout(10):
        while "bot Register your return" not in said:
            await asyncio.sleep(0.05)
            said += capsys.readouterr().out
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert said.startswith("customer How do I return something?")


def test_a_difference_is_noticed() -> None:
    """What the test above stands on."""
    assert not differs({"seq": 1, MORE: MORE}, {"seq": 1, "text": "a"})
    assert differs({"seq": 1, MORE: MORE}, {"text": "a"})
    shown = {"seq": 1, "text": "a", "more": [{"at": "x"}], "queue": None}
    assert not differs(shown, shown | {"text": "another"})
    for other in ({"seq": 2}, {"text": 1}, {"text": None}, {"new": 1}, {"more": []}, {"more": [{}]}, {"queue": {}}):
        assert differs(shown, shown | other), other


def test_every_route_of_customers_is_in_the_page(play: Play) -> None:
    for path, ways in play.app.openapi()["paths"].items():
        for method, way in ways.items():
            if "customer" in way.get("tags", []):
                short = path.removeprefix("/api/v1").replace("{conversation_id}", "ID")
                assert f"{method.upper()} /api/v1{short}" in PAGE or f"`{method.upper()} {short}`" in PAGE, short


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", BLOCK.sub("", PAGE)):
        if not link.startswith("http"):
            assert (ROOT / "docs" / link).resolve().exists(), link
