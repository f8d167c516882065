"""The settings' pages for canned replies: find, add, change, remove, put back. For admins."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from handoff import canned, topics
from handoff.canned import MAX_SHORTCUT, MOST, Filled, Reply
from handoff.desk_models import CannedReply
from handoff.incoming import MAX_TEXT
from handoff.models import Person
from handoff.people import Wrong
from handoff.problems import Conflict, NotFound
from handoff.state import State
from handoff.texts import languages
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import Page, page_address, page_of, render
from handoff.web.settings_pages import Admin
from handoff.web.settings_view import Difference, differences

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Done = Literal["", "added", "saved", "back", "taken"]
#: The variables as they are called in a language.
VARIABLES_IN = {
    "nl": ("klant", "agent", "winkel", "vraag", "bestelnummer"),
    "en": ("customer", "agent", "shop", "question", "order"),
}
FIELDS = ("shortcut", "language", "topic", "text")


@dataclass
class CannedForm:
    """Every field of the page; `errors` are words by field, `focus` is the field where typing goes on."""

    shortcut: str = ""
    language: str = ""
    topic: str = ""
    text: str = ""
    revision: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""

    def reply(self) -> Reply:
        """What stands there, to be checked."""
        return Reply(self.shortcut, self.language, self.text, self.topic or None)

    def said(self, page: Page, errors: dict[str, str]) -> None:
        """Note what is wrong, in words beside the fields."""
        limits = {"limit": MAX_SHORTCUT if "shortcut" in errors else MAX_TEXT, "most": MOST}
        self.errors = {name: page.t(f"canned.wrong_{name}_{why}", **limits) for name, why in errors.items()}
        self.focus = next((name for name in FIELDS if name in errors), "")


def form_of(row: CannedReply) -> CannedForm:
    """The fields as a canned reply is."""
    return CannedForm(row.shortcut, row.language, row.topic or "", row.text, row.revision)


async def sent_form(request: Request) -> CannedForm:
    """What came in the fields; what is missing is empty."""
    async with request.form() as data:
        revision = _field(data, "revision")
        return CannedForm(
            shortcut=_field(data, "shortcut", 200),
            language=_field(data, "language"),
            topic=_field(data, "topic", 200),
            text=_field(data, "text", MAX_TEXT + 100),
            revision=int(revision) if re.fullmatch("[0-9]{1,9}", revision) else 0,
        )


def _field(data: FormData, name: str, most: int = 40) -> str:
    value = data.get(name)
    text = value if isinstance(value, str) else ""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()[:most]


Sent = Annotated[CannedForm, Depends(sent_form)]
Short = Annotated[str, Query(max_length=200)]


@router.get("/settings/canned")
async def look(
    request: Request,
    it: It,
    person: Admin,
    language: Annotated[str, Query(alias="in", max_length=8)] = "",
    search: Short = "",
    done: Done = "",
    removed: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """All of them, or those of a language that hold some words; `removed` is the change that can be undone."""
    search = search.replace("\x00", "")
    rows = await it.read(canned.listed, language if language in languages() else "", search)
    return render(
        request,
        "settings/canned.html",
        person=person,
        rows=rows,
        language=language,
        search=search,
        done=done,
        removed=removed,
    )


async def _page(
    request: Request,
    it: State,
    person: Person,
    form: CannedForm,
    reply_id: int | None,
    *,
    status: int = 200,
    crossed: list[Difference] | None = None,
    by: str = "",
) -> Response:
    """The page of one canned reply, or of one to add (no `reply_id`)."""
    known = await it.read(topics.topics)
    return render(
        request,
        "settings/canned_reply.html",
        status=status,
        person=person,
        form=form,
        reply_id=reply_id,
        topics=sorted({*known, *([form.topic] if form.topic else [])}),
        limit=MAX_TEXT,
        names=", ".join(f"{{{name}}}" for name in VARIABLES_IN[page_of(request).language]),
        crossed=crossed,
        by=by,
        example=example(request, it, person, form),
    )


def example(request: Request, it: State, person: Person, form: CannedForm) -> Filled:
    """The text as it would be inserted, with examples for what differs by conversation."""
    page = page_of(request)
    values = {name: page.t(f"canned.example_{name}") for name in ("customer", "question", "order")}
    return canned.filled(form.text, values | {"agent": person.name.split()[0], "shop": it.settings.shop_name})


@router.get("/settings/canned/new")
async def new(request: Request, it: It, person: Admin) -> Response:
    """One to add."""
    return await _page(request, it, person, CannedForm(language=page_of(request).language), None)


@router.post("/settings/canned/preview")
async def preview(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """The text as it would be inserted; nothing is stored."""
    return render(request, "settings/_canned_preview.html", example=example(request, it, person, form))


@router.post("/settings/canned/new")
async def add(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """Add it; what is wrong is said and everything typed stays."""
    try:
        await it.write(_add, form, person.email)
    except Wrong as wrong:
        form.said(page_of(request), wrong.errors)
        return await _page(request, it, person, form, None, status=422)
    return RedirectResponse("/settings/canned?done=added", 303)


def _add(session: Session, form: CannedForm, by: str) -> None:
    canned.add(session, form.reply(), by=by)


@router.get("/settings/canned/{reply_id}")
async def one(request: Request, it: It, person: Admin, reply_id: Id) -> Response:
    """One, to change."""
    row = await it.read(canned.get, reply_id)
    return await _page(request, it, person, form_of(row), reply_id)


@router.post("/settings/canned/{reply_id}")
async def change(request: Request, it: It, person: Admin, reply_id: Id, form: Sent) -> Response:
    """Change it; what is wrong is said and everything typed stays."""
    try:
        await it.write(canned.change, reply_id, form.reply(), revision=form.revision, by=person.email)
    except Wrong as wrong:
        form.said(page_of(request), wrong.errors)
        return await _page(request, it, person, form, reply_id, status=422)
    except Conflict:
        return await _crossed(request, it, person, reply_id, form)
    return RedirectResponse("/settings/canned?done=saved", 303)


async def _crossed(request: Request, it: State, person: Person, reply_id: int, form: CannedForm) -> Response:
    """The form again, with what a colleague stored meanwhile beside what was typed; saving again stores the latter."""
    row = await it.read(canned.get, reply_id)
    mine = canned.checked(form.reply()).__dict__
    labelled = {"shortcut": row.shortcut, "language": row.language}  # one label for both sides
    found = differences(page_of(request), canned.CANNED, canned.shown(row), mine | labelled)
    form.revision = row.revision
    return await _page(request, it, person, form, reply_id, status=409, crossed=found, by=row.changed_by)


@router.post("/settings/canned/{reply_id}/remove")
async def remove(it: It, person: Admin, reply_id: Id) -> Response:
    """Take it away; the page it leads to can undo that. One that is gone already is gone."""
    try:
        change = await it.write(canned.remove, reply_id, by=person.email)
    except NotFound:
        return RedirectResponse("/settings/canned", 303)
    return RedirectResponse(page_address("/settings/canned", removed=change.id), 303)


@router.post("/settings/canned/undo/{change_id}")
async def undo(it: It, person: Admin, change_id: Id) -> Response:
    """Bring back what was removed; where its shortcut was given away meanwhile, that is said."""
    try:
        await it.write(canned.put_back, change_id, by=person.email)
    except Wrong:
        return RedirectResponse("/settings/canned?done=taken", 303)
    return RedirectResponse("/settings/canned?done=back", 303)
