"""Which conversation a customer goes on with, on whichever device, and never a stranger with hers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from handoff import conversations, earlier, hers, identity, keys, no_mail, reopen
from handoff.context import agent_context
from handoff.db import reading, writing
from handoff.identity import Vouched
from handoff.models import Conversation, ConversationKey
from handoff.problems import NotFound
from kb.models import now

T = TypeVar("T")
AN_KNOWN, BEA_KNOWN = Vouched("48213", "An Peeters", "an@klant.example"), Vouched("7", "Bea")


def begin(session: Session, who: Vouched | None = None, said: bool = False, **about: Any) -> tuple[Conversation, str]:
    conversation, token = conversations.start(session, language="nl", **(hers.about(who, None, None) | about))
    if said:
        conversations.add(session, conversation, "customer", "text", "mijn lamp zoemt")
    session.flush()
    return conversation, token


def all_at_once(engine: Engine, *works: Callable[[Session], T]) -> list[T]:
    """What these give, each in a transaction of its own, begun together."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[Session], T]) -> T:
        ready.wait()
        with writing(engine) as session:
            return work(session)

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(run, work) for work in works]]


def test_an_anonymous_conversation_becomes_hers(session: Session) -> None:
    mine, token = begin(session, said=True, customer_name="an", customer_email="other@klant.example")
    way = hers.go_on(session, AN_KNOWN, mine.id, token)
    assert way == hers.Way(mine.id, "nl", token, attached=True)
    assert (mine.customer_ref, mine.customer_name, mine.customer_email) == ("48213", "An Peeters", "an@klant.example")
    assert identity.name_vouched(mine)
    assert identity.email_vouched(mine)
    assert conversations.opened(session, mine.id, token).id == mine.id
    assert hers.go_on(session, AN_KNOWN, mine.id, token) == hers.Way(mine.id, "nl", token)
    assert hers.settled(session, AN_KNOWN, mine.id, token) == hers.Way(mine.id, "nl", token)


def test_what_the_shop_leaves_open_stays_her_own_word(session: Session) -> None:
    mine, token = begin(session, customer_name="Annie", customer_email="annie@klant.example")
    hers.go_on(session, Vouched("48213"), mine.id, token)
    assert (mine.customer_name, mine.customer_email) == ("Annie", "annie@klant.example")
    assert not identity.name_vouched(mine)
    assert not identity.email_vouched(mine)


def test_an_open_one_elsewhere_goes_before_one_in_which_she_said_nothing(session: Session) -> None:
    elsewhere, _ = begin(session, AN_KNOWN, said=True)
    blank, token = begin(session)
    assert hers.go_on(session, AN_KNOWN, blank.id, token) == hers.Way(elsewhere.id, "nl")
    assert blank.customer_ref is None
    spoken, spoken_token = begin(session, said=True)
    way = hers.go_on(session, AN_KNOWN, spoken.id, spoken_token)
    assert way is not None
    assert (way.id, way.attached) == (spoken.id, True)
    for conversation in (elsewhere, spoken):
        conversations.close(session, conversation)
    way = hers.go_on(session, AN_KNOWN, blank.id, token)
    assert way is not None
    assert (way.id, way.attached) == (blank.id, True)


def test_another_customers_is_never_attached_nor_opened(session: Session) -> None:
    beas, token = begin(session, BEA_KNOWN, said=True)
    assert hers.go_on(session, AN_KNOWN, beas.id, token) is None
    own, _ = begin(session, AN_KNOWN)
    for device in ((beas.id, token), (beas.id, None), ("nobody", token), (None, token), (own.id, token), ("\0", "\0")):
        assert hers.go_on(session, AN_KNOWN, *device) == hers.Way(own.id, "nl")
    assert beas.customer_ref == "7"
    with pytest.raises(NotFound):
        hers.access(session, AN_KNOWN, beas.id)


def test_nobodys_without_its_token_is_not_hers(session: Session) -> None:
    nobodys, _ = begin(session, said=True)
    for wrong in (None, "", "wrong", begin(session)[1]):
        assert hers.go_on(session, AN_KNOWN, nobodys.id, wrong) is None
    assert nobodys.customer_ref is None


def test_she_goes_on_where_people_are_before_what_changed_last(session: Session) -> None:
    waits, newer, closed = (begin(session, AN_KNOWN)[0] for _ in range(3))
    conversations.change_owner(session, waits, "queue", frm="bot", queued_at=now(), line_at=now())
    conversations.close(session, closed)
    waits.changed_at = now() - timedelta(days=2)
    session.flush()
    way = hers.go_on(session, AN_KNOWN, None, None)
    assert way == hers.Way(waits.id, "nl")
    assert newer.id != waits.id


