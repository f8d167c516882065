"""Every word a customer reads, per language: shipped in `data/texts`, changed by editors in the database."""

from functools import cache

import yaml
from sqlmodel import Session, select

from handoff.models import ChangedText
from handoff.settings import ROOT

LANGUAGES = ("nl", "en")


@cache
def shipped(language: str) -> dict[str, str]:
    """The texts as they ship, by key. An unknown language gets the Dutch ones."""
    file = ROOT / "data" / "texts" / f"{language if language in LANGUAGES else 'nl'}.yml"
    return {str(k): str(v) for k, v in yaml.safe_load(file.read_text("utf-8")).items()}


def texts(session: Session, language: str) -> dict[str, str]:
    """All texts of a language by key: the shipped ones, with what editors changed in their place."""
    changed = session.exec(select(ChangedText).where(ChangedText.language == language)).all()
    return shipped(language) | {row.key: row.value for row in changed}


def fill(text: str, **values: object) -> str:
    """`text` with its {name} placeholders filled; a placeholder without a value stays as it is.

    Not `str.format`: editors write these words, and a stray brace must not break a conversation.
    """
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
