"""What the pages of the public FAQ show, each read in one go. The public sees no entry for agents only, anywhere."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, and_, func, true
from sqlmodel import Session, col, select

from handoff.editor_models import EntryDay
from handoff.problems import NotFound
from handoff.texts import direction, fill
from handoff.texts import languages as known
from handoff.web.shapes import to_html
from kb.models import Entry, now

EACH, LINKS = 4, 100  # questions of a topic on the first page, fewer where that makes more than so many in all
POPULAR, POPULAR_FOR = 5, timedelta(days=30)
PAGE = 20  # entries of a topic on one page
ROOM = 14_000  # bytes of HTML for a list's answers, but for the first: a page stays under 50 kB
MORE = 6  # other questions of the topic below an answer


@dataclass(frozen=True)
class Reader:
    """Who reads: her language with its texts, whether she is a colleague, in which form, and what she said of entries.
    An `editor` is a colleague who may change what stands there.

    `said` is "y" or "n" by the entry's id. In the embedded form nobody is a colleague.
    """

    language: str
    colleague: bool = False
    editor: bool = False
    embed: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[int, str] = field(default_factory=dict)

    @property
    def direction(self) -> str:
        """Which way her language is written."""
        return direction(self.language)

    @property
    def audience(self) -> str:
        """The audience as the knowledge base calls it."""
        return "agents" if self.colleague else "public"

    def saying(self, said: Mapping[int, str]) -> "Reader":
        """Herself, after she said this of entries."""
        return replace(self, said=said)

    def say(self, key: str, **values: object) -> str:
        """The words under `key`; with a number `n`, under `key_one` or `key_many`."""
        if "n" in values and key not in self.texts:
            key = f"{key}_one" if values["n"] == 1 else f"{key}_many"
        return fill(self.texts[key], **values)

    def topic(self, name: str) -> str:
        """What a topic is called: in the texts, else as it is named, which may look like `gift-cards`."""
        if not name:
            return self.texts["faq.other_topic"]
        plain = name.replace("-", " ").replace("_", " ") if re.fullmatch(r"[a-z0-9_-]+", name) else name
        return self.texts.get(f"faq.topic_{name}", plain[:1].upper() + plain[1:])

    def may_see(self) -> ColumnElement[bool]:
        """The condition for entries that are for her, live or withdrawn."""
        return true() if self.colleague else col(Entry.audience) == "public"

    def sees(self) -> ColumnElement[bool]:
        """The condition for entries that are there for her, in whatever language."""
        return and_(self.may_see(), col(Entry.status) == "live")


@dataclass(frozen=True)
class Shown:
    """An entry with its answer as safe HTML, and what the reader said of it ("" where nothing)."""

    key: str
    language: str
    question: str
    html: str
    for_colleagues: bool
    said: str
    changed: datetime


@dataclass(frozen=True)
class Link:
    """An entry by its question alone."""

    key: str
    language: str
    question: str
    for_colleagues: bool


@dataclass(frozen=True)
class Topic:
    """A topic: what it is called, how many entries it has, and some of them."""

    topic: str
    name: str
    count: int
    some: Sequence[Link]


@dataclass(frozen=True)
class Home:
    """The first page: what is looked at most, and every topic."""

    popular: Sequence[Shown]
    topics: Sequence[Topic]


@dataclass(frozen=True)
class TopicPage:
    """A page of a topic's entries; the next one begins after number `more`, 0 where there is none."""

    topic: str
    name: str
    count: int
    entries: Sequence[Shown]
    more: int
    languages: Sequence[str]


@dataclass(frozen=True)
class EntryPage:
    """An entry on a page of its own, the others of its topic, and the languages that it is there in."""

    shown: Shown
    topic: Topic
    languages: Sequence[str]


@dataclass(frozen=True)
class Lost:
    """Why an entry has no page: there never was one, it is `withdrawn`, or it is only there in other languages.

    `question` is what a withdrawn one asked, to find what is nearest to it; it is not shown any more.
    """

    withdrawn: bool
    question: str
    elsewhere: Sequence[Link]
    is_topic: bool


def home(session: Session, reader: Reader) -> Home:
    """The first page."""
    listed = topics(session, reader)
    each = LINKS // (len(listed) or 1)
    return Home(_popular(session, reader), [replace(one, some=one.some[:each]) for one in listed])


def _popular(session: Session, reader: Reader) -> list[Shown]:
    same = and_(col(EntryDay.entry_key) == Entry.key, col(EntryDay.language) == Entry.language)
    recent = col(EntryDay.day) >= (now() - POPULAR_FOR).date()
    views = func.sum(col(EntryDay.views))
    rows = select(Entry).join(EntryDay, same).where(reader.sees(), Entry.language == reader.language, recent)
    rows = rows.group_by(col(Entry.id)).having(views > 0).order_by(views.desc(), col(Entry.id)).limit(POPULAR)
    return fitting([shown(reader, entry) for entry in session.exec(rows)])


