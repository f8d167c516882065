"""A question group's page: drafts that stay, what they would change, the proof, four eyes, and what a hand does."""

import html
import re

import httpx
import pytest
from playwright.sync_api import expect
from sqlmodel import Session, col, select

from handoff import approving
from kb import backlog
from kb.models import Question, QuestionGroup

from .conftest import Visit
from .site import PASSWORD, Site
from .test_access_browser import accessible
from .test_pages import as_person

PINS = [
    "ik heb de helft van de pincode van mijn cadeaukaart weggekrast",
    "de pincode op mijn cadeaubon is weggekrast, wat nu",
    "ik kan de pincode van de cadeaukaart niet meer lezen door het krassen",
]


def group_of(site: Site, text: str) -> int:
    """The group of a question."""

    def find(session: Session) -> int:
        return session.exec(select(Question.group_id).where(Question.text == text).order_by(col(Question.id))).all()[-1]

    return site.write(find)


def reset(site: Site, *, four: bool) -> None:
    def act(session: Session) -> None:
        document = approving.four_eyes_document(session)
        approving.change_four_eyes(session, four, revision=document.revision, by="ada@shop.example")

    site.write(act)


def form(answer: str, question: str = "Kan ik dat?", **more: str) -> dict[str, str]:
    return {"language": "nl", "question": question, "answer": answer} | more


def entries_for(site: Site, text: str) -> list[str]:
    client = site.client()
    client.post("/api/v1/login", json={"email": "els@shop.example", "password": PASSWORD}).raise_for_status()
    found = client.get("/api/v1/kb/ask", params={"text": text, "language": "nl"}).raise_for_status().json()
    return [found["entry"]] if found["verdict"] == "answer" else []


@pytest.mark.browser
def test_written_seen_approved_proven_and_taken_back(site: Site, visit: Visit) -> None:
    for text in PINS:
        site.customer(text)
    group, before = group_of(site, PINS[0]), entries_for(site, PINS[1])
    page = visit(f"/review/groups/{group}", "els")
    asked = page.get_by_role("region", name="Wat er verandert")
    expect(asked).to_contain_text("Schrijf een antwoord")
    page.get_by_label("Vraag", exact=True).fill("De pincode van mijn cadeaukaart is weggekrast. Wat nu?")
    page.get_by_label("Antwoord", exact=True).fill("Mail ons een **foto** van de kaart. Je krijgt een nieuwe.")
    count = len(site.write(lambda session: backlog.questions(session, group)))
    expect(asked).to_contain_text(re.compile(rf"{count} van {count} vra(ag|gen)"))
    expect(asked).to_contain_text("Geen vraag die nu beantwoord wordt, verandert.")
    expect(asked).to_contain_text("Concept bewaard.")

    page.reload()  # what was typed is a draft by now
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value(re.compile("Mail ons een"))
    expect(page.get_by_text("Concept van els@shop.example")).to_be_visible()
    page.get_by_role("button", name="Goedkeuren").click()
    expect(page.get_by_role("status").get_by_text("Goedgekeurd.")).to_be_visible()
    proof = page.get_by_role("region", name="Opnieuw gevraagd")
    expect(proof).to_contain_text(f"{count} van {count} beantwoord")
    assert entries_for(site, PINS[1]) not in ([], before)
    page.get_by_role("button", name="Terugdraaien").click()
    expect(page.get_by_role("status").get_by_text("Teruggedraaid.")).to_be_visible()
    expect(page.get_by_role("button", name="Goedkeuren")).to_be_visible()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value(re.compile("Mail ons een"))
    assert entries_for(site, PINS[1]) == before


@pytest.mark.browser
def test_an_answer_that_would_take_another_ones_place_is_asked_about_again(site: Site, visit: Visit) -> None:
    text = "ik wil de levertijd van mijn zonnescherm weten"
    site.customer(text)
    page = visit(f"/review/groups/{group_of(site, text)}", "els")
    page.get_by_label("Vraag", exact=True).fill("Hoe lang duurt de levering?")
    page.get_by_label("Antwoord", exact=True).fill("Drie maanden.")
    page.get_by_role("button", name="Goedkeuren").click()
    sure = page.get_by_role("alert").filter(has_text="Dit verandert iets wat nu goed gaat.")
    expect(sure).to_contain_text("betekent hetzelfde en geeft een ander antwoord")
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("Drie maanden.")
    page.get_by_role("button", name="Toch goedkeuren").click()
    expect(page.get_by_role("status").get_by_text("Goedgekeurd.")).to_be_visible()
    page.get_by_role("button", name="Terugdraaien").click()
    expect(page.get_by_role("status").get_by_text("Teruggedraaid.")).to_be_visible()
    assert entries_for(site, "Hoe lang duurt de levering?") == ["delivery-time"]


