"""An SMTP server as the settings name it, and giving it one mail. Pure of the database; `Line.deliver` blocks."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

PORTS = {"starttls": 587, "tls": 465, "none": 25}
STEP_S = 10.0  # seconds for connecting, and for each answer of the server
LOCAL, DOMAIN = 64, 255  # characters before and after the @
ATOM = r"[^\s@<>()\[\],;:\\\".\x00-\x20\x7f]+"
ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@{ATOM}(?:\.{ATOM})*")


@dataclass(frozen=True)
class Server:
    """Where mails are handed in: `tls` is `starttls`, `tls` (from the first byte) or `none`."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)


class NotSent(Exception):
    """A mail that the server did not take. `for_good`: it never will; `server`: no other mail would do better now;
    `unsure`: it was handed in and nobody heard what became of it."""

    def __init__(self, why: str, *, for_good: bool = False, server: bool = False, unsure: bool = False) -> None:
        super().__init__(why)
        self.for_good, self.server, self.unsure = for_good, server, unsure


def parsed(url: str) -> Server:
    """The server of `smtp://user:pass@host:587?tls=starttls`. ValueError, without the password, for anything else."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    tls = query.pop("tls", ["starttls"])[-1]
    if parts.scheme != "smtp" or not parts.hostname or parts.path.strip("/") or query or parts.fragment:
        raise ValueError("it must look like smtp://user:pass@host:587?tls=starttls, other signs in the password as %XX")
    if tls not in PORTS:
        raise ValueError(f"tls must be one of {', '.join(PORTS)}")
    try:
        port = parts.port or PORTS[tls]
    except ValueError:
        raise ValueError("the port must be a number up to 65535") from None
    return Server(parts.hostname, port, tls, unquote(parts.username or ""), unquote(parts.password or ""))


def mailbox(text: str) -> Address:
    """`name@host` or `Name <name@host>` as an address. ValueError where it is none."""
    text = text.strip()
    name, found = parseaddr(text) if "<" in text else ("", text)
    local, _, domain = found.rpartition("@")
    fits = len(local) <= LOCAL and len(domain) <= DOMAIN and found.isprintable() and name.isprintable()
    if not fits or not ADDRESS.fullmatch(found):
        raise ValueError("it is not an e-mail address")
    return Address(display_name=name, username=local, domain=domain)


class Line:
    """One mail's way to the server. `deliver` runs in a thread; `hang_up`, from elsewhere, makes it fail soon."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None
        self._hung_up = False

    def deliver(self, message: EmailMessage, before: Callable[[], None] = lambda: None) -> None:
        """Give the mail to the server. Returns when the server has taken it, else NotSent.

        `before` is called once the server answers, before it gets anything of the mail; what it raises ends it.
        """
        smtp = self._smtp = self._made()
        try:
            self._greet(smtp)
            before()
            _hand_in(smtp, message)
            with suppress(OSError):
                smtp.putcmd("quit")  # its answer is not waited for: the mail is the server's now
        finally:
            smtp.close()

    def hang_up(self) -> None:
        """End whatever `deliver` waits for; nothing happens when it has ended."""
        self._hung_up = True
        sock = self._smtp.sock if self._smtp else None
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # past TLS, which another thread is using

    def _made(self) -> smtplib.SMTP:
        if self._server.tls == "tls":
            return smtplib.SMTP_SSL(timeout=STEP_S, context=ssl.create_default_context())
        return smtplib.SMTP(timeout=STEP_S)

    def _greet(self, smtp: smtplib.SMTP) -> None:
        """Connect, encrypt, sign in. What goes wrong here is the server's or the settings', not the mail's."""
        server = self._server
        # TLS checks the certificate against this name, which only a constructor that connects would set.
        smtp._host = server.host  # type: ignore[attr-defined]
        try:
            code, said = smtp.connect(server.host, server.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, said)
            if server.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            smtp.ehlo_or_helo_if_needed()
            if self._hung_up:
                raise ConnectionAbortedError("stopped")
        except (OSError, ValueError) as error:
            raise NotSent(_words(error), server=True) from error


def _hand_in(smtp: smtplib.SMTP, message: EmailMessage) -> None:
    sender, to = (message[name].addresses[0].addr_spec for name in ("From", "To"))
    wide = not (sender + to).isascii()
    # Not `send_message`: that puts a ">" before every line that begins with "From ".
    content = message.as_bytes(policy=SMTPUTF8 if wide else SMTP)
    try:
        smtp.sendmail(sender, [to], content, ("SMTPUTF8", "BODY=8BITMIME") if wide else ())
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise NotSent(_words(smtplib.SMTPResponseException(code, said)), for_good=code >= 500) from error
    except smtplib.SMTPDataError as error:
        raise NotSent(_words(error), for_good=error.smtp_code >= 500) from error
    except (smtplib.SMTPNotSupportedError, UnicodeError) as error:  # an address with letters it cannot take
        raise NotSent(_words(error), for_good=True) from error
    except (OSError, ValueError) as error:  # a refused sender too: the settings can be mended, the mail need not be
        raise NotSent(_words(error), unsure=not isinstance(error, smtplib.SMTPResponseException)) from error


def _words(error: Exception) -> str:
    """What went wrong in one line, as the server said it where it said something."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return " ".join(f"{error.smtp_code} {said}".split())
    return " ".join(str(error).split()) or type(error).__name__
