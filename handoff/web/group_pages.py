"""A question group's page: what was asked, and the editor's word on it."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import approving
from handoff.incoming import Words
from handoff.web import group_hands, group_parts
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.group_form import Done as Done
from handoff.web.group_form import GroupForm, Sent, again, begun, group_page
from handoff.web.group_hands import Number
from handoff.web.group_view import group_view
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address
from handoff.web.whatif_view import shown
from kb import backlog, decisions, group_drafts
from kb.errors import Exists, Invalid, NotFound, Stale

router = APIRouter(route_class=PageRoute, include_in_schema=False)
router.include_router(group_parts.router)
router.include_router(group_hands.router)
Revision = Annotated[int | None, Form()]


@router.get("/review/groups/{group_id}")
async def group(
    request: Request, it: It, person: Editor, group_id: Number, done: Done = "", other: int | None = None
) -> Response:
    """One question group."""
    return await group_page(request, it, person, group_id, done=done, other=other)


@router.post("/review/groups/{group_id}/approve")
async def approve(request: Request, it: It, person: Editor, group_id: Number, form: Sent) -> Response:
    """Give the group its answer, or add its questions to an entry; the bot has it when the page comes.

    Asks again where that would take an answer from somebody. Where two must agree, a colleague is asked.
    """
    try:
        await it.read(decisions.open_group, group_id, form.revision)
        seen = await approving.foresee(it, group_id, form.draft)
        if seen.mark and seen.mark != form.sure:
            worse = await it.read(shown, seen)
            return await group_page(request, it, person, group_id, form, status=409, worse=worse)
        entry = await it.write(
            approving.approve, group_id, form.draft, by=person.email, if_revision=form.revision
        )
    except (Stale, Invalid, Exists, NotFound) as error:  # where the group is gone, `again` says so
        return await again(request, it, person, group_id, form, error)
    if entry is None:
        return _here(group_id, "asked")
    await it.kb_changed()
    return _here(group_id, "merged" if form.merge_into else "approved")


def _here(group_id: int, done: str) -> Response:
    return RedirectResponse(page_address(f"/review/groups/{group_id}", done=done), 303)


@router.post("/review/groups/{group_id}/dismiss")
async def dismiss(
    request: Request,
    it: It,
    person: Editor,
    group_id: Number,
    why: Annotated[Words, Form()] = "",
    word: Annotated[Words, Form()] = "",
    revision: Revision = None,
) -> Response:
    """Put the group away, with the reason, and with a word to those who asked if there is one."""

    def act(session: Session) -> None:
        decisions.dismiss(session, group_id, why=why, word=word or None, if_revision=revision, by=person.email)

    try:
        await it.write(act)
    except (Stale, Invalid) as error:
        form = await begun(it, await it.read(group_view, it.base, group_id))  # the draft stays in its fields
        return await again(request, it, person, group_id, replace(form, why=why, word=word), error)
    return RedirectResponse(page_address("/review", done="dismissed", group=group_id), 303)


@router.post("/review/groups/{group_id}/reopen")
async def reopen(it: It, person: Editor, group_id: Number) -> Response:
    """Undo a decision: the group is open again. What an approval stored stays."""

    def act(session: Session) -> None:
        decisions.reopen(session, group_id, by=person.email)

    await it.write(act)
    await it.kb_changed()
    return _here(group_id, "reopened")


@router.post("/review/groups/{group_id}/revert")
async def revert(request: Request, it: It, person: Editor, group_id: Number) -> Response:
    """Take an approval back: the entry goes back to what it was, or is withdrawn, and the group is open again."""
    try:
        await it.write(decisions.revert, group_id, person.email)
    except Stale:
        return _here(group_id, "")  # somebody took it back already
    except Invalid as error:
        found = await it.read(backlog.get_group, group_id)
        return await again(request, it, person, group_id, GroupForm(found.title, found.language), error)
    await it.kb_changed()
    return _here(group_id, "reverted")


@router.post("/review/groups/{group_id}/unask")
async def unask(it: It, person: Editor, group_id: Number) -> Response:
    """Ask no longer for a second editor's approval; the draft stays."""
    await it.write(approving.take_back, group_id, person.email)
    return _here(group_id, "unasked")


@router.post("/review/groups/{group_id}/forget")
async def forget(it: It, person: Editor, group_id: Number) -> Response:
    """Throw the draft away and begin with what agents said."""
    await it.write(group_drafts.forget, group_id)
    return _here(group_id, "forgotten")
