"""The JSON API for a whole FAQ at once: preview a file, do it, take it back; and get one out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff.problems import Conflict, Invalid
from handoff.web.edge import Editor, It
from handoff.web.import_pages import file_response, live, taken, upload_of
from handoff.web.import_view import TOLD
from kb import imports
from kb.exchange import export_rows, write_rows
from kb.models import FaqImport
from kb.plan import Choices, Plan, planned
from kb.rows import BadFile

router = APIRouter(prefix="/api/v1/kb", tags=["knowledge base"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "YAML, JSONL, CSV or HTML."},
                        "language": {"type": "string", "description": "For what names none, as `nl`."},
                    },
                }
            }
        },
    }
}


class Chosen(BaseModel):
    """What becomes of phrasings, of entries that the file does not name, and which rows (from 0) are left out.

    Without `out`, rows that are doubted are left out.
    """

    phrasings: Literal["replace", "add"] = "replace"
    withdraw: bool = False
    out: list[int] | None = Field(default=None, max_length=50_000)


class Confirmation(BaseModel):
    """The fingerprint of the plan that was shown: something else is not done."""

    fingerprint: str = Field(max_length=64)


def _form(kept: FaqImport) -> dict[str, Any]:
    fields = {"id", "file", "format", "by", "at", "status", "counts", "undone_by", "undone_at"}
    return kept.model_dump(mode="json", include=fields)


def _planned(session: Session, number: int, start: int, limit: int) -> dict[str, Any]:
    kept = imports.get(session, number)
    if kept.status != imports.PREVIEWED:
        return _form(kept)
    read = imports.read_of(kept)
    choices = imports.choices_of(kept, read)
    plan = planned(session, read.rows, choices)
    lines = [row.line for row in read.rows]
    doubted = [{"row": n, "line": lines[n], "question": read.rows[n].draft.question} for n in sorted(choices.out)]
    shown = {"fingerprint": plan.fingerprint, "counts": dict(plan.counts), "rest": plan.rest}
    return _form(kept) | shown | {"out": doubted[:limit], "changes": _changes(plan, lines, start, limit)}


def _changes(plan: Plan, lines: list[int], start: int, limit: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": step.kind,
            "row": step.number,
            "line": lines[step.number] if step.number is not None else None,
            "before": step.before,
            "after": step.after,
            "same_question_as": step.twin or None,
        }
        for step in plan.changes[start : start + limit]
    ]


@contextmanager
def _told() -> Iterator[None]:
    """A file with mistakes as 422 with `errors`, each a line and a message; a clash as 409 with the `entries`."""
    try:
        yield
    except BadFile as bad:
        problem = Invalid(str(bad))
        problem.more = {"errors": [{"line": one.line, "message": one.message} for one in bad.errors[:TOLD]]}
        raise problem from bad
    except imports.ChangedSince as clash:
        refused = Conflict(str(clash))
        refused.more = {"entries": [{"key": k, "language": c, "question": q} for k, c, q in clash.entries]}
        raise refused from clash


@router.post("/imports", status_code=201, openapi_extra=FILE)
async def offer(request: Request, it: It, person: Editor) -> dict[str, Any]:
    """Preview a file of at most 10 MB: what it would change. Nothing is changed."""
    with _told():
        kept = await taken(it, await upload_of(request), person.email)
        return await it.read(_planned, kept.id or 0, 0, 100)


@router.get("/imports")
async def recent(it: It, _: Editor) -> list[dict[str, Any]]:
    """The imports that were carried out, newest first, whether undone or not."""

    def rows(session: Session) -> list[dict[str, Any]]:
        return [_form(kept) for kept in imports.recent(session)]

    return await it.read(rows)


@router.get("/imports/{number}")
async def look(
    it: It,
    _: Editor,
    number: Number,
    start: Annotated[int, Query(ge=0, le=100_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """What an import would change, a page of it; once it is done, its counts."""
    with _told():
        return await it.read(_planned, number, start, limit)


@router.post("/imports/{number}/choices")
async def choose(it: It, _: Editor, number: Number, body: Chosen) -> dict[str, Any]:
    """Keep other choices; the plan that follows from them."""

    def act(session: Session) -> None:
        doubted = imports.read_of(imports.get(session, number)).doubted
        out = doubted if body.out is None else frozenset(body.out)
        imports.choose(session, number, lambda _: Choices(body.phrasings, body.withdraw, out))

    with _told():
        await it.write(act)
        return await it.read(_planned, number, 0, 100)


@router.post("/imports/{number}/confirm")
async def confirm(it: It, person: Editor, number: Number, body: Confirmation) -> dict[str, Any]:
    """Do it, exactly as shown; 412 when something else would happen by now. The bot has it when this returns, but
    for thousands of entries, which it learns meanwhile."""

    def act(session: Session) -> dict[str, Any]:
        kept = imports.get(session, number)
        if kept.status == imports.PREVIEWED:
            choices = imports.choices_of(kept, imports.read_of(kept))
            kept = imports.confirm(session, number, choices, body.fingerprint, person.email)
        return _form(kept)

    with _told():
        done = await it.write(act)
    await live(it)
    return done


@router.post("/imports/{number}/undo")
async def undo(it: It, person: Editor, number: Number) -> dict[str, Any]:
    """Make every entry what it was before; 409 when somebody changed one of them since."""

    def act(session: Session) -> dict[str, Any]:
        return _form(imports.undo(session, number, person.email))

    with _told():
        done = await it.write(act)
    await live(it)
    return done


@router.get("/export")
async def export(
    it: It, _: Editor, format: Literal["csv", "yaml", "jsonl"] = "jsonl", withdrawn: bool = False, agents: bool = True
) -> Response:
    """The whole FAQ as a file."""

    def write(session: Session) -> bytes:
        return write_rows(export_rows(session, withdrawn=withdrawn, agents=agents), format).encode()

    return file_response(await it.read(write), format)
