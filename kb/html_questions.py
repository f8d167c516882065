"""Where questions and answers stand in a page's tree: JSON-LD, microdata, headings."""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kb.errors import Invalid
from kb.html_markdown import markdown
from kb.html_tree import HEADINGS, RAW, Node, parse

_ASKED_IN = frozenset({*HEADINGS, "summary", "dt"})
_AROUND = frozenset({"nav", "header", "footer", "aside", "form", "select", *RAW}) - {"title"}
_UNFOLDS = frozenset({"aria-expanded", "aria-controls"})  # a button with either shows and hides something
_LONGEST = 300  # characters of a heading; what is longer is no question


@dataclass(frozen=True)
class Found:
    """A question with its answer in Markdown, the heading above it, its own language where it names one, its line."""

    question: str
    answer: str
    line: int
    topic: str = ""
    language: str = ""


def from_json_ld(root: Node, address: str) -> list[Found]:
    """The questions that the page's JSON-LD names. What is no JSON is passed over, as a search engine does."""
    found: list[Found] = []
    for node in root.elements():
        kind = node.attributes.get("type", "").split(";")[0].strip().lower()
        if node.name == "script" and kind == "application/ld+json":
            data = _json("".join(child for child in node.children if isinstance(child, str)))
            named = (_named(question, language, node, address) for question, language in _questions(data))
            found += [one for one in named if one]
    return found


def _json(text: str) -> Any:
    for source in (text, html.unescape(text)):  # some systems escape what needs no escape
        try:
            return json.loads(source.strip().removesuffix(";"), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _questions(data: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every Question in `data`, with the language of what it is in."""
    waiting = [(data, "")]
    while waiting:
        one, language = waiting.pop()
        if isinstance(one, list):
            waiting += [(child, language) for child in reversed(one)]
        elif isinstance(one, dict):
            own = one.get("inLanguage")
            language = own if isinstance(own, str) else language
            if "Question" in _types(one):
                yield one, language
            else:
                waiting += [(child, language) for child in reversed(list(one.values()))]


def _types(one: dict[str, Any]) -> list[str]:
    kinds = one.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return [kind.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for kind in listed if isinstance(kind, str)]


def _named(question: dict[str, Any], language: str, script: Node, address: str) -> Found | None:
    asked = question.get("name") or question.get("text")
    answers = question.get("acceptedAnswer") or question.get("suggestedAnswer")
    first = answers[0] if isinstance(answers, list) and answers else answers
    said = first.get("text") or first.get("articleBody") if isinstance(first, dict) else first
    if not isinstance(asked, str) or not isinstance(said, str):
        return None
    if "<" not in said:  # no HTML: its lines are meant
        said = html.escape(html.unescape(said), quote=False).strip().replace("\n", "<br>")
    try:
        return Found(parse(asked).text(), markdown(parse(said), address), script.line, language=language)
    except Invalid:
        return None


def from_microdata(root: Node, address: str) -> list[Found]:
    """The questions that the page marks with itemtype https://schema.org/Question."""
    found: list[Found] = []
    for node in root.elements():
        if not node.attributes.get("itemtype", "").rstrip("/").endswith("/Question"):
            continue
        answer = _property(node, "acceptedAnswer") or _property(node, "suggestedAnswer")
        name = _property(node, "name") or _property(node, "text")
        said = (_property(answer, "text") or answer) if answer else None
        if name is not None and said is not None:
            asked = name.attributes.get("content") or name.text()
            found.append(Found(asked, markdown(said, address), node.line, language=node.attributes.get("lang", "")))
    return found


def _property(item: Node, name: str) -> Node | None:
    """What an item has as `name`: not what an item within it has."""
    waiting = [child for child in reversed(item.children) if isinstance(child, Node)]
    while waiting:
        node = waiting.pop()
        if name in node.attributes.get("itemprop", "").split():
            return node
        if "itemscope" not in node.attributes:
            waiting += [child for child in reversed(node.children) if isinstance(child, Node)]
    return None


def by_looks(root: Node, address: str) -> Iterator[Found]:
    """What looks like questions: each heading, term or summary with what follows until the next one.

    A heading with nothing before the next is the topic of those below it. Menus, the page's head and foot are no part.
    """
    pieces = list(_pieces(root, _holders(root)))
    above: dict[int, str] = {}  # headings without an answer of their own, by level
    for place, one in enumerate(pieces):
        if isinstance(one, str) or not _is_asked(one):
            continue
        answer = _below(pieces, place)
        level, words = _level(one), one.text()
        above = {higher: text for higher, text in above.items() if higher < level}
        said = markdown(answer, address)
        if not words or len(words) > _LONGEST:
            continue
        if said:
            yield Found(words, said, one.line, next(reversed(above.values()), ""))
        elif level > 1:
            above[level] = words


def _holders(root: Node) -> set[int]:
    """Ids of the elements that have a heading in them."""
    found = {id(root)}
    for node in root.elements():
        above = node.parent if _is_asked(node) else None
        while above is not None and id(above) not in found:
            found.add(id(above))
            above = above.parent
    return found


def _pieces(root: Node, holders: set[int]) -> Iterator[Node | str]:
    """The page as a row of headings and of what stands between them, in order."""
    waiting: list[Node | str] = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) or _is_asked(one) or id(one) not in holders:
            if isinstance(one, str) or one.name not in _AROUND:
                yield one
        elif one.name not in _AROUND:
            waiting += reversed(one.children)


def _is_asked(one: Node | str) -> bool:
    if isinstance(one, str):
        return False
    return one.name in _ASKED_IN or (one.name == "button" and not _UNFOLDS.isdisjoint(one.attributes))


def _level(node: Node | str) -> int:
    name = node.name if isinstance(node, Node) else ""
    return HEADINGS.index(name) + 1 if name in HEADINGS else 7


def _below(pieces: list[Node | str], place: int) -> Node:
    """What stands below a heading, as one element."""
    body = Node("div", {}, None, 0)
    for number in range(place + 1, len(pieces)):
        if _is_asked(pieces[number]):
            break
        body.children.append(pieces[number])
    return body
