"""The same questions through the same Rasa with a plain action server, beside the evidence path.

`bot/bench/` holds the bot as Rasa bots usually are: an action server fetches the evidence while Rasa waits. Here the
evidence path does the same work from outside: it fetches the evidence over the same HTTP call, then asks Rasa. The
two are asked in turn, in one run.
"""

import hashlib
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from bench.customers import TURNS_EACH, Outcome, faq_questions
from bench.product import Product
from handoff import setup_bot
from handoff.children import CappedLog, Child, Plan, stop_all
from handoff.ports import answers, free_port
from handoff.settings import Settings

TURNS = 80
ANSWERED = 0.8  # share of questions that both must answer, or they did not do the same work
BENCH = setup_bot.BOT / "bench"
MODEL = setup_bot.BOT / "models" / "bench" / "bench.tar.gz"


class NotComparable(Exception):
    """The other bot could not be made or does not answer as ours does."""


def train(settings: Settings) -> None:
    """Train the other bot, unless it was trained from the files at hand."""
    wanted, stamp = _fingerprint(), MODEL.with_name("bench.sha256")
    if MODEL.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    files = ("--config", "bench/config.yml", "--domain", "bench/domain.yml")
    data = ("--data", "bench/data", "data/nlu", "data/question.yml")
    where = ("--out", "models/bench", "--fixed-model-name", "bench")
    argv = (str(setup_bot.python()), "-m", "rasa", "train", *files, *data, *where)
    env = setup_bot.environment(settings, spare=False)
    done = subprocess.run(argv, cwd=setup_bot.BOT, env=env, capture_output=True, text=True)
    if done.returncode or not MODEL.is_file():
        raise NotComparable(f"The bot with an action server could not be trained:\n{done.stdout[-2000:]}")
    stamp.write_text(wanted)


def _fingerprint() -> str:
    total = hashlib.sha256(setup_bot.fingerprint().encode())
    for path in sorted(p for p in BENCH.rglob("*") if p.suffix in (".yml", ".py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def compare(product: Product, token: str) -> tuple[Outcome, Outcome]:
    """A question on the evidence path, and the same one through an action server. NotComparable."""
    settings = Settings(_env_file=None, var_dir=product.folder / "actions", bot_tracker_url="")
    settings.var_dir.mkdir(exist_ok=True)
    train(settings)
    theirs = f"http://127.0.0.1:{free_port()}"
    children = _start(settings, theirs, {"KB_URL": product.address, "KB_TOKEN": token, "KB_LANGUAGE": "nl"})
    try:
        _wait(children)
        return _ask_both(Evidence(product, token), Actions(theirs))
    finally:
        stop_all(children, 10)


def _start(settings: Settings, address: str, more: dict[str, str]) -> list[Child]:
    """The action server and the Rasa that calls it."""
    port, python = str(free_port()), str(setup_bot.python())
    env = {**setup_bot.environment(settings), **more, "ACTION_PORT": port}
    server = (python, "-m", "rasa_sdk", "--actions", "bench.actions", "--port", port)
    rasa = (python, "-m", "rasa", "run", "--model", str(MODEL), "--endpoints", "bench/endpoints.yml")
    where = ("--interface", "127.0.0.1", "--port", address.rsplit(":", 1)[1])
    plans = (
        Plan("action-server", server, lambda: answers(f"http://127.0.0.1:{port}/health"), setup_bot.BOT, env),
        Plan("rasa", (*rasa, *where), lambda: setup_bot.probe(address), setup_bot.BOT, env),
    )
    children = [Child(plan, _log(settings.var_dir, plan), lambda line: None) for plan in plans]
    for child in children:
        child.start()
    return children


def _log(folder: Path, plan: Plan) -> CappedLog:
    return CappedLog(folder / f"{plan.name}.log")


def _wait(children: list[Child], patience_s: float = 180) -> None:
    until = time.monotonic() + patience_s
    while not all([child.check_ready() for child in children]):
        dead = [child for child in children if not child.running]
        if dead or time.monotonic() > until:
            late = dead or [child for child in children if not child.was_ready]
            raise NotComparable(f"The {late[0].plan.name} did not start:\n{late[0].log.tail()}")
        time.sleep(0.2)


class Actions:
    """Rasa with an action server: one call, behind which Rasa calls and the action server calls."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=30)

    def turn(self, sender: str, number: int, question: str) -> Any:
        """Rasa's reply to a question."""
        body = {"sender": sender, "message": question}
        return self._client.post("/webhooks/rest/webhook", json=body).raise_for_status().json()


class Evidence:
    """The evidence path: the look-up first, then Rasa, which calls nobody."""

    def __init__(self, product: Product, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._kb = httpx.Client(base_url=product.address, timeout=30, headers=headers)
        self._bot = httpx.Client(base_url=product.bot_address, timeout=30)

    def turn(self, sender: str, number: int, question: str) -> Any:
        """Rasa's reply to a question."""
        asked = self._kb.get("/api/v1/kb/ask", params={"text": question, "language": "nl"})
        kb = asked.raise_for_status().json()
        metadata = {"turn": number, "language": "nl", "kb": kb}
        body = {"sender": sender, "message": question, "metadata": metadata}
        return self._bot.post("/webhooks/rest/webhook", json=body).raise_for_status().json()


def _ask_both(ours: Evidence, theirs: Actions) -> tuple[Outcome, Outcome]:
    """Ask the same question of both, turn by turn; neither gets the quieter half of the run."""
    outcomes = Outcome(), Outcome()
    questions = faq_questions()
    run = uuid.uuid4().hex
    for turn in range(-TURNS_EACH, TURNS):  # the turns below nought only warm
        sender = f"bench-{run}-{turn // TURNS_EACH}:1"
        question = questions[turn % len(questions)]
        pairs = list(zip((ours, theirs), outcomes, strict=True))
        for path, outcome in pairs if turn % 2 else reversed(pairs):  # what the first asks, the app remembers
            started = time.perf_counter()
            reply = path.turn(sender, turn % TURNS_EACH + 1, question)
            seconds = time.perf_counter() - started
            if turn >= 0:
                good = [one.get("custom") for one in reply] == [{"act": "answer"}]
                (outcome.times.append(seconds) if good else outcome.other.append(f"{reply}"))
    for outcome in outcomes:
        if len(outcome.times) < ANSWERED * TURNS:
            raise NotComparable(f"Too few were answered ({len(outcome.times)} of {TURNS}): {outcome.other[0][:300]}")
    return outcomes
