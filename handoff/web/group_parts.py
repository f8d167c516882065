"""Parts of a question group's page: what a draft would change while it is written, the proof, a model's draft."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from handoff import approving, group_model
from handoff.drafting import NoDraft
from handoff.web.edge import It
from handoff.web.entry_pages import Editor, said_wrong
from handoff.web.group_form import Sent
from handoff.web.group_hands import Number
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_of, render
from handoff.web.whatif_view import MOST, named, shown
from kb import group_drafts
from kb.errors import Exists, Invalid, NotFound, Stale

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/review/groups/{group_id}/draft")
async def draft(request: Request, it: It, person: Editor, group_id: Number, form: Sent) -> Response:
    """Keep what was typed, and show what would change if it were approved."""
    it.watch.wanted.set()
    error, crossed, kept, foreseen = "", "", None, None
    try:
        keep = group_drafts.keep if form.touched else group_drafts.keep_again
        kept = await it.write(keep, group_id, form.draft, by=person.email, seen=form.seen)
    except Stale as stale:
        crossed = str(stale)
    except Invalid as invalid:
        error = said_wrong(page_of(request), invalid)[1]
    try:
        if form.merge_into or (form.answer.strip() and not error):
            foreseen = await it.read(shown, await approving.foresee(it, group_id, form.draft))
    except (Invalid, Exists, NotFound) as wrong:
        error = said_wrong(page_of(request), wrong)[1]
    return render(
        request,
        "review/_whatif.html",
        group_id=group_id,
        foreseen=foreseen,
        named=await it.read(named, [foreseen] if foreseen else []),
        most=MOST,
        error=error,
        crossed=crossed,
        seen=kept.at if kept else form.seen,
        kept=kept is not None,
    )


@router.get("/review/groups/{group_id}/proof")
async def proof(request: Request, it: It, _: Editor, group_id: Number) -> Response:
    """The group's questions, asked again the way customers ask."""
    fates = await approving.proof(it, group_id)
    answered = sum(bool(fate.after.entries) for fate in fates)
    return render(request, "review/_proof.html", fates=fates, answered=answered)


@router.post("/review/groups/{group_id}/model")
async def model(request: Request, it: It, person: Editor, group_id: Number) -> Response:
    """An answer by the model, to read and use; or in plain words why there is none."""
    text, why = "", ""
    try:
        text = await group_model.drafted(it, person, group_id)
    except NoDraft as error:
        why = error.why
    return render(request, "review/_model.html", text=text, why=why)
