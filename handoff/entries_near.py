"""The entries near to what an agent types or looks for, and sending one of them as the bot would."""

from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from handoff import context, conversations, crossing, given, queue
from handoff.acts import live_entry
from handoff.models import Conversation, Message, Person
from handoff.problems import Conflict, NotFound
from kb.base import Base
from kb.evidence import Candidate, Evidence
from kb.models import Entry

MOST = 5
FEWEST = 3  # are shown however far off; others from the probability WORTH on
WORTH = 0.05
LONGEST = 1000  # characters that are looked up: what matters of a reply stands in them


@dataclass(frozen=True)
class Wanted:
    """What is looked up for a conversation: the words, and what was found when the customer said them herself."""

    text: str
    language: str
    hers: bool  # they are the customer's question
    found: tuple[Candidate, ...] = ()


def wanted(session: Session, conversation_id: str, text: str) -> Wanted:
    """What to look up: `text`, or where that is empty the customer's question. NotFound."""
    conversation = conversations.get(session, conversation_id)
    text = " ".join(text.split())[:LONGEST]
    if text:
        return Wanted(text, conversation.language, hers=False)
    timeline = conversations.messages_after(session, conversation_id, 0, 10_000)
    evidence = context.evidence_for(conversation, timeline)
    found = evidence.candidates if evidence else ()
    return Wanted(conversation.question or "", conversation.language, hers=True, found=tuple(found))


def ask(base: Base, wish: Wanted) -> list[Candidate]:
    """The candidates, best first, entries for agents only among them. Slow beside a database: outside a transaction.

    What was found for the customer's question stays as it was found, with all that she had said; only entries that
    the bot may not see are added.
    """
    if not wish.text:
        return []
    evidence = base.ask(wish.text, wish.language, (), "agents")
    several = _of_all_parts(evidence)
    if not wish.found:
        return several[: 2 * MOST]
    known = {c.key for c in wish.found}
    added = [c for c in several if c.key not in known]
    return sorted([*wish.found, *added], key=lambda c: -c.probability)


def _of_all_parts(evidence: Evidence) -> list[Candidate]:
    """The candidates of every question in it, each key once with its best figure, best first."""
    best: dict[str, Candidate] = {}
    for one in (evidence, *evidence.parts):
        for candidate in one.candidates:
            if candidate.key not in best or best[candidate.key].probability < candidate.probability:
                best[candidate.key] = replace(candidate)
    return sorted(best.values(), key=lambda c: -c.probability)


def shown(
    session: Session, conversation_id: str, wish: Wanted, candidates: list[Candidate]
) -> list[dict[str, Any]]:
    """The entries of these candidates as the desk shows them (see `context.near`), 3 to `MOST`."""
    conversation = conversations.get(session, conversation_id)
    rows = context.near(session, conversation, candidates)
    if wish.found:
        known = {c.key for c in wish.found}
        rows = [row for row in rows if row["key"] in known or row["for_agents"]]
    return [row for at, row in enumerate(rows[:MOST]) if at < FEWEST or row["probability"] >= WORTH]


def send(
    session: Session, conversation_id: str, person: Person, client_id: str, key: str, *, seen_seq: int | None = None
) -> Message:
    """Give the agent's own customer an entry's answer as the bot would, once however often it is sent.

    Stored as the agent's message of kind `answer`. NotFound where no entry is live under `key` that customers may
    read; Conflict and Forbidden as in `queue.held`, Crossed as in `queue.reply`.
    """
    conversations.locked(session, conversation_id)
    earlier = conversations.sent_before(session, conversation_id, "agent", client_id)
    if earlier is not None:
        return _the_same(earlier, person, key)
    conversation = queue.held(session, conversation_id, person)
    entry = sendable(session, conversation, key)
    if seen_seq is not None:
        crossing.check(session, conversation, seen_seq)
    row = conversations.add(
        session,
        conversation,
        "agent",
        "answer",
        entry.answer,
        client_id=client_id,
        author_id=person.id,
        entry_key=entry.key,
        data=given.facts(entry.revision, entry.language),
    )
    given.of(session, conversation, row)
    return row


def _the_same(earlier: Message, person: Person, key: str) -> Message:
    """What was sent under this id before. Conflict where that was something else."""
    if (earlier.author_id, earlier.kind, earlier.entry_key) != (person.id, "answer", key):
        raise Conflict
    return earlier


def sendable(session: Session, conversation: Conversation, key: str) -> Entry:
    """The entry that an agent sees under `key`, if a customer may read it too. NotFound."""
    entry = live_entry(session, key, conversation.language, "agents")
    if entry is None or entry.audience != "public":
        raise NotFound
    return entry
