"""A link on the shop's page that opens the chat with a question in its field, for the customer to send herself."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .hand import Hand

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
QUESTION = "Hoe lang duurt het?"
LINK = """([text]) => {
  const link = Object.assign(document.createElement('a'), { href: '/elders', textContent: 'Schrijf ons' });
  Object.assign(link.dataset, { rechtdoorAsk: text, draft: '' });
  document.querySelector('main').append(link);
}"""


def with_link(page: Page, text: str = QUESTION) -> Hand:
    page.evaluate(LINK, [text])
    return Hand(page)


def press(hand: Hand) -> None:
    hand.page.get_by_role("link", name="Schrijf ons").click()


def test_the_question_stands_in_the_field_and_is_not_sent(visit: Visit) -> None:
    hand = with_link(visit())
    press(hand)
    expect(hand.box).to_have_value(QUESTION)
    expect(hand.box).to_be_focused()
    hand.sees_not(QUESTION)
    press(hand)  # a second time it is not there twice
    expect(hand.box).to_have_value(QUESTION)
    hand.box.press("Enter")
    hand.sees(QUESTION)
    expect(hand.box).to_have_value("")


def test_what_is_typed_already_stays(visit: Visit) -> None:
    hand = with_link(visit()).open()
    hand.box.fill("mijn lamp zoemt")
    press(hand)
    expect(hand.box).to_have_value(f"mijn lamp zoemt\n{QUESTION}")


def test_a_link_without_a_question_only_opens(visit: Visit) -> None:
    hand = with_link(visit(), "")
    press(hand)
    expect(hand.box).to_be_visible()
    expect(hand.box).to_have_value("")
