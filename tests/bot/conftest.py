"""One real Rasa for all tests of the bot."""

from collections.abc import Iterator

import pytest

from .server import Bot, start_bot


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A running Rasa, started once; every test uses a sender of its own."""
    with start_bot(tmp_path_factory.mktemp("rasa")) as running:
        yield running
