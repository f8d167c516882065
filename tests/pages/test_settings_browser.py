"""The settings' pages: opening hours filled in by mouse, keyboard and phone, and the history of changes."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from handoff import shop_settings
from handoff.db import reading
from handoff.hours import Hours
from handoff.models import Change, Setting
from handoff.web.hours_form import form_of
from tests.browser import axe

from .conftest import Visit
from .site import PASSWORD, Site

pytestmark = pytest.mark.browser
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 20
ODD = "<b>Kerst</b> 🎄 عيد"
PART = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nobody_set_anything(site: Site) -> None:
    """Each test begins with the hours that hold where nobody set any."""

    def empty(session: Any) -> None:
        for table in (Setting, Change):
            session.execute(table.__table__.delete())  # type: ignore[attr-defined]

    site.write(empty)


def stored(site: Site) -> dict[str, Any]:
    """The hours as they are in the database."""
    with reading(site.it.engine) as session:
        return shop_settings.hours(session).model_dump(mode="json")


def changes(site: Site) -> list[str]:
    with reading(site.it.engine) as session:
        return [change.what for change in shop_settings.changes(session)]


def span(opens: str, closes: str) -> dict[str, str]:
    return {"opens": opens, "closes": closes}


def save(page: Page) -> None:
    page.get_by_role("button", name="Bewaren").click()


def saved(page: Page) -> None:
    save(page)
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()


def as_person(site: Site, who: str) -> httpx.Client:
    client = site.client()
    client.post("/login", data={"email": f"{who}@shop.example", "password": PASSWORD})
    return client


def fields(**more: Any) -> dict[str, Any]:
    """The form as a browser sends it for the default hours, with some fields in other hands."""
    form = form_of(Hours.model_validate(shop_settings.PROPOSED_HOURS), 900)
    sent: dict[str, Any] = {"zone": form.zone, "wait": form.wait, "revision": "0", "wait_revision": "0"}
    for day in form.week:
        sent[f"opens-{day.key}"] = [opens for opens, _ in day.spans]
        sent[f"closes-{day.key}"] = [closes for _, closes in day.spans]
        if day.closed:
            sent[f"closed-{day.key}"] = "on"
    return {k: v for k, v in (sent | more).items() if v is not None}


# -- Filling in


def test_an_admin_sets_the_hours(site: Site, visit: Visit) -> None:
    page = visit("/desk", "ada")
    page.get_by_role("link", name="Instellingen").click()
    expect(page.get_by_role("heading", name="Openingstijden")).to_be_visible()
    monday = page.get_by_role("group", name="maandag")
    monday.get_by_role("textbox", name="maandag tot, 1").fill("12:30")
    monday.get_by_role("button", name="maandag: tijd erbij").click()
    expect(page.get_by_label("maandag van, 2")).to_be_focused()
    page.keyboard.type("1330")
    page.get_by_label("maandag tot, 2").fill("18.00")
    page.get_by_role("button", name="Di–vr zoals maandag").click()
    expect(page.get_by_label("vrijdag tot, 2")).to_have_value("18.00")
    page.get_by_role("button", name="woensdag: tijd 2 weghalen").click()
    expect(page.get_by_label("woensdag van, 2")).to_have_count(0)
    page.get_by_label("zaterdag gesloten").check()
    expect(page.get_by_label("zaterdag van, 1")).to_be_hidden()
    page.get_by_label("zondag gesloten").uncheck()
    page.get_by_label("zondag van, 1").fill("20")
    page.get_by_label("zondag tot, 1").fill("24:00")
    page.get_by_label("Tijdzone").select_option("Europe/Brussels")
    page.get_by_label("Langste wachttijd").fill("25")
    saved(page)
    two = [span("09:00", "12:30"), span("13:30", "18:00")]
    assert stored(site) == {
        "zone": "Europe/Brussels",
        "week": [two, two, [span("09:00", "12:30")], two, two, [], [span("20:00", "24:00")]],
        "holidays": [],
    }
    assert sorted(changes(site)) == ["hours", "wait_limit"]
    expect(page.get_by_label("zondag tot, 1")).to_have_value("24:00")
    expect(page.get_by_label("Langste wachttijd")).to_have_value("25")


def test_holidays_are_added_and_taken_away(site: Site, visit: Visit) -> None:
    page = visit("/settings/hours", "ada")
    for n, (name, date) in enumerate([("Oudjaar", "2026-12-31"), (ODD, "2026-12-25")], 1):
        page.get_by_role("button", name="Dag toevoegen").click()
        expect(page.get_by_label(f"Datum feestdag {n}")).to_be_focused()
        page.get_by_label(f"Datum feestdag {n}").fill(date)
        page.get_by_label(f"Naam feestdag {n}").fill(name)
    page.get_by_label("Oudjaar gesloten").uncheck()
    page.get_by_label("Oudjaar van, 1").fill("9")
    page.get_by_label("Oudjaar tot, 1").fill("16:00")
    saved(page)
    eve = {"date": "2026-12-31", "name": "Oudjaar", "spans": [span("09:00", "16:00")]}
    assert stored(site)["holidays"] == [{"date": "2026-12-25", "name": ODD, "spans": []}, eve]
    page.get_by_role("button", name=f"{ODD} weghalen").click()
    expect(page.get_by_role("button", name="Dag toevoegen")).to_be_focused()
    saved(page)
    assert stored(site)["holidays"] == [eve]


def test_the_sentence_follows_what_is_filled_in(site: Site, visit: Visit) -> None:
    page = visit("/settings/hours", "ada", lang="en")
    says = page.get_by_role("status").first
    expect(says).to_contain_text(re.compile("Now a customer reads: We're "))
    for day in range(7):
        page.get_by_role("checkbox").nth(day).check()
    expect(says).to_contain_text("We're not here now.")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        page.get_by_label(f"{day} closed").uncheck()
        page.get_by_label(f"{day} from, 1").fill("0:00")
        page.get_by_label(f"{day} to, 1").fill("24:00")
    expect(says).to_contain_text("We're here now.")
    page.get_by_label("Sunday to, 1").fill("24:0")
    expect(says).to_contain_text("Something is not right yet")
    assert changes(site) == []


def test_by_keyboard_alone(site: Site, visit: Visit) -> None:
    page = visit("/settings/hours", "ada")
    page.get_by_label("maandag gesloten").focus()
    for keys in (["Tab"], ["8"], ["Tab"], ["2", "0"]):
        for key in keys:
            page.keyboard.press(key)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="maandag: tijd erbij")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_label("maandag van, 2")).to_be_focused()
    page.keyboard.type("21")
    page.keyboard.press("Tab")
    page.keyboard.type("23")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Bewaard.")).to_be_visible()
    assert stored(site)["week"][0] == [span("08:00", "20:00"), span("21:00", "23:00")]


def test_what_is_wrong_is_said_beside_the_field_and_all_typed_stays(site: Site, visit: Visit) -> None:
    page = visit("/settings/hours", "ada")
    page.get_by_label("dinsdag tot, 1").fill("8:00")
    page.get_by_label("woensdag van, 1").fill("<i>vroeg</i>")
    page.get_by_label("donderdag van, 1").fill("")
    page.get_by_label("donderdag tot, 1").fill("")
    page.get_by_role("button", name="Dag toevoegen").click()
    page.get_by_label("Naam feestdag 1").fill("Kerst")
    page.get_by_label("Langste wachttijd").fill("heel lang")
    save(page)
    expect(page.get_by_role("alert").first).to_contain_text("Er kloppen nog 5 dingen niet")
    expect(page.get_by_label("dinsdag tot, 1")).to_be_focused()
    for label, value, said in (
        ("dinsdag tot, 1", "8:00", "Het einde moet na het begin komen"),
        ("woensdag van, 1", "<i>vroeg</i>", "Vul een tijd in"),
        ("donderdag van, 1", "", "Vul tijden in, of kies gesloten."),
        ("Datum Kerst", "", "Vul een datum in"),
        ("Langste wachttijd", "heel lang", "van 1 tot 240"),
    ):
        field = page.get_by_label(label, exact=label == "Langste wachttijd")
        expect(field).to_have_value(value)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(said)))
    expect(page.get_by_label("Naam Kerst")).to_have_value("Kerst")
    assert changes(site) == []

    page.get_by_label("dinsdag tot, 1").fill("20:00")
    page.get_by_label("woensdag van, 1").fill("9:00")
    page.get_by_label("donderdag gesloten").check()
    page.get_by_label("Datum Kerst").fill("2026-12-25")
    page.get_by_label("Langste wachttijd", exact=True).fill("30")
    saved(page)
    assert stored(site)["holidays"] == [{"date": "2026-12-25", "name": "Kerst", "spans": []}]


def test_of_two_admins_neither_loses_anything(site: Site, visit: Visit) -> None:
    mine, hers = visit("/settings/hours", "ada"), visit("/settings/hours", "ada")
    hers.get_by_label("maandag tot, 1").fill("20:00")
    saved(hers)
    mine.get_by_label("maandag tot, 1").fill("22:00")
    mine.get_by_label("Langste wachttijd").fill("5")
    save(mine)
    said = mine.get_by_role("alert")
    expect(said).to_contain_text("ada@shop.example heeft dit net veranderd")
    expect(said.get_by_role("row", name="maandag 9:00–20:00 9:00–22:00")).to_be_visible()
    expect(said.get_by_role("row", name="Langste wachttijd 15 minuten 5 minuten")).to_be_visible()
    expect(mine.get_by_label("maandag tot, 1")).to_have_value("22:00")
    assert stored(site)["week"][0] == [span("09:00", "20:00")]
    assert changes(site) == ["hours"]
    saved(mine)
    assert stored(site)["week"][0] == [span("09:00", "22:00")]
    assert sorted(changes(site)) == ["hours", "hours", "wait_limit"]


def test_leaving_with_something_filled_in_asks_first(visit: Visit) -> None:
    page = visit("/settings/hours", "ada")
    page.get_by_role("button", name="Dag toevoegen").click()
    expect(page.get_by_label("Datum feestdag 1")).to_be_focused()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Geschiedenis").click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]


# -- The history


def test_the_history_says_who_changed_what(site: Site, visit: Visit) -> None:
    page = visit("/settings/history", "ada")
    expect(page.get_by_text("Nog niets gewijzigd")).to_be_visible()
    page.goto("/settings/hours")
    page.get_by_label("maandag tot, 1").fill("20:00")
    page.get_by_label("Langste wachttijd").fill("5")
    saved(page)
    site.write(lambda session: shop_settings.record(session, "<b>x</b>", before={"a": [1]}, after=ODD, by="els"))
    page.get_by_role("link", name="Geschiedenis").click()
    entries = page.get_by_role("main").get_by_role("listitem")
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("<b>x</b>")
    expect(entries.first.get_by_role("insertion")).to_have_text(ODD)
    page.get_by_label("Wat er veranderde").select_option("Openingstijden")
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text("ada@shop.example")
    expect(entries.get_by_role("deletion").first).to_have_text("0:00–24:00")  # nobody had set any
    expect(entries.get_by_role("insertion").first).to_have_text("9:00–20:00")
    page.reload()
    expect(entries).to_have_count(1)


def test_a_long_history_comes_in_pages(site: Site, visit: Visit) -> None:
    def fill(session: Any) -> None:
        for n in range(65):
            shop_settings.record(session, "wait_limit", before=60 * n or None, after=60 * n + 60, by="ada")

    site.write(fill)
    page = visit("/settings/history?what=wait_limit", "ada", lang="en")
    entries, seen = page.get_by_role("main").get_by_role("listitem"), []
    for count in (30, 30, 5):
        expect(entries).to_have_count(count)
        seen += page.get_by_role("insertion").all_inner_texts()
        if count == 30:
            page.get_by_role("link", name="Earlier changes").click()
            expect(entries.filter(has_text=seen[-1])).to_have_count(0)
    assert seen == [f"{n} minutes" for n in range(65, 0, -1)]
    expect(page.get_by_role("link", name="Earlier changes")).to_have_count(0)


# -- For whom, how it looks, and without scripts


def test_the_pages_are_for_admins(site: Site, visit: Visit) -> None:
    for who in ("noor", "els"):
        client = as_person(site, who)
        for path in ("/settings/hours", "/settings/history"):
            assert client.get(path).status_code == 403
        for path in ("", "/edit", "/preview"):
            assert client.post(f"/settings/hours{path}", data=fields(wait="5")).status_code == 403
    nobody = site.client()
    assert nobody.get("/settings/hours").headers["location"] == "/login?next=%2Fsettings%2Fhours"
    assert nobody.post("/settings/hours", data=fields(wait="5")).status_code == 303
    other = {"Origin": "https://evil.example"}
    evil = as_person(site, "ada").post("/settings/hours", data=fields(wait="5"), headers=other)
    assert evil.status_code == 403
    assert changes(site) == []
    page = visit("/settings/hours", "els")
    expect(page.get_by_role("heading", name="Geen toegang")).to_be_visible()
    expect(page.get_by_role("link", name="Instellingen")).to_have_count(0)


def test_everything_works_without_scripts(site: Site) -> None:
    ada = as_person(site, "ada")
    more = ada.post("/settings/hours/edit", data=fields(do="add-d0"))
    assert (more.status_code, more.text.count('name="opens-d0"')) == (200, 2)
    assert "<!doctype html>" in more.text
    two = {"opens-d0": ["9", "13"], "closes-d0": ["12", "17"]}
    less = ada.post("/settings/hours/edit", data=fields(do="drop-d0-1", **two))
    assert (less.text.count('name="opens-d0"'), 'value="13"' in less.text) == (1, False)
    for do in ("", "drop-d0-9", "drop-d9-0", "drop-d0-x", "forget-h7", "forget-d0", "add-", "<b>", "x" * 9999):
        assert ada.post("/settings/hours/edit", data=fields(do=do)).status_code == 200, do
    done = ada.post("/settings/hours", data=fields(wait="5"))
    assert (done.status_code, done.headers["location"]) == (303, "/settings/hours?done=saved")
    assert sorted(changes(site)) == ["hours", "wait_limit"]
    again = ada.post("/settings/hours", data=fields(wait="5"))
    assert again.status_code == 303
    assert sorted(changes(site)) == ["hours", "wait_limit"]
    stale = ada.post("/settings/hours", data=fields(wait="6"))
    assert stale.status_code == 409
    assert "5 minuten" in stale.text
    assert "6 minuten" in stale.text


BAD = [
    {"opens-d0": ["x" * 100_000]}, {"zone": "Mars/Olympus"}, {"zone": None}, {"wait": "-1"}, {"wait": "1e9"},
    {"wait": ""}, {"wait": "٥"}, {"opens-d0": [], "closes-d0": []}, {"opens-d0": None},
    {"opens-d0": ["9"] * 900, "closes-d0": ["10"] * 900},
    {"holiday": ["0"]}, {"holiday": ["<b>", "\x00", "0"] * 500}, {"opens-d0": ["\x00"]},
    {"holiday": ["0", "1"], "date-h0": "2026-12-25", "date-h1": "2026-12-25", "name-h0": "a", "name-h1": "b",
     "closed-h0": "on", "closed-h1": "on"},
    {"holiday": ["0"], "date-h0": "2026-12-25", "name-h0": LONG, "closed-h0": "on"},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_bad_input_is_said_in_words(site: Site, bad: dict[str, Any]) -> None:
    ada = as_person(site, "ada")
    for path, status in (("", 422), ("/edit", 200), ("/preview", 200)):
        answer = ada.post(f"/settings/hours{path}", data=fields(**bad), headers=PART)
        assert answer.status_code == status
        assert "\x00" not in answer.text
    assert changes(site) == []
    for revision in ("", "x", "-1", "9" * 99):
        assert ada.post("/settings/hours", data=fields(revision=revision, zone="UTC")).status_code == 409
    files = {"zone": ("zone.txt", b"UTC")}
    assert ada.post("/settings/hours", data={"wait": "5"}, files=files).status_code == 422


def test_odd_addresses(site: Site) -> None:
    ada = as_person(site, "ada")
    for query in ("what=none", "what=%00", "what=<b>", "after=1", "after=2147483647"):
        assert ada.get(f"/settings/history?{query}").status_code == 200, query
    for query in ("after=0", "after=x", "after=99999999999", f"what={'x' * 121}"):
        assert ada.get(f"/settings/history?{query}").status_code == 404, query
    assert ada.get("/settings/hours?done=odd").status_code == 404


def filled(site: Site) -> None:
    """Hours with everything in them, and a history with long lines."""
    holidays = [{"date": "2026-12-25", "name": LONG[:80], "spans": [span("9:00", "10:00"), span("11:00", "12:00")]},
                {"date": "2026-12-26", "name": ODD}]  # fmt: skip
    hours = Hours.model_validate(shop_settings.PROPOSED_HOURS | {"holidays": holidays})

    def fill(session: Any) -> None:
        shop_settings.change_hours(session, hours, revision=0, by=f"{LONG[:180]}@x")
        shop_settings.change(session, "other", {"a": LONG, "b": [{"c": None}]}, revision=0, by="ada")

    site.write(fill)


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_pages_are_accessible_and_fit(site: Site, visit: Visit, lang: str, dark: bool, phone: bool) -> None:
    filled(site)
    page = visit("", "ada", phone=phone, dark=dark, lang=lang)

    def fits(what: str) -> None:
        found = axe(page)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, what

    page.goto("/settings/history")
    fits("history")
    page.goto("/settings/hours")
    fits("hours")
    page.get_by_role("button", name=re.compile("^(Dag toevoegen|Add day)$")).click()
    expect(page.get_by_role("group", name=re.compile("^(feestdag|holiday) 3$")).locator("[type=date]")).to_be_focused()
    page.get_by_label(re.compile("^(maandag van|Monday from), 1$")).fill("xx")
    filled_anew = Hours.model_validate(shop_settings.PROPOSED_HOURS | {"zone": "UTC"})
    site.write(lambda s: shop_settings.change_hours(s, filled_anew, revision=1, by="els"))
    page.get_by_role("button", name=re.compile("^(Bewaren|Save)$")).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    fits("wrong")
    page.get_by_label(re.compile("^(maandag van|Monday from), 1$")).fill("9")
    page.get_by_role("button", name=re.compile("^(feestdag|holiday|Remove holiday) 3( weghalen)?$")).click()
    expect(page.get_by_role("button", name=re.compile("^(Dag toevoegen|Add day)$"))).to_be_focused()
    page.get_by_role("button", name=re.compile("^(Bewaren|Save)$")).click()
    expect(page.get_by_role("table")).to_be_visible()
    fits("crossed")
