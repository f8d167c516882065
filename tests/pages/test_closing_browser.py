"""Closing with a topic and a cause by keyboard, taking it back, and the team's conversations."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from handoff.models import Conversation

from .conftest import Visit
from .site import Site
from .test_desk_browser import log, take
from .test_promises_browser import accessible, promise, promised, strip, told

pytestmark = pytest.mark.browser


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Gesprek sluiten")


def kept(site: Site, id_: str) -> tuple[str, str | None, str | None]:
    conversation = site.write(lambda s: s.get_one(Conversation, id_))
    return conversation.owner, conversation.topic, conversation.cause


def test_closing_by_keyboard_and_taking_it_back(site: Site, visit: Visit) -> None:
    first, second = site.customer("hoe vraag ik een factuur op"), site.customer("nog iemand met een factuur")
    page = visit(f"/desk/{first.id}", "noor")
    take(page)
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    cause = dialog(page).get_by_role("combobox", name="Waar ging het over?")
    expect(cause).to_be_focused()
    accessible(page, "closing")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    assert first.owner() == "agent"
    for _ in range(10):  # the key right after a dialog was shut is heard
        page.keyboard.press("x")
        expect(cause).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog(page)).to_be_hidden()
    page.keyboard.press("x")
    expect(cause).to_be_focused()
    page.keyboard.type("Factuur <kwijt> 🧾")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("Retour")
    expect(dialog(page).get_by_label("Onderwerp")).to_have_value("topic:returns")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(told(page, "Gesprek gesloten.")).to_be_visible()
    expect(dialog(page)).to_be_hidden()
    assert kept(site, first.id) == ("closed", "returns", "Factuur <kwijt> 🧾")

    page.goto(f"/desk/{second.id}")
    take(page)
    page.get_by_role("button", name="Sluiten", exact=True).click()
    dialog(page).get_by_role("group", name="Vaak gekozen").get_by_role("button", name="Factuur <kwijt> 🧾").click()
    expect(cause).to_be_focused()
    expect(cause).to_have_value("Factuur <kwijt> 🧾")
    dialog(page).get_by_role("button", name="Sluiten").click()
    expect(told(page, "Gesprek gesloten.")).to_be_visible()
    assert kept(site, second.id)[2] == "Factuur <kwijt> 🧾"
    page.get_by_role("status").get_by_role("button", name="Heropenen").click()
    expect(told(page, "Het gesprek is weer van jou.")).to_be_visible()
    expect(page.get_by_label("Je antwoord")).to_be_focused()
    assert second.owner() == "agent"
    assert any("We gaan verder waar we waren." in text for _, text in second.said())


def test_what_fails_is_said_and_typing_is_kept(site: Site, visit: Visit) -> None:
    customer = site.customer("sluiten gaat mis")
    page = visit(f"/desk/{customer.id}", "noor", phone=True)
    take(page)
    page.get_by_role("button", name="Sluiten", exact=True).click()
    cause = dialog(page).get_by_role("combobox", name="Waar ging het over?")
    cause.fill("blijft staan")
    accessible(page, "closing on a phone")
    page.route("**/close", lambda route: route.abort())
    dialog(page).get_by_role("button", name="Sluiten").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("er is geen verbinding")
    expect(cause).to_have_value("blijft staan")
    page.unroute_all()
    customer.say(None, kind="end")
    dialog(page).get_by_role("button", name="Sluiten").click()  # closed already: nothing is left to do
    expect(dialog(page)).to_be_hidden()
    assert kept(site, customer.id)[0] == "closed"


def test_closing_with_something_promised_offers_to_keep_it(site: Site, visit: Visit) -> None:
    customer = site.customer("beloofd en dan gesloten")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    promise(page)
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    box = dialog(page).get_by_role("checkbox", name="Dit is nagekomen")
    expect(box).not_to_be_checked()
    expect(dialog(page).get_by_text("Er staat nog iets open")).to_be_visible()
    dialog(page).get_by_role("button", name="Sluiten").click()
    expect(told(page, "Gesprek gesloten.")).to_be_visible()
    expect(strip(page)).to_be_visible()  # it stays on the list
    line = promised(page).get_by_role("link", name=re.compile("beloofd en dan gesloten"))
    expect(line).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_label("Je antwoord")).to_be_focused()
    page.keyboard.type("Het antwoord is ja.")
    page.keyboard.press("Control+Enter")
    expect(log(page).get_by_text("Het antwoord is ja.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(box).to_be_checked()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_be_hidden()
    expect(line).to_have_count(0)
    assert any("Zoals beloofd heeft Noor" in text for _, text in customer.said())


def test_the_team_list_says_who_has_what_and_stays_as_i_left_it(site: Site, visit: Visit) -> None:
    customer = site.customer("dit gesprek heeft Sam")
    sam, noor = visit(f"/desk/{customer.id}", "sam"), visit("/desk", "noor")
    take(sam)
    team = noor.get_by_role("region", name="Bij collega's")
    line = team.get_by_role("link", name=re.compile("dit gesprek heeft Sam"))
    expect(line).to_be_hidden()
    team.get_by_text("Bij collega's").last.click()
    expect(line).to_be_visible()
    expect(team.get_by_role("heading", name=re.compile("Sam Peeters"))).to_be_visible()
    accessible(noor, "the team's conversations")
    other = site.customer("iets nieuws in de rij")  # the column is read again
    expect(noor.get_by_role("link", name=re.compile("iets nieuws in de rij"))).to_be_visible()
    expect(line).to_be_visible()
    noor.reload()
    expect(line).to_be_visible()
    line.click()
    expect(noor.get_by_text("Sam Peeters heeft dit gesprek. Je kunt meelezen.")).to_be_visible()
    expect(noor.get_by_title(re.compile("Vandaag"))).to_have_count(1)  # the service level, whatever it is
    other.say(None, kind="leave_queue")
