"""At both ends of a conversation: suggestions before it, rating and talk by mail after it; and the agent's face."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from .besides import png
from .hand import Hand
from .standin import StandIn

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
RATE = "Zou je ons aanraden? 0 is nee, 10 is zeker."
OVER = "Dit gesprek is afgelopen. Typ een bericht en we gaan verder."
SUGGESTED = "/?language=nl&suggestions=Waar is mijn pakket?| |Hoe lang duurt het?|<b>Drie</b>|vier|vijf|zes"
MAIL = "Mail me dit gesprek"


@pytest.fixture
def hand(visit: Visit) -> Hand:
    return Hand(visit()).open()


def end(hand: Hand) -> None:
    hand.button("Gesprek beëindigen").click()
    hand.button("Ja, beëindigen").click()
    hand.sees(OVER)


@pytest.fixture
def over(hand: Hand) -> Iterator[Hand]:
    """A talk that the bot solved, and that she ended."""
    hand.type("Hoe lang duurt het?")
    hand.page.get_by_role("group", name="Heeft dit geholpen?").get_by_role("button", name="Ja").click()
    hand.sees("Ja, dat hielp")
    end(hand)
    yield hand
    assert hand.page.evaluate("violations") == []


def score(hand: Hand) -> Locator:
    return hand.page.get_by_role("group", name=RATE)


def test_she_rates_once_it_is_over(over: Hand, server: StandIn) -> None:
    figures = score(over).get_by_role("radio")
    expect(figures).to_have_count(11)
    for n in range(11):
        expect(figures.nth(n)).to_have_accessible_name(str(n))
        expect(figures.nth(n)).not_to_be_checked()
    expect(over.box).to_be_focused()  # it takes nothing from who wants to go on
    score(over).get_by_text("10", exact=True).click()  # the whole figure can be pressed
    expect(figures.nth(10)).to_be_checked()
    over.page.get_by_role("group", name="Is het opgelost?").get_by_label("Nee").check()
    over.page.get_by_label("In een paar woorden").fill("Fijn 👋 <b>vlug</b>")
    over.log.get_by_role("button", name="Versturen").click()
    over.sees("Dank je wel!")
    expect(score(over)).to_have_count(0)
    expect(over.box).to_be_focused()
    assert server.talk.rating == {"score": "10", "solved": "false", "words": "Fijn 👋 <b>vlug</b>"}
    over.page.reload()
    over.sees(OVER)
    expect(score(over)).to_have_count(0)


def test_she_skips_and_is_asked_again_only_at_another_ending(over: Hand, server: StandIn, visit: Visit) -> None:
    other = Hand(visit()).open()
    other.sees(OVER)
    expect(score(other)).to_be_visible()
    over.button("Overslaan").click()
    expect(over.box).to_be_focused()
    for hand in (over, other):  # in every tab
        expect(score(hand)).to_have_count(0)
    over.page.reload()
    over.sees(OVER)
    expect(score(over)).to_have_count(0)
    over.type("nog iets")
    over.sees("Je zei: nog iets")
    expect(score(over)).to_have_count(0)
    over.button("Gesprek beëindigen").click()
    over.button("Ja, beëindigen").click()
    over.sees(OVER, times=2)
    expect(score(over)).to_be_visible()
    assert server.talk.rating is None


def test_who_types_on_is_not_asked_any_more(over: Hand) -> None:
    score(over).get_by_role("radio", name="3").check()
    over.type("toch nog iets")
    over.sees("Je zei: toch nog iets")
    expect(score(over)).to_have_count(0)


def test_what_is_told_later_stands_above_the_question_and_takes_nothing_away(over: Hand, server: StandIn) -> None:
    words = over.page.get_by_label("In een paar woorden")
    words.fill("half geschr")
    server.say("bot", "Op je vraag van eerder hebben we nu een antwoord.", told=True)
    over.sees("Op je vraag van eerder hebben we nu een antwoord.")
    expect(words).to_have_value("half geschr")
    expect(words).to_be_focused()
    above = "e => e.compareDocumentPosition(e.getRootNode().querySelector('.log form')) === 4"
    assert over.log.get_by_text("Op je vraag van eerder").evaluate(above)


def test_nothing_given_and_a_fault_are_said_in_place(over: Hand, server: StandIn) -> None:
    send = over.log.get_by_role("button", name="Versturen")
    send.click()
    why = over.log.get_by_role("alert")
    expect(why).to_have_text(re.compile(r"\w+"))
    score(over).get_by_role("radio", name="7").check()
    server.faults.answers = [500, "lost"]
    for _ in range(2):
        send.click()
        expect(why).to_have_text(re.compile(r"\w+"))
        expect(score(over).get_by_role("radio", name="7")).to_be_checked()
    send.click()
    over.sees("Dank je wel!")
    assert server.talk.rating == {"score": "7", "words": ""}


def test_an_agent_ends_it_and_she_rates_by_keyboard(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim()
    hand.sees("Lisa helpt je verder.")
    server.change(owner="closed")
    server.say("system", OVER, "closed")
    expect(score(hand)).to_be_visible()
    keys = hand.page.keyboard
    keys.press("Shift+Tab")  # the mail's link
    keys.press("Shift+Tab")
    expect(hand.button("Overslaan")).to_be_focused()
    score(hand).get_by_role("radio").first.focus()
    for _ in range(8):
        keys.press("ArrowRight")
    expect(score(hand).get_by_role("radio", name="8")).to_be_checked()
    keys.press("Tab")
    keys.press("Space")
    expect(hand.page.get_by_role("radio", name="Ja")).to_be_checked()
    keys.press("Tab")
    keys.type("Dank Lisa")
    keys.press("Enter")
    hand.sees("Dank je wel!")
    assert server.talk.rating == {"score": "8", "solved": "true", "words": "Dank Lisa"}


def test_the_question_is_not_read_out_with_the_talk(over: Hand) -> None:
    expect(over.log).to_have_attribute("aria-live", "polite")
    assert score(over).evaluate("e => e.closest('[aria-live]').ariaLive") == "off"


def test_the_talk_comes_by_mail(over: Hand, server: StandIn) -> None:
    over.button(MAIL).click()
    box = over.page.get_by_role("dialog", name=MAIL)
    email = box.get_by_label("Je e-mailadres")
    expect(email).to_be_focused()
    email.fill("noor apenstaart")
    email.press("Enter")
    expect(box.get_by_role("alert")).to_have_text("Dit is geen e-mailadres. Kijk het even na.")
    email.fill("noor@example.org")
    server.faults.answers = ["lost"]
    email.press("Enter")
    expect(box.get_by_role("alert")).to_have_text("Dat lukte niet. Probeer het zo nog eens.")
    email.press("Enter")
    expect(box).to_have_count(0)
    over.sees("Je krijgt het per mail.")
    expect(over.box).to_be_focused()
    assert list(server.talk.mailed.values()) == ["noor@example.org"]  # once, though an answer was lost


def test_an_address_that_is_known_stands_there_already(over: Hand, server: StandIn) -> None:
    server.change(email="bekend@example.org")
    over.button("Overslaan").click()
    over.button(MAIL).click()  # the rating is gone, this stays
    email = over.page.get_by_role("dialog", name=MAIL).get_by_label("Je e-mailadres")
    expect(email).to_have_value("bekend@example.org")
    over.page.keyboard.press("Escape")
    expect(over.panel).to_be_visible()
    expect(over.button(MAIL)).to_be_focused()
    assert server.talk.mailed == {}
    over.type("ik ben er nog")
    over.sees("Je zei: ik ben er nog")
    expect(over.button(MAIL)).to_have_count(0)


def test_without_mail_none_is_offered(hand: Hand, server: StandIn) -> None:
    server.mails = False
    hand.type("hoi")
    hand.sees("Je zei: hoi")
    end(hand)
    expect(score(hand)).to_be_visible()
    expect(hand.button(MAIL)).to_have_count(0)


def test_suggestions_are_there_until_she_said_something(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit(SUGGESTED)).open()
    expect(hand.box).to_be_focused()
    buttons = hand.log.get_by_role("group", name="Stel je vraag").get_by_role("button")
    expect(buttons).to_have_text(["Waar is mijn pakket?", "Hoe lang duurt het?", "<b>Drie</b>", "vier", "vijf"])
    buttons.nth(1).click()
    expect(buttons).to_have_count(0)
    expect(hand.log.get_by_text("Hoe lang duurt het?").filter(visible=True)).to_have_count(1)
    expect(hand.box).to_be_focused()
    hand.until(lambda: bool(server.talks) and bool(server.said()))
    assert server.said() == ["Hoe lang duurt het?"]
    hand.page.reload()
    expect(hand.page.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()
    expect(buttons).to_have_count(0)


def test_without_suggestions_there_are_none(hand: Hand) -> None:
    expect(hand.log.get_by_role("group")).to_have_count(0)


def faces(hand: Hand) -> Locator:
    return hand.page.locator("header img")


def test_an_agents_face_is_in_the_head_or_else_her_initial(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.do(lambda: server.files.update({"lisa.png": png(96, 96)}))
    server.do(lambda: setattr(server.talk, "agent_face", "/files/lisa.png"))
    server.claim()
    expect(hand.panel).to_contain_text("Je praat met Lisa")
    expect(faces(hand)).to_have_attribute("alt", "")
    hand.until(lambda: bool(faces(hand).evaluate("e => e.complete && e.naturalWidth")))
    server.change(agent_name="Sam", agent_face=None)
    expect(hand.panel).to_contain_text("Je praat met Sam")
    expect(faces(hand)).to_have_count(0)
    expect(hand.page.locator("header").get_by_text("S", exact=True)).to_be_visible()
    server.change(agent_face="/files/none.png")  # does not load
    expect(faces(hand)).to_have_count(0)
    expect(hand.page.locator("header").get_by_text("S", exact=True)).to_be_visible()
    server.change(owner="bot")
    expect(hand.panel).to_contain_text("Chatbot")
    expect(faces(hand)).to_have_count(0)