def test_looking_makes_no_draft_and_writing_does(site: Site) -> None:
    text = "verkopen jullie ook onderdelen van de grasmaaier robo"
    site.customer(text)
    group, els = group_of(site, text), as_person(site, "els")
    page = els.get(f"/review/groups/{group}").text
    given = re.search(r'name="given" value="([^"]*)"', page)
    assert given
    topic = re.search(r'name="topic"[^>]* value="([^"]*)"', page)
    assert topic
    same = form("", text, given=given[1], topic=topic[1])
    assert "Concept bewaard" not in els.post(f"/review/groups/{group}/draft", data=same).text
    kept = els.post(f"/review/groups/{group}/draft", data=form("Ja, 🎁 مرحبا <b>x</b>", text)).text
    assert "Concept bewaard" in kept
    shown = as_person(site, "ada").get(f"/review/groups/{group}").text
    assert "Ja, 🎁 مرحبا &lt;b&gt;x&lt;/b&gt;" in shown
    assert "Concept van els@shop.example" in shown


def test_a_colleagues_newer_words_are_not_written_over(site: Site) -> None:
    text = "kan ik een cadeaupapier met mijn logo bestellen"
    site.customer(text)
    group, els, ada = group_of(site, text), as_person(site, "els"), as_person(site, "ada")
    els.post(f"/review/groups/{group}/draft", data=form("Van Els.", text))
    crossed = ada.post(f"/review/groups/{group}/draft", data=form("Van Ada.", text)).text
    assert "Een collega schreef hier intussen iets anders" in crossed
    assert "Van Els." in els.get(f"/review/groups/{group}").text


@pytest.mark.parametrize("bad", [{"answer": "x" * 9000}, {"question": "x" * 400}, {"topic": "x" * 99}])
def test_what_is_too_long_is_said_and_kept_in_the_field(site: Site, bad: dict[str, str]) -> None:
    text = "hebben jullie een winkel op de maan"
    site.customer(text)
    group, els = group_of(site, text), as_person(site, "els")
    said = els.post(f"/review/groups/{group}/draft", data=form("Nee.", text) | bad)
    assert (said.status_code, "te lang" in said.text) == (200, True)
    again = els.post(f"/review/groups/{group}/approve", data=form("Nee.", text) | bad)
    assert again.status_code == 422
    assert next(iter(bad.values())) in again.text


def test_two_must_agree_where_that_is_set(site: Site) -> None:
    text = "mag ik mijn eigen krat meenemen naar het afhaalpunt"
    site.customer(text)
    group, els, ada = group_of(site, text), as_person(site, "els"), as_person(site, "ada")
    reset(site, four=True)
    try:
        words = form("Ja, een krat mag mee.", "Mag ik een krat meenemen naar het afhaalpunt?")
        first = els.post(f"/review/groups/{group}/approve", data=words)
        assert first.headers["location"].endswith("done=asked")
        twice = els.post(f"/review/groups/{group}/approve", data=words)
        assert twice.headers["location"].endswith("done=asked")
        assert entries_for(site, text) == []
        assert "vraagt jouw goedkeuring" in ada.get(f"/review/groups/{group}").text
        other = ada.post(f"/review/groups/{group}/approve", data=words | {"answer": "Nee."})
        assert other.headers["location"].endswith("done=asked")  # her own words need somebody else
        done = els.post(f"/review/groups/{group}/approve", data=words | {"answer": "Nee."})
        assert done.headers["location"].endswith("done=approved")
        assert entries_for(site, text) != []
    finally:
        reset(site, four=False)
        els.post(f"/review/groups/{group}/revert")


def test_the_setting_is_an_admins(site: Site) -> None:
    assert as_person(site, "els").get("/settings/approving").status_code == 403
    ada = as_person(site, "ada")
    revision = re.search(r'name="revision" value="(\d+)"', ada.get("/settings/approving").text)
    assert revision
    data = {"eyes": "four", "revision": revision[1]}
    assert ada.post("/settings/approving", data=data).status_code == 303
    assert ada.post("/settings/approving", data=data | {"eyes": "two"}).status_code == 409
    assert "Een ander dan wie het schreef" in ada.get("/settings/history").text
    reset(site, four=False)


def test_hands_split_put_together_and_name(site: Site) -> None:
    texts = ["kan ik mijn tuinslang laten repareren", "kan ik mijn tuinslang laten repareren bij jullie"]
    for text in texts:
        site.customer(text)
    group, els = group_of(site, texts[0]), as_person(site, "els")
    assert group_of(site, texts[1]) == group
    ids = site.write(lambda s: [q.id for q in backlog.questions(s, group)])
    none = els.post(f"/review/groups/{group}/questions", data={"what": "split"})
    assert (none.status_code, "Kies eerst een of meer vragen" in none.text) == (422, True)
    every = els.post(f"/review/groups/{group}/questions", data={"what": "split", "question": ids})
    assert (every.status_code, "minstens één vraag" in every.text) == (422, True)
    split = els.post(f"/review/groups/{group}/questions", data={"what": "split", "question": ids[:1]})
    assert split.status_code == 303
    other = httpx.URL(split.headers["location"]).params["other"]
    page = els.get(split.headers["location"]).text
    assert "Gesplitst." in page
    assert els.post(f"/review/groups/{group}/merge", data={"other": other}).status_code == 303
    assert "De vragen staan nu in een andere groep" in els.get(f"/review/groups/{other}").text
    assert els.post(f"/review/groups/{group}/merge", data={"other": "999999"}).status_code == 422
    assert els.post(f"/review/groups/{group}/title", data={"title": "Tuinslang stuk 🎁"}).status_code == 303
    assert site.write(lambda s: s.get_one(QuestionGroup, group).title) == "Tuinslang stuk 🎁"
    assert els.post(f"/review/groups/{group}/title", data={"title": "x" * 400}).status_code == 422


