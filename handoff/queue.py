"""The queue and what an agent does with a conversation. Who is served next is `line`'s; one agent wins a claim."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, crossing, line, presence
from handoff.incoming import checked
from handoff.models import Conversation, Message, Person
from handoff.presence import GRACE_S, Colleague
from handoff.problems import Conflict, Forbidden, Invalid
from handoff.question import OpenQuestion
from handoff.said import line as line_of
from handoff.teams import routing
from handoff.texts import texts
from handoff.topics import cause_of, known
from kb.models import Entry, now

ONE_LINE = 200  # characters of the question that the queue shows
Kind = tuple[str | None, str, int | None]  # topic, language, and the agent it waits for: who can take it hangs on these


class Refused(Conflict):
    """The agent may not take this conversation now: `why` is full or reserved, `values` are the sentence's."""

    def __init__(self, why: str, detail: str, **values: object) -> None:
        super().__init__(detail, **values)
        self.why = why


def enqueue(
    session: Session,
    conversation: Conversation,
    reason: str,
    text: str,
    question: OpenQuestion | None,
    *,
    answers_seq: int,
    part: int,
) -> None:
    """Give the bot's conversation to the queue, with the question in one line and a row that tells the customer."""
    words = " ".join((question.text if question else _last_words(session, conversation)).split())
    at = now()
    conversations.change_owner(
        session,
        conversation,
        "queue",
        frm="bot",
        reason=reason,
        question=words if len(words) <= ONE_LINE else words[: ONE_LINE - 1] + "…",
        topic=topic_of(session, question),
        queued_at=at,
        line_at=line.place_of(at, routing(session).steps(reason)),
        handled_seq=conversation.customer_seq,
        lease_id=None,
        lease_until=None,
    )
    step = conversations.add_step(session, conversation, "handed_over", text=text, data={"reason": reason})
    step.answers_seq, step.part = answers_seq, part


def topic_of(session: Session, question: OpenQuestion | None) -> str | None:
    """The topic of the entry nearest to the question, or None."""
    candidates = question.evidence.get("candidates") if question else None
    if not candidates:
        return None
    return session.exec(select(Entry.topic).where(Entry.key == candidates[0]["key"])).first() or None


def _last_words(session: Session, conversation: Conversation) -> str:
    said = [m for m in conversations.this_stint(session, conversation) if m.author == "customer" and not m.hidden_at]
    shown = texts(session, conversation.language)
    photos = [m for m in said if m.file_id]
    return line_of(photos[-1] if photos else said[-1], shown) if said else ""


def position(session: Session, conversation: Conversation) -> int:
    """The place in line, from 1, of a conversation that waits there: one more than those before her who count.

    They count whom somebody can take who can take her as well; the others are served beside her. "Somebody" is who
    is at the desk; where nobody there can take her, any colleague who can; where there is none, everyone counts.
    """
    ahead = select(Conversation.topic, Conversation.language, Conversation.for_agent_id, func.count())
    ahead = ahead.where(line.WAITS, line.ahead_of(conversation))
    ahead = ahead.group_by(col(Conversation.topic), col(Conversation.language), col(Conversation.for_agent_id))
    people = presence.colleagues(session, now())
    hers = _takers(people, _kind(conversation))
    counted = [n for topic, language, agent, n in session.exec(ahead) if _shares(hers, (topic, language, agent))]
    return 1 + sum(counted)


def places(session: Session, limit: int | None = None) -> dict[str, int]:
    """The `position` of everyone who waits, or of the first `limit`, by id, in line order."""
    query = select(Conversation.id, Conversation.topic, Conversation.language, Conversation.for_agent_id)
    people = presence.colleagues(session, now())
    before: Counter[Kind] = Counter()
    shared: dict[tuple[Kind, Kind], bool] = {}
    found: dict[str, int] = {}
    for id_, topic, language, agent in session.exec(query.where(line.WAITS).order_by(*line.BY_PLACE).limit(limit)):
        kind = (topic, language, agent)
        for other in before:
            if (kind, other) not in shared:
                shared[kind, other] = _shares(_takers(people, kind), other)
        found[id_] = 1 + sum(n for other, n in before.items() if shared[kind, other])
        before[kind] += 1
    return found


def _kind(conversation: Conversation) -> Kind:
    return conversation.topic, conversation.language, conversation.for_agent_id


def _takers(people: Collection[Colleague], kind: Kind) -> list[Colleague]:
    """Who can take such a conversation: of those at the desk, or where nobody there can, of all."""
    able = [c for c in people if c.can_take(*kind)]
    return [c for c in able if c.takes_new] or able


def _shares(hers: list[Colleague], other: Kind) -> bool:
    """Whether somebody of `hers` takes such others too; nobody there at all: then everyone is in her way."""
    return not hers or any(c.can_take(*other) for c in hers)


def waiting(session: Session, limit: int = 50, cursor: str | None = None) -> tuple[list[Conversation], str | None]:
    """Conversations in the queue in line order, and the cursor of the next page. Invalid for a bad cursor."""
    query = select(Conversation).where(line.WAITS)
    if cursor:
        query = query.where(line.beyond(*_read_cursor(cursor)))
    rows = list(session.exec(query.order_by(*line.BY_PLACE).limit(limit + 1)).all())
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{last.line_at.isoformat()}_{last.id}" if last and last.line_at else None


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    at, _, id_ = cursor.partition("_")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Invalid("That cursor is not one of ours.") from None
    if moment.tzinfo is None or not id_:
        raise Invalid("That cursor is not one of ours.")
    return moment, id_


