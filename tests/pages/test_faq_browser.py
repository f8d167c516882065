"""The public FAQ in a real browser: results while typing, with keys alone, without a script, and into the chat."""

import re
from collections import Counter

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from handoff.entry_days import add_views
from handoff.texts import shipped
from kb.drafts import EntryDraft
from kb.entries import create_entry, get_entry
from tests.browser import axe

from .conftest import PHONE, Visit
from .site import Site

pytestmark = pytest.mark.browser
NL = shipped("nl")
LOST = "Ik ben mijn cadeaubon kwijt. Wat nu?"


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name=NL["faq.search"])


def question(page: Page, words: str) -> Locator:
    """A question in a list, which unfolds."""
    return page.get_by_role("group").filter(has=page.get_by_role("heading", name=words)).first


def chat(page: Page) -> Locator:
    return page.get_by_role("textbox", name=NL["widget.input"])


def without_script(site: Site, chromium: Browser, **more: object) -> Page:
    context = chromium.new_context(java_script_enabled=False, base_url=site.address, locale="nl", **more)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    return context.new_page()


def test_results_come_while_typing(visit: Visit) -> None:
    page = visit("/faq/nl")
    expect(page.get_by_role("heading", name=NL["faq.hello"])).to_be_visible()
    search(page).press_sequentially("me kadobon is kwijt geraakt", delay=10)
    expect(page.get_by_text("kassabon")).to_be_visible()  # it is sure, so the answer is unfolded
    expect(page.get_by_role("status").filter(has_text=re.compile(r"\d antwoord"))).to_have_count(1)
    expect(page.get_by_role("heading", name=NL["faq.topics"])).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/faq/nl\?q=me\+kadobon"))
    page.reload()
    expect(page.get_by_text("kassabon")).to_be_visible()
    search(page).fill("")
    expect(page.get_by_role("heading", name=NL["faq.topics"])).to_be_visible()
    expect(page.get_by_text("kassabon")).to_be_hidden()
    expect(page).to_have_url(re.compile("/faq/nl$"))


def test_an_old_answer_never_takes_a_newer_ones_place(visit: Visit) -> None:
    page = visit("/faq/nl")
    page.evaluate("""() => {
      const plain = window.fetch;
      window.fetch = async (address, options) => {
        if (String(address).includes("q=kadobon+kwijt")) await new Promise(done => setTimeout(done, 1500));
        return plain(address, options);
      };
    }""")
    search(page).fill("kadobon kwijt")
    page.wait_for_timeout(400)
    search(page).fill("hoe kan ik retourneren")
    expect(page.get_by_role("heading", name="Hoe stuur ik iets terug?")).to_be_visible()
    page.wait_for_timeout(1600)
    expect(page.get_by_role("heading", name="Hoe stuur ik iets terug?")).to_be_visible()
    expect(page.get_by_role("heading", name=LOST)).to_have_count(0)


def test_a_search_that_fails_says_so_and_the_next_one_works(visit: Visit) -> None:
    page = visit("/faq/nl")
    page.route("**/faq/nl?*part=1*", lambda route: route.abort())
    search(page).fill("kadobon kwijt")
    expect(page.get_by_text(NL["faq.failed"])).to_be_visible()
    page.unroute("**/faq/nl?*part=1*")
    search(page).press("Enter")
    expect(page.get_by_role("heading", name=LOST)).to_be_visible()
    expect(page.get_by_text(NL["faq.failed"])).to_have_count(0)


