"""A web page as a tree of its elements, made in time that grows with its length and no faster.

Python's own `html.parser` takes minutes for a megabyte of "<!--", and a sanitiser as long for deep nesting: whoever
wants an app to stand still has only to send such a file. This reads what the HTML standard's tokeniser would, with
the end tags that people leave out, and nothing of scripts but those that hold data.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator

from kb.errors import Invalid

DEEPEST = 150  # levels that are kept apart; what is deeper stands beside its parent, since walks of the tree recurse
MOST_PIECES = 200_000  # tags and texts; a page of thousands of questions has fewer
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]{0,60})")
_TAG_END = re.compile(r"""(?:[^>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
_LONGEST = 8_000  # characters of a tag's attributes that are read
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
RAW = frozenset("script style textarea title iframe noembed noframes xmp template svg math".split())
BLOCKS = frozenset(
    (
        "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer "
        "form h1 h2 h3 h4 h5 h6 header hr html li main menu nav ol p pre section summary table tbody td tfoot th thead "
        "tr ul"
    ).split()
)
# What a start tag ends although nobody wrote its end: those names, looked for up to the elements after them.
_ITEMS, _CELLS = frozenset({"ul", "ol", "menu"}), frozenset({"table"})
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), _ITEMS),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "tr": (frozenset({"tr"}), _CELLS),
    "td": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "th": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
}
_AROUND_P = frozenset({"button", "td", "th", "caption", "table", "object", "li", "dd", "dt"})


class Node:
    """An element: its name, attributes, what is in it (elements and texts), and the line it begins on (from 1).

    `blocky` says whether an element is in it that begins on a line of its own.
    """

    __slots__ = ("attributes", "blocky", "children", "line", "name", "parent")

    def __init__(self, name: str, attributes: dict[str, str], parent: "Node | None", line: int) -> None:
        self.name, self.attributes, self.parent, self.line = name, attributes, parent, line
        self.children: list[Node | str] = []
        self.blocky = False

    def elements(self) -> "Iterator[Node]":
        """Every element in it, in the page's order."""
        waiting = [child for child in reversed(self.children) if isinstance(child, Node)]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += [child for child in reversed(node.children) if isinstance(child, Node)]

    def text(self) -> str:
        """All text in it, but for scripts, with single spaces."""
        parts: list[str] = []
        waiting: list[Node | str] = [self]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                parts.append(one)
            elif one.name not in RAW or one is self:
                space = one.name in BLOCKS or one.name == "br"
                waiting += [" ", *reversed(one.children), " "] if space else list(reversed(one.children))
        return " ".join("".join(parts).split())


def parse(source: str) -> Node:
    """The tree of a page. Invalid when it has more pieces than any page of questions."""
    tree = _Tree()
    place, size = 0, len(source)
    while place < size:
        start = source.find("<", place)
        tree.text(source[place : start if start >= 0 else size])
        if start < 0:
            break
        tree.count_lines(source, start)
        place = _tag(tree, source, start)
    return tree.root


def _tag(tree: "_Tree", source: str, start: int) -> int:
    """Take the tag (or comment, or lone sign) at `start` into the tree; where to go on."""
    if source.startswith("<!--", start):
        return _after(source, "-->", start + 4)
    named = _NAME.match(source, start)
    if named is None:
        if source[start + 1 : start + 2] in ("!", "?", "/"):
            return _after(source, ">", start)
        tree.text("<")
        return start + 1
    ended = _TAG_END.match(source, named.end())
    if ended is None:  # the standard: a tag that never ends takes the rest of the page
        return len(source)
    name = named[1].lower()
    if source[start + 1] == "/":
        tree.end(name)
        return ended.end()
    tree.start(name, source[named.end() : ended.end() - 1])
    if name in RAW and not source.endswith("/>", start, ended.end()):
        return _raw(tree, name, source, ended.end())
    return ended.end()


def _raw(tree: "_Tree", name: str, source: str, start: int) -> int:
    close = re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE).search(source, start)
    stop = close.start() if close else len(source)
    if name in ("script", "title"):
        tree.raw(source[start:stop], unescape=name == "title")
    tree.end(name)
    return _after(source, ">", stop)


def _after(source: str, mark: str, start: int) -> int:
    found = source.find(mark, start)
    return len(source) if found < 0 else found + len(mark)


class _Tree:
    """The tree while it grows: `open` are the elements that were not ended yet."""

    def __init__(self) -> None:
        self.root = Node("", {}, None, 1)
        self.open = [self.root]
        self.names: Counter[str] = Counter()  # of what is open
        self.deeper = 0  # elements that are open beyond DEEPEST
        self.pieces = 0
        self.line, self.counted = 1, 0

    def count_lines(self, source: str, place: int) -> None:
        self.line += source.count("\n", self.counted, place)
        self.counted = place

    def text(self, source: str) -> None:
        if source:
            self.raw(source, unescape=True)

    def raw(self, source: str, *, unescape: bool) -> None:
        self._count()
        self.open[-1].children.append(html.unescape(source) if unescape else source)

    def _count(self) -> None:
        self.pieces += 1
        if self.pieces > MOST_PIECES:
            raise Invalid(f"the page has more than {MOST_PIECES:,} pieces; save only the part with the questions")

    def start(self, name: str, attributes: str) -> None:
        self._count()
        if name in BLOCKS:
            self._close(frozenset({"p"}), _AROUND_P)
        if name in _ENDS:
            self._close(*_ENDS[name])
        node = Node(name, _attributes(attributes), self.open[-1], self.line)
        self.open[-1].children.append(node)
        if name in BLOCKS:
            self._mark(node.parent)
        if name in VOID:
            return
        if len(self.open) < DEEPEST:
            self.open.append(node)
            self.names[name] += 1
        else:
            self.deeper += 1

    def _mark(self, node: Node | None) -> None:
        while node is not None and not node.blocky:
            node.blocky, node = True, node.parent

    def end(self, name: str) -> None:
        self._count()
        if self.deeper and name not in VOID:
            self.deeper -= 1
        elif name in BLOCKS or name in RAW:
            self._close(frozenset({name}), frozenset({"table"}) - {name})
        else:  # what is only for letters does not end a paragraph that was opened in it
            self._close(frozenset({name}), BLOCKS)

    def _close(self, names: frozenset[str], up_to: frozenset[str]) -> None:
        if not any(self.names[name] for name in names):
            return
        for place in range(len(self.open) - 1, 0, -1):
            if self.open[place].name in names:
                self.names.subtract(node.name for node in self.open[place:])
                del self.open[place:]
                return
            if self.open[place].name in up_to:
                return


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(source, 0, _LONGEST):
        found.setdefault(name.lower(), html.unescape(double or single or bare))
    return found
