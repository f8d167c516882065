"""A whole FAQ at once, over plain HTTP and in a browser: offered, looked at, done, undone, and got out again."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from kb.entries import change_entry, get_entry, revert_entry
from tests.browser import axe

from .conftest import Visit
from .site import PASSWORD, Site

TABLE = "key;question;answer;phrasings\ndelivery-time;Hoe lang duurt de levering?;Meestal 3 werkdagen.;levertijd\n"
PAGE = """<html lang=nl><h2>Kan ik een lamp laten dimmen?</h2><p>Ja, met een <b>dimmer</b>.<script>alert(1)</script>
<h2>Over ons</h2><p>Wij zijn leuk.</html>"""


def editor(site: Site, who: str = "els", language: str = "nl") -> httpx.Client:
    client = site.client()
    client.headers["accept-language"] = language
    client.post("/api/v1/login", json={"email": f"{who}@shop.example", "password": PASSWORD}).raise_for_status()
    return client


def offer(client: httpx.Client, name: str, content: str | bytes, **fields: str) -> httpx.Response:
    return client.post("/review/import", files={"file": (name, content)}, data=fields)


def offered(client: httpx.Client, name: str, content: str | bytes) -> str:
    answer = offer(client, name, content)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def confirm(client: httpx.Client, place: str) -> httpx.Response:
    found = re.search(r'name="fingerprint" value="(\w+)"', client.get(place).text)
    return client.post(f"{place}/confirm", data={"fingerprint": found[1] if found else ""})


def answer_of(site: Site, key: str) -> str:
    return site.write(lambda session: get_entry(session, key, "nl").answer)


def test_an_import_is_live_when_the_page_comes_and_undone_when_the_next_does(site: Site) -> None:
    client = editor(site)
    place = offered(client, "faq.html", PAGE)
    assert "Kan ik een lamp laten dimmen?" in client.get(place).text
    assert confirm(client, place).headers["location"] == f"{place}?done=done"
    asked = {"text": "kan ik mijn lamp dimmen", "language": "nl"}
    assert client.get("/api/v1/kb/ask", params=asked).json()["entry"] == "kan-ik-een-lamp-laten-dimmen"
    assert answer_of(site, "kan-ik-een-lamp-laten-dimmen") == "Ja, met een **dimmer**."
    assert client.post(f"{place}/undo").headers["location"] == f"{place}?done=undone"
    assert client.get("/api/v1/kb/ask", params=asked).json()["entry"] != "kan-ik-een-lamp-laten-dimmen"
    assert "Ongedaan gemaakt" in client.get("/review/import").text


def test_a_heading_that_is_no_question_is_left_out_until_it_is_taken(site: Site) -> None:
    client = editor(site)
    place = offered(client, "faq.html", PAGE)
    left = client.get(f"{place}?show=out").text
    assert "Over ons" in left
    assert "Dit lijkt geen vraag." in left
    client.post(f"{place}/choose", data={"take": "1"})
    assert "Lees in: 2 veranderingen" in client.get(place).text
    client.post(f"{place}/choose", data={"leave": "0"})
    assert "Lees in: 1 verandering" in client.get(place).text


def test_what_changed_meanwhile_is_shown_before_anything_is_done(site: Site) -> None:
    client = editor(site)
    place = offered(client, "faq.csv", TABLE)
    stale = client.post(f"{place}/confirm", data={"fingerprint": "something else"})
    assert stale.status_code == 412
    assert "intussen veranderd" in stale.text
    assert answer_of(site, "delivery-time") == "Meestal 1 à 2 werkdagen."


def test_an_import_that_others_built_on_is_not_undone(site: Site) -> None:
    client = editor(site)
    place = offered(client, "faq.csv", TABLE)
    confirm(client, place)
    site.write(lambda s: change_entry(s, "delivery-time", "nl", {"answer": "Vier dagen."}, None, "ada"))
    refused = client.post(f"{place}/undo")
    assert refused.status_code == 409
    assert "Hoe lang duurt de levering?" in refused.text
    clash = client.post(f"/api/v1/kb/imports/{place.rpartition('/')[2]}/undo")
    assert (clash.status_code, clash.json()["entries"][0]["key"]) == (409, "delivery-time")
    assert answer_of(site, "delivery-time") == "Vier dagen."
    site.write(lambda session: revert_entry(session, "delivery-time", "nl", 1, "ada"))


BAD: list[tuple[str, Any, int, str]] = [
    ("faq.csv", "question,answer\nHoe?,Zo.\n,Leeg.\n", 422, "regel 3"),
    ("faq.csv", "vraag,antwoord,prijs\nHoe?,Zo.,1\n", 422, "prijs is geen veld van een antwoord."),
    ("faq.yml", "- {question: [}", 422, "Dit is geen geldige YAML."),
    ("faq.yml", "", 422, "Er staan geen antwoorden in het bestand."),
    ("faq.html", "<p>niets</p>", 422, "geen vragen met antwoorden"),
    ("faq.docx", b"PK", 422, "Kies een bestand dat eindigt op"),
    ("faq.csv", "question,answer\nКак?,Так.".encode("cp1251"), 422, "UTF-8"),
    ("faq.csv", b"x" * (10 * 2**20 + 40_000), 413, "Hooguit 10 MB"),
    ("<b>x</b>🎁.exe", b"x", 422, "Kies een bestand dat eindigt op"),
]


@pytest.mark.parametrize(("name", "content", "status", "words"), BAD, ids=[f"{b[0]} {b[3][:20]}" for b in BAD])
def test_a_file_that_cannot_be_taken_is_refused_in_words(
    site: Site, name: str, content: Any, status: int, words: str
) -> None:
    answer = offer(editor(site), name, content)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text[:3000]
    assert "<b>x</b>" not in answer.text


def test_no_file_and_no_form_are_said_to_be_missing(site: Site) -> None:
    client = editor(site)
    for sent in ({"data": {"language": "nl"}}, {"content": b"x"}, {"files": {"file": ("", b"")}}):
        assert client.post("/review/import", **sent).status_code == 422


def test_agents_and_strangers_and_other_sites_are_kept_out(site: Site) -> None:
    place = offered(editor(site), "faq.csv", TABLE)
    agent = editor(site, "noor")
    for path in ("/review/import", place, "/review/export", "/api/v1/kb/imports", "/api/v1/kb/export"):
        assert agent.get(path).status_code == 403
    assert offer(agent, "faq.csv", TABLE).status_code == 403
    assert site.client().get(place).headers["location"].startswith("/login")
    away = editor(site)
    away.headers["origin"] = "https://evil.example"
    assert offer(away, "faq.csv", TABLE).status_code == 403
    assert editor(site).get("/review/import/999999").status_code == 404


@pytest.mark.parametrize("format", ["csv", "yaml", "jsonl"])
def test_what_is_saved_can_be_brought_in_again(site: Site, format: str) -> None:
    client = editor(site)
    saved = client.get("/review/export", params={"format": format, "agents": "true", "withdrawn": "true"})
    name = re.search(r'filename="(.+)"', saved.headers["content-disposition"])
    assert name
    if format == "csv":
        assert saved.content.startswith(b"\xef\xbb\xbfkey;language;")  # as Excel reads it in Dutch
    assert "Hierdoor verandert er niets." in client.get(offered(client, name[1], saved.content)).text


def test_the_api_previews_confirms_and_undoes(site: Site) -> None:
    client = editor(site)
    shown = client.post("/api/v1/kb/imports", files={"file": ("faq.csv", TABLE)})
    assert shown.status_code == 201
    plan = shown.json()
    (change,) = plan["changes"]
    assert (change["kind"], change["line"], plan["counts"]) == ("changed", 2, {"changed": 1})
    assert change["before"]["answer"] == "Meestal 1 à 2 werkdagen."
    here = f"/api/v1/kb/imports/{plan['id']}"
    added = client.post(f"{here}/choices", json={"phrasings": "add"}).json()
    assert added["changes"][0]["after"]["phrasings"] == ["wanneer komt mijn pakje", "levertijd"]
    assert client.post(f"{here}/confirm", json={"fingerprint": plan["fingerprint"]}).status_code == 412
    assert client.post(f"{here}/confirm", json={"fingerprint": added["fingerprint"]}).json()["status"] == "done"
    assert client.post(f"{here}/confirm", json={"fingerprint": added["fingerprint"]}).json()["status"] == "done"
    assert answer_of(site, "delivery-time") == "Meestal 3 werkdagen."
    assert client.post(f"{here}/undo").json()["status"] == "undone"
    assert answer_of(site, "delivery-time") == "Meestal 1 à 2 werkdagen."
    assert client.get("/api/v1/kb/imports").json()[0]["id"] == plan["id"]
    bad = client.post("/api/v1/kb/imports", files={"file": ("faq.csv", "question,answer\n,x\n")})
    assert (bad.status_code, bad.json()["errors"]) == (422, [{"line": 2, "message": "the question is empty"}])
    huge = client.post("/api/v1/kb/imports", files={"file": ("faq.csv", b"x" * 11_000_000)})
    assert huge.status_code == 413


@pytest.mark.browser
def test_an_editor_brings_in_a_table_and_takes_it_back(site: Site, visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "onze faq.csv"
    file.write_text(TABLE + "lamp-repair;Repareren jullie lampen?;Ja, altijd.;lamp stuk\n", encoding="utf-8-sig")
    page = visit("/review/entries", "els")
    page.get_by_role("link", name="Inlezen en opslaan").click()
    page.get_by_label("Bestand", exact=True).set_input_files(file)
    page.get_by_role("button", name="Laat zien wat er verandert").click()
    expect(page.get_by_role("heading", name="onze faq.csv")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Repareren jullie lampen?")).to_contain_text("regel 3")
    page.get_by_role("link", name=re.compile("Gewijzigd")).click()
    changed = page.get_by_role("listitem").filter(has_text="Hoe lang duurt de levering?")
    expect(changed.get_by_role("deletion").first).to_have_text("1 à 2")
    expect(changed.get_by_role("insertion").first).to_have_text("3")
    page.get_by_role("button", name="Lees in: 2 veranderingen").click()
    expect(page.get_by_role("status").get_by_text("Ingelezen.")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Ongedaan maken").click()
    expect(page.get_by_role("status").get_by_text("Ongedaan gemaakt.")).to_be_visible()
    page.get_by_role("link", name="FAQ inlezen en opslaan").click()
    expect(page.get_by_role("link", name=re.compile("onze faq.csv"))).to_contain_text("Ongedaan gemaakt")
    assert answer_of(site, "delivery-time") == "Meestal 1 à 2 werkdagen."


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_fit_a_phone_and_axe_finds_nothing(site: Site, visit: Visit, dark: bool) -> None:
    for path in ("/review/import", offered(editor(site), "faq.html", PAGE), offered(editor(site), "faq.csv", TABLE)):
        page = visit(path, "els", phone=True, dark=dark)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        found = axe(page)
        assert found.violations_count == 0, found.generate_report()
