"""Asking a colleague in a note: two agents and a customer, who never sees any of it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session

from handoff import mentions
from handoff.desk_models import Mention
from handoff.models import Person
from tests.browser import axe

from .conftest import Visit
from .site import Site
from .test_canned_browser import fits, serious
from .test_desk_browser import log, take
from .test_desk_team_browser import everything_of, id_of, note_box

pytestmark = pytest.mark.browser
SECRET = "geheim: mag dit <b>gratis</b> terug? 🤫"


@pytest.fixture(autouse=True)
def _nothing_asked(site: Site) -> None:
    def empty(session: Session) -> None:
        session.execute(Mention.__table__.delete())  # type: ignore[attr-defined]

    site.write(empty)


def asked(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("^Gevraagd"))


def test_a_colleague_is_asked_and_answers_in_place(site: Site, visit: Visit) -> None:
    customer = site.customer("mag de kapotte lamp terug", identity={"name": "Anna"})
    sam = visit("/desk", "sam")
    noor = visit(f"/desk/{customer.id}", "noor")
    take(noor)
    noor.get_by_role("button", name="Notitie n").click()
    noor.keyboard.type("@s")
    people = noor.get_by_role("listbox", name="Collega's").get_by_role("option")
    expect(people.filter(has_text="Sam Peeters")).to_contain_text("is er")
    expect(people.filter(has_text="Els Vos")).to_have_count(0)  # an editor is not at the desk
    assert serious(noor) == []
    noor.keyboard.type("am")
    noor.keyboard.press("Enter")
    expect(note_box(noor)).to_have_value("@Sam Peeters ")
    noor.keyboard.type(SECRET)
    noor.keyboard.press("Control+Enter")
    expect(log(noor).get_by_text(SECRET)).to_be_visible()

    told = sam.get_by_role("status").get_by_text(f"Noor Bakker vraagt je: {SECRET}")
    expect(told).to_have_count(1)
    expect(asked(sam)).to_contain_text("Noor Bakker vraagt je · Anna")
    assert serious(sam) == []
    asked(sam).get_by_role("link").click()
    quoted = sam.get_by_role("region", name="Noor Bakker vraagt je")
    expect(quoted).to_contain_text(SECRET)
    expect(note_box(sam)).to_be_focused()
    expect(sam.get_by_label("Je antwoord", exact=True)).to_have_count(0)  # to the customer Noor answers
    assert serious(sam) == []
    sam.keyboard.type("ja, geheim: gewoon doen")
    sam.keyboard.press("Control+Enter")
    expect(log(sam).get_by_text("gewoon doen")).to_be_visible()
    expect(quoted).to_have_count(0)
    expect(asked(sam)).to_have_count(0)

    expect(noor.get_by_role("status").get_by_text("Sam Peeters antwoordt: ja, geheim: gewoon doen")).to_have_count(1)
    expect(asked(noor)).to_contain_text("Antwoord van Sam Peeters")
    noor.get_by_role("button", name="Notitie n").click()
    box = noor.get_by_label("Je antwoord")
    box.fill("@Sam Peeters hoort erbij: dit is een antwoord")  # in a reply an @ asks nobody
    box.press("Control+Enter")
    expect(noor.get_by_role("alert").filter(has_text="je noemt een collega")).to_be_visible()
    assert "hoort erbij" not in everything_of(customer)
    box.press("Control+Enter")
    expect(log(noor).get_by_text("hoort erbij")).to_be_visible()
    expect(asked(noor)).to_have_count(0)  # she went on
    assert "geheim" not in everything_of(customer)
    assert site.write(lambda s: mentions.open_for(s, id_of(site, "sam"))) == []


def test_who_does_not_know_passes_and_nothing_is_told_twice(site: Site, visit: Visit) -> None:
    customer = site.customer("een vraag die niemand weet")
    noor = visit(f"/desk/{customer.id}", "noor")
    sam = visit(f"/desk/{customer.id}", "sam")
    take(noor)
    noor.get_by_role("button", name="Notitie n").click()
    note_box(noor).fill("@Sam Peeters @Ada Smit weten jullie dit?")  # by hand, without the list
    note_box(noor).press("Control+Enter")
    quoted = sam.get_by_role("region", name="Noor Bakker vraagt je")
    expect(quoted).to_be_visible()  # though the conversation was open already
    told = sam.get_by_role("status").get_by_text("Noor Bakker vraagt je")
    expect(told).to_have_count(1)
    sam.reload()
    expect(quoted).to_be_visible()
    expect(note_box(sam)).to_be_visible()
    expect(told).to_have_count(0)
    quoted.get_by_role("button", name="Weet ik niet").click()
    expect(quoted).to_have_count(0)
    expect(asked(sam)).to_have_count(0)
    expect(asked(noor)).to_contain_text("Sam Peeters weet het ook niet")
    assert len(site.write(lambda s: mentions.open_for(s, id_of(site, "ada")))) == 1


def test_on_a_phone_in_english(site: Site, visit: Visit) -> None:
    customer = site.customer("telefoonvraag " + "lang" * 40)

    noor_id, sam_id = id_of(site, "noor"), id_of(site, "sam")

    def put(session: Session) -> None:
        noor = session.get_one(Person, noor_id)
        mentions.note(session, customer.id, noor, "n1", "Donaudampfschifffahrt" * 12, [sam_id])

    site.write(put)
    page = visit("/desk", "sam", phone=True, dark=True, lang="en")
    section = page.get_by_role("region", name=re.compile("^Asked"))
    expect(section).to_be_visible()
    fits(page)
    section.get_by_role("link").click()
    expect(page.get_by_role("region", name="Noor Bakker asks you")).to_be_visible()
    fits(page)
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
