"""A filled, running site, and browsers in which people are signed in."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser import opened_chromium, unhurried

from .site import PASSWORD, Site, running

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Site]:
    """The site of a test file."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(migrated_sqlite, folder / "site.db")
    with running(f"sqlite:///{folder / 'site.db'}", cache_dir, folder) as site:
        yield site


@pytest.fixture(autouse=True)
def _bot_as_ever(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test made the bot say holds for that test."""
    yield
    if "site" in request.fixturenames:
        site: Site = request.getfixturevalue("site")
        site.bot.reason, site.bot.says = "unknown", None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for a test file; its event loop must not outlive the file, other files have their own."""
    with opened_chromium() as browser:
        yield browser


@pytest.fixture
def visit(site: Site, chromium: Browser) -> Iterator[Visit]:
    """Opens a path as a person (or nobody); every tab must stay free of script errors and blocked content."""
    wrong: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not re.search(
            "Failed to load resource|WebSocket|ERR_|^htmx:", message.text
        ):
            wrong.append(message.text)

    def visit(
        path: str = "",
        who: str = "",
        *,
        phone: bool = False,
        dark: bool = False,
        lang: str = "nl",
        hurried: bool = False,
    ) -> Page:
        context = chromium.new_context(
            viewport=PHONE if phone else DESKTOP,
            color_scheme="dark" if dark else "light",
            locale=lang,
            timezone_id="Europe/Amsterdam",
            reduced_motion="reduce",
            base_url=site.address,
        )
        context.set_default_timeout(20_000)
        page = (context if hurried else unhurried(context)).new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if who:
            sign_in(page, who)
        if path:
            page.goto(path)
        return page

    yield visit
    for context in chromium.contexts:
        context.close()
    assert wrong == []


def sign_in(page: Page, who: str) -> None:
    """Sign in over the API: quicker than typing, which has a test of its own."""
    answer = page.request.post("/api/v1/login", data={"email": f"{who}@shop.example", "password": PASSWORD})
    assert answer.ok, answer.text()
