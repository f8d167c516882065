"""Agents' words as an answer for everyone: what belongs to one conversation goes, the rest stays as it was."""

import pytest

from kb.voice import in_our_voice

DUTCH = [
    (
        "Hoi Sanne,\n\nWat vervelend! Ik heb het even nagekeken. U kunt de bon gratis omruilen in elke winkel. "
        "Neem uw legitimatie mee.\n\nGroetjes,\nNoor",
        "Je kunt de bon gratis omruilen in elke winkel. Neem je legitimatie mee.",
    ),
    ("Goedemiddag mevrouw Jansen, ik stuur u een nieuwe kaart.", "We sturen je een nieuwe kaart."),
    (
        "Sorry voor het wachten!! Heeft u de bon nog? Dan kan ik hem blokkeren.",
        "Heb je de bon nog? Dan kunnen we hem blokkeren.",
    ),
    ("De code [code] werkt weer. Krassen op de pin? Mail een foto.", "Krassen op de pin? Mail een foto."),
    ("Nee, alleen led tot 9 watt.", "Nee, alleen led tot 9 watt."),
    ("Dag! 😊 Dat kan tot 30 dagen na aankoop! Fijne dag nog!", "Dat kan tot 30 dagen na aankoop."),
    (
        "1. Ga naar Account\n2. Kies Bonnen\n\nMet vriendelijke groet,\nAda van Rechtdoor",
        "1. Ga naar Account\n2. Kies Bonnen",
    ),
    ("Bedankt voor je bericht. Een momentje, ik zoek het even op.", ""),
    ("Stuur uw vraag naar u@shop.example", "Stuur je vraag naar u@shop.example"),
    ("Kijk op https://shop.example/u/uw/bon?u=1 bij uw bon.", "Kijk op https://shop.example/u/uw/bon?u=1 bij je bon."),
    ("Bel bijv. onze winkel. dat is gratis.", "Bel bijv. onze winkel. Dat is gratis."),
    ("https://shop.example/hulp legt het uit.", "https://shop.example/hulp legt het uit."),
]
ENGLISH = [
    ("Hi there! I'm sorry about that. I'll send you a new card. Kind regards, Ada", "We'll send you a new card."),
    ("Dear Ms Jones, you can return it within 30 days. Is there anything else?", "You can return it within 30 days."),
    ("I have checked this for you. Item I-42 fits.", "Item I-42 fits."),
]


@pytest.mark.parametrize(("said", "answer"), DUTCH)
def test_dutch(said: str, answer: str) -> None:
    assert in_our_voice(said, "nl") == answer


@pytest.mark.parametrize(("said", "answer"), ENGLISH)
def test_english(said: str, answer: str) -> None:
    assert in_our_voice(said, "en") == answer


@pytest.mark.parametrize("odd", ["", "   ", "😀", "!!!", "\x00", "<script>alert(1)</script>", "مرحبا بكم", "x" * 9000])
def test_odd_words_do_no_harm_and_are_made_no_other(odd: str) -> None:
    found = in_our_voice(odd, "nl")
    assert in_our_voice(found, "nl") == found
    assert found.lower() in odd.lower()
