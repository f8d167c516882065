"""Webhooks: who is away is told of once, the shop's server gets it signed, tried again, and nothing that is hidden."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import conversations, hiding, keep_telling, promises, pushing, queue, seen, signing, webhooks
from handoff.app import make_state
from handoff.db import reading, writing
from handoff.models import Conversation, Message, Person, WebhookEvent
from handoff.settings import Settings
from handoff.state import State
from handoff.webhooks import BACKOFF, LEASE, TRIES
from kb.encoder import Encoder
from kb.models import now

from .app import client_of, running_app, signed_in
from .asking import LATER as RIPE
from .asking import approved, asks, group_of
from .conftest import ScriptedBot, stop
from .receiver import SECRET, Receiver, receiving, verified

LATER = timedelta(seconds=11)
DAY = timedelta(days=1)
Made = Callable[..., State]


@pytest.fixture
async def made(database_url: str, tmp_path: Path) -> AsyncIterator[Made]:
    """Makes app processes on one database that tell the server at `url`."""
    async with AsyncExitStack() as stack:

        def make(url: str = "http://127.0.0.1:9/hook", **more: Any) -> State:
            given = {"database_url": database_url, "webhook_url": url, "webhook_secret": SECRET, "var_dir": tmp_path}
            it = make_state(Settings(_env_file=None, public_url="https://chat.lamp.example", **given | more))
            stack.push_async_callback(stop, it)
            return it

        yield make


def noor(session: Session) -> Person:
    person = session.exec(select(Person).where(Person.email == "noor@shop.example")).first()
    if person is None:
        person = Person(email="noor@shop.example", name="Noor Bakker", role="agent", password_hash="x", capacity=99)
        session.add(person)
        session.flush()
    return person


def with_agent(session: Session) -> str:
    """A conversation that an agent has, of which the customer has seen everything."""
    her = conversations.start(session, language="nl")[0]
    conversations.add(session, her, "customer", "text", "mijn lamp zoemt")
    conversations.change_owner(session, her, "queue", frm="bot", queued_at=now(), line_at=now())
    queue.claim(session, her.id, noor(session))
    her.customer_seen_seq = her.last_seq
    session.flush()
    return her.id


_count = iter(range(10**6))


def says(session: Session, conversation_id: str, text: str = "Stuur hem maar **terug**.") -> Message:
    return queue.reply(session, conversation_id, noor(session), f"r{next(_count)}", text)


def events(it: State) -> list[WebhookEvent]:
    with reading(it.engine) as session:
        return list(session.exec(select(WebhookEvent).order_by(WebhookEvent.id)).all())


async def looked(it: State, after: timedelta = LATER) -> None:
    """One look at everything, so long after now."""
    async with pushing.caller() as client:
        await pushing.look(it, client, now() + after)


async def until(met: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.02)


async def test_who_is_away_is_told_of_once_signed(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        id_ = await it.write(with_agent)
        await it.write(says, id_, "Dag! Ik kijk het na.")
        last = await it.write(says, id_, "Stuur hem **terug**,\nzie [je account](/account). 👋")
        await looked(it, timedelta(seconds=5))
        assert shop.got == []  # she may still see it in the chat
        for _ in range(3):
            await looked(it)
        ((headers, body),) = shop.got
        assert verified(headers, body)
        assert not verified(headers, body + b" ")
        assert not verified(headers | {"webhook-id": "msg_x"}, body)
        assert headers["content-type"] == "application/json"
        event = shop.events[0]
        assert set(event) == {"type", "timestamp", "data"}
        assert event["type"] == "conversation.reply"
        assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
        assert event["data"] | {"customer": None} == {
            "conversation_id": id_,
            "customer": None,
            "language": "nl",
            "unread": 2,
            "last_seq": last.seq,
            "author_name": "Noor",
            "text": "Stuur hem terug, zie je account (https://chat.lamp.example/account). 👋",
        }
        await it.write(says, id_, "Lukt dat?")
        await looked(it)
        assert [e["data"]["unread"] for e in shop.events] == [2, 3]  # what a badge shows
        assert shop.events[1]["data"]["text"] == "Lukt dat?"
    assert all(e.sent_at and not e.error and e.attempts == 1 for e in events(it))


async def test_what_she_has_seen_or_nobody_may_see_is_not_told(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        id_ = await it.write(with_agent)
        row = await it.write(says, id_)
        await it.write(seen.by_customer, id_, row.seq)
        person = await it.write(noor)
        await it.write(queue.note, id_, person, "n", "een moeilijke klant")
        hidden = await it.write(says, id_, "je pincode is 1234")
        await it.write(hiding.hide, id_, person, hidden.seq)
        await looked(it)
        assert shop.got == []
        await it.write(says, id_, "Ik belde je net.")
        await looked(it)
        (event,) = shop.events
        assert (event["data"]["unread"], event["data"]["text"]) == (1, "Ik belde je net.")
    assert b"1234" not in shop.got[0][1]


async def test_an_answer_that_is_told_later_and_a_kept_promise_count(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)

        def asked(session: Session) -> str:
            group = group_of(session)
            her = asks(session, group)
            approved(session, group)
            return her.id

        first = await it.write(asked)
        await keep_telling.look(it, now() + RIPE)
        await looked(it)
        (event,) = shop.events
        assert (event["data"]["conversation_id"], event["data"]["unread"]) == (first, 1)
        assert event["data"]["author_name"] == "Lantaarn"
        assert event["data"]["text"].startswith("Stuur ons een foto van de bon.")

        def kept(session: Session) -> str:
            id_, person = with_agent(session), noor(session)
            made = promises.make(session, id_, person, now() + timedelta(hours=2), client_id="p1")
            seen.by_customer(session, id_, conversations.get(session, id_).last_seq)
            says(session, id_, "Het kan.")
            promises.keep(session, made.id or 0, person)
            return id_

        second = await it.write(kept)
        await looked(it)
        data = shop.events[1]["data"]
        assert (data["conversation_id"], data["unread"], data["text"]) == (second, 2, "Het kan.")


async def test_what_the_bot_answers_at_once_is_not_told(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)

        def answered(session: Session) -> None:
            her = conversations.locked(session, with_agent(session))
            asked = conversations.add(session, her, "customer", "text", "hoe laat zijn jullie open")
            conversations.add(session, her, "bot", "answer", "Tot 18 uur.", answers_seq=asked.seq, part=0)

        await it.write(answered)
        await looked(it)
    assert shop.got == []


async def test_500_then_200_is_the_same_event_again(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        id_ = await it.write(with_agent)
        await it.write(says, id_)
        shop.answers = [500, 500]
        await looked(it)
        (event,) = events(it)
        assert (event.attempts, event.error, event.sent_at) == (1, "500 Internal Server Error", None)
        await looked(it)
        assert len(shop.got) == 1  # not before its time
        await looked(it, timedelta(seconds=30))
        await looked(it, timedelta(minutes=5))
        assert len(set(shop.ids)) == 1
        assert len({body for _, body in shop.got}) == 1
        assert all(verified(*one) for one in shop.got)
    assert [(e.attempts, e.error, bool(e.sent_at)) for e in events(it)] == [(3, None, True)]


async def test_redirects_are_not_followed(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        await it.write(webhooks.queue_test, it.settings)
        shop.answers, shop.more = [307], {"location": "/elsewhere"}
        await looked(it)
        assert (len(shop.got), shop.elsewhere) == (1, 0)
    assert [e.error for e in events(it)] == ["307 Temporary Redirect: redirects are not followed"]
    assert events(it)[0].due_at is not None


async def test_gone_ends_this_event_and_no_other(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        id_ = await it.write(with_agent)
        await it.write(says, id_)
        shop.answers = [410]
        await looked(it)
        await looked(it, timedelta(hours=23))
        assert len(shop.got) == 1
        await it.write(says, id_)
        await looked(it)
        assert len(shop.got) == 2
    assert [(e.error, e.due_at, bool(e.sent_at)) for e in events(it)] == [("410 Gone", None, False), (None, None, True)]


@pytest.mark.parametrize(("asked", "least", "most"), [("120", 120, 121), ("9999999", 3600, 3601), ("soon", 3, 6)])
async def test_a_busy_server_is_left_alone_as_long_as_it_asks(made: Made, asked: str, least: int, most: int) -> None:
    with receiving() as (shop, url):
        it = made(url)
        ids = [await it.write(with_agent) for _ in range(2)]
        for id_ in ids:
            await it.write(says, id_)
        shop.answers, shop.more = [503], {"retry-after": asked}
        began = now() + LATER
        await looked(it)
        assert len(shop.got) == 1  # the other one need not try it too
        first = events(it)[0]
        assert first.due_at is not None
        assert timedelta(seconds=least) <= first.due_at - began <= timedelta(seconds=most)
        await looked(it)
        assert len(shop.got) == 2  # it is the other's turn


async def test_a_server_that_hangs_is_left(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "TRY_S", 0.3)
    with receiving() as (shop, url):
        it = made(url)
        await it.write(webhooks.queue_test, it.settings)

        def hang(_: BaseHTTPRequestHandler) -> None:
            time.sleep(1)

        def drip(handler: BaseHTTPRequestHandler) -> None:
            for _ in range(20):
                handler.wfile.write(b"H")
                time.sleep(0.05)

        for wait, does in ((LATER, hang), (timedelta(minutes=1), drip)):
            shop.answers = [does]
            began = time.monotonic()
            await looked(it, wait)
            assert time.monotonic() - began < 0.9
            assert [e.error for e in events(it)] == ["No answer within 0.3 seconds"]
        await looked(it, timedelta(minutes=10))
        assert len(set(shop.ids)) == 1
    assert [(e.attempts, bool(e.sent_at)) for e in events(it)] == [(3, True)]


async def test_an_answer_without_end_is_not_read(made: Made) -> None:
    ended: list[float] = []
    with receiving() as (shop, url):
        it = made(url)
        await it.write(webhooks.queue_test, it.settings)

        def flood(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(b"x" * 65536)
            except OSError:
                ended.append(time.monotonic())

        shop.answers = [flood]
        began = time.monotonic()
        await looked(it)
        assert time.monotonic() - began < 5
        await until(lambda: bool(ended))
    assert [(e.attempts, bool(e.sent_at)) for e in events(it)] == [(1, True)]


async def test_a_server_that_is_not_there(made: Made) -> None:
    it = made()
    await it.write(webhooks.queue_test, it.settings)
    await looked(it)
    (event,) = events(it)
    assert (event.error or "").startswith("ConnectError")
    assert event.due_at is not None


def test_given_up_after_a_day_with_what_was_wrong(engine: Engine) -> None:
    settings = Settings(_env_file=None)
    with writing(engine) as session:
        at = webhooks.queue_test(session, settings).created_at
    for tried in range(1, TRIES + 1):
        with writing(engine) as session:
            found = webhooks.due(session, settings, at)
            assert found
            assert webhooks.due(session, settings, at + LEASE - timedelta(seconds=1)) is None  # nobody else's
            assert webhooks.failed(session, found[0], f"500 no {tried}", at=at)
        with writing(engine) as session:
            (event,) = webhooks.latest(session)
            if event.due_at is not None:
                wait = BACKOFF[tried - 1]
                assert 0.8 * wait <= event.due_at - at <= wait
                assert webhooks.due(session, settings, event.due_at - timedelta(seconds=1)) is None
                at = event.due_at
    assert (event.due_at, event.sent_at, event.error) == (None, None, f"500 no {TRIES}")
    assert timedelta(hours=18) < at - event.created_at < DAY
    assert sum(BACKOFF, timedelta()) < DAY


def test_what_is_older_than_a_day_is_not_sent_any_more(session: Session) -> None:
    settings = Settings(_env_file=None)
    event = webhooks.queue_test(session, settings)
    assert webhooks.due(session, settings, event.created_at + DAY) is None
    assert (event.due_at, event.error, event.attempts) == (None, webhooks.TOO_LATE, 0)


def test_what_was_given_up_is_sent_again_by_hand_for_another_day(session: Session) -> None:
    settings = Settings(_env_file=None)
    event = webhooks.queue_test(session, settings)
    made = event.created_at
    assert not webhooks.resend(session, event.webhook_id)  # it waits for its first try
    assert webhooks.due(session, settings, made + DAY) is None
    late = made + 3 * DAY
    assert webhooks.resend(session, event.webhook_id, late)
    assert not webhooks.resend(session, event.webhook_id, late)  # a double press
    for unknown in ("", "msg_none", "🎁" * 20, "' OR 1=1"):
        assert not webhooks.resend(session, unknown)
    session.expire_all()
    found = webhooks.due(session, settings, late)
    assert found
    assert found[0].webhook_id == event.webhook_id
    assert made.isoformat() in found[1].decode()  # the same body as ever
    assert webhooks.failed(session, found[0], "500", at=late)
    session.expire_all()
    assert event.due_at
    assert late < event.due_at < late + timedelta(minutes=1)
    assert webhooks.due(session, settings, late + DAY) is None
    assert (event.due_at, event.error) == (None, "500")
    assert webhooks.resend(session, event.webhook_id, late + DAY)
    session.expire_all()
    webhooks.sent(session, event)
    assert not webhooks.resend(session, event.webhook_id)


def test_old_events_are_forgotten_but_for_what_is_still_tried(session: Session) -> None:
    settings = Settings(_env_file=None)

    def made(days: int, **more: Any) -> str:
        event = webhooks.queue_test(session, settings)
        event.attempts = 1
        event.created_at = now() - timedelta(days=days)
        for name, value in more.items():
            setattr(event, name, value)
        session.flush()
        return event.webhook_id

    over = {"due_at": None}
    for days in (31, 90):
        made(days, **over, sent_at=now())
        made(days, **over)
    kept = {made(29, **over, sent_at=now()), made(29, **over), made(40), made(40, **over, resent_at=now() - DAY)}
    assert webhooks.forget(session) == 4
    assert webhooks.forget(session) == 0
    assert {event.webhook_id for event in webhooks.latest(session)} == kept


def test_a_double_press_is_one_test(session: Session) -> None:
    settings = Settings(_env_file=None)
    first = webhooks.queue_test(session, settings)
    assert webhooks.queue_test(session, settings).id == first.id
    assert webhooks.due(session, settings)
    assert webhooks.queue_test(session, settings).id != first.id  # that one is being tried


def test_one_that_kills_every_sender_is_given_up(session: Session) -> None:
    settings = Settings(_env_file=None)
    at = webhooks.queue_test(session, settings).created_at
    for number in range(TRIES):
        assert webhooks.due(session, settings, at + number * LEASE)
    assert webhooks.due(session, settings, at + TRIES * LEASE) is None
    assert [e.error for e in webhooks.latest(session)] == ["It was tried and never reported on."]


async def test_what_was_hidden_or_seen_while_it_waited_does_not_go(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        one, other, third = [await it.write(with_agent) for _ in range(3)]
        person = await it.write(noor)
        await it.write(says, one, "Dag.")
        secret = await it.write(says, one, "je pincode is 1234")
        shown = await it.write(says, other, "Gezien?")
        alone = await it.write(says, third, "code 9876")
        shop.answers = [500, 500, 500]
        await looked(it)
        assert len(shop.got) == 3
        await it.write(hiding.hide, one, person, secret.seq)
        await it.write(hiding.hide, third, person, alone.seq)
        await it.write(seen.by_customer, other, shown.seq)
        await looked(it, timedelta(minutes=1))
        (again,) = shop.events[3:]
        assert (again["data"]["conversation_id"], again["data"]["text"]) == (one, "Dag.")
    assert [(e.conversation_id, bool(e.sent_at)) for e in events(it)] == [(one, True)]


async def test_a_process_that_dies_after_sending_sends_the_same_event(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as (shop, url):
        it = made(url)
        id_ = await it.write(with_agent)
        await it.write(says, id_)

        def crash(*_: Any) -> None:
            raise SystemError

        with monkeypatch.context() as patch:
            patch.setattr(webhooks, "sent", crash)
            with pytest.raises(SystemError):
                await looked(it)
        later = made(url)  # the process that comes after
        await looked(later)
        assert len(shop.got) == 1  # the lease holds
        await looked(later, timedelta(minutes=2))
        assert len(shop.got) == 2
        assert len(set(shop.ids)) == 1
        assert shop.got[0][1] == shop.got[1][1]
        await looked(later, timedelta(minutes=9))
        assert len(shop.got) == 2
    assert [(e.attempts, bool(e.sent_at)) for e in events(it)] == [(2, True)]


async def test_stopped_in_the_middle_and_started_again(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WAIT_S", 0.2)
    monkeypatch.setattr(pushing, "LOOK_S", 0.05)
    monkeypatch.setattr(webhooks, "LEASE", timedelta(seconds=1))
    with receiving() as (shop, url):
        shop.answers = [lambda _: time.sleep(0.8)]
        it = made(url)
        id_ = await it.write(with_agent)
        await it.write(says, id_)
        task = it.background(pushing.keep_pushing(it))
        await until(lambda: bool(shop.got))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        again = made(url)
        again.background(pushing.keep_pushing(again))
        await until(lambda: bool(events(again)[0].sent_at))
        assert len(set(shop.ids)) == 1
        assert len(events(again)) == 1


async def test_two_processes_tell_each_customer_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WAIT_S", 0.0)
    monkeypatch.setattr(pushing, "LOOK_S", 0.02)
    with receiving() as (shop, url):
        one, other = made(url), made(url)
        ids = [await one.write(with_agent) for _ in range(12)]
        for id_ in ids:
            await one.write(says, id_)
        for it in (one, other):
            it.background(pushing.keep_pushing(it))
        await until(lambda: sum(bool(e.sent_at) for e in events(one)) == 12)
        await asyncio.sleep(0.2)
    assert sorted(e["data"]["conversation_id"] for e in shop.events) == sorted(ids)
    assert len(set(shop.ids)) == 12


async def test_the_worker_goes_on_when_the_database_falters(
    made: Made, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pushing, "LOOK_S", 0.02)
    whole, faults = webhooks.due, [RuntimeError("no database"), RuntimeError("still none")]

    def faltering(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return whole(*given)

    monkeypatch.setattr(webhooks, "due", faltering)
    with receiving() as (shop, url):
        it = made(url)
        await it.write(webhooks.queue_test, it.settings)
        it.background(pushing.keep_pushing(it))
        await until(lambda: len(shop.got) == 1)
    assert sum("will be tried again" in record.message for record in caplog.records) == 2


async def test_the_worker_forgets_old_events_by_itself(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        old = await it.write(webhooks.queue_test, it.settings)

        def age(session: Session) -> None:
            event = session.get_one(WebhookEvent, old.id)
            event.created_at, event.due_at = now() - timedelta(days=31), None

        await it.write(age)
        it.background(pushing.keep_pushing(it))
        await until(lambda: events(it) == [])
        assert shop.got == []


async def test_off_nothing_is_queued(made: Made) -> None:
    it = made("", webhook_secret="")
    id_ = await it.write(with_agent)
    await it.write(says, id_)
    await asyncio.wait_for(pushing.keep_pushing(it), 5)
    assert events(it) == []


async def test_switched_on_later_it_tells_nothing_old(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        id_ = await it.write(with_agent)
        await it.write(says, id_)
        await looked(it, DAY + LATER)
    assert shop.got == []


async def test_huge_and_odd_words_are_short_and_whole(made: Made) -> None:
    with receiving() as (shop, url):
        it = made(url)
        arabic = "مرحبا **بك**\n\n\n<script>alert(1)</script>"
        for text in ("👋🏽" * 1500, arabic, "`x` " * 900, "[](javascript:x) *", "0"):
            id_ = await it.write(with_agent)
            await it.write(says, id_, text)
        await looked(it)
        found = [e["data"]["text"] for e in shop.events]
        assert all(verified(*one) for one in shop.got)
    assert [len(text) <= 200 for text in found] == [True] * 5
    assert "مرحبا بك <script>alert(1)</script>" in found  # plain text: whoever shows it, shows it as text
    assert all(len(body) < 2000 for _, body in shop.got)


def test_deleting_a_conversation_takes_its_events_along(engine: Engine) -> None:
    with writing(engine) as session:
        id_ = with_agent(session)
        says(session, id_)
        assert webhooks.queue_reply(session, id_, now() + LATER)
        assert webhooks.queue_reply(session, id_, now() + LATER) is None
        webhooks.queue_test(session, Settings(_env_file=None))
    with writing(engine) as session:
        for row in session.exec(select(Message).where(Message.conversation_id == id_)).all():
            session.delete(row)
        session.flush()
        session.delete(session.get_one(Conversation, id_))
    with writing(engine) as session:
        assert [e.type for e in webhooks.latest(session)] == ["webhook.test"]


def test_the_signature_is_that_of_the_specification() -> None:
    """The vector that the specification's own libraries test with."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    given = signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_keys_while_it_changes() -> None:
    other = "whsec_" + base64.b64encode(b"y" * 24).decode()
    timestamp = int(time.time())
    both = signing.headers(f"{SECRET} {other}", "msg_a", timestamp, b"{}")
    assert verified(both, b"{}", SECRET)
    assert verified(both, b"{}", other)
    assert not verified(both, b"{}", "whsec_" + base64.b64encode(b"z" * 24).decode())


