"""Which ports the two processes listen on, and what to say when somebody else has them."""

import errno
import socket
from collections.abc import Callable
from urllib.error import URLError
from urllib.request import urlopen

from handoff.settings import Settings
from handoff.steps import Failure


def answers(address: str, timeout_s: float = 2.0) -> bool:
    """Whether something answers 200 there."""
    try:
        with urlopen(address, timeout=timeout_s) as answer:  # noqa: S310 (our own http addresses)
            return bool(answer.status == 200)
    except (URLError, OSError, ValueError):
        return False


def check(host: str, port: int, setting: str) -> None:
    """Failure, naming the setting, when nobody may listen there."""
    problem = port_problem(host, port)
    if problem == errno.EADDRINUSE:
        raise Failure(
            f"Port {port} on {host} is taken by another program. Stop that program, or choose another port "
            f"with the setting {setting}, for example: {setting}={port % 65535 + 1} make run",
            code=2,
        )
    if problem == errno.EACCES:
        raise Failure(f"Port {port} may not be used by this user. Set {setting} to one above 1023.", code=2)
    if problem:
        raise Failure(f"This machine has no address “{host}” to listen on. Correct the setting HOST.", code=2)


def port_problem(host: str, port: int) -> int:
    """0 when a server could listen there, else the error number."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (socket.gaierror, UnicodeError):
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return 0


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bot_port(settings: Settings, say: Callable[[str], None]) -> int:
    """The bot's port: the one that was set, or any free one when the default is taken."""
    wanted = settings.bot_port
    if settings.bot_url:
        return wanted
    if "bot_port" in settings.model_fields_set or wanted == settings.port:
        check("127.0.0.1", wanted, "BOT_PORT")
    elif port_problem("127.0.0.1", wanted):
        free = free_port()
        say(f"Port {wanted} is taken by another program; the bot uses {free}.")
        return free
    return wanted
