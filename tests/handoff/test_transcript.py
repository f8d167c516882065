"""A conversation by mail: what is in it and what never is, where it goes, and how often."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from handoff import conversations, hiding, outbox, promises, queue, shop_settings, transcript
from handoff.contact import BadEmail
from handoff.db import writing
from handoff.desk_models import File
from handoff.hours import Hours
from handoff.letters import to_customer
from handoff.models import Conversation, Mail, Message, Person
from handoff.problems import NotFound
from handoff.said import file_data
from handoff.settings import Settings
from handoff.shop_settings import PROPOSED_HOURS
from handoff.transcript import MOST_A_DAY, MOST_ROWS, MOST_TO, NoAddress, NoMail, NothingSaid, TooOften, masked, send
from kb.encoder import Encoder
from kb.models import now

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot
from .postoffice import Taking, open_office
from .shop import agent

AN, BO = "an@klant.example", "bo@klant.example"
MAILING = Settings(
    _env_file=None,
    public_url="https://chat.lamp.example",
    smtp_url="smtp://127.0.0.1:9?tls=none",
    mail_from="hallo@lamp.example",
    shop_name="Lantaarn",
)
MONDAY = datetime(2026, 11, 30, 8, 5, tzinfo=UTC)  # 9:05 in Amsterdam


def talk(session: Session, language: str = "nl", email: str | None = AN) -> Conversation:
    """A conversation with a bit of everything: an answer in Markdown, choices, an agent, a note, a step."""
    her = conversations.start(session, language=language, customer_email=email)[0]
    noor = agent(session, "Noor Bakker")
    add(session, her, "customer", "text", "Mijn pincode is weggekrast", 0)
    answer = "Kijk op **[je saldo](/saldo)**.\n\n- eerst dit\n- dan dat"
    add(session, her, "bot", "answer", answer, 1, entry_key="gift-card-balance")
    options = [{"key": "a", "question": "Waar is mijn bon?"}, {"key": "b", "question": "Hoe vraag ik een nieuwe?"}]
    add(session, her, "bot", "clarify", "Bedoel je een van deze?", 2, options=options)
    add(session, her, "system", "handed_over", "Ik haal er iemand bij.", 3)
    add(session, her, "system", "assigned", "Noor helpt je verder.", 4, author_id=noor.id)
    add(session, her, "agent", conversations.NOTE, "lastige klant, geheim", 5, author_id=noor.id)
    add(session, her, "agent", "text", "Hoi! Ik *kijk* even.", 24 * 60, author_id=noor.id)
    return her


def add(session: Session, her: Conversation, author: str, kind: str, text: str, minute: int, **more: Any) -> Message:
    return conversations.add(session, her, author, kind, text, at=MONDAY + timedelta(minutes=minute), **more)


def mails(session: Session) -> list[Mail]:
    return list(session.exec(select(Mail).order_by(col(Mail.id))).all())


def text_of(session: Session) -> str:
    return mails(session)[-1].text


# -- What is in it


def test_it_is_the_chat_in_order_in_the_times_of_the_shop(session: Session) -> None:
    her = talk(session)
    assert send(session, MAILING, her.id, "t1").to == AN
    (mail,) = mails(session)
    assert (mail.to, mail.language, mail.subject) == (AN, "nl", "Je gesprek met Lantaarn")
    assert mail.conversation_id == her.id
    said = """Hier is je gesprek met Lantaarn, zoals je vroeg. De tijden zijn die van Amsterdam.

maandag 30 november 2026

Jij, 9:05:
Mijn pincode is weggekrast

