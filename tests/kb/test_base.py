"""The base in memory: what it answers, what it does not, and that changes are live at once."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlmodel import Session

from kb import entries
from kb.base import Base
from kb.encoder import Encoder
from kb.entries import EntryDraft, change_entry, create_entry, withdraw_entry
from kb.evidence import Evidence
from kb.exchange import export_entries, import_entries

from .conftest import cache

PIN = EntryDraft(
    key="gift-card-pin-unreadable",
    question="De pincode van mijn cadeaubon is onleesbaar. Wat nu?",
    answer="Stuur ons een foto van de kaart, dan maken we een nieuwe code.",
    topic="gift-cards",
    phrasings=["ik heb de helft van de pincode van mijn cadeaukaart weggekrast"],
)


@pytest.fixture
def shop(encoder: Encoder, session: Session, demo_engine: object) -> Iterator[tuple[Base, Session]]:
    """The demo FAQ in a database of the test's own."""
    with Session(demo_engine) as reading:  # type: ignore[arg-type]
        import_entries(session, export_entries(reading), "tests")
    session.commit()
    base = Base.open(encoder, session, memory=cache())
    yield base, session
    base.settle()


@pytest.mark.parametrize(
    ("text", "language", "key"),
    [
        ("hoeveel staat er nog op mn kadokaart", "nl", "gift-card-balance"),
        ("waar is mn pakketje", "nl", "delivery-track"),
        ("hoe kan ik iets terugsturen??", "nl", "return-how"),
        ("wachtwoord vergete", "nl", "account-forgot-password"),
        ("HOE LANG HEB IK GARANTIE", "nl", "warranty-length"),
        ("lost my gift card what now", "en", "gift-card-lost"),
        ("how do i cancel my order", "en", "order-cancel"),
        ("forgot my password", "en", "account-forgot-password"),
    ],
)
def test_casual_questions_are_answered(demo: Base, text: str, language: str, key: str) -> None:
    found = demo.ask(text, language)
    assert (found.verdict, found.entry) == ("answer", key)
    assert found.candidates[0].language == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ik heb de helft van de pincode van mijn cadeaukaart weggekrast", "nl"),
        ("de pincode van mijn cadeaubon is half weggekrast", "nl"),
        ("pincode kadobon te hard gekrast, cijfers weg", "nl"),
        ("i scratched off half the pin of my gift card", "en"),
        ("the pin code on my gift card is unreadable", "en"),
    ],
)
def test_the_scratched_pin_is_unknown(demo: Base, text: str, language: str) -> None:
    assert demo.ask(text, language).verdict == "unknown"


@pytest.mark.parametrize(
    "text",
    ["wat is de hoofdstad van frankrijk", "hoe maak ik pannenkoeken", "who is the president of brazil", "asdf qwer"],
)
def test_other_matters_are_off_topic(demo: Base, text: str) -> None:
    assert demo.ask(text).verdict == "off_topic"


def test_a_phrasing_word_for_word_is_an_answer(demo: Base, demo_engine: object) -> None:
    with Session(demo_engine) as reading:  # type: ignore[arg-type]
        drafts = [d for d in export_entries(reading) if d.audience == "public" and d.language == "nl"]
    texts = [text.upper() + "!" for draft in drafts[::4] for text in [draft.question, *draft.phrasings]]
    verdicts = [found.verdict for found in demo.ask_many(texts)]
    assert set(verdicts) <= {"answer", "partly"}


@pytest.mark.parametrize("text", ["", "   ", "😀", "?" * 5000, "مرحبا", "<b></b>", "\x00\ud800", "a " * 3000])
def test_odd_input_gets_evidence(demo: Base, empty: Base, text: str) -> None:
    for base in (demo, empty):
        found = base.ask(text)
        assert found.verdict in ("unknown", "off_topic", "clarify")
        assert Evidence.from_dict(found.as_dict()).for_bot() == found.for_bot()


def test_agents_only_entries_are_hidden_from_customers(demo: Base) -> None:
    asked = "Welke tegemoetkoming mag ik geven bij een late bezorging?"
    assert demo.ask(asked, audience="agents").entry == "delivery-goodwill"
    seen = demo.ask(asked)
    assert seen.entry != "delivery-goodwill"
    assert "delivery-goodwill" not in [c.key for c in seen.candidates]


def test_repeats_tells_a_second_try_from_another_question(demo: Base) -> None:
    again = demo.ask("waar is mijn pakje", earlier=["retour?", "hoe volg ik mijn bestelling"]).repeats
    other = demo.ask("kan ik een ander adres opgeven", earlier=["hoe volg ik mijn bestelling"]).repeats
    pin = demo.ask("pincode van de kaart weggekrast", earlier=["ik heb de pincode van mijn cadeaukaart weggekrast"])
    assert again >= 0.9
    assert pin.repeats >= 0.9
    assert other < 0.7
    assert demo.ask("retour").repeats == 0


