"""The pages a customer sees: the demo shop, the chat on a page of its own, the widget's script; and the API's page."""

from functools import cache
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from handoff.settings import ROOT
from handoff.state import State
from handoff.texts import LANGUAGES, texts
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
    language = language if language in LANGUAGES else it.settings.default_language
    context: dict[str, Any] = {
        "language": language,
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
async def chat(it: It, language: Language = "") -> HTMLResponse:
    """The chat on a page of its own, as for an app's web view."""
    return await customer_page(it, "chat.html", language)


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """The widget's script, for any site."""
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    return FileResponse(STATIC / "widget.js", media_type="text/javascript", headers=headers)


@router.get("/api/docs")
async def docs() -> HTMLResponse:
    """The API, drawn from its OpenAPI description."""
    return HTMLResponse(DOCS, headers={"Content-Security-Policy": DOCS_CSP})
