"""What to do first, in a browser: a topic that stands out leads to a cause, which is fixed, and shrinks."""

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from kb.models import Question, QuestionGroup, now
from tests.browser import axe

from .conftest import Visit
from .site import Site

pytestmark = pytest.mark.browser
VECTOR = np.eye(1, 384, dtype=np.float16).tobytes()
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4


def group(session: Session, title: str, topic: str, days_ago: list[float], page: str, minutes: int = 0) -> None:
    """A group whose questions were asked so many days ago."""
    at = [now() - timedelta(days=days) for days in days_ago]
    made = QuestionGroup(
        title=title, language="nl", count=len(at), centroid=VECTOR, first_at=min(at), last_at=max(at), topic=topic
    )
    session.add(made)
    session.flush()
    for n, moment in enumerate(at):
        session.add(
            Question(
                conversation_id=f"{title}{n}",
                seq=1,
                text=title,
                language="nl",
                reason="unknown",
                evidence={},
                topic=topic,
                page=page,
                vector=VECTOR,
                group_id=made.id or 0,
                at=moment,
                spent_s=60 * minutes or None,
                waited_s=30 * minutes or None,
            )
        )


def filled(session: Session) -> None:
    """A quarter of an even topic, and one that is sudden."""
    even = [7.0 * week + day for week in range(13) for day in (1, 4)]
    group(session, "hoe zwaar mag de kap van de vloerlamp zijn", "products", even, "/lampen", minutes=1)
    sudden = [0.2 + n / 4 for n in range(14)]
    group(session, "pincode op de nieuwe kaart is weggekrast", "gift-cards", sudden, "/cadeaubonnen", minutes=9)
    group(session, f"de cijfers zijn niet te lezen {LONG}", "gift-cards", [1, 2, 3], "/cadeaubonnen")


def quiet_and_fits(page: Page, keep: Path | None = None, name: str = "") -> None:
    """No violation of WCAG, and nothing wider than the screen; `keep` is a folder for a picture."""
    if keep:
        page.screenshot(path=keep / f"{name}.png", full_page=True)
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_from_what_stands_out_to_a_cause_that_is_fixed(site: Site, visit: Visit, tmp_path: Path) -> None:
    site.write(filled)
    page = visit("/review", "els")
    rows = page.get_by_role("main").get_by_role("listitem").filter(has_text="gevraagd")
    expect(rows.first).to_contain_text("pincode op de nieuwe kaart")
    expect(rows.first).to_contain_text("9,0 min helpen")
    expect(rows.first).to_contain_text("Onderwerp valt op")
    standing = page.get_by_role("region", name="Valt deze week op")
    expect(standing).to_contain_text("Cadeaubonnen")
    quiet_and_fits(page, tmp_path, "list")

    page.get_by_role("combobox", name="Onderwerp").select_option("Producten")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("topic=products"))
    page.get_by_role("combobox", name="Pagina").select_option("/cadeaubonnen")
    expect(page.get_by_text("Niets gevonden")).to_be_visible()
    page.get_by_role("link", name="Toon alles").click()
    page.get_by_label("Zoeken").press_sequentially("kap vloerlamp")
    expect(rows).to_have_count(1)
    page.get_by_label("Zoeken").fill("")
    expect(rows).to_have_count(3)

    page.get_by_role("link", name="Zoek de oorzaak van: Cadeaubonnen").click()
    page.get_by_label("Wat is er aan de hand?").fill("De opdruk van de nieuwe kaart krast weg")
    page.get_by_label("Van wie is het?").select_option("Ada Smit")
    page.get_by_role("button", name="Maken").click()
    expect(page.get_by_role("status").get_by_text("Gemaakt.")).to_be_visible()
    page.get_by_role("button", name="Koppelen: pincode op de nieuwe kaart").click()
    expect(page.get_by_role("button", name="Loskoppelen: pincode op de nieuwe kaart")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Hoeveel mensen het per dag vroegen"))).to_be_visible()
    page.get_by_text("Als tabel").click()
    expect(page.get_by_role("table", name="Per dag").get_by_role("row").nth(1)).to_be_visible()
    page.get_by_label("Bericht voor wie het meldde").fill("Je krijgt een nieuwe kaart van ons.")
    page.get_by_role("button", name="Opgelost", exact=True).click()
    expect(page.get_by_role("status").get_by_text("Wie het meldde, hoort het zo.")).to_be_visible()
    quiet_and_fits(page, tmp_path, "cause")
    page.get_by_role("status").get_by_role("button", name="Ongedaan maken").click()
    expect(page.get_by_role("status").get_by_text("Staat weer open.")).to_be_visible()
    cause = page.url.partition("?")[0]

    for number, path in enumerate(("/review", cause, "/review/causes", "/review/causes/new")):
        for phone, dark in ((True, False), (True, True), (False, True)):
            other = visit(path, "els", phone=phone, dark=dark)
            quiet_and_fits(other, tmp_path, f"{number}{phone:d}{dark:d}")
            other.context.close()
    page.goto("/review/causes")
    expect(page.get_by_role("link", name=re.compile("De opdruk van de nieuwe kaart"))).to_contain_text("Ada Smit")
