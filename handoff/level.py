"""The service level: how many of today's customers were taken within what they were told first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col

from handoff.hours import Opening, openings
from handoff.models import Estimate
from handoff.shop_settings import hours

FEWEST = 5  # under this, a share says nothing
MOST = 3000  # the last ones, where a day has more


@dataclass(frozen=True)
class Level:
    """Of `n` customers whose promise of a wait can be judged, `kept` were taken within the high end told first."""

    n: int
    kept: int

    @property
    def share(self) -> float | None:
        """The share that was kept, 0 to 1; None where there are too few to say."""
        return self.kept / self.n if self.n >= FEWEST else None


def today(session: Session, at: datetime) -> Level:
    """The level of those who were told their first figure today, on the shop's calendar.

    Who waits on, or left, counts as soon as it took longer than told: else the worst waits would count least. Time at
    which the shop was closed is no waiting.
    """
    shop = hours(session)
    local = at.astimezone(ZoneInfo(shop.zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    spans = list(openings(shop, midnight, 2))  # asked once: on a bad day thousands took longer than told
    n = kept = 0
    for told_at, high_s, ended_at, end in _first_figures(session, midnight):
        within = _within(spans, told_at, ended_at or at, high_s)
        if end == "taken" or not within:
            n, kept = n + 1, kept + within
    return Level(n, kept)


def _first_figures(session: Session, since: datetime) -> list[tuple[datetime, int, datetime | None, str | None]]:
    """The first figure of each stay in the queue that was told since then: when, its high end, how the stay ended."""
    figures = (
        columns(func.min(col(Estimate.id)).label("id"))
        .where(col(Estimate.at) >= since - timedelta(days=1), col(Estimate.low_s).is_not(None))
        .group_by(col(Estimate.conversation_id), col(Estimate.ended_at))
        .subquery()
    )
    query = (
        columns(col(Estimate.at), col(Estimate.high_s), col(Estimate.ended_at), col(Estimate.end))
        .join(figures, figures.c.id == col(Estimate.id))
        .where(col(Estimate.at) >= since)
        .order_by(col(Estimate.id).desc())
        .limit(MOST)
    )
    return [(told_at, high_s or 0, ended_at, end) for told_at, high_s, ended_at, end in session.execute(query)]


def _within(spans: list[Opening], told_at: datetime, until: datetime, high_s: int) -> bool:
    if (until - told_at).total_seconds() <= high_s:
        return True
    waited = ((min(until, end) - max(told_at, start)).total_seconds() for start, end in spans)
    return sum(seconds for seconds in waited if seconds > 0) <= high_s
