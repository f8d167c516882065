"""Signing in, permissions, and what holds for every page: accessible in both schemes, fits a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe

from .conftest import Visit
from .site import PASSWORD, Site

pytestmark = pytest.mark.browser
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4


def fill_login(page: Page, password: str) -> None:
    page.get_by_label("E-mailadres").fill("els@shop.example")
    page.get_by_label("Wachtwoord").fill(password)
    page.get_by_role("button", name="Aanmelden").click()


def test_signing_in_and_out(site: Site, visit: Visit) -> None:
    page = visit("/review/entries")
    fill_login(page, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("horen niet bij elkaar")
    expect(page.get_by_label("E-mailadres")).to_have_value("els@shop.example")
    expect(page.get_by_label("Wachtwoord")).to_be_focused()
    fill_login(page, PASSWORD)
    expect(page).to_have_url(f"{site.address}/review/entries")
    page.get_by_role("button", name="Afmelden").click()
    expect(page.get_by_text("Je bent afgemeld.")).to_be_visible()
    page.goto("/review/entries")
    expect(page.get_by_label("Wachtwoord")).to_be_visible()


def test_no_permission_is_said_in_words(visit: Visit) -> None:
    page = visit("/desk", "els")
    expect(page.get_by_role("heading", name="Geen toegang")).to_be_visible()
    expect(page.get_by_role("link", name="Balie")).to_have_count(0)
    page.get_by_role("link", name="Verder").click()
    expect(page.get_by_role("heading", name="Nieuwe vragen")).to_be_visible()


def test_the_language_is_chosen_and_kept(visit: Visit) -> None:
    page = visit("/review", "els")
    page.get_by_role("link", name="Engels").click()
    expect(page.get_by_role("heading", name="New questions")).to_be_visible()
    page.get_by_role("link", name="FAQ", exact=True).click()
    expect(page.get_by_role("link", name="New answer")).to_be_visible()


@pytest.fixture(scope="module")
def paths(site: Site) -> dict[str, str]:
    """Every page by what it shows; long words and a name of somebody among them."""
    site.bot.says = [{"act": "answer"}]
    mine = site.customer(identity={"name": LONG}, page_url=f"https://shop.example/{LONG}")
    mine.say("hoe stuur ik iets terug")
    site.bot.says = None
    mine.say(f"dit woord is lang: {LONG}")
    mine.until("queue")
    free = site.customer(f"nog een heel lange vraag {LONG}")
    agent = site.client()
    agent.post("/api/v1/login", json={"email": "ada@shop.example", "password": PASSWORD}).raise_for_status()
    agent.post(f"/api/v1/desk/conversations/{mine.id}/claim").raise_for_status()
    groups = agent.get("/api/v1/review/groups").raise_for_status().json()["groups"]
    done = agent.post(f"/api/v1/review/groups/{groups[-1]['id']}/dismiss", json={"why": "Oud"})
    done.raise_for_status()
    for key in ("say.ok", "widget.send"):
        put = agent.put(f"/api/v1/review/texts/{key}?language=en", json={"value": LONG})
        put.raise_for_status()
    return {
        "desk": "/desk", "mine": f"/desk/{mine.id}", "free": f"/desk/{free.id}", "backlog": "/review",
        "dismissed": "/review?status=dismissed", "group": f"/review/groups/{groups[0]['id']}",
        "decided": f"/review/groups/{groups[-1]['id']}", "entries": "/review/entries",
        "none": "/review/entries?search=qq",
        "entry": "/review/entries/gift-card-lost/nl", "new": "/review/entries/new",
        "history": "/review/entries/gift-card-lost/nl/history", "missing": "/review/groups/99999",
        "texts": "/review/texts?in=en",
    }  # fmt: skip


def accessible(page: Page, what: str) -> None:
    found = axe(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_accessible(visit: Visit, paths: dict[str, str], dark: bool) -> None:
    page = visit("/login", dark=dark)
    accessible(page, "login")
    fill_login(page, "wrong")
    accessible(page, "login refused")
    page = visit("", "ada", dark=dark)
    for what, path in paths.items():
        page.goto(path)
        page.get_by_role("main").wait_for()
        accessible(page, what)
    page.goto(paths["desk"])
    page.keyboard.press("?")
    accessible(page, "shortcuts")


def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Visit, paths: dict[str, str]) -> None:
    for lang in ("nl", "en"):
        page = visit("/login", phone=True, lang=lang)
        page = visit("", "ada", phone=True, lang=lang)
        for what, path in paths.items():
            page.goto(path)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{what} is {over} pixels too wide in {lang}"
        accessible(page, "phone")
        page.goto(paths["mine"])
        page.get_by_role("button", name=re.compile("Achtergrond|Background")).click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        accessible(page, "context on a phone")
