"""The editors' JSON API for the words that customers read: look, change, go back to the shipped ones."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlmodel import Session

from handoff import wording
from handoff.incoming import Words
from handoff.web.edge import Editor, It

router = APIRouter(prefix="/api/v1/review/texts", tags=["review"])
Language = Annotated[str, Query(max_length=8)]


class Change(BaseModel):
    """The words to put in a text's place, with the {placeholders} of the shipped one."""

    value: Words


def text_form(text: wording.Wording) -> dict[str, Any]:
    """A text as JSON; `by` and `at` are null where the shipped words stand."""
    return {
        "key": text.key,
        "language": text.language,
        "shipped": text.shipped,
        "value": text.value,
        "changed": text.changed,
        "by": text.by,
        "at": text.at.isoformat() if text.at else None,
    }


@router.get("")
async def look(it: It, _: Editor, language: Language = "") -> dict[str, Any]:
    """Every text of a language, the shop's own where none is named."""
    language = language or it.settings.default_language
    found = await it.read(wording.wordings, language)
    return {"language": language, "texts": [text_form(t) for t in found]}


@router.put("/{key}")
async def change(it: It, person: Editor, key: str, language: Language, body: Change) -> dict[str, Any]:
    """Put other words in a text's place; the next customer reads them."""

    def act(session: Session) -> dict[str, Any]:
        return text_form(wording.change(session, key, language, body.value, person.email))

    return await it.write(act)


@router.delete("/{key}")
async def reset(it: It, person: Editor, key: str, language: Language) -> dict[str, Any]:
    """Go back to the shipped words."""
    return text_form(await it.write(wording.reset, key, language, person.email))
