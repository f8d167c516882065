"""The desk in a real browser: whether the shop vouches for a customer, and which earlier conversations are hers."""

import re
import time
from collections.abc import Iterator

import jwt
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe

from .conftest import Visit
from .site import Site

pytestmark = pytest.mark.browser
SECRET = "a secret of the shop that nobody else knows"
MARKUP = "An <b>Peeters</b> مرحبا"
AN = {"sub": "48213", "name": MARKUP, "email": "an@klant.example"}


@pytest.fixture(autouse=True)
def _signs(site: Site) -> Iterator[None]:
    """The site's shop signs who its customers are."""
    site.it.settings.identity_secret = SECRET
    yield
    site.it.settings.identity_secret = ""


def signed() -> str:
    return jwt.encode(AN | {"exp": int(time.time()) + 3600}, SECRET, "HS256")


def who(page: Page) -> Locator:
    return page.get_by_role("region", name="Klant", exact=True)


def fact(page: Page, name: str) -> Locator:
    """What stands beside `name` in the list of facts."""
    term = page.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))
    return who(page).locator("div", has=term).get_by_role("definition")


def earlier(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("Eerdere gesprekken")).get_by_role("listitem")


@pytest.mark.parametrize("phone", [False, True])
def test_the_desk_says_who_is_confirmed(site: Site, visit: Visit, phone: bool) -> None:
    customer = site.customer("mijn lamp zoemt", identity_token=signed())
    page = visit(f"/desk/{customer.id}", "noor", phone=phone, dark=phone)
    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    expect(page.get_by_text("naam bevestigd door de winkel")).to_be_visible()
    if phone:
        page.get_by_role("button", name="Achtergrond").click()
    expect(fact(page, "Naam")).to_contain_text(re.compile(f"{re.escape(MARKUP)}.*bevestigd door de winkel"))
    expect(fact(page, "E-mail")).to_contain_text(re.compile("an@klant.example.*bevestigd door de winkel"))
    expect(fact(page, "Klantnummer")).to_have_text("48213")
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_she_says_herself_is_not(site: Site, visit: Visit) -> None:
    own = {"name": "An Peeters", "email": "an@klant.example"}
    known = site.customer("mijn groene lamp zoemt", identity_token=signed())
    typed = site.customer("mijn blauwe lamp zoemt", identity=own)
    page = visit(f"/desk/{typed.id}", "noor")
    expect(page.get_by_text("naam zelf opgegeven, niet bevestigd")).to_be_visible()
    for name in ("Naam", "E-mail"):
        expect(fact(page, name)).to_contain_text("zelf opgegeven, niet bevestigd")
    expect(who(page)).not_to_contain_text("Klantnummer")
    expect(earlier(page)).to_have_count(0)  # the confirmed customer's are not hers for typing the same address
    page.goto(f"/desk/{known.id}")
    blue = earlier(page).filter(has_text="blauwe lamp")
    expect(blue).to_contain_text("zelfde e-mailadres, niet bevestigd")
    green = site.customer("mijn rode lamp zoemt", identity_token=signed())
    page.goto(f"/desk/{green.id}")
    mine = earlier(page).filter(has_text="groene lamp")
    expect(mine).to_have_count(1)
    expect(mine).not_to_contain_text("niet bevestigd")
    english = visit(f"/desk/{typed.id}", "noor", lang="en")
    expect(english.get_by_text("name self-reported, not confirmed")).to_be_visible()


def test_it_shows_at_once_when_a_conversation_becomes_hers(site: Site, visit: Visit) -> None:
    customer = site.customer("mijn gele lamp zoemt")
    page = visit(f"/desk/{customer.id}", "noor")
    heading = page.get_by_role("heading", name="mijn gele lamp zoemt")
    expect(heading).to_be_visible()
    body = {"token": signed(), "conversation_id": customer.id}
    found = customer.client.post("/api/v1/identity", json=body).raise_for_status().json()
    assert found["id"] == customer.id
    expect(page.get_by_text("naam bevestigd door de winkel")).to_be_visible()
    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    expect(page.get_by_role("log").get_by_role("article")).to_have_count(1)  # no row of the timeline
