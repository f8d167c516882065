"""Alembic's entry: takes the address from the caller, or from the settings on the command line."""

from alembic import context
from sqlmodel import SQLModel

import handoff.desk_models
import handoff.editor_models
import handoff.models  # noqa: F401 - its tables
import kb.models  # noqa: F401 - its tables
from handoff.db import make_engine
from handoff.settings import Settings

url = context.config.attributes.get("url") or Settings().database_url
engine = make_engine(url)
with engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        # SQLite drops a column by making the table anew, and dropping the old one would take what refers to it along.
        # The setting is ignored within a transaction, so it goes past SQLAlchemy, which begins one.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
