"""The talk itself: questions, answers, choices, the queue, a person, the end."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .hand import Hand
from .standin import StandIn

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


@pytest.fixture
def hand(visit: Visit) -> Hand:
    return Hand(visit()).open()


def test_nothing_is_started_before_the_first_message(hand: Hand, server: StandIn) -> None:
    expect(hand.log).to_contain_text("Stel je vraag gewoon in je eigen woorden")
    assert server.talks == {}
    hand.type("Hoi")
    hand.sees("Je zei: Hoi")
    assert len(server.talks) == 1


def test_an_answer_is_shown_with_its_markup_and_asks_once_whether_it_helped(hand: Hand, server: StandIn) -> None:
    hand.type("Hoe lang duurt het?")
    expect(hand.log.get_by_role("listitem")).to_have_text(["Thuis", "In de winkel"])
    helped = hand.page.get_by_role("group", name="Heeft dit geholpen?")
    helped.get_by_role("button", name="Ja").click()
    hand.sees("Ja, dat hielp")
    expect(helped).to_have_count(0)
    assert next(p for p in server.posts if p.get("kind") == "helped")["value"] is True
    hand.page.reload()
    hand.sees("Ja, dat hielp")
    expect(helped).to_have_count(0)


def test_no_is_sent_as_no(hand: Hand, server: StandIn) -> None:
    hand.type("Hoe lang duurt het?")
    hand.page.get_by_role("group", name="Heeft dit geholpen?").get_by_role("button", name="Nee").click()
    hand.sees("Nee, dat hielp niet")
    assert server.posts[-1]["value"] is False


def test_a_new_question_takes_the_old_one_away(hand: Hand) -> None:
    hand.type("Hoe lang duurt het?")
    helped = hand.page.get_by_role("group", name="Heeft dit geholpen?")
    expect(helped).to_be_visible()
    hand.type("iets anders")
    hand.sees("Je zei: iets anders")
    expect(helped).to_have_count(0)


def test_a_choice_is_sent_and_the_choices_go_inert(hand: Hand, server: StandIn) -> None:
    hand.type("mijn cadeaubon")
    options = hand.page.get_by_role("group", name="Kies wat je bedoelt").get_by_role("button")
    expect(options).to_have_text(
        ["Hoeveel staat er op mijn cadeaubon?", "Ik ben mijn cadeaubon kwijt", "Geen van deze"]
    )
    options.nth(1).dblclick()
    hand.sees("Ik ben mijn cadeaubon kwijt", times=2)
    for i in range(3):
        expect(options.nth(i)).to_be_disabled()

    def choices() -> list[object]:
        return [p["option"] for p in server.posts if p.get("kind") == "choice"]

    hand.until(lambda: bool(choices()))
    assert choices() == ["gift-card-lost"]


def test_none_of_these_leads_to_the_queue_and_its_words(hand: Hand, server: StandIn) -> None:
    hand.type("mijn cadeaubon")
    hand.button("Geen van deze").click()
    expect(hand.box).to_be_focused()
    hand.told("Je bent als derde aan de beurt.")
    hand.told("We kunnen nog niet zeggen hoe lang het duurt.")
    server.change(queue={"position": 2, "wait": {"low_s": 200, "high_s": 470}})
    hand.told("Je bent als tweede aan de beurt.")
    hand.told("Het duurt waarschijnlijk 3 tot 8 min.")
    server.change(queue={"position": 1, "wait": {"low_s": 10, "high_s": 50}})
    hand.told("Het duurt waarschijnlijk minder dan een minuut.")
    server.change(queue={"position": 12, "wait": {"low_s": 60, "high_s": 115}})
    hand.told("Je bent nummer 12 in de rij.")


def test_leaving_the_queue_is_asked_once_more(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    leave = hand.button("Terug naar de chatbot")
    leave.click()
    sure = hand.page.get_by_role("dialog", name="Dan geef je je plek in de rij op. Toch terug?")
    sure.get_by_role("button", name="Nee, ik wacht").click()
    expect(sure).to_have_count(0)
    expect(leave).to_be_focused()
    hand.type("ik typ gewoon door")
    hand.sees("ik typ gewoon door")
    leave.click()
    sure.get_by_role("button", name="Ja, terug").click()
    hand.sees("Je bent uit de rij en praat weer met de chatbot.")
    expect(leave).to_have_count(0)
    assert server.posts[-1]["kind"] == "leave_queue"


def test_a_person_is_named_and_heard_without_reloading(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim("Lisa")
    hand.sees("Lisa helpt je verder.")
    expect(hand.panel).to_contain_text("Je praat met Lisa")
    server.say("agent", "Stuur maar een foto", author_name="Lisa", html="<p>Stuur maar een <em>foto</em></p>")
    expect(hand.log.get_by_text("Stuur maar een foto")).to_be_visible()
    expect(hand.log.get_by_text(re.compile(r"^Lisa · \d\d:\d\d$"))).to_be_visible()


def test_a_conversation_ends_and_typing_opens_it_again(hand: Hand, server: StandIn) -> None:
    hand.type("Hoi")
    hand.sees("Je zei: Hoi")
    hand.button("Gesprek beëindigen").click()
    hand.button("Nee, verder praten").click()
    assert server.talk.owner == "bot"
    hand.button("Gesprek beëindigen").click()
    hand.button("Ja, beëindigen").click()
    hand.sees("Dit gesprek is afgelopen. Typ een bericht en we gaan verder.")
    expect(hand.button("Gesprek beëindigen")).to_have_count(0)
    hand.type("toch nog iets")
    hand.sees("We gaan verder waar we waren.")
    hand.sees("Je zei: toch nog iets")


def test_typing_is_shown_while_the_bot_is_at_it(hand: Hand, server: StandIn) -> None:
    hand.type("stil")
    hand.sees("stil")
    hand.until(lambda: bool(server.talks))  # shown at once, sent a moment later
    server.change(busy=True)
    hand.told("De chatbot zoekt het antwoord …")
    server.change(busy=False)
    expect(hand.page.get_by_text("De chatbot zoekt het antwoord …")).to_have_count(0)


@pytest.mark.parametrize(
    "text",
    [
        "<b>vet</b><img src=x onerror=alert(1)>",
        "<script>violations.push('script')</script>",
        "مرحبا، أين طلبي؟ 123",
        "👩‍👩‍👧 ¯\\_(ツ)_/¯ {name} {{n}}",
        "regel een\n\n  regel   twee",
        "lang" * 300,
    ],
)
def test_what_a_customer_types_is_shown_as_she_typed_it(hand: Hand, text: str) -> None:
    hand.type(text)
    bubble = hand.log.get_by_text("Je zei:").last
    expect(bubble).to_be_visible()
    assert bubble.inner_text() == f"Je zei: {text}"
    assert bubble.evaluate("e => e.children.length") == 0
    assert hand.log.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert hand.page.evaluate("violations") == []


def test_shift_enter_makes_a_new_line_and_the_field_grows(hand: Hand, server: StandIn) -> None:
    before = hand.box.bounding_box()
    hand.box.press_sequentially("een")
    hand.box.press("Shift+Enter")
    hand.box.press_sequentially("twee")
    after = hand.box.bounding_box()
    assert before
    assert after
    assert after["height"] > before["height"]
    hand.box.press("Enter")
    hand.sees("Je zei: een twee")
    assert server.said() == ["een\ntwee"]


def test_4000_characters_go_and_4001_stay(hand: Hand, server: StandIn) -> None:
    hand.type("é" * 3990)
    expect(hand.box).to_have_value("")
    hand.box.fill("x" * 3900)
    expect(hand.page.get_by_text("Nog 100 tekens")).to_be_visible()
    hand.type("😀" * 4001)
    expect(hand.page.get_by_role("alert")).to_have_text(
        "Je bericht is 1 tekens te lang. Maak het korter of stuur het in delen."
    )
    expect(hand.box).to_have_value("😀" * 4001)
    hand.type("😀" * 4000)
    expect(hand.box).to_have_value("")
    hand.sees("Je zei: " + "😀" * 4000)
    assert [len(t) for t in server.said()] == [3990, 4000]


def test_only_spaces_send_nothing(hand: Hand, server: StandIn) -> None:
    hand.type("  \n ")
    hand.button("Versturen").click()
    hand.type("echt")
    hand.sees("Je zei: echt")
    assert server.said() == ["echt"]


def test_english(visit: Visit) -> None:
    hand = Hand(visit("/?language=en")).open()
    expect(hand.log).to_contain_text("Just ask in your own words")
    hand.type("medewerker")
    hand.told("You're third in line.")
    hand.told("We can't say yet how long it will take.")
    hand.button("Back to the chatbot").click()
    hand.button("Yes, go back").click()
    hand.sees("You've left the queue and are talking to the chatbot again.")


def test_the_page_can_open_close_ask_and_hear(visit: Visit) -> None:
    page = visit("/?language=nl&greeting=Dag%20Noor")
    hand = Hand(page)
    expect(hand.launcher).to_be_visible()
    page.evaluate("""() => { window.heard = [];
        for (const name of ['open', 'close', 'unread'])
          addEventListener('rechtdoor:' + name, e => heard.push(name + (e.detail ? e.detail.count : ''))); }""")
    element = "document.querySelector('rechtdoor-chat')"
    page.evaluate(f"{element}.ask('Hoe lang?')")
    hand.sees("Dag Noor")
    hand.sees("Hoe lang?")
    page.evaluate(f"{element}.close()")
    expect(hand.panel).to_have_count(0)
    page.evaluate(f"{element}.open()")
    expect(hand.panel).to_be_visible()
    assert [e for e in page.evaluate("heard") if not e.startswith("unread")] == ["open", "close", "open"]


def test_a_button_of_the_shop_asks_its_question(visit: Visit) -> None:
    hand = Hand(visit())
    expect(hand.launcher).to_be_visible()
    hand.button("Vraag").click()
    hand.sees("Hoe lang duurt het?")
    expect(hand.log.get_by_role("listitem").first).to_be_visible()


def test_unread_is_counted_while_closed_and_gone_once_seen(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    hand.button("Chat sluiten").click()
    server.claim()
    server.say("agent", "Hoi!")
    expect(hand.page.get_by_role("button", name="Stel je vraag (2 nieuwe berichten)")).to_be_visible()
    hand.told("2 nieuwe berichten")
    hand.launcher.click()
    hand.button("Chat sluiten").click()
    expect(hand.button("Stel je vraag")).to_be_visible()


@pytest.mark.parametrize("language", ["fr", "xx", "<b>", "👋"])
def test_a_language_without_texts_is_english(visit: Visit, server: StandIn, language: str) -> None:
    hand = Hand(visit(f"/?language={language}")).open()
    hand.type("hello")
    hand.sees("Je zei: hello")
    expect(hand.page.get_by_role("dialog", name="Ask us")).to_be_visible()
    assert server.talk.language == "en"
    assert hand.page.evaluate("document.querySelector('rechtdoor-chat').lang") == "en"


def test_a_language_that_the_shop_added_is_spoken_and_written_its_own_way(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit("/?language=ar")).open()
    hand.type("مرحبا")
    expect(hand.log.get_by_text("مرحبا", exact=True)).to_be_visible()
    hand.until(lambda: bool(server.talks))
    assert server.talk.language == "ar"
    element = "document.querySelector('rechtdoor-chat')"
    assert hand.page.evaluate(f"[{element}.lang, {element}.dir]") == ["ar", "rtl"]
    assert hand.panel.evaluate("e => e.scrollWidth <= e.clientWidth")
    hand.page.reload()  # from what was kept, too
    expect(hand.box).to_be_visible()
    assert hand.page.evaluate(f"[{element}.lang, {element}.dir]") == ["ar", "rtl"]


@pytest.mark.parametrize(("position", "side"), [("left", "left"), ("right", "right"), (None, "right")])
def test_the_chat_stands_left_or_right(visit: Visit, position: str | None, side: str) -> None:
    hand = Hand(visit("/?language=nl" + (f"&position={position}" if position else "")))
    for name in ("launcher", "panel"):
        if name == "panel":
            hand.open()
        box = getattr(hand, name).bounding_box()
        assert box
        gap = box["x"] if side == "left" else 1280 - box["x"] - box["width"]
        assert gap == pytest.approx(24, abs=1)
    hand.type("medewerker")
    hand.button("Terug naar de chatbot").click()
    expect(hand.page.get_by_role("dialog", name="Dan geef je je plek")).to_be_in_viewport(ratio=1)


def test_words_that_cannot_be_had_are_the_few_that_come_along(
    visit: Visit, context: BrowserContext, server: StandIn
) -> None:
    context.route("**/api/v1/texts*", lambda route: route.fulfill(status=500, json={"status": 500, "detail": "x"}))
    hand = Hand(visit())
    expect(hand.button("Stel je vraag")).to_be_visible()
    context.unroute("**/api/v1/texts*")
    expect(hand.page.get_by_role("button", name="Stel je vraag")).to_be_visible()
    hand.launcher.click()
    expect(hand.panel).to_be_visible(timeout=20_000)  # named so once its words are there
