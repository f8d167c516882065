"""Beside messages: an address left for later, what was promised, photos, hidden messages, typing and seen marks."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .besides import CALLS, WORDS, png
from .hand import Hand
from .standin import StandIn

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
LATER = "Later antwoord, per mail of telefoon"
PROMISED = "Je krijgt antwoord: uiterlijk dinsdag 24 november 17:00. Je hoeft niet te wachten."


@pytest.fixture
def hand(visit: Visit) -> Hand:
    return Hand(visit()).open()


def waits(hand: Hand, server: StandIn, leave: str) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.change(queue={"position": 3, "wait": None, "leave": leave})
    expect(hand.button(LATER)).to_be_visible()


def form(hand: Hand) -> Locator:
    return hand.page.get_by_role("dialog", name=LATER)


@pytest.mark.parametrize("leave", ["closed", "long"])
def test_who_would_wait_long_is_shown_the_choice_and_leaves_an_address(hand: Hand, server: StandIn, leave: str) -> None:
    waits(hand, server, leave)
    hand.told("Je hoeft hier niet te wachten. Kies wat je fijn vindt.")
    for choice in (LATER, "Ik blijf wachten", "Terug naar de chatbot"):
        expect(hand.button(choice)).to_be_visible()
    hand.button(LATER).click()
    choices = form(hand).get_by_role("group", name="Wanneer").get_by_role("radio")
    for i, words in enumerate([f"Antwoord {WORDS}", *(f"Bel mij {call['words']}" for call in CALLS)]):
        expect(choices.nth(i)).to_have_accessible_name(words)
    expect(choices.first).to_be_checked()
    expect(choices.first).to_be_focused()
    email = form(hand).get_by_label("Je e-mailadres")
    email.fill("noor apenstaart")
    email.press("Enter")
    expect(form(hand).get_by_role("alert")).to_have_text("Dit is geen e-mailadres. Kijk het even na.")
    expect(email).to_be_focused()
    expect(email).to_have_value("noor apenstaart")
    email.fill("noor@example.org")
    email.press("Enter")
    expect(form(hand)).to_have_count(0)
    expect(hand.box).to_be_focused()
    hand.sees(PROMISED)
    expect(hand.page.get_by_role("paragraph").filter(has_text=PROMISED)).to_have_count(2)  # in the talk, and staying
    expect(hand.button(LATER)).to_have_count(0)
    assert [(b["kind"], b["email"]) for b in server.talk.left.values()] == [("answer", "noor@example.org")]
    hand.page.reload()
    expect(hand.page.get_by_role("paragraph").filter(has_text=PROMISED)).to_have_count(2)


def test_staying_or_a_short_wait_leaves_a_quiet_link(hand: Hand, server: StandIn) -> None:
    waits(hand, server, "any")
    expect(hand.button("Ik blijf wachten")).to_have_count(0)
    expect(hand.page.get_by_text("Je hoeft hier niet te wachten.")).to_have_count(0)
    server.change(queue={"position": 3, "wait": None, "leave": "long"})
    hand.button("Ik blijf wachten").click()
    expect(hand.button("Ik blijf wachten")).to_have_count(0)
    expect(hand.box).to_be_focused()
    hand.told("Typ gerust door, je plek houd je.")
    expect(hand.button(LATER)).to_be_visible()


def test_a_call_is_asked_for_by_keyboard_and_what_was_typed_outlives_escape(hand: Hand, server: StandIn) -> None:
    waits(hand, server, "closed")
    keys = hand.page.keyboard
    hand.button(LATER).focus()
    keys.press("Enter")
    answer, call = (form(hand).get_by_role("radio", name=re.compile(how)) for how in ("Antwoord", "woensdag"))
    expect(answer).to_be_focused()
    keys.press("ArrowDown")
    expect(call).to_be_checked()
    keys.press("Tab")
    phone = form(hand).get_by_label("Je telefoonnummer")
    expect(phone).to_be_focused()
    keys.type("06 1234")
    keys.press("Escape")
    expect(form(hand)).to_have_count(0)
    expect(hand.panel).to_be_visible()
    expect(hand.button(LATER)).to_be_focused()
    keys.press("Enter")
    call.check()
    expect(phone).to_have_value("06 1234")
    phone.fill("06 12345678")
    phone.press("Enter")
    hand.sees("We bellen je woensdag 25 november tussen 10:00 en 12:00. Je hoeft niet te wachten.")
    (left,) = server.talk.left.values()
    assert (left["kind"], left["from_at"]) == ("call", CALLS[0]["from_at"])
    assert left["phone"].replace(" ", "") == "0612345678"


def test_a_lost_answer_makes_no_second_promise(hand: Hand, server: StandIn) -> None:
    waits(hand, server, "closed")
    hand.button(LATER).click()
    email = form(hand).get_by_label("Je e-mailadres")
    expect(form(hand).get_by_role("group", name="Wanneer")).to_be_visible()
    email.fill("noor@example.org")
    server.faults.answers = ["lost"]
    email.press("Enter")
    expect(form(hand).get_by_role("alert")).to_have_text("Dat lukte niet. Probeer het zo nog eens.")
    expect(email).to_have_value("noor@example.org")
    email.press("Enter")
    expect(form(hand)).to_have_count(0)
    hand.sees(PROMISED)
    assert len(server.talk.left) == 1
    assert len({p["client_id"] for p in server.posts if p["kind"] == "answer"}) == 1


def test_what_can_be_left_is_asked_again_and_an_agent_who_came_first_is_named(hand: Hand, server: StandIn) -> None:
    waits(hand, server, "long")
    server.faults.offers = [500]
    hand.button(LATER).click()
    expect(form(hand).get_by_role("alert")).to_contain_text("Er ging iets mis bij ons.")
    expect(form(hand).get_by_role("group", name="Wanneer")).to_be_hidden()
    form(hand).get_by_role("button", name="Versturen").click()
    expect(form(hand).get_by_role("group", name="Wanneer")).to_be_visible()
    form(hand).get_by_label("Je e-mailadres").fill("noor@example.org")
    server.claim()
    form(hand).get_by_role("button", name="Versturen").click()
    expect(form(hand).get_by_role("alert")).to_have_text("Je praat al met iemand van ons. Vraag het gerust hier.")
    form(hand).get_by_role("button", name="Annuleren").click()
    hand.sees("Lisa helpt je verder.")
    assert server.talk.left == {}


def test_without_mail_an_answer_needs_no_address(hand: Hand, server: StandIn) -> None:
    server.mails = False
    waits(hand, server, "closed")
    hand.button(LATER).click()
    expect(form(hand).get_by_role("group", name="Wanneer")).to_be_visible()
    expect(form(hand).get_by_label("Je e-mailadres")).to_be_hidden()
    form(hand).get_by_role("button", name="Versturen").click()
    hand.sees(PROMISED)


def test_an_agents_promise_is_shown_and_asks_for_an_address(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim("Noor")
    words = "Noor zoekt het uit en laat het je weten: uiterlijk donderdag 26 november 17:00."
    server.change(promise={"kind": "answer", "words": words, "needs_address": True, "late": False})
    expect(hand.page.get_by_text(words)).to_be_visible()
    hand.button("Vul je e-mailadres in").click()
    box = hand.page.get_by_role("dialog", name="Je e-mailadres")
    expect(box.get_by_role("textbox")).to_be_focused()
    box.get_by_role("textbox").fill("<b>noor</b>")
    box.get_by_role("textbox").press("Enter")
    expect(box.get_by_role("alert")).to_have_text("Dit is geen e-mailadres. Kijk het even na.")
    box.get_by_role("textbox").fill("noor@example.org")
    box.get_by_role("textbox").press("Enter")
    expect(box).to_have_count(0)
    expect(hand.button("Vul je e-mailadres in")).to_have_count(0)
    expect(hand.page.get_by_text(words)).to_be_visible()
    assert server.talk.email == "noor@example.org"
    server.change(promise=None)
    expect(hand.page.get_by_text(words)).to_have_count(0)


def choose(hand: Hand, *files: Path) -> None:
    with hand.page.expect_file_chooser() as chooser:
        hand.button("Foto of bestand versturen").click()
    chooser.value.set_files(files)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "pas & bon <b>.png"
    path.write_bytes(png(1200, 800))
    return path


def test_a_photo_is_sent_and_shown_in_its_place(hand: Hand, server: StandIn, photo: Path) -> None:
    choose(hand, photo)  # the first thing she says
    picture = hand.log.get_by_role("img", name=photo.name)
    expect(picture).to_be_visible()
    hand.until(lambda: bool(picture.evaluate("e => e.complete && e.naturalWidth")))
    box = picture.bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(1.5, abs=0.02)
    assert box["width"] <= 280
    link = hand.log.get_by_role("link", name=photo.name)
    expect(link).to_have_attribute("target", "_blank")
    pdf = {"name": "die.pdf", "width": None, "height": None, "url": "/files/die.pdf"}
    server.say("agent", "die.pdf", "file", file=pdf)
    expect(hand.log.get_by_role("link", name="die.pdf")).to_be_visible()
    hand.page.reload()
    expect(picture).to_be_visible()
    assert hand.page.evaluate("violations") == []


def test_a_refused_file_says_why_and_a_lost_answer_makes_no_second_one(
    hand: Hand, server: StandIn, photo: Path
) -> None:
    server.faults.answers = [422]
    choose(hand, photo)
    expect(hand.log.get_by_text("Niet verstuurd. Dit soort bestand kan niet.")).to_be_visible()
    server.faults.answers = ["lost"]
    hand.button("Opnieuw").click()
    expect(hand.log.get_by_role("img", name=photo.name)).to_be_visible()
    expect(hand.button("Opnieuw")).to_have_count(0)
    assert [m["kind"] for m in server.talk.messages] == ["file"]
    server.faults.answers = [422]
    choose(hand, photo)
    hand.button("Verwijderen").click()
    expect(hand.button("Verwijderen")).to_have_count(0)
    expect(hand.log.get_by_role("img")).to_have_count(1)


def test_a_pasted_picture_is_sent_and_pasted_words_are_words(hand: Hand, server: StandIn) -> None:
    paste = """(box, bytes) => { const data = new DataTransfer();
        if (bytes) data.items.add(new File([new Uint8Array(bytes)], 'plak.png', { type: 'image/png' }));
        const paste = { clipboardData: data, bubbles: true, cancelable: true };
        return box.dispatchEvent(new ClipboardEvent('paste', paste)); }"""
    assert hand.box.evaluate(paste, None) is True
    assert hand.box.evaluate(paste, list(png(30, 20))) is False
    expect(hand.log.get_by_role("img", name="plak.png")).to_be_visible()
    assert server.files["plak.png"] == png(30, 20)


def test_a_hidden_message_is_gone_and_may_come_back(hand: Hand, server: StandIn, visit: Visit) -> None:
    hand.type("mijn pin is 1234")
    hand.sees("Je zei: mijn pin is 1234")
    server.besides.hide(1)
    hand.sees("Bericht verborgen")
    hand.sees_not("mijn pin is 1234")
    expect(hand.log.get_by_text("privé moet blijven")).to_be_visible()
    other = Hand(visit()).open()
    other.sees("Bericht verborgen")
    other.sees_not("mijn pin is 1234")
    server.besides.hide(1, again=True)
    for tab in (hand, other):
        tab.sees("mijn pin is 1234")
        tab.sees_not("Bericht verborgen")


def test_typing_is_told_both_ways(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    hand.box.press_sequentially("nog niemand")
    server.claim("Noor")
    hand.sees("Noor helpt je verder.")
    hand.until(lambda: bool(server.talk.sockets))
    assert {"typing": True} not in server.frames
    hand.box.press_sequentially("wat er mis is met mijn lamp")
    hand.until(lambda: {"typing": True} in server.frames)
    assert server.frames.count({"typing": True}) == 1
    server.besides.typing("Noor")
    hand.told("Noor typt …")
    server.say("agent", "Ik kijk even", author_name="Noor")
    hand.sees("Ik kijk even")
    expect(hand.page.get_by_text("Noor typt …")).to_have_count(0)
    server.besides.typing("Noor")
    hand.told("Noor typt …")
    started = time.monotonic()
    expect(hand.page.get_by_text("Noor typt …")).to_have_count(0, timeout=9000)
    assert time.monotonic() - started > 4


def test_seen_is_told_both_ways(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim()
    hand.type("kijk je mee?")
    hand.until(lambda: server.said()[-1:] == ["kijk je mee?"])
    expect(hand.page.get_by_text("Gezien")).to_have_count(0)
    server.change(agent_seen_seq=len(server.talk.messages))
    expect(hand.log.get_by_text("Gezien")).to_be_visible()
    hand.type("en dit?")
    expect(hand.page.get_by_text("Gezien")).to_have_count(0)
    hand.button("Chat sluiten").click()
    server.say("agent", "Ik zie het")
    expect(hand.page.get_by_role("button", name=re.compile("nieuw bericht"))).to_be_visible()
    seq = len(server.talk.messages)
    assert {"seen": seq} not in server.frames
    hand.launcher.click()
    hand.until(lambda: {"seen": seq} in server.frames)


def test_without_sockets_it_is_told_once_what_was_seen(server: StandIn, visit: Visit) -> None:
    server.faults.no_sockets = True
    hand = Hand(visit()).open()
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim()
    server.say("agent", "Ik zie het")
    hand.sees("Ik zie het")
    hand.until(lambda: bool(server.frames))
    hand.type("fijn")
    hand.until(lambda: server.said()[-1:] == ["fijn"])
    assert server.frames == [{"seen": 4}]
