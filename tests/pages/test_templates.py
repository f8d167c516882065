"""Templates say at their top what they need, and get exactly that."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import meta
from sqlmodel import select

from handoff import password_links
from handoff.models import Person
from handoff.rates import Rates
from handoff.settings import ROOT
from handoff.web import rendering

from .site import PASSWORD, Site

FOLDER = ROOT / "handoff/templates"
# made by shop_pages.customer_page
CUSTOMERS = ("shop.html", "chat.html", "reopen.html", "no_mail.html", "_letter_head.html")
OURS = [p for p in sorted(FOLDER.rglob("*.html")) if p.name not in (*CUSTOMERS, "_macros.html")]
ALWAYS = {"page", "t"} | set(rendering.environment().globals)


def documented(name: str) -> set[str]:
    """The names in a template's first comment."""
    first = re.match(r"\{#(.*?)#\}", (FOLDER / name).read_text("utf-8"), re.S)
    assert first, f"{name} does not say what it needs"
    return set(re.findall(r"^\s+(\w+): ", first[1], re.M)) - ALWAYS


@pytest.mark.parametrize("file", OURS, ids=lambda p: str(p.relative_to(FOLDER)))
def test_a_template_names_everything_it_uses(file: Any) -> None:
    name = str(file.relative_to(FOLDER))
    env = rendering.environment()
    source = file.read_text("utf-8")
    needed = (
        meta.find_undeclared_variables(env.parse(source))
        - ALWAYS
        - set(re.findall(r"{% set (\w+) =", source))
    )
    assert needed - {"here", "ui"} <= documented(name), f"{name} uses more than it says"


@pytest.fixture(scope="module")
def rendered(site: Site) -> Iterator[dict[str, list[set[str]]]]:
    """The names every template got while somebody went through all pages."""
    got: dict[str, list[set[str]]] = {}
    plain = rendering.markup

    def noting(template: str, page: rendering.Page, **context: Any) -> str:
        got.setdefault(template, []).append(set(context))
        return plain(template, page, **context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "markup", noting)
        go_everywhere(site)
        yield got


def go_everywhere(site: Site) -> None:
    """Ask for every page and part once."""
    customer = site.customer("alle bladzijden langs")
    client = site.client()
    client.get("/login")
    client.get("/forgot")
    client.get("/password/none")
    ada = site.write(lambda s: s.exec(select(Person).where(Person.role == "admin")).first())
    client.get(f"/password/{site.write(lambda s: password_links.make(s, ada, 'reset'))}")
    client.post("/api/v1/login", json={"email": "ada@shop.example", "password": PASSWORD}).raise_for_status()
    part = {"HX-Request": "true"}
    group = client.get("/api/v1/review/groups").json()["groups"][0]["id"]
    entry = "/review/entries/return-how/nl"
    made = client.post("/review/causes", data={"title": "wat erachter zit"})
    brought = client.post("/review/import", files={"file": ("x.csv", "question,answer\nHoe?,Zo.\n")})
    cause = made.headers["location"].partition("?")[0].rpartition("/")[2]
    for path in ["/desk", f"/desk/{customer.id}", "/review", f"/review/groups/{group}", "/review/entries",
                 "/review/entries/new", entry, f"{entry}/history", f"{entry}/history/1", "/review/care",
                 "/review/texts", "/review/reports",
                 "/review/import", brought.headers["location"],
                 "/review/causes", "/review/causes/new", f"/review/causes/{cause}",
                 "/settings/hours", "/settings/history", "/account",
                 "/settings/people", "/settings/people/new", "/settings/routing",
                 "/settings/canned", "/settings/canned/new", "/settings/topics", "/settings/approving",
                 "/settings/webhooks",
                 "/settings/topics/one?topic=returns"]:  # fmt: skip
        assert client.get(path).status_code == 200, path
    work = f"/desk/{customer.id}"
    for path in ["/desk/queue", f"{work}/transfer", f"{work}/promise",
                 f"{work}/close", work, f"{work}/new?after=0&mode=mine"]:  # fmt: skip
        assert client.get(path, headers=part).status_code == 200, path
    near = f"{work}/nearest"
    for path in [near, f"{near}?text=levertijd", f"{work}/earlier", f"{work}/report?key=return-how&language=nl"]:
        assert client.get(path, headers=part).status_code == 200, path
    assert client.post(f"{work}/draft", headers=part).status_code == 200
    assert client.post("/desk/away", data={"away": "false"}, headers=part).status_code == 200
    assert client.post("/settings/canned/preview", data={"text": "hoi {klant}"}, headers=part).status_code == 200
    words = {"language": "nl", "question": "Waar?", "answer": "Hier."}
    assert client.post(f"/review/groups/{group}/draft", data=words, headers=part).status_code == 200
    assert client.get(f"/review/groups/{group}/proof", headers=part).status_code == 200
    assert client.post(f"/review/groups/{group}/model", headers=part).status_code == 200
    assert client.post("/review/preview", data={"answer": "*hoi*"}, headers=part).status_code == 200
    assert client.post("/review/texts/nl/say.ok", data={"value": ""}, headers=part).status_code == 422
    assert client.post(f"{entry}/again", data={"months": "6"}, headers=part).status_code == 200
    right = {"key": "return-how", "language": "nl"}
    assert client.post("/review/care/right", data=right, headers=part).status_code == 200
    assert client.get("/review/groups/99999").status_code == 404
    for path in ["/faq/nl", "/faq/nl?q=saldo&part=1", "/faq/nl/return-how", "/faq/nl/topic/returns"]:
        assert client.get(path).status_code == 200, path
    assert client.get("/faq/nl/none").status_code == 404
    voted = client.post("/faq/nl/return-how/helped", data={"word": "y"}, headers={"X-Part": "1"})
    assert voted.status_code == 200
    site.it.rates = Rates(site.it.settings.model_copy(update={"rate_limits": True, "rate_faq": "1/hour"}))
    assert [client.get("/faq/nl?q=saldo").status_code for _ in range(2)] == [200, 429]


def test_routes_pass_exactly_what_templates_name(rendered: dict[str, list[set[str]]]) -> None:
    whole = {str(p.relative_to(FOLDER)) for p in OURS if not p.name.startswith("_")} - {"base.html"}
    assert whole <= set(rendered)
    for name, calls in rendered.items():
        for names in calls:
            assert names == documented(name), name