def test_everything_can_be_done_with_keys(visit: Visit) -> None:
    page = visit("/faq/nl/topic/gift-cards")
    answer = page.get_by_text("pincode nodig").filter(visible=True)
    search(page).focus()
    page.keyboard.type("saldo kadobon checken")
    expect(answer).to_have_count(1)
    page.keyboard.press("ArrowDown")
    focused = page.locator(":focus")
    expect(focused).to_contain_text("Hoeveel staat er nog op mijn cadeaubon?")
    page.keyboard.press("Enter")
    expect(answer).to_have_count(0)
    page.keyboard.press("Space")
    expect(answer).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(search(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(search(page)).to_have_value("")
    expect(page.get_by_role("heading", name="Cadeaubonnen")).to_be_visible()
    expect(page).to_have_url(re.compile("/faq/nl/topic/gift-cards$"))


def test_saying_whether_it_helped_stays_on_the_page(site: Site, visit: Visit) -> None:
    page = visit("/faq/nl/topic/returns")
    entry = question(page, "Hoe stuur ik iets terug?")
    expect(entry.get_by_text("Meld je retour aan")).to_be_visible()  # the only one of its topic is unfolded
    entry.get_by_role("button", name="Ja", exact=True).click()
    expect(entry.get_by_text(NL["faq.said_y"])).to_be_visible()
    undo = entry.get_by_role("button", name=NL["faq.undo"])
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(entry.get_by_text(NL["faq.helped"])).to_be_visible()
    entry.get_by_role("button", name="Nee", exact=True).click()
    expect(entry.get_by_text(NL["faq.said_n"])).to_be_visible()
    expect(page).to_have_url(re.compile("/topic/returns$"))
    page.reload()
    expect(entry.get_by_text(NL["faq.said_n"])).to_be_visible()
    entry.get_by_role("link", name=NL["faq.ask"]).click()
    expect(chat(page)).to_have_value("Hoe stuur ik iets terug?")


def test_ask_us_opens_the_chat_with_the_question_in_it(visit: Visit) -> None:
    page = visit("/faq/nl")
    asked = "is de vloerlamp boog er in mosgroen"
    search(page).fill(asked)
    page.get_by_role("region").filter(has=page.get_by_role("heading", level=1)).get_by_role(
        "link", name=NL["faq.ask"]
    ).click()
    expect(chat(page)).to_have_value(asked)
    expect(chat(page)).to_be_focused()
    talk = page.get_by_role("log")
    expect(talk.get_by_text(asked)).to_have_count(0)  # she sends it herself
    chat(page).press("Enter")
    expect(talk.get_by_text(asked)).to_have_count(1)
    expect(talk.get_by_text(re.compile("Ik haal er meteen iemand bij"))).to_be_visible()


def test_without_a_script_all_of_it_works(site: Site, chromium: Browser) -> None:
    page = without_script(site, chromium)
    page.goto("/faq/nl")
    page.get_by_role("link", name="Cadeaubonnen", exact=True).click()
    page.get_by_role("heading", name=LOST).click()
    expect(page.get_by_text("kassabon")).to_be_visible()
    search(page).fill("hoe kan ik retourneren")
    page.get_by_role("button", name=NL["faq.go"]).click()
    expect(page.get_by_text("Meld je retour aan")).to_be_visible()
    page.get_by_role("button", name="Ja", exact=True).click()
    expect(page.get_by_role("heading", name="Hoe stuur ik iets terug?", level=1)).to_be_visible()
    expect(page.get_by_text(NL["faq.said_y"])).to_be_visible()
    page.get_by_role("button", name=NL["faq.undo"]).click()
    expect(page.get_by_text(NL["faq.helped"])).to_be_visible()
    page.get_by_role("link", name=NL["faq.ask"]).click()
    expect(page).to_have_url(re.compile(r"/chat\?language=nl&ask=Hoe\+stuur"))
    page.context.close()


def test_from_the_frame_of_another_site_the_question_goes_along(visit: Visit) -> None:
    page = visit("/faq/nl?embed")
    search(page).fill("is de vloerlamp boog er in mosgroen")
    link = page.get_by_role("region").filter(has=page.get_by_role("heading", level=1)).get_by_role(
        "link", name=NL["faq.ask"]
    )
    with page.expect_popup() as opened:
        link.click()
    expect(chat(opened.value)).to_have_value("is de vloerlamp boog er in mosgroen")
    chat(opened.value).fill("")
    opened.value.reload()
    expect(chat(opened.value)).to_have_value("")


def test_a_question_in_arabic_runs_its_own_way(site: Site, visit: Visit) -> None:
    draft = EntryDraft(key="arabic", language="en", question="أين طردي؟", answer="في الطريق", topic="delivery")
    site.write(lambda s: create_entry(s, draft, "els"))
    page = visit("/faq/en/arabic", lang="en")
    for element in (page.get_by_role("heading", level=1), page.get_by_text("في الطريق")):
        assert element.evaluate("e => getComputedStyle(e.closest('[dir]')).direction") == "rtl"


def test_on_paper_stand_the_answers_alone(site: Site, visit: Visit) -> None:
    page = visit("/faq/nl/topic/gift-cards")
    page.emulate_media(media="print")
    expect(page.get_by_text("kassabon")).to_be_visible()  # though it is folded on the screen
    for gone in (search(page), page.get_by_role("button", name="Ja"), page.get_by_role("link", name=NL["faq.ask"])):
        expect(gone.first).to_be_hidden()
    expect(page.get_by_text(f"{site.it.settings.origin}/faq/nl/topic/gift-cards")).to_be_visible()
    page.emulate_media(media="screen")
    expect(page.get_by_text("kassabon")).to_be_hidden()


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (False, True), (True, False), (True, True)])
def test_every_page_fits_and_can_be_used_by_everybody(site: Site, visit: Visit, phone: bool, dark: bool) -> None:
    if not phone and not dark:
        long = EntryDraft(key="long-word", question="Hottentotten" * 20, answer="x" * 2000, topic="y" * 80)
        inside = EntryDraft(key="inside", question="Wat doet de collega?", answer="Dit.", topic="returns",
                            audience="agents")  # fmt: skip
        site.write(lambda s: [create_entry(s, draft, "els") for draft in (long, inside)])
        site.write(lambda s: add_views(s, Counter({("return-how", "nl"): 9})))
    assert site.write(lambda s: get_entry(s, "inside", "nl").audience) == "agents"
    page = visit("/faq/nl", phone=phone, dark=dark)
    looks(page, "home", phone)
    for path in ("/faq/nl/topic/gift-cards", "/faq/nl/gift-card-lost", "/faq/nl?q=kadobon", "/faq/nl?q=xqzwv",
                 "/faq/nl/none", "/faq/nl/long-word", "/faq/nl?embed"):  # fmt: skip
        page.goto(path)
        for one in page.get_by_role("group").all()[:1]:
            if one.get_attribute("open") is None:
                one.get_by_role("heading").click()
        looks(page, path, phone)
    page.goto("/faq/nl/return-how")
    page.get_by_role("button", name="Nee", exact=True).click()
    expect(page.get_by_text(NL["faq.said_n"])).to_be_visible()
    looks(page, "said no", phone)
    mine = visit("/faq/nl/topic/returns", "noor", phone=phone, dark=dark)
    expect(mine.get_by_text(NL["faq.colleagues"], exact=True)).to_be_visible()
    looks(mine, "colleague", phone)


def looks(page: Page, what: str, phone: bool) -> None:
    """Nothing is wider than the window, nothing keeps anybody out, and what is pressed is large enough on a phone."""
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, f"{what} is {over} pixels too wide"
    found = axe(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    if phone:
        for button in page.get_by_role("button", name=NL["faq.go"]).all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["x"] + box["width"] <= PHONE["width"]
