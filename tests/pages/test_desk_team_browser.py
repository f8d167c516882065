"""Agents together at the desk: notes, handing on, being away, and a desk that was gone. Two browsers at once."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, WebSocketRoute, expect
from sqlmodel import Session, select

from handoff import conversations, presence, queue, teams
from handoff.models import Conversation, Person, Presence
from tests.browser import axe

from .conftest import Visit
from .site import PASSWORD, Customer, Site
from .test_desk_browser import log, take

pytestmark = pytest.mark.browser
SECRET = "geheim: klant is al drie keer gebeld 🤫"


def id_of(site: Site, email: str) -> int:
    return site.write(lambda s: s.exec(select(Person.id).where(Person.email == f"{email}@shop.example")).one()) or 0


@pytest.fixture
def change(site: Site) -> Iterator[Callable[..., None]]:
    """Change people for one test: `change("sam", capacity=1)`."""
    before: list[tuple[int, dict[str, object]]] = []

    def put(session: Session, id_: int, values: dict[str, object]) -> dict[str, object]:
        person = session.get_one(Person, id_)
        old = {name: getattr(person, name) for name in values}
        person.sqlmodel_update(values)
        session.add(person)
        return old

    def changed(who: str, **values: object) -> None:
        id_ = id_of(site, who)
        before.append((id_, site.write(lambda s: put(s, id_, values))))

    yield changed
    for id_, values in reversed(before):
        site.write(lambda s, i=id_, v=values: put(s, i, v))  # type: ignore[misc]


@pytest.fixture(autouse=True)
def _nobody_is_at_the_desk(site: Site) -> None:
    """Tabs of earlier tests are shut, but they count as seen for an hour."""

    def gone(session: Session) -> None:
        for row in session.exec(select(Presence)).all():
            session.delete(row)

    site.write(gone)


def held_now(site: Site, who: str) -> int:
    id_ = id_of(site, who)
    return site.write(presence.held_counts).get(id_, 0)


def everything_of(customer: Customer) -> str:
    """All that the customer's API says."""
    rows = customer.client.get(f"{customer.path}/messages").raise_for_status().text
    return rows + customer.client.get(customer.path).raise_for_status().text


def note_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Je notitie")


def choose(page: Page, name: str) -> None:
    page.get_by_role("dialog", name="Gesprek doorzetten").get_by_role("radio", name=re.compile(name)).check()


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_note_is_for_colleagues_and_never_reaches_the_customer(site: Site, visit: Visit) -> None:
    customer = site.customer("wanneer komt mijn wasmachine")
    noor, sam = visit(f"/desk/{customer.id}", "noor"), visit(f"/desk/{customer.id}", "sam")
    take(noor)
    noor.keyboard.press("Escape")
    noor.keyboard.press("n")
    expect(note_box(noor)).to_be_focused()
    expect(noor.get_by_text("Alleen collega's zien dit.").first).to_be_visible()
    expect(noor.get_by_role("button", name="Versturen")).to_be_hidden()
    noor.keyboard.type(SECRET)
    noor.keyboard.press("Control+Enter")
    for page in (noor, sam):
        row = log(page).get_by_role("article").filter(has_text=SECRET)
        expect(row).to_have_count(1)
        expect(row.get_by_text("Notitie", exact=True)).to_be_visible()
    expect(note_box(noor)).to_have_value("")  # and it is still a note: what comes next goes to nobody else
    noor.keyboard.press("Escape")
    noor.keyboard.press("n")
    box = noor.get_by_label("Je antwoord")
    box.fill("Morgen voor twaalf uur.")
    box.press("Control+Enter")
    expect(log(noor).get_by_role("article").filter(has_text="Morgen voor twaalf")).to_have_count(1)
    assert "geheim" not in everything_of(customer)
    assert [t for a, t in customer.said() if a == "agent"] == ["Morgen voor twaalf uur."]