def test_a_strangers_keys_to_it_are_worth_nothing_once_it_is_hers(session: Session) -> None:
    mine, first = begin(session, said=True, customer_email="other@klant.example")
    link, mailed = reopen.link(mine, "").removeprefix("/c/"), reopen.access(mine)
    stop = no_mail.link(mine, "other@klant.example", "").removeprefix("/no-mail/")
    assert conversations.opened(session, mine.id, mailed).id == mine.id
    hers.go_on(session, AN_KNOWN, mine.id, mailed)  # she came by the mail; who began it has another key
    assert conversations.opened(session, mine.id, mailed).id == mine.id
    with pytest.raises(NotFound):
        conversations.opened(session, mine.id, first)
    with pytest.raises(NotFound):
        reopen.reopened(session, link)
    assert reopen.reopened(session, reopen.link(mine, "").removeprefix("/c/")).id == mine.id
    assert no_mail.of_link(session, stop)[0].id == mine.id  # one click still stops mails


def test_an_idempotency_key_tells_nobody_of_it_once_it_is_hers(session: Session) -> None:
    mine, token = conversations.start(session, language="nl", idempotency_key="a key of hers")
    hers.go_on(session, AN_KNOWN, mine.id, token)
    again, _ = conversations.start(session, language="nl", idempotency_key="a key of hers")
    assert again.id != mine.id


def test_what_the_shop_says_anew_is_followed_and_what_she_left_herself_stays(session: Session) -> None:
    mine, token = begin(session, AN_KNOWN)
    moved = Vouched("48213", "An Vos", "an@vos.example")
    assert hers.settled(session, moved, mine.id, token) is None
    hers.go_on(session, moved, mine.id, token)
    assert (mine.customer_name, mine.customer_email) == ("An Vos", "an@vos.example")
    mine.customer_email = "werk@vos.example"
    assert not identity.email_vouched(mine)
    hers.access(session, AN_KNOWN, mine.id)
    assert (mine.customer_name, mine.customer_email) == ("An Peeters", "werk@vos.example")
    assert not identity.email_vouched(mine)


def test_every_device_has_its_key_and_the_oldest_goes_first(session: Session) -> None:
    mine, first = begin(session, AN_KNOWN)
    other, _ = begin(session, AN_KNOWN)
    given = [hers.access(session, AN_KNOWN, mine.id).token or "" for _ in range(keys.MOST + 2)]
    theirs = hers.access(session, AN_KNOWN, other.id).token or ""
    for token in (first, *given[2:]):
        assert conversations.opened(session, mine.id, token).id == mine.id
    for wrong in (*given[:2], theirs, "", "🎁"):
        with pytest.raises(NotFound):
            conversations.opened(session, mine.id, wrong)
    kept = session.exec(select(ConversationKey).where(ConversationKey.conversation_id == mine.id)).all()
    assert len(kept) == keys.MOST
    assert not any(token in (key.token_hash, key.salt) for key in kept for token in given)
    session.delete(mine)
    session.flush()
    assert session.exec(select(func.count()).select_from(ConversationKey)).one() == 1


def test_two_customers_at_the_same_moment_and_one_gets_it(engine: Engine) -> None:
    for _ in range(5):
        with writing(engine) as session:
            device = begin(session, said=True)
        id_, token = device[0].id, device[1]
        people = [Vouched(f"{id_} {n}") for n in range(6)]
        ways = all_at_once(engine, *(partial(hers.go_on, who=w, device_id=id_, token=token) for w in people))
        got = [who.ref for who, way in zip(people, ways, strict=True) if way]
        with reading(engine) as session:
            assert got == [conversations.get(session, id_).customer_ref]


def test_a_double_submit_attaches_once(engine: Engine) -> None:
    with writing(engine) as session:
        device = begin(session, said=True)
    id_, token = device[0].id, device[1]
    ways = all_at_once(engine, *[lambda s: hers.go_on(s, AN_KNOWN, id_, token)] * 6)
    assert {(way.id, way.token) for way in ways if way} == {(id_, token)}
    assert sum(way.attached for way in ways if way) == 1


