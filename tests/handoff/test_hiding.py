"""Hiding a message that shows a secret: no route gives its words any more; undone for a day, then it is gone."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlmodel import Session, select

from handoff import hiding
from handoff.desk_models import File
from handoff.hiding import without
from handoff.models import Conversation, Mail, Message
from kb import backlog
from kb.models import Question, QuestionGroup, now

from .app import Customer, client_of, new_customer, signed_in
from .conftest import ScriptedBot, act
from .pictures import PDF, picture

# No number in it that the redacting of the backlog would take out by itself.
SECRET = "het wachtwoord van mijn mailbox is paarse olifant vrijdag, helpt dat"
WORD = "olifant"


class Desk:
    """An agent and one conversation."""

    def __init__(self, agent: httpx.AsyncClient, conversation_id: str) -> None:
        self.agent, self.path = agent, f"/api/v1/desk/conversations/{conversation_id}"

    async def do(self, what: str, seq: int) -> httpx.Response:
        return await self.agent.post(f"{self.path}/messages/{seq}/{what}")

    async def rows(self) -> dict[int, dict[str, Any]]:
        return {m["seq"]: m for m in (await self.agent.get(self.path)).json()["messages"]}


async def asked(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> tuple[Customer, Desk, int]:
    """A customer whose question is a secret, helped by Noor; the number of that question."""
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    her = await new_customer(client, language="nl", identity={"name": "Mia", "email": "mia@example.org"})
    seq = (await her.send(SECRET)).json()["seq"]
    await her.until("queue")
    noor = await signed_in(app, "noor")
    assert (await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")).status_code == 200
    return her, Desk(noor, her.id), seq


async def everything(app: FastAPI, her: Customer, seq: int) -> dict[str, str]:
    """What every route that can be read says, to the customer, two agents, an editor and an admin."""
    group = await app.state.it.read(lambda s: s.exec(select(QuestionGroup.id)).first())
    values = {
        "conversation_id": her.id, "seq": seq, "group_id": group or 1, "language": "nl", "key": "return-how",
        "entry_key": "return-how", "person_id": 1, "file_id": "x", "access": "x", "name": "x", "revision": 1,
    }  # fmt: skip
    callers = {name: await signed_in(app, name) for name in ("noor", "sam", "els", "ada")}
    callers["she"] = client_of(app, headers=her.headers)
    said = {}
    for route in _routes(app):
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda m: str(values.get(m[1], 1)), route)
        for who, caller in callers.items():
            for headers, params in (({}, {}), ({"HX-Request": "true"}, {"q": "bon", "text": "bon"})):
                got = await caller.get(path, headers=headers, params=params)
                said[f"{who} {path} {len(headers)}"] = got.text
    for caller in callers.values():
        await caller.aclose()
    return said


def _routes(app: FastAPI) -> list[str]:
    """The paths of all routes that are read with GET."""
    found: list[str] = []

    def look(routes: Any) -> None:
        for route in routes:
            if isinstance(route, APIRoute) and "GET" in route.methods:
                found.append(route.path)
            elif hasattr(route, "original_router"):
                look(route.original_router.routes)

    look(app.routes)
    return found


async def test_no_route_gives_the_words_of_a_hidden_question(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, desk, seq = await asked(app, client, scripted)
    it = app.state.it
    mail = {"to": "mia@example.org", "language": "nl", "subject": "Antwoord", "conversation_id": her.id}
    quoted = Mail(key="k", text=f"Je vroeg:\n{SECRET}\nGroet", **mail)
    await it.write(lambda s: s.add(quoted))
    before = await everything(app, her, seq)
    told = {where.split()[1] for where, text in before.items() if WORD in text}
    assert {f"{her.path}/messages", desk.path, f"/desk/{her.id}", "/desk", "/review"} <= told  # the test can see it
    assert (await desk.do("hide", seq)).json() == {"seq": seq, "hidden": True}

    after = await everything(app, her, seq)
    assert set(after) == set(before)
    assert [where for where, text in after.items() if WORD in text] == []
    hidden = (await her.messages())[0]
    assert (hidden["kind"], hidden["text"]) == ("hidden_message", "")
    assert not {"html", "file", "options", "entry_key"} & set(hidden)
    step = (await her.messages())[-1]
    assert (step["kind"], step["hides"], step["author"]) == ("hidden", seq, "system")
    assert "Noor" not in str(step)
    assert (await desk.rows())[seq]["kind"] == "hidden_message"
    conversation = await it.read(lambda s: s.get(Conversation, her.id))
    assert conversation.question == "[verborgen]"
    assert WORD not in (await it.read(lambda s: s.exec(select(Mail)).one())).text
    assert (await it.read(lambda s: s.exec(select(Question)).one())).text == "[hidden]"

    assert (await desk.do("show", seq)).json() == {"seq": seq, "hidden": False}
    again = await her.messages()
    assert (again[0]["kind"], again[0]["text"], again[0]["client_id"]) == ("text", SECRET, "m1")
    assert (again[-1]["kind"], again[-1]["shows"]) == ("shown", seq)
    restored = {where.split()[1] for where, text in (await everything(app, her, seq)).items() if WORD in text}
    assert restored == told
    assert SECRET in (await it.read(lambda s: s.exec(select(Mail)).one())).text


async def test_what_a_colleague_proposed_of_it_is_hidden_too(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    _, desk, seq = await asked(app, client, scripted)
    made = {"conversation_id": desk.path.rsplit("/", 1)[1], "language": "nl", "reason": "agent", "evidence": {}}
    longer = await app.state.it.compute(backlog.prepare, app.state.it.base, f"hallo, {SECRET}", "nl")
    await app.state.it.write(lambda s: backlog.record(s, longer, seq=91, at=now(), **made))
    await desk.do("hide", seq)
    texts = {q.seq: q.text for q in await app.state.it.read(lambda s: s.exec(select(Question)).all())}
    assert texts[91] == texts[seq] == "[hidden]"
    await desk.do("show", seq)
    texts = {q.seq: q.text for q in await app.state.it.read(lambda s: s.exec(select(Question)).all())}
    assert (texts[91], texts[seq]) == (f"hallo, {SECRET}", SECRET)


async def test_after_a_day_it_is_gone_for_good(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, desk, seq = await asked(app, client, scripted)
    it = app.state.it
    sent = await client.post(
        f"{her.path}/files?client_id=f", files={"file": ("bon.pdf", PDF)}, headers=her.headers, data={"caption": SECRET}
    )
    file = sent.json()["file"]
    for number in (seq, sent.json()["seq"]):
        assert (await desk.do("hide", number)).status_code == 200
    assert await it.read(hiding.too_old, now()) == []
    await hiding.blank_some(it)
    assert len(await it.read(lambda s: s.exec(select(File.id)).all())) == 1

    def yesterday(session: Session) -> None:
        for message in session.exec(select(Message).where(Message.hidden_at.is_not(None))).all():  # type: ignore[union-attr]
            message.hidden_at = now() - timedelta(hours=24, seconds=1)

    await it.write(yesterday)
    late = await desk.do("show", seq)
    assert late.status_code == 409
    await asyncio.gather(*(hiding.blank_some(it) for _ in range(3)))

    def all_words(session: Session) -> str:
        rows = session.exec(select(Message)).all()
        questions = session.exec(select(Question)).all()
        return str([(m.text, m.data, m.options) for m in rows]) + str([q.text for q in questions])

    assert WORD not in await it.read(all_words)
    assert await it.read(lambda s: s.exec(select(File.id)).all()) == []
    assert (await client.get(file["url"])).status_code == 404
    assert (await desk.do("show", seq)).status_code == 409
    assert (await desk.rows())[seq]["kind"] == "hidden_message"
    assert (await desk.do("hide", seq)).status_code == 200  # and it stays as it is
    assert [m["kind"] for m in (await desk.rows()).values()].count("hidden") == 2


async def test_the_file_of_a_hidden_message_is_nowhere(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, desk, _ = await asked(app, client, scripted)
    sent = await client.post(
        f"{her.path}/files?client_id=f", files={"file": ("paspoort.jpg", picture())}, headers=her.headers
    )
    message, file = sent.json(), sent.json()["file"]
    assert (await client.get(file["url"])).status_code == 200
    await desk.do("hide", message["seq"])
    assert (await client.get(file["url"])).status_code == 404
    known = {"If-None-Match": f'"{file["id"]}"'}
    assert (await desk.agent.get(f"/desk/files/{file['id']}", headers=known)).status_code == 404
    assert "paspoort" not in (await desk.agent.get("/desk")).text
    assert "paspoort" not in (await desk.agent.get(desk.path)).text
    resent = await client.post(
        f"{her.path}/files?client_id=f", files={"file": ("paspoort.jpg", picture())}, headers=her.headers
    )
    assert (resent.json()["seq"], resent.json()["kind"]) == (message["seq"], "hidden_message")
    await desk.do("show", message["seq"])
    assert (await client.get(file["url"])).status_code == 200


async def test_what_the_bot_or_an_agent_said_and_a_note_can_be_hidden(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her = await new_customer(client, language="nl")
    await her.send("hoeveel staat er op mn cadeaukaart")
    answer = await her.reply("answer")
    scripted.says = lambda body: [act("handoff", reason="requested")]
    await her.send("medewerker")
    await her.until("queue")
    noor = await signed_in(app, "noor")
    desk = Desk(noor, her.id)
    await noor.post(f"{desk.path}/claim")
    mine = (await noor.post(f"{desk.path}/messages", json={"client_id": "r", "text": f"De code is {WORD}."})).json()
    note = (await noor.post(f"{desk.path}/notes", json={"client_id": "n", "text": f"Intern: {WORD}"})).json()
    for number in (answer["seq"], mine["seq"], note["seq"]):
        assert (await desk.do("hide", number)).status_code == 200, number
    rows = await desk.rows()
    assert {rows[n]["kind"] for n in (answer["seq"], mine["seq"], note["seq"])} == {"hidden_message"}
    assert WORD not in str(rows)
    hers = await her.messages()
    assert [m["seq"] for m in hers if m["kind"] == "hidden_message"] == [answer["seq"], mine["seq"]]
    assert [m["hides"] for m in hers if m["kind"] == "hidden"] == [answer["seq"], mine["seq"]]  # no word of the note
    assert note["seq"] not in {m["seq"] for m in hers}
    await desk.do("show", note["seq"])
    assert (await desk.rows())[note["seq"]]["text"] == f"Intern: {WORD}"
    assert (await her.messages()) == hers


async def test_who_may_hide_and_what(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    her, desk, seq = await asked(app, client, scripted)
    other, _, _ = await asked(app, client, scripted)
    sam, ada, els = [Desk(await signed_in(app, name), her.id) for name in ("sam", "ada", "els")]
    assert (await sam.do("hide", seq)).status_code == 403
    assert (await els.do("hide", seq)).status_code == 403
    assert (await client.post(f"{desk.path}/messages/{seq}/hide", headers=her.headers)).status_code == 401
    foreign = {"Origin": "https://evil.example"}
    assert (await desk.agent.post(f"{desk.path}/messages/{seq}/hide", headers=foreign)).status_code == 403
    for number, status in ((999, 404), (0, 422), (-1, 422), (2**40, 422), ("x", 422)):
        assert (await desk.agent.post(f"{desk.path}/messages/{number}/hide")).status_code == status, number
    assert (await desk.agent.post("/api/v1/desk/conversations/nobody/messages/1/hide")).status_code == 404
    step = next(m["seq"] for m in (await desk.rows()).values() if m["author"] == "system")
    assert (await desk.do("hide", step)).status_code == 422
    assert (await ada.do("hide", seq)).status_code == 200  # an admin may, without having the conversation
    assert (await sam.do("show", seq)).status_code == 403
    assert (await desk.do("show", seq)).status_code == 200
    assert (await desk.do("hide", seq)).status_code == 200
    await desk.agent.post(f"{desk.path}/close", json={})
    assert (await desk.do("show", seq)).status_code == 200  # she hid it herself
    assert (await desk.do("hide", seq)).status_code == 403
    assert (await other.messages())[0]["text"] == SECRET


async def test_pressed_twice_it_is_hidden_once(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, desk, seq = await asked(app, client, scripted)
    for what in ("hide", "show", "hide", "show"):
        done = await asyncio.gather(*(desk.do(what, seq) for _ in range(5)))
        assert {d.status_code for d in done} == {200}
    kinds = [m["kind"] for m in await her.messages()]
    assert (kinds.count("hidden"), kinds.count("shown")) == (2, 2)
    assert (await her.messages())[0]["text"] == SECRET


async def test_words_that_went_to_the_bot_together_are_parted(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    scripted.says = lambda body: [act("handoff", reason="unknown")]
    her = await new_customer(client, language="nl")
    first, second = await asyncio.gather(her.send("mijn lamp zoemt zo raar"), her.send(SECRET))
    await her.until("queue")
    ada = Desk(await signed_in(app, "ada"), her.id)
    assert WORD in (await ada.agent.get("/desk")).text
    both = {first.json()["seq"]: "mijn lamp zoemt zo raar", second.json()["seq"]: SECRET}
    hidden = next(n for n, text in both.items() if text == SECRET)
    assert (await ada.do("hide", hidden)).status_code == 200
    assert WORD not in str(await everything(app, her, hidden))
    assert "zoemt" in (await ada.agent.get("/desk")).text  # the rest of the question stays
    assert (await ada.do("show", hidden)).status_code == 200
    assert WORD in (await ada.agent.get("/desk")).text


async def test_it_waits_until_the_bot_has_answered(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    scripted.hold = asyncio.Event()
    her = await new_customer(client, language="nl")
    seq = (await her.send("hoeveel staat er op mn cadeaukaart")).json()["seq"]
    ada = Desk(await signed_in(app, "ada"), her.id)
    assert (await ada.do("hide", seq)).status_code == 409
    scripted.hold.set()
    await her.reply("answer")
    assert (await ada.do("hide", seq)).status_code == 200
    await her.send("hoe kan ik retourneren")  # and the talk goes on
    assert (await her.reply("answer", after=seq + 2))["entry_key"] == "return-how"


@pytest.mark.parametrize(
    ("text", "hidden", "left"),
    [
        ("mijn pin is 1234", "mijn pin is 1234", "#"),
        ("lamp stuk mijn pin is 1234 help", "mijn pin is 1234", "lamp stuk # help"),
        ("eerst mijn pin\nis 1234", "mijn pin\nis 1234", "eerst #"),
        ("eerst mijn pin is 1234", "mijn pin\n\n is 1234", "eerst #"),
        ("lamp stuk mijn pin i…", "mijn pin is 1234", "lamp stuk #"),
        ("> mijn adres is Kade 1\n> mijn code is 5\n", "mijn adres is Kade 1\nmijn code is 5", "> #\n> #\n"),
        ("ja, dat is goed", "nee", "ja, dat is goed"),
        ("ja", "   ", "ja"),
        ("", "x", ""),
    ],
)
def test_words_are_taken_out_wherever_they_stand(text: str, hidden: str, left: str) -> None:
    assert without(text, hidden, "#") == left


def test_a_hidden_question_of_the_backlog_names_no_group(session: Session) -> None:
    import numpy as np

    vector = np.ones(4, np.float32) / 2
    for n, text in enumerate(["geheim van mij", "openbare vraag"]):
        prepared = backlog.Prepared(text, "nl", vector, 0.1)
        backlog.record(session, prepared, conversation_id=f"c{n}", seq=1, language="nl", reason="unknown",
                       evidence={}, at=now())  # fmt: skip
    (group,) = backlog.list_groups(session)
    assert group.count == 2
    group.title = "geheim van mij"
    assert backlog.reword(session, "c0", 1, backlog.HIDDEN) == "geheim van mij"
    assert group.title == "openbare vraag"
    assert backlog.reword(session, "c0", 1, "x", only="something else") is None
    assert backlog.reword(session, "c9", 1, "x") is None
    assert backlog.reword(session, "c1", 1, backlog.HIDDEN) == "openbare vraag"
    assert group.title == backlog.HIDDEN
    assert backlog.reword(session, "c1", 1, "openbare vraag", only=backlog.HIDDEN) == backlog.HIDDEN
    assert group.title == "openbare vraag"
