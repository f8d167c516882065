"""The handoff in short, from real conversations on both databases, in both of the agent's languages."""

import json

import pytest
from fastapi import FastAPI
from sqlmodel import Session

from handoff import conversations, incoming, turns
from handoff.context import agent_context
from handoff.facts import Fact
from handoff.incoming import Incoming
from handoff.mood import Mood, Sign
from handoff.state import State
from handoff.summary import MOST_FACTS, ONE_LINE, Summary, duration, one_line, summary, why, written

from .app import client_of, new_customer, signed_in
from .conftest import ScriptedBot, act, now_is, started


@pytest.fixture(autouse=True)
def _hands_over(scripted: ScriptedBot) -> None:
    """What the bot decides is not what is tested here: it hands over until a test says otherwise."""
    scripted.says = lambda body: [act("handoff", reason="unknown")]


async def say(it: State, id_: str, *texts: str, **more: object) -> None:
    """The customer's messages, each with the bot's turn after it."""
    for number, text in enumerate(texts or ("",)):
        client_id = f"{len(texts)}-{number}-{text[:20]}-{more}"[:64]
        body = Incoming(client_id=client_id, text=text or None, **more)  # type: ignore[arg-type]
        await it.write(incoming.receive, id_, body)
        await turns.take_turns(it, id_)


async def short(it: State, id_: str, language: str = "nl") -> Summary:
    """The summary as it is now."""

    def read(session: Session) -> Summary:
        return summary(session, conversations.get(session, id_), language)

    return await it.read(read)


async def test_an_unknown_question_with_its_facts(it: State) -> None:
    id_ = await started(it)
    it_asked = "de pincode is weggekrast, order 20231234 van vorige week dinsdag, 50 euro"
    await say(it, id_, it_asked)
    got = await short(it, id_)
    assert (await now_is(it, id_)).owner == "queue"
    assert got.question == it_asked
    assert got.question_seq == 1
    assert got.reason == "Geen antwoord in de FAQ"
    assert got.tried == "Niets: de bot wist meteen dat hij het niet wist."
    assert got.talk == "1 bericht in minder dan een minuut, Nederlands"
    assert (got.mood, got.mood_words, got.why) == ("calm", "Rustig", "")
    assert [(f.label, f.words, f.seq) for f in got.facts] == [
        ("Bestelnummer", "20231234", 1),
        ("Bedrag", "50 euro", 1),
        ("Datum", "vorige week dinsdag", 1),
    ]
    assert got.facts[1].shown == "EUR 50,00"
    assert got.facts[2].shown.startswith("di ")


async def test_the_same_in_the_other_language_of_the_agent(it: State) -> None:
    id_ = await started(it)
    await say(it, id_, "de pincode is weggekrast, order 20231234 van 3 mei 2025 en € 12,50")
    got = await short(it, id_, "en")
    assert got.reason == "No answer in the FAQ"
    assert got.talk == "1 message in less than a minute, Dutch"
    assert got.tried == "Nothing: the bot knew at once that it did not know."
    assert [(f.label, f.words, f.shown) for f in got.facts] == [
        ("Order number", "20231234", ""),
        ("Amount", "€ 12,50", "EUR 12.50"),
        ("Date", "3 mei 2025", "Sat 3 May 2025"),
    ]


async def test_what_was_tried_and_how_she_took_it(it: State, scripted: ScriptedBot) -> None:
    id_ = await started(it)
    scripted.says = lambda body: [act("answer")]
    await say(it, id_, "hoeveel staat er nog op mijn cadeaubon?")
    scripted.says = lambda body: [act("rephrase")]
    await say(it, id_, kind="helped", value=False)
    scripted.says = lambda body: [act("handoff", reason="rejected")]
    await say(it, id_, "dat vroeg ik niet")
    await say(it, id_, "echt, dat vroeg ik niet!!")
    got = await short(it, id_)
    assert got.question == "hoeveel staat er nog op mijn cadeaubon?"
    assert got.question_seq == 1
    assert got.reason == "Antwoord hielp niet"
    assert got.tried == "Gaf 1 antwoord, 1 hielp niet"
    assert got.mood == "angry"
    assert got.why == "zei 2× “dat vroeg ik niet”, 1 keer duim omlaag"
    assert got.talk.startswith("4 berichten in ")
    assert (await short(it, id_, "en")).why == "said “dat vroeg ik niet” 2×, thumbs down once"


async def test_a_question_spread_over_messages_is_one_line(it: State) -> None:
    id_ = await started(it)
    for number, text in enumerate(("hoi", "de code op mijn cadeaubon", "is weggekrast")):
        await it.write(incoming.receive, id_, Incoming(client_id=f"m{number}", text=text))
    await turns.take_turns(it, id_)
    got = await short(it, id_)
    assert got.question == "hoi de code op mijn cadeaubon is weggekrast"
    assert got.question_seq == 3


async def test_secrets_stay_out_of_question_and_facts(it: State) -> None:
    id_ = await started(it)
    await say(it, id_, "cadeaubon ABCD-1234-EFGH-5678, pincode 4321, kaart 4111 1111 1111 1111: waarom weigert hij?")
    got = await short(it, id_)
    whole = json.dumps(got.as_dict(), ensure_ascii=False)
    for secret in ("ABCD-1234", "4321", "4111 1111 1111"):
        assert secret not in whole
    assert "•••• 5678" in got.question
    assert [(f.kind, f.copied) for f in got.facts] == [("card", ""), ("code", "")]


