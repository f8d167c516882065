"""The settings' page for how conversations are given out: picked or given, teams, and head starts. For admins."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, select

from handoff import presence, shop_settings, teams
from handoff.models import Person
from handoff.presence import AGENTS
from handoff.problems import Conflict
from handoff.state import State
from handoff.teams import MOST_STEPS, Routing
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.people_view import named, steps
from handoff.web.rendering import Page, page_of, render
from handoff.web.routing_form import MAX_FIELDS, WAYS, RoutingForm, checked, edited, form_of, typed
from handoff.web.settings_pages import Admin
from handoff.web.settings_view import Difference, differences
from kb.models import now

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Done = Literal["", "saved"]
MOST_NAMED = 4


async def sent_form(request: Request) -> RoutingForm:
    """What came in the fields."""
    async with request.form(max_fields=MAX_FIELDS) as data:
        return typed(data)


Sent = Annotated[RoutingForm, Depends(sent_form)]


def stored_form(session: Session) -> RoutingForm:
    """The form as the routing is stored."""
    return form_of(teams.routing(session), teams.document(session).revision)


def everybody(session: Session) -> dict[int, str]:
    """The names of all people by id, of those too who are in no team or not active."""
    return {id_: name for id_, name in session.exec(select(Person.id, Person.name)) if id_ is not None}


def agents(session: Session, form: RoutingForm) -> dict[int, str]:
    """The people to choose from, by name: active agents and admins, and who is in a team of the form."""
    query = select(Person.id, Person.name, Person.active, Person.role)
    chosen = {person for team in form.teams for person in team.people}
    found = {
        id_: name
        for id_, name, active, role in session.exec(query)
        if id_ is not None and ((active and role in AGENTS) or id_ in chosen)
    }
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def sentences(session: Session, page: Page, form: RoutingForm) -> list[str]:
    """What the form means, in words; nothing while something is wrong with it."""
    copy = RoutingForm(form.way, form.teams, form.priority)
    rules = checked(copy, page, everybody(session), Routing())
    if rules is None:
        return []
    at_work = presence.colleagues(session, now())
    given = [c.name for c in at_work if rules.gives_to(c.id)]
    pick = [c.name for c in at_work if not rules.gives_to(c.id)]
    kind = "some" if given and pick else "all" if given else "none"
    said = [page.t(f"routing.says_{kind}", given=_names(page, given), pick=_names(page, pick))]
    starts = [(reason, rules.steps(reason)) for reason in rules.priority if rules.steps(reason)]
    if not starts:
        return [*said, page.t("routing.says_order")]
    told = ", ".join(f"“{page.known('reason', reason)}” ({steps(page, count)})" for reason, count in starts)
    return [*said, page.t("routing.says_start", reasons=told)]


def _names(page: Page, names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    left = len(names) - MOST_NAMED
    return page.t("routing.more", names=shown, count=left) if left > 0 else shown


async def _page(
    request: Request,
    it: State,
    person: Person,
    form: RoutingForm,
    *,
    status: int = 200,
    crossed: list[Difference] | None = None,
    by: str = "",
    done: str = "",
) -> Response:
    page = page_of(request)
    people = await it.read(agents, form)
    says = await it.read(sentences, page, form)
    return render(
        request,
        "settings/routing.html",
        status=status,
        person=person,
        form=form,
        people=people,
        ways=WAYS,
        starts=[(str(n), steps(page, n)) for n in range(MOST_STEPS + 1)],
        says=says,
        crossed=crossed,
        by=by,
        done=done,
    )


@router.get("/settings/routing")
async def look(request: Request, it: It, person: Admin, done: Done = "") -> Response:
    """How conversations are given out, to change."""
    return await _page(request, it, person, await it.read(stored_form), done=done)


@router.post("/settings/routing")
async def save(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """Store what was filled in; what is wrong is said and everything typed stays."""
    page = page_of(request)
    known, before = await it.read(_known)
    rules = checked(form, page, known, before)
    if rules is None:
        return await _page(request, it, person, form, status=422)
    try:
        await it.write(teams.change_routing, rules, revision=form.revision, by=person.email)
    except Conflict:
        return await _crossed(request, it, person, form, rules)
    it.bus.publish("queue", "")  # who is given conversations may get one now
    return RedirectResponse("/settings/routing?done=saved", 303)


def _known(session: Session) -> tuple[Mapping[int, str], Routing]:
    return everybody(session), teams.routing(session)


async def _crossed(request: Request, it: State, person: Person, form: RoutingForm, rules: Routing) -> Response:
    """The form again, with what a colleague stored meanwhile beside what was typed; saving again stores the latter."""
    page = page_of(request)

    def compare(session: Session) -> tuple[list[Difference], str]:
        stored, last = teams.document(session), shop_settings.changed_last(session, teams.ROUTING)
        form.revision = stored.revision
        both = (named(session, teams.ROUTING, value) for value in (stored.value, rules.model_dump(mode="json")))
        return differences(page, teams.ROUTING, *both), last.by if last else ""

    crossed, by = await it.read(compare)
    return await _page(request, it, person, form, status=409, crossed=crossed, by=by)


@router.post("/settings/routing/edit")
async def edit(request: Request, it: It, person: Admin, form: Sent) -> Response:
    """The form with a team more or less; nothing is stored."""
    return await _page(request, it, person, edited(form))


@router.post("/settings/routing/preview")
async def preview(request: Request, it: It, _: Admin, form: Sent) -> Response:
    """What the form means, in words."""
    says = await it.read(sentences, page_of(request), form)
    return render(request, "settings/_routing_says.html", says=says)
