"""What a customer can do, found as she finds it: by role and name, in either language."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect


class Hand:
    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def launcher(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("Stel je vraag|Ask a question"))

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog", name=re.compile("Vraag het ons|Ask us"))

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name=re.compile("Gesprek|Conversation"))

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("Je bericht|Your message"))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def open(self) -> "Hand":
        self.launcher.click()
        expect(self.box).to_be_visible()
        return self

    def type(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def sees(self, text: str, times: int = 1) -> None:
        expect(self.log.get_by_text(text, exact=True)).to_have_count(times)

    def sees_not(self, text: str) -> None:
        expect(self.log.get_by_text(text, exact=True)).to_have_count(0)

    def told(self, text: str) -> None:
        """In a status region, where a screen reader announces it."""
        expect(self.page.get_by_role("status").filter(has_text=text)).to_have_count(1)

    def until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        """Waits for something that is not on the page."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "it did not happen in time"
            self.page.wait_for_timeout(50)