def test_the_customers_page_never_shows_a_note(site: Site, visit: Visit) -> None:
    chat = visit("/chat")
    frames: list[str] = []
    chat.on("websocket", lambda ws: ws.on("framereceived", lambda data: frames.append(str(data))))
    chat.on("response", lambda r: frames.append(r.text()) if "/messages" in r.url and r.ok else None)
    chat.reload()
    chat.get_by_role("textbox").fill("waar is mijn rode fiets gebleven")
    chat.keyboard.press("Enter")
    page = visit("/desk", "noor")
    page.get_by_role("link", name=re.compile("rode fiets")).click()
    take(page)
    page.get_by_role("button", name="Notitie n").click()
    note_box(page).fill(SECRET)
    page.get_by_role("button", name="Notitie bewaren").click()
    expect(log(page).get_by_text(SECRET)).to_be_visible()
    page.get_by_role("button", name="Notitie n").click()
    page.get_by_label("Je antwoord").fill("Onderweg!")
    page.get_by_role("button", name="Versturen").click()
    expect(chat.get_by_text("Onderweg!")).to_be_visible()
    chat.reload()
    expect(chat.get_by_text("Onderweg!")).to_be_visible()
    assert "geheim" not in chat.content()
    assert chat.get_by_text("geheim").count() == 0
    assert frames
    assert not [f for f in frames if "geheim" in f]


def test_what_was_typed_outlives_the_toggle_and_the_page(site: Site, visit: Visit) -> None:
    customer = site.customer("hoe vaak kun je wisselen")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    toggle = page.get_by_role("button", name="Notitie n")
    page.get_by_label("Je antwoord").fill("dit gaat mee")
    toggle.click()
    expect(note_box(page)).to_have_value("dit gaat mee")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(note_box(page)).to_have_value("dit gaat mee")  # and not in the box for the customer
    page.get_by_role("button", name="Notitie bewaren").click()
    expect(note_box(page)).to_have_value("")
    page.get_by_role("button", name="Notitie bewaren").click()
    expect(page.get_by_role("alert").filter(has_text="Typ eerst je notitie.")).to_be_visible()
    note_box(page).fill("x" * 4001)
    note_box(page).press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="1 tekens te lang")).to_be_visible()
    assert [a for a, _ in customer.said() if a == "agent"] == []


def test_the_same_words_first_as_reply_then_as_note(site: Site, visit: Visit) -> None:
    customer = site.customer("raakt mijn antwoord weg")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.get_by_label("Je antwoord").fill("zelfde woorden")
    page.context.set_offline(True)  # a route that aborts was passed by now and then
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="Niet verstuurd")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Notitie n").click()
    page.get_by_role("button", name="Notitie bewaren").click()
    expect(note_box(page)).to_have_value("")
    expect(log(page).get_by_role("article").filter(has_text="zelfde woorden")).to_have_count(1)
    assert "zelfde woorden" not in everything_of(customer)


def test_notes_in_a_conversation_that_waits_and_in_a_colleagues(site: Site, visit: Visit) -> None:
    customer = site.customer("notities zonder het gesprek te hebben")
    noor, sam = visit(f"/desk/{customer.id}", "noor"), visit(f"/desk/{customer.id}", "sam")
    expect(note_box(sam)).to_be_hidden()
    sam.keyboard.press("n")
    note_box(sam).fill("<b>ik ken</b> deze klant مرحبا")
    sam.keyboard.press("Control+Enter")
    expect(log(noor).get_by_text("<b>ik ken</b> deze klant مرحبا")).to_be_visible()
    sam.keyboard.type("half getypt")
    take(noor)  # the page of Sam changes under what she types
    expect(sam.get_by_text("Noor Bakker heeft dit gesprek. Je kunt meelezen.")).to_be_visible()
    expect(note_box(sam)).to_have_value("half getypt")
    sam.get_by_role("button", name="Notitie bewaren").click()
    expect(log(noor).get_by_text("half getypt")).to_be_visible()
    expect(sam.get_by_role("button", name="Versturen")).to_be_hidden()
    assert "half getypt" not in everything_of(customer)


