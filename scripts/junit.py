"""Counts what pytest's junit files say, and says which tests were skipped and why.

    python scripts/junit.py report|totals|ci FILE...

`report` lists skipped tests. `totals` prints one line, `N passed, N failed, N skipped`. `ci` fails when a
test failed or was skipped that is not in `ALLOWED`, when a file cannot be read, or when nothing ran.
"""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Tests that CI may skip, as `module.Class::test`. Empty on purpose: a test that never runs protects nothing.
ALLOWED: frozenset[str] = frozenset()


@dataclass
class Result:
    """What the files say, added up."""

    passed: int = 0
    failed: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The closing line that CI prints alone."""
        return f"{self.passed} passed, {self.failed} failed, {len(self.skipped)} skipped"


def cases(path: Path) -> Iterator[ET.Element]:
    """Every test case of one junit file."""
    # The files are written by our own pytest a moment earlier, so entity tricks are no concern here.
    yield from ET.parse(path).getroot().iter("testcase")  # noqa: S314


def count(result: Result, case: ET.Element) -> None:
    """Add one test case; an error counts as a failure, an expected failure as a pass."""
    name = f"{case.get('classname', '')}::{case.get('name', '')}"
    skip = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        result.failed += 1
    elif skip is None or skip.get("type") == "pytest.xfail":
        result.passed += 1
    else:
        reason = skip.get("message") or (skip.text or "").strip() or "no reason given"
        result.skipped[name] = reason


def read(paths: Sequence[Path]) -> Result:
    """Read all files; a missing or unreadable one is a problem, not a crash."""
    result = Result()
    for path in paths:
        try:
            for case in cases(path):
                count(result, case)
        except (OSError, ET.ParseError) as error:
            result.problems.append(f"{path}: {error}")
    if not result.problems and not (result.passed or result.failed):
        result.problems.append("no test ran")
    return result


def refused(result: Result, allowed: frozenset[str] = ALLOWED) -> list[str]:
    """Why CI must not pass: problems, failures, and skips nobody allowed."""
    reasons = list(result.problems)
    if result.failed:
        reasons.append(f"{result.failed} tests failed")
    reasons += [f"skipped: {name} ({why})" for name, why in result.skipped.items() if name not in allowed]
    return reasons


def report(result: Result) -> None:
    """Tell a person which tests were skipped and why."""
    for problem in result.problems:
        print(f"problem: {problem}")
    if result.skipped:
        print(f"{len(result.skipped)} skipped:")
    for name, why in sorted(result.skipped.items()):
        print(f"  {name}: {why}")


def main(arguments: Sequence[str]) -> int:
    """Run one of the three verbs."""
    if len(arguments) < 2 or arguments[0] not in ("report", "totals", "ci"):
        print(__doc__, file=sys.stderr)
        return 2
    result = read([Path(name) for name in arguments[1:]])
    if arguments[0] == "report":
        report(result)
    elif arguments[0] == "totals":
        print(result.line)
    else:
        reasons = refused(result)
        for reason in reasons:
            print(f"CI: {reason}")
        return 1 if reasons else 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
