"""The customer's JSON API for rating a conversation at its end. All of it can be left out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, BeforeValidator, Field

from handoff import ratings
from handoff.incoming import Words
from handoff.ratings import Given
from handoff.web.customer import open_for
from handoff.web.edge import It, Token, from_embedding_site
from handoff.web.limited import count

router = APIRouter(prefix="/api/v1", tags=["customer"], dependencies=[Depends(from_embedding_site)])


def _number(value: Any) -> Any:
    """A number, or its digits as a form sends them; true is none, although Python has it for 1."""
    if isinstance(value, bool):
        raise ValueError("a whole number from 0 to 10")
    return value


class Rate(BaseModel):
    """Would she recommend us, 0 (not at all) to 10; whether it was solved; a few words. At least one of the three."""

    score: Annotated[int, BeforeValidator(_number), Field(ge=0, le=10)] | None = None
    solved: bool | None = None
    words: Words = ""


@router.post("/conversations/{conversation_id}/rating")
async def rate(request: Request, it: It, conversation_id: str, token: Token, body: Rate) -> dict[str, Any] | None:
    """Rate the conversation; again replaces what was given before. What is stored: the words without secrets."""
    await open_for(it, request, conversation_id, token)
    await count(request, "address")
    await it.write(ratings.rate, conversation_id, Given(body.score, body.solved, body.words))
    return await it.read(ratings.form, conversation_id)
