"""The honest wait: what those who wait are told, stored and shown; the same everywhere, and worse news told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from handoff import conversations, estimates, forecast, presence, queue, shop_settings, telling, waiting
from handoff.forecast import Memory
from handoff.hours import Hours
from handoff.incoming import Incoming, receive
from handoff.models import Estimate, Handling, Person
from handoff.simulate import Wait
from handoff.texts import shipped
from handoff.waiting import Shown
from handoff.web.desk_view import queue_view, work_view
from handoff.web.shapes import conversation_form
from handoff.web.wait_api import judgement
from kb.models import now

from .shop import agent, given_out, here, in_line, rows
from .waits import ALWAYS, all_rows, always_open, busy, history, open_shop, recompute

WEEKDAYS = Hours.model_validate(shop_settings.PROPOSED_HOURS)
SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MONDAY_LATE = datetime(2026, 11, 23, 19, 50, tzinfo=UTC)  # 20:50 in Amsterdam; it closes at 21:00


# What can be said


def test_without_agents_nothing_is_said(session: Session) -> None:
    always_open(session)
    history(session, agent(session))
    her = in_line(session)
    assert recompute(session) == [her.id]
    assert waiting.status(session, her) == {"position": 1, "wait": None}
    form = waiting.form(session, Memory(), now(), None, "nl")
    assert (form["open"], form["wait"], form["words"]) == (True, None, shipped("nl")["wait.unknown"])


def test_without_history_nothing_is_said(session: Session) -> None:
    always_open(session)
    here(session, agent(session))
    her = in_line(session)
    recompute(session)
    assert waiting.status(session, her) == {"position": 1, "wait": None}


def test_a_free_agent_means_a_short_wait_and_a_long_line_a_long_one(session: Session) -> None:
    always_open(session)
    noor = agent(session, capacity=1)
    here(session, noor)
    history(session, noor)
    line = [in_line(session) for _ in range(6)]
    recompute(session)
    waits = [waiting.status(session, c) for c in line]
    assert [w["position"] for w in waits if w] == [1, 2, 3, 4, 5, 6]
    assert waits[0] == {"position": 1, "wait": {"low_s": 0, "high_s": 60}}
    # The sixth waits for five conversations of five minutes on average: 25 minutes lie inside.
    sixth = (waits[5] or {})["wait"]
    assert sixth["low_s"] < 25 * 60 < sixth["high_s"] <= 45 * 60
    assert sixth["low_s"] >= 10 * 60


def test_a_wait_beyond_the_shops_limit_names_the_way_back(session: Session) -> None:
    always_open(session)
    noor = agent(session, capacity=1)
    here(session, noor)
    history(session, noor)
    _line = [in_line(session) for _ in range(8)]
    told = waiting.form(session, Memory(), now(), None, "nl")
    assert (told["wait"] or {})["low_s"] >= 15 * 60
    assert told["words"].endswith(shipped("nl")["wait.long"])
    shop_settings.change_wait_limit(session, 4 * 3600, revision=0, by="ada")
    assert shipped("nl")["wait.long"] not in waiting.form(session, Memory(), now(), None, "nl")["words"]


def test_the_range_holds_what_the_queue_does_when_it_is_played_out(session: Session) -> None:
    """Two slots, conversations of 180 to 420 seconds: the real waits, drawn anew, lie inside in most cases."""
    open_shop(session, capacity=2)
    line = [in_line(session) for _ in range(4)]
    recompute(session)
    told = [(waiting.status(session, c) or {})["wait"] for c in line]
    lengths = [300.0 * (0.6 + 0.8 * (i % 11) / 10) for i in range(11)]
    inside = total = 0
    for run in range(60):
        free = [lengths[(run * 7 + i * 3) % 11] for i in range(2)]
        for i, wait in enumerate(told):
            start = min(free)
            free[free.index(start)] = start + lengths[(run * 5 + i * 4) % 11]
            inside += wait["low_s"] <= start <= wait["high_s"]
            total += 1
    assert inside / total >= 0.7


def test_an_agent_of_another_topic_helps_nobody_else(session: Session) -> None:
    always_open(session)
    noor, sam = agent(session, "Noor", topics=["lamps"], capacity=1), agent(session, "Sam", topics=["returns"])
    history(session, noor)
    here(session, noor, sam)
    lamps, gifts = in_line(session, "lamps"), in_line(session, "gifts")
    recompute(session)
    assert (waiting.status(session, lamps) or {})["wait"] is not None
    assert (waiting.status(session, gifts) or {})["wait"] is None


def test_who_waits_for_one_agent_alone_waits_for_her(session: Session) -> None:
    always_open(session)
    noor, sam = agent(session, "Noor", capacity=1), agent(session, "Sam", capacity=1)
    history(session, noor)
    here(session, noor, sam)
    busy(session, noor)
    reserved, free = in_line(session), in_line(session)
    reserved.for_agent_id = noor.id
    session.flush()
    recompute(session)
    assert (waiting.status(session, free) or {})["wait"] == {"low_s": 0, "high_s": 60}
    assert (waiting.status(session, reserved) or {})["wait"]["high_s"] >= 120


def test_an_agent_who_is_away_counts_no_more(session: Session) -> None:
    (noor,) = open_shop(session)
    her = in_line(session)
    presence.set_away(session, noor.id or 0, True)
    recompute(session)
    assert (waiting.status(session, her) or {})["wait"] is None


def test_a_conversation_from_before_handlings_were_noted_still_takes_time(session: Session) -> None:
    open_shop(session, capacity=1)
    for row in session.exec(select(Handling).where(col(Handling.ended_at).is_(None))).all():
        session.delete(row)
    session.flush()
    assert forecast.look(session, now(), None).agents[0].running
    in_line(session)
    found, _ = forecast.forecast(session, now(), Memory().current(session, now()))
    assert all(one.wait and one.wait.high_s > 60 for one in found.values())


def test_priority_counts_those_who_may_come(session: Session) -> None:
    given_out(session, automatic=False, priority={"frustrated": 1})
    open_shop(session)
    line = [in_line(session, reason="frustrated") for _ in range(6)]
    recompute(session)
    seen = forecast.look(session, now(), None)
    assert {one.priority for one in seen.waiting} == {1}
    assert len(seen.coming) == 2  # one in three of six
    assert seen.ids == [c.id for c in line]


# Opening hours


def test_when_it_is_closed_the_next_opening_stands_there_instead(session: Session) -> None:
    told = waiting.shown(waiting.door(WEEKDAYS, SUNDAY), Wait(60, 300, 120))
    assert told == Shown(why="closed")
    nl, en = shipped("nl"), shipped("en")
    assert waiting.words(nl, told, 1, WEEKDAYS, SUNDAY, "nl") == "We zijn gesloten. Vanaf morgen 9:00 zijn we er weer."
    saturday = SUNDAY - timedelta(hours=14)
    assert waiting.words(en, told, 1, WEEKDAYS, saturday, "en") == "We're closed. We're back on Monday at 9:00."


def test_a_wait_does_not_run_through_the_night(session: Session) -> None:
    short = waiting.shown(waiting.door(WEEKDAYS, MONDAY_LATE), Wait(60, 400, 200))
    assert (short.low_s, short.high_s) == (60, 420)
    told = waiting.shown(waiting.door(WEEKDAYS, MONDAY_LATE), Wait(300, 900, 500))
    assert told == Shown(why="closing")
    words = waiting.words(shipped("nl"), told, 3, WEEKDAYS, MONDAY_LATE, "nl")
    assert words == "Misschien lukt het niet meer voor we sluiten. Vanaf morgen 9:00 zijn we er weer."
    assert waiting.shown(waiting.door(ALWAYS, MONDAY_LATE), Wait(3600 * 5, 3600 * 9, 3600 * 7)).low_s == 5 * 3600


def test_who_waits_at_closing_time_is_told_once(session: Session) -> None:
    open_shop(session)
    her = in_line(session)
    recompute(session)
    document = shop_settings.hours_document(session)
    shut = Hours.model_validate({"zone": "UTC", "week": [[]] * 7, "holidays": []})
    shop_settings.change_hours(session, shut, revision=document.revision, by="test")
    for minutes in (1, 2, 3):
        at = now() + timedelta(minutes=minutes)
        here(session, *session.exec(select(Person)).all(), at=at)
        recompute(session, at=at)
    assert [m.kind for m in rows(session, her)].count("wait_closed") == 1
    assert rows(session, her)[-1].text == f"{shipped('nl')['hours.closed']} {shipped('nl')['wait.keep']}"


# Words


@pytest.mark.parametrize(
    ("low", "high", "place", "language", "expected"),
    [
        (240, 420, 3, "nl", "Nu ongeveer 4 tot 7 minuten wachten, je bent de derde."),
        (240, 420, 3, "en", "The wait is now about 4 to 7 minutes, you're third in line."),
        (0, 180, 1, "nl", "Nu ongeveer 1 tot 3 minuten wachten, je bent de eerste."),
        (0, 60, 1, "nl", "Nu minder dan een minuut wachten, je bent de eerste."),
        (900, 1800, 12, "nl", "Nu ongeveer 15 tot 30 minuten wachten, je bent nummer 12."),
        (None, None, 12, "nl", "We kunnen nog niet zeggen hoe lang het duurt."),
    ],
)
def test_words(low: int | None, high: int | None, place: int, language: str, expected: str) -> None:
    told = Shown(low, high)
    assert waiting.words(shipped(language), told, place, ALWAYS, SUNDAY, language) == expected


# Storing, and the same figure everywhere


def test_what_is_shown_is_stored_when_it_changes_and_not_too_often(session: Session) -> None:
    open_shop(session, capacity=1)
    her = in_line(session)
    at, memory = now(), Memory()
    assert recompute(session, memory, at) == [her.id]
    assert recompute(session, memory, at) == []
    first = all_rows(session, her)[0]
    first.low_s, first.high_s = 60, 3600  # another figure than what is foreseen
    session.flush()
    assert recompute(session, memory, at + timedelta(seconds=9)) == []
    assert recompute(session, memory, at + timedelta(seconds=11)) == [her.id]
    assert [row.raw is not None and row.raw["median"] > 0 for row in all_rows(session, her)] == [True, True]


def test_the_same_figure_in_the_form_and_on_the_desk(session: Session) -> None:
    (noor,) = open_shop(session)
    line = [in_line(session) for _ in range(3)]
    recompute(session)
    listed = {item.id: item for item in queue_view(session, noor.id or 0, 50).waiting}
    for number, her in enumerate(line, 1):
        form = conversation_form(session, her)["queue"]
        low, high = form["wait"]["low_s"], form["wait"]["high_s"]
        assert (form["position"], listed[her.id].place) == (number, number)
        assert listed[her.id].range == (low // 60 or 1, high // 60)
        assert work_view(session, her.id, noor.id or 0, "nl").told_now == listed[her.id].range
        assert not listed[her.id].late


def test_the_desk_marks_who_waited_longer_than_she_was_told_first(session: Session) -> None:
    (noor,) = open_shop(session)
    her = in_line(session)
    recompute(session)
    first = all_rows(session, her)[0]
    assert first.low_s is not None
    assert first.high_s is not None
    first.at = now() - timedelta(seconds=first.high_s + 1)
    session.add(Estimate(conversation_id=her.id, place=1, low_s=3600, high_s=7200))
    session.flush()
    item = queue_view(session, noor.id or 0, 50).waiting[0]
    assert (item.late, item.range) == (True, (60, 120))
    assert work_view(session, her.id, noor.id or 0, "nl").told_first == (first.low_s // 60 or 1, first.high_s // 60)


@pytest.mark.parametrize("end", ["taken", "left", "closed"])
def test_what_was_told_is_settled_with_what_happened(session: Session, end: str) -> None:
    (noor,) = open_shop(session)
    her, other = in_line(session), in_line(session)
    recompute(session)
    if end == "taken":
        noor.capacity += 1
        queue.claim(session, her.id, noor)
    elif end == "left":
        receive(session, her.id, Incoming(client_id="l", kind="leave_queue"))
    else:
        receive(session, her.id, Incoming(client_id="e", kind="end"))
    session.expire_all()
    assert [(row.end, row.ended_at is not None) for row in all_rows(session, her)] == [(end, True)]
    assert [(row.end, row.ended_at) for row in all_rows(session, other)] == [(None, None)]
    assert waiting.status(session, her) is None
    assert not [n for n in telling.all_news(session, Memory(), now())[0] if n.conversation_id == her.id]


def test_a_second_stay_is_told_anew(session: Session) -> None:
    (noor,) = open_shop(session)
    her = in_line(session)
    recompute(session)
    noor.capacity += 1
    queue.claim(session, her.id, noor)
    presence.vanished(session, now() + timedelta(seconds=60))
    session.expire_all()
    assert her.owner == "queue"
    here(session, noor, at=now() + timedelta(seconds=60))
    recompute(session)
    assert [row.end for row in all_rows(session, her)] == ["taken", None]
    assert len(estimates.stays(session, now() - timedelta(hours=1))) == 1


def test_news_of_somebody_who_was_taken_meanwhile_is_dropped(session: Session) -> None:
    (noor,) = open_shop(session)
    her = in_line(session)
    lease = telling.take_lease(session, now())
    assert lease is not None
    news, _ = telling.all_news(session, Memory(), now())
    noor.capacity += 1
    queue.claim(session, her.id, noor)
    assert telling.store(session, lease, news) == []
    assert not telling.store_with_step(session, lease, replace(news[0], step="x"))
    assert all_rows(session, her) == []


def test_what_was_told_and_what_happened_corrects_and_is_judged(session: Session) -> None:
    open_shop(session)
    at = now()
    for i in range(40):
        her = in_line(session)
        began = at - timedelta(hours=2)
        raw = {"low": 60.0, "high": 120.0, "median": 90.0, "agents": 1}
        session.add(Estimate(conversation_id=her.id, at=began, place=1, low_s=60, high_s=120, raw=raw))
        session.flush()
        real = 100 if i < 10 else 400
        estimates.settle(session, her.id, "agent", began + timedelta(seconds=real))
        conversations.change_owner(session, her, "closed", frm="queue")
    model = forecast.learned(session, at)
    assert model is not None
    assert model.shifts[1] > 0.3  # the high ends were too low
    found = judgement(session, at - timedelta(days=7))
    assert found == {"days": 7, "n": 40, "without_figure": 0, "inside": 0.25, "median_error_s": 310}


def test_the_model_is_kept_for_a_minute_and_made_anew_when_history_grew(session: Session) -> None:
    (noor,) = open_shop(session)
    memory = Memory()
    first = memory.current(session, now())
    history(session, noor, 5)
    assert memory.current(session, now()) is first
    memory.looked_at -= forecast.KEPT_S
    second = memory.current(session, now())
    assert second is not first
    memory.looked_at -= forecast.KEPT_S
    assert memory.current(session, now()) is second  # nothing new


def test_giving_up_is_learned_from_who_left(session: Session) -> None:
    open_shop(session)
    calm = forecast.learned(session, now())
    for _ in range(30):
        her = in_line(session)
        session.add(Estimate(conversation_id=her.id, at=now() - timedelta(seconds=60), place=1))
        session.flush()
        receive(session, her.id, Incoming(client_id="l", kind="leave_queue"))
    left = forecast.learned(session, now())
    assert calm is not None
    assert left is not None
    assert left.gave_up[-1] > calm.gave_up[-1]
