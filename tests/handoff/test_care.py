"""Figures of what entries were good for, counted as it happens, and the lists made of them; on both databases."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, insert, text
from sqlmodel import Session, select

from handoff import care, entries_near, entry_days, turns
from handoff.auth import add_user
from handoff.db import alembic_config, make_engine, writing
from handoff.editor_models import EntryDay
from handoff.models import Conversation, Message
from handoff.state import State
from kb import checks
from kb.drafts import EntryDraft
from kb.entries import change_entry, create_entry, get_entry, withdraw_entry
from kb.models import Entry, now

from .conftest import ScriptedBot, act, started
from .test_turns import BALANCE, say, talk

RETURN = "hoe kan ik retourneren"


def tallies(session: Session) -> dict[str, tuple[int, int]]:
    """How often each entry was given, and rejected."""
    return {key: (t.answered, t.rejected) for (key, _), t in entry_days.since(session, date(2000, 1, 1)).items()}


async def test_an_answer_counts_when_it_is_given(it: State) -> None:
    here = await started(it)
    await talk(it, here, BALANCE)
    await talk(it, here, RETURN)
    assert await it.read(tallies) == {"gift-card-balance": (1, 0), "return-how": (1, 0)}


async def test_that_didnt_help_counts_once_for_the_answer_before_it(it: State) -> None:
    here = await started(it)
    await talk(it, here, BALANCE)
    await talk(it, here, RETURN)
    for value in (False, False):
        await talk(it, here, kind="helped", value=value)
    assert await it.read(tallies) == {"gift-card-balance": (1, 0), "return-how": (1, 1)}


async def test_that_helped_is_no_rejection(it: State) -> None:
    here = await started(it)
    await talk(it, here, BALANCE)
    await talk(it, here, kind="helped", value=True)
    assert await it.read(tallies) == {"gift-card-balance": (1, 0)}


@pytest.mark.parametrize(
    ("words", "says", "rejected"),
    [
        ("dat bedoel ik niet", act("rephrase"), 1),
        ("nee dat klopt niet", act("handoff", reason="rejected"), 1),
        ("wat is de hoofdstad van Peru?", act("rephrase"), 0),  # a question about something else
        ("bedankt", act("say", key="thanks"), 0),
        ("ik wil een mens", act("handoff", reason="requested"), 0),
    ],
)
async def test_a_rejection_in_words_counts(
    it: State, scripted: ScriptedBot, words: str, says: dict[str, Any], rejected: int
) -> None:
    here = await started(it)
    await talk(it, here, BALANCE)
    scripted.says = lambda body: [says]
    await talk(it, here, words)
    assert await it.read(tallies) == {"gift-card-balance": (1, rejected)}


async def test_none_of_the_choices_rejects_no_entry(it: State, scripted: ScriptedBot) -> None:
    here = await started(it)
    await talk(it, here, BALANCE)
    scripted.says = lambda body: [act("clarify") if body["metadata"]["kb"] else act("handoff", reason="rejected")]
    await talk(it, here, RETURN)
    await talk(it, here, kind="none_of_these")
    assert await it.read(tallies) == {"gift-card-balance": (1, 0)}


async def test_a_turn_that_is_taken_up_twice_counts_once(it: State) -> None:
    here = await started(it)
    await say(it, here, BALANCE)
    await asyncio.gather(*(turns.take_turns(it, here) for _ in range(4)))
    assert await it.read(tallies) == {"gift-card-balance": (1, 0)}


async def test_many_at_once_all_count(it: State) -> None:
    ids = [await started(it) for _ in range(12)]
    for here in ids:
        await say(it, here, BALANCE)
    await asyncio.gather(*(turns.take_turns(it, here) for here in ids))
    assert await it.read(tallies) == {"gift-card-balance": (12, 0)}


async def test_an_entry_that_an_agent_sends_counts_once(it: State, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    here = await started(it, "en")
    await talk(it, here, "mag ik een mens")

    def send(session: Session) -> None:
        noor = add_user(session, "noor@shop.example", "Noor", "agent", "a long password")
        conversation = session.exec(select(Conversation)).one()
        conversation.owner, conversation.agent_id = "agent", noor.id
        session.flush()
        for _ in range(2):
            entries_near.send(session, here, noor, "c1", "return-how")

    await it.write(send)
    found = await it.read(lambda s: entry_days.since(s, date(2000, 1, 1)))
    assert {key: t.answered for key, t in found.items()} == {("return-how", "nl"): 1}  # there is none in English


def test_the_sure_share_of_a_few_is_small() -> None:
    assert care.lower_bound(0, 0) == 0
    assert care.lower_bound(0, 50) == 0
    # Wilson's interval as Brown, Cai and DasGupta (Statistical Science 16, 2001) write it, worked out by hand
    assert care.lower_bound(1, 1) == pytest.approx(0.2065, abs=1e-4)
    assert care.lower_bound(8, 20) == pytest.approx(0.2188, abs=1e-4)
    assert care.lower_bound(20, 100) == pytest.approx(0.1334, abs=1e-4)
    assert all(care.lower_bound(n, of) <= n / of for of in range(1, 40) for n in range(of + 1))


def entry(session: Session, key: str, **fields: Any) -> Entry:
    made = create_entry(session, EntryDraft(key=key, question=f"Vraag {key}?", answer="Zo."), "els")
    made.sqlmodel_update(fields)
    session.add(made)
    session.flush()
    return made


def figures(session: Session, key: str, ago: int, language: str = "nl", **counts: int) -> None:
    session.add(EntryDay(entry_key=key, language=language, day=checks.today() - timedelta(days=ago), **counts))
    session.flush()


def midnight(days: int) -> datetime:
    return datetime.combine(checks.today() + timedelta(days=days), clock(), UTC)


def test_only_what_was_said_of_the_present_answer_counts(session: Session) -> None:
    for key in ("same", "changed", "phrased", "checked", "old"):
        entry(session, key)
        figures(session, key, 120 if key == "old" else 5, answered=10, rejected=6)
    change_entry(session, "changed", "nl", {"answer": "Anders."}, None, "els")
    change_entry(session, "phrased", "nl", {"phrasings": ["nog een vorm"]}, None, "els")
    check = checks.still_right(session, "checked", "nl", "els")
    assert [one.key for one in care.rejected_often(session)] == ["phrased", "same"]
    check.at = now() - timedelta(days=8)
    session.flush()
    found = {one.key: (one.no, one.of) for one in care.rejected_often(session)}
    assert found == {"phrased": (6, 10), "same": (6, 10), "checked": (6, 10)}
    figures(session, "checked", 9, answered=50, rejected=50)  # before it was looked at
    assert {one.key: one.no for one in care.rejected_often(session)}["checked"] == 6


def test_a_rejection_of_yesterdays_answer_breaks_nothing(session: Session) -> None:
    entry(session, "midnight")
    figures(session, "midnight", 1, answered=0, rejected=4)
    (one,) = care.rejected_often(session)
    assert (one.no, one.of) == (4, 4)


def test_the_same_key_in_two_languages_has_figures_of_its_own(session: Session) -> None:
    entry(session, "both")
    create_entry(session, EntryDraft(key="both", language="en", question="Both?", answer="So."), "els")
    figures(session, "both", 3, "en", answered=9, rejected=5)
    assert [(one.key, one.language) for one in care.rejected_often(session)] == [("both", "en")]


def test_what_is_due_comes_in_order_and_withdrawn_ones_are_left_out(session: Session) -> None:
    for key, days in (("far", 40), ("soon", 20), ("today", 0), ("late", -3), ("gone", -9)):
        entry(session, key, review_at=midnight(days))
    withdraw_entry(session, "gone", "nl", None, "els")
    assert [(one.key, one.overdue) for one in care.due(session)] == [("late", True), ("today", False), ("soon", False)]


def test_nobody_needs_what_was_not_given_not_looked_at_and_not_touched(session: Session) -> None:
    ago = {"changed_at": now() - timedelta(days=120)}
    for key in ("idle", "given", "seen", "a-little", "kept"):
        entry(session, key, **ago)
    entry(session, "young")
    entry(session, "for-agents", audience="agents", **ago)
    figures(session, "given", 2, answered=1)
    figures(session, "seen", 2, views=care.HARDLY + 1)
    figures(session, "a-little", 2, views=1)
    checks.still_right(session, "kept", "nl", "els")
    assert [(one.key, one.views) for one in care.unneeded(session, 90)] == [("idle", 0), ("a-little", 1)]
    assert care.unneeded(session, 150) == []
    assert get_entry(session, "idle", "nl").revision == 1


def test_what_was_answered_before_there_were_figures_is_counted_by_the_upgrade(database_url: str) -> None:
    config = alembic_config(database_url)
    command.downgrade(config, "0004")
    engine = make_engine(database_url)
    try:
        with engine.begin() as connection:
            for statement in BEFORE:
                connection.execute(text(statement), {"at": datetime(2026, 11, 3, 23, 30, tzinfo=UTC)})
        command.upgrade(config, "head")
        with writing(engine) as session:
            found = session.exec(select(EntryDay)).all()
            assert [(d.entry_key, d.language, d.day, d.answered, d.rejected) for d in found] == [
                ("bon", "nl", date(2026, 11, 3), 2, 0)
            ]
    finally:
        command.upgrade(config, "head")
        engine.dispose()


BEFORE = (
    "INSERT INTO entry (key, language, question, answer, topic, audience, status, revision, created_at, changed_at) "
    "VALUES ('bon', 'nl', 'Mijn bon?', 'Zo.', '', 'public', 'live', 1, :at, :at)",
    "INSERT INTO conversation (id, token_hash, token_salt, language, owner, stint, last_seq, customer_seq, "
    "handled_seq, created_at, changed_at, trackers_emptied) "
    "VALUES ('c', 'x', 'y', 'en', 'bot', 1, 4, 0, 0, :at, :at, true)",
    "INSERT INTO message (conversation_id, seq, stint, at, author, kind, text, entry_key) VALUES "
    "('c', 1, 1, :at, 'bot', 'answer', 'Zo.', 'bon'), ('c', 2, 1, :at, 'bot', 'answer', 'Zo.', 'bon'), "
    "('c', 3, 1, :at, 'bot', 'answer', 'Zo.', 'never-there'), ('c', 4, 1, :at, 'bot', 'answer', 'Zo.', NULL)",
)


def large(engine: Engine) -> None:
    """2,000 entries with figures of each of 90 days, and 200,000 messages."""
    start = checks.today() - timedelta(days=89)
    with engine.begin() as connection:
        connection.execute(insert(Entry), [
            {"key": f"e{n}", "language": "nl", "question": f"Vraag {n}?", "answer": "Zo.", "topic": "", "revision": 1,
             "audience": "public", "status": "live", "created_at": midnight(-400), "changed_at": midnight(-300),
             "review_at": midnight(n % 400 - 20)}
            for n in range(2000)
        ])  # fmt: skip
        connection.execute(insert(EntryDay), [
            {"entry_key": f"e{n}", "language": "nl", "day": start + timedelta(days=day), "helped": 0,
             "views": 2 * (n % 10 > 0), "not_helped": 0, "answered": int(n % 10 > 0),
             "rejected": int(day % (5 if n % 20 == 1 else 30) == 0 and n % 10 > 0)}
            for n in range(2000) for day in range(90)
        ])  # fmt: skip
        connection.execute(insert(Conversation), [
            {"id": f"c{n}", "token_hash": "x", "token_salt": "y", "language": "nl"} for n in range(2000)
        ])  # fmt: skip
        connection.execute(insert(Message), [
            {"conversation_id": f"c{n}", "seq": seq, "stint": 1, "author": "bot", "kind": "answer", "text": "Zo.",
             "entry_key": f"e{n}"}
            for n in range(2000) for seq in range(1, 101)
        ])  # fmt: skip
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))


@pytest.mark.alone
def test_the_lists_are_quick_with_200_000_messages(engine: Engine) -> None:
    large(engine)
    with Session(engine) as session:
        took: dict[str, float] = {}
        for name, make in (
            ("due", lambda: care.due(session)),
            ("rejected", lambda: care.rejected_often(session)),
            ("unneeded", lambda: care.unneeded(session, 90)),
            ("one", lambda: care.lately(session, "e7", "nl")),
        ):
            begun = time.perf_counter()
            made = make()
            took[name] = time.perf_counter() - begun
            assert made
    print(took)  # noqa: T201
    assert sum(took.values()) < 2
