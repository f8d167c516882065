"""App processes of which only that part runs which tells people: to be killed.

`python -m tests.handoff.teller` reads lines `DATABASE_URL PORT FOLDER`, begins a process for each, and says its number.
Loading the app takes seconds, so they are forked from one that has.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from handoff import keep_telling, postman
from kb.models import now

from .asking import LATER, mailing


async def tell(database_url: str, port: str, var_dir: str) -> None:
    """Tell, and send what is queued, until killed."""
    it = mailing(database_url, Path(var_dir), int(port))

    async def look() -> None:
        while True:
            await keep_telling.look(it, now() + LATER)
            await asyncio.sleep(0.05)

    async def send() -> None:
        while True:
            await postman.send_due(it)
            await asyncio.sleep(0.05)

    await asyncio.gather(look(), send())


def main() -> None:
    """Begin processes until there are no more lines."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while line := sys.stdin.readline():
        if (pid := os.fork()) == 0:
            asyncio.run(tell(*line.split()))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
