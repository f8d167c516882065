"""What becomes due by the clock: reminding of promises before their time, and the mails of `promise_mail` and `unseen`.

`keep_reminding` runs beside the requests, in every process. Each step first looks without a lock whether there is
anything to do, then does it in a transaction that looks again, so that of several processes one does it.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col, select

from handoff import conversations, outbox, presence, promise_mail, promise_words, promises, unseen
from handoff.desk_models import Promise
from handoff.mail import can_mail
from handoff.models import Conversation, Person
from handoff.presence import GRACE_S
from handoff.promises import SOON
from handoff.resting import OPEN
from handoff.settings import Settings
from handoff.staff_words import word
from handoff.state import State
from kb.models import now

log = logging.getLogger(__name__)
LOOK_S = 5.0  # between looks where nothing is heard
BREATH_S = 1.0  # what is heard within this is looked at together


async def keep_reminding(it: State) -> None:
    """Remind and mail whenever something happens, and every few seconds. Until cancelled."""
    since = now()
    with it.bus.subscribe("desk") as subscription:
        while True:
            try:
                until = now()
                for conversation_id in await it.read(became_late, since, until):
                    it.changed(conversation_id)  # she and the desk see it now
                since = until
                await look(it)
            except Exception:
                log.exception("reminders and mails could not be seen to and will be tried again")
            await asyncio.sleep(BREATH_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await subscription.next()


async def look(it: State) -> None:
    """One look at everything."""
    for promise_id in await it.read(soon, now()):
        if conversation_id := await it.write(remind, it.settings, promise_id, now(), it.settings.vanish_s):
            it.changed(conversation_id)
            it.bus.publish("mail", "")
    if can_mail(it.settings):
        await send(it)


async def send(it: State) -> None:
    """Queue the mails that customers are to get."""
    queued = [await it.write(promise_mail.tell, it.settings, id_) for id_ in await it.read(promise_mail.untold, now())]
    for conversation_id in await it.read(unseen.conversations_with, now()):
        queued.append(await it.write(unseen.mail, it.settings, conversation_id, now()))
    if any(queued):
        it.bus.publish("mail", "")


def became_late(session: Session, since: datetime, until: datetime) -> list[str]:
    """The conversations of open promises that were due between these moments."""
    due = (col(Promise.due_at) > since, col(Promise.due_at) <= until)
    return list(session.exec(select(Promise.conversation_id).where(OPEN, *due)).all())


def soon(session: Session, at: datetime) -> list[int]:
    """Open promises of which nobody was reminded and that are due within half an hour, or were already."""
    query = select(Promise.id).where(OPEN, col(Promise.due_at) <= at + SOON, col(Promise.reminded_at).is_(None))
    return [id_ for id_ in session.exec(query.order_by(col(Promise.due_at))) if id_ is not None]


def remind(session: Session, settings: Settings, promise_id: int, at: datetime, grace_s: float = GRACE_S) -> str | None:
    """Note that it was reminded of, with a mail to its holder where she is not at the desk; the conversation's id.

    None where it was reminded of, settled or moved meanwhile.
    """
    still = (col(Promise.id) == promise_id, OPEN, col(Promise.due_at) <= at + SOON, col(Promise.reminded_at).is_(None))
    result = session.execute(update(Promise).where(*still).values(reminded_at=at))
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    promise = promises.get(session, promise_id)
    conversation = conversations.get(session, promise.conversation_id)
    people = presence.colleagues(session, at, grace_s)
    absent = next((c.id for c in people if c.id == promise.holder_id and not c.present), None)
    if absent is not None and can_mail(settings):
        _mail(session, settings, conversation, promise, session.get_one(Person, absent))
    return conversation.id


def _mail(session: Session, settings: Settings, conversation: Conversation, promise: Promise, holder: Person) -> None:
    """Queue a mail to an agent, in the shop's language, with the way to the conversation at the desk."""
    language = settings.default_language
    when = promise_words.when(session, language, promise)
    about = promise.note or conversation.question or word(language, "remind.no_question")
    lines = (
        word(language, f"remind.{promise.kind}", when=when),
        about,
        f"{settings.origin}/desk/{conversation.id}",
    )
    outbox.queue_mail(
        session,
        key=f"promise:{promise.id}:soon:{promise.moved}:{holder.id}",
        to=holder.email,
        language=language,
        subject=word(language, f"remind.{promise.kind}_subject", when=when),
        text="\n\n".join(lines),
        conversation_id=conversation.id,
    )