Chatbot, 9:06:
Kijk op je saldo (https://chat.lamp.example/saldo).

- eerst dit
- dan dat

Chatbot, 9:07:
Bedoel je een van deze?
- Waar is mijn bon?
- Hoe vraag ik een nieuwe?

Chatbot, 9:08:
Ik haal er iemand bij.

9:09 – Noor helpt je verder.

dinsdag 1 december 2026

Noor, 9:05:
Hoi! Ik *kijk* even.

Open je gesprek: https://chat.lamp.example/c/"""
    assert mail.text.startswith(said)
    assert mail.text.endswith("Groet van Lantaarn")
    assert "geheim" not in mail.text
    assert conversations.messages_after(session, her.id, 0, 100, notes=True)[-1].text == "Hoi! Ik *kijk* even."


def test_it_speaks_her_language_and_the_zone_that_an_admin_chose(session: Session) -> None:
    zone = Hours.model_validate(PROPOSED_HOURS | {"zone": "America/New_York"})
    shop_settings.change_hours(session, zone, revision=0, by="ada")
    her = talk(session, "en")
    send(session, MAILING, her.id, "t1")
    assert mails(session)[0].subject == "Your conversation with Lantaarn"
    assert "The times are those of New York." in text_of(session)
    assert "Monday 30 November 2026\n\nYou, 3:05:\nMijn pincode" in text_of(session)
    assert "\n\nOpen your conversation: " in text_of(session)


def test_a_hidden_message_is_hidden_and_so_is_its_file(session: Session) -> None:
    her = talk(session)
    ada = agent(session, "Ada Smit", role="admin")
    secret = add(session, her, "customer", "text", "mijn pin is 4711-8822", 25 * 60)
    for n, captioned in enumerate((False, True)):
        name = f"foto-{n}.jpg"
        photo = File(id=f"f{n}", conversation_id=her.id, name=name, media_type="image/jpeg", size=1, content=b"x")
        session.add(photo)
        words = "de achterkant" if captioned else name
        row = {"file_id": photo.id, "data": file_data(True, captioned)}
        add(session, her, "customer", "file", words, 25 * 60 + 1, **row)
    send(session, MAILING, her.id, "before")
    assert "Jij, 10:05:\nmijn pin is 4711-8822" in text_of(session)
    assert "Jij, 10:06:\nFoto: foto-0.jpg\n\nJij, 10:06:\nFoto: foto-1.jpg\nde achterkant" in text_of(session)
    her.handled_seq = her.last_seq
    session.flush()
    for seq in (secret.seq, secret.seq + 1, secret.seq + 2):
        hiding.hide(session, her.id, ada, seq)
    waits = text_of(session)  # the mail that has not gone yet
    assert "4711" not in waits
    assert "foto-0" not in waits
    assert "achterkant" not in waits
    send(session, MAILING, her.id, "after")
    for word in ("4711", "foto-0", "foto-1", "achterkant"):
        assert word not in text_of(session)
    assert text_of(session).count("Bericht verborgen") == 3
    assert "– Een bericht is verborgen" in text_of(session)


def test_what_is_promised_stands_at_its_end(session: Session) -> None:
    her = talk(session)
    noor = session.exec(select(Person)).first()
    assert noor
    conversations.change_owner(session, her, "queue", frm="bot", queued_at=now(), line_at=now())
    queue.claim(session, her.id, noor)
    promises.make(session, her.id, noor, now() + timedelta(days=1), client_id="p")
    send(session, MAILING, her.id, "t1")
    said = re.findall("Noor zoekt het uit", text_of(session))
    assert len(said) == 2  # the row, and what still stands
    assert "Dit staat nog open: Noor zoekt het uit" in text_of(session)


def test_a_button_that_no_chat_shows_is_left_out(session: Session) -> None:
    her = talk(session)
    add(session, her, "customer", "leave_queue", "Terug naar de chatbot", 30 * 60)
    add(session, her, "system", "left_queue", "Je bent uit de rij.", 30 * 60)
    send(session, MAILING, her.id, "t1")
    assert "Terug naar de chatbot" not in text_of(session)
    assert "– Je bent uit de rij." in text_of(session)


def test_odd_words_stay_what_they_are(session: Session) -> None:
    her = conversations.start(session, language="nl", customer_email=AN)[0]
    odd = ["<script>alert(1)</script> & {shop}", "👋🏽 مرحبا", "een\n\ntwee", "x" * 4000]
    for n, words in enumerate(odd):
        add(session, her, "customer", "text", words, n)
    add(session, her, "agent", "text", "van wie er niet meer is", 9)
    send(session, MAILING, her.id, "t1")
    for words in odd:
        assert f":\n{words}" in text_of(session)
    assert "Medewerker, 9:14:\nvan wie er niet meer is" in text_of(session)


def test_of_a_long_one_the_newest_is_kept_and_that_is_said(session: Session) -> None:
    her = conversations.start(session, language="nl", customer_email=AN)[0]
    for n in range(MOST_ROWS + 2):
        add(session, her, "customer", "text", f"bericht {n}", 0)
    send(session, MAILING, her.id, "rows")
    assert f"hier staan de laatste {MOST_ROWS} berichten" in text_of(session)
    assert "bericht 1\n" not in text_of(session)
    assert "bericht 2\n\nJij, 9:05:\nbericht 3" in text_of(session)
    assert f"bericht {MOST_ROWS + 1}" in text_of(session)
    for n in range(40):
        add(session, her, "agent", "text", f"lang {n} " + "é" * 3900, 1)
    send(session, MAILING, her.id, "size")
    assert len(text_of(session)) < transcript.LONGEST + 1500
    assert "lang 39 " in text_of(session)
    assert "lang 1 " not in text_of(session)
    assert "hier staan de laatste 15 berichten" in text_of(session)


# -- Where it goes


def test_an_address_given_is_for_this_mail_alone(session: Session) -> None:
    her = talk(session)
    assert send(session, MAILING, her.id, "t1", f"  {BO.upper()} ") == transcript.Sent(BO)
    assert mails(session)[0].to == BO
    assert her.customer_email == AN
    assert "We hadden nog geen adres" not in text_of(session)


def test_where_none_was_known_it_is_noted_and_that_is_said(session: Session) -> None:
    her = talk(session, email=None)
    with pytest.raises(NoAddress):
        send(session, MAILING, her.id, "t1", "  ")
    with pytest.raises(BadEmail):
        send(session, MAILING, her.id, "t1", "nergens")
    assert mails(session) == []
    assert send(session, MAILING, her.id, "t1", BO) == transcript.Sent(BO, noted=True)
    assert her.customer_email == BO
    assert "We hadden nog geen adres van je" in text_of(session)
    assert send(session, MAILING, her.id, "t2").noted is False


@pytest.mark.parametrize("bad", ["an@", "a@b.example\nBcc: c@d.example", "Bo <bo@klant.example>", "x" * 320, "🙂"])
def test_what_is_no_address_is_refused(session: Session, bad: str) -> None:
    her = talk(session, email=None)
    with pytest.raises(BadEmail):
        send(session, MAILING, her.id, "t1", bad)
    assert (mails(session), her.customer_email) == ([], None)


def test_a_known_address_that_is_none_is_asked_for(session: Session) -> None:
    her = talk(session, email="nobody")
    with pytest.raises(NoAddress):
        send(session, MAILING, her.id, "t1")


def test_nothing_is_mailed_where_nothing_was_said_or_no_mail_goes(session: Session) -> None:
    her = conversations.start(session, language="nl", customer_email=AN)[0]
    with pytest.raises(NothingSaid):
        send(session, MAILING, her.id, "t1")
    add(session, her, "agent", conversations.NOTE, "alleen voor ons", 0)
    with pytest.raises(NothingSaid):
        send(session, MAILING, her.id, "t1")
    with pytest.raises(NoMail):
        send(session, without_smtp(MAILING), talk(session).id, "t1")
    with pytest.raises(NotFound):
        send(session, MAILING, "nobody", "t1")


def without_smtp(settings: Settings) -> Settings:
    return settings.model_copy(update={"smtp_url": ""})


@pytest.mark.parametrize(
    ("email", "shown"),
    [(AN, "a…@klant.example"), ("a@b.example", "…@b.example"), ("é.x@b.example", "é…@b.example")],
)
def test_an_address_is_told_so_that_only_its_owner_knows_it(email: str, shown: str) -> None:
    assert masked(email) == shown


# -- How often


def test_the_same_id_is_the_same_mail(session: Session) -> None:
    her, other = talk(session), conversations.start(session, language="nl", customer_email=BO)[0]
    add(session, other, "customer", "text", "hoi", 0)
    for email in ("", BO, "nergens"):
        assert send(session, MAILING, her.id, "t1", email).to == AN
    assert len(mails(session)) == 1
    assert send(session, MAILING, other.id, "t1").to == BO
    assert send(session, MAILING, her.id, "🙂" * 64).to == AN
    assert len(mails(session)) == 3


def test_pressed_twice_at_once_it_is_one_mail(engine: Engine) -> None:
    with writing(engine) as session:
        id_ = talk(session, email=None).id

    def press(_: int) -> str:
        with writing(engine) as session:
            return send(session, MAILING, id_, "t1", BO).to

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(press, range(8))) == {BO}
    with writing(engine) as session:
        assert len(mails(session)) == 1


