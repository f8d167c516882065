"""Whoever is killed in the middle of telling people, and however many tell at once: nobody twice, nobody forgotten."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from handoff import keep_telling, no_mail, outbox, postman, tell_askers, told_counts
from handoff.db import reading, writing
from handoff.editor_models import Told
from handoff.models import Mail, Message
from handoff.settings import ROOT
from kb.models import QuestionGroup, now

from .asking import AN, LATER, Processes, approved, asks, group_of, looked, told
from .postoffice import open_office


class Killed(BaseException):
    """What ends a process here in the middle of something."""


PEOPLE = 24
KILLED = 6  # processes


def fill(session: Session, people: int = PEOPLE) -> int:
    """People who asked the same: every third is in the chat without an address."""
    group = group_of(session)
    for n in range(people):
        asks(session, group, f"klant{n}@klant.example" if n % 3 else None, "closed" if n % 3 else "bot")
    approved(session, group)
    return group.id or 0


def answers(session: Session) -> Counter[str]:
    """How often each was told in her conversation."""
    return Counter(session.exec(select(Message.conversation_id).where(Message.kind == "answer")).all())


async def test_three_processes_at_once_tell_everyone_once(processes: Processes) -> None:
    with open_office() as (taking, port):
        its = [processes(port) for _ in range(3)]
        group_id = await its[0].write(fill)
        for _ in range(3):
            await asyncio.gather(*(looked(it) for it in its))
        assert await its[0].read(answers) == Counter(dict.fromkeys(await its[0].read(told), 1))
        assert len(await its[0].read(told)) == PEOPLE
        assert Counter(taking.to) == Counter(f"klant{n}@klant.example" for n in range(PEOPLE) if n % 3)
        counts = await its[0].read(lambda s: told_counts.told(s, s.get_one(QuestionGroup, group_id)))
        assert (counts.mail, counts.left, counts.unsent) == (16, 8, 0)


async def test_stopped_between_two_people_the_next_start_goes_on(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_office() as (taking, port):
        it = processes(port)
        await it.write(fill, 6)
        real, left = tell_askers.tell, iter(range(2))

        def dies(*args: object) -> bool:
            if next(left, None) is None:
                real(*args)  # type: ignore[arg-type]  # and then the machine is gone before the commit
                raise Killed
            return real(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(tell_askers, "tell", dies)
        with pytest.raises(Killed):
            await keep_telling.look(it, now() + LATER)
        assert len(await it.read(told)) == 2
        monkeypatch.undo()
        again = processes(port)
        for _ in range(2):
            await looked(again)
        assert len(await it.read(told)) == 6
        assert set((await it.read(answers)).values()) == {1}
        assert len(taking.to) == len(set(taking.to)) == 4


async def test_a_mail_of_which_nobody_knows_whether_it_went_does_not_go_again(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_office() as (taking, port):
        it = processes(port)

        def one(session: Session) -> int:
            group = group_of(session)
            asks(session, group, AN, "closed")
            approved(session, group)
            return group.id or 0

        group_id = await it.write(one)

        def dies(*_: object, **__: object) -> None:
            raise Killed

        monkeypatch.setattr(outbox, "sent", dies)
        with pytest.raises(Killed):
            await looked(it)
        monkeypatch.undo()
        assert taking.to == [AN]

        def lease_runs_out(session: Session) -> None:
            mail = session.exec(select(Mail)).one()
            mail.lease_until = None

        await it.write(lease_runs_out)
        again = processes(port)
        for _ in range(3):
            await looked(again)
        assert taking.to == [AN]
        mail = await it.read(lambda s: s.exec(select(Mail)).one())
        assert (mail.sent_at, mail.error) == (None, outbox.UNKNOWN)
        counts = await it.read(lambda s: told_counts.told(s, s.get_one(QuestionGroup, group_id)))
        assert (counts.mail, counts.unsent) == (1, 1)


async def test_a_server_that_is_away_loses_nothing(processes: Processes) -> None:
    with open_office() as (taking, port):
        it = processes(port)
        taking.refuses["mail"] = "451 Later"
        await it.write(fill, 2)
        await looked(it)
        assert taking.to == []
        taking.refuses.clear()

        def time_passes(session: Session) -> None:
            mail = session.exec(select(Mail)).one()
            mail.due_at = now()

        await it.write(time_passes)
        await postman.send_due(it)
        assert taking.to == ["klant1@klant.example"]


async def test_who_stops_such_mails_gets_none_that_was_waiting_to_go(processes: Processes) -> None:
    with open_office() as (taking, port):
        it = processes(port)
        taking.refuses["mail"] = "451 Later"
        await it.write(fill, 3)
        await looked(it)
        leased = (await it.write(outbox.due, at=now() + LATER + LATER))[0]
        await it.write(no_mail.stop, no_mail.hashed(leased.to))
        assert not await it.write(outbox.handing_in, leased)
        assert not await it.write(outbox.failed, leased, "451 Later")
        taking.refuses.clear()

        def time_passes(session: Session) -> list[str]:
            waiting = session.exec(select(Mail).where(col(Mail.due_at).is_not(None))).all()
            for mail in waiting:
                mail.due_at = now()
            return [mail.to for mail in waiting]

        rest = await it.write(time_passes)
        await postman.send_due(it)
        assert taking.to == rest
        assert sorted([leased.to, *rest]) == ["klant1@klant.example", "klant2@klant.example"]


@pytest.fixture(scope="module")
def tellers() -> Iterator[Callable[..., int]]:
    """Begins a process that tells people; its number. It is the test's to kill."""
    command = [sys.executable, "-m", "tests.handoff.teller"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nest:
        assert nest.stdin
        assert nest.stdout
        pipes = nest.stdin, nest.stdout

        def begin(*about: object) -> int:
            pipes[0].write(" ".join(map(str, about)) + "\n")
            pipes[0].flush()
            return int(pipes[1].readline())

        yield begin
        nest.stdin.close()


def test_processes_that_are_killed_at_any_moment_tell_nobody_twice(
    engine: Engine, database_url: str, tmp_path: Path, tellers: Callable[..., int]
) -> None:
    with writing(engine) as session:
        fill(session)
    with open_office() as (taking, port):
        taking.slow_s = 0.05
        for n in range(KILLED):
            before = progress(engine, taking.to)
            process = tellers(database_url, port, tmp_path)
            until(lambda before=before, n=n: progress(engine, taking.to) > before + n)  # type: ignore[misc]
            os.kill(process, signal.SIGKILL)  # in the middle of the next
        taking.slow_s = 0
        with writing(engine) as session:  # time passes, and what the killed held in their hands is let go
            session.execute(update(Mail).values(lease_until=None))
        process = tellers(database_url, port, tmp_path)
        until(lambda: settled(engine))
        os.kill(process, signal.SIGKILL)
    with reading(engine) as session:
        found = answers(session)
        assert len(told(session)) == len(found) == PEOPLE
        assert set(found.values()) == {1}
        unknown = {m.to for m in session.exec(select(Mail)) if m.sent_at is None}
    assert len(taking.to) == len(set(taking.to))
    expected = {f"klant{n}@klant.example" for n in range(PEOPLE) if n % 3}
    assert set(taking.to) | unknown == expected
    assert len(unknown) <= KILLED


def until(holds: Callable[[], bool]) -> None:
    """Wait for it, for a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.003)


def progress(engine: Engine, to: list[str]) -> int:
    """How many were told and mailed so far."""
    with reading(engine) as session:
        return len(session.exec(select(Told.id)).all()) + len(to)


def settled(engine: Engine) -> bool:
    """Whether everyone was told and nothing waits to be sent."""
    with reading(engine) as session:
        rows = session.exec(select(Told)).all()
        waiting = select(Mail.id).where(Mail.sent_at == None, Mail.due_at != None)  # noqa: E711
        mails = len(session.exec(select(Mail.id)).all())
        return len(rows) == PEOPLE and mails == PEOPLE * 2 // 3 and not session.exec(waiting).all()
