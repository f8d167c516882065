"""Nothing lost, nothing twice: the real app behind a line that drops a frame in five, restarted in the middle."""

import shutil
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from handoff.conversations import messages_after
from tests.pages.site import PASSWORD, Site, running

from .badline import bad_line
from .conftest import PACE
from .hand import Hand

MANY = 500
ASK = """([from, to]) => {
    for (let n = from; n < to; n++) document.querySelector('rechtdoor-chat').ask(`van mij ${n}`); }"""
pytestmark = [pytest.mark.browser, pytest.mark.alone, pytest.mark.timeout(900)]  # all must come; when is no bar here


class Agent(threading.Thread):
    """Says `MANY` things; what got no answer is said again with the same id, as the desk does."""

    def __init__(self, line: str, conversation_id: str) -> None:
        super().__init__(daemon=True)
        self.client = httpx.Client(base_url=line, timeout=10)
        self.id, self.path = conversation_id, f"/api/v1/desk/conversations/{conversation_id}"
        self.resent = 0
        self.post("/api/v1/login", email="noor@shop.example", password=PASSWORD)
        self.post(f"{self.path}/claim")

    def post(self, path: str, **body: Any) -> None:
        for _ in range(300):
            try:
                answer = self.client.post(path, json=body)
                if answer.status_code < 500:
                    answer.raise_for_status()
                    return
            except httpx.TransportError:
                pass
            self.resent += 1
            time.sleep(0.1)
        raise AssertionError(f"{path} is never answered")

    def run(self) -> None:
        for n in range(MANY):
            self.post(f"{self.path}/messages", client_id=f"noor-{n}", text=f"van Noor {n}")


def said(site: Site, conversation_id: str) -> list[str]:
    """What is stored, as it was said."""
    return [m.text for m in site.write(lambda session: messages_after(session, conversation_id, 0, 5000))]


def test_500_messages_each_way_are_all_there_once_and_in_order(
    migrated_sqlite: Path, tmp_path: Path, cache_dir: Path, chromium: Browser
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "site.db")
    url = f"sqlite:///{tmp_path / 'site.db'}"

    def start(stack: ExitStack, filled: bool = False) -> Site:
        return stack.enter_context(running(url, cache_dir, tmp_path, filled=filled))

    with ExitStack() as whole, ExitStack() as first:
        site = start(first)
        line = whole.enter_context(bad_line(site.address))
        context = chromium.new_context(reduced_motion="reduce")
        whole.callback(context.close)
        context.add_init_script(
            f"customElements.whenDefined('rechtdoor-chat').then(c => Object.assign(c.Talk.pace, {PACE}))"
        )
        page = context.new_page()
        page.goto(line.address)
        hand = Hand(page).open()
        hand.type("een mens graag")
        expect(hand.button("Terug naar de chatbot")).to_be_visible()
        line.lost_frames, line.lost_answers = 0.2, 0.05
        noor = Agent(line.address, page.evaluate("JSON.parse(localStorage['rechtdoor::talk']).id"))
        whole.callback(noor.client.close)
        noor.start()
        page.evaluate(ASK, [0, 200])
        hand.sees("van mij 100")
        first.close()  # the app is gone; what is typed meanwhile waits
        page.evaluate(ASK, [200, 300])
        page.wait_for_timeout(6000)  # longer than a message is tried that the app itself fails at
        site = start(whole, filled=True)
        line.upstream = site.address
        hand.sees("van mij 250")
        context.set_offline(True)
        page.evaluate(ASK, [300, MANY])
        page.wait_for_timeout(1000)
        context.set_offline(False)
        noor.join(300)
        assert not noor.is_alive()

        def stored() -> list[str]:
            return [text for text in said(site, noor.id) if text.startswith("van ")]

        def shown() -> list[str]:
            return [text for text in hand.log.inner_text().splitlines() if text.startswith("van ")]

        hand.until(lambda: len(stored()) == 2 * MANY, seconds=300)
        hand.until(lambda: shown() == stored(), seconds=120)
        for who in ("mij", "Noor"):
            assert [t for t in shown() if t.startswith(f"van {who} ")] == [f"van {who} {n}" for n in range(MANY)]
        assert line.dropped > 50
        assert 0.15 < line.dropped / (line.dropped + line.passed) < 0.25
        assert line.unanswered > 10
        assert noor.resent > 0