def test_a_device_whose_key_another_made_worthless_gets_a_new_one(engine: Engine) -> None:
    for _ in range(10):
        with writing(engine) as session:
            device, first = begin(session, said=True)
            mailed = reopen.access(device)
        tokens = (first, mailed) * 3
        ways = all_at_once(engine, *(partial(hers.go_on, who=AN_KNOWN, device_id=device.id, token=t) for t in tokens))
        given = {way.token for way in ways if way}
        assert given in ({first, None}, {mailed, None})
        with reading(engine) as session:
            for token in given - {None}:
                assert conversations.opened(session, device.id, token or "").id == device.id


def test_many_devices_at_once_and_crosswise(engine: Engine) -> None:
    with writing(engine) as session:
        ans, beas = begin(session, AN_KNOWN)[0].id, begin(session, BEA_KNOWN)[0].id

    def cross(who: Vouched, own: str, other: str) -> Callable[[Session], str | None]:
        def work(session: Session) -> str | None:
            way = hers.go_on(session, who, other, "wrong")
            assert way is not None
            assert way.id == own
            return hers.access(session, who, own).token

        return work

    works = [cross(AN_KNOWN, ans, beas), cross(BEA_KNOWN, beas, ans)] * 6
    for _ in range(2):
        tokens = all_at_once(engine, *works)
        assert len(set(tokens)) == len(works)
    with reading(engine) as session:
        counted = select(ConversationKey.conversation_id, func.count()).group_by(ConversationKey.conversation_id)
        assert dict(session.exec(counted).all()) == {ans: 12, beas: 12}
        for token, id_ in zip(tokens, [ans, beas] * 6, strict=True):
            assert conversations.opened(session, id_, token or "").id == id_


def test_the_list_is_hers_alone_and_says_what_is_new(session: Session) -> None:
    begin(session, BEA_KNOWN, said=True)
    begin(session, said=True, customer_email="an@klant.example")
    old, blank = begin(session, AN_KNOWN, said=True)[0], begin(session, AN_KNOWN)[0]
    conversations.add(session, old, "bot", "answer", "Kijk op **[je saldo](/saldo)** " + "en verder " * 30)
    conversations.add(session, old, "agent", "text", "geheim", hidden_at=now())
    conversations.add(session, old, "system", "closed", "Dit gesprek is gesloten.")
    last = conversations.add(session, old, "agent", "text", "**Dag** An 🎁\nwe zijn er weer")
    conversations.add(session, old, "agent", "note", "lastige klant")
    rows = hers.listed(session, AN_KNOWN)
    assert [row["id"] for row in rows] == [old.id, blank.id]
    assert (rows[0]["last"], rows[0]["unread"]) == ("Dag An 🎁 we zijn er weer", 2)
    assert rows[0]["changed_at"] == last.at.isoformat()  # not when the note was made
    assert (rows[1]["last"], rows[1]["unread"], rows[1]["owner"]) == ("", 0, "bot")
    old.customer_seen_seq = last.seq
    session.flush()
    assert hers.listed(session, AN_KNOWN)[0]["unread"] == 0
    assert hers.listed(session, Vouched("nobody")) == []
    conversations.add(session, blank, "bot", "answer", "Kijk op [je saldo](/saldo). " + "En verder. " * 30)
    newest = hers.listed(session, AN_KNOWN)[0]
    assert newest["id"] == blank.id
    assert newest["last"].startswith("Kijk op je saldo. En verder.")
    assert len(newest["last"]) == hers.SHORT


def test_a_typed_address_brings_up_no_confirmed_customers_past(session: Session) -> None:
    confirmed, _ = begin(session, AN_KNOWN, said=True)
    before, _ = begin(session, AN_KNOWN, said=True)
    typed, _ = begin(session, said=True, customer_email="an@klant.example")
    impostor, _ = begin(session, said=True, customer_email="an@klant.example")
    namesake, _ = begin(session, Vouched("9", email="an@klant.example"), said=True)

    def found(conversation: Conversation) -> dict[str, bool]:
        listed = earlier.earlier(session, conversation)[0]
        assert agent_context(session, conversation)["earlier_conversations"] == len(listed)
        return {one.id: one.certain for one in listed}

    assert found(impostor) == {typed.id: False}
    assert found(confirmed) == {before.id: True, typed.id: False, impostor.id: False}
    assert found(namesake) == {typed.id: False, impostor.id: False}
    for other in (confirmed, namesake):
        with pytest.raises(NotFound):
            earlier.one_of_hers(session, impostor.id, other.id)
    assert earlier.one_of_hers(session, confirmed.id, before.id).id == before.id
    confirmed.customer_email = "typed@klant.example"  # left by her later: nobody vouches for it
    begin(session, said=True, customer_email="typed@klant.example")
    assert found(confirmed) == {before.id: True, typed.id: False, impostor.id: False}
