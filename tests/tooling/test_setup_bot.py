"""When the bot is trained again, and what its environment says."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from handoff import setup_bot
from handoff.settings import Settings
from handoff.steps import Failure, Steps

RASA = """#!{python}
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(exist_ok=True)
if "bad" in pathlib.Path("domain.yml").read_text():
    raise SystemExit("InvalidDomain: bad")
runs = pathlib.Path("runs")
runs.write_text(str(int(runs.read_text()) + 1) if runs.exists() else "1")
(out / "rechtdoor.tar.gz").write_bytes(b"model " + runs.read_bytes())
"""


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    """A bot's folder whose interpreter only pretends to train."""
    folder = tmp_path / "bot"
    for name in ("data", "components", ".venv/bin"):
        (folder / name).mkdir(parents=True)
    for name in ("config.yml", "domain.yml", "data/nlu.yml", "components/exits.py", "requirements.lock"):
        (folder / name).write_text("one")
    rasa = folder / ".venv" / "bin" / "python"
    rasa.write_text(RASA.format(python=sys.executable))
    rasa.chmod(0o755)
    return folder


def train(bot: Path) -> str:
    """Train where needed; how often it was trained so far."""
    with (bot.parent / "console").open("w") as file:
        steps = Steps(Console(file=file), bot.parent / "log", threading.Event())
        setup_bot.train(steps, Settings(_env_file=None), bot)
    return (bot / "runs").read_text()


@pytest.mark.parametrize("name", ["domain.yml", "data/nlu.yml", "components/exits.py", "requirements.lock"])
def test_trained_once_and_again_only_after_a_change(bot: Path, name: str) -> None:
    assert train(bot) == "1"
    assert train(bot) == "1"
    (bot / name).write_text("two")
    assert train(bot) == "2"
    assert (bot / "models" / "rechtdoor.tar.gz").read_bytes() == b"model 2"


def test_files_that_do_not_matter_do_not_train(bot: Path) -> None:
    train(bot)
    (bot / "README.md").write_text("new")
    (bot / "data" / "notes.txt").write_text("new")
    assert train(bot) == "1"


def test_a_failed_training_keeps_the_old_model_and_is_tried_again(bot: Path) -> None:
    train(bot)
    (bot / "domain.yml").write_text("bad")
    with pytest.raises(Failure, match=r"(?s)Training the bot: failed.*InvalidDomain"):
        train(bot)
    assert (bot / "models" / "rechtdoor.tar.gz").read_bytes() == b"model 1"
    assert not setup_bot.is_trained(bot)
    (bot / "domain.yml").write_text("good")
    assert train(bot) == "2"


def test_a_lost_model_is_trained_again(bot: Path) -> None:
    train(bot)
    (bot / "models" / "rechtdoor.tar.gz").unlink()
    assert train(bot) == "2"


def test_without_its_environment_the_start_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="make setup"):
        setup_bot.python(tmp_path)


def test_the_tracker_stores_address_suits_the_bots_older_driver() -> None:
    address = "postgresql+psycopg://shop:p%40ss@db.example:5433/rasa"
    assert setup_bot.tracker_url(address) == "postgresql://shop:p%40ss@db.example:5433/rasa"
    assert setup_bot.tracker_url("sqlite:////var/lib/trackers.db") == "sqlite:////var/lib/trackers.db"
    with pytest.raises(Failure, match="BOT_TRACKER_URL"):
        setup_bot.tracker_url("nonsense")


@pytest.mark.parametrize(("reply", "ready"), [(b'[{"custom": {"act": "say"}}]', True), (b"[]", False), (b"x", False)])
def test_rasa_is_ready_when_it_answers_a_message(reply: bytes, ready: bool) -> None:
    class Rasa(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Rasa) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert setup_bot.probe(f"http://127.0.0.1:{server.server_port}") is ready


def test_rasa_is_quiet_and_listens_on_this_machine_only() -> None:
    env = setup_bot.environment(Settings(_env_file=None, log_level="warning"))
    assert env["LOG_LEVEL"] == "WARNING"
    assert env["RASA_TELEMETRY_ENABLED"] == "false"
    assert env["OMP_NUM_THREADS"] == "1"
    assert env["RASA_TRACKER_URL"].startswith("sqlite:////")
    command = setup_bot.command(5055)
    assert command[command.index("--interface") + 1] == "127.0.0.1"
