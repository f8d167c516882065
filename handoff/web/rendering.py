"""What all pages of agents and editors share: language, words, templates, local addresses."""

import hashlib
import html
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from handoff.faces import initials
from handoff.hours_words import dated
from handoff.settings import ROOT
from handoff.staff_words import LANGUAGES as LANGUAGES
from handoff.staff_words import word as word  # pages' words are asked for here as well
from handoff.staff_words import words as words
from handoff.texts import languages, own_name, shipped
from handoff.web.shapes import to_html

LANGUAGE_COOKIE = "rechtdoor_language"
HERE = ROOT / "handoff"
LOCAL = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


@dataclass(frozen=True)
class Page:
    """What every template knows: the language, its words, the shop, and where we are."""

    language: str
    shop: str
    path: str
    query: Mapping[str, str]
    model: bool = False  # whether a model makes drafts

    def t(self, key: str, /, **values: object) -> str:
        """The words under `key` in the page's language."""
        return word(self.language, key, **values)

    def known(self, prefix: str, value: str | None, otherwise: str = "") -> str:
        """The words for a value such as a reason or a topic; the value itself where there are none."""
        return words(self.language).get(f"{prefix}.{value}", value or otherwise)

    @property
    def tongues(self) -> list[tuple[str, str]]:
        """The languages that customers are spoken to in: code, and name in the page's language or its own."""
        return [(code, words(self.language).get(f"language.{code}") or own_name(code)) for code in languages()]

    def tongue(self, code: str) -> str:
        """The name of a language; its code for one that there are no texts in."""
        return dict(self.tongues).get(code) or self.known("language", code)

    def script_words(self) -> dict[str, str]:
        """The words that scripts need."""
        return {k.removeprefix("js."): v for k, v in words(self.language).items() if k.startswith("js.")}

    def in_language(self, language: str) -> str:
        """This page's address in another language."""
        kept = {k: v for k, v in self.query.items() if k != "language"}
        return f"{self.path}?{urlencode(kept | {'language': language})}"


def page_language(request: Request) -> str:
    """`?language=`, else the cookie, else what the browser asks for, else the shop's."""
    own = str(request.app.state.it.settings.default_language)
    return wished(request, LANGUAGES) or (own if own in LANGUAGES else LANGUAGES[-1])


def wished(request: Request, there: Container[str]) -> str | None:
    """Of the languages `there` the one that a reader wishes: `?language=`, the cookie, or her browser's; or None."""
    for wish in (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if wish in there:
            return str(wish)
    asked = (part.strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((language for language in asked if language in there), None)


def page_of(request: Request) -> Page:
    """The `Page` of a request. `path` is empty where the address cannot be asked for again."""
    path = request.url.path if request.method == "GET" else ""
    settings = request.app.state.it.settings
    return Page(page_language(request), settings.shop_name, path, request.query_params, bool(settings.model_url))


def local_path(wish: str | None, otherwise: str) -> str:
    """`wish` where it is an address on this site, else `otherwise`: nobody is sent elsewhere."""
    return wish if wish and len(wish) <= 2000 and LOCAL.fullmatch(wish) else otherwise


def page_address(path: str, **query: object) -> str:
    """An address on this site, with those parameters that have a value."""
    given = {k: str(v) for k, v in query.items() if v not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@cache
def asset(name: str) -> str:
    """The address of a static file, with a mark of its content so that a new version is fetched."""
    mark = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={mark}"


def iso(moment: datetime) -> str:
    """A moment as scripts read it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def percent(value: float) -> str:
    """A probability in whole percents; never a 0 or 100 that is not one."""
    return f"{round(value * 100) if value in (0, 1) else min(99, max(1, round(value * 100)))}%"


def decimal(value: float, language: str) -> str:
    """A figure as it is read: one decimal below ten, none above."""
    text = f"{value:.1f}" if abs(value) < 9.95 else f"{value:.0f}"
    return text.replace(".", ",") if language == "nl" else text


def in_words(day: date, language: str) -> str:
    """A day such as "4 januari 2027"."""
    return f"{dated(day, shipped(language), language)} {day.year}"


def excerpt(markdown: str) -> str:
    """The beginning of an answer in one line, without its markup."""
    apart = re.sub(r"</(?:p|li|h\d|blockquote)>|<br>", " ", to_html(markdown[:600]))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", apart)).split())[:160]


@cache
def environment() -> jinja2.Environment:
    """The templates, escaping everything, and refusing names that a route did not pass."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(asset=asset, page_address=page_address, LANGUAGES=LANGUAGES)
    env.filters.update(decimal=decimal, excerpt=excerpt, in_words=in_words, iso=iso, percent=percent)
    env.filters.update(initials=initials)
    return env


def markup(template: str, page: Page, **context: Any) -> str:
    """A template filled in. `context` is exactly what the template's first comment lists."""
    return environment().get_template(template).render(page=page, t=page.t, **context)


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response:
    """A page. A language that was asked for by `?language=` is remembered."""
    body = markup(template, page_of(request), **context)
    response = HTMLResponse(body, status, {"Cache-Control": "no-store", "Vary": "Cookie"} | (headers or {}))
    if request.query_params.get("language") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            page_language(request),
            max_age=365 * 24 * 3600,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response
