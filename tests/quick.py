"""What every test would do anew, done once for all of them."""

import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

import certifi
import sqlalchemy.util
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

import handoff.db

_COMPILED: Any = sqlalchemy.util.LRUCache(5000)
_create_engine = handoff.db.sa_create_engine


def keep() -> None:
    """Read the list of certificate authorities once, and let all engines share the statements they compiled."""
    ssl.create_default_context = _reading_once(ssl.create_default_context)
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        # A statement is known by its dialect, which is a new one for each engine.
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign,assignment]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign,assignment]
    handoff.db.sa_create_engine = _sharing  # type: ignore[assignment]


def _reading_once(create: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
    """`create`, with one context for httpx's own list. Who trusts what this machine does must see it change."""
    usual = cache(lambda: create(cafile=certifi.where()))

    def context(*args: Any, **more: Any) -> ssl.SSLContext:
        return usual() if not args and more == {"cafile": certifi.where()} else create(*args, **more)

    return context


def _sharing(*args: Any, **more: Any) -> Engine:
    engine = _create_engine(*args, **more)
    engine._compiled_cache = _COMPILED
    return engine
