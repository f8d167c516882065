"""What the stand-in does at the ends of a conversation: who she is, by the shop's word; ratings; the talk by mail."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from .script import Conversation
    from .standin import StandIn

TOKEN = "signed-for-"  # a token of the shop's names the customer; any other is refused


class Endings:
    """The routes; `server` is the stand-in, whose conversations and faults they share."""

    def __init__(self, server: "StandIn") -> None:
        self.server = server

    def routes(self, api: str) -> list[Route]:
        return [
            Route("/api/v1/identity", self.identity, methods=["POST"]),
            Route(api + "/{id}/rating", self.rate, methods=["POST"]),
            Route(api + "/{id}/transcript", self.transcript, methods=["POST"]),
        ]

    def named(self, token: str | None) -> str | None:
        """The customer, None without a token, "" for one that is refused."""
        return token and (token.removeprefix(TOKEN) if token.startswith(TOKEN) else "")

    async def identity(self, request: Request) -> Response:
        body = await request.json()
        self.server.asked.append(body.get("conversation_id"))
        whose = self.named(body["token"])
        if not whose:
            return self.server.problem(401, "identity_bad", request.headers["Accept-Language"][:2])
        talk = self.server.talks.get(body.get("conversation_id"))
        opens = talk is not None and request.headers.get("Authorization") == f"Bearer {talk.token}"
        own = self.goes_on(talk if opens else None, whose)
        if own is None:
            return JSONResponse({"id": None})
        return JSONResponse({"id": own.id, "token": own.token, "language": own.language})

    def goes_on(self, talk: "Conversation | None", whose: str) -> "Conversation | None":
        if talk and talk.whose in (None, whose):
            talk.whose = whose
            return talk
        return next((other for other in reversed(self.server.talks.values()) if other.whose == whose), None)

    async def rate(self, request: Request) -> Response:
        if not (talk := self.server.find(request)):
            return self.server.problem(404, "not_found")
        body = await request.json()
        fault = self.server.faults.answers.pop(0) if self.server.faults.answers else None
        if isinstance(fault, int):
            return self.server.problem(fault, "server", talk.language)
        if not ({"score", "solved"} & body.keys() or body["words"]):
            return self.server.problem(422, "nothing_rated", talk.language)
        talk.rating = body
        return Response(status_code=502) if fault == "lost" else JSONResponse(body)

    async def transcript(self, request: Request) -> Response:
        if not (talk := self.server.find(request)):
            return self.server.problem(404, "not_found")
        body = await request.json()
        fault = self.server.faults.answers.pop(0) if self.server.faults.answers else None
        if isinstance(fault, int):
            return self.server.problem(fault, "transcript_often", talk.language)
        to = body.get("email") or talk.email
        if "@" not in (to or ""):
            return self.server.problem(422, "bad_email", talk.language)
        talk.mailed[body["client_id"]] = to
        return Response(status_code=502) if fault == "lost" else JSONResponse({"email": f"…{to[1:]}"}, 202)
