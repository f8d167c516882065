"""Who she is, by the shop's word: her talk goes with her from device to device, and leaves with her."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import PACE
from .endings import TOKEN
from .hand import Hand
from .standin import StandIn

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
ELEMENT = "document.querySelector('rechtdoor-chat')"
LISTEN = """window.heard = [];
    addEventListener('rechtdoor:refused', e => heard.push(e.detail.detail));"""
REFUSED = "We kunnen niet nagaan wie je bent. Log opnieuw in bij de winkel en probeer het nog eens."


@pytest.fixture
def phone(chromium: Browser, server: StandIn) -> Iterator[BrowserContext]:
    """Another device, with a storage of its own."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.add_init_script(
        f"customElements.whenDefined('rechtdoor-chat').then(c => Object.assign(c.Talk.pace, {PACE}))"
    )
    yield context
    context.close()


def tag(token: str) -> str:
    return f"/?language=nl&identity={TOKEN}{token}"


def identify(hand: Hand, token: str | None) -> None:
    hand.page.evaluate(f"token => {ELEMENT}.identify(token)", token and TOKEN + token)


def open_in(context: BrowserContext, url: str) -> Hand:
    page = context.new_page()
    page.goto(url)
    return Hand(page).open()


def test_a_talk_that_she_began_by_name_goes_on_on_her_phone(
    visit: Visit, server: StandIn, phone: BrowserContext
) -> None:
    laptop = Hand(visit(tag("noor"))).open()
    laptop.type("waar is mijn lamp")
    laptop.sees("Je zei: waar is mijn lamp")
    assert server.talk.whose == "noor"
    hers = open_in(phone, server.url + tag("noor"))
    hers.sees("Je zei: waar is mijn lamp")
    hers.type("nu op mijn telefoon")
    laptop.sees("Je zei: nu op mijn telefoon")
    assert len(server.talks) == 1


def test_a_talk_begun_before_logging_in_becomes_hers(visit: Visit, server: StandIn, phone: BrowserContext) -> None:
    laptop = Hand(visit()).open()
    laptop.type("ik ben nog niemand")
    laptop.sees("Je zei: ik ben nog niemand")
    identify(laptop, "noor")
    laptop.until(lambda: server.talk.whose == "noor")
    laptop.sees("Je zei: ik ben nog niemand")
    assert server.asked == [server.talk.id]
    hers = open_in(phone, server.url)
    identify(hers, "noor")
    hers.sees("Je zei: ik ben nog niemand")


def test_on_a_device_with_anothers_talk_hers_comes_in_its_place(
    visit: Visit, server: StandIn, phone: BrowserContext
) -> None:
    hers = open_in(phone, server.url + tag("noor"))
    hers.type("van Noor")
    hers.sees("Je zei: van Noor")
    laptop = Hand(visit(tag("sam"))).open()
    laptop.type("van Sam")
    laptop.sees("Je zei: van Sam")
    identify(laptop, "noor")
    laptop.sees("Je zei: van Noor")
    laptop.sees_not("van Sam")
    laptop.type("weer van Noor")
    hers.sees("Je zei: weer van Noor")
    identify(laptop, "els")  # who has no talk, and must not read on in Noor's
    laptop.sees_not("Je zei: van Noor")
    laptop.type("van Els")
    laptop.sees("Je zei: van Els")
    assert [talk.whose for talk in server.talks.values()] == ["noor", "sam", "els"]


def test_another_tab_goes_along(visit: Visit, server: StandIn, phone: BrowserContext) -> None:
    hers = open_in(phone, server.url + tag("noor"))
    hers.type("van Noor")
    hers.sees("Je zei: van Noor")
    one, other = (Hand(visit()).open() for _ in range(2))
    identify(one, "noor")
    for hand in (one, other):
        hand.sees("Je zei: van Noor")


