"""The link in a mail, in a real browser: one press and the conversation goes on, here as well as where it began."""

import json
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session

from handoff import conversations
from handoff.reopen import LINK_FOR, link
from handoff.texts import shipped
from kb.models import now
from tests.browser import axe

from .conftest import PHONE, Visit
from .site import Customer, Site

pytestmark = pytest.mark.browser
QUESTION = "de pincode van mijn cadeaubon is weggekrast"


def mailed(site: Site, customer: Customer, age: timedelta = timedelta()) -> str:
    """The link that a mail of this age had for this customer."""

    def make(session: Session) -> str:
        return link(conversations.get(session, customer.id), site.address, now() - age)

    return site.write(make)


def stored(page: Page, name: str) -> Any:
    return json.loads(page.evaluate(f"localStorage.getItem('rechtdoor::{name}')") or "null")


def once_stored(page: Page, name: str) -> Any:
    for _ in range(100):
        if found := stored(page, name):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"{name} was not stored")


def press(page: Page, language: str = "nl") -> None:
    page.get_by_role("button", name=shipped(language)["reopen.open"]).click()


def said(page: Page, text: str = QUESTION) -> Any:
    return page.get_by_role("log").get_by_text(text, exact=True)


def test_the_conversation_goes_on_in_another_browser(site: Site, visit: Visit) -> None:
    her = site.customer(QUESTION)
    page = visit(mailed(site, her))
    expect(page.get_by_role("heading", name="Verder met je gesprek")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0  # looking stores nothing
    press(page)
    expect(page).to_have_url(f"{site.address}/chat?language=nl")
    expect(said(page)).to_be_visible()
    box = page.get_by_role("textbox")
    box.fill("ik zit nu op mijn telefoon")
    box.press("Enter")
    expect(said(page, "ik zit nu op mijn telefoon")).to_be_visible()
    her.say("en hier ook nog")  # where it began it goes on too
    expect(said(page, "en hier ook nog")).to_be_visible()
    assert ("customer", "ik zit nu op mijn telefoon") in her.said()
    page.reload()
    expect(said(page)).to_be_visible()


def test_the_link_works_again_and_by_keyboard_in_english(site: Site, visit: Visit) -> None:
    her = site.customer("my gift card pin is scratched off", language="en")
    address = mailed(site, her)
    for _ in range(2):
        page = visit(address, lang="nl")
        assert page.locator("html").get_attribute("lang") == "en"
        button = page.get_by_role("button", name="Open your conversation")
        for _ in range(5):
            page.keyboard.press("Tab")
            if button.evaluate("b => b === document.activeElement"):
                break
        expect(button).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site.address}/chat?language=en")
        expect(said(page, "my gift card pin is scratched off")).to_be_visible()


def test_the_browser_it_began_in_keeps_its_own_token(site: Site, visit: Visit) -> None:
    page = visit("/chat")
    page.get_by_role("textbox").fill(QUESTION)
    page.get_by_role("textbox").press("Enter")
    expect(said(page)).to_be_visible()
    talk = once_stored(page, "talk")

    def address(session: Session) -> str:
        return link(conversations.get(session, talk["id"]), site.address)

    page.goto(site.write(address))
    expect(page.get_by_text("nog een ander gesprek")).to_be_hidden()
    press(page)
    expect(said(page)).to_be_visible()
    assert stored(page, "talk") == talk


def test_another_conversation_gives_way_and_that_is_said(site: Site, visit: Visit) -> None:
    her = site.customer(QUESTION)
    page = visit("/chat")
    page.get_by_role("textbox").fill("een heel andere vraag")
    page.get_by_role("textbox").press("Enter")
    expect(said(page, "een heel andere vraag")).to_be_visible()
    once_stored(page, "read")
    page.goto(mailed(site, her))
    expect(page.get_by_text("In deze browser is nog een ander gesprek.")).to_be_visible()
    press(page)
    expect(said(page)).to_be_visible()
    expect(said(page, "een heel andere vraag")).to_have_count(0)
    assert (stored(page, "talk")["id"], stored(page, "key")) == (her.id, None)


