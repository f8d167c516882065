"""The opening hours for customers: whether it is open, until when or from when again, and that in words."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from handoff import hours_words, shop_settings, texts
from handoff.hours import closes_at, is_open, next_opening
from handoff.web.edge import It
from handoff.web.languages import known_language
from handoff.web.shapes import cached_json
from kb.models import now

router = APIRouter(prefix="/api/v1", tags=["customer"])


def hours_form(session: Session, language: str, at: datetime) -> dict[str, Any]:
    """The hours at a moment as JSON: `until` while open and `next` while closed, ISO 8601 in UTC, else null."""
    hours = shop_settings.hours(session)
    opened = is_open(hours, at)
    until, start = (closes_at(hours, at), None) if opened else (None, next_opening(hours, at))
    return {
        "open": opened,
        "until": until.isoformat() if until else None,
        "next": start.isoformat() if start else None,
        "words": hours_words.words(hours, at, language, texts.texts(session, language)),
    }


@router.get("/hours")
async def look(it: It, request: Request, language: Annotated[str, Query(max_length=8)] = "") -> Response:
    """Whether the desk is open now, in one language. With an ETag, as `/texts`."""
    language = known_language(language, it.settings.default_language)
    return cached_json(request, await it.read(hours_form, language, now()))
