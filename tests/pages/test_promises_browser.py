"""Promises at the desk: made in two clicks, handed on, kept; late; never lost. Agents and customers at once."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect
from sqlmodel import Session, select

from handoff import conversations
from handoff.desk_models import Promise
from handoff.models import Conversation, Presence
from kb.models import now
from tests.browser import axe

from .conftest import Visit
from .site import Site
from .test_desk_browser import log, take
from .test_desk_team_browser import Cut, choose, fits, id_of, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _an_empty_desk(site: Site) -> None:
    """No conversations, no promises and nobody at the desk are left of an earlier test."""

    def empty(session: Session) -> None:
        for promise in session.exec(select(Promise)).all():
            session.delete(promise)
        for conversation in session.exec(select(Conversation).where(Conversation.owner != "closed")).all():
            conversations.close(session, conversation)
        for row in session.exec(select(Presence)).all():
            session.delete(row)

    site.write(empty)


def accessible(page: Page, what: str) -> None:
    found = axe(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    fits(page)


def promised(page: Page) -> Locator:
    return page.get_by_role("region", name="Beloofd", exact=False).first


def strip(page: Page) -> Locator:
    return page.get_by_role("region", name="Wat beloofd is")


def form(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Wanneer kom je erop terug?")


def promise(page: Page) -> None:
    """In two clicks."""
    page.get_by_role("button", name="Beloven").click()
    form(page).get_by_role("button", name=re.compile("^morgen")).first.click()
    expect(strip(page)).to_be_visible()


def told(page: Page, words: str) -> Locator:
    return page.get_by_role("status").get_by_text(words)


def test_a_promise_is_made_handed_on_and_kept_and_its_customer_reads_it(site: Site, visit: Visit) -> None:
    chat = visit("/chat?language=nl")
    chat.get_by_role("textbox").fill("past de ring om mijn vinger")
    chat.keyboard.press("Enter")
    other = site.customer("ik wacht hier ook nog")
    noor, sam = visit("/desk", "noor"), visit("/desk", "sam")
    noor.get_by_role("link", name=re.compile("past de ring")).click()
    take(noor)
    promise(noor)
    expect(form(noor)).to_be_hidden()
    expect(told(noor, "Beloofd: antwoord uiterlijk")).to_be_visible()
    words = "Noor zoekt het uit en laat het je weten: uiterlijk"
    expect(chat.get_by_role("log").get_by_text(words)).to_be_visible()
    expect(promised(noor).get_by_role("link", name=re.compile("past de ring.*over", re.S))).to_be_visible()
    expect(noor.get_by_role("region", name="Bij mij").get_by_text("past de ring")).to_have_count(0)
    expect(promised(sam).get_by_role("link", name=re.compile("past de ring.*Noor Bakker", re.S))).to_be_visible()

    noor.get_by_role("button", name="Doorzetten").click()
    choose(noor, "Sam")
    noor.get_by_role("button", name="Zet door").click()
    expect(told(noor, "Sam Peeters heeft het gesprek nu.")).to_be_visible()
    hers = promised(noor).get_by_role("link", name=re.compile("past de ring.*Sam Peeters", re.S))
    expect(hers).to_be_visible()
    expect(told(sam, "Noor Bakker zette een gesprek aan je door: past de ring")).to_be_visible()
    his = promised(sam).get_by_role("link", name=re.compile("past de ring.*Van Noor Bakker|Van Noor Bakker", re.S))
    expect(his).to_be_visible()
    sam.wait_for_timeout(500)  # the list is read again, and a click must not come in between
    his.click()
    expect(strip(sam)).to_be_visible()
    sam.get_by_label("Je antwoord").fill("Maat 17 past je, ik heb het nagevraagd.")
    sam.keyboard.press("Control+Enter")
    expect(chat.get_by_text("Maat 17 past je")).to_be_visible()
    expect(log(sam).get_by_text("Maat 17 past je")).to_be_visible()
    sam.keyboard.press("Escape")
    sam.keyboard.press("v")  # an answer was sent: nothing is asked
    expect(strip(sam)).to_have_count(0)
    expect(told(sam, "Nagekomen.")).to_be_visible()
    expect(chat.get_by_text("Zoals beloofd heeft Sam het voor je uitgezocht.")).to_be_visible()
    expect(hers).to_have_count(0)
    expect(sam.get_by_label("Je antwoord")).to_be_focused()
    assert other.owner() == "queue"


def test_by_keyboard_made_undone_made_and_dropped(site: Site, visit: Visit) -> None:
    customer = site.customer("mag dit met het toetsenbord")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    first = form(page).get_by_role("group", name="Wanneer kom je erop terug?").get_by_role("button").first
    expect(first).to_be_focused()
    accessible(page, "the form")
    note = form(page).get_by_label("Wat zoek je uit?")
    note.fill("<b>navragen</b> bij magazijn 🎁")
    page.keyboard.press("Enter")  # promises nothing yet
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(strip(page)).to_contain_text("<b>navragen</b> bij magazijn 🎁")
    accessible(page, "the line")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(strip(page)).to_have_count(0)
    expect(log(page).get_by_text("Een vergissing van ons")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.keyboard.press("Escape")
    expect(form(page)).to_be_hidden()
    page.keyboard.press("p")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(strip(page)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    sure = strip(page).get_by_role("button", name="Ja, nagekomen")  # nothing was answered: this is asked
    expect(sure).to_be_focused()
    page.keyboard.press("Escape")
    expect(sure).to_be_hidden()
    page.keyboard.press("w")
    expect(strip(page).get_by_role("button", name="Ja, niet meer nodig")).to_be_focused()
    page.keyboard.press("Enter")
    expect(strip(page)).to_have_count(0)
    expect(log(page).get_by_text("Je had dit niet meer nodig")).to_be_visible()
    assert [text for author, text in customer.said() if "magazijn" in text] == []


def test_a_reading_that_comes_late_takes_no_newer_promise_away(site: Site, visit: Visit) -> None:
    customer = site.customer("leest het bureau iets ouds")
    page, held = visit(f"/desk/{customer.id}", "noor"), list[tuple[Route, APIResponse]]()
    take(page)
    promise(page)
    page.route("**/new*", lambda route: route.continue_() if held else held.append((route, route.fetch())))
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(strip(page)).to_have_count(0)
    wait_for(page, lambda: bool(held))  # read after it was undone, and not answered yet
    promise(page)
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    sure = strip(page).get_by_role("button", name="Ja, nagekomen")
    expect(sure).to_be_visible()
    held[0][0].fulfill(response=held[0][1])
    expect(log(page).get_by_text("Een vergissing van ons")).to_be_visible()  # it has come
    expect(sure).to_be_visible()


def test_an_answer_that_comes_after_the_reading_shuts_nothing(site: Site, visit: Visit) -> None:
    customer = site.customer("de socket was eerst")
    page, held = visit(f"/desk/{customer.id}", "noor"), list[tuple[Route, APIResponse]]()
    take(page)
    page.route("**/promise", lambda route: held.append((route, route.fetch())), times=2)
    page.get_by_role("button", name="Beloven").click()
    wait_for(page, lambda: len(held) == 1)
    held[0][0].fulfill(response=held[0][1])  # the form
    form(page).get_by_role("button", name=re.compile("^morgen")).first.click()
    expect(strip(page)).to_be_visible()  # from the reading: the answer is held
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    sure = strip(page).get_by_role("button", name="Ja, nagekomen")
    expect(sure).to_be_visible()
    held[1][0].fulfill(response=held[1][1])
    expect(told(page, "Beloofd: antwoord")).to_be_visible()
    expect(sure).to_be_visible()


def wait_for(page: Page, holds: Callable[[], bool]) -> None:
    """Until it holds, while the page goes on."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        page.wait_for_timeout(50)