def topics(session: Session, reader: Reader, each: int = EACH) -> list[Topic]:
    """Every topic by its name, what has none last, with its first questions: `each`, at least one."""
    place = func.row_number().over(partition_by=col(Entry.topic), order_by=col(Entry.id)).label("place")
    count = func.count().over(partition_by=col(Entry.topic)).label("all")
    columns: tuple[Any, ...] = (Entry.topic, Entry.key, Entry.language, Entry.question, Entry.audience, place, count)
    all_ = select(*columns).where(reader.sees(), Entry.language == reader.language).subquery()
    found: dict[str, tuple[int, list[Link]]] = {}
    for row in session.execute(select(all_).where(all_.c.place <= each).order_by(all_.c.place)):
        found.setdefault(row.topic, (int(row.all), []))[1].append(link(row))
    listed = [Topic(topic, reader.topic(topic), count, some) for topic, (count, some) in found.items()]
    return sorted(listed, key=lambda one: (not one.topic, one.name.casefold(), one.topic))


def topic_page(session: Session, reader: Reader, topic: str, after: int) -> TopicPage:
    """The entries of a topic after number `after`. NotFound where there are none."""
    mine = (reader.sees(), Entry.topic == topic)
    here = (*mine, Entry.language == reader.language)
    rows = select(Entry).where(*here, col(Entry.id) > after).order_by(col(Entry.id)).limit(PAGE + 1)
    found = session.exec(rows).all()
    if not found:
        raise NotFound
    fits = fitting([shown(reader, entry) for entry in found[:PAGE]])
    count = session.exec(select(func.count()).select_from(Entry).where(*here)).one()
    languages = session.exec(select(Entry.language).where(*mine).distinct()).all()
    more = found[len(fits) - 1].id or 0 if len(fits) < len(found) else 0
    return TopicPage(topic, reader.topic(topic), count, fits, more, ours(languages))


def fitting(entries: Sequence[Shown]) -> list[Shown]:
    """The first of these, and those after it that there is room for."""
    lengths = accumulate(len(one.html.encode()) for one in entries)
    return [one for n, (one, length) in enumerate(zip(entries, lengths, strict=True)) if not n or length <= ROOM]


def entry_page(session: Session, reader: Reader, key: str) -> EntryPage | Lost:
    """The entry, or why it is not there."""
    rows = session.exec(select(Entry).where(reader.sees(), Entry.key == key)).all()
    entry = next((row for row in rows if row.language == reader.language), None)
    if entry is None:
        return _lost(session, reader, key, rows)
    beside = (reader.sees(), Entry.language == entry.language, Entry.topic == entry.topic, Entry.key != key)
    following = ((col(Entry.id) < entry.id), col(Entry.id))  # those after it first, then from the beginning
    some = session.exec(select(Entry).where(*beside).order_by(*following).limit(MORE)).all()
    topic = Topic(entry.topic, reader.topic(entry.topic), len(some) + 1, [link(row) for row in some])
    return EntryPage(shown(reader, entry), topic, ours(row.language for row in rows))


def _lost(session: Session, reader: Reader, key: str, rows: Sequence[Entry]) -> Lost:
    mine = (reader.may_see(), Entry.language == reader.language)
    gone = session.exec(select(Entry).where(*mine, Entry.key == key, Entry.status == "withdrawn")).first()
    topic = session.exec(select(Entry.id).where(*mine, Entry.topic == key, Entry.status == "live").limit(1)).first()
    elsewhere = [link(row) for row in rows if row.language in known()]
    return Lost(gone is not None, gone.question if gone else "", elsewhere, topic is not None)


def shown(reader: Reader, entry: Entry) -> Shown:
    """The entry with its answer; inside another site's page, its links leave the frame."""
    html = to_html(entry.answer)
    if reader.embed:
        html = html.replace("<a href=", '<a target="_top" href=')
    said = reader.said.get(entry.id or 0, "")
    hers = entry.audience != "public"
    return Shown(entry.key, entry.language, entry.question, html, hers, said, entry.changed_at)


def link(row: Any) -> Link:
    """An entry, or a row with these columns of it, as a link."""
    return Link(row.key, row.language, row.question, row.audience != "public")


def ours(languages: Iterable[str]) -> list[str]:
    """Of these languages the ones that there are pages in."""
    there = set(languages)
    return [language for language in known() if language in there]
