"""The settings' pages for admins: the opening hours, and the history of every change."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from handoff import shop_settings
from handoff.hours import Hours, zones
from handoff.hours_words import words
from handoff.models import Person
from handoff.problems import Conflict
from handoff.texts import texts
from handoff.web.edge import It, page_person
from handoff.web.hours_form import MAX_FIELDS, HoursForm, checked, edited, form_of, typed
from handoff.web.page_errors import PageRoute, is_partial
from handoff.web.rendering import Page, page_of, render
from handoff.web.settings_view import Difference, differences, history_view, zone_choices
from kb.models import now

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Done = Literal["", "saved"]


async def settings_person(request: Request) -> Person:
    """The admin who is signed in; else to the login."""
    return await page_person(request, "admin")


async def sent_form(request: Request) -> HoursForm:
    """What came in the fields."""
    async with request.form(max_fields=MAX_FIELDS) as data:  # closes a file that somebody sent along
        return typed(data)


Admin = Annotated[Person, Depends(settings_person)]
Sent = Annotated[HoursForm, Depends(sent_form)]


def stored_form(session: Session) -> HoursForm:
    """The form as the settings are; usual hours to begin with where nobody set any."""
    hours, wait = _revisions(session)
    shown = shop_settings.hours(session) if hours else Hours.model_validate(shop_settings.PROPOSED_HOURS)
    form = form_of(shown, shop_settings.wait_limit_s(session))
    form.revision, form.wait_revision = hours, wait
    return form


def _revisions(session: Session) -> tuple[int, int]:
    return shop_settings.hours_document(session).revision, shop_settings.wait_document(session).revision


async def _says(it: It, page: Page, form: HoursForm) -> str:
    """What a customer reads now with what is filled in; empty where that cannot be said."""
    copy = HoursForm(form.zone, form.week, form.holidays, form.wait)
    right = checked(copy, page)
    if right is None:
        return ""
    return words(right[0], now(), page.language, await it.read(texts, page.language))


async def _page(
    request: Request,
    it: It,
    person: Person,
    form: HoursForm,
    *,
    status: int = 200,
    crossed: list[Difference] | None = None,
    by: str = "",
    done: str = "",
) -> Response:
    page = page_of(request)
    return render(
        request,
        "settings/hours.html",
        status=status,
        person=person,
        form=form,
        zones=zone_choices(zones(), form.zone),
        says=await _says(it, page, form),
        crossed=crossed,
        by=by,
        done=done,
    )


@router.get("/settings/hours")
async def look(request: Request, it: It, person: Admin, done: Done = "") -> Response:
    """The opening hours and the longest wait, to change."""
    return await _page(request, it, person, await it.read(stored_form), done=done)


@router.post("/settings/hours")
async def save(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """Store what was filled in, both settings or neither; what is wrong is said and everything typed stays."""
    right = checked(form, page_of(request))
    if right is None:
        return await _page(request, it, person, form, status=422)
    try:
        await it.write(_store, form, *right, person.email)
    except Conflict:
        return await _crossed(request, it, person, form, *right)
    return RedirectResponse("/settings/hours?done=saved", 303)


def _store(session: Session, form: HoursForm, hours: Hours, wait_s: int, by: str) -> None:
    shop_settings.change_hours(session, hours, revision=form.revision, by=by)
    shop_settings.change_wait_limit(session, wait_s, revision=form.wait_revision, by=by)


async def _crossed(
    request: Request, it: It, person: Person, form: HoursForm, hours: Hours, wait_s: int
) -> Response:
    """The form again, with what a colleague stored meanwhile beside what was typed; saving again stores the latter."""
    page = page_of(request)

    def compare(session: Session) -> tuple[list[Difference], str]:
        form.revision, form.wait_revision = _revisions(session)
        pairs = (
            (shop_settings.HOURS, shop_settings.hours_document(session).value, hours.model_dump(mode="json")),
            (shop_settings.WAIT_LIMIT, shop_settings.wait_document(session).value, wait_s),
        )
        found = [d for what, theirs, mine in pairs for d in differences(page, what, theirs, mine)]
        return found, _who(session)

    crossed, by = await it.read(compare)
    return await _page(request, it, person, form, status=409, crossed=crossed, by=by)


def _who(session: Session) -> str:
    """Who changed one of the two settings last."""
    rows = [shop_settings.changed_last(session, what) for what in (shop_settings.HOURS, shop_settings.WAIT_LIMIT)]
    last = max((row for row in rows if row), key=lambda row: row.at, default=None)
    return last.by if last else ""


@router.post("/settings/hours/edit")
async def edit(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """The form with a row more or less, or Monday copied; nothing is stored."""
    form = edited(form)
    if not is_partial(request):
        return await _page(request, it, person, form)
    choices, says = zone_choices(zones(), form.zone), await _says(it, page_of(request), form)
    return render(request, "settings/_hours_form.html", form=form, zones=choices, says=says)


@router.post("/settings/hours/preview")
async def preview(request: Request, it: It, _: Admin, form: Sent) -> Response:
    """What a customer would read now."""
    return render(request, "settings/_says.html", says=await _says(it, page_of(request), form))


@router.get("/settings/history")
async def history(
    request: Request,
    it: It,
    person: Admin,
    what: Annotated[str, Query(max_length=120)] = "",
    after: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Every change to the settings, newest first."""
    view = await it.read(history_view, page_of(request), what.replace("\x00", ""), after)
    return render(request, "settings/history.html", person=person, view=view)
