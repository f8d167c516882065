"""The public FAQ: its pages, per language and topic, searched with the index that the bot answers from.

Everything can be read and done without a script. A page says what it was made of by its ETag and is asked for each
time, so an answer that was approved is there at once. Who is signed in sees what is for agents only as well, on pages
that nobody keeps; in the embedded form (`?embed=1`), which sites of ALLOWED_ORIGINS may frame, nobody is a colleague.
"""

import hashlib
import html
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from handoff.incoming import Words
from handoff.problems import Forbidden, NotFound, TooMany, headers_of, plain
from handoff.settings import Settings
from handoff.state import State
from handoff.texts import languages, texts
from handoff.web import faq_helped, faq_search, faq_view, rendering
from handoff.web.edge import It, own_origin, person_of, state
from handoff.web.faq_meta import Frame, address, faq_data, in_languages, robots, sitemap, topic_address
from handoff.web.faq_search import MAX_QUERY, Results
from handoff.web.faq_view import Link, Lost, Reader
from handoff.web.guards import CSP
from handoff.web.languages import Language, reader_language
from handoff.web.limited import count

READ = ["GET", "HEAD"]
PROGRAMS = re.compile(r"bot\b|crawl|spider|slurp|preview|monitor", re.IGNORECASE)  # whose looks are not counted
Part = Annotated[Words, Path()]
Typed = Annotated[Words, Query()]


class FaqRoute(APIRoute):
    """A route whose unknown addresses are a page of the FAQ, with a search and its topics."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with its errors turned into that page."""
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await original(request)
            except NotFound:
                return await _lost(request, state(request), None)
            except TooMany as early:
                return await _too_often(request, state(request), early)
            except RequestValidationError:
                if request.method not in READ:
                    raise
                return await _lost(request, state(request), None)

        return handler


router = APIRouter(route_class=FaqRoute, include_in_schema=False)


@router.api_route("/robots.txt", methods=READ)
async def for_programs(it: It) -> Response:
    """What search engines may read, and where the sitemap is."""
    return Response(robots(it.settings), media_type="text/plain")


@router.api_route("/faq/sitemap.xml", methods=READ)
async def whole(request: Request, it: It) -> Response:
    """Every page that the public sees."""
    return _kept(request, Response(await it.read(sitemap, it.settings), media_type="application/xml"))


@router.api_route("/faq", methods=READ)
async def first(request: Request) -> Response:
    """The FAQ in the reader's own language."""
    asked = {name: value for name, value in request.query_params.items() if name in ("q", "embed")}
    asked |= {"embed": "1"} if _framed(request) else {}
    where = address(reader_language(request), **asked)
    return RedirectResponse(where, 302, {"Vary": "Accept-Language, Cookie", "Cache-Control": "no-cache"})


@router.api_route("/faq/{language}", methods=READ)
async def home(request: Request, it: It, language: Language, q: Typed = "", part: bool = False) -> Response:
    """What is looked at most and every topic; with `q` what is found, of which `part` is the results alone."""
    reader = await _reader(request, it, language)
    query = q.strip()[:MAX_QUERY]
    if query:
        await count(request, "faq")
    found = await _found(it, reader, query)
    if part:
        body = rendering.markup("faq/_results.html", rendering.page_of(request), frame=_frame(it, reader), found=found,
                                query=query)  # fmt: skip
        return _answer(request, it, reader, body, listed=False)
    path = address(language)
    title = reader.say("faq.found_title", query=query) if query else reader.say("faq.title")
    frame = _frame(
        it, reader, title=title, description=reader.say("faq.description", shop=it.settings.shop_name),
        path=path, paths={} if query else in_languages(languages()), query=query,
    )  # fmt: skip
    view = await it.read(faq_view.home, reader)
    return _page(request, it, "faq/home.html", frame, [], view=view, found=found)


