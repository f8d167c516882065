"""The honest wait: what must hold of every estimate, whatever the figures."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.history import Handled, Model, Told, Waited, fit
from handoff.order import PRIORITY_S, can_take, order_key
from handoff.simulate import Agent, Estimate, Running, Wait, Waiting, estimate, expected, newcomer, rounded


def history(median_s: float = 300.0, sd: float = 0.6, topic: str | None = "returns", n: int = 300) -> list[Handled]:
    rng = random.Random(4)
    return [Handled(topic, median_s * float(np.exp(rng.gauss(0, sd)))) for _ in range(n)]


def learned(*parts: list[Handled], waited: list[Waited] | None = None, told: list[Told] | None = None) -> Model:
    model = fit([one for part in parts for one in part], waited or [], told or [])
    assert model is not None
    return model


def busy(elapsed_s: float = 60.0, topic: str | None = "returns", **more: object) -> Agent:
    return Agent(1, running=(Running(topic, elapsed_s),), **more)  # type: ignore[arg-type]


def line(n: int, topic: str | None = "returns") -> list[Waiting]:
    return [Waiting(-10.0 - i, topic, "nl") for i in range(n)]


def ask(waiting: list[Waiting], agents: list[Agent], model: Model | None, **more: object) -> Estimate:
    return newcomer(waiting, agents, model, 0.0, "returns", "nl", **more)  # type: ignore[arg-type]


def wait(waiting: list[Waiting], agents: list[Agent], model: Model, **more: object) -> Wait:
    found = ask(waiting, agents, model, **more).wait
    assert found is not None
    assert 0 <= found.low_s <= found.median_s <= found.high_s < float("inf")
    return found


MODEL = learned(history())


def test_nothing_is_said_without_agents_or_without_history() -> None:
    assert ask(line(2), [], MODEL) == Estimate(3, None, None)
    assert fit(history(n=4)) is None
    assert ask(line(2), [busy()], None) == Estimate(3, None, None)
    assert estimate([], [busy()], MODEL, 0.0) == []


def test_nothing_is_said_where_nobody_online_has_the_skill_or_room() -> None:
    assert ask([], [busy(topics=frozenset({"payment"}))], MODEL).wait is None
    assert ask([], [busy(languages=frozenset({"en"}))], MODEL).wait is None
    assert ask([], [Agent(0)], MODEL).wait is None


def test_a_free_slot_with_the_skill_means_no_wait() -> None:
    free = Agent(2, frozenset({"returns"}), running=(Running("returns", 5.0),))
    assert wait([], [busy(), free], MODEL).high_s < 1
    assert wait([Waiting(-5.0, "payment", "nl")], [free], MODEL).high_s < 1  # she ahead cannot take it
    assert wait(line(1), [free], MODEL).low_s > 5


def test_more_capacity_shortens_the_wait() -> None:
    one, three = Agent(1, running=(Running("returns", 60.0),)), Agent(3, running=(Running("returns", 60.0),) * 3)
    assert wait(line(6), [three], MODEL).median_s < 0.5 * wait(line(6), [one], MODEL).median_s


def test_an_agent_over_her_capacity_must_end_the_surplus_first() -> None:
    surplus = Agent(1, running=(Running("returns", 60.0),) * 3)
    assert wait([], [surplus], MODEL).median_s > 1.5 * wait([], [busy()], MODEL).median_s


def test_people_ahead_whom_other_agents_serve_do_not_count() -> None:
    agents = [busy(topics=frozenset({"returns"})), busy(topics=frozenset({"payment"}))]
    others = [Waiting(-50.0, "payment", "nl")] * 9
    alone, crowded = ask([], agents, MODEL), ask(others, agents, MODEL)
    assert (alone.place, crowded.place) == (1, 1)
    assert alone.wait is not None
    assert crowded.wait is not None
    assert crowded.wait.median_s == pytest.approx(alone.wait.median_s, rel=0.2)
    assert ask(others, [*agents, busy()], MODEL).place == 10  # one agent takes both


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(1, 6), st.floats(0, 3000), st.integers(0, 5))
def test_one_more_ahead_never_shortens_the_wait(ahead: int, agents: int, elapsed: float, seed: int) -> None:
    """The same numbers are drawn for all but the last ahead; who ends sooner stays so in every run."""
    team = [busy(elapsed)] * agents
    fewer, more = (wait(line(n), team, MODEL, seed=seed) for n in (ahead, ahead + 1))
    noise = 1.0 + 0.35 * fewer.high_s / (1 + ahead) ** 0.5
    assert more.median_s >= fewer.median_s - noise
    assert ask(line(ahead + 1), team, MODEL).place == ahead + 2


def test_eight_more_ahead_lengthen_it_clearly() -> None:
    assert wait(line(10), [busy()] * 3, MODEL).low_s > wait(line(2), [busy()] * 3, MODEL).median_s


def test_those_ahead_who_tend_to_give_up_shorten_the_wait() -> None:
    patient = learned(history(), waited=[Waited(400.0)] * 200)
    hasty = learned(history(), waited=[Waited(100.0, True)] * 100 + [Waited(200.0)] * 100)
    assert wait(line(12), [busy()], hasty).median_s < 0.7 * wait(line(12), [busy()], patient).median_s


def test_patience_follows_what_was_seen_in_each_stretch_of_waiting() -> None:
    """Who leaves does so in the first minute: who has waited five stays on."""
    model = learned(history(), waited=[Waited(40.0, True)] * 300 + [Waited(900.0)] * 300)
    draws = np.ones((1, 1))
    assert model.patience([0.0], draws)[0, 0] < model.patience([300.0], draws)[0, 0]
    assert model.patience([-5.0], draws)[0, 0] > 0
    assert learned(history()).patience([0.0], draws)[0, 0] > 1e6  # nobody was ever seen to leave


def test_what_has_lasted_long_lasts_longer_still_where_tails_are_heavy() -> None:
    heavy = learned(history(sd=1.0, n=800))
    u = np.linspace(0.01, 0.99, 99)[None, :]
    so_far = (0.0, 1200.0, 3600.0, 100000.0)
    medians = [float(np.median(heavy.remaining([("returns", None, e)], u, np.ones(99)))) for e in so_far]
    assert sorted(set(medians)) == medians


def test_remaining_time_agrees_with_the_history_it_comes_from() -> None:
    seen = history(n=4000)
    left = sorted(one.seconds - 400 for one in seen if one.seconds > 400)
    u = (np.arange(999) + 0.5)[None, :] / 999
    said = learned(seen).remaining([("returns", None, 400.0)], u, np.ones(999))[0]
    for level in (10, 50, 90):
        assert np.percentile(said, level) == pytest.approx(np.percentile(left, level), rel=0.12)


def test_topics_are_shrunk_towards_all_topics_by_how_little_is_known() -> None:
    common = history(300.0, n=400)
    half = np.full((1, 1), 0.5)

    def median(model: Model, topic: str | None) -> float:
        return float(model.durations([topic], half)[0, 0])

    few = learned(common, history(1200.0, topic="warranty", n=2))
    many = learned(common, history(1200.0, topic="warranty", n=200))
    assert 300 < median(few, "warranty") < 600 < 1000 < median(many, "warranty") < 1250
    assert median(few, "never seen") == pytest.approx(median(few, None)) == pytest.approx(300, rel=0.1)
    single = learned(common)
    assert median(single, "returns") == pytest.approx(median(single, None), rel=0.01)


def test_ten_conversations_move_a_topic_half_the_way() -> None:
    """The formula: (n m + 10 M) / (n + 10), in logarithms."""
    seen = [Handled("a", 100.0)] * 990 + [Handled("b", 400.0)] * 10
    overall = np.mean(np.log([one.seconds for one in seen]))
    assert learned(seen).topics["b"][0] == pytest.approx((np.log(400.0) + overall) / 2)


def test_a_slow_agent_is_known_for_it() -> None:
    seen = [Handled("returns", s.seconds * f, n) for n, f in (("An", 2.0), ("Bo", 1.0)) for s in history()]
    model = learned(seen)
    assert model.agent_factor("An") > 1.2 > 0.9 > model.agent_factor("Bo")
    assert model.agent_factor("new") == model.agent_factor(None) == 1.0
    assert wait(line(3), [busy(name="An")], model).median_s > 1.3 * wait(line(3), [busy(name="Bo")], model).median_s


def test_little_history_makes_a_wider_range() -> None:
    some = [Handled("returns", seconds) for seconds in (100.0, 200.0, 300.0, 400.0, 900.0)]
    little, much = learned(some), learned(some * 400)
    narrow, wide = wait(line(30), [busy()] * 3, much), wait(line(30), [busy()] * 3, little)
    assert wide.high_s / wide.low_s > 1.3 * narrow.high_s / narrow.low_s


def test_recent_errors_move_the_ends_and_no_more_than_twofold() -> None:
    plain = wait(line(5), [busy()] * 2, MODEL)
    late = learned(history(), told=[Told(100.0, 300.0, 200.0, 500.0)] * 200)
    moved = ask(line(5), [busy()] * 2, late)
    assert moved.wait is not None
    assert moved.raw == plain
    assert plain.high_s * 1.3 < moved.wait.high_s < plain.high_s * 2.1
    assert moved.wait.median_s == plain.median_s
    wild = learned(history(), told=[Told(1.0, 2.0, 1.0, 1e7)] * 200)
    assert wait(line(5), [busy()] * 2, wild).high_s < 2 * plain.high_s + 31
    single = wait(line(5), [busy()] * 2, learned(history(), told=[Told(100.0, 300.0, 200.0, 500.0)]))
    assert single.high_s < plain.high_s * 1.05


def test_the_same_seed_gives_the_same_and_all_agree_with_one() -> None:
    waiting, agents = line(7), [busy(), busy(200.0)]
    assert estimate(waiting, agents, MODEL, 0.0, seed=3) == estimate(waiting, agents, MODEL, 0.0, seed=3)
    assert estimate(waiting, agents, MODEL, 0.0, seed=3) != estimate(waiting, agents, MODEL, 0.0, seed=4)
    places = [one.place for one in estimate(waiting, agents, MODEL, 0.0)]
    assert places == [7, 6, 5, 4, 3, 2, 1]  # in the order given; the last has waited longest
    last = estimate([*waiting, Waiting(0.0, "returns", "nl")], agents, MODEL, 0.0, seed=3)[-1]
    assert last == ask(waiting, agents, MODEL, seed=3)


def test_priority_is_a_head_start_that_a_longer_wait_outweighs() -> None:
    assert order_key(100.0, 1) == 100.0 - PRIORITY_S < order_key(99.0)
    waiting = [Waiting(-PRIORITY_S - 1, "returns", "nl"), Waiting(-PRIORITY_S + 1, "returns", "nl")]
    assert ask(waiting, [busy()], MODEL, priority=1).place == 2
    assert ask(waiting, [busy()], MODEL).place == 3


def test_urgent_customers_to_come_lengthen_the_wait_but_hold_no_place() -> None:
    coming = [Waiting(10.0 + i, "returns", "nl", 1) for i in range(6)]
    plain, delayed = ask(line(3), [busy()], MODEL), ask(line(3), [busy()], MODEL, coming=coming)
    assert plain.place == delayed.place == 4
    assert plain.wait is not None
    assert delayed.wait is not None
    assert delayed.wait.median_s > 1.5 * plain.wait.median_s
    free = [Agent(4)]
    assert wait([], free, MODEL, coming=coming).high_s < 1
    assert ask(line(3), [busy()], MODEL, priority=1, coming=coming) == ask(line(3), [busy()], MODEL, priority=1)


def test_as_many_urgent_customers_are_expected_as_came_of_late() -> None:
    joined = [Waiting(-10.0 * i, "returns", "nl", int(i % 2)) for i in range(200)]
    found = expected(joined, 0.0)
    assert len(found) == 15  # one in 20 s, for 300 s
    assert all(0 <= one.since <= PRIORITY_S and one.priority == 1 for one in found)
    assert expected([Waiting(-1.0, None, "nl")], 0.0) == expected([], 0.0) == []


@pytest.mark.parametrize(
    ("topics", "languages", "topic", "language", "can"),
    [
        (None, None, "returns", "nl", True),
        ({"returns"}, {"nl"}, "returns", "nl", True),
        ({"returns"}, None, "payment", "nl", False),
        (None, {"nl"}, "returns", "en", False),
        ({"returns"}, {"nl"}, None, "nl", True),
        (set(), None, "returns", "nl", False),
    ],
)
def test_who_can_take_whom(
    topics: set[str] | None, languages: set[str] | None, topic: str | None, language: str, can: bool
) -> None:
    assert can_take(topics, languages, topic, language) is can


def test_odd_input_is_survived() -> None:
    odd = [Handled(t, s) for t in ("🎁", None, "") for s in (0.0, -5.0, 1e7, 60.0)]
    model = learned(odd, waited=[Waited(-3.0, True), Waited(0.0)], told=[Told(0.0, 0.0, 0.0, 0.0)])
    odd_agent = Agent(2, running=(Running("🎁", -30.0), Running(None, 1e9)))
    agents = [odd_agent, Agent(-1), Agent(3, frozenset(), frozenset())]
    waiting = [Waiting(50.0, "🎁", "nl"), Waiting(-1e9, None, ""), Waiting(0.0, "", "nl", -2)]
    for one in estimate(waiting, agents, model, 0.0):
        assert one.wait is not None
        assert 0 <= one.wait.low_s <= one.wait.high_s < float("inf")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 0, (0, 1)),
        (0, 61, (0, 2)),
        (250, 400, (4, 7)),
        (300, 300, (5, 6)),
        (540, 660, (9, 15)),
        (700, 1700, (10, 30)),
        (3500, 3700, (55, 75)),
        (8000, 8000, (120, 135)),
        (-9, -3, (0, 1)),
    ],
)
def test_minutes_are_as_coarse_as_they_are_many(low: float, high: float, said: tuple[int, int]) -> None:
    assert rounded(Wait(low, high, (low + high) / 2)) == said


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_rounding_never_leaves_the_range(low: float, more: float) -> None:
    first, last = rounded(Wait(low, low + more, low))
    assert 0 <= first < last
    assert first * 60 <= low
    assert low + more <= last * 60
