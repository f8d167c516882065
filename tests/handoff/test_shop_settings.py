"""Settings that admins change in the pages: nothing lost, nothing stored twice, every change in the history."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import shop_settings
from handoff.db import reading, writing
from handoff.hours import Hours
from handoff.models import Setting
from handoff.problems import Conflict, Invalid
from handoff.shop_settings import ALWAYS, HOURS, MAX_SIZE, PROPOSED_HOURS, WAIT_LIMIT, change, changes, read

from .app import client_of, signed_in

NIGHTS = {
    "zone": "Europe/Brussels",
    "week": [[{"opens": "20:00", "closes": "24:00"}]] * 7,
    "holidays": [{"date": "2026-12-25", "name": "Kerst 🎄 <b>", "spans": []}],
}


def rows(session: Session) -> list[tuple[str, str, Any, Any]]:
    return [(c.what, c.by, c.before, c.after) for c in changes(session)]


def test_what_nobody_set_has_its_default(session: Session) -> None:
    assert read(session, "none", [1]) == shop_settings.Document("none", [1], 0)
    assert shop_settings.hours(session) == Hours.model_validate(ALWAYS)
    assert shop_settings.wait_limit_s(session) == 900
    assert rows(session) == []


def test_a_change_is_stored_and_noted(session: Session) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    hours = Hours.model_validate(NIGHTS)
    done = shop_settings.change_hours(session, hours, revision=0, by="ada")
    assert (done.revision, done.value) == (1, NIGHTS)
    session.expire_all()
    assert shop_settings.hours(session) == hours
    assert shop_settings.change_wait_limit(session, 600, revision=0, by="ada").revision == 1
    assert shop_settings.wait_limit_s(session) == 600
    again = change(session, WAIT_LIMIT, 1200, revision=1, by="els")
    assert (again.revision, read(session, WAIT_LIMIT).revision) == (2, 2)
    assert rows(session) == [
        ("wait_limit", "els", 600, 1200),
        ("wait_limit", "ada", 900, 600),
        ("hours", "ada", ALWAYS, NIGHTS),
    ]
    assert before < changes(session)[-1].at <= datetime.now(UTC)


def test_what_stands_there_already_is_no_change(session: Session) -> None:
    default = Hours.model_validate(ALWAYS)
    assert shop_settings.change_hours(session, default, revision=0, by="ada").revision == 0
    assert session.exec(select(Setting)).all() == []
    change(session, "x", {"a": 1, "b": [2]}, revision=0, by="ada")
    for revision in (0, 1, 7):
        assert change(session, "x", {"b": [2], "a": 1}, revision=revision, by="els").revision == 1
    assert len(rows(session)) == 1
    assert change(session, "x", {"a": True, "b": [2]}, revision=1, by="els").revision == 2


@pytest.mark.parametrize("revision", [0, 1, 3, -1])
def test_a_stale_revision_changes_nothing(engine: Engine, revision: int) -> None:
    with writing(engine) as session:
        change(session, "x", "one", revision=0, by="ada")
        change(session, "x", "two", revision=1, by="ada")
    with pytest.raises(Conflict, match="nothing was lost"), writing(engine) as session:
        change(session, "x", "mine", revision=revision, by="els")
    with reading(engine) as session:
        assert read(session, "x") == shop_settings.Document("x", "two", 2)
        assert [by for _, by, _, _ in rows(session)] == ["ada", "ada"]


def test_a_setting_that_nobody_stored_has_no_other_revision(session: Session) -> None:
    with pytest.raises(Conflict):
        change(session, "x", 1, revision=1, by="ada")


def at_once(engine: Engine, values: list[Any]) -> list[str]:
    """What becomes of these values, stored at the same moment over the same revision."""
    ready, found = threading.Barrier(len(values)), []

    def one(value: Any) -> None:
        ready.wait()
        try:
            with writing(engine) as session:
                change(session, "x", value, revision=read(session, "y", 0).value, by="ada")
            found.append("stored")
        except Conflict:
            found.append("conflict")

    threads = [threading.Thread(target=one, args=[value]) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_of_several_at_once_one_wins(engine: Engine) -> None:
    assert at_once(engine, [1, 2, 3, 4]) == ["conflict"] * 3 + ["stored"]
    with writing(engine) as session:
        change(session, "y", 1, revision=0, by="ada")  # what the next ones have read
    assert at_once(engine, [5, 6, 7, 8]) == ["conflict"] * 3 + ["stored"]
    with reading(engine) as session:
        assert read(session, "x").revision == 2
        assert len(changes(session, "x")) == 2


def test_the_same_form_sent_twice_at_once_is_one_change(engine: Engine) -> None:
    assert at_once(engine, [5, 5, 5, 5]) == ["stored"] * 4
    with reading(engine) as session:
        assert len(rows(session)) == 1


ODD = ["", "<script>alert(1)</script>", "👩‍👩‍👧 مرحبا", "\x00", {"ключ": None}, [], 0, 1.5, "x" * (MAX_SIZE - 2)]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_values_are_kept(engine: Engine, value: Any) -> None:
    with writing(engine) as session:
        change(session, "x", value, revision=0, by="ada")
    with reading(engine) as session:
        assert read(session, "x").value == value
        assert rows(session) == [("x", "ada", None, value)]


endless: list[Any] = []
endless.append(endless)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", float("nan"), float("inf"), endless, "x" * MAX_SIZE,
                                   datetime(2026, 1, 1, tzinfo=UTC)], ids=range(8))  # fmt: skip
def test_what_is_no_json_or_too_long_is_refused(session: Session, value: Any) -> None:
    with pytest.raises(Invalid):
        change(session, "x", value, revision=0, by="ada")


@pytest.mark.parametrize("seconds", [-1, 0, 59, 4 * 3600 + 1, 10**9])
def test_waits_that_make_no_sense_are_refused(session: Session, seconds: int) -> None:
    with pytest.raises(Invalid, match="1 minute to 4 hours"):
        shop_settings.change_wait_limit(session, seconds, revision=0, by="ada")


@pytest.mark.parametrize("value", ["15", -5, True, 0, None, [], 10**9])
def test_a_wait_spoiled_by_hand_is_the_default(session: Session, value: Any) -> None:
    session.add(Setting(name=WAIT_LIMIT, value=value))
    session.flush()
    assert shop_settings.wait_limit_s(session) == 900


def test_hours_spoiled_by_hand_are_the_default_and_can_be_set_anew(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    session.add(Setting(name=HOURS, value={"week": "always"}, revision=3))
    session.flush()
    assert shop_settings.hours(session) == Hours.model_validate(ALWAYS)
    assert "cannot be read" in caplog.text
    shop_settings.change_hours(session, Hours.model_validate(NIGHTS), revision=3, by="ada")
    assert shop_settings.hours(session).zone == "Europe/Brussels"


def test_the_history_is_newest_first_and_paged(session: Session) -> None:
    for n in range(7):
        shop_settings.record(session, "a" if n % 2 else "b", before=n, after=n + 1, by="ada")
    first = changes(session, limit=4)
    assert [c.before for c in first] == [6, 5, 4, 3]
    assert [c.before for c in changes(session, after=first[-1].id, limit=4)] == [2, 1, 0]
    assert [c.before for c in changes(session, "a")] == [5, 3, 1]
    assert changes(session, "none") == []
    assert shop_settings.changed_things(session) == ["a", "b"]
    last = shop_settings.changed_last(session, "a")
    assert last is not None
    assert last.before == 5
    assert shop_settings.changed_last(session, "none") is None


# -- What customers are told over the API


async def asked(client: httpx.AsyncClient, at: str, **more: Any) -> httpx.Response:
    with patch("handoff.web.hours_api.now", lambda: datetime.fromisoformat(at)):
        return await client.get("/api/v1/hours", **more)


async def test_customers_read_the_hours(app: FastAPI) -> None:
    client, dutch, english = client_of(app), {"params": {"language": "nl"}}, {"params": {"language": "en"}}
    assert (await client.get("/api/v1/hours", **dutch)).json()["words"] == "We zijn er nu."
    usual = Hours.model_validate(PROPOSED_HOURS)
    await app.state.it.write(shop_settings.change_hours, usual, revision=0, by="ada")
    found = await asked(client, "2026-11-20T12:00+00:00", **dutch)
    assert found.json() == {
        "open": True,
        "until": "2026-11-20T20:00:00+00:00",
        "next": None,
        "words": "We zijn er tot 21:00.",
    }
    tag = found.headers["ETag"]
    same = await asked(client, "2026-11-20T12:05+00:00", headers={"If-None-Match": tag}, **dutch)
    assert (same.status_code, same.content) == (304, b"")
    later = await asked(client, "2026-11-20T21:00+00:00", headers={"If-None-Match": tag}, **english)
    assert later.json() == {
        "open": False,
        "until": None,
        "next": "2026-11-21T08:00:00+00:00",
        "words": "We're back tomorrow at 9:00.",
    }
    assert (await asked(client, "2026-11-20T12:00+00:00")).json()["words"] == "We zijn er tot 21:00."
    for bad in ("xx", "x" * 99, "<b>"):
        assert (await client.get("/api/v1/hours", params={"language": bad})).status_code == 422


async def test_a_change_and_an_editors_words_hold_for_the_next_customer(app: FastAPI) -> None:
    await app.state.it.write(shop_settings.change_hours, Hours.model_validate(NIGHTS), revision=0, by="ada")
    ada = await signed_in(app, "ada")
    put = await ada.put(
        "/api/v1/review/texts/hours.holiday", params={"language": "nl"}, json={"value": "Dicht ({name})."}
    )
    assert put.status_code == 200
    found = await asked(client_of(app), "2026-12-25T20:00+00:00", params={"language": "nl"})
    assert found.json()["words"] == "Dicht (Kerst 🎄 <b>). Vanaf morgen 20:00 zijn we er weer."
    never = Hours.model_validate(ALWAYS | {"week": [[]] * 7})
    await app.state.it.write(shop_settings.change_hours, never, revision=1, by="ada")
    found = await asked(client_of(app), "2026-12-20T20:00+00:00", params={"language": "en"})
    assert found.json() == {"open": False, "until": None, "next": None, "words": "We're not here now."}
