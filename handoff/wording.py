"""Editors' own words in place of the shipped ones: what there is, changing a text, and going back."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from handoff import shop_settings
from handoff.models import ChangedText
from handoff.problems import Conflict, Invalid, NotFound
from handoff.texts import fill, languages, shipped
from kb.models import now

TEXT = "text"  # what the history calls it
MAX_VALUE = 500
PLACEHOLDER = re.compile(r"\{\w+\}")
WHY = {
    "empty": "The text is empty. Write something, or go back to the shipped words.",
    "longer": "The text is too long: it may have {limit} characters.",
    "missing": "The text must keep {names}: the app fills that in.",
    "unknown": "The text cannot have {names}: nothing fills that in.",
}


class Unfit(Invalid):
    """Words that cannot take a text's place; `why` is a key of WHY, `values` are the sentence's."""

    def __init__(self, why: str, **values: object) -> None:
        super().__init__(fill(WHY[why], **values), **values)
        self.why = why


@dataclass(frozen=True)
class Wording:
    """A text as it ships and as customers read it; who changed it and when, or None."""

    key: str
    language: str
    shipped: str
    value: str
    by: str | None = None
    at: datetime | None = None

    @property
    def changed(self) -> bool:
        """Whether an editor put other words in its place."""
        return self.by is not None


def wordings(session: Session, language: str) -> list[Wording]:
    """Every text of a language, in the order of its file. NotFound for an unknown language."""
    _known(language)
    rows = session.exec(select(ChangedText).where(ChangedText.language == language)).all()
    changed = {row.key: row for row in rows}
    return [_wording(key, language, changed.get(key)) for key in shipped(language)]


def wording(session: Session, key: str, language: str) -> Wording:
    """One text. NotFound for an unknown key or language."""
    _known(language, key)
    return _wording(key, language, session.get(ChangedText, (key, language)))


def change(session: Session, key: str, language: str, value: str, by: str) -> Wording:
    """Put `value` in a text's place, on one line; the shipped words themselves are no change.

    NotFound for an unknown key or language, Unfit for words that cannot stand there, Conflict when somebody else
    changed the same text for the first time at the same moment.
    """
    before = wording(session, key, language)
    value = re.sub(r"\s*[\r\n]+\s*", " ", value.strip())
    _check(value, shipped(language)[key])
    if value == shipped(language)[key]:
        return reset(session, key, language, by)
    row = session.get(ChangedText, (key, language)) or ChangedText(key=key, language=language, value=value, by=by)
    row.value, row.by, row.at = value, by, now()
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("Somebody else changed this text just now. Look at it and try again.") from None
    after = _wording(key, language, row)
    _record(session, before, after, by)
    return after


def reset(session: Session, key: str, language: str, by: str) -> Wording:
    """Go back to the shipped words; no change where they stand already. NotFound as in `change`."""
    before = wording(session, key, language)
    row = session.get(ChangedText, (key, language))
    if row is None:
        return before
    session.delete(row)
    session.flush()
    after = _wording(key, language, None)
    _record(session, before, after, by)
    return after


def _record(session: Session, before: Wording, after: Wording, by: str) -> None:
    """A row of the history, with the words that customers read before and after; none where they are the same."""
    if before.value == after.value:
        return
    sides = ({"key": one.key, "language": one.language, "value": one.value} for one in (before, after))
    shop_settings.record(session, TEXT, before=next(sides), after=next(sides), by=by)


def _known(language: str, key: str | None = None) -> None:
    if language not in languages():
        raise NotFound(f"There are texts in {', '.join(languages())}.")
    if key is not None and key not in shipped(language):
        raise NotFound("There is no text with this key.")


def _check(value: str, original: str) -> None:
    if not any(c.isprintable() and not c.isspace() for c in value):
        raise Unfit("empty")
    if len(value) > MAX_VALUE:
        raise Unfit("longer", limit=MAX_VALUE)
    needed, found = set(PLACEHOLDER.findall(original)), set(PLACEHOLDER.findall(value))
    for why, names in (("missing", needed - found), ("unknown", found - needed)):
        if names:
            raise Unfit(why, names=", ".join(sorted(names)))


def _wording(key: str, language: str, row: ChangedText | None) -> Wording:
    words = shipped(language)[key]
    return Wording(key, language, words, row.value, row.by, row.at) if row else Wording(key, language, words, words)
