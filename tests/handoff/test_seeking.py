"""The backlog learns what shows only afterwards: answers that did not help, questions answered by hand, the reply, the
time it took. Hidden messages vanish from it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from handoff import conversations, hiding, seeking
from handoff.auth import add_user
from handoff.editor_models import Rating
from handoff.models import Handling, Message, Person
from handoff.state import State
from handoff.turns import take_turns
from kb.models import Question, now

from .conftest import ScriptedBot, act, now_is, started

ENGRAVE = "Kan ik mijn naam in een lamp laten graveren?"
CARD = "Ja, dat kan. Mail naar graveren@winkel.nl, je kaart was 6036281234567890123."
PAGE = "https://shop.example/lampen/tafellamp?mail=jan@voorbeeld.nl"


class Talk:
    """A conversation whose rows a test writes, with the agent who gets it."""

    def __init__(self, it: State, conversation_id: str, person: Person) -> None:
        self.it, self.id, self.person = it, conversation_id, person

    async def add(self, author: str, kind: str, text: str = "", **more: Any) -> int:
        """Add a row; its number."""

        def do(session: Session) -> int:
            conversation = conversations.locked(session, self.id)
            return conversations.add(session, conversation, author, kind, text, **more).seq

        return await self.it.write(do)

    async def owner(self, to: str, frm: str) -> None:
        """Change the owner, with the step that goes with it."""

        def do(session: Session) -> None:
            conversation = conversations.locked(session, self.id)
            values: dict[str, Any] = {"agent_id": self.person.id} if to == "agent" else {}
            assert conversations.change_owner(session, conversation, to, frm=frm, **values)
            step = {"queue": "handed_over", "agent": "assigned", "closed": "closed"}[to]
            conversations.add(session, conversation, "system", step, "")

        await self.it.write(do)

    async def by_an_agent(self, *said: tuple[str, str]) -> None:
        """Let an agent have it while this is said, and close it."""
        await self.owner("queue", "bot")
        await self.owner("agent", "queue")
        for author, text in said:
            await self.add(author, "text", text)
        await self.owner("closed", "agent")

    async def backlog(self) -> list[Question]:
        """The questions that the backlog has of it."""

        def do(session: Session) -> list[Question]:
            of_it = select(Question).where(Question.conversation_id == self.id).order_by(col(Question.seq))
            return list(session.exec(of_it).all())

        return await self.it.read(do)


@pytest.fixture
async def talk(it: State) -> Talk:
    """A conversation that began on a page, and an agent."""
    person = await it.write(lambda s: add_user(s, "noor@shop.example", "Noor", "agent", "a long enough password"))

    def begin(session: Session) -> str:
        return conversations.start(session, language="nl", page_url=PAGE)[0].id

    return Talk(it, await it.write(begin), person)


async def test_a_question_answered_by_hand_comes_in_with_the_reply(it: State, talk: Talk) -> None:
    await talk.by_an_agent(("customer", "hoi"), ("customer", ENGRAVE), ("agent", CARD), ("agent", "Fijne dag!"))
    assert await seeking.seek(it, talk.id)
    (question,) = await talk.backlog()
    assert (question.text, question.reason, question.page) == (ENGRAVE, "by_hand", "/lampen/tafellamp")
    assert question.reply == "Ja, dat kan. Mail naar [email], je kaart was [code].\n\nFijne dag!"
    assert question.evidence["verdict"] == "unknown"
    assert question.spent_s is not None


async def test_seeking_again_writes_nothing_twice(it: State, talk: Talk) -> None:
    await talk.by_an_agent(("customer", ENGRAVE), ("agent", CARD))
    for _ in range(2):
        assert await seeking.seek(it, talk.id)
    assert len(await talk.backlog()) == 1


async def test_an_answer_that_did_not_help_comes_in(it: State, talk: Talk, scripted: ScriptedBot) -> None:
    await talk.add("customer", "text", "hoe lang duurt de levering", client_id="a")
    await it.write(_owed, talk.id)
    await take_turns(it, talk.id)
    await talk.add("customer", "helped", "Nee", client_id="b", data={"value": False})
    await it.write(_owed, talk.id)
    await take_turns(it, talk.id)
    assert await talk.backlog() == []
    assert await seeking.seek(it, talk.id)
    (question,) = await talk.backlog()
    assert (question.text, question.reason, question.topic) == ("hoe lang duurt de levering", "not_helped", "shop")


def _owed(session: Session, conversation_id: str) -> None:
    conversation = conversations.locked(session, conversation_id)
    conversation.customer_seq = conversation.last_seq


async def test_the_moment_of_a_handoff_keeps_topic_and_page_and_a_more_telling_reason_follows(
    it: State, talk: Talk, scripted: ScriptedBot
) -> None:
    await talk.add("customer", "text", "hoe lang duurt de levering", client_id="a")
    await it.write(_owed, talk.id)
    await take_turns(it, talk.id)
    await talk.add("customer", "helped", "Nee", client_id="b", data={"value": False})
    await it.write(_owed, talk.id)
    scripted.says = lambda body: [act("handoff", reason="requested")]
    await take_turns(it, talk.id)
    (question,) = await talk.backlog()
    assert (question.reason, question.topic, question.page) == ("requested", "shop", "/lampen/tafellamp")
    assert await seeking.seek(it, talk.id)
    (question,) = await talk.backlog()
    assert question.reason == "not_helped"


async def test_a_low_rating_comes_in_although_no_row_was_added(it: State, talk: Talk) -> None:
    await talk.add("customer", "text", "hoe lang duurt de levering", client_id="a")
    await it.write(_owed, talk.id)
    await take_turns(it, talk.id)
    assert await seeking.seek(it, talk.id)
    later = now() + timedelta(minutes=1)
    assert talk.id not in await it.read(seeking.unsought, later)
    await it.write(lambda s: s.add(Rating(conversation_id=talk.id, score=2)))
    await it.write(seeking.look_again, talk.id)
    assert talk.id in await it.read(seeking.unsought, later)
    assert await seeking.seek(it, talk.id)
    assert [q.reason for q in await talk.backlog()] == ["low_rating"]


async def test_agents_minutes_are_shared_and_waits_are_from_handoff_to_taken(it: State, talk: Talk) -> None:
    await talk.by_an_agent(
        ("customer", ENGRAVE), ("agent", "Ja."), ("customer", "Doen jullie mee aan Black Friday?"), ("agent", "Nee.")
    )

    def timed(session: Session) -> None:
        handling = session.exec(select(Handling)).one()
        handling.ended_at = handling.began_at + timedelta(seconds=600)

    await it.write(timed)
    assert await seeking.seek(it, talk.id)
    first, second = await talk.backlog()
    assert [(q.reply, q.spent_s, q.waited_s) for q in (first, second)] == [("Ja.", 300, None), ("Nee.", 300, None)]


async def test_who_waited_before_it_was_taken_is_known(it: State, talk: Talk, scripted: ScriptedBot) -> None:
    await talk.add("customer", "text", ENGRAVE, client_id="a")
    await it.write(_owed, talk.id)
    await take_turns(it, talk.id)
    await talk.owner("agent", "queue")

    def later(session: Session) -> None:
        rows = {m.kind: m for m in session.exec(select(Message)).all()}
        rows["assigned"].at = rows["handed_over"].at + timedelta(seconds=90)

    await it.write(later)
    assert await seeking.seek(it, talk.id)
    (question,) = await talk.backlog()
    assert (question.waited_s, question.spent_s) == (90, None)  # she has it still


async def test_what_was_asked_in_one_breath_shares_the_reply(it: State, talk: Talk) -> None:
    await talk.by_an_agent(
        ("customer", ENGRAVE), ("customer", "Doen jullie mee aan Black Friday?"), ("agent", "Ja, en nee.")
    )
    await seeking.seek(it, talk.id)
    assert [q.reply for q in await talk.backlog()] == ["Ja, en nee."] * 2


async def test_a_hidden_reply_vanishes_from_the_backlog_at_once_and_comes_back(it: State, talk: Talk) -> None:
    await talk.by_an_agent(("customer", ENGRAVE), ("agent", "Ja."), ("agent", CARD))
    await seeking.seek(it, talk.id)
    seq = next(m.seq for m in await it.read(conversations.messages_after, talk.id) if m.text == CARD)
    ada = await it.write(lambda s: add_user(s, "ada@shop.example", "Ada", "admin", "a long enough password"))
    await it.write(hiding.hide, talk.id, ada, seq)
    (question,) = await talk.backlog()
    assert question.reply == "Ja.\n\n[hidden]"
    await seeking.seek(it, talk.id)
    assert [q.reply for q in await talk.backlog()] == ["Ja."]
    await it.write(hiding.show_again, talk.id, ada, seq)
    await seeking.seek(it, talk.id)
    assert "graveren" not in str((await talk.backlog())[0].reply)
    assert "[email]" in str((await talk.backlog())[0].reply)


async def test_hidden_while_it_is_read_is_read_again(it: State, talk: Talk) -> None:
    await talk.by_an_agent(("customer", ENGRAVE), ("agent", "Ja."))
    sought = await it.read(seeking.look, talk.id)
    ada = await it.write(lambda s: add_user(s, "ada@shop.example", "Ada", "admin", "a long enough password"))
    seq = sought.asked[0].seq
    await it.write(hiding.hide, talk.id, ada, seq)
    assert await it.write(seeking.keep, sought, [], {}) is False
    assert await seeking.seek(it, talk.id)
    assert await talk.backlog() == []


async def test_only_quiet_conversations_in_which_the_bot_owes_nothing_are_sought(it: State, talk: Talk) -> None:
    assert await it.read(seeking.unsought, now() + timedelta(minutes=1)) == []
    await talk.add("customer", "text", ENGRAVE, client_id="a")
    assert await it.read(seeking.unsought, now()) == []
    assert await it.read(seeking.unsought, now() + timedelta(minutes=1)) == [talk.id]
    await it.write(_owed, talk.id)
    assert await it.read(seeking.unsought, now() + timedelta(minutes=1)) == []
    await talk.owner("closed", "bot")
    other = await started(it)
    assert await it.read(seeking.unsought, now() + timedelta(minutes=1), {other}) == [talk.id]
    assert await it.read(seeking.unsought, now() + timedelta(minutes=1), {talk.id}) == []


async def test_it_runs_by_itself_and_one_that_fails_keeps_nobody(
    it: State, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Talk(it, await started(it), talk.person)
    for one in (broken, talk):
        await one.by_an_agent(("customer", ENGRAVE), ("agent", "Ja."))
    plain = seeking.seek

    async def seek(it: State, conversation_id: str) -> bool:
        if conversation_id == broken.id:
            raise ValueError("as it would be")
        return await plain(it, conversation_id)

    monkeypatch.setattr(seeking, "seek", seek)
    monkeypatch.setattr(seeking, "QUIET", timedelta(0))
    monkeypatch.setattr(seeking, "LOOK_S", 0.02)
    it.background(seeking.keep_seeking(it))
    async with asyncio.timeout(10):
        while (await now_is(it, talk.id)).sought_seq == 0:
            await asyncio.sleep(0.02)
    assert len(await talk.backlog()) == 1
    assert await broken.backlog() == []
    monkeypatch.setattr(seeking, "AGAIN", timedelta(seconds=0.02))
    monkeypatch.setattr(seeking, "seek", plain)  # what was the matter is over
    async with asyncio.timeout(10):
        while not await broken.backlog():
            await asyncio.sleep(0.02)
