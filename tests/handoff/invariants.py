"""What must hold after anything anybody did, whoever was first. Shared by the state machine and the threads."""

from collections import Counter, defaultdict
from datetime import datetime

from sqlmodel import Session, col, select

from handoff import conversations, presence, queue
from handoff.desk_models import Promise
from handoff.models import OWNERS, Conversation, Handling, Message, Person

Sent = dict[tuple[str, str, str], str]  # conversation, author and client_id of an accepted message; its words, in order


def check(session: Session, sent: Sent, at: datetime) -> None:
    """Raise AssertionError where an invariant does not hold."""
    found = {c.id: c for c in session.exec(select(Conversation)).all()}
    rows: dict[str, list[Message]] = defaultdict(list)
    for message in session.exec(select(Message).order_by(col(Message.seq))).all():
        rows[message.conversation_id].append(message)
    handlings = list(session.exec(select(Handling)).all())
    for conversation in found.values():
        one_owner(conversation, [h for h in handlings if h.conversation_id == conversation.id])
        nothing_lost(conversation, rows[conversation.id])
        nobody_forgotten(conversation, rows[conversation.id], at)
    nothing_twice(rows, sent)
    everyone_listed(session, found)
    nobody_overloaded(session, found)
    promises_told(session, rows)
    notes_stay_inside(session, rows)


def one_owner(conversation: Conversation, handlings: list[Handling]) -> None:
    """An agent has it, by name, exactly while one row says so; and what belongs to an owner is there only with him."""
    assert conversation.owner in OWNERS
    assert (conversation.owner == "agent") == (conversation.agent_id is not None)
    now_open = [h.person_id for h in handlings if h.ended_at is None]
    assert now_open == ([conversation.agent_id] if conversation.owner == "agent" else [])
    assert all((h.end is None) == (h.ended_at is None) for h in handlings)
    assert conversation.for_agent_id is None or conversation.owner == "queue"
    assert (conversation.queued_at is not None) == (conversation.owner == "queue")
    assert (conversation.line_at is not None) == (conversation.owner in ("queue", "agent"))


def nothing_lost(conversation: Conversation, rows: list[Message]) -> None:
    """The timeline is numbered from 1 without gaps, and nothing of the customer's was answered twice."""
    assert [m.seq for m in rows] == list(range(1, conversation.last_seq + 1))
    answers = Counter((m.answers_seq, m.part) for m in rows if m.answers_seq is not None)
    assert all(n == 1 for n in answers.values())


def nobody_forgotten(conversation: Conversation, rows: list[Message], at: datetime) -> None:
    """What she said to the bot got its reply, is being replied to, or is found by the sweep."""
    if conversation.owner != "bot":
        return
    asked = [m.seq for m in rows if m.author == "customer" and m.kind == "text" and m.stint == conversation.stint]
    if asked and asked[-1] > conversation.handled_seq:
        assert conversation.customer_seq >= asked[-1]  # so `turns.waiting_for_the_bot` is true once no lease holds
        assert conversation.lease_until is None or (conversation.lease_until - at).total_seconds() <= 60


def nothing_twice(rows: dict[str, list[Message]], sent: Sent) -> None:
    """Everything that was accepted stands in the timeline once, in the words first sent, in the order of acceptance."""
    place: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)
    for id_, messages in rows.items():
        for m in messages:
            if m.client_id is not None:
                place[id_, m.author, m.client_id].append((m.seq, m.text))
    assert set(place) == set(sent)
    last: dict[str, int] = defaultdict(int)
    for key, words in sent.items():
        ((seq, text),) = place[key]
        assert text == words or words == ""
        assert seq > last[key[0]]
        last[key[0]] = seq


def everyone_listed(session: Session, found: dict[str, Conversation]) -> None:
    """Who waits is in the listing, page after page, in line order, and has a place."""
    listed: list[Conversation] = []
    cursor = None
    while True:
        page, cursor = queue.waiting(session, 3, cursor)
        listed += page
        if cursor is None:
            break
    waits = [c for c in found.values() if c.owner == "queue"]
    assert [c.id for c in listed] == [c.id for c in sorted(waits, key=lambda c: (c.line_at, c.id))]
    places = queue.places(session)
    assert list(places) == [c.id for c in listed]
    assert [places[c.id] for c in listed] == [queue.position(session, c) for c in listed]
    assert all(1 <= places[c.id] <= n for n, c in enumerate(listed, 1))


def nobody_overloaded(session: Session, found: dict[str, Conversation]) -> None:
    """No agent has more conversations than she takes at once, but for those in which she promised something.

    With the promise open they take none of her places; once it is kept they do, and may put her over.
    """
    promised = {(p.conversation_id, p.holder_id): p for p in session.exec(select(Promise).order_by(Promise.id)).all()}
    held = [c for c in found.values() if c.owner == "agent"]
    unpromised = Counter(c.agent_id for c in held if (c.id, c.agent_id) not in promised)
    takes_place = Counter(c.agent_id for c in held if not is_open(promised.get((c.id, c.agent_id))))
    counts = presence.held_counts(session)
    for person in session.exec(select(Person)).all():
        assert unpromised[person.id] <= person.capacity, person.name
        assert counts.get(person.id or 0, 0) == takes_place[person.id], person.name


def is_open(promise: Promise | None) -> bool:
    """Whether there is a promise that is neither kept nor dropped."""
    return promise is not None and promise.kept_at is None and promise.dropped_at is None


def promises_told(session: Session, rows: dict[str, list[Message]]) -> None:
    """At most one promise of a conversation is open, and everything that became of it stands in the timeline once."""
    found = session.exec(select(Promise)).all()
    now_open = Counter(p.conversation_id for p in found if is_open(p))
    assert all(n == 1 for n in now_open.values())
    told = Counter((m.data["promise"], m.kind) for of in rows.values() for m in of if m.data and "promise" in m.data)
    for promise in found:
        assert told[promise.id, "promised"] == 1
        assert told[promise.id, "promise_moved"] == promise.moved
        assert told[promise.id, "promise_kept"] == (promise.kept_at is not None)
        assert told[promise.id, "promise_dropped"] <= (promise.dropped_at is not None)  # a replaced one has no row
        assert not (promise.kept_at and promise.dropped_at)


def notes_stay_inside(session: Session, rows: dict[str, list[Message]]) -> None:
    """What a customer may read holds every row but the notes."""
    for id_, messages in rows.items():
        shown = conversations.messages_after(session, id_, 0, 10_000)
        assert [m.seq for m in shown] == [m.seq for m in messages if m.kind != "note"]
        conversation = conversations.get(session, id_)
        assert conversation.shown_seq == (shown[-1].seq if shown else 0)
