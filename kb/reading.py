"""How a message is read: as a whole, in parts, by its end, with the question before it. See the module of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.evidence import Evidence
from kb.followup import followed, hangs, leans, points, subject
from kb.long import end, gist, is_long, short, surest
from kb.parts import Way, bare, parted, texts_of, told, ways
from kb.text import clean, clean_block, normalise
from kb.word import chosen, plain

LONGEST = 4000  # characters of a message that are read


@dataclass(frozen=True)
class Reading:
    """The texts to look up for a message. Mostly that is `text` alone, the message as a whole.

    `bare` is the same without "en" and the like before it or the marks of a word alone, `gist` are parts of a long one,
    `ways` what it may consist of, `before` the earlier question that it may lean on.
    """

    text: str
    bare: str
    gist: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    before: str | None = None

    @property
    def texts(self) -> list[str]:
        """All of them."""
        leaning = [self.before, self._together] if self.before else []
        return [self.text, self.bare, *self.gist, *texts_of(self.ways), *leaning]

    @property
    def _together(self) -> str:
        return f"{self.before} {self.text}"

    def settled(self, found: Mapping[str, Evidence]) -> Evidence:
        """The evidence of the message out of what was `found` for each of `texts`."""
        whole = surest(found[self.bare], [found[one] for one in self.gist])
        if self.before:
            whole = followed(whole, found[self._together], found[self.before], points(self.text))
        return chosen(self.text, parted(whole, self.ways, found))


def read(text: str, earlier: Sequence[str] = ()) -> Reading:
    """How to read `text`, with the customer's `earlier` messages, oldest first, as they are cleaned."""
    whole, lines = clean(text)[:LONGEST], clean_block(text)[:LONGEST]
    if not normalise(whole):
        return Reading(whole, whole)
    found = [told(way) for way in ways(end(lines))]
    if is_long(whole):  # a story has questions that nobody is to answer: its question marks leave doubt
        found = [Way(tuple(short(piece) for piece in way.pieces), False) for way in found]
    before = subject(earlier) if leans(whole) else None
    return Reading(whole, plain(bare(whole)), tuple(gist(lines)), tuple(found), before)


def may_repeat(text: str, earlier: str) -> bool:
    """Whether `text` could be `earlier` asked again. "en naar België?" asks for more, whatever entry answers both."""
    return hangs(earlier) or not hangs(text)
