"""Causes: made, changed, linked, fixed, reopened; the days before and after; the pages, and what can go wrong."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from handoff import causes, matters
from handoff.causes import DAYS, MAX_NOTE, MAX_TITLE, MAX_WORD, Course
from handoff.editor_models import Cause
from handoff.web.cause_view import HIGH, chart
from kb.errors import Invalid, NotFound, Stale
from kb.models import Question, QuestionGroup, now

from .app import client_of, signed_in

VECTOR = np.eye(1, 384, dtype=np.float16).tobytes()
ODD = "<script>alert(1)</script> 🎁 مرحبا"
_seq = iter(range(1, 100_000))


def group(
    session: Session, title: str = "pincode is weggekrast", days_ago: tuple[float, ...] = (1,), **each: Any
) -> int:
    """A group whose questions were asked so many days ago; its id."""
    at = [now() - timedelta(days=days) for days in days_ago]
    made = QuestionGroup(
        title=title, language="nl", count=len(at), centroid=VECTOR, first_at=min(at), last_at=max(at)
    )
    session.add(made)
    session.flush()
    for moment in at:
        one: dict[str, Any] = {"conversation_id": f"c{next(_seq)}", "seq": next(_seq), "text": title}
        session.add(
            Question(
                **(one | each),
                language="nl",
                reason="unknown",
                evidence={},
                vector=VECTOR,
                group_id=made.id or 0,
                at=moment,
            )
        )
    session.flush()
    return made.id or 0


def made(session: Session, title: str = "De opdruk krast weg") -> Cause:
    return causes.make(session, title, "", None, "els@shop.example")


def test_a_cause_is_made_changed_and_never_half(session: Session) -> None:
    cause = made(session)
    for title, note, owner in [("", "", None), ("  \n ", "", None), ("x" * (MAX_TITLE + 1), "", None),
                               ("a", "x" * (MAX_NOTE + 1), None), ("a", "", 99)]:  # fmt: skip
        with pytest.raises(Invalid):
            causes.make(session, title, note, owner, "els")
        with pytest.raises(Invalid):
            causes.change(session, cause.id or 0, title, note, owner, None)
    assert (cause.title, cause.revision) == ("De opdruk krast weg", 1)
    causes.change(session, cause.id or 0, ODD, "regel\nregel", None, 1)
    assert (cause.title, cause.note, cause.revision) == (ODD, "regel\nregel", 2)
    with pytest.raises(Stale):
        causes.change(session, cause.id or 0, "te laat", "", None, 1)
    with pytest.raises(NotFound):
        causes.change(session, 999, "a", "", None, None)


def test_a_group_is_linked_moved_and_unlinked(session: Session) -> None:
    first, second = made(session), made(session, "Nog iets")
    one = group(session)
    causes.link(session, first.id or 0, one)
    causes.link(session, first.id or 0, one)
    assert [g.id for g in causes.groups_of(session, first.id or 0)] == [one]
    causes.link(session, second.id or 0, one)
    assert causes.groups_of(session, first.id or 0) == []
    causes.unlink(session, first.id or 0, one)  # it is under the other: nothing happens
    assert [g.id for g in causes.groups_of(session, second.id or 0)] == [one]
    causes.unlink(session, second.id or 0, one)
    assert causes.groups_of(session, second.id or 0) == []
    for cause_id, group_id in ((999, one), (first.id or 0, 999)):
        with pytest.raises(NotFound):
            causes.link(session, cause_id, group_id)


def test_fixing_with_a_word_is_something_to_tell_and_reopening_takes_it_back(session: Session) -> None:
    cause = made(session)
    id_ = cause.id or 0
    causes.fix(session, id_, "Je krijgt een nieuwe kaart.", 1, "els@shop.example")
    matter = matters.of_cause(session, id_)
    assert matter is not None
    assert matter.words == "Je krijgt een nieuwe kaart."
    at = cause.fixed_at
    causes.fix(session, id_, "iets anders", 1, "sam")  # the button was pressed twice
    assert (cause.word, cause.fixed_at, cause.fixed_by) == ("Je krijgt een nieuwe kaart.", at, "els@shop.example")
    causes.reopen(session, id_)
    causes.reopen(session, id_)
    assert matters.of_cause(session, id_) is None
    causes.fix(session, id_, "  ", None, "els")
    assert matters.of_cause(session, id_) is None


def test_fixing_what_somebody_changed_meanwhile_is_stale_and_too_long_a_word_is_refused(session: Session) -> None:
    cause = made(session)
    causes.change(session, cause.id or 0, "anders", "", None, 1)
    with pytest.raises(Stale):
        causes.fix(session, cause.id or 0, "", 1, "els")
    with pytest.raises(Invalid):
        causes.fix(session, cause.id or 0, "x" * (MAX_WORD + 1), 2, "els")
    assert cause.fixed_at is None


def test_the_list_has_open_causes_first_and_counts_people(session: Session) -> None:
    quiet, busy, done = made(session, "quiet"), made(session, "busy"), made(session, "done")
    causes.link(session, busy.id or 0, group(session, days_ago=(1, 2, 3, 30)))
    causes.link(session, busy.id or 0, group(session, days_ago=(1,), conversation_id="same"))
    causes.link(session, busy.id or 0, group(session, days_ago=(2,), conversation_id="same"))
    causes.fix(session, done.id or 0, "", None, "els")
    found = causes.listed(session, now())
    assert [one.cause.title for one in found] == ["busy", "quiet", "done"]
    assert (found[0].groups, found[0].people, found[0].week) == (3, 5, 4)
    assert [one.cause.title for one in causes.listed(session, now(), limit=2)] == ["busy", "quiet"]
    assert causes.count_open(session) == 2
    assert quiet.fixed_at is None


def course(session: Session, fixed_days_ago: float | None, *days_ago: float) -> Course:
    """The course of a cause with questions so many days ago."""
    cause = made(session)
    causes.link(session, cause.id or 0, group(session, days_ago=days_ago))
    cause.fixed_at = None if fixed_days_ago is None else now() - timedelta(days=fixed_days_ago)
    session.flush()
    return causes.course(session, cause, now())


def test_the_days_show_that_it_shrank(session: Session) -> None:
    many = [day + hour / 24 for day in range(10, 20) for hour in (1, 5, 9)]
    found = course(session, 10, *many, 3.0)
    assert sum(day.count for day in found.days) == 31
    assert len(found.days) == DAYS
    assert found.before == pytest.approx(3, rel=0.1)
    assert found.after == pytest.approx(0.1)
    assert found.fewer is not None
    assert found.fewer > 0.9


def test_nothing_is_claimed_before_a_day_has_passed(session: Session) -> None:
    assert course(session, 0.1, 3, 2, 1).after is None
    assert course(session, None, 3, 2, 1).after is None
    assert course(session, None, 3, 2, 1).fewer is None


def test_a_cause_that_was_fixed_long_ago_shows_the_days_around_it(session: Session) -> None:
    found = course(session, 200, 205, 203, 190)
    assert sum(day.count for day in found.days) == 3
    assert found.fixed_on in [day.day for day in found.days]


def test_a_day_is_the_shops_and_a_conversation_counts_once(session: Session) -> None:
    cause = made(session)
    one = group(session, conversation_id="same")
    causes.link(session, cause.id or 0, one)
    session.get_one(Question, 1).at = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)  # half past midnight in Amsterdam
    other = group(session, conversation_id="same")
    causes.link(session, cause.id or 0, other)
    session.flush()
    found = causes.course(session, cause, datetime(2026, 6, 3, 12, tzinfo=UTC))
    assert [(str(day.day), day.count) for day in found.days if day.count] == [("2026-06-02", 1)]


def test_the_chart_draws_what_the_days_say(session: Session) -> None:
    drawn = chart(course(session, 5, 9, 9, 9, 9, 2))
    assert drawn.most == 4
    assert max(bar.height for bar in drawn.bars) == HIGH
    assert [bar.after for bar in drawn.bars if bar.day.count] == [False, True]
    assert drawn.mark is not None
    empty = chart(Course([], None, 0.0, None))
    assert (empty.bars, empty.most, empty.mark) == ([], 0, None)


@pytest.fixture
async def els(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An editor."""
    client = await signed_in(app, "els")
    yield client
    await client.aclose()


