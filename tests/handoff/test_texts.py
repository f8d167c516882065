"""Customers' words: editors change them, the next customer reads them, and what cannot stand there is refused."""

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from handoff.problems import NotFound
from handoff.shop_settings import changes
from handoff.texts import languages, shipped, texts
from handoff.web.text_pages import KINDS, texts_view
from handoff.wording import MAX_VALUE, Unfit, change, reset, wording, wordings

from .app import client_of, new_customer, signed_in
from .conftest import ScriptedBot, act

ODD = ["<script>alert(1)</script> & <b>vet</b>", "Dag 👋🏽 👩‍👩‍👧", "مرحبا، كيف أساعدك؟",
       "een { losse } haak {", "x" * MAX_VALUE]  # fmt: skip


def test_a_change_stands_until_it_is_put_back(session: Session) -> None:
    before = wording(session, "say.ok", "nl")
    assert (before.changed, before.by, before.at) == (False, None, None)
    changed = change(session, "say.ok", "nl", "  Prima.\r\n Ga door. ", "els")
    assert (changed.value, changed.shipped, changed.by) == ("Prima. Ga door.", before.value, "els")
    assert change(session, "say.ok", "nl", "Prima.", "ada").by == "ada"
    assert texts(session, "nl")["say.ok"] == "Prima."
    assert texts(session, "en") == shipped("en")
    assert [t.key for t in wordings(session, "nl") if t.changed] == ["say.ok"]
    assert reset(session, "say.ok", "nl", "els") == before
    assert reset(session, "say.ok", "nl", "els") == before
    assert texts(session, "nl") == shipped("nl")


def test_every_change_is_in_the_history(session: Session) -> None:
    shipped_words = shipped("nl")["say.ok"]
    change(session, "say.ok", "nl", "Prima.", "els")
    change(session, "say.ok", "nl", "Prima.", "ada")
    reset(session, "say.ok", "nl", "ada")
    reset(session, "say.ok", "nl", "ada")
    rows = [(c.by, c.before["value"], c.after["value"]) for c in reversed(changes(session, "text"))]
    assert rows == [("els", shipped_words, "Prima."), ("ada", "Prima.", shipped_words)]


def test_the_shipped_words_are_no_change(session: Session) -> None:
    change(session, "say.ok", "nl", "Prima.", "els")
    assert not change(session, "say.ok", "nl", shipped("nl")["say.ok"], "els").changed
    assert not wording(session, "say.ok", "nl").changed


@pytest.mark.parametrize("value", ODD)
def test_odd_words_are_kept_as_they_are(session: Session, value: str) -> None:
    change(session, "say.ok", "nl", value, "els")
    assert texts(session, "nl")["say.ok"] == value


@pytest.mark.parametrize("value", ["", "  \n ", "\u200b\u00a0", "\x07"])
def test_nothing_to_read_is_refused(session: Session, value: str) -> None:
    with pytest.raises(Unfit, match="is empty"):
        change(session, "say.ok", "nl", value, "els")


