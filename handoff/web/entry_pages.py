"""The entries' pages: search, change, create, withdraw and put back. `history_pages` has the history."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff.incoming import Words
from handoff.models import Person
from handoff.web.edge import It, page_person
from handoff.web.entry_view import (
    EntryForm,
    EntryView,
    changes_since,
    entries_view,
    entry_view,
    form_of,
    new_entry_view,
)
from handoff.web.languages import Language
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import Page, page_address, page_of, render, words
from handoff.web.shapes import to_html
from kb import entries
from kb.differences import Difference
from kb.drafts import MAX_ANSWER, MAX_PHRASING, MAX_PHRASINGS, MAX_QUESTION, MAX_TOPIC
from kb.errors import Exists, Invalid, KbError, Stale

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Done = Literal["", "created", "saved", "withdrawn", "restored", "reverted"]
Filter = Annotated[str, Query(max_length=300)]
LIMITS = {"question": MAX_QUESTION, "answer": MAX_ANSWER, "phrasing": MAX_PHRASING, "topic": MAX_TOPIC}


OTHERS = (
    ("phrasings", "wrong.phrasings", MAX_PHRASINGS),
    ("say why", "wrong.why", 2000),
    ("something secret", "wrong.secret", 0),
    ("tell those who asked", "wrong.word", 2000),
    ("other questions were added", "wrong.reverting", 0),
    ("what this approval stored", "wrong.unknown_approval", 0),
    ("any more", "wrong.not_there", 0),
    ("at least one question", "wrong.leave_one", 0),
    ("choose at least one", "wrong.none_chosen", 0),
    ("there is no entry", "wrong.no_entry", 0),
    ("out of service", "wrong.no_entry", 0),
)


async def review_person(request: Request) -> Person:
    """The editor or admin who is signed in; else to the login."""
    return await page_person(request, "editor")


Editor = Annotated[Person, Depends(review_person)]


def said_wrong(page: Page, error: KbError) -> tuple[int, str]:
    """The status and the words for input that the knowledge base refused, in the page's language."""
    if isinstance(error, Exists):
        return 409, page.t("wrong.exists")
    text = str(error)
    for name, limit in LIMITS.items():
        for how in ("empty", "longer"):
            if f"{name} is {how}" in text and f"wrong.{name}_{how}" in words(page.language):
                return 422, page.t(f"wrong.{name}_{how}", limit=limit)
    for part, key, limit in OTHERS:
        if part in text:
            return 422, page.t(key, limit=limit)
    return 422, text


@router.post("/review/preview")
async def preview(request: Request, _: Editor, answer: Annotated[Words, Form()] = "") -> Response:
    """An answer as a customer will see it."""
    html = to_html(answer[: 2 * MAX_ANSWER]) if answer.strip() else ""
    return render(request, "review/_preview.html", html=html)


@router.get("/review/entries")
async def look(
    request: Request,
    it: It,
    person: Editor,
    search: Filter = "",
    language: Annotated[str, Query(alias="in", max_length=8)] = "",
    topic: Filter = "",
    status: Literal["", "live", "withdrawn"] = "",
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Done = "",
) -> Response:
    """All entries, searched and filtered."""
    view = await it.read(entries_view, search.replace("\x00", ""), language, topic, status, after)
    return render(request, "review/entries.html", person=person, view=view, done=done)


@router.get("/review/entries/new")
async def new(
    request: Request,
    it: It,
    person: Editor,
    key: Annotated[str, Query(max_length=80)] = "",
    language: Annotated[Language | None, Query(alias="in")] = None,
) -> Response:
    """A form for a new entry, or for a known one (`key`) in another language."""
    view = await it.read(new_entry_view)
    form = EntryForm(key=key, language=language or page_of(request).language)
    return _entry(request, person, view, form)


def _entry(
    request: Request,
    person: Person,
    view: EntryView,
    form: EntryForm,
    *,
    status: int = 200,
    error: str = "",
    stale: bool = False,
    changed: list[Difference] | None = None,
    done: str = "",
    was: int | None = None,
) -> Response:
    return render(
        request,
        "review/entry.html",
        status=status,
        person=person,
        view=view,
        form=form,
        changed=changed or [],
        stale=stale,
        error=error,
        done=done,
        was=was,
    )


