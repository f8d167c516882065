"""The widget's one script is what `make widget` makes of its sources."""

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_widget", ROOT / "scripts" / "make_widget.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_is_made_from_these_sources(maker: ModuleType) -> None:
    first = maker.MADE.read_text("utf-8").partition("\n")[0] + "\n"
    assert first == maker.notice(), "run: make widget"


def test_every_module_is_joined_after_what_it_imports(maker: ModuleType) -> None:
    assert sorted(f"{part}.js" for part in maker.PARTS) == sorted(f.name for f in maker.SOURCES.glob("*.js"))
    for at, part in enumerate(maker.PARTS):
        code = (maker.SOURCES / f"{part}.js").read_text("utf-8")
        named = re.findall(r"from '\./(\w+)\.js'", code)
        assert set(named) <= set(maker.PARTS[:at]), part
        for names, module in re.findall(r"import \{ (.*) \} from '\./(\w+)\.js'", code):
            exported = (maker.SOURCES / f"{module}.js").read_text("utf-8")
            for name in names.split(", "):
                assert re.search(rf"^export (const|class) .*\b{name}\b", exported, re.MULTILINE), f"{part}: {name}"


@pytest.mark.parametrize("line", ["import fs from 'fs';", "export default Talk;", "export { Talk };"])
def test_what_cannot_be_joined_is_refused(maker: ModuleType, line: str, tmp_path: Path) -> None:
    shutil.copytree(maker.SOURCES, tmp_path / "widget")
    before = maker.notice(tmp_path / "widget")
    module = tmp_path / "widget" / "talk.js"
    module.write_text(f"{module.read_text('utf-8')}\n// more\n", "utf-8")
    assert maker.notice(tmp_path / "widget") != before
    module.write_text(f"{module.read_text('utf-8')}{line}\n", "utf-8")
    with pytest.raises(ValueError, match="cannot be joined"):
        maker.joined(tmp_path / "widget")
