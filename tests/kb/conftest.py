"""Real parts for the knowledge base's tests: the encoder once, a database for each test on SQLite and PostgreSQL."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlmodel import Session, SQLModel

import kb.models  # noqa: F401
from kb.base import Base
from kb.encoder import Encoder, load_encoder
from kb.exchange import import_entries, read_entries

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


def cache() -> Path:
    """Where models are built and kept between runs."""
    return Path(os.environ.get("RECHTDOOR_CACHE", ROOT / ".cache"))


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The default encoder, built on first use."""
    return load_encoder("default", cache())


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Engine]:
    schema = f"kb_{uuid.uuid4().hex[:12]}"
    admin = create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    try:
        with admin.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except Exception as error:
        admin.dispose()
        pytest.skip(f"no PostgreSQL at {POSTGRES.rpartition('@')[2]}: {type(error).__name__}")
    engine = create_engine(POSTGRES, connect_args={"options": f"-csearch_path={schema}"})
    yield engine
    engine.dispose()
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


def sqlite_engine(path: Path) -> Engine:
    """A SQLite database set up as the app sets up its own."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _pragmas(connection: object, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
        connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[attr-defined]

    return engine


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "postgres":
        found = request.getfixturevalue("_postgres")
        SQLModel.metadata.drop_all(found)
    else:
        found = sqlite_engine(tmp_path / "kb.sqlite")
    SQLModel.metadata.create_all(found)
    yield found
    if request.param == "sqlite":
        found.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on `engine`."""
    with Session(engine) as opened:
        yield opened


@pytest.fixture(scope="session")
def demo_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The demo shop's FAQ in a database. Read only: nothing of it is to be committed."""
    found = sqlite_engine(tmp_path_factory.mktemp("demo") / "kb.sqlite")
    SQLModel.metadata.create_all(found)
    with Session(found) as filling:
        for file in sorted((ROOT / "data" / "faq").glob("*.yml")):
            import_entries(filling, read_entries(file), "tests")
        filling.commit()
    yield found
    found.dispose()


@pytest.fixture(scope="session")
def demo(encoder: Encoder, demo_engine: Engine) -> Base:
    """The demo shop's FAQ, open. Never refreshed."""
    with Session(demo_engine) as reading:
        return Base.open(encoder, reading, memory=cache())


@pytest.fixture(scope="session")
def empty(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """A base without entries."""
    engine = sqlite_engine(tmp_path_factory.mktemp("empty") / "kb.sqlite")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as reading:
        yield Base.open(encoder, reading, memory=cache())
    engine.dispose()
