"""What the stand-in does beside messages: an address left for later, promises, files, and messages that are hidden."""

import asyncio
import struct
import zlib
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .script import Row, texts

if TYPE_CHECKING:
    from .script import Conversation
    from .standin import StandIn

WORDS = "vandaag, dinsdag 24 november, voor 17:00"
CALLS = [
    {"from_at": f"2026-11-2{day}T09:00:00+00:00", "due_at": f"2026-11-2{day}T11:00:00+00:00", "words": words}
    for day, words in (
        (5, "woensdag 25 november tussen 10:00 en 12:00"),
        (6, "donderdag 26 november tussen 10:00 en 12:00"),
    )
]


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x0f\x6b\x5c" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Besides:
    """The routes; `server` is the stand-in, whose conversations and faults they share."""

    def __init__(self, server: "StandIn") -> None:
        self.server = server

    def routes(self, api: str) -> list[Route]:
        return [
            Route(api + "/{id}/contact", self.offer),
            Route(api + "/{id}/contact", self.leave, methods=["POST"]),
            Route(api + "/{id}/address", self.address, methods=["POST"]),
            Route(api + "/{id}/seen", self.seen, methods=["POST"]),
            Route(api + "/{id}/files", self.upload, methods=["POST"]),
            Route("/files/{name}", self.file),
        ]

    async def offer(self, request: Request) -> Response:
        if not (talk := self.server.find(request)):
            return self.server.problem(404, "not_found")
        if self.server.faults.offers and isinstance(status := self.server.faults.offers.pop(0), int):
            return self.server.problem(status, "server")
        answer = {"due_at": "2026-11-24T16:00:00+00:00", "words": WORDS}
        known = {"mail": self.server.mails, "email": talk.email, "phone": None}
        return JSONResponse(known | {"answer": answer, "calls": CALLS})

    async def leave(self, request: Request) -> Response:
        if not (talk := self.server.find(request)):
            return self.server.problem(404, "not_found")
        body = await request.json()
        self.server.posts.append(body)
        fault = self.server.faults.answers.pop(0) if self.server.faults.answers else None
        if isinstance(fault, int):
            return self.server.problem(fault, {409: "with_agent"}.get(fault, "server"))
        if talk.owner == "agent":
            return self.server.problem(409, "with_agent")
        if body["kind"] == "answer" and self.server.mails and "@" not in body.get("email", ""):
            return self.server.problem(422, "bad_email")
        if body["kind"] == "call" and not any(c.isdigit() for c in body.get("phone", "")):
            return self.server.problem(422, "bad_phone")
        if body["client_id"] not in talk.left:
            talk.left[body["client_id"]] = body
            self.promised(talk, body)
        return Response(status_code=502) if fault == "lost" else JSONResponse({"promise": talk.promise}, 201)

    def promised(self, talk: "Conversation", body: Row) -> None:
        call = body["kind"] == "call"
        windows = {c["from_at"]: c["words"] for c in CALLS}
        when = windows[body["from_at"]] if call else "dinsdag 24 november 17:00"
        words = texts(talk.language)["system.promised_shop" + ("_call" if call else "")].replace("{when}", when)
        talk.promise = {"kind": body["kind"], "words": words, "needs_address": False, "late": False}
        talk.owner, talk.queue = "bot", None
        talk.add("system", "promised", words)
        self.server.publish(talk)

    async def address(self, request: Request) -> Response:
        if not (talk := self.server.find(request)):
            return self.server.problem(404, "not_found")
        email = (await request.json())["email"]
        if "@" not in email:
            return self.server.problem(422, "bad_email")
        talk.email = email
        talk.promise = (talk.promise or {}) | {"needs_address": False}
        self.server.publish(talk)
        return JSONResponse({"email": email})

    async def seen(self, request: Request) -> Response:
        if not self.server.find(request):
            return self.server.problem(404, "not_found")
        self.server.frames.append({"seen": (await request.json())["seq"]})
        return Response(status_code=204)

    async def upload(self, request: Request) -> Response:
        if not (talk := self.server.find(request)):
            return self.server.problem(404, "not_found")
        await asyncio.sleep(self.server.faults.late)
        async with request.form() as form:
            (file,) = form.values()
            assert not isinstance(file, str)
            data, name, kind = await file.read(), str(file.filename), file.content_type
        client_id = request.query_params["client_id"]
        fault = self.server.faults.answers.pop(0) if self.server.faults.answers else None
        if isinstance(fault, int):
            return self.server.problem(fault, "file_kind")
        if client_id not in talk.by_client:
            self.server.files[name] = data
            size = struct.unpack(">II", data[16:24]) if data.startswith(b"\x89PNG") else (None, None)
            sent = {"id": name, "name": name, "media_type": kind, "width": size[0], "height": size[1]}
            talk.by_client[client_id] = talk.add(
                "customer", "file", name, client_id=client_id, file=sent | {"url": f"/files/{name}"}
            )
            self.server.publish(talk)
        if fault == "lost":
            return Response(status_code=502)
        return JSONResponse({"seq": talk.by_client[client_id]}, 201)

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        kind = "image/png" if name.endswith(".png") else "application/pdf"
        return Response(self.server.files[name], media_type=kind)

    # What an agent does

    def hide(self, seq: int, again: bool = False) -> None:
        """Hides a message, or shows it again."""

        def act() -> None:
            talk = self.server.talk
            row = talk.messages[seq - 1]
            if again:
                row |= talk.hidden.pop(seq)
            else:
                talk.hidden[seq] = {"kind": row["kind"], "text": row["text"]}
                row |= {"kind": "hidden_message", "text": ""}
            step = "shown" if again else "hidden"
            talk.add("system", step, texts(talk.language)[f"system.{step}"], **{"shows" if again else "hides": seq})
            self.server.publish(talk)

        self.server.do(act)

    def typing(self, name: str) -> None:
        def act() -> None:
            for queue in self.server.talk.sockets:
                queue.put_nowait({"event": "typing", "name": name})

        self.server.do(act)