def test_another_time_and_a_call_with_what_it_needs(site: Site, visit: Visit) -> None:
    customer = site.customer("bel mij op een ander moment")
    page = visit(f"/desk/{customer.id}", "noor", phone=True, dark=True)
    take(page)
    page.get_by_role("button", name="Beloven").click()
    form(page).get_by_label("Ik bel").check()
    tomorrow = form(page).get_by_role("button", name=re.compile("morgen.*|tussen")).first
    expect(tomorrow).to_contain_text("tussen")
    tomorrow.click()
    expect(form(page).get_by_role("alert")).to_contain_text("Om te bellen is een telefoonnummer nodig")
    form(page).get_by_label("Telefoonnummer").fill("020 123 45 67")
    form(page).get_by_label("E-mailadres").fill("klant@example.com")
    form(page).get_by_text("Een andere tijd").click()
    form(page).get_by_role("button", name="Beloven").click()
    expect(form(page).get_by_role("alert")).to_contain_text("Vul een dag en een tijd in.")
    expect(form(page).get_by_label("Telefoonnummer")).to_have_value("020 123 45 67")
    form(page).get_by_text("Een andere tijd").click()
    day = (now() + timedelta(days=3)).date().isoformat()
    form(page).get_by_label("Dag").fill(day)
    form(page).get_by_label("Vanaf").fill("14:00")
    form(page).get_by_label(re.compile("Tot$")).fill("15:30")
    accessible(page, "the form on a phone in the dark")
    form(page).get_by_role("button", name="Beloven").click()
    expect(strip(page)).to_contain_text("tussen 14:00 en 15:30")
    expect(strip(page).get_by_role("link", name="020 123 45 67")).to_have_attribute("href", "tel:0201234567")
    accessible(page, "the line on a phone in the dark")
    strip(page).get_by_role("button", name="Verzetten").click()
    later = page.get_by_role("dialog", name="Wanneer dan wel?")
    later.get_by_role("button", name=re.compile("tussen")).last.click()
    expect(told(page, "Verzet naar")).to_be_visible()
    assert any("Het wordt een ander moment: Noor belt je" in text for _, text in customer.said())
    page.get_by_role("link", name="Terug naar de rij").click()
    call = promised(page).get_by_role("link", name=re.compile("Bel bel mij op: 020 123 45 67|020 123 45 67"))
    expect(call.last).to_have_attribute("href", "tel:0201234567")
    accessible(page, "the list on a phone in the dark")
    kept = site.write(lambda s: s.get_one(Conversation, customer.id))
    assert (kept.customer_phone, kept.customer_email) == ("020 123 45 67", "klant@example.com")


