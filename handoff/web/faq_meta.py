"""What stands around the pages of the public FAQ, and what programs read of it: addresses, schema.org, sitemap."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from sqlmodel import Session, col, select

from handoff.hours_words import dated
from handoff.settings import Settings
from handoff.texts import languages, own_name
from handoff.web.faq_search import MAX_QUERY
from handoff.web.faq_view import Link, Reader, Shown
from handoff.web.rendering import page_address
from kb.models import Entry

TOLD = 12_000  # bytes of an answer's HTML: longer ones are not told to programs, so that the page stays small
SITEMAP_URLS = 50_000  # that a sitemap may hold, see sitemaps.org
PRIVATE = ("/desk", "/review", "/settings", "/login", "/api/", "/c/")
Paths = Mapping[str, str]  # the address of one page by language, without the site
Crumbs = Sequence[tuple[str, str]]  # names and addresses of the pages above, from the first page on


def address(language: str, *parts: str, **query: object) -> str:
    """The address of a page of the FAQ, without the site."""
    return page_address("/".join(("/faq", language, *(quote(part, safe="") for part in parts))), **query)


def topic_address(language: str, topic: str, **query: object) -> str:
    """The address of a topic. A word stands before it, since a topic may be called what an entry's key is."""
    return address(language, "topic", topic, **query)


def in_languages(languages: Iterable[str], *parts: str) -> Paths:
    """The address of one page in each of these languages."""
    return {language: address(language, *parts) for language in languages}


def default_of(paths: Paths, settings: Settings) -> str:
    """The address for who reads none of our languages."""
    return paths.get(settings.default_language) or next(iter(paths.values()))


@dataclass(frozen=True)
class Frame:
    """What stands around a page: who reads it, its title, description and address, and the same page in each language.

    `above` are the pages above it. A page without `paths` is one that search engines leave alone.
    """

    reader: Reader
    settings: Settings
    title: str
    description: str = ""
    path: str = ""
    paths: Paths = field(default_factory=dict)
    above: Crumbs = ()
    query: str = ""
    max_query: int = MAX_QUERY

    @property
    def public(self) -> bool:
        """Whether this is what everybody sees, on its own page."""
        return not self.reader.colleague and not self.reader.embed

    @property
    def alternates(self) -> dict[str, str]:
        """Full addresses by what `hreflang` calls the language; none where search engines leave the page alone."""
        if not self.paths:
            return {}
        default = "/faq" if self.path == address(self.reader.language) else default_of(self.paths, self.settings)
        return {code: self.settings.origin + path for code, path in {**self.paths, "x-default": default}.items()}

    @property
    def switch(self) -> list[tuple[str, str, str]]:
        """The other languages: code, own name, and this page in it, or the first one."""
        others = [code for code in languages() if code != self.reader.language]
        return [(code, own_name(code), self.paths.get(code, address(code))) for code in others]

    def say(self, key: str, **values: object) -> str:
        """The words under `key` in the reader's language."""
        return self.reader.say(key, **values)

    def at(self, *parts: str, language: str = "", **query: object) -> str:
        """The address of a page, in the form that the reader is in."""
        return address(language or self.reader.language, *parts, **query, embed=self.embed)

    def topic_at(self, topic: str, **query: object) -> str:
        """The address of a topic, in the form that the reader is in."""
        return topic_address(self.reader.language, topic, **query, embed=self.embed)

    def ask_at(self, question: str) -> str:
        """The chat on a page of its own with this question in its field: where the widget is not there."""
        return page_address("/chat", language=self.reader.language, ask=question)

    def about(self, one: Shown | Link) -> Markup:
        """The attributes of an entry's words: which way they run, and their language where it is not the page's."""
        other = "" if one.language == self.reader.language else f' lang="{escape(one.language)}"'
        return Markup(f' dir="auto"{other}')  # noqa: S704 - of our own words alone

    def day(self, moment: datetime) -> str:
        """A day (UTC) in words, such as "4 januari 2027"."""
        return f"{dated(moment.astimezone(UTC).date(), self.reader.texts, self.reader.language)} {moment.year}"

    @property
    def embed(self) -> str:
        """What addresses in the embedded form end with."""
        return "1" if self.reader.embed else ""


def faq_data(frame: Frame, entries: Sequence[Shown]) -> dict[str, Any]:
    """schema.org's FAQPage of these entries, with the way to it. What agents alone may see is never in it."""
    origin = frame.settings.origin
    told = [one for one in entries if _told(one)]
    page = {
        "@type": "FAQPage" if told else "CollectionPage",
        "@id": origin + frame.path,
        "url": origin + frame.path,
        "name": frame.title,
        "inLanguage": frame.reader.language,
        "dateModified": max((_iso(one.changed) for one in entries), default=""),
        "mainEntity": [_question(origin, one) for one in told],
    }
    way = [*frame.above, (frame.title, frame.path)]
    steps = [
        {"@type": "ListItem", "position": n, "name": name, "item": origin + path}
        for n, (name, path) in enumerate(way, 1)
    ]
    crumbs = [{"@type": "BreadcrumbList", "itemListElement": steps}] if frame.above else []
    return {"@context": "https://schema.org", "@graph": [{k: v for k, v in page.items() if v}, *crumbs]}


def _told(one: Shown) -> bool:
    return not one.for_colleagues and len(one.html.encode()) <= TOLD


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _question(origin: str, one: Shown) -> dict[str, Any]:
    answer = one.html.replace('href="/', f'href="{escape(origin)}/').strip()
    return {
        "@type": "Question",
        "name": one.question,
        "url": origin + address(one.language, one.key),
        "acceptedAnswer": {"@type": "Answer", "text": answer},
    }


def robots(settings: Settings) -> str:
    """What programs may read: the FAQ and the shop, not what is behind a login."""
    closed = "\n".join(f"Disallow: {path}" for path in PRIVATE)
    return f"User-agent: *\n{closed}\nAllow: /\n\nSitemap: {settings.origin}/faq/sitemap.xml\n"


def sitemap(session: Session, settings: Settings) -> str:
    """Every page of the FAQ that the public sees, with its other languages and its last change, as a sitemap."""
    columns = (Entry.key, Entry.language, Entry.topic, Entry.changed_at)
    public = (Entry.status == "live", Entry.audience == "public", col(Entry.language).in_(languages()))
    pages: dict[tuple[str, ...], dict[str, datetime]] = {(): {}}
    rows = session.exec(select(*columns).where(*public).order_by(col(Entry.id))).all()
    for key, language, topic, changed in rows:
        for parts in ((), ("topic", topic), (key,)):
            known = pages.setdefault(parts, {})
            known[language] = max(known.get(language, changed), changed)
    urls = [url for parts, changed in pages.items() for url in _urls(settings, parts, changed)]
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    listed = "\n".join(urls[:SITEMAP_URLS])
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {spaces}>\n{listed}\n</urlset>\n'


def _urls(settings: Settings, parts: tuple[str, ...], changed: Mapping[str, datetime]) -> list[str]:
    """One page's elements, one for each language."""
    paths = in_languages((code for code in languages() if code in changed), *parts)
    if not paths:
        return []
    default = default_of(paths, settings) if parts else "/faq"
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(settings.origin + path)}"/>'
        for code, path in {**paths, "x-default": default}.items()
    )
    return [
        f"<url><loc>{escape(settings.origin + path)}</loc>"
        f"<lastmod>{_iso(changed[code])}</lastmod>{others}</url>"
        for code, path in paths.items()
    ]
