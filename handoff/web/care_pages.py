"""The care page: entries to look at again, rejected often, needed by nobody, and reported, with what to do about each.

Every action answers with the lists as they are then, and can be undone from the words that say it was done.
"""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import reports
from handoff.incoming import Words
from handoff.web.care_view import DAYS, USUAL_DAYS, CareView, List, Place, again_view, care_view
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.languages import Language
from handoff.web.page_errors import PageRoute, is_partial, toast
from handoff.web.rendering import page_address, page_of, render
from kb import checks, entries
from kb.errors import Invalid, NotFound, Stale
from kb.models import EntryCheck

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Key = Annotated[Words, Form(max_length=80)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Revision = Annotated[int | None, Form(ge=0, le=2**31 - 1)]
Moved = (NotFound, Stale)  # somebody was there before


def where(
    days: Annotated[int, Query(ge=1, le=3650)] = USUAL_DAYS,
    only: List | None = None,
    list: Annotated[List | None, Query()] = None,
    at: Annotated[int, Query(ge=0, le=1000)] = 0,
) -> Place:
    """Where the reader is, from the address."""
    return Place(days if days in DAYS else USUAL_DAYS, only, list, at)


Here = Annotated[Place, Depends(where)]


@router.get("/review/care")
async def look(request: Request, it: It, person: Editor, place: Here) -> Response:
    """All four lists, or one of them whole (`only`)."""
    view = await it.read(care_view, place)
    return render(request, "review/care.html", person=person, view=view)


def address(path: str, place: Place, **more: object) -> str:
    """An address of this page that keeps where the reader is."""
    return page_address(path, days=place.days, only=place.only, list=place.list, at=place.at, **more)


async def _again(request: Request, it: It, place: Place, said: str, undo: str = "", bad: bool = False) -> Response:
    """The lists as they are now, and what was done; without a script, the page."""
    if not is_partial(request):
        return RedirectResponse(page_address("/review/care", days=place.days, only=place.only), 303)
    page = page_of(request)
    view: CareView = await it.read(care_view, place)
    said_so = toast(said, "bad" if bad else "good", undo=undo, label=page.t("review.undo"), target="#care")
    return render(request, "review/_care.html", headers=said_so, view=view)


async def _moved(request: Request, it: It, place: Place) -> Response:
    return await _again(request, it, place, page_of(request).t("care.moved"), bad=True)


@router.post("/review/care/right")
async def right(
    request: Request, it: It, person: Editor, place: Here, key: Key, language: Annotated[Language, Form()]
) -> Response:
    """An entry is still right: its next look is set."""
    try:
        check = await it.write(checks.still_right, key, language, person.email)
    except Moved:
        return await _moved(request, it, place)
    said = page_of(request).t("care.done_right", months=check.months)
    return await _again(request, it, place, said, address(f"/review/care/undo/{check.id}", place))


@router.post("/review/care/undo/{check_id}")
async def undo(request: Request, it: It, _: Editor, place: Here, check_id: Id) -> Response:
    """Take "still right" back."""
    try:
        await it.write(checks.undo, check_id)
    except Moved:
        return await _moved(request, it, place)
    return await _again(request, it, place, page_of(request).t("care.done_undone"))


@router.post("/review/care/withdraw")
async def withdraw(
    request: Request,
    it: It,
    person: Editor,
    place: Here,
    key: Key,
    language: Annotated[Language, Form()],
    revision: Revision = None,
) -> Response:
    """Take an entry out of service."""
    try:
        entry = await it.write(entries.withdraw_entry, key, language, revision, person.email)
    except Moved:
        return await _moved(request, it, place)
    await it.kb_changed()
    back = address("/review/care/restore", place, key=key, language=language, revision=entry.revision)
    return await _again(request, it, place, page_of(request).t("entries.done_withdrawn"), back)


@router.post("/review/care/restore")
async def restore(
    request: Request,
    it: It,
    person: Editor,
    place: Here,
    key: Annotated[Words, Query(max_length=80)],
    language: Language,
    revision: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> Response:
    """Undo that."""
    try:
        await it.write(entries.restore_entry, key, language, revision, person.email)
    except Moved:
        return await _moved(request, it, place)
    await it.kb_changed()
    return await _again(request, it, place, page_of(request).t("entries.done_restored"))


@router.post("/review/care/reports/{report_id}/settle")
async def settle(request: Request, it: It, person: Editor, place: Here, report_id: Id) -> Response:
    """An editor has seen to what an agent reported."""
    await it.write(reports.settle, report_id, person)
    back = address(f"/review/care/reports/{report_id}/reopen", place)
    return await _again(request, it, place, page_of(request).t("reports.done_settled"), back)


@router.post("/review/care/reports/{report_id}/reopen")
async def reopen(request: Request, it: It, _: Editor, place: Here, report_id: Id) -> Response:
    """Undo that."""
    await it.write(reports.reopen, report_id)
    return await _again(request, it, place, page_of(request).t("reports.done_reopened"))


@router.post("/review/entries/{key}/{language}/again")
async def again(
    request: Request,
    it: It,
    person: Editor,
    key: str,
    language: Language,
    months: Annotated[str, Form(max_length=10)] = "",
    on: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """When an entry is looked at again: in so many `months`, `on` a day, "never", or "right" for the usual time."""

    def act(session: Session) -> EntryCheck:
        if months == "right":
            return checks.still_right(session, key, language, person.email)
        if months == "never":
            return checks.set_review(session, key, language, person.email)
        if months:
            return checks.set_review(session, key, language, person.email, months=_number(months))
        return checks.set_review(session, key, language, person.email, on=_day(on))

    page = page_of(request)
    try:
        check = await it.write(act)
    except Invalid:
        return await _shown(request, it, key, language, typed=on, error=page.t("care.wrong_day"))
    undo = f"/review/entries/{key}/{language}/again/undo/{check.id}"
    key_said = "care.done_right" if check.right else "care.done_set" if check.after else "care.done_never"
    said = toast(page.t(key_said, months=check.months or 0), undo=undo, label=page.t("review.undo"), target="#again")
    return await _shown(request, it, key, language, said)


def _number(text: str) -> int:
    """Months as a number. Invalid."""
    if not text.isascii() or not text.isdecimal():
        raise Invalid("months is a number")
    return int(text)


def _day(text: str) -> date:
    """A day as browsers send it. Invalid."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("the day is not a date") from None


async def _shown(
    request: Request,
    it: It,
    key: str,
    language: str,
    headers: dict[str, str] | None = None,
    *,
    typed: str = "",
    error: str = "",
) -> Response:
    if not is_partial(request) and not error:
        return RedirectResponse(page_address(f"/review/entries/{key}/{language}"), 303)
    view = await it.read(again_view, key, language, page_of(request).language, typed, error)
    return render(request, "review/_again.html", status=422 if error else 200, headers=headers, again=view)


@router.post("/review/entries/{key}/{language}/again/undo/{check_id}")
async def again_undo(request: Request, it: It, _: Editor, key: str, language: Language, check_id: Id) -> Response:
    """Take back the last thing that was set. Somebody else's since stays, and is shown."""
    page = page_of(request)
    try:
        await it.write(checks.undo, check_id)
    except Moved:
        return await _shown(request, it, key, language, toast(page.t("care.moved"), "bad"))
    return await _shown(request, it, key, language, toast(page.t("care.done_undone")))
