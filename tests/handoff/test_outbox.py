"""The outbox: one mail for each key, leased to one sender, tried again and given up; and the postman who empties it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import conversations, outbox, postman
from handoff.app import make_state
from handoff.db import reading, writing
from handoff.letters import to_customer
from handoff.mail import compose
from handoff.models import Mail
from handoff.outbox import BACKOFF, LEASE, TRIES, due, failed, given_up, queue_mail, sent
from handoff.problems import Invalid
from handoff.settings import Settings
from handoff.state import State
from handoff.texts import fill, shipped
from kb.models import now

from .conftest import stop
from .postoffice import closed_counter, free_port, open_office

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def put(session: Session, key: str = "k", **more: Any) -> Mail:
    given = {"to": "an@klant.example", "language": "nl", "subject": "Antwoord", "text": "Dag An."}
    return queue_mail(session, key=key, **given | more)


def put_at(session: Session, at: datetime, key: str = "k") -> Mail:
    mail = put(session, key)
    mail.due_at = at
    session.flush()
    return mail


def leased(session: Session, at: datetime) -> Mail:
    (mail,) = due(session, at=at)
    return mail


def test_the_same_key_is_the_same_mail(session: Session) -> None:
    conversation = conversations.start(session, language="nl")[0]
    first = put(session, subject=" Twee\r\nregels ", text="Hé 👋🏽\x00\r\nمرحبا", conversation_id=conversation.id)
    again = put(session, to="bob@klant.example", text="Anders")
    assert again.id == first.id
    assert (again.to, again.subject, again.text) == ("an@klant.example", "Twee regels", "Hé 👋🏽\nمرحبا")
    assert put(session, "k2").id != first.id


def test_asking_at_the_same_moment_is_one_mail_too(engine: Engine) -> None:
    def ask(n: int) -> int | None:
        with writing(engine) as session:
            mail = put(session, "same", text=f"versie {n}")
            time.sleep(0.02)
            return mail.id

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(ask, range(16)))
    assert len(ids) == 1
    assert None not in ids


def test_a_mail_goes_with_its_transaction(engine: Engine) -> None:
    def fails() -> None:
        with writing(engine) as session:
            put(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    with writing(engine) as session:
        assert due(session) == []
        put(session)
    with writing(engine) as session:
        assert len(due(session)) == 1


@pytest.mark.parametrize(
    "bad",
    [{"to": "nobody"}, {"to": ""}, {"to": "a@b.example\nBcc: c@d.example"}, {"language": "fr"}, {"language": ""},
     {"text": ""}, {"text": " \x00\n"}, {"key": ""}, {"key": "x" * 121}],
)  # fmt: skip
def test_what_cannot_be_a_mail_is_refused(session: Session, bad: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        put(session, **bad)
    assert session.exec(select(Mail)).all() == []


def test_huge_words_fit(session: Session) -> None:
    mail = put(session, subject="x" * 1_000_000, text="👋" * 1_000_000)
    assert (len(mail.subject), len(mail.text)) == (300, 1_000_000)


def test_mails_are_leased_in_order_to_one_sender(session: Session) -> None:
    later, first = put_at(session, AT + MINUTE, "c"), put_at(session, AT - MINUTE, "a")
    second = put_at(session, AT, "b")
    assert [m.key for m in due(session, at=AT, limit=10)] == ["a", "b"]
    assert due(session, at=AT, limit=10) == []
    assert [m.key for m in due(session, at=AT + MINUTE, limit=10)] == ["c"]
    sent(session, first, at=AT)
    sent(session, later, at=AT)
    assert [m.key for m in due(session, at=AT + LEASE, limit=10)] == ["b"]
    assert second.attempts == 2


def test_a_sender_that_died_leaves_the_same_mail(session: Session) -> None:
    put_at(session, AT)
    settings = Settings(_env_file=None, mail_from="hallo@lamp.example")
    mark = compose(leased(session, AT), settings)["Message-ID"]
    assert due(session, at=AT + LEASE - MINUTE) == []
    session.expire_all()
    assert compose(leased(session, AT + LEASE), settings)["Message-ID"] == mark


def test_tried_again_ever_later_then_given_up(session: Session) -> None:
    at = AT
    put_at(session, at)
    for number, wait in enumerate(BACKOFF, 1):
        mail = leased(session, at)
        assert mail.attempts == number
        assert failed(session, mail, f"450 later {number}", at=at)
        assert due(session, at=at + wait - timedelta(seconds=1)) == []
        at += wait
    assert failed(session, leased(session, at), "450 \x00still\r\nnot " + "x" * 600, at=at)
    assert due(session, at=at + timedelta(days=365)) == []
    (lost,) = given_up(session)
    session.refresh(lost)
    assert (lost.attempts, lost.sent_at, lost.due_at) == (6, None, None)
    assert lost.error is not None
    assert lost.error.startswith("450 still not xxx")
    assert len(lost.error) == 500
    assert [w.total_seconds() / 60 for w in BACKOFF] == [1, 5, 30, 120, 720]


def test_a_refusal_for_good_is_not_tried_again(session: Session) -> None:
    put_at(session, AT)
    assert failed(session, leased(session, AT), "550 No such person", for_good=True, at=AT)
    assert due(session, at=AT + timedelta(days=365)) == []
    assert [m.error for m in given_up(session)] == ["550 No such person"]


def copy(mail: Mail) -> Mail:
    """What a sender holds: the row as it was leased."""
    return Mail(**mail.model_dump())


def test_a_late_report_does_not_undo_another_sender(session: Session) -> None:
    put_at(session, AT)
    slow = copy(leased(session, AT))
    quick = copy(leased(session, AT + LEASE))
    assert not failed(session, slow, "timed out", at=AT + LEASE)
    assert due(session, at=AT + LEASE) == []  # still the second sender's
    sent(session, slow, at=AT + LEASE)  # it did go
    assert not failed(session, quick, "timed out", at=AT + LEASE)
    assert due(session, at=AT + 99 * LEASE) == []
    assert given_up(session) == []


def test_a_mail_that_kills_every_sender_is_given_up(session: Session) -> None:
    put_at(session, AT)
    for number in range(TRIES):
        leased(session, AT + number * LEASE)
    assert due(session, at=AT + TRIES * LEASE) == []
    assert [m.error for m in given_up(session)] == ["It was tried and never reported on."]


def test_leases_of_many_senders_do_not_overlap(engine: Engine) -> None:
    with writing(engine) as session:
        for number in range(40):
            put(session, f"k{number}")

    def lease(_: int) -> list[int | None]:
        with writing(engine) as session:
            rows = [m.id for m in due(session, limit=3)]
            time.sleep(0.01)
            return rows

    with ThreadPoolExecutor(8) as threads:
        given = [id_ for ids in threads.map(lease, range(16)) for id_ in ids]
    assert len(given) == len(set(given)) == 40


def test_deleting_a_conversation_takes_its_mails_along(session: Session) -> None:
    conversation = conversations.start(session, language="nl")[0]
    put(session, conversation_id=conversation.id)
    put(session, "other")
    session.delete(conversation)
    session.flush()
    assert [m.key for m in session.exec(select(Mail)).all()] == ["other"]


def test_a_mail_to_a_customer_has_the_way_back(session: Session) -> None:
    settings = Settings(_env_file=None, public_url="https://chat.lamp.example", shop_name="Lantaarn")
    for language in ("nl", "en"):
        her = conversations.start(session, language=language, customer_email="an@klant.example")[0]
        mail = to_customer(session, settings, her, "reply", key=f"r{language}", said="Ja, dat kan.", name="Noor")
        assert mail is not None
        words = shipped(language)
        assert mail.subject == fill(words["mail.reply_subject"], name="Noor", shop="Lantaarn")
        assert (mail.to, mail.language, mail.conversation_id) == ("an@klant.example", language, her.id)
        said, answer, back, end = mail.text.split("\n\n")
        assert (said, answer) == (fill(words["mail.reply"], name="Noor"), "Ja, dat kan.")
        assert f"https://chat.lamp.example/c/{her.id}." in back
        assert "30" in back
        assert end == fill(words["mail.signature"], shop="Lantaarn")
        assert "{" not in mail.text + mail.subject


@pytest.mark.parametrize("email", [None, "", "an,bob@klant.example"])
def test_who_left_no_address_gets_no_mail(session: Session, email: str | None) -> None:
    her = conversations.start(session, language="nl", customer_email=email)[0]
    settings = Settings(_env_file=None)
    assert to_customer(session, settings, her, "reply", key="r", name="Noor") is None
    assert session.exec(select(Mail)).all() == []


Made = Callable[..., State]


@pytest.fixture
async def state(database_url: str, tmp_path: Path) -> AsyncIterator[Made]:
    """Makes an app's state that mails to `port`; several are app processes on one database."""
    async with AsyncExitStack() as stack:

        def make(port: int = 0, **more: Any) -> State:
            url = f"smtp://127.0.0.1:{port}?tls=none" if port else ""
            given = {"smtp_url": url, "mail_from": "hallo@lamp.example", "database_url": database_url}
            it = make_state(Settings(_env_file=None, var_dir=tmp_path, **given | more))
            stack.push_async_callback(stop, it)
            return it

        yield make


