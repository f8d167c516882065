"""For everyone: keyboard, screen reader, zoom, small screens, light and dark; for every site: size, strict CSP."""

import gzip
import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import axe

from .besides import png
from .hand import Hand
from .script import ROOT, texts
from .standin import StandIn

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
SCREENS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
# Where the focus is, as a screen reader would name it; through the shadow root.
FOCUS = """() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    return e.ariaLabel || e.innerText?.trim() || e.tagName; }"""


def no_findings(page: Page, state: str) -> None:
    found = axe(page).response["violations"]
    assert found == [], f"{state}: {[(v['id'], [n['html'][:120] for n in v['nodes']]) for v in found]}"


def test_script_style_and_both_languages_are_at_most_15_kb_gzipped() -> None:
    size = len((ROOT / "handoff/static/widget.js.gz").read_bytes())  # as it is served
    for language in ("nl", "en"):
        words = {k: v for k, v in texts(language).items() if k.startswith("widget.")}
        served = json.dumps({"language": language, "texts": words}, ensure_ascii=False)
        size += len(gzip.compress(served.encode(), 9))
    assert size <= 15_000


def test_both_languages_have_the_same_words_and_placeholders() -> None:
    dutch, english = texts("nl"), texts("en")
    assert dutch.keys() == english.keys()
    for key, text in dutch.items():
        names = sorted(part.split("}")[0] for part in text.split("{")[1:])
        assert names == sorted(part.split("}")[0] for part in english[key].split("{")[1:]), key


def test_every_word_the_widget_asks_for_is_there_and_none_is_left_over() -> None:
    script = "".join(file.read_text("utf-8") for file in (ROOT / "handoff/static/widget").glob("*.js"))
    words = [k.removeprefix("widget.") for k in texts("nl") if k.startswith("widget.")]
    made = {f"{name}_{end}" for name in ("end", "leave_queue") for end in ("sure", "yes", "no")}
    assert [w for w in words if f"'{w}'" not in script and w not in made] == []


@pytest.fixture(params=SCREENS)
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, screen: str, context: BrowserContext, visit: Visit) -> Iterator[Page]:
    page = visit("/?language=nl&suggestions=Waar is mijn pakket?|Hoe ruil ik iets?")
    page.set_viewport_size(SCREENS[screen])
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    yield page
    assert page.evaluate("violations") == []


