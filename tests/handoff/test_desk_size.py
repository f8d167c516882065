"""The desk at 1,000 waiting conversations: what it costs does not grow with the queue, and is not paid for nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from handoff import conversations, line, queue
from handoff.auth import add_user
from handoff.db import writing
from handoff.models import Conversation, Person
from handoff.web import desk_view
from handoff.web.desk_view import queue_view, work_view
from kb.encoder import Encoder
from kb.models import now

from .app import running_app, signed_in
from .conftest import ScriptedBot

TOPICS = ("gift-cards", "returns", None)
LIST_S = 0.25  # of processor time; measured about 0.02, so that a slow machine does not fail it


def wait(session: Session, number: int) -> str:
    made, _ = conversations.start(session, language="en" if number % 7 == 0 else "nl")
    conversation = conversations.locked(session, made.id)
    conversations.add(session, conversation, "customer", "text", f"vraag {number}")
    at = now() - timedelta(seconds=number)
    more = {"topic": TOPICS[number % 3], "question": f"vraag {number}", "reason": "unknown"}
    conversations.change_owner(
        session, conversation, "queue", frm="bot", queued_at=at, line_at=line.place_of(at), **more
    )
    return made.id


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def noor(session: Session) -> Person:
    for number in range(5):
        person = add_user(session, f"a{number}@x.example", f"Agent {number}", "agent", "a long enough password")
        person.capacity = 50
    session.flush()
    return session.exec(select(Person).order_by(Person.id)).first() or person


def asked(engine: Engine, session: Session, fn: Callable[[], object]) -> int:
    session.expire_all()
    with counted(engine) as statements:
        fn()
    return len(statements)


def test_the_list_asks_as_much_of_1000_as_of_60_who_wait(engine: Engine, session: Session, noor: Person) -> None:
    for number in range(60):
        wait(session, number)
    mine = noor.id or 0
    few = asked(engine, session, lambda: queue_view(session, mine, 50))
    for number in range(60, 1000):
        wait(session, number)
    session.flush()
    assert asked(engine, session, lambda: queue_view(session, mine, 50)) <= few
    spent = []
    for _ in range(3):
        began = time.process_time()
        view = queue_view(session, mine, 200)
        spent.append(time.process_time() - began)
    assert (len(view.waiting), view.total, view.more) == (200, 1000, False)
    assert min(spent) < LIST_S
    everyone = queue.places(session)
    assert [(item.id, item.place) for item in view.waiting] == list(everyone.items())[:200]


def test_new_rows_do_not_read_what_the_page_shows_already(
    session: Session, noor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = wait(session, 1)
    full = work_view(session, id_, noor.id or 0, "nl")
    assert full.context["question"] == "vraag 1"

    def never(*_: object) -> None:
        raise AssertionError("the context was read for nothing")

    with monkeypatch.context() as patch:
        patch.setattr(desk_view, "agent_context", never)
        conversation = conversations.locked(session, id_)
        conversations.add(session, conversation, "customer", "text", "nog iets")
        new = work_view(session, id_, noor.id or 0, "nl", 1, "free")
        assert [row["text"] for row in new.rows] == ["nog iets"]
        assert (new.context, new.mode) == ({}, "free")
    queue.claim(session, id_, noor)
    assert work_view(session, id_, noor.id or 0, "nl", 2, "free").context["question"] == "vraag 1"  # it is another mode


async def test_a_list_that_did_not_change_is_not_sent_again(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted) as app:
        noor = await signed_in(app, "noor")
        first = await noor.get("/desk/queue")
        mark = first.headers["X-Mark"]
        again = await noor.get("/desk/queue", params={"had": mark})
        assert (again.status_code, again.text) == (204, "")
        assert (await noor.get("/desk/queue", params={"had": "x" * 65})).status_code == 404
        new = waiting(app)
        later = await noor.get("/desk/queue", params={"had": mark})
        assert later.status_code == 200
        assert later.headers["X-Mark"] != mark
        assert new in later.text


def waiting(app: FastAPI) -> str:
    with writing(app.state.it.engine) as session:
        id_ = wait(session, 5)
        assert session.get_one(Conversation, id_).owner == "queue"
        return id_
