"""Texts as they are compared, stored and read by the encoder."""

import pytest

from kb.text import clean, clean_block, normalise, spelled_out


@pytest.mark.parametrize(
    ("text", "same"),
    [("Café, RETOUR?!", "cafe retour"), ("  a \n b ", "a b"), ("?!", "?!"), ("👍", "👍"), ("", "")],
)
def test_normalised(text: str, same: str) -> None:
    assert normalise(text) == same


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("waar is mn pakje", "waar is mijn pakje"),
        ("HOEVEEL STAAT ER OP M’N KADOBON", "hoeveel staat er op mijn cadeaubon"),
        ("mnemonic", "mnemonic"),
        ("Waar is mijn Mac", "Waar is mijn Mac"),
    ],
)
def test_spelled_out(text: str, full: str) -> None:
    assert spelled_out(text) == full


def test_cleaned_for_storing() -> None:
    assert clean("a\x00b\t c\u2028d \ud800") == "ab c d"
    assert clean_block("\r\n- a  \r\n\r\n\tb\x07\n") == "- a\n\n\tb"
