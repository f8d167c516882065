"""`python -m bench.desk`: the desk at 1,000 waiting conversations and 30 agents, over HTTP and its real sockets.

The app runs as a process of its own, without a bot. Alone: one agent asks for one part at a time. Busy: every agent's
desk is open, and reads the list again as the page does when it hears of something (`desk.js`), while customers write
and, once a second, one leaves the queue.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from rich.console import Console
from sqlmodel import Session
from websockets.asyncio.client import connect

from bench import bars
from bench.bars import Row
from handoff import conversations, line
from handoff.auth import add_user
from handoff.db import make_engine, migrate, writing
from handoff.models import Conversation, Presence
from handoff.ports import answers, free_port
from handoff.settings import ROOT
from kb.models import now

PASSWORD = "a long enough password"  # noqa: S105 - of made-up people
HELD = 3  # conversations that each agent has
TOPICS = ("gift-cards", "returns", "delivery", "payment", None)
ASKED = 30  # times each part is asked for alone
MESSAGES_PER_S = 5
PAGE_MS, PART_MS, OPEN_MS, EVENT_MS, BUSY_MS = 300.0, 200.0, 150.0, 1500.0, 1000.0  # 95 % within
MINE_S, OTHER_S = 1.0, 2.5  # as in desk.js
QUEUE, HTMX = "/desk/queue?limit=50", {"HX-Request": "true"}


def fill(
    database_url: str, waiting: int, agents: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """Who waits and who is with an agent (ids and tokens), and the agents' addresses."""
    engine = make_engine(database_url)
    try:
        with writing(engine) as session:
            names = [f"agent{n}" for n in range(agents)]
            people = [add_user(session, f"{n}@shop.example", n.title(), "agent", PASSWORD) for n in names]
            for person in people:
                person.capacity = 50
                session.add(Presence(person_id=person.id or 0))
            session.flush()
            line_of = [_waits(session, number) for number in range(waiting)]
            held = [_held(session, number, person.id or 0) for person in people for number in range(HELD)]
            return line_of, held, [person.email for person in people]
    finally:
        engine.dispose()


def _waits(session: Session, number: int) -> tuple[str, str]:
    conversation, token = _started(session, number)
    at = now() - timedelta(seconds=5 * number)
    conversations.change_owner(
        session,
        conversation,
        "queue",
        frm="bot",
        reason="unknown",
        question=f"Vraag {number}: waar blijft mijn bestelling?",
        topic=TOPICS[number % len(TOPICS)],
        queued_at=at,
        line_at=line.place_of(at),
    )
    return conversation.id, token


def _held(session: Session, number: int, person_id: int) -> tuple[str, str]:
    conversation, token = _started(session, number)
    conversations.change_owner(session, conversation, "queue", frm="bot", queued_at=now(), line_at=now())
    conversations.change_owner(session, conversation, "agent", frm="queue", agent_id=person_id)
    return conversation.id, token


def _started(session: Session, number: int) -> tuple[Conversation, str]:
    conversation, token = conversations.start(session, language="en" if number % 10 == 0 else "nl")
    for part in range(6):
        author = "customer" if part % 2 == 0 else "bot"
        words = f"Bericht {part} van gesprek {number}, met wat woorden."
        conversations.add(session, conversation, author, "text", words)
    session.flush()
    return conversation, token


@contextmanager
def app(folder: Path, database_url: str) -> Iterator[tuple[str, psutil.Process]]:
    """The app's address and process."""
    port = free_port()
    own = {"DATABASE_URL": database_url, "VAR_DIR": str(folder), "REDIS_URL": "", "LOG_LEVEL": "warning",
           "BOT_URL": "http://127.0.0.1:9", "VANISH_S": "3600", "RATE_LIMITS": "off"}  # fmt: skip
    command = [sys.executable, "-m", "uvicorn", "--factory", "handoff.app:create", "--port", str(port)]
    command += ["--log-level", "warning", "--ws", "websockets-sansio"]
    with (folder / "app.txt").open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    try:
        started = time.monotonic()
        while not answers(f"{address}/readyz") and not answers(f"{address}/healthz"):
            if process.poll() is not None or time.monotonic() - started > 120:
                raise RuntimeError((folder / "app.txt").read_text(errors="replace")[-3000:])
            time.sleep(0.1)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def signed_in(address: str, email: str) -> httpx.AsyncClient:
    """A caller with this agent's session cookie."""
    client = httpx.AsyncClient(base_url=address, timeout=30)
    (await client.post("/api/v1/login", json={"email": email, "password": PASSWORD})).raise_for_status()
    return client


