"""The pages a customer sees: the demo shop, the chat on a page of its own, the widget's script; and the API's page."""

from functools import cache
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from handoff.incoming import MAX_TEXT, Words
from handoff.settings import ROOT
from handoff.state import State
from handoff.texts import direction, languages, own_name, texts
from handoff.web.edge import It

router = APIRouter(include_in_schema=False)
STATIC = ROOT / "handoff" / "static"
Language = Annotated[str, Query(max_length=8)]
DOCS = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Rechtdoor: the API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css">
<div id="docs"></div>
<script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script><script src="/static/docs.js"></script>
</html>"""
DOCS_CSP = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'"


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "handoff" / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )


async def customer_page(
    it: State,
    template: str,
    language: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **more: object,
) -> HTMLResponse:
    """A page for customers in `language`, the shop's own where that is none of ours. `more` is the template's."""
    language = language if language in languages() else it.settings.default_language
    context: dict[str, Any] = {
        "language": language,
        "direction": direction(language),
        "others": [(code, own_name(code)) for code in languages() if code != language],
        "texts": await it.read(texts, language),
        "accent": it.settings.accent,
        "shop_name": it.settings.shop_name,
    }
    return HTMLResponse(_templates().get_template(template).render(context | more), status, headers)


@router.get("/")
async def shop(it: It, language: Language = "") -> HTMLResponse:
    """The demo shop, with the widget on it."""
    return await customer_page(it, "shop.html", language)


@router.get("/chat")
async def chat(it: It, language: Language = "", ask: Annotated[Words, Query()] = "") -> HTMLResponse:
    """The chat on a page of its own, as for an app's web view; with a question to `ask` in its field."""
    return await customer_page(it, "chat.html", language, ask=ask[:MAX_TEXT])


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """The widget's script, for any site; compressed beforehand, and better than in passing, for who takes gzip."""
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    name = "widget.js"
    if "gzip" in request.headers.get("accept-encoding", ""):
        name += ".gz"
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}  # to a plain one GZipMiddleware adds it
    return FileResponse(STATIC / name, media_type="text/javascript", headers=headers)


@router.get("/api/docs")
async def docs() -> HTMLResponse:
    """The API, drawn from its OpenAPI description."""
    return HTMLResponse(DOCS, headers={"Content-Security-Policy": DOCS_CSP})
