"""What runs beside the requests: following the knowledge base and the desks, and emptying the bot's trackers."""

import asyncio
import logging
import time
from contextlib import suppress

from sqlalchemy import Engine, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from handoff import looking
from handoff.db import make_engine
from handoff.models import Conversation, Message
from handoff.state import State
from kb import known
from kb.share import estimated_share

log = logging.getLogger(__name__)
FOLLOW_S = 0.3  # a change by another process is live within this and a moment, even where no event told of it
TRACKERS_S = 30.0
QUESTIONS = ("answer", "clarify", "rephrase")  # acts that answer a question
AT_ONCE = 16  # texts that are asked together: customers' own questions come in between
TRAFFIC_S = 6 * 3600.0
NOTICEABLE = 0.05  # a share that differs less changes no verdict worth speaking of


async def warm(it: State) -> None:
    """Read the backlog's open groups into memory, so that no question has to while it keeps others from writing."""
    try:
        await it.read(known.warm, len(await it.compute(it.base.vector, "")))
    except Exception:
        log.exception("the backlog could not be read ahead: the next question reads it")


async def follow_kb(it: State) -> None:
    """Make the base follow the knowledge base's revision, at once when told and else by looking. Until cancelled."""
    with it.bus.subscribe("kb") as subscription:
        while True:
            try:
                async with asyncio.timeout(FOLLOW_S):
                    await subscription.next()
            except TimeoutError:
                pass
            try:
                await it.read(it.base.refresh)
            except Exception:
                log.exception("the knowledge base could not be read anew and will be tried again")


async def follow_traffic(it: State) -> None:
    """Estimate from the last questions how many no entry answers, now and then; see kb.share. Until cancelled."""
    while not it.settings.out_of_scope_share:
        try:
            await expect_what_is_asked(it)
        except SQLAlchemyError as error:
            log.warning("the last questions could not be read and will be tried again: %s", error)
        await asyncio.sleep(TRAFFIC_S)


async def expect_what_is_asked(it: State) -> None:
    """Let the knowledge base expect as many questions without an answer as the last ones seem to have had."""
    texts = await it.read(last_questions)
    found: list[float] = []
    for start in range(0, len(texts), AT_ONCE):
        some = await it.compute(it.base.ask_many, texts[start : start + AT_ONCE])
        found += [evidence.probability for evidence in some]
    share = estimated_share(found, it.base.out_of_scope_share)
    if abs(share - it.base.out_of_scope_share) > NOTICEABLE:
        log.info("about %.0f %% of questions have no answer; the thresholds follow", 100 * share)
        it.base.expect(share)


def last_questions(session: Session, limit: int = 500) -> list[str]:
    """The last questions that customers put to the bot, newest first; no thanks, no "a person, please"."""
    said = select(Message.data).where(Message.author == "customer", col(Message.data).is_not(None))
    rows = session.exec(said.order_by(col(Message.id).desc()).limit(limit)).all()
    asked = [data for data in rows if data and data.get("evidence") and data.get("asked")]
    return [data["asked"] for data in asked if data["act"] in QUESTIONS or data["reason"] in ("unknown", "loop")]


async def empty_trackers(it: State) -> None:
    """Remove what the bot remembers of closed conversations, now and then. Until cancelled."""
    engine = make_engine(it.settings.tracker_url)
    try:
        while True:
            try:
                await _empty_some(it, engine)
            except SQLAlchemyError as error:
                log.warning("the bot's trackers could not be emptied and will be tried again: %s", error)
            await asyncio.sleep(TRACKERS_S)
    finally:
        engine.dispose()


async def _empty_some(it: State, trackers: Engine) -> None:
    ids = await it.read(closed_with_trackers)
    if not ids:
        return
    emptied = await it.compute(delete_trackers, trackers, ids)
    if emptied:
        await it.write(mark_emptied, ids)


def closed_with_trackers(session: Session, limit: int = 500) -> list[str]:
    """Conversations that are closed, and that the bot may still remember."""
    query = select(Conversation.id).where(
        Conversation.owner == "closed", col(Conversation.trackers_emptied).is_(False)
    )
    return list(session.exec(query.limit(limit)).all())


def delete_trackers(trackers: Engine, ids: list[str]) -> bool:
    """Delete the events of every stint of these conversations from Rasa's store; False before Rasa made it."""
    with trackers.begin() as connection:
        if not trackers.dialect.has_table(connection, "events"):
            return False
        for conversation_id in ids:
            # "_" is a wildcard of LIKE and occurs in ids, so the prefix is compared, not matched.
            connection.execute(
                text("DELETE FROM events WHERE substr(sender_id, 1, :n) = :prefix"),
                {"n": len(conversation_id) + 1, "prefix": f"{conversation_id}:"},
            )
    return True


def mark_emptied(session: Session, ids: list[str]) -> None:
    """Note that the bot has forgotten these conversations."""
    session.execute(update(Conversation).where(col(Conversation.id).in_(ids)).values(trackers_emptied=True))


async def follow_lookers(it: State) -> None:
    """Keep `it.lookers` as the desks say, and tell the desks here what changed. Until cancelled."""
    with it.bus.subscribe("looking") as subscription:
        while True:
            heard: list[str] = []
            with suppress(TimeoutError):
                async with asyncio.timeout(looking.TICK_S if len(it.lookers) else None):
                    heard = await subscription.next()
            at = time.monotonic()
            changed = {id_ for said in heard if (id_ := it.lookers.hear(said, at))} | it.lookers.forget(at)
            for conversation_id in changed:
                it.bus.deliver("moment", f"{conversation_id} lookers")
