"""The HTML of an answer as the Markdown that entries hold: paragraphs, lists, links, bold and italic."""

import re
import unicodedata
from urllib.parse import quote, urljoin, urlsplit

from kb.html_tree import BLOCKS, HEADINGS, RAW, Node

_SKIPPED = RAW | {"button", "input", "select", "option", "nav", "audio", "video", "canvas", "object", "head"}
_SCHEMES = ("http", "https", "mailto", "tel")
# While a line is put together, these stand for where bold and italic begin and end; pages have no such characters left.
_BOLD, _BOLD_END, _SLANT, _SLANT_END, _BREAK = "\ue001\ue002\ue003\ue004\ue005"
_MARKS = re.compile("[\ue001-\ue005]")
_MARKED = {"b": (_BOLD, _BOLD_END), "strong": (_BOLD, _BOLD_END), "i": (_SLANT, _SLANT_END), "em": (_SLANT, _SLANT_END)}
_SPECIAL = re.compile(r"[\\*`\[\]]|(?<![^\W_])_|_(?![^\W_])|<(?=[a-zA-Z/!?])|&(?=#?\w+;)")
_LEADING = re.compile(r"^(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|[-=~]{2,}(?=\s*$)|~{3,})")
_NUMBER = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def markdown(node: Node, address: str = "") -> str:
    """What is in `node` as Markdown. `address` is that of the page, which links without a site belong to.

    A link that leads nowhere we know (a place in the page, a script) is left as its words. Pictures are left out.
    """
    return "\n\n".join(block for block in _blocks(node, address) if block)


def _blocks(node: Node, address: str) -> list[str]:
    """The paragraphs in an element, each list and quotation as one."""
    found: list[str] = []
    line: list[str] = []
    for child in node.children:
        if isinstance(child, str) or not (child.name in BLOCKS or child.blocky):
            line.append(_letters(child, address, frozenset()))
            continue
        found += _paragraphs("".join(line))
        line = []
        if child.name not in _SKIPPED:
            found += _block(child, address)
    return found + _paragraphs("".join(line))


