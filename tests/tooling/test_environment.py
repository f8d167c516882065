"""Making an environment: once, anew after an interruption, in place after a changed lock file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def make(project: Path, version: str = VERSION, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the Makefile does."""
    settings = {f"PYTHON{VERSION.replace('.', '')}": sys.executable, **more}
    command = ["bash", "scripts/environment.sh", "env", "lock", version]
    return subprocess.run(command, cwd=project, env={**os.environ, **settings}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the script, a lock file that names nothing, and the environment made from it."""
    project = tmp_path_factory.mktemp("project")
    (project / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "environment.sh", project / "scripts")
    (project / "lock").write_text("# nothing\n")
    first = make(project)
    assert first.returncode == 0, first.stderr
    return project


@pytest.fixture
def project(made_once: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(made_once, tmp_path / "project", symlinks=True))


def test_made_once_then_left_alone(project: Path) -> None:
    assert (project / "env" / "bin" / "python").exists()
    second = make(project)
    assert (second.returncode, second.stdout) == (0, "")


def test_an_interrupted_one_is_noticed_and_made_anew(project: Path) -> None:
    (project / "env" / ".made").unlink()  # written last, so an interrupted set-up has none
    (project / "env" / "torn").touch()
    again = make(project)
    assert again.returncode == 0
    assert "is not complete; making it anew" in again.stdout
    assert not (project / "env" / "torn").exists()


def test_a_changed_lock_is_installed_in_place(project: Path) -> None:
    (project / "env" / "kept").touch()
    (project / "lock").write_text("# nothing, still\n")
    again = make(project)
    assert "Installing" in again.stdout
    assert (project / "env" / "kept").exists()


def test_a_failed_installation_shows_the_end_of_its_log_and_is_not_taken_for_done(project: Path) -> None:
    (project / "lock").write_text("no such thing==1\n")
    failed = make(project)
    assert failed.returncode != 0
    assert "Installing into env failed" in failed.stderr
    assert not (project / "env" / ".made").exists()


def test_a_missing_python_is_told_with_what_to_do(project: Path) -> None:
    failed = make(project, version="3.99", PATH="/usr/bin:/bin")
    assert failed.returncode != 0
    assert "Python 3.99 with its venv module was not found" in failed.stderr
    assert "PYTHON399=" in failed.stderr


def test_without_that_python_uv_is_asked_for_it(project: Path) -> None:
    tools = project / "tools"
    tools.mkdir()
    for name in "bash cat cut dirname grep mkdir rm sed sha256sum tail tee touch tr".split():
        (tools / name).symlink_to(str(shutil.which(name)))
    uv = tools / "uv"
    uv.write_text(f'#!/bin/bash\necho "$@" >>{project}/asked\n[ "$2" != find ] || echo {sys.executable}\n')
    uv.chmod(0o755)
    shutil.rmtree(project / "env")
    made = make(project, PATH=str(tools), HOME=str(project), **{f"PYTHON{VERSION.replace('.', '')}": ""})
    assert made.returncode == 0, made.stderr
    assert (project / "asked").read_text().splitlines() == [
        f"python install --quiet {VERSION}",
        f"python find {VERSION}",
    ]
