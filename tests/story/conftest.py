"""The whole product, started as `rechtdoor run` starts it: real Rasa, real encoder, the demo shop's FAQ."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from bench.product import Product
from tests.bot.server import require_bot
from tests.browser import opened_chromium

COUNT = itertools.count()
OPEN: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    """Close the customers' connections after each test."""
    yield
    while OPEN:
        OPEN.pop().close()


class Customer:
    """A customer over the API of the running product."""

    def __init__(self, product: Product, language: str = "nl") -> None:
        self.http = product.client()
        OPEN.append(self.http)
        started = self.http.post("/conversations", json={"language": language}).raise_for_status().json()
        self.id = started["id"]
        self.http.headers["Authorization"] = f"Bearer {started['token']}"

    def send(self, text: str | None = None, **more: Any) -> int:
        body = {"client_id": f"c{next(COUNT)}", "text": text} | more
        return int(self.http.post(f"/conversations/{self.id}/messages", json=body).raise_for_status().json()["seq"])

    def rows(self) -> list[dict[str, Any]]:
        return list(self.http.get(f"/conversations/{self.id}/messages").raise_for_status().json())

    def owner(self) -> str:
        return str(self.http.get(f"/conversations/{self.id}").raise_for_status().json()["owner"])

    def asks(self, text: str | None = None, **more: Any) -> dict[str, Any]:
        """Send, and wait for what comes back first."""
        seq = self.send(text, **more)
        return until(lambda: next((m for m in self.rows() if m["seq"] > seq and m["author"] != "customer"), None))


def until(look: Callable[[], Any], seconds: float = 20) -> Any:
    """What `look` gives as soon as it is something; a server that is down for a moment is waited for."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := look():
                return found
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product of a test file."""
    require_bot()
    with Product(tmp_path_factory.mktemp("product"), RATE_LIMITS="off") as product:  # many customers at one address
        yield product


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for a test file."""
    with opened_chromium() as browser:
        yield browser