@pytest.mark.parametrize("rubbish", ["{", "5", "null", '{"id":"x"}', "[]"])
def test_rubbish_in_the_store_does_not_matter(site: Site, visit: Visit, rubbish: str) -> None:
    her = site.customer(QUESTION)
    page = visit("/theme.css")
    page.evaluate("value => localStorage.setItem('rechtdoor::talk', value)", rubbish)
    page.goto(mailed(site, her))
    press(page)
    expect(said(page)).to_be_visible()


def test_a_browser_that_keeps_nothing_is_told(site: Site, visit: Visit) -> None:
    page = visit()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } });")
    page.goto(mailed(site, site.customer(QUESTION)))
    press(page)
    expect(page.get_by_role("alert")).to_have_text(shipped("nl")["reopen.blocked"])
    expect(page.get_by_role("status")).to_be_hidden()


def test_without_scripts_it_is_said_what_is_needed(site: Site, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(mailed(site, site.customer(QUESTION)))
    needed = shipped("nl")["chat.noscript"]  # Playwright's way to turn scripts off shows no noscript
    assert needed in page.locator("noscript").inner_html()
    press(page)
    expect(page.get_by_text(shipped("nl")["reopen.opening"])).to_be_visible()
    assert needed in page.locator("noscript").inner_html()
    context.close()


def test_another_sites_form_opens_nothing(site: Site, visit: Visit) -> None:
    address = mailed(site, site.customer(QUESTION))
    form = f'<form method="post" action="{address}"><button>Win a lamp</button></form>'
    page = visit()
    page.route("http://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("http://evil.example/")
    page.get_by_role("button").click()
    expect(page.get_by_role("button", name=shipped("nl")["reopen.open"])).to_be_visible()
    assert page.evaluate("localStorage.length") == 0
    press(page)  # her own press is another matter
    expect(said(page)).to_be_visible()


def test_old_and_wrong_links_lead_to_the_chat(site: Site, visit: Visit) -> None:
    her = site.customer(QUESTION)
    for address, title in (
        (mailed(site, her, LINK_FOR + timedelta(minutes=1)), "Deze link is verlopen"),
        (mailed(site, her)[:-3], "Deze link werkt niet"),
        (f"{site.address}/c/%F0%9F%99%82", "Deze link werkt niet"),
    ):
        page = visit(address)
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        page.get_by_role("link", name="Stel je vraag").click()
        expect(page.get_by_role("textbox")).to_be_visible()
        assert stored(page, "talk") is None


def test_the_address_is_told_to_nobody(site: Site, visit: Visit) -> None:
    page = visit()
    told: list[str] = []
    page.on("request", lambda request: told.append(request.headers.get("referer", "")))
    page.goto(mailed(site, site.customer(QUESTION)))
    press(page)
    expect(said(page)).to_be_visible()
    assert [referer for referer in told if "/c/" in referer] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_state_is_accessible_and_fits_a_phone(site: Site, visit: Visit, language: str, dark: bool) -> None:
    her = site.customer(QUESTION, language=language)
    good, old = mailed(site, her), mailed(site, her, LINK_FOR * 2)
    for size in (True, False):
        page = visit(phone=size, dark=dark, lang=language)
        page.add_init_script("localStorage.setItem('rechtdoor::talk', '{\"id\": \"another\"}');")
        for what, address in (("button", good), ("expired", old), ("unknown", f"{site.address}/c/{'x' * 300}")):
            page.goto(address)
            page.get_by_role("heading", level=1).wait_for()
            fine(page, f"{what} {language}")
        page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); };")
        page.goto(good)
        press(page, language)
        page.get_by_role("alert").wait_for()
        fine(page, f"blocked {language}")


def fine(page: Page, what: str) -> None:
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, f"{what} is {over} pixels too wide"
    found = axe(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    button = page.locator(".button")
    if button.count():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= PHONE["width"] or (page.viewport_size or {})["width"] > PHONE["width"]
