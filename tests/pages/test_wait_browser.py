"""The wait as a customer and an agent see it: it changes before their eyes when an agent goes away."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from handoff import conversations, presence
from handoff.models import Conversation, Estimate, Person
from kb.models import now
from tests.browser import axe
from tests.handoff.waits import everybody_busy

from .conftest import Visit
from .site import Site

pytestmark = pytest.mark.browser
QUESTION = "de pincode van mijn cadeaubon is weggekrast"


@pytest.fixture
def shop(site: Site) -> Site:
    """Open, two agents at the desk with one conversation each, all they take, and nobody who waits."""

    def fill(session: Session) -> None:
        for conversation in session.exec(select(Conversation)).all():
            conversations.close(session, conversation)
        for person in session.exec(select(Person)).all():
            presence.set_away(session, person.id or 0, False)
        everybody_busy(session)

    site.write(fill)
    site.it.memory.looked_at = -3600.0  # there is more history than it knows
    return site


def away(site: Site, name: str) -> None:
    caller = site.client()
    email = f"{name}@shop.example"
    caller.post("/api/v1/login", json={"email": email, "password": "a long enough password"}).raise_for_status()
    caller.post("/api/v1/desk/away", json={"away": True}).raise_for_status()


def minutes(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+)(?: tot |–)(\d+) min", text)
    assert found, text
    return int(found[1]), int(found[2])


def ask(page: Page) -> None:
    box = page.get_by_role("textbox", name="Je bericht")
    box.fill(QUESTION)
    box.press("Enter")


def test_a_customer_sees_the_range_change_when_an_agent_goes_away(shop: Site, visit: Visit) -> None:
    for number in range(4):
        shop.customer(f"{QUESTION} nummer {number}")
    page = visit("/chat?language=nl")
    ask(page)
    line = page.get_by_text(re.compile(r"Het duurt waarschijnlijk \d+ tot \d+ min"))
    expect(line).to_be_visible(timeout=20_000)
    before = minutes(line.inner_text())
    expect(page.get_by_text("Je bent als vijfde aan de beurt.")).to_be_visible()
    desk = visit("/desk", "sam")
    mine = desk.get_by_role("link", name=re.compile(f"{QUESTION}$|{QUESTION} ")).last
    expect(mine).to_contain_text(f"{before[0]}–{before[1]} min")
    away(shop, "noor")
    told = page.get_by_role("log").get_by_text(re.compile("^Er is een collega weggevallen"))
    expect(told).to_be_visible(timeout=20_000)
    expect(line).not_to_contain_text(f"{before[0]} tot {before[1]} min")
    after = minutes(line.inner_text())
    assert after[0] >= before[0]
    assert after[1] > before[1]
    assert minutes(told.inner_text()) == after
    expect(mine).to_contain_text(f"{after[0]}–{after[1]} min")
    mine.click()
    expect(desk.locator("#talk-head")).to_contain_text(f"eerst gezegd {before[0]}–{before[1]} min")
    expect(desk.locator("#talk-head")).to_contain_text(f"nu gezegd {after[0]}–{after[1]} min")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_who_waits_longer_than_told_is_red_and_readable(shop: Site, visit: Visit, dark: bool, phone: bool) -> None:
    her = shop.customer(QUESTION)

    def told_long_ago(session: Session) -> None:
        for row in session.exec(select(Estimate).where(Estimate.conversation_id == her.id)).all():
            session.delete(row)
        at = now() - timedelta(minutes=20)
        session.add(Estimate(conversation_id=her.id, at=at, place=1, low_s=60, high_s=180))

    shop.write(told_long_ago)
    page = visit("/desk", "sam", dark=dark, phone=phone)
    wait = page.locator(f"#q-{her.id} .wait")
    expect(wait).to_have_class(re.compile("late"))
    expect(page.get_by_role("link", name=re.compile("Langer dan gezegd"))).to_have_count(1)
    red = page.evaluate("getComputedStyle(document.querySelector('.item .meta')).color")
    assert wait.evaluate("node => getComputedStyle(node).color") != red
    wide = "[...document.querySelectorAll('*')].filter(n => n.getBoundingClientRect().right > innerWidth + 1)"
    assert page.evaluate(f"{wide}.map(n => n.outerHTML.slice(0, 200))") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