@router.api_route("/faq/{language}/topic/{topic:path}", methods=READ)
async def topic(request: Request, it: It, language: Language, topic: Part, after: int = 0) -> Response:
    """A topic's entries, those after a number."""
    reader = await _reader(request, it, language)
    view = await it.read(faq_view.topic_page, reader, topic, max(0, min(after, 2**31 - 1)))
    paths = {} if after else {code: topic_address(code, topic) for code in view.languages}
    frame = _frame(
        it, reader, title=view.name, description=reader.say("faq.topic_text", topic=view.name, n=view.count),
        path=topic_address(language, topic), paths=paths, above=_way(reader),
    )  # fmt: skip
    return _page(request, it, "faq/topic.html", frame, view.entries, view=view)


@router.api_route("/faq/{language}/{key}", methods=READ)
async def entry(request: Request, it: It, language: Language, key: Part) -> Response:
    """One entry, and others of its topic; or why it is not there and what is near."""
    reader = await _reader(request, it, language)
    view = await it.read(faq_view.entry_page, reader, key)
    if isinstance(view, Lost):
        return await _lost(request, it, view, reader)
    if request.method == "GET" and not reader.colleague and not PROGRAMS.search(request.headers.get("user-agent", "")):
        it.views[key, language] += 1
    above = [*_way(reader), (view.topic.name, topic_address(language, view.topic.topic))]
    paths = {} if view.shown.for_colleagues else in_languages(view.languages, key)
    frame = _frame(
        it, reader, title=view.shown.question, description=_beginning(view.shown.html),
        path=address(language, key), paths=paths, above=above,
    )  # fmt: skip
    return _page(request, it, "faq/entry.html", frame, [view.shown], view=view)


@router.post("/faq/{language}/{key}/helped")
async def helped(
    request: Request, it: It, language: Language, key: Part, word: Annotated[Literal["y", "n", ""], Form()] = ""
) -> Response:
    """Count that an entry helped or not, or take it back: the entry's page again, or for a script its foot alone."""
    if not own_origin(request):
        raise Forbidden("This request came from another site.")
    await count(request, "helped")
    reader = await _reader(request, it, language)
    shown, said = await it.write(faq_helped.say, reader, key, word)
    response: Response = RedirectResponse(address(language, key, embed="1" if reader.embed else "") + "#helped", 303)
    if request.headers.get("x-part"):
        frame = _frame(it, reader)
        body = rendering.markup("faq/_helped.html", rendering.page_of(request), frame=frame, one=shown)
        response = _answer(request, it, reader, body, listed=False)
    secure = it.settings.origin.startswith("https:")
    faq_helped.remember(response, said, secure=secure, embed=reader.embed)
    return response


@router.api_route("/faq/{rest:path}", methods=READ)
async def elsewhere(request: Request, rest: Part) -> Response:
    """Any other address: without its last slash it may be one of ours."""
    if rest.strip("/") + "/" == rest or not rest:
        return RedirectResponse(quote(request.url.path.rstrip("/")), 308)
    raise NotFound


async def _reader(request: Request, it: State, language: str) -> Reader:
    embed = _framed(request)
    person = None if embed else await person_of(request)
    edits = person is not None and person.role in ("editor", "admin")
    words = await it.read(texts, language)
    return Reader(language, person is not None, edits, embed, words, faq_helped.said_in(request))


def _framed(request: Request) -> bool:
    return request.query_params.get("embed", "0") not in ("0", "false")


def _frame(it: State, reader: Reader, **about: Any) -> Frame:
    return Frame(reader, it.settings, **({"title": reader.say("faq.title")} | about))


def _way(reader: Reader) -> list[tuple[str, str]]:
    return [(reader.say("faq.title"), address(reader.language))]


async def _found(it: State, reader: Reader, query: str) -> Results:
    if not query:
        return Results()
    evidence = await it.compute(it.base.ask, query, reader.language, (), reader.audience)
    return await it.read(faq_search.results, reader, query, faq_search.likely(evidence))


