"""The editors' list of entries that agents reported, settled with one click and opened again with another."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import reports
from handoff.web.edge import It
from handoff.web.entry_pages import Editor
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address, render
from handoff.web.review_view import group_counts

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/review/reports")
ReportId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class ReportsView:
    """A page of reports. `next` is where the following one starts, None at the end; `counts` is of the tabs."""

    settled: bool
    reports: list[reports.Shown]
    next: int | None
    counts: dict[str, int]


def _view(session: Session, settled: bool, start: int) -> ReportsView:
    found, more = reports.listed(session, settled, start)
    return ReportsView(settled, found, start + len(found) if more else None, group_counts(session))


@router.get("")
async def look(
    request: Request,
    it: It,
    person: Editor,
    settled: bool = False,
    start: Annotated[int, Query(ge=0, le=100_000)] = 0,
    done: Literal["", "settled", "reopened"] = "",
    report: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """What agents reported: open, or settled."""
    view = await it.read(_view, settled, start)
    return render(request, "review/reports.html", person=person, view=view, done=done, report=report)


@router.post("/{report_id}/settle")
async def settle(it: It, person: Editor, report_id: ReportId) -> Response:
    """An editor has seen to it."""
    await it.write(reports.settle, report_id, person)
    return RedirectResponse(page_address("/review/reports", done="settled", report=report_id), 303)


@router.post("/{report_id}/reopen")
async def reopen(it: It, _: Editor, report_id: ReportId) -> Response:
    """Undo that."""
    await it.write(reports.reopen, report_id)
    return RedirectResponse(page_address("/review/reports", done="reopened", report=report_id), 303)
