"""Real SMTP servers on 127.0.0.1: one that takes mails, and says or does what a test wants; and one that misbehaves."""

import asyncio
import email
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Taking:
    """Keeps what comes in. `refuses` has answers by address, or for `mail` and `data`; it thinks for `slow_s`."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.to: list[str] = []
        self.encrypted: list[bool] = []
        self.refuses: dict[str, str] = {}
        self.slow_s = 0.0

    async def handle_MAIL(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: Any) -> str:
        if "mail" in self.refuses:
            return self.refuses["mail"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: Any) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.slow_s)
        if "data" in self.refuses:
            return self.refuses["data"]
        content = cast(bytes, envelope.content)
        self.taken.append(cast(EmailMessage, email.message_from_bytes(content, policy=default)))
        self.to += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        return "250 Taken"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def open_office(port: int = 0, **options: Any) -> Iterator[tuple[Taking, int]]:
    """A server that takes mails until the block ends, and its port. `options` are aiosmtpd's."""
    taking = Taking()
    controller = Controller(taking, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield taking, controller.port
    finally:
        controller.stop()


@contextmanager
def closed_counter(greeting: bytes) -> Iterator[int]:
    """The port of a server that says `greeting` to everybody and then nothing more."""
    listening = socket.create_server(("127.0.0.1", 0))
    guests: list[socket.socket] = []

    def greet() -> None:
        while True:
            try:
                guest, _ = listening.accept()
            except OSError:
                return
            guests.append(guest)
            if greeting:
                guest.sendall(greeting)

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for guest in guests:
            guest.close()
        thread.join(5)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody vouches for, and a server's context with it."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


def lets_in(user: str, password: str) -> Any:
    """An aiosmtpd authenticator that knows one person."""

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        known = isinstance(given, LoginPassword) and given == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=known, handled=known)

    return check
