"""A website's FAQ page as entries: where the questions are found, what their answers become, what a page may not do."""

import time

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kb.errors import Invalid
from kb.from_html import Languages, PageRead, read_page
from kb.html_markdown import markdown
from kb.html_tree import MOST_PIECES, parse

_SHOWN = MarkdownIt("commonmark", {"html": False})


def read(page: str, language: str = "") -> PageRead:
    return read_page(page.encode(), Languages("nl", language))


def pairs(page: str) -> list[tuple[str, str]]:
    return [(row.draft.question, row.draft.answer) for row in read(page).rows]


LD = """<!doctype html><html lang="nl-BE"><head><title>Vragen</title>
<link rel=canonical href="https://winkel.example/faq/">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "W"},
{"@type": ["WebPage", "FAQPage"], "mainEntity": [
 {"@type": "Question", "name": "Hoe stuur ik iets &amp; iemand terug?", "acceptedAnswer": {"@type": "Answer",
  "text": "<p>Ga naar <a href=\\"../retour\\">je <b>account</b></a>.</p><ul><li>Print<li>Plak</ul>"}},
 {"@type": "Question", "name": "Wat kost het?", "acceptedAnswer":
  [{"@type": "Answer", "text": "Niets.\\nEcht niets."}]},
 {"@type": "Question", "name": "Geen antwoord?"}
]}]}</script></head><body><h2>Iets anders?</h2><p>Dit staat er ook.</body></html>"""


def test_json_ld_comes_first_with_its_html_as_markdown() -> None:
    found = read(LD)
    assert (found.how, found.encoding) == ("json-ld", "utf-8")
    assert [(row.draft.question, row.draft.answer) for row in found.rows] == [
        (
            "Hoe stuur ik iets & iemand terug?",
            "Ga naar [je **account**](https://winkel.example/retour).\n\n- Print\n- Plak",
        ),
        ("Wat kost het?", "Niets.\\\nEcht niets."),
    ]
    assert {row.draft.language for row in found.rows} == {"nl"}
    assert not any(row.doubt for row in found.rows)


def test_microdata_names_question_and_answer_of_its_own_item() -> None:
    page = """<div itemscope itemtype="https://schema.org/FAQPage"><div itemprop=mainEntity itemscope
      itemtype="http://schema.org/Question"><h3 itemprop="name">Zijn jullie open?</h3>
      <div itemprop="acceptedAnswer" itemscope itemtype="https://schema.org/Answer"><p itemprop="name">niet dit</p>
      <div itemprop="text">Ja, <em>altijd</em>.<script>alert(1)</script></div></div></div></div>"""
    assert read(page).how == "microdata"
    assert pairs(page) == [("Zijn jullie open?", "Ja, *altijd*.")]


def test_headings_terms_and_parts_that_unfold() -> None:
    page = """<nav><h2>Menu?</h2><p>x</nav><h1>Vragen</h1><h2>Bezorgen</h2><h3>Hoe lang duurt het?</h3><p>Twee dagen.
      <h3>Over ons</h3><p>Wij zijn leuk.</p><dl><dt>Wat kost bezorgen<dd>Niets.<dt>Mag ik ruilen?<dd>Ja.</dl>
      <details><summary><h4>Kan ik bellen?</h4></summary>Nee, <a href="mailto:a@b.example">mail ons</a>.</details>
      <button aria-expanded="false">Is er een winkel?</button><div>In Gent.</div><footer><h2>Volg ons?</h2>x</footer>"""
    found = read(page)
    assert found.how == "headings"
    assert pairs(page) == [
        ("Hoe lang duurt het?", "Twee dagen."),
        ("Over ons", "Wij zijn leuk."),
        ("Wat kost bezorgen", "Niets."),
        ("Mag ik ruilen?", "Ja."),
        ("Kan ik bellen?", "Nee, [mail ons](mailto:a@b.example)."),
        ("Is er een winkel?", "In Gent."),
    ]
    assert [row.draft.question for row in found.rows if row.doubt] == ["Over ons"]
    assert found.rows[0].draft.topic == "Bezorgen"
    assert (found.rows[0].line, found.rows[5].line) == (1, 4)


def test_a_page_names_only_question_and_answer_so_that_topic_and_phrasings_stay() -> None:
    assert {row.named for row in read(LD).rows} == {frozenset({"question", "answer"})}


def test_the_language_is_the_chosen_one_then_the_pages_then_the_shops() -> None:
    body = "<h2>Why?</h2>Because."
    assert read(f"<html lang=en-GB>{body}").rows[0].draft.language == "en"
    assert read(f"<html lang=en>{body}", "nl").rows[0].draft.language == "nl"
    assert read(f"<html lang=fr>{body}").rows[0].draft.language == "nl"


def test_what_no_entry_can_hold_is_told_and_the_rest_is_read() -> None:
    found = read(f"<h2>Hoe?</h2><p>{'lang ' * 2000}<h2>Wat?</h2><p>Dat.")
    assert [row.draft.question for row in found.rows] == ["Wat?"]
    assert found.left == [(1, "Hoe?", "the answer is longer than 8,000 characters")]


def test_a_question_that_stands_twice_is_taken_once() -> None:
    assert pairs("<h2>Hoe?</h2><p>Zo.<h2>HOE</h2><p>Anders.") == [("Hoe?", "Zo.")]


