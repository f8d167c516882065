"""The settings' pages for people and routing: by mouse and keyboard, on a phone, and with bad input."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from handoff import auth, people, queue, shop_settings, teams
from handoff.db import reading
from handoff.models import Change, Mail, Person, Setting
from handoff.people import About
from handoff.teams import Routing, Team
from tests.browser import axe

from .conftest import Visit, sign_in
from .site import PASSWORD, PEOPLE, Site

pytestmark = pytest.mark.browser
ODD = "<b>Noor</b> 🎄 عيد"
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4


@pytest.fixture(autouse=True)
def as_they_were(site: Site) -> None:
    """Each test begins with the four people of the site, who take four conversations each, and no settings."""

    def reset(session: Session) -> None:
        for table in (Setting, Change):
            session.execute(table.__table__.delete())  # type: ignore[attr-defined]
        names = {f"{name.split()[0].lower()}@shop.example": (name, role) for name, role in PEOPLE}
        for person in session.exec(select(Person).where(col(Person.email).not_in(list(names)))).all():
            person.active, person.email = False, f"old-{person.id}@shop.example"
        for person in session.exec(select(Person).where(col(Person.email).in_(list(names)))).all():
            person.active, person.capacity, person.topics, person.languages = True, 4, None, None
            person.name, person.role = names[person.email]
            if not auth.matches(person.password_hash, PASSWORD):
                person.password_hash = auth.hasher.hash(PASSWORD)

    site.write(reset)


def one(site: Site, name: str) -> Person:
    with reading(site.it.engine) as session:
        return session.exec(select(Person).where(Person.email == f"{name}@shop.example")).one()


def changes(site: Site, what: str = "") -> list[Change]:
    with reading(site.it.engine) as session:
        return shop_settings.changes(session, what)


def routing(site: Site) -> Routing:
    with reading(site.it.engine) as session:
        return teams.routing(session)


def as_person(site: Site, who: str) -> httpx.Client:
    client = site.client()
    client.post("/login", data={"email": f"{who}@shop.example", "password": PASSWORD})
    return client


def fields(**more: Any) -> dict[str, Any]:
    """The form of somebody new as a browser sends it, with some fields in other hands."""
    sent: dict[str, Any] = {"email": "eva@shop.example", "name": "Eva Jansen", "role": "agent", "capacity": "3",
                            "all_topics": "on", "all_languages": "on", "password": "abcd-efgh-jkmn-pqrs"}  # fmt: skip
    return {k: v for k, v in (sent | more).items() if v is not None}


def opened(visit: Visit, name: str, **more: Any) -> Page:
    page = visit("/settings/people", "ada", **more)
    page.get_by_role("main").get_by_role("link", name=name).click()
    return page


# -- People


def test_somebody_is_added_and_signs_in(site: Site, visit: Visit) -> None:
    page = visit("/settings/hours", "ada")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Mensen").click()
    page.get_by_role("link", name="Iemand toevoegen").click()
    page.get_by_label("E-mailadres").fill("Eva@Shop.example")
    page.get_by_label("Naam").fill("Eva Jansen")
    page.get_by_label("Gesprekken tegelijk").fill("3")
    page.get_by_label("Alle onderwerpen").uncheck()
    page.get_by_label("Retour", exact=True).check()
    page.get_by_label("Alle talen").uncheck()
    page.get_by_role("checkbox", name="Nederlands").check()
    page.get_by_role("button", name="Iemand toevoegen").click()
    said = page.get_by_role("alert")
    expect(said).to_contain_text("Het wachtwoord van Eva Jansen")
    expect(said).to_contain_text("E-mail is niet ingesteld")
    password = page.get_by_label("Wachtwoord", exact=True).input_value()
    page.get_by_role("button", name="Kopiëren").click()
    expect(page.get_by_text("Gekopieerd.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == password
    eva = one(site, "eva")
    assert (eva.name, eva.capacity, eva.topics, eva.languages) == ("Eva Jansen", 3, ["returns"], ["nl"])
    page.get_by_role("link", name="Mensen").first.click()
    row = page.get_by_role("main").get_by_role("listitem").filter(has_text="eva@shop.example")
    expect(row).to_contain_text("niet aan de balie")
    expect(row).to_contain_text("0 van 3 gesprekken")
    expect(row).to_contain_text("Retour")
    row.get_by_role("link").click()
    assert password not in page.content()

    hers = visit("/login")
    hers.get_by_label("E-mail").fill("eva@shop.example")
    hers.get_by_label("Wachtwoord").fill(password)
    hers.keyboard.press("Enter")
    expect(hers).to_have_url(re.compile("/desk"))
    for _ in range(20):  # her desk's socket opens a moment after the page
        page.goto("/settings/people")
        if "niet aan de balie" not in row.inner_text():
            break
        page.wait_for_timeout(250)
    expect(row.get_by_text("aan de balie", exact=True)).to_be_visible()


def test_bad_input_is_said_beside_the_field_and_all_typed_stays(site: Site, visit: Visit) -> None:
    page = visit("/settings/people/new", "ada")
    page.get_by_label("E-mailadres").fill("noor@shop.example")
    page.get_by_label("Gesprekken tegelijk").fill("veel")
    page.get_by_label("Alle onderwerpen").uncheck()
    page.get_by_role("button", name="Iemand toevoegen").click()
    expect(page.get_by_role("alert").first).to_contain_text("Er kloppen nog 3 dingen niet")
    expect(page.get_by_label("Naam")).to_be_focused()
    for label, value, words in (("Naam", "", "Vul een naam in"), ("Gesprekken tegelijk", "veel", "van 1 tot 50")):
        field = page.get_by_label(label)
        expect(field).to_have_value(value)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(words))
    expect(page.get_by_role("group", name="Onderwerpen")).to_contain_text("minstens één onderwerp")
    expect(page.get_by_label("E-mailadres")).to_have_value("noor@shop.example")
    page.get_by_label("Naam").fill(ODD)
    page.get_by_label("Gesprekken tegelijk").fill("50")
    page.get_by_label("Alle onderwerpen").check()
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mailadres")).to_have_accessible_description(re.compile("al iemand met dit adres"))
    expect(page.get_by_label("Naam")).to_have_value(ODD)
    assert changes(site) == []
    page.get_by_label("E-mailadres").fill("odd@shop.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(ODD)
    page.goto("/settings/history")
    expect(page.get_by_role("main").get_by_role("listitem").last).to_contain_text(ODD)
    assert "argon2" not in page.content()


def test_a_person_is_changed(site: Site, visit: Visit) -> None:
    page = opened(visit, "Noor Bakker", lang="en")
    page.get_by_label("Name").fill("Noor de Bakker")
    page.get_by_label("Conversations at once").fill("7")
    page.get_by_label("All topics").uncheck()
    page.get_by_label("Delivery").check()
    page.get_by_label("Gift cards").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Delivery")).to_be_checked()
    noor = one(site, "noor")
    assert (noor.name, noor.capacity, noor.topics) == ("Noor de Bakker", 7, ["delivery", "gift-cards"])
    page.goto("/settings/history")
    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("noor@shop.example › Topics")
    expect(row.get_by_role("insertion").filter(has_text="Delivery, Gift cards")).to_be_visible()
    page.get_by_label("What changed").select_option("People")
    expect(row).to_have_count(1)


def test_of_two_admins_neither_loses_anything(site: Site, visit: Visit) -> None:
    mine, hers = opened(visit, "Noor Bakker"), opened(visit, "Noor Bakker")
    hers.get_by_label("Gesprekken tegelijk").fill("6")
    hers.get_by_role("button", name="Bewaren").click()
    expect(hers.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    mine.get_by_label("Gesprekken tegelijk").fill("8")
    mine.get_by_label("Naam").fill("Noortje")
    mine.get_by_role("button", name="Bewaren").click()
    said = mine.get_by_role("alert")
    expect(said).to_contain_text("ada@shop.example heeft dit net veranderd")
    expect(said.get_by_role("row", name="noor@shop.example › Gesprekken tegelijk 6 8")).to_be_visible()
    expect(mine.get_by_label("Naam")).to_have_value("Noortje")
    assert one(site, "noor").capacity == 6
    mine.get_by_role("button", name="Bewaren").click()
    expect(mine.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    assert (one(site, "noor").capacity, one(site, "noor").name) == (8, "Noortje")


def test_who_is_deactivated_is_out_and_her_customer_is_first(site: Site, visit: Visit) -> None:
    customer, other = site.customer("mijn lamp zoemt"), site.customer("mijn stoel kraakt")
    sam = visit("", "sam")
    site.write(lambda session: queue.claim(session, customer.id, one(site, "sam")))
    page = opened(visit, "Sam Peeters")
    page.get_by_text("Deactiveren", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Het gesprek dat openstaat, komt vooraan in de rij.")
    page.get_by_role("button", name="Ja, deactiveren").click()
    expect(page.get_by_role("status").get_by_text("Gedeactiveerd")).to_be_visible()
    assert customer.owner() == "queue"
    assert customer.said()[-1][1] == "We zetten je door naar een collega. Je staat vooraan in de rij."
    with reading(site.it.engine) as session:
        waiting = [c.id for c in queue.waiting(session, 200)[0]]
    assert waiting.index(customer.id) < waiting.index(other.id)
    sam.goto("/desk")
    expect(sam).to_have_url(re.compile("/login"))
    assert len(changes(site, "person")) == 1
    page.get_by_role("button", name="Weer activeren").click()
    expect(page.get_by_role("status").get_by_text("Inloggen kan weer.")).to_be_visible()
    sam.goto("/desk")
    expect(sam).to_have_url(re.compile("/login"))
    sign_in(sam, "sam")
    sam.goto("/desk")
    expect(sam).to_have_url(re.compile("/desk"))


def test_the_last_admin_stays(site: Site, visit: Visit) -> None:
    page = opened(visit, "Ada Smit")
    expect(page.get_by_text("Deactiveren", exact=True)).to_have_count(0)
    expect(page.get_by_text("Jezelf deactiveren kan niet.")).to_be_visible()
    page.get_by_label("Rol").select_option("Medewerker")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_label("Rol")).to_have_accessible_description(re.compile("laatste actieve beheerder"))
    answer = as_person(site, "ada").post(f"/settings/people/{one(site, 'ada').id}/active", data={"active": "false"})
    assert answer.status_code == 409
    assert "Jezelf deactiveren kan niet" in answer.text
    assert one(site, "ada").active
    assert changes(site) == []


def test_a_new_password_is_shown_once(site: Site, visit: Visit) -> None:
    sam = as_person(site, "sam")
    page = opened(visit, "Sam Peeters")
    page.get_by_text("Nieuw wachtwoord", exact=True).click()
    page.get_by_role("button", name="Nieuw wachtwoord maken").click()
    password = page.get_by_label("Wachtwoord", exact=True).input_value()
    assert people.GENERATED.fullmatch(password)
    assert sam.get("/desk").status_code == 303
    login = site.client().post("/login", data={"email": "sam@shop.example", "password": password})
    assert login.headers["location"] == "/desk"
    page.goto(f"/settings/people/{one(site, 'sam').id}")
    assert password not in page.content()
    assert password not in str([(c.before, c.after) for c in changes(site)])


def test_an_invitation_goes_out_where_mail_is_set_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.it.settings, "smtp_url", "smtp://127.0.0.1:9?tls=none")
    monkeypatch.setattr(site.it.settings, "mail_from", "shop@shop.example")
    ada = as_person(site, "ada")
    for _ in range(2):
        answer = ada.post("/settings/people/new", data=fields(email="mia@shop.example"))
        assert answer.status_code == 200
        assert "abcd-efgh" not in answer.text
        assert "Er gaat een mail naar mia@shop.example met een link" in answer.text
    with reading(site.it.engine) as session:
        mail = session.exec(select(Mail).where(Mail.to == "mia@shop.example")).one()
    assert f"{site.it.settings.origin}/password/" in mail.text
    assert "abcd-efgh" not in mail.text
    assert [c.after.get("link") for c in changes(site, "person")] == ["invite", None]


BAD: list[tuple[dict[str, Any], int]] = [
    ({"email": ""}, 422), ({"email": "x" * 100_000}, 422), ({"name": "\x00"}, 422), ({"name": "x" * 100_000}, 422),
    ({"name": None}, 422), ({"role": "boss"}, 422), ({"role": None}, 422), ({"capacity": "0"}, 422),
    ({"capacity": "51"}, 422), ({"capacity": "-1"}, 422), ({"capacity": "1e1"}, 422), ({"capacity": "٥"}, 422),
    ({"capacity": "9" * 5000}, 422), ({"all_topics": None}, 422), ({"all_topics": None, "topics": ["magic"]}, 422),
    ({"all_languages": None, "languages": ["xx"]}, 422), ({"email": "ada@shop.example"}, 422),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "status"), BAD, ids=range(len(BAD)))
def test_bad_people_are_refused_in_words(site: Site, bad: dict[str, Any], status: int) -> None:
    ada = as_person(site, "ada")
    noor = one(site, "noor")
    answer = ada.post("/settings/people/new", data=fields(**bad))
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    if "email" not in bad:
        sent = fields(**bad, revision=people.mark(noor))
        assert ada.post(f"/settings/people/{noor.id}", data=sent).status_code == status
    assert changes(site) == []


def test_odd_requests(site: Site) -> None:
    ada = as_person(site, "ada")
    for path in ("0", "x", "999999", "99999999999999"):
        assert ada.get(f"/settings/people/{path}").status_code == 404
    for path in ("999999", "999999/active", "999999/password"):
        assert ada.post(f"/settings/people/{path}", data=fields(active="false")).status_code == 404
    noor = one(site, "noor")
    assert ada.post(f"/settings/people/{noor.id}/active", data={"active": "perhaps"}).status_code == 422
    weak = ada.post(f"/settings/people/{noor.id}/password", data={"password": "secret"})
    assert weak.status_code == 200
    assert not auth.matches(one(site, "noor").password_hash, "secret")
    assert ada.post(f"/settings/people/{noor.id}", data=fields(revision="old")).status_code == 409


@pytest.mark.parametrize("who", ["noor", "els", ""])
def test_the_pages_are_for_admins(site: Site, visit: Visit, who: str) -> None:
    client = as_person(site, who) if who else site.client()
    expected = 403 if who else 303
    for path in ("people", "people/new", f"people/{one(site, 'noor').id}", "routing"):
        assert client.get(f"/settings/{path}").status_code == expected, path
        assert client.post(f"/settings/{path}", data=fields(way="automatic")).status_code in (expected, 405), path
    for path in (f"people/{one(site, 'els').id}/active", f"people/{one(site, 'els').id}/password", "routing/edit",
                 "routing/preview"):  # fmt: skip
        assert client.post(f"/settings/{path}", data={"active": "false"}).status_code == expected, path
    evil = as_person(site, "ada").post("/settings/people/new", data=fields(), headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403
    assert changes(site) == []
    if who:
        expect(visit("/settings/people", who).get_by_role("heading", name="Geen toegang")).to_be_visible()


# -- Routing


def test_an_admin_sets_how_conversations_are_given_out(site: Site, visit: Visit) -> None:
    page = visit("/settings/routing", "ada")
    says = page.get_by_role("status").first
    expect(says).to_contain_text("Iedereen kiest zelf uit de rij. Wie het langst wacht")
    everyone = page.get_by_role("group", name="Wie in geen team zit")
    everyone.get_by_label("Krijgt gesprekken vanzelf").check()
    expect(says).to_contain_text("Iedereen aan de balie krijgt gesprekken vanzelf.")
    page.get_by_role("button", name="Team toevoegen").click()
    expect(page.get_by_label("Naam van team 1")).to_be_focused()
    page.keyboard.type("Specialisten")
    team = page.get_by_role("group", name="team 1", exact=True)
    team.get_by_label("Sam Peeters").check()
    expect(says).to_contain_text("Zelf kiezen: Sam Peeters.")
    page.get_by_label("Gefrustreerd").select_option("10 minuten")
    expect(says).to_contain_text("met voorrang voor: “Gefrustreerd” (10 minuten)")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    sam = one(site, "sam").id or 0
    stored = Routing(automatic=True, teams=[Team(name="Specialisten", people=[sam])], priority={"frustrated": 2})
    assert routing(site) == stored
    page.get_by_role("button", name="Specialisten weghalen").click()
    expect(page.get_by_role("button", name="Team toevoegen")).to_be_focused()
    assert routing(site) == stored
    page.goto("/settings/history")
    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("Specialisten: Kiest zelf uit de rij (Sam Peeters)")
    expect(row.get_by_role("insertion").filter(has_text="10 minuten")).to_be_visible()


def test_two_admins_cross_in_the_routing(site: Site, visit: Visit) -> None:
    mine, hers = visit("/settings/routing", "ada"), visit("/settings/routing", "ada")
    hers.get_by_label("Gefrustreerd").select_option("5 minuten")
    hers.get_by_role("button", name="Bewaren").click()
    expect(hers.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    mine.get_by_label("Gefrustreerd").select_option("60 minuten")
    mine.get_by_role("button", name="Bewaren").click()
    said = mine.get_by_role("alert")
    expect(said.get_by_role("row", name="Gefrustreerd 5 minuten 60 minuten")).to_be_visible()
    expect(mine.get_by_label("Gefrustreerd")).to_have_value("12")
    assert routing(site).priority == {"frustrated": 1}
    mine.get_by_role("button", name="Bewaren").click()
    expect(mine.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    assert routing(site).priority == {"frustrated": 12}


def rules(**more: Any) -> dict[str, Any]:
    """The form of the routing as a browser sends it."""
    reasons = ("requested", "unknown", "loop", "frustrated", "rejected", "bot_unavailable")
    sent: dict[str, Any] = {"way": "picking", "revision": "0"} | {f"priority-{reason}": "0" for reason in reasons}
    return {k: v for k, v in (sent | more).items() if v is not None}


TEAM = {"team": ["0"], "name-t0": "A", "way-t0": "automatic"}


@pytest.mark.parametrize(
    "bad",
    [{"way": None}, {"way": "magic"}, {"priority-loop": "13"}, {"priority-loop": "-1"}, {"priority-loop": None},
     {"priority-loop": "9" * 5000}, TEAM | {"name-t0": " \x00"}, TEAM | {"name-t0": "x" * 81}, TEAM | {"way-t0": "x"},
     {"team": ["0", "1"], "name-t0": "A", "name-t1": "a", "way-t0": "picking", "way-t1": "picking"},
     {"team": [str(n) for n in range(200)]} | {f"name-t{n}": f"t{n}" for n in range(200)}
     | {f"way-t{n}": "picking" for n in range(200)}],
    ids=range(11),
)  # fmt: skip
def test_bad_routing_is_refused_in_words(site: Site, bad: dict[str, Any]) -> None:
    ada = as_person(site, "ada")
    answer = ada.post("/settings/routing", data=rules(**bad))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert ada.post("/settings/routing/edit", data=rules(**bad, do="drop-t9")).status_code == 200
    assert "Er klopt nog iets niet" in ada.post("/settings/routing/preview", data=rules(**bad)).text
    assert changes(site) == []


def test_routing_is_stored_once_and_keeps_what_it_does_not_show(site: Site) -> None:
    before = Routing(priority={"vip": 3, "loop": 1})
    site.write(lambda session: teams.change_routing(session, before, revision=0, by="x"))
    ada = as_person(site, "ada")
    people_sent = [str(one(site, "sam").id), "999999", "x", "-1"]
    sent = rules(revision="1", **TEAM, **{"people-t0": people_sent})
    for _ in range(2):
        assert ada.post("/settings/routing", data=sent).status_code == 303
    assert len(changes(site, "routing")) == 2
    assert routing(site).priority == {"vip": 3, "loop": 0}
    assert routing(site).teams == [Team(name="A", automatic=True, people=[one(site, "sam").id or 0])]
    assert ada.post("/settings/routing", data=rules(revision="1")).status_code == 409


def test_given_automatically_from_the_moment_it_is_saved(site: Site, visit: Visit) -> None:
    noor = visit("/desk", "noor")
    expect(noor.get_by_role("heading").first).to_be_visible()
    customer = site.customer("mijn vaas lekt")
    noor_only = rules(**TEAM, **{"people-t0": [str(one(site, "noor").id)]})
    site.write(lambda session: [queue.close(session, c.id, p) for p in session.exec(select(Person)).all()
                                for c in queue.held_by(session, p.id or 0)])  # fmt: skip
    assert customer.owner() == "queue"
    assert as_person(site, "ada").post("/settings/routing", data=noor_only).status_code == 303
    customer.until("agent")


# -- How it looks


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_pages_are_accessible_and_fit(site: Site, visit: Visit, lang: str, dark: bool, phone: bool) -> None:
    def fill(session: Session) -> list[int]:
        about = About(LONG, "agent", 50, ["delivery", "gift-cards"], ["nl"])
        long = people.add(session, f"{'x' * 60}@{LONG[4:30].lower()}.example", about, "abcd-efgh-jkmn-pqrs", by="x")[0]
        team = Team(name=LONG[:80], people=[long.id or 0])
        teams.change_routing(session, Routing(teams=[team], priority={"loop": 12}), revision=0, by="x")
        return [long.id or 0]

    id_ = site.write(fill)[0]
    page = visit("", "ada", phone=phone, dark=dark, lang=lang)

    def fits(what: str) -> None:
        expect(page.get_by_role("main")).to_be_visible()
        found = axe(page)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, what

    save: Callable[[], None] = page.get_by_role("button", name=re.compile("^(Bewaren|Save)$")).click
    for path, what in (("people", "people"), (f"people/{id_}", "person"), ("people/new", "new"), ("routing", "routing"),
                       ("history", "history")):  # fmt: skip
        page.goto(f"/settings/{path}")
        fits(what)
    page.goto(f"/settings/people/{id_}")
    page.locator("#capacity").fill("x")
    save()
    expect(page.get_by_role("alert").first).to_be_visible()
    fits("wrong")
    newer = About("x", "agent", 9)
    site.write(lambda s: people.change(s, id_, newer, revision=people.mark(people.get(s, id_)), by="y"))
    page.locator("#capacity").fill("8")
    save()
    expect(page.get_by_role("table")).to_be_visible()
    fits("crossed")
    for summary in page.locator("summary").all():
        summary.click()
    fits("unfolded")
    page.get_by_role("button", name=re.compile("^(Nieuw wachtwoord maken|Make a new password)$")).click()
    expect(page.get_by_label(re.compile("^(Wachtwoord|Password)$"))).to_be_visible()
    fits("password")
