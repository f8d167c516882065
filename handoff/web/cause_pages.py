"""The causes' pages: what lies behind question groups, whose it is, and whether it shrinks since it was fixed."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import causes
from handoff.incoming import Words
from handoff.models import Person
from handoff.web.cause_view import CauseForm, CauseView, cause_view, causes_view, new_form
from handoff.web.edge import It
from handoff.web.entry_pages import Editor, Filter
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address, page_of, render
from kb.errors import Invalid, KbError, Stale

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/review/causes")
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
GroupId = Annotated[int, Form(ge=1, le=2**31 - 1)]
Revision = Annotated[int | None, Form(ge=0, le=2**31 - 1)]
Done = Literal["", "made", "saved", "fixed", "reopened", "linked", "unlinked"]
WRONG = {"title is empty": "cause.wrong_title", "title is longer": "cause.wrong_long", "note is": "cause.wrong_long",
         "word is": "cause.wrong_long", "owner": "cause.wrong_owner"}  # fmt: skip


def _whole(text: str) -> int | None:
    """The number in a field, None where there is none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:12]) < 2**31 else None


def _said(request: Request, error: KbError) -> tuple[int, str]:
    """Status and words for what was refused."""
    page = page_of(request)
    if isinstance(error, Stale):
        return 412, page.t("cause.stale")
    limits = f"{causes.MAX_TITLE}, {causes.MAX_NOTE}, {causes.MAX_WORD}"
    key = next((key for part, key in WRONG.items() if str(error).startswith(part)), "cause.wrong_title")
    return 422, page.t(key, limits=limits) if key == "cause.wrong_long" else page.t(key)


@router.get("")
async def look(request: Request, it: It, person: Editor) -> Response:
    """All causes, open ones first."""
    return render(request, "review/causes.html", person=person, view=await it.read(causes_view))


@router.get("/new")
async def new(
    request: Request,
    it: It,
    person: Editor,
    group: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    topic: Filter = "",
) -> Response:
    """A form for a new cause; `group` is linked to it, `topic` says where to look for more."""
    form, owners = await it.read(new_form, group, topic.replace("\x00", ""))
    return render(request, "review/cause_new.html", person=person, form=form, owners=owners, error="")


@router.post("")
async def make(
    request: Request,
    it: It,
    person: Editor,
    title: Annotated[Words, Form()] = "",
    note: Annotated[Words, Form()] = "",
    owner: Annotated[Words, Form()] = "",
    group: Annotated[Words, Form()] = "",
    topic: Annotated[Words, Form()] = "",
) -> Response:
    """Make a cause, with the group that it began with."""
    form = CauseForm(title, note, _whole(owner), group_id=_whole(group), topic=topic[:300])

    def act(session: Session) -> int:
        cause = causes.make(session, form.title, form.note, form.owner_id, person.email)
        if form.group_id:
            causes.link(session, cause.id or 0, form.group_id)
        return cause.id or 0

    try:
        made = await it.write(act)
    except Invalid as error:
        status, words = _said(request, error)
        owners = await it.read(causes.owners)
        context: dict[str, Any] = {"person": person, "form": form, "owners": owners, "error": words}
        return render(request, "review/cause_new.html", status=status, **context)
    return _back(made, "made", topic=form.topic)


def _back(cause_id: int, done: str, **more: object) -> Response:
    return RedirectResponse(page_address(f"/review/causes/{cause_id}", done=done, **more), 303)


@router.get("/{cause_id}")
async def show(
    request: Request,
    it: It,
    person: Editor,
    cause_id: Id,
    search: Filter = "",
    topic: Filter = "",
    done: Done = "",
    group: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """One cause: its groups, and the days before and after it was fixed."""
    view = await it.read(cause_view, cause_id, search.replace("\x00", ""), topic.replace("\x00", ""))
    form = CauseForm(view.cause.title, view.cause.note, view.cause.owner_id, view.cause.word or "")
    return _page(request, person, view, form, done=done, undo_group=group)


def _page(
    request: Request, person: Person, view: CauseView, form: CauseForm, status: int = 200, **more: Any
) -> Response:
    context = {"error": "", "done": "", "undo_group": None} | more
    return render(request, "review/cause.html", status=status, person=person, view=view, form=form, **context)


async def _done(
    request: Request,
    it: It,
    person: Person,
    cause_id: int,
    act: Callable[[Session], object],
    done: str,
    form: CauseForm,
) -> Response:
    """Do something with a cause; where it is refused, the page as it is now, with what was typed."""
    try:
        await it.write(act)
    except (Invalid, Stale) as error:
        status, words = _said(request, error)
        view = await it.read(cause_view, cause_id, "", "")
        return _page(request, person, view, form, status, error=words)
    return _back(cause_id, done)


@router.post("/{cause_id}")
async def save(
    request: Request,
    it: It,
    person: Editor,
    cause_id: Id,
    title: Annotated[Words, Form()] = "",
    note: Annotated[Words, Form()] = "",
    owner: Annotated[Words, Form()] = "",
    revision: Revision = None,
) -> Response:
    """Other words, or another owner."""
    form = CauseForm(title, note, _whole(owner))

    def act(session: Session) -> None:
        causes.change(session, cause_id, title, note, form.owner_id, revision)

    return await _done(request, it, person, cause_id, act, "saved", form)


@router.post("/{cause_id}/fix")
async def fix(
    request: Request,
    it: It,
    person: Editor,
    cause_id: Id,
    word: Annotated[Words, Form()] = "",
    revision: Revision = None,
) -> Response:
    """It is fixed; with a word, those who reported it are told."""

    def act(session: Session) -> None:
        causes.fix(session, cause_id, word, revision, person.email)

    cause = await it.read(causes.get, cause_id)
    form = CauseForm(cause.title, cause.note, cause.owner_id, word)
    return await _done(request, it, person, cause_id, act, "fixed", form)


@router.post("/{cause_id}/reopen")
async def reopen(it: It, _: Editor, cause_id: Id) -> Response:
    """It is not fixed after all."""
    await it.write(causes.reopen, cause_id)
    return _back(cause_id, "reopened")


@router.post("/{cause_id}/link")
async def link(
    it: It,
    _: Editor,
    cause_id: Id,
    group: GroupId,
    search: Annotated[Words, Form()] = "",
    topic: Annotated[Words, Form()] = "",
) -> Response:
    """Put a group under it."""
    await it.write(causes.link, cause_id, group)
    return _back(cause_id, "linked", group=group, search=search[:300], topic=topic[:300])


@router.post("/{cause_id}/unlink")
async def unlink(it: It, _: Editor, cause_id: Id, group: GroupId) -> Response:
    """Take a group from it."""
    await it.write(causes.unlink, cause_id, group)
    return _back(cause_id, "unlinked", group=group)