def whsec(length: int) -> str:
    return "whsec_" + base64.b64encode(b"x" * length).decode()


@pytest.mark.parametrize(
    ("url", "secret"),
    [("ftp://shop.example/hook", SECRET), ("shop.example", SECRET), ("https://", SECRET), ("https:///hook", SECRET),
     ("https://shop.example/a b", SECRET), ("https://shop.example", ""), ("https://shop.example", "geheim"),
     ("https://shop.example", "whsec_" + "é" * 40), ("https://shop.example", SECRET[6:]),
     ("https://shop.example", whsec(23)), ("https://shop.example", whsec(65)),
     ("https://shop.example", f"{SECRET} whsec_x")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_without_telling_the_secret(url: str, secret: str) -> None:
    with pytest.raises(ValidationError) as error:
        Settings(_env_file=None, webhook_url=url, webhook_secret=secret)
    assert len(secret) < 7 or secret not in str(error.value)


def test_settings_that_can_be() -> None:
    for secret in (SECRET, whsec(24), whsec(64), f"{SECRET} {whsec(24)}"):
        settings = Settings(_env_file=None, webhook_url="https://u:p@shop.example:8443/hook", webhook_secret=secret)
        assert secret not in repr(settings)
        assert "shop.example" not in repr(settings)


async def test_an_admin_sees_whether_they_went_and_sends_one(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    with receiving() as (shop, url):
        hook = {"webhook_url": url, "webhook_secret": SECRET}
        async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **hook) as app:
            ada, els = await signed_in(app, "ada"), await signed_in(app, "els")
            page = (await ada.get("/settings/webhooks?language=en")).text
            assert "127.0.0.1" in page
            assert "hook?shop" not in page  # an address can hold a key
            assert "Nothing was sent yet" in page
            shop.answers = [404]
            pressed = await ada.post("/settings/webhooks/test")
            assert (pressed.status_code, pressed.headers["location"]) == (303, "/settings/webhooks?done=queued")
            await until(lambda: len(shop.got) == 1)
            assert verified(*shop.got[0])
            assert shop.events[0] | {"timestamp": ""} == {
                "type": "webhook.test", "timestamp": "", "data": {"shop": "Lantaarn"}
            }  # fmt: skip
            await until(lambda: bool(events(app.state.it)[0].error))
            page = (await ada.get("/settings/webhooks")).text
            assert "404 Not Found" in page
            assert "Not taken. Tried again" in page
            assert shop.ids[0] in page
            await until(lambda: len(shop.got) == 2)
            await until(lambda: bool(events(app.state.it)[0].sent_at))
            page = (await ada.get("/settings/webhooks")).text
            assert "Taken" in page
            assert "404" not in page
            assert (await els.get("/settings/webhooks")).status_code == 403
            assert (await els.post("/settings/webhooks/test")).status_code == 403
            evil = {"Origin": "https://evil.example"}
            assert (await ada.post("/settings/webhooks/test", headers=evil)).status_code == 403
            again, this = "/settings/webhooks/again", {"event": shop.ids[0]}
            went = await ada.post(again, data=this)
            assert went.headers["location"] == "/settings/webhooks?done=not_again"
            assert (await ada.post(again, data={"event": "x" * 65})).status_code == 422
            assert (await els.post(again, data=this)).status_code == 403
            assert (await ada.post(again, data=this, headers=evil)).status_code == 403
            shop.answers = [410, 200]
            await ada.post("/settings/webhooks/test")
            await until(lambda: "410" in (events(app.state.it)[-1].error or ""))
            assert "Send again" in (await ada.get("/settings/webhooks")).text
            went = await ada.post(again, data={"event": shop.ids[-1]})
            assert went.headers["location"] == "/settings/webhooks?done=again"
            await until(lambda: len(shop.got) == 4)
            assert shop.ids[-1] == shop.ids[-2]
            await until(lambda: all(event.sent_at for event in events(app.state.it)))
            assert (await client_of(app).post("/settings/webhooks/test")).status_code == 303  # to the login
            assert len(events(app.state.it)) == 2


async def test_where_it_is_off_the_page_says_how(app: FastAPI) -> None:
    ada = await signed_in(app, "ada")
    page = (await ada.get("/settings/webhooks?language=nl")).text
    assert "WEBHOOK_URL" in page
    assert "proefbericht" not in page
    assert (await ada.post("/settings/webhooks/test")).headers["location"] == "/settings/webhooks"
    assert events(app.state.it) == []


def test_receivers_are_real(made: Made) -> None:
    """What the other tests stand on: a wrong key, an old time and another body are noticed."""
    headers = signing.headers(SECRET, "msg_a", int(time.time()), b"{}")
    assert verified(headers, b"{}")
    old = signing.headers(SECRET, "msg_a", int(time.time()) - 900, b"{}")
    assert not verified(old, b"{}")
    assert isinstance(Receiver().got, list)
