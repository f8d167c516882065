"""The link that reopens a conversation: this one only, for thirty days, and nothing happens by looking at it."""

import asyncio
import html
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, SQLModel

from handoff import conversations
from handoff.letters import to_customer
from handoff.models import Conversation
from handoff.problems import NotFound
from handoff.reopen import ACCESS_FOR, LINK_FOR, Expired, access, admits, link, reopened
from handoff.texts import shipped
from kb.encoder import Encoder
from kb.models import now

from .app import Customer, client_of, new_customer, running_app
from .conftest import ScriptedBot
from .postoffice import open_office

ORIGIN = "https://chat.lamp.example"
SECOND = timedelta(seconds=1)


def begin(session: Session, language: str = "nl") -> Conversation:
    return conversations.start(session, language=language)[0]


def token_of(address: str) -> str:
    return address.rsplit("/", 1)[1]


def test_a_link_opens_its_conversation_for_thirty_days(session: Session) -> None:
    her, at = begin(session, "en"), now()
    address = link(her, ORIGIN, at)
    assert re.fullmatch(r"https://chat\.lamp\.example/c/[\w.-]+", address)
    assert len(address) < 110
    assert reopened(session, token_of(address), at).id == her.id
    assert reopened(session, token_of(address), at + LINK_FOR - 2 * SECOND).id == her.id
    with pytest.raises(Expired) as said:
        reopened(session, token_of(address), at + LINK_FOR)
    assert (said.value.language, said.value.status, LINK_FOR.days) == ("en", 410, 30)


def test_a_link_cannot_be_made_up(session: Session) -> None:
    her, other = begin(session), begin(session)
    good = token_of(link(her, ORIGIN))
    id_, until, mark = good.split(".")
    wrong = [
        f"{other.id}.{until}.{mark}",
        f"{id_}.{int(until) + 1}.{mark}",
        f"{id_}.0{until}.{mark}",
        f"{id_}.{until}.{'0' * 32}",
        f"{id_}.{until}.{mark[:-1]}{'0' if mark[-1] != '0' else '1'}",
        f"{id_}.{until}.{mark.upper()}" if mark.upper() != mark else f"{id_}.{until}.",
        f"{id_}.{until}.{mark[:-1]}",
        f"{good}0",
        f"{good}\n",
        f"{id_}.{until}.{access(her).split('.')[1][:32]}",
        f"nobody.{until}.{mark}",
    ]
    for token in wrong:
        with pytest.raises(NotFound):
            reopened(session, token)
    # One that is too old and made up is not told from any other made up one.
    with pytest.raises(NotFound):
        reopened(session, f"{id_}.1.{mark}")


