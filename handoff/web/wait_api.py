"""The wait, before anybody queues: public and cheap. And for admins, how good the figures were that customers got."""

from datetime import datetime, timedelta
from statistics import median
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import Session

from handoff import estimates, waiting
from handoff.hours import open_seconds_between
from handoff.models import Person
from handoff.shop_settings import hours
from handoff.web.edge import It, signed_in
from handoff.web.languages import known_language
from handoff.web.shapes import cached_json
from kb.models import now

router = APIRouter(prefix="/api/v1")
JUDGED = timedelta(days=7)
Admin = Annotated[Person, Depends(signed_in("admin"))]


@router.get("/wait", tags=["customer"])
async def look(
    it: It,
    request: Request,
    language: Annotated[str, Query(max_length=8)] = "",
    topic: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """How long it takes now, in figures and words. A topic that nobody knows is none. With an ETag, as `/texts`."""
    language = known_language(language, it.settings.default_language)
    return cached_json(request, await waiting.answer(it, topic, language))


@router.get("/desk/waits", tags=["desk"])
async def judged(it: It, person: Admin) -> dict[str, Any]:
    """How good the first figures of the last 7 days were, of customers whom an agent took since."""
    return await it.read(judgement, now() - JUDGED)


def judgement(session: Session, since: datetime) -> dict[str, Any]:
    """Of the figures told since then: how many, the share inside the range, the median error of its middle in seconds.

    `without_figure` counts who was told none. Only time at which the shop was open counts as waiting.
    """
    shop = hours(session)
    taken = [stay for stay in estimates.stays(session, since) if stay.end == "taken"]
    told = [
        (stay.first.low_s or 0, stay.first.high_s or 0, open_seconds_between(shop, stay.first.at, stay.ended_at))
        for stay in taken
        if stay.first
    ]
    errors = [abs(real - (low + high) / 2) for low, high, real in told]
    inside = [low <= real <= high for low, high, real in told]
    return {
        "days": JUDGED.days,
        "n": len(told),
        "without_figure": len(taken) - len(told),
        "inside": round(sum(inside) / len(inside), 3) if inside else None,
        "median_error_s": int(median(errors)) if errors else None,
    }
