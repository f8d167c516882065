"""Long steps before the start: run as child processes, with progress, and a plain sentence when one fails."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.markup import escape

from handoff.children import CappedLog, end_tree, spawn

BEAT_S = 15.0  # where the output is no terminal, say so often that it still works


class Failure(Exception):
    """Something that stops the start, in words for the person who started it."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Stopped(Exception):
    """The person asked to stop in the middle of a step."""


class _Reader:
    """Reads a child's output into its log and remembers the last line."""

    def __init__(self, out: IO[bytes], log: CappedLog) -> None:
        self.last = ""
        self._thread = threading.Thread(target=self._read, args=(out, log), daemon=True)
        self._thread.start()

    def _read(self, out: IO[bytes], log: CappedLog) -> None:
        with out:
            for line in out:
                log.write(line)
                self.last = line.decode(errors="replace").strip() or self.last

    def finish(self) -> None:
        """Wait for what is still in the pipe."""
        self._thread.join(2)


class Steps:
    """Runs steps one after another and tells how they go."""

    def __init__(self, console: Console, logs: Path, stop: threading.Event) -> None:
        self.console = console
        self.stop = stop
        self.logs = logs

    def run(
        self,
        title: str,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        name: str = "setup",
    ) -> None:
        """Run one step to its end. Failure when it fails, Stopped when the person asked to stop."""
        log = CappedLog(self.logs / f"{name}.log")
        started = time.monotonic()
        process = spawn(argv, cwd=cwd, env=env)
        try:
            reader = _Reader(_pipe(process), log)
            self._watch(title, process, reader)
            reader.finish()
        finally:
            end_tree(process, 5)
            log.close()
        if process.returncode:
            raise Failure(f"{title}: failed. The end of {log.path}:\n{log.tail()}")
        self.say(f"{title}: done in {time.monotonic() - started:.0f} s")

    def say(self, line: str) -> None:
        """One line for the person who watches."""
        self.console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)

    def _watch(self, title: str, process: subprocess.Popen[bytes], reader: _Reader) -> None:
        started = beat = time.monotonic()
        if not self.console.is_terminal:
            self.say(f"{title} …")
        with self.console.status(escape(title)) as status:
            while process.poll() is None:
                if self.stop.wait(0.1):
                    raise Stopped
                now = time.monotonic()
                if self.console.is_terminal:
                    status.update(escape(f"{title} · {now - started:.0f} s · {reader.last[:70]}"))
                elif now - beat >= BEAT_S:
                    beat = now
                    self.say(f"{title}: {now - started:.0f} s so far")


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:  # `spawn` always opens it
        raise Failure("A step's output could not be read.")
    return process.stdout
