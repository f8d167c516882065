"""How a message is read: where it may be parted, what it leans on, what a story asks. Grammar alone, no looks."""

import pytest

from kb.followup import hangs, leans
from kb.long import gist, short
from kb.parts import asks, bare, ways

STORY = (
    "We kochten bij jullie een lamp voor boven de tafel. Mijn zus vindt hem mooi. Mijn man zegt dat hij te groot is. "
    * 3
)


@pytest.mark.parametrize(
    "text",
    [
        "en naar België?",
        "what about Sundays",
        "hoe zit het met ecocheques?",
        "of achteraf",
        "wat kost dat?",
        "met btw?",
    ],
)
def test_leaning(text: str) -> None:
    assert leans(text)


@pytest.mark.parametrize(
    "text",
    [
        "ok bedankt",
        "ja",
        "thank you",
        "hoe stuur ik een lamp terug die kapot is aangekomen bij mij thuis",
        "where can i find my old orders",
        "",
    ],
)
def test_not_leaning(text: str) -> None:
    assert not leans(text)


def test_hanging_is_narrower_than_leaning() -> None:
    assert hangs("and without a receipt?")
    assert not hangs("en hoe laat zijn jullie open?")
    assert not hangs("maar waar is mijn pakje")
    assert not hangs("in welke winkel kan ik parkeren?")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("waar is mijn pakje en kan ik nog ruilen", ("waar is mijn pakje", "kan ik nog ruilen")),
        ("Where is my parcel. And can I swap it", ("Where is my parcel.", "And can I swap it")),
        (
            "Mijn lamp is stuk. Kan ik hem ruilen en wat kost het",
            ("Mijn lamp is stuk. Kan ik hem ruilen", "wat kost het"),
        ),
        ("I forgot my password. Also how do I pay", ("I forgot my password.", "Also how do I pay")),
        ("wat kost een tafel? hoe snel is hij er?", ("wat kost een tafel?", "hoe snel is hij er?")),
    ],
)
def test_where_a_message_may_be_parted(text: str, pieces: tuple[str, ...]) -> None:
    assert ways(text)[0].pieces == pieces


@pytest.mark.parametrize(
    "text",
    [
        "kan ik met cadeaubon en ideal tegelijk betalen",
        "ik heb mijn pakje gekregen en het is stuk",
        "Mijn lamp is stuk. Wat nu?",
        "wat kost de verzending? en naar België?",
        "nemen jullie oude lampen mee en is dat gratis",
        "a b? c d? e f? g h? i j?",
        "?",
        "",
    ],
)
def test_where_it_may_not(text: str) -> None:
    assert ways(text) == []


def test_the_gist_of_a_story_is_what_it_asks() -> None:
    assert gist("waar is mijn pakje?") == []
    assert gist(STORY + "Kan ik hem ruilen? Groeten")[-1] == "Kan ik hem ruilen?"
    unpunctuated = "we bought a lamp and my sister said that it is too big for the table " * 4
    assert short(unpunctuated + "where can i find my invoice") == "where can i find my invoice"
    assert len(short("woord " * 300).split()) == 25


def test_words_before_a_question_are_left_out() -> None:
    assert bare("ok en hoe betaal ik?") == "hoe betaal ik?"
    assert bare("en naar België?") == "en naar België?"
    assert bare("Ook een vraag") == "Ook een vraag"
    assert asks("ik wil graag weten hoe dat werkt")
    assert not asks("mijn pakje is stuk")
