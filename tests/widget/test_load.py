"""What the widget costs a shop's page that loads: nothing it waits for, no long task, nothing that moves."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bench import load
from handoff.ports import free_port
from tests.pace import slowness
from tests.pages.site import running

pytestmark = [pytest.mark.browser, pytest.mark.alone]
TRIES = 6
BUSY = """
const begun = performance.now();
while (performance.now() - begun < 120);
addEventListener('load', () => setTimeout(() => {
  const late = document.createElement('p');
  late.style.height = '300px';
  document.body.prepend(late);
}, 300));"""


@pytest.fixture(scope="module")
def shop(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("load"), free_port()
    shutil.copy(migrated_sqlite, folder / "site.db")
    origins = [f"http://127.0.0.1:{port}"]
    with (
        running(f"sqlite:///{folder / 'site.db'}", cache_dir, folder, allowed_origins=origins) as site,
        load.shop(port, site.address) as address,
    ):
        yield address


@pytest.mark.parametrize("screen", load.SCREENS)
def test_a_page_that_loads_has_no_long_task_and_does_not_move(shop: str, chromium: Browser, screen: str) -> None:
    tries = []
    most = 1 if screen == "desktop" else TRIES  # how slow a phone is made is a guess where this machine's pace changes
    while len(tries) < most and 0 not in tries:
        seen = load.loaded(chromium, shop, screen, slowed_by=slowness())
        tries.append(seen.task_ms)
        assert seen.shift == 0
    assert 0 in tries, tries
    assert 5_000 < seen.script < 15_000
    assert 500 < seen.words < 5_000


def test_a_long_task_and_a_shift_would_be_seen(shop: str, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WATCH", load.WATCH + BUSY)
    seen = load.loaded(chromium, shop, "desktop")
    assert seen.task_ms > 100
    assert seen.shift > 0.01
