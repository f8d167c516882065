"""Child processes: started as trees of their own, logged to capped files, started again when they die."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TETHER = Path(__file__).with_name("tether.py")
LOG_LIMIT = 5_000_000  # bytes; one older file of the same size is kept beside it
STABLE_S = 60.0  # after so long alive, earlier deaths are forgotten
LONGEST_WAIT_S = 30.0
ALARM = re.compile(rb"\b(ERROR|CRITICAL)\b|^Traceback|^\w*(Error|Exception): ")
Say = Callable[[str], None]


class CappedLog:
    """A log file that never grows beyond `limit`: when full it is renamed to `.1`, over the one before."""

    def __init__(self, path: Path, limit: int = LOG_LIMIT) -> None:
        self.path = path
        self._limit = limit
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        """Append one line; after `close` it goes nowhere."""
        with self._lock:
            if self._file.closed:
                return
            if self._file.tell() + len(line) > self._limit:
                self._file.close()
                os.replace(self.path, self.path.with_name(self.path.name + ".1"))
                self._file = self.path.open("ab", buffering=0)
            self._file.write(line)

    def close(self) -> None:
        """No more is written."""
        with self._lock:
            self._file.close()

    def tail(self, lines: int = 15) -> str:
        """The last lines, to show beside an error."""
        with self.path.open("rb") as file:
            return b"".join(deque(file, maxlen=lines)).decode(errors="replace").rstrip()


def spawn(
    argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, tied to this process. Call it from the main thread only:
    the kernel's tie is to the thread that starts the child."""
    tied = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *argv]
    return subprocess.Popen(  # noqa: S603 (the commands are our own, no shell)
        tied,
        cwd=cwd,
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def signal_tree(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a child and everything it started."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # all gone already; macOS says the second for zombies
        return


def end_tree(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask a child's tree to end, wait `grace_s`, then kill whatever of it is left."""
    if process.poll() is None:
        signal_tree(process, signal.SIGTERM)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            signal_tree(process, signal.SIGKILL)
            process.wait()
    signal_tree(process, signal.SIGKILL)


def restart_wait(deaths: int) -> float:
    """Seconds to wait before the next start, doubling with every death in a row."""
    return float(min(LONGEST_WAIT_S, 0.5 * 2 ** max(0, deaths - 1)))


@dataclass(frozen=True)
class Plan:
    """What to run, and how to know that it is ready."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None


class Child:
    """One supervised process. Nothing happens by itself: the supervisor's loop calls `tick`."""

    def __init__(
        self, plan: Plan, log: CappedLog, say: Say, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.plan = plan
        self.log = log
        self.deaths = 0  # in a row
        self.was_ready = False
        self.process: subprocess.Popen[bytes] | None = None
        self._say = say
        self._clock = clock
        self._started = 0.0
        self._again_at: float | None = None
        self._copying: threading.Thread | None = None
        self._shown: deque[float] = deque(maxlen=5)

    def start(self) -> None:
        """Start it now."""
        self._again_at = None
        self._started = self._clock()
        self.process = spawn(self.plan.argv, cwd=self.plan.cwd, env=self.plan.env)
        out = self.process.stdout
        if out is not None:
            self._copying = threading.Thread(target=self._copy, args=(out,), daemon=True)
            self._copying.start()

    def close(self) -> None:
        """After its end: wait for the last of its output and close the log."""
        self._again_at = None
        if self._copying is not None:
            self._copying.join(2)
        self.log.close()

    def tick(self) -> None:
        """Notice a death, and start again when its wait is over."""
        now = self._clock()
        if self._again_at is not None:
            if now >= self._again_at:
                self._say(f"{self.plan.name}: starting again")
                self.start()
            return
        if self.process is None or self.process.poll() is None:
            if self.deaths and now - self._started > STABLE_S:
                self.deaths = 0
            return
        signal_tree(self.process, signal.SIGKILL)  # what it started must not hold its port
        self.deaths = 1 if now - self._started > STABLE_S else self.deaths + 1
        wait = restart_wait(self.deaths)
        self._again_at = now + wait
        how = _ending(self.process.returncode)
        self.process = None
        self._say(f"{self.plan.name} stopped ({how}); again in {wait:g} s. Log: {self.log.path}")

    @property
    def running(self) -> bool:
        """Whether its process is alive now."""
        return self.process is not None and self.process.poll() is None

    def check_ready(self) -> bool:
        """Whether it answers; remembered once true."""
        if not self.was_ready and self.running:
            self.was_ready = self.plan.ready()
        return self.was_ready

    def _copy(self, out: IO[bytes]) -> None:
        with out:
            for line in out:
                self.log.write(line)
                if ALARM.search(line):
                    self._alarm(line)

    def _alarm(self, line: bytes) -> None:
        """Show an error line, at most five in ten seconds; the log has them all."""
        now = self._clock()
        if len(self._shown) == self._shown.maxlen and now - self._shown[0] < 10:
            return
        self._shown.append(now)
        self._say(f"{self.plan.name}: {line.decode(errors='replace').strip()[:300]}")


def stop_all(children: Sequence[Child], grace_s: float) -> None:
    """End all trees, asking all of them before waiting for any."""
    living = [child.process for child in children if child.process is not None]
    for process in living:
        if process.poll() is None:
            signal_tree(process, signal.SIGTERM)
    until = time.monotonic() + grace_s
    for process in living:
        end_tree(process, max(0.1, until - time.monotonic()))
    for child in children:
        child.close()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
