"""The form of how conversations are given out: its fields, the edits its buttons make, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from handoff.bot import REASONS as BOT_REASONS
from handoff.teams import MOST_STEPS, Routing, Team
from handoff.web.people_view import way
from handoff.web.rendering import Page

MAX_FIELDS = 20_000
MAX_TEAMS, MAX_NAME = 100, 80
REASONS = (*BOT_REASONS, "bot_unavailable")
WAYS = ("picking", "automatic")


@dataclass
class TeamForm:
    """A team. `key` is t0, t1 …; `people` are ids."""

    key: str
    name: str = ""
    way: str = "picking"
    people: list[int] = field(default_factory=list)


@dataclass
class RoutingForm:
    """Every field of the page, and the button `do` that was pressed. `errors` are words by the id of the field."""

    way: str
    teams: list[TeamForm]
    priority: dict[str, str]
    revision: int = 0
    do: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""


def form_of(rules: Routing, revision: int) -> RoutingForm:
    """The fields as the routing is."""
    teams = [TeamForm(f"t{n}", t.name, way(t.automatic), list(t.people)) for n, t in enumerate(rules.teams)]
    return RoutingForm(way(rules.automatic), teams, {r: str(rules.steps(r)) for r in REASONS}, revision)


def typed(data: FormData) -> RoutingForm:
    """The fields as they were sent; what is missing is empty."""
    sent = [v for v in data.getlist("team") if isinstance(v, str) and _number(v) >= 0][: MAX_TEAMS + 1]
    return RoutingForm(
        way=_text(data, "way"),
        teams=[_typed_team(data, f"t{_number(row)}", f"t{n}") for n, row in enumerate(sent)],
        priority={reason: _text(data, f"priority-{reason}") for reason in REASONS},
        revision=_number(_text(data, "revision")),
        do=_text(data, "do"),
    )


def _typed_team(data: FormData, sent: str, key: str) -> TeamForm:
    numbers = [_number(_clean(v)) for v in data.getlist(f"people-{sent}")]
    people = sorted({n for n in numbers if n > 0})[:1000]
    return TeamForm(key, _text(data, f"name-{sent}"), _text(data, f"way-{sent}"), people)


def edited(form: RoutingForm) -> RoutingForm:
    """The form after a press of one of its buttons; an unknown one changes nothing."""
    what, _, key = form.do.partition("-")
    team = next((t for t in form.teams if t.key == key), None)
    if what == "add" and len(form.teams) < MAX_TEAMS:
        form.teams.append(TeamForm(f"t{len(form.teams)}"))
        form.focus = f"name-{form.teams[-1].key}"
    elif what == "drop" and team:
        form.teams.remove(team)
        for n, left in enumerate(form.teams):
            left.key = f"t{n}"
        form.focus = "add"
    return form


def checked(form: RoutingForm, page: Page, known: Mapping[int, str], before: Routing) -> Routing | None:
    """The routing; None where something is wrong, which `form.errors` then says.

    `known` are the people there are. A head start that `before` has for a reason without a field here is kept.
    """
    form.errors = {}
    if form.way not in WAYS:
        form.errors["way"] = page.t("routing.wrong_way")
    for team in form.teams:
        _check_team(form, team, page, known)
    if len(form.teams) > MAX_TEAMS:
        form.errors["add"] = page.t("routing.wrong_teams", limit=MAX_TEAMS)
    steps = {reason: _number(text) for reason, text in form.priority.items()}
    for reason, count in steps.items():
        if not 0 <= count <= MOST_STEPS:
            form.errors[f"priority-{reason}"] = page.t("routing.wrong_priority")
    if form.errors:
        form.focus = next(iter(form.errors))
        return None
    others = {reason: count for reason, count in before.priority.items() if reason not in REASONS}
    teams = [Team(name=t.name, automatic=t.way == "automatic", people=t.people) for t in form.teams]
    priority = others | {r: n for r, n in steps.items() if n or r in before.priority}
    return Routing(automatic=form.way == "automatic", teams=teams, priority=priority)


def _check_team(form: RoutingForm, team: TeamForm, page: Page, known: Mapping[int, str]) -> None:
    team.people = [person for person in team.people if person in known]
    earlier = {t.name.casefold() for t in form.teams[: form.teams.index(team)]}
    if not team.name:
        form.errors[f"name-{team.key}"] = page.t("routing.wrong_name")
    elif len(team.name) > MAX_NAME:
        form.errors[f"name-{team.key}"] = page.t("routing.wrong_long", limit=MAX_NAME)
    elif team.name.casefold() in earlier:
        form.errors[f"name-{team.key}"] = page.t("routing.wrong_twice")
    if team.way not in WAYS:
        form.errors[f"way-{team.key}"] = page.t("routing.wrong_way")


def _text(data: FormData, name: str) -> str:
    return _clean(data.get(name))


def _clean(value: object) -> str:
    return " ".join(value.replace("\x00", "").split())[:500] if isinstance(value, str) else ""


def _number(text: str) -> int:
    """A number; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
