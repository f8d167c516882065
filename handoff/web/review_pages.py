"""The backlog's list: what nobody could answer, what to answer first, and why."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff.web import cause_pages, entry_pages, group_pages, text_pages
from handoff.web.edge import It
from handoff.web.entry_pages import Editor, Filter
from handoff.web.group_pages import Done
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import render
from handoff.web.review_view import Filters, GroupsView, groups_view
from kb import backlog
from kb.errors import NotFound
from kb.models import QuestionGroup

router = APIRouter(route_class=PageRoute, include_in_schema=False)
router.include_router(entry_pages.router)
router.include_router(text_pages.router)
router.include_router(group_pages.router)
router.include_router(cause_pages.router)

Status = Literal["", "open", "approved", "dismissed"]
Period = Literal["", "7", "30", "90"]
SortBy = Literal["", "first", "asked", "grows", "spent", "waits", "latest"]


def _list(
    session: Session, filters: Filters, start: int, decided: int | None
) -> tuple[GroupsView, QuestionGroup | None]:
    """The list, and the group that was just decided, if there is one."""
    view = groups_view(session, filters, start)
    try:
        return view, backlog.get_group(session, decided) if decided is not None else None
    except NotFound:
        return view, None


@router.get("/review")
async def groups(
    request: Request,
    it: It,
    person: Editor,
    status: Status = "open",
    search: Filter = "",
    topic: Filter = "",
    language: Annotated[str, Query(alias="in", max_length=8)] = "",
    page: Filter = "",
    period: Period = "",
    sort: SortBy = "",
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    done: Done = "",
    group: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The backlog: question groups of one status, filtered, those to begin with first."""
    search, topic, language, page = (text.replace("\x00", "") for text in (search, topic, language, page))
    filters = Filters(status or "open", search, topic, language, page, period, sort)
    view, decided = await it.read(_list, filters, start, group)
    return render(request, "review/groups.html", person=person, view=view, done=done, decided=decided)