def waiting_count(session: Session) -> int:
    """How many customers wait in the queue."""
    return int(session.exec(select(func.count()).where(Conversation.owner == "queue")).one())


def held_by(session: Session, person_id: int) -> list[Conversation]:
    """The conversations that this agent has now, the most recently changed first."""
    query = select(Conversation).where(Conversation.owner == "agent", Conversation.agent_id == person_id)
    return list(session.exec(query.order_by(col(Conversation.changed_at).desc())).all())


def claim(session: Session, conversation_id: str, person: Person, grace_s: float = GRACE_S) -> Conversation:
    """Take a waiting conversation by hand, of any topic. Conflict when a colleague was first, or nobody waits there
    any more; Refused when the agent has all she can have, or it waits for a colleague who is at the desk.

    A second claim by the agent who has it already changes nothing.
    """
    presence.hold(session, [person.id or 0])
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner == "agent" and conversation.agent_id == person.id:
        return conversation
    if conversation.owner != "queue":
        raise Conflict(_who_has_it(session, conversation))
    _check_free(session, person.id or 0, conversation, grace_s)
    give(session, conversation, person.id or 0)
    return conversation


def _check_free(session: Session, person_id: int, conversation: Conversation, grace_s: float) -> None:
    """Refused where this agent may not take the conversation now."""
    at = now()
    me = presence.colleague(session, person_id, at, grace_s)
    if me.free == 0:
        words = f"You have {me.held} conversations, as many as you take at once. Close one or hand one on first."
        raise Refused("full", words, n=me.held)
    if conversation.for_agent_id in (None, person_id):
        return
    others = presence.colleagues(session, at, grace_s)
    if name := next((c.name for c in others if c.id == conversation.for_agent_id and c.present), ""):
        raise Refused("reserved", f"This conversation was handed on to {name}, who is at the desk.", name=name)


def give(session: Session, conversation: Conversation, person_id: int) -> bool:
    """Give a waiting, locked conversation to an agent who was held (`presence.hold`): True when it still waited."""
    if not conversations.change_owner(session, conversation, "agent", frm="queue", agent_id=person_id):
        return False
    person = session.get_one(Person, person_id)
    conversations.add_step(session, conversation, "assigned", author_id=person_id, name=person.name.split()[0])
    return True


def _who_has_it(session: Session, conversation: Conversation) -> str:
    agent = session.get(Person, conversation.agent_id) if conversation.agent_id else None
    if agent is not None:
        return f"{agent.name} was first and has this conversation."
    return f"This conversation is not in the queue any more: it is now with “{conversation.owner}”."


def held(session: Session, conversation_id: str, person: Person) -> Conversation:
    """The agent's own conversation, locked. Conflict when nobody has it, Forbidden when a colleague has."""
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner != "agent":
        waits = "This customer waits in the queue. Take the conversation first."
        raise Conflict(waits if conversation.owner == "queue" else "")
    if conversation.agent_id != person.id:
        raise Forbidden(_who_has_it(session, conversation))
    return conversation


def reply(
    session: Session, conversation_id: str, person: Person, client_id: str, text: str, *, seen_seq: int | None = None
) -> Message:
    """Store an agent's message to the customer, once however often it is sent.

    Crossed where `seen_seq` is given, the last row that she saw, and the customer was told something after it.
    """
    conversations.locked(session, conversation_id)
    if earlier := _sent(session, conversation_id, person, client_id, "text"):
        return earlier
    conversation = held(session, conversation_id, person)
    if seen_seq is not None:
        crossing.check(session, conversation, seen_seq)
    return conversations.add(
        session, conversation, "agent", "text", checked(text), client_id=client_id, author_id=person.id
    )


def note(session: Session, conversation_id: str, person: Person, client_id: str, text: str) -> Message:
    """Store a note between agents, once however often it is sent: in any conversation, never shown to the customer."""
    conversation = conversations.locked(session, conversation_id)
    if earlier := _sent(session, conversation_id, person, client_id, conversations.NOTE):
        return earlier
    return conversations.add(
        session,
        conversation,
        "agent",
        conversations.NOTE,
        checked(text),
        client_id=client_id,
        author_id=person.id,
    )


def _sent(session: Session, conversation_id: str, person: Person, client_id: str, kind: str) -> Message | None:
    """What this agent sent under this id before. Conflict where it was something else, or somebody else's."""
    earlier = conversations.sent_before(session, conversation_id, "agent", client_id)
    if earlier is not None and (earlier.author_id != person.id or earlier.kind != kind):
        raise Conflict
    return earlier


def hand_back(session: Session, conversation_id: str, person: Person) -> Conversation:
    """Give the agent's conversation back to the bot, which begins anew."""
    conversation = held(session, conversation_id, person)
    conversations.back_to_bot(session, conversation, "agent")
    conversations.add_step(session, conversation, "handed_back", author_id=person.id)
    return conversation


def close(
    session: Session, conversation_id: str, person: Person, *, topic: str | None = None, cause: str | None = None
) -> Conversation:
    """End the agent's conversation, with what it was about where that is given. Closing a closed one changes nothing.

    Empty words: none. Invalid for a topic that nobody knows, TooLong for a cause over `topics.MAX_CAUSE` characters.
    """
    conversation = conversations.locked(session, conversation_id)
    if conversation.owner == "closed":
        return conversation
    conversation = held(session, conversation_id, person)
    if topic is not None and topic != (conversation.topic or ""):
        conversation.topic = known(session, topic) if topic else None
    if cause is not None:
        conversation.cause = cause_of(cause)
    session.flush()
    conversations.close(session, conversation, person.id)
    return conversation
