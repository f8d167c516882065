"""People as an admin changes them: nobody locked out, nothing lost, no password in the history."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import auth, people, presence, queue, shop_settings, transfer
from handoff.db import reading, writing
from handoff.models import Conversation, Person, SignIn
from handoff.people import About, LastAdmin, Oneself, Wrong
from handoff.problems import Conflict, NotFound
from handoff.routing import assign_next
from kb.models import now

from .shop import agent, given_out, here, in_line, rows, stays

FIRST = "abcd-efgh-jkmn-pqrs"
ABOUT = About("Noor Bakker", "agent", 3, ["returns", "delivery"], ["nl"])


def added(session: Session, email: str = "noor@shop.example", about: About = ABOUT) -> Person:
    return people.add(session, email, about, FIRST, by="ada")[0]


def admin(session: Session, name: str = "Ada Smit") -> Person:
    return agent(session, name, role="admin")


def history(session: Session) -> list[tuple[object, object]]:
    return [(c.before, c.after) for c in shop_settings.changes(session, people.PERSON)]


def test_somebody_new_signs_in(session: Session) -> None:
    person, is_new = people.add(session, " Noor@Shop.example ", ABOUT, FIRST, by="ada")
    assert is_new
    assert (person.email, person.capacity, person.topics) == ("noor@shop.example", 3, ["delivery", "returns"])
    assert auth.verified(session, "noor@shop.example", FIRST).id == person.id
    assert history(session) == [(None, people.shown(person))]
    kept = json.dumps(history(session))
    assert "argon2" not in kept
    assert FIRST not in kept


def test_the_same_form_twice_is_one_person(session: Session) -> None:
    first = added(session)
    again, is_new = people.add(session, "noor@shop.example", ABOUT, FIRST, by="ada")
    assert (again.id, is_new, len(history(session))) == (first.id, False, 1)
    with pytest.raises(Wrong) as wrong:
        people.add(session, "NOOR@shop.example", ABOUT, people.fresh_password(), by="ada")
    assert wrong.value.errors == {"email": "taken"}
    assert auth.verified(session, "noor@shop.example", FIRST)


@pytest.mark.parametrize("bad", ["", "noor", "a@b@c", "Noor <noor@shop.example>", "x" * 400 + "@shop.example",
                                 "a b@shop.example", "noor@shop.example\nbcc: x@y.z", "\u202enoor@"])  # fmt: skip
def test_a_bad_address(session: Session, bad: str) -> None:
    with pytest.raises(Wrong) as wrong:
        added(session, bad)
    assert wrong.value.errors == {"email": "unknown"}
    assert session.exec(select(Person)).all() == []


@pytest.mark.parametrize(
    ("about", "errors"),
    [
        (About(" \x00\n ", "agent", 4), {"name": "missing"}),
        (About("x" * 201, "agent", 4), {"name": "long"}),
        (About("Noor", "boss", 0), {"role": "unknown", "capacity": "range"}),
        (About("Noor", "agent", 51, [], []), {"capacity": "range", "topics": "missing", "languages": "missing"}),
    ],
)
def test_what_cannot_be_taken(session: Session, about: About, errors: dict[str, str]) -> None:
    person = added(session)
    for act in (
        lambda: people.add(session, "x@shop.example", about, FIRST, by="ada"),
        lambda: people.change(session, person.id or 0, about, revision=people.mark(person), by="ada"),
    ):
        with pytest.raises(Wrong) as wrong:
            act()
        assert wrong.value.errors == errors
    assert len(history(session)) == 1


def test_a_change_is_kept_and_noted(session: Session) -> None:
    person = added(session)
    before = people.shown(person)
    about = About("<b>Noor</b> 🎄  عيد", "admin", 50, None, ["nl", "en", "nl"])
    changed, waiting = people.change(session, person.id or 0, about, revision=people.mark(person), by="ada")
    after = before | {"name": "<b>Noor</b> 🎄 عيد", "role": "admin", "capacity": 50, "topics": None}
    assert people.shown(changed) == after | {"languages": ["en", "nl"]}
    assert waiting == []
    assert history(session)[0] == (before, people.shown(changed))


def test_a_stale_form_is_refused(session: Session) -> None:
    person = added(session)
    old = people.mark(person)
    people.change(session, person.id or 0, About("Noor", "agent", 5), revision=old, by="ada")
    with pytest.raises(Conflict):
        people.change(session, person.id or 0, About("Noor", "agent", 6), revision=old, by="els")
    assert person.capacity == 5
    people.change(session, person.id or 0, About("Noor", "agent", 5), revision=old, by="ada")  # the form sent twice
    assert len(history(session)) == 2
    with pytest.raises(NotFound):
        people.change(session, 999, ABOUT, revision=old, by="ada")


def test_who_is_deactivated_is_out_at_once(session: Session) -> None:
    ada, noor = admin(session), added(session)
    token = auth.sign_in(session, noor)
    assert auth.person_for(session, token) is not None
    people.set_active(session, noor.id or 0, False, by=ada)
    assert auth.person_for(session, token) is None
    assert session.exec(select(SignIn)).all() == []
    people.set_active(session, noor.id or 0, False, by=ada)
    assert len(history(session)) == 2
    people.set_active(session, noor.id or 0, True, by=ada)
    assert auth.person_for(session, token) is None
    assert auth.verified(session, noor.email, FIRST)


def test_what_she_had_goes_to_the_front(session: Session) -> None:
    ada, noor, sam = admin(session), added(session), agent(session, "Sam Peeters")
    hers = [in_line(session) for _ in range(2)]
    for conversation in hers:
        queue.claim(session, conversation.id, noor)
    other = in_line(session)
    theirs = in_line(session)
    queue.claim(session, theirs.id, sam)
    _, waiting = people.set_active(session, noor.id or 0, False, by=ada)
    assert sorted(waiting) == sorted(c.id for c in hers)
    assert [c.id for c in queue.waiting(session)[0]] == [hers[0].id, hers[1].id, other.id]
    assert rows(session, hers[0])[-1].text == "We zetten je door naar een collega. Je staat vooraan in de rij."
    assert stays(session, hers[0]) == [(noor.id, "vanished")]
    assert theirs.agent_id == sam.id
    with pytest.raises(NotFound):
        queue.claim(session, other.id, noor)
    with pytest.raises(NotFound):
        transfer.transfer(session, theirs.id, sam, to_person=noor.id)


def test_who_is_no_agent_any_more_has_none(session: Session) -> None:
    noor = added(session)
    conversation = in_line(session)
    queue.claim(session, conversation.id, noor)
    about = About("Noor Bakker", "editor", 3)
    _, waiting = people.change(session, noor.id or 0, about, revision=people.mark(noor), by="ada")
    assert waiting == [conversation.id]
    assert (conversation.owner, conversation.agent_id) == ("queue", None)


def test_nobody_is_given_to_who_was_deactivated(session: Session) -> None:
    ada, noor = admin(session), added(session, about=About("Noor", "agent", 3))
    given_out(session)
    here(session, noor)
    people.set_active(session, noor.id or 0, False, by=ada)
    in_line(session)
    assert assign_next(session, now()) == []


def test_somebody_can_always_change_settings(session: Session) -> None:
    ada = admin(session)
    bob = admin(session, "Bob Smit")
    with pytest.raises(Oneself):
        people.set_active(session, ada.id or 0, False, by=ada)
    people.set_active(session, bob.id or 0, False, by=ada)
    with pytest.raises(LastAdmin):
        people.change(session, ada.id or 0, About("Ada", "agent", 4), revision=people.mark(ada), by="ada")
    with pytest.raises(LastAdmin):
        people.set_active(session, ada.id or 0, False, by=bob)
    people.set_active(session, bob.id or 0, True, by=ada)
    people.change(session, ada.id or 0, About("Ada", "agent", 4), revision=people.mark(ada), by="ada")
    assert ada.role == "agent"


def test_two_admins_at_once_do_not_lock_everybody_out(engine: Engine) -> None:
    with writing(engine) as session:
        ids = [admin(session, name).id or 0 for name in ("Ada Smit", "Bob Smit")]
    refused: list[type[Exception]] = []
    ready = threading.Barrier(2)

    def out(mine: int, other: int) -> None:
        with reading(engine) as session:
            me = people.get(session, mine)
        ready.wait()
        try:
            with writing(engine) as session:
                people.set_active(session, other, False, by=me)
        except LastAdmin as error:
            refused.append(type(error))

    threads = [threading.Thread(target=out, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with reading(engine) as session:
        assert [p.active for p in session.exec(select(Person)).all()].count(True) == 1
    assert refused == [LastAdmin]


def test_the_same_address_at_the_same_moment(engine: Engine) -> None:
    found: list[tuple[int | None, bool]] = []
    ready = threading.Barrier(2)

    def add() -> None:
        ready.wait()
        with writing(engine) as session:
            person, is_new = people.add(session, "noor@shop.example", ABOUT, FIRST, by="ada")
            found.append((person.id, is_new))

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(is_new for _, is_new in found) == [False, True]
    assert len({id_ for id_, _ in found}) == 1


def test_a_new_password(session: Session) -> None:
    noor = added(session)
    token = auth.sign_in(session, noor)
    fresh = people.fresh_password()
    assert people.GENERATED.fullmatch(fresh)
    for _ in range(2):
        people.set_password(session, noor.id or 0, fresh, by="ada")
    assert auth.person_for(session, token) is None
    assert auth.verified(session, noor.email, fresh)
    assert len(history(session)) == 2
    assert "argon2" not in json.dumps(history(session))
    assert fresh not in json.dumps(history(session))


def test_the_list(session: Session) -> None:
    at = now()
    noor, sam, eve = agent(session, "noor"), agent(session, "Sam"), agent(session, "Eve", active=False)
    agent(session, "Els", role="editor")
    here(session, noor, eve, at=at)
    here(session, sam, at=at - timedelta(minutes=5))
    presence.set_away(session, noor.id or 0, True)
    conversation: Conversation = in_line(session)
    queue.claim(session, conversation.id, noor)
    found = [(row.person.name, row.held, row.present, row.away) for row in people.people(session, at)]
    assert found == [("Els", 0, False, False), ("noor", 1, True, True), ("Sam", 0, False, False),
                     ("Eve", 0, False, False)]  # fmt: skip
