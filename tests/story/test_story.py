"""The story the product is built around, played by its three users in a real browser with every real part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.product import Product
from tests.bot.server import require_bot
from tests.browser import unhurried
from tests.widget.hand import Hand

pytestmark = [pytest.mark.browser, pytest.mark.rasa]


@dataclass(frozen=True)
class Script:
    """What is said in one language, and what the pages are called in it."""

    language: str
    questions: list[tuple[str, str]]
    helped: str
    unknown: str
    not_known: str
    place: str
    reply: str
    other_words: str
    claim: str
    box: str
    send: str
    question: str
    answer: str
    approve: str
    approved: str
    title: str


DUTCH = Script(
    language="nl",
    questions=[
        ("hoe lang is mn cadeaukaart geldig", "vijf jaar"),
        ("wanneer krijg ik mn geld terug van mijn retour", "werkdagen"),
        ("ik ben mn wachtwoord vergeten", "nieuw wachtwoord"),
    ],
    helped="Heeft dit geholpen?",
    unknown="ik heb de helft van de pincode van mijn cadeaukaart weggekrast",
    not_known="Dat weet ik niet. Ik haal er meteen iemand bij, die je vraag al kent. "
    "We kunnen nog niet zeggen hoe lang het duurt.",
    place="Je bent als eerste aan de beurt",
    reply="Stuur me een foto van de achterkant, dan maak ik een nieuwe code.",
    other_words="de pincode van mijn kadobon is weggekrast, kan het niet meer lezen",
    claim="Neem dit gesprek",
    box="Je antwoord",
    send="Versturen",
    question="Vraag",
    answer="Antwoord",
    approve="Goedkeuren",
    approved="Goedgekeurd.",
    title="De pincode van mijn cadeaukaart is onleesbaar. Wat nu?",
)
ENGLISH = Script(
    language="en",
    questions=[
        ("how long is my gift card valid", "five years"),
        ("when do i get my money back for my return", "working days"),
        ("i forgot my password", "new password"),
    ],
    helped="Did this help?",
    unknown="i scratched off half of the pin code on my gift card",
    not_known="I don't know that one. I'm bringing in a person right away, who already has your question. "
    "We can't say yet how long it will take.",
    place="You.re first in line",
    reply="Send me a photo of the back and I will make you a new code.",
    other_words="the pin of my gift card is scratched off and i can't read it anymore",
    claim="Take this conversation",
    box="Your answer",
    send="Send",
    question="Question",
    answer="Answer",
    approve="Approve",
    approved="Approved.",
    title="The PIN of my gift card cannot be read. What now?",
)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """A product of its own: what one language's editor approves is found in the other as well."""
    require_bot()
    with Product(tmp_path) as product:
        yield product


@pytest.fixture
def visit(product: Product, chromium: Browser) -> Iterator["Visit"]:
    visit = Visit(product, chromium)
    yield visit
    for context in chromium.contexts:
        context.close()


class Visit:
    """Opens pages as somebody new, or as somebody who signs in by typing."""

    def __init__(self, product: Product, chromium: Browser) -> None:
        self.product, self.chromium = product, chromium

    def customer(self, script: Script, path: str = "/") -> Hand:
        page = self._page(script)
        page.goto(f"{path}?language={script.language}")
        return Hand(page).open()

    def as_role(self, script: Script, role: str, path: str) -> Page:
        page = self._page(script)
        page.goto(f"{path}?language={script.language}")
        email, password = self.product.logins()[role]
        page.get_by_label(re.compile("E-mail")).fill(email)
        page.get_by_label(re.compile("Wachtwoord|Password")).first.fill(password)
        page.get_by_role("button", name=re.compile("Aanmelden|Sign in")).click()
        expect(page).to_have_url(re.compile(path))
        return page

    def _page(self, script: Script) -> Page:
        context = self.chromium.new_context(
            base_url=self.product.address, locale=script.language, viewport={"width": 1280, "height": 800}
        )
        context.set_default_timeout(30_000)
        return unhurried(context).new_page()


@pytest.mark.parametrize("script", [DUTCH, ENGLISH], ids=["nl", "en"])
def test_the_story(visit: Visit, script: Script) -> None:
    her = visit.customer(script)
    for question, words in script.questions:
        her.type(question)
        expect(her.log.get_by_text(re.compile(words, re.I)).last).to_be_visible(timeout=30_000)
        expect(her.page.get_by_role("group", name=script.helped).last).to_be_visible(timeout=30_000)
    her.type(script.unknown)
    expect(her.page.get_by_text(re.compile(script.place)).first).to_be_visible(timeout=30_000)
    her.sees(script.not_known)

    desk = visit.as_role(script, "agent", "/desk")
    desk.get_by_role("link", name=re.compile(re.escape(script.unknown))).click()
    expect(desk.get_by_text(script.unknown).first).to_be_visible()
    expect(desk.get_by_role("button", name=script.claim)).to_be_visible()
    expect(desk.locator(".htmx-settling")).to_have_count(0)  # its buttons work a moment after they are there
    desk.get_by_role("button", name=script.claim).click()
    desk.get_by_label(script.box).fill(script.reply)
    desk.get_by_role("button", name=script.send, exact=True).click()
    expect(her.log.get_by_text(script.reply)).to_be_visible(timeout=30_000)

    review = visit.as_role(script, "editor", "/review")
    review.get_by_role("link", name=re.compile(re.escape(script.unknown))).click()
    review.get_by_label(script.question, exact=True).fill(script.title)
    review.get_by_label(script.answer, exact=True).fill(script.reply)
    review.get_by_role("button", name=script.approve).click()
    expect(review.get_by_role("status").get_by_text(script.approved)).to_be_visible()

    second = visit.customer(script)
    second.type(script.other_words)
    expect(second.log.get_by_text(script.reply)).to_be_visible(timeout=30_000)