def rows(it: State) -> list[Mail]:
    with reading(it.engine) as session:
        return list(session.exec(select(Mail).order_by(Mail.key)).all())


def at_once(it: State) -> None:
    """Every mail that waits for its next try is due now."""
    with writing(it.engine) as session:
        for mail in session.exec(select(Mail)).all():
            mail.due_at = mail.due_at and now() - MINUTE


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.02)


async def test_a_mail_leaves_as_soon_as_it_is_told_of(state: Made) -> None:
    with open_office() as (office, port):
        it = state(port)
        it.background(postman.send_mail(it))
        await it.write(put, "early")  # told of before anybody listens, or never: the first look finds it
        await asyncio.sleep(0.1)
        await it.write(put, "late")
        it.bus.publish("mail", "")
        await until(lambda: len(office.taken) == 2)
        await until(lambda: all(m.sent_at for m in rows(it)))
    assert [(m.due_at, m.lease_until, m.attempts, m.error) for m in rows(it)] == [(None, None, 1, None)] * 2
    assert office.to == ["an@klant.example"] * 2


async def test_a_look_now_and_then_finds_what_nobody_told_of(state: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postman, "LOOK_S", 0.05)
    with open_office() as (office, port):
        it = state(port)
        it.background(postman.send_mail(it))
        await asyncio.sleep(0.2)
        await it.write(put)
        await until(lambda: len(office.taken) == 1)


