"""Canned replies: kept with their history, filled in for a conversation, gaps where nothing is known."""

import threading

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import canned, conversations, setup_data, shop_settings
from handoff.canned import CANNED, MAX_SHORTCUT, Filled, Reply, filled
from handoff.db import reading, writing
from handoff.desk_models import CannedReply
from handoff.incoming import MAX_TEXT, Incoming, receive
from handoff.models import Conversation
from handoff.people import Wrong
from handoff.problems import Conflict, NotFound

from .app import Customer, client_of, new_customer, signed_in
from .shop import agent

HELLO = Reply("welkom", "nl", "Hoi {klant}, ik ben {agent} van {winkel}.")


def said_to(session: Session, *texts: str, **about: str) -> Conversation:
    conversation = conversations.start(session, language="nl", **about)[0]
    for number, text in enumerate(texts):
        receive(session, conversation.id, Incoming(client_id=f"q{number}", text=text))
    return conversation


def history(session: Session) -> list[tuple[object, object]]:
    return [(c.before, c.after) for c in reversed(shop_settings.changes(session, CANNED))]


def wrong(session: Session, reply: Reply) -> dict[str, str]:
    with pytest.raises(Wrong) as refused:
        canned.add(session, reply, by="ada")
    return refused.value.errors


def test_a_reply_is_added_changed_removed_and_put_back(session: Session) -> None:
    row = canned.add(session, Reply(" /Wel kom ", "nl", "  Hoi \r\n daar "), by="ada")
    first = {"shortcut": "wel-kom", "language": "nl", "text": "Hoi \n daar", "topic": None}
    assert canned.shown(row) == first
    changed = canned.change(session, row.id or 0, HELLO, revision=1, by="els")
    assert (changed.shortcut, changed.revision, changed.changed_by) == ("welkom", 2, "els")
    second = canned.shown(changed)
    removed = canned.remove(session, row.id or 0, by="ada")
    assert canned.listed(session) == []
    back = canned.put_back(session, removed.id or 0, by="ada")
    assert canned.shown(back) == second
    assert canned.put_back(session, removed.id or 0, by="ada").id == back.id
    assert history(session) == [(None, first), (first, second), (second, None), (None, second)]


def test_a_stale_change_is_refused_and_the_same_one_is_harmless(session: Session) -> None:
    row = canned.add(session, HELLO, by="ada")
    id_ = row.id or 0
    hers = Reply("welkom", "nl", "Hallo!")
    canned.change(session, id_, hers, revision=1, by="els")
    assert canned.change(session, id_, hers, revision=1, by="els").revision == 2
    with pytest.raises(Conflict):
        canned.change(session, id_, Reply("welkom", "nl", "Dag!"), revision=1, by="ada")
    assert canned.get(session, id_).text == "Hallo!"
    assert len(history(session)) == 2


def test_a_shortcut_is_used_once_in_a_language(session: Session) -> None:
    first = canned.add(session, HELLO, by="ada")
    assert canned.add(session, HELLO, by="ada").id == first.id
    assert wrong(session, Reply("WELKOM", "nl", "anders")) == {"shortcut": "taken"}
    english = canned.add(session, Reply("welkom", "en", "Hi"), by="ada")
    with pytest.raises(Wrong):
        canned.change(session, english.id or 0, HELLO, revision=1, by="ada")
    removed = canned.remove(session, first.id or 0, by="ada")
    canned.add(session, Reply("welkom", "nl", "nieuw"), by="ada")
    with pytest.raises(Wrong):
        canned.put_back(session, removed.id or 0, by="ada")


def test_two_at_once_make_one(engine: Engine) -> None:
    def add() -> None:
        with writing(engine) as session:
            canned.add(session, HELLO, by="ada")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with reading(engine) as session:
        assert len(session.exec(select(CannedReply)).all()) == 1
        assert len(history(session)) == 1


@pytest.mark.parametrize(("bad", "errors"), [
    (Reply("", "nl", "x"), {"shortcut": "missing"}),
    (Reply("/", "nl", "x"), {"shortcut": "missing"}),
    (Reply("a/b", "nl", "x"), {"shortcut": "odd"}),
    (Reply("<b>", "nl", "x"), {"shortcut": "odd"}),
    (Reply("x" * (MAX_SHORTCUT + 1), "nl", "x"), {"shortcut": "long"}),
    (Reply("a", "de", "x"), {"language": "unknown"}),
    (Reply("a", "nl", " \n\u200b "), {"text": "missing"}),
    (Reply("a", "nl", "x" * (MAX_TEXT + 1)), {"text": "long"}),
    (Reply("a", "nl", "x", "t" * 81), {"topic": "long"}),
    (Reply("🤫", "", ""), {"shortcut": "odd", "language": "unknown", "text": "missing"}),
])  # fmt: skip
def test_what_cannot_be_kept(session: Session, bad: Reply, errors: dict[str, str]) -> None:
    assert wrong(session, bad) == errors
    assert history(session) == []


def test_odd_words_are_kept_as_they_are(session: Session) -> None:
    text = "<b>vet</b> 👋🏽 مرحبا {onbekend} {"
    assert canned.add(session, Reply("groet-ñ", "nl", text), by="ada").text == text