def test_too_long_is_refused_not_cut(session: Session) -> None:
    with pytest.raises(Unfit, match="may have 500 characters"):
        change(session, "say.ok", "nl", "x" * 501, "els")
    assert texts(session, "nl") == shipped("nl")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Je staat in de rij.", r"must keep \{position\}"),
        ("Je bent { position } in de rij.", r"must keep \{position\}"),
        ("Je bent {position}, {naam}.", r"cannot have \{naam\}"),
        ("Je bent {plaats}.", r"must keep \{position\}"),
    ],
)
def test_placeholders_stay_and_no_others_come(session: Session, value: str, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        change(session, "system.queue_position", "nl", value, "els")
    moved = change(session, "system.queue_position", "nl", "{position}: daar sta je.", "els")
    assert moved.value == "{position}: daar sta je."


@pytest.mark.parametrize(("key", "language"), [("say.none_such", "nl"), ("say.ok", "fr"), ("", "nl"), ("say.ok", "")])
def test_unknown_texts_are_not_found(session: Session, key: str, language: str) -> None:
    with pytest.raises(NotFound):
        change(session, key, language, "x", "els")
    with pytest.raises(NotFound):
        reset(session, key, language, "els")


@pytest.mark.parametrize("language", languages())
def test_every_text_has_one_place_on_the_page(session: Session, language: str) -> None:
    rows = [row.text.key for kind in texts_view(wordings(session, language), language).kinds.values() for row in kind]
    assert sorted(rows) == sorted(shipped(language))
    assert len(KINDS) == 9


async def put(who: httpx.AsyncClient, key: str, value: Any, language: str = "nl") -> httpx.Response:
    return await who.put(f"/api/v1/review/texts/{key}", params={"language": language}, json={"value": value})


async def test_the_next_customer_reads_the_changed_words(app: FastAPI, scripted: ScriptedBot) -> None:
    els, scripted.says = await signed_in(app, "els"), lambda _: [act("say", key="greet")]
    odd = "<b>Hoi</b> 👋 مرحبا"
    changed = (await put(els, "say.greet", odd)).json()
    assert (changed["value"], changed["changed"], changed["by"]) == (odd, True, "els@shop.example")
    assert changed["at"] is not None
    assert changed["shipped"] == shipped("nl")["say.greet"]
    for key, value in (("widget.send", "Weg ermee"), ("error.too_long", "Te lang: {limit} kan.")):
        assert (await put(els, key, value)).status_code == 200

    client = client_of(app)
    tag = (await client.get("/api/v1/texts", params={"language": "nl"})).headers["ETag"]
    found = await client.get("/api/v1/texts", params={"language": "nl"})
    assert found.json()["texts"]["widget.send"] == "Weg ermee"
    her = await new_customer(client, language="nl")
    await her.send("hoi")
    said = await her.reply("say")
    assert (said["text"], "html" in said) == (odd, False)
    assert (await her.send("x" * 4001)).json()["detail"] == "Te lang: 4000 kan."

    back = await els.delete("/api/v1/review/texts/widget.send", params={"language": "nl"})
    assert (back.status_code, back.json()["changed"], back.json()["by"]) == (200, False, None)
    again = await client.get("/api/v1/texts", params={"language": "nl"}, headers={"If-None-Match": tag})
    assert again.json()["texts"]["widget.send"] == shipped("nl")["widget.send"]


async def test_the_list_has_every_text_of_a_language(app: FastAPI) -> None:
    ada = await signed_in(app, "ada")
    await put(ada, "say.ok", "Fine.", "en")
    found = (await ada.get("/api/v1/review/texts", params={"language": "en"})).json()
    assert [t["key"] for t in found["texts"]] == list(shipped("en"))
    assert [(t["key"], t["value"]) for t in found["texts"] if t["changed"]] == [("say.ok", "Fine.")]
    assert set(found["texts"][0]) == {"key", "language", "shipped", "value", "changed", "by", "at"}
    assert (await ada.get("/api/v1/review/texts")).json()["language"] == "nl"
    assert (await ada.get("/api/v1/review/texts", params={"language": "fr"})).status_code == 404


async def test_only_editors_change_words(app: FastAPI) -> None:
    els = await signed_in(app, "els")
    for who, status in ((client_of(app), 401), (await signed_in(app, "noor"), 403)):
        path = "/api/v1/review/texts"
        assert (await who.get(path)).status_code == status
        assert (await put(who, "say.ok", "x")).status_code == status
        assert (await who.delete(f"{path}/say.ok", params={"language": "nl"})).status_code == status
    params, other = {"language": "nl"}, {"Origin": "https://evil.example"}
    forged = await els.put("/api/v1/review/texts/say.ok", params=params, json={"value": "x"}, headers=other)
    assert forged.status_code == 403


BAD = [
    ("say.ok", {"value": "x" * 501}, 422, "may have 500 characters"),
    ("say.ok", {"value": ""}, 422, "is empty"),
    ("say.ok", {"value": "\x00"}, 422, "is empty"),
    ("say.ok", {"value": 7}, 422, "value"),
    ("say.ok", {"value": None}, 422, "value"),
    ("say.ok", {"value": ["x"]}, 422, "value"),
    ("say.ok", {}, 422, "value"),
    ("say.ok", [], 422, "body"),
    ("say.ok", {"value": "Dag {name}"}, 422, r"cannot have \{name\}"),
    ("widget.wait_range", {"value": "Duurt {low} minuten"}, 422, r"must keep \{high\}"),
    ("no.such_text", {"value": "x"}, 404, "no text with this key"),
    ("%3Cb%3E", {"value": "x"}, 404, "no text with this key"),
]


async def test_bad_words_are_refused_in_plain_words(app: FastAPI) -> None:
    els = await signed_in(app, "els")
    for key, body, status, said in BAD:
        answer = await els.put(f"/api/v1/review/texts/{key}", params={"language": "nl"}, json=body)
        assert answer.status_code == status, (key, body)
        assert re.search(said, answer.json()["detail"]), answer.text
    assert (await put(els, "say.ok", "x", "fr")).status_code == 404
    assert (await els.put("/api/v1/review/texts/say.ok", json={"value": "x"})).status_code == 422
    lone = b'{"value": "a\\ud800b"}'
    params, headers = {"language": "nl"}, {"Content-Type": "application/json"}
    answer = await els.put("/api/v1/review/texts/say.ok", params=params, content=lone, headers=headers)
    assert answer.json()["value"] == "ab"
    await els.delete("/api/v1/review/texts/say.ok", params=params)
    found = (await els.get("/api/v1/review/texts", params=params)).json()
    assert not any(text["changed"] for text in found["texts"])
