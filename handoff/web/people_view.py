"""How a person and the routing are said in words: in the history, and where two admins crossed."""

from typing import Any

from sqlmodel import Session, col, select

from handoff import teams
from handoff.models import Person
from handoff.order import PRIORITY_S
from handoff.people import PERSON
from handoff.teams import Routing
from handoff.web.rendering import Page

Lines = dict[str, str]


def person_lines(page: Page, value: Any) -> Lines:
    """What the history keeps of a person, as lines of words, each with her address."""
    if value is None:
        return {}
    found = {}
    for field in ("name", "role", "active", "capacity", "topics", "languages", "password", "link", "face"):
        if field in value:
            found[page.t(f"people.{field}")] = _said(page, field, value[field])
    return {f"{value['email']} › {label}": said for label, said in found.items()}


def _said(page: Page, field: str, value: Any) -> str:
    if field in ("topics", "languages"):
        return several(page, field, value)
    if field in ("link", "face"):
        return page.t(f"people.did_{value}")
    if field == "role":
        return page.known("role", value)
    if isinstance(value, bool):
        return page.t("people.password_new") if field == "password" else page.t("people.yes" if value else "people.no")
    return str(value)


def several(page: Page, field: str, values: list[str] | None) -> str:
    """Topics or languages in words."""
    if values is None:
        return page.t(f"people.all_{field}")
    prefix = "topic" if field == "topics" else "language"
    return ", ".join(page.known(prefix, value) for value in values)


def routing_lines(page: Page, value: Any) -> Lines:
    """A routing as lines of words; people are named where `named` put their names."""
    if value is None:
        return {}
    named_value = {**value, "teams": [{**team, "people": []} for team in value.get("teams", [])]}
    rules = Routing.model_validate(named_value)
    found = {page.t("routing.overall"): page.t(f"routing.way_{way(rules.automatic)}")}
    for number, (team, raw) in enumerate(zip(rules.teams, value.get("teams", []), strict=True), 1):
        who = ", ".join(str(person) for person in raw.get("people", []))
        found[page.t("routing.team_number", number=number)] = (
            f"{team.name}: {page.t(f'routing.way_{way(team.automatic)}')} ({who})"
        )
    for reason in rules.priority:
        found[page.known("reason", reason)] = steps(page, rules.steps(reason))
    return found


def way(automatic: bool) -> str:
    """How conversations are given out, as the form and the words call it."""
    return "automatic" if automatic else "picking"


def steps(page: Page, count: int) -> str:
    """A head start in words."""
    minutes = count * round(PRIORITY_S / 60)
    return page.t("routing.minutes", count=minutes) if count else page.t("routing.no_start")


def named(session: Session, what: str, value: Any) -> Any:
    """A value from the history, with the names of people in place of their numbers in a routing."""
    if what != teams.ROUTING or not isinstance(value, dict) or not isinstance(value.get("teams"), list):
        return value
    names = dict(session.exec(select(Person.id, Person.name).order_by(col(Person.id))).all())
    rows = [
        team if not isinstance(team, dict) else team | {"people": [names.get(p, p) for p in team.get("people", [])]}
        for team in value["teams"]
    ]
    return value | {"teams": rows}


IN_WORDS = {PERSON: person_lines, teams.ROUTING: routing_lines}
