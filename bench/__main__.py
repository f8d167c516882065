"""`make bench`: start the product twice, let customers ask, compare with an action server, weigh what runs.

Last, the knowledge base beside its peers on the smaller labelled sets, without DIET; `python -m bench.knowledge --all`
measures all sets, with DIET.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from bench import actions, bars, load, redaction, whatif
from bench import grouping as grouping_table
from bench import knowledge as knowledge_table
from bench.bars import Row
from bench.customers import Outcome, ask, faq_questions
from bench.grouping_speed import placing
from bench.product import NotStarted, Product
from handoff.ports import free_port

CROWD = 20


def main() -> int:
    """Everything, in order. 0 when every bar is met."""
    argparse.ArgumentParser(prog="python -m bench", description=__doc__).parse_args()
    console = Console(width=100)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    console.print(f"Rechtdoor on this machine: {cores} cores, Python {sys.version.split()[0]}\n", highlight=False)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rechtdoor-bench-") as folder:
        try:
            missed = run(console, Path(folder))
        except (NotStarted, actions.NotComparable) as error:
            console.print(str(error), markup=False)
            return 1
    said = "all bars met" if not missed else f"{missed} bars missed"
    console.print(f"{said}; {time.monotonic() - begun:.0f} s in all")
    return 1 if missed else 0


def run(console: Console, folder: Path) -> int:
    """Measure, printing each table as it is there; how many bars were missed."""
    token, shop = secrets.token_urlsafe(16), free_port()
    product = Product(folder, KB_TOKEN=token, ALLOWED_ORIGINS=f"http://127.0.0.1:{shop}", RATE_LIMITS="off")
    console.print("Starting with an empty database …")
    with product:
        first = product.started_in
    console.print("Starting again …")
    with product:
        if product.trained:
            console.print("The bot's files changed meanwhile: the second start includes a training.")
        missed = start_up(console, first, product.started_in)
        missed += customers(console, product)
        missed += memory(console, product)
        console.print("The same questions with an action server …")
        missed += compared(console, product, token)
        missed += widget(console, product)
        missed += load.report(console, product.address, shop)
    missed += redaction.report(console)
    missed += whatif.report(console)
    missed += knowledge(console)
    return missed + grouping(console)


def start_up(console: Console, first: float, second: float) -> int:
    """(c) How long a start takes."""
    rows = [
        Row("first start, empty database: FAQ loaded, index made", first, "s"),
        Row("second start, until the app and the bot are ready", second, "s", bars.START_S),
    ]
    return bars.show(console, "Start-up", rows)


def customers(console: Console, product: Product) -> int:
    """(a) From message to the bot's answer over the API, alone and in a crowd."""
    questions = faq_questions()
    asyncio.run(ask(product.address, 2, 1, questions))  # warm
    alone = asyncio.run(ask(product.address, 1, 12, questions))
    crowd = asyncio.run(ask(product.address, CROWD, 2, questions))
    rows = [
        Row("1 customer, half of the answers within", alone.percentile(0.5), "ms"),
        Row("1 customer, 95 % of the answers within", alone.percentile(0.95), "ms", bars.P95_ALONE_MS),
        Row(f"{CROWD} customers, answers", crowd.rate, "/s", bars.TURNS_PER_S, at_least=True),
        Row(f"{CROWD} customers, half of the answers within", crowd.percentile(0.5), "ms"),
        Row(f"{CROWD} customers, 95 % of the answers within", crowd.percentile(0.95), "ms"),
        Row("answers measured", len(alone.times) + len(crowd.times), ""),
    ]
    missed = bars.show(console, "From message to answer, over the API, with Rasa", rows)
    return missed + not_answered(console, alone, crowd)


def not_answered(console: Console, *outcomes: Outcome) -> int:
    """FAQ questions that got no answer would make the figures look better than they are: say so, as missed."""
    other = [line for outcome in outcomes for line in outcome.other]
    asked = sum(len(outcome.times) for outcome in outcomes) + len(other)
    if other:
        console.print(f"{len(other)} of {asked} questions got something else than an answer, such as:")
        for line in sorted(set(other))[:5]:
            console.print(f"  {line}", markup=False, highlight=False)
        console.print()
    return int(len(other) > 0.05 * asked)


def memory(console: Console, product: Product) -> int:
    """(d) What each process holds, after the questions."""
    limits = {"app": bars.APP_MB, "bot": bars.BOT_MB}
    rows = []
    for one in product.memory():
        rows.append(Row(f"{one.name}, resident", one.rss, "MB", limits.get(one.name)))
        rows.append(Row(f"{one.name}, its share of shared pages (PSS)", one.pss, "MB"))
    return bars.show(console, "Memory of each process", rows)


def compared(console: Console, product: Product, token: str) -> int:
    """(b) Look-up and Rasa on the evidence path, and the same question through Rasa with an action server."""
    evidence, action = actions.compare(product, token)
    rows = [
        Row("evidence path, half of the answers within", evidence.percentile(0.5), "ms"),
        Row("evidence path, 95 % within", evidence.percentile(0.95), "ms"),
        Row("action server, half of the answers within", action.percentile(0.5), "ms"),
        Row("action server, 95 % within", action.percentile(0.95), "ms"),
        Row(
            "the evidence path is faster by (median)",
            action.percentile(0.5) / evidence.percentile(0.5),
            "×",
            bars.EVIDENCE_FASTER,
            at_least=True,
        ),
    ]
    return bars.show(console, "Look-up and Rasa alone: evidence path and action server", rows)


def widget(console: Console, product: Product) -> int:
    """(e) The widget in bytes as they travel: the script with its style, and the words of each language."""
    paths = ("/widget.js", *(f"/api/v1/texts?language={language}" for language in ("nl", "en")))
    sizes = []
    for path in paths:
        answer = httpx.get(f"{product.address}{path}", headers={"Accept-Encoding": "gzip"}).raise_for_status()
        sizes.append(answer.num_bytes_downloaded / 1000)
    rows = [Row(f"{path}, gzipped", size, "kB") for path, size in zip(paths, sizes, strict=True)]
    return bars.show(console, "Widget", [*rows, Row("in all", sum(sizes), "kB", bars.WIDGET_KB)])


def plainly(console: Console) -> knowledge_table.Say:
    """Prints lines of a table as they are."""
    return partial(console.print, markup=False, highlight=False, soft_wrap=True)


def knowledge(console: Console) -> int:
    """(f) How well questions find their entry, and what has none is refused, beside other systems."""

    say = plainly(console)
    say("The knowledge base and its peers on labelled sets …\n")
    return knowledge_table.report([knowledge_table.SETS], knowledge_table.QUICK, None, say)


def grouping(console: Console) -> int:
    """(g) Whether the backlog's questions meet that ask the same, beside other ways, and how fast one is placed."""

    say = plainly(console)
    say("\nQuestions that ask the same, brought together …\n")
    rows = grouping_table.report([knowledge_table.SETS], knowledge_table.QUICK, say)
    return grouping_table.said([*rows, *placing()], say)


if __name__ == "__main__":
    raise SystemExit(main())
