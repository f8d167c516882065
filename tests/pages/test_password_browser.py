"""Choosing a password in a real browser: invited, forgotten, too weak, too late."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from handoff import auth, password_links
from handoff.db import reading
from handoff.desk_models import PasswordLink
from handoff.models import Mail, Person
from kb.models import now
from tests.browser import axe

from .conftest import Visit
from .site import PASSWORD, Site
from .test_canned_browser import fits

pytestmark = pytest.mark.browser
NEW = "vier woorden op rij"


@pytest.fixture
def mail(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mail is set up, though nothing listens there: what is queued is read from the outbox."""
    monkeypatch.setattr(site.it.settings, "smtp_url", "smtp://127.0.0.1:9?tls=none")
    monkeypatch.setattr(site.it.settings, "mail_from", "shop@shop.example")
    yield

    def back(session: Session) -> None:
        session.execute(PasswordLink.__table__.delete())  # type: ignore[attr-defined]
        session.execute(Mail.__table__.delete())  # type: ignore[attr-defined]
        for person in session.exec(select(Person)).all():
            if not auth.matches(person.password_hash, PASSWORD):
                person.password_hash = auth.hasher.hash(PASSWORD)

    site.write(back)


def link_to(site: Site, email: str, page: Page) -> str:
    """The link in the last mail to somebody, once it was queued."""
    for _ in range(40):
        with reading(site.it.engine) as session:
            mails = session.exec(select(Mail).where(Mail.to == email).order_by(Mail.id.desc())).all()  # type: ignore[union-attr]
        if mails:
            return re.search(r"/password/[\w-]+", mails[0].text)[0]  # type: ignore[index]
        page.wait_for_timeout(100)
    raise AssertionError(f"no mail to {email}")


def accessible(page: Page) -> None:
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
    fits(page)


def test_somebody_new_is_invited_and_chooses(site: Site, visit: Visit, mail: None) -> None:
    admin = visit("/settings/people/new", "ada")
    admin.get_by_label("E-mailadres").fill("mia@shop.example")
    admin.get_by_label("Naam").fill("Mia <b>Vos</b>")
    admin.get_by_role("button", name="Iemand toevoegen").click()
    expect(admin.get_by_role("status").filter(has_text="Er gaat een mail naar mia@shop.example")).to_be_visible()
    expect(admin.get_by_label("Wachtwoord", exact=True)).to_have_count(0)
    accessible(admin)
    page = visit(link_to(site, "mia@shop.example", admin))
    expect(page.get_by_text("Mia <b>Vos</b>, hiermee meld je je voortaan aan")).to_be_visible()
    field = page.get_by_label("Nieuw wachtwoord")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("Minstens 10 tekens"))
    accessible(page)
    page.keyboard.type("kort")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("te kort")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("te kort"))
    accessible(page)
    show = page.get_by_role("button", name="Wachtwoord tonen")
    field.fill(NEW)
    expect(field).to_have_attribute("type", "password")
    show.click()
    expect(field).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Je wachtwoord is gekozen.")).to_be_visible()
    page.get_by_label("E-mailadres").fill("mia@shop.example")
    page.get_by_label("Wachtwoord").fill(NEW)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/desk"))
    admin.goto("/settings/history")
    rows = admin.get_by_role("main").get_by_role("listitem")
    expect(rows.filter(has_text="uitnodiging met een link")).to_have_count(1)
    expect(rows.filter(has_text="zelf gekozen")).to_have_count(1)


def test_a_forgotten_password(site: Site, visit: Visit, mail: None) -> None:
    page = visit("/login", lang="en")
    page.get_by_label("E-mail address").fill("sam@shop.example")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("no e-mail address")
    page.get_by_label("E-mail address").fill("nobody@shop.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="If we know nobody@shop.example")).to_be_visible()
    page.goto("/forgot?email=sam@shop.example")
    expect(page.get_by_label("E-mail address")).to_have_value("sam@shop.example")
    accessible(page)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status").filter(has_text="If we know sam@shop.example")).to_be_visible()
    accessible(page)
    sam = visit("/desk", "sam")
    path = link_to(site, "sam@shop.example", page)
    page.goto(path)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_text("Your password is chosen.")).to_be_visible()
    sam.goto("/desk")
    expect(sam).to_have_url(re.compile("/login"))
    page.goto(path)
    expect(page.get_by_role("heading", name="This link has been used")).to_be_visible()
    accessible(page)


