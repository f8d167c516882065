"""The running product: started as `rechtdoor run` starts it, on free ports, with data of its own."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import httpx
import psutil

from handoff.ports import answers, free_port
from handoff.settings import ROOT


class NotStarted(Exception):
    """The product did not get ready; the message holds what it said."""


@dataclass(frozen=True)
class Memory:
    """A process and what it holds, in MB. PSS counts shared pages by their share; 0 where the system hides it."""

    name: str
    rss: float
    pss: float


class Product:
    """A context in which the product runs in `folder`; entered a second time, it starts from what is there."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port, self.bot_port = free_port(), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.bot_address = f"http://127.0.0.1:{self.bot_port}"
        self.started_in = 0.0
        self.exit_code: int | None = None
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this run: nothing of the machine's own database, Redis or logins."""
        own = {
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": f"sqlite:///{self.folder / 'bench.db'}",
            "BOT_TRACKER_URL": "",
            "REDIS_URL": "",
            "BOT_URL": "",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "BOT_PORT": str(self.bot_port),
            "LOG_LEVEL": "warning",
        }
        return {**os.environ, **own, **self._settings}

    def __enter__(self) -> "Product":
        self.folder.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with (self.folder / "run.txt").open("wb") as out:
            command = [sys.executable, "-m", "handoff.cli", "run"]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        try:
            self._wait(started)
        except BaseException:
            self.stop()
            raise
        self.started_in = time.monotonic() - started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self, started: float, patience_s: float = 180) -> None:
        while not answers(f"{self.address}/readyz"):
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() - started > patience_s:
                raise NotStarted((self.folder / "run.txt").read_text(errors="replace")[-3000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self.exit_code = self._process.returncode
            self._process = None

    @property
    def trained(self) -> bool:
        """Whether its last start had to train the bot, because a file of the bot had changed."""
        return "Training the bot" in (self.folder / "run.txt").read_text(errors="replace")

    @property
    def pid(self) -> int | None:
        """The supervisor's process id, while it runs."""
        return self._process.pid if self._process else None

    def memory(self) -> list[Memory]:
        """The supervisor and its children, by name."""
        if self._process is None:
            return []
        top = psutil.Process(self._process.pid)
        found = [_memory("supervisor", top)]
        for child in top.children(recursive=True):
            found.append(_memory("bot" if "rasa" in child.cmdline() else "app", child))
        return found

    def logins(self) -> dict[str, tuple[str, str]]:
        """Address and password of the generated logins, by role."""
        lines = (self.folder / "logins.txt").read_text().splitlines()[1:]
        parts = [line.split() for line in lines]
        return {role: (email, password) for role, email, password in reversed(parts)}

    def client(self) -> httpx.Client:
        """A client for its API."""
        return httpx.Client(base_url=f"{self.address}/api/v1", timeout=30)


def _memory(name: str, process: psutil.Process) -> Memory:
    full = process.memory_full_info()
    return Memory(name, full.rss / 1e6, getattr(full, "pss", 0) / 1e6)