def test_two_questions_in_one_message_are_both_answered(demo: Base) -> None:
    found = demo.ask("hoe volg ik mijn pakket? en wat zijn de openingsuren van de winkels?")
    assert found.verdict == "answer"
    assert [part.entry for part in found.parts] == ["delivery-track", "store-opening-hours"]


def test_new_entry_is_live_at_once_and_answers_other_words(shop: tuple[Base, Session]) -> None:
    base, session = shop
    create_entry(session, PIN, "e")
    session.commit()
    started = time.perf_counter()
    assert base.refresh(session)
    assert time.perf_counter() - started < 2  # of which about .1 s on a machine that does nothing else
    assert base.refresh(session) is False
    for text in (
        "mijn kadokaart: code weggekrast, nu?",
        "ik kan de cijfers van de pin op mijn cadeaukaart niet meer lezen",
    ):
        assert (base.ask(text).verdict, base.ask(text).entry) == ("answer", PIN.key)
    assert base.ask("hoeveel staat er nog op mn kadokaart").entry == "gift-card-balance"


def test_change_and_withdrawal_are_live(encoder: Encoder, session: Session) -> None:
    create_entry(session, PIN, "e")
    session.commit()
    base = Base.open(encoder, session, background=[])
    assert base.ask(PIN.phrasings[0]).verdict == "answer"
    change_entry(session, PIN.key or "", "nl", {"audience": "agents"}, None, "e")
    session.commit()
    assert base.refresh(session)
    assert base.ask(PIN.phrasings[0]).entry is None
    withdraw_entry(session, PIN.key or "", "nl", None, "e")
    session.commit()
    base.refresh(session)
    assert base.ask(PIN.phrasings[0], audience="agents").verdict == "unknown"
    assert base.revision == entries.revision(session) == 3


def test_refresh_encodes_only_what_is_new(encoder: Encoder, session: Session) -> None:
    seen: list[str] = []

    class Counting:
        def encode(self, texts: list[str]) -> object:
            seen.extend(texts)
            return encoder.encode(texts)

    create_entry(session, PIN, "e")
    base = Base.open(Counting(), session, background=["een zin"])  # type: ignore[arg-type]
    seen.clear()
    change_entry(session, PIN.key or "", "nl", {"phrasings": [*PIN.phrasings, "pin weg"]}, None, "e")
    base.refresh(session)
    assert seen == ["pin weg"]


def test_questions_are_answered_while_it_refreshes(shop: tuple[Base, Session]) -> None:
    base, session = shop
    stop, failed = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                assert base.ask("hoeveel staat er nog op mn kadokaart").entry == "gift-card-balance"
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(3):
        create_entry(session, PIN.model_copy(update={"key": f"pin-{number}"}), "e")
        session.commit()
        base.refresh(session)
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_question_in_another_language_finds_the_entry(encoder: Encoder, session: Session) -> None:
    for key, question in [
        ("a", "Hoe stuur ik iets terug?"),
        ("b", "Wat zijn de openingsuren?"),
        ("c", "Wachtwoord vergeten"),
    ]:
        create_entry(session, EntryDraft(key=key, question=question, answer=question), "e")
    base = Base.open(encoder, session, memory=cache())
    assert base.ask("how do i return something", "en").entry == "a"
    assert base.ask("what are your opening hours", "en").candidates[0].language == "nl"


def test_a_dutch_question_finds_an_english_entry(encoder: Encoder, session: Session) -> None:
    for key, question in [
        ("a", "How do I return something?"),
        ("b", "What are your opening hours?"),
        ("c", "I forgot my password"),
    ]:
        create_entry(session, EntryDraft(key=key, language="en", question=question, answer=question), "e")
    base = Base.open(encoder, session, memory=cache())
    asked = ["hoe kan ik iets terugsturen", "hoe laat gaan jullie open", "ik weet mijn wachtwoord niet meer"]
    found = base.ask_many(asked, "nl")
    assert [one.entry for one in found] == ["a", "b", "c"]
    assert {one.candidates[0].language for one in found} == {"en"}


def test_expecting_more_without_an_answer_makes_it_more_careful(shop: tuple[Base, Session]) -> None:
    base, _ = shop
    asked = "is er nog tegoed"
    before = base.ask(asked).probability
    base.expect(0.8)
    base.settle()
    assert base.out_of_scope_share == 0.8
    assert base.ask(asked).probability < before - 0.05
