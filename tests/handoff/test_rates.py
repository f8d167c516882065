"""Counting how often: in memory and in Redis, shared by processes, and letting people through when Redis is down."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from handoff import rates
from handoff.problems import too_often
from handoff.rates import Rates, one_more
from handoff.settings import RATES, Settings
from handoff.web.limited import WHOSE

REDIS = "redis://127.0.0.1:6379/7"


def made(**more: Any) -> Rates:
    """Three messages in two seconds, five things of an address in four."""
    given = {"rate_messages": "3/2 seconds", "rate_address": "5/4 seconds"} | more
    return Rates(Settings(_env_file=None, **given))


@pytest.fixture(params=["", REDIS], ids=["memory", "redis"])
async def counts(request: pytest.FixtureRequest) -> AsyncIterator[Rates]:
    """Counts of both kinds."""
    if request.param:
        try:
            async with Redis.from_url(REDIS) as redis:
                await redis.ping()
        except RedisError:
            pytest.skip("Redis does not answer on 127.0.0.1:6379")
    counts = made(redis_url=request.param)
    yield counts
    await counts.close()


@pytest.fixture
def her() -> str:
    """Somebody whom nobody counted before."""
    return uuid.uuid4().hex


async def test_who_waits_as_long_as_she_was_told_gets_through(counts: Rates, her: str) -> None:
    assert [await counts.wait_s(("messages", her)) for _ in range(3)] == [0, 0, 0]
    left = await counts.wait_s(("messages", her))
    assert 1 <= left <= 4
    assert await counts.wait_s(("messages", her + "another")) == 0
    await asyncio.sleep(left)
    assert await counts.wait_s(("messages", her)) == 0


async def test_what_is_refused_uses_nothing_up(counts: Rates, her: str) -> None:
    for _ in range(3):
        assert await counts.wait_s(("messages", her), ("address", her)) == 0
    for _ in range(10):
        assert await counts.wait_s(("messages", her), ("address", her)) > 0
    assert [await counts.wait_s(("address", her)) for _ in range(2)] == [0, 0]
    assert await counts.wait_s(("address", her)) > 0


async def test_of_many_at_once_only_so_many_get_through(counts: Rates, her: str) -> None:
    waits = await asyncio.gather(*(counts.wait_s(("messages", her)) for _ in range(20)))
    assert waits.count(0) == 3
    assert all(1 <= wait <= 4 for wait in waits if wait)


async def test_in_no_window_are_there_many_more_than_allowed(counts: Rates, her: str) -> None:
    """Asked without a rest for four windows: two counters are an estimate, but they must not leak."""
    through, at = [], asyncio.get_running_loop().time
    started = at()
    while at() - started < 8:
        if await counts.wait_s(("messages", her)) == 0:
            through.append(at())
        await asyncio.sleep(0.02)
    assert 8 <= len(through) <= 16  # 3 in 2 seconds are 12 in 8, and 3 at the start
    for first in through:
        assert sum(first <= one < first + 2 for one in through) <= 6


async def test_processes_share_their_counts_in_redis(counts: Rates, her: str) -> None:
    url = REDIS if isinstance(counts._storage, rates.RedisStorage) else ""
    other = made(redis_url=url)
    for process in (counts, other, counts):
        assert await process.wait_s(("messages", her)) == 0
    assert (await other.wait_s(("messages", her)) > 0) == bool(url)
    await other.close()


async def test_no_name_or_address_is_kept(counts: Rates, her: str) -> None:
    await counts.wait_s(("logins", f"203.0.113.9 {her}@shop.example"))
    if isinstance(counts._storage, rates.RedisStorage):
        async with Redis.from_url(REDIS) as redis:
            keys = [key.decode() for key in await redis.keys("rechtdoor:rates*")]
    else:
        keys = list(counts._storage.storage)
    assert keys
    assert not any(her in key or "203.0" in key for key in keys)


async def test_when_redis_is_down_people_get_through_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    counts = made(redis_url="redis://127.0.0.1:1/0", rate_messages="1/hour")
    with caplog.at_level(logging.INFO, "handoff.rates"):
        for _ in range(5):
            counts._asks_again = 0.0  # not only within the rest after a failure
            assert await counts.wait_s(("messages", "her")) == 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Redis" in caplog.text
    await counts.close()


async def test_a_redis_that_hangs_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    quiet = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = quiet.sockets[0].getsockname()[1]
    counts = made(redis_url=f"redis://127.0.0.1:{port}/0")
    at = asyncio.get_running_loop().time
    started = at()
    assert [await counts.wait_s(("messages", "her")) for _ in range(10)] == [0] * 10
    assert at() - started < 4  # half a second, and what a busy machine adds; not ten times that
    assert len(caplog.records) == 1
    await counts.close()
    quiet.close()
    await quiet.wait_closed()
    await asyncio.sleep(0.1)


async def test_it_counts_again_when_redis_is_back(
    counts: Rates, her: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> int:
        raise ConnectionRefusedError("away")

    with monkeypatch.context() as away:
        away.setattr(counts._storage, "get_sliding_window", broken)
        assert await counts.wait_s(("messages", her)) == 0
    counts._asks_again = 0.0
    with caplog.at_level(logging.INFO, "handoff.rates"):
        assert [await counts.wait_s(("messages", her)) for _ in range(4)][:3] == [0, 0, 0]
        assert await counts.wait_s(("messages", her)) > 0
    assert [record.getMessage() for record in caplog.records].count("Redis counts again") == 1


async def test_counts_in_memory_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "FORGETS_S", 0.0)
    counts = made(rate_messages="3/1 second")
    for number in range(50):
        await counts.wait_s(("messages", str(number)))
    assert len(counts._storage.storage) == 50
    await asyncio.sleep(2.1)
    await counts.wait_s(("messages", "one more"))
    assert len(counts._storage.storage) == 1


async def test_off_is_off() -> None:
    counts = made(rate_limits="off")
    assert [await counts.wait_s(("messages", "her")) for _ in range(50)] == [0] * 50
    none = made(rate_messages="")
    assert [await none.wait_s(("messages", "her")) for _ in range(50)] == [0] * 50


def test_every_rate_is_somebodys() -> None:
    assert set(WHOSE) == set(RATES)
    assert set(WHOSE.values()) <= {"address", "conversation", "account"}


@pytest.mark.parametrize("wrong", ["20", "20/fortnight", "many", "20/minute; ", "-1/minute", "20 per"])
def test_what_is_no_rate_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match="rate_messages"):
        Settings(_env_file=None, rate_messages=wrong)


def test_proxies_are_addresses_and_networks() -> None:
    given = Settings(_env_file=None, trusted_proxies="10.1.2.3/8, 192.0.2.7,2001:db8::1/64")
    assert given.trusted_proxies == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/64"]
    for wrong in ("proxy.shop.example", "*", "10.0.0.0/40"):
        with pytest.raises(ValidationError, match="trusted_proxies"):
            Settings(_env_file=None, trusted_proxies=wrong)


def test_the_time_to_wait_is_said_in_words_that_fit() -> None:
    assert too_often(1) == ("error.too_often", {"seconds": 2})
    assert too_often(90) == ("error.too_often", {"seconds": 90})
    assert too_often(91) == ("error.too_often_minutes", {"minutes": 2})
    assert too_often(90 * 60) == ("error.too_often_minutes", {"minutes": 90})
    assert too_often(90 * 60 + 1) == ("error.too_often_hours", {"hours": 2})


def test_so_many_may_be_held_at_once() -> None:
    held: Counter[str] = Counter()
    with one_more(held, {"her": 2, "house": 0}) as first, one_more(held, {"her": 2, "house": 0}) as second:
        with one_more(held, {"her": 2, "house": 0}) as third:
            assert (first, second, third) == (True, True, False)
        assert held == {"her": 2, "house": 2}
        with one_more(held, {"him": 2, "house": 0}) as other:
            assert other
    assert held == {}
