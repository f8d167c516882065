"""Looking after entries, in a browser: revert with undo, the next look by keyboard, lists worked off, and every page
accessible in both schemes and fit for a phone."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from handoff.desk_models import Report
from handoff.editor_models import EntryDay
from handoff.models import Person
from kb import checks
from kb.drafts import EntryDraft
from kb.entries import change_entry, create_entry, get_entry
from tests.browser import axe

from .conftest import Visit
from .site import Site

pytestmark = pytest.mark.browser
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
OLD = "Je kunt een cadeaubon in elke winkel inleveren.\n\n- Neem de **bon** mee.\n- Je krijgt 10 euro.\n- Tot ziens."
NEW = "Je kunt een cadeaubon in elke winkel of online inleveren.\n\n- Neem de **bon** mee.\n- Je krijgt 25 euro terug."


def fill(session: Session) -> None:
    """Entries for each list, with a history."""
    today, at = checks.today(), datetime.combine(checks.today(), time(), UTC)
    for key, question in (
        ("late", "Kan ik een cadeaubon inleveren?"), ("soon", "Hoeveel kost verzenden naar België?"),
        ("no-help", "Waarom werkt mijn kortingscode niet?"), ("idle", f"Verkopen jullie {LONG}?"),
    ):  # fmt: skip
        create_entry(session, EntryDraft(key=key, question=question, answer=OLD, phrasings=["eerste vorm"]), "els")
    change = {"answer": NEW, "topic": "gift-cards", "phrasings": ["eerste vorm", "bon terugbrengen"]}
    change_entry(session, "late", "nl", change, None, "ada@shop.example")
    for key, fields in (
        ("late", {"review_at": at - timedelta(days=4)}), ("soon", {"review_at": at + timedelta(days=9)}),
        ("idle", {"changed_at": at - timedelta(days=200)}),
    ):  # fmt: skip
        get_entry(session, key, "nl").sqlmodel_update(fields)
    day = today - timedelta(days=2)
    session.add(EntryDay(entry_key="no-help", language="nl", day=day, answered=31, rejected=14, views=40))
    noor = session.exec(select(Person).where(Person.role == "agent")).first()
    assert noor is not None
    session.add(Report(entry_key="no-help", language="nl", by_id=noor.id or 0, reason="wrong", words=f"Fout: {LONG}"))


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    """The site with something in every list."""
    site.write(fill)
    return site


def region(page: Page, name: str) -> object:
    return page.get_by_role("region", name=re.compile(name))


def test_revert_in_one_click_and_undo(filled: Site, visit: Visit) -> None:
    page = visit("/review/entries/late/nl/history", "els")
    newest = page.get_by_role("listitem").filter(has_text="ada@shop.example")
    expect(newest.get_by_role("insertion").filter(has_text="of online")).to_be_visible()
    expect(newest.get_by_role("deletion").filter(has_text="- Tot ziens.")).to_be_visible()
    page.get_by_role("link", name="Vergelijk versie 1 met nu").click()
    expect(page.get_by_role("insertion").filter(has_text="10")).to_be_visible()
    page.get_by_role("button", name="Zet versie 1 terug").click()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value(OLD)
    page.get_by_role("status").get_by_role("button", name="Ongedaan maken").click()
    expect(page.get_by_role("status").get_by_text("Teruggezet.")).to_be_visible()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value(NEW)
    expect(page.get_by_label("Zo vragen mensen het ook")).to_have_value("eerste vorm\nbon terugbrengen")


def test_the_next_look_by_keyboard_loses_nothing_that_was_typed(filled: Site, visit: Visit) -> None:
    page = visit("/review/entries/soon/nl", "els")
    page.get_by_label("Antwoord", exact=True).fill("Half af en nog niet bewaard.")
    again = page.get_by_role("region", name="Weer nakijken")
    again.get_by_role("button", name="Klopt nog").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(again.get_by_role("button", name="Over 12 maanden")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("De datum staat.")).to_be_visible()
    year = checks.in_months(checks.today(), 12).year
    expect(again.get_by_text(re.compile(rf"^Op \d+ \w+ {year}\.$"))).to_be_visible()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("Half af en nog niet bewaard.")
    page.get_by_role("status").get_by_role("button", name="Ongedaan maken").press("Enter")
    expect(page.get_by_role("status").get_by_text("Ongedaan gemaakt.")).to_be_visible()
    again.get_by_label("Of op een dag").fill("2020-01-01")
    again.get_by_role("button", name="Zet de datum").press("Enter")
    expect(again.get_by_role("alert").filter(has_text="Kies een dag vanaf morgen")).to_be_visible()
    expect(again.get_by_label("Of op een dag")).to_be_focused()
    expect(again.get_by_label("Of op een dag")).to_have_value("2020-01-01")


def test_the_lists_are_worked_off_by_keyboard_and_undone(filled: Site, visit: Visit) -> None:
    page = visit("/review", "els")
    page.get_by_role("link", name=re.compile("Onderhoud")).click()
    page.wait_for_load_state()  # before its scripts are there a form is sent as a page, and no focus is kept
    due = page.get_by_role("region", name=re.compile("Weer nakijken"))
    expect(due.get_by_text("Te laat")).to_have_count(1)
    right = page.get_by_role("button", name=re.compile("Klopt nog, .*Kan ik een cadeaubon"))
    right.focus()
    page.keyboard.press("Enter")
    expect(due.get_by_role("link", name="Kan ik een cadeaubon inleveren?")).to_have_count(0)
    expect(due.get_by_role("button", name=re.compile("België"))).to_be_focused()
    expect(page.get_by_role("status").get_by_text("Klopt nog. Over 6 maanden")).to_be_visible()
    page.get_by_role("status").get_by_role("button", name="Ongedaan maken").press("Enter")
    expect(due.get_by_role("link", name="Kan ik een cadeaubon inleveren?")).to_be_visible()
    often = page.get_by_role("region", name=re.compile("Vaak afgewezen"))
    expect(often.get_by_text("14 van de 31 keer")).to_be_visible()
    idle = page.get_by_role("region", name=re.compile("Niemand heeft dit nodig"))
    idle.get_by_role("button", name=re.compile("^Intrekken")).press("Enter")
    expect(idle.get_by_text("Elk antwoord wordt gebruikt")).to_be_visible()
    expect(idle.get_by_role("heading", name=re.compile("Niemand heeft dit nodig"))).to_be_focused()
    page.get_by_role("status").get_by_role("button", name="Ongedaan maken").last.press("Enter")
    expect(page.get_by_role("status").get_by_text("De bot geeft dit antwoord weer.")).to_be_visible()


PAGES = (
    "/review/care", "/review/care?only=rejected", "/review/care?days=365",
    "/review/entries/late/nl", "/review/entries/late/nl/history", "/review/entries/late/nl/history/1",
)  # fmt: skip


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(filled: Site, visit: Visit, dark: bool) -> None:
    for phone in (False, True):
        page = visit("/review/care", "els", phone=phone, dark=dark)
        for path in PAGES:
            page.goto(path)
            found = axe(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path
