"""What CI makes of pytest's junit files: a skip that nobody allowed fails it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "scripts" / "junit.py"
PASSED = '<testcase classname="tests.a" name="test_good"/>'
SKIPPED = '<testcase classname="tests.a" name="test_page"><skipped message="no Chromium"/></testcase>'
FAILED = '<testcase classname="tests.a" name="test_bad"><failure message="no">assert 0</failure></testcase>'
BROKEN = '<testcase classname="tests.a" name="test_broken"><error message="set-up failed">x</error></testcase>'
EXPECTED = '<testcase classname="tests.a" name="test_known"><skipped type="pytest.xfail" message="known"/></testcase>'


def junit(folder: Path, *cases: str) -> Path:
    """A small junit file as pytest writes it."""
    path = folder / "app.xml"
    path.write_text(f'<testsuites><testsuite name="pytest">{"".join(cases)}</testsuite></testsuites>')
    return path


def script(verb: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    return subprocess.run([sys.executable, SCRIPT, verb, *files], capture_output=True, text=True)


def test_all_passed_is_well(tmp_path: Path) -> None:
    path = junit(tmp_path, PASSED, EXPECTED)
    assert script("ci", path).returncode == 0
    assert script("totals", path).stdout == "2 passed, 0 failed, 0 skipped\n"


def test_a_skip_fails_ci_and_is_named_with_its_reason(tmp_path: Path) -> None:
    path = junit(tmp_path, PASSED, SKIPPED)
    result = script("ci", path)
    assert result.returncode == 1
    assert "tests.a::test_page (no Chromium)" in result.stdout
    assert script("totals", path).stdout == "1 passed, 0 failed, 1 skipped\n"
    assert "tests.a::test_page: no Chromium" in script("report", path).stdout


@pytest.mark.parametrize("case", [FAILED, BROKEN])
def test_failures_and_errors_fail_ci(tmp_path: Path, case: str) -> None:
    path = junit(tmp_path, PASSED, case)
    assert script("ci", path).returncode == 1
    assert script("totals", path).stdout == "1 passed, 1 failed, 0 skipped\n"


def test_several_files_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    files = junit(tmp_path, PASSED), junit(tmp_path / "bot", PASSED, SKIPPED)
    assert script("totals", *files).stdout == "2 passed, 0 failed, 1 skipped\n"


def test_no_file_a_torn_file_and_no_test_fail_ci(tmp_path: Path) -> None:
    assert script("ci", tmp_path / "none.xml").returncode == 1
    assert script("totals", tmp_path / "none.xml").stdout == "0 passed, 0 failed, 0 skipped\n"
    torn = junit(tmp_path, PASSED)
    torn.write_text(torn.read_text()[:40])
    assert script("ci", torn).returncode == 1
    assert "no test ran" in script("ci", junit(tmp_path)).stdout


def test_nothing_is_allowed_to_be_skipped_by_default() -> None:
    assert "ALLOWED: frozenset[str] = frozenset()" in SCRIPT.read_text()


def test_a_wrong_call_says_how() -> None:
    result = script("everything")
    assert result.returncode == 2
    assert "report|totals|ci" in result.stderr