def test_handing_on_to_a_person_by_keyboard(site: Site, visit: Visit) -> None:
    customer = site.customer("kan Sam dit overnemen")
    noor, sam = visit(f"/desk/{customer.id}", "noor"), visit("/desk", "sam")
    take(noor)
    noor.keyboard.press("Escape")
    noor.keyboard.press("t")
    dialog = noor.get_by_role("dialog", name="Gesprek doorzetten")
    sams = dialog.get_by_role("radio", name=re.compile("Sam Peeters.*Is er.*nog plek voor", re.S))
    expect(dialog.get_by_role("radio", name=re.compile("Ada Smit.*Niet aan de balie", re.S))).to_be_visible()
    expect(dialog.get_by_role("radio", name=re.compile("Noor"))).to_have_count(0)
    expect(sams).to_be_focused()  # who has it at once stands first
    noor.keyboard.press("Space")
    expect(sams).to_be_checked()
    dialog.get_by_role("textbox", name="Notitie").focus()
    noor.keyboard.type("al om een foto gevraagd")
    noor.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(noor.get_by_role("status").get_by_text("Sam Peeters heeft het gesprek nu.")).to_be_visible()
    told = "Noor Bakker zette een gesprek aan je door: kan Sam dit overnemen"
    expect(sam.get_by_role("status").get_by_text(told)).to_be_visible()
    line = sam.get_by_role("link", name=re.compile("kan Sam dit overnemen.*Van Noor Bakker", re.S))
    line.click()
    expect(log(sam).get_by_text("al om een foto gevraagd")).to_be_visible()
    assert "foto" not in everything_of(customer)
    assert any("Sam neemt het over" in t for a, t in customer.said() if a == "system")
    noor.goto(f"/desk/{customer.id}")
    expect(noor.get_by_text("Sam Peeters heeft dit gesprek. Je kunt meelezen.")).to_be_visible()
    sam.get_by_label("Je antwoord").fill("Ik ben er.")
    sam.keyboard.press("Control+Enter")
    expect(sam.get_by_text("Van Noor Bakker")).to_have_count(0)


def test_after_handing_on_the_next_of_mine_is_open(site: Site, visit: Visit) -> None:
    first, second = site.customer("eerste van twee gesprekken"), site.customer("tweede van twee gesprekken")
    page = visit(f"/desk/{first.id}", "ada")
    take(page)
    page.goto(f"/desk/{second.id}")
    take(page)
    page.get_by_role("button", name="Doorzetten").click()
    choose(page, "Retour")
    page.get_by_role("button", name="Zet door").click()
    expect(page).to_have_url(f"{site.address}/desk/{first.id}")
    expect(log(page).get_by_text("eerste van twee gesprekken")).to_be_visible()
    page.get_by_role("button", name="Doorzetten").click()
    choose(page, "Retour")
    page.get_by_role("button", name="Zet door").click()
    expect(page).to_have_url(f"{site.address}/desk")
    expect(page.get_by_text("Kies een gesprek")).to_be_visible()
    assert (first.owner(), second.owner()) == ("queue", "queue")


def _late(route: Route) -> None:
    answer = route.fetch()
    time.sleep(1)
    route.fulfill(response=answer)


def test_what_comes_late_of_another_conversation_is_not_shown(site: Site, visit: Visit) -> None:
    first, second = site.customer("de vorige die ik las"), site.customer("deze lees ik nu")
    noor = visit(f"/desk/{first.id}", "noor")
    expect(noor.get_by_role("link", name=re.compile("deze lees ik nu"))).to_be_visible()
    noor.route(f"**/desk/{first.id}/new*", _late)
    sam = site.client()
    sam.post("/api/v1/login", json={"email": "sam@shop.example", "password": PASSWORD}).raise_for_status()
    with noor.expect_request(f"**/desk/{first.id}/new*"):
        sam.post(f"/api/v1/desk/conversations/{first.id}/claim").raise_for_status()
    with noor.expect_response(f"**/desk/{first.id}/new*"):
        noor.get_by_role("link", name=re.compile("deze lees ik nu")).click()
        expect(noor.get_by_role("heading", name="deze lees ik nu")).to_be_visible()
    noor.wait_for_timeout(300)
    take(noor)
    assert second.owner() == "agent"
    expect(noor.get_by_role("heading", name="deze lees ik nu")).to_be_visible()


