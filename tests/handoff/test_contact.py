"""A customer who does not want to wait leaves an address or a number, and is promised an answer or a call."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from handoff import contact, conversations, estimates, promises, queue, shop_settings
from handoff.contact import BadEmail, BadPhone, NoTime, Promised, Wish, WithAgent, checked_email, checked_phone, leave
from handoff.db import reading, writing
from handoff.desk_models import Promise
from handoff.hours import Hours
from handoff.models import Conversation, Estimate
from handoff.problems import Problem
from handoff.shop_settings import PROPOSED_HOURS
from kb.models import now

from .shop import agent, here, in_line, rows, steps
from .test_promise_times import at

MAIL = "an@klant.example"
SATURDAY = "2026-11-28 18:00"  # closed until Monday 9:00


@pytest.fixture
def saturday(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A moment at which a shop with `hours_of` is closed."""
    moment = at(SATURDAY)
    monkeypatch.setattr(contact, "now", lambda: moment)
    monkeypatch.setattr(promises, "now", lambda: moment)
    return moment


def hours_of(session: Session) -> None:
    value = Hours.model_validate(PROPOSED_HOURS)
    shop_settings.change_hours(session, value, revision=shop_settings.hours_document(session).revision, by="ada")


def wish(client_id: str = "w1", **more: object) -> Wish:
    return Wish(client_id, **({"email": MAIL} | more))  # type: ignore[arg-type]


def test_she_leaves_the_queue_with_a_promise_and_goes_on_with_the_bot(session: Session, saturday: datetime) -> None:
    hours_of(session)
    her = in_line(session)
    stint = her.stint
    promise = leave(session, her.id, wish(), mail=True)
    assert (promise.kind, promise.by_id, promise.holder_id) == ("answer", None, None)
    assert promise.due_at == at("2026-11-30 13:00")
    assert (her.owner, her.stint, her.queued_at, her.customer_email) == ("bot", stint + 1, None, MAIL)
    row = rows(session, her)[-1]
    assert (row.author, row.kind, row.data) == ("system", "promised", {"promise": promise.id})
    assert row.text == "Je krijgt antwoord: uiterlijk maandag 30 november 13:00. Je hoeft niet te wachten."
    again = leave(session, her.id, wish(email="other@klant.example"), mail=True)
    assert (again.id, her.customer_email, steps(session, her).count("promised")) == (promise.id, MAIL, 1)


def test_a_call_is_promised_in_a_window_that_is_on_offer(session: Session, saturday: datetime) -> None:
    hours_of(session)
    her = in_line(session, language="en")
    offered = contact.offer(session, her, saturday, True)
    assert offered["answer"]["words"] == "Monday 30 November, before 13:00"
    assert [c["words"] for c in offered["calls"]][:2] == [
        "Monday 30 November between 9:00 and 11:00",
        "Monday 30 November between 11:00 and 13:00",
    ]
    assert len(offered["calls"]) == 6
    start = datetime.fromisoformat(offered["calls"][1]["from_at"])
    promise = leave(session, her.id, wish(kind="call", email="", phone=" 06-1234 5678", from_at=start), mail=True)
    assert (promise.from_at, promise.due_at) == (start, start + timedelta(hours=2))
    assert her.customer_phone == "06 1234 5678"
    said = "We'll call you Monday 30 November between 11:00 and 13:00. There's no need to wait."
    assert rows(session, her)[-1].text == said


def test_a_window_is_full_when_everybody_calls_then(session: Session, saturday: datetime) -> None:
    hours_of(session)
    agent(session), agent(session, "Sam Peeters"), agent(session, "Els", role="editor")
    agent(session, "Iris", active=False)
    first = contact.free_windows(session, saturday)[0]
    call = {"kind": "call", "phone": "0612345678", "from_at": first[0]}
    for _ in range(2):
        leave(session, in_line(session).id, wish(**call), mail=True)
    third = in_line(session)
    with pytest.raises(NoTime):
        leave(session, third.id, wish(**call), mail=True)
    free = contact.free_windows(session, saturday)
    assert first not in free
    assert len(free) == 6
    promises.drop(session, promises.open_list(session)[0].id or 0, agent(session, "Ada"))
    assert contact.free_windows(session, saturday)[0] == first


@pytest.mark.parametrize("start", [None, "2026-11-30 09:30", "2026-11-28 20:00", "2026-11-23 09:00"])
def test_a_window_that_is_not_on_offer_is_refused(session: Session, saturday: datetime, start: str | None) -> None:
    hours_of(session)
    her = in_line(session)
    with pytest.raises(NoTime):
        leave(session, her.id, wish(kind="call", phone="0612345678", from_at=start and at(start)), mail=True)
    assert promises.open_of(session, her.id) is None


def test_what_is_needed_must_be_there(session: Session) -> None:
    her = in_line(session)
    with pytest.raises(BadEmail):
        leave(session, her.id, wish(email=" "), mail=True)
    with pytest.raises(BadPhone):
        leave(session, her.id, wish(kind="call", from_at=now()), mail=True)
    with pytest.raises(BadEmail):
        leave(session, her.id, wish(email="an@"), mail=True)


def test_without_mail_an_answer_waits_in_the_chat(session: Session) -> None:
    her = in_line(session)
    assert leave(session, her.id, wish(email=""), mail=False).kind == "answer"
    assert (her.owner, her.customer_email) == ("bot", None)


def test_a_known_address_need_not_be_given_again(session: Session) -> None:
    her = in_line(session)
    contact.set_address(session, her.id, f" {MAIL} ")
    assert her.customer_email == MAIL
    assert leave(session, her.id, wish(email=""), mail=True).kind == "answer"
    with pytest.raises(BadEmail):
        contact.set_address(session, her.id, "nergens")


