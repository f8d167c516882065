"""The editors' pages for a whole FAQ at once: bring a file in, look, choose, do it, take it back; and get one out."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from handoff.incoming import Words
from handoff.models import Person
from handoff.problems import TooLarge
from handoff.state import State
from handoff.texts import languages
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.guards import MAX_UPLOAD
from handoff.web.import_view import TOLD, import_view
from handoff.web.import_words import mistakes
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address, page_of, render
from kb import imports
from kb.errors import Invalid, Stale
from kb.exchange import export_rows, write_rows
from kb.from_html import Languages
from kb.models import FaqImport
from kb.plan import Choices

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/review/import"
LIVE_WITHIN_S = 5.0  # that a page waits for the bot to know what came in; thousands of entries take longer
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Start = Annotated[int, Query(ge=0, le=100_000)]
NO_FILE = f"choose a file whose name ends in one of {', '.join(imports.ENDINGS)}"
MEDIA = {"csv": "text/csv", "yaml": "application/yaml", "jsonl": "application/jsonl"}
ENDINGS = {"csv": "csv", "yaml": "yml", "jsonl": "jsonl"}


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name, content, and the language chosen for it ("" for its own)."""

    name: str
    content: bytes
    language: str


async def upload_of(request: Request) -> Upload:
    """The file of a form, read only once the caller is known. TooLarge; Invalid where there is none."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_UPLOAD:
        raise TooLarge
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            file, language = form.get("file"), form.get("language")
            if not isinstance(file, UploadFile) or not file.filename:
                raise Invalid(NO_FILE)
            chosen = language if language in languages() else ""
            name = file.filename.replace("\x00", "").encode("utf-8", "ignore").decode()
            return Upload(name, await file.read(), str(chosen))
    except HTTPException:  # no form at all, or a broken one
        raise Invalid(NO_FILE) from None


async def taken(it: State, upload: Upload, by: str) -> FaqImport:
    """Read an upload and keep it to be looked at. Invalid and BadFile as `kb.imports.read_file`."""
    ways = Languages(it.settings.default_language, upload.language, languages())
    async with it.pictures:  # each takes much memory
        read = await it.compute(imports.read_file, upload.name, upload.content, ways)
    return await it.write(imports.keep, upload.name, read, by)


async def live(it: State) -> None:
    """Let the bot follow what came in, and wait for it a while."""
    await asyncio.wait([it.background(it.kb_changed())], timeout=LIVE_WITHIN_S)


@router.get(HERE)
async def begin(request: Request, it: It, person: Editor) -> Response:
    """Offer a file, get one, and see what came in before."""
    return await _begin(request, it, person)


async def _begin(
    request: Request, it: State, person: Person, status: int = 200, errors: list[tuple[int, str]] | None = None
) -> Response:
    recent = await it.read(imports.recent)
    found = errors or []
    return render(
        request,
        "review/import.html",
        status=status,
        person=person,
        recent=recent,
        errors=found[:TOLD],
        more=max(0, len(found) - TOLD),
        endings=imports.ENDINGS,
    )


@router.post(HERE)
async def offer(request: Request, it: It, person: Editor) -> Response:
    """Take a file, and go on to what it would change. Nothing is changed yet."""
    try:
        kept = await taken(it, await upload_of(request), person.email)
    except TooLarge:
        return await _begin(request, it, person, 413, [(0, page_of(request).t("import.wrong_size"))])
    except Invalid as error:
        return await _begin(request, it, person, 422, mistakes(page_of(request), error))
    return RedirectResponse(f"{HERE}/{kept.id}", 303)


@router.get(HERE + "/{number}")
async def look(
    request: Request, it: It, person: Editor, number: Number, show: str = "", start: Start = 0, done: str = ""
) -> Response:
    """What an import would do, or did."""
    return await _look(request, it, person, number, show=show, start=start, done=done)


async def _look(
    request: Request,
    it: State,
    person: Person,
    number: int,
    *,
    show: str = "",
    start: int = 0,
    done: str = "",
    status: int = 200,
    stale: bool = False,
    clash: list[tuple[str, str, str]] | None = None,
) -> Response:
    view = await it.read(import_view, page_of(request), number, show[:20], start)
    learning = view.kept.status != imports.PREVIEWED and it.base.revision < view.kept.revision
    return render(
        request,
        "review/import_one.html",
        status=status,
        person=person,
        view=view,
        done=done if done in ("done", "undone") else "",
        stale=stale,
        clash=clash or [],
        learning=learning,
    )


@router.post(HERE + "/{number}/choose")
async def choose(
    it: It,
    person: Editor,
    number: Number,
    phrasings: Annotated[Literal["replace", "add"] | None, Form()] = None,
    withdraw: Annotated[bool, Form()] = False,
    leave: Annotated[int | None, Form(ge=0, le=100_000)] = None,
    take: Annotated[int | None, Form(ge=0, le=100_000)] = None,
    show: Annotated[Words, Form()] = "",
) -> Response:
    """Keep another choice: what becomes of phrasings and of what the file does not name, or of one row."""

    def other(chosen: Choices) -> Choices:
        if phrasings is not None:
            chosen = replace(chosen, phrasings=phrasings, withdraw=withdraw)
        if leave is not None:
            chosen = replace(chosen, out=chosen.out | {leave})
        return replace(chosen, out=chosen.out - {take}) if take is not None else chosen

    await it.write(imports.choose, number, other)
    return RedirectResponse(page_address(f"{HERE}/{number}", show=show[:20]), 303)


@router.post(HERE + "/{number}/confirm")
async def confirm(
    request: Request, it: It, person: Editor, number: Number, fingerprint: Annotated[Words, Form()] = ""
) -> Response:
    """Do what was shown, all of it; where something else would happen by now, show that instead."""

    def act(session: Session) -> FaqImport:
        kept = imports.get(session, number)
        if kept.status != imports.PREVIEWED:
            return kept
        choices = imports.choices_of(kept, imports.read_of(kept))
        return imports.confirm(session, number, choices, fingerprint, person.email)

    try:
        await it.write(act)
    except Stale:
        return await _look(request, it, person, number, status=412, stale=True)
    await live(it)
    return RedirectResponse(page_address(f"{HERE}/{number}", done="done"), 303)


@router.post(HERE + "/{number}/undo")
async def undo(request: Request, it: It, person: Editor, number: Number) -> Response:
    """Make every entry what it was before the import."""
    try:
        await it.write(imports.undo, number, person.email)
    except imports.ChangedSince as error:
        return await _look(request, it, person, number, status=409, clash=error.entries)
    await live(it)
    return RedirectResponse(page_address(f"{HERE}/{number}", done="undone"), 303)


@router.get("/review/export")
async def export(
    request: Request,
    it: It,
    _: Editor,
    format: Literal["csv", "yaml", "jsonl"] = "yaml",
    withdrawn: bool = False,
    agents: bool = False,
) -> Response:
    """The FAQ as a file. A table is made as Excel reads it in the page's language."""
    delimiter = ";" if page_of(request).language == "nl" else ","

    def write(session: Session) -> bytes:
        rows = export_rows(session, withdrawn=withdrawn, agents=agents)
        return write_rows(rows, format, delimiter).encode("utf-8-sig" if format == "csv" else "utf-8")

    return file_response(await it.read(write), format)


def file_response(content: bytes, format: str) -> Response:
    """A file to save."""
    headers = {"Content-Disposition": f'attachment; filename="faq.{ENDINGS[format]}"', "Cache-Control": "no-store"}
    return Response(content, media_type=f"{MEDIA[format]}; charset=utf-8", headers=headers)
