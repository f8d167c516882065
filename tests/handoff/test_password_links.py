"""Links to choose a password: once, for a while, for one person; and asking for one tells nobody who there is."""

import asyncio
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import auth, outbox, password_links, people, shop_settings
from handoff.db import reading, writing
from handoff.desk_models import PasswordLink
from handoff.models import Mail, Person, SignIn
from handoff.password_links import MOST_AN_HOUR, Unusable, Weak
from handoff.settings import Settings
from kb.encoder import Encoder
from kb.models import now

from .app import PASSWORD, client_of, running_app, signed_in
from .conftest import ScriptedBot
from .postoffice import open_office
from .shop import agent

NEW = "vier woorden op rij"
MAIL = {"smtp_url": "smtp://127.0.0.1:9?tls=none", "mail_from": "shop@shop.example"}


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, **(MAIL | more))


def why(session: Session, token: str) -> str:
    with pytest.raises(Unusable) as unusable:
        password_links.opened(session, token)
    return unusable.value.why


def history(session: Session) -> list[tuple[str, str]]:
    rows = shop_settings.changes(session, people.PERSON)
    return [(row.by, row.after["link"]) for row in reversed(rows) if "link" in row.after]


def test_a_link_works_once_and_ends_all_sign_ins(session: Session) -> None:
    noor = agent(session)
    token = password_links.make(session, noor, "reset")
    auth.sign_in(session, noor)
    assert password_links.opened(session, token).id == noor.id
    password_links.choose(session, token, auth.hasher.hash(NEW))
    assert auth.verified(session, noor.email, NEW).id == noor.id
    assert session.exec(select(SignIn)).all() == []
    assert why(session, token) == "used"
    with pytest.raises(Unusable):
        password_links.choose(session, token, auth.hasher.hash("something else"))
    assert auth.verified(session, noor.email, NEW)
    assert history(session) == [("noor@shop.example", "chosen")]


def test_only_the_hash_is_kept(session: Session) -> None:
    token = password_links.make(session, agent(session), "invite")
    assert token not in str([row.model_dump() for row in session.exec(select(PasswordLink)).all()])


@pytest.mark.parametrize(("purpose", "lasts"), [("invite", timedelta(days=7)), ("reset", timedelta(hours=1))])
def test_a_link_gets_too_old(session: Session, purpose: str, lasts: timedelta) -> None:
    token = password_links.make(session, agent(session), purpose)
    row = session.exec(select(PasswordLink)).one()
    assert row.expires_at - row.created_at == lasts
    row.expires_at = now() - timedelta(seconds=1)
    session.flush()
    assert why(session, token) == "expired"
    with pytest.raises(Unusable):
        password_links.choose(session, token, "hash")


def test_earlier_links_end(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters")
    other = password_links.make(session, sam, "invite")
    first = password_links.make(session, noor, "invite")
    second = password_links.make(session, noor, "reset")
    assert why(session, first) == "expired"
    people.set_password(session, noor.id or 0, people.fresh_password(), by="ada")
    assert why(session, second) == "expired"
    third, fourth = password_links.make(session, noor, "reset"), password_links.make(session, noor, "reset")
    password_links.choose(session, fourth, auth.hasher.hash(NEW))
    assert (why(session, third), why(session, fourth)) == ("expired", "used")
    assert password_links.opened(session, other).id == sam.id


def test_who_is_deactivated_chooses_nothing(session: Session) -> None:
    noor, ada = agent(session), agent(session, "Ada Smit", role="admin")
    token = password_links.make(session, noor, "invite")
    people.set_active(session, noor.id or 0, False, by=ada)
    assert why(session, token) == "unknown"
    people.set_active(session, noor.id or 0, True, by=ada)
    assert why(session, token) == "expired"


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "é🤫", "../../etc", "\u202e"])
def test_a_link_that_is_none(session: Session, token: str) -> None:
    assert why(session, token) == "unknown"


