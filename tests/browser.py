"""Debian's Chromium, opened for the tests that need it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

# The same browser without its own windows and menus takes a fifth less computing, so it goes first.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=15_000)  # other tests may have the machine: no bar is held here, only that it comes


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