def test_a_dismissed_group_keeps_the_word_to_those_who_asked(site: Site) -> None:
    text = "mag mijn paard mee de winkel in"
    site.customer(text)
    group, els = group_of(site, text), as_person(site, "els")
    data = {"why": "Komt nooit voor.", "word": "Een paard past helaas niet in de winkel."}
    assert els.post(f"/review/groups/{group}/dismiss", data=data | {"word": "x" * 2001}).status_code == 422
    assert els.post(f"/review/groups/{group}/dismiss", data=data).status_code == 303
    assert data["word"] in els.get(f"/review/groups/{group}").text


def fields(page: str) -> dict[str, str]:
    """What stands in the form of a group's page, as the page sends it when it is loaded."""
    answer = re.search(r'<textarea[^>]* name="answer"[^>]*>([^<]*)<', page)
    found = {
        "language": "nl", "answer": html.unescape(answer[1]).lstrip("\n") if answer else "",
        "merge_into": "", "question": "", "topic": "", "given": "", "seen": "",
    }  # fmt: skip
    mine = page.partition("</form>\n      <details")[0]
    for name in ("given", "question", "topic", "seen", "merge_into"):
        value = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', mine)
        found[name] = html.unescape(value[1]) if value else ""
    return found


def test_what_is_the_matter_elsewhere_on_the_page_leaves_the_draft(site: Site) -> None:
    text = "mag mijn zeemeeuw mee de roltrap op"
    site.customer(text)
    group, els = group_of(site, text), as_person(site, "els")
    els.post(f"/review/groups/{group}/draft", data=form("Nee, helaas.", text))
    bad = els.post(f"/review/groups/{group}/dismiss", data={"why": "x", "word": "x" * 2001})
    assert "Nee, helaas." in bad.text
    gone = {"merge_into": "nowhere", "language": "nl"}
    refused = els.post(f"/review/groups/{group}/approve", data=gone)
    assert (refused.status_code, "is er niet meer" in refused.text) == (422, True)
    title = els.post(f"/review/groups/{group}/title", data={"title": "x" * 400})
    for page in (bad, refused, title):
        assert "Concept bewaard" not in els.post(f"/review/groups/{group}/draft", data=fields(page.text)).text
    kept = site.write(lambda s: s.get_one(QuestionGroup, group).draft)
    assert kept is not None
    assert kept["answer"] == "Nee, helaas."


@pytest.mark.parametrize("path", ["proof", "told"])
def test_parts_of_a_group_that_is_not_there(site: Site, path: str) -> None:
    assert as_person(site, "els").get(f"/review/groups/999999/{path}").status_code in (200, 404)
    assert as_person(site, "noor").get(f"/review/groups/1/{path}").status_code == 403


def test_reverting_twice_is_once(site: Site) -> None:
    text = "kan ik een tweede paar schoenlepels los kopen"
    site.customer(text)
    group, els = group_of(site, text), as_person(site, "els")
    assert els.post(f"/review/groups/{group}/approve", data=form("Ja.", text)).status_code == 303
    for _ in range(2):
        assert els.post(f"/review/groups/{group}/revert").status_code == 303
    assert site.write(lambda s: s.get_one(QuestionGroup, group).status) == "open"


@pytest.mark.browser
@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)], ids=["light", "dark phone"])
def test_what_changes_the_doubt_and_the_proof_are_accessible(
    site: Site, visit: Visit, dark: bool, phone: bool
) -> None:
    text = f"past de lader van model {'zeven' if dark else 'acht'} ook op de boormachine {'heel' * 30}"
    site.customer(text)
    page = visit(f"/review/groups/{group_of(site, text)}", "ada", dark=dark, phone=phone)
    page.get_by_label("Vraag", exact=True).fill("Hoe stuur ik iets terug?")
    page.get_by_label("Antwoord", exact=True).fill("Met de post.")
    expect(page.get_by_role("region", name="Wat er verandert")).to_contain_text("betekent hetzelfde")
    page.get_by_text("Vragen anders indelen").click()
    accessible(page, "what changes")
    page.get_by_role("button", name="Goedkeuren").click()
    expect(page.get_by_role("alert").filter(has_text="Dit verandert iets")).to_be_visible()
    accessible(page, "the doubt")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Toch goedkeuren").click()
    expect(page.get_by_role("region", name="Opnieuw gevraagd")).to_contain_text("beantwoord")
    accessible(page, "the proof")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Terugdraaien").click()
    expect(page.get_by_role("status").get_by_text("Teruggedraaid.")).to_be_visible()
    page.goto("/settings/approving")
    accessible(page, "the setting")
