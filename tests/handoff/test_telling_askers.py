"""Everyone who asked is told, once, where she is: the chat, by mail, through her agent; never who knows already."""

import re
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from handoff import (
    askers,
    contact,
    conversations,
    entry_days,
    given,
    matters,
    no_mail,
    promises,
    queue,
    reminders,
    tell_askers,
    told_counts,
    told_later,
)
from handoff.contact import Wish
from handoff.desk_models import Promise
from handoff.editor_models import Cause, Told
from handoff.incoming import Incoming, receive
from handoff.models import Message, Person
from handoff.problems import Forbidden, NotFound
from handoff.state import State
from kb import decisions, entries
from kb.models import Question, QuestionGroup, now

from .asking import AN, ANSWER, BO, approved, ask_more, asks, group_of, looked, said, text, told
from .postoffice import Taking
from .shop import agent

MINUTE = timedelta(minutes=1)
PLAIN = "Stuur ons een foto van de bon. Zie je bon (https://chat.lamp.example/cadeaubon)."


async def test_who_is_there_reads_it_and_who_left_an_address_gets_one_mail(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> tuple[str, str, str, str]:
        group = group_of(session)
        here, away = asks(session, group), asks(session, group, AN, "closed")
        sees, gone = asks(session, group, BO), asks(session, group)
        approved(session, group)
        return here.id, away.id, sees.id, gone.id

    here, away, sees, gone = await it.write(fill)
    await looked(it, timedelta())  # nobody is told before it is ripe
    assert await it.read(told) == {}
    await looked(it, timedelta(seconds=30))
    assert await it.read(told) == dict.fromkeys((here, away, sees, gone), "left")
    assert taking.taken == []

    def look_at_it(session: Session) -> None:
        for id_ in (here, sees):
            her = conversations.get(session, id_)
            assert said(session, her) == [("system", "approved_answer"), ("bot", "answer")]
            her.customer_seen_seq = her.last_seq

    await it.write(look_at_it)
    for _ in range(3):
        await looked(it)
    assert await it.read(told) == {here: "chat", sees: "chat", away: "mail", gone: "left"}
    (mail,) = taking.taken
    assert taking.to == [AN]
    assert mail["Subject"] == "Lantaarn: er is een antwoord op je vraag"
    assert re.match("Op een vraag van jou hebben we nu een antwoord: “Pincode weggekrast [^”]+”\n\n", text(mail))
    assert f"”\n\n{PLAIN}\n\n" in text(mail)
    assert "mijn pincode" not in text(mail)  # her own words could be a stranger's, sent to somebody else's address
    assert f"https://chat.lamp.example/c/{away}." in text(mail)
    assert "{" not in text(mail) + mail["Subject"]
    link = re.search(r"https://chat.lamp.example/no-mail/\S+", text(mail))
    assert link
    assert mail["List-Unsubscribe"] == f"<{link[0]}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_nobody_gets_a_mail_twice_in_whatever_number_of_conversations(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> None:
        first, second = group_of(session), group_of(session, "Pin onleesbaar")
        for group in (first, first, second):
            asks(session, group, AN, "closed")
        both = asks(session, first, BO, "closed")
        row = conversations.add(session, both, "customer", "text", "en mijn pin is onleesbaar")
        ask_more(session, second, both, row)
        key = approved(session, first)
        decisions.approve(session, second.id or 0, answer="", language="nl", merge_into=key, by="els")

    await it.write(fill)
    for _ in range(3):
        await looked(it)
    assert sorted(taking.to) == [AN, BO]
    assert set((await it.read(told)).values()) == {"mail"}
    assert len(await it.read(told)) == 4


async def test_who_asks_anew_after_her_mail_gets_another_when_that_is_answered(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> str:
        group = group_of(session)
        asks(session, group, AN, "closed")
        return approved(session, group)

    key = await it.write(fill)
    for _ in range(2):
        await looked(it)

    def again(session: Session) -> None:
        group = group_of(session, "Pin onleesbaar")
        for _ in range(2):
            asks(session, group, AN, "closed")
        entries.change_entry(session, key, "nl", {"answer": "Kom maar langs."}, None, "els")
        decisions.approve(session, group.id or 0, answer="", language="nl", merge_into=key, by="els")

    await it.write(again)
    for _ in range(2):
        await looked(it)
    assert taking.to == [AN, AN]
    assert "Kom maar langs." in text(taking.taken[1])
    assert set((await it.read(told)).values()) == {"mail"}


async def test_what_was_taken_back_keeps_nobody_from_her_mail(office: tuple[State, Taking]) -> None:
    it, _ = office

    def fill(session: Session) -> tuple[int, str]:
        back, stays = group_of(session), group_of(session)
        asks(session, back, AN, "closed")
        her = asks(session, stays, BO, "closed")
        for group in (back, stays):
            approved(session, group)
        return back.id or 0, her.id

    group_id, her = await it.write(fill)
    await looked(it, timedelta(seconds=30))
    await it.write(lambda session: decisions.reopen(session, group_id, by="els"))

    def first(session: Session) -> list[str]:
        found = told_later.unsettled(session, it.settings, now() + 2 * MINUTE, limit=1)
        return [session.get_one(Told, id_).conversation_id for id_ in found]

    assert await it.read(first) == [her]
    it.settings.smtp_url = ""
    assert await it.read(first) == []


@pytest.mark.parametrize("owner", ["bot", "closed"])
async def test_an_answer_that_was_told_counts_as_given_and_a_no_to_it_as_rejected(
    office: tuple[State, Taking], owner: str
) -> None:
    it, _ = office

    def fill(session: Session) -> tuple[str, str]:
        group = group_of(session)
        her = asks(session, group, owner=owner)
        asked = session.exec(select(Message).where(Message.conversation_id == her.id, Message.kind == "text")).one()
        asked.data = {"act": "answer", "evidence": {"verdict": "answer"}}
        return her.id, approved(session, group)

    her, key = await it.write(fill)
    await looked(it)
    await it.write(receive, her, Incoming(client_id="h", kind="helped", value=False))

    def press(session: Session) -> None:
        conversation = conversations.get(session, her)
        pressed = session.exec(select(Message).where(Message.conversation_id == her, Message.kind == "helped")).one()
        for _ in range(2):
            given.count(session, conversation, pressed, [])

    await it.write(press)
    tally = (await it.read(entry_days.since, date(2000, 1, 1)))[key, "nl"]
    assert (tally.answered, tally.rejected) == (1, 1)


async def test_who_wants_no_mails_gets_none_but_reads_it_when_she_comes_back(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> str:
        group = group_of(session)
        her = asks(session, group, AN, "closed")
        no_mail.stop(session, no_mail.hashed(" An@Klant.example"))
        approved(session, group)
        return her.id

    her = await it.write(fill)
    for _ in range(2):
        await looked(it)
    assert taking.taken == []
    assert await it.read(told) == {her: "left"}

    def comes_back(session: Session) -> None:
        conversation = conversations.get(session, her)
        conversation.customer_seen_seq = conversation.last_seq

    await it.write(comes_back)
    await looked(it)
    assert await it.read(told) == {her: "chat"}


async def test_a_promise_on_it_is_kept_and_mailed_at_once_to_who_wants_no_news_too(
    office: tuple[State, Taking],
) -> None:
    it, taking = office

    def fill(session: Session) -> tuple[str, int, int]:
        group = group_of(session)
        her = asks(session, group, owner="queue")
        no_mail.stop(session, no_mail.hashed(AN))
        promise = contact.leave(session, her.id, Wish("w", "answer", AN), mail=True)
        other = asks(session, group_of(session, "Iets anders"), owner="queue")
        elsewhere = contact.leave(session, other.id, Wish("w", "answer", BO), mail=True)
        approved(session, group)
        return her.id, promise.id or 0, elsewhere.id or 0

    her, promise_id, elsewhere = await it.write(fill)
    await reminders.look(it)  # what was promised is confirmed
    await looked(it, timedelta(seconds=30))
    for _ in range(2):
        await reminders.look(it)
        await looked(it)
    to_her = [m for m, to in zip(taking.taken, taking.to, strict=True) if to == AN]
    assert [m["Subject"] for m in to_her][1:] == ["Lantaarn: zoals beloofd, je antwoord"]
    assert PLAIN in text(to_her[1])
    assert to_her[1]["List-Unsubscribe"] is None

    def check(session: Session) -> None:
        promise = promises.get(session, promise_id)
        assert promise.kept_at
        assert promises.is_open(promises.get(session, elsewhere))
        found = said(session, conversations.get(session, her))
        assert found[-2:] == [("system", "promise_kept"), ("bot", "answer")]
        assert told(session) == {her: "mail"}

    await it.read(check)


async def test_a_promised_call_and_a_promise_on_another_question_stay_open(office: tuple[State, Taking]) -> None:
    it, _ = office

    def fill(session: Session) -> tuple[str, str]:
        group = group_of(session)
        call, other = asks(session, group), asks(session, group)
        for her, kind in ((call, "call"), (other, "answer")):
            if her is other:
                row = conversations.add(session, her, "customer", "text", "en waar is mijn pakje?")
                ask_more(session, group_of(session, "Waar is mijn pakje?"), her, row)
            at = now()
            from_at = at + MINUTE if kind == "call" else None
            promises.add(session, her, f"p{kind}", kind=kind, from_at=from_at, due_at=at + 60 * MINUTE)
        approved(session, group)
        return call.id, other.id

    ids = await it.write(fill)
    await looked(it)

    def check(session: Session) -> None:
        assert set(told(session)) == set(ids)
        assert all(promises.open_of(session, id_) for id_ in ids)

    await it.read(check)


async def test_an_agents_customer_is_told_by_the_agent_with_one_click(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> tuple[str, Person, Person]:
        group, noor, sam = group_of(session), agent(session), agent(session, "Sam Peeters")
        her = asks(session, group, AN, "queue")
        queue.claim(session, her.id, noor)
        promises.make(session, her.id, noor, now() + 60 * MINUTE, client_id="p")
        approved(session, group)
        return her.id, noor, sam

    her, noor, sam = await it.write(fill)
    for _ in range(3):
        await looked(it)
    assert await it.read(told) == {}
    rows = await it.read(lambda s: conversations.messages_after(s, her, 0, notes=True))
    assert [r.kind for r in rows][-1] == "note"
    assert sum(r.kind == "note" for r in rows) == 1
    assert "Stuur ons een foto van de bon." in rows[-1].text
    note = rows[-1].seq
    assert all(r.kind != "note" for r in await it.read(lambda s: conversations.messages_after(s, her, 0)))
    assert [m for m in taking.taken if "antwoord op je vraag" in m["Subject"]] == []

    with pytest.raises(Forbidden):
        await it.write(tell_askers.by_agent, her, sam, note)
    for seq in (0, 1, note + 50):
        with pytest.raises(NotFound):
            await it.write(tell_askers.by_agent, her, noor, seq)
    sent = await it.write(tell_askers.by_agent, her, noor, note)
    assert (sent.author, sent.kind, sent.text, sent.author_id) == ("agent", "answer", ANSWER, noor.id)
    assert (await it.write(tell_askers.by_agent, her, noor, note)).id == sent.id
    assert await it.read(told) == {her: "agent"}
    assert (await it.read(lambda s: s.exec(select(Promise)).one())).kept_at
    await it.write(queue.close, her, noor)
    await looked(it)
    assert await it.read(told) == {her: "agent"}


async def test_an_agent_who_does_nothing_leaves_it_to_be_told_when_she_is_done(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> tuple[str, str, Person]:
        group, noor = group_of(session), agent(session)
        ids = []
        for email in (AN, BO):
            her = asks(session, group, email, "queue")
            queue.claim(session, her.id, noor)
            ids.append(her.id)
        approved(session, group)
        return ids[0], ids[1], noor

    silent, spoken, noor = await it.write(fill)
    await looked(it)
    await it.write(queue.reply, spoken, noor, "r", "Stuur maar een foto, dan maken we een nieuwe.")
    for id_ in (silent, spoken):
        await it.write(queue.close, id_, noor)
    for _ in range(2):
        await looked(it)
    assert await it.read(told) == {silent: "mail", spoken: "agent"}
    assert taking.to == [AN]


async def test_who_knows_already_is_not_told(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> dict[str, str]:
        group = group_of(session)
        given, by_hand = asks(session, group), asks(session, group, AN, "queue")
        no_use = asks(session, group, BO, "queue")
        noor = agent(session)
        for her in (by_hand, no_use):
            queue.claim(session, her.id, noor)
            queue.reply(session, her.id, noor, "r", "Stuur maar een foto.")
            queue.hand_back(session, her.id, noor)
        receive(session, no_use.id, Incoming(client_id="h", kind="helped", value=False))
        no_use.handled_seq = no_use.customer_seq
        key = approved(session, group)
        conversations.add(session, given, "bot", "answer", ANSWER, entry_key=key)
        return {given.id: "agent", by_hand.id: "agent", no_use.id: "mail"}

    ways = await it.write(fill)
    for _ in range(2):
        await looked(it)
    assert await it.read(told) == ways
    assert taking.to == [BO]


@pytest.mark.parametrize("how", ["reopened", "withdrawn", "reverted"])
async def test_what_was_taken_back_is_told_no_more(office: tuple[State, Taking], how: str) -> None:
    it, taking = office

    def fill(session: Session) -> tuple[int, str]:
        group = group_of(session)
        asks(session, group, AN, "closed")
        return group.id or 0, approved(session, group)

    group_id, key = await it.write(fill)
    if how != "reverted":
        await looked(it, timedelta(seconds=30))  # told in her conversation, not by mail yet

    def take_back(session: Session) -> None:
        if how == "reopened":
            decisions.reopen(session, group_id, by="els")
        elif how == "withdrawn":
            entries.withdraw_entry(session, key, "nl", None, "els")
        else:
            entries.change_entry(session, key, "nl", {"answer": "Iets anders."}, None, "els")
            entries.revert_entry(session, key, "nl", 1, by="els")

    await it.write(take_back)
    for _ in range(2):
        await looked(it)
    assert taking.taken == []
    assert set((await it.read(told)).values()) <= {"left"}


async def test_a_dismissed_group_hears_the_editors_word_where_there_is_one(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> tuple[str, str]:
        with_word, without = group_of(session), group_of(session, "Verkopen jullie fietsen?")
        her, nobody = asks(session, with_word, AN, "closed"), asks(session, without, BO, "closed")
        word = "Nee, dat kan niet.\n\nProbeer het bij *de buren*."
        decisions.dismiss(session, with_word.id or 0, why="verkopen we niet", word=word, by="els")
        decisions.dismiss(session, without.id or 0, why="geen vraag", word="  ", by="els")
        return her.id, nobody.id

    her, nobody = await it.write(fill)
    for _ in range(2):
        await looked(it)
    assert await it.read(told) == {her: "mail"}
    assert taking.to == [AN]
    word = "Daarover kunnen we je dit zeggen:\n\nNee, dat kan niet.\n\nProbeer het bij de buren."
    assert word in text(taking.taken[0])
    rows = await it.read(lambda s: conversations.messages_after(s, her, 1))
    assert [(r.author, r.kind) for r in rows][-2:] == [("system", "word_on_it"), ("bot", "told")]
    assert await it.read(lambda s: conversations.messages_after(s, nobody, 2)) == []


async def test_who_reported_a_cause_is_told_that_it_was_fixed(office: tuple[State, Taking]) -> None:
    it, taking = office

    def fill(session: Session) -> int:
        cause = Cause(title="Nieuwe bon: opdruk krast los", created_by="els")
        session.add(cause)
        session.flush()
        group = group_of(session)
        group.cause_id = cause.id
        asks(session, group, AN, "closed")
        approved(session, group)
        return cause.id or 0

    cause_id = await it.write(fill)
    await looked(it)

    def fix(session: Session) -> None:
        cause = session.get_one(Cause, cause_id)
        cause.fixed_at, cause.word = now(), "De bonnen hebben een nieuwe opdruk."
        session.flush()
        later = group_of(session)
        later.cause_id = cause_id
        her = asks(session, later, "na@example.org", "closed")
        question = session.exec(select(Question).where(Question.conversation_id == her.id)).one()
        question.at = now() + timedelta(seconds=1)

    await it.write(fix)
    for _ in range(2):
        await looked(it)
    assert "na@example.org" not in taking.to
    assert [m["Subject"] for m in taking.taken][1:] == ["Lantaarn: wat je meldde, is opgelost"]
    assert await it.read(lambda s: told_counts.told_of_cause(s, cause_id).mail) == 1
    assert [row.about for row in await it.read(lambda s: s.exec(select(Told)).all())][1] == f"fixed:{cause_id}"


async def test_the_bots_turn_comes_first(office: tuple[State, Taking]) -> None:
    it, _ = office

    def fill(session: Session) -> str:
        group = group_of(session)
        her = asks(session, group)
        approved(session, group)
        receive(session, her.id, Incoming(client_id="m", text="en wat nu?"))
        return her.id

    her = await it.write(fill)
    await looked(it)
    assert await it.read(told) == {}

    def answered(session: Session) -> None:
        conversation = conversations.get(session, her)
        conversation.handled_seq = conversation.customer_seq

    await it.write(answered)
    await looked(it)
    assert await it.read(told) == {her: "left"}


async def test_the_editor_sees_who_would_be_told_and_what_they_said(office: tuple[State, Taking]) -> None:
    it, _ = office

    def fill(session: Session) -> tuple[int, list[str]]:
        group, noor = group_of(session), agent(session)
        people = [asks(session, group), asks(session, group), asks(session, group, AN, "closed")]
        people.append(asks(session, group, None, "closed"))
        held = asks(session, group, owner="queue")
        queue.claim(session, held.id, noor)
        promised = asks(session, group)
        promises.add(session, promised, "p", due_at=now() + 60 * MINUTE)
        return group.id or 0, [p.id for p in people]

    group_id, (one, two, mailed, _) = await it.write(fill)
    would = await it.read(lambda s: askers.would_tell(s, it.settings, s.get_one(QuestionGroup, group_id)))
    assert would == askers.Would(chat=3, mail=1, left=1, agent=1, known=0, promised=1)
    assert would.told == 5

    await it.write(lambda s: approved(s, s.get_one(QuestionGroup, group_id)))
    before = await it.read(lambda s: told_counts.told(s, s.get_one(QuestionGroup, group_id)))
    assert (before.told, before.to_come) == (0, 6)
    assert 0 < before.starts_s <= matters.GRACE_S
    await looked(it)

    def they_say(session: Session) -> None:
        for id_, value in ((one, True), (two, False), (mailed, None)):
            her = conversations.get(session, id_)
            her.customer_seen_seq = her.last_seq
            more = {"text": "dank!"} if value is None else {"kind": "helped", "value": value}
            receive(session, id_, Incoming(client_id="said", **more))
            her.handled_seq = her.customer_seq

    await it.write(they_say)
    await looked(it)
    after = await it.read(lambda s: told_counts.told(s, s.get_one(QuestionGroup, group_id)))
    assert (after.chat, after.mail, after.left, after.agent, after.with_agents, after.to_come) == (2, 1, 2, 0, 1, 0)
    assert (after.helped, after.not_helped, after.wrote, after.unsent) == (1, 1, 1, 0)
