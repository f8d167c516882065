"""The bench of the honest wait: its days are what it says they are, and its judge can say no."""

import math
import random
from dataclasses import replace
from functools import partial

import pytest
from rich.console import Console

from bench import waiting
from bench.days import KINDS, TOPICS, Customer, Day, Judged, Kind, Past, Worker, team
from bench.waiting import DEVELOPING, FORMULAS, SEEDS, Outcome, formulas, lived, outcome
from handoff.history import Waited
from handoff.simulate import Agent, Estimate, Wait

NOBODY = Kind("nobody", lambda hour: 0.0, 1e-9)


def day_of(customers: list[Customer], workers: list[Worker], stops: float = math.inf) -> Day:
    """A day on which exactly these come, each of them told something; the last agent stops at `stops`."""

    def ask(day: Day, customer: Customer) -> None:
        customer.told, customer.notes = Estimate(1, None, None), (0.0,)

    day = Day(NOBODY, workers, Past(), ask, 1)
    workers[-1].stops = stops
    for one in customers:
        day._at(one.came, partial(day._arrive, one))
    return day.run()


def came(at: float, work: float = 100.0, patience: float = 9999.0, topic: str = "returns", urgent: int = 0) -> Customer:
    return Customer(at, topic, "nl", urgent, work, patience)


def one_agent(**more: object) -> Worker:
    return Worker("An", 1, None, None, **({"speed": 1.0} | more))  # type: ignore[arg-type]


def test_a_ghost_has_the_wait_she_would_have_had_and_takes_no_time() -> None:
    day = day_of([came(0), came(10), came(20, patience=30), came(30)], [one_agent()])
    assert [(one.real_s, one.gave_up) for one in day.judged] == [(90, False), (180, True), (170, False)]
    assert (day.queued, day.gave_up) == (3, 1)
    assert [one.seconds for one in day.past.handled] == [100, 100, 100]


def test_history_knows_who_gave_up_who_was_served_and_who_still_waits() -> None:
    waits, gone, served = came(10), came(10, patience=30), came(10)
    day_of([came(0), gone, served], [one_agent()])
    assert waits.waited(50.0) == Waited(40.0)
    assert gone.waited(9999.0) == Waited(30.0, gave_up=True)
    assert served.waited(9999.0) == Waited(90.0)


def test_the_longest_wait_she_can_take_comes_first_and_priority_before_it() -> None:
    payment = Worker("Bo", 1, frozenset({"payment"}), None, 1.0)
    day = day_of([came(0, topic="payment"), came(1), came(2, topic="payment")], [payment, one_agent()])
    assert [one.real_s for one in day.judged] == [98]
    day = day_of([came(0), came(1), came(2, urgent=1)], [one_agent()])
    assert [one.real_s for one in day.judged] == [98, 199]


def test_who_stops_ends_what_she_has_and_takes_nobody_more() -> None:
    quick, slow = one_agent(), Worker("Bo", 1, None, None, 3.0)
    day = day_of([came(0), came(1), came(2)], [slow, quick], stops=50.0)
    assert [one.real_s for one in day.judged] == [298]
    assert len(day.online()) == 1


def test_a_slow_agent_takes_longer() -> None:
    day = day_of([came(0), came(1)], [one_agent(speed=2.0)])
    assert [one.real_s for one in day.judged] == [199]


def test_the_formulas() -> None:
    agents = [Agent(2), Agent(3)]
    assert formulas(4, 300.0, agents, [100.0, 200.0, 900.0]) == (12.0, 150.0, 600.0, 240.0)
    assert formulas(1, 300.0, [], []) == (3.0, 0.0, 300.0, 300.0)


def judged(real: float, gave_up: bool = False) -> Judged:
    wait = Wait(100.0, 300.0, 200.0)
    return Judged(Estimate(1, wait, wait), (500.0, 500.0, 500.0, 500.0), real, gave_up)


def test_an_outcome_counts_what_was_held_and_by_how_much_it_erred() -> None:
    one = outcome(KINDS[0], [judged(100), judged(250), judged(301), judged(200, gave_up=True)])
    assert (one.judged, one.covered, one.gave_up, one.error_s) == (4, 0.75, 0.25, 75.0)
    silent = replace(judged(100), told=Estimate(1, None, None))
    assert outcome(KINDS[0], [judged(200), silent]).covered == 0.5


@pytest.mark.parametrize(
    ("kind", "covered", "theirs", "missed"),
    [
        (0, 0.80, (20.0, 20.0, 12.0, 12.0), 0),
        (0, 0.74, (20.0, 20.0, 12.0, 12.0), 1),
        (0, 0.86, (20.0, 20.0, 12.0, 12.0), 1),
        (1, 0.95, (20.0, 20.0, 12.0, 12.0), 0),
        (1, 0.69, (20.0, 20.0, 12.0, 12.0), 1),
        (0, 0.80, (19.0, 19.0, 11.0, 11.0), 4),
        (2, 0.80, (20.0, 20.0, 12.0, 12.0), 2),
        (0, float("nan"), (float("nan"),) * 4, 5),
    ],
)
def test_bars_are_missed_where_they_are(kind: int, covered: float, theirs: tuple[float, ...], missed: int) -> None:
    assert len(Outcome(KINDS[kind], 9, 0.1, 60.0, covered, 1.0, 10.0, theirs).missed()) == missed
    assert len(FORMULAS) == len(theirs)


def test_the_same_seed_lives_the_same_day_and_others_are_kept_for_trying_things() -> None:
    first, again, other = (lived(KINDS[4], 5, seed) for seed in (8, 8, 9))
    assert first.judged == again.judged != other.judged
    assert len(first.judged) > 20
    assert all(one.told.wait is not None for one in first.judged)
    assert not set(SEEDS) & set(DEVELOPING)


def test_every_team_can_serve_everybody() -> None:
    for seed in range(20):
        workers = team(5, random.Random(seed))
        assert sum(w.topics is None and w.languages is None for w in workers) >= 2
        assert all(w.topics is None or w.topics < set(TOPICS) for w in workers)


def test_the_table_names_what_was_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KINDS", (KINDS[0],))
    monkeypatch.setattr(waiting, "OF_FORMULA", (0.0, 0.5, 0.9, 0.9))
    monkeypatch.setattr(waiting, "crowd_ms", lambda: 51.0)
    console = Console(width=200, record=True)
    missed = waiting.report(console, DEVELOPING[:1], (5,))
    said = console.export_text()
    assert missed >= 2
    assert "MISSED" in said
    assert "51.0 ms" in said
