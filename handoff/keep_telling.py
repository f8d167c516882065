"""What tells everyone who asked, beside the requests and in every process. What is told and how: docs/telling.md."""

import asyncio
import logging
from datetime import datetime, timedelta

from handoff import askers, matters, tell_askers, told_later
from handoff.matters import Matter
from handoff.state import State
from kb.models import now

log = logging.getLogger(__name__)
REST_S = 30.0  # so long a decision of which everyone was told is not looked at: of a busy week there are hundreds
LOOK_S = 5.0  # between looks: an agent's conversation ends, a page shows what it was told, a decision ripens


async def keep_telling(it: State) -> None:
    """Tell whoever is to be told, every few seconds and when a decision ripens. Until cancelled."""
    rested: dict[Matter, datetime] = {}
    while True:
        pause = LOOK_S
        try:
            pause = min(pause, await look(it, rested=rested))
        except Exception:
            log.exception("those who asked could not be told and will be later")
        await asyncio.sleep(pause)


async def look(it: State, at: datetime | None = None, rested: dict[Matter, datetime] | None = None) -> float:
    """One look at everything. The seconds until the next decision ripens, or more.

    `rested` are the matters of which everyone was told at a moment, kept from one look to the next.
    """
    moment, rest = at or now(), {} if rested is None else rested
    found = await it.read(matters.lately, moment)
    for gone in set(rest) - set(found):
        del rest[gone]
    for matter in found:
        if matter.ripe_at <= moment and (matter not in rest or rest[matter] <= moment - timedelta(seconds=REST_S)):
            await spread(it, matter)
            rest[matter] = moment
    await settle(it, moment)
    waits = [(m.ripe_at - moment).total_seconds() for m in found if m.ripe_at > moment]
    return max(0.1, min(waits, default=LOOK_S))


async def spread(it: State, matter: Matter) -> None:
    """Tell everyone of a matter who is to be told now, one after the other, each in a transaction of its own."""
    while found := await it.read(askers.untold, matter):
        if not any([await _tell(it, matter, conversation_id) for conversation_id in found]):
            return


async def _tell(it: State, matter: Matter, conversation_id: str) -> bool:
    """Tell one of them; True where that was done. Where it fails the others are told all the same."""
    try:
        told = await it.write(tell_askers.tell, it.settings, matter, conversation_id)
    except Exception:
        log.exception("the customer of conversation %s could not be told and will be later", conversation_id)
        return False
    if told:
        it.changed(conversation_id)
    return told


async def settle(it: State, at: datetime) -> None:
    """See to what follows from what people were told: mails, above all."""
    mailed = False
    for told_id in await it.read(told_later.unsettled, it.settings, at):
        try:
            mailed |= await it.write(told_later.settle, it.settings, told_id, at) == "mail"
        except Exception:
            log.exception("what follows from %s could not be done and will be later", told_id)
    if mailed:
        it.bus.publish("mail", "")
