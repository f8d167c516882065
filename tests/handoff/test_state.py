"""What the app's state promises: nothing goes on behind its back."""

import asyncio
import threading
import time

import anyio
import pytest

from handoff.state import to_its_end


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_call_ends_with_its_thread(times: int) -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        time.sleep(0.2)
        ended.set()

    task = asyncio.create_task(to_its_end(slow, anyio.CapacityLimiter(1)))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0.02)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_goes_wrong_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await to_its_end(lambda: 1 / 0, anyio.CapacityLimiter(1))
