"""The ends of a conversation on the real app: rated, mailed, and gone on with on another device."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session, select

from handoff.editor_models import Rating
from handoff.models import Conversation, Mail
from tests.pages.site import PASSWORD, Site, running

from .hand import Hand

pytestmark = pytest.mark.browser
SECRET = "a" * 32
RATE = "Zou je ons aanraden? 0 is nee, 10 is zeker."


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("endings")
    shutil.copy(migrated_sqlite, folder / "site.db")
    with running(f"sqlite:///{folder / 'site.db'}", cache_dir, folder) as site:
        site.it.settings = site.it.settings.model_copy(
            update={
                "identity_secret": SECRET,
                "smtp_url": "smtp://127.0.0.1:9?tls=none",  # nobody takes the mails in
                "mail_from": "hallo@lantaarn.example",
            }
        )
        yield site


def opened(site: Site, chromium: Browser) -> Hand:
    site.bot.says = None
    page = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce").new_page()
    page.goto(site.address)
    return Hand(page).open()


@pytest.fixture
def hand(site: Site, chromium: Browser) -> Iterator[Hand]:
    hand = opened(site, chromium)
    wrong: list[str] = []
    hand.page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    hand.page.on("pageerror", lambda e: wrong.append(str(e)))
    yield hand
    hand.page.context.close()
    assert wrong == []


def id_of(page: Page) -> str:
    return str(page.evaluate("JSON.parse(localStorage['rechtdoor::talk']).id"))


def closed_by_an_agent(site: Site, hand: Hand) -> str:
    hand.type("de pincode is weggekrast")
    expect(hand.button("Terug naar de chatbot")).to_be_visible()
    noor = site.client()
    noor.headers["Origin"] = site.address
    noor.post("/api/v1/login", json={"email": "noor@shop.example", "password": PASSWORD}).raise_for_status()
    conversation_id = id_of(hand.page)
    path = f"/api/v1/desk/conversations/{conversation_id}"
    noor.post(f"{path}/claim").raise_for_status()
    noor.post(f"{path}/messages", json={"client_id": conversation_id, "text": "Opgelost"}).raise_for_status()
    noor.post(f"{path}/close", json={}).raise_for_status()
    return conversation_id


def rating(site: Site, conversation_id: str) -> tuple[int | None, bool | None, str]:
    def read(session: Session) -> tuple[int | None, bool | None, str]:
        found = session.get(Rating, conversation_id)
        assert found
        return found.score, found.solved, found.words

    return site.write(read)


def test_after_an_agent_closed_it_she_rates_it(site: Site, hand: Hand) -> None:
    conversation_id = closed_by_an_agent(site, hand)
    figures = hand.page.get_by_role("group", name=RATE).get_by_role("radio")
    expect(figures).to_have_count(11)
    send = hand.log.get_by_role("button", name="Versturen")
    figures.nth(10).check()
    hand.page.get_by_role("group", name="Is het opgelost?").get_by_label("Nee").check()
    hand.page.get_by_label("In een paar woorden").fill("bel me op 0470 12 34 56 👋")
    send.click()
    hand.sees("Dank je wel!")
    score, solved, words = rating(site, conversation_id)
    assert (score, solved) == (10, False)
    assert words.endswith("👋")
    assert hand.box.is_visible()


def test_what_the_bot_solved_is_rated_once_she_ends_it(site: Site, chromium: Browser) -> None:
    hand = opened(site, chromium)
    site.bot.says = [{"act": "answer"}]
    hand.type("hoe kan ik retourneren")
    expect(hand.page.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()
    hand.button("Gesprek beëindigen").click()
    hand.button("Ja, beëindigen").click()
    send = hand.log.get_by_role("button", name="Versturen")
    send.click()  # nothing given
    expect(hand.log.get_by_role("alert")).not_to_have_text("")
    hand.page.get_by_role("group", name=RATE).get_by_role("radio").first.check()
    send.click()
    hand.sees("Dank je wel!")
    assert rating(site, id_of(hand.page)) == (0, None, "")
    hand.page.context.close()


def test_the_talk_is_mailed(site: Site, hand: Hand) -> None:
    conversation_id = closed_by_an_agent(site, hand)
    hand.button("Mail me dit gesprek").click()
    box = hand.page.get_by_role("dialog", name="Mail me dit gesprek")
    box.get_by_label("Je e-mailadres").fill("klant@example.org")
    box.get_by_role("button", name="Versturen").click()
    hand.sees("Je krijgt het per mail.")

    def mailed(session: Session) -> list[str]:
        return [m.to for m in session.exec(select(Mail).where(Mail.conversation_id == conversation_id)).all()]

    assert site.write(mailed) == ["klant@example.org"]


def identify(hand: Hand, sub: str, **more: object) -> None:
    claims = {"sub": sub, "exp": int(time.time()) + 600, **more}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    hand.page.evaluate("token => document.querySelector('rechtdoor-chat').identify(token)", token)


def test_her_talk_goes_with_her_to_another_device(site: Site, hand: Hand, chromium: Browser) -> None:
    hand.type("waar blijft mijn lamp")
    expect(hand.button("Terug naar de chatbot")).to_be_visible()
    conversation_id = id_of(hand.page)

    def whose(session: Session) -> str | None:
        found = session.get(Conversation, conversation_id)
        return found.customer_ref if found else None

    assert site.write(whose) is None
    identify(hand, "48213", name="An Peeters")
    hand.until(lambda: site.write(whose) == "48213")
    other = opened(site, chromium)
    identify(other, "48213")
    other.sees("waar blijft mijn lamp")
    other.type("en nu hier")
    hand.sees("en nu hier")
    identify(other, "99999")  # somebody else, on the same device
    other.sees_not("waar blijft mijn lamp")
    identify(other, "48213")
    other.sees("en nu hier")
    other.page.evaluate("document.querySelector('rechtdoor-chat').identify(null)")
    other.sees_not("en nu hier")
    other.page.reload()
    expect(other.box).to_be_visible()
    other.sees_not("en nu hier")
    hand.sees("en nu hier")
    other.page.context.close()


def test_a_token_that_is_refused_is_said_in_plain_words(site: Site, chromium: Browser) -> None:
    hand = opened(site, chromium)
    identify(hand, "48213", exp=1)
    hand.type("hoi")
    why = hand.log.get_by_text("Laad de pagina opnieuw, of log opnieuw in bij de winkel.")
    expect(why).to_be_visible()
    identify(hand, "48213")
    hand.page.context.close()
