"""How long a new question takes to be placed beside many, stored and all: for `bench.grouping` and a test."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, insert, text
from sqlmodel import Session, SQLModel
from threadpoolctl import threadpool_limits

from bench.bars import Row
from bench.large import clusters
from handoff.db import make_engine, reading, writing
from kb.backlog import Prepared, record
from kb.grouping import Floats
from kb.known import warm
from kb.models import Question, QuestionGroup, now

MANY = 100_000
SIZE = 4  # questions of a group: fewer make more groups, and more work
PLACE_MS = 20.0
SPREAD = 0.105  # of the default encoder
_AT_ONCE = 5000


def placing(count: int = MANY, asked: int = 200) -> list[Row]:
    """`placing_on` an empty SQLite database, set up as the app sets up its own."""
    with tempfile.TemporaryDirectory(prefix="rechtdoor-backlog-") as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'kb.sqlite'}")
        SQLModel.metadata.create_all(engine)
        rows = placing_on(engine, count, asked)
        engine.dispose()
    return rows


def placing_on(engine: Engine, count: int = MANY, asked: int = 200) -> list[Row]:
    """The times beside `count` questions in groups of SIZE, vectors made up; the last one has a bar."""
    vectors = clusters(count, SIZE)
    fill(engine, vectors)
    threadpool_limits(1, "blas")  # as in the app, see `kb.base.Base`
    started = time.perf_counter()
    with reading(engine) as session:
        warm(session, vectors.shape[1])
    warming = time.perf_counter() - started
    new = near(vectors, asked)
    used = time.process_time()
    times = [place(engine, vector, number) for number, vector in enumerate(new)]
    used = time.process_time() - used
    what = f"a question beside {count:,}"
    return [
        Row(f"{what}: all read into memory, once, beside the start", warming, "s"),
        Row(f"{what}: placed and stored, processor time of it", 1000 * used / len(times), "ms"),
        Row(f"{what}: placed and stored, half within", float(np.percentile(times, 50)), "ms"),
        Row(f"{what}: placed and stored, 95 % within, ms", float(np.percentile(times, 95)), "ms", PLACE_MS),
    ]


def fill(engine: Engine, vectors: Floats) -> None:
    """Store questions with these vectors, every SIZE of them an open group."""
    at, packed = now(), vectors.astype(np.float16)
    moment = {"first_at": at, "last_at": at}
    with writing(engine) as session:
        ids = range(1, -(-len(vectors) // SIZE) + 1)
        for some in _parts(len(ids)):
            rows = [
                {"id": ids[i], "title": f"vraag {i}", "language": "nl", "count": SIZE, "centroid": b"", **moment}
                for i in some
            ]
            session.execute(insert(QuestionGroup), rows)
        for some in _parts(len(vectors)):
            session.execute(insert(Question), [_question(i, packed[i].tobytes()) | {"at": at} for i in some])
        session.execute(text("ANALYZE"))  # as a database that grew to this by and by has done


def _parts(count: int) -> Iterator[range]:
    return (range(start, min(start + _AT_ONCE, count)) for start in range(0, count, _AT_ONCE))


def _question(number: int, vector: bytes) -> dict[str, object]:
    return {
        "conversation_id": f"c{number}",
        "seq": 1,
        "text": f"vraag {number}",
        "language": "nl",
        "reason": "unknown",
        "evidence": {},
        "vector": vector,
        "group_id": number // SIZE + 1,
    }


def near(vectors: Floats, count: int) -> Floats:
    """New vectors, each near one of `vectors`."""
    draw = np.random.default_rng(3)
    chosen = vectors[draw.choice(len(vectors), count)]
    moved = chosen + 0.03 * draw.standard_normal(chosen.shape, np.float32)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def place(engine: Engine, vector: Floats, number: int) -> float:
    """The milliseconds that one question takes, in a transaction of its own."""
    prepared = Prepared(f"nieuwe vraag {number}", "nl", vector, SPREAD)
    started = time.perf_counter()
    with writing(engine) as session:
        _record(session, prepared, number)
    return 1000 * (time.perf_counter() - started)


def _record(session: Session, prepared: Prepared, number: int) -> Question:
    return record(
        session,
        prepared,
        conversation_id=f"new{number}",
        seq=1,
        language="nl",
        reason="unknown",
        evidence={},
        at=now(),
    )
