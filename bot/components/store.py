"""Where conversations are kept: Rasa's own SQL store, its address taken from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain

DEFAULT_URL = "sqlite:///var/tracker.db"


class TrackerStore(SQLTrackerStore):
    """A SQLite file unless `RASA_TRACKER_URL` names another database, for example a PostgreSQL.

    Rasa's `endpoints.yml` fails on a variable that is not set, and knows no defaults; hence this class.
    """

    def __init__(self, domain: Domain | None = None, event_broker: EventBroker | None = None, **kwargs: Any) -> None:
        """Opens the database, creating the SQLite file's folder where needed."""
        url = os.environ.get("RASA_TRACKER_URL") or DEFAULT_URL
        file = sa.engine.make_url(url).database if url.startswith("sqlite") else None
        if file and file != ":memory:":
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        kwargs.pop("host", None)
        super().__init__(domain=domain, host=url, event_broker=event_broker, **kwargs)
        if file:
            self._keep_open(url)

    def _keep_open(self, url: str) -> None:
        """One connection that stays open: opening and closing the file at every turn costs more than all the rest."""
        self.engine.dispose()
        self.engine = sa.create_engine(url, poolclass=sa.pool.StaticPool, connect_args={"check_same_thread": False})
        sa.event.listen(self.engine, "connect", _quick_and_safe)
        self.sessionmaker = sa.orm.sessionmaker(bind=self.engine)


def _quick_and_safe(connection: Any, _record: object) -> None:
    """One commit per turn must not cost two disk syncs; a write-ahead log survives a killed process all the same."""
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
