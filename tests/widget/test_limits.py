"""Somebody who types faster than she may: on the real app, everything arrives in the end, once and in order."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session, col, select

from handoff.models import Message
from handoff.rates import Rates
from tests.pages.site import Site, running

from .hand import Hand

pytestmark = pytest.mark.browser
MANY = 30


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("limits")
    shutil.copy(migrated_sqlite, folder / "site.db")
    with running(f"sqlite:///{folder / 'site.db'}", cache_dir, folder) as site:
        slow = {"rate_limits": True, "rate_messages": "10/4 seconds"}
        site.it.rates = Rates(site.it.settings.model_copy(update=slow))
        yield site


def hers(site: Site) -> list[str]:
    def rows(session: Session) -> list[str]:
        mine = select(Message).where(Message.author == "customer", Message.kind == "text").order_by(col(Message.seq))
        return [row.text for row in session.exec(mine)]

    return site.write(rows)


def test_a_burst_arrives_whole_once_and_in_order(site: Site, chromium: Browser) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce").new_page()
    answers: list[int] = []
    page.on("response", lambda r: answers.append(r.status) if r.url.endswith("/messages") else None)
    page.goto(site.address)
    hand = Hand(page)
    hand.open()
    typed = [f"bericht nummer {n}" for n in range(MANY)]
    hand.type(typed[0])
    # The rest in one go: typed one by one on a slow machine they may be slow enough.
    page.evaluate("all => all.forEach(words => document.querySelector('rechtdoor-chat').ask(words))", typed[1:])
    hand.until(lambda: len(hers(site)) == MANY, 120)
    assert hers(site) == typed
    assert 429 in answers  # it was held back
    for words in (typed[0], typed[-1]):
        hand.sees(words)
    expect(page.get_by_text("Dat ging even te snel")).to_have_count(0)
    page.context.close()


def test_who_searches_too_fast_is_told_when_to_go_on(site: Site, chromium: Browser) -> None:
    once = {"rate_limits": True, "rate_faq": "1/hour"}
    site.it.rates = Rates(site.it.settings.model_copy(update=once))
    page = chromium.new_page()
    page.goto(f"{site.address}/faq/nl")
    field = page.get_by_role("searchbox")
    field.fill("saldo")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#results")).not_to_be_empty()
    field.fill("saldo van mijn bon")
    expect(page.get_by_role("status").filter(has_text="Probeer het over")).to_be_visible()
    page.goto(f"{site.address}/faq/nl?q=saldo")  # as without a script
    expect(page.get_by_role("heading", name="Probeer het over")).to_be_visible()
    page.close()
