"""The widget on the real app: the demo shop's page, the real API, the real socket; only Rasa is played."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.site import PASSWORD, Site, running

from .hand import Hand

pytestmark = pytest.mark.browser
ANSWER = {"act": "answer"}


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("widget")
    shutil.copy(migrated_sqlite, folder / "site.db")
    with running(f"sqlite:///{folder / 'site.db'}", cache_dir, folder) as site:
        yield site


@pytest.fixture
def page(site: Site, chromium: Browser) -> Iterator[Page]:
    site.bot.says = None
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.goto(site.address)
    yield page
    context.close()
    assert wrong == []


def test_a_question_is_answered_and_helped(page: Page, site: Site) -> None:
    site.bot.says = [ANSWER]
    hand = Hand(page).open()
    hand.type("hoe kan ik retourneren")
    expect(hand.log.get_by_role("link", name="je account")).to_have_attribute("target", "_blank")
    site.bot.says = [{"act": "say", "key": "helped"}]
    page.get_by_role("group", name="Heeft dit geholpen?").get_by_role("button", name="Ja").click()
    hand.sees("Ja, dat hielp")
    hand.sees("Fijn! Heb je nog een vraag, typ hem gerust.")


def test_a_choice_is_answered(page: Page, site: Site) -> None:
    site.bot.says = [{"act": "clarify"}]
    hand = Hand(page).open()
    hand.type("iets met mijn cadeaubon")
    options = page.get_by_role("group", name="Kies wat je bedoelt").get_by_role("button")
    expect(options.last).to_have_text("Geen van deze")
    site.bot.says = [ANSWER]
    words = options.first.inner_text()
    options.first.click()
    expect(page.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()
    hand.sees(words, times=2)


def test_a_person_comes_and_goes(page: Page, site: Site) -> None:
    hand = Hand(page).open()
    hand.type("de pincode is weggekrast")
    hand.sees(
        "Dat weet ik niet. Ik haal er meteen iemand bij, die je vraag al kent. "
        "We kunnen nog niet zeggen hoe lang het duurt."
    )
    hand.told("Je bent als eerste aan de beurt.")
    noor = site.client()
    noor.post("/api/v1/login", json={"email": "noor@shop.example", "password": PASSWORD}).raise_for_status()
    (waiting,) = noor.get("/api/v1/desk/queue").raise_for_status().json()["waiting"]
    path = f"/api/v1/desk/conversations/{waiting['id']}"
    own = {"Origin": site.address}
    noor.post(f"{path}/claim", headers=own).raise_for_status()
    expect(hand.log.get_by_text(re.compile(r"^Noor\b.* helpt je verder.$"))).to_be_visible()
    expect(hand.panel).to_contain_text("Je praat met Noor")
    answer = {"client_id": "a1", "text": "Stuur een **foto**"}
    noor.post(f"{path}/messages", json=answer, headers=own).raise_for_status()
    expect(hand.log.get_by_text("foto", exact=True)).to_be_visible()
    noor.post(f"{path}/close", json={}, headers=own).raise_for_status()
    hand.sees("Dit gesprek is afgelopen. Typ een bericht en we gaan verder.")
    page.reload()
    expect(hand.log.get_by_text(re.compile(r"^Noor\b.* helpt je verder.$"))).to_be_visible()
    hand.type("nog iets")
    hand.sees("We gaan verder waar we waren.")


def test_leaving_the_queue(page: Page, site: Site) -> None:
    hand = Hand(page).open()
    hand.type("medewerker")
    hand.button("Terug naar de chatbot").click()
    hand.button("Ja, terug").click()
    hand.sees("Je bent uit de rij en praat weer met de chatbot.")
    expect(hand.button("Terug naar de chatbot")).to_have_count(0)
    hand.button("Gesprek beëindigen").click()
    hand.button("Ja, beëindigen").click()
    hand.sees("Dit gesprek is afgelopen. Typ een bericht en we gaan verder.")
