"""What is live at the desk: typing, seen marks, who looks along, crossing replies, sound and notifications.

Two agents and two customers, in browsers of their own.
"""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session, select

from handoff import conversations, queue
from handoff.models import Conversation, Message, Person
from tests.browser import axe

from .conftest import Visit
from .site import Customer, Site
from .test_desk_browser import log, take

pytestmark = pytest.mark.browser


def accessible(page: Page, what: str) -> None:
    found = axe(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def right_now(page: Page) -> Locator:
    """The line that says who types and looks along."""
    return page.locator("#beside")


def marks(site: Site, conversation_id: str) -> tuple[int, int]:
    query = select(Conversation.customer_seen_seq, Conversation.agent_seen_seq)
    return site.write(lambda s: s.exec(query.where(Conversation.id == conversation_id)).one())


class Widget:
    """A customer's page as far as the server can tell: its socket, in a browser."""

    def __init__(self, visit: Visit, customer: Customer) -> None:
        self.page = visit("/privacy-of-nobody")
        self.token = customer.client.headers["Authorization"].removeprefix("Bearer ")
        self.page.evaluate(
            """([path, token]) => new Promise(done => {
                window.frames_ = [];
                window.socket_ = new WebSocket(location.origin.replace(/^http/, 'ws') + path + '/live');
                socket_.onopen = () => socket_.send(JSON.stringify({token}));
                socket_.onmessage = ({data}) => { frames_.push(JSON.parse(data)); done(); };
            })""",
            [customer.path, self.token],
        )

    def tell(self, **frame: object) -> None:
        """Send a frame."""
        self.page.evaluate("frame => socket_.send(JSON.stringify(frame))", frame)

    def heard(self, event: str) -> list[dict[str, object]]:
        """The frames of this event so far."""
        return list(self.page.evaluate("event => frames_.filter(f => f.event === event)", event))


def test_typing_and_seen_go_both_ways_between_two_agents_and_two_customers(site: Site, visit: Visit) -> None:
    first, second = site.customer("mijn lamp knippert steeds"), site.customer("mijn stoel wiebelt nogal")
    noor, sam = visit(f"/desk/{first.id}", "noor"), visit(f"/desk/{second.id}", "sam")
    take(noor)
    take(sam)
    her, other = Widget(visit, first), Widget(visit, second)
    her.tell(typing=True)
    expect(right_now(noor)).to_contain_text("De klant typt …")
    expect(right_now(sam)).not_to_contain_text("typt")
    accessible(noor, "a customer types")
    first.say("vooral 's avonds")
    expect(log(noor).get_by_text("vooral 's avonds")).to_be_visible()
    expect(right_now(noor)).not_to_contain_text("typt")  # gone when the message comes
    other.tell(typing=True)
    expect(right_now(sam)).to_contain_text("De klant typt …")
    expect(right_now(sam)).not_to_contain_text("typt", timeout=9000)  # and by itself

    box = noor.get_by_label("Je antwoord")
    box.press_sequentially("Draai het peertje")
    wait_until(lambda: her.heard("typing") == [{"event": "typing", "name": "Noor"}])
    assert other.heard("typing") == []
    box.press("Control+Enter")
    answer = log(noor).get_by_role("article").filter(has_text="Draai het peertje")
    expect(answer).to_be_visible()
    expect(answer).not_to_contain_text("Gezien")
    last = int(answer.get_attribute("data-seq") or 0)
    wait_until(lambda: marks(site, first.id)[1] == last)  # she saw the customer's message, and her own
    her.tell(seen=last)
    expect(answer).to_contain_text("Gezien")
    assert marks(site, first.id)[0] == last
    box.fill("En nu?")
    box.press("Control+Enter")
    newer = log(noor).get_by_role("article").filter(has_text="En nu?")
    expect(newer).to_be_visible()
    expect(newer).not_to_contain_text("Gezien")
    expect(answer).to_contain_text("Gezien")
    accessible(noor, "seen")
    noor.reload()
    expect(answer).to_contain_text("Gezien")
    expect(log(sam)).not_to_contain_text("Gezien")


def test_reading_back_and_looking_away_mark_nothing(site: Site, visit: Visit) -> None:
    customer = site.customer("veel berichten achter elkaar dit")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    for number in range(30):
        customer.say(f"regel {number} van het verhaal")
    expect(log(page).get_by_text("regel 29 van het verhaal")).to_be_in_viewport()
    last = int(log(page).get_by_role("article").last.get_attribute("data-seq") or 0)
    wait_until(lambda: marks(site, customer.id)[1] == last)
    log(page).evaluate("log => log.scrollTop = 0")
    customer.say("dit staat buiten beeld")
    expect(page.get_by_role("button", name="Nieuw bericht")).to_be_visible()
    time.sleep(1.5)
    assert marks(site, customer.id)[1] == last
    page.get_by_role("button", name="Nieuw bericht").click()
    wait_until(lambda: marks(site, customer.id)[1] == last + 1)
    hide(page, True)
    customer.say("en dit komt terwijl je elders bent")
    expect(log(page).get_by_text("terwijl je elders bent")).to_have_count(1)
    time.sleep(1.5)
    assert marks(site, customer.id)[1] == last + 1
    hide(page, False)
    wait_until(lambda: marks(site, customer.id)[1] == last + 2)


def hide(page: Page, hidden: bool) -> None:
    """As when another tab comes before this one."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def test_a_colleague_who_looks_along_or_writes_is_named(site: Site, visit: Visit) -> None:
    customer, elsewhere = site.customer("wie kijkt hier mee"), site.customer("een heel ander gesprek")
    noor, sam = visit(f"/desk/{customer.id}", "noor"), visit(f"/desk/{customer.id}", "sam")
    take(noor)
    expect(right_now(noor)).to_have_text("Sam kijkt mee")
    expect(right_now(sam)).to_have_text("Noor kijkt mee")
    noor.get_by_label("Je antwoord").press_sequentially("Even kijken")
    expect(right_now(sam)).to_have_text("Noor typt een antwoord")
    sam.locator("#transcript").focus()
    sam.keyboard.press("n")
    sam.keyboard.type("probeer eens")
    expect(right_now(noor)).to_have_text("Sam typt een notitie")
    accessible(noor, "a colleague writes")
    noor.set_viewport_size({"width": 390, "height": 844})
    accessible(noor, "a colleague writes, on a phone")
    noor.set_viewport_size({"width": 1280, "height": 800})
    expect(right_now(sam)).to_have_text("Noor kijkt mee", timeout=9000)
    sam.get_by_role("link", name=re.compile("een heel ander gesprek")).click()
    expect(sam.get_by_role("heading", name="een heel ander gesprek")).to_be_visible()
    expect(right_now(noor)).to_have_text("")
    expect(right_now(sam)).to_have_text("")
    assert elsewhere.owner() == "queue"
    sam.go_back()
    expect(right_now(noor)).to_have_text("Sam kijkt mee")
    sam.close()
    expect(right_now(noor)).to_have_text("")


def said_meanwhile(site: Site, conversation_id: str, who: str, text: str) -> None:
    """Somebody else's answer, of which this page hears nothing."""

    def say(session: Session) -> None:
        person = session.exec(select(Person).where(Person.email == f"{who}@shop.example")).one()
        conversation = conversations.locked(session, conversation_id)
        conversations.add(session, conversation, "agent", "text", text, author_id=person.id, client_id=f"x{text[:20]}")

    site.write(say)


def agents_said(site: Site, conversation_id: str) -> list[str]:
    query = select(Message.text).where(Message.conversation_id == conversation_id, Message.author == "agent")
    return list(site.write(lambda s: s.exec(query.order_by(Message.seq)).all()))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_reply_that_crosses_is_held_back_for_a_look(site: Site, visit: Visit, dark: bool) -> None:
    customer = site.customer("wanneer komt de monteur nu")
    page = visit(f"/desk/{customer.id}", "noor", dark=dark)
    take(page)
    page.wait_for_load_state("networkidle")  # a reading under way would still hear it
    page.route("**/new*", lambda route: route.abort())  # the page does not hear what is said meanwhile
    said_meanwhile(site, customer.id, "sam", "Donderdag tussen <b>9</b> en 12. " + "heel lang " * 30)
    customer.say("en kan het ook vrijdag?")  # hers holds nothing back by itself
    box = page.get_by_label("Je antwoord")
    box.fill("Het wordt woensdag.")
    box.press("Control+Enter")
    words = "Nog niet verstuurd: de klant heeft intussen al iets gehoord."
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    group = page.get_by_role("group", name="Intussen is dit gezegd:")
    expect(group.get_by_role("listitem")).to_have_count(1)
    expect(group).to_contain_text("Sam Donderdag tussen <b>9</b> en 12.")
    expect(box).to_have_value("Het wordt woensdag.")
    accessible(page, "held back")
    page.set_viewport_size({"width": 390, "height": 844})
    accessible(page, "held back, on a phone")
    assert len(agents_said(site, customer.id)) == 1
    group.get_by_role("button", name="Eerst aanpassen").click()
    expect(group).to_be_hidden()
    expect(box).to_be_focused()
    said_meanwhile(site, customer.id, "sam", "Nog iets van mij.")
    box.press("Control+Enter")
    expect(group).to_contain_text("Nog iets van mij.")  # what she saw is not shown again
    expect(group.get_by_role("listitem")).to_have_count(1)
    group.get_by_role("button", name="Toch versturen").click()
    expect(box).to_have_value("")
    expect(group).to_be_hidden()
    assert agents_said(site, customer.id)[2:] == ["Het wordt woensdag."]
    box.fill("En een tweede van mij.")  # what this page said itself holds nothing back
    box.press("Control+Enter")
    expect(box).to_have_value("")
    expect(group).to_be_hidden()
    assert agents_said(site, customer.id)[3:] == ["En een tweede van mij."]


RECORDED = """
window.told_ = []; window.asked_ = 0; window.tones_ = 0;
window.Notification = class extends EventTarget {
  static permission = localStorage.getItem('allowed_') ?? 'default';
  static async requestPermission() {
    asked_ += 1;
    localStorage.setItem('allowed_', 'granted');
    return (Notification.permission = 'granted');
  }
  constructor(title, more) { super(); told_.push([title, more.body]); window.last_ = this; }
  close() {}
};
const plain = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { tones_ += 0.5; return plain.call(this); };
"""


def test_sound_and_notifications_for_what_i_do_not_see(site: Site, visit: Visit) -> None:
    sam_id = site.write(lambda s: s.exec(select(Person.id).where(Person.email == "sam@shop.example")).one())
    customer, other = site.customer("de lamp in de gang brandt niet"), site.customer("nog een klus voor Sam")
    noor, sam = visit(f"/desk/{other.id}", "noor"), visit("", "sam")
    take(noor)
    sam.context.add_init_script(RECORDED)
    sam.goto(f"/desk/{customer.id}")
    assert sam.evaluate("asked_") == 0
    sam.keyboard.press("?")
    switch = sam.get_by_role("checkbox", name="Geluid en meldingen")
    expect(switch).not_to_be_checked()
    switch.check()
    assert sam.evaluate("[asked_, tones_]") == [1, 1]
    accessible(sam, "the switch")
    sam.keyboard.press("Escape")
    take(sam)
    time.sleep(1)
    assert sam.evaluate("[told_.length, tones_]") == [0, 1]  # she took it herself

    tab = sam.context.new_page()  # a second tab, which hears the same
    tab.goto("/desk")
    expect(tab.get_by_role("link", name=re.compile("de lamp in de gang"))).to_be_visible()
    customer.say("het is nu wel erg donker")
    expect(tab.get_by_role("link", name=re.compile("erg donker"))).to_be_visible()
    time.sleep(1.5)
    assert [page.evaluate("[told_.length, tones_]") for page in (sam, tab)] == [[0, 1], [0, 0]]  # it is in view

    for page in (sam, tab):
        hide(page, True)
    customer.say("hallo, ben je er nog?")
    wait_until(lambda: len(sam.evaluate("told_") + tab.evaluate("told_")) == 1)
    time.sleep(1.5)
    told = sam.evaluate("told_") + tab.evaluate("told_")
    assert told == [["Een klant schreef je", "de lamp in de gang brandt niet"]]  # one tab tells, and not what was said

    noor.request.post(f"/api/v1/desk/conversations/{other.id}/transfer", data={"person_id": sam_id, "note": ""})
    wait_until(lambda: len(sam.evaluate("told_") + tab.evaluate("told_")) == 2)
    time.sleep(1.5)
    told = sam.evaluate("told_") + tab.evaluate("told_")
    assert ["Noor Bakker zette een gesprek aan je door: nog een klus voor Sam", ""] in told
    teller = sam if any("klus" in title for title, _ in sam.evaluate("told_")) else tab
    hide(teller, False)
    teller.evaluate("last_.dispatchEvent(new Event('click'))")
    expect(teller.get_by_role("heading", name="nog een klus voor Sam")).to_be_visible()

    sam.reload()
    sam.evaluate("document.activeElement.blur()")
    sam.keyboard.press("m")
    expect(sam.get_by_role("status").get_by_text("Geluid en meldingen staan uit.")).to_be_visible()
    tab.locator("#show-keys").click()
    expect(tab.get_by_role("checkbox", name="Geluid en meldingen")).not_to_be_checked()
    tab.keyboard.press("Escape")
    before = tab.evaluate("told_").copy()
    hide(sam, True)
    hide(tab, True)
    customer.say("laatste keer")
    expect(tab.get_by_role("link", name=re.compile("laatste keer"))).to_be_visible()
    time.sleep(1.5)
    assert (sam.evaluate("told_"), tab.evaluate("told_")) == ([], before)


def test_the_title_counts_what_needs_me(site: Site, visit: Visit) -> None:
    everybody = site.write(lambda s: list(s.exec(select(Person)).all()))
    site.write(lambda s: [queue.close(s, c.id, p) for p in everybody for c in queue.held_by(s, p.id or 0)])
    customer = site.customer("telt dit mee in de titel")
    page = visit(f"/desk/{customer.id}", "ada")
    expect(page).to_have_title(re.compile(r"^\(\d+\) "))
    waiting = site.write(queue.waiting_count)
    take(page)
    customer.say("en dit ook")
    expect(page).to_have_title(f"({waiting}) Balie · {page.title().split(' · ')[1]}")  # one waits less, one needs me
    page.get_by_label("Je antwoord").fill("Ja hoor")
    page.get_by_label("Je antwoord").press("Control+Enter")
    others = waiting - 1
    expect(page).to_have_title(re.compile(rf"^\({others}\) Balie" if others else "^Balie"))


def test_a_line_that_is_pressed_while_the_list_changes_opens_all_the_same(site: Site, visit: Visit) -> None:
    first = site.customer("wie hier drukt die opent mij")
    page = visit("/desk", "noor")
    page.wait_for_load_state("networkidle")  # else the list may move before it is pressed
    page.get_by_role("link", name=re.compile("wie hier drukt")).hover()
    page.mouse.down()
    with page.expect_response(lambda response: "/desk/queue" in response.url and response.status == 200):
        site.customer("en ik kom er intussen bij")
    page.wait_for_timeout(200)  # what came would have been drawn by now
    expect(page.get_by_role("link", name=re.compile("ik kom er intussen bij"))).to_have_count(0)
    page.mouse.up()
    expect(page).to_have_url(f"{site.address}/desk/{first.id}")
    expect(page.get_by_role("link", name=re.compile("ik kom er intussen bij"))).to_be_visible()
