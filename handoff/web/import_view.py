"""What the pages of an import show: a page of its steps with what differs, before it is done and after."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from handoff.web.import_words import mistakes, said
from handoff.web.rendering import Page
from kb import imports
from kb.differences import Difference, differences
from kb.models import FaqImport
from kb.plan import KINDS, Choices, Plan, Step, planned
from kb.rows import BadFile, Row

PAGE = 25
TOLD = 200  # mistakes that a page names
TWIN, OUT = "twin", "out"


@dataclass(frozen=True)
class StepView:
    """One entry of an import: what happens to it, from which line, and what differs, side by side.

    `number` is the row's, None where the file does not name the entry. `doubt` says why a row is left out.
    """

    kind: str
    key: str
    language: str
    question: str
    answer: str
    line: int = 0
    number: int | None = None
    twin: str = ""
    doubt: str = ""
    changes: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class ImportView:
    """An import, and a page of the steps of the kind that is shown.

    `counts` has how many there are of each kind, `rest` how many live entries the file does not name. `errors` are
    pairs of a line and what is wrong there: then there is no plan. `left` are what a web page holds that no entry can:
    line, question, reason.
    """

    kept: FaqImport
    choices: Choices
    counts: dict[str, int]
    show: str
    steps: list[StepView]
    start: int
    next: int | None
    rest: int = 0
    fingerprint: str = ""
    found: dict[str, Any] = field(default_factory=dict)
    left: list[tuple[int, str, str]] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)

    @property
    def does(self) -> int:
        """How many entries would change."""
        return sum(self.counts.get(kind, 0) for kind in KINDS if kind != "unchanged")


def import_view(session: Session, page: Page, number: int, show: str, start: int) -> ImportView:
    """An import as it is: its plan while it waits, what it did once it was done. NotFound."""
    kept = imports.get(session, number)
    found = kept.found or {}
    if kept.status != imports.PREVIEWED:
        return _done(session, kept, show, start)
    read = imports.read_of(kept)
    choices = imports.choices_of(kept, read)
    left = [(line, question, said(page, why)) for line, question, why in found.get("left", [])]
    try:
        plan = planned(session, read.rows, choices)
    except BadFile as error:
        return ImportView(kept, choices, {}, "", [], 0, None, errors=mistakes(page, error)[:TOLD], found=found)
    counts = {kind: plan.counts[kind] for kind in KINDS} | {
        TWIN: sum(1 for step in plan.steps if step.twin),
        OUT: len(choices.out),
    }
    show = show if counts.get(show) else _first(counts)
    if show == OUT:
        views = [_left_out(number, read.rows[number]) for number in sorted(choices.out)[start : start + PAGE]]
    else:
        views = _page(_of_kind(plan, show), read.rows, start)
    more = start + PAGE if counts.get(show, 0) > start + PAGE else None
    return ImportView(
        kept, choices, counts, show, views, start, more, plan.rest, plan.fingerprint, found=found, left=left
    )


def _done(session: Session, kept: FaqImport, show: str, start: int) -> ImportView:
    steps = imports.steps_of(session, kept.id or 0)
    kinds = [step.kind for step in steps]
    counts: dict[str, int] = {kind: kinds.count(kind) for kind in KINDS}
    show = show if counts.get(show) else _first(counts)
    shown = [step for step in steps if step.kind == show]
    more = start + PAGE if len(shown) > start + PAGE else None
    found = kept.found or {}
    return ImportView(kept, Choices(), counts, show, _page(shown, (), start), start, more, found=found)


def _first(counts: dict[str, int]) -> str:
    return next((kind for kind in (*KINDS, OUT) if counts.get(kind)), "")


def _of_kind(plan: Plan, show: str) -> list[Step]:
    return [step for step in plan.steps if (bool(step.twin) if show == TWIN else step.kind == show)]


def _page(steps: Sequence[Step], rows: Sequence[Row], start: int) -> list[StepView]:
    return [_step(step, rows) for step in steps[start : start + PAGE]]


def _step(step: Step, rows: Sequence[Row]) -> StepView:
    after = step.after
    return StepView(
        step.kind,
        after["key"],
        after["language"],
        after["question"],
        after["answer"],
        rows[step.number].line if step.number is not None else 0,
        step.number,
        step.twin,
        changes=differences(step.before, after) if step.before else [],
    )


def _left_out(number: int, row: Row) -> StepView:
    draft = row.draft
    return StepView(OUT, "", draft.language, draft.question, draft.answer, row.line, number, doubt=row.doubt)
