"""Files at the desk: dragged, pasted, looked at, sent, seen by both sides; and messages hidden, with a way back."""

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import axe
from tests.handoff.pictures import PDF, from_a_camera, noise, picture

from .conftest import Visit
from .site import Customer, Site
from .test_desk_browser import log, take

pytestmark = pytest.mark.browser
PNG = picture("PNG", (1200, 800))
GIVE = """([target, event, files]) => {
  const all = new DataTransfer();
  for (const [name, type, content] of files) {
    all.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name, { type }));
  }
  const how = { bubbles: true, cancelable: true, composed: true };
  if (event === "paste") target.dispatchEvent(new ClipboardEvent("paste", { ...how, clipboardData: all }));
  else for (const name of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(name, { ...how, dataTransfer: all }));
  }
}"""


def give(page: Page, target: Locator, event: str, *files: tuple[str, str, bytes]) -> None:
    """Drop or paste files on an element, as the browser would."""
    coded = [(name, type_, base64.b64encode(data).decode()) for name, type_, data in files]
    page.evaluate(GIVE, [target.element_handle(), event, coded])


def send_file(
    customer: Customer, data: bytes, name: str = "foto.jpg", caption: str = "", client_id: str = "f1"
) -> dict[str, Any]:
    form = {"caption": caption} if caption else {}
    path = f"{customer.path}/files?client_id={client_id}"
    return dict(customer.client.post(path, files={"file": (name, data)}, data=form).raise_for_status().json())


def files_of(customer: Customer) -> list[tuple[str, str]]:
    """Sender and name of every file that the customer sees."""
    rows = customer.client.get(f"{customer.path}/messages").raise_for_status().json()
    return [(row["author"], row["file"]["name"]) for row in rows if "file" in row]


def waiting(page: Page) -> Locator:
    return page.get_by_role("list", name="Bestanden die meegaan").get_by_role("listitem")


def is_loaded(image: Locator) -> None:
    expect(image).to_be_visible()
    image.scroll_into_view_if_needed()
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") > 0


def no_findings(page: Page) -> None:
    found = axe(page).response["violations"]
    assert [f"{f['id']}: {f['nodes'][0]['html']}" for f in found] == []


def test_photos_and_a_pdf_go_to_the_customer(site: Site, visit: Visit) -> None:
    customer = site.customer("mijn lamp zoemt sinds gisteren")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    give(page, log(page), "drop", ("gesleept.png", "image/png", PNG), ("bon.pdf", "application/pdf", PDF))
    expect(waiting(page)).to_have_count(2)
    expect(box).to_be_focused()
    give(page, box, "paste", ("image.png", "image/png", picture("PNG")))
    expect(waiting(page)).to_have_count(3)
    page.get_by_role("button", name="Niet meesturen: bon.pdf").click()
    expect(waiting(page)).to_have_count(2)
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Bestand of foto toevoegen").click()
    chosen.value.set_files([{"name": "uitleg.pdf", "mimeType": "application/pdf", "buffer": PDF}])
    expect(waiting(page)).to_have_count(3)
    no_findings(page)
    box.fill("Kijk, zo zet je hem vast.")
    assert files_of(customer) == []  # nothing went by itself
    box.press("Control+Enter")
    expect(log(page).get_by_role("article").filter(has_text="Kijk, zo zet je hem vast.")).to_have_count(1)
    expect(waiting(page)).to_have_count(0)
    expect(box).to_have_value("")
    assert files_of(customer) == [("agent", "gesleept.png"), ("agent", "image.png"), ("agent", "uitleg.pdf")]
    assert [text for author, text in customer.said() if author == "agent"][-1] == "Kijk, zo zet je hem vast."
    shown = log(page).get_by_role("img", name="Foto: gesleept.png")
    is_loaded(shown)
    assert shown.bounding_box()["height"] <= 256  # type: ignore[index]
    link = log(page).get_by_role("link", name=re.compile(r"uitleg\.pdf"))
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename == "uitleg.pdf"