def test_a_few_a_day_of_a_conversation(session: Session) -> None:
    her = talk(session)
    for n in range(MOST_A_DAY):
        send(session, MAILING, her.id, f"t{n}", f"x{n}@klant.example")
    with pytest.raises(TooOften):
        send(session, MAILING, her.id, "more")
    assert send(session, MAILING, her.id, "t0").to == "x0@klant.example"
    for mail in mails(session):
        mail.created_at -= timedelta(days=1)
    session.flush()
    assert send(session, MAILING, her.id, "more").to == AN


def test_a_few_a_day_to_one_address_whichever_conversations(session: Session) -> None:
    talks = [conversations.start(session, language="nl")[0] for _ in range(MOST_TO + 1)]
    for n, her in enumerate(talks):
        add(session, her, "customer", "text", f"Beste Bo, koop nu {n}", 0)
    to_customer(session, MAILING, talks[0], "reply", key="other", to=BO, name="Noor")  # other mails do not count
    for her in talks[:-1]:
        send(session, MAILING, her.id, "t1", BO)
    with pytest.raises(TooOften):
        send(session, MAILING, talks[-1].id, "t1", BO.upper())
    assert talks[-1].customer_email is None
    assert send(session, MAILING, talks[-1].id, "t1", AN).to == AN


