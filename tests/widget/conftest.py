from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import opened_chromium

from .standin import StandIn

# What a customer waits seconds for, a test waits tenths of seconds for.
PACE = "{timeout: 3000, retry: 120, most: 400, beat: 700, fast: 250, silent: 400}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for a test file; its event loop must not outlive the file, other files have their own."""
    with opened_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    standin = StandIn()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def server(standin: StandIn) -> StandIn:
    """The stand-in, with nothing in it yet, and running whatever the test before did."""
    if not standin.running:
        standin.start()
    standin.renew()
    return standin


@pytest.fixture
def context(chromium: Browser, server: StandIn) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    context.add_init_script(f"""window.violations = [];
        addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI));
        customElements.whenDefined('rechtdoor-chat').then(chat => Object.assign(chat.Talk.pace, {PACE}));""")
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, server: StandIn) -> Callable[..., Page]:
    """Opens a page of the shop, in a new tab."""

    def visit(path: str = "/?language=nl") -> Page:
        page = context.new_page()
        page.goto(server.url + path)
        return page

    return visit