GARBAGE = [
    "", ".", "..", "x", "a.b.c", "١٢٣.١٢٣." + "a" * 32, "🙂", "\x00", "'; DROP TABLE conversation; --", "a" * 100_000,
    "a." + "9" * 100_000 + "." + "a" * 32, "مرحبا", "<script>", "../../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_opens_nothing(session: Session, garbage: str) -> None:
    her = begin(session)
    with pytest.raises(NotFound):
        reopened(session, garbage)
    assert not admits(her, garbage)
    with pytest.raises(NotFound):
        conversations.opened(session, her.id, garbage)


def test_access_opens_this_conversation_beside_its_first_token(session: Session) -> None:
    her, first = conversations.start(session, language="nl")
    other = begin(session)
    at = now()
    given = access(her, at)
    for token in (first, given, access(her, at - timedelta(days=100))):
        assert conversations.opened(session, her.id, token).id == her.id
    for wrong in (given + "0", f"{int(given.split('.')[0]) + 9}.{given.split('.')[1]}", token_of(link(her, ORIGIN))):
        with pytest.raises(NotFound):
            conversations.opened(session, her.id, wrong)
    with pytest.raises(NotFound):
        conversations.opened(session, other.id, given)
    assert admits(her, given, at + ACCESS_FOR - 2 * SECOND)
    assert not admits(her, given, at + ACCESS_FOR)
    with pytest.raises(NotFound):
        conversations.opened(session, her.id, access(her, at - ACCESS_FOR))


def test_a_new_secret_makes_every_link_and_access_worthless(session: Session) -> None:
    her = begin(session)
    address, given = link(her, ORIGIN), access(her)
    her.token_salt = begin(session).token_salt
    with pytest.raises(NotFound):
        reopened(session, token_of(address))
    assert not admits(her, given)


async def path_to(app: FastAPI, conversation_id: str, **more: Any) -> str:
    """The path of a fresh link to this conversation."""

    def make(session: Session) -> str:
        return link(conversations.get(session, conversation_id), "", **more)

    return str(await app.state.it.read(make))


def everything(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table."""
    names = set(inspect(engine).get_table_names()) & set(SQLModel.metadata.tables)
    with engine.connect() as connection:
        # A table's name from the schema, not from anybody's words.
        return {n: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{n}"')))) for n in names}  # noqa: S608


def talk_in(page: str) -> dict[str, str]:
    found = re.search(r'data-talk="([^"]*)"', page)
    assert found
    return dict(json.loads(html.unescape(found[1])))


async def test_looking_changes_nothing_and_gives_nothing_away(app: FastAPI) -> None:
    client = client_of(app)
    her = await new_customer(client, language="en")
    before = everything(app.state.it.engine)
    path = await path_to(app, her.id)
    for method in ("GET", "GET", "HEAD"):
        answer = await client.request(method, path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    page = (await client.get(path)).text
    assert talk_in(page) == {"id": her.id, "language": "en"}
    assert her.token not in page
    assert shipped("en")["reopen.open"] in page
    assert '<html lang="en">' in page
    assert everything(app.state.it.engine) == before


async def test_pressing_gives_an_access_that_works_beside_the_first(app: FastAPI) -> None:
    client = client_of(app)
    her = await new_customer(client, language="nl")
    await her.send("hoe stuur ik iets terug?")
    await her.reply("answer")
    path = await path_to(app, her.id)
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    for _ in range(2):  # a double press is harmless
        pressed = await client.post(path, headers=own)
        assert (pressed.status_code, pressed.headers["Cache-Control"]) == (200, "no-store")
        talk = talk_in(pressed.text)
        elsewhere = Customer(client_of(app), talk)
        assert (await elsewhere.messages())[0]["text"] == "hoe stuur ik iets terug?"
        assert (await elsewhere.send("dank je", client_id=f"e{_}")).status_code == 202
    assert (await her.messages())[0]["text"] == "hoe stuur ik iets terug?"
    other = await new_customer(client, language="nl")
    stranger = Customer(client, {"id": other.id, "token": talk["token"]})
    assert (await client.get(other.path, headers=stranger.headers)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ({}, True),  # an old browser that says nothing
        ({"Origin": "null"}, True),  # an old one, from a page without referrer
        ({"Origin": "http://shop.test"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://shop.test", "Sec-Fetch-Site": "none"}, False),
    ],
)
async def test_another_site_cannot_press(app: FastAPI, headers: dict[str, str], opens: bool) -> None:
    client = client_of(app)
    her = await new_customer(client, language="nl")
    answer = await client.post(await path_to(app, her.id), headers=headers)
    assert answer.status_code == 200
    assert ("token" in talk_in(answer.text)) is opens
    assert (shipped("nl")["reopen.open"] in answer.text) is not opens


async def test_old_and_wrong_links_say_so_and_lead_on(app: FastAPI) -> None:
    client = client_of(app)
    her = await new_customer(client, language="en")
    old = await path_to(app, her.id, at=now() - LINK_FOR - SECOND)
    good = await path_to(app, her.id)
    dutch = {"Accept-Language": "nl-BE,nl;q=0.9"}
    odd = ["x", "%00", "%F0%9F%99%82", "%3Cscript%3E", "a" * 9000]
    wrong = ["/c/", f"{good}0", f"{good}/more", *(f"/c/{o}" for o in odd)]
    for method in ("GET", "POST"):
        expired = await client.request(method, old, headers=dutch)
        assert expired.status_code == 410
        assert html.escape(shipped("en")["reopen.expired_title"]) in html.unescape(expired.text)
        assert "30 days" in expired.text
        for path in wrong:
            answer = await client.request(method, path, headers=dutch)
            assert answer.status_code == 404, path
            assert shipped("nl")["reopen.unknown_title"] in answer.text
            assert 'href="/chat?language=nl"' in answer.text
            assert "data-talk" not in answer.text
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "<script>" not in answer.text


async def test_a_conversation_that_is_gone_has_no_link(app: FastAPI) -> None:
    client = client_of(app)
    her = await new_customer(client, language="en")
    path = await path_to(app, her.id)

    def forget(session: Session) -> None:
        session.delete(conversations.get(session, her.id))

    await app.state.it.write(forget)
    assert (await client.get(path)).status_code == 404


async def test_from_the_outbox_to_the_mailbox_and_back(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    with open_office() as (office, port):
        mail = {"smtp_url": f"smtp://127.0.0.1:{port}?tls=none", "mail_from": "hallo@lamp.example"}
        given = (database_url, encoder, cache_dir, tmp_path, scripted)
        async with running_app(*given, **mail, public_url="http://shop.test") as app:
            client, it = client_of(app), app.state.it
            her = await new_customer(client, language="nl", identity={"email": "an@klant.example"})

            def tell(session: Session) -> None:
                found = conversations.get(session, her.id)
                for _ in range(2):
                    to_customer(session, it.settings, found, "reply", key=f"reply:{her.id}:3", name="Noor")

            await it.write(tell)
            it.bus.publish("mail", "")
            end = now() + timedelta(seconds=10)
            while not office.taken and now() < end:
                await asyncio.sleep(0.02)
            (message,) = office.taken
            body = message.get_body(("plain",))
            assert body is not None
            (address,) = re.findall(r"http://shop\.test/c/\S+", str(body.get_content()))
            page = await client.post(address, headers={"Sec-Fetch-Site": "same-origin"})
            assert (await Customer(client_of(app), talk_in(page.text)).look())["id"] == her.id
