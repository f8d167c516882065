"""Debian's Chromium, opened for the tests that need it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# The same browser without its own windows and menus takes a fifth less computing, so it goes first.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=30_000)  # other tests may have the machine: no bar is held here, only that it comes


@contextmanager
def opened_chromium() -> Iterator[Browser]:
    """A browser; skips where there is none. One for each test file: Playwright's event loop must not outlive it."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not path:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


# A page takes no press before it has loaded. A person needs longer than that to see what to press; a test does not,
# and whether a press in between counts is up to the machine's load. What the product does about it has its own tests.
WAITS = """
if (document.readyState !== "complete") {
  const closed = new CSSStyleSheet();
  closed.replaceSync("html, html * { pointer-events: none !important }");
  document.adoptedStyleSheets = [closed];
  addEventListener("load", () => (document.adoptedStyleSheets = []));
}
"""


def unhurried(context: BrowserContext) -> BrowserContext:
    """The same context, whose pages take a press once they have loaded."""
    context.add_init_script(WAITS)
    return context


def axe(page: Page) -> AxeResults:
    """What axe-core finds on the page, once its styles are there: without them the contrast is the browser's own."""
    page.wait_for_load_state()
    return Axe().run(page)
