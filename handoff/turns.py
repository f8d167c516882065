"""The customer's path, top to bottom: store, look up, ask the bot, store what it said. Read this file first.

1. `incoming.receive` stores the customer's message and commits. It can no longer be lost.
2. `take_turns` leases the turn, looks the words up in the knowledge base and asks Rasa; no transaction is open.
3. `finish` checks in a second transaction that the bot still owns the conversation, and stores the answer,
   or puts the customer in the queue, and what went unanswered in the backlog.

A crash anywhere leaves a message without a reply, which `sweep` finds and takes up again.
"""

import asyncio
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, or_, update
from sqlmodel import Session, col, select

from handoff import acts, bot, conversations, given, waiting
from handoff.gaps import Gap, put
from handoff.models import Conversation, Message
from handoff.question import EARLIER_KEPT, OpenQuestion, handoff_reason, open_question
from handoff.said import words
from handoff.state import State
from kb import backlog
from kb.evidence import Evidence
from kb.models import now

log = logging.getLogger(__name__)
ANSWERED = ("answer", "partly")
WORD_FOR_WORD = 0.98  # centred cosine with a text of the entry
BURST = timedelta(seconds=1.5)  # messages this close together are one thought
FRAGMENT_WORDS = 4
BUTTONS = {"choice": "/choose", "none_of_these": "/none_of_these", "file": "/file"}


@dataclass(frozen=True)
class Turn:
    """The customer's messages that get one reply together, and what the bot must know of the talk so far."""

    conversation_id: str
    language: str
    stint: int
    lease_id: str
    seq: int  # the last message of the turn
    kind: str
    text: str
    messages: int
    entry_key: str | None
    value: bool | None
    last_at: datetime
    earlier: tuple[str, ...]
    just_before: str  # what the customer said within BURST of this, already answered
    just_given: str | None  # the entry it was answered with


async def take_turns(state: State, conversation_id: str) -> None:
    """Reply to everything the customer said and nobody replied to, one turn after the other."""
    try:
        async with state.turns:
            while turn := await state.write(begin, conversation_id, state.settings.turn_lease_s):
                state.bus.publish("conversation", conversation_id)
                queued = await take_turn(state, turn)
                state.changed(conversation_id, queue_too=queued)
    except Exception:  # the message is stored, its lease runs out, and the sweep takes it up
        log.exception("a turn of conversation %s failed and will be taken up again", conversation_id)


async def take_turn(state: State, turn: Turn) -> bool:
    """Look up, ask the bot, and store what it said: True when the customer is in the queue by it."""
    turn, evidence, completes = await look_up(state, turn)
    said = await decide(state, turn, evidence, completes)
    question, prepared = None, None
    if handoff_reason(said):
        question = await state.read(open_question, turn.conversation_id, turn.seq, turn.text, said, evidence)
    if question:
        prepared = await state.prepare(question.text, turn.language)
    wait = await expected_wait(state, turn, said, question)
    return await state.write(finish, turn, evidence, said, question, prepared, wait)


async def expected_wait(
    state: State, turn: Turn, said: list[bot.Act], question: OpenQuestion | None
) -> str:
    """In words how long it takes to get a person, where the bot offers one or hands over; else nothing."""
    if not any(act.name == "handoff" or act.key in acts.OFFERS for act in said):
        return ""
    try:
        return await state.read(
            waiting.words_for, state.memory, now(), question, turn.language, state.settings.vanish_s
        )
    except Exception:  # nobody is kept from a person by a figure that cannot be made
        log.exception("the wait could not be foreseen and is left out")
        return ""


