"""How conversations are given out, as the shop sets it: by itself or by picking, per team, and who has a head start."""

import logging

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session

from handoff import shop_settings
from handoff.shop_settings import Document

log = logging.getLogger(__name__)
ROUTING = "routing"
MOST_STEPS = 12  # of priority: an hour's head start


class Team(BaseModel):
    """People for whom the same holds. `automatic`: they are given conversations; else they pick them."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1, max_length=80)
    automatic: bool = False
    people: list[int] = Field(default_factory=list, max_length=1000)


class Routing(BaseModel):
    """The shop's way of giving out. `automatic` holds for who is in no team.

    `priority` gives reasons of a handoff a head start, in steps of `order.PRIORITY_S` seconds: {"frustrated": 1}.
    """

    model_config = ConfigDict(extra="ignore")

    automatic: bool = False
    teams: list[Team] = Field(default_factory=list, max_length=100)
    priority: dict[str, int] = Field(default_factory=dict)

    def gives_to(self, person_id: int) -> bool:
        """Whether this person is given conversations: one automatic team suffices for who is in several."""
        hers = [team.automatic for team in self.teams if person_id in team.people]
        return any(hers) if hers else self.automatic

    def steps(self, reason: str) -> int:
        """The steps of priority that a handoff for this reason has, from 0 to `MOST_STEPS`."""
        return max(0, min(self.priority.get(reason, 0), MOST_STEPS))


def routing(session: Session) -> Routing:
    """How this shop gives out; everybody picks, nobody has a head start, where nobody set it."""
    try:
        return Routing.model_validate(document(session).value)
    except ValidationError as error:  # changed by hand in the database: conversations still find an agent
        log.error("the stored routing cannot be read, everybody picks: %s", error)
        return Routing()


def document(session: Session) -> Document:
    """The routing as it is stored, with its revision."""
    return shop_settings.read(session, ROUTING, Routing().model_dump())


def change_routing(session: Session, value: Routing, *, revision: int, by: str) -> Document:
    """Store another routing. Conflict as in `shop_settings.change`."""
    kept = value.model_dump(mode="json")
    return shop_settings.change(session, ROUTING, kept, revision=revision, by=by, otherwise=Routing().model_dump())