@router.post("/review/entries")
async def create(
    request: Request,
    it: It,
    person: Editor,
    language: Annotated[Language, Form()],
    question: Annotated[Words, Form()] = "",
    answer: Annotated[Words, Form()] = "",
    phrasings: Annotated[Words, Form()] = "",
    topic: Annotated[Words, Form()] = "",
    audience: Annotated[Words, Form()] = "public",
    key: Annotated[Words, Form()] = "",
) -> Response:
    """Store a new entry; the bot has it when the page comes."""
    form = EntryForm(question, answer, phrasings, topic, audience, language, key)
    try:
        entry = await it.write(lambda session: entries.create_entry(session, form.draft(), person.email))
    except (Invalid, Exists) as error:
        status, said = said_wrong(page_of(request), error)
        view = await it.read(new_entry_view)
        return _entry(request, person, view, form, status=status, error=said)
    await it.kb_changed()
    return _shown(entry.key, entry.language, "created")


def _shown(key: str, language: str, done: str, was: int | None = None) -> Response:
    """The entry's page, which says what was done and takes the reader back to revision `was`."""
    return RedirectResponse(page_address(f"/review/entries/{key}/{language}", done=done, was=was), 303)


@router.get("/review/entries/{key}/{language}")
async def show(
    request: Request,
    it: It,
    person: Editor,
    key: str,
    language: Language,
    done: Done = "",
    was: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """One entry, to read and change."""

    def read(session: Session) -> tuple[EntryView, EntryForm]:
        view = entry_view(session, key, language, page_of(request).language)
        return view, form_of(session, entries.get_entry(session, key, language))

    view, form = await it.read(read)
    return _entry(request, person, view, form, done=done, was=was)


@router.post("/review/entries/{key}/{language}")
async def change(
    request: Request,
    it: It,
    person: Editor,
    key: str,
    language: Language,
    revision: Annotated[int, Form()],
    question: Annotated[Words, Form()] = "",
    answer: Annotated[Words, Form()] = "",
    phrasings: Annotated[Words, Form()] = "",
    topic: Annotated[Words, Form()] = "",
    audience: Annotated[Words, Form()] = "public",
) -> Response:
    """Store what was changed; what a colleague changed meanwhile is shown, and nothing typed is lost."""
    form = EntryForm(question, answer, phrasings, topic, audience, language, key)
    try:
        await it.write(entries.change_entry, key, language, form.changes(), revision, person.email)
    except (Stale, Invalid) as error:
        view = await it.read(entry_view, key, language, page_of(request).language)
        if isinstance(error, Stale):
            changed = await it.read(changes_since, key, language, revision)
            return _entry(request, person, view, form, status=412, stale=True, changed=changed)
        status, said = said_wrong(page_of(request), error)
        return _entry(request, person, view, form, status=status, error=said)
    await it.kb_changed()
    return _shown(key, language, "saved", was=revision)


@router.post("/review/entries/{key}/{language}/{what}")
async def withdraw_or_restore(
    request: Request,
    it: It,
    person: Editor,
    key: str,
    language: Language,
    what: Literal["withdraw", "restore"],
    revision: Annotated[int | None, Form()] = None,
) -> Response:
    """Take an entry out of service, or put it back."""
    act: Callable[..., Any] = entries.withdraw_entry if what == "withdraw" else entries.restore_entry
    try:
        await it.write(act, key, language, revision, person.email)
    except Stale:
        view = await it.read(entry_view, key, language, page_of(request).language)
        form = await it.read(_stored, key, language)
        changed = await it.read(changes_since, key, language, revision or 0)
        return _entry(request, person, view, form, status=412, stale=True, changed=changed)
    await it.kb_changed()
    return _shown(key, language, "withdrawn" if what == "withdraw" else "restored")


def _stored(session: Session, key: str, language: str) -> EntryForm:
    return form_of(session, entries.get_entry(session, key, language))
