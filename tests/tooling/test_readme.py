"""The README says what is so: every setting, every command, every picture's page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from handoff.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()


def test_the_settings_table_is_what_the_settings_are() -> None:
    done = subprocess.run([sys.executable, "scripts/settings_table.py", "--check"], cwd=ROOT)
    assert done.returncode == 0, "run: .venv/bin/python scripts/settings_table.py"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_a_row_and_a_description(name: str) -> None:
    assert Settings.model_fields[name].description
    assert f"| `{name.upper()}` |" in README


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert {"run", "test", "check", "bench", "lock", "pictures", "clean"} <= named <= targets


@pytest.mark.parametrize("command", sorted(set(re.findall(r"\.venv/bin/rechtdoor ((?:[a-z]+ ?)+)", README))))
def test_every_command_named_exists(command: str) -> None:
    call = [sys.executable, "-m", "handoff.cli", *command.split(), "--help"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_files_it_names_exist() -> None:
    for name in ("handoff/turns.py", ".env.example", "requirements.in", ".ci/run", "LICENSE"):
        assert (ROOT / name).exists(), name


def test_example_settings_are_settings() -> None:
    named = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)
