"""A real Rasa for tests: trained where no model is there yet, on a free port, with a store of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
BOT = ROOT / "bot"
RASA = BOT / ".venv" / "bin" / "rasa"
PYTHON = BOT / ".venv" / "bin" / "python"
MODEL = BOT / "models" / "rechtdoor.tar.gz"
START_S = 120  # a loaded machine; on a quiet one it takes ten
ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "SANIC_WORKERS": "1",
    "PYTHONWARNINGS": "ignore",  # Rasa's pinned libraries deprecate one another
    "PYTHONPATH": str(BOT),
}


@dataclass(frozen=True)
class Bot:
    """A running Rasa: where it listens, which process it is, and where it writes what it says of itself."""

    url: str
    pid: int
    log: Path

    def say(self, sender: str, message: str, turn: int | None = None, kb: Any = ...) -> list[dict[str, Any]]:
        """Posts one message and returns the acts; `kb` left out means that no evidence came along."""
        metadata: dict[str, Any] = {"language": "nl"} | ({"turn": turn} if turn is not None else {})
        if kb is not ...:
            metadata["kb"] = kb
        body = {"sender": sender, "message": message, "metadata": metadata}
        reply = httpx.post(f"{self.url}/webhooks/rest/webhook", json=body, timeout=60)
        reply.raise_for_status()
        return [said.get("custom", {"text": said.get("text")}) for said in reply.json()]


def require_bot() -> None:
    """Skips the test where bot's own environment is missing; trains the model where only that is missing."""
    if not RASA.exists():
        pytest.skip("bot/.venv is missing: install bot/requirements.lock with Python 3.10")
    if not MODEL.exists():
        run_rasa("train", "--fixed-model-name", "rechtdoor", timeout=900)


def run_rasa(*arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Runs a `rasa` command in bot/ to its end. Raises where it fails, with the end of what it said."""
    done = subprocess.run(
        [RASA, *arguments], cwd=BOT, env=os.environ | ENVIRONMENT, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, f"rasa {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-4000:]}"
    return done


@contextmanager
def start_bot(folder: Path, model: Path = MODEL, **environment: str) -> Iterator[Bot]:
    """A Rasa that keeps its conversations in `folder`; it and its children are gone when the block ends."""
    require_bot()
    port, log = _free_port(), folder / "rasa.log"
    store = {"RASA_TRACKER_URL": f"sqlite:///{folder / 'tracker.db'}"}
    command = [RASA, "run", "--model", model, "--interface", "127.0.0.1", "--port", str(port)]
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, cwd=BOT, env=os.environ | ENVIRONMENT | store | environment, stdout=output, stderr=output
        )
    try:
        bot = Bot(f"http://127.0.0.1:{port}", child.pid, log)
        _wait(bot, child)
        yield bot
    finally:
        child.terminate()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(bot: Bot, child: subprocess.Popen[bytes]) -> None:
    """Returns when the model is loaded. Raises with the end of the log where Rasa ends or takes too long."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and child.poll() is None:
        try:
            if httpx.get(f"{bot.url}/webhooks/rest/", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"Rasa did not start:\n{bot.log.read_text(errors='replace')[-4000:]}")
