"""What half a question, a word alone and a second part about "it" are read as, on the demo shop's FAQ."""

import pytest

from kb.base import Base
from kb.evidence import Candidate, Evidence
from kb.followup import followed
from kb.parts import Way, told
from kb.word import chosen, is_word, plain


def look(verdict: str, **chances: float) -> Evidence:
    """Evidence with these candidates, best first."""
    found = tuple(Candidate(key, "nl", key, chance, 0.5) for key, chance in chances.items())
    options = tuple(chances)[:2] if verdict == "clarify" else ()
    return Evidence(verdict, found[0].probability, found[0].key, options, found)  # type: ignore[arg-type]


BEFORE = look("answer", old=0.98)
AGAIN = look("answer", old=0.9, new=0.02)


def test_what_both_looks_find_is_a_choice_beside_what_was_answered() -> None:
    bare = look("unknown", other=0.2, new=0.15)
    assert followed(bare, AGAIN, BEFORE).options == ("new", "old")
    assert followed(bare, look("unknown", new=0.5, old=0.2), BEFORE).options == ("new", "old")


def test_what_one_look_finds_is_none() -> None:
    bare = look("unknown", other=0.2, another=0.15)
    assert followed(bare, AGAIN, BEFORE) == bare
    faint = look("unknown", other=0.2, new=0.05)
    assert followed(faint, AGAIN, BEFORE) == faint
    third = look("unknown", third=0.3, new=0.2)
    assert followed(look("unknown", new=0.2), third, BEFORE).verdict == "unknown"


def test_the_earlier_entry_answers_again_where_the_words_alone_come_close() -> None:
    assert followed(look("unknown", other=0.14, old=0.13), AGAIN, BEFORE) == AGAIN
    far = look("unknown", other=0.35, old=0.01)
    assert followed(far, AGAIN, BEFORE) == far


def test_other_matters_and_sure_answers_stay() -> None:
    for bare in (look("off_topic", new=0.2), look("answer", new=0.9)):
        assert followed(bare, AGAIN, BEFORE) == bare


@pytest.mark.parametrize(
    ("language", "before", "text", "key"),
    [
        ("nl", "hoe laat is de winkel open", "en op feestdagen?", "store-opening-hours"),
        ("nl", "wat kost de verzending", "en als ik het in de winkel ophaal?", "store-click-collect"),
        ("nl", "hoe lang is een cadeaubon geldig", "en kan ik er twee gebruiken?", "gift-card-combine"),
        ("nl", "kan ik mijn bestelling annuleren", "en het adres veranderen?", "order-change-address"),
        ("en", "what are your opening hours", "and on sundays?", "store-opening-hours"),
        ("en", "how do i return an item", "and to a store?", "return-in-store"),
        ("en", "where is my parcel", "what if i'm not home?", "delivery-not-home"),
        ("en", "can i cancel my order", "and change the address?", "order-change-address"),
    ],
)
def test_more_halves(demo: Base, language: str, before: str, text: str, key: str) -> None:
    found = demo.ask(text, language, earlier=[before])
    assert key in ({found.entry} if found.verdict == "answer" else found.options)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("hoe stuur ik iets terug", "en hebben jullie vacatures?"),
        ("waar is mijn pakje", "en verkopen jullie fietsen?"),
        ("kan ik met ideal betalen", "en wie is de directeur?"),
        ("how long is the warranty", "and do you have jobs?"),
        ("how long is a gift card valid", "and on the moon?"),
    ],
)
def test_what_no_entry_answers_stays_open(demo: Base, before: str, text: str) -> None:
    assert demo.ask(text, earlier=[before]).verdict in ("unknown", "off_topic")


@pytest.mark.parametrize("text", ["bezorging", "verzending", "my order", "Bestelling!", "Delivery?", "gift card"])
def test_a_word_alone_leads_to_a_choice(demo: Base, text: str) -> None:
    found = demo.ask(text)
    assert found.verdict == "clarify"
    assert 2 <= len(found.options) <= 3


@pytest.mark.parametrize("text", ["asdfgh", "qwerty", "blabla", "hahaha", "pizza", "fuck you", "xyz 123", "??", ""])
def test_gibberish_and_other_matters_lead_to_none(demo: Base, text: str) -> None:
    assert demo.ask(text).verdict == "off_topic"


def test_only_a_word_in_doubt_is_given_a_choice() -> None:
    near, lonely = look("unknown", a=0.3, b=0.2, c=0.01, d=0.01), look("unknown", a=0.5, b=0.04)
    assert chosen("lamp", near).options == ("a", "b")
    assert chosen("lamp", lonely) == lonely
    assert chosen("een lamp die kapot is", near) == near
    sure = look("answer", a=0.9, b=0.3)
    assert chosen("lamp", sure) == sure
    assert (plain("Retour?"), plain("??"), plain("In Gent?")) == ("retour", "??", "In Gent?")
    assert not is_word("en morgen?")
    assert not is_word("in Gent?")


@pytest.mark.parametrize(
    ("pieces", "second"),
    [
        (("hoeveel er op mijn bon staat", "hoe lang hij geldig is"), "mijn bon staat hoe lang hij geldig is"),
        (("where can i buy a gift card", "how long is it valid"), "a gift card how long is it valid"),
        (("hoe stuur ik iets terug", "wat kost dat"), "wat kost dat"),
        (("is this lamp dimmable?", "which bulb fits it?"), "which bulb fits it?"),
        (
            ("is deze lamp dimbaar", "wanneer is het mogelijk hem op te halen"),
            "wanneer is het mogelijk hem op te halen",
        ),
        (("where is my parcel", "can i pay later"), "can i pay later"),
    ],
)
def test_a_part_about_it_is_told_what_it_is(pieces: tuple[str, ...], second: str) -> None:
    assert told(Way(pieces, False)).pieces == (pieces[0], second)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("waar kan ik een cadeaubon kopen en hoe lang blijft die geldig", ["gift-card-buy", "gift-card-validity"]),
        ("where can i buy a gift card and how long does it stay valid", ["gift-card-buy", "gift-card-validity"]),
    ],
)
def test_both_parts_about_one_thing_are_answered(demo: Base, text: str, keys: list[str]) -> None:
    assert [part.entry for part in demo.ask(text).parts] == keys
