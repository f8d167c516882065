"""Ports: a taken one is named with its setting; the bot finds another by itself unless one was set."""

import socket
from collections.abc import Iterator

import pytest

from handoff import ports
from handoff.settings import Settings
from handoff.steps import Failure


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_free_port_is_no_problem() -> None:
    assert ports.port_problem("127.0.0.1", ports.free_port()) == 0


def test_a_taken_port_is_told_with_its_setting_and_a_way_out(taken: int) -> None:
    with pytest.raises(Failure, match=rf"Port {taken} on 127.0.0.1 is taken.*PORT={taken + 1} make run") as failure:
        ports.check("127.0.0.1", taken, "PORT")
    assert failure.value.code == 2


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "not an address", "a" * 300])
def test_an_address_this_machine_does_not_have_is_told(host: str) -> None:
    with pytest.raises(Failure, match="Correct the setting HOST"):
        ports.check(host, 8000, "PORT")


def test_the_bot_takes_another_port_when_its_default_is_taken(taken: int) -> None:
    said: list[str] = []
    settings = Settings(_env_file=None)
    settings.__dict__["bot_port"] = taken  # as a default would be: not among the fields that were set
    chosen = ports.bot_port(settings, said.append)
    assert chosen != taken
    assert ports.port_problem("127.0.0.1", chosen) == 0
    assert f"{taken} is taken" in said[0]
    assert str(chosen) in said[0]


def test_a_bot_port_that_was_set_is_not_replaced(taken: int) -> None:
    with pytest.raises(Failure, match="setting BOT_PORT"):
        ports.bot_port(Settings(_env_file=None, bot_port=taken), lambda line: None)


def test_a_bot_run_elsewhere_needs_no_port_here(taken: int) -> None:
    settings = Settings(_env_file=None, bot_url="http://rasa.example", bot_port=taken)
    assert ports.bot_port(settings, lambda line: None) == taken


def test_nothing_answers_at_a_closed_port_or_a_wrong_address() -> None:
    assert not ports.answers(f"http://127.0.0.1:{ports.free_port()}/")
    assert not ports.answers("no address")
