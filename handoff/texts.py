"""Every word a customer reads, per language: shipped in `data/texts`, changed by editors in the database.

A language is a file there, and nothing else: `fr.yml` makes French one. What a file lacks is read in English.
"""

import re
from functools import cache
from pathlib import Path

import yaml
from sqlmodel import Session, col, select

from handoff.models import ChangedText
from handoff.settings import ROOT

FOLDER = ROOT / "data" / "texts"
FIRST = ("nl", "en")  # complete, whatever else is there
LACKS = "en"  # whose words stand where a language has none
CODE = re.compile(r"[a-z]{2}")
NAME = "language.name"  # what a language calls itself: each file's own, never another's
RIGHT_TO_LEFT = frozenset("ar dv fa he ku ps sd ug ur yi".split())


class BadTexts(ValueError):
    """A file of texts that cannot be read; the sentence says which, and what is wrong with it."""


def languages() -> tuple[str, ...]:
    """The codes of the languages that customers can be spoken to in: Dutch and English, then the others by code."""
    return _languages(FOLDER)


@cache
def _languages(folder: Path) -> tuple[str, ...]:
    codes = {file.stem for file in folder.glob("*.yml")}
    return FIRST + tuple(sorted(code for code in codes - set(FIRST) if CODE.fullmatch(code)))


def shipped(language: str) -> dict[str, str]:
    """The texts as they ship, by key; English where a language lacks one. An unknown language gets the Dutch ones.

    BadTexts where its file cannot be read.
    """
    language = language if language in languages() else FIRST[0]
    return _shipped(FOLDER, language)


@cache
def _shipped(folder: Path, language: str) -> dict[str, str]:
    own = _own(folder, language)
    if language in FIRST:
        return own
    return {key: own.get(key, words) for key, words in _own(folder, LACKS).items()} | {NAME: own.get(NAME, language)}


@cache
def _own(folder: Path, language: str) -> dict[str, str]:
    """What stands in a language's own file."""
    file = folder / f"{language}.yml"
    try:
        found = yaml.safe_load(file.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadTexts(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(v, str | int | float) for v in found.values()):
        raise BadTexts(f"{file} must hold a key and its words on each line, as `say.greet: \"Bonjour\"`.")
    return {str(key): str(words) for key, words in found.items()}


def lacking(language: str) -> list[str]:
    """The keys that a language's file lacks, so that English stands there."""
    return [key for key in _own(FOLDER, LACKS) if key not in _own(FOLDER, language) and key != NAME]


def texts(session: Session, language: str) -> dict[str, str]:
    """All texts of a language by key: the shipped ones, with what editors changed in their place.

    What a language lacks is English as editors changed that.
    """
    kept = () if language in FIRST or language not in languages() else lacking(language)
    wanted = {language, LACKS} if kept else {language}
    rows = session.exec(select(ChangedText).where(col(ChangedText.language).in_(wanted))).all()
    english = {row.key: row.value for row in rows if row.language != language and row.key in kept}
    return shipped(language) | english | {row.key: row.value for row in rows if row.language == language}


def own_name(language: str) -> str:
    """What a language calls itself, its code where it does not say."""
    return shipped(language)[NAME] if language in languages() else language


def direction(language: str) -> str:
    """Which way a language is written, as HTML's `dir` has it: ltr or rtl."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def fill(text: str, **values: object) -> str:
    """`text` with its {name} placeholders filled; a placeholder without a value stays as it is.

    Not `str.format`: editors write these words, and a stray brace must not break a conversation.
    """
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
