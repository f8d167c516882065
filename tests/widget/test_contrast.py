"""In a high-contrast theme of the system, where backgrounds and shadows are taken away, everything keeps an edge."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe

from .hand import Hand
from .standin import StandIn

pytestmark = pytest.mark.browser
EDGES = """() => [...document.querySelector('rechtdoor-chat').shadowRoot
    .querySelectorAll('button, textarea, input, .panel')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1)
    .map(e => [e.innerText.trim() || e.title || e.tagName, getComputedStyle(e)])
    .filter(([, s]) => parseFloat(s.borderTopWidth) < 1 || s.borderTopStyle === 'none'
        || s.borderTopColor === s.backgroundColor)
    .map(([name]) => name)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_an_edge(visit: Callable[..., Page], server: StandIn, scheme: str) -> None:
    page = visit()
    page.emulate_media(forced_colors="active", color_scheme=scheme)  # type: ignore[arg-type]
    hand = Hand(page)
    expect(hand.launcher).to_be_visible()
    assert page.evaluate(EDGES) == []
    hand.open()
    hand.type("De pincode van mijn cadeaubon is onleesbaar")
    expect(hand.button("Geen van deze")).to_be_visible()
    assert page.evaluate(EDGES) == []
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    assert page.evaluate(EDGES) == []
    assert axe(page).response["violations"] == []