async def look_up(state: State, turn: Turn) -> tuple[Turn, Evidence | None, bool]:
    """The turn with everything the customer said by now, what the knowledge base has on it, and whether that
    only completes what was answered a moment ago.

    A clear question is answered at once. Other words wait for `settle_s` of quiet: people send one thought in
    several messages, and half a thought would be handed to a person. Where the first half was answered already,
    the rest is looked up together with it; the bot decides even then, for it may be "no" or "a person, please".
    """
    until = now() + timedelta(seconds=state.settings.turn_lease_s / 2)
    while turn.kind == "text":
        evidence = await state.compute(state.base.ask, turn.text, turn.language, turn.earlier, "public")
        quiet = (now() - turn.last_at).total_seconds()
        if not is_clear(turn, evidence) and quiet < state.settings.settle_s:
            await asyncio.sleep(state.settings.settle_s - quiet)
        later = await state.read(joined, turn)
        if later.seq == turn.seq or now() > until:
            return await with_what_went_before(state, turn, evidence)
        turn = later
    if turn.kind == "file" and turn.text:  # the bot cannot read a file; what was said with it is for the agent
        return turn, await state.compute(state.base.ask, turn.text, turn.language, (), "public"), False
    return turn, None, False


def is_clear(turn: Turn, evidence: Evidence) -> bool:
    """Whether this is a whole question with an answer: one message, and not a few words that may start one."""
    word_for_word = bool(evidence.candidates) and evidence.candidates[0].similarity >= WORD_FOR_WORD
    whole = turn.messages == 1 and (word_for_word or not is_fragment(turn.text))
    return evidence.verdict in ANSWERED and whole


def is_fragment(text: str) -> bool:
    """Whether each of these lines looks like a part of a thought rather than a question of its own."""
    return "?" not in text and all(len(line.split()) <= FRAGMENT_WORDS for line in text.splitlines())


async def with_what_went_before(
    state: State, turn: Turn, evidence: Evidence
) -> tuple[Turn, Evidence, bool]:
    """The turn and its evidence; for the rest of a thought whose beginning was answered, that of the whole thought."""
    if evidence.verdict in ANSWERED or not turn.just_before or not is_fragment(turn.text):
        return turn, evidence, False
    whole = f"{turn.just_before}\n{turn.text}"
    together = await state.compute(state.base.ask, whole, turn.language, (), "public")
    if together.entry == turn.just_given:
        return turn, together, True
    return turn, together if together.verdict in ANSWERED else evidence, False


async def decide(
    state: State, turn: Turn, evidence: Evidence | None, completes: bool = False
) -> list[bot.Act]:
    """What the bot says to it; where the bot is not there, a person it is."""
    message, kb = for_bot(turn, evidence)
    kb = kb | {"completes": True} if kb and completes else kb
    metadata = {"turn": turn.seq, "language": turn.language, "kb": kb}
    try:
        async with state.at_the_bot, asyncio.timeout(state.settings.bot_timeout_s):
            return await bot.ask(state.client, f"{turn.conversation_id}:{turn.stint}", message, metadata)
    except (bot.BotUnavailable, TimeoutError) as error:
        log.warning("no answer from the bot, a person takes over: %r", error)
        return [bot.Act("handoff", reason="bot_unavailable")]


def for_bot(turn: Turn, evidence: Evidence | None) -> tuple[str, dict[str, object] | None]:
    """The message and the `kb` object as Rasa gets them: a button is an intent, words are never one."""
    if turn.kind == "choice":
        chosen = Evidence("answer", 1.0, turn.entry_key)
        return BUTTONS["choice"], chosen.for_bot()
    if turn.kind == "helped":
        return ("/helped" if turn.value else "/not_helped"), None
    if turn.kind in ("none_of_these", "file"):
        return BUTTONS[turn.kind], None
    return bot.neutral(turn.text), evidence.for_bot() if evidence else None


def waiting_for_the_bot() -> tuple[ColumnElement[bool], ...]:
    """What is true of a conversation in which the bot owes a reply that nobody is working on."""
    return (
        col(Conversation.owner) == "bot",
        col(Conversation.customer_seq) > col(Conversation.handled_seq),
        or_(col(Conversation.lease_until).is_(None), col(Conversation.lease_until) < now()),
    )


def begin(session: Session, conversation_id: str, lease_s: float) -> Turn | None:
    """Lease the next turn of a conversation: None when nothing waits, or somebody else is at it."""
    lease_id = secrets.token_hex(8)
    statement = (
        update(Conversation)
        .where(col(Conversation.id) == conversation_id, *waiting_for_the_bot())
        .values(lease_id=lease_id, lease_until=now() + timedelta(seconds=lease_s))
    )
    result = session.execute(statement)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    conversation = conversations.get(session, conversation_id)
    return _turn(session, conversation, lease_id)


