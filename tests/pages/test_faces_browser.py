"""Setting and removing a picture of oneself and of somebody else, by role and label; and where it is shown."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from handoff.desk_models import Face
from handoff.models import Person
from tests.browser import axe
from tests.handoff.pictures import from_a_camera, picture

from .conftest import Visit
from .site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def nobody_has_one(site: Site) -> None:
    """Each test begins with initials."""

    def reset(session: Session) -> None:
        session.execute(Face.__table__.delete())  # type: ignore[attr-defined]

    site.write(reset)


def number(site: Site, name: str) -> int:
    return site.write(lambda s: s.exec(select(Person).where(Person.email == f"{name}@shop.example")).one().id or 0)


def choose(page: Page, label: str | re.Pattern[str], content: bytes, name: str = "ik.jpg") -> None:
    page.get_by_label(label).set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})


def width_of(page: Page, name: str) -> int:
    """How many pixels the picture has that the browser got."""
    shown = page.get_by_role("img", name=name)
    expect(shown).to_be_visible()
    return int(shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)"))


def test_one_sets_and_removes_ones_own(visit: Visit) -> None:
    page = visit("/desk", "noor")
    page.get_by_role("link", name="Jouw account").click()
    expect(page.get_by_role("heading", name="Jouw account")).to_be_visible()
    expect(page.get_by_role("img", name="Noor Bakker heeft nog geen foto")).to_be_visible()
    choose(page, "Kies een foto", b"<svg/>", "ik.png")
    page.get_by_role("button", name="Deze foto gebruiken").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("Dit is geen foto die we kunnen lezen"))
    choose(page, "Kies een foto", from_a_camera(size=(900, 600)))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Deze foto gebruiken").press("Enter")
    expect(page.get_by_role("status").get_by_text("Bewaard. De foto is nu te zien.")).to_be_visible()
    assert width_of(page, "Foto van Noor Bakker") == 96
    choose(page, "Kies een andere foto", picture("PNG"))
    page.get_by_role("button", name="Deze foto gebruiken").click()
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    page.get_by_role("button", name="Foto weghalen").click()
    expect(page.get_by_role("status").get_by_text("Weggehaald. De voorletters staan er weer.")).to_be_visible()
    expect(page.get_by_role("img", name="Noor Bakker heeft nog geen foto")).to_be_visible()
    expect(page.get_by_role("button", name="Foto weghalen")).to_have_count(0)


def test_an_admin_sets_somebody_elses_and_colleagues_see_it(site: Site, visit: Visit) -> None:
    customer = site.customer("mijn lamp zoemt en ik wil een mens")
    noor = visit(f"/desk/{customer.id}", "noor")
    noor.get_by_role("button", name="Neem dit gesprek").click()
    customer.until("agent")
    ada = visit("/settings/people", "ada")
    ada.get_by_role("main").get_by_role("link", name="Noor Bakker").click()
    choose(ada, "Kies een foto", picture())
    ada.get_by_role("button", name="Deze foto gebruiken").click()
    expect(ada.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    assert width_of(ada, "Foto van Noor Bakker") == 96
    path = customer.client.get(customer.path).json()["agent_face"]
    assert re.fullmatch("/faces/[0-9a-f]{32}", path)
    sam = visit(f"/desk/{customer.id}", "sam")
    team = sam.get_by_role("region", name="Bij collega's")
    if not team.get_by_role("heading", name="Noor Bakker").is_visible():
        team.get_by_text("Bij collega's").last.click()
    beside = team.get_by_role("heading", name="Noor Bakker").locator("img")
    assert beside.get_attribute("src") == path
    expect(sam.get_by_role("main").locator(f'.talk-title img[src="{path}"]')).to_be_visible()
    ada.get_by_role("button", name="Foto weghalen").click()
    expect(ada.get_by_role("status").get_by_text("Weggehaald.")).to_be_visible()
    expect(team.get_by_role("heading", name="Noor Bakker").locator("img")).to_have_count(0)  # an open desk hears of it


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_page_is_accessible_and_fits(visit: Visit, lang: str, dark: bool, phone: bool) -> None:
    page = visit("/account", "noor", phone=phone, dark=dark, lang=lang)

    def fits(what: str) -> None:
        expect(page.get_by_role("main")).to_be_visible()
        found = axe(page)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, what

    fits("without")
    choose(page, re.compile("^(Kies een foto|Choose a picture)$"), b"x")
    page.get_by_role("button", name=re.compile("Deze foto gebruiken|Use this picture")).click()
    expect(page.get_by_role("alert")).to_be_visible()
    fits("refused")
    choose(page, re.compile("^(Kies een foto|Choose a picture)$"), picture())
    page.get_by_role("button", name=re.compile("Deze foto gebruiken|Use this picture")).click()
    expect(page.get_by_role("img", name=re.compile("Foto van|Picture of"))).to_be_visible()
    fits("with one")
