"""The customer's path: one sensible answer to everything, whatever breaks on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import Session, select

from handoff import queue, turns
from handoff.auth import add_user
from handoff.incoming import Incoming, receive
from handoff.models import Conversation, Person
from handoff.state import State
from kb.entries import withdraw_entry
from kb.evidence import Evidence
from kb.models import Question, now

from .conftest import ScriptedBot, act, now_is, started, timeline

BALANCE = "hoeveel staat er op mn cadeaukaart"
PIN = "de helft van de pincode is weggekrast, wat nu"
COUNT = iter(range(10**6))
CLARIFY = Evidence("clarify", 0.5, "gift-card-balance", ("gift-card-balance", "return-how"))


async def say(it: State, conversation_id: str, text: str | None = None, **more: Any) -> int:
    incoming = Incoming(client_id=f"c{next(COUNT)}", text=text, **more)
    return (await it.write(receive, conversation_id, incoming)).seq


async def talk(it: State, conversation_id: str, text: str | None = None, **more: Any) -> None:
    await say(it, conversation_id, text, **more)
    await turns.take_turns(it, conversation_id)


def person(session: Session) -> Person:
    return add_user(session, "noor@shop.example", "Noor de Agent", "agent", "a long password")


async def expire_leases(it: State) -> None:
    def expire(session: Session) -> None:
        session.execute(update(Conversation).values(lease_until=now() - timedelta(seconds=1)))

    await it.write(expire)


async def test_a_question_is_answered_from_its_entry(it: State) -> None:
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    asked, answer = await timeline(it, conversation_id)
    assert (answer.kind, answer.entry_key, answer.answers_seq) == ("answer", "gift-card-balance", asked.seq)
    assert answer.text == "Kijk op **/cadeaubon/saldo**."
    assert asked.data["evidence"]["verdict"] == "answer"


async def test_the_bot_gets_the_evidence_of_the_design(it: State, scripted: ScriptedBot) -> None:
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    (body,) = scripted.asked
    assert body["sender"] == f"{conversation_id}:1"
    assert (body["metadata"]["turn"], body["metadata"]["language"]) == (1, "nl")
    assert set(body["metadata"]["kb"]) == {"verdict", "probability", "entry", "options", "parts", "repeats"}


async def test_an_unknown_question_goes_to_a_person_and_into_the_backlog(it: State, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    conversation_id = await started(it)
    await talk(it, conversation_id, f"{PIN} 4111 1111 1111 1111")
    conversation = await now_is(it, conversation_id)
    assert (conversation.owner, conversation.reason) == ("queue", "unknown")
    assert conversation.question.startswith(PIN)
    assert conversation.topic == "shop"
    last = (await timeline(it, conversation_id))[-1]
    assert (last.author, last.kind, last.text[:16]) == ("system", "handed_over", "Dat weet ik niet")

    def kept(session: Session) -> list[Question]:
        return list(session.exec(select(Question)).all())

    (question,) = await it.read(kept)
    assert "4111" not in question.text
    assert (question.conversation_id, question.seq, question.reason) == (conversation_id, 1, "unknown")
    assert question.evidence["candidates"]


FAILURES = [
    httpx.ConnectError("down"),
    httpx.ReadTimeout("slow"),
    httpx.Response(500),
    httpx.Response(200, text="not json"),
    [],
    {},
    [{"custom": {"act": "dance"}}],
    [act("handoff", reason="bored")],
    [{"text": "  "}],
]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
async def test_without_a_usable_answer_a_person_takes_over(it: State, scripted: ScriptedBot, failure: Any) -> None:
    scripted.says = lambda body: failure
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    conversation = await now_is(it, conversation_id)
    assert (conversation.owner, conversation.reason) == ("queue", "bot_unavailable")


async def test_a_bot_that_takes_too_long_counts_as_absent(it: State, scripted: ScriptedBot) -> None:
    scripted.hold = asyncio.Event()
    it.settings.bot_timeout_s = 0.2
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    assert (await now_is(it, conversation_id)).reason == "bot_unavailable"


async def test_words_of_a_shops_own_flow_are_passed_on(it: State, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [{"text": "Wat is je maat?"}]
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    last = (await timeline(it, conversation_id))[-1]
    assert (last.author, last.kind, last.text) == ("bot", "text", "Wat is je maat?")


async def test_a_late_answer_is_dropped_once_a_person_has_it(it: State, scripted: ScriptedBot) -> None:
    scripted.hold = asyncio.Event()
    it.settings.bot_timeout_s = 30
    noor = await it.write(person)
    conversation_id = await started(it)
    await say(it, conversation_id, BALANCE)
    slow = asyncio.create_task(turns.take_turns(it, conversation_id))
    while not scripted.asked:
        await asyncio.sleep(0.01)
    await expire_leases(it)
    held, scripted.hold, scripted.says = scripted.hold, None, lambda body: [act("handoff", reason="requested")]
    await turns.take_turns(it, conversation_id)
    await it.write(queue.claim, conversation_id, noor)
    held.set()
    await slow
    rows = await timeline(it, conversation_id)
    assert [m.kind for m in rows] == ["text", "handed_over", "assigned"]
    assert (await now_is(it, conversation_id)).owner == "agent"


async def test_a_slow_turn_and_the_sweep_give_one_answer(it: State, scripted: ScriptedBot) -> None:
    scripted.hold = asyncio.Event()
    it.settings.bot_timeout_s = 30
    conversation_id = await started(it)
    await say(it, conversation_id, BALANCE)
    slow = asyncio.create_task(turns.take_turns(it, conversation_id))
    while not scripted.asked:
        await asyncio.sleep(0.01)
    assert await it.read(turns.unanswered_since) == []
    await expire_leases(it)
    assert await it.read(turns.unanswered_since) == [conversation_id]
    swept = asyncio.create_task(turns.take_turns(it, conversation_id))
    while len(scripted.asked) < 2:
        await asyncio.sleep(0.01)
    scripted.hold.set()
    await asyncio.gather(slow, swept)
    assert [m.kind for m in await timeline(it, conversation_id)] == ["text", "answer"]
    assert scripted.asked[0]["metadata"]["turn"] == scripted.asked[1]["metadata"]["turn"]


async def test_a_crash_before_the_answer_is_stored_is_taken_up_by_the_sweep(
    it: State, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    conversation_id = await started(it)
    with monkeypatch.context() as broken:
        broken.setattr(turns, "finish", lambda *_: 1 / 0)
        await talk(it, conversation_id, BALANCE)
    assert "will be taken up again" in caplog.text
    assert [m.kind for m in await timeline(it, conversation_id)] == ["text"]
    await expire_leases(it)
    it.settings.sweep_s = 0.05
    it.background(turns.sweep(it))
    async with asyncio.timeout(5):
        while len(await timeline(it, conversation_id)) < 2:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    assert [m.kind for m in await timeline(it, conversation_id)] == ["text", "answer"]


@pytest.mark.parametrize(
    "messages",
    [
        ["hallo", "ik heb een vraagje", BALANCE],
        ["ik heb een cadeaubon", "van mijn zus", "hoeveel staat er nog op mijn cadeaubon?"],
        [BALANCE, "van mijn zus", "die rode"],
    ],
)
async def test_three_quick_messages_get_one_sensible_turn(it: State, messages: list[str]) -> None:
    it.settings.settle_s = 0.5
    conversation_id = await started(it)
    for text in messages:
        await say(it, conversation_id, text)
        it.background(turns.take_turns(it, conversation_id))
        await asyncio.sleep(0.3)
    async with asyncio.timeout(10):
        while it.tasks:
            await asyncio.sleep(0.05)
    rows = await timeline(it, conversation_id)
    assert [m.kind for m in rows if m.author != "customer"] == ["answer"]
    assert (await now_is(it, conversation_id)).owner == "bot"


async def test_the_same_question_at_once_again_is_never_met_with_silence(it: State, scripted: ScriptedBot) -> None:
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    await talk(it, conversation_id, "hoeveel geld staat er nog op mijn cadeaubon?")
    assert len(scripted.asked) == 2
    assert [m.author for m in await timeline(it, conversation_id)] == ["customer", "bot", "customer", "bot"]


async def test_messages_sent_back_to_back_go_together(it: State, scripted: ScriptedBot) -> None:
    conversation_id = await started(it)
    for text in ("hallo", "even een vraag", BALANCE):
        await say(it, conversation_id, text)
    await turns.take_turns(it, conversation_id)
    (body,) = scripted.asked
    assert body["message"] == f"hallo\neven een vraag\n{BALANCE}"
    assert body["metadata"]["turn"] == 3


async def test_a_message_during_a_turn_gets_its_own_afterwards(it: State, scripted: ScriptedBot) -> None:
    scripted.hold = asyncio.Event()
    conversation_id = await started(it)
    await say(it, conversation_id, BALANCE)
    running = asyncio.create_task(turns.take_turns(it, conversation_id))
    while not scripted.asked:
        await asyncio.sleep(0.01)
    await say(it, conversation_id, "en hoe lang duurt de levering?")
    await turns.take_turns(it, conversation_id)
    assert len(scripted.asked) == 1
    scripted.hold.set()
    await running
    kinds = [(m.author, m.kind, m.answers_seq) for m in await timeline(it, conversation_id)]
    assert kinds[2:] == [("bot", "answer", 1), ("bot", "answer", 2)]


async def test_she_ends_the_talk_while_the_bot_waits_for_more(
    it: State, scripted: ScriptedBot, caplog: pytest.LogCaptureFixture
) -> None:
    it.settings.settle_s = 0.5
    conversation_id = await started(it)
    await say(it, conversation_id, "hallo")
    running = asyncio.create_task(turns.take_turns(it, conversation_id))
    await asyncio.sleep(0.2)
    await say(it, conversation_id, "laat maar")
    await say(it, conversation_id, kind="end")
    await running
    assert "will be taken up again" not in caplog.text
    assert [m.kind for m in await timeline(it, conversation_id)] == ["text", "text", "end", "closed"]


async def test_words_that_look_like_an_intent_are_only_words(it: State, scripted: ScriptedBot) -> None:
    conversation_id = await started(it)
    await talk(it, conversation_id, " //choose")
    assert not scripted.asked[0]["message"].startswith("/")


async def test_a_choice_is_answered_and_none_of_these_is_not(it: State, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: (
        [act("clarify")] if body["metadata"]["kb"]["verdict"] != "answer" else [act("answer")]
    )
    conversation_id = await started(it)
    it.base.ask = lambda *_: CLARIFY  # type: ignore[method-assign]
    await talk(it, conversation_id, "bon")
    clarify = (await timeline(it, conversation_id))[-1]
    assert [o["key"] for o in clarify.options] == ["gift-card-balance", "return-how"]
    await talk(it, conversation_id, kind="choice", option="return-how")
    assert scripted.asked[-1]["message"] == "/choose"
    chosen, answer = (await timeline(it, conversation_id))[-2:]
    assert (chosen.text, answer.entry_key) == ("Hoe stuur ik iets terug?", "return-how")


async def test_none_of_these_hands_over_with_the_question_she_asked(it: State, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: (
        [act("handoff", reason="rejected")] if body["message"] == "/none_of_these" else [act("clarify")]
    )
    conversation_id = await started(it)
    it.base.ask = lambda *_: CLARIFY  # type: ignore[method-assign]
    await talk(it, conversation_id, "bon van mijn tante")
    await talk(it, conversation_id, kind="none_of_these")
    conversation = await now_is(it, conversation_id)
    assert (conversation.reason, conversation.question) == ("rejected", "bon van mijn tante")


async def test_an_entry_withdrawn_in_between_is_not_answered(it: State) -> None:
    await it.write(withdraw_entry, "gift-card-balance", "nl", None, "editor")
    conversation_id = await started(it)
    await talk(it, conversation_id, BALANCE)
    conversation = await now_is(it, conversation_id)
    assert (conversation.owner, conversation.reason) == ("queue", "unknown")


async def test_a_handed_over_conversation_gets_no_more_turns(it: State, scripted: ScriptedBot) -> None:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    conversation_id = await started(it)
    await talk(it, conversation_id, "medewerker")
    await talk(it, conversation_id, "hallo?")
    assert len(scripted.asked) == 1
    assert [m.kind for m in await timeline(it, conversation_id)] == ["text", "handed_over", "text"]