def test_what_does_not_exist(session: Session) -> None:
    kept = canned.add(session, HELLO, by="ada")
    added = shop_settings.changes(session, CANNED)[0].id or 0
    for act in (lambda: canned.get(session, 99), lambda: canned.remove(session, 99, by="ada"),
                lambda: canned.change(session, 99, HELLO, revision=1, by="ada"),
                lambda: canned.put_back(session, 99, by="ada"),
                lambda: canned.put_back(session, added, by="ada")):  # fmt: skip
        with pytest.raises(NotFound):
            act()
    assert canned.listed(session) == [kept]


def test_searching(session: Session) -> None:
    for reply in (HELLO, Reply("foto", "nl", "Stuur een foto", "returns"), Reply("photo", "en", "Send a photo")):
        canned.add(session, reply, by="ada")
    assert [r.shortcut for r in canned.listed(session)] == ["foto", "photo", "welkom"]
    assert [r.shortcut for r in canned.listed(session, "en")] == ["photo"]
    assert [r.shortcut for r in canned.listed(session, "", "FOTO stuur")] == ["foto"]
    assert [r.shortcut for r in canned.listed(session, "", "/wel")] == ["welkom"]
    conversation = said_to(session, "hoi")
    conversation.language, conversation.topic = "en", "returns"
    assert [r.shortcut for r in canned.for_desk(session, conversation)] == ["photo", "foto", "welkom"]


def test_variables_are_filled_and_what_is_unknown_is_a_gap(session: Session) -> None:
    noor = agent(session)
    conversation = said_to(session, "mijn bestelnummer is 1002345", "of nee, bestelling 1009999", "waar blijft hij",
                           customer_name="  Anna   {agent} ")  # fmt: skip
    conversation.question = "waar blijft mijn pakket, pincode 1234"
    values = canned.values_for(session, conversation, noor, "Lantaarn")
    said = filled("Hoi {klant}/{Customer}, {agent} van {winkel}: {bestelnummer} komt {dag}, {dag} of {van}.", values)
    assert said.text == "Hoi Anna {agent}/Anna {agent}, Noor van Lantaarn: 1009999 komt {dag}, {dag} of {van}."
    assert said.gaps == ["dag", "van"]
    assert "1234" not in filled("{vraag}", values).text


def test_nothing_known_is_all_gaps(session: Session) -> None:
    values = canned.values_for(session, said_to(session, "hoi", customer_name="  "), agent(session), "Lantaarn")
    assert filled("{klant} {order} {question}", values) == Filled("{klant} {order} {question}",
                                                                  ["klant", "order", "question"])  # fmt: skip
    assert filled("geen { haak } {} {\n} {{x", values) == Filled("geen { haak } {} {\n} {{x")


def test_what_was_hidden_is_not_filled_in(session: Session) -> None:
    conversation = said_to(session, "mijn bestelnummer is 1002345")
    message = conversations.messages_after(session, conversation.id)[0]
    message.hidden_at = message.at
    session.flush()
    assert "order" not in canned.values_for(session, conversation, agent(session), "Lantaarn")


def test_the_demo_shops_replies_come_into_an_empty_table_alone(engine: Engine) -> None:
    count = setup_data.load_canned_replies(engine)
    with writing(engine) as session:
        rows = canned.listed(session)
        assert count == len(rows) >= 8
        assert {row.language for row in rows} == {"nl", "en"}
        assert all(row.topic is None or row.topic in ("orders", "delivery", "returns") for row in rows)
        for row in rows:
            canned.remove(session, row.id or 0, by="ada")
    assert setup_data.load_canned_replies(engine) is None  # who took them away does not want them back


async def asked(app: FastAPI, client: httpx.AsyncClient) -> Customer:
    customer = await new_customer(client, language="nl", identity={"name": "Anna"})
    await customer.send("bestelling 1002345 is kwijt")
    return customer


async def test_the_desk_reads_them_filled_in(app: FastAPI) -> None:
    customer = await asked(app, client_of(app))
    for reply in (HELLO, Reply("parcel", "en", "{order} comes on {day}")):
        await app.state.it.write(canned.add, reply, by="ada")
    noor = await signed_in(app, "noor")
    found = (await noor.get("/api/v1/desk/canned", params={"conversation": customer.id})).json()["canned"]
    assert [(c["shortcut"], c["gaps"]) for c in found] == [("welkom", []), ("parcel", ["day"])]
    assert found[0]["filled"].startswith("Hoi Anna, ik ben Noor van ")
    assert found[1]["filled"] == "1002345 comes on {day}"
    plain = (await noor.get("/api/v1/desk/canned")).json()["canned"]
    assert [c["filled"] for c in plain] == [c["text"] for c in plain]
    assert (await noor.get("/api/v1/desk/canned?conversation=nobody")).status_code == 404
    for client, status in ((client_of(app), 401), (await signed_in(app, "els"), 403)):
        assert (await client.get("/api/v1/desk/canned")).status_code == status
    headers = {"Authorization": f"Bearer {customer.token}"}
    assert (await client_of(app).get("/api/v1/desk/canned", headers=headers)).status_code == 401