def test_handing_on_to_a_topic_keeps_the_old_wait(site: Site, visit: Visit) -> None:
    customer, later = site.customer("eerst aan de beurt, ander onderwerp"), site.customer("kwam er later bij")

    def line_at(id_: str) -> object:
        return site.write(lambda s: s.get_one(Conversation, id_).line_at)

    before = line_at(customer.id)
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.get_by_role("button", name="Doorzetten").click()
    choose(page, "Retour")
    page.get_by_role("button", name="Zet door").click()
    said = page.get_by_role("status").get_by_text("Doorgezet naar Retour. De klant houdt de plek in de rij.")
    expect(said).to_be_visible()
    assert customer.owner() == "queue"
    assert line_at(customer.id) == before
    lines = page.get_by_role("region", name="Wacht op een mens").get_by_role("link")
    expect(lines.filter(has_text="eerst aan de beurt")).to_be_visible()
    texts = lines.all_inner_texts()
    at = [next(n for n, t in enumerate(texts) if words in t) for words in ("eerst aan de beurt", "kwam er later")]
    assert at[0] < at[1]
    assert "Retour" in texts[at[0]]
    later.say(None, kind="leave_queue")


def test_handing_on_to_somebody_away_or_gone_or_full(site: Site, visit: Visit, change: Callable[..., None]) -> None:
    noor, sam = visit("", "noor"), visit("/desk", "sam")
    sam.keyboard.press("a")
    expect(sam.get_by_role("switch", name="Ik ben er even niet")).to_be_checked()

    def hand_on(words: str, to: str, said: str) -> Customer:
        customer = site.customer(words)
        noor.goto(f"/desk/{customer.id}")
        take(noor)
        noor.get_by_role("button", name="Doorzetten").click()
        choose(noor, to)
        noor.get_by_role("button", name="Zet door").click()
        expect(noor.get_by_role("status").get_by_text(said)).to_be_visible()
        assert customer.owner() == "queue"
        return customer

    hand_on("voor wie weg is", "Sam Peeters.*Even weg", "Sam Peeters kan het nog niet nemen.")
    hand_on("voor wie er niet is", "Ada Smit.*Niet aan de balie", "Ada Smit is er niet.")
    sam.keyboard.press("a")
    expect(sam.get_by_role("switch", name="Ik ben er even niet")).not_to_be_checked()
    change("sam", capacity=max(1, held_now(site, "sam")))
    if not held_now(site, "sam"):
        own = site.customer("de enige van Sam")
        sam.goto(f"/desk/{own.id}")
        take(sam)
    hand_on("voor wie vol zit", "Sam Peeters.*zit vol", "Sam Peeters kan het nog niet nemen.")


def test_what_fails_is_said_in_words_and_what_was_typed_is_kept(site: Site, visit: Visit) -> None:
    customer = site.customer("doorzetten gaat mis")
    page = visit(f"/desk/{customer.id}", "noor")
    visit("/desk", "sam")
    take(page)
    page.get_by_role("button", name="Doorzetten").click()
    dialog = page.get_by_role("dialog", name="Gesprek doorzetten")
    note = dialog.get_by_role("textbox", name="Notitie")
    do = dialog.get_by_role("button", name="Zet door")
    note.fill("blijft <b>staan</b>")
    do.click()
    expect(dialog.get_by_role("alert")).to_have_text(re.compile("Kies een collega of een onderwerp."))
    expect(note).to_have_value("blijft <b>staan</b>")
    choose(page, "Sam")
    note.fill("é" * 4001)
    do.click()
    expect(dialog.get_by_role("alert")).to_contain_text("De notitie is te lang: hij mag 4000 tekens hebben.")
    expect(dialog.get_by_role("radio", name=re.compile("Sam"))).to_be_checked()
    assert len(note.input_value()) == 4001
    note.fill("wel goed")
    page.route("**/transfer", lambda route: route.abort())
    do.click()
    expect(dialog.get_by_role("alert")).to_contain_text("er is geen verbinding")
    expect(note).to_have_value("wel goed")
    page.unroute_all()
    customer.say(None, kind="end")
    do.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Te laat: dit gesprek is gesloten.")
    expect(note).to_have_value("wel goed")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_odd_targets_are_refused(site: Site) -> None:
    customer = site.customer("vreemde doelen")
    agent = site.client()
    agent.post("/api/v1/login", json={"email": "noor@shop.example", "password": PASSWORD}).raise_for_status()
    agent.post(f"/api/v1/desk/conversations/{customer.id}/claim").raise_for_status()
    me = id_of(site, "noor")
    els = id_of(site, "els")
    for to in ("", "person:", "person:x", f"person:{9**30}", "person:٣", "topic:", "topic:bestaat niet 👻", "<b>",
               f"person:{me}", f"person:{els}", "person:0"):  # fmt: skip
        answer = agent.post(f"/desk/{customer.id}/transfer", data={"to": to, "note": "mag <niet> weg"})
        assert answer.status_code == 409, to
        assert "mag &lt;niet&gt; weg" in answer.text
    assert agent.post("/desk/bestaat-niet/transfer", data={"to": f"person:{me}"}).status_code in (404, 409)
    assert agent.post("/desk/away", data={"away": "misschien"}).status_code == 422
    assert customer.owner() == "agent"
    assert "mag" not in everything_of(customer)


