"""What `rechtdoor import` does with a file that was read, and what it says."""

from collections.abc import Iterator

from sqlmodel import Session

from kb import imports
from kb.imports import FileRead
from kb.plan import Choices, Plan, planned

LISTED = 50  # changes that a dry run names


def would(session: Session, read: FileRead) -> Iterator[str]:
    """Lines that tell what importing would change. Nothing is written."""
    plan = planned(session, read.rows, Choices(out=read.doubted))
    for step in plan.changes[:LISTED]:
        line = read.rows[step.number].line if step.number is not None else 0
        twin = f" (the same question as {step.twin})" if step.twin else ""
        yield f"line {line}: {step.kind} {step.after['key']} ({step.after['language']}): {step.after['question']}{twin}"
    if len(plan.changes) > LISTED:
        yield f"... and {len(plan.changes) - LISTED:,} more"
    for number in sorted(read.doubted)[:LISTED]:
        yield f"line {read.rows[number].line}: left out, no question: {read.rows[number].draft.question}"
    yield _counts(plan) + " Nothing was changed."


def done(session: Session, name: str, read: FileRead) -> str:
    """Import, and the sentence that says what changed. What changes nothing is not listed as an import."""
    choices = Choices(out=read.doubted)
    plan = planned(session, read.rows, choices)
    if plan.changes:
        kept = imports.keep(session, name, read, "import")
        imports.confirm(session, kept.id or 0, choices, plan.fingerprint, "import")
    return _counts(plan)


def _counts(plan: Plan) -> str:
    kinds = plan.counts
    changed = kinds["changed"] + kinds["restored"] + kinds["withdrawn"]
    left = f" {plan.out} left out, as they look like no question." if plan.out else ""
    return f"{kinds['created']} new, {changed} changed, {kinds['unchanged']} as they were.{left}"
