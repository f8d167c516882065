"""Promises: made, moved, kept, dropped, taken and handed on; they hold no place and are not lost with a desk."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import conversations, forecast, people, presence, promises, queue, routing, transfer
from handoff.db import reading, writing
from handoff.desk_models import Promise
from handoff.incoming import Incoming, receive
from handoff.models import Conversation, Handling, Person, Presence
from handoff.presence import GRACE_S
from handoff.problems import Conflict, Forbidden, Invalid, NotFound
from kb.models import now

from .shop import agent, given_out, here, in_line, rows, stays, steps

HOUR = timedelta(hours=1)


def in_hours(hours: float) -> datetime:
    return now() + hours * HOUR


def talk(session: Session, noor: Person, **about: object) -> Conversation:
    """A conversation that Noor has."""
    conversation = in_line(session, **about)  # type: ignore[arg-type]
    return queue.claim(session, conversation.id, noor)


def says(session: Session, conversation: Conversation, words: str = "en?") -> None:
    receive(session, conversation.id, Incoming(client_id=f"c{conversation.last_seq}", text=words))


def promised(session: Session, noor: Person, hours: float = 24, **more: object) -> Promise:
    """What Noor promised a customer of hers."""
    her = talk(session, noor)
    return promises.make(session, her.id, noor, in_hours(hours), client_id="p", **more)  # type: ignore[arg-type]


def test_an_agent_promises_an_answer_and_the_customer_reads_it(session: Session) -> None:
    noor = agent(session)
    her = talk(session, noor)
    due = datetime.now(UTC) + timedelta(days=3)
    promise = promises.make(session, her.id, noor, due, client_id="p1", note=" vraag het magazijn ")
    assert (promise.by_id, promise.holder_id, promise.note) == (noor.id, noor.id, "vraag het magazijn")
    row = rows(session, her)[-1]
    assert (row.author, row.kind, row.data, row.author_id) == ("system", "promised", {"promise": promise.id}, noor.id)
    assert row.text.startswith("Noor zoekt het uit en laat het je weten: uiterlijk ")
    assert (her.owner, her.agent_id) == ("agent", noor.id)
    again = promises.make(session, her.id, noor, in_hours(2), client_id="p1", note="iets anders")
    assert (again.id, again.due_at, len(rows(session, her))) == (promise.id, due, row.seq)
    assert promises.open_of(session, her.id) is promise
    with pytest.raises(Conflict):
        promises.make(session, her.id, noor, due, client_id="p2")


def test_only_who_has_the_conversation_promises_something_in_it(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters")
    waits = in_line(session)
    with pytest.raises(Conflict):
        promises.make(session, waits.id, noor, in_hours(1), client_id="p")
    queue.claim(session, waits.id, noor)
    with pytest.raises(Forbidden):
        promises.make(session, waits.id, sam, in_hours(1), client_id="p")
    promises.make(session, waits.id, noor, in_hours(1), client_id="p")
    with pytest.raises(Conflict):  # another's id under the same client_id
        promises.make(session, waits.id, sam, in_hours(1), client_id="p")
    with pytest.raises(NotFound):
        promises.make(session, "none", noor, in_hours(1), client_id="p")


@pytest.mark.parametrize(
    ("due", "more"),
    [
        (-1, {}),
        (0, {}),
        (24 * 91, {}),
        (24, {"kind": "photo"}),
        (24, {"kind": "call"}),
        (24, {"kind": "call", "from_at": in_hours(24.5)}),
        (24, {"kind": "call", "from_at": datetime(2026, 11, 22)}),
        (24, {"note": "x" * 301}),
    ],
)
def test_what_cannot_be_promised_is_refused(session: Session, due: float, more: dict[str, object]) -> None:
    noor = agent(session)
    her = talk(session, noor)
    her.customer_phone = "06 12345678"
    with pytest.raises(Invalid):
        promises.make(session, her.id, noor, in_hours(due), client_id="p", **more)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        promises.make(session, her.id, noor, datetime(2030, 1, 1), client_id="p")
    assert promises.open_of(session, her.id) is None


def test_a_call_needs_a_number(session: Session) -> None:
    noor = agent(session)
    her = talk(session, noor)
    times = {"due_at": in_hours(4), "from_at": in_hours(2), "kind": "call", "client_id": "p"}
    with pytest.raises(Invalid, match="no number"):
        promises.make(session, her.id, noor, **times)  # type: ignore[arg-type]
    her.customer_phone = "06 12345678"
    promises.make(session, her.id, noor, **times)  # type: ignore[arg-type]
    assert " tussen " in rows(session, her)[-1].text


def test_moved_once_for_each_time_and_never_over_somebody_else(session: Session) -> None:
    noor = agent(session)
    promise = promised(session, noor)
    promise.reminded_at, later = now(), in_hours(48)
    before = promise.revision
    moved = promises.move(session, promise.id or 0, noor, later, revision=before)
    assert (moved.due_at, moved.moved, moved.revision, moved.reminded_at) == (later, 1, before + 1, None)
    again = promises.move(session, promise.id or 0, noor, later, revision=before)  # the same form sent twice
    assert (again.moved, again.revision) == (1, before + 1)
    with pytest.raises(Conflict):
        promises.move(session, promise.id or 0, noor, in_hours(3), revision=before)
    with pytest.raises(Invalid):
        promises.move(session, promise.id or 0, noor, in_hours(-3), revision=before + 1)
    kinds = [m.kind for m in rows(session, conversations.get(session, promise.conversation_id))]
    assert kinds[-2:] == ["promised", "promise_moved"]


@pytest.mark.parametrize(("first", "second"), [("keep", "drop"), ("drop", "keep")])
def test_settled_once_and_not_both_ways(session: Session, first: str, second: str) -> None:
    noor = agent(session)
    promise = promised(session, noor)
    for _ in range(2):
        getattr(promises, first)(session, promise.id, noor)
    with pytest.raises(Conflict):
        getattr(promises, second)(session, promise.id, noor)
    with pytest.raises(Conflict):
        promises.move(session, promise.id or 0, noor, in_hours(3), revision=promise.revision)
    with pytest.raises(Conflict):
        promises.take(session, promise.id or 0, agent(session, "Sam Peeters"))
    her = conversations.get(session, promise.conversation_id)
    assert steps(session, her).count({"keep": "promise_kept", "drop": "promise_dropped"}[first]) == 1
    assert promises.open_of(session, her.id) is None
    assert promises.open_list(session) == []
    assert promises.make(session, her.id, noor, in_hours(5), client_id="next").revision == 1


def test_a_colleagues_promise_is_taken_before_it_is_kept(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters")
    promise = promised(session, noor)
    for act in (promises.keep, promises.drop):
        with pytest.raises(Forbidden, match="Noor Bakker"):
            act(session, promise.id or 0, sam)
    with pytest.raises(Forbidden):
        promises.move(session, promise.id or 0, sam, in_hours(3), revision=promise.revision)
    with pytest.raises(NotFound):
        promises.keep(session, 2**31 - 1, sam)


def test_the_list_has_what_is_due_first_first_and_says_what_is_late(session: Session) -> None:
    noor, at = agent(session, capacity=9), now()
    found = [promised(session, noor, hours) for hours in (30, 0.2, 5)]
    assert promises.open_list(session) == [found[1], found[2], found[0]]
    assert promises.open_list(session, 1) == [found[1]]
    states = [promises.state_of(p, at + 0.5 * HOUR) for p in promises.open_list(session)]
    assert states == ["late", "open", "open"]
    assert promises.state_of(found[2], found[2].due_at - timedelta(minutes=30)) == "soon"
    assert promises.state_of(found[2], found[2].due_at) == "late"


def test_a_promise_takes_none_of_her_places_until_it_is_kept(session: Session) -> None:
    noor, id_ = agent(session, capacity=1), 0
    here(session, noor)
    promise = promised(session, noor)
    id_ = noor.id or 0
    assert presence.held_counts(session) == {}
    second = talk(session, noor)
    assert presence.held_counts(session) == {id_: 1}
    with pytest.raises(Conflict):
        talk(session, noor)
    promises.keep(session, promise.id or 0, noor)
    assert presence.held_counts(session) == {id_: 2}  # over by the one in which she promised something
    given_out(session)
    assert routing.assign_next(session, now()) == []
    queue.close(session, second.id, noor)
    assert routing.assign_next(session, now()) == []
    queue.close(session, promise.conversation_id, noor)
    assert len(routing.assign_next(session, now())) == 1


def test_who_leaves_her_desk_keeps_what_she_promised_unless_its_customer_waits(session: Session) -> None:
    noor = agent(session)
    here(session, noor)
    quiet, talks, answered = (promised(session, noor) for _ in range(3))
    ids = [p.conversation_id for p in (quiet, talks, answered)]
    for id_ in ids[1:]:
        says(session, conversations.get(session, id_))
    queue.reply(session, ids[2], noor, "r", "Ik ben ermee bezig.")
    queue.note(session, ids[1], noor, "n", "een notitie is geen antwoord")
    later = now() + timedelta(seconds=GRACE_S + 1)
    assert [id_ for id_, _ in presence.gone(session, later)] == [ids[1]]
    assert presence.vanished(session, later) == [ids[1]]
    owners = [conversations.get(session, id_).owner for id_ in ids]
    assert owners == ["agent", "queue", "agent"]
    assert promises.get(session, talks.id or 0).holder_id == noor.id


def test_what_was_promised_goes_along_with_the_conversation(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters", capacity=0)
    promise = promised(session, noor)
    her = transfer.transfer(session, promise.conversation_id, noor, to_person=sam.id, note="let op")
    assert (her.owner, her.agent_id, promise.holder_id) == ("agent", sam.id, sam.id)  # though he is full, and away
    assert presence.held_counts(session) == {}
    her = transfer.transfer(session, promise.conversation_id, sam, to_person=noor.id)
    says(session, her)
    her = transfer.transfer(session, promise.conversation_id, noor, to_person=sam.id)
    assert (her.owner, promise.holder_id) == ("queue", sam.id)  # she waits for an answer now, so nobody is skipped


def test_handed_to_a_topic_it_is_nobodys(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters", topics=["lamps"])
    promise = promised(session, noor)
    her = transfer.transfer(session, promise.conversation_id, noor, to_topic="lamps")
    assert (her.owner, promise.holder_id) == ("queue", None)
    assert promises.take(session, promise.id or 0, sam).agent_id == sam.id


@pytest.mark.parametrize("owner", ["bot", "queue", "closed", "agent"])
def test_a_promise_is_taken_with_its_conversation_from_wherever_that_is(session: Session, owner: str) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters", capacity=0)
    promise = promised(session, noor)
    her = conversations.get(session, promise.conversation_id)
    if owner == "queue":
        says(session, her)
        here(session, noor)
        presence.vanished(session, now() + timedelta(seconds=GRACE_S + 1))
    elif owner == "bot":
        queue.hand_back(session, her.id, noor)
    elif owner == "closed":
        queue.close(session, her.id, noor)
    else:
        _long_ago(session, noor)
    assert her.owner == owner
    assert promise.holder_id == noor.id
    if owner == "queue":
        _long_ago(session, noor)
    for _ in range(2):
        taken = promises.take(session, promise.id or 0, sam)
    assert (taken.owner, taken.agent_id, taken.closed_at, promise.holder_id) == ("agent", sam.id, None, sam.id)
    assert steps(session, her)[-1] == "assigned"
    assert rows(session, her)[-1].text.startswith("Sam ")
    assert stays(session, her)[-1] == (sam.id, None)


def _long_ago(session: Session, noor: Person) -> None:
    """Noor has not been at her desk for an hour, and had what she has before that."""
    for handling in session.exec(select(Handling)).all():
        handling.began_at -= 2 * HOUR
    for row in session.exec(select(Presence)).all():
        row.seen_at -= HOUR
    session.flush()


def test_nobody_takes_it_from_a_colleague_who_is_there(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters")
    promise = promised(session, noor)
    with pytest.raises(Conflict, match="Noor Bakker"):  # she has it since a moment ago, whatever her desk says
        promises.take(session, promise.id or 0, sam)
    _long_ago(session, noor)
    here(session, noor)
    with pytest.raises(Conflict, match="Noor Bakker"):
        promises.take(session, promise.id or 0, sam)
    queue.close(session, promise.conversation_id, noor)
    with pytest.raises(Conflict, match="Noor Bakker"):  # the conversation is nobody's, the promise is hers
        promises.take(session, promise.id or 0, sam)
    assert promises.take(session, promise.id or 0, noor).agent_id == noor.id
    with pytest.raises(NotFound):
        promises.take(session, 2**31 - 1, sam)


def test_closing_leaves_the_promise_on_the_list(session: Session) -> None:
    noor = agent(session)
    promise = promised(session, noor)
    queue.close(session, promise.conversation_id, noor)
    assert promises.open_list(session) == [promise]
    promises.keep(session, promise.id or 0, noor)
    assert steps(session, conversations.get(session, promise.conversation_id))[-2:] == ["closed", "promise_kept"]


def test_two_agents_take_the_same_promise_and_one_has_it(engine: Engine) -> None:
    with writing(engine) as session:
        noor, others = agent(session), [agent(session, f"{name} X") for name in ("Sam", "Iris", "Ada")]
        promise = promised(session, noor)
        queue.hand_back(session, promise.conversation_id, noor)
        promise.holder_id = None
    ready, won = threading.Barrier(3), []

    def attempt(person: Person) -> None:
        ready.wait()
        try:
            with writing(engine) as session:
                promises.take(session, promise.id or 0, person)
                time.sleep(0.1)
            won.append(person.id)
        except Conflict:
            pass

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(attempt, others))
    with reading(engine) as session:
        her = conversations.get(session, promise.conversation_id)
        assert [her.agent_id] == won == [promises.get(session, promise.id or 0).holder_id]
        assert steps(session, her).count("assigned") == 2


def test_made_kept_and_moved_at_the_same_moment_one_after_the_other(engine: Engine) -> None:
    with writing(engine) as session:
        noor = agent(session)
        her = talk(session, noor)
    ready = threading.Barrier(3)

    def make(n: int) -> None:
        ready.wait()
        try:
            with writing(engine) as session:
                promises.make(session, her.id, noor, in_hours(3 + n), client_id=f"p{n % 2}")
                time.sleep(0.05)
        except Conflict:
            pass

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(make, range(3)))
    with reading(engine) as session:
        (promise,) = promises.open_list(session)
        assert steps(session, conversations.get(session, her.id)).count("promised") == 1
    ready = threading.Barrier(2)

    def settle(act: str) -> str:
        ready.wait()
        try:
            with writing(engine) as session:
                getattr(promises, act)(session, promise.id, noor)
        except Conflict:
            return ""
        return act

    with ThreadPoolExecutor(2) as pool:
        did = [act for act in pool.map(settle, ["keep", "drop"]) if act]
    assert len(did) == 1


def test_who_is_no_agent_any_more_has_no_promises(session: Session) -> None:
    ada, noor = agent(session, "Ada Smit", role="admin"), agent(session)
    held, closed = promised(session, noor), promised(session, noor)
    queue.close(session, closed.conversation_id, noor)
    people.set_active(session, noor.id or 0, False, by=ada)
    session.expire_all()
    assert [p.holder_id for p in promises.open_list(session)] == [None, None]
    assert conversations.get(session, held.conversation_id).owner == "queue"
    assert promises.take(session, closed.id or 0, ada).agent_id == ada.id


def test_a_promise_says_nothing_of_how_long_conversations_last(session: Session) -> None:
    noor = agent(session)
    promise = promised(session, noor)
    plain = talk(session, noor)
    promises.keep(session, promise.id or 0, noor)
    for id_ in (promise.conversation_id, plain.id):
        queue.close(session, id_, noor)
    assert len(forecast._handled(session, now() + HOUR)) == 1
    seen = forecast.look(session, now(), None)
    assert [a.running for a in seen.agents] == []
    here(session, noor)
    promised(session, noor)
    assert [len(a.running) for a in forecast.look(session, now(), None).agents] == [0]
