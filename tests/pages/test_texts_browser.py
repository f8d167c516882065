"""The texts' page: words changed in place, refused in plain words, put back; by keyboard and on a phone."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from handoff.texts import shipped

from .conftest import Visit
from .site import PASSWORD, Site

pytestmark = pytest.mark.browser


def read(site: Site, key: str, language: str) -> str:
    """What the next customer reads."""
    found = site.client().get("/api/v1/texts", params={"language": language}).raise_for_status()
    return str(found.json()["texts"][key])


def save(page: Page, key: str, value: str) -> None:
    page.get_by_label(key, exact=True).fill(value)
    page.get_by_role("button", name="Bewaren").click()


def test_words_are_changed_in_place_and_put_back(site: Site, visit: Visit) -> None:
    page = visit("/review", "els")
    page.get_by_role("link", name="Teksten").click()
    expect(page.get_by_role("region", name="De widget")).to_be_visible()
    expect(page.get_by_role("button", name="Bewaren")).to_have_count(0)
    save(page, "widget.send", "<b>Weg</b> 👋")
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    row = page.get_by_role("listitem").filter(has=page.get_by_label("widget.send", exact=True))
    expect(row).to_contain_text("els@shop.example")
    expect(row).to_contain_text(shipped("nl")["widget.send"])
    expect(page.get_by_label("widget.send", exact=True)).to_be_focused()
    assert read(site, "widget.send", "nl") == "<b>Weg</b> 👋"
    page.get_by_role("button", name="Terug naar de meegeleverde woorden: widget.send").click()
    expect(page.get_by_label("widget.send", exact=True)).to_have_value(shipped("nl")["widget.send"])
    expect(row).not_to_contain_text("els@shop.example")
    assert read(site, "widget.send", "nl") == shipped("nl")["widget.send"]


def test_what_cannot_stand_there_is_said_and_stays_as_typed(visit: Visit) -> None:
    page = visit("/review/texts", "els")
    field = page.get_by_label("widget.queue_place", exact=True)
    for typed, said in (
        ("Je staat in de rij.", "{position} blijven staan"),
        ("{position}, {naam}", "kan {naam} niet staan"),
        ("x" * 501 + "{position}", "hij mag 500 tekens hebben"),
        (" ", "De tekst is leeg."),
    ):
        save(page, "widget.queue_place", typed)
        expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
        expect(field).to_have_value(typed)
        expect(field).to_be_focused()
    field.press("Escape")
    expect(field).to_have_value(shipped("nl")["widget.queue_place"])
    expect(page.get_by_role("alert")).to_have_count(0)


def test_by_keyboard_on_a_phone_in_the_other_language(site: Site, visit: Visit) -> None:
    page = visit("/review/texts", "els", phone=True)
    page.get_by_role("navigation", name="Taal").get_by_role("link", name="Engels").click()
    search = page.get_by_label("Zoeken")
    search.fill("zebra")
    expect(page.get_by_text("Niets gevonden.")).to_be_visible()
    search.fill("put it DIFFERENTLY")
    expect(page.get_by_text("Niets gevonden.")).to_be_visible()
    search.fill("type your question")
    expect(page.get_by_label("widget.placeholder", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Overdragen aan een mens")).to_have_count(0)
    page.get_by_label("widget.placeholder", exact=True).focus()
    page.keyboard.press("End")
    page.keyboard.type(" Please")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    assert read(site, "widget.placeholder", "en") == "Type your question … Please"
    expect(search).to_have_value("type your question")
    expect(page.get_by_role("region", name="Overdragen aan een mens")).to_have_count(0)


def test_leaving_with_unsaved_words_asks_first(visit: Visit) -> None:
    page = visit("/review/texts", "els")
    page.get_by_label("say.ok", exact=True).fill("half af")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Nieuwe vragen").click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]


def test_the_page_is_for_editors_and_works_without_scripts(site: Site) -> None:
    people: dict[str, httpx.Client] = {}
    for who in ("noor", "els"):
        people[who] = site.client()
        people[who].post("/login", data={"email": f"{who}@shop.example", "password": PASSWORD})
    assert people["noor"].get("/review/texts").status_code == 403
    path = "/review/texts/nl/system.assigned"
    assert people["noor"].post(path, data={"value": "x"}).status_code == 403
    assert people["els"].post(path, data={"value": "x"}, headers={"Origin": "https://evil.example"}).status_code == 403
    refused = people["els"].post(path, data={"value": "</textarea><script>niemand"})
    assert refused.status_code == 422
    assert "moet {name} blijven staan" in refused.text
    assert "&lt;/textarea&gt;&lt;script&gt;niemand" in refused.text
    saved = people["els"].post(path, data={"value": "Dag, {name} hier."})
    assert (saved.status_code, saved.headers["location"]) == (303, "/review/texts?in=nl")
    for gone in ("/review/texts?in=fr", "/review/texts/nl/none/such"):
        assert people["els"].get(gone).status_code == 404
    assert people["els"].post("/review/texts/nl/none.such", data={"value": "x"}).status_code == 404
