"""What carries mails from the outbox to the SMTP server, beside the requests and off the event loop."""

import asyncio
import logging
from contextlib import suppress
from functools import partial

import anyio
from anyio.to_thread import run_sync

from handoff import outbox
from handoff.db import writing
from handoff.mail import can_mail, compose
from handoff.models import Mail
from handoff.smtp import Line, NotSent, parsed
from handoff.state import State

log = logging.getLogger(__name__)
LOOK_S = 30.0  # seconds between looks where no event told of a new mail
SEND_S = 60.0  # seconds that one mail may take
STOP_S = 2.0  # seconds that a mail under way gets when the app stops


async def send_mail(it: State) -> None:
    """Send what is due, at once when told and else by looking. Until cancelled; without SMTP it ends at once."""
    if not can_mail(it.settings):
        log.info("SMTP_URL is not set: mails stay in the outbox until it is")
        return
    mails = anyio.CapacityLimiter(1)  # a thread of its own: a slow mail server holds up nothing else
    with it.bus.subscribe("mail") as subscription:
        while True:
            try:
                await send_due(it, mails)
            except Exception:
                log.exception("the outbox could not be emptied and will be tried again")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await subscription.next()


async def send_due(it: State, limiter: anyio.CapacityLimiter | None = None) -> None:
    """Send what is due, one by one. Ends early where the server takes none: the others need not try it too."""
    limiter = limiter or anyio.CapacityLimiter(1)
    while rows := await it.write(outbox.due):
        if not await _send(it, rows[0], limiter):
            return


async def _send(it: State, mail: Mail, limiter: anyio.CapacityLimiter) -> bool:
    """Send one mail and report on it; False where the server is the matter."""
    line = Line(parsed(it.settings.smtp_url))
    sending = asyncio.ensure_future(run_sync(_deliver, it, mail, line, limiter=limiter))
    stopped: asyncio.CancelledError | None = None
    try:
        await asyncio.wait([sending], timeout=SEND_S)
    except asyncio.CancelledError as error:  # a mail that was taken but not noted would go a second time
        stopped = error
        await asyncio.wait([sending], timeout=STOP_S)
    line.hang_up()
    await asyncio.wait([sending])
    try:
        return await _report(it, mail, sending.exception())
    finally:
        if stopped:
            raise stopped


def _deliver(it: State, mail: Mail, line: Line) -> None:
    try:
        message = compose(mail, it.settings)
    except ValueError as error:
        raise NotSent(str(error), for_good=True) from error
    line.deliver(message, partial(_hand_in, it, mail))


def _hand_in(it: State, mail: Mail) -> None:
    """Note that a mail which may go only once is handed in now. NotSent where it is somebody else's by now."""
    if not mail.once:
        return
    with writing(it.engine) as session:
        if not outbox.handing_in(session, mail):
            raise NotSent("Its lease ran out.")


async def _report(it: State, mail: Mail, error: BaseException | None) -> bool:
    if error is None:
        await it.write(outbox.sent, mail)
        return True
    if not isinstance(error, NotSent):
        raise error
    log.warning("mail %s was not sent (attempt %s): %s", mail.id, mail.attempts, error)
    for_good = error.for_good or (mail.once and error.unsure)
    await it.write(outbox.failed, mail, str(error), for_good=for_good)
    return not error.server