def _block(node: Node, address: str) -> list[str]:
    if node.name in ("ul", "ol", "menu", "dl"):
        return _list(node, address)
    if node.name == "blockquote":
        quoted = "\n\n".join(_blocks(node, address))
        return ["\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))] if quoted else []
    if node.name in HEADINGS:
        words = " ".join(_blocks(node, address)).replace("\n", " ")
        return [f"### {words}"] if words else []
    if node.name == "tr":
        return _row(node, address)
    if node.name == "table":
        rows = [block for block in _blocks(node, address) if block]
        return ["\n".join(rows)] if all(row.startswith("- ") for row in rows) else rows
    return _blocks(node, address)


def _list(node: Node, address: str) -> list[str]:
    items: list[str] = []
    start = node.attributes.get("start", "1")
    number = int(start) if start.isdecimal() and len(start) < 6 else 1
    for child in node.children:
        if isinstance(child, str) or child.name in _SKIPPED:
            continue
        blocks = [block for block in _blocks(child, address) if block] if child.name in BLOCKS else []
        if child.name in ("ul", "ol", "menu"):  # a list in a list without an item around it, as old editors write
            blocks = _list(child, address)
            if items and blocks:
                items[-1] += "\n" + _indented(blocks[0], "  " if node.name != "ol" else "   ", first=False)
            continue
        if blocks:
            mark = f"{number}. " if node.name == "ol" else "- "
            tight = "\n" if all(re.match(r"([-*]|\d+\.) ", block) for block in blocks[1:]) else "\n\n"
            items.append(mark + _indented(tight.join(blocks), " " * len(mark)))
            number += 1
    return ["\n".join(items)] if items else []


def _indented(text: str, by: str, *, first: bool = True) -> str:
    lines = [f"{by}{line}" if line else "" for line in text.split("\n")]
    return "\n".join(lines)[len(by) if first else 0 :]


def _row(node: Node, address: str) -> list[str]:
    """A table's row as an item: Markdown as customers see it has no tables."""
    cells = [" ".join(_blocks(cell, address)).replace("\n", " ") for cell in node.children if isinstance(cell, Node)]
    said = [cell for cell in cells if cell]
    return [f"- {said[0]}: {said[1]}" if len(said) == 2 else f"- {' · '.join(said)}"] if said else []


def _letters(one: Node | str, address: str, within: frozenset[str]) -> str:
    """Text with its bold, italic and links; `within` are the marks that are open already."""
    if isinstance(one, str):
        return _SPECIAL.sub(r"\\\g<0>", _MARKS.sub("", re.sub(r"\s+", " ", one)))
    if one.name in _SKIPPED:
        return ""
    if one.name == "br":
        return _BREAK
    marks = _MARKED.get(one.name)
    marks = None if marks is None or marks[0] in within else marks
    link = _address(one, address) if one.name == "a" and "a" not in within else ""
    inner = within | ({marks[0]} if marks else set()) | ({"a"} if link else set())
    words = "".join(_letters(child, address, inner) for child in one.children)
    if not words.strip(f" {_BREAK}"):
        return words
    if link:
        lead, tail = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
        return f"{lead}[{words.strip().replace(_BREAK, ' ')}]({link}){tail}"
    return f"{marks[0]}{words}{marks[1]}" if marks else words


def _address(node: Node, address: str) -> str:
    """Where a link leads, or "" when an answer cannot say it."""
    wish = re.sub(r"[\x00-\x1f\x7f]+", "", node.attributes.get("href", "")).strip()
    try:
        full = urljoin(address, wish) if wish and not wish.startswith("#") else ""
        scheme = urlsplit(full).scheme
    except ValueError:
        return ""
    if scheme not in _SCHEMES and not (scheme == "" and full.startswith("/") and full[1:2] not in ("/", "\\")):
        return ""
    return quote(full, safe="/:?#@!$&'+,;=%~-._")


def _paragraphs(line: str) -> list[str]:
    """A run of letters as paragraphs: two breaks begin a new one."""
    parts = re.split(f"(?: *{_BREAK} *){{2,}}", _tidy(line))
    return [done for part in parts if (done := _paragraph(part.strip(f" {_BREAK}")))]


def _paragraph(text: str) -> str:
    lines = [_led(_marked(" ".join(line.split()))) for line in re.split(f" *{_BREAK} *", text)]
    return "\\\n".join(line for line in lines if line)


def _led(line: str) -> str:
    """A line whose beginning is not taken for a heading, a list or a quotation."""
    return _NUMBER.sub(r"\1\\\2", _LEADING.sub(r"\\\g<0>", line))


def _tidy(line: str) -> str:
    """Marks next to letters: spaces and breaks move out, and what ends to begin again goes on."""
    for opening, closing in ((_BOLD, _BOLD_END), (_SLANT, _SLANT_END)):
        line = line.replace(f"{closing}{opening}", "")
        line = re.sub(f"{opening}([ {_BREAK}]+)", rf"\1{opening}", line)
        line = re.sub(f"([ {_BREAK}]+){closing}", rf"{closing}\1", line)
        inside = re.compile(f"{opening}[^{closing}]*{closing}")
        line = inside.sub(lambda m: m[0].replace(_BREAK, f"{closing}{_BREAK}{opening}"), line)  # noqa: B023
    return line


def _marked(line: str) -> str:
    """The line with its marks written out; a mark that Markdown would show as stars is left out."""
    for opening, closing, star in ((_BOLD, _BOLD_END, "**"), (_SLANT, _SLANT_END, "*")):
        found = re.compile(f"{opening}([^{opening}{closing}]*){closing}")
        line = found.sub(lambda m: _star(line, m, star), line)  # noqa: B023
        line = line.replace(opening, "").replace(closing, "")
    return line


def _star(line: str, match: "re.Match[str]", star: str) -> str:
    words = match[1]
    if not _MARKS.sub("", words).strip():
        return words
    before, after = _MARKS.sub("", line[: match.start()])[-1:], _MARKS.sub("", line[match.end() :])[:1]
    bare = _MARKS.sub("", words)
    opens = not _is_sign(bare[0]) or not before or before == " " or _is_sign(before)
    closes = not _is_sign(bare[-1]) or not after or after == " " or _is_sign(after)
    return f"{star}{words}{star}" if opens and closes and not bare[0].isspace() and not bare[-1].isspace() else words


def _is_sign(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "PS"
