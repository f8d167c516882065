"""A shop's own server on 127.0.0.1 that takes events, and says or does what a test wants; and how to verify them."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver:
    """Keeps what comes in. `answers` are the statuses for the next ones, then 200; each may be a function that does
    something with the handler instead."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int | Callable[[BaseHTTPRequestHandler], None]] = []
        self.more: dict[str, str] = {}  # headers of the answers
        self.elsewhere = 0  # requests to another path: somebody followed a redirect

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies that came, read."""
        return [json.loads(body) for _, body in self.got]

    @property
    def ids(self) -> list[str]:
        """The ids that came."""
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def receiving() -> Iterator[tuple[Receiver, str]]:
    """A receiver and the address that it takes events at, until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path != "/hook?shop=1":
                receiver.elsewhere += 1
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            answer = receiver.answers.pop(0) if receiver.answers else 200
            if callable(answer):
                return answer(self)
            self.send_response(answer)
            for name, value in receiver.more.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            return None

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return None  # somebody hung up

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield receiver, f"http://127.0.0.1:{server.server_address[1]}/hook?shop=1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def verified(headers: dict[str, str], body: bytes, secret: str = SECRET) -> bool:
    """Whether the signature is right, worked out anew as the specification says it."""
    key = base64.b64decode(secret[len("whsec_") :])
    signed = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [part.partition(",") for part in headers["webhook-signature"].split(" ")]
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(version == "v1" and hmac.compare_digest(value, wanted) for version, _, value in given)
