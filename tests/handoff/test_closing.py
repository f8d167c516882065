"""Closing with a topic and a cause, taking it back, and the service level."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from handoff import closing, conversations, level, queue
from handoff.incoming import Incoming, receive
from handoff.models import Conversation, Estimate, Person
from handoff.problems import Conflict, Forbidden, Invalid, TooLong
from kb.models import Entry, now

from .shop import agent, in_line, rows, steps
from .waits import always_open


@pytest.fixture
def noor(session: Session) -> Person:
    """An agent, in a shop that knows of lamps and returns."""
    session.add_all(Entry(key=f"{t}-x", language="nl", question="?", answer="!", topic=t) for t in ("lamps", "returns"))
    return agent(session)


def mine(session: Session, person: Person, topic: str | None = "lamps") -> Conversation:
    conversation = in_line(session, topic)
    return queue.claim(session, conversation.id, person)


def test_what_it_was_about_is_kept_with_the_close(session: Session, noor: Person) -> None:
    one, two, three = mine(session, noor), mine(session, noor), mine(session, noor)
    queue.close(session, one.id, noor, topic="returns", cause="  Lamp\n kapot\tgeleverd ")
    assert (one.owner, one.topic, one.cause) == ("closed", "returns", "Lamp kapot geleverd")
    queue.close(session, two.id, noor)
    assert (two.topic, two.cause) == ("lamps", None)
    queue.close(session, three.id, noor, topic="", cause="   ")
    assert (three.topic, three.cause) == (None, None)
    queue.close(session, one.id, noor, topic="lamps", cause="iets anders")  # closed already: nothing changes
    assert (one.topic, one.cause) == ("returns", "Lamp kapot geleverd")
    assert steps(session, one).count("closed") == 1


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"topic": "bestaat niet"}, Invalid),
        ({"topic": "<b>lamps</b>"}, Invalid),
        ({"cause": "x" * 81}, TooLong),
        ({"cause": "🤷" * 81}, TooLong),
    ],
)
def test_what_cannot_be_kept_closes_nothing(
    session: Session, noor: Person, said: dict[str, Any], error: type[Exception]
) -> None:
    conversation = mine(session, noor)
    with pytest.raises(error):
        queue.close(session, conversation.id, noor, **said)
    assert conversation.owner == "agent"


def test_a_topic_that_is_gone_may_stay(session: Session, noor: Person) -> None:
    conversation = mine(session, noor, "opgeheven")
    queue.close(session, conversation.id, noor, topic="opgeheven", cause="مرحبا 🎁")
    assert (conversation.topic, conversation.cause) == ("opgeheven", "مرحبا 🎁")


def test_only_whose_it_is_closes_it(session: Session, noor: Person) -> None:
    conversation = mine(session, noor)
    with pytest.raises(Forbidden):
        queue.close(session, conversation.id, agent(session, "Sam Peeters"), cause="niet van mij")
    assert (conversation.owner, conversation.cause) == ("agent", None)


def test_the_most_used_causes_come_first_and_old_ones_not(session: Session, noor: Person) -> None:
    for cause in ("Pincode weg", "Adres fout", "Pincode weg", "", "Zat te lang vast"):
        queue.close(session, mine(session, noor).id, noor, cause=cause)
    old = mine(session, noor)
    queue.close(session, old.id, noor, cause="Van vorig jaar")
    old.closed_at = now() - closing.USED_FOR - timedelta(days=1)
    session.flush()
    assert closing.causes(session) == ["Pincode weg", "Adres fout", "Zat te lang vast"]
    assert closing.causes(session, limit=1) == ["Pincode weg"]


def test_who_closed_it_may_take_it_back_once(session: Session, noor: Person) -> None:
    conversation = mine(session, noor)
    queue.close(session, conversation.id, noor, cause="Te vroeg")
    queue.note(session, conversation.id, agent(session, "Sam Peeters"), "n1", "dit was te vroeg")
    for _ in range(2):
        assert closing.reopen(session, conversation.id, noor).agent_id == noor.id
    assert (conversation.owner, conversation.closed_at) == ("agent", None)
    assert steps(session, conversation)[-3:] == ["closed", "note", "reopened"]
    assert rows(session, conversation)[-1].author_id == noor.id
    assert queue.reply(session, conversation.id, noor, "a1", "Daar ben ik weer.").author == "agent"


def test_it_is_not_taken_back_by_others_or_later_or_with_full_hands(session: Session, noor: Person) -> None:
    sam = agent(session, "Sam Peeters")
    conversation = mine(session, noor)
    with pytest.raises(Conflict):
        closing.reopen(session, conversation.id, sam)  # it is not closed
    queue.close(session, conversation.id, noor)
    with pytest.raises(Conflict):
        closing.reopen(session, conversation.id, sam)
    noor.capacity = 1
    session.flush()
    other = mine(session, noor)
    with pytest.raises(queue.Refused):
        closing.reopen(session, conversation.id, noor)
    queue.close(session, other.id, noor)
    rows(session, conversation)[-1].at = now() - closing.BACK_FOR - timedelta(seconds=1)
    session.flush()
    with pytest.raises(Conflict):
        closing.reopen(session, conversation.id, noor)
    assert conversation.owner == "closed"


def test_it_is_not_taken_back_from_the_bot(session: Session, noor: Person) -> None:
    conversation = mine(session, noor)
    queue.close(session, conversation.id, noor)
    receive(session, conversation.id, Incoming(client_id="again", text="toch nog iets"))
    with pytest.raises(Conflict):
        closing.reopen(session, conversation.id, noor)
    conversations.close(session, conversation)  # by the customer herself, this time
    with pytest.raises(Conflict):
        closing.reopen(session, conversation.id, noor)
    assert conversation.owner == "closed"


AT = datetime.fromisoformat("2026-11-22T14:00:00+00:00")


def told(session: Session, waited_s: float, end: str | None, high_s: int | None = 300, hour: int = 12) -> None:
    """Somebody who was told at that hour at most five minutes."""
    conversation = conversations.start(session, language="nl")[0]
    at = AT.replace(hour=0) + timedelta(hours=hour)
    about = {"conversation_id": conversation.id, "place": 1}
    if end is None:
        session.add(Estimate(**about, at=at, low_s=60, high_s=high_s))
        return
    ended = at + timedelta(seconds=waited_s)
    session.add(Estimate(**about, at=at, low_s=None if high_s is None else 60, high_s=high_s, ended_at=ended, end=end))
    session.add(Estimate(**about, at=at + timedelta(seconds=1), low_s=9, high_s=9000, ended_at=ended, end=end))


def test_the_level_counts_first_figures_and_the_waits_that_are_too_long_already(session: Session) -> None:
    always_open(session)
    for waited_s in (10, 299, 300, 301):
        told(session, waited_s, "taken")
    session.flush()
    assert level.today(session, AT) == level.Level(4, 3)
    assert level.today(session, AT).share is None  # too few
    told(session, 10, "left")  # gave up before it was too long
    told(session, 900, "left")
    told(session, 0, None, hour=13)  # waits on, an hour by now
    told(session, 0, None, high_s=7200, hour=13)  # waits on, within
    told(session, 10, "taken", hour=-5)  # yesterday
    told(session, 10, "taken", high_s=None)  # first told nothing, and a second later too much
    session.flush()
    found = level.today(session, AT)
    assert (found.n, found.kept) == (7, 4)
    assert found.share == pytest.approx(4 / 7)


def test_an_empty_day_has_no_level(session: Session) -> None:
    assert level.today(session, AT) == level.Level(0, 0)
    assert level.today(session, AT).share is None