async def timed(client: httpx.AsyncClient, paths: list[str], headers: dict[str, str] | None = None) -> list[float]:
    """Milliseconds for each address, one after the other."""
    times = []
    for path in paths:
        started = time.perf_counter()
        (await client.get(path, headers=headers)).raise_for_status()
        times.append(1000 * (time.perf_counter() - started))
    return times


async def alone(address: str, email: str, waiting: list[str]) -> dict[str, list[float]]:
    """Each part by itself, by name."""
    client = await signed_in(address, email)
    try:
        await timed(client, ["/desk", QUEUE, f"/desk/{waiting[0]}"])  # warm
        rows = waiting[: min(len(waiting), ASKED)]
        return {
            "the whole page": await timed(client, ["/desk"] * ASKED),
            "the list": await timed(client, [QUEUE] * ASKED, HTMX),
            "the list, 200 lines": await timed(client, ["/desk/queue?limit=200"] * ASKED, HTMX),
            "opening a conversation": await timed(client, [f"/desk/{id_}" for id_ in rows], HTMX),
            "its new rows": await timed(client, [f"/desk/{id_}/new?after=6&mode=free" for id_ in rows], HTMX),
        }
    finally:
        await client.aclose()


class Desk:
    """An open desk that reads the list again when it hears of something, as seldom as the page."""

    def __init__(self, client: httpx.AsyncClient, mine: list[str]) -> None:
        self.client, self.opened, self.mine = client, mine[0], mine
        self.heard: dict[str, float] = {}
        self.times: list[float] = []
        self._wants = asyncio.Event()
        self._calm, self._mark = np.inf, ""

    async def live(self, address: str, ready: asyncio.Event) -> None:
        """Hear and read, until cancelled."""
        cookie = {"Cookie": f"rechtdoor_session={self.client.cookies['rechtdoor_session']}"}
        url = f"{address.replace('http', 'ws', 1)}/api/v1/desk/live"
        async with connect(url, additional_headers=cookie) as socket, asyncio.TaskGroup() as group:
            await socket.send(json.dumps({"looking": self.opened}))
            group.create_task(self._read())
            async for text in socket:
                event: dict[str, Any] = json.loads(text)
                if event["event"] == "ready":
                    ready.set()
                elif event["event"] in ("changed", "queue"):
                    id_ = event.get("conversation", "")
                    self.heard[id_] = time.perf_counter()
                    self._calm = min(self._calm, MINE_S if id_ in self.mine else OTHER_S)
                    self._wants.set()

    async def _read(self) -> None:
        last, took = -np.inf, 0.0
        while True:
            await self._wants.wait()
            heard, share = time.perf_counter(), random.random()
            while (
                max(heard, last + max(self._calm, 5 * took)) + share * min(self._calm - 0.8, 30 * took)
                > time.perf_counter()
            ):
                await asyncio.sleep(0.05)  # something may come that waits less
            self._wants.clear()
            self._calm, began = np.inf, time.perf_counter()
            answer = await self.client.get(f"{QUEUE}&open={self.opened}&had={self._mark}", headers=HTMX)
            answer.raise_for_status()
            self._mark = answer.headers.get("X-Mark", self._mark)
            last = time.perf_counter()
            took = last - began
            self.times.append(1000 * took)


