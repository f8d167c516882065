"""The widget on the real app: the demo shop's page, the real API, the real socket; only Rasa is played."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session, col, select
from websockets.sync.client import connect

from handoff import conversations, shop_settings
from handoff.desk_models import Promise
from handoff.hours import Hours
from handoff.models import Conversation
from tests.handoff.pictures import from_a_camera
from tests.pages.site import PASSWORD, Site, running

from .hand import Hand
from .script import ROOT

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


def agent(site: Site) -> httpx.Client:
    noor = site.client()
    noor.headers["Origin"] = site.address
    noor.post("/api/v1/login", json={"email": "noor@shop.example", "password": PASSWORD}).raise_for_status()
    return noor


def taken(site: Site, hand: Hand) -> tuple[httpx.Client, str]:
    """Noor, and the path of this conversation, which is hers now."""
    expect(hand.button("Terug naar de chatbot")).to_be_visible()
    noor = agent(site)
    conversation_id = hand.page.evaluate("JSON.parse(localStorage['rechtdoor::talk']).id")
    path = f"/api/v1/desk/conversations/{conversation_id}"
    noor.post(f"{path}/claim").raise_for_status()
    expect(hand.panel).to_contain_text("Je praat met Noor")
    return noor, path


@pytest.fixture
def mails(site: Site) -> Iterator[None]:
    """A shop that can mail; nobody takes the mails in."""
    before = site.it.settings
    site.it.settings = before.model_copy(
        update={"smtp_url": "smtp://127.0.0.1:9?tls=none", "mail_from": "hallo@lantaarn.example"}
    )
    yield
    site.it.settings = before


@pytest.fixture
def shut(site: Site) -> Iterator[None]:
    """A shop that is closed today, and open every day from the day after tomorrow."""

    def change(value: object) -> None:
        def act(session: Session) -> None:
            revision = shop_settings.hours_document(session).revision
            shop_settings.change_hours(session, Hours.model_validate(value), revision=revision, by="ada")

        site.write(act)

    today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
    days = [{"date": today + timedelta(days=n), "name": "Inventaris"} for n in (0, 1)]
    before = site.write(lambda session: shop_settings.hours(session).model_dump())
    change({"zone": "Europe/Amsterdam", "week": [[{"opens": "9:00", "closes": "17:00"}]] * 7, "holidays": days})
    yield
    change(before)


def test_script_and_both_languages_are_served_in_at_most_15_kb(site: Site) -> None:
    size = 0
    for path in ("/widget.js", "/api/v1/texts?language=nl", "/api/v1/texts?language=en"):
        answer = site.client().get(path, headers={"Accept-Encoding": "gzip"}).raise_for_status()
        assert answer.headers["Content-Encoding"] == "gzip"
        size += answer.num_bytes_downloaded
    assert size <= 15_000


def test_the_script_is_served_compressed_or_plain_and_is_the_same(site: Site) -> None:
    client = site.client()
    packed, plain = (client.get("/widget.js", headers={"Accept-Encoding": how}) for how in ("br, gzip", "identity"))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content == (ROOT / "handoff/static/widget.js").read_bytes()
    assert packed.num_bytes_downloaded == (ROOT / "handoff/static/widget.js.gz").stat().st_size
    for answer in (packed, plain):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Content-Type"].startswith("text/javascript")
    assert packed.headers["ETag"] != plain.headers["ETag"]


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
    noor = agent(site)
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


def test_after_hours_an_address_is_left_for_later(page: Page, site: Site, shut: None, mails: None) -> None:
    hand = Hand(page).open()
    hand.type("de pincode is weggekrast")
    for choice in ("Ik blijf wachten", "Terug naar de chatbot"):
        expect(hand.button(choice)).to_be_visible()
    hand.button("Later antwoord, per mail of telefoon").click()
    form = page.get_by_role("dialog", name="Later antwoord, per mail of telefoon")
    how = form.get_by_role("radio")
    expect(how.first).to_be_checked()
    expect(how.first).to_have_accessible_name(re.compile(r"^Antwoord \w+ \d+ \w+, voor \d+:\d\d$"))
    expect(how.nth(1)).to_have_accessible_name(re.compile(r"^Bel mij \w+ \d+ \w+ tussen \d+:\d\d en \d+:\d\d$"))
    email = form.get_by_label("Je e-mailadres")
    email.fill("klant@example.org")
    email.press("Enter")
    expect(form).to_have_count(0)
    words = re.compile(r"^Je krijgt antwoord: uiterlijk .+ Je hoeft niet te wachten\.$")
    expect(hand.log.get_by_text(words)).to_be_visible()
    expect(page.get_by_text(words)).to_have_count(2)
    expect(hand.button("Later antwoord, per mail of telefoon")).to_have_count(0)

    def left(session: Session) -> list[tuple[str, str | None, str]]:
        query = select(Promise, Conversation).join(Conversation).where(col(Promise.dropped_at).is_(None))
        return [(p.kind, c.customer_email, c.owner) for p, c in session.exec(query).all()]

    assert site.write(left) == [("answer", "klant@example.org", "bot")]
    site.bot.says = [ANSWER]
    hand.type("hoe kan ik retourneren")
    expect(page.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()


def test_an_agents_promise_is_shown_live_asks_for_an_address_and_is_kept(page: Page, site: Site, mails: None) -> None:
    hand = Hand(page).open()
    hand.type("wat zit er in de lijm van lamp Boog?")
    noor, path = taken(site, hand)
    due = (datetime.now().astimezone() + timedelta(days=2)).isoformat()
    made = noor.post(f"{path}/promises", json={"client_id": "p1", "due_at": due}).raise_for_status().json()
    words = re.compile(r"^Noor zoekt het uit en laat het je weten: uiterlijk .+\.$")
    expect(page.get_by_text(words)).to_have_count(2)
    hand.button("Vul je e-mailadres in").click()
    field = page.get_by_role("dialog", name="Je e-mailadres").get_by_role("textbox")
    field.fill("klant@example.org")
    field.press("Enter")
    expect(hand.button("Vul je e-mailadres in")).to_have_count(0)
    expect(hand.box).to_be_focused()
    noor.post(f"/api/v1/desk/promises/{made['id']}/keep").raise_for_status()
    hand.sees("Zoals beloofd heeft Noor het voor je uitgezocht.")
    expect(page.get_by_text(words)).to_have_count(1)


def test_a_photo_signs_of_life_and_a_hidden_message(page: Page, site: Site, tmp_path: Path) -> None:
    hand = Hand(page).open()
    hand.type("medewerker, mijn pin is 1234")
    noor, path = taken(site, hand)
    photo = tmp_path / "bon.jpg"
    photo.write_bytes(from_a_camera())
    with page.expect_file_chooser() as chooser:
        hand.button("Foto of bestand versturen").click()
    chooser.value.set_files(photo)
    picture = hand.log.get_by_role("img", name="bon.jpg")
    expect(picture).to_be_visible()
    hand.until(lambda: bool(picture.evaluate("e => e.complete && e.naturalWidth")))
    hand.box.fill("nog iets")
    hand.box.press("Enter")
    hand.sees("nog iets")
    conversation_id = path.rpartition("/")[2]

    def rows(session: Session) -> list[tuple[int, str]]:
        return [(m.seq, m.text) for m in conversations.messages_after(session, conversation_id)]

    hand.until(lambda: site.write(rows)[-1][1] == "nog iets")
    seqs = [seq for seq, _ in site.write(rows)]
    cookies = "; ".join(f"{name}={value}" for name, value in noor.cookies.items())
    headers = {"Cookie": cookies, "Origin": site.address}
    with connect(f"{site.address.replace('http', 'ws', 1)}/api/v1/desk/live", additional_headers=headers) as desk:
        assert json.loads(desk.recv())["event"] == "ready"
        desk.send(json.dumps({"looking": conversation_id}))
        desk.send(json.dumps({"seen": {"conversation": conversation_id, "seq": seqs[-1]}}))
        expect(hand.log.get_by_text("Gezien")).to_be_visible()
        desk.send(json.dumps({"typing": conversation_id}))
        hand.told("Noor typt …")
        page.wait_for_timeout(3100)  # it is told every 3 s at most, and "nog iets" was typed just now
        hand.box.press_sequentially("en ik")
        hand.until(lambda: json.loads(desk.recv(timeout=5))["event"] == "typing")
    noor.post(f"{path}/messages/{seqs[0]}/hide").raise_for_status()
    hand.sees("Bericht verborgen")
    hand.sees_not("medewerker, mijn pin is 1234")