@pytest.mark.parametrize("page", ["", "just words", "<p>x</p>", "<h2>Hoe?</h2>", "<script>write('x')</script>"])
def test_a_page_without_questions_is_refused(page: str) -> None:
    with pytest.raises(Invalid, match="no questions"):
        read(page)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("een<br>twee<br><br>drie", "een\\\ntwee\n\ndrie"),
        ("<b>a <i>b</i></b><strong>c</strong>", "**a *b*c**"),
        ("<b> vet </b>woord <b></b>", "**vet** woord"),
        ("<ol start=3><li>a<ul><li>b</ul><li><p>c<p>d</ol>", "3. a\n   - b\n4. c\n\n   d"),
        ("<blockquote>a<p>b</blockquote>", "> a\n>\n> b"),
        ("<table><tr><th>NL<td>2 dagen<tr><td>BE<td>3<td>x</table>", "- NL: 2 dagen\n- BE · 3 · x"),
        ("<h2>Kop</h2>tekst", "### Kop\n\ntekst"),
        ("# 1<br>1. a<br>- b<br>> c", "\\# 1\\\n1\\. a\\\n\\- b\\\n\\> c"),
        ("<a href='javascript:alert(1)'>x</a> <a href='#top'>y</a> <a href='data:text/html,x'>z</a>", "x y z"),
        ("<a href='//evil.example'>x</a> <a href='/\\evil'>y</a> <a href='/retour'>z</a>", "x y [z](/retour)"),
        ("<a href='https://x.example/a (b)'>x</a>", "[x](https://x.example/a%20%28b%29)"),
        ("<img src=x alt=foto><style>p{}</style><svg><p>x</svg>", ""),
        ("&lt;script&gt; &amp;amp; [x](y) *z* `q`", "\\<script> \\&amp; \\[x\\](y) \\*z\\* \\`q\\`"),
        ("<p>a<p>b</p></p></div></b>c<!-- d -->", "a\n\nb\n\nc"),
    ],
)
def test_html_as_markdown(html: str, expected: str) -> None:
    assert markdown(parse(html)) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab 1.)-+#>*_`[]()<&!|~=\\:é🎁م\n"), max_size=30))
def test_any_words_come_out_as_they_were(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    shown = nh3.clean(_SHOWN.render(markdown(parse(f"<p>{escaped}</p>"))), tags=set())
    told = parse(shown.replace("\n", " ")).text()
    assert told == " ".join(words.split())


_TAGS = ["<b>", "</b>", "<i>", "</i>", "<p>", "<li>", "<ul>", "</ul>", "<div>", "</div>", "<br>", "<td>", "<a href=/x>",
         "</a>", "<h2>", "</p>", "woord", " ", "!", "(x)", "<!--", "<", "<x y='", "&#x41;"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_TAGS), max_size=30))
def test_any_soup_becomes_markdown_that_shows_no_marks_and_no_html(parts: list[str]) -> None:
    written = markdown(parse("".join(parts)))
    assert "**" not in parse(nh3.clean(_SHOWN.render(written), tags=set())).text()
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in written)


HOSTILE = {
    "deep": "<div>" * 150_000 + "x",
    "bold": "<b>" * 150_000 + "x",
    "more than a page has": "<p>" * (MOST_PIECES + 1),
    "comments": "<!--" * 2_000_000,
    "signs": "<" * 3_000_000,
    "tags without end": '<p a="' * 1_000_000,
    "ends": "</p>" * 2_000_000,
    "one tag": "<p " + "a " * 4_000_000 + ">",
    "lists": "<ul><li>" * 90_000,
    "scripts": "<script>" * 1_000_000,
    "data": '<script type="application/ld+json">' + "[" * 5_000_000 + "</script>",
    "nested data": '<script type="application/ld+json">' + '{"a":' * 900_000 + "</script>",
    "entities": "&" * 3_000_000,
    "spaces": "<h2>Hoe?</h2>" + " " * 5_000_000,
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_costs_seconds_at_most_and_brings_nothing(page: str) -> None:
    started = time.process_time()
    with pytest.raises(Invalid):
        read(page)
    assert time.process_time() - started < 10  # under 3 s each where the machine is free


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("<meta charset=utf-8><h2>Crème?</h2>Één.".encode(), "utf-8"),
        ("<h2>Crème?</h2>Één.".encode("utf-16"), "utf-16"),
        ("<h2>Crème?</h2>Één.".encode("utf-16-le"), "utf-16"),
        ("<meta charset='iso-8859-1'><h2>Crème?</h2>Één.".encode("cp1252"), "windows-1252"),
        ("<h2>Crème?</h2>Één.".encode("cp1252"), "windows-1252"),
    ],
)
def test_encodings_that_are_certain_are_read(content: bytes, name: str) -> None:
    found = read_page(content, Languages())
    assert (found.encoding, found.rows[0].draft.question, found.rows[0].draft.answer) == (name, "Crème?", "Één.")


UNCERTAIN = ["<h2>Кто?</h2>Я.".encode("cp1251"), b"\xef\xbb\xbf<h2>\xff?</h2>x", b"\x89PNG\r\n\x1a\n\x00"]


@pytest.mark.parametrize("content", UNCERTAIN)
def test_encodings_that_are_not_are_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        read_page(content, Languages())
