"""The shop's own scanner for uploads: a command that gets the file on its standard input and answers by exit status."""

import asyncio
import logging
import shlex
from contextlib import suppress

log = logging.getLogger(__name__)
TIMEOUT_S = 30.0
CLEAN, REFUSED, UNCHECKED = "clean", "refused", "unchecked"
BY_STATUS = {0: CLEAN, 1: REFUSED}


async def scanned(command: str, data: bytes, timeout_s: float = TIMEOUT_S) -> str:
    """What the command says of these bytes: CLEAN (status 0; also without a command), REFUSED (1), else UNCHECKED.

    It is run without a shell, and ended when it takes longer than `timeout_s` seconds.
    """
    if not command:
        return CLEAN
    try:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        log.error("the upload scanner cannot be run: %s", error)
        return UNCHECKED
    try:
        async with asyncio.timeout(timeout_s):
            await process.communicate(data)
    except TimeoutError:
        log.error("the upload scanner took longer than %s s", timeout_s)
        return UNCHECKED
    finally:
        await _ended(process)
    found = BY_STATUS.get(process.returncode if process.returncode is not None else -1, UNCHECKED)
    if found == UNCHECKED:
        log.error("the upload scanner ended with status %s", process.returncode)
    return found


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until the process is gone; one that still runs is killed."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