async def test_a_secret_where_the_queues_line_is_cut_stays_masked(it: State) -> None:
    id_ = await started(it)
    await say(it, id_, "x " * 92 + "4111 1111 1111 1111 wordt geweigerd, waarom is dat zo")
    line = (await now_is(it, id_)).question or ""
    assert line.endswith("…")
    assert "4111" not in (await short(it, id_)).question


async def test_before_any_handoff_and_without_words(it: State) -> None:
    id_ = await started(it, "en")
    got = await short(it, id_, "en")
    assert (got.question, got.question_seq, got.facts, got.why) == ("", None, (), "")
    assert got.reason == "Not handed over yet"
    assert got.tried == "Nothing yet."
    assert got.talk == "0 messages in less than a minute, English"


async def test_facts_of_earlier_stints_stay_and_the_mood_does_not(it: State) -> None:
    id_ = await started(it)
    await say(it, id_, "dit is belachelijk, order 20231234 is weg")
    assert (await short(it, id_)).mood == "angry"
    await it.write(incoming.receive, id_, Incoming(client_id="leave", kind="leave_queue"))
    await say(it, id_, "de pincode van de bon is weggekrast")
    got = await short(it, id_)
    assert got.mood == "calm"
    assert [f.words for f in got.facts] == ["20231234"]
    assert got.question == "de pincode van de bon is weggekrast"


async def test_her_known_address_is_no_news_and_facts_are_few(it: State) -> None:
    made = await it.write(conversations.start, language="nl", customer_email="Rie@voorbeeld.nl")
    many = " ".join(f"order 2023{n:04}" for n in range(30))
    await say(it, made[0].id, f"rie@voorbeeld.nl wil weten waar dit blijft: {many}")
    got = await short(it, made[0].id)
    assert len(got.facts) == MOST_FACTS
    assert all(f.kind == "order" for f in got.facts)


async def test_markup_emoji_and_other_scripts_pass_as_they_are(it: State) -> None:
    odd = "<b>طلبي</b> 👩‍👩‍👧 order 20231234 لماذا"
    id_ = await started(it)
    await say(it, id_, odd)
    got = await short(it, id_)
    assert got.question == odd
    assert [f.words for f in got.facts] == ["20231234"]


async def test_a_known_context_is_not_read_again(it: State) -> None:
    id_ = await started(it)
    await say(it, id_, "de pincode is weggekrast")

    def both(session: Session) -> tuple[Summary, Summary]:
        conversation = conversations.get(session, id_)
        about = agent_context(session, conversation) | {"reason": "loop"}
        return summary(session, conversation, "en", about), summary(session, conversation, "en")

    given, own = await it.read(both)
    assert (given.reason, own.reason) == ("The bot got stuck", "No answer in the FAQ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("  waar\n\nis   mijn pakket? ", "waar is mijn pakket?"),
        ("Hoi! " + "Eerst iets anders. " * 10 + "Kan ik de lamp nog ruilen? Groetjes", "Kan ik de lamp nog ruilen?"),
        ("Nee? " + "woord " * 60 + "ja?", "Nee? " + "woord " * 24 + "woord…"),
        ("é" * 400, "é" * (ONE_LINE - 1) + "…"),
    ],
)  # fmt: skip
def test_a_question_is_cut_well(text: str, line: str) -> None:
    assert one_line(text) == line
    assert len(one_line(text)) <= ONE_LINE


@pytest.mark.parametrize(
    ("seconds", "dutch", "english"),
    [
        (0, "minder dan een minuut", "less than a minute"),
        (61, "1 minuut", "1 minute"),
        (600, "10 minuten", "10 minutes"),
        (7200, "2 uur", "2 hours"),
        (200_000, "2 dagen", "2 days"),
    ],
)
def test_lengths_of_time(seconds: int, dutch: str, english: str) -> None:
    assert (duration(seconds, "nl"), duration(seconds, "en")) == (dutch, english)


def test_a_mood_is_explained_by_two_signs_at_most() -> None:
    signs = (Sign("person", "een mens", 3), Sign("annoyed", "pff"), Sign("marks", "!!"))
    assert why(Mood("angry", signs), "nl") == "vroeg 3 keer om een mens, zei “pff”"


async def test_the_desks_json_has_it_in_the_callers_language(app: FastAPI) -> None:
    noor = await signed_in(app, "noor")
    async with client_of(app) as anonymous:
        customer = await new_customer(anonymous, language="nl")
        await customer.send("de pincode van order 20231234 is weggekrast")
        await customer.until("queue")
        path = f"/api/v1/desk/conversations/{customer.id}"
        for language, reason in (("en", "No answer in the FAQ"), ("nl", "Geen antwoord in de FAQ")):
            seen = (await noor.get(path, params={"language": language})).json()["context"]["summary"]
            assert seen["reason"] == reason
            assert seen["question"] == "de pincode van order 20231234 is weggekrast"
            assert seen["facts"][0]["words"] == "20231234"
        assert (await anonymous.get(path)).status_code == 401


def test_days_and_amounts_are_written_out() -> None:
    assert written(Fact("date", "vorige week", "2026-11-09/2026-11-15"), "nl") == "ma 9 nov 2026 – zo 15 nov 2026"
    assert written(Fact("date", "last month", "2026-10"), "en") == "Oct 2026"
    assert written(Fact("date", "a year ago", "2025"), "en") == "2025"
    assert written(Fact("amount", "EUR 12.50", "EUR 12.50"), "en") == ""
    assert written(Fact("phone", "06-12345678", "0612345678"), "en") == ""
