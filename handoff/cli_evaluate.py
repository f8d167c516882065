"""What `rechtdoor evaluate` shows and writes: progress, the table, the trace."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from kb.errors import Invalid
from kb.evaluate import Pair, Report

Tell = Callable[[int, int, str], None]
_QUIET_S = 10.0  # between two lines of progress where there is no terminal
SECTIONS = {
    "What was measured": ("entries", "phrasings", "queries", "out_of_scope", "out_of_scope_share"),
    "In-scope queries, the best entry forced": ("accuracy_at_1", "accuracy_at_3", "mrr", "ndcg_at_3"),
    "Answered from a probability of .5": ("in_scope_accuracy", "oos_recall", "mcc", "answer_precision"),
    "What the probability is worth": ("best_mcc", "best_threshold", "auroc", "ece"),
    "What customers would meet": ("verdicts", "verdict_answer_precision", "clarify_has_right"),
    "What it costs": ("build_s", "ask_ms_p50", "ask_ms_p95", "queries_per_s", "peak_rss_mb"),
}


@contextmanager
def progress() -> Iterator[Tell]:
    """Where to tell progress: a bar on standard error, or now and then a line where that is no terminal."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[tuple[str, int], Any] = {}

        def tell(done: int, total: int, what: str) -> None:
            if (what, total) not in tasks:
                tasks[what, total] = bars.add_task(what, total=total)
            bars.update(tasks[what, total], completed=done)

        yield tell


def _lines() -> Tell:
    """Tells at most every ten seconds, and when something is done."""
    last = time.monotonic()

    def tell(done: int, total: int, what: str) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > _QUIET_S:
            last = time.monotonic()
            print(f"{what}: {done:,} of {total:,}", file=sys.stderr, flush=True)  # noqa: T201

    return tell


def show(figures: dict[str, Any], as_json: bool) -> None:
    """Print every figure: as one JSON object, or under headings, with "-" where there was nothing to count."""
    if as_json:
        print(json.dumps(figures))  # noqa: T201
        return
    found = Table(show_header=False, show_edge=False, box=None)
    found.add_column(style="dim")
    found.add_column(justify="right")
    for heading, names in SECTIONS.items():
        found.add_row(f"[bold not dim]{heading}[/]", "")
        for name in names:
            inside = figures[name].items() if isinstance(figures[name], dict) else [(name, figures[name])]
            for label, value in inside:
                found.add_row(f"  {label}", _shown(value))
    Console(highlight=False).print(found)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def check_trace(file: Path, *sources: Path) -> None:
    """Find out before the work whether a trace can be written to `file`: OSError or Invalid when not."""
    if file.is_dir():
        raise Invalid(f"{file} is a folder; name a file")
    if not file.parent.is_dir():
        raise Invalid(f"there is no folder {file.parent} for the trace")
    if any(source.exists() and file.exists() and file.samefile(source) for source in sources):
        raise Invalid(f"the trace would take the place of {file}")
    new = _new(file)
    new.touch()
    new.unlink()


def write_trace(file: Path, pair: Pair, report: Report) -> None:
    """Write a JSON line for each query, in the queries' order. `file` is there when it is complete, not before."""
    new = _new(file)
    try:
        with new.open("w", encoding="utf-8") as out:
            for line in trace(pair, report):
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        os.replace(new, file)
    finally:
        new.unlink(missing_ok=True)


def trace(pair: Pair, report: Report) -> Iterator[dict[str, Any]]:
    """For each query what was asked, what is accepted (`gold`, empty: out of scope), and what was found.

    `right` says whether the best entry is accepted; `options` are those of a clarification, `candidates` the best
    entries with their probabilities, `parts` what was found for each question of a message with several.
    """
    ids = pair.ids
    for asked, found, outcome in zip(pair.asked, report.answers, report.outcomes, strict=True):
        whole = found.as_dict()
        yield {
            "text": asked.text,
            "language": asked.language,
            "gold": list(outcome.gold),
            "right": outcome.right,
            "verdict": found.verdict,
            "probability": whole["probability"],
            "options": [ids[key] for key in found.options],
            "candidates": [{"entry": ids[one.pop("key")], **one} for one in whole["candidates"]],
            "parts": [
                {"verdict": part.verdict, "probability": round(part.probability, 4), "entry": ids.get(part.entry or "")}
                for part in found.parts
            ],
        }


def _new(file: Path) -> Path:
    return file.with_name(f".{file.name}.new")