def test_who_is_away_gets_nothing_by_itself(site: Site, visit: Visit) -> None:
    noor, sam = visit("/desk", "noor"), visit("/desk", "sam")
    switch = noor.get_by_role("switch", name="Ik ben er even niet")
    noor.keyboard.press("a")
    expect(switch).to_be_checked()
    noor.reload()
    expect(switch).to_be_checked()
    before = held_now(site, "noor")
    automatic(site, True)
    try:
        given(site, "vanzelf naar Sam")
        expect(sam.get_by_role("region", name="Bij mij").get_by_text("vanzelf naar Sam").first).to_be_visible()
        assert held_now(site, "noor") == before
        sam.keyboard.press("a")
        expect(sam.get_by_role("switch", name="Ik ben er even niet")).to_be_checked()
        switch.click()
        expect(switch).not_to_be_checked()
        given(site, "nu wel naar Noor")
        expect(noor.get_by_role("region", name="Bij mij").get_by_text("nu wel naar Noor").first).to_be_visible()
    finally:
        automatic(site, False)


def given(site: Site, words: str) -> None:
    """A customer who waits, and is given to somebody before anybody looks."""
    customer = site.customer()
    customer.say(words)
    customer.until("agent")


def automatic(site: Site, on: bool) -> None:
    def put(session: Session) -> None:
        kept = teams.document(session)
        value = teams.Routing(automatic=on)
        teams.change_routing(session, value, revision=kept.revision, by="test")

    site.write(put)


def test_how_many_i_have_of_how_many_i_take(site: Site, visit: Visit, change: Callable[..., None]) -> None:
    held = held_now(site, "noor")
    change("noor", capacity=held + 1)
    customer, other = site.customer("het laatste plekje"), site.customer("past er niet meer bij")
    page = visit(f"/desk/{customer.id}", "noor")
    header = page.get_by_role("banner")
    expect(header.get_by_text(f"{held} van {held + 1}")).to_be_visible()
    take(page)
    expect(header.get_by_text(f"{held + 1} van {held + 1} vol")).to_be_visible()
    page.goto(f"/desk/{other.id}")
    page.get_by_role("button", name="Neem dit gesprek").click()
    expect(page.get_by_role("alert").filter(has_text=f"Je hebt al {held + 1} gesprekken.")).to_be_visible()


def test_the_shortcuts_are_in_the_list(site: Site, visit: Visit) -> None:
    for lang, words in (
        ("nl", ["n Notitie schrijven, of weer een antwoord", "t Gesprek doorzetten", "a Even weg, of weer terug"]),
        ("en", ["n Write a note, or an answer again", "t Hand the conversation on", "a Away, or back again"]),
    ):
        page = visit("/desk", "noor", lang=lang)
        page.keyboard.press("?")
        shown = " ".join(page.get_by_role("dialog").inner_text().split())
        for pair in words:
            key, _, meaning = pair.partition(" ")
            assert meaning in shown
            assert page.get_by_role("dialog").locator("kbd", has_text=re.compile(f"^{key}$")).count() == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_accessible_and_as_wide_as_the_screen(site: Site, visit: Visit, lang: str, dark: bool) -> None:
    customer = site.customer("toegankelijk voor iedereen " + "lang" * 40)
    page = visit(f"/desk/{customer.id}", "sam", lang=lang, dark=dark)
    for phone in (False, True):
        page.set_viewport_size({"width": 390, "height": 844} if phone else {"width": 1280, "height": 800})
        claim = page.locator("#claim")
        page.keyboard.press("n")
        page.locator("#text").fill("een notitie, hier")
        accessible(page, "a note where the customer waits")
        if claim.count():
            page.locator("#text").press("Control+Enter")
            page.locator(".row.note").first.wait_for()
            claim.click()
            page.locator("[data-send=reply]").wait_for()
            page.locator("#transcript").focus()
            page.keyboard.press("n")
            page.locator("#text").fill("nog een")
        accessible(page, "a note of mine")
        page.locator("#transcript").focus()
        page.keyboard.press("t")
        page.locator("#transfer[open]").wait_for()
        accessible(page, "handing on")
        page.locator("#transfer button.primary").click()
        page.locator("#transfer-problem").wait_for()
        accessible(page, "handing on refused")
        page.keyboard.press("Escape")
        page.locator("#away").click()
        page.locator("#away[aria-checked]").wait_for()
        accessible(page, "away")


