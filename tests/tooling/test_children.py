"""Child processes as `rechtdoor run` keeps them: started again, ended as whole trees, never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from handoff.children import CappedLog, Child, Plan, restart_wait, stop_all
from handoff.steps import Failure, Steps, Stopped
from handoff.supervise import watch

TREE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("grandchild", child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
Make = Callable[..., Child]


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something to come true; fail when it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes supervised children that run a piece of Python; all are ended after the test."""
    made: list[Child] = []

    def child(
        code: str, said: list[str] | None = None, name: str = "fake", ready: bool = True, **more: object
    ) -> Child:
        plan = Plan(name, (sys.executable, "-c", code), lambda: ready)
        log = CappedLog(tmp_path / f"{name}.log")
        made.append(Child(plan, log, (said if said is not None else []).append, **more))  # type: ignore[arg-type]
        return made[-1]

    yield child
    stop_all(made, 1)


def pid_of(child: Child) -> int:
    """The process id of a running child."""
    assert child.process is not None
    return child.process.pid


def test_a_killed_child_comes_back_after_a_wait(make: Make) -> None:
    said: list[str] = []
    child = make("import time; time.sleep(600)", said)
    child.start()
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    until(lambda: child.tick() or (child.running and pid_of(child) != first))
    assert "SIGKILL" in said[0]
    assert "again in 0.5 s" in said[0]
    assert child.deaths == 1


def test_waits_double_up_to_a_limit_and_start_over_after_a_stable_minute(make: Make) -> None:
    assert [restart_wait(n) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    clock = [0.0]
    child = make("import time; time.sleep(600)", clock=lambda: clock[0])
    child.start()
    for deaths in (1, 2, 3):
        os.kill(pid_of(child), signal.SIGKILL)
        until(lambda: child.tick() or not child.running)
        assert child.deaths == deaths
        clock[0] += restart_wait(deaths) - 0.01
        child.tick()
        assert not child.running, "it must not start before its wait is over"
        clock[0] += 0.02
        child.tick()
        assert child.running
    clock[0] += 61
    child.tick()
    assert child.deaths == 0


def test_stopping_ends_the_whole_tree(make: Make) -> None:
    child = make(TREE)
    child.start()
    until(lambda: "grandchild" in child.log.tail())
    grandchild = int(child.log.tail().split()[-1])
    parent = pid_of(child)
    assert alive(grandchild)
    stop_all([child], 5)
    until(lambda: not alive(grandchild) and not alive(parent))


def test_a_dead_childs_leftovers_are_ended_before_it_starts_again(make: Make) -> None:
    child = make(TREE)
    child.start()
    until(lambda: "grandchild" in child.log.tail())
    grandchild = int(child.log.tail().split()[-1])
    os.kill(pid_of(child), signal.SIGKILL)
    until(lambda: child.tick() or not alive(grandchild))


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(make: Make) -> None:
    child = make(STUBBORN)
    child.start()
    until(lambda: "deaf" in child.log.tail())
    pid, started = pid_of(child), time.monotonic()
    stop_all([child], 0.3)
    assert 0.3 <= time.monotonic() - started < 5
    assert not alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed parent")
def test_children_end_when_the_supervisor_itself_is_killed(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from handoff.children import CappedLog, Child, Plan
plan = Plan("fake", ({sys.executable!r}, "-c", "import time; time.sleep(600)"), lambda: True)
child = Child(plan, CappedLog(Path({str(tmp_path)!r}) / "fake.log"), print)
child.start()
print(child.process.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        assert alive(child)
        supervisor.kill()
    until(lambda: not alive(child))


def test_errors_of_a_child_are_shown_and_everything_is_logged(make: Make) -> None:
    said: list[str] = []
    child = make("print('fine'); print('2026 ERROR no model', flush=True); import time; time.sleep(60)", said)
    child.start()
    until(lambda: said)
    assert said == ["fake: 2026 ERROR no model"]
    assert "fine" in child.log.tail()


def test_a_child_full_of_errors_does_not_flood_the_terminal(make: Make) -> None:
    said: list[str] = []
    child = make("for n in range(500): print('ERROR', n, flush=True)\nimport time; time.sleep(600)", said)
    child.start()
    until(lambda: "ERROR 499" in child.log.tail())
    assert len(said) == 5


def test_a_log_keeps_to_its_limit(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "log" / "x.log", limit=1000)
    for number in range(100):
        log.write(f"line {number:04d} {'x' * 40}\n".encode())
    log.close()
    log.write(b"after the end\n")
    assert log.path.stat().st_size <= 1000
    assert log.path.with_name("x.log.1").stat().st_size <= 1000
    assert log.tail(1).startswith("line 0099")


def test_the_others_keep_running_while_one_dies(make: Make) -> None:
    steady = make("import time; time.sleep(600)", name="steady")
    shaky = make("raise SystemExit(3)", name="shaky")
    steady.start()
    shaky.start()
    before = pid_of(steady)
    until(lambda: shaky.tick() or steady.tick() or shaky.deaths >= 2)
    assert steady.running
    assert pid_of(steady) == before


def test_a_child_that_never_gets_ready_ends_the_start_with_its_log(make: Make) -> None:
    child = make("print('no such model'); raise SystemExit(3)", ready=False)
    child.start()
    with pytest.raises(Failure, match="does not start") as failure:
        watch([child], threading.Event(), lambda line: None, lambda: None, 0.05)
    assert "no such model" in str(failure.value)


def test_watching_announces_once_and_ends_when_asked(make: Make) -> None:
    child, stop, announced = make("import time; time.sleep(600)"), threading.Event(), []
    child.start()
    threading.Timer(0.5, stop.set).start()
    watch([child], stop, lambda line: None, lambda: announced.append(1), 0.05)
    assert announced == [1]


def steps(tmp_path: Path, stop: threading.Event) -> Steps:
    """Steps that write to no terminal."""
    return Steps(Console(file=(tmp_path / "console").open("w"), force_terminal=False), tmp_path, stop)


def test_a_failing_step_says_so_with_the_end_of_its_log(tmp_path: Path) -> None:
    it = steps(tmp_path, threading.Event())
    with pytest.raises(Failure, match=r"(?s)Training: failed.*bad domain"):
        it.run("Training", (sys.executable, "-c", "raise SystemExit('bad domain')"))
    it.console.file.close()


def test_a_step_can_be_stopped_and_leaves_nothing_running(tmp_path: Path) -> None:
    stop = threading.Event()
    it = steps(tmp_path, stop)
    threading.Timer(0.6, stop.set).start()
    with pytest.raises(Stopped):
        it.run("Training", (sys.executable, "-c", TREE), name="train")
    grandchild = int((tmp_path / "train.log").read_text().split()[-1])
    until(lambda: not alive(grandchild))
    it.console.file.close()
