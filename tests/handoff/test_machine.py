"""Customers, agents and the bot in any order, and at the same moment: what must hold holds (see `invariants`)."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, delete
from sqlmodel import Session, SQLModel, select

from handoff import bot, closing, contact, conversations, presence, promises, queue, routing, teams, transfer, turns
from handoff.contact import Wish
from handoff.db import reading, writing
from handoff.desk_models import Promise
from handoff.incoming import Incoming, receive
from handoff.models import Change, Conversation, Handling, Message, Person, Presence, Setting
from handoff.problems import Problem
from handoff.question import OpenQuestion
from handoff.resting import rests
from handoff.teams import Routing, Team
from kb.models import Entry
from kb.models import now as real_now

from .invariants import Sent, check, nobody_overloaded

CLOCKED: tuple[ModuleType, ...] = (closing, contact, conversations, presence, promises, queue, routing, transfer, turns)
LEASE_S, GRACE_S = 8.0, 45.0
TOPICS = ("lamps", "returns")
TEAM = [  # name, capacity, topics, languages
    ("Noor Bakker", 2, None, None),
    ("Sam Peeters", 1, ["lamps"], None),
    ("Iris de Wit", 2, ["returns"], ["en"]),
    ("Ada Smit", 3, None, ["nl"]),
]
numbers = st.integers(0, 30)
agents = st.integers(0, len(TEAM) - 1)


def people(session: Session) -> list[Person]:
    """The agents of TEAM, and an entry for each topic."""
    found = [
        Person(email=f"{n}@x", name=name, role="agent", password_hash="", capacity=c, topics=t, languages=languages)
        for n, (name, c, t, languages) in enumerate(TEAM)
    ]
    session.add_all(found)
    session.add_all(Entry(key=f"{t}-x", language="nl", question="?", answer="!", topic=t) for t in TOPICS)
    session.flush()
    return found


def emptied(session: Session) -> None:
    """Nothing of an earlier example is left."""
    tables: list[type[SQLModel]] = [Promise, Message, Handling, Conversation, Presence, Setting, Change, Person, Entry]
    for table in tables:
        session.execute(delete(table))


class Clock:
    """Time that passes when it is told to, and a moment at every look."""

    def __init__(self) -> None:
        self.at = real_now()

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


class Shop(RuleBasedStateMachine):
    """A shop with four agents. Refusals are fine, as long as everything still holds after them."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        super().__init__()
        self.engine, self.now = engine, clock
        self.ids: list[str] = []
        self.sent: Sent = {}
        self.turns: list[turns.Turn] = []
        self.promised: dict[str, int] = {}  # what is open, by conversation: nobody may be forgotten
        self.desks: set[int] = set()
        self.count = 0

    def write(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """One transaction; None where it was refused."""
        try:
            with writing(self.engine) as session:
                return fn(session, *args, **kwargs)
        except Problem:
            return None

    def one(self, number: int) -> str:
        return self.ids[number % len(self.ids)] if self.ids else "none"

    def with_an_agent(self, number: int, agent: int) -> tuple[str, Person]:
        """A conversation and the agent who has it, mostly; now and then any agent and any conversation."""
        with reading(self.engine) as session:
            held = session.exec(select(Conversation).where(Conversation.owner == "agent")).all()
            if not held or number % 5 == 0:
                return self.one(number), self.people[agent]
            conversation = held[number % len(held)]
            return conversation.id, next(p for p in self.people if p.id == conversation.agent_id)

    def fresh(self) -> str:
        self.count += 1
        return f"c{self.count}"

    @initialize(gives_out=st.booleans())
    def opens(self, gives_out: bool) -> None:
        self.write(emptied)
        self.people = self.write(people)
        self.another_routing(gives_out, [], False)
        for n, language in enumerate(("nl", "en", "nl", "nl")):
            self.starts(language)
            self.hands_over(n)
            self.connects(n)

    @rule(language=st.sampled_from(["nl", "en"]))
    def starts(self, language: str) -> None:
        if len(self.ids) < 8:
            self.ids.append(self.write(conversations.start, language=language)[0].id)

    @rule(number=numbers, kind=st.sampled_from(["text", "text", "text", "leave_queue", "end"]))
    def customer(self, number: int, kind: str) -> None:
        id_, client_id = self.one(number), self.fresh()
        words = f"woorden {client_id}" if kind == "text" else None
        if self.write(receive, id_, Incoming(client_id=client_id, kind=kind, text=words)):
            self.sent[id_, "customer", client_id] = words or ""

    @rule(number=numbers)
    def sends_again(self, number: int) -> None:
        hers = [key for key in self.sent if key[1] == "customer"]
        if hers:
            id_, _, client_id = hers[number % len(hers)]
            assert not self.write(receive, id_, Incoming(client_id=client_id, text="andere woorden")).fresh

    @rule(number=numbers)
    def bot_begins(self, number: int) -> None:
        if turn := self.write(turns.begin, self.one(number), LEASE_S):
            self.turns.append(turn)

    @rule(number=numbers, name=st.sampled_from(["say", "handoff", "handoff"]), topic=st.sampled_from([None, *TOPICS]))
    def bot_ends(self, number: int, name: str, topic: str | None) -> None:
        if self.turns:
            turn = self.turns.pop(number % len(self.turns))
            act = bot.Act("say", key="ok") if name == "say" else bot.Act("handoff", reason="unknown")
            evidence = {"candidates": [{"key": f"{topic}-x"}]} if topic else {}
            question = OpenQuestion(turn.seq, turn.text, turn.last_at, evidence)
            self.write(turns.finish, turn, None, [act], question, None)

    @rule(number=numbers)
    def hands_over(self, number: int) -> None:
        """The most usual way on: a question, and nobody knows."""
        self.customer(number, "text")
        self.bot_begins(number)
        self.bot_ends(len(self.turns) - 1, "handoff", (None, *TOPICS)[number % 3])

    @rule(number=numbers)
    def bot_crashes(self, number: int) -> None:
        if self.turns:
            self.turns.pop(number % len(self.turns))

    @rule()
    def sweeps(self) -> None:
        for id_ in self.write(turns.unanswered_since):
            if turn := self.write(turns.begin, id_, LEASE_S):
                self.write(turns.finish, turn, None, [bot.Act("say", key="ok")], None, None)
        assert self.write(turns.unanswered_since) in ([], self.write(turns.unanswered_since))

    @rule(seconds=st.sampled_from([1, 9, 20, 50, 400]))
    def time_passes(self, seconds: int) -> None:
        self.now.at += timedelta(seconds=seconds)
        for agent in self.desks:
            self.write(presence.seen, self.people[agent].id, self.now(), GRACE_S)

    @rule(agent=agents)
    def connects(self, agent: int) -> None:
        self.desks.add(agent)
        self.write(presence.seen, self.people[agent].id, self.now(), GRACE_S)

    @rule(agent=agents)
    def hangs_up(self, agent: int) -> None:
        self.desks.discard(agent)

    @rule(agent=agents, away=st.booleans())
    def goes_away(self, agent: int, away: bool) -> None:
        self.write(presence.set_away, self.people[agent].id, away)

    @rule(everyone=st.booleans(), some=st.lists(agents, max_size=3), team=st.booleans())
    def another_routing(self, everyone: bool, some: list[int], team: bool) -> None:
        value = Routing(automatic=everyone, priority={"unknown": int(team)})
        value.teams = [Team(name="x", automatic=team, people=[self.people[n].id for n in some])]
        revision = self.write(teams.document).revision
        self.write(teams.change_routing, value, revision=revision, by="ada")

    @rule(number=numbers, agent=agents)
    def vanishes(self, number: int, agent: int) -> None:
        """Her desk is gone, the others stay."""
        _, person = self.with_an_agent(number, agent)
        self.hangs_up(self.people.index(person))
        for _ in range(3):
            self.time_passes(20)
        self.looks_after_the_queue()

    @rule(number=numbers, agent=agents, to=agents, leaves=st.booleans())
    def hands_on_to_who_is_away(self, number: int, agent: int, to: int, leaves: bool) -> None:
        """It waits for her alone, until that has lasted long enough or she is gone."""
        self.connects(to)
        self.goes_away(to, True)
        self.hands_on(agent, number, to, None)
        self.looks_after_the_queue()
        if leaves:
            self.hangs_up(to)
        self.time_passes(400)
        self.looks_after_the_queue()

    @rule()
    def looks_after_the_queue(self) -> None:
        with reading(self.engine) as session:
            kept = select(Conversation.id, Conversation.agent_id).where(Conversation.owner == "agent", rests())
            resting = set(session.exec(kept).all())
        self.write(presence.vanished, self.now(), GRACE_S)
        with reading(self.engine) as session:
            assert resting <= set(session.exec(kept).all()), "a promise was lost with its agent's desk"
        self.write(routing.let_go, self.now(), GRACE_S)
        self.write(routing.assign_next, self.now(), GRACE_S)
        left = self.write(routing.matches, self.now(), GRACE_S)
        assert left == [], "somebody waits whom an agent could have been given"

    @rule(agent=agents, number=numbers)
    def claims(self, agent: int, number: int) -> None:
        with reading(self.engine) as session:
            waits = [c.id for c in queue.waiting(session)[0]]
        id_ = self.one(number) if number % 5 == 0 or not waits else waits[number % len(waits)]
        self.write(queue.claim, id_, self.people[agent], GRACE_S)

    @rule(agent=agents, number=numbers, kind=st.sampled_from([queue.reply, queue.reply, queue.note]))
    def writes(self, agent: int, number: int, kind: Callable[..., Any]) -> None:
        (id_, person), client_id = self.with_an_agent(number, agent), self.fresh()
        if self.write(kind, id_, person, client_id, f"antwoord {client_id}"):
            self.sent[id_, "agent", client_id] = f"antwoord {client_id}"

    @rule(agent=agents, number=numbers)
    def writes_again(self, agent: int, number: int) -> None:
        theirs = [key for key in self.sent if key[1] == "agent"]
        if theirs:
            id_, _, client_id = theirs[number % len(theirs)]
            self.write(queue.reply, id_, self.people[agent], client_id, "iets anders")

    @rule(agent=agents, number=numbers, to=agents, topic=st.sampled_from([None, None, *TOPICS, "cats"]))
    def hands_on(self, agent: int, number: int, to: int, topic: str | None) -> None:
        person = None if topic else self.people[to].id
        self.write(transfer.transfer, *self.with_an_agent(number, agent), person, topic, "let op", GRACE_S)

    @rule(agent=agents, number=numbers, how=st.sampled_from([queue.hand_back, queue.close]))
    def ends(self, agent: int, number: int, how: Callable[..., Any]) -> None:
        self.write(how, *self.with_an_agent(number, agent))

    @rule(agent=agents, number=numbers)
    def takes_back(self, agent: int, number: int) -> None:
        self.write(closing.reopen, self.one(number), self.people[agent], GRACE_S)

    @rule(number=numbers, kind=st.sampled_from(["answer", "answer", "call"]), window=st.integers(0, 6))
    def leaves_an_address(self, number: int, kind: str, window: int) -> None:
        with reading(self.engine) as session:
            offered = contact.free_windows(session, self.now())
        start = offered[window][0] if window < len(offered) else None
        id_ = self.one(number)
        wish = Wish(self.fresh(), kind, "an@klant.example", "0612345678", start)
        if promise := self.write(contact.leave, id_, wish, mail=True):
            self.promised[id_] = promise.id
            assert self.write(contact.leave, id_, wish, mail=True).id == promise.id

    @rule(agent=agents, number=numbers, hours=st.integers(-1, 9))
    def promises_something(self, agent: int, number: int, hours: int) -> None:
        id_, person = self.with_an_agent(number, agent)
        due, client_id = self.now() + timedelta(hours=hours), self.fresh()
        if promise := self.write(promises.make, id_, person, due, client_id=client_id):
            self.promised[id_] = promise.id
            assert self.write(promises.make, id_, person, due, client_id=client_id).id == promise.id

    def a_promise(self, number: int, agent: int) -> tuple[Promise, Person] | None:
        """An open promise, now and then a settled one, and who has it, mostly."""
        with reading(self.engine) as session:
            found = session.exec(select(Promise).order_by(Promise.id)).all()
        of_all = [p for p in found if (p.kept_at is None and p.dropped_at is None) or number % 5 == 0]
        if not of_all:
            return None
        promise = of_all[number % len(of_all)]
        holder = next((p for p in self.people if p.id == promise.holder_id), None)
        return promise, holder if holder and agent else self.people[agent]

    @rule(agent=agents, number=numbers, how=st.sampled_from([promises.keep, promises.keep, promises.drop]))
    def settles(self, agent: int, number: int, how: Callable[..., Any]) -> None:
        if found := self.a_promise(number, agent):
            promise, person = found
            if self.write(how, promise.id, person) and self.promised.get(promise.conversation_id) == promise.id:
                del self.promised[promise.conversation_id]

    @rule(agent=agents, number=numbers, stale=st.sampled_from([0, 0, 1]), hours=st.integers(1, 9))
    def moves(self, agent: int, number: int, stale: int, hours: int) -> None:
        if found := self.a_promise(number, agent):
            promise, person = found
            due = self.now() + timedelta(hours=hours)
            more = {"from_at": due - timedelta(hours=1)} if promise.kind == "call" else {}
            self.write(promises.move, promise.id, person, due, revision=promise.revision - stale, **more)

    @rule(agent=agents, number=numbers)
    def takes_a_promise(self, agent: int, number: int) -> None:
        if (found := self.a_promise(number, 0)) and (promise := found[0]):
            person = self.people[agent]
            if taken := self.write(promises.take, promise.id, person, GRACE_S):
                assert (taken.owner, taken.agent_id) == ("agent", person.id)

    @rule(agent=agents, number=numbers)
    def promises_and_leaves_her_desk(self, agent: int, number: int) -> None:
        self.promises_something(agent, number, 5)
        self.vanishes(number, agent)

    @invariant()
    def all_holds(self) -> None:
        if self.ids:
            with reading(self.engine) as session:
                assert {p.conversation_id: p.id for p in promises.open_list(session)} == self.promised
                check(session, self.sent, self.now.at)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time in every part that looks at it."""
    clock = Clock()
    for module in CLOCKED:
        monkeypatch.setattr(module, "now", clock)
    return clock


def test_whatever_anybody_does_in_whatever_order(engine: Engine, clock: Clock) -> None:
    examples, steps = (30, 40) if engine.dialect.name == "sqlite" else (10, 40)
    bounded = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(lambda: Shop(engine, clock), settings=bounded)


CUSTOMERS = 10
OPS = 480
ENDS = {"transferred", "vanished", "closed", "bot"}
# SQLite has one writer and no line before it: the app puts its own writers in one (`State.writers`), so that only
# processes meet each other at the database.
AT_ONCE = {"sqlite": 3, "postgresql": 8}


def one_thing(rng: random.Random, session: Session, ids: list[str], staff: list[Person]) -> None:
    """Something that an agent, a customer or the app does to one conversation, or to the queue."""
    id_, person, other = rng.choice(ids), rng.choice(staff), rng.choice(staff)
    holder = conversations.get(session, id_).agent_id  # may have it no longer when it comes to it
    if rng.random() < 0.8:
        person = next((p for p in staff if p.id == holder), person)
    at = real_now()
    things: list[Callable[[], Any]] = [
        lambda: queue.claim(session, id_, person),
        lambda: queue.claim(session, id_, person),
        lambda: routing.assign_next(session, at),
        lambda: routing.assign_next(session, at),
        lambda: transfer.transfer(session, id_, person, to_person=other.id, note="let op"),
        lambda: transfer.transfer(session, id_, person, to_topic=rng.choice(TOPICS)),
        lambda: queue.hand_back(session, id_, person),
        lambda: queue.close(session, id_, person, topic=rng.choice(TOPICS), cause="zoemt"),
        lambda: closing.reopen(session, id_, person),
        lambda: presence.seen(session, person.id or 0, at),
        lambda: presence.vanished(session, at + timedelta(seconds=rng.choice([0, 0, 0, 60]))),
        lambda: routing.let_go(session, at + timedelta(seconds=rng.choice([0, 400]))),
        lambda: queue.reply(session, id_, person, "same", "hoi"),
        lambda: receive(session, id_, Incoming(client_id=f"t{rng.random()}", kind="leave_queue")),
        lambda: hand_over(session, id_, rng),
        lambda: contact.leave(session, id_, Wish(f"w{rng.random()}", "answer", "an@klant.example"), mail=True),
        lambda: promises.make(session, id_, person, at + timedelta(hours=5), client_id=f"p{rng.random()}"),
        lambda: change_a_promise(rng, session, id_, person),
        lambda: change_a_promise(rng, session, id_, person),
    ]
    rng.choice(things)()


def change_a_promise(rng: random.Random, session: Session, id_: str, person: Person) -> None:
    """Somebody keeps, drops, moves or takes what is promised in a conversation."""
    if promise := promises.open_of(session, id_):
        due = real_now() + timedelta(hours=rng.randint(1, 99))
        things: list[Callable[[], Any]] = [
            lambda: promises.keep(session, promise.id or 0, person),
            lambda: promises.drop(session, promise.id or 0, person),
            lambda: promises.move(session, promise.id or 0, person, due, revision=promise.revision),
            lambda: promises.take(session, promise.id or 0, person),
        ]
        rng.choice(things)()


def hand_over(session: Session, id_: str, rng: random.Random) -> None:
    """She asks something that the bot does not know."""
    receive(session, id_, Incoming(client_id=f"q{rng.random()}", text="mijn lamp zoemt"))
    if turn := turns.begin(session, id_, LEASE_S):
        evidence = {"candidates": [{"key": f"{rng.choice(TOPICS)}-x"}]}
        question = OpenQuestion(turn.seq, turn.text, turn.last_at, evidence)
        turns.finish(session, turn, None, [bot.Act("handoff", reason="unknown")], question, None)


def test_many_at_once_end_with_everything_in_its_place(engine: Engine) -> None:
    with writing(engine) as session:
        staff = people(session)
        ids = [conversations.start(session, language=("nl", "en")[n % 2])[0].id for n in range(CUSTOMERS)]
        routed = Routing(automatic=True).model_dump()
        session.add(Setting(name=teams.ROUTING, value=routed))
        for person in staff:
            presence.seen(session, person.id or 0, real_now())
    workers = AT_ONCE[engine.dialect.name]
    # Several looks of one transaction see the same: SQLite's do by themselves.
    isolation = {"postgresql": {"isolation_level": "REPEATABLE READ"}}.get(engine.dialect.name, {})
    at_one_moment = engine.execution_options(**isolation)
    ready = threading.Barrier(workers)

    def work(seed: int) -> None:
        rng = random.Random(seed)
        ready.wait()
        for _ in range(OPS // workers):
            with suppress(Problem), writing(engine) as session:
                one_thing(rng, session, ids, staff)
                time.sleep(rng.random() / 500)  # hold what was locked a moment, so that the others meet it
            with reading(at_one_moment) as session:
                nobody_overloaded(session, {c.id: c for c in session.exec(select(Conversation)).all()})

    for seeds in (range(n, n + workers) for n in range(0, 4 * workers, workers)):
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(work, seed) for seed in seeds]:
                done.result()
        with reading(engine) as session:
            if ENDS <= {h.end for h in session.exec(select(Handling)).all()}:
                break  # who comes first is chance: where too little happened, more is done
    with reading(engine) as session:
        rows = session.exec(select(Message).order_by(Message.id)).all()
        sent = {(m.conversation_id, m.author, m.client_id): m.text for m in rows if m.client_id}
        ends = {h.end for h in session.exec(select(Handling)).all()}
        check(session, dict(sorted(sent.items(), key=lambda kv: _seq(rows, kv[0]))), real_now())
    assert ends >= ENDS, "too little happened to say anything"


@pytest.mark.parametrize("how", ["claims", "is given", "is handed"])
def test_one_agent_gets_no_more_than_she_takes_however_it_comes(engine: Engine, how: str) -> None:
    with writing(engine) as session:
        noor, _, _, ada = people(session)
        session.add(Setting(name=teams.ROUTING, value=Routing(automatic=True).model_dump()))
        ids = [conversations.start(session, language="nl")[0].id for _ in range(3)]
        for n, id_ in enumerate(ids):
            hand_over(session, id_, random.Random(n))
            if how == "is handed":
                queue.claim(session, id_, ada)
        presence.seen(session, noor.id or 0, real_now())
    ready = threading.Barrier(len(ids))

    def attempt(id_: str) -> None:
        ready.wait()
        with suppress(Problem), writing(engine) as session:
            if how == "claims":
                queue.claim(session, id_, noor)
            elif how == "is given":
                routing.assign_next(session, real_now())
            else:
                transfer.transfer(session, id_, ada, to_person=noor.id)
            time.sleep(0.1)

    with ThreadPoolExecutor(len(ids)) as pool:
        list(pool.map(attempt, ids))
    with reading(engine) as session:
        assert presence.held_counts(session)[noor.id or 0] == noor.capacity == 2
        assert queue.waiting_count(session) == 1


def _seq(rows: list[Message], key: tuple[str, str, str]) -> int:
    return next(m.seq for m in rows if (m.conversation_id, m.author, m.client_id) == key)
