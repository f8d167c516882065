"""The accent a shop sets can be read in light and dark, whatever it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.settings import ROOT
from handoff.web.theme import DARK_PAPER, LIGHT_PAPER, contrast, readable, text_on, theme_css

TOKENS = (ROOT / "handoff/static/tokens.css").read_text("utf-8")
COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@given(COLOURS)
def test_any_accent_is_readable(colour: str) -> None:
    for ground in (LIGHT_PAPER, DARK_PAPER):
        accent = readable(colour, ground)
        assert contrast(accent, ground) >= 4.5
        assert contrast(text_on(accent), accent) >= 4.5


def test_a_readable_accent_stays_as_it_is_by_day() -> None:
    assert "--accent: #0f6b5c;" in theme_css("#0f6b5c").split("@media")[0]


@pytest.mark.parametrize("bad", ["red", "#12345", "#0f6b5c;}", ""])
def test_nothing_but_a_colour_gets_into_the_style_sheet(bad: str) -> None:
    with pytest.raises(ValueError, match="no colour"):
        theme_css(bad)


def palette(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", css))


def test_text_can_be_read_on_every_ground() -> None:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    for colours in (palette(light), palette(light) | palette(dark.split("@media")[0])):
        for ground in ("paper", "card", "wash"):
            for ink in ("ink", "soft", "loud", "good", "bad"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
            assert contrast(colours["line-strong"], colours[ground]) >= 3, ground
        for meaning in ("loud", "good", "bad"):
            assert contrast(colours[meaning], colours[f"{meaning}-wash"]) >= 4.5, meaning
        assert contrast(colours["paper"], colours["loud"]) >= 4.5


def test_the_papers_of_the_theme_are_those_of_the_tokens() -> None:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    assert (palette(light)["wash"], palette(dark)["wash"]) == (LIGHT_PAPER, DARK_PAPER)


def test_pages_use_tokens_only() -> None:
    for file in (ROOT / "handoff/static").glob("*.css"):
        if file.name in ("pages.css", "desk.css", "review.css"):
            assert not re.search(r"#[0-9a-f]{3,6}\b", file.read_text("utf-8")), (
                f"{file.name} has its own colour"
            )
