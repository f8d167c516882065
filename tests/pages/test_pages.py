"""The pages over plain HTTP: who may see what, where redirects lead, which status says what."""

import re

import httpx
import pytest

from handoff.web.rendering import local_path

from .site import PASSWORD, Site

PART = {"HX-Request": "true"}


def as_person(site: Site, who: str) -> httpx.Client:
    client = site.client()
    answer = client.post("/login", data={"email": f"{who}@shop.example", "password": PASSWORD})
    assert answer.status_code == 303
    return client


def test_login_leads_to_where_one_wanted_to_go(site: Site) -> None:
    client = site.client()
    away = client.get("/desk/abc?x=1")
    assert (away.status_code, away.headers["location"]) == (303, "/login?next=%2Fdesk%2Fabc%3Fx%3D1")
    form = {"email": "Noor@Shop.example", "password": PASSWORD, "next": "/desk/abc?x=1"}
    there = client.post("/login", data=form)
    assert (there.status_code, there.headers["location"]) == (303, "/desk/abc?x=1")
    cookie = there.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    again = client.get("/login")
    assert (again.status_code, again.headers["location"]) == (303, "/desk")


@pytest.mark.parametrize(("who", "home"), [("noor", "/desk"), ("els", "/review"), ("ada", "/desk")])
def test_everyone_begins_at_their_own_page(site: Site, who: str, home: str) -> None:
    answer = site.client().post("/login", data={"email": f"{who}@shop.example", "password": PASSWORD})
    assert answer.headers["location"] == home


ELSEWHERE = ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
             "/desk\r\nSet-Cookie: x", "/ /evil", "desk", "/\t/evil.example", "/" + "a" * 3000]  # fmt: skip


@pytest.mark.parametrize("bad", ELSEWHERE)
def test_nobody_is_sent_to_another_site(site: Site, bad: str) -> None:
    assert local_path(bad, "") == ""
    form = {"email": "noor@shop.example", "password": PASSWORD, "next": bad}
    assert site.client().post("/login", data=form).headers["location"] == "/desk"


def test_a_wrong_password_says_no_more_than_needed(site: Site) -> None:
    for email in ("noor@shop.example", "nobody@shop.example", "<b>x</b>", "x" * 500, "\x00"):
        answer = site.client().post("/login", data={"email": email, "password": "wrong"})
        assert answer.status_code == 401
        assert "horen niet bij elkaar" in answer.text
        assert "<b>x</b>" not in answer.text


def test_forms_from_other_sites_are_refused(site: Site) -> None:
    other = {"Origin": "https://evil.example"}
    form = {"email": "noor@shop.example", "password": PASSWORD}
    assert site.client().post("/login", data=form, headers=other).status_code == 403
    editor = as_person(site, "els")
    for path in ("/logout", "/review/entries/return-how/nl/withdraw", "/review/groups/1/reopen"):
        assert editor.post(path, headers=other).status_code == 403, path
    assert editor.get("/review").status_code == 200


def test_roles(site: Site) -> None:
    for who, allowed in [("noor", {"/desk"}), ("els", {"/review", "/review/entries"}),
                         ("ada", {"/desk", "/review", "/review/entries"})]:  # fmt: skip
        client = as_person(site, who)
        for path in ("/desk", "/review", "/review/entries"):
            assert client.get(path).status_code == (200 if path in allowed else 403), (who, path)


def test_what_does_not_exist_is_a_page_in_words(site: Site) -> None:
    client = as_person(site, "ada")
    for path in ("/desk/none", "/review/groups/99999", "/review/groups/abc", "/review/entries/none/nl",
                 "/review/entries/return-how/xx", "/review/entries/return-how/en", "/review?status=odd"):  # fmt: skip
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8"), path
        assert "Niet gevonden" in answer.text


def test_a_part_of_a_page_says_it_in_a_toast(site: Site) -> None:
    client = as_person(site, "ada")
    answer = client.get("/desk/none", headers=PART)
    assert (answer.status_code, answer.headers["hx-reswap"], answer.text) == (404, "none", "")
    assert "Niet gevonden" in answer.headers["x-toast"]
    here = {"HX-Current-URL": f"{site.address}/desk/abc"}
    gone = site.client().get("/desk/queue", headers=PART | here)
    assert gone.headers["hx-redirect"] == "/login?next=%2Fdesk%2Fabc"


