"""What agents said to questions of the backlog, and how long people waited for them, read from a timeline."""

from collections.abc import Sequence

from handoff.by_hand import by_hand
from handoff.models import Message
from kb.redact import redact
from kb.text import clean_block

LONGEST = 4000  # characters of what is kept
WAIT_ENDS = ("assigned", "left_queue", "closed", "handed_back")


def reply_text(message: Message) -> str:
    """What an agent said with this row, as the backlog keeps it: secrets removed, from each row by itself, so that the
    same row always gives the same words."""
    return redact(clean_block(message.text))


def replies(rows: Sequence[Message], asked: Sequence[int]) -> dict[int, str]:
    """What agents wrote after each of the questions with these numbers and before the next of them, secrets removed.

    Questions that were asked one after the other, before an agent said anything, share the words.
    """
    said: dict[int, str] = {}
    until = rows[-1].seq + 1 if rows else 0
    later = ""
    for seq in sorted(asked, reverse=True):
        texts = [reply_text(row) for row in rows if seq < row.seq < until and by_hand(row)]
        later = "\n\n".join(text for text in texts if text)[:LONGEST] or later
        if later:
            said[seq] = later
        until = seq
    return said


def waits(rows: Sequence[Message]) -> dict[int, int]:
    """For what was said before a handoff, by number: seconds from the handoff until somebody took it, or until she
    gave up her place. What still waits is not there."""
    found: dict[int, int] = {}
    said: list[Message] = []
    handed: Message | None = None
    for row in rows:
        if row.kind == "handed_over":
            handed = row
        elif handed is None:
            said.append(row)
        elif row.kind in WAIT_ENDS:
            seconds = max(0, round((row.at - handed.at).total_seconds()))
            found |= {one.seq: seconds for one in said if one.stint == handed.stint}
            handed, said = None, []
    return found
