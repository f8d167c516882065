"""Asking a colleague in a note: who can be asked, what closes a question, and that the customer hears none of it."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from handoff import conversations, mentions, queue, transfer
from handoff.desk_models import Mention
from handoff.mentions import MOST, TOLD_FOR
from handoff.models import Conversation, Person
from handoff.problems import Invalid, NotFound
from kb.models import now

from .app import client_of, new_customer, signed_in
from .shop import agent, in_line

SECRET = "is dit geheim 🤫 <b>?</b>"


def three(session: Session) -> tuple[Person, Person, Person, Conversation]:
    people = (agent(session), agent(session, "Sam Peeters"), agent(session, "Ada Smit", role="admin"))
    return *people, in_line(session)


def ask(session: Session, conversation: Conversation, by: Person, *to: Person, text: str = SECRET) -> str:
    client_id = f"n{conversation.last_seq}"
    mentions.note(session, conversation.id, by, client_id, text, [p.id or 0 for p in to])
    return client_id


def test_who_is_asked_answers_in_a_note(session: Session) -> None:
    noor, sam, ada, conversation = three(session)
    ask(session, conversation, noor, sam, ada)
    for person in (sam, ada):
        found = mentions.open_for(session, person.id or 0)
        assert [(a.by, a.words, a.conversation_id) for a in found] == [("Noor Bakker", SECRET, conversation.id)]
    assert mentions.open_for(session, noor.id or 0) == []
    mentions.note(session, conversation.id, noor, "more", "nog iets")  # no answer: she was not asked
    assert len(mentions.open_for(session, sam.id or 0)) == 1
    assert mentions.answers_to(session, noor.id or 0, now()) == []
    mentions.note(session, conversation.id, sam, "answer", "ja hoor")
    assert mentions.open_for(session, sam.id or 0) == []
    assert len(mentions.open_for(session, ada.id or 0)) == 1
    answers = mentions.answers_to(session, noor.id or 0, now())
    assert [(a.by, a.words, a.passed) for a in answers] == [("Sam Peeters", "ja hoor", False)]


def test_an_answer_is_listed_until_who_asked_goes_on_or_for_a_while(session: Session) -> None:
    noor, sam, _, conversation = three(session)
    ask(session, conversation, noor, sam)
    mentions.note(session, conversation.id, sam, "answer", "ja hoor")
    assert mentions.answers_to(session, noor.id or 0, now() + TOLD_FOR + timedelta(seconds=1)) == []
    assert len(mentions.answers_to(session, noor.id or 0, now())) == 1
    mentions.note(session, conversation.id, noor, "thanks", "dank")
    assert mentions.answers_to(session, noor.id or 0, now()) == []


def test_a_note_elsewhere_or_a_reply_is_no_answer(session: Session) -> None:
    noor, sam, _, conversation = three(session)
    other = in_line(session)
    ask(session, conversation, noor, sam)
    mentions.note(session, other.id, sam, "x", "ergens anders")
    queue.claim(session, conversation.id, sam)
    queue.reply(session, conversation.id, sam, "y", "dag klant")
    assert len(mentions.open_for(session, sam.id or 0)) == 1
    assert len(mentions.open_for(session, sam.id or 0, conversation.id)) == 1
    assert mentions.open_for(session, sam.id or 0, other.id) == []


def test_a_note_can_answer_and_ask_back(session: Session) -> None:
    noor, sam, _, conversation = three(session)
    ask(session, conversation, noor, sam)
    ask(session, conversation, sam, noor, text="welke bedoel je?")
    assert mentions.open_for(session, sam.id or 0) == []
    assert [a.words for a in mentions.open_for(session, noor.id or 0)] == ["welke bedoel je?"]


def test_a_note_with_a_transfer_answers_too(session: Session) -> None:
    noor, sam, ada, conversation = three(session)
    ask(session, conversation, noor, sam)
    queue.claim(session, conversation.id, sam)
    transfer.transfer(session, conversation.id, sam, ada.id, None, "nee, Ada weet het")
    assert mentions.open_for(session, sam.id or 0) == []
    assert [a.words for a in mentions.answers_to(session, noor.id or 0, now())] == ["nee, Ada weet het"]


def test_passing_is_told_and_twice_is_once(session: Session) -> None:
    noor, sam, ada, conversation = three(session)
    ask(session, conversation, noor, sam)
    asked = mentions.open_for(session, sam.id or 0)[0]
    with pytest.raises(NotFound):
        mentions.dismiss(session, asked.id, ada.id or 0)
    first = mentions.dismiss(session, asked.id, sam.id or 0).answered_at
    assert mentions.dismiss(session, asked.id, sam.id or 0).answered_at == first
    assert mentions.open_for(session, sam.id or 0) == []
    assert [(a.by, a.words, a.passed) for a in mentions.answers_to(session, noor.id or 0, now())] == [
        ("Sam Peeters", "", True)
    ]


def test_sent_twice_is_asked_once(session: Session) -> None:
    noor, sam, ada, conversation = three(session)
    ids = [sam.id or 0, sam.id or 0]
    first = mentions.note(session, conversation.id, noor, "n", SECRET, ids)
    assert mentions.note(session, conversation.id, noor, "n", SECRET, ids).id == first.id
    assert mentions.note(session, conversation.id, noor, "n", SECRET, [ada.id or 0]).id == first.id
    assert [m.person_id for m in session.exec(select(Mention)).all()] == [sam.id]


def test_who_cannot_be_asked(session: Session) -> None:
    noor, _, _, conversation = three(session)
    els = agent(session, "Els Vos", role="editor")
    gone = agent(session, "Gone", active=False)
    many = [agent(session, f"Nr{n}").id or 0 for n in range(MOST + 1)]
    before = conversation.last_seq
    for ids in ([noor.id or 0], [els.id or 0], [gone.id or 0], [99999], [-1], many):
        with pytest.raises(Invalid), session.begin_nested():
            mentions.note(session, conversation.id, noor, f"n{ids}", SECRET, ids)
    session.refresh(conversation)
    assert conversation.last_seq == before
    assert session.exec(select(Mention)).all() == []


def test_a_hidden_question_and_a_long_one(session: Session) -> None:
    noor, sam, _, conversation = three(session)
    ask(session, conversation, noor, sam, text="x" * 4000)
    assert len(mentions.open_for(session, sam.id or 0)[0].words) == 300
    message = conversations.messages_after(session, conversation.id, notes=True)[-1]
    message.hidden_at = now()
    session.flush()
    assert mentions.open_for(session, sam.id or 0)[0].words == ""


async def post(client: httpx.AsyncClient, path: str, **body: object) -> int:
    return (await client.post(f"/api/v1/desk/{path}", json=body)).status_code


async def test_over_the_api_and_never_to_the_customer(app: FastAPI) -> None:
    customer = await new_customer(client_of(app), language="nl")
    await customer.send("wanneer komt mijn kast")
    noor, sam, els = [await signed_in(app, name) for name in ("noor", "sam", "els")]
    people = (await noor.get("/api/v1/desk/people")).json()["people"]
    ids = {p["name"]: p["id"] for p in people}
    path = f"conversations/{customer.id}/notes"
    note = {"client_id": "n1", "text": f"@Sam {SECRET}"}
    for bad in ([ids["Noor"]], [0], ["x"], "x", [True], [ids["Sam"]] * 6, [10**12], {"a": 1}):
        assert await post(noor, path, **note, asks=bad) == 422, bad
    assert await post(noor, path, **note, asks=[ids["Sam"]]) == 202
    assert await post(noor, path, **note, asks=[ids["Sam"]]) == 202
    asked = (await sam.get("/api/v1/desk/asked")).json()
    assert [a["words"] for a in asked["open"]] == [SECRET]
    id_ = asked["open"][0]["id"]
    assert await post(noor, f"asked/{id_}/pass") == 404
    assert await post(els, f"asked/{id_}/pass") == 403
    assert await post(client_of(app), f"asked/{id_}/pass") == 401
    assert await post(sam, f"asked/{10**12}/pass") == 422
    assert await post(sam, f"asked/{id_}/pass") == 204
    assert await post(sam, f"asked/{id_}/pass") == 204
    assert (await noor.get("/api/v1/desk/asked")).json()["answers"][0]["passed"] is True
    assert await post(noor, path, client_id="n2", text="@Sam echt?", asks=[ids["Sam"]]) == 202
    assert await post(sam, path, client_id="n3", text="echt, geheim") == 202
    assert [a["words"] for a in (await noor.get("/api/v1/desk/asked")).json()["answers"]] == ["echt, geheim"]
    seen = str(await customer.messages()) + str(await customer.look())
    assert "geheim" not in seen
    assert "Sam" not in seen
    assert (await customer.look())["last_seq"] == (await customer.messages())[-1]["seq"]
