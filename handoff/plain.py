"""An entry's Markdown as plain text, as a mail holds it: no marks, and links with their address behind their words."""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

markdown = MarkdownIt("commonmark", {"html": False, "linkify": False})


def plain(text: str, origin: str) -> str:
    """`text` without its markup. A link within the site gets `origin` before it, so that it leads somewhere.

    Paragraphs and lists stay apart by an empty line; an item begins with "- " or its number.
    """
    return _blocks(SyntaxTreeNode(markdown.parse(text)).children, origin).strip()


def _blocks(nodes: Sequence[SyntaxTreeNode], origin: str, apart: str = "\n\n") -> str:
    return apart.join(part for node in nodes if (part := _block(node, origin)))


def _block(node: SyntaxTreeNode, origin: str) -> str:
    if node.type in ("bullet_list", "ordered_list"):
        first = int(node.attrGet("start") or 1)
        marks = (f"{first + n}. " if node.type == "ordered_list" else "- " for n in range(len(node.children)))
        return "\n".join(mark + _item(item, origin, len(mark)) for mark, item in zip(marks, node.children, strict=True))
    if node.type in ("fence", "code_block"):
        return node.content.rstrip("\n")
    if node.type == "inline":
        return "".join(_inline(child, origin) for child in node.children)
    return _blocks(node.children, origin)


def _item(item: SyntaxTreeNode, origin: str, indent: int) -> str:
    """What an item says, its further lines below its first."""
    return _blocks(item.children, origin, "\n").replace("\n", "\n" + " " * indent)


def _inline(node: SyntaxTreeNode, origin: str) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return " " if node.type == "softbreak" else "\n"
    if not node.children:
        return node.content
    words = "".join(_inline(child, origin) for child in node.children)
    return _with_address(words, str(node.attrGet("href") or ""), origin) if node.type == "link" else words


def _with_address(words: str, href: str, origin: str) -> str:
    address = href.removeprefix("mailto:").removeprefix("tel:")
    if href.startswith("/") and not href.startswith("//"):
        address = origin + href
    return words if address in ("", words) else f"{words} ({address})"