async def test_a_server_that_was_down_gets_the_mails_when_it_is_up(state: Made) -> None:
    port = free_port()
    it = state(port)
    await it.write(put, "a")
    await it.write(put, "b")
    await postman.send_due(it)
    assert [(m.attempts, m.sent_at) for m in rows(it)] == [(1, None), (0, None)]  # the second need not try as well
    assert "refused" in (rows(it)[0].error or "")
    with open_office(port) as (office, _):
        await postman.send_due(it)
        assert [m["Subject"] for m in office.taken] == ["Antwoord"]
        assert rows(it)[0].sent_at is None  # not before its time
        at_once(it)
        await postman.send_due(it)
        assert len(office.taken) == 2
    assert all(m.sent_at and not m.error for m in rows(it))


async def test_a_server_that_greets_with_421_is_tried_later(state: Made) -> None:
    with closed_counter(b"421 4.3.2 Too many connections\r\n") as port:
        it = state(port)
        await it.write(put)
        await postman.send_due(it)
    (mail,) = rows(it)
    assert mail.error == "421 4.3.2 Too many connections"
    assert mail.due_at is not None
    assert timedelta(seconds=50) < mail.due_at - now() < timedelta(seconds=61)


async def test_a_refused_customer_does_not_hold_up_the_next(state: Made) -> None:
    with open_office() as (office, port):
        it = state(port)
        office.refuses = {"gone@klant.example": "550 5.1.1 No such person", "busy@klant.example": "450 4.2.1 Later"}
        for who in ("gone", "busy", "an"):
            await it.write(put, who, to=f"{who}@klant.example")
        await postman.send_due(it)
        assert office.to == ["an@klant.example"]
        at_once(it)
        office.refuses.clear()
        await postman.send_due(it)
        assert office.to == ["an@klant.example", "busy@klant.example"]
    found = {m.key: (m.error, m.due_at, bool(m.sent_at), m.attempts) for m in rows(it)}
    assert found == {
        "an": (None, None, True, 1),
        "busy": (None, None, True, 2),
        "gone": ("550 5.1.1 No such person", None, False, 1),
    }


async def test_a_row_that_cannot_be_written_as_a_mail_is_given_up(state: Made) -> None:
    with open_office() as (office, port):
        it = state(port)
        await it.write(put, "a")
        await it.write(put, "b")

        def spoil(session: Session) -> None:
            session.exec(select(Mail).where(Mail.key == "a")).one().to = "an@klant.example\nBcc: all@klant.example"

        await it.write(spoil)
        await postman.send_due(it)
    assert office.to == ["an@klant.example"]
    assert [(m.key, m.error) for m in rows(it) if not m.sent_at] == [("a", "it is not an e-mail address")]


