"""What carries events to the shop's own server, beside the requests and in every process.

Taken is what is answered with a status from 200 to 299 within `TRY_S`. All else is tried again, for a day; only a 410
ends the tries, of this event alone: nothing is switched off by it, for only an admin knows whether it was meant so.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx

from handoff import signing, webhooks
from handoff.models import WebhookEvent
from handoff.settings import Settings
from handoff.state import State
from kb.models import now

log = logging.getLogger(__name__)
LOOK_S = 2.0  # between looks
TRY_S = 15.0  # that one try may take
FORGETS_S = 3600.0  # between clearings of old events
MOST_WAIT_S = 3600  # that the server may ask for
BUSY = (429, 502, 503, 504)


class NotTaken(Exception):
    """An event was not taken. `server`: others need not be tried now; `wait`: what the server asked for."""

    def __init__(
        self, error: str, *, for_good: bool = False, server: bool = False, wait: timedelta = timedelta(0)
    ) -> None:
        super().__init__(error)
        self.for_good, self.server, self.wait = for_good, server, wait


async def keep_pushing(it: State) -> None:
    """Queue and send events every few seconds. Until cancelled; without WEBHOOK_URL it ends at once."""
    if not it.settings.webhook_url:
        return
    forgets_at = 0.0
    with it.bus.subscribe("webhook") as subscription:
        async with caller() as client:
            while True:
                try:
                    await look(it, client)
                    if time.monotonic() >= forgets_at:
                        await it.write(webhooks.forget)
                        forgets_at = time.monotonic() + FORGETS_S
                except Exception:
                    log.exception("webhooks could not be seen to and will be tried again")
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await subscription.next()


def caller() -> httpx.AsyncClient:
    """A client for `look`. It follows no redirects: what is signed for one address is no other's business."""
    return httpx.AsyncClient(timeout=TRY_S, follow_redirects=False, trust_env=False)


async def look(it: State, client: httpx.AsyncClient, at: datetime | None = None) -> None:
    """One look at everything: queue events for who is away, and send what is due, one after the other.

    Ends early where the server does not answer or is busy: the other events need not try it too.
    """
    at = at or now()
    for conversation_id in await it.read(webhooks.conversations_with, at):
        await it.write(webhooks.queue_reply, conversation_id, at)
    while found := await it.write(webhooks.due, it.settings, at):
        if not await _send(it, client, *found, at=at):
            return
        at = max(at, now())


async def _send(it: State, client: httpx.AsyncClient, event: WebhookEvent, body: bytes, at: datetime) -> bool:
    """Send one event and report on it; False where the server is the matter."""
    try:
        await post(client, it.settings, event.webhook_id, body)
    except NotTaken as no:
        log.warning("event %s was not taken (try %s): %s", event.webhook_id, event.attempts, no)
        await it.write(webhooks.failed, event, str(no), for_good=no.for_good, wait=no.wait, at=at)
        return not no.server
    await it.write(webhooks.sent, event)
    return True


async def post(client: httpx.AsyncClient, settings: Settings, webhook_id: str, body: bytes) -> None:
    """Hand an event to the shop's server. NotTaken; what the server says beside its status is not even read."""
    headers = signing.headers(settings.webhook_secret, webhook_id, int(time.time()), body)
    try:
        async with (
            asyncio.timeout(TRY_S),
            client.stream("POST", settings.webhook_url, content=body, headers=headers) as answer,
        ):
            _check(answer)
    except (TimeoutError, httpx.TimeoutException):
        raise NotTaken(f"No answer within {TRY_S:g} seconds", server=True) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotTaken(f"{type(error).__name__}: {error}", server=True) from error


def _check(answer: httpx.Response) -> None:
    """NotTaken unless the answer's status says that it was taken."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    said = f"{status} {HTTPStatus(status).phrase if status in list(HTTPStatus) else ''}".strip()
    if 300 <= status < 400:
        said += ": redirects are not followed"
    busy = status in BUSY
    raise NotTaken(said, for_good=status == 410, server=busy, wait=_asked(answer) if busy else timedelta(0))


def _asked(answer: httpx.Response) -> timedelta:
    """How long the server asks to be left alone, in whole seconds; nothing where it does not say."""
    asked = answer.headers.get("retry-after", "")
    known = asked.isascii() and asked.isdigit() and len(asked) < 9
    return timedelta(seconds=min(int(asked), MOST_WAIT_S) if known else 0)