def test_who_wants_it_otherwise_replaces_what_the_shop_promised(session: Session) -> None:
    her = in_line(session)
    first = leave(session, her.id, wish("a"), mail=True)
    start = contact.free_windows(session, now())[0][0]
    second = leave(session, her.id, wish("b", kind="call", phone="0612345678", from_at=start), mail=True)
    assert promises.open_of(session, her.id) is second
    assert first.dropped_at is not None
    assert "promise_dropped" not in steps(session, her)
    assert leave(session, her.id, wish("a"), mail=True) is first


def test_not_where_an_agent_has_it_or_promised_something(session: Session) -> None:
    noor = agent(session)
    her = in_line(session)
    queue.claim(session, her.id, noor)
    with pytest.raises(WithAgent):
        leave(session, her.id, wish(), mail=True)
    promises.make(session, her.id, noor, now() + timedelta(days=1), client_id="p")
    queue.close(session, her.id, noor)
    with pytest.raises(Promised):
        leave(session, her.id, wish(), mail=True)


def test_nobody_fills_the_list_from_one_conversation(session: Session) -> None:
    her = in_line(session)
    for n in range(contact.MOST):
        leave(session, her.id, wish(f"w{n}"), mail=True)
    with pytest.raises(Promised):
        leave(session, her.id, wish("more"), mail=True)
    assert len(promises.open_list(session)) == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("06 12345678", "06 12345678"),
        (" +31 (0)6-1234.5678 ", "+31 0 6 1234 5678"),
        ("010/123 45 67", "010 123 45 67"),
        ("٠٦١٢٣٤٥٦٧٨", "0612345678"),
        ("0032 9 123 45 67", "0032 9 123 45 67"),
    ],
)
def test_numbers_are_kept_as_typed_with_single_spaces(typed: str, kept: str) -> None:
    assert checked_phone(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "1234567", "1" * 16, "06+12345678", "++31612345678", "bel me", "0612345678<b>", "06123456\n78a", "☎️"]
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(BadPhone):
        checked_phone(typed)


@pytest.mark.parametrize(
    "typed", ["", "an", "an@", "@klant.example", "an@klant.example, bob@klant.example", "An <an@klant.example>",
              "an@klant.example\nBcc: x@y.example", "a" * 400 + "@klant.example"]
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadEmail):
        checked_email(typed)


def told(session: Session, her: Conversation, low_s: int | None, why: str | None = None) -> None:
    high = None if low_s is None else low_s + 300
    session.add(Estimate(conversation_id=her.id, place=1, low_s=low_s, high_s=high, why=why))
    session.flush()


def test_how_loudly_it_is_offered(session: Session, saturday: datetime) -> None:
    def loud(her: Conversation) -> str | None:
        return contact.loudness(session, her, promises.open_of(session, her.id))

    her = in_line(session)
    assert loud(her) == "any"
    hours_of(session)
    assert loud(her) == "closed"
    for low_s, why, leave_ in (
        (120, None, "any"),
        (shop_settings.WAIT_LIMIT_S, None, "long"),
        (None, None, "any"),
        (None, estimates.NOBODY, "long"),
        (None, estimates.CLOSING, "long"),
        (None, estimates.CLOSED, "closed"),
    ):
        told(session, her, low_s, why)
        assert loud(her) == leave_, (low_s, why)
    leave(session, her.id, wish(), mail=True)
    assert loud(her) is None


def test_who_leaves_while_an_agent_claims_has_one_or_the_other(engine: Engine) -> None:
    for n in range(4):
        with writing(engine) as session:
            noor = agent(session, f"Noor{n} Bakker")
            here(session, noor)
            her = in_line(session)
        ready, did = threading.Barrier(2), []

        def claims(her: Conversation = her, noor: object = noor, ready: threading.Barrier = ready) -> str:
            ready.wait()
            with writing(engine) as session:
                queue.claim(session, her.id, noor)  # type: ignore[arg-type]
                time.sleep(0.02)
            return "claimed"

        def leaves(her: Conversation = her, ready: threading.Barrier = ready) -> str:
            ready.wait()
            with writing(engine) as session:
                leave(session, her.id, wish(), mail=True)
                time.sleep(0.02)
            return "left"

        def trying(act: object) -> str:
            try:
                return act()  # type: ignore[operator,no-any-return]
            except Problem:
                return ""

        with ThreadPoolExecutor(2) as pool:
            did = sorted(filter(None, pool.map(trying, (claims, leaves))))
        with reading(engine) as session:
            found, promise = conversations.get(session, her.id), promises.open_of(session, her.id)
            assert did in (["claimed"], ["left"])
            assert (found.owner, promise is not None) == (("agent", False) if did == ["claimed"] else ("bot", True))
            assert steps(session, found)[-1] == ("assigned" if did == ["claimed"] else "promised")


def test_one_window_gets_no_more_calls_than_there_are_agents(engine: Engine) -> None:
    with writing(engine) as session:
        agent(session)
        ids = [in_line(session).id for _ in range(3)]
        start = contact.free_windows(session, now())[0][0]
    ready = threading.Barrier(3)

    def attempt(id_: str) -> Promise | None:
        ready.wait()
        try:
            with writing(engine) as session:
                promise = leave(session, id_, wish(kind="call", phone="0612345678", from_at=start), mail=True)
                time.sleep(0.05)
                return promise
        except NoTime:
            return None

    with ThreadPoolExecutor(3) as pool:
        assert sum(p is not None for p in pool.map(attempt, ids)) == 1
    with reading(engine) as session:
        assert [conversations.get(session, id_).owner for id_ in ids].count("queue") == 2
