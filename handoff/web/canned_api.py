"""Canned replies over the desk's JSON API: all of them, filled in for a conversation."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlmodel import Session

from handoff import canned, conversations
from handoff.web.edge import Agent, It

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])


@router.get("/canned")
async def look(
    it: It, person: Agent, conversation: Annotated[str | None, Query(max_length=64)] = None
) -> dict[str, Any]:
    """Canned replies, in the conversation's language first, with its variables filled in; else as they are written.

    `gaps` names what is not known and stays in braces, for the agent to fill.
    """

    def rows(session: Session) -> dict[str, Any]:
        found = conversations.get(session, conversation) if conversation is not None else None
        values = canned.values_for(session, found, person, it.settings.shop_name) if found else {}
        return {
            "canned": [
                canned.shown(row) | {"id": row.id, "filled": text.text, "gaps": text.gaps}
                for row in canned.for_desk(session, found)
                for text in [canned.filled(row.text, values)]
            ]
        }

    return await it.read(rows)
