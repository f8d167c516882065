"""Which of the things said to an agent are questions for everybody: precision and recall, and what is left out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from handoff.by_hand import MOST, candidates, is_question, judged
from handoff.models import Message
from handoff.settings import ROOT
from handoff.state import State

AT = datetime(2026, 5, 4, 10, tzinfo=UTC)
CHATS = yaml.safe_load((ROOT / "tests/data/agent-chats.yml").read_text("utf-8"))
BAR = 0.9  # of precision and of recall


def rows(*said: tuple[str, str, str], stint: int = 1) -> list[Message]:
    """A timeline of (author, kind, text), a minute apart."""
    return [
        Message(conversation_id="c", seq=n, stint=stint, author=a, kind=k, text=t, at=AT + timedelta(minutes=n))
        for n, (a, k, t) in enumerate(said, 1)
    ]


BEGIN = [("customer", "text", "mens"), ("system", "handed_over", ""), ("system", "assigned", "")]
REPLY = ("agent", "text", "Ja hoor.")


def asked(*said: str, **data: Any) -> list[Message]:
    """What a customer said to an agent, who then answered."""
    return rows(*BEGIN, *(("customer", "text", text) for text in said), REPLY)


def _labelled() -> Iterator[tuple[str, bool]]:
    for kinds in CHATS.values():
        yield from ((text, True) for text in kinds["questions"])
        yield from ((text, False) for text in kinds["chat"])


def test_the_rules_find_questions_and_leave_chat_out(capsys: pytest.CaptureFixture[str]) -> None:
    told = [(text, is_question(text), truth) for text, truth in _labelled()]
    hits = sum(said and truth for _, said, truth in told)
    precision = hits / sum(said for _, said, _ in told)
    recall = hits / sum(truth for _, _, truth in told)
    with capsys.disabled():
        print(f"\nquestions to agents: precision {precision:.3f}, recall {recall:.3f} of {len(told)} messages")  # noqa: T201
    wrong = [text for text, said, truth in told if said != truth]
    assert precision >= BAR, wrong
    assert recall >= BAR, wrong


def test_what_she_came_with_need_not_ask() -> None:
    told = asked("mijn lamp zoemt al een week lang", "de groene is het dus geworden")
    assert [m.seq for m in candidates(told, False, ())] == [4]


@pytest.mark.parametrize(
    "text",
    ["", "?", "ok?", "😀😀😀😀?", "En naar België?", "wat kost dat?", "jan@voorbeeld.nl klopt?", "x" * 4000, "مرحبا؟"],
)
def test_odd_and_empty_words_are_no_question(text: str) -> None:
    assert not is_question(text)


def test_only_what_an_agent_answered_counts_and_only_what_is_new() -> None:
    told = asked("Hebben jullie ook een cursus lampen maken?")
    assert [m.seq for m in candidates(told, False, ())] == [4]
    assert candidates(told, True, ()) == []  # she may still go on about it
    assert candidates(told, False, (4,)) == []
    assert candidates(told[:-1], False, ()) == []
    told[-1].hidden_at = AT
    assert candidates(told, False, ()) == []


def test_a_hidden_question_and_an_entry_that_was_sent_do_not_count() -> None:
    told = asked("Hebben jullie ook een cursus lampen maken?")
    told[3].hidden_at = AT
    assert candidates(told, False, ()) == []
    sent = rows(*BEGIN, ("customer", "text", "Hoe stuur ik iets terug?"), ("agent", "answer", "Meld je retour aan."))
    assert candidates(sent, False, ()) == []


def test_of_one_conversation_only_so_many() -> None:
    many = asked(*(f"Verkopen jullie ook lampen voor soort {'abcdefghijklmnop'[n]}?" for n in range(MOST + 5)))
    assert len(candidates(many, False, ())) == MOST


async def test_what_the_bot_could_have_answered_is_no_gap(it: State) -> None:
    told = asked("Hoe stuur ik iets terug?", "Kan ik mijn naam in een lamp laten graveren?")
    found = candidates(told, False, ())
    assert [m.seq for m in found] == [4, 5]
    gaps = await it.compute(judged, it.base, found, "nl")
    assert [(q.seq, q.text) for q in gaps] == [(5, "Kan ik mijn naam in een lamp laten graveren?")]
    assert gaps[0].evidence["verdict"] != "answer"