def test_language_by_wish_then_cookie_then_browser(site: Site) -> None:
    client = site.client()
    assert 'lang="nl"' in client.get("/login").text
    assert 'lang="en"' in client.get("/login", headers={"Accept-Language": "fr, en-GB;q=0.8, nl;q=0.5"}).text
    assert 'lang="en"' in client.get("/login?language=en").text
    assert 'lang="en"' in client.get("/login", headers={"Accept-Language": "nl"}).text
    assert 'lang="nl"' in client.get("/login?language=nl").text
    assert 'lang="nl"' in client.get("/login?language=<x>").text


def test_a_lost_claim_is_409_and_names_the_winner(site: Site) -> None:
    customer = site.customer("wie krijgt mij")
    noor, sam = as_person(site, "noor"), as_person(site, "sam")
    assert noor.post(f"/desk/{customer.id}/claim", headers=PART).status_code == 200
    assert noor.post(f"/desk/{customer.id}/claim", headers=PART).status_code == 200
    lost = sam.post(f"/desk/{customer.id}/claim", headers=PART)
    assert lost.status_code == 409
    assert "Noor Bakker was net eerder" in lost.text
    for what in ("hand-back", "close"):
        assert sam.post(f"/desk/{customer.id}/{what}", headers=PART).status_code == 409
    assert customer.owner() == "agent"


def test_only_new_rows_come_and_the_rest_only_when_it_changed(site: Site) -> None:
    customer = site.customer("alleen wat nieuw is")
    noor = as_person(site, "noor")
    path = f"/desk/{customer.id}/new"
    same = noor.get(path, params={"after": 1, "mode": "free"}, headers=PART)
    assert 'data-seq="1"' not in same.text
    assert 'data-seq="2"' in same.text
    by_themselves = ["talk-name", "vouch", "told", "asked-here"]
    assert re.findall(r'id="([^"]+)"[^>]*hx-swap-oob', same.text) == by_themselves
    assert same.headers["x-conversation"] == customer.id
    assert "hx-swap-oob" in noor.get(path, params={"after": 2, "mode": "mine"}, headers=PART).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"question": "", "answer": "x"}, "Vul een vraag in."),
        ({"question": "x", "answer": " "}, "Vul een antwoord in."),
        ({"question": "x" * 301, "answer": "x"}, "De vraag is te lang: hij mag 300 tekens hebben."),
        ({"question": "x", "answer": "x" * 8001}, "Het antwoord is te lang: het mag 8000 tekens hebben."),
        ({"question": "x", "answer": "x", "phrasings": "y" * 301}, "Een van de regels is te lang"),
        ({"question": "x", "answer": "x", "topic": "y" * 81}, "Het onderwerp is te lang"),
        (
            {"question": "x", "answer": "x", "phrasings": "\n".join(f"regel {i}" for i in range(501))},
            "te veel regels",
        ),
    ],
)
def test_a_form_that_cannot_be_taken_says_why_and_keeps_what_was_typed(
    site: Site, form: dict[str, str], words: str
) -> None:
    answer = as_person(site, "els").post("/review/entries", data={"language": "nl"} | form)
    assert answer.status_code == 422
    assert words in answer.text
    assert form["answer"].strip() in answer.text


def test_an_entry_that_exists_is_said_to(site: Site) -> None:
    form = {"language": "nl", "question": "Nog eens", "answer": "x", "key": "return-how"}
    answer = as_person(site, "els").post("/review/entries", data=form)
    assert answer.status_code == 409
    assert "bestaat al" in answer.text


def test_withdrawing_a_changed_entry_is_412(site: Site) -> None:
    editor = as_person(site, "els")
    form = {"question": "Ik ben mijn bon kwijt?", "answer": "Bel niet, typ.", "revision": "1"}
    assert editor.post("/review/entries/gift-card-balance/nl", data=form).status_code == 303
    stale = editor.post("/review/entries/gift-card-balance/nl/withdraw", data={"revision": "1"})
    assert stale.status_code == 412
    assert "heeft dit net veranderd" in stale.text


def test_pages_and_their_style_sheet_are_served_as_they_should(site: Site) -> None:
    page = as_person(site, "noor").get("/desk")
    assert page.headers["cache-control"] == "no-store"
    assert "<script>" not in page.text
    assert " style=" not in page.text
    theme = site.client().get("/theme.css")
    assert theme.headers["content-type"].startswith("text/css")
    assert "--accent: #0f6b5c" in theme.text
