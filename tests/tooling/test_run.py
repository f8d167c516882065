"""The real `rechtdoor run`: everything starts, comes back when killed, and leaves nothing behind."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from bench.product import Product
from handoff.ports import answers
from handoff.settings import ROOT

PASSWORD_LENGTH = 16
pytestmark = pytest.mark.rasa


def until(true: Callable[[], object], seconds: float) -> None:
    """Wait for something to come true; fail when it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.2)


def running(product: Product) -> dict[str, psutil.Process]:
    """The supervisor and its children, by name."""
    assert product.pid is not None
    top = psutil.Process(product.pid)
    children = {("bot" if "rasa" in p.cmdline() else "app"): p for p in top.children(recursive=True)}
    return {"supervisor": top, **children}


def test_run_starts_everything_brings_it_back_and_leaves_nothing(tmp_path: Path) -> None:
    product = Product(tmp_path / "var")
    with product:
        first = running(product)
        assert set(first) == {"supervisor", "app", "bot"}
        _pages_answer(product)
        _logins_are_private_and_work(product)
        _a_second_start_names_the_port(product)
        _killed_ones_come_back(product, first)
        last = running(product)
    assert product.exit_code == 0
    assert not [name for name, process in (*first.items(), *last.items()) if process.is_running()]
    said = (tmp_path / "var" / "run.txt").read_text()
    assert f"{product.address}/desk" in said
    assert "agent@rechtdoor.example" in said
    assert {"app.log", "bot.log"} <= {p.name for p in (tmp_path / "var" / "log").iterdir()}


def _pages_answer(product: Product) -> None:
    for path in ("/", "/chat", "/api/docs", "/widget.js", "/healthz"):
        assert httpx.get(product.address + path).status_code == 200, path


def _logins_are_private_and_work(product: Product) -> None:
    path = product.folder / "logins.txt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    logins = product.logins()
    assert set(logins) == {"agent", "editor", "admin"}
    assert len({password for _, password in logins.values()}) == 3
    for email, password in logins.values():
        assert len(password) >= PASSWORD_LENGTH
        body = {"email": email, "password": password}
        made = httpx.post(f"{product.address}/api/v1/login", json=body, headers={"Origin": product.address})
        assert made.status_code == 200, made.text


def _a_second_start_names_the_port(product: Product) -> None:
    command = [sys.executable, "-m", "handoff.cli", "run"]
    second = subprocess.run(command, cwd=ROOT, env=product.environment, capture_output=True, text=True, timeout=30)
    assert second.returncode == 2
    assert f"Port {product.port} on 127.0.0.1 is taken" in second.stderr
    assert "PORT" in second.stderr


def _killed_ones_come_back(product: Product, first: dict[str, psutil.Process]) -> None:
    os.kill(first["bot"].pid, signal.SIGKILL)
    until(lambda: not answers(f"{product.bot_address}/"), 10)
    assert answers(f"{product.address}/healthz"), "the app goes on without the bot"
    os.kill(first["app"].pid, signal.SIGKILL)
    until(lambda: answers(f"{product.address}/readyz"), 90)
    now = running(product)
    assert now["supervisor"].pid == first["supervisor"].pid
    assert now["bot"].pid != first["bot"].pid
    assert now["app"].pid != first["app"].pid
