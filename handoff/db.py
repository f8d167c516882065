"""The database: engines, transactions, migrations. SQLite (WAL) or PostgreSQL, the same code on both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event
from sqlalchemy import create_engine as sa_create_engine
from sqlalchemy.engine import make_url
from sqlmodel import Session

from handoff.settings import ROOT


def make_engine(url: str) -> Engine:
    """An engine for `url`; for SQLite the folder is made and WAL is on.

    SQLite's driver would begin transactions lazily, so that two writers can both read before either writes;
    here every transaction begins at once, and a writing one takes the write lock with it.
    """
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        return sa_create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa_create_engine(url, pool_size=20, max_overflow=20, connect_args={"timeout": 20})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back when anything is raised."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One transaction that only reads: it never waits for writers on SQLite, and is never committed."""
    with Session(engine.execution_options(writes=False), expire_on_commit=False) as session:
        yield session


def alembic_config(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema."""
    make_engine(url).dispose()  # makes the folder of a SQLite file
    command.upgrade(alembic_config(url), "head")