def test_the_customers_photos_open_large_and_arrows_lead_on(site: Site, visit: Visit) -> None:
    customer = site.customer("kijk eens naar mijn bon")
    send_file(customer, from_a_camera("JPEG", 6, (900, 600)), "bon voor.jpg", "de voorkant", "1")
    page = visit(f"/desk/{customer.id}", "noor")
    is_loaded(log(page).get_by_role("img", name="Foto: bon voor.jpg"))
    before = log(page).get_by_role("img").first.bounding_box()
    send_file(customer, PNG, "bon achter.png", "", "2")
    second = log(page).get_by_role("link", name="Foto: bon achter.png")
    expect(second).to_be_visible()
    is_loaded(second.get_by_role("img"))
    expect(log(page).get_by_text("de voorkant")).to_be_visible()
    expect(log(page).get_by_text("bon achter.png", exact=True)).to_have_count(0)  # a name is no caption
    assert log(page).get_by_role("img").first.bounding_box()["height"] == before["height"]  # type: ignore[index]
    second.focus()
    page.keyboard.press("Enter")
    large = page.get_by_role("dialog", name="bon achter.png")
    expect(large).to_be_visible()
    expect(large.get_by_text("2 van 2")).to_be_visible()
    no_findings(page)
    page.keyboard.press("ArrowRight")
    expect(large).to_be_visible()
    page.keyboard.press("ArrowLeft")
    first = page.get_by_role("dialog", name="bon voor.jpg")
    is_loaded(first.get_by_role("img"))
    expect(first.get_by_role("button", name="Vorige foto")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(first).to_be_hidden()
    expect(log(page).get_by_role("link", name="Foto: bon voor.jpg")).to_be_focused()


def test_what_cannot_be_sent_stays_and_says_why(site: Site, visit: Visit) -> None:
    customer = site.customer("hoe lang is de garantie hierop")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    give(page, log(page), "drop", ("virus.exe", "application/x-msdownload", b"MZ"))
    expect(waiting(page).get_by_role("alert")).to_contain_text("Dit soort bestand kan niet")
    page.get_by_role("button", name="Niet meesturen: virus.exe").click()
    give(page, log(page), "drop", ("half.jpg", "image/jpeg", noise("JPEG", (90, 90))[:900]))
    box.press("Control+Enter")
    expect(waiting(page).get_by_role("alert")).to_contain_text("beschadigd")
    page.get_by_role("button", name="Niet meesturen: half.jpg").click()
    expect(box).to_be_focused()

    lost: list[str] = []

    def lose(route: Route) -> None:  # it arrives, and its answer does not
        lost.append(route.request.url)
        route.fetch()
        route.abort()

    page.route("**/files?*", lose)
    give(page, log(page), "drop", ("goed.png", "image/png", PNG))
    box.fill("Hier is de foto")
    page.get_by_role("button", name="Versturen").click()
    expect(waiting(page).get_by_role("alert")).to_contain_text("geen verbinding")
    expect(box).to_have_value("Hier is de foto")
    assert len(lost) == 1
    page.unroute("**/files?*")
    page.get_by_role("button", name="Versturen").click()
    expect(waiting(page)).to_have_count(0)
    expect(log(page).get_by_text("Hier is de foto")).to_be_visible()
    assert files_of(customer) == [("agent", "goed.png")]  # once, although it was sent twice
    # what waits is kept while another conversation is open
    other = site.customer("en mijn tweede vraag")
    give(page, log(page), "drop", ("blijft.png", "image/png", PNG))
    page.get_by_role("link", name=re.compile("en mijn tweede vraag")).click()
    take(page)
    expect(waiting(page)).to_have_count(0)
    page.get_by_role("link", name=re.compile("hoe lang is de garantie hierop|Hier is de foto")).first.click()
    expect(waiting(page)).to_have_text(re.compile("blijft.png"))
    assert files_of(other) == []


def test_a_file_in_a_note_stays_with_colleagues(site: Site, visit: Visit) -> None:
    customer = site.customer("wie kijkt er mee met mijn zaak")
    sam = visit(f"/desk/{customer.id}", "sam", phone=True)
    give(sam, log(sam), "drop", ("intern.png", "image/png", PNG))  # nobody has it yet: a note is all there is
    expect(sam.get_by_role("textbox", name="Je notitie")).to_be_visible()
    sam.get_by_role("button", name="Notitie bewaren").click()
    is_loaded(log(sam).get_by_role("img", name="Foto: intern.png"))
    assert sam.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert files_of(customer) == []


def test_a_message_is_hidden_everywhere_and_comes_back(site: Site, visit: Visit) -> None:
    secret = "mijn wachtwoord is paarse olifant"
    customer = site.customer(secret)
    noor, sam = visit(f"/desk/{customer.id}", "noor"), visit(f"/desk/{customer.id}", "sam")
    take(noor)
    rows = log(noor).get_by_role("article")
    noor.keyboard.press("Escape")
    noor.keyboard.press("h")
    asks = noor.get_by_role("dialog", name="Dit bericht verbergen?")
    expect(asks).to_contain_text(secret)
    no_findings(noor)
    noor.keyboard.press("Escape")
    expect(rows.first).to_contain_text(secret)
    noor.keyboard.press("h")
    expect(asks.get_by_role("button", name="Verbergen", exact=True)).to_be_focused()
    noor.keyboard.press("Enter")
    for page in (noor, sam):
        expect(log(page).get_by_text("Bericht verborgen door Noor")).to_be_visible()
        expect(page.get_by_text("olifant")).to_have_count(0)  # nor in the list, the head or beside it
    assert "olifant" not in customer.client.get(f"{customer.path}/messages").text
    expect(log(sam).get_by_role("button", name="Tonen")).to_have_count(0)  # she does not have the conversation
    no_findings(noor)
    noor.get_by_role("button", name="Weer tonen").click()
    for page in (noor, sam):
        expect(log(page).get_by_text(secret)).to_be_visible()
    assert secret in customer.client.get(f"{customer.path}/messages").text
    noor.get_by_role("article").filter(has_text=secret).get_by_role("button", name="Bericht verbergen").click()
    noor.get_by_role("button", name="Verbergen", exact=True).click()
    expect(log(noor).get_by_role("button", name="Tonen")).to_be_focused()
    noor.reload()
    log(noor).get_by_role("button", name="Tonen").click()
    expect(rows.first).to_contain_text(secret)


def test_a_photo_is_hidden_with_what_it_shows(site: Site, visit: Visit) -> None:
    customer = site.customer("is dit mijn pas")
    file = send_file(customer, PNG, "paspoort.png")["file"]
    page = visit(f"/desk/{customer.id}", "noor", dark=True)
    take(page)
    row = page.get_by_role("article").filter(has=page.get_by_role("img"))
    row.get_by_role("button", name="Bericht verbergen").click()
    expect(page.get_by_role("dialog", name="Dit bericht verbergen?")).to_contain_text("paspoort.png")
    page.get_by_role("button", name="Verbergen", exact=True).click()
    expect(log(page).get_by_role("img")).to_have_count(0)
    assert customer.client.get(file["url"]).status_code == 404
    expect(page.get_by_text("paspoort")).to_have_count(0)
    no_findings(page)
