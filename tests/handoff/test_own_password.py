"""Changing one's own password on the account page: by who knows it, everywhere at once, and nobody else's."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from handoff import auth
from kb.encoder import Encoder

from .app import PASSWORD, client_of, running_app, signed_in
from .conftest import ScriptedBot

NEW = "vier woorden op rij"
PATH = "/account/password"
LOGIN = "/api/v1/login"


async def can_sign_in(app: FastAPI, password: str) -> bool:
    answer = await client_of(app).post(LOGIN, json={"email": "noor@shop.example", "password": password})
    return answer.status_code == 200


async def test_it_is_changed_and_only_here_she_stays_signed_in(app: FastAPI) -> None:
    here, there = await signed_in(app, "noor"), await signed_in(app, "noor")
    before = here.cookies[auth.COOKIE]
    answer = await here.post(PATH, data={"current": PASSWORD, "password": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=password")
    assert here.cookies[auth.COOKIE] != before
    assert "Overal anders ben je nu afgemeld" in (await here.get("/account?done=password")).text
    assert (await there.get("/api/v1/me")).status_code == 401
    assert (await client_of(app, cookies={auth.COOKIE: before}).get("/api/v1/me")).status_code == 401
    assert await can_sign_in(app, NEW)
    assert not await can_sign_in(app, PASSWORD)
    twice = await here.post(PATH, data={"current": PASSWORD, "password": NEW})  # the same form once more
    assert twice.status_code == 422
    assert await can_sign_in(app, NEW)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Dit is niet je wachtwoord van nu."),
        ({"current": "fout", "password": NEW}, "Dit is niet je wachtwoord van nu."),
        ({"current": "x" * 10_000, "password": NEW}, "Dit is niet je wachtwoord van nu."),
        ({"current": "עברית 🎁\x00", "password": NEW}, "Dit is niet je wachtwoord van nu."),
        ({"current": PASSWORD}, "te kort"),
        ({"current": PASSWORD, "password": "x" * 9_999}, "te lang"),
        ({"current": PASSWORD, "password": "noor@shop.example"}, "te makkelijk te raden"),
    ],
)
async def test_what_cannot_be_taken_is_said_and_changes_nothing(app: FastAPI, data: dict[str, str], said: str) -> None:
    noor = await signed_in(app, "noor")
    answer = await noor.post(PATH, data=data)
    assert answer.status_code == 422
    assert said in answer.text
    for typed in data.values():
        assert f'value="{typed}"' not in answer.text.replace('value="noor@shop.example"', "")
    assert (await noor.get("/api/v1/me")).status_code == 200
    assert await can_sign_in(app, PASSWORD)


async def test_nobody_else_changes_it(app: FastAPI) -> None:
    data = {"current": PASSWORD, "password": NEW}
    assert (await client_of(app).post(PATH, data=data)).status_code == 303  # to the login
    noor = await signed_in(app, "noor")
    foreign = await noor.post(
        PATH, data=data, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    assert (await noor.post(PATH, data={"current": PASSWORD, "password": "x" * 10_001})).status_code == 422
    assert await can_sign_in(app, PASSWORD)


async def test_guessing_is_slowed_down(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    more = {"rate_limits": True, "rate_logins": "3/hour"}
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **more) as app:
        noor = await signed_in(app, "noor")
        for _ in range(2):
            assert (await noor.post(PATH, data={"current": "fout", "password": NEW})).status_code == 422
        answer = await noor.post(PATH, data={"current": PASSWORD, "password": NEW})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert "opnieuw" in answer.text