def _beginning(answer: str) -> str:
    """The beginning of an answer's HTML, as words."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer)).split())[:160]


async def _lost(request: Request, it: State, lost: Lost | None, reader: Reader | None = None) -> Response:
    """The page for an address without one: what is near to what it asked, and the topics."""
    if reader is None:
        wish = str(request.path_params.get("language", ""))
        reader = await _reader(request, it, wish if wish in languages() else reader_language(request))
    if lost and lost.is_topic:
        return RedirectResponse(topic_address(reader.language, request.path_params["key"]), 302)
    words = (lost.question if lost else "") or re.sub(r"[-_/.]+", " ", request.url.path.rpartition("/")[2])
    near = await _near(request, it, reader, words[:MAX_QUERY])
    topics = await it.read(faq_view.topics, reader, 1)
    frame = _frame(it, reader, title=reader.say("faq.gone_title" if lost and lost.withdrawn else "faq.lost_title"))
    return _page(request, it, "faq/lost.html", frame, None, status=404, lost=lost, near=near, topics=topics)


async def _near(request: Request, it: State, reader: Reader, words: str) -> list[Link]:
    """The entries nearest to an address without a page; none for who asks for many of those."""
    try:
        await count(request, "faq")
    except TooMany:
        return []
    evidence = await it.compute(it.base.ask, words, reader.language, (), reader.audience)
    return await it.read(faq_search.nearest, reader, faq_search.likely(evidence))


async def _too_often(request: Request, it: State, problem: TooMany) -> Response:
    """That it went too fast, and the topics: nothing has to be searched for those. For a script the sentence alone."""
    language = str(request.path_params["language"])
    request.state.language = language
    if "part" in request.query_params or request.headers.get("x-part"):
        raise problem
    reader = await _reader(request, it, language)
    frame = _frame(it, reader, title=await plain(request, problem))
    topics = await it.read(faq_view.topics, reader, 1)
    page = _page(request, it, "faq/too_often.html", frame, None, status=problem.status, topics=topics)
    page.headers.update(headers_of(problem))
    return page


def _page(
    request: Request, it: State, template: str, frame: Frame, entries: Any, *, status: int = 200, **view: Any
) -> Response:
    """A whole page; `entries` are those that programs are told of, None for a page that is none."""
    data = faq_data(frame, entries) if entries is not None and frame.paths and frame.public else None
    body = rendering.markup(template, rendering.page_of(request), frame=frame, data=data, **view)
    return _answer(request, it, frame.reader, body, status=status, listed=data is not None)


def _answer(
    request: Request, it: State, reader: Reader, body: str, *, status: int = 200, listed: bool
) -> Response:
    response = HTMLResponse(body, status, {"Vary": "Cookie", "Content-Language": reader.language})
    if reader.embed:
        response.headers["Content-Security-Policy"] = _frameable(it.settings)
    if not listed:
        response.headers["X-Robots-Tag"] = "noindex"
    if reader.colleague:
        response.headers["Cache-Control"] = "no-store"
        return response
    return _kept(request, response)


def _kept(request: Request, response: Response) -> Response:
    """The answer, or that what the browser has is still the same."""
    response.headers["Cache-Control"] = "no-cache"
    if response.status_code != 200 or request.method not in READ:
        return response
    mark = f'W/"{hashlib.sha256(bytes(response.body)).hexdigest()[:20]}"'
    response.headers["ETag"] = mark
    if mark not in request.headers.get("if-none-match", ""):
        return response
    kept = {name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")}
    return Response(status_code=304, headers=kept)


def _frameable(settings: Settings) -> str:
    """What pages may do that other sites may frame."""
    sites = ("*",) if "*" in settings.allowed_origins else ("'self'", *settings.allowed_origins)
    return CSP.replace("frame-ancestors 'self'", f"frame-ancestors {' '.join(sites)}")
