"""What went unanswered, read from the rows of a conversation: which question, why, and in whose words.

`turns` puts a question into the backlog in the moment in which a person is brought in. All else follows from the rows,
a little later and beside the requests (`seeking`): "that didn't help", a low rating, and what agents answered by hand
(`by_hand`). However it comes, one question of one conversation is one row, with the most telling reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sqlmodel import Session, select

from handoff import queue
from handoff.by_hand import asks
from handoff.editor_models import Rating
from handoff.models import Conversation, Message
from handoff.question import OpenQuestion, as_question, said_helped, was_question
from handoff.said import is_told
from kb import backlog
from kb.backlog import Prepared
from kb.models import Question
from kb.redact import find

# Why a question is in the backlog, the most telling first: an answer that did not help says more of the FAQ than a
# customer who asked for a person, and the bot's being away says nothing of it.
REASONS = (
    "rejected",
    "not_helped",
    "unknown",
    "loop",
    "frustrated",
    "low_rating",
    "requested",
    "by_hand",
    "agent",
    "bot_unavailable",
)
LOW = 6  # of 10, and below: a detractor of the Net Promoter Score (Reichheld, Harvard Business Review 12/2003)
MAX_PAGE = 200
_TOKEN = re.compile(r"(?=[^-]*\d)(?=[^-]*[A-Za-z])[\w=.~]{16,}|[\w=.~-]{40,}")
_WORD = re.compile(r"[a-z]{4}")


@dataclass(frozen=True)
class Gap:
    """A question that went unanswered, and why: one of REASONS."""

    question: OpenQuestion
    reason: str


def put(session: Session, conversation: Conversation, prepared: Prepared, gap: Gap) -> Question:
    """Put a question into the backlog, once; one that is there already gets the more telling reason of the two."""
    asked = gap.question
    found = backlog.record(
        session,
        prepared,
        conversation_id=conversation.id,
        seq=asked.seq,
        language=conversation.language,
        reason=gap.reason,
        evidence=asked.evidence,
        at=asked.at,
        topic=queue.topic_of(session, asked) or conversation.topic,
        page=page_of(conversation.page_url),
    )
    return _told(session, found, gap)


def tell(session: Session, conversation_id: str, gap: Gap) -> None:
    """Give a question that is in the backlog already the more telling reason of the two."""
    found = session.exec(select(Question).filter_by(conversation_id=conversation_id, seq=gap.question.seq)).first()
    if found is not None:
        _told(session, found, gap)


def _told(session: Session, found: Question, gap: Gap) -> Question:
    if _telling(gap.reason) < _telling(found.reason):
        found.reason = gap.reason
        session.add(found)
        session.flush()
    return found


def _telling(reason: str) -> int:
    return REASONS.index(reason) if reason in REASONS else len(REASONS)


def gaps(rows: Sequence[Message], rating: Rating | None = None) -> list[Gap]:
    """What the bot answered in these rows of one conversation, in order, and did not help with."""
    found = {asked.seq: Gap(as_question(asked), "not_helped") for asked in _rejected(rows)}
    last = _last_answered(rows, even_if_helped=rating is not None and rating.solved is False)
    by_agent = any(m.author == "agent" for m in rows)
    if rating is not None and is_low(rating) and last is not None and not by_agent:
        found.setdefault(last.seq, Gap(as_question(last), "low_rating"))
    return list(found.values())


def is_low(rating: Rating) -> bool:
    """Whether the customer says that she was not helped: a low score without "it is solved", or "it is not"."""
    if rating.solved is not None:
        return not rating.solved
    return rating.score is not None and rating.score <= LOW


def _rejected(rows: Sequence[Message]) -> list[Message]:
    """The questions whose answer the customer rejected, with the button or in words."""
    found: list[Message] = []
    asked: Message | None = None
    answered = False
    for row in rows:
        if was_question(row):
            asked, answered = row, False
        elif asked is None or row.stint != asked.stint:
            asked = None
        elif is_told(row):  # what follows is about that, not about `asked`
            asked = None
        elif row.author == "bot":
            answered = answered or row.kind == "answer"
        elif said_helped(row) is True:
            asked = None
        elif answered and _rejects(row):
            found.append(asked)
            answered = False
    return found


def _rejects(row: Message) -> bool:
    """Whether this row of the customer's says no to the answer before it. In words the bot asks to put it differently;
    that it also does with a question that has nothing to do with the shop."""
    if row.author != "customer" or row.hidden_at is not None:
        return False
    in_words = row.kind == "text" and (row.data or {}).get("act") == "rephrase" and not asks(row.text)
    return in_words or said_helped(row) is False


def _last_answered(rows: Sequence[Message], even_if_helped: bool) -> Message | None:
    """The last question that got an entry, unless the customer said that it helped."""
    last: Message | None = None
    asked: Message | None = None
    for row in rows:
        if was_question(row):
            asked = row
        elif row.author == "bot" and row.kind == "answer":
            last = asked
        elif said_helped(row) is True and not even_if_helped:
            last = asked = None
    return last


def page_of(url: str | None) -> str | None:
    """The path of a page, without what may lead to somebody: host, query, numbers of orders, long tokens; None
    without one. `/account/bestelling/48213377?mail=…` is `/account/bestelling/…`."""
    try:
        path = unquote(urlsplit(url or "").path, errors="ignore")
    except ValueError:  # no address
        return None
    parts = path.replace("\x00", "").split("/")
    kept = "/".join(_part(before, part) for before, part in zip(["", *parts], parts, strict=False))
    return kept[:MAX_PAGE] or None


def _part(before: str, part: str) -> str:
    secrets = find(f"{before} {part}")
    # A product's name with numbers in it ("tafellamp-nova-e27-60w") looks like a gift card's code to `redact`.
    named = bool(_WORD.search(part)) and all(kind == "code" for _, _, kind in secrets)
    private = "@" in part or bool(_TOKEN.fullmatch(part)) or (bool(secrets) and not named)
    return "…" if private and part else part
