"""Whether the app lives, and whether each part it needs is ready."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from handoff import bot
from handoff.web.edge import It

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(it: It, response: Response) -> dict[str, Any]:
    """Each part by name, true where it is ready; 503 while one is not."""
    parts = {
        "database": await _database(it),
        "index": it.loaded is not None,
        "bot": await bot.is_up(it.client),
    }
    ok = all(parts.values())
    response.status_code = 200 if ok else 503
    return {"status": "ok" if ok else "not ready", "parts": parts}


async def _database(it: It) -> bool:
    def look(session: Session) -> bool:
        return session.execute(text("SELECT 1")).scalar() == 1

    try:
        return await it.read(look)
    except SQLAlchemyError:
        return False
