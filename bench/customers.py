"""Customers who ask FAQ questions one after another and read each answer over the API before the next."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
import yaml

from handoff.settings import ROOT

TURNS_EACH = 8  # questions in one conversation, all about different entries
GIVE_UP_S = 20.0


@dataclass
class Outcome:
    """What a run of customers saw."""

    times: list[float] = field(default_factory=list)  # seconds from sending to having read the bot's answer
    other: list[str] = field(default_factory=list)  # what came instead of an answer
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Turns a second, over the whole run."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers were there."""
        ordered = sorted(self.times)
        if not ordered:
            return float("nan")
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def faq_questions(seed: int = 7) -> list[str]:
    """The questions of the demo FAQ in Dutch, in a fixed random order."""
    chooser = random.Random(seed)
    found = []
    for file in sorted((ROOT / "data" / "faq").glob("nl-*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
            if entry.get("audience", "public") == "public":
                found.append(entry["question"])
    chooser.shuffle(found)
    return found


class Customer:
    """One customer with an open socket, like the widget."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        self._client = client
        self._address = address
        self._seen = 0

    async def talk(self, questions: Sequence[str], outcome: Outcome) -> None:
        """A new conversation in which these questions are asked."""
        made = (await self._client.post("/conversations", json={"language": "nl"})).raise_for_status().json()
        self._path = f"/conversations/{made['id']}"
        self._seen = 0
        live = f"{self._address.replace('http', 'ws', 1)}/api/v1{self._path}/live"
        headers = {"Authorization": f"Bearer {made['token']}"}
        async with websockets.connect(live, proxy=None) as socket:
            await socket.send(json.dumps({"token": made["token"], "after": 0}))
            for question in questions:
                if not await self._turn(socket, headers, question, outcome):
                    return  # a person has the conversation now, and the bot is silent

    async def _turn(
        self, socket: websockets.ClientConnection, headers: dict[str, str], question: str, outcome: Outcome
    ) -> bool:
        started = time.perf_counter()
        body = {"client_id": uuid.uuid4().hex, "text": question}
        sent = await self._client.post(f"{self._path}/messages", json=body, headers=headers)
        seq = sent.raise_for_status().json()["seq"]
        self._seen = max(self._seen, seq)
        try:
            async with asyncio.timeout(GIVE_UP_S):
                reply = await self._reply(socket, headers, seq)
        except TimeoutError:
            outcome.other.append(f"no reply in {GIVE_UP_S:.0f} s: {question}")
            return False
        if reply["author"] == "bot" and reply["kind"] == "answer":
            outcome.times.append(time.perf_counter() - started)
        else:
            outcome.other.append(f"{reply['author']} {reply['kind']}: {question}")
        return reply["author"] == "bot"

    async def _reply(
        self, socket: websockets.ClientConnection, headers: dict[str, str], seq: int
    ) -> dict[str, Any]:
        """Read on whenever the socket says that there is more, until something came after `seq`."""
        while True:
            frame = json.loads(await socket.recv())
            if frame.get("last_seq", 0) <= self._seen:
                continue
            read = await self._client.get(
                f"{self._path}/messages", params={"after": self._seen}, headers=headers
            )
            for message in read.raise_for_status().json():
                self._seen = max(self._seen, message["seq"])
                if message["seq"] > seq and message["author"] != "customer":
                    return dict(message)


async def ask(address: str, customers: int, conversations: int, questions: Sequence[str]) -> Outcome:
    """`customers` at once, each having `conversations` one after another."""
    outcome = Outcome()
    limits = httpx.Limits(max_connections=customers + 5, max_keepalive_connections=customers + 5)
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=30, limits=limits) as client:

        async def one(number: int) -> None:
            customer = Customer(client, address)
            for round_ in range(conversations):
                start = (number * conversations + round_) * TURNS_EACH
                chosen = [questions[(start + turn) % len(questions)] for turn in range(TURNS_EACH)]
                await customer.talk(chosen, outcome)

        started = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(customers)))
        outcome.seconds = time.perf_counter() - started
    return outcome
