"""Canned replies: an admin keeps them, an agent finds them with `/` and fills in what is not known."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlmodel import Session

from handoff import canned, shop_settings
from handoff.canned import Reply
from handoff.db import reading
from handoff.desk_models import CannedReply
from handoff.models import Change
from tests.browser import axe

from .conftest import Visit
from .site import Site
from .test_desk_browser import log, take

pytestmark = pytest.mark.browser
ODD = "<b>vet</b> 👋🏽 مرحبا شكرا"


@pytest.fixture(autouse=True)
def _three(site: Site) -> None:
    def put(session: Session) -> None:
        for table in (CannedReply, Change):
            session.execute(table.__table__.delete())  # type: ignore[attr-defined]
        for reply in (
            Reply("welkom", "nl", "Hoi {klant}, ik ben {agent}."),
            Reply("pakket", "nl", "Bestelling {bestelnummer} komt {dag} tussen {van}.", "delivery"),
            Reply("welcome", "en", "Hi {customer}, I am {agent}."),
        ):
            canned.add(session, reply, by="set-up")

    site.write(put)


def serious(page: Page) -> list[str]:
    found = axe(page).response["violations"]
    return [f"{v['id']}: {[n['html'] for n in v['nodes']]}" for v in found if v["impact"] in ("serious", "critical")]


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Standaardantwoorden").get_by_role("option")


def test_an_agent_finds_fills_and_sends_one(site: Site, visit: Visit) -> None:
    customer = site.customer("bestelling 1002345 is er nog niet", identity={"name": "Anna"})
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")  # the key opens the list
    box = page.locator("#text")
    expect(options(page)).to_have_text([re.compile("^/pakket"), re.compile("^/welkom"), re.compile("^/welcome EN")])
    expect(box).to_be_focused()
    expect(box).to_have_attribute("role", "combobox")
    expect(box).to_have_attribute("aria-expanded", "true")
    assert serious(page) == []
    page.keyboard.press("ArrowUp")  # round to the last, and back
    expect(page.get_by_role("option", selected=True)).to_contain_text("/welcome")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("wélk")
    expect(options(page)).to_have_count(1)
    expect(page.get_by_role("option", selected=True)).to_have_id(box.get_attribute("aria-activedescendant") or "none")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Hoi Anna, ik ben Noor.")
    expect(box).not_to_have_attribute("role", "combobox")
    page.keyboard.type(" /pak")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("Tab")
    expect(box).to_have_value("Hoi Anna, ik ben Noor. Bestelling 1002345 komt {dag} tussen {van}.")
    page.keyboard.type("morgen")  # the first gap was selected
    page.keyboard.press("Control+Enter")
    said = page.get_by_role("alert").filter(has_text="{van}")
    expect(said).to_be_visible()
    page.keyboard.type("twaalf en twee")  # the next one was
    page.keyboard.press("Control+Enter")
    whole = "Hoi Anna, ik ben Noor. Bestelling 1002345 komt morgen tussen twaalf en twee."
    expect(log(page).get_by_text(whole)).to_be_visible()
    expect(said).to_be_hidden()
    assert [t for a, t in customer.said() if a == "agent"] == [whole]


def test_a_gap_may_stay_when_it_is_sent_twice_and_a_slash_is_a_slash(site: Site, visit: Visit) -> None:
    customer = site.customer("mag ik iets met accolades vragen")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press_sequentially("zie a/b of /")
    expect(options(page)).to_have_count(3)
    page.keyboard.press("Escape")  # shuts the list alone
    expect(options(page)).to_have_count(0)
    expect(box).to_be_focused()
    page.keyboard.type(" en /zoiets {code}")
    expect(options(page)).to_have_count(0)
    for count in (0, 1):
        assert len([1 for a, _ in customer.said() if a == "agent"]) == 0
        page.keyboard.press("Control+Enter")
        if not count:
            expect(page.get_by_role("alert").filter(has_text="{code}")).to_be_visible()
    expect(log(page).get_by_text("zie a/b of / en /zoiets {code}")).to_be_visible()


def test_the_list_on_a_phone_by_touch(site: Site, visit: Visit) -> None:
    customer = site.customer("op de telefoon een standaardantwoord")
    page = visit(f"/desk/{customer.id}", "noor", phone=True, dark=True)
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press_sequentially("/")
    expect(options(page).first).to_be_in_viewport()
    fits(page)
    options(page).filter(has_text="/welkom").click()
    expect(box).to_have_value("Hoi {klant}, ik ben Noor.")
    expect(box).to_be_focused()
    assert box.evaluate("b => b.value.slice(b.selectionStart, b.selectionEnd)") == "{klant}"


def test_an_admin_keeps_them(site: Site, visit: Visit) -> None:
    page = visit("/settings/hours", "ada")
    page.get_by_role("link", name="Standaardantwoorden").click()
    rows = page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(3)
    page.get_by_label("Zoeken").fill("dag")
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Toevoegen").click()
    page.get_by_label("Kort woord").fill("welkom")
    page.get_by_label("Tekst").fill(f"{ODD} {{klant}} {{iets}}")
    preview = page.get_by_role("region", name="Zo komt het in het antwoord")
    expect(preview).to_contain_text(f"{ODD} Marieke {{iets}}")
    expect(preview).to_contain_text("Dit vult de medewerker zelf in")
    page.get_by_role("button", name="Toevoegen").click()
    expect(page.get_by_label("Kort woord")).to_have_accessible_description(re.compile("al in gebruik"))
    expect(page.get_by_label("Kort woord")).to_be_focused()
    page.get_by_label("Kort woord").fill("groet")
    page.get_by_role("button", name="Toevoegen").click()
    expect(page.get_by_role("status").get_by_text("Toegevoegd")).to_be_visible()
    page.get_by_role("link", name="/groet").click()
    page.get_by_role("button", name="Weghalen").click()
    expect(rows).to_have_count(3)
    undo = page.get_by_role("button", name="Ongedaan maken")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Teruggezet.")).to_be_visible()
    expect(rows.filter(has_text=ODD)).to_have_count(1)
    page.goto("/settings/history")
    expect(rows.first).to_contain_text("Standaardantwoorden")
    expect(rows.first).to_contain_text("Nederlands › /groet")
    with reading(site.it.engine) as session:
        assert len(shop_settings.changes(session, canned.CANNED)) == 6


def test_of_two_admins_neither_loses_anything(site: Site, visit: Visit) -> None:
    mine, hers = (visit("/settings/canned", "ada") for _ in range(2))
    for page, text in ((mine, ""), (hers, "Hallo!")):
        page.get_by_role("link", name="/welkom").click()
        if text:
            page.get_by_label("Tekst").fill(text)
            page.get_by_role("button", name="Bewaren").click()
            expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    mine.get_by_label("Tekst").fill("Dag!")
    mine.get_by_role("button", name="Bewaren").click()
    said = mine.get_by_role("alert")
    expect(said).to_contain_text("ada@shop.example heeft dit net veranderd")
    expect(said.get_by_role("row", name="Nederlands › /welkom Hallo! Dag!")).to_be_visible()
    mine.get_by_role("button", name="Bewaren").click()
    with reading(site.it.engine) as session:
        assert canned.listed(session, "nl", "/welkom")[0].text == "Dag!"


@pytest.mark.parametrize(("phone", "dark", "lang"), [(False, False, "nl"), (True, True, "en")])
def test_the_pages_are_accessible_and_fit(site: Site, visit: Visit, phone: bool, dark: bool, lang: str) -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
    site.write(lambda s: canned.add(s, Reply("x" * 40, "nl", long + ODD + "\n\n" + long), by="ada"))
    page = visit("", "ada", phone=phone, dark=dark, lang=lang)
    for path in ("canned", "canned?search=zzz", "canned/new", "canned?removed=1", "topics", "topics/one?topic=returns"):
        page.goto(f"/settings/{path}")
        found = axe(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        fits(page)


def test_odd_requests(site: Site) -> None:
    ada = site.client()
    ada.post("/login", data={"email": "ada@shop.example", "password": "a long enough password"})
    with reading(site.it.engine) as session:
        id_ = canned.listed(session, "en")[0].id
    for path in ("0", "x", "999999", "99999999999999"):
        assert ada.get(f"/settings/canned/{path}").status_code == 404
        if path != "x":
            assert ada.post(f"/settings/canned/undo/{path}").status_code in (404, 422)
    assert ada.post("/settings/canned/999999", data={"shortcut": "a", "language": "nl", "text": "x"}).status_code == 404
    for bad in ({}, {"shortcut": "\x00", "text": "x" * 100_000}, {"shortcut": "a b/c", "language": "nl", "text": "x"},
                {"shortcut": "a", "language": "xx", "text": "x", "revision": "9" * 5000}):  # fmt: skip
        for path in ("new", str(id_)):
            answer = ada.post(f"/settings/canned/{path}", data=bad)
            assert answer.status_code == 422
            assert 'role="alert"' in answer.text
    assert ada.post(f"/settings/canned/{id_}/remove").headers["location"].startswith("/settings/canned?removed=")
    assert ada.post(f"/settings/canned/{id_}/remove").headers["location"] == "/settings/canned"
    for who, expected in (("noor", 403), ("els", 403), ("", 303)):
        client = site.client()
        if who:
            client.post("/login", data={"email": f"{who}@shop.example", "password": "a long enough password"})
        for path in ("", "/new", "/1"):
            assert client.get(f"/settings/canned{path}").status_code == expected
        assert client.post("/settings/canned/1/remove").status_code == expected


def test_two_topics_become_one_when_that_is_said_twice(site: Site, visit: Visit) -> None:
    page = visit("/settings/topics", "ada")
    page.get_by_role("link", name="Bezorging").click()
    page.get_by_label("Naam").fill("Retour")
    page.get_by_role("button", name="Overal zo noemen").click()
    expect(page.get_by_role("alert")).to_contain_text("wordt alles van Bezorging voortaan Retour")
    assert serious(page) == []
    page.get_by_role("link", name="Niet samenvoegen").click()
    page.get_by_label("Naam").fill(ODD)
    page.get_by_role("button", name="Overal zo noemen").click()
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    page.get_by_role("link", name=ODD).click()
    page.get_by_label("Naam").fill("Retour")
    page.get_by_role("button", name="Overal zo noemen").click()
    page.get_by_role("button", name="Samenvoegen").click()
    rows = page.get_by_role("main").get_by_role("list").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Retour")).to_contain_text("2 antwoorden")


def test_what_is_typed_before_the_scripts_are_there_counts(site: Site, visit: Visit) -> None:
    page = visit("", "ada", hurried=True)

    def slow(route: Route) -> None:
        time.sleep(1)
        route.continue_()

    page.route("**/htmx.min.js*", slow)
    page.goto("/settings/canned", wait_until="commit")
    page.get_by_label("Zoeken").fill("dag")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    site.write(lambda session: shop_settings.record(session, "hours", before=None, after=1, by="ada"))
    site.write(lambda session: shop_settings.record(session, "wait_limit", before=None, after=60, by="ada"))
    page.goto("/settings/history", wait_until="commit")
    page.get_by_label("Wat er veranderde").select_option("Langste wachttijd")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    page.goto("/settings/canned/new", wait_until="commit")
    page.get_by_label("Tekst").fill("{klant}, dank je")
    expect(page.get_by_role("region", name="Zo komt het in het antwoord")).to_contain_text("Marieke, dank je")


def test_a_list_that_is_open_outlives_a_new_box(site: Site, visit: Visit) -> None:
    customer = site.customer("hier komt zo een nieuw antwoordveld")
    page = visit(f"/desk/{customer.id}", "noor")
    take(page)
    box = page.get_by_label("Je antwoord")
    box.press_sequentially("/pak")
    expect(options(page)).to_have_count(1)
    late = f"/desk/{customer.id}/new?after=2&mode=free&promise="
    read = "late => htmx.ajax('GET', late, { target: '#rows', swap: 'beforeend' })"
    page.evaluate("document.getElementById('text').mine = true")
    page.evaluate(read, late)  # what began before the conversation was taken draws nothing that is there already
    assert page.evaluate("document.getElementById('text').mine")
    page.evaluate("document.getElementById('composer').dataset.mode = 'free'")
    page.evaluate(read, late)  # else the box is put anew
    assert not page.evaluate("document.getElementById('text').mine")
    expect(box).to_have_value("/pak")
    page.wait_for_load_state("networkidle")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(box).to_have_value("Bestelling {bestelnummer} komt {dag} tussen {van}.")
