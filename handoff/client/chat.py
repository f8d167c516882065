"""The client itself: `Client` is a shop's chat, `Conversation` one conversation in it."""

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, Literal, Self, cast
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from .forms import Message, State
from .refusals import KINDS, Problem, TooMany, Unavailable

TIMEOUT_S = 15.0
UPLOAD_S = 120.0
TRIES = 4  # of a request that failed on the way
FIRST_S, MOST_S = 0.5, 30.0  # pauses between tries and between lines: doubled each time, and never the same
LIVED_S = 10.0  # a line that was open for so long forgets earlier failures
READ_S = 5.0  # between looks where there is no line, but answers
PAGE = 200
BAD_TOKEN, BAD_SITE = 4401, 4403  # codes with which a line is closed
Event = dict[str, Any]



def pause(fails: int, most: float = MOST_S) -> float:
    """Seconds to wait after so many failures, so that not everybody comes back at the same moment."""
    return float(min(most, FIRST_S * 2 ** min(max(0, fails - 1), 20))) * random.uniform(0.5, 1.5)  # noqa: S311


class Client:
    """The shop's chat at an address. With an `http` client of your own, that is used, and left open."""

    def __init__(self, address: str, *, language: str | None = None, http: httpx.AsyncClient | None = None) -> None:
        self.address = address.rstrip("/")
        self._headers = {"Accept-Language": language} if language else {}
        self._http, self._own = http or httpx.AsyncClient(timeout=TIMEOUT_S), http is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        if self._own:
            await self._http.aclose()

    async def start(
        self, *, language: str | None = None, identity_token: str | None = None, key: str | None = None, **about: Any
    ) -> "Conversation":
        """A new conversation. With the same `key` it is the same one for a day; keep it until the answer is there.

        `identity_token`: the shop's word on who she is. `about`: page_url, device, identity (what she says herself).
        """
        body = {"language": language, "identity_token": identity_token} | about
        given = {k: v for k, v in body.items() if v is not None}
        answer = await self.ask("POST", "/conversations", json=given, headers={"Idempotency-Key": key or uuid4().hex})
        return self.resume(answer["id"], answer["token"])

    def resume(self, conversation_id: str, token: str) -> "Conversation":
        """A conversation that was begun before: its id and token are all there is to keep."""
        return Conversation(self, conversation_id, token)

    async def identify(self, identity_token: str, here: "Conversation | None" = None) -> "Conversation | None":
        """Her conversation, on whichever device it was begun; None where she has none.

        `here`: the one of this device, if any. It becomes hers where it is nobody's yet.
        """
        body = {"token": identity_token} | ({"conversation_id": here.id} if here else {})
        headers = {"Authorization": f"Bearer {here.token}"} if here else {}
        answer = await self.ask("POST", "/identity", json=body, headers=headers)
        return self.resume(answer["id"], answer["token"]) if answer["id"] else None

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON that `path` below /api/v1 answers; tried again where it failed on the way. Raises Problem."""
        more["headers"] = self._headers | more.get("headers", {})
        for fails in range(1, TRIES + 1):
            try:
                return await self._once(method, path, **more)
            except (Unavailable, TooMany) as problem:
                wait = max(pause(fails), problem.retry_after or 0)
                if fails == TRIES or wait > MOST_S * 1.5:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _once(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await self._http.request(method, f"{self.address}/api/v1{path}", **more)
            body = answer.json() if answer.content else None
        except (httpx.RequestError, ValueError) as error:  # no answer, or one that is no JSON
            raise Unavailable(0, {"detail": str(error)}) from error
        if answer.is_success:
            return body
        kind = KINDS.get(answer.status_code, Unavailable if answer.status_code >= 500 else Problem)
        asked = answer.headers.get("retry-after", "")
        after = float(asked) if asked.isdigit() else None
        raise kind(answer.status_code, body if isinstance(body, dict) else {}, after)


class Conversation:
    """One conversation. `state` is how it was told last, None before anything was."""

    def __init__(self, client: Client, conversation_id: str, token: str) -> None:
        self.client, self.id, self.token = client, conversation_id, token
        self.state: State | None = None
        self._socket: ClientConnection | None = None

    async def look(self) -> State:
        """Who has the conversation now, and the place in the queue."""
        self.state = cast(State, await self._ask("GET", ""))
        return self.state

    async def messages(self, after: int = 0, limit: int = PAGE) -> list[Message]:
        """The messages after number `after`, in order, at most 200."""
        return cast(list[Message], await self._ask("GET", "/messages", params={"after": after, "limit": limit}))

    async def send(self, text: str | None = None, *, client_id: str | None = None, **more: Any) -> int:
        """Send what the customer says; its number. With the same `client_id` again it is the same message."""
        body = {"client_id": client_id or uuid4().hex} | ({} if text is None else {"text": text}) | more
        return int((await self._ask("POST", "/messages", json=body))["seq"])

    async def choose(self, option: str, *, client_id: str | None = None) -> int:
        """Choose one of a message's `options`, by its key."""
        return await self.send(kind="choice", option=option, client_id=client_id)

    async def none_of_these(self, *, client_id: str | None = None) -> int:
        """Say that none of the options is meant."""
        return await self.send(kind="none_of_these", client_id=client_id)

    async def helped(self, yes: bool, *, client_id: str | None = None) -> int:
        """Say whether the last answer helped."""
        return await self.send(kind="helped", value=yes, client_id=client_id)

    async def leave_queue(self, *, client_id: str | None = None) -> int:
        """Give up the place in the queue and go on with the bot. Conflict where she does not wait."""
        return await self.send(kind="leave_queue", client_id=client_id)

    async def end(self, *, client_id: str | None = None) -> int:
        """End the conversation; what is said later opens it again."""
        return await self.send(kind="end", client_id=client_id)

    async def send_file(
        self, name: str, content: bytes, *, caption: str = "", client_id: str | None = None
    ) -> Message:
        """Send a photo or a PDF of at most 10 MB; the stored message. TooLarge, Invalid."""
        params, data = {"client_id": client_id or uuid4().hex}, {"caption": caption} if caption else {}
        files = {"file": (name, content)}
        return cast(Message, await self._ask("POST", "/files", params=params, files=files, data=data, timeout=UPLOAD_S))

    async def rate(self, *, score: int | None = None, solved: bool | None = None, words: str = "") -> dict[str, Any]:
        """Rate the conversation: 0 to 10, whether it was solved, a few words; again replaces it. What is stored."""
        body = {"score": score, "solved": solved, "words": words}
        return cast(dict[str, Any], await self._ask("POST", "/rating", json=body))

    async def contact(self) -> dict[str, Any]:
        """What one can leave instead of waiting, with the times that can be promised now."""
        return cast(dict[str, Any], await self._ask("GET", "/contact"))

    async def leave_contact(
        self,
        kind: Literal["answer", "call"],
        *,
        email: str | None = None,
        phone: str | None = None,
        from_at: str | None = None,
        client_id: str | None = None,
    ) -> dict[str, Any] | None:
        """Leave an address or a number, and the queue; the promise. `from_at` is one of the times of `contact`."""
        body = {"client_id": client_id or uuid4().hex, "kind": kind, "email": email, "phone": phone, "from_at": from_at}
        return cast(dict[str, Any] | None, (await self._ask("POST", "/contact", json=body))["promise"])

    async def seen(self, seq: int) -> None:
        """Tell that the customer has had everything up to row `seq` in view: while the chat is on the screen."""
        await self._ask("POST", "/seen", json={"seq": seq})

    async def typing(self) -> None:
        """Tell the agent that the customer types, every 3 seconds at most; nothing while `listen` has no line."""
        if self._socket:
            with suppress(ConnectionClosed):
                await self._socket.send(json.dumps({"typing": True}))

    async def listen(
        self, after: int = 0, told: Callable[[Event], None] | None = None
    ) -> AsyncGenerator[Message, None]:
        """Each message after number `after`, once and in order, until the caller stops; with no line it reads on.

        `told` is called with each event: the state where it changed, and that the agent types. NotFound and
        Unauthorized end it: there is no such conversation for this token.
        """
        last, fails, deaf = after, 0, False
        while True:
            began, most = time.monotonic(), READ_S
            try:
                async with aclosing(self._read(last) if deaf else self._line(last, told)) as rows:
                    async for row in rows:
                        last = row["seq"]
                        yield row
            except (Unavailable, TooMany) as problem:
                most = max(MOST_S, problem.retry_after or 0)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 0
                deaf = code == BAD_SITE
                if code == BAD_TOKEN:
                    await self.look()  # which says what is the matter
            except (OSError, WebSocketException, TimeoutError):
                pass
            fails = 1 if time.monotonic() - began > LIVED_S else fails + 1
            await asyncio.sleep(pause(fails, most))

    async def _line(self, last: int, told: Callable[[Event], None] | None) -> AsyncGenerator[Message, None]:
        """Messages as the live line says that there are any, until it ends. First it is open, then it is read."""
        async for row in self._read(last):  # also where no line can be had
            last = row["seq"]
            yield row
        address = f"ws{self.client.address.removeprefix('http')}/api/v1/conversations/{self.id}/live"
        async with connect(address, open_timeout=TIMEOUT_S) as socket:
            await socket.send(json.dumps({"token": self.token, "after": last}))
            self._socket = socket
            try:
                while True:
                    event = json.loads(await socket.recv())
                    self._take(event, told)
                    if event.get("last_seq", 0) > last:
                        async for row in self._read(last):
                            last = row["seq"]
                            yield row
            finally:
                self._socket = None

    def _take(self, event: Event, told: Callable[[Event], None] | None) -> None:
        if "last_seq" in event:
            self.state = cast(State, {k: v for k, v in event.items() if k != "event"})
        if told:
            told(event)

    async def _read(self, last: int) -> AsyncGenerator[Message, None]:
        """All messages after number `last`."""
        while rows := await self.messages(last):
            for row in rows:
                yield row
            last = rows[-1]["seq"]
            if len(rows) < PAGE:
                return

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.client.ask(method, f"/conversations/{self.id}{path}", headers=headers, **more)
