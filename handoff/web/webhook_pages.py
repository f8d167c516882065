"""The settings' page for webhooks: whether the last events went to the shop's own server, and one to try it with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import webhooks
from handoff.models import WebhookEvent
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import render
from handoff.web.settings_pages import Admin

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Shown:
    """An event in the list. `state`: sent, waits (for its first try), again (tried, and will be) or lost (given up);
    `at`: when it went, is tried next, or was made."""

    webhook_id: str
    type: str
    state: str
    at: datetime
    tries: int
    error: str
    conversation_id: str | None


def shown(event: WebhookEvent) -> Shown:
    """An event as the page shows it."""
    state = "sent" if event.sent_at else "lost" if event.due_at is None else "again" if event.attempts else "waits"
    at = event.sent_at or event.due_at or event.created_at
    return Shown(event.webhook_id, event.type, state, at, event.attempts, event.error or "", event.conversation_id)


def _latest(session: Session) -> list[Shown]:
    return [shown(event) for event in webhooks.latest(session)]


@router.get("/settings/webhooks")
async def look(
    request: Request, it: It, person: Admin, done: Literal["", "queued", "again", "not_again"] = ""
) -> Response:
    """Where events go, whether the last ones went, and buttons that send one, or again what was given up."""
    return render(
        request,
        "settings/webhooks.html",
        person=person,
        host=urlsplit(it.settings.webhook_url).hostname or "",
        events=await it.read(_latest),
        done=done,
    )


@router.post("/settings/webhooks/test")
async def send_test(it: It, _: Admin) -> Response:
    """Queue an event that only shows that events arrive; nothing where webhooks are off."""
    if not it.settings.webhook_url:
        return RedirectResponse("/settings/webhooks", 303)
    await it.write(webhooks.queue_test, it.settings)
    it.bus.publish("webhook", "")
    return RedirectResponse("/settings/webhooks?done=queued", 303)


@router.post("/settings/webhooks/again")
async def send_again(it: It, _: Admin, event: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Have an event tried again that was given up; nothing where webhooks are off, or it is no such event any more."""
    if not it.settings.webhook_url:
        return RedirectResponse("/settings/webhooks", 303)
    done = await it.write(webhooks.resend, event.replace("\x00", ""))
    it.bus.publish("webhook", "")
    return RedirectResponse(f"/settings/webhooks?done={'again' if done else 'not_again'}", 303)
