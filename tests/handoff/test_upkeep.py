"""What the app learns from its own traffic."""

from typing import Any

import pytest
from sqlmodel import Session

from handoff import conversations, upkeep
from handoff.models import Message
from handoff.state import State
from kb.share import ENOUGH


def _ask(session: Session, texts: list[str], **data: Any) -> None:
    conversation = conversations.start(session, language="nl")[0]
    for seq, text in enumerate(texts, 1000):
        more = {"act": "answer", "reason": None, "asked": text, "evidence": {"verdict": "unknown"}} | data
        session.add(
            Message(
                conversation_id=conversation.id, seq=seq, stint=1, author="customer", kind="text", text=text, data=more
            )
        )


@pytest.fixture
def unanswerable() -> list[str]:
    """Enough questions of the shop that no entry of the tests' FAQ answers."""
    things = ["een boot", "mijn tuinhek", "de garage", "een piano", "het dak", "mijn kat", "een vlieger", "de zolder"]
    asks = [
        "kunnen jullie {} schilderen",
        "wie komt {} ophalen",
        "is er verf voor {}",
        "hoe zwaar is {}",
        "huur ik {} hier",
    ]
    return [
        ask.format(thing) + extra
        for ask in asks
        for thing in things
        for extra in ("", " graag", " morgen", " dan", " ook", " nog")
    ]


async def test_thresholds_follow_what_customers_ask(it: State, unanswerable: list[str]) -> None:
    before = it.base.out_of_scope_share
    await it.write(_ask, unanswerable[: ENOUGH - 1])
    await upkeep.expect_what_is_asked(it)
    assert it.base.out_of_scope_share == before  # too few to tell
    await it.write(_ask, unanswerable)
    sure = it.base.ask("saldo van de bon").probability
    await upkeep.expect_what_is_asked(it)
    it.base.settle()
    assert it.base.out_of_scope_share > before + 0.1
    assert it.base.ask("saldo van de bon").probability < sure


async def test_only_questions_count(it: State) -> None:
    await it.write(_ask, ["medewerker"], act="handoff", reason="requested")
    await it.write(_ask, ["bedankt"], act="say")
    await it.write(_ask, ["mijn pincode is weg"], act="handoff", reason="unknown")
    await it.write(_ask, ["saldo?"])
    assert await it.read(upkeep.last_questions) == ["saldo?", "mijn pincode is weg"]
