"""What a customer thinks of a conversation: would she recommend us (0 to 10), was it solved, and a few words.

All of it is hers to leave out, and to give anew: what she sends last is what counts, and nothing of it is a row of the
timeline. A low one after an answer of the bot's comes into the backlog a little later (`seeking`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from handoff import conversations
from handoff.editor_models import Rating
from handoff.gaps import LOW
from handoff.incoming import WANTS_REPLY
from handoff.models import Message
from handoff.problems import Conflict, Invalid, TooLong
from handoff.seeking import look_again
from kb.models import now
from kb.redact import redact

MAX_WORDS = 500  # characters; a few words, no message
COLUMN = 1000  # a placeholder may be longer than the secret that it stands for
SAID = (*WANTS_REPLY, "file")
PROMOTER = 9  # of 10, and above; a detractor gives `gaps.LOW` or less
DAYS = 90  # that the shop's score looks back
FEWEST = 10  # scores; under this it says nothing


class NothingSaid(Conflict):
    """There is nothing to rate: the customer said nothing in this conversation."""

    text = "error.nothing_said"


class NothingRated(Invalid):
    """Neither a figure, nor yes or no, nor words."""

    text = "error.nothing_rated"


@dataclass(frozen=True)
class Given:
    """What a customer gives: `score` 0 to 10, whether it was `solved`, words; None or empty is left out."""

    score: int | None = None
    solved: bool | None = None
    words: str = ""


@dataclass(frozen=True)
class Recommended:
    """Of `n` customers who gave a score, how many would recommend the shop (9 or 10), and how many not (0 to 6).

    Under `fewest` of them there is no score.
    """

    n: int
    promoters: int
    detractors: int
    fewest: int = FEWEST

    @property
    def nps(self) -> int | None:
        """The Net Promoter Score, -100 to 100: the percentage of promoters minus that of detractors (Reichheld, "The
        One Number You Need to Grow", Harvard Business Review 12/2003). None where there are too few to say."""
        return round(100 * (self.promoters - self.detractors) / self.n) if self.n >= self.fewest else None


def rate(session: Session, conversation_id: str, given: Given) -> Rating:
    """Store a rating, in the place of an earlier one, its words without secrets, and have the backlog look again.

    Raises NotFound, NothingSaid, NothingRated, or TooLong (words over `MAX_WORDS` characters).
    """
    words = given.words.strip()
    if len(words) > MAX_WORDS:
        raise TooLong(limit=MAX_WORDS)
    if given.score is None and given.solved is None and not words:
        raise NothingRated
    conversations.locked(session, conversation_id)  # two at once: one after the other
    if not _said_something(session, conversation_id):
        raise NothingSaid
    rating = session.get(Rating, conversation_id) or Rating(conversation_id=conversation_id)
    rating.score, rating.solved, rating.at = given.score, given.solved, now()
    rating.words = redact(words)[:COLUMN]
    session.add(rating)
    look_again(session, conversation_id)
    return rating


def _said_something(session: Session, conversation_id: str) -> bool:
    hers = select(Message.seq).where(Message.conversation_id == conversation_id, Message.author == "customer")
    return session.exec(hers.where(col(Message.kind).in_(SAID)).limit(1)).first() is not None


def form(session: Session, conversation_id: str) -> dict[str, Any] | None:
    """The rating of a conversation: score, solved (either may be None) and words; None where there is none."""
    rating = session.get(Rating, conversation_id)
    if rating is None:
        return None
    return {"score": rating.score, "solved": rating.solved, "words": rating.words}


def recommended(session: Session, at: datetime) -> Recommended:
    """The scores of the last `DAYS` days together."""
    of = func.count(case((col(Rating.score) >= PROMOTER, 1))), func.count(case((col(Rating.score) <= LOW, 1)))
    query = columns(func.count(col(Rating.score)), *of).where(col(Rating.at) > at - timedelta(days=DAYS))
    n, promoters, detractors = session.connection().execute(query).one()
    return Recommended(n, promoters, detractors)
