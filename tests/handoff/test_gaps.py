"""What went unanswered, read from the rows: which question, why, and from which page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handoff import gaps
from handoff.editor_models import Rating
from handoff.gaps import LOW, MAX_PAGE, page_of
from handoff.models import Message

AT = datetime(2026, 5, 4, 10, tzinfo=UTC)
EVIDENCE = {"verdict": "answer", "candidates": []}
ASKED = ("customer", "text", "waar blijft mijn pakje", {"act": "answer", "evidence": EVIDENCE})
ANSWER = ("bot", "answer", "Meestal 1 à 2 werkdagen.", None)
NO = ("customer", "helped", "Nee", {"value": False, "act": "rephrase"})
YES = ("customer", "helped", "Ja", {"value": True, "act": "say"})
AGENT = ("agent", "text", "Ik kijk even.", None)


def rows(*said: tuple[str, str, str, dict[str, Any] | None]) -> list[Message]:
    """A timeline, a minute apart."""
    return [
        Message(conversation_id="c", seq=n, stint=1, author=a, kind=k, text=t, data=d, at=AT + timedelta(minutes=n))
        for n, (a, k, t, d) in enumerate(said, 1)
    ]


def found(timeline: list[Message], rating: Rating | None = None) -> list[tuple[int, str]]:
    return [(gap.question.seq, gap.reason) for gap in gaps.gaps(timeline, rating)]


def said(text: str) -> tuple[str, str, str, dict[str, Any]]:
    return ("customer", "text", text, {"act": "rephrase", "evidence": {"verdict": "off_topic"}})


def test_a_no_under_an_answer_is_a_gap() -> None:
    assert found(rows(ASKED, ANSWER, NO)) == [(1, "not_helped")]


def test_a_no_in_words_is_one_too_but_another_question_is_not() -> None:
    assert found(rows(ASKED, ANSWER, said("dat bedoel ik niet"))) == [(1, "not_helped")]
    assert found(rows(ASKED, ANSWER, said("wat is de hoofdstad van Peru?"))) == []


def test_a_yes_is_none_and_settles_what_was_before() -> None:
    assert found(rows(ASKED, ANSWER, YES)) == []
    assert found(rows(ASKED, ANSWER, YES, NO)) == []


def test_each_question_counts_by_itself_and_once() -> None:
    assert found(rows(ASKED, ANSWER, NO, NO, ASKED, ANSWER, YES, ASKED, ANSWER, NO)) == [
        (1, "not_helped"),
        (8, "not_helped"),
    ]


def test_a_no_to_what_she_was_told_later_is_not_about_an_earlier_answer() -> None:
    told = ("bot", "answer", "Stuur een foto.", {"told": "entry:pin"})
    handed = ("customer", "text", "mijn pin is weg", {"act": "handoff", "evidence": {"verdict": "unknown"}})
    assert found(rows(ASKED, ANSWER, handed, told, NO)) == []


def test_a_hidden_question_is_none_of_ours() -> None:
    timeline = rows(ASKED, ANSWER, NO)
    timeline[0].hidden_at = AT
    assert found(timeline) == []


@pytest.mark.parametrize(
    ("rating", "low"),
    [
        ({"score": LOW}, True),
        ({"score": 0}, True),
        ({"score": LOW + 1}, False),
        ({"score": 0, "solved": True}, False),
        ({"score": 10, "solved": False}, True),
        ({}, False),
    ],
)
def test_a_low_rating_after_an_answer_of_the_bots(rating: dict[str, Any], low: bool) -> None:
    given = Rating(conversation_id="c", **rating)
    assert found(rows(ASKED, ANSWER), given) == ([(1, "low_rating")] if low else [])
    assert found(rows(ASKED, ANSWER, AGENT), given) == []  # it is the agent's, not the answer's
    assert found(rows(("customer", "text", "hoi", None)), given) == []


def test_a_rating_says_less_than_a_no() -> None:
    assert found(rows(ASKED, ANSWER, NO), Rating(conversation_id="c", score=1)) == [(1, "not_helped")]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (None, None),
        ("", None),
        ("https://shop.example", None),
        ("https://shop.example/cadeaubonnen/saldo?code=6036281234567890123#x", "/cadeaubonnen/saldo"),
        ("https://shop.example/account/bestelling/48213377", "/account/bestelling/…"),
        ("/wachtwoord/ZW5pZ2V0b2tlbjEyMzQ1Njc4OTA", "/wachtwoord/…"),
        ("/klant/jan%40voorbeeld.nl", "/klant/…"),
        ("/tafellamp-nova-e27-60w", "/tafellamp-nova-e27-60w"),
        ("/الأسئلة/🎁", "/الأسئلة/🎁"),
        ("http://[half", None),
        ("/a\x00b", "/ab"),
        ("/" + "x y" * 200, ("/" + "x y" * 200)[:MAX_PAGE]),
    ],
)
def test_a_page_is_kept_without_what_leads_to_somebody(url: str | None, path: str | None) -> None:
    assert page_of(url) == path
