"""The public FAQ as its readers and other programs get it: every page without a script."""

import html
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import yaml
from sqlmodel import Session, select

from handoff import entry_days
from handoff.db import reading
from handoff.editor_models import EntryDay
from handoff.settings import ROOT
from handoff.texts import shipped
from handoff.web.faq_helped import COOKIE
from handoff.web.faq_search import results
from handoff.web.faq_view import Reader
from kb.drafts import MAX_ANSWER, EntryDraft
from kb.entries import change_entry, create_entry, get_entry, withdraw_entry
from kb.models import Entry

from .site import FAQ, PASSWORD, Site, running

BAR = 50_000  # bytes of a page as the browser reads it, unpacked
SECRET = "Hoe ziet een collega de inkoopprijs van een lamp?"
NASTY = 'Mag <script>alert(1)</script> & "zo" \' ook?'
EVIL = "Nee </script><script>alert(2)</script> **echt** [niet](javascript:alert(3)), zie [hier](/retour)."
RTL = "أين طردي؟"
MORE = [
    ("purchase-price", "nl", SECRET, "Kijk in het *grootboek*.", "products", "agents"),
    ("nasty", "nl", NASTY, EVIL, "odd topic/1", "public"),
    ("parcel-arabic", "en", RTL, "في الطريق", "", "public"),
    ("only-dutch", "nl", "Wat is een dwarsligger in de lamp Boog?", "Een *dwarsligger*.", "products", "public"),
    ("gone", "nl", "Kan ik mijn cadeaubon per fax bestellen?", "Per fax.", "gift-cards", "public"),
]
NL = shipped("nl")


def demo() -> list[dict[str, Any]]:
    """The demo shop's FAQ."""
    files = sorted((ROOT / "data/faq").glob("*.yml"))
    return [row for file in files for row in yaml.safe_load(file.read_text("utf-8"))]


def fill(session: Session) -> None:
    known = {(row[0], row[1]) for row in FAQ}
    for row in demo():
        if (row["key"], row["language"]) not in known:
            create_entry(session, EntryDraft(**row), "import")
    for key, language, question, answer, topic, audience in MORE:
        draft = EntryDraft(key=key, language=language, question=question, answer=answer, topic=topic, audience=audience)
        create_entry(session, draft, "import")
    long = "Een heel lang antwoord, met **nadruk** en een woord of wat. " * 400
    for n in range(30):
        draft = EntryDraft(
            key=f"long-{n}", question=f"Wat staat er in hoofdstuk {n}?", answer=long[:MAX_ANSWER], topic="long"
        )
        create_entry(session, draft, "import")
    for n, character in enumerate("😀&<x"):
        draft = EntryDraft(key=f"odd-{n}", question="👋" * 30, answer=character * MAX_ANSWER, topic="huge")
        create_entry(session, draft, "import")
    for n in range(90):
        draft = EntryDraft(key=f"topic-{n}", language="en", question="Why? " * 50, answer="So.", topic=f"topic {n}")
        create_entry(session, draft, "import")
    withdraw_entry(session, "gone", "nl", get_entry(session, "gone", "nl").revision, "els")


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("faq")
    shutil.copy(migrated_sqlite, folder / "site.db")
    with running(f"sqlite:///{folder / 'site.db'}", cache_dir, folder) as site:
        site.write(fill)
        follow(site)
        yield site


def follow(site: Site) -> None:
    with reading(site.it.engine) as session:
        site.it.base.refresh(session)
    site.it.base.settle()  # so that no test meets the thresholds of before


@pytest.fixture
def her(site: Site) -> httpx.Client:
    """Somebody whom nobody knows."""
    return site.client()


def colleague(site: Site, who: str = "noor") -> httpx.Client:
    client = site.client()
    client.post("/api/v1/login", json={"email": f"{who}@shop.example", "password": PASSWORD}).raise_for_status()
    return client


def linked(page: str, rel: str) -> dict[str, str]:
    """The addresses of a page's `link` elements by their hreflang."""
    tags = re.findall(rf'<link rel="{rel}"[^>]*>', page)
    return {"".join(re.findall(r'hreflang="([^"]*)"', tag)): re.findall(r'href="([^"]*)"', tag)[0] for tag in tags}


