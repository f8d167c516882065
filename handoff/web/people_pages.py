"""The settings' pages for people: who signs in, as what, and how much she takes. For admins."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import faces, password_links, people, presence, topics
from handoff.mail import can_mail
from handoff.models import ROLES, Person
from handoff.password_links import Link
from handoff.people import LastAdmin, Oneself, Wrong
from handoff.problems import Conflict
from handoff.state import State
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.people_form import PersonForm, form_of, typed, unknown_choices
from handoff.web.people_view import several
from handoff.web.rendering import page_of, render
from handoff.web.settings_pages import Admin
from handoff.web.settings_view import Difference, differences
from kb.models import now

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Done = Literal["", "saved", "active", "inactive", "done_set", "done_removed"]


async def sent_form(request: Request) -> PersonForm:
    """What came in the fields."""
    async with request.form() as data:
        return typed(data)


Sent = Annotated[PersonForm, Depends(sent_form)]


@router.get("/settings/people")
async def look(request: Request, it: It, person: Admin) -> Response:
    """Everybody who signs in or did."""
    page = page_of(request)
    found = await it.read(people.people, now(), it.settings.vanish_s)
    shown = await it.read(faces.of, [row.person.id for row in found])

    def said(field: str, values: list[str] | None) -> str:
        return several(page, field, values)

    return render(request, "settings/people.html", person=person, people=found, said=said, faces=shown)


async def person_page(
    request: Request,
    it: State,
    person: Person,
    form: PersonForm,
    other: Person | None,
    *,
    status: int = 200,
    crossed: list[Difference] | None = None,
    by: str = "",
    done: str = "",
    problem: str = "",
    password: str = "",
    link: Link | None = None,
    mailed: bool = False,
    face_problem: str = "",
) -> Response:
    """The page of a person (`other`), or of somebody who is to be added."""

    def read(session: Session) -> tuple[list[str], int, str, str | None]:
        held = presence.held_counts(session).get(other.id or 0, 0) if other else 0
        purpose = password_links.purpose_for(session, other.id or 0) if other else ""
        face = faces.path_of(session, other.id if other else None)
        return sorted({*choices(session, other), *form.topics}), held, purpose, face

    known, held, purpose, face = await it.read(read)
    return render(
        request,
        "settings/person.html",
        status=status,
        person=person,
        form=form,
        other=other,
        topics=known,
        roles=ROLES,
        held=held,
        crossed=crossed,
        by=by,
        done=done,
        problem=problem,
        password=password,
        link=link.address if link and not link.mailed else "",
        mailed=mailed,
        can_mail=can_mail(it.settings),
        purpose=purpose,
        face=face,
        face_problem=face_problem,
    )


def choices(session: Session, other: Person | None) -> list[str]:
    """The topics to choose from: those of entries, of colleagues, and hers."""
    return sorted({*topics.topics(session), *((other.topics or []) if other else [])})


@router.get("/settings/people/new")
async def new(request: Request, it: It, person: Admin) -> Response:
    """Somebody to add."""
    return await person_page(request, it, person, PersonForm(), None)


@router.post("/settings/people/new")
async def add(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """Add somebody, who gets a link to choose a password; without mail it is shown, with a password: now alone."""
    page, mail = page_of(request), can_mail(it.settings)

    def act(session: Session) -> tuple[Person, Link | None]:
        _check(session, form, None)
        found, is_new = people.add(session, form.email, form.about(), form.password, by=person.email)
        if mail and not is_new:  # the same form again: the link is on its way already
            return found, None
        return found, password_links.send(
            session, it.settings, found, "invite", language=page.language, by=person
        )

    try:
        added, link = await it.write(act)
    except Wrong as wrong:
        form.said(page, wrong.errors)
        return await person_page(request, it, person, form, None, status=422)
    it.bus.publish("mail", "")
    password = "" if mail else form.password
    return await person_page(request, it, person, form_of(added), added, password=password, link=link, mailed=mail)


def _check(session: Session, form: PersonForm, other: Person | None) -> None:
    """Wrong with everything that is wrong at once, also the address of somebody new."""
    errors: dict[str, str] = {}
    checks: list[Any] = [lambda: people.checked(form.about())]
    if other is None:
        checks.append(lambda: people.checked_email(form.email))
    for check in checks:
        try:
            check()
        except Wrong as wrong:
            errors |= wrong.errors
    errors |= unknown_choices(form, choices(session, other))
    if errors:
        raise Wrong(errors)


@router.get("/settings/people/{person_id}")
async def one(request: Request, it: It, person: Admin, person_id: Id, done: Done = "") -> Response:
    """One person, to change."""
    other = await it.read(people.get, person_id)
    return await person_page(request, it, person, form_of(other), other, done=done)


@router.post("/settings/people/{person_id}")
async def change(request: Request, it: It, person: Admin, person_id: Id, form: Sent) -> Response:
    """Change a person; what is wrong is said and everything typed stays."""
    other = await it.read(people.get, person_id)
    form.email = other.email

    def act(session: Session) -> list[str]:
        _check(session, form, other)
        return people.change(session, person_id, form.about(), revision=form.revision, by=person.email)[1]

    try:
        waiting = await it.write(act)
    except Wrong as wrong:
        form.said(page_of(request), wrong.errors)
        return await person_page(request, it, person, form, other, status=422)
    except LastAdmin:
        form.said(page_of(request), {"role": "last"})
        return await person_page(request, it, person, form, other, status=409)
    except Conflict:
        return await _crossed(request, it, person, person_id, form)
    tell(it, person_id, waiting)
    return RedirectResponse(f"/settings/people/{person_id}?done=saved", 303)


async def _crossed(request: Request, it: State, person: Person, person_id: int, form: PersonForm) -> Response:
    """The form again, with what a colleague stored meanwhile beside what was typed; saving again stores the latter."""
    page = page_of(request)

    def compare(session: Session) -> tuple[Person, list[Difference], str]:
        other = people.get(session, person_id)
        theirs, last = people.shown(other), people.changed_last(session, other.email)
        mine = theirs | people.checked(form.about()).__dict__
        return other, differences(page, people.PERSON, theirs, mine), last.by if last else ""

    other, crossed, by = await it.read(compare)
    form.revision = people.mark(other)
    return await person_page(request, it, person, form, other, status=409, crossed=crossed, by=by)


@router.post("/settings/people/{person_id}/active")
async def set_active(
    request: Request, it: It, person: Admin, person_id: Id, active: Annotated[bool, Form()]
) -> Response:
    """Deactivate a person, or let her sign in again."""
    try:
        other, waiting = await it.write(people.set_active, person_id, active, by=person)
    except (LastAdmin, Oneself) as refused:
        other = await it.read(people.get, person_id)
        problem = page_of(request).t("people.last_admin" if isinstance(refused, LastAdmin) else "people.oneself")
        return await person_page(request, it, person, form_of(other), other, status=409, problem=problem)
    tell(it, person_id, waiting)
    return RedirectResponse(f"/settings/people/{person_id}?done={'active' if active else 'inactive'}", 303)


@router.post("/settings/people/{person_id}/password")
async def set_password(request: Request, it: It, person: Admin, person_id: Id, form: Sent) -> Response:
    """Give a person a new password, and show it: here and now alone."""
    other = await it.write(people.set_password, person_id, form.password, by=person.email)
    return await person_page(request, it, person, form_of(other), other, password=form.password)


@router.post("/settings/people/{person_id}/link")
async def send_link(request: Request, it: It, person: Admin, person_id: Id) -> Response:
    """Send a person a link to choose a password; without mail it is shown, here and now alone."""
    page = page_of(request)

    def act(session: Session) -> tuple[Person, Link]:
        other = people.get(session, person_id)
        if not other.active:
            raise Conflict
        purpose = password_links.purpose_for(session, person_id)
        return other, password_links.send(
            session, it.settings, other, purpose, language=page.language, by=person
        )

    other, link = await it.write(act)
    it.bus.publish("mail", "")
    return await person_page(request, it, person, form_of(other), other, link=link, mailed=link.mailed)


def tell(it: State, person_id: int, waiting: list[str]) -> None:
    """Tell customers and desks, after the commit, who waits again, and that a colleague changed."""
    for conversation_id in waiting:
        it.changed(conversation_id, queue_too=True)
    it.bus.publish("presence", str(person_id))
