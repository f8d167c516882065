"""What customers thought of their conversations, in a real browser: beside the conversation, and on the care page."""

import re

import pytest
from playwright.sync_api import expect

from handoff import ratings
from handoff.ratings import Given

from .conftest import Visit
from .site import Site
from .test_side_panel_browser import MARKUP, no_violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("dark", [False, True])
def test_agents_see_it_and_editors_the_score(site: Site, visit: Visit, dark: bool) -> None:
    who = {"email": f"mina{dark}@shop.example"}
    before, now = site.customer("waar bleef mijn pakje", identity=who), site.customer("en dit pakje", identity=who)
    words = f"שלום 👻 {MARKUP} {'lang' * 100}"
    site.write(lambda s: ratings.rate(s, before.id, Given(score=9)))
    site.write(lambda s: ratings.rate(s, now.id, Given(score=6, solved=False, words=words)))
    page = visit(f"/desk/{now.id}", "noor", phone=dark, dark=dark)
    if dark:
        page.get_by_role("button", name="Achtergrond").click()
    expect(page.get_by_role("definition").filter(has_text="6/10, niet opgelost")).to_contain_text(MARKUP)
    expect(page.get_by_role("region", name=re.compile("Eerdere gesprekken"))).to_contain_text("9/10")
    no_violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    care = visit("/review/care", "els", phone=dark, dark=dark)
    expect(care.get_by_text("Vanaf 10 cijfers staat hier een score.")).to_be_visible()
    no_violations(care)
    assert care.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