def data_of(page: str) -> list[dict[str, Any]]:
    """What the page tells programs, by schema.org."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    assert len(found) == 1
    whole = json.loads(found[0])
    assert whole["@context"] == "https://schema.org"
    return list(whole["@graph"])


def local(site: Site, address: str) -> str:
    assert address.startswith(site.it.settings.origin + "/")
    return address.removeprefix(site.it.settings.origin)


def sitemap(site: Site) -> dict[str, dict[str, str]]:
    """The sitemap: of each address its last change and its other languages."""
    answer = site.client().get("/faq/sitemap.xml").raise_for_status()
    assert answer.headers["content-type"] == "application/xml"
    root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    assert root.tag == f"{{{names['s']}}}urlset"
    urls = {}
    for url in root.findall("s:url", names):
        others = {link.attrib["hreflang"]: link.attrib["href"] for link in url.findall("x:link", names)}
        urls[url.findtext("s:loc", "", names)] = others | {"": url.findtext("s:lastmod", "", names)}
    return urls


def tally(site: Site, key: str) -> tuple[int, int, int]:
    """Views, helped and not helped of an entry."""

    def read(session: Session) -> tuple[int, int, int]:
        rows = session.exec(select(EntryDay).where(EntryDay.entry_key == key)).all()
        return sum(r.views for r in rows), sum(r.helped for r in rows), sum(r.not_helped for r in rows)

    return site.write(read)


def looks(site: Site, key: str) -> int:
    """How often an entry was looked at, once all of it is stored."""
    end = time.monotonic() + 20
    while site.it.views:
        assert time.monotonic() < end, "what was looked at is not stored"
        time.sleep(0.1)
    time.sleep(0.5)  # it is taken from memory just before it is stored
    return tally(site, key)[0]


@pytest.mark.parametrize(("asked", "language"), [("nl-BE,nl;q=0.9", "nl"), ("en-GB", "en"), ("fr", "nl"), ("", "nl")])
def test_everybody_comes_to_her_own_language(her: httpx.Client, asked: str, language: str) -> None:
    answer = her.get("/faq", headers={"Accept-Language": asked})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/faq/{language}")
    assert "Accept-Language" in answer.headers["vary"]
    page = her.get(f"/faq/{language}").text
    assert f'<html lang="{language}">' in page
    assert shipped(language)["faq.hello"] in page


def test_the_first_page_leads_to_every_topic_and_question(site: Site, her: httpx.Client) -> None:
    page = her.get("/faq/nl").text
    assert "Cadeaubonnen" in page
    with reading(site.it.engine) as session:
        rows = session.exec(select(Entry).where(Entry.language == "nl", Entry.status == "live")).all()
    public = [row for row in rows if row.audience == "public"]
    seen = page + "".join(
        her.get(html.unescape(link)).text for link in sorted(set(re.findall(r'href="(/faq/nl/topic/[^"]*)"', page)))
    )
    missing = [row.key for row in public if f'"/faq/nl/{row.key}"' not in seen and row.topic != "long"]
    assert missing == []


def test_a_topic_shows_its_answers_without_a_script(her: httpx.Client) -> None:
    page = her.get("/faq/nl/topic/gift-cards").text
    assert "<h1 dir=\"auto\">Cadeaubonnen</h1>" in page
    assert page.count("<details") >= 9
    assert "vijf jaar geldig" in re.sub(r"<script.*?</script>", "", page, flags=re.S)


def test_an_entry_tells_programs_what_it_answers(site: Site, her: httpx.Client) -> None:
    page = her.get("/faq/nl/gift-card-balance").text
    faq, crumbs = data_of(page)
    assert (faq["@type"], faq["inLanguage"], crumbs["@type"]) == ("FAQPage", "nl", "BreadcrumbList")
    (question,) = faq["mainEntity"]
    assert question["name"] == "Hoeveel staat er nog op mijn cadeaubon?"
    answer = question["acceptedAnswer"]["text"]
    assert answer.startswith(f'<p>Kijk op <a href="{site.it.settings.origin}/cadeaubon/saldo"')
    assert datetime.fromisoformat(faq["dateModified"]).utcoffset() is not None
    assert [step["item"] for step in crumbs["itemListElement"]] == [
        site.it.settings.origin + path for path in ("/faq/nl", "/faq/nl/topic/gift-cards", "/faq/nl/gift-card-balance")
    ]
    assert re.search(r"Bijgewerkt op \d+ \w+ 20\d\d", page)
    assert linked(page, "canonical") == {"": f"{site.it.settings.origin}/faq/nl/gift-card-balance"}
    assert "noindex" not in page


def test_what_is_typed_is_never_markup(her: httpx.Client) -> None:
    for path in ("/faq/nl/nasty", "/faq/nl/topic/odd%20topic%2F1", "/faq/nl/topic/odd topic/1"):
        answer = her.get(path)
        assert answer.status_code == 200, path
        page = answer.text
        assert "<script>alert" not in page
        assert "</script><script" not in page
        assert 'href="javascript' not in page
        assert html.escape(NASTY, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
        question = data_of(page)[0]["mainEntity"][0]
        assert question["name"] == NASTY
        assert "&lt;script&gt;" in question["acceptedAnswer"]["text"]
    page = her.get("/faq/nl", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    assert 'value="&#34;&gt;&lt;script&gt;' in page


@pytest.mark.parametrize(
    ("path", "languages"),
    [("", "nl en"), ("/gift-card-lost", "nl en"), ("/topic/gift-cards", "nl en"), ("/only-dutch", "nl")],
)
def test_languages_point_to_each_other(site: Site, her: httpx.Client, path: str, languages: str) -> None:
    found = []
    for language in languages.split():
        others = linked(her.get(f"/faq/{language}{path}").text, "alternate")
        assert set(others) == {*languages.split(), "x-default"}
        found.append(others)
    assert all(one == found[0] for one in found)
    for address in found[0].values():
        assert her.get(local(site, address), follow_redirects=True).status_code == 200


def test_the_sitemap_has_every_page_and_no_other(site: Site, her: httpx.Client) -> None:
    urls = sitemap(site)
    with reading(site.it.engine) as session:
        live = select(Entry).where(Entry.status == "live", Entry.audience == "public")
        entries = session.exec(live).all()
    for entry in entries:
        about = urls[f"{site.it.settings.origin}/faq/{entry.language}/{entry.key}"]
        assert datetime.fromisoformat(about[""]) == entry.changed_at.replace(microsecond=0)
    assert not [url for url in urls if "purchase-price" in url or "gone" in url]
    assert set(urls[f"{site.it.settings.origin}/faq/en/gift-card-lost"]) == {"nl", "en", "x-default", ""}
    others = [url for url in urls if "/topic/" in url or url.endswith(("/nl", "/en"))]
    for url in others:
        page = her.get(local(site, url))
        assert page.status_code == 200, url
        assert "x-robots-tag" not in page.headers
        assert linked(page.text, "canonical")[""] == url
    robots = her.get("/robots.txt").text
    assert f"Sitemap: {site.it.settings.origin}/faq/sitemap.xml" in robots
    assert "Disallow: /desk" in robots
    assert not re.search(r"Disallow: /(faq|$)", robots, re.M)


def test_what_is_for_colleagues_is_nowhere_for_the_public(site: Site, her: httpx.Client) -> None:
    paths = ["/faq/nl", "/faq/en", "/faq/nl/topic/products", "/faq/nl/purchase-price", "/faq/en/purchase-price",
             "/faq/nl/only-dutch", f"/faq/nl?q={SECRET}", "/faq/nl?q=inkoopprijs", "/faq/nl?q=grootboek",
             f"/faq/nl?q={SECRET}&part=1", "/faq/sitemap.xml", "/faq/nl/topic/agents"]  # fmt: skip
    for client, more in ((her, ""), (colleague(site), "embed=1")):
        for path in paths:
            page = client.get(f"{path}{'&' if '?' in path else '?'}{more}").text
            # Her own query stands in its field, in the title, in what was not found, and in what she would ask us.
            own = r'value="[^"]*"|data-rechtdoor-ask="[^"]*"|<title>.*?</title>|href="/chat[^"]*"|“[^”]*”'
            page = re.sub(own, "", page)
            assert "inkoopprijs" not in page, path
            assert "<em>grootboek" not in page, path
            assert "nl/purchase-price" not in page, path
    assert her.get("/faq/nl/purchase-price").status_code == 404
    assert her.post("/faq/nl/purchase-price/helped", data={"word": "y"}).status_code == 404


@pytest.mark.parametrize("who", ["noor", "els"])
def test_colleagues_see_what_is_for_them_and_nobody_keeps_it(site: Site, who: str) -> None:
    client = colleague(site, who)
    for path in ("/faq/nl/purchase-price", "/faq/nl/topic/products", f"/faq/nl?q={SECRET}"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "grootboek" in answer.text
        assert NL["faq.colleagues"].replace("'", "&#39;") in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "ld+json" not in answer.text
    edit = 'href="/review/entries/purchase-price/nl"'
    assert (edit in client.get("/faq/nl/purchase-price").text) is (who == "els")


def test_a_word_counts_once_can_be_changed_and_taken_back(site: Site, her: httpx.Client) -> None:
    def said(word: str) -> tuple[int, int, int]:
        answer = her.post("/faq/nl/return-how/helped", data={"word": word})
        assert answer.headers["location"] == "/faq/nl/return-how#helped"
        return tally(site, "return-how")

    assert NL["faq.helped"] in her.get("/faq/nl/return-how").text
    assert said("y")[1:] == (1, 0)
    assert said("y")[1:] == (1, 0)
    assert NL["faq.said_y"] in her.get("/faq/nl/return-how").text
    assert said("n")[1:] == (0, 1)
    assert NL["faq.said_n"] in her.get("/faq/nl/topic/returns").text
    assert said("")[1:] == (0, 0)
    assert said("")[1:] == (0, 0)
    assert NL["faq.helped"] in her.get("/faq/nl/return-how").text
    part = her.post("/faq/nl/return-how/helped", data={"word": "y"}, headers={"X-Part": "1"})
    assert part.status_code == 200
    assert NL["faq.said_y"] in part.text
    assert "<html" not in part.text


def test_no_count_can_be_forged_or_broken(site: Site, her: httpx.Client) -> None:
    with reading(site.it.engine) as session:
        entry = get_entry(session, "delivery-time", "nl").id
    for cookie in (f"{entry}y", f"{entry}n.{entry}y", "x" * 4000, "1y..-1n.0y.99999999999y", "🦊"):
        headers = {b"Cookie": f"{COOKIE}={cookie}".encode()}
        assert her.get("/faq/nl/delivery-time", headers=headers).status_code == 200
        assert her.post("/faq/nl/delivery-time/helped", data={"word": ""}, headers=headers).status_code == 303
    assert tally(site, "delivery-time")[1:] == (0, 0)
    wrong = her.post("/faq/nl/delivery-time/helped", data={"word": "maybe"})
    assert wrong.status_code == 422
    other = her.post("/faq/nl/delivery-time/helped", data={"word": "y"}, headers={"Origin": "https://evil.example"})
    assert other.status_code == 403
    assert her.post("/faq/nl/no-such-entry/helped", data={"word": "y"}).status_code == 404
    colleague(site).post("/faq/nl/delivery-time/helped", data={"word": "y"})
    assert tally(site, "delivery-time")[1:] == (0, 0)


@pytest.mark.parametrize(
    "path",
    ["/faq/de", "/faq/x.xml", "/faq/nl/no-such-entry", "/faq/nl/a/b/c", "/faq/nl/topic/none", "/faq/nl/topic/",
     "/faq/nl/topic/returns?after=99999999999999999999", "/faq/nl/topic/returns?after=x", "/faq/nl/%00%ff",
     "/faq/nl/" + "a" * 3000],
)  # fmt: skip
def test_an_unknown_address_says_so_and_leads_on(her: httpx.Client, path: str) -> None:
    answer = her.get(path, headers={"Accept-Language": "nl"})
    assert answer.status_code == 404
    assert NL["faq.lost_title"] in answer.text
    assert 'type="search"' in answer.text
    assert 'href="/faq/nl/topic/returns"' in answer.text
    assert "noindex" in answer.text
    assert len(answer.content) < BAR


def test_what_is_gone_or_elsewhere_is_said(her: httpx.Client) -> None:
    page = her.get("/faq/nl/gone")
    assert (page.status_code, NL["faq.gone_title"] in page.text) == (404, True)
    assert "Per fax" not in page.text
    assert "per fax bestellen" not in page.text
    assert NL["faq.near"] in page.text  # other questions on ordering gift cards
    page = her.get("/faq/en/only-dutch")
    assert page.status_code == 404
    assert 'href="/faq/nl/only-dutch" dir="auto" lang="nl"' in page.text
    assert her.get("/faq/nl/returns").headers["location"] == "/faq/nl/topic/returns"
    for path in ("/faq", "/faq/nl", "/faq/nl/return-how"):
        assert her.get(f"{path}/").headers["location"] == path


@pytest.mark.parametrize(
    "query",
    ["pincode? " * 600, "🎁" * 300, "👩‍👩‍👧 cadeaubon 👋🏽", RTL, "\x00\x07", "%", "_",
     "' OR 1=1 --", "   ", "\u202ecadeaubon", "a"],
)  # fmt: skip
def test_any_query_gets_an_answer(her: httpx.Client, query: str) -> None:
    for more in ({}, {"part": "1"}):
        answer = her.get("/faq/nl", params={"q": query} | more)
        assert answer.status_code == 200
        assert len(answer.content) < BAR
        listed = more == {} and not query.strip()
        assert answer.headers.get("x-robots-tag") == (None if listed else "noindex")


@pytest.mark.parametrize(("key", "stands"), [("odd-0", False), ("odd-1", False), ("odd-2", False), ("odd-3", True)])
def test_an_answer_that_makes_the_page_too_large_is_a_link(site: Site, key: str, stands: bool) -> None:
    """Which of these comes first is up to nothing: they have the same question."""
    reader = Reader("nl", texts=NL)
    found = site.write(lambda session: results(session, reader, "🎁" * 300, {(key, "nl"): 1.0}))
    assert ([one.key for one in found.entries], [one.key for one in found.mentions]) == (
        ([key], []) if stands else ([], [key])
    )
    assert (found.certain, found.count) == (True, 1)


def test_the_search_finds_what_the_bot_would(her: httpx.Client) -> None:
    page = her.get("/faq/nl", params={"q": "me kadobon is kwijt geraakt", "part": "1"}).text
    assert "<html" not in page
    assert re.findall(r'<details class="entry" id="([^"]*)" open', page) == ["found-gift-card-lost"]
    assert "kassabon" in page
    page = her.get("/faq/nl", params={"q": "cadeaubon"}).text
    assert 'href="/faq/nl/topic/gift-cards"' in page
    assert NL["faq.mentions"] in page
    page = her.get("/faq/nl", params={"q": "xqzwv plof"}).text
    assert html.escape(NL["faq.found_none"].format(query="xqzwv plof")) in page
    assert 'data-rechtdoor-ask="xqzwv plof"' in page
    assert 'href="/chat?language=nl&amp;ask=xqzwv+plof"' in page
    assert 'data-ask="xqzwv plof"' in her.get("/chat?language=nl&ask=xqzwv+plof").text


def test_asking_for_the_head_alone_counts_nothing(site: Site, her: httpx.Client) -> None:
    seen = looks(site, "return-how")
    for path in ("/faq", "/faq/nl", "/faq/nl/return-how", "/faq/nl/topic/returns", "/faq/sitemap.xml", "/robots.txt",
                 "/faq/nl/no-such"):  # fmt: skip
        head, whole = her.head(path), her.get(path)
        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head.headers.get("etag") == whole.headers.get("etag")
    site.client().get("/faq/nl/return-how", headers={"User-Agent": "Examplebot/2.1"})
    colleague(site).get("/faq/nl/return-how")
    assert looks(site, "return-how") == seen + 1


def test_what_is_looked_at_most_comes_first(site: Site, her: httpx.Client) -> None:
    site.write(lambda s: entry_days.add_views(s, Counter({("only-dutch", "nl"): 500})))
    page = her.get("/faq/nl").text
    assert page.index('<details class="entry" id="only-dutch"') < page.index(f'id="topics">{NL["faq.topics"]}')
    with reading(site.it.engine) as session:
        views = entry_days.since(session, datetime.now().astimezone().date().replace(year=2000))
    assert views["only-dutch", "nl"].views >= 500


def test_a_page_is_sent_again_only_when_it_changed(site: Site, her: httpx.Client) -> None:
    key, path = "delivery-time", "/faq/nl/delivery-time"
    first = her.get(path)
    assert first.headers["cache-control"] == "no-cache"
    same = her.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    with reading(site.it.engine) as session:
        revision = get_entry(session, key, "nl").revision
    site.write(lambda s: change_entry(s, key, "nl", {"answer": "Nu is het anders."}, revision, "els"))
    again = her.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert "Nu is het anders." in again.text


def test_only_the_embedded_form_can_be_framed(site: Site, her: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.it.settings, "allowed_origins", ["https://winkel.example"])
    for path in ("/faq/nl?embed", "/faq/nl/return-how?embed=1", "/faq/nl/nope?embed=1", "/faq/nl?q=retour&embed=1"):
        answer = her.get(path)
        assert "frame-ancestors 'self' https://winkel.example;" in answer.headers["content-security-policy"]
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "widget.js" not in answer.text
        inside = re.findall(r'<a [^>]*href="(/faq/[^"]*)"', answer.text)
        assert inside
        assert all("embed=1" in link for link in inside)
    for path in ("/faq/nl", "/faq/nl/return-how", "/faq/nl?embed=0", "/", "/chat", "/login"):
        assert "frame-ancestors 'self';" in her.get(path).headers["content-security-policy"], path
    monkeypatch.setattr(site.it.settings, "allowed_origins", ["*"])
    assert "frame-ancestors *;" in her.get("/faq/nl?embed").headers["content-security-policy"]
    assert her.get("/faq?embed").headers["location"] == "/faq/nl?embed=1"
    answer = her.post("/faq/nl/return-how/helped?embed=1", data={"word": "n"})
    assert answer.headers["location"] == "/faq/nl/return-how?embed=1#helped"
    assert 'target="_top"' in her.get("/faq/nl/return-how?embed=1").text


def test_every_page_is_small(site: Site, her: httpx.Client) -> None:
    sizes = {}
    for url in sitemap(site):
        answer = her.get(local(site, url))
        assert answer.status_code == 200, url
        sizes[url] = len(answer.content)
    assert len(sizes) > 270
    sizes |= {q: len(her.get("/faq/nl", params={"q": q}).content) for q in ("Wat staat er in hoofdstuk 3?", "woord")}
    assert max(sizes.values()) < BAR, max(sizes, key=lambda url: sizes[url])


def test_a_long_topic_is_read_to_its_end_in_small_pages(site: Site, her: httpx.Client) -> None:
    path, seen = "/faq/nl/topic/long", []
    while path:
        page = her.get(path)
        assert len(page.content) < BAR
        seen += re.findall(r'<details class="entry" id="([^"]*)"', page.text)
        following = re.search(r'href="([^"]*)" rel="next"', page.text)
        path = html.unescape(following[1]) if following else ""
    assert seen == [f"long-{n}" for n in range(30)]


def test_the_shop_and_the_staff_pages_lead_here(site: Site, her: httpx.Client) -> None:
    assert 'href="/faq/nl"' in her.get("/?language=nl").text
    assert 'href="/faq/en"' in her.get("/?language=en").text
    assert 'href="/faq"' in colleague(site).get("/desk").text
    assert 'href="/faq/nl/return-how"' in colleague(site, "els").get("/review/entries/return-how/nl").text
