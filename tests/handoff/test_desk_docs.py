"""docs/desk.md names every route of the desk's API, and none that is not there."""

import re

from handoff.app import ROUTERS
from handoff.settings import ROOT

PREFIXES = ("/api/v1/desk", "/api/v1/review/reports")


def test_every_route_of_the_desk_is_named() -> None:
    there = set()
    for router in ROUTERS:
        for route in router.routes:
            path = getattr(route, "path", "")
            methods = getattr(route, "methods", None) or {"WebSocket"}
            there |= {f"{method} {path}" for method in methods if path.startswith(PREFIXES)}
    page = (ROOT / "docs/desk.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+ /\S+)` \|", page, re.MULTILINE))
    assert named == there
