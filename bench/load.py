"""What the widget costs a shop's page: bytes, long tasks, layout shifts, in a real Chromium under a strict policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Page, Request
from rich.console import Console

from bench import bars
from bench.bars import Row
from handoff.settings import ROOT
from tests.browser import opened_chromium

FIGURES = ROOT / "docs" / "widget-figures.md"
TIMES = 5  # loads, each with an empty cache
SCREENS = {"desktop": (1280, 800, 1), "phone, 4 times slower": (390, 844, 4)}
PAGE = """<!doctype html><html lang="nl"><meta charset="utf-8"><title>Een winkel</title>
<meta name="viewport" content="width=device-width"><script src="/watch.js"></script>
<h1>Een winkel</h1>{lines}{tag}"""
WATCH = """window.seen = { shift: 0, tasks: [] };
new PerformanceObserver(l => l.getEntries().forEach(e => { seen.shift += e.value; }))
  .observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver(l => l.getEntries().forEach(e => seen.tasks.push(e.duration)))
  .observe({ type: 'longtask', buffered: true });"""


@dataclass(frozen=True)
class Load:
    """One load of a shop's page: bytes of the body as they travelled, the longest task over 50 ms (0: there was none),
    the sum of its layout shifts, and milliseconds until the page's own content was there."""

    script: int
    words: int
    task_ms: float
    shift: float
    content_ms: float


class _Shop(BaseHTTPRequestHandler):
    chat = ""

    def do_GET(self) -> None:
        lines = "".join(f"<p>Regel {n} van een pagina.</p>" for n in range(80))
        tag = "" if "bare" in self.path else f'<script src="{self.chat}/widget.js" data-language="nl" async></script>'
        body = (WATCH if self.path == "/watch.js" else PAGE.format(lines=lines, tag=tag)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if self.path == "/watch.js" else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        policy = f"default-src 'none'; script-src 'self' {self.chat}; connect-src {self.chat}; img-src {self.chat}"
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the table is the output."""


@contextmanager
def shop(port: int, chat: str) -> Iterator[str]:
    """A shop's page on `port` with the widget of `chat` on it, served until the block ends; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Shop", (_Shop,), {"chat": chat}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def loaded(browser: Browser, address: str, screen: str, path: str = "/", slowed_by: float = 1) -> Load:
    """Load the shop's page once, with nothing in the cache, until the launcher stands there and a second longer.

    `slowed_by` is how many times slower this machine is already than the one that the screen's slowness is meant on.
    """
    width, height, slower = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="nl")
    try:
        page = context.new_page()
        done: list[Request] = []
        page.on("requestfinished", lambda request: done.append(request))
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": max(1, slower / slowed_by)})
        page.goto(address + path)
        if path == "/":
            page.get_by_role("button", name="Stel je vraag").wait_for()
        page.wait_for_timeout(1000)
        return _read(page, done)
    finally:
        context.close()


def _read(page: Page, done: list[Request]) -> Load:
    seen = page.evaluate("""() => {
        const [way] = performance.getEntriesByType('navigation');
        return { ...seen, content: way.domContentLoadedEventEnd };
    }""")

    def size(part: str) -> int:
        return sum(request.sizes()["responseBodySize"] for request in done if part in request.url)

    longest = max(seen["tasks"], default=0)
    return Load(size("/widget.js"), size("/api/v1/texts"), longest, seen["shift"], seen["content"])


def report(console: Console, address: str, port: int, figures: Path = FIGURES) -> int:
    """Print the table for the app at `address`, which lets in the site on `port`, and write it down; bars missed."""
    rows: list[Row] = []
    with shop(port, address) as shop_address, opened_chromium() as browser:
        for screen in SCREENS:
            loads = [loaded(browser, shop_address, screen) for _ in range(TIMES)]
            bare = [loaded(browser, shop_address, screen, "/bare") for _ in range(TIMES)]
            rows += _rows(screen, loads, bare)
    figures.write_text(_page(rows), "utf-8")
    return bars.show(console, f"What the widget costs a page: the worst of {TIMES} loads with an empty cache", rows)


def _rows(screen: str, loads: list[Load], bare: list[Load]) -> list[Row]:
    middle = sorted(load.content_ms for load in loads)[TIMES // 2]
    without = sorted(load.content_ms for load in bare)[TIMES // 2]
    return [
        Row(f"{screen}: script and style", max(load.script for load in loads) / 1000, "kB"),
        Row(f"{screen}: words, Dutch", max(load.words for load in loads) / 1000, "kB"),
        Row(f"{screen}: longest task over 50 ms", max(load.task_ms for load in loads), "ms", 0.0),
        Row(f"{screen}: layout shift", max(load.shift for load in loads), "", 0.0),
        Row(f"{screen}: the page's own content is there (median)", middle, "ms"),
        Row(f"{screen}: the same without the widget", without, "ms"),
    ]


def _page(rows: list[Row]) -> str:
    lines = [f"| {r.what} | {r.figure:.1f} {r.unit} | {'' if r.bar is None else f'{r.bar:g}'} |" for r in rows]
    head = f"""\
# What the widget costs a page

Made by `make bench` (`bench/load.py`): a shop's page under a strict Content-Security-Policy, the widget from another
origin, Debian's Chromium, the worst of {TIMES} loads with an empty cache. Bytes are those of bodies as they travelled.

| what | measured | bar |
|---|---:|---:|
"""
    return head + "\n".join(lines) + "\n"