async def at(client: httpx.AsyncClient, **form: Any) -> str:
    """The address of a new cause's page."""
    answer = await client.post("/review/causes", data={"title": "De opdruk krast weg"} | form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


async def test_the_pages_of_a_cause_from_the_first_group_to_fixed(app: FastAPI, els: httpx.AsyncClient) -> None:
    it = app.state.it
    one = await it.write(lambda s: group(s, topic="gift-cards"))
    other = await it.write(lambda s: group(s, "cijfers zijn eraf", topic="gift-cards"))
    new = await els.get(f"/review/causes/new?group={one}&topic=gift-cards")
    assert 'value="pincode is weggekrast"' in new.text
    path = await at(els, group=str(one))
    page = (await els.get(f"{path}?topic=gift-cards")).text
    assert f"/review/groups/{one}" in page
    assert "cijfers zijn eraf" in page
    assert (await els.post(f"{path}/link", data={"group": other})).status_code == 303
    word = {"word": f"Nieuwe kaart {ODD}", "revision": "1"}
    fixed = await els.post(f"{path}/fix", data=word, follow_redirects=True)
    assert f'hx-get="{path}/told"' in fixed.text
    assert (await els.get(f"{path}/told")).status_code == 200
    assert "hoort het zo" in fixed.text
    assert "<script>alert" not in fixed.text
    assert "Staat weer open" in (await els.post(f"{path}/reopen", follow_redirects=True)).text
    assert "Losgekoppeld" in (await els.post(f"{path}/unlink", data={"group": other}, follow_redirects=True)).text
    assert "De opdruk krast weg" in (await els.get("/review/causes")).text
    assert "Oorzaak: De opdruk krast weg" in (await els.get("/review")).text


async def test_what_is_refused_loses_no_word(els: httpx.AsyncClient) -> None:
    empty = await els.post("/review/causes", data={"title": " ", "note": f"mijn notitie {ODD}"})
    assert empty.status_code == 422
    assert "mijn notitie &lt;script&gt;" in empty.text
    path = await at(els)
    assert (await els.post(path, data={"title": "anders", "revision": "1"})).status_code == 303
    stale = await els.post(path, data={"title": "mijn titel", "revision": "1"})
    assert stale.status_code == 412
    assert 'value="mijn titel"' in stale.text
    stale = await els.post(f"{path}/fix", data={"word": "mijn woord", "revision": "1"})
    assert stale.status_code == 412
    assert "mijn woord" in stale.text
    long = await els.post(f"{path}/fix", data={"word": "y" * (MAX_WORD + 1), "revision": "2"})
    assert long.status_code == 422
    assert "y" * MAX_WORD in long.text
    assert (await els.post(path, data={"title": "a", "owner": "99"})).status_code == 422


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/review/causes/99/link", {"group": "1"}, 404),
        ("/review/causes/1/link", {"group": "99"}, 404),
        ("/review/causes/1/link", {"group": "x"}, 422),
        ("/review/causes/1/link", {"group": "99999999999999999999"}, 422),
        ("/review/causes/1/link", {}, 422),
        ("/review/causes/99/reopen", {}, 404),
        ("/review/causes/99/fix", {"word": "a"}, 404),
        ("/review/causes/0", {"title": "a"}, 422),
        ("/review/causes/1", {"title": "a", "revision": "no"}, 422),
    ],
)
async def test_ids_and_numbers_that_are_not_there(
    els: httpx.AsyncClient, path: str, form: dict[str, str], status: int
) -> None:
    await at(els)
    assert (await els.post(path, data=form)).status_code == status


async def test_only_editors_and_admins_come_here(app: FastAPI, els: httpx.AsyncClient) -> None:
    path = await at(els)
    agent = await signed_in(app, "noor")
    for route in ("/review/causes", path, "/review/causes/new", "/review"):
        assert (await agent.get(route)).status_code == 403
        assert (await client_of(app).get(route)).status_code == 303
    assert (await agent.post(f"{path}/fix", data={"word": "x"})).status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert (await els.post(f"{path}/fix", data={"word": "x"}, headers=foreign)).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "search=%00", "search=%25_%5C", "topic=-", "topic=%3Cscript%3E", "in=xx", "page=%2Fniets",
        "period=7&sort=grows", "sort=spent&status=approved", "start=100000",
        f"search={'x' * 300}", "search=%F0%9F%8E%81",
    ],
)  # fmt: skip
async def test_the_list_takes_odd_filters(els: httpx.AsyncClient, query: str) -> None:
    answer = await els.get(f"/review?{query}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("query", ["sort=no", "period=8", "start=-1", "status=gone", f"search={'x' * 301}", "group=x"])
async def test_the_list_refuses_what_it_has_not(els: httpx.AsyncClient, query: str) -> None:
    assert (await els.get(f"/review?{query}")).status_code == 404
