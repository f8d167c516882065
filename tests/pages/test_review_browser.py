"""The editors' pages: from an unanswered question to an answer the bot gives, and everything that can go wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .site import PASSWORD, Site

pytestmark = pytest.mark.browser


def open_group(page: Page, title: str) -> None:
    page.goto("/review")
    page.get_by_role("link", name=re.compile(title)).click()


def ask(site: Site, text: str) -> dict[str, object]:
    client = site.client()
    client.post("/api/v1/login", json={"email": "els@shop.example", "password": PASSWORD}).raise_for_status()
    found = client.get("/api/v1/kb/ask", params={"text": text, "language": "nl"}).raise_for_status()
    return dict(found.json())


def test_an_approved_answer_is_the_bots_answer_at_once(site: Site, visit: Visit) -> None:
    site.customer("is de vloerlamp boog er ook in mosgroen")
    page = visit("/review", "els")
    open_group(page, "vloerlamp boog")
    expect(page.get_by_role("listitem").filter(has_text="vloerlamp boog").first).to_be_visible()
    page.get_by_label("Vraag", exact=True).fill("Is de vloerlamp Boog er in mosgroen?")
    page.get_by_label("Antwoord", exact=True).fill("Ja, in **mosgroen**.\n\n<b>niet vet</b>")
    preview = page.get_by_role("region", name="Zo ziet de klant het")
    expect(preview.get_by_role("strong")).to_have_text("mosgroen")
    expect(preview.get_by_text("<b>niet vet</b>")).to_be_visible()
    page.get_by_role("button", name="Goedkeuren").click()
    expect(page.get_by_role("status").get_by_text("Goedgekeurd.")).to_be_visible()
    assert ask(site, "vloerlamp boog in mosgroen?")["verdict"] == "answer"
    expect(page.get_by_text("Ja, in mosgroen.")).to_be_visible()
    page.get_by_role("button", name="Heropenen").click()
    expect(page.get_by_role("status").get_by_text("De vraag staat weer open.")).to_be_visible()
    expect(page.get_by_role("button", name="Goedkeuren")).to_be_visible()


def test_dismissing_needs_a_reason_and_can_be_undone(site: Site, visit: Visit) -> None:
    site.customer("verkopen jullie ook tweedehands fietsen of brommers")
    page = visit("/review", "els")
    open_group(page, "tweedehands fietsen")
    page.get_by_text("Geen antwoord nodig?").click()
    why = page.get_by_label("Waarom leg je dit weg?")
    why.fill("   ")
    page.get_by_role("button", name="Wegleggen").click()
    expect(page.get_by_role("alert").filter(has_text="Zeg waarom")).to_be_visible()
    why.fill("Dat verkopen we niet.")
    page.get_by_role("button", name="Wegleggen").click()
    expect(page.get_by_role("link", name=re.compile("tweedehands fietsen"))).to_have_count(0)
    page.get_by_role("button", name="Ongedaan maken").click()
    expect(page.get_by_role("heading", name=re.compile("tweedehands fietsen"))).to_be_visible()
    expect(page.get_by_role("button", name="Goedkeuren")).to_be_visible()


def test_a_question_is_added_to_the_entry_that_is_there(site: Site, visit: Visit) -> None:
    site.customer("me bon is zoek geraakt bij het verhuizen")
    page = visit("/review", "els")
    open_group(page, "zoek geraakt")
    page.get_by_role("button", name="Dit is dezelfde vraag: Ik ben mijn cadeaubon kwijt. Wat nu?").click()
    expect(page.get_by_role("status").get_by_text("Toegevoegd.")).to_be_visible()
    page.goto("/review/entries/gift-card-lost/nl")
    expect(page.get_by_label("Zo vragen mensen het ook")).to_have_value(re.compile("zoek geraakt"))


def test_a_colleague_was_first_and_nothing_typed_is_lost(site: Site, visit: Visit) -> None:
    site.customer("kan ik mijn oude koffiezetapparaat bij jullie inleveren")
    els, ada = visit("/review", "els"), visit("/review", "ada")
    open_group(els, "koffiezetapparaat")
    open_group(ada, "koffiezetapparaat")
    for page, answer in ((ada, "Ja, in elke winkel."), (els, "Mijn eigen antwoord.")):
        page.get_by_label("Antwoord", exact=True).fill(answer)
        page.get_by_role("button", name="Goedkeuren").click()
    expect(els.get_by_role("alert").filter(has_text="Nu goedgekeurd door ada@shop.example.")).to_be_visible()
    expect(els.get_by_text("Ja, in elke winkel.")).to_be_visible()
    expect(els.get_by_label("Wat jij typte")).to_have_value("Mijn eigen antwoord.")


def test_a_question_that_comes_in_meanwhile_costs_nothing(site: Site, visit: Visit) -> None:
    site.customer("hoe maak ik een matglazen kap schoon zonder krassen")
    page = visit("/review", "els")
    open_group(page, "matglazen kap")
    page.get_by_label("Antwoord", exact=True).fill("Met lauw water.")
    site.customer("hoe maak ik een matglazen kap schoon zonder krassen?")
    page.get_by_role("button", name="Goedkeuren").click()
    expect(page.get_by_role("alert").filter(has_text="2 keer gevraagd")).to_be_visible()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("Met lauw water.")
    page.get_by_role("button", name="Toch goedkeuren").click()
    expect(page.get_by_role("status").get_by_text("Goedgekeurd.")).to_be_visible()


def test_agents_replies_become_the_draft(site: Site, visit: Visit) -> None:
    customer = site.customer("kunnen jullie een prikbord op maat zagen")
    agent = site.client()
    agent.post("/api/v1/login", json={"email": "noor@shop.example", "password": PASSWORD}).raise_for_status()
    agent.post(f"/api/v1/desk/conversations/{customer.id}/claim").raise_for_status()
    reply = {"client_id": "r1", "text": "Nee, alleen op vaste maten."}
    agent.post(f"/api/v1/desk/conversations/{customer.id}/messages", json=reply).raise_for_status()
    page = visit("/review", "els")
    open_group(page, "prikbord")
    page.get_by_role("button", name="Gebruik als antwoord").click()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("Nee, alleen op vaste maten.")
    expect(page.get_by_role("region", name="Zo ziet de klant het")).to_contain_text("vaste maten")


def test_an_entry_is_made_found_changed_withdrawn_and_put_back(site: Site, visit: Visit) -> None:
    page = visit("/review/entries", "els")
    page.get_by_role("link", name="Nieuw antwoord").click()
    page.get_by_label("Vraag", exact=True).fill("Kan ik een lamp laten repareren?")
    page.get_by_label("Antwoord", exact=True).fill("Ja, altijd.")
    page.get_by_label("Zo vragen mensen het ook").fill("lamp stuk\n\n  lamp maken  \nlamp stuk")
    page.get_by_role("button", name="Maken").click()
    expect(page.get_by_role("status").get_by_text("Gemaakt.")).to_be_visible()
    expect(page.get_by_label("Zo vragen mensen het ook")).to_have_value("lamp stuk\nlamp maken")
    page.get_by_label("Antwoord", exact=True).fill("Ja, vijf jaar lang.")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    page.get_by_role("button", name="Intrekken").click()
    expect(page.get_by_role("status").get_by_text("Ingetrokken.")).to_be_visible()
    page.get_by_role("button", name="Ongedaan maken").click()
    page.get_by_role("link", name="Geschiedenis").click()
    changed = page.get_by_role("listitem").filter(has_text="vijf jaar lang.")
    expect(changed.get_by_role("deletion")).to_have_text("altijd.")
    page.get_by_role("button", name="Zet versie 1 terug").click()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("Ja, altijd.")


def test_searching_filters_as_one_types(site: Site, visit: Visit) -> None:
    page = visit("/review/entries", "els")
    page.get_by_label("Zoeken").press_sequentially("zebra")
    expect(page.get_by_role("link", name=re.compile("Hoe lang duurt"))).to_have_count(0)
    expect(page.get_by_text("Niets gevonden")).to_be_visible()
    page.get_by_label("Zoeken").fill("levertijd")
    expect(page.get_by_role("link", name=re.compile("Hoe lang duurt de levering"))).to_be_visible()
    page.get_by_label("Zoeken").fill("")
    page.get_by_role("combobox", name="Taal").select_option("Engels")
    expect(page.get_by_role("link", name=re.compile("Ik ben mijn cadeaubon kwijt"))).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("I lost my gift card"))).to_be_visible()
    assert "in=en" in page.url


def test_a_stale_entry_shows_what_changed_and_keeps_what_was_typed(site: Site, visit: Visit) -> None:
    els, ada = (visit("/review/entries/delivery-time/nl", who) for who in ("els", "ada"))
    ada.get_by_label("Antwoord", exact=True).fill("Meestal 2 à 3 werkdagen.")
    ada.get_by_role("button", name="Bewaren").click()
    expect(ada.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    els.get_by_label("Zo vragen mensen het ook").fill("levertijd\nwaar blijft het")
    els.get_by_role("button", name="Bewaren").click()
    stale = els.get_by_role("alert").filter(has_text="ada@shop.example heeft dit net veranderd")
    expect(stale.get_by_role("deletion").first).to_have_text("1")
    expect(stale.get_by_role("insertion").first).to_have_text("2")
    expect(els.get_by_label("Zo vragen mensen het ook")).to_have_value("levertijd\nwaar blijft het")
    els.get_by_role("button", name="Toch bewaren").click()
    expect(els.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()


def test_odd_texts_are_shown_as_text(site: Site, visit: Visit) -> None:
    odd = "<script>alert(\"x\")</script> 🎁 مرحبا 'quoted'"
    page = visit("/review/entries/new", "els")
    page.get_by_label("Vraag", exact=True).fill(odd)
    page.get_by_label("Antwoord", exact=True).fill("[klik](javascript:alert(1)) " + odd)
    page.get_by_role("button", name="Maken").click()
    expect(page.get_by_role("heading", name=odd)).to_be_visible()
    preview = page.get_by_role("region", name="Zo ziet de klant het")
    expect(preview).to_contain_text(odd.replace("'", "'"))
    expect(preview.get_by_role("link")).to_have_count(0)


def test_leaving_with_unsaved_words_asks_first(site: Site, visit: Visit) -> None:
    page = visit("/review/entries/return-how/nl", "els")
    page.get_by_label("Antwoord", exact=True).fill("half af")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Nieuwe vragen").click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("half af")
