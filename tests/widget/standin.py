"""A small stand-in for the server, for the widget's tests: the same contract, and faults on request."""

import asyncio
import json
import random
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from .besides import Besides
from .endings import Endings
from .script import OPTIONS, ROOT, Conversation, Row, answer, texts

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Faults:
    """What goes wrong: set by a test, read by the server."""

    def __init__(self) -> None:
        self.lost_frames = 0.0  # the share of live frames that never arrives
        self.doubled_frames = 0.0
        self.silent = False  # sockets stay open and say nothing
        self.no_sockets = False
        self.answers: list[int | str] = []  # for the next POSTs of a message: a status, or "lost" after storing
        self.offers: list[int] = []  # for the next looks at what can be left: a status
        self.late = 0.0  # seconds before a POST is answered
        self.random = random.Random(7)


class StandIn:
    """The server's state outlives its process, as it would in a database: stop() and start() are a restart."""

    def __init__(self) -> None:
        self.renew()
        self.port = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.server: uvicorn.Server | None = None
        self.thread: threading.Thread | None = None

    def renew(self) -> None:
        self.faults = Faults()
        self.talks: dict[str, Conversation] = {}
        self.keys: dict[str, str] = {}
        self.posts: list[Row] = []
        self.frames: list[Row] = []  # what came over sockets, beside pings
        self.files: dict[str, bytes] = {}
        self.asked: list[str | None] = []  # with which conversation a device came to say who she is
        self.mails = True
        self.besides = Besides(self)
        self.endings = Endings(self)

    # Running it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return bool(self.thread and self.thread.is_alive())

    def start(self) -> None:
        config = uvicorn.Config(
            self.app(), port=self.port, log_level="critical", ws="websockets-sansio", lifespan="off",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        ready = threading.Event()

        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            task = asyncio.ensure_future(self.server.serve())
            while not self.server.started and not task.done():
                await asyncio.sleep(0.01)
            if self.server.servers:
                self.port = self.server.servers[0].sockets[0].getsockname()[1]
            ready.set()
            await task

        self.thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self.thread.start()
        assert ready.wait(10)
        assert self.server.started

    def stop(self) -> None:
        assert self.server
        assert self.thread
        self.server.force_exit = self.server.should_exit = True
        self.thread.join(10)
        for talk in self.talks.values():
            talk.sockets.clear()

    def do(self, act: Callable[[], Any]) -> Any:
        """Runs in the server's own thread, and waits for it."""
        assert self.loop

        async def run() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    # What a test does on the other side

    @property
    def talk(self) -> Conversation:
        (only,) = self.talks.values()
        return only

    def publish(self, talk: Conversation) -> None:
        for queue in talk.sockets:
            chance = self.faults.random.random()
            if chance < self.faults.lost_frames:
                continue
            for _ in range(2 if chance > 1 - self.faults.doubled_frames else 1):
                queue.put_nowait({"event": "changed", **talk.state()})

    def change(self, **state: Any) -> None:
        def act() -> None:
            for name, value in state.items():
                setattr(self.talk, name, value)
            self.publish(self.talk)

        self.do(act)

    def say(self, author: str, text: str, kind: str = "text", **more: Any) -> None:
        def act() -> None:
            self.talk.add(author, kind, text, **more)
            self.publish(self.talk)

        self.do(act)

    def claim(self, name: str = "Lisa") -> None:
        def act() -> None:
            self.talk.owner, self.talk.agent_name, self.talk.queue = "agent", name, None
            self.talk.add("system", "assigned", texts(self.talk.language)["system.assigned"].format(name=name))
            self.publish(self.talk)

        self.do(act)

    def said(self) -> list[str]:
        return [m["text"] for m in self.talk.messages if m["author"] == "customer"]

    # The contract

    def problem(self, status: int, key: str, language: str = "nl") -> Response:
        detail = texts(language)[f"error.{key}"].replace("{limit}", "4.000")
        body = {"type": "about:blank", "title": key, "status": status, "detail": detail}
        return JSONResponse(body, status, media_type="application/problem+json")

    def find(self, request: Request) -> Conversation | None:
        talk = self.talks.get(request.path_params["id"])
        return talk if talk and request.headers.get("Authorization") == f"Bearer {talk.token}" else None

    async def begin(self, request: Request) -> Response:
        key = request.headers["Idempotency-Key"]
        body = await request.json()
        language, whose = body["language"], self.endings.named(body.get("identity_token"))
        if whose == "":
            return self.problem(401, "identity_bad", language)
        if key not in self.keys:
            talk = Conversation(len(self.keys) + 1, language)
            talk.whose, talk.mails = whose, self.mails
            self.keys[key], self.talks[talk.id] = talk.id, talk
        talk = self.talks[self.keys[key]]
        if self.faults.answers and self.faults.answers[0] == "lost conversation":
            self.faults.answers.pop(0)
            return Response(status_code=502)
        return JSONResponse({"id": talk.id, "token": talk.token, "language": language}, 201)

    async def post(self, request: Request) -> Response:
        body = await request.json()
        self.posts.append(body)
        await asyncio.sleep(self.faults.late)
        fault = self.faults.answers.pop(0) if self.faults.answers else None
        if isinstance(fault, int):
            keys = {422: "invalid", 404: "not_found", 409: "conflict"}
            return self.problem(fault, keys.get(fault, "server"))
        if not (talk := self.find(request)):
            return self.problem(404, "not_found")
        if len(body.get("text") or "") > 4000:
            return self.problem(422, "too_long")
        if body["client_id"] not in talk.by_client:
            self.store(talk, body)
        if fault == "lost":
            return Response(status_code=502)
        return JSONResponse({"seq": talk.by_client[body["client_id"]]}, 202)

    def store(self, talk: Conversation, body: Row) -> None:
        words, kind = texts(talk.language), body.get("kind", "text")
        named = {
            "none_of_these": "bot.none_of_these",
            "leave_queue": "customer.left_queue",
            "end": "customer.ended",
            "helped": f"customer.helped_{'yes' if body.get('value') else 'no'}",
        }
        text = words[named[kind]] if kind in named else body.get("text")
        if kind == "choice":
            text = next(o["question"] for o in OPTIONS if o["key"] == body["option"])
        if talk.owner == "closed":
            talk.owner = "bot"
            talk.add("system", "reopened", words["system.reopened"])
        talk.by_client[body["client_id"]] = talk.add("customer", kind, text, client_id=body["client_id"])
        answer(talk, body)
        self.publish(talk)

    async def read(self, request: Request) -> Response:
        if not (talk := self.find(request)):
            return self.problem(404, "not_found")
        after, limit = int(request.query_params["after"]), int(request.query_params["limit"])
        return JSONResponse(talk.messages[after : after + min(limit, 200)])

    async def show(self, request: Request) -> Response:
        if not (talk := self.find(request)):
            return self.problem(404, "not_found")
        return JSONResponse({"id": talk.id, "language": talk.language, **talk.state()})

    async def live(self, socket: WebSocket) -> None:
        await socket.accept()
        if self.faults.no_sockets:
            return await socket.close(4403)
        talk = self.talks.get(socket.path_params["id"])
        frame = await socket.receive_json()
        if not talk or frame["token"] != talk.token:
            return await socket.close(4401)
        queue: asyncio.Queue[Row] = asyncio.Queue()
        talk.sockets.add(queue)
        queue.put_nowait({"event": "ready"})
        speaker = asyncio.create_task(self.speak(socket, queue))
        try:
            while True:
                frame = json.loads(await socket.receive_text())
                if "ping" in frame:
                    queue.put_nowait({"event": "pong", **talk.state()})
                else:
                    self.frames.append(frame)
        except WebSocketDisconnect:
            pass
        finally:
            talk.sockets.discard(queue)
            speaker.cancel()

    async def speak(self, socket: WebSocket, queue: asyncio.Queue[Row]) -> None:
        while True:
            frame = await queue.get()
            if not self.faults.silent:
                await socket.send_json(frame)

    async def words(self, request: Request) -> Response:
        language = request.query_params["language"]
        if language not in ("nl", "en", "ar"):
            return self.problem(422, "invalid")
        found = {k: v for k, v in texts("nl" if language == "nl" else "en").items() if k.startswith("widget.")}
        way = "rtl" if language == "ar" else "ltr"
        return JSONResponse({"language": language, "dir": way, "languages": ["nl", "en", "ar"], "texts": found})

    async def page(self, request: Request) -> Response:
        data = "".join(f' data-{name}="{value}"' for name, value in request.query_params.items())
        html = f"""<!doctype html><html lang="{request.query_params.get("language", "nl")}"><head>
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Winkel</title></head>
<body><main><h1>Winkel</h1><a href="/elders">Elders</a>
<button data-rechtdoor-ask="Hoe lang duurt het?">Vraag</button></main>
<script src="/widget.js"{data} async></script></body></html>"""
        return HTMLResponse(html, headers={"Content-Security-Policy": CSP})

    async def template(self, request: Request) -> Response:
        language = request.query_params.get("language", "nl")
        jinja = Environment(loader=FileSystemLoader(ROOT / "handoff/templates"), autoescape=True)
        name = "chat.html" if request.url.path == "/chat" else "shop.html"
        html = jinja.get_template(name).render(
            language=language,
            direction="ltr",
            others=[("en", "English") if language == "nl" else ("nl", "Nederlands")],
            texts=texts(language),
            accent="#0f6b5c",
            shop_name="Lantaarn",
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": CSP})

    async def static(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        kind = {"css": "text/css", "svg": "image/svg+xml"}.get(name[-3:], "text/javascript")
        return Response((ROOT / "handoff/static" / name).read_bytes(), media_type=kind)

    async def theme(self, request: Request) -> Response:
        css = ":root { --accent: #0f6b5c; --on-accent: #fff; --shop: #0f6b5c; }"
        css += "@media (prefers-color-scheme: dark) { :root { --accent: #2fa892; --on-accent: #111; } }"
        return Response(css, media_type="text/css")

    async def nothing(self, request: Request) -> Response:
        return Response(status_code=204)

    def app(self) -> Starlette:
        api = "/api/v1/conversations"
        return Starlette(
            routes=[
                Route(api, self.begin, methods=["POST"]),
                Route(api + "/{id}", self.show),
                Route(api + "/{id}/messages", self.post, methods=["POST"]),
                Route(api + "/{id}/messages", self.read),
                *self.besides.routes(api),
                *self.endings.routes(api),
                WebSocketRoute(api + "/{id}/live", self.live),
                Route("/api/v1/texts", self.words),
                Route("/widget.js", self.static),
                Route("/static/{name}", self.static),
                Route("/shop", self.template),
                Route("/chat", self.template),
                Route("/theme.css", self.theme),
                Route("/favicon.ico", self.nothing),
                Route("/", self.page),
                Route("/elders", self.page),
            ]
        )
