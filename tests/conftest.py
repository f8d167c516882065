"""Real parts for every test: both databases, the real encoder, a knowledge base; a bot that can be made to fail."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel

import handoff.desk_models
import handoff.editor_models
import handoff.models  # noqa: F401 - their tables are emptied between tests
from handoff.db import make_engine, migrate, writing

from . import quick

quick.keep()
ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the built embedding model is kept between runs."""
    return Path(os.environ.get("RECHTDOOR_CACHE", ROOT / ".cache"))


@contextmanager
def _admin() -> Iterator[Connection]:
    """A connection that may create and drop databases; skips where no server answers."""
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            yield connection
    except OperationalError:
        pytest.skip("PostgreSQL does not answer on 127.0.0.1:5432")
    finally:
        admin.dispose()


@contextmanager
def _postgres_database(template: str = "template0") -> Iterator[str]:
    """The name of a new PostgreSQL database made from `template`, dropped afterwards."""
    name = f"rechtdoor_{uuid.uuid4().hex[:12]}"
    with _admin() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield name
    finally:
        with _admin() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _postgres_url(name: str) -> str:
    return f"{POSTGRES.rsplit('/', 1)[0]}/{name}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("db") / "migrated.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy."""
    with _postgres_database() as name:
        migrate(_postgres_url(name))
        yield name


@pytest.fixture(scope="session")
def shared_postgres(migrated_postgres: str) -> Iterator[str]:
    """The name of a database that the tests use one after the other: making one for each takes half of their time."""
    with _postgres_database(migrated_postgres) as name:
        with _admin() as connection:  # the tests need no row to outlive a loss of power
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        yield name


def _empty(url: str) -> None:
    """Take all rows out of the database at `url`, and end what an earlier test left connected.

    DELETE takes 3 ms for tables that hold next to nothing, TRUNCATE 200: it makes new files for each of them.
    """
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    deletes = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(SQLModel.metadata.sorted_tables))  # noqa: S608
    restart = "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value > 0"
    with engine.connect() as connection:
        connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
        connection.execute(text(f"BEGIN; {deletes}; COMMIT"))
        connection.execute(text(restart))
    engine.dispose()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database: SQLite, and PostgreSQL where it answers."""
    if request.param == "sqlite":
        file = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        yield f"sqlite:///{file}"
        return
    url = _postgres_url(request.getfixturevalue("shared_postgres"))
    _empty(url)
    yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One writing transaction, committed when the test ends well."""
    with writing(engine) as session:
        yield session