@pytest.mark.alone
async def test_a_slow_server_holds_up_nothing_else(state: Made) -> None:
    with open_office() as (office, port):
        office.slow_s = 1.0
        it = state(port)
        await it.write(put)
        sending = asyncio.create_task(postman.send_due(it))
        longest, before = 0.0, time.monotonic()
        while not sending.done():
            await asyncio.sleep(0.01)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
        await sending
        assert longest < 0.5
    assert rows(it)[0].sent_at


async def test_a_server_that_never_answers_is_left(state: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postman, "SEND_S", 0.3)
    with closed_counter(b"") as port:
        it = state(port)
        await it.write(put)
        began = time.monotonic()
        await postman.send_due(it)
        assert time.monotonic() - began < 3
    (mail,) = rows(it)
    assert (mail.sent_at, mail.attempts) == (None, 1)
    assert mail.error
    assert mail.due_at is not None


async def test_stopping_waits_for_the_mail_under_way_and_notes_it(state: Made) -> None:
    with open_office() as (office, port):
        office.slow_s = 0.5
        it = state(port)
        await it.write(put, "a")
        await it.write(put, "b")
        task = asyncio.create_task(postman.send_mail(it))
        await until(lambda: rows(it)[0].attempts == 1)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [(bool(m.sent_at), m.attempts) for m in rows(it)] == [(True, 1), (False, 0)]
    assert len(office.taken) == 1


async def test_stopping_does_not_wait_for_a_server_that_never_answers(state: Made) -> None:
    with closed_counter(b"") as port:
        it = state(port)
        await it.write(put)
        task = asyncio.create_task(postman.send_mail(it))
        await until(lambda: rows(it)[0].attempts == 1)
        await asyncio.sleep(0.1)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < postman.STOP_S + 1
    assert rows(it)[0].due_at is not None  # tried again by the next start


async def test_a_crash_between_sending_and_noting_sends_the_same_mail_again(
    state: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_office() as (office, port):
        it = state(port)
        await it.write(put)

        def crash(*_: Any) -> None:
            raise SystemError

        with monkeypatch.context() as patch:
            patch.setattr(outbox, "sent", crash)
            with pytest.raises(SystemError):
                await postman.send_due(it)
        await postman.send_due(it)
        assert len(office.taken) == 1  # the lease holds

        def run_out(session: Session) -> None:
            session.exec(select(Mail)).one().lease_until = now() - MINUTE

        await it.write(run_out)
        await postman.send_due(state(port))  # the process that comes after
    first, again = office.taken
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Date"] == again["Date"]
    (mail,) = rows(it)
    assert (bool(mail.sent_at), mail.attempts) == (True, 2)


async def test_two_app_processes_send_every_mail_once(state: Made) -> None:
    with open_office() as (office, port):
        one, other = state(port), state(port)

        def many(session: Session) -> None:
            for number in range(30):
                put(session, f"k{number}", to=f"c{number}@klant.example")

        await one.write(many)
        for it in (one, other):
            it.background(postman.send_mail(it))
        await until(lambda: all(m.sent_at for m in rows(one)))
        assert sorted(office.to) == sorted(f"c{n}@klant.example" for n in range(30))
        assert {m.attempts for m in rows(one)} == {1}


async def test_without_smtp_mails_stay_and_it_is_said_once(
    state: Made, caplog: pytest.LogCaptureFixture
) -> None:
    it = state()
    await it.write(put)
    with caplog.at_level(logging.INFO, "handoff.postman"):
        await asyncio.wait_for(postman.send_mail(it), 5)
    assert [r.message for r in caplog.records] == ["SMTP_URL is not set: mails stay in the outbox until it is"]
    (mail,) = rows(it)
    assert (mail.attempts, mail.error) == (0, None)
    with open_office() as (office, port):
        await postman.send_due(state(port))
    assert len(office.taken) == 1


async def test_the_postman_goes_on_when_the_database_falters(
    state: Made, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(postman, "LOOK_S", 0.05)
    plain, faults = outbox.due, [RuntimeError("no database"), RuntimeError("still none")]

    def faltering(session: Session) -> list[Mail]:
        if faults:
            raise faults.pop()
        return plain(session)

    monkeypatch.setattr(outbox, "due", faltering)
    with open_office() as (office, port):
        it = state(port)
        await it.write(put)
        it.background(postman.send_mail(it))
        await until(lambda: len(office.taken) == 1)
    assert sum("will be tried again" in r.message for r in caplog.records) == 2