async def busy(
    address: str,
    emails: list[str],
    held: list[tuple[str, str]],
    waiting: list[tuple[str, str]],
    process: psutil.Process,
    seconds: float,
) -> tuple[list[float], list[float], float, int]:
    """Milliseconds until a message was known at its agent's desk; of readings of the list; CPU share; messages lost."""
    clients = [await signed_in(address, email) for email in emails]
    desks = [Desk(client, [id_ for id_, _ in held[HELD * n : HELD * (n + 1)]]) for n, client in enumerate(clients)]
    ready = [asyncio.Event() for _ in desks]
    tasks = [asyncio.create_task(desk.live(address, event)) for desk, event in zip(desks, ready, strict=True)]
    await asyncio.gather(*(event.wait() for event in ready))
    await asyncio.sleep(2)
    for desk in desks:
        desk.times.clear()
    before, began, events, lost = _cpu(process), time.perf_counter(), list[float](), 0
    async with httpx.AsyncClient(base_url=address, timeout=30) as customers:
        for number in range(int(seconds * MESSAGES_PER_S)):
            await asyncio.sleep(max(0.0, began + number / MESSAGES_PER_S - time.perf_counter()))
            if number % MESSAGES_PER_S == 0:
                await _say(customers, waiting[-1 - number], number, kind="leave_queue")
            desk = desks[number % len(desks)]
            took = await _one_message(customers, desk, held[HELD * (number % len(desks))], number)
            events, lost = ([*events, took], lost) if took is not None else (events, lost + 1)
    used = (_cpu(process) - before) / (time.perf_counter() - began)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        await client.aclose()
    return events, [took for desk in desks for took in desk.times], 100 * used, lost


async def _one_message(customers: httpx.AsyncClient, desk: Desk, talk: tuple[str, str], number: int) -> float | None:
    """Milliseconds from sending a message until the desk that has it open heard of it; None where it did not."""
    started = time.perf_counter()
    await _say(customers, talk, number, text=f"Bericht {number}")
    while desk.heard.get(id_ := talk[0], 0.0) < started:
        if time.perf_counter() - started > 15:
            return None
        await asyncio.sleep(0.002)
    return 1000 * (desk.heard[id_] - started)


async def _say(customers: httpx.AsyncClient, talk: tuple[str, str], number: int, **what: str) -> None:
    id_, token = talk
    path, headers = f"/api/v1/conversations/{id_}/messages", {"Authorization": f"Bearer {token}"}
    (await customers.post(path, json={"client_id": f"b{number}"} | what, headers=headers)).raise_for_status()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def percentiles(what: str, times: list[float], bar: float | None = None) -> list[Row]:
    """Two lines of a table."""
    return [
        Row(f"{what}, half within", float(np.percentile(times, 50)), "ms"),
        Row(f"{what}, 95 % within", float(np.percentile(times, 95)), "ms", bar),
    ]


def measure(waiting: int, agents: int, seconds: float) -> list[Row]:
    """All figures at this size."""
    with tempfile.TemporaryDirectory(prefix="rechtdoor-desk-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'desk.db'}"
        migrate(url)
        line_of, held, emails = fill(url, waiting, agents)
        with app(folder, url) as (address, process):
            found = asyncio.run(alone(address, emails[0], [id_ for id_, _ in line_of]))
            events, reads, cpu, lost = asyncio.run(busy(address, emails, held, line_of, process, seconds))
    limits = {"the whole page": PAGE_MS, "the list": PART_MS, "opening a conversation": OPEN_MS}
    rows = [row for what, times in found.items() for row in percentiles(what, times, limits.get(what))]
    rows += percentiles(f"busy, {agents} desks: a message until its desk knows", events, EVENT_MS)
    rows += percentiles("busy: the list", reads, BUSY_MS)
    rows.append(Row("busy: readings of the list a second", len(reads) / seconds, "/s"))
    rows.append(Row("busy: processor of the app, of one core", cpu, "%"))
    rows.append(Row("busy: messages that no desk heard of", lost, "", 0))
    return rows


def main() -> int:
    """The table. 0 when every bar is met."""
    read = argparse.ArgumentParser(prog="python -m bench.desk", description=__doc__)
    read.add_argument("--waiting", type=int, default=1000)
    read.add_argument("--agents", type=int, default=30)
    read.add_argument("--seconds", type=float, default=20.0, help="how long it is busy")
    chosen = read.parse_args()
    title = f"The desk with {chosen.waiting:,} waiting and {chosen.agents} agents"
    return 1 if bars.show(Console(width=100), title, measure(chosen.waiting, chosen.agents, chosen.seconds)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
