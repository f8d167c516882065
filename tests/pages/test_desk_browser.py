"""The desk as agents use it: two browsers, real customers over the API, events over the real socket."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from .conftest import Visit
from .site import Customer, Site

pytestmark = pytest.mark.browser


def take(page: Page) -> None:
    page.get_by_role("button", name="Neem dit gesprek").click()
    expect(page.get_by_label("Je antwoord")).to_be_focused()
    expect(page.locator(".htmx-settling")).to_have_count(0)  # its buttons work a moment after they are there


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Wat er gezegd is")


def test_an_agent_takes_a_conversation_and_the_customer_gets_the_reply_once(site: Site, visit: Visit) -> None:
    customer = site.customer("de pincode is weggekrast")
    page = visit("/desk", "noor")
    page.get_by_role("link", name=re.compile("pincode is weggekrast")).click()
    take(page)
    box = page.get_by_label("Je antwoord")
    box.fill("Stuur me een *foto*.")
    send = page.get_by_role("button", name="Versturen")
    send.dblclick()
    expect(page.get_by_role("article").filter(has_text="Stuur me een foto.")).to_have_count(1)
    expect(box).to_have_value("")
    assert [t for a, t in customer.said() if a == "agent"] == ["Stuur me een *foto*."]


def test_of_two_agents_one_gets_it_and_the_other_reads_who(site: Site, visit: Visit) -> None:
    customer = site.customer("wie is er eerst bij deze vraag")
    noor, sam = visit(f"/desk/{customer.id}", "noor"), visit(f"/desk/{customer.id}", "sam")
    sam.route("**/desk/*/new*", lambda route: route.abort())  # sam's page does not know yet
    take(noor)
    sam.get_by_role("button", name="Neem dit gesprek").click()
    expect(sam.get_by_role("alert").filter(has_text="Noor Bakker was net eerder")).to_be_visible()
    expect(sam.get_by_role("button", name="Neem dit gesprek")).to_have_count(0)


def test_a_message_arrives_without_reload_and_typing_is_kept(site: Site, visit: Visit) -> None:
    customer = site.customer("kan dit in het groen")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press_sequentially("Ik zoek het even ")
    customer.say("en ook in blauw?")
    expect(log(page).get_by_text("en ook in blauw?")).to_be_visible()
    expect(box).to_be_focused()
    box.press_sequentially("voor je op")
    expect(box).to_have_value("Ik zoek het even voor je op")
    waiting = page.get_by_role("link", name=re.compile("Wacht op jouw antwoord.*en ook in blauw", re.S))
    expect(waiting).to_be_visible()


def test_the_queue_and_the_title_follow(site: Site, visit: Visit) -> None:
    page = visit("/desk", "sam")
    expect(page.get_by_role("navigation", name="Gesprekken")).to_be_visible()
    customer = site.customer("deze klant komt er nu bij")
    line = page.get_by_role("link", name=re.compile("deze klant komt er nu bij"))
    expect(line).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(\d+\) Balie"))
    customer.say(None, kind="leave_queue")
    expect(line).to_have_count(0)


def test_reading_back_is_not_disturbed_by_a_new_message(site: Site, visit: Visit) -> None:
    customer = site.customer("eerste van heel veel berichten")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    for number in range(40):
        customer.say(f"bericht nummer {number}")
    expect(log(page).get_by_text("bericht nummer 39", exact=True)).to_be_in_viewport()
    log(page).evaluate("log => log.scrollTop = 0")
    customer.say("het allerlaatste bericht")
    jump = page.get_by_role("button", name="Nieuw bericht")
    expect(jump).to_be_visible()
    assert log(page).evaluate("log => log.scrollTop") == 0
    jump.click()
    expect(log(page).get_by_text("het allerlaatste bericht")).to_be_in_viewport()


def test_a_reply_that_cannot_be_sent_stays_and_is_one_message_when_sent_again(
    site: Site, visit: Visit
) -> None:
    customer = site.customer("mag ik iets vragen over garantie op lampen")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    box.fill("Twee jaar.")
    stored = []
    page.route(
        "**/messages", lambda route: (stored.append(route.fetch()), route.abort())
    )  # stored, answer lost
    page.route("**/new*", lambda route: route.abort())
    box.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="Niet verstuurd")).to_be_visible()
    expect(box).to_have_value("Twee jaar.")
    page.unroute_all()
    box.press("Control+Enter")
    expect(box).to_have_value("")
    expect(page.get_by_role("article").filter(has_text="Twee jaar.")).to_have_count(1)
    assert len(stored) == 1
    assert [t for a, t in customer.said() if a == "agent"] == ["Twee jaar."]


def test_too_long_and_empty_replies_are_refused_in_words_and_kept(site: Site, visit: Visit) -> None:
    customer = site.customer("stuur mij het hele boek")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="Typ eerst je antwoord.")).to_be_visible()
    box.fill("é" * 4001)
    expect(page.get_by_text("1 tekens te lang").first).to_be_visible()
    page.get_by_role("button", name="Versturen").click()
    expect(page.get_by_role("alert").filter(has_text="1 tekens te lang")).to_be_visible()
    assert len(box.input_value()) == 4001
    box.fill("é" * 4000)
    page.get_by_role("button", name="Versturen").click()
    expect(box).to_have_value("")


def test_markup_emoji_and_other_scripts_are_text(site: Site, visit: Visit) -> None:
    odd = "<img src=x onerror=alert(1)> <b>vet</b> 👩‍👩‍👧 مرحبا شكرا"
    customer = site.customer(odd, identity={"name": "<i>Jan</i>"})
    page = visit(f"/desk/{customer.id}", "noor")
    expect(log(page).get_by_text(odd, exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="<i>Jan</i>")).to_be_visible()
    assert page.get_by_role("img").count() == 0
    take(page)
    page.get_by_label("Je antwoord").fill("<script>alert(1)</script> *hoi*")
    page.get_by_role("button", name="Versturen").click()
    expect(log(page).get_by_text("<script>alert(1)</script> hoi")).to_be_visible()


def _answer_late(route: Route) -> None:
    answer = route.fetch()
    time.sleep(0.5)
    route.fulfill(response=answer)


def test_handing_back_to_the_bot_and_closing(site: Site, visit: Visit) -> None:
    customer = site.customer("geef me maar weer aan de bot")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    expect(page.get_by_role("button", name="Terug naar bot")).to_be_visible()
    page.keyboard.press("Escape")  # out of the box for the reply
    page.keyboard.press("b")
    expect(page.get_by_text("De klant praat met de chatbot. Je kunt meelezen.")).to_be_visible()
    assert customer.owner() == "bot"
    customer.say("toch weer een mens")
    expect(page.get_by_role("button", name="Neem dit gesprek")).to_be_visible()
    take(page)
    page.get_by_role("button", name="Sluiten", exact=True).click()
    dialog = page.get_by_role("dialog", name="Gesprek sluiten")
    expect(dialog).to_be_visible()
    page.route("**/close", _answer_late)  # the socket tells of the change before the answer comes
    dialog.get_by_role("button", name="Sluiten").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("status").get_by_text("Gesprek gesloten.")).to_be_visible()
    expect(log(page).get_by_text("Dit gesprek is afgelopen.")).to_be_visible()
    assert customer.owner() == "closed"


def test_what_was_typed_outlives_the_customer_ending_it(site: Site, visit: Visit) -> None:
    customer = site.customer("ik hang zo op")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.get_by_label("Je antwoord").fill("Een lang antwoord")
    customer.say(None, kind="end")
    expect(page.get_by_text("Wat je typte is bewaard")).to_be_visible()
    customer.say("ben ik weer")
    page.get_by_role("button", name="Neem dit gesprek").click()
    expect(page.get_by_label("Je antwoord")).to_have_value("Een lang antwoord")


def test_the_context_tells_what_the_bot_tried_and_inserts_an_entry(site: Site, visit: Visit) -> None:
    site.bot.says = [{"act": "answer"}]
    customer = site.customer(
        page_url="https://shop.example/bon", device="Test Phone", identity={"name": "Rie"}
    )
    customer.say("hoeveel staat er nog op mijn cadeaubon?")
    _wait_for(customer, "bot")
    site.bot.says, site.bot.reason = None, "rejected"
    customer.say(None, kind="helped", value=False)
    customer.until("queue")
    page = visit(f"/desk/{customer.id}", "noor")
    context = page.get_by_role("complementary", name="Achtergrond")
    for words in (
        "Antwoord hielp niet",
        "hielp niet",
        "Test Phone",
        "https://shop.example/bon",
        "Rie",
        "1 keer",
    ):
        expect(context.get_by_text(words, exact=True).first).to_be_visible()
    take(page)
    page.get_by_label("Je antwoord").fill("Hoi!")
    context.get_by_role("button", name="Invoegen: Hoeveel staat er nog op mijn cadeaubon?").click()
    expect(page.get_by_label("Je antwoord")).to_have_value(re.compile(r"^Hoi!\n\nKijk op \[je saldo\]"))


def test_the_handoff_in_short_and_copying_a_fact(site: Site, visit: Visit) -> None:
    customer = site.customer("dit is belachelijk, order 20231234 van 3 mei 2025 is weg")
    page = visit(f"/desk/{customer.id}", "noor")
    short = page.get_by_role("region", name="In het kort")
    for words in ("Geen antwoord in de FAQ", "Boos", "zei “belachelijk”", "20231234", "za 3 mei 2025"):
        expect(short.get_by_text(words, exact=True).first).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = short.get_by_role("button", name="Kopieer Bestelnummer: 20231234")
    button.focus()
    page.keyboard.press("Enter")
    expect(short.get_by_role("status")).to_have_text("Gekopieerd: 20231234")
    assert page.evaluate("navigator.clipboard.readText()") == "20231234"
    plain = site.customer("zonder iets om op te zoeken")
    page.goto(f"/desk/{plain.id}")
    expect(short.get_by_text("Rustig", exact=True)).to_be_visible()
    expect(short.get_by_text("Wat de klant noemde")).to_have_count(0)


def _wait_for(customer: Customer, author: str) -> None:
    end = time.monotonic() + 8
    while author not in [a for a, _ in customer.said()]:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_keyboard_alone(site: Site, visit: Visit) -> None:
    customer = site.customer("alleen met toetsen, graag")
    page = visit("/desk", "sam")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Sneltoetsen")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    line = page.get_by_role("link", name=re.compile("alleen met toetsen"))
    for _ in range(page.get_by_role("navigation", name="Gesprekken").get_by_role("link").count()):
        page.keyboard.press("j")
        if line.evaluate("e => e === document.activeElement"):
            break
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Neem dit gesprek")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_label("Je antwoord")).to_be_focused()
    page.keyboard.type("jkcr? blijft tekst")
    expect(page.get_by_label("Je antwoord")).to_have_value("jkcr? blijft tekst")
    page.keyboard.press("Control+Enter")
    expect(log(page).get_by_text("jkcr? blijft tekst")).to_be_visible()
    assert ("agent", "jkcr? blijft tekst") in customer.said()


def test_a_lost_connection_is_said_and_caught_up_with(site: Site, visit: Visit) -> None:
    customer = site.customer("ik rijd zo een tunnel in")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.get_by_label("Je antwoord").fill("half getypt")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.get_by_role("alert").filter(has_text="Geen verbinding")).to_be_visible()
    customer.say("hallo, ben je er nog")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(log(page).get_by_text("hallo, ben je er nog")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("alert").filter(has_text="Geen verbinding")).to_be_hidden()
    expect(page.get_by_label("Je antwoord")).to_have_value("half getypt")


def test_a_session_that_ended_leads_to_the_login_and_back(site: Site, visit: Visit) -> None:
    customer = site.customer("mijn sessie is zo weg")
    page = visit(f"/desk/{customer.id}", "noor")
    page.context.clear_cookies()
    page.keyboard.press("c")
    expect(page.get_by_label("Wachtwoord")).to_be_visible()
    page.get_by_label("E-mailadres").fill("noor@shop.example")
    page.get_by_label("Wachtwoord").fill("a long enough password")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/desk/{customer.id}")


def test_on_a_phone_the_columns_are_views(site: Site, visit: Visit) -> None:
    site.customer("onderweg op mijn telefoon")
    page = visit("/desk", "noor", phone=True)
    page.get_by_role("link", name=re.compile("onderweg op mijn telefoon")).click()
    take(page)
    queue = page.get_by_role("navigation", name="Gesprekken")
    expect(queue).to_be_hidden()
    page.get_by_role("button", name="Achtergrond").click()
    expect(page.get_by_role("complementary", name="Achtergrond")).to_be_visible()
    expect(page.get_by_label("Je antwoord")).to_be_hidden()
    page.get_by_role("button", name="Terug naar het gesprek").click()
    page.get_by_role("link", name="Terug naar de rij").click()
    expect(queue).to_be_visible()


def test_what_is_said_while_a_conversation_opens_is_there(site: Site, visit: Visit) -> None:
    customer = site.customer("mijn tuinlamp flikkert zo raar")
    page = visit("/desk", "noor")

    def late(route: Route) -> None:
        answer = route.fetch()  # as it was before she said more
        customer.say("en nu is hij helemaal uit")
        page.wait_for_timeout(1500)  # the desk hears of it while another page is shown
        route.fulfill(response=answer)

    page.route(f"**/desk/{customer.id}", late)
    page.get_by_role("link", name=re.compile("tuinlamp flikkert")).click()
    expect(log(page).get_by_text("en nu is hij helemaal uit")).to_be_visible()
