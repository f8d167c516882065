"""The real app on a test database, served by uvicorn in a thread, for real browsers and for plain clients."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from sqlmodel import Session

from handoff.app import create_app
from handoff.auth import add_user
from handoff.db import make_engine, writing
from handoff.settings import Settings
from handoff.state import State
from kb.drafts import EntryDraft
from kb.entries import create_entry

PASSWORD = "a long enough password"
PEOPLE = [("Noor Bakker", "agent"), ("Sam Peeters", "agent"), ("Els Vos", "editor"), ("Ada Smit", "admin")]
T = TypeVar("T")

FAQ = [
    ("gift-card-balance", "nl", "Hoeveel staat er nog op mijn cadeaubon?",
     "Kijk op [je saldo](/cadeaubon/saldo). Je hebt het nummer **en** de pincode nodig.",
     ["hoeveel staat er op mn cadeaukaart", "saldo kadobon checken"], "gift-cards"),
    ("gift-card-lost", "nl", "Ik ben mijn cadeaubon kwijt. Wat nu?",
     "Stuur ons de **kassabon** of de bevestigingsmail.\n\n- Wij blokkeren de oude bon.\n- Je krijgt een nieuwe.",
     ["cadeaubon verloren", "bon gestolen"], "gift-cards"),
    ("gift-card-lost", "en", "I lost my gift card. What now?",
     "Send us the **receipt** or the confirmation mail.", ["lost my gift card"], "gift-cards"),
    ("return-how", "nl", "Hoe stuur ik iets terug?", "Meld je retour aan in [je account](/account).",
     ["hoe kan ik retourneren", "ik wil iets terugsturen"], "returns"),
    ("delivery-time", "nl", "Hoe lang duurt de levering?", "Meestal 1 à 2 werkdagen.",
     ["wanneer komt mijn pakje", "levertijd"], "delivery"),
]  # fmt: skip


class HandsOver:
    """In Rasa's place: gives every message to a person for `reason`, or says what a test put in `says`."""

    reason = "unknown"
    says: list[dict[str, Any]] | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        acts = self.says or [{"act": "handoff", "reason": self.reason}]
        return httpx.Response(200, json=[{"recipient_id": "x", "custom": act} for act in acts])


class Site:
    """A running app: its address, its parts, and short ways to fill it."""

    def __init__(self, address: str, it: State, loop: asyncio.AbstractEventLoop, bot: HandsOver) -> None:
        self.address, self.it, self.bot, self._loop = address, it, bot, loop
        self._clients: list[httpx.Client] = []

    def write(self, fn: Callable[[Session], T]) -> T:
        """Run `fn(session)` in one transaction."""
        with writing(self.it.engine) as session:
            return fn(session)

    def changed(self, conversation_id: str) -> None:
        """Tell customers and desks."""
        self._loop.call_soon_threadsafe(self.it.changed, conversation_id)

    def client(self) -> httpx.Client:
        """A plain caller; cookies are its own."""
        self._clients.append(httpx.Client(base_url=self.address, timeout=20))
        return self._clients[-1]

    def close(self) -> None:
        """Hang up all callers."""
        for client in self._clients:
            client.close()

    def customer(self, text: str = "", language: str = "nl", **start: Any) -> "Customer":
        """A customer; with a `text`, one who waits for a person."""
        customer = Customer(self.client(), {"language": language} | start)
        if text:
            customer.say(text)
            customer.until("queue")
        return customer


class Customer:
    """A customer over the API."""

    def __init__(self, client: httpx.Client, start: dict[str, Any]) -> None:
        made = client.post("/api/v1/conversations", json=start).raise_for_status().json()
        self.client, self.id = client, made["id"]
        self.path = f"/api/v1/conversations/{self.id}"
        client.headers["Authorization"] = f"Bearer {made['token']}"
        self._count = 0

    def say(self, text: str | None = None, **more: Any) -> None:
        """Send a message."""
        self._count += 1
        body = {"client_id": f"m{self._count}", "text": text} | more
        self.client.post(f"{self.path}/messages", json=body).raise_for_status()

    def owner(self) -> str:
        """Who has the conversation."""
        return str(self.client.get(self.path).raise_for_status().json()["owner"])

    def until(self, owner: str) -> None:
        """Wait until `owner` has it."""
        end = time.monotonic() + 10
        while (now := self.owner()) != owner:
            assert time.monotonic() < end, f"{self.id} is still with {now}"
            time.sleep(0.05)

    def said(self) -> list[tuple[str, str]]:
        """Author and text of everything so far."""
        rows = self.client.get(f"{self.path}/messages").raise_for_status().json()
        return [(row["author"], row["text"]) for row in rows]


def _fill(session: Session) -> None:
    for key, language, question, answer, phrasings, topic in FAQ:
        draft = EntryDraft(
            key=key, language=language, question=question, answer=answer, phrasings=phrasings, topic=topic
        )
        create_entry(session, draft, "import")
    for name, role in PEOPLE:
        person = add_user(session, f"{name.split()[0].lower()}@shop.example", name, role, PASSWORD)
        person.capacity = 500  # the tests of a file share their people, who close few conversations


@contextmanager
def running(
    database_url: str, cache_dir: Path, var_dir: Path, filled: bool = False, **more: Any
) -> Iterator[Site]:
    """The app, filled (unless it is already) and served, until the block ends."""
    engine = make_engine(database_url)
    with writing(engine) as session:
        if not filled:
            _fill(session)
    engine.dispose()
    quick = {"settle_s": 0.05, "vanish_s": 3600, "rate_limits": False} | more
    settings = Settings(_env_file=None, database_url=database_url, var_dir=var_dir, cache_dir=cache_dir, **quick)
    app = create_app(settings)
    bot = HandsOver()
    app.state.it.client = httpx.AsyncClient(transport=httpx.MockTransport(bot), base_url="http://bot")
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="websockets-sansio")
    )
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        end = time.monotonic() + 120
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            assert time.monotonic() < end, "the app does not get ready"
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        site = Site(f"http://127.0.0.1:{port}", app.state.it, loops[0], bot)
        yield site
        site.close()
    finally:
        server.should_exit = True
        thread.join(20)
