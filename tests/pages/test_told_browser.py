"""Telling in a real browser: the chat of who asked, the agent's one click, the editor's figures, "no more mails"."""

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from handoff import conversations, matters, no_mail, queue
from handoff.models import Person
from kb import decisions
from kb.models import Question
from tests.browser import axe

from .conftest import Visit
from .site import Customer, Site

pytestmark = pytest.mark.browser
QUESTION = "de pincode van mijn cadeaubon is weggekrast"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who asked are told at once: the site runs in this process."""
    monkeypatch.setattr(matters, "GRACE_S", 0.5)


def approve(site: Site, conversation_id: str, answer: str) -> int:
    """The question of this conversation gets an answer; its group."""

    def act(session: Session) -> int:
        mine = select(Question.group_id).where(Question.conversation_id == conversation_id)
        group_id = session.exec(mine).one()
        question = f"Mijn pincode is weggekrast {group_id}"
        decisions.approve(session, group_id, answer=answer, language="nl", question=question, by="els")
        return group_id

    return site.write(act)


def accessible(page: Page) -> None:
    found = axe(page).response["violations"]
    assert found == [], [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]


def test_who_waits_reads_the_answer_in_her_chat_and_says_that_it_helped(site: Site, visit: Visit) -> None:
    page = visit("/chat", phone=True, dark=True)
    page.get_by_role("textbox").fill(QUESTION)
    page.get_by_role("textbox").press("Enter")
    log = page.get_by_role("log")
    expect(log.get_by_text("Ik haal er meteen iemand bij")).to_be_visible(timeout=15_000)

    def newest(session: Session) -> str:
        return session.exec(select(Question.conversation_id).order_by(Question.id.desc())).first() or ""  # type: ignore[union-attr]

    group_id = approve(site, site.write(newest), "Stuur ons een **foto** van de bon.")
    expect(log.get_by_text("Op je vraag van eerder hebben we nu een antwoord:")).to_be_visible(timeout=15_000)
    expect(log.get_by_text("Stuur ons een foto van de bon.")).to_be_visible()
    expect(log.get_by_role("group", name="Heeft dit geholpen?")).to_be_visible()
    accessible(page)
    log.get_by_role("button", name="Ja").click()
    expect(log.get_by_role("group", name="Heeft dit geholpen?")).to_be_hidden()

    editor = visit(f"/review/groups/{group_id}", "els")
    section = editor.get_by_role("region", name="Wie het hoorde")
    expect(section.get_by_text("1 zag het in de chat")).to_be_visible(timeout=15_000)
    expect(section.get_by_text("1 zei: dat hielp")).to_be_visible()
    accessible(editor)


def test_an_agent_passes_it_on_with_one_click(site: Site, visit: Visit) -> None:
    her = site.customer("de cijfers van mijn kadokaart zijn eraf gekrabd")
    claimed(site, her)
    page = visit(f"/desk/{her.id}", "noor")
    approve(site, her.id, "Breng de kaart naar een **winkel**.")
    button = page.get_by_role("button", name="Stuur dit naar de klant")
    expect(button).to_be_visible(timeout=15_000)
    accessible(page)
    assert not any("winkel" in words for _, words in her.said())
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Verstuurd. De klant ziet het nu.")).to_be_visible()
    expect(button).to_have_count(0)
    assert her.said()[-1] == ("agent", "Breng de kaart naar een **winkel**.")


def claimed(site: Site, her: Customer) -> None:
    """Noor has her conversation."""

    def act(session: Session) -> None:
        noor = session.exec(select(Person).where(Person.name == "Noor Bakker")).one()
        queue.claim(session, her.id, noor)

    site.write(act)
    site.changed(her.id)


def test_no_more_mails_with_the_keyboard_and_back(site: Site, visit: Visit) -> None:
    def link(session: Session) -> str:
        return no_mail.link(conversations.start(session, language="nl")[0], "an@klant.example", site.address)

    page = visit(site.write(link), phone=True)
    accessible(page)
    button = page.get_by_role("button", name="Stuur me die mails niet meer")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Geregeld")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Stuur ze toch weer").click()
    expect(page.get_by_role("heading", name="Geen mails meer over eerdere vragen")).to_be_visible()
    page.goto("/no-mail/onzin")
    expect(page.get_by_role("heading", name="Deze link werkt niet")).to_be_visible()
    accessible(page)
