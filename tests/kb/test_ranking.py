"""What to do first: each part of the score, the filters, and topics that stand out, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlmodel import Session

from kb.models import Question, QuestionGroup
from kb.ranking import MOST_GROWTH, NO_TOPIC, Ranked, Sort, Wanted, pages, ranked
from kb.topic_weeks import standouts, weeks

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
VECTOR = np.eye(1, 384, dtype=np.float16).tobytes()
_seq = iter(range(1, 100_000))


def group(session: Session, title: str, days_ago: Sequence[float], status: str = "open", **each: Any) -> int:
    """A group whose questions were asked so many days ago; its id."""
    at = [AT - timedelta(days=days) for days in days_ago]
    made = QuestionGroup(
        title=title, language="nl", status=status, count=len(at), centroid=VECTOR, first_at=min(at), last_at=max(at)
    )
    session.add(made)
    session.flush()
    for moment in at:
        one: dict[str, Any] = {
            "conversation_id": f"c{next(_seq)}", "seq": next(_seq), "text": title, "language": "nl",
            "reason": "unknown", "evidence": {}, "vector": VECTOR,
        }  # fmt: skip
        session.add(Question(**(one | each), group_id=made.id or 0, at=moment))
    session.flush()
    return made.id or 0


def order(session: Session, sort: Sort = "first", **wanted: Any) -> list[int]:
    return [one.group_id for one in ranked(session, Wanted(**wanted), AT, sort)[0]]


def only(session: Session, **wanted: Any) -> Ranked:
    (one,), _ = ranked(session, Wanted(**wanted), AT)
    return one


def test_a_page_of_the_list_is_a_part_of_it(session: Session) -> None:
    ids = [group(session, str(n), [1] * n) for n in range(1, 6)]
    found, total = ranked(session, Wanted(), AT, "asked", 1, 2)
    assert ([one.group_id for one in found], total) == ([ids[3], ids[2]], 5)
    assert ranked(session, Wanted(), AT, start=5) == ([], 5)


def test_an_empty_backlog_has_no_order(session: Session) -> None:
    assert order(session) == []
    assert pages(session) == []
    assert weeks(session, AT) == {}
    assert standouts(weeks(session, AT)) == []


def test_the_score_is_its_parts(session: Session) -> None:
    group(session, "a", [1, 2, 8, 9, 20], spent_s=300, waited_s=120)
    one = only(session)
    assert (one.people, one.week, one.before) == (5, 2, 1.0)
    assert one.asked == pytest.approx(2 / 2 + 1 / 3 + 5 / (20 / 7) / 6)
    assert one.growth == pytest.approx((2 + 2) / (1 + 2))
    assert (one.agent, one.wait, one.minutes) == (5.0, 2.0, 8.0)
    assert one.score == pytest.approx(one.asked * one.growth * one.minutes)


def test_what_more_people_ask_comes_first(session: Session) -> None:
    few, many = group(session, "few", [1, 9, 16]), group(session, "many", [1, 2, 3, 9, 10, 11, 16, 17, 18])
    assert order(session) == [many, few]


def test_what_grows_comes_before_what_shrinks(session: Session) -> None:
    shrinks = group(session, "shrinks", [8, 9, 10, 11, 22, 23, 24, 25])
    grows = group(session, "grows", [1, 2, 3, 4, 22, 23, 24, 25])
    assert order(session) == [grows, shrinks]
    assert order(session, "grows") == [grows, shrinks]


def test_what_costs_agents_or_customers_more_comes_first(session: Session) -> None:
    cheap = group(session, "cheap", [1, 2, 3], spent_s=60, waited_s=30)
    waits = group(session, "waits", [1, 2, 3], spent_s=60, waited_s=1800)
    costs = group(session, "costs", [1, 2, 3], spent_s=3600, waited_s=30)
    assert order(session) == [costs, waits, cheap]
    assert order(session, "spent")[0] == costs
    assert order(session, "waits")[0] == waits


def test_one_long_talk_says_little(session: Session) -> None:
    for n in range(20):
        group(session, f"usual {n}", [1, 2, 3], spent_s=300)
    long = group(session, "one long talk", [2], spent_s=7200)
    one = next(one for one in ranked(session, Wanted(), AT)[0] if one.group_id == long)
    assert one.agent == 120
    assert one.minutes < 120 / 3


def test_who_asks_five_times_is_one(session: Session) -> None:
    group(session, "mad", [1, 1, 1, 1, 1], conversation_id="same")
    assert (only(session).people, only(session).week) == (1, 1)


def test_growth_has_a_limit(session: Session) -> None:
    group(session, "new", [0.1] * 50)
    assert only(session).growth == MOST_GROWTH


def test_filters(session: Session) -> None:
    bon = group(session, "pincode van de bon", [1, 40], topic="gift-cards", page="/bon")
    lamp = group(session, "which 100% lamp_shade fits", [60], language="en", page="/lampen")
    done = group(session, "klaar", [3], status="approved")
    assert order(session, topic="gift-cards") == [bon]
    assert order(session, topic=NO_TOPIC) == [lamp]
    assert order(session, language="en") == [lamp]
    assert order(session, page="/bon") == [bon]
    assert order(session, since=AT - timedelta(days=30)) == [bon]
    assert order(session, status="approved") == [done]
    assert set(order(session, status="")) == {bon, lamp, done}
    assert order(session, topic="gift-cards", language="en") == []
    assert order(session, "latest") == [bon, lamp]
    assert pages(session) == ["/bon", "/lampen"]


@pytest.mark.parametrize("search", ["PINCODE", "bon  pincode", "  van "])
def test_searching_finds_words_in_any_order(session: Session, search: str) -> None:
    bon = group(session, "pincode van de bon", [1])
    group(session, "lamp", [1])
    assert order(session, search=search) == [bon]


@pytest.mark.parametrize("search", ["%", "_", "\\", "pincode lamp", "'; drop table question", "😀", "x" * 300])
def test_searching_takes_odd_words_as_they_are(session: Session, search: str) -> None:
    group(session, "pincode van de bon", [1])
    assert order(session, search=search) == []


def test_searching_looks_in_the_questions_too(session: Session) -> None:
    found = group(session, "de titel", [1], text="hoe werkt klarna bij jullie")
    assert order(session, search="klarna") == [found]


def test_a_page_in_the_address_that_is_odd_finds_nothing(session: Session) -> None:
    group(session, "a", [1], page="/bon")
    assert order(session, page="' or 1=1 --", topic="<b>", language="xx") == []


def test_a_topic_that_stands_out_is_found_and_an_even_one_is_not(session: Session) -> None:
    even = [7 * week + day for week in range(13) for day in (1, 3, 5)]
    group(session, "even", even, topic="delivery")
    group(session, "quiet till now", [90, *[1 + n / 10 for n in range(12)]], topic="gift-cards")
    (one,) = standouts(weeks(session, AT))
    assert (one.topic, one.count) == ("gift-cards", 12)
    assert one.normal < 12
    assert weeks(session, AT)["delivery"][-1] == 3


def test_one_who_asks_much_makes_no_topic_stand_out(session: Session) -> None:
    group(session, "even", [7 * week + 1 for week in range(13)], topic="delivery")
    group(session, "mad", [1 + n / 10 for n in range(12)], topic="delivery", conversation_id="same")
    assert standouts(weeks(session, AT)) == []


def test_a_young_backlog_marks_nothing(session: Session) -> None:
    group(session, "new", [20, *[1 + n / 10 for n in range(30)]], topic="gift-cards")
    assert standouts(weeks(session, AT)) == []
