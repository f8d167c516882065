"""The desk's right column in a real browser: nearest entries, proposals, reports, earlier conversations, drafts."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlmodel import Session

from kb.drafts import EntryDraft
from kb.entries import create_entry
from tests.browser import axe

from .conftest import Visit
from .site import Site
from .test_desk_browser import log, take

pytestmark = pytest.mark.browser
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def _for_agents_alone(site: Site) -> None:
    """An entry that customers never see."""

    def add(session: Session) -> None:
        draft = EntryDraft(
            key="pin-scratched",
            question="De pincode van de cadeaubon is weggekrast",
            answer="Vraag een foto en zoek de code op.",
            audience="agents",
            topic="gift-cards",
        )
        create_entry(session, draft, "test")

    site.write(add)
    site.client().get("/api/v1/health")


def near(page: Page) -> Locator:
    return page.get_by_role("region", name="Dichtstbij in de FAQ")


def entry(page: Page, text: str) -> Locator:
    return near(page).get_by_role("listitem").filter(has_text=text)


def no_violations(page: Page) -> None:
    page.evaluate("document.getElementById('toasts').replaceChildren()")
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_nearest_follow_what_is_typed_and_one_is_sent_as_the_bot_would(site: Site, visit: Visit) -> None:
    customer = site.customer("de pincode van mijn cadeaubon is weggekrast")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    hidden = entry(page, "weggekrast")
    expect(hidden.get_by_text("Alleen voor medewerkers")).to_be_visible()
    expect(hidden.get_by_role("button", name=re.compile("Stuur als antwoord"))).to_have_count(0)
    expect(near(page).get_by_role("status")).to_contain_text("bij de vraag van de klant")
    box = page.get_by_label("Je antwoord")
    box.press_sequentially("je kunt het terugsturen in je account", delay=5)
    first = near(page).get_by_role("listitem").first
    expect(first).to_contain_text("Hoe stuur ik iets terug?")
    expect(near(page).get_by_role("status")).to_contain_text("bij wat je typt")
    no_violations(page)
    box.fill("")
    expect(near(page).get_by_role("status")).to_contain_text("bij de vraag van de klant")
    box.press("Escape")
    page.keyboard.press("f")
    seek = page.get_by_label("Zoek in de FAQ")
    expect(seek).to_be_focused()
    page.keyboard.type("levertijd")
    page.keyboard.press("Enter")
    expect(near(page).get_by_role("listitem").first).to_contain_text("Hoe lang duurt de levering?")
    page.keyboard.press("Tab")
    send = near(page).get_by_role("button", name="Stuur als antwoord: Hoe lang duurt de levering?")
    send.dblclick()
    expect(page.get_by_text("Verstuurd: Hoe lang duurt de levering?").first).to_be_visible()
    row = log(page).get_by_role("article").filter(has_text="werkdagen")
    expect(row).to_have_count(1)
    expect(entry(page, "levering").get_by_text("Al gegeven")).to_be_visible()
    expect(send).to_be_focused()  # the list came anew around her
    assert [text for author, text in customer.said() if author == "agent"] == ["Meestal 1 à 2 werkdagen."]
    customer.say(kind="helped", value=True)
    assert customer.owner() == "agent"
    page.reload()
    tried = page.get_by_role("region", name="Wat de bot probeerde")
    expect(tried.get_by_role("listitem")).to_have_count(1)
    expect(tried).to_contain_text("gestuurd door Noor")
    expect(tried.get_by_text("hielp", exact=True)).to_be_visible()


def test_the_customer_is_asked_whether_the_agents_answer_helped(site: Site, visit: Visit) -> None:
    chat = visit("/chat")
    chat.get_by_role("textbox").fill("wanneer komt mijn groene kruiwagen")
    chat.keyboard.press("Enter")
    page = visit("/desk", "noor")
    page.get_by_role("link", name=re.compile("groene kruiwagen")).click()
    take(page)
    page.get_by_label("Zoek in de FAQ").fill("levertijd")
    near(page).get_by_role("button", name=re.compile("Stuur als antwoord: Hoe lang")).click()
    expect(chat.get_by_text("Meestal 1 à 2 werkdagen.")).to_be_visible()
    helped = chat.get_by_role("button", name="Ja", exact=True)
    expect(helped).to_be_enabled()
    helped.click()
    expect(helped).to_be_hidden()
    expect(log(page).get_by_role("article").last).to_contain_text("gaf aan")


def test_a_click_is_not_lost_while_the_list_is_read_anew(site: Site, visit: Visit) -> None:
    customer = site.customer("wanneer komt mijn paarse kruiwagen")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.wait_for_load_state("networkidle")
    first = near(page).get_by_role("button", name=re.compile("Stuur als antwoord")).first
    first.hover()
    asked = first.get_attribute("aria-label") or ""
    page.mouse.down()
    with page.expect_response("**/nearest?*"):
        page.get_by_label("Zoek in de FAQ").evaluate(
            "box => { box.value = 'winkel'; box.dispatchEvent(new Event('input', {bubbles: true})); }"
        )
    page.wait_for_timeout(200)
    page.mouse.up()
    expect(page.get_by_text(asked.replace("Stuur als antwoord", "Verstuurd")).first).to_be_visible()
    expect(near(page).get_by_role("status")).to_contain_text("bij wat je zoekt")


def test_a_reply_becomes_a_proposal_that_the_editor_finds_filled_in(site: Site, visit: Visit) -> None:
    customer = site.customer("kan ik mijn oude kettingzaag inleveren voor korting")
    page = visit(f"/desk/{customer.id}", "ada")
    page.keyboard.press("e")
    expect(page.get_by_text("Er is nog geen antwoord om een FAQ-vraag van te maken.")).to_be_visible()
    take(page)
    box = page.get_by_label("Je antwoord")
    box.fill(f"Ja, je krijgt 10 euro. {MARKUP}")
    box.press("Control+Enter")
    expect(log(page).get_by_role("article").filter(has_text="10 euro")).to_have_count(1)
    box.press("Escape")
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog", name="FAQ-vraag maken")
    question = dialog.get_by_label("Vraag", exact=True)
    expect(question).to_be_focused()
    expect(question).to_have_value("kan ik mijn oude kettingzaag inleveren voor korting")
    no_violations(page)
    question.fill("")
    dialog.get_by_role("button", name="Stuur naar de redactie").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Vul een vraag en een antwoord in.")
    expect(dialog.get_by_label("Antwoord")).to_have_value(f"Ja, je krijgt 10 euro. {MARKUP}")
    dialog.get_by_label("Vraag", exact=True).fill("Kan ik een oude kettingzaag inleveren?")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Bekijken").click()
    expect(page.get_by_label("Vraag", exact=True)).to_have_value("Kan ik een oude kettingzaag inleveren?")
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value(f"Ja, je krijgt 10 euro. {MARKUP}")
    expect(page.get_by_text("Ingevuld met het voorstel van Ada Smit.")).to_be_visible()
    no_violations(page)


def test_an_entry_is_reported_settled_and_opened_again(site: Site, visit: Visit) -> None:
    customer = site.customer("hoe stuur ik een doos terug")
    page = visit(f"/desk/{customer.id}", "noor")
    page.get_by_label("Zoek in de FAQ").fill("hoe stuur ik iets terug")
    flag = near(page).get_by_role("button", name="Dit klopt niet: Hoe stuur ik iets terug?")
    flag.click()
    dialog = page.get_by_role("dialog", name="Wat klopt er niet?")
    dialog.get_by_label("Wat moet er staan?").fill(f"Het is nu 30 dagen {MARKUP}")
    dialog.get_by_role("button", name="Meld het").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Kies een reden.")
    dialog.get_by_role("radio", name="Het is verouderd").check()
    no_violations(page)
    dialog.get_by_role("button", name="Meld het").click()
    expect(page.get_by_text("Gemeld. De redactie kijkt ernaar.")).to_be_visible()
    expect(flag).to_be_focused()
    flag.click()
    expect(dialog.get_by_role("radio", name="Het is verouderd")).to_be_checked()
    page.keyboard.press("Escape")
    editor = visit("/review", "els", phone=True)
    editor.get_by_role("link", name="Gemeld door medewerkers 1").click()
    expect(editor.get_by_text(f"Het is nu 30 dagen {MARKUP}")).to_be_visible()
    no_violations(editor)
    assert editor.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    editor.get_by_role("button", name="Afgehandeld: Hoe stuur ik iets terug?").click()
    expect(editor.get_by_text("Niets gemeld")).to_be_visible()
    editor.get_by_role("button", name="Ongedaan maken").click()
    expect(editor.get_by_text("30 dagen")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_earlier_conversations_are_read_in_place(site: Site, visit: Visit, dark: bool) -> None:
    who = {"name": "Mina", "email": f"mina{dark}@shop.example"}
    before = site.customer(f"waar bleef mijn vorige {MARKUP} pakje", identity=who)
    before.say(kind="end")
    now = site.customer("en waar is dit pakje", identity=who | {"email": who["email"].upper()})
    page = visit(f"/desk/{now.id}", "noor", phone=dark, dark=dark)
    if dark:
        page.get_by_role("button", name="Achtergrond").click()
    past = page.get_by_role("region", name=re.compile("Eerdere gesprekken"))
    expect(past.get_by_role("listitem")).to_have_count(1)
    expect(past).to_contain_text("door de klant beëindigd")
    line = past.get_by_role("button", name=re.compile("vorige"))
    line.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=re.compile("vorige"))
    expect(dialog.get_by_role("region", name="Wat er gezegd is")).to_be_focused()
    expect(dialog.get_by_text(MARKUP).first).to_be_visible()
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    no_violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    dialog.get_by_role("button", name="Terug naar het gesprek").click()
    expect(dialog).to_be_hidden()
    expect(line).to_be_focused()


class StandIn(BaseHTTPRequestHandler):
    """In the model's place."""

    words = "Stuur ons een foto van de bon."

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"choices": [{"message": {"content": self.words}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is for the tests."""


@pytest.fixture
def model(site: Site) -> Iterator[ThreadingHTTPServer]:
    """A running stand-in that the site uses."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = site.it.settings
    settings.model_url, settings.model_name = f"http://127.0.0.1:{server.server_port}/v1", "stand-in"
    yield server
    settings.model_url = settings.model_name = ""
    server.shutdown()
    server.server_close()


def test_what_was_read_for_the_page_before_it_was_hers_takes_no_draft_away(
    site: Site, visit: Visit, model: ThreadingHTTPServer
) -> None:
    customer = site.customer("de bon doet het nog steeds niet")
    page = visit(f"/desk/{customer.id}", "noor")
    late: list[Route] = []
    page.route(re.compile(r"/new\?.*mode=free"), lambda route: late.append(route))
    customer.say("of moet ik naar de winkel")  # asked for by the page as it is, and answered once it is another
    for _ in range(200):
        if late:
            break
        page.wait_for_timeout(50)
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_text("Stuur ons een foto van de bon.")).to_be_visible()
    box.fill("Ik kijk even")
    for route in late:
        answer = route.fetch()
        assert 'data-for="mine"' in answer.text()
        route.fulfill(response=answer)
    expect(page.get_by_text("of moet ik naar de winkel").first).to_be_visible()
    page.wait_for_timeout(300)
    expect(page.get_by_text("Stuur ons een foto van de bon.")).to_be_visible()
    expect(box).to_have_value("Ik kijk even")


def test_a_draft_is_marked_and_asked_about_once(site: Site, visit: Visit, model: ThreadingHTTPServer) -> None:
    customer = site.customer("de bon werkt niet meer")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_text("Stuur ons een foto van de bon.")).to_be_visible()
    expect(page.get_by_text("Concept van een model, lees het na").first).to_be_visible()
    expect(box).to_have_value("")  # not before she says so
    no_violations(page)
    page.get_by_role("button", name="Invoegen", exact=True).first.click()
    expect(box).to_have_value("Stuur ons een foto van de bon.")
    expect(page.get_by_text("Concept van een model, lees het na")).to_be_visible()
    box.press("Control+Enter")
    expect(page.get_by_text("Dit is nog precies het concept van het model.")).to_be_visible()
    assert [text for author, text in customer.said() if author == "agent"] == []
    box.press("Control+Enter")
    expect(log(page).get_by_role("article").filter(has_text="foto van de bon")).to_have_count(1)
    expect(page.get_by_text("Concept van een model, lees het na")).to_be_hidden()
    page.get_by_role("button", name="Samenvatten door model").click()
    short = page.get_by_role("region", name="In het kort")
    expect(short.get_by_text("Concept van een model, lees het na")).to_be_visible()
    model.shutdown()
    model.server_close()
    page.get_by_role("button", name="Concept d").click()
    expect(page.get_by_text("Het model is nu niet bereikbaar. Ga zonder verder.")).to_be_visible()
