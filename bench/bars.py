"""The bars, and how a figure is shown beside its bar. The figures themselves are all measured."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

P95_ALONE_MS = 80.0
TURNS_PER_S = 30.0
EVIDENCE_FASTER = 2.0
WIDGET_KB = 15.0
APP_MB = 1000.0
BOT_MB = 800.0
START_S = 40.0
REDACTION_MS = 50.0
REDACTED, TOUCHED = 98.0, 2.0  # % of the secrets of each kind; % of the messages with harmless numbers alone


@dataclass(frozen=True)
class Row:
    """A figure, with its bar where there is one."""

    what: str
    figure: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without a bar. A figure that is not a number meets nothing."""
        if self.bar is None:
            return None
        compare: Callable[[float, float], bool] = operator.ge if self.at_least else operator.le
        return compare(self.figure, self.bar)


def show(console: Console, title: str, rows: list[Row]) -> int:
    """Print one table; how many bars were missed."""
    table = Table(title=title, title_justify="left", show_edge=False, title_style="bold")
    for heading in ("what", "measured", "bar", ""):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        bar = "" if row.bar is None else f"{sign} {row.bar:g} {row.unit}"
        verdict = {True: "met", False: "[bold]MISSED[/bold]", None: ""}[row.met]
        table.add_row(row.what, f"{row.figure:,.1f} {row.unit}", bar, verdict)
    console.print(table)
    console.print()
    return sum(row.met is False for row in rows)