def test_a_link_that_is_too_old_offers_a_new_one(site: Site, visit: Visit, mail: None) -> None:
    def old(session: Session) -> str:
        noor = session.exec(select(Person).where(Person.email == "noor@shop.example")).one()
        token = password_links.make(session, noor, "invite")
        auth.end_links(session, noor.id or 0, now())
        return token

    token = site.write(old)
    page = visit(f"/password/{token}", phone=True, dark=True)
    expect(page.get_by_role("heading", name="Deze link werkt niet meer")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Stuur een nieuwe link").click()
    expect(page.get_by_role("status").filter(has_text="Er is een nieuwe link onderweg")).to_be_visible()
    page.goto(link_to(site, "noor@shop.example", page))
    expect(page.get_by_label("Nieuw wachtwoord")).to_be_visible()
    accessible(page)
    page.goto("/password/nonsense")
    expect(page.get_by_role("heading", name="Deze link kennen we niet")).to_be_visible()
    page.get_by_role("link", name="Stuur een nieuwe link").click()
    expect(page.get_by_role("heading", name="Wachtwoord vergeten")).to_be_visible()


def test_without_mail_a_link_is_shown_once(site: Site, visit: Visit) -> None:
    page = visit("/settings/people", "ada")
    page.get_by_role("link", name="Sam Peeters").click()
    page.get_by_role("button", name="Link maken om een wachtwoord te kiezen").click()
    shown = page.get_by_label("Link om een wachtwoord te kiezen")
    link = shown.input_value()
    accessible(page)
    page.goto(page.url.removesuffix("/link"))
    assert link not in page.content()
    hers = visit(re.sub("^https?://[^/]+", "", link))
    expect(hers.get_by_label("E-mailadres")).to_have_value("sam@shop.example")
    forgot = visit("/forgot")
    expect(forgot.get_by_text("Vanaf hier kunnen we geen mail sturen.")).to_be_visible()
    accessible(forgot)


@pytest.mark.parametrize(("phone", "dark", "lang"), [(False, False, "nl"), (True, True, "en")])
def test_ones_own_is_changed_on_the_account_page(
    site: Site, visit: Visit, mail: None, phone: bool, dark: bool, lang: str
) -> None:
    now_label, new_label, save, wrong, short, done = {
        "nl": ("Je wachtwoord nu", "Nieuw wachtwoord", "Wachtwoord bewaren", "niet je wachtwoord van nu", "te kort",
               "Bewaard. Overal anders ben je nu afgemeld."),
        "en": ("Your present password", "New password", "Save password", "not your present password", "too short",
               "Saved. You are signed out everywhere else."),
    }[lang]  # fmt: skip
    other = visit("/desk", "sam")
    page = visit("/account", "sam", phone=phone, dark=dark, lang=lang)
    present, new = page.get_by_label(now_label), page.get_by_label(new_label)
    present.fill("fout")
    new.fill(NEW)
    new.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(wrong)
    expect(present).to_be_focused()
    expect(present).to_have_value("")
    accessible(page)
    present.fill(PASSWORD)
    new.fill("kort")
    page.get_by_role("button", name=save).click()
    expect(page.get_by_role("alert")).to_contain_text(short)
    expect(new).to_be_focused()
    accessible(page)
    fits(page)
    present.fill(PASSWORD)
    new.fill(NEW)
    page.get_by_role("button", name=save).click()
    expect(page.get_by_role("status").get_by_text(done)).to_be_visible()
    other.reload()
    expect(other.get_by_label("Wachtwoord")).to_be_visible()
