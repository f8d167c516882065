"""The texts' page: every word that customers read, changed in place."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from handoff import wording
from handoff.incoming import Words
from handoff.models import Person
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.languages import Language
from handoff.web.page_errors import PageRoute, is_partial, toast
from handoff.web.rendering import page_address, page_of, render
from handoff.wording import Unfit, Wording

router = APIRouter(route_class=PageRoute, include_in_schema=False)
KINDS = {
    "bot": ("bot.", "say."),
    "handover": ("handover.",),
    "steps": ("system.", "wait.", "promise."),
    "hours": ("hours.",),
    "errors": ("error.",),
    "widget": ("widget.", "customer.", "file."),
    "mail": ("mail.", "reopen.", "no_mail."),
    "faq": ("faq.", "language."),
    "shop": ("shop.", "chat."),
}


@dataclass(frozen=True)
class TextRow:
    """A text, what stands in its field, and what is wrong with that. `fresh`: just saved, so the reader is there."""

    text: Wording
    value: str
    error: str = ""
    fresh: bool = False


@dataclass(frozen=True)
class TextsView:
    """Every text of one language, by kind."""

    language: str
    kinds: dict[str, list[TextRow]]


def texts_view(texts: list[Wording], language: str, refused: TextRow | None = None) -> TextsView:
    """The texts by kind; `refused` is the row that could not be saved."""
    rows = [refused if refused and refused.text.key == t.key else TextRow(t, t.value) for t in texts]
    return TextsView(language, {k: [r for r in rows if r.text.key.startswith(p)] for k, p in KINDS.items()})


@router.get("/review/texts")
async def look(
    request: Request,
    it: It,
    person: Editor,
    language: Annotated[Language | None, Query(alias="in")] = None,
) -> Response:
    """Every text of one language, the page's own where none is named."""
    return await _texts(request, it, person, language or page_of(request).language)


async def _texts(
    request: Request, it: It, person: Person, language: str, refused: TextRow | None = None
) -> Response:
    view = texts_view(await it.read(wording.wordings, language), language, refused)
    return render(request, "review/texts.html", status=422 if refused else 200, person=person, view=view)


@router.post("/review/texts/{language}/{key}")
async def change(
    request: Request, it: It, person: Editor, language: Language, key: str, value: Annotated[Words, Form()] = ""
) -> Response:
    """Put other words in a text's place; what cannot stand there is said, and stays as it was typed."""
    try:
        text = await it.write(wording.change, key, language, value, person.email)
    except Unfit as error:
        said = page_of(request).t(f"texts.wrong_{error.why}", **error.values)
        row = TextRow(await it.read(wording.wording, key, language), value, said, fresh=True)
        if is_partial(request):
            return render(request, "review/_text.html", status=422, row=row)
        return await _texts(request, it, person, language, row)
    return _done(request, text, "texts.done_saved")


def _done(request: Request, text: Wording, said: str) -> Response:
    if not is_partial(request):
        return RedirectResponse(page_address("/review/texts", **{"in": text.language}), 303)
    row = TextRow(text, text.value, fresh=True)
    return render(request, "review/_text.html", headers=toast(page_of(request).t(said)), row=row)


@router.post("/review/texts/{language}/{key}/reset")
async def reset(request: Request, it: It, person: Editor, language: Language, key: str) -> Response:
    """Go back to the shipped words."""
    text = await it.write(wording.reset, key, language, person.email)
    return _done(request, text, "texts.done_reset")
