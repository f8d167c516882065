"""The customer's JSON API for who she is: with her shop's signed token her conversations follow her to any device."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from handoff import hers, identity
from handoff.identity import IdentityNeeded, Vouched
from handoff.incoming import Words
from handoff.problems import Unauthorized
from handoff.web.edge import It, bearer, from_embedding_site, state
from handoff.web.limited import limited

router = APIRouter(
    prefix="/api/v1/identity", tags=["customer"], dependencies=[Depends(from_embedding_site), limited("identity")]
)


class Known(BaseModel):
    """Her shop's token, and the conversation that this device has, if any."""

    token: str
    conversation_id: Words | None = Field(default=None, max_length=64)


def signed_token(request: Request) -> str:
    """The shop's token in the Authorization header. IdentityNeeded where there is none."""
    try:
        return bearer(request)
    except Unauthorized:
        raise IdentityNeeded from None


def device_token(request: Request) -> str | None:
    """The token of the conversation that this device has, None where it sends none."""
    try:
        return bearer(request)
    except Unauthorized:
        return None


def by_bearer(request: Request) -> Vouched:
    """Whom the shop's token in the Authorization header names."""
    return identity.verified(state(request).settings, signed_token(request))


Her = Annotated[Vouched, Depends(by_bearer)]
DeviceToken = Annotated[str | None, Depends(device_token)]


@router.post("")
async def known(it: It, own: DeviceToken, body: Known) -> dict[str, str | None]:
    """Which conversation she goes on with here, with a token for it; `{"id": null}` where she has none.

    With the token of this device's conversation as bearer, one that is nobody's becomes hers.
    """
    who = identity.verified(it.settings, body.token)
    device = (who, body.conversation_id, own)
    way = await it.read(hers.settled, *device) or await it.write(hers.go_on, *device)
    if way is None:
        return {"id": None}
    if way.attached:
        it.changed(way.id)
    if way.token is None:  # in a transaction of its own: two rows held at once could wait for each other
        way = await it.write(hers.access, who, way.id)
    return {"id": way.id, "token": way.token, "language": way.language}


@router.get("/conversations")
async def listed(it: It, who: Her) -> list[dict[str, Any]]:
    """Her conversations, at most 50, the one in which something was said last first."""
    return await it.read(hers.listed, who)


@router.post("/conversations/{conversation_id}/access")
async def access(it: It, who: Her, conversation_id: str) -> dict[str, str | None]:
    """A token for one of her conversations; 404 for anybody else's."""
    way = await it.write(hers.access, who, conversation_id)
    return {"id": way.id, "token": way.token, "language": way.language}