def test_the_header_fits_every_width(site: Site, visit: Visit) -> None:
    for lang in ("nl", "en"):
        page = visit("/desk", "ada", lang=lang)
        for width in (360, 390, 600, 800, 1000, 1190, 1280, 1600):
            page.set_viewport_size({"width": width, "height": 800})
            fits(page)
            expect(page.get_by_role("switch")).to_be_in_viewport(ratio=1)


def accessible(page: Page, what: str) -> None:
    found = axe(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    fits(page)


class Cut:
    """The desk's socket through this, until it is cut; nothing connects while it is."""

    def __init__(self, page: Page) -> None:
        self.cut, self.open = False, list[tuple[WebSocketRoute, WebSocketRoute]]()
        page.route_web_socket(re.compile("/desk/live"), self._connect)

    def _connect(self, page_side: WebSocketRoute) -> None:
        if self.cut:
            page_side.close()
        else:
            self.open.append((page_side, page_side.connect_to_server()))

    def now(self) -> None:
        """Hang up."""
        self.cut = True
        for page_side, server in self.open:
            server.close()
            page_side.close()


def wait_until(holds: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_desk_that_was_gone_loses_the_conversation_and_is_told(site: Site, visit: Visit) -> None:
    plain, site.it.settings.vanish_s = site.it.settings.vanish_s, 5.0
    try:
        hers = id_of(site, "ada")
        site.write(lambda s: [conversations.close(s, c) for c in queue.held_by(s, hers)])
        customer = site.customer("laat me niet in de steek")
        ada, sam = visit("", "ada"), visit("/desk", "sam")
        wire = Cut(ada)
        ada.goto(f"/desk/{customer.id}")
        take(ada)
        wire.now()
        wait_until(lambda: customer.owner() == "queue")
        steps = [t for a, t in customer.said() if a == "system"]
        assert steps[-1] == "Ada is onbereikbaar geworden. Je staat weer vooraan in de rij."
        sam.get_by_role("region", name="Wacht op een mens").get_by_role("link", name=re.compile("in de steek")).click()
        take(sam)
        box = ada.get_by_label("Je antwoord")
        box.fill("Mijn late antwoord")
        box.press("Control+Enter")
        words = "Niet verstuurd: dit gesprek is niet meer bij jou. Je tekst is bewaard."
        expect(ada.get_by_role("alert").filter(has_text=words)).to_be_visible()
        expect(box).to_have_value("Mijn late antwoord")
        assert "Mijn late antwoord" not in everything_of(customer)
        wire.cut = False
        ada.evaluate("dispatchEvent(new Event('online'))")
        told = "Je balie was even weg. Dit gesprek is niet meer bij jou: laat me niet in de steek"
        expect(ada.get_by_role("status").get_by_text(told)).to_be_visible(timeout=20_000)
        lost = ada.get_by_role("region", name="Niet meer bij jou")
        expect(lost.get_by_role("link", name=re.compile("in de steek.*Bij Sam Peeters", re.S))).to_be_visible()
        expect(ada.get_by_text("Sam Peeters heeft dit gesprek. Je kunt meelezen.")).to_be_visible()
        expect(ada.get_by_text("Wat je typte is bewaard")).to_be_visible()
        expect(ada.get_by_text("Mijn late antwoord")).to_be_visible()
        accessible(ada, "after the loss")
        ada.reload()
        expect(lost).to_be_visible()
        assert ada.get_by_role("status").get_by_text(told).count() == 0  # once is enough
    finally:
        site.it.settings.vanish_s = plain