def test_of_two_at_once_one_chooses(engine: Engine) -> None:
    with writing(engine) as session:
        token = password_links.make(session, agent(session), "reset")
    done: list[str] = []

    def choose(password: str) -> None:
        hashed = auth.hasher.hash(password)
        try:
            with writing(engine) as session:
                password_links.choose(session, token, hashed)
            done.append(password)
        except Unusable:
            pass

    threads = [threading.Thread(target=choose, args=(f"{NEW} {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 1
    with reading(engine) as session:
        assert auth.verified(session, "noor@shop.example", done[0])


def test_another_password_for_who_knew_hers_once(session: Session) -> None:
    noor = agent(session)
    known, link = noor.password_hash, password_links.make(session, noor, "reset")
    other = auth.sign_in(session, noor)
    token = password_links.change(session, noor.id or 0, known, auth.hasher.hash(NEW))
    assert token
    assert auth.verified(session, noor.email, NEW).id == noor.id
    assert auth.person_for(session, other) is None
    found = auth.person_for(session, token)
    assert found
    assert found.id == noor.id
    assert why(session, link) == "expired"
    assert history(session) == [("noor@shop.example", "changed")]
    assert password_links.change(session, noor.id or 0, known, auth.hasher.hash("something else")) is None
    assert auth.verified(session, noor.email, NEW)
    noor.active = False
    assert password_links.change(session, noor.id or 0, noor.password_hash, known) is None


@pytest.mark.parametrize(("password", "wrong"), [
    ("", "short"), ("x" * 9, "short"), ("abc" * 80, "long"), ("a" * 50, "simple"), ("abababababab", "simple"),
    ("Noor Bakker", "known"), ("NOOR@shop.example", "known"), (" " * 12, "simple"),
])  # fmt: skip
def test_weak_passwords(session: Session, password: str, wrong: str) -> None:
    with pytest.raises(Weak) as weak:
        password_links.check(agent(session), password)
    assert weak.value.why == wrong


@pytest.mark.parametrize("password", [NEW, "żółć 👋🏽 مرحبا", "x1y2z3w4v5", "<b>' OR 1=1 --"])
def test_good_passwords(session: Session, password: str) -> None:
    noor = agent(session)
    password_links.check(noor, password)
    password_links.choose(session, password_links.make(session, noor, "reset"), auth.hasher.hash(password))
    assert auth.verified(session, noor.email, password)


def test_forgetting_sends_a_link_so_many_times_an_hour(session: Session) -> None:
    noor = agent(session)
    for _ in range(MOST_AN_HOUR + 3):
        password_links.forgot(session, settings(), " NOOR@shop.example ", "en")
    mails = session.exec(select(Mail)).all()
    assert len(mails) == MOST_AN_HOUR == len(history(session))
    assert {m.to for m in mails} == {noor.email}
    assert "did not ask" in mails[-1].text
    for row in session.exec(select(PasswordLink)).all():
        row.created_at -= timedelta(hours=1)
    session.flush()
    password_links.forgot(session, settings(), noor.email, "nl")
    assert len(session.exec(select(Mail)).all()) == MOST_AN_HOUR + 1


def test_nobody_else_gets_one(session: Session) -> None:
    agent(session, "Gone", active=False)
    for email in ("nobody@shop.example", "gone@shop.example", "", "x" * 5000, "' OR 1=1"):
        password_links.forgot(session, settings(), email, "nl")
    agent(session)
    password_links.forgot(session, settings(smtp_url="", mail_from=""), "noor@shop.example", "nl")
    assert session.exec(select(Mail)).all() == []
    assert session.exec(select(PasswordLink)).all() == []


def test_the_mail_forgets_the_link_once_it_went(session: Session) -> None:
    noor = agent(session)
    link = password_links.send(session, settings(), noor, "invite", language="nl", by=noor)
    mail = session.exec(select(Mail)).one()
    assert link.address in mail.text
    outbox.due(session)
    outbox.sent(session, mail)
    session.refresh(mail)
    assert link.address not in mail.text
    assert link.address.rsplit("/")[-1] not in str([c.after for c in shop_settings.changes(session)])


async def person(app: FastAPI, name: str) -> Person:
    query = select(Person).where(Person.email == f"{name}@shop.example")
    found: Person = await app.state.it.read(lambda s: s.exec(query).one())
    return found


async def test_the_whole_way_through_a_real_mail_server(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    with open_office() as (office, port):
        mail = {"smtp_url": f"smtp://127.0.0.1:{port}?tls=none", "mail_from": "shop@shop.example"}
        async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **mail) as app:
            signed = await signed_in(app, "noor")
            client = client_of(app)
            said = []
            for email in ("noor@shop.example", "nobody@shop.example"):
                answer = await client.post("/forgot", data={"email": email})
                assert answer.status_code == 200
                said.append(answer.text.replace(email, "…"))
            assert said[0] == said[1]
            async with asyncio.timeout(20):
                while not office.taken:
                    await asyncio.sleep(0.05)
            assert office.to == ["noor@shop.example"]
            body = office.taken[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
            path = re.search(r"/password/[\w-]+", body)[0]  # type: ignore[index]
            page = await client.get(path)
            assert page.status_code == 200
            assert page.headers["x-robots-tag"].startswith("noindex")
            assert (await client.get(path)).status_code == 200  # looking uses nothing up
            weak = await client.post(path, data={"password": "kort"})
            assert weak.status_code == 422
            assert "kort" not in weak.text.replace("te kort", "")
            evil = await client.post(path, data={"password": NEW}, headers={"Origin": "https://evil.example"})
            assert evil.status_code == 403
            done = await client.post(path, data={"password": NEW})
            assert done.headers["location"] == "/login?done=password"
            assert (await signed.get("/api/v1/me")).status_code == 401
            for password, status in ((PASSWORD, 401), (NEW, 200)):
                body_ = {"email": "noor@shop.example", "password": password}
                assert (await client.post("/api/v1/login", json=body_)).status_code == status
            used = await client_of(app).get(path)
            assert used.status_code == 410
            again = await client_of(app).post(f"{path}/again")
            assert again.status_code == 200
            async with asyncio.timeout(20):
                while len(office.taken) < 2:
                    await asyncio.sleep(0.05)
            assert office.to == ["noor@shop.example"] * 2
            kept = await app.state.it.read(lambda s: [m.text for m in s.exec(select(Mail)).all()])
            assert path not in str(kept)


async def test_without_mail_the_page_says_so(app: FastAPI) -> None:
    client = client_of(app)
    assert "kunnen we geen mail sturen" in (await client.get("/forgot?language=nl")).text
    await client.post("/forgot", data={"email": "noor@shop.example"})
    await asyncio.sleep(0.3)
    assert await app.state.it.read(lambda s: s.exec(select(PasswordLink)).all()) == []
    token = await app.state.it.write(password_links.make, await person(app, "noor"), "invite")
    assert (await client.post(f"/password/{token}", data={"password": NEW})).status_code == 303
    for bad in ("", "x", "x" * 3000, "%00"):
        answer = await client.get(f"/password/{bad}")
        assert answer.status_code in (404, 410), bad
        assert (await client.post(f"/password/{bad}/again")).status_code in (404, 410), bad
    assert (await client.post(f"/password/{token}", data={"password": "x" * 100_000})).status_code in (410, 422)
    for bad_email in ("", "noor", "x" * 100_000, "\x00"):
        assert (await client.post("/forgot", data={"email": bad_email})).status_code == 422


async def test_an_admin_sends_a_link(app: FastAPI) -> None:
    ada, noor = await signed_in(app, "ada"), await person(app, "noor")
    answer: httpx.Response = await ada.post(f"/settings/people/{noor.id}/link")
    assert answer.status_code == 200
    path = re.search(r"/password/[\w-]+", answer.text)
    assert path
    assert path[0] not in (await ada.get(f"/settings/people/{noor.id}")).text
    assert (await client_of(app).get(path[0])).status_code == 200
    rows = await app.state.it.read(history)
    assert rows == [("ada@shop.example", "reset")]
    assert (await ada.post("/settings/people/99999/link")).status_code == 404
    for name, status in (("sam", 403), ("els", 403)):
        assert (await (await signed_in(app, name)).post(f"/settings/people/{noor.id}/link")).status_code == status
    await app.state.it.write(people.set_active, noor.id, False, by=await person(app, "ada"))
    assert (await ada.post(f"/settings/people/{noor.id}/link")).status_code == 409
