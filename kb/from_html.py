"""Questions and answers from a website's FAQ page, given its HTML.

What the page says of itself for search engines comes first: schema.org FAQPage as JSON-LD, then as microdata
(https://schema.org/FAQPage). A page without either is read by its looks: headings, lists of terms, and parts that
unfold, each with what stands below it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from kb.drafts import MAX_TOPIC, EntryDraft, checked
from kb.encodings import text_of
from kb.errors import Invalid
from kb.html_questions import Found, by_looks, from_json_ld, from_microdata
from kb.html_tree import Node, parse
from kb.rows import Row
from kb.text import LANGUAGE, normalise

_ASKS = frozenset(
    "hoe wat waar waarom wanneer wie welk welke kan kun kunnen mag moet is zijn heb hebben heeft ik wordt worden doen "
    "how what where why when who which can could may must do does is are am have has will i my mijn".split()
)
MOST_ON_PAGE = 5_000  # questions; the longest page that we know has hundreds
_TOLD = 50  # questions left out that a preview names


@dataclass(frozen=True)
class Languages:
    """The language of a page: the `chosen` one, else the page's own where it is a `known` one, else the `default`."""

    default: str = "nl"
    chosen: str = ""
    known: tuple[str, ...] = ("nl", "en")

    def of(self, named: str) -> str:
        """The language for what names `named` (as `nl-BE`) as its own."""
        short = named.strip()[:2].lower()
        return self.chosen or (short if short in self.known and LANGUAGE.fullmatch(short) else self.default)


@dataclass(frozen=True)
class PageRead:
    """What a page holds. `how` is json-ld, microdata or headings; `left` tells what could not be taken: line, question,
    reason."""

    rows: list[Row]
    how: str
    encoding: str
    left: list[tuple[int, str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """How the page was read, for a preview."""
        return {"how": self.how, "encoding": self.encoding, "left": [list(one) for one in self.left]}


def read_page(content: bytes, languages: Languages) -> PageRead:
    """The questions on a page with their answers as Markdown.

    By headings, one that does not look like a question is doubted: `Row.doubt` is "no-question".
    Invalid for an encoding that cannot be told, for more than anybody reads, and for a page without questions.
    """
    text, encoding = text_of(content, "html")
    root = parse(text)
    address, language = _address(root), _language(root)
    for how, found in (
        ("json-ld", from_json_ld(root, address)),
        ("microdata", from_microdata(root, address)),
        ("headings", by_looks(root, address)),
    ):
        rows, left = _rows(found, languages, language, doubting=how == "headings")
        if rows:
            return PageRead(rows, how, encoding, left[:_TOLD])
    raise Invalid(
        "no questions with answers were found on this page; if a script draws them, save the page from the browser"
    )


def _rows(
    found: Iterable[Found], languages: Languages, language: str, *, doubting: bool
) -> tuple[list[Row], list[tuple[int, str, str]]]:
    rows: list[Row] = []
    left: list[tuple[int, str, str]] = []
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(found):
        if number >= MOST_ON_PAGE:
            raise Invalid(f"there are more than {MOST_ON_PAGE:,} questions on this page; split it")
        try:
            fields = {"question": one.question, "answer": one.answer, "topic": one.topic[:MAX_TOPIC]}
            draft = checked(EntryDraft(language=languages.of(one.language or language), **fields))
        except Invalid as error:
            left.append((one.line, one.question[:120], error.message))
            continue
        place = normalise(draft.question), draft.language
        if place in seen:
            continue
        seen.add(place)
        doubt = "no-question" if doubting and not _asks(draft.question) else ""
        rows.append(Row(draft, frozenset({"question", "answer"}), one.line, doubt=doubt))
    return rows, left


def _asks(text: str) -> bool:
    """Whether a heading looks like a question."""
    return "?" in text or normalise(text).split(" ", 1)[0] in _ASKS


def _language(root: Node) -> str:
    return next((node.attributes.get("lang", "") for node in root.elements() if node.name == "html"), "")


def _address(root: Node) -> str:
    """Where the page stands, as it says itself, or ""."""
    said = {"base": "", "canonical": "", "og:url": ""}
    for node in root.elements():
        has = node.attributes
        if node.name == "base":
            said["base"] = said["base"] or has.get("href", "")
        elif node.name == "link" and "canonical" in re.split(r"\s+", has.get("rel", "").lower()):
            said["canonical"] = said["canonical"] or has.get("href", "")
        elif node.name == "meta" and has.get("property", "").lower() == "og:url":
            said["og:url"] = said["og:url"] or has.get("content", "")
    try:
        page = said["canonical"] or said["og:url"]
        full = urljoin(page, said["base"]) if said["base"] else page
        return full if urlsplit(full).scheme in ("http", "https") else ""
    except ValueError:
        return ""
