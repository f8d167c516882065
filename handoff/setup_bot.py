"""The bot's side of the start: train Rasa when its files changed, and the command that runs it."""

import fcntl
import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from handoff.settings import ROOT, Settings
from handoff.steps import Failure, Steps, Stopped

BOT = ROOT / "bot"
TRAINED_FROM = ("config.yml", "domain.yml", "domain", "data", "components", "requirements.lock")
MODEL = "rechtdoor"
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "SQLALCHEMY_WARN_20": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore",  # Rasa's pins make its libraries warn about one another, at every start
}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


def python(bot: Path = BOT) -> Path:
    """The bot's interpreter. Failure, saying what to do, when its environment is not there."""
    path = bot / ".venv" / "bin" / "python"
    if not path.is_file():
        raise Failure("The bot's environment bot/.venv is missing. `make setup` makes it.")
    return path


def fingerprint(bot: Path = BOT) -> str:
    """A hash of every file that the trained model depends on."""
    total = hashlib.sha256()
    for path in _sources(bot):
        total.update(f"{path.relative_to(bot)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _sources(bot: Path) -> list[Path]:
    found: list[Path] = []
    for name in TRAINED_FROM:
        top = bot / name
        inside = top.rglob("*") if top.is_dir() else [top]
        found += [p for p in inside if p.is_file() and p.suffix in (".yml", ".yaml", ".py", ".lock")]
    return sorted(found)


def is_trained(bot: Path = BOT) -> bool:
    """Whether the model at hand was trained from the files at hand."""
    model, stamp = _model(bot), _stamp(bot)
    return model.is_file() and stamp.is_file() and stamp.read_text().strip() == fingerprint(bot)


def train(steps: Steps, settings: Settings, bot: Path = BOT) -> None:
    """Train when something changed. The new model takes the old one's place only when it is complete."""
    if is_trained(bot):
        return
    interpreter = python(bot)
    models = bot / "models"
    models.mkdir(exist_ok=True)
    with _only_one(models / ".lock", steps):
        if is_trained(bot):  # another start trained it while this one waited
            return
        before = fingerprint(bot)
        new = models / ".new"
        argv = (str(interpreter), "-m", "rasa", "train", "--fixed-model-name", MODEL, "--out", str(new))
        steps.run("Training the bot", argv, cwd=bot, env=environment(settings, spare=False), name="train")
        made = new / f"{MODEL}.tar.gz"
        if not made.is_file():
            raise Failure("Rasa said it trained the bot but left no model. See the log train.log.")
        _stamp(bot).unlink(missing_ok=True)
        os.replace(made, _model(bot))
        _stamp(bot).write_text(before + "\n")


def command(port: int, bot: Path = BOT) -> tuple[str, ...]:
    """The command that serves the trained model, on this machine only."""
    where = ("--interface", "127.0.0.1", "--port", str(port))
    return (str(python(bot)), "-m", "rasa", "run", "--model", str(_model(bot)), *where)


def environment(settings: Settings, *, spare: bool = True) -> dict[str, str]:
    """Rasa's environment: no telemetry, the tracker store, and one thread each where it serves."""
    ours = {
        "RASA_TRACKER_URL": tracker_url(settings.tracker_url),
        "LOG_LEVEL": settings.log_level.upper(),  # Rasa reads the same variable, and knows capitals only
    }
    return {**os.environ, **QUIET, **(ONE_THREAD if spare else {}), **ours}


def tracker_url(address: str) -> str:
    """The tracker store's address for the bot's own, older SQLAlchemy and PostgreSQL driver."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise Failure("BOT_TRACKER_URL is not an address of a database.", code=2) from error
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def probe(address: str) -> bool:
    """Whether Rasa answers a message. Its front page answers too when the model could not be loaded."""
    kb = {"verdict": "off_topic", "probability": 0.0, "entry": None, "options": [], "parts": [], "repeats": 0.0}
    metadata = {"turn": 1, "language": "en", "kb": kb}
    body = json.dumps({"sender": f"start-{uuid.uuid4().hex}:0", "message": "hello", "metadata": metadata})
    request = Request(  # noqa: S310 (our own http address)
        f"{address}/webhooks/rest/webhook", body.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            return bool(json.load(answer))
    except (URLError, OSError, ValueError):
        return False


@contextmanager
def _only_one(path: Path, steps: Steps) -> Iterator[None]:
    """Hold a file lock; while another start trains, wait and say so."""
    with path.open("w") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    steps.say("Another start is training the bot; waiting for it.")
                told = True
                if steps.stop.is_set():
                    raise Stopped from None
                time.sleep(0.2)
        yield


def _model(bot: Path) -> Path:
    return bot / "models" / f"{MODEL}.tar.gz"


def _stamp(bot: Path) -> Path:
    return bot / "models" / f"{MODEL}.sha256"
