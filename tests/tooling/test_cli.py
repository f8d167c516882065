"""The command line, with good and bad input, as a person would call it."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlmodel import Session, select
from typer.testing import CliRunner

from handoff.auth import verified
from handoff.cli import app
from handoff.db import make_engine
from handoff.models import Person

ROOT = Path(__file__).resolve().parent.parent.parent
ENTRIES = """
- key: gift-card-lost
  language: en
  topic: gift cards
  question: What if I lose my gift card?
  answer: Send us the receipt, and we block the card.
  phrasings: [my gift card is gone, lost card]
"""
Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Calls the command line with a database of its own."""
    env = {"DATABASE_URL": f"sqlite:///{tmp_path / 'cli.db'}", "VAR_DIR": str(tmp_path / "var")}

    def run(*arguments: str | Path, stdin: str = "", **settings: str) -> Result:
        return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin, env={**env, **settings})

    return run


@pytest.fixture
def migrated(call: Call) -> Call:
    """The same, with tables."""
    assert call("migrate").exit_code == 0
    return call


def plain(result: Result) -> str:
    """What a person reads when it went wrong: one or more sentences, no traceback."""
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit), result.exception
    return result.stderr


@pytest.mark.alone
def test_help_is_instant_and_names_every_command() -> None:
    command = [sys.executable, "-m", "handoff.cli", "--help"]
    subprocess.run(command, cwd=ROOT, capture_output=True)  # compiled once
    started = time.monotonic()
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert time.monotonic() - started < 1.5  # a third of a second when the machine is free
    for name in ("run", "migrate", "import", "export", "ask", "user"):
        assert re.search(rf"\b{name}\b", said)


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, handoff.cli; print([m for m in ('torch', 'kb', 'sqlalchemy', 'fastapi') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


def test_the_supervisor_loads_neither_torch_nor_the_knowledge_base() -> None:
    code = "import sys, handoff.supervise; print([m for m in ('torch', 'numpy', 'kb', 'faiss') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


def test_out_and_in_again_changes_nothing(migrated: Call, tmp_path: Path) -> None:
    source = tmp_path / "faq.yml"
    source.write_text(ENTRIES)
    assert "1 new" in migrated("import", source).stdout
    for name in ("out.yml", "out.jsonl", "out.csv"):
        assert "1 entries" in migrated("export", tmp_path / name).stdout
        assert "0 new, 0 changed, 1 as they were" in migrated("import", tmp_path / name).stdout


def test_a_dry_run_shows_what_would_change_and_a_page_is_read(migrated: Call, tmp_path: Path) -> None:
    source = tmp_path / "faq.html"
    source.write_text("<h2>Kan dat?</h2><p>Ja, <b>zeker</b>.<h2>Over ons</h2><p>Leuk.")
    said = migrated("import", source, "--dry-run").stdout
    assert "line 1: created kan-dat (nl): Kan dat?" in said
    assert "1 new, 0 changed, 0 as they were. 1 left out, as they look like no question. Nothing was changed." in said
    assert "1 new" in migrated("import", source).stdout
    assert "0 new, 0 changed, 1 as they were." in migrated("import", source).stdout


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.yml", None, "No such file"),
        ("faq.pdf", b"%PDF-1.4", "format is one of"),
        ("empty.yml", b"", "holds no entries"),
        ("torn.yml", b"- key: [", "line 1"),
        ("binary.csv", b"\xff\xfd\x80\x81", "not UTF-8"),
        ("wrong.yml", b"- key: a\n  language: en\n", "line 1"),
        ("text.yml", b"just words", "list of entries"),
        ("torn.jsonl", b'{"key": "a"}\n{oops', "line 2"),
    ],
)
def test_a_bad_file_is_refused_in_plain_words(
    migrated: Call, tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert says in plain(migrated("import", tmp_path / name))


def test_a_folder_and_a_huge_file_are_refused(migrated: Call, tmp_path: Path) -> None:
    assert "is a folder" in plain(migrated("import", tmp_path))
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as file:
        file.truncate(60_000_000)
    assert "60 MB" in plain(migrated("import", huge))


def test_one_mistake_and_nothing_is_imported(migrated: Call, tmp_path: Path) -> None:
    source = tmp_path / "faq.yml"
    source.write_text(ENTRIES + "- key: other\n  language: en\n")
    assert "Nothing was changed" in plain(migrated("import", source))
    assert "0 entries" in migrated("export", tmp_path / "out.yml").stdout


def test_export_needs_a_known_ending_and_a_folder_that_exists(migrated: Call, tmp_path: Path) -> None:
    assert ".yml" in plain(migrated("export", tmp_path / "out.xlsx"))
    assert "No such file" in plain(migrated("export", tmp_path / "none" / "out.yml"))


def test_without_tables_it_says_migrate(call: Call, tmp_path: Path) -> None:
    source = tmp_path / "faq.yml"
    source.write_text(ENTRIES)
    assert "rechtdoor migrate" in plain(call("import", source))


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x/y", "sqlite:////proc/none/x.db"])
def test_a_wrong_database_address_is_told(call: Call, url: str) -> None:
    assert plain(call("migrate", DATABASE_URL=url))


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("PORT", "70000"), ("ACCENT", "red"), ("BOT_PORT", "0")]
)
def test_a_wrong_setting_is_named(call: Call, name: str, value: str) -> None:
    result = call("run", **{name: value})
    assert f"The setting {name} cannot be used" in plain(result)
    assert result.exit_code == 2


def test_a_user_is_added_with_a_made_password_that_works(migrated: Call, tmp_path: Path) -> None:
    made = migrated("user", "add", "Agent@Shop.example", "--name", "An")
    password = made.stdout.strip().rsplit(" ", 1)[1]
    with Session(make_engine(f"sqlite:///{tmp_path / 'cli.db'}")) as session:
        person = verified(session, "agent@shop.example", password)
        assert (person.name, person.role) == ("An", "agent")
        assert password not in session.exec(select(Person)).one().password_hash
        session.get_bind().dispose()  # type: ignore[union-attr]


def test_a_user_is_added_with_a_password_from_standard_input(migrated: Call) -> None:
    result = migrated("user", "add", "e@shop.example", "--role", "editor", "--password-stdin", stdin="long enough!\n")
    assert result.exit_code == 0
    assert "long enough!" not in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("nobody",), ("a@b.example", "--role", "king"), ("a@b.example", "--password-stdin"), ("a b@c.example",)],
)
def test_a_bad_user_is_refused(migrated: Call, arguments: tuple[str, ...]) -> None:
    assert plain(migrated("user", "add", *arguments, stdin="short\n"))


def test_the_same_user_twice_is_refused(migrated: Call) -> None:
    assert migrated("user", "add", "a@b.example").exit_code == 0
    assert "already" in plain(migrated("user", "add", "A@b.example"))
