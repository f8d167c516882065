"""`rechtdoor run`: prepares what is missing, starts the bot and the app together, and keeps both running."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from handoff import logins, ports, setup_bot
from handoff.children import CappedLog, Child, Plan, stop_all
from handoff.settings import Settings
from handoff.steps import Failure, Steps, Stopped

GRACE_S = 10.0
PATIENCE = 3  # deaths before the first readiness, after which the start is given up
BEAT_S = 10.0
# Which proxies are believed is a setting of ours, and uvicorn would believe every process of this machine. What a
# socket sends is refused before it is read, from four bytes for each of `frames.MAX_FRAME` characters.
GUARDED = ("--no-proxy-headers", "--ws-max-size", "256000")
PAGES = {"Shop": "/", "Chat": "/chat", "Desk": "/desk", "Review": "/review", "API": "/api/docs"}
Say = Callable[[str], None]


def run(settings: Settings, console: Console | None = None) -> int:
    """Start everything and stay until asked to stop. The exit code."""
    console = console or Console()
    stop = stop_on_signals()
    steps = Steps(console, settings.var_dir / "log", stop)
    children: list[Child] = []
    try:
        ports.check(settings.host, settings.port, "PORT")
        start(settings, steps, children)
        watch(children, stop, steps.say, lambda: welcome(settings, console))
    except Stopped:
        return 130
    except Failure as failure:
        _tell(failure)
        return failure.code
    finally:
        if children:
            steps.say("Stopping …")
        stop_all(children, GRACE_S)
    return 0


def prepare(settings: Settings, console: Console | None = None) -> int:
    """`rechtdoor setup`: train the bot and build the model, start nothing. The exit code."""
    steps = Steps(console or Console(), settings.var_dir / "log", stop_on_signals())
    try:
        setup_bot.train(steps, settings)
        build_model(settings, steps)
    except Stopped:
        return 130
    except Failure as failure:
        _tell(failure)
        return failure.code
    return 0


def start(settings: Settings, steps: Steps, children: list[Child]) -> None:
    """Start the bot as soon as it is trained, and the app as soon as its model and database are there."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    bot_port = ports.bot_port(settings, steps.say)
    if not settings.bot_url:
        setup_bot.train(steps, settings)
        _launch(bot_plan(settings, bot_port), steps, children)
    build_model(settings, steps)
    env = environment({})
    steps.run("Database", (sys.executable, "-m", "handoff.cli", "prepare"), env=env, name="database")
    _launch(app_plan(settings, bot_port), steps, children)


def build_model(settings: Settings, steps: Steps) -> None:
    """Build the default embedding model, or look it over when it is there."""
    if settings.embedding_model == "default":
        argv = (sys.executable, "-m", "handoff.cli", "build-model")
        steps.run("Embedding model", argv, env=environment({}), name="model")


def watch(
    children: Sequence[Child],
    stop: threading.Event,
    say: Say,
    when_ready: Callable[[], None],
    poll_s: float = 0.2,
) -> None:
    """Keep the children running until `stop`; announce when all are ready. Failure when one cannot start."""
    started = beat = time.monotonic()
    announced = False
    while not stop.wait(poll_s):
        for child in children:
            child.tick()
        if announced:
            continue
        late = [child for child in children if not _is_ready(child, say)]
        if not late:
            announced = True
            when_ready()
        elif time.monotonic() - beat >= BEAT_S:
            beat = time.monotonic()
            names = " and ".join(f"the {child.plan.name}" for child in late)
            say(f"waiting for {names}, {beat - started:.0f} s so far")


def _is_ready(child: Child, say: Say) -> bool:
    if not child.was_ready and child.check_ready():
        say(f"The {child.plan.name} is ready")
    if not child.was_ready and child.deaths >= PATIENCE:
        raise Failure(
            f"The {child.plan.name} does not start. The end of {child.log.path}:\n{child.log.tail()}"
        )
    return child.was_ready


def _launch(plan: Plan, steps: Steps, children: list[Child]) -> None:
    steps.say(f"Starting the {plan.name} …")
    child = Child(plan, CappedLog(steps.logs / f"{plan.name}.log"), steps.say)
    children.append(child)
    child.start()


def bot_plan(settings: Settings, port: int) -> Plan:
    """How to run Rasa: on this machine only, in its own folder and environment."""
    address = f"http://127.0.0.1:{port}"
    env = setup_bot.environment(settings)
    return Plan("bot", setup_bot.command(port), lambda: setup_bot.probe(address), setup_bot.BOT, env)


def app_plan(settings: Settings, bot_port: int) -> Plan:
    """How to run the app: one process, which owns the index."""
    argv = (sys.executable, "-m", "uvicorn", "--factory", "handoff.app:create", "--no-access-log", *GUARDED)
    where = ("--host", settings.host, "--port", str(settings.port), "--log-level", settings.log_level)
    any_address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (only asked, not bound)
    part = "healthz" if settings.bot_url else "readyz"  # a bot elsewhere that is down must not hold up the start
    ready = f"http://{any_address.get(settings.host, settings.host)}:{settings.port}/{part}"
    env = environment({"BOT_PORT": str(bot_port)})
    return Plan(
        "app", (*argv, *where, "--timeout-graceful-shutdown", "4"), lambda: ports.answers(ready), None, env
    )


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What children of ours inherit. Settings reach them as they reached us: by environment or `.env`."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2", **more}


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C, SIGTERM and a closed terminal set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def welcome(settings: Settings, console: Console) -> None:
    """Addresses and logins."""
    console.print("\nRechtdoor is ready. Ctrl-C stops it.")
    for name, path in PAGES.items():
        console.print(f"  {name:<7} {settings.origin}{path}", highlight=False, soft_wrap=True)
    lines = logins.read(settings.var_dir)
    console.print(
        "\nLogins" if lines else "\nLogins were made at the first start; `rechtdoor user add` makes another."
    )
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def _tell(failure: Failure) -> None:
    Console(stderr=True).print(str(failure), markup=False, highlight=False, soft_wrap=True)
