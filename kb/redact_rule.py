"""What one rule of redaction says: where a secret may stand, and what tells whether it is one."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[str], bool]


@dataclass(frozen=True)
class Rule:
    """Where a secret of `kind` may stand (group `s` of the pattern, or all of it), and whether it is one.

    With a cue, one of its words must stand within `before` characters before it, or `after` characters behind it.
    `widen` gives the start of what really is the secret. Of kind "" are numbers that stay.
    """

    kind: str
    pattern: re.Pattern[str]
    is_secret: Check = lambda found: True
    cue: re.Pattern[str] | None = None
    before: int = 0
    after: int = 0
    widen: Callable[[str, int, int], int | None] | None = None
