"""Every word that agents and editors read, per language: `data/pages`."""

from functools import cache

import yaml

from handoff.settings import ROOT
from handoff.texts import fill

LANGUAGES = ("nl", "en")


@cache
def words(language: str) -> dict[str, str]:
    """The pages' words of a language, by key; of one that they are not in, the English ones."""
    language = language if language in LANGUAGES else LANGUAGES[-1]
    file = ROOT / "data" / "pages" / f"{language}.yml"
    return {str(k): str(v) for k, v in yaml.safe_load(file.read_text("utf-8")).items()}


def word(language: str, key: str, /, **values: object) -> str:
    """The words under `key`; with a number `n`, under `key_one` or `key_many`. KeyError when missing."""
    found = words(language)
    if "n" in values and key not in found:
        key = f"{key}_one" if values["n"] == 1 else f"{key}_many"
    return fill(found[key], **values)