def joined(session: Session, turn: Turn) -> Turn:
    """The same turn with the words that have come in since it was leased."""
    conversation = conversations.get(session, turn.conversation_id)
    if conversation.lease_id != turn.lease_id or conversation.customer_seq <= turn.seq:
        return turn  # nothing new, or the conversation is no longer this turn's: `finish` drops it
    return replace(_turn(session, conversation, turn.lease_id), language=turn.language)


def _turn(session: Session, conversation: Conversation, lease_id: str) -> Turn:
    stint = conversations.this_stint(session, conversation)
    customer = [m for m in stint if m.author == "customer" and m.hidden_at is None]
    waiting = [m for m in customer if m.seq > conversation.handled_seq]
    batch = _batch(waiting)
    last = batch[-1]
    handled = [m for m in customer if m.seq <= conversation.handled_seq and m.kind == "text"]
    burst = _burst(handled, batch[0]) if last.kind == "text" else []
    answered = {m.seq for m in burst}
    given = [m.entry_key for m in stint if m.kind == "answer" and m.answers_seq in answered]
    return Turn(
        conversation_id=conversation.id,
        language=conversation.language,
        stint=conversation.stint,
        lease_id=lease_id,
        seq=last.seq,
        kind=last.kind,
        text="\n".join(words(m) for m in batch),
        messages=len(batch),
        entry_key=last.entry_key,
        value=(last.data or {}).get("value"),
        last_at=last.at,
        earlier=tuple(m.text for m in handled[-EARLIER_KEPT:] if m not in burst),
        just_before="\n".join(m.text for m in burst),
        just_given=given[-1] if given else None,
    )


def _burst(handled: list[Message], first: Message) -> list[Message]:
    """The messages before `first` that belong to the same burst: each within BURST of the next."""
    burst: list[Message] = []
    for message in reversed(handled):
        if (burst[0] if burst else first).at - message.at >= BURST:
            break
        burst.insert(0, message)
    return burst


def _batch(waiting: list[Message]) -> list[Message]:
    """The messages that go together: all leading words, or one button."""
    if waiting[0].kind != "text":
        return waiting[:1]
    batch = []
    for message in waiting:
        if message.kind != "text":
            break
        batch.append(message)
    return batch


def finish(
    session: Session,
    turn: Turn,
    evidence: Evidence | None,
    said: list[bot.Act],
    question: OpenQuestion | None,
    prepared: backlog.Prepared | None,
    wait: str = "",
) -> bool:
    """Store what the bot said, if the conversation is still its own and the turn still ours; else drop it.

    True when the customer is in the queue by it.
    """
    conversation = conversations.locked(session, turn.conversation_id)
    if (
        conversation.owner != "bot"
        or conversation.stint != turn.stint
        or conversation.lease_id != turn.lease_id
        or conversation.handled_seq >= turn.seq
    ):
        return False
    conversation.handled_seq = turn.seq
    conversation.lease_id = conversation.lease_until = None
    message = acts.note(session, conversation, turn.seq, turn.text, said, evidence)
    reason = acts.perform(session, conversation, turn.seq, said, evidence, turn.entry_key, question, wait)
    if reason and question is not None and prepared is not None:
        put(session, conversation, prepared, Gap(question, reason))
    given.count(session, conversation, message, said)
    return reason is not None


def unanswered_since(session: Session, limit: int = 200) -> list[str]:
    """Conversations of the bot in which a customer waits for a reply that nobody is working on."""
    query = (
        select(Conversation.id)
        .where(*waiting_for_the_bot())
        .order_by(col(Conversation.changed_at))
        .limit(limit)
    )
    return list(session.exec(query).all())


async def sweep(state: State) -> None:
    """Now and then, and at the start, take up what a crash left without a reply. Runs until cancelled."""
    while True:
        try:
            for conversation_id in await state.read(unanswered_since):
                state.background(take_turns(state, conversation_id))
        except Exception:
            log.exception("the sweep failed and will run again")
        await asyncio.sleep(state.settings.sweep_s)
