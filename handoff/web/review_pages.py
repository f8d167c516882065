"""The backlog's pages: what nobody could answer, and the editor's word on it."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff.incoming import Words
from handoff.models import Person
from handoff.web import entry_pages, text_pages
from handoff.web.edge import It
from handoff.web.entry_pages import Editor, said_wrong
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_address, page_of, render
from handoff.web.review_view import GroupsView, GroupView, group_view, groups_view
from kb import backlog, decisions
from kb.errors import Exists, Invalid, KbError, NotFound, Stale
from kb.models import QuestionGroup

router = APIRouter(route_class=PageRoute, include_in_schema=False)
router.include_router(entry_pages.router)
router.include_router(text_pages.router)

Status = Literal["open", "approved", "dismissed"]
Done = Literal["", "approved", "merged", "dismissed", "reopened"]
Revision = Annotated[int | None, Form()]


@dataclass(frozen=True)
class GroupForm:
    """What stands in the fields of a group's form."""

    question: str
    language: str
    topic: str = ""
    answer: str = ""
    why: str = ""


def _list(
    session: Session, status: str, after: str | None, decided: int | None
) -> tuple[GroupsView, QuestionGroup | None]:
    """The list, and the group that was just decided, if there is one."""
    view = groups_view(session, status, after)
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
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Done = "",
    group: int | None = None,
) -> Response:
    """The backlog: question groups of one status."""
    view, decided = await it.read(_list, status, after, group)
    return render(request, "review/groups.html", person=person, view=view, done=done, decided=decided)


@router.get("/review/groups/{group_id}")
async def group(request: Request, it: It, person: Editor, group_id: int, done: Done = "") -> Response:
    """One question group."""
    view = await it.read(group_view, it.base, group_id)
    form = GroupForm(view.group.title, view.group.language, _topic(view))
    if view.proposals and view.group.status == "open":
        proposed = view.proposals[0]
        form = replace(form, question=proposed.question, answer=proposed.answer)
    return _group(request, person, view, form, done=done)


def _topic(view: GroupView) -> str:
    """The topic that the group's questions name first."""
    return next((q.topic for q in view.questions if q.topic), "")


def _group(
    request: Request,
    person: Person,
    view: GroupView,
    form: GroupForm,
    *,
    status: int = 200,
    stale: bool = False,
    error: str = "",
    done: str = "",
) -> Response:
    return render(
        request,
        "review/group.html",
        status=status,
        person=person,
        view=view,
        form=form,
        stale=stale,
        error=error,
        done=done,
    )


async def _again(
    request: Request, it: It, person: Person, group_id: int, form: GroupForm, error: KbError
) -> Response:
    """The group as it is now, with what was typed, and what is the matter."""
    view = await it.read(group_view, it.base, group_id)
    if isinstance(error, Stale):
        return _group(request, person, view, form, status=412, stale=True)
    status, words = said_wrong(page_of(request), error)
    return _group(request, person, view, form, status=status, error=words)


@router.post("/review/groups/{group_id}/approve")
async def approve(
    request: Request,
    it: It,
    person: Editor,
    group_id: int,
    language: Annotated[Literal["nl", "en"], Form()],
    answer: Annotated[Words, Form()] = "",
    question: Annotated[Words, Form()] = "",
    topic: Annotated[Words, Form()] = "",
    merge_into: Annotated[Words, Form()] = "",
    revision: Revision = None,
) -> Response:
    """Give the group its answer, or add its questions to an entry; the bot has it when the page comes."""

    def act(session: Session) -> None:
        decisions.approve(
            session,
            group_id,
            answer=answer,
            language=language,
            question=question or None,
            topic=topic or None,
            merge_into=merge_into or None,
            if_revision=revision,
            by=person.email,
        )

    try:
        await it.write(act)
    except (Stale, Invalid, Exists) as error:
        form = GroupForm(question, language, topic, answer)
        return await _again(request, it, person, group_id, form, error)
    await it.kb_changed()
    return _decided("merged" if merge_into else "approved", group_id)


def _decided(done: str, group_id: int) -> Response:
    return RedirectResponse(page_address("/review", done=done, group=group_id), 303)


@router.post("/review/groups/{group_id}/dismiss")
async def dismiss(
    request: Request,
    it: It,
    person: Editor,
    group_id: int,
    why: Annotated[Words, Form()] = "",
    revision: Revision = None,
) -> Response:
    """Put the group away, with the reason."""

    def act(session: Session) -> None:
        decisions.dismiss(session, group_id, why=why, if_revision=revision, by=person.email)

    try:
        await it.write(act)
    except (Stale, Invalid) as error:
        found = await it.read(backlog.get_group, group_id)
        form = GroupForm(found.title, found.language, why=why)
        return await _again(request, it, person, group_id, form, error)
    return _decided("dismissed", group_id)


@router.post("/review/groups/{group_id}/reopen")
async def reopen(it: It, person: Editor, group_id: int) -> Response:
    """Undo a decision: the group is open again."""

    def act(session: Session) -> None:
        decisions.reopen(session, group_id, by=person.email)

    await it.write(act)
    await it.kb_changed()
    return RedirectResponse(page_address(f"/review/groups/{group_id}", done="reopened"), 303)
