"""Mails of promises and of what was not seen, against a real SMTP server: once, and only to who left an address."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from handoff import contact, conversations, postman, presence, promise_mail, promises, queue, reminders, unseen
from handoff.contact import Wish
from handoff.db import reading
from handoff.desk_models import Promise
from handoff.models import Conversation, Mail, Message, Person
from handoff.state import State
from kb.models import now

from .asking import AN, Processes, text
from .postoffice import Taking, open_office
from .shop import agent, here, in_line, steps

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def looked(it: State) -> None:
    """One look of the reminders, and everything queued is sent."""
    await reminders.look(it)
    await postman.send_due(it)


def talk(session: Session, email: str | None = AN, language: str = "nl") -> tuple[Conversation, Person]:
    """A conversation that Noor has; its customer has seen what is there."""
    noor = session.exec(select(Person).where(Person.name == "Noor Bakker")).first() or agent(session)
    her = in_line(session, language=language)
    queue.claim(session, her.id, noor)
    her.customer_email, her.customer_seen_seq = email, her.last_seq
    return her, noor


def aged(session: Session, by: timedelta = 2 * MINUTE) -> None:
    """Everything that was said and promised was that much earlier."""
    for message in session.exec(select(Message)).all():
        message.at -= by
    for promise in session.exec(select(Promise)).all():
        promise.made_at -= by


async def test_what_the_shop_promises_is_confirmed_moved_and_kept_by_mail(office: tuple[State, Taking]) -> None:
    it, taking = office

    def leaves(session: Session) -> Promise:
        return contact.leave(session, in_line(session).id, Wish("w", "answer", AN), mail=True)

    promise = await it.write(leaves)
    for _ in range(2):
        await looked(it)
    (made,) = taking.taken
    assert taking.to == [AN]
    assert made["Subject"].startswith("Lantaarn: je krijgt antwoord, uiterlijk ")
    assert f"https://chat.lamp.example/c/{promise.conversation_id}." in text(made)
    assert "{" not in text(made) + made["Subject"]

    noor = await it.write(agent)
    due = now() + timedelta(days=3)
    await it.write(promises.move, promise.id or 0, noor, due, revision=1)
    await it.write(promises.move, promise.id or 0, noor, due + HOUR, revision=2)  # before the mail of the first went
    for _ in range(2):
        await looked(it)
    assert [m["Subject"] for m in taking.taken[1:]] == ["Lantaarn: je antwoord komt op een ander moment"]

    await it.write(promises.take, promise.id or 0, noor)
    await it.write(queue.reply, promise.conversation_id, noor, "r", "Ja: er zit een **dimmer** in.")
    await it.write(promises.keep, promise.id or 0, noor)
    for _ in range(2):
        await looked(it)
    await it.write(aged)
    await looked(it)
    (kept,) = taking.taken[2:]
    assert kept["Subject"] == "Lantaarn: zoals beloofd"
    assert "Zoals beloofd heeft Noor het voor je uitgezocht.\n\nJa: er zit een **dimmer** in." in text(kept)


async def test_a_call_is_confirmed_in_her_language(office: tuple[State, Taking]) -> None:
    it, taking = office

    def leaves(session: Session) -> Promise:
        her, start = in_line(session, language="en"), contact.free_windows(session, now())[0][0]
        return contact.leave(session, her.id, Wish("w", "call", AN, "0612345678", start), mail=True)

    await it.write(leaves)
    await looked(it)
    (made,) = taking.taken
    assert made["Subject"].startswith("Lantaarn: we'll call you ")
    assert "between" in text(made)


async def test_who_left_no_address_gets_no_mail(office: tuple[State, Taking]) -> None:
    it, taking = office

    def everything(session: Session) -> None:
        for email in (None, "an,bob@klant.example"):
            her, noor = talk(session, email)
            queue.reply(session, her.id, noor, "r", "Hier ben ik.")
            promise = promises.make(session, her.id, noor, now() + HOUR, client_id="p")
            promises.move(session, promise.id or 0, noor, now() + 2 * HOUR, revision=1)
            promises.keep(session, promise.id or 0, noor)
            aged(session)

    await it.write(everything)
    for _ in range(2):
        await looked(it)
    assert taking.taken == []
    assert await it.read(promise_mail.untold, now()) == []  # an address that is none is looked at once
    assert await it.read(unseen.conversations_with, now()) == []


async def test_unseen_messages_go_in_one_mail_once(office: tuple[State, Taking]) -> None:
    it, taking = office

    def said(session: Session) -> str:
        her, noor = talk(session)
        queue.reply(session, her.id, noor, "r1", "Eerst dit.")
        queue.note(session, her.id, noor, "n1", "alleen voor ons")
        return her.id

    id_ = await it.write(said)
    await looked(it)
    assert taking.taken == []  # she has a minute to see it
    await it.write(aged)
    noor = (await it.read(lambda s: s.exec(select(Person)).all()))[0]
    await it.write(queue.reply, id_, noor, "r2", "En dan dat.")  # said this moment: it goes along
    for _ in range(3):
        await looked(it)
    await it.write(aged)
    await looked(it)
    (mail,) = taking.taken
    assert mail["Subject"] == "Noor van Lantaarn heeft je geantwoord"
    assert "Eerst dit.\n\nEn dan dat." in text(mail)
    assert "alleen voor ons" not in text(mail)
    await it.write(queue.reply, id_, noor, "r3", "Nog iets.")
    await it.write(queue.close, id_, noor)
    await it.write(aged)
    await looked(it)
    assert len(taking.taken) == 2
    assert "Nog iets." in text(taking.taken[1])
    assert "Eerst" not in text(taking.taken[1])


async def test_what_she_saw_or_nobody_may_see_is_not_mailed(office: tuple[State, Taking]) -> None:
    it, taking = office

    def said(session: Session) -> None:
        for hide in (False, True):
            her, noor = talk(session)
            row = queue.reply(session, her.id, noor, "r", "Gezien, of verborgen.")
            if hide:
                row.hidden_at = now()
            else:
                her.customer_seen_seq = row.seq
        her, noor = talk(session)
        row = queue.reply(session, her.id, noor, "r", "Van eergisteren.")
        session.flush()
        aged(session)
        row.at -= unseen.LOOK_BACK

    await it.write(said)
    await looked(it)
    assert taking.taken == []


async def test_a_crash_between_and_two_processes_send_nothing_twice(processes: Processes) -> None:
    with open_office() as (taking, port):
        one, two = processes(port), processes(port)

        def begin(session: Session) -> tuple[str, int]:
            her, noor = talk(session)
            queue.reply(session, her.id, noor, "r", "Dit las ze niet.")
            promise = contact.leave(session, in_line(session).id, Wish("w", "answer", AN), mail=True)
            aged(session)
            return her.id, promise.id or 0

        id_, promise_id = await one.write(begin)

        def crashes(session: Session) -> None:
            unseen.mail(session, one.settings, id_, now())
            promise_mail.tell(session, one.settings, promise_id)
            raise RuntimeError("power cut")

        with pytest.raises(RuntimeError):
            await one.write(crashes)
        await asyncio.gather(*(reminders.look(it) for it in (one, two, one, two)))
        await asyncio.gather(*(postman.send_due(it) for it in (one, two)))
        await looked(two)
        assert len(taking.taken) == 2
        assert sorted("Dit las ze niet." in text(m) for m in taking.taken) == [False, True]


async def test_an_agents_promise_is_mailed_to_who_did_not_see_it(office: tuple[State, Taking]) -> None:
    it, taking = office

    def promised(session: Session) -> None:
        for seen in (True, False):
            her, noor = talk(session)
            promises.make(session, her.id, noor, now() + timedelta(days=1), client_id="p")
            her.customer_seen_seq = her.last_seq if seen else 0

    await it.write(promised)
    await looked(it)
    assert taking.taken == []
    await it.write(aged)
    for _ in range(2):
        await looked(it)
    assert len(taking.taken) == 1


async def test_without_a_mail_server_nothing_is_put_by(processes: Processes) -> None:
    it = processes()

    def promised(session: Session) -> None:
        her, noor = talk(session)
        promise = promises.make(session, her.id, noor, now() + 10 * MINUTE, client_id="p")
        queue.reply(session, her.id, noor, "r", "Hoi.")
        aged(session)
        promises.keep(session, promise.id or 0, noor)
        other, _ = talk(session)
        promises.make(session, other.id, noor, now() + 10 * MINUTE, client_id="p")

    await it.write(promised)
    await reminders.look(it)
    with reading(it.engine) as session:
        assert session.exec(select(Mail)).all() == []
        assert [p.reminded_at is not None for p in promises.open_list(session)] == [True]


async def test_who_promised_is_reminded_once_and_by_mail_where_she_is_away(office: tuple[State, Taking]) -> None:
    it, taking = office

    def promised(session: Session) -> list[int]:
        found = []
        for name, minutes in (("Noor Bakker", 29), ("Sam Peeters", 29), ("Iris de Wit", 31), ("Ada Smit", -5)):
            person = agent(session, name)
            if name.startswith("Noor"):
                here(session, person)
            her = in_line(session)
            queue.claim(session, her.id, person)
            due = now() + (minutes + 60) * MINUTE
            promise = promises.make(session, her.id, person, due, client_id="p", note="vraag de fabriek")
            promise.due_at -= HOUR
            found.append(promise.id or 0)
        return found

    ids = await it.write(promised)
    with it.bus.subscribe("desk") as told:
        for _ in range(2):
            await looked(it)
        assert len(await told.next()) == 3
    assert sorted(taking.to) == ["ada@shop.example", "sam@shop.example"]
    again = [await it.write(reminders.remind, it.settings, id_, now()) for id_ in ids]  # as a second process would
    assert again == [None] * 4
    assert "vraag de fabriek" in text(taking.taken[0])
    assert "https://chat.lamp.example/desk/" in text(taking.taken[0])
    sam = ids[1]

    def moves(session: Session) -> datetime:
        person = session.exec(select(Person).where(Person.name == "Sam Peeters")).one()
        return promises.move(session, sam, person, now() + 20 * MINUTE, revision=1).due_at

    await it.write(moves)
    await looked(it)
    assert taking.to.count("sam@shop.example") == 2  # of another time he is reminded anew


async def test_it_runs_by_itself_and_goes_on_after_a_failure(
    office: tuple[State, Taking], monkeypatch: pytest.MonkeyPatch
) -> None:
    it, taking = office
    monkeypatch.setattr(reminders, "LOOK_S", 0.05)
    monkeypatch.setattr(reminders, "BREATH_S", 0.01)
    real, failed = reminders.soon, []

    def fails_once(session: Session, at: datetime) -> list[int]:
        if not failed:
            failed.append(1)
            raise RuntimeError("no database")
        return real(session, at)

    monkeypatch.setattr(reminders, "soon", fails_once)
    it.background(reminders.keep_reminding(it))
    it.background(postman.send_mail(it))

    def leaves(session: Session) -> Promise:
        return contact.leave(session, in_line(session).id, Wish("w", "answer", AN), mail=True)

    await it.write(leaves)
    async with asyncio.timeout(10):
        while not taking.taken:
            await asyncio.sleep(0.02)
    assert failed == [1]


def test_the_promise_is_in_the_timeline_whether_mails_go_or_not(session: Session) -> None:
    her, noor = talk(session, None)
    promise = promises.make(session, her.id, noor, now() + HOUR, client_id="p")
    promises.keep(session, promise.id or 0, noor)
    assert steps(session, her)[-2:] == ["promised", "promise_kept"]
    assert conversations.get(session, her.id).shown_seq == her.last_seq
    assert presence.held_counts(session) == {noor.id: 1}


async def test_desk_and_customer_hear_of_a_promise_that_became_late(office: tuple[State, Taking]) -> None:
    it, _ = office

    def promised(session: Session) -> Promise:
        her, noor = talk(session, None)
        return promises.make(session, her.id, noor, now() + HOUR, client_id="p")

    promise = await it.write(promised)
    due, second = promise.due_at, timedelta(seconds=1)
    assert await it.read(reminders.became_late, due - second, due) == [promise.conversation_id]
    assert await it.read(reminders.became_late, due, due + second) == []
    assert await it.read(reminders.became_late, due - 2 * second, due - second) == []


async def test_a_photo_is_named_in_the_mail(office: tuple[State, Taking]) -> None:
    it, taking = office

    def sent(session: Session) -> None:
        her, noor = talk(session)
        row = queue.reply(session, her.id, noor, "r", "IMG_1.jpg")
        row.file_id, row.data = "x", {"photo": True, "captioned": False}
        session.flush()
        aged(session)

    await it.write(sent)
    await looked(it)
    assert "\n\nFoto\n\n" in text(taking.taken[0])


async def test_a_mistake_in_the_address_is_made_good(office: tuple[State, Taking]) -> None:
    it, taking = office

    def leaves(session: Session) -> Promise:
        return contact.leave(session, in_line(session).id, Wish("w", "answer", "am@klant.example"), mail=True)

    promise = await it.write(leaves)
    await looked(it)

    def another(session: Session, email: str) -> None:
        her = contact.set_address(session, promise.conversation_id, email)
        promise_mail.confirm(session, it.settings, her, promises.get(session, promise.id or 0))

    for email in ("an@klant.example", "an@klant.example", "am@klant.example"):
        await it.write(another, email)
        await looked(it)
    assert taking.to == ["am@klant.example", "an@klant.example"]
