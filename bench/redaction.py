"""`python -m bench.redaction`: how many secrets leave a customer's words, and how many harmless numbers with them.

The messages are made by `tests.kb.redaction`, apart from the rules: Faker and templates, on the set that the rules were
improved on, on the one that was held out, and on a fresh one (`tests.kb.redaction_fresh`), written without the rules.
"""

import sys
import time

from rich.console import Console

from bench import bars
from bench.bars import Row
from kb.backlog import MAX_TEXT
from kb.redact import redact
from tests.kb import redaction, redaction_fresh
from tests.kb.redaction import LANGUAGES, measure, messages

EACH, SEED = 400, 5
SETS = (("tuning", False), ("held out", True))
WORDS = "Ik heb vorige week een lamp gekocht maar hij doet het niet meer, kan ik hem ruilen?"


def main() -> int:
    """Print the table. 0 when every bar is met."""
    return 1 if report(Console(width=100)) else 0


def report(console: Console) -> int:
    """Measure and print; how many bars were missed."""
    rows = []
    for language in LANGUAGES:
        for name, held_out in SETS:
            rows += _rows(name, language, measure(redact, language, EACH, seed=SEED, held_out=held_out))
        rows += _rows("fresh", language, redaction_fresh.measure(redact, language, EACH, seed=SEED))
    rows.append(Row(f"a message of {MAX_TEXT:,} characters", _milliseconds(dense=False), "ms", bars.REDACTION_MS))
    rows.append(Row("the same with a number in every line, a secret in half of them", _milliseconds(dense=True), "ms"))
    return bars.show(console, f"Redaction: of {EACH} messages of every kind and language, % that are gone", rows)


def _rows(name: str, language: str, measured: list[redaction.Row]) -> list[Row]:
    rows = []
    for one in measured:
        if one.kind == "harmless":
            touched = 100 * len(one.leaks) / one.messages
            rows.append(Row(f"{name}, {language}: harmless messages touched", touched, "%", bars.TOUCHED))
        else:
            what = f"{name}, {language}: {one.kind}, of {one.secrets}"
            rows.append(Row(what, 100 * one.recall, "%", bars.REDACTED, at_least=True))
    return rows


def _milliseconds(dense: bool) -> float:
    """Processor time for one long message, the median of eleven: every other line holds a secret, or six in all do."""
    orders = (one.text for one in messages("order", "nl", 200, seed=SEED, held_out=False))
    plain = [one.text for one in messages("harmless", "nl", 200, seed=SEED, held_out=False)]
    lines = [line for pair in zip(orders, plain, strict=True) for line in pair]
    text = "\n".join(lines if dense else [*lines[:12], *[WORDS] * MAX_TEXT])[:MAX_TEXT]
    times = []
    for _ in range(11):
        begun = time.process_time()
        redact(text)
        times.append(time.process_time() - begun)
    return 1000 * sorted(times)[5]


if __name__ == "__main__":
    sys.exit(main())