def test_what_was_sent_is_kept_in_one_place(session: Session) -> None:
    her = talk(session)
    send(session, MAILING, her.id, "t1")
    (mail,) = outbox.due(session)
    assert "weggekrast" in mail.text
    outbox.sent(session, mail)
    session.refresh(mail)
    assert mail.text == outbox.FORGOTTEN


# -- Over the API, and to a real server




async def ask(her: Customer, token: str = "", **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else her.headers
    sent = {"client_id": "t1"} | body
    return await her.client.post(f"{her.path}/transcript", json=sent, headers=headers)


async def test_the_mail_arrives(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    with open_office() as (taking, port):
        more = {"smtp_url": f"smtp://127.0.0.1:{port}?tls=none", "mail_from": "hallo@lamp.example"}
        async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **more) as app:
            client = client_of(app)
            her = await new_customer(client, language="nl")
            assert (await her.look())["transcript"] is False
            assert (await ask(her, email=AN)).status_code == 409
            await her.send("hoe stuur ik iets terug? <b>مرحبا</b> 👋🏽")
            await her.reply("answer")
            assert (await her.look())["transcript"] is True
            rows = await her.messages()
            for _ in range(2):
                answer = await ask(her, email=AN)
                assert (answer.status_code, answer.json()) == (202, {"email": "a…@klant.example"})
            await arrived(taking)
            assert await her.messages() == rows  # the timeline says nothing of it
            (message,) = taking.taken
            assert taking.to == [AN]
            plain = message.get_body(("plain",))
            marked_up = message.get_body(("html",))
            assert plain
            assert marked_up
            assert "Jij, " in plain.get_content()
            assert "hoe stuur ik iets terug? <b>مرحبا</b> 👋🏽" in plain.get_content()
            assert "Meld je retour aan in je account." in plain.get_content()
            assert "&lt;b&gt;" in marked_up.get_content()
            assert "<b>" not in marked_up.get_content()
            link = re.search(r"Open je gesprek: \S+(/c/\S+)", plain.get_content())
            assert link
            assert (await client.get(link[1])).status_code == 200


async def arrived(taking: Taking) -> None:
    async with asyncio.timeout(20):
        while not taking.taken:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)  # so that a second one would be here


async def test_without_mail_it_is_not_offered(app: FastAPI, client: httpx.AsyncClient) -> None:
    her = await new_customer(client, language="en")
    await her.send("hoe stuur ik iets terug?")
    await her.reply("answer")
    assert (await her.look())["transcript"] is False
    refused = await ask(her, email=AN)
    assert (refused.status_code, refused.json()["detail"]) == (
        409, "Mails can't be sent here. Your conversation is kept all the same.")  # fmt: skip


async def test_only_her_own_token_opens_it(app: FastAPI, client: httpx.AsyncClient) -> None:
    her, other = await new_customer(client, language="nl"), await new_customer(client, language="nl")
    assert (await ask(her, token=other.token)).status_code == 404
    assert (await ask(her, token="x")).status_code == 404
    assert (await client.post(f"{her.path}/transcript", json={"client_id": "t1"})).status_code == 401
    noor = await signed_in(app, "noor")
    assert (await noor.post(f"{her.path}/transcript", json={"client_id": "t1"})).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{"client_id": ""}, {"client_id": "x" * 65}, {"client_id": None}, {"client_id": 3}, {"email": "x" * 321},
     {"email": ["an@klant.example"]}, {"email": {"a": 1}}],
)  # fmt: skip
async def test_odd_bodies_are_refused(app: FastAPI, client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    her = await new_customer(client, language="nl")
    assert (await ask(her, **body)).status_code == 422