def test_axe_finds_nothing_in_any_state(page: Page, server: StandIn) -> None:
    hand = Hand(page)
    expect(hand.launcher).to_be_visible()
    no_findings(page, "closed")
    hand.open()
    expect(hand.button("Waar is mijn pakket?")).to_be_visible()
    no_findings(page, "open, with suggestions")
    hand.type("Hoe lang duurt het?")
    expect(hand.page.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()
    no_findings(page, "answer")
    hand.type("mijn cadeaubon")
    expect(hand.button("Geen van deze")).to_be_visible()
    no_findings(page, "clarify")
    server.change(busy=True)
    hand.told("De chatbot zoekt")
    no_findings(page, "typing")
    server.change(busy=False)
    hand.button("Geen van deze").click()
    hand.told("Je bent als derde aan de beurt.")
    no_findings(page, "queue")
    hand.button("Terug naar de chatbot").click()
    no_findings(page, "sure")
    hand.button("Nee, ik wacht").click()
    server.change(queue={"position": 3, "wait": None, "leave": "closed"})
    leave = hand.button("Later antwoord, per mail of telefoon")
    expect(leave).to_be_visible()
    no_findings(page, "choice")
    leave.click()
    expect(page.get_by_role("group", name="Wanneer")).to_be_visible()
    page.get_by_label("Je e-mailadres").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Dit is geen e-mailadres.")).to_be_visible()
    no_findings(page, "leaving an address")
    page.keyboard.press("Escape")
    server.claim()
    hand.sees("Lisa helpt je verder.")
    promise = {"kind": "answer", "words": "Lisa zoekt het uit: uiterlijk morgen.", "needs_address": True}
    server.change(promise=promise, agent_seen_seq=len(server.talk.messages))
    server.do(lambda: server.files.update({"bon.png": png(90, 60), "lisa.png": png(96, 96)}))
    server.change(agent_face="/files/lisa.png")
    file = {"name": "bon.png", "width": 90, "height": 60, "url": "/files/bon.png"}
    server.say("agent", "bon.png", "file", file=file)
    expect(page.get_by_role("img", name="bon.png")).to_be_visible()
    server.besides.hide(1)
    hand.sees("Bericht verborgen")
    server.besides.typing("Lisa")
    hand.told("Lisa typt …")
    no_findings(page, "agent, promise, photo, hidden, typing")
    server.faults.answers = [422]
    hand.type("geweigerd")
    expect(hand.button("Opnieuw")).to_be_visible()
    hand.box.fill("x" * 4001)
    hand.box.press("Enter")
    no_findings(page, "refused")
    hand.box.fill("")
    server.stop()
    hand.type("offline")
    hand.told("Geen verbinding.")
    no_findings(page, "offline")
    server.start()
    hand.button("Gesprek beëindigen").click()
    hand.button("Ja, beëindigen").click()
    hand.sees("Dit gesprek is afgelopen. Typ een bericht en we gaan verder.")
    server.change(promise=None)
    expect(hand.button("Mail me dit gesprek")).to_be_visible()
    no_findings(page, "closed conversation, with the rating")
    hand.log.get_by_role("radio", name="9").check()
    hand.log.get_by_role("radio", name="Nee").check()
    server.faults.answers = [500]
    hand.log.get_by_role("button", name="Versturen").click()
    expect(hand.log.get_by_role("alert")).to_have_text(re.compile(r"\w"))
    hand.button("Mail me dit gesprek").click()
    page.get_by_role("dialog", name="Mail me dit gesprek").get_by_role("button", name="Versturen").click()
    expect(page.get_by_text("Dit is geen e-mailadres. Kijk het even na.")).to_be_visible()
    no_findings(page, "the talk by mail, over a rating that went wrong")
    page.keyboard.press("Escape")
    hand.log.get_by_role("button", name="Versturen").click()
    hand.sees("Dank je wel!")
    no_findings(page, "rated")


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit()
    hand, keys = Hand(page), page.keyboard
    expect(hand.launcher).to_be_visible()
    for _ in range(3):
        keys.press("Tab")
    assert page.evaluate(FOCUS) == "Stel je vraag"
    keys.press("Enter")
    expect(hand.box).to_be_focused()
    keys.type("mijn cadeaubon")
    keys.press("Enter")
    expect(hand.button("Geen van deze")).to_be_visible()
    expect(hand.box).to_be_focused()
    keys.press("Shift+Tab")
    assert page.evaluate(FOCUS) == "Geen van deze"
    keys.press("Shift+Tab")
    keys.press("Shift+Tab")
    assert page.evaluate(FOCUS) == "Hoeveel staat er op mijn cadeaubon?"
    keys.press("Space")
    expect(page.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()
    expect(hand.box).to_be_focused()
    keys.press("Shift+Tab")
    assert page.evaluate(FOCUS) == "Nee"
    keys.press("Shift+Tab")
    keys.press("Enter")
    hand.sees("Ja, dat hielp")
    keys.press("Escape")
    expect(hand.panel).to_have_count(0)
    expect(hand.launcher).to_be_focused()
    keys.press("Shift+Tab")
    assert page.evaluate(FOCUS) == "Vraag"


def test_the_focus_goes_back_to_what_opened_the_chat(visit: Visit) -> None:
    page = visit()
    hand = Hand(page)
    expect(hand.launcher).to_be_visible()
    hand.button("Vraag").focus()
    page.keyboard.press("Enter")
    expect(hand.box).to_be_focused()
    page.keyboard.press("Escape")
    expect(hand.button("Vraag")).to_be_focused()


def test_escape_in_a_question_closes_only_the_question(visit: Visit) -> None:
    hand = Hand(visit()).open()
    hand.type("medewerker")
    hand.button("Terug naar de chatbot").click()
    hand.page.keyboard.press("Escape")
    expect(hand.page.get_by_role("dialog", name="Dan geef je je plek")).to_have_count(0)
    expect(hand.panel).to_be_visible()
    expect(hand.button("Terug naar de chatbot")).to_be_focused()


def test_on_a_phone_the_focus_stays_in_the_panel(visit: Visit) -> None:
    page = visit()
    page.set_viewport_size(SCREENS["phone"])
    hand = Hand(page).open()
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(FOCUS))
    assert "Elders" not in seen
    assert {"Chat sluiten", "Je bericht", "Versturen"} <= seen
    assert page.evaluate(
        "document.querySelector('rechtdoor-chat').shadowRoot.querySelector('dialog').matches(':modal')"
    )
    page.set_viewport_size(SCREENS["desktop"])
    expect(hand.panel).to_be_visible()
    page.get_by_role("link", name="Elders").click()
    page.wait_for_url("**/elders")


def test_each_message_is_put_in_the_live_region_once(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit()).open()
    expect(hand.log).to_have_attribute("aria-live", "polite")
    hand.log.evaluate("""log => { window.added = [];
        new MutationObserver(all => all.forEach(m => m.addedNodes.forEach(n =>
          n.parentNode === log && n.textContent && added.push(n.textContent)))).observe(log, { childList: true }); }""")
    for n in range(5):
        hand.type(f"bericht {n}")
        hand.sees(f"Je zei: bericht {n}")
    added = hand.page.evaluate("added")
    assert len(added) == len(set(added)) == 10


def test_history_is_not_read_out_again(visit: Visit) -> None:
    hand = Hand(visit()).open()
    hand.type("oud nieuws")
    hand.sees("Je zei: oud nieuws")
    hand.page.add_init_script("""window.live = [];
        const { insertBefore } = Node.prototype;
        Node.prototype.insertBefore = function (node, ...more) {
          if (node.textContent.includes('oud nieuws')) live.push(this.ariaLive);
          return insertBefore.call(this, node, ...more);
        };""")
    hand.page.reload()
    hand.sees("Je zei: oud nieuws")
    expect(hand.log).to_have_attribute("aria-live", "polite")
    assert hand.page.evaluate("live") == ["off", "off"]


@pytest.mark.parametrize(("width", "height"), [(640, 400), (320, 256), (390, 844), (1280, 800)])
def test_zoomed_or_small_everything_can_be_reached(visit: Visit, server: StandIn, width: int, height: int) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": height})
    hand = Hand(page).open()
    hand.type("mijn cadeaubon")
    hand.button("Geen van deze").click()
    hand.told("Je bent als derde aan de beurt.")
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        if box and button.is_visible() and button.inner_text() != "Vraag":
            assert box["width"] >= 44, button.inner_text()
            assert box["height"] >= 44, button.inner_text()
    for part in (hand.box, hand.button("Terug naar de chatbot"), hand.button("Chat sluiten")):
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
    assert hand.panel.evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize(("width", "height"), [(640, 400), (320, 256), (320, 640), (390, 844), (1280, 800)])
def test_zoomed_or_small_the_rating_can_be_given(visit: Visit, server: StandIn, width: int, height: int) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": height})
    hand = Hand(page).open()
    hand.type("hoi")
    hand.button("Gesprek beëindigen").click()
    hand.button("Ja, beëindigen").click()
    figures = page.get_by_role("radio")
    expect(figures).to_have_count(13)
    for figure in figures.all():
        box = figure.locator("..").bounding_box()
        assert box
        assert box["width"] >= 44
        assert box["height"] >= 44
    field = page.get_by_label("In een paar woorden")
    buttons = [hand.log.get_by_role("button", name=name) for name in ("Versturen", "Overslaan")]
    below = (hand.button("Mail me dit gesprek"), hand.box)
    for part in (figures.first, figures.nth(10), figures.last, field, *buttons, *below):
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
    assert hand.panel.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert hand.log.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_on_a_touch_screen_opening_brings_up_no_keyboard(chromium: Browser, server: StandIn) -> None:
    context = chromium.new_context(viewport=SCREENS["phone"], has_touch=True, is_mobile=True)
    hand = Hand(context.new_page())
    hand.page.goto(server.url)
    hand.launcher.tap()
    expect(hand.log).to_be_focused()
    hand.box.tap()
    hand.type("Hoi")
    hand.sees("Je zei: Hoi")
    context.close()


@pytest.mark.parametrize("accent", ["%23ffd54a", "%23101010", "%23ffffff", "%230f6b5c", "%23e4572e"])
def test_any_accent_can_be_read(visit: Visit, accent: str) -> None:
    page = visit(f"/?language=nl&accent={accent}")
    hand = Hand(page)
    expect(hand.launcher).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        no_findings(page, f"closed, {scheme}")
    hand.open().type("Hoi")
    hand.sees("Je zei: Hoi")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        no_findings(page, f"open, {scheme}")


def test_the_tag_twice_makes_one_chat(visit: Visit) -> None:
    page = visit()
    expect(Hand(page).launcher).to_be_visible()
    page.evaluate("""() => new Promise(done => { const s = document.createElement('script');
        s.src = '/widget.js'; s.onload = done; document.body.append(s); })""")
    expect(Hand(page).launcher).to_have_count(1)


def test_the_shop_page_does_not_wait_for_the_chat(visit: Visit, context: BrowserContext) -> None:
    context.add_init_script("""window.shift = 0;
        new PerformanceObserver(l => l.getEntries().forEach(e => { shift += e.value; })).observe(
          { type: 'layout-shift', buffered: true });""")
    page = visit("/shop")
    expect(Hand(page).launcher).to_be_visible()
    assert page.evaluate("shift") == 0


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("path", ["/shop", "/chat"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shop_and_chat_page_are_accessible(visit: Visit, language: str, path: str, scheme: str, screen: str) -> None:
    page = visit(f"{path}?language={language}")
    page.set_viewport_size(SCREENS[screen])
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    hand = Hand(page)
    expect(hand.box if path == "/chat" else hand.launcher).to_be_visible()
    no_findings(page, path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("violations") == []


def test_the_chat_page_holds_the_whole_talk(visit: Visit, server: StandIn) -> None:
    hand = Hand(visit("/chat"))
    hand.type("Hoe lang duurt het?")
    expect(hand.log.get_by_role("listitem").first).to_be_visible()
    expect(hand.button("Chat sluiten")).to_have_count(0)
    hand.page.keyboard.press("Escape")
    expect(hand.box).to_be_visible()


def test_the_shop_asks_from_the_page(visit: Visit) -> None:
    hand = Hand(visit("/shop"))
    expect(hand.launcher).to_be_visible()
    hand.button("De pincode van mijn cadeaubon is onleesbaar").click()
    expect(hand.button("Geen van deze")).to_be_visible()
    hand.button("Chat sluiten").click()
    expect(hand.page.get_by_role("link", name="English")).to_have_attribute("href", "/?language=en")
