"""The shop's accent colour as CSS variables, moved just as far as reading it in light and dark needs."""

import colorsys
import re

LIGHT_PAPER, DARK_PAPER = "#f3f1ed", "#272624"  # the least favourable grounds text in the accent stands on
READABLE = 4.6  # WCAG asks 4.5


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, ground: str) -> str:
    """`colour`, made darker or lighter in small steps until it can be read on `ground`."""
    step = -0.02 if luminance(ground) > 0.18 else 0.02
    hue, light, vivid = colorsys.rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    while contrast(colour, ground) < READABLE and (light < 1 if step > 0 else light > 0):
        light = min(1.0, max(0.0, light + step))
        colour = "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, light, vivid))
    return colour


def text_on(colour: str) -> str:
    """Near-black or white: what reads better on `colour`."""
    return max("#ffffff", "#111111", key=lambda text: contrast(text, colour))


def theme_css(accent: str) -> str:
    """The style sheet `/theme.css` for an accent `#rrggbb`. ValueError for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise ValueError(f"{accent!r} is no colour")
    light, dark = readable(accent, LIGHT_PAPER), readable(accent, DARK_PAPER)
    by_day = f":root {{ --accent: {light}; --on-accent: {text_on(light)}; }}"
    by_night = f":root {{ --accent: {dark}; --on-accent: {text_on(dark)}; }}"
    return f"{by_day}\n@media (prefers-color-scheme: dark) {{ {by_night} }}\n"
