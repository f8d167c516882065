"""The whole way over HTTP and a real mail server: closed, an address left, the link in the mail, a promise kept."""

import asyncio
import re
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from handoff import reminders, shop_settings, unseen
from handoff.hours import Hours
from handoff.shop_settings import PROPOSED_HOURS
from kb.encoder import Encoder

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .postoffice import Taking, open_office
from .test_reopen import talk_in

DESK = "/api/v1/desk"
CLOSED = PROPOSED_HOURS | {"week": [[]] * 7}


async def mail_number(taking: Taking, n: int) -> EmailMessage:
    """The n-th mail, from 1, once it is there."""
    async with asyncio.timeout(15):
        while len(taking.taken) < n:
            await asyncio.sleep(0.05)
    return taking.taken[n - 1]


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def through_the_link(app: FastAPI, mail: EmailMessage) -> Customer:
    """The customer on another device, who pressed the button behind the link of a mail."""
    found = re.search(r"https?://[^/]+(/c/\S+)", words(mail))
    assert found is not None
    pressed = await client_of(app).post(found[1], headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"})
    return Customer(client_of(app), talk_in(pressed.text))


async def set_hours(app: FastAPI, value: object) -> None:
    def change(session: object) -> None:
        document = shop_settings.hours_document(session)  # type: ignore[arg-type]
        hours = Hours.model_validate(value)
        shop_settings.change_hours(session, hours, revision=document.revision, by="ada")  # type: ignore[arg-type]

    await app.state.it.write(change)


async def test_an_address_left_at_night_leads_to_an_answer_by_mail(
    database_url: str,
    encoder: Encoder,
    cache_dir: Path,
    tmp_path: Path,
    scripted: ScriptedBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reminders, "LOOK_S", 0.1)
    monkeypatch.setattr(reminders, "BREATH_S", 0.05)
    monkeypatch.setattr(unseen, "WAIT_S", 0.3)
    scripted.says = lambda _: [act("handoff", reason="unknown")]
    with open_office() as (taking, port):
        mails = {"smtp_url": f"smtp://127.0.0.1:{port}?tls=none", "mail_from": "hallo@lamp.example"}
        async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **mails) as app:
            her, noor = await new_customer(client_of(app), language="nl"), await signed_in(app, "noor")
            await set_hours(app, CLOSED)
            await her.send("de pincode van mijn cadeaubon is weggekrast")
            assert (await her.until("queue"))["queue"]["leave"] == "closed"
            nothing = (await her.client.get(f"{her.path}/contact", headers=her.headers)).json()
            assert (nothing["answer"], nothing["calls"]) == (None, [])
            body = {"client_id": "w", "kind": "answer", "email": "an@klant.example"}
            assert (await leave(her, body)).status_code == 422  # nobody will be there: nothing can be promised
            await set_hours(app, PROPOSED_HOURS)
            promised = (await leave(her, body)).json()["promise"]
            made = await mail_number(taking, 1)
            assert promised["words"].split("uiterlijk ")[1].split(".")[0] in words(made)

            elsewhere = await through_the_link(app, made)
            assert (await elsewhere.look())["promise"] == promised
            assert await seen_up_to_here(elsewhere)

            (row,) = (await noor.get(f"{DESK}/promises")).json()["promises"]
            assert (await noor.post(f"{DESK}/promises/{row['id']}/take")).json()["owner"] == "agent"
            reply = {"client_id": "r", "text": "Kom met de bon naar de winkel, dan krijg je een nieuwe."}
            await noor.post(f"{DESK}/conversations/{her.id}/messages", json=reply)
            answered = await mail_number(taking, 2)
            assert answered["Subject"] == "Noor van Lantaarn heeft je geantwoord"
            assert reply["text"] in words(answered)
            assert (await noor.post(f"{DESK}/promises/{row['id']}/keep")).json()["state"] == "kept"
            kept = await mail_number(taking, 3)
            assert reply["text"] not in words(kept)  # she was mailed it already
            await noor.post(f"{DESK}/conversations/{her.id}/close")
            await asyncio.sleep(0.8)
            assert len(taking.taken) == 3
            assert set(taking.to) == {"an@klant.example"}
            assert (await (await through_the_link(app, kept)).look())["promise"] is None


async def leave(her: Customer, body: dict[str, str]) -> httpx.Response:
    return await her.client.post(f"{her.path}/contact", json=body, headers=her.headers)


async def seen_up_to_here(her: Customer) -> bool:
    """Whether she sees the row that tells of the promise."""
    return (await her.messages())[-1]["kind"] == "promised"