def test_what_becomes_due_shows_itself_and_is_said_once(site: Site, visit: Visit) -> None:
    customer = site.customer("wat wordt het straks te laat")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    promise(page)
    page.get_by_role("link", name=re.compile("straks te laat")).first.focus()

    def due(seconds: float) -> None:
        at = now() + timedelta(seconds=seconds)
        site.write(
            lambda s: (
                s.exec(select(Promise).where(Promise.conversation_id == customer.id))
                .one()
                .sqlmodel_update({"due_at": at, "revision": 2})
            )
        )
        site.changed(customer.id)

    due(1803)  # nothing is told of the moment at which that is soon
    expect(promised(page).get_by_role("link", name=re.compile("over 30 min"))).to_be_visible()
    expect(told(page, "Binnenkort beloofd aan wat wordt het straks te laat")).to_be_visible(timeout=15_000)
    expect(page).to_have_title(re.compile(r"^\(1\) Balie"))
    due(-90)
    late = promised(page).get_by_role("link", name=re.compile("1 min te laat"))
    expect(late).to_be_visible()
    expect(told(page, "Te laat met wat beloofd is aan wat wordt het straks te laat")).to_have_count(1)
    expect(strip(page)).to_contain_text("te laat")
    red = late.locator(".wait").evaluate("node => getComputedStyle(node).color")
    assert red != page.locator(".item .meta").first.evaluate("node => getComputedStyle(node).color")
    accessible(page, "a late promise")
    page.reload()
    expect(late).to_be_visible()
    assert told(page, "Te laat met").count() == 0  # once is enough


def test_who_vanishes_and_returns_still_has_what_she_promised(site: Site, visit: Visit) -> None:
    plain, site.it.settings.vanish_s = site.it.settings.vanish_s, 5.0
    try:
        calm, left = site.customer("ik wacht rustig tot morgen"), site.customer("mij laat je wel alleen")
        ada, sam = visit("", "ada"), visit("/desk", "sam")
        wire = Cut(ada)
        ada.goto(f"/desk/{calm.id}")
        take(ada)
        promise(ada)
        ada.goto(f"/desk/{left.id}")
        take(ada)
        wire.now()
        wait_until(lambda: left.owner() == "queue")
        assert calm.owner() == "agent"
        line = promised(sam).get_by_role("link", name=re.compile("ik wacht rustig.*Ada Smit", re.S))
        expect(line).to_be_visible()
        wire.cut = False
        ada.evaluate("dispatchEvent(new Event('online'))")
        expect(ada.get_by_role("region", name="Niet meer bij jou").get_by_role("link")).to_have_count(1)
        ada.get_by_role("link", name=re.compile("ik wacht rustig")).first.click()
        ada.get_by_label("Je antwoord").fill("Hier is het antwoord.")
        ada.keyboard.press("Control+Enter")
        expect(log(ada).get_by_text("Hier is het antwoord.")).to_be_visible()
        strip(ada).get_by_role("button", name="Nagekomen").click()
        expect(told(ada, "Nagekomen.")).to_be_visible()
        assert any("Zoals beloofd heeft Ada" in text for _, text in calm.said())
    finally:
        site.it.settings.vanish_s = plain


def test_what_the_shop_promised_is_taken_up(site: Site, visit: Visit) -> None:
    customer = site.customer("ik laat mijn adres achter")
    wish = {"client_id": "w", "kind": "answer", "email": "klant@example.com"}
    customer.client.post(f"{customer.path}/contact", json=wish).raise_for_status()
    noor, sam = visit("/desk", "noor"), visit("/desk", "sam")
    sams = promised(sam).get_by_role("link", name=re.compile("mijn adres achter.*van niemand", re.S))
    expect(sams).to_be_visible()
    promised(noor).get_by_role("link", name=re.compile("mijn adres achter")).click()
    expect(strip(noor)).to_contain_text("nog van niemand")
    noor.keyboard.press("Escape")
    noor.keyboard.press("c")
    expect(told(noor, "Dit is nu van jou.")).to_be_visible()
    expect(noor.get_by_label("Je antwoord")).to_be_focused()
    expect(promised(sam).get_by_role("link", name=re.compile("mijn adres achter.*Noor Bakker", re.S))).to_be_visible()
    assert site.write(lambda s: s.get_one(Conversation, customer.id).agent_id) == id_of(site, "noor")
    end = time.monotonic() + 5
    while "Noor" not in str(customer.said()):
        assert time.monotonic() < end
        time.sleep(0.1)
