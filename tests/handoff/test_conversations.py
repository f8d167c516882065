"""Conversations: started once, stored once, numbered without gaps, owned by one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from handoff import conversations, queue
from handoff.auth import add_user
from handoff.db import reading, writing
from handoff.incoming import Incoming, receive
from handoff.models import Conversation, Person
from handoff.problems import Conflict, Empty, Forbidden, Invalid, NotFound, TooLong


def begin(session: Session, language: str = "nl") -> Conversation:
    return conversations.start(session, language=language)[0]


def say(session: Session, conversation: Conversation, text: str, client_id: str) -> int:
    return receive(session, conversation.id, Incoming(client_id=client_id, text=text)).seq


def wait_in_line(session: Session, conversation: Conversation) -> None:
    seq = say(session, conversation, "mijn lamp zoemt", f"q-{conversation.id}")
    queue.enqueue(session, conversation, "unknown", "Ik haal er iemand bij.", None, answers_seq=seq, part=0)


def agent(session: Session, name: str = "Noor") -> Person:
    return add_user(session, f"{name.lower()}@shop.example", name, "agent", "a long password")


def test_the_token_opens_this_conversation_and_no_other(session: Session) -> None:
    one, token = conversations.start(session, language="nl")
    other, _ = conversations.start(session, language="en")
    assert conversations.opened(session, one.id, token).id == one.id
    for wrong in (other.id, "nonsense"):
        with pytest.raises(NotFound):
            conversations.opened(session, wrong, token)
    with pytest.raises(NotFound):
        conversations.opened(session, one.id, "\ud800")
    assert token not in (one.token_hash, one.token_salt)


def test_an_idempotency_key_gives_the_same_conversation_and_token(session: Session) -> None:
    first = conversations.start(session, language="nl", idempotency_key="a key of hers")
    again = conversations.start(session, language="nl", idempotency_key="a key of hers")
    another = conversations.start(session, language="nl", idempotency_key="another key")
    assert (first[0].id, first[1]) == (again[0].id, again[1])
    assert another[0].id != first[0].id
    assert conversations.opened(session, first[0].id, again[1]).id == first[0].id


def test_a_resend_is_the_same_message(session: Session) -> None:
    conversation = begin(session)
    assert [say(session, conversation, t, c) for t, c in (("a", "1"), ("b", "2"), ("a", "1"))] == [1, 2, 1]
    assert [m.text for m in conversations.messages_after(session, conversation.id)] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"text": "   \n"}, Empty),
        ({"text": None}, Empty),
        ({"text": "\x00"}, Empty),
        ({"text": "x" * 4001}, TooLong),
        ({"kind": "choice", "option": "never-offered"}, Invalid),
        ({"kind": "leave_queue"}, Conflict),
    ],
)
def test_bad_messages_are_refused_and_leave_no_trace(engine: Engine, body: dict, error: type[Exception]) -> None:
    with writing(engine) as session:
        conversation = begin(session)
    with pytest.raises(error), writing(engine) as session:
        receive(session, conversation.id, Incoming(client_id="1", **body))
    with reading(engine) as session:
        assert conversations.messages_after(session, conversation.id) == []
        assert conversations.get(session, conversation.id).last_seq == 0


@pytest.mark.parametrize(
    "text", ["x" * 4000, "😀🎁", "مرحبا كيف الحال", "<script>alert(1)</script>", "/restart", "\ud800a"]
)
def test_whatever_people_type_is_kept(session: Session, text: str) -> None:
    conversation = begin(session)
    say(session, conversation, text, "1")
    kept = conversations.messages_after(session, conversation.id)[0].text
    assert kept == text.replace("\ud800", "")


def test_a_message_into_a_closed_conversation_reopens_it_with_the_bot(session: Session) -> None:
    conversation = begin(session)
    say(session, conversation, "hallo", "1")
    receive(session, conversation.id, Incoming(client_id="2", kind="end"))
    assert conversation.owner == "closed"
    assert conversation.handled_seq == conversation.customer_seq
    say(session, conversation, "toch nog iets", "3")
    assert (conversation.owner, conversation.stint) == ("bot", 2)
    kinds = [m.kind for m in conversations.messages_after(session, conversation.id)]
    assert kinds == ["text", "end", "closed", "reopened", "text"]


def test_ending_twice_closes_once(session: Session) -> None:
    conversation = begin(session)
    for client_id in ("1", "2"):
        receive(session, conversation.id, Incoming(client_id=client_id, kind="end"))
    kinds = [m.kind for m in conversations.messages_after(session, conversation.id)]
    assert kinds.count("closed") == 1


def test_the_queue_is_first_in_first_out_and_pages(session: Session) -> None:
    people = [begin(session) for _ in range(5)]
    for conversation in people:
        wait_in_line(session, conversation)
    assert [queue.position(session, c) for c in people] == [1, 2, 3, 4, 5]
    first, cursor = queue.waiting(session, limit=2)
    second, cursor = queue.waiting(session, limit=2, cursor=cursor)
    third, end = queue.waiting(session, limit=2, cursor=cursor)
    assert [c.id for c in first + second + third] == [c.id for c in people]
    assert end is None


@pytest.mark.parametrize("cursor", ["x", "2026-01-01_", "2026-01-01T00:00:00_abc", "_", "🎁"])
def test_a_made_up_cursor_is_refused(session: Session, cursor: str) -> None:
    with pytest.raises(Invalid):
        queue.waiting(session, cursor=cursor)


def test_she_may_leave_the_queue_and_the_bot_begins_anew(session: Session) -> None:
    conversation = begin(session)
    wait_in_line(session, conversation)
    received = receive(session, conversation.id, Incoming(client_id="2", kind="leave_queue"))
    assert (conversation.owner, conversation.stint) == ("bot", 2)
    assert received.queue_moved
    assert not received.wants_turn
    with pytest.raises(Conflict):
        receive(session, conversation.id, Incoming(client_id="3", kind="leave_queue"))


def test_only_the_agent_who_has_it_may_answer(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam")
    conversation = begin(session)
    wait_in_line(session, conversation)
    with pytest.raises(Conflict):
        queue.reply(session, conversation.id, noor, "1", "Dag!")
    queue.claim(session, conversation.id, noor)
    assert queue.reply(session, conversation.id, noor, "1", "Dag!").seq == 4
    assert queue.reply(session, conversation.id, noor, "1", "Dag!").seq == 4
    for attempt in (queue.hand_back, queue.close):
        with pytest.raises(Forbidden, match="Noor"):
            attempt(session, conversation.id, sam)
    with pytest.raises(Conflict, match="Noor"):
        queue.claim(session, conversation.id, sam)


def test_a_hand_back_starts_a_new_stint_with_nothing_left_over(session: Session) -> None:
    noor = agent(session)
    conversation = begin(session)
    wait_in_line(session, conversation)
    queue.claim(session, conversation.id, noor)
    say(session, conversation, "ben je er nog?", "later")
    queue.hand_back(session, conversation.id, noor)
    assert (conversation.owner, conversation.stint, conversation.agent_id) == ("bot", 2, None)
    assert conversation.customer_seq == conversation.handled_seq


def test_of_many_agents_one_wins_the_claim(engine: Engine) -> None:
    with writing(engine) as session:
        agents = [agent(session, f"Agent{i}") for i in range(6)]
        conversation = begin(session)
        wait_in_line(session, conversation)
    ready = threading.Barrier(len(agents))

    def attempt(person: Person) -> bool:
        ready.wait()
        try:
            with writing(engine) as session:
                queue.claim(session, conversation.id, person)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(len(agents)) as pool:
        won = list(pool.map(attempt, agents))
    assert won.count(True) == 1
    with reading(engine) as session:
        kinds = [m.kind for m in conversations.messages_after(session, conversation.id)]
        assert conversations.get(session, conversation.id).agent_id == agents[won.index(True)].id
    assert kinds.count("assigned") == 1


def test_messages_sent_at_once_are_numbered_without_gaps_or_doubles(engine: Engine) -> None:
    with writing(engine) as session:
        conversation = begin(session)

    def send(number: int) -> int:
        with writing(engine) as session:
            return say(session, conversation, f"bericht {number}", f"c{number % 10}")

    with ThreadPoolExecutor(8) as pool:
        seqs = list(pool.map(send, range(20)))
    assert sorted(set(seqs)) == list(range(1, 11))
    with reading(engine) as session:
        assert len(conversations.messages_after(session, conversation.id)) == 10
