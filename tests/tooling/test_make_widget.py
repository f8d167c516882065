"""The widget's one script is what `make widget` makes of its sources."""

import gzip
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


def test_what_is_served_compressed_is_the_same_script(maker: ModuleType) -> None:
    assert gzip.decompress(maker.PACKED.read_bytes()) == maker.MADE.read_bytes(), "run: make widget"


def test_a_letter_stands_for_each_name_of_our_own_and_for_nothing_else(maker: ModuleType) -> None:
    code = "const{_log:n}=a;n._log(a._last,a._log.x,b.e);c={_log:n,_last:1,get _other(){}};c._other+a.in_log;_log9"
    short = "const{t:n}=a;n.t(a.n,a.t.x,b.e);c={t:n,n:1,get s(){}};c.s+a.in_log;_log9"  # e is taken
    assert maker.shortened(code) == short


@pytest.mark.parametrize("code", ["a._log('_log')", "a._log=`${x}_log`", "let _log=1;a._log=2", 'a._log["_log"]'])
def test_a_name_of_our_own_that_is_no_property_alone_is_refused(maker: ModuleType, code: str) -> None:
    with pytest.raises(ValueError, match="not of properties alone: log"):
        maker.shortened(code)


def test_nobody_else_names_things_as_our_own_are_named(maker: ModuleType) -> None:
    """So no name of the server's JSON can be hit; the DOM has none that begin with _."""
    for file in (ROOT / "handoff" / "web").glob("*.py"):
        assert re.findall(r"""["']_[a-z]\w*["']\s*:""", file.read_text("utf-8")) == [], file
    assert re.findall(r"(?<![\w$'\"`}])_[a-z]\w{2,}", maker.MADE.read_text("utf-8")) == []


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