def test_logged_out_the_device_forgets_everything(visit: Visit, server: StandIn) -> None:
    hand, other = (Hand(visit(tag("noor"))).open() for _ in range(2))
    hand.type("van Noor")
    for one in (hand, other):
        one.sees("Je zei: van Noor")
    server.faults.answers = [422]
    hand.type("geweigerd")
    expect(hand.button("Opnieuw")).to_be_visible()
    hand.box.fill("half geschreven")
    identify(hand, None)
    for one in (hand, other):
        one.sees_not("Je zei: van Noor")
        one.sees_not("geweigerd")
    expect(hand.box).to_have_value("")
    expect(hand.page.get_by_text("Je vorige gesprek bestaat niet meer.")).to_have_count(0)
    kept = hand.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "Noor" not in kept
    assert "geweigerd" not in kept
    assert "half" not in kept
    hand.type("van iemand anders")
    hand.sees("Je zei: van iemand anders")
    assert [talk.whose for talk in server.talks.values()] == ["noor", None]


def test_logged_out_while_a_message_is_under_way_it_does_not_come_back(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit()).open()
    hand.type("hoi")
    hand.sees("Je zei: hoi")
    server.faults.late = 1
    server.faults.answers = [503]
    hand.type("onderweg")
    hand.until(lambda: len(server.posts) == 2)
    identify(hand, None)
    hand.page.wait_for_timeout(1500)
    hand.sees_not("onderweg")
    assert "onderweg" not in hand.page.evaluate("JSON.stringify({...localStorage})")
    assert len(server.posts) == 2


def test_a_refused_token_is_told_to_the_page_and_to_her_only_when_she_writes(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit()).open()
    hand.page.evaluate(LISTEN)
    hand.page.evaluate(f"{ELEMENT}.identify('verlopen')")
    hand.until(lambda: hand.page.evaluate("heard") == [REFUSED])
    expect(hand.panel.get_by_text(REFUSED)).to_have_count(0)
    hand.type("hoi")
    expect(hand.log.get_by_text(REFUSED)).to_be_visible()
    assert hand.page.evaluate("heard") == [REFUSED] * 2
    assert server.talks == {}
    identify(hand, "noor")  # the page fetched a fresh one
    hand.button("Opnieuw").click()
    hand.sees("Je zei: hoi")
    assert server.talk.whose == "noor"


def test_the_token_is_sent_again_after_a_fault_and_kept_nowhere(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit()).open()
    hand.type("ik ben nog niemand")
    hand.sees("Je zei: ik ben nog niemand")
    server.stop()
    identify(hand, "noor")
    hand.told("Geen verbinding.")
    server.start()
    hand.until(lambda: server.talk.whose == "noor")
    kept = hand.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert TOKEN not in kept


def test_a_talk_that_is_gone_here_is_asked_for_again(visit: Visit, server: StandIn, phone: BrowserContext) -> None:
    hers = open_in(phone, server.url + tag("noor"))
    hers.type("van Noor")
    hers.sees("Je zei: van Noor")
    laptop = Hand(visit(tag("noor"))).open()
    laptop.sees("Je zei: van Noor")
    server.do(lambda: setattr(server.talk, "token", "another"))  # this device's token is in force no more
    server.do(lambda: server.talk.sockets.clear())
    laptop.page.reload()
    laptop.sees("Je zei: van Noor")
    expect(laptop.page.get_by_text("Je vorige gesprek bestaat niet meer.")).to_have_count(0)


@pytest.mark.parametrize("token", ["", "👋", "<b>", "x" * 5000, "עברית"])
def test_no_token_at_all_breaks_nothing(visit: Visit, server: StandIn, token: str) -> None:
    hand = Hand(visit()).open()
    hand.type("hoi")
    hand.sees("Je zei: hoi")
    hand.page.evaluate(f"token => {ELEMENT}.identify(token)", token)
    hand.type("en verder")
    hand.sees("Je zei: en verder")
    assert server.talk.whose is None
