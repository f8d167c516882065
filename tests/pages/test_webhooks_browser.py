"""The settings' page for webhooks in a real browser: what went, what did not and why, and the button that tries it."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete
from sqlmodel import Session

from handoff import outgoing, webhooks
from handoff.models import WebhookEvent
from kb.models import now

from .conftest import Visit
from .site import Site
from .test_side_panel_browser import MARKUP, no_violations

pytestmark = pytest.mark.browser


def three(session: Session, site: Site) -> None:
    """An event that went, one that is tried again, and one that was given up; nothing else."""
    session.execute(delete(WebhookEvent))
    for why in ("", f"500 {MARKUP} {'x' * 300}", "410 Gone"):
        webhooks.queue_test(session, site.it.settings)
        found = webhooks.due(session, site.it.settings, now() + timedelta(minutes=1))
        assert found
        if why:
            again = None if why.startswith("410") else now() + timedelta(minutes=5)
            assert outgoing.did_not_go(session, found[0], again, why)
        else:
            webhooks.sent(session, found[0])


@pytest.mark.parametrize("dark", [False, True])
def test_what_went_and_what_did_not(site: Site, visit: Visit, dark: bool) -> None:
    settings = site.it.settings
    settings.webhook_url, settings.webhook_secret = "", ""
    page = visit("/settings/webhooks", "ada", phone=dark, dark=dark)
    expect(page.get_by_text("Stel WEBHOOK_URL en WEBHOOK_SECRET in")).to_be_visible()
    expect(page.get_by_role("button", name="Stuur een proefbericht")).to_have_count(0)
    no_violations(page)
    settings.webhook_url = "https://shop.example/hooks/a-secret-path"
    site.write(lambda session: three(session, site))
    page.reload()
    rows = page.get_by_role("region", name="De laatste berichten").get_by_role("listitem")
    lost, again, went = (rows.nth(n) for n in range(3))
    expect(lost).to_contain_text(re.compile("Opgegeven.*410 Gone", re.S))
    expect(again).to_contain_text(re.compile(r"Opnieuw geprobeerd \d\d:\d\d", re.S))
    expect(again).to_contain_text(MARKUP)
    expect(went).to_contain_text("Aangenomen")
    expect(page.get_by_text("a-secret-path")).to_have_count(0)
    before = rows.count()
    page.get_by_role("button", name="Stuur een proefbericht").click()
    expect(page.get_by_text("Onderweg. Laad opnieuw")).to_be_visible()
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_contain_text("Gaat zo meteen")
    no_violations(page)
    given_up = rows.nth(1)
    given_up.get_by_role("button", name="Stuur opnieuw").click()
    expect(page.get_by_text("Het wordt weer een dag lang geprobeerd.")).to_be_visible()
    expect(given_up).to_contain_text("Gaat zo meteen")
    expect(page.get_by_role("button", name="Stuur opnieuw")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
