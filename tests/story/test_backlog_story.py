"""What nobody could answer gets an answer, and everyone who asked hears it: played in Dutch, with every real part."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.product import Product
from tests.bot.server import require_bot
from tests.browser import unhurried
from tests.handoff.postoffice import Taking, open_office
from tests.story.conftest import Customer, until
from tests.widget.hand import Hand

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
STILL_THERE = "ik heb de helft van de pincode van mijn cadeaukaart weggekrast"
LEFT_HER_ADDRESS = "pincode van de cadeaubon is niet meer leesbaar door krassen"
WENT_AWAY = [
    "te hard gekrast op mijn cadeaubon, nu zie ik de pin niet meer",
    "te hard gekrast met een muntstuk, 2 cijfers van de code zijn foetsie",
    "bij het krassen is de pincode van mijn bon stuk gegaan",
]
SIXTH = "mijn cadeaukaart heeft een kras over de pin, die is onleesbaar"
TITLE = "De pincode van mijn cadeaukaart is weggekrast. Wat nu?"
ANSWER = "Stuur ons een foto van de achterkant. Dan maken we binnen een dag een nieuwe code voor je."
ADDRESS = "klant@example.org"


@pytest.fixture
def post() -> Iterator[tuple[Taking, str]]:
    """A real mail server, and its address."""
    with open_office() as (taking, port):
        yield taking, f"smtp://127.0.0.1:{port}?tls=none"


@pytest.fixture
def product(tmp_path: Path, post: tuple[Taking, str]) -> Iterator[Product]:
    """A product of its own that can mail."""
    require_bot()
    with Product(tmp_path, SMTP_URL=post[1], MAIL_FROM="winkel@example.org") as product:
        yield product


def page_of(product: Product, chromium: Browser) -> Page:
    context = chromium.new_context(
        base_url=product.address, locale="nl", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(30_000)
    return unhurried(context).new_page()


def unanswered(product: Product, text: str) -> Customer:
    customer = Customer(product)
    customer.asks(text)
    until(lambda: customer.owner() == "queue")
    return customer


def editor(product: Product, chromium: Browser) -> Page:
    page = page_of(product, chromium)
    page.goto("/review?language=nl")
    email, password = product.logins()["editor"]
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Wachtwoord").first.fill(password)
    page.get_by_role("button", name="Aanmelden").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def heard(customer: Customer) -> int:
    return sum(ANSWER in str(row) and row["author"] == "bot" for row in customer.rows())


def test_five_ask_one_answers_and_all_five_hear_it(
    product: Product, chromium: Browser, post: tuple[Taking, str]
) -> None:
    there = Hand(page_of(product, chromium))
    there.page.goto("/?language=nl")
    there.open().type(STILL_THERE)
    expect(there.page.get_by_text(re.compile("Je bent als eerste aan de beurt")).first).to_be_visible(timeout=20_000)
    left = unanswered(product, LEFT_HER_ADDRESS)
    leave = {"client_id": "leave", "kind": "answer", "email": ADDRESS}
    left.http.post(f"/conversations/{left.id}/contact", json=leave).raise_for_status()
    until(lambda: len(post[0].taken) == 1)  # an answer is promised to her, which a mail confirms
    away = [unanswered(product, text) for text in WENT_AWAY]

    review = editor(product, chromium)
    group = review.get_by_role("link", name=re.compile("^5× gevraagd"))
    until(lambda: review.reload() and group.count() == 1)
    group.click()
    for text in (STILL_THERE, LEFT_HER_ADDRESS, *WENT_AWAY):
        expect(review.get_by_role("listitem").get_by_text(text).first).to_be_visible()
    review.get_by_label("Vraag", exact=True).fill(TITLE)
    review.get_by_label("Antwoord", exact=True).fill(ANSWER)
    expect(review.get_by_text("5 van 5 vragen worden beantwoord")).to_be_visible()
    expect(review.get_by_text("Geen vraag die nu beantwoord wordt, verandert.")).to_be_visible()
    expect(review.get_by_text("Aan 1 is een antwoord beloofd", exact=False)).to_be_visible()
    review.get_by_role("button", name="Goedkeuren").click()
    expect(review.get_by_role("status").get_by_text("Goedgekeurd.")).to_be_visible()
    expect(review.get_by_text("5 van 5 beantwoord")).to_be_visible()

    sixth = Customer(product)
    assert ANSWER in str(sixth.asks(SIXTH))
    faq = page_of(product, chromium)
    faq.goto("/faq?language=nl")
    faq.get_by_role("searchbox").first.fill("pincode weggekrast")
    faq.get_by_role("searchbox").first.press("Enter")
    expect(faq.get_by_text(TITLE).first).to_be_visible()

    expect(there.log.get_by_text(ANSWER)).to_have_count(1, timeout=60_000)
    until(lambda: len(post[0].taken) == 2, 60)
    until(lambda: all(heard(one) == 1 for one in (left, *away)), 60)
    mail = post[0].taken[1].get_body(("plain",))
    assert mail is not None
    assert ANSWER in mail.get_content()
    assert post[0].to == [ADDRESS, ADDRESS]
    expect(review.get_by_text("1 kreeg een mail")).to_be_visible()

    review.wait_for_timeout(8_000)  # whoever tells looks again meanwhile
    expect(there.log.get_by_text(ANSWER)).to_have_count(1)
    assert [heard(one) for one in (left, *away)] == [1, 1, 1, 1]
    assert len(post[0].taken) == 2

    review.get_by_role("button", name="Terugdraaien").click()
    expect(review.get_by_label("Antwoord", exact=True)).to_have_value(ANSWER)
    faq.reload()
    expect(faq.get_by_text(TITLE)).to_have_count(0)
    seventh = Customer(product)
    assert ANSWER not in str(seventh.asks(SIXTH))
