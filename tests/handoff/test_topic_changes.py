"""Giving a topic another name: everywhere or nowhere, with revisions and a row in the history."""


import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from handoff import canned, queue, shop_settings, topic_changes
from handoff.canned import Reply
from handoff.models import Handling, Person
from handoff.people import Wrong
from handoff.problems import NotFound
from handoff.topic_changes import MAX_TOPIC, TOPIC, Merges, Renamed
from kb.drafts import EntryDraft
from kb.entries import create_entry, get_entry, history, withdraw_entry
from kb.entries import revision as kb_revision

from .app import signed_in
from .shop import agent, in_line


def entry(session: Session, key: str, topic: str) -> None:
    create_entry(session, EntryDraft(key=key, question=f"{key}?", answer="Zo.", topic=topic), "test")


def filled(session: Session) -> tuple[Person, Person]:
    for key, topic in (("a", "returns"), ("b", "returns"), ("c", "delivery")):
        entry(session, key, topic)
    withdraw_entry(session, "b", "nl", None, "test")
    canned.add(session, Reply("foto", "nl", "Stuur een foto", "returns"), by="ada")
    return agent(session, topics=["delivery", "returns"]), agent(session, "Sam Peeters")


def test_the_overview(session: Session) -> None:
    filled(session)
    in_line(session, "returns")
    in_line(session, "only-waiting")
    view = topic_changes.overview(session)
    assert [(t.topic, t.entries, t.people, t.waiting) for t in view.topics] == [
        ("delivery", 1, ["Noor Bakker"], 0),
        ("only-waiting", 0, [], 1),
        ("returns", 2, ["Noor Bakker"], 1),
    ]
    assert view.everything == ["Sam Peeters"]


def test_a_new_name_is_everywhere(session: Session) -> None:
    noor, sam = filled(session)
    waits, held = in_line(session, "returns"), in_line(session, "returns")
    queue.claim(session, held.id, sam)
    before = kb_revision(session)
    done = topic_changes.rename(session, "returns", "  Terug \n sturen 📦", by="ada")
    assert done == Renamed(2, 1, [waits.id])
    session.expire_all()
    name = "Terug sturen 📦"
    assert [get_entry(session, key, "nl").topic for key in "abc"] == [name, name, "delivery"]
    assert get_entry(session, "b", "nl").status == "withdrawn"
    assert next((r.by, r.what) for r in history(session, "a", "nl")) == ("ada", "changed")
    assert kb_revision(session) > before  # the bot follows
    assert (noor.topics, sam.topics) == ([name, "delivery"], None)
    assert (waits.topic, held.topic) == (name, name)
    assert session.exec(select(Handling.topic)).all() == [name]
    assert canned.listed(session)[0].topic == name
    rows = [(c.by, c.before, c.after) for c in shop_settings.changes(session, TOPIC)]
    assert rows == [("ada", {"topic": "returns"}, {"topic": name, "entries": 2, "people": 1, "waiting": 1})]
    with pytest.raises(NotFound):
        topic_changes.rename(session, "returns", name, merge=True, by="ada")


def test_merging_is_asked_for_first(session: Session) -> None:
    noor, _ = filled(session)
    with pytest.raises(Merges):
        topic_changes.rename(session, "returns", "delivery", by="ada")
    assert get_entry(session, "a", "nl").topic == "returns"
    topic_changes.rename(session, "returns", "delivery", merge=True, by="ada")
    session.expire_all()
    assert noor.topics == ["delivery"]
    assert [t.topic for t in topic_changes.overview(session).topics] == ["delivery"]


def test_the_same_name_changes_nothing(session: Session) -> None:
    filled(session)
    before = kb_revision(session)
    assert topic_changes.rename(session, "returns", " returns ", by="ada") == Renamed(0, 0, [])
    assert (kb_revision(session), shop_settings.changes(session, TOPIC)) == (before, [])


@pytest.mark.parametrize(("name", "why"), [("", "missing"), (" \n\x00", "missing"), ("x" * (MAX_TOPIC + 1), "long")])
def test_names_that_are_none(session: Session, name: str, why: str) -> None:
    filled(session)
    with pytest.raises(Wrong) as wrong:
        topic_changes.rename(session, "returns", name, by="ada")
    assert wrong.value.errors == {"name": why}


async def test_the_pages(app: FastAPI) -> None:
    ada, it = await signed_in(app, "ada"), app.state.it
    await it.write(entry, "c", "delivery")
    page = await ada.get("/settings/topics?language=nl")
    assert page.status_code == 200
    assert "Bezorging" in page.text
    path = "/settings/topics/one"
    assert (await ada.get(f"{path}?topic=delivery")).status_code == 200
    for bad in ("", "?topic=none", "?topic=%3Cb%3E", f"?topic={'x' * 150}"):
        assert (await ada.get(f"{path}{bad}")).status_code == 404, bad
    for name in ("", "x" * 81, "\x00"):
        answer = await ada.post(path, data={"topic": "shop", "name": name})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    odd = "<b>Winkel</b>"
    saved = await ada.post(path, data={"topic": "shop", "name": odd})
    assert saved.headers["location"].endswith("done=saved")
    twice = await ada.post(path, data={"topic": "shop", "name": odd})
    assert twice.headers["location"].endswith("done=gone")
    found = it.base.ask("Wanneer zijn jullie winkels open?")
    assert found.entry == "store-hours"
    assert odd not in (await ada.get("/settings/topics")).text
    asked = await ada.post(path, data={"topic": odd, "name": "Bezorging"})  # as the page calls delivery
    assert asked.status_code == 409
    assert "Samenvoegen" in asked.text
    merged = await ada.post(path, data={"topic": odd, "name": "delivery", "merge": "delivery"})
    assert merged.headers["location"].endswith("done=saved")
    assert [t.topic for t in (await it.read(topic_changes.overview)).topics] == ["delivery"]
    history_page = (await ada.get("/settings/history")).text
    assert "&lt;b&gt;Winkel&lt;/b&gt;" in history_page
    changed = await ada.put("/api/v1/review/texts/say.ok?language=nl", json={"value": "Prima <i>zo</i>."})
    assert changed.status_code == 200
    history_page = (await ada.get("/settings/history")).text
    assert "Nederlands › say.ok" in history_page
    assert "Prima &lt;i&gt;zo&lt;/i&gt;." in history_page
    for who, status in (("noor", 403), ("els", 403)):
        client = await signed_in(app, who)
        assert (await client.get("/settings/topics")).status_code == status
        assert (await client.post(path, data={"topic": "delivery", "name": "x"})).status_code == status
