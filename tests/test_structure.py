"""The import direction of the design: handoff may use kb, kb uses nothing of ours, and the bot stands alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {"kb": {"kb"}, "handoff": {"kb", "handoff"}, "bot/components": {"components"}}
OURS = {"kb", "handoff", "bot", "bench", "tests", "components"}


def imported(file: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("folder", ALLOWED)
def test_arrows_point_one_way(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert len(files) > 3
    wrong = {str(f.relative_to(ROOT)): bad for f in files if (bad := imported(f) & OURS - ALLOWED[folder])}
    assert wrong == {}
