"""Sending files over the API: who may, what is stored once, who can open it, and what the bot makes of it."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from sqlmodel import Session, select

from handoff import conversations, files
from handoff.desk_models import File
from handoff.problems import NotFound
from handoff.web import guards
from kb.encoder import Encoder

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act
from .pictures import PDF, PLACE, from_a_camera, noise, picture, png_of


async def send(
    her: Customer, data: bytes, name: str = "foto.jpg", client_id: str = "f1", caption: str = "", **headers: str
) -> httpx.Response:
    return await her.client.post(
        f"{her.path}/files",
        params={"client_id": client_id},
        files={"file": (name, data, "image/jpeg")},
        data={"caption": caption} if caption else {},
        headers=her.headers | headers,
    )


async def desk_send(
    agent: httpx.AsyncClient, conversation_id: str, data: bytes, name: str = "foto.jpg", **params: Any
) -> httpx.Response:
    path = f"/api/v1/desk/conversations/{conversation_id}/files"
    return await agent.post(path, params={"client_id": "a1"} | params, files={"file": (name, data)})


async def with_agent(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> tuple[Customer, httpx.AsyncClient]:
    """A customer whom Noor helps."""
    scripted.says = lambda body: [act("handoff", reason="requested")]
    her = await new_customer(client, language="nl")
    await her.send("medewerker")
    await her.until("queue")
    noor = await signed_in(app, "noor")
    assert (await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")).status_code == 200
    return her, noor


async def test_a_photo_goes_from_the_customer_to_the_agent(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, noor = await with_agent(app, client, scripted)
    sent = await send(her, from_a_camera("JPEG", 6), "Mijn bon.JPG", caption=" kijk, de pin is weg ")
    assert sent.status_code == 201, sent.text
    message = sent.json()
    assert (message["kind"], message["author"], message["text"]) == ("file", "customer", "kijk, de pin is weg")
    file = message["file"]
    assert (file["name"], file["media_type"], file["width"], file["height"]) == ("Mijn bon.jpg", "image/jpeg", 40, 60)
    assert message in await her.messages()
    seen = (await noor.get(f"/api/v1/desk/conversations/{her.id}")).json()["messages"]
    assert message in seen

    async with client_of(app) as anyone:  # the address is what admits: a picture on a page sends no token
        got = await anyone.get(file["url"])
    assert got.status_code == 200
    assert len(got.content) == file["size"]
    assert PLACE.encode() not in got.content
    assert Image.open(BytesIO(got.content)).size == (40, 60)
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["content-disposition"] == "inline; filename*=UTF-8''Mijn%20bon.jpg"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "private" in got.headers["cache-control"]
    assert "immutable" in got.headers["cache-control"]
    at_desk = await noor.get(f"/desk/files/{file['id']}")
    assert (at_desk.content, at_desk.headers["cache-control"]) == (got.content, "private, no-cache")
    again = await noor.get(f"/desk/files/{file['id']}", headers={"If-None-Match": at_desk.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_pdf_is_saved_not_shown(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    her, noor = await with_agent(app, client, scripted)
    file = (await send(her, PDF, "factuur <1>.html")).json()["file"]
    assert (file["name"], file["media_type"], file["size"]) == ("factuur 1.pdf", "application/pdf", len(PDF))
    assert (file["width"], file["height"]) == (None, None)
    got = await noor.get(file["url"])
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert got.content == PDF


async def test_the_agent_sends_one_too_and_a_note_stays_inside(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, noor = await with_agent(app, client, scripted)
    sent = await desk_send(noor, her.id, picture("PNG"), "uitleg.png")
    assert sent.status_code == 201, sent.text
    got = (await her.messages())[-1]
    assert got == sent.json()
    assert (got["author"], got["author_name"], got["file"]["name"]) == ("agent", "Noor", "uitleg.png")
    last = (await her.look())["last_seq"]
    note = await desk_send(noor, her.id, picture(), "intern.jpg", client_id="a2", note=1)
    assert (note.status_code, note.json()["kind"]) == (201, "note")
    assert (await her.messages())[-1] == got
    assert (await her.look())["last_seq"] == last
    seen = (await noor.get(f"/api/v1/desk/conversations/{her.id}")).json()["messages"]
    assert seen[-1]["file"]["name"] == "intern.jpg"
    sam = await signed_in(app, "sam")
    assert (await desk_send(sam, her.id, picture(), client_id="b1")).status_code == 403  # Noor has it
    assert (await desk_send(sam, her.id, picture(), client_id="b2", note=1)).status_code == 201
    assert (await sam.get(f"/desk/files/{seen[-1]['file']['id']}")).status_code == 200


async def test_sent_again_it_is_the_same_message(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her, noor = await with_agent(app, client, scripted)
    at_once = await asyncio.gather(*(send(her, noise("PNG"), client_id="same") for _ in range(6)))
    assert {a.status_code for a in at_once} == {201}
    assert len({a.json()["seq"] for a in at_once}) == 1
    later = await send(her, b"even something else", client_id="same")
    assert (later.status_code, later.json()["seq"]) == (201, at_once[0].json()["seq"])
    mine = await asyncio.gather(*(desk_send(noor, her.id, picture()) for _ in range(6)))
    assert {a.status_code for a in mine} == {201}
    assert len({a.json()["seq"] for a in mine}) == 1
    assert (await desk_send(noor, her.id, picture(), note=1)).status_code == 409  # the same id for something else
    it = app.state.it
    assert len(await it.read(lambda s: s.exec(select(File.id)).all())) == 2
    assert [m["kind"] for m in await her.messages()].count("file") == 2


async def test_nobody_else_gets_in(app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot) -> None:
    her, noor = await with_agent(app, client, scripted)
    other = await new_customer(client)
    file = (await send(her, picture())).json()["file"]
    theirs = (await send(other, picture())).json()["file"]
    assert (await client.post(f"{her.path}/files?client_id=x", files={"file": picture()})).status_code == 401
    wrong = Customer(client, {"id": her.id, "token": other.token})
    assert (await send(wrong, picture(), client_id="x")).status_code == 404
    _, _, id_, access, name = file["url"].split("/")
    until, signature = access.split(".")
    bad = [
        f"/files/{id_}/{until}.{'0' * 32}/{name}",
        f"/files/{id_}/{int(until) + 3600}.{signature}/{name}",
        f"/files/{theirs['id']}/{access}/{name}",
        f"/files/{'0' * 32}/{access}/{name}",
        f"/files/{id_}/{until}/{name}",
        f"/files/{id_}/٣.{signature}/{name}",
        f"/files/{id_}/{access}x/{name}",
    ]
    for address in bad:
        assert (await client.get(address)).status_code == 404, address
    assert (await client.get(f"/files/{id_}/{access}/another-name.jpg")).status_code == 200  # the name opens nothing
    assert (await client.get(f"/desk/files/{id_}", headers=her.headers)).status_code in (303, 401)
    els = await signed_in(app, "els")
    assert (await els.get(f"/desk/files/{id_}")).status_code == 403
    assert (await noor.get(f"/desk/files/{'0' * 32}")).status_code == 404
    assert (await desk_send(els, her.id, picture())).status_code == 403
    assert (await desk_send(noor, "nobody", picture())).status_code == 404
    foreign = {"Origin": "https://evil.example"}
    path = f"/api/v1/desk/conversations/{her.id}/files?client_id=z"
    assert (await noor.post(path, files={"file": picture()}, headers=foreign)).status_code == 403


async def test_an_address_holds_a_day_and_stays_the_same_for_an_hour(session: Session) -> None:
    her, _ = conversations.start(session, language="nl")
    conversations.locked(session, her.id)
    message, _ = files.receive(session, her.id, "f", files.check("a.jpg", picture()), "")
    hour = 1_700_000_000 // 3600 * 3600
    id_ = message.file_id or ""
    first, last, next_ = (files.address(her, id_, "a b.jpg", hour + s) for s in (0, 3599, 3600))
    assert first == last != next_
    assert first.endswith("/a%20b.jpg")
    access = first.split("/")[3]
    assert files.opened(session, id_, access, hour + 24 * 3600).id == id_
    assert files.opened(session, id_, access, hour + 3599 + 24 * 3600).id == id_
    with pytest.raises(NotFound):
        files.opened(session, id_, access, hour + 25 * 3600)


@pytest.mark.parametrize(
    ("data", "name", "status", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", 422, "Dit soort bestand kan niet"),
        (b"<!doctype html><script>alert(1)</script>", "foto.jpg", 422, "Dit soort bestand kan niet"),
        (b"", "leeg.jpg", 422, "Dit bestand is leeg"),
        (picture()[:200], "half.jpg", 422, "beschadigd"),
        (png_of(50_000, 50_000), "bom.png", 422, "te groot om te openen"),
    ],
)
async def test_what_cannot_be_taken_is_refused_in_plain_words(
    client: httpx.AsyncClient, data: bytes, name: str, status: int, words: str
) -> None:
    her = await new_customer(client, language="nl")
    answer = await send(her, data, name)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert await her.messages() == []


async def test_bodies_are_bounded_here_and_everywhere_else(app: FastAPI, client: httpx.AsyncClient) -> None:
    her = await new_customer(client, language="nl")
    large = await send(her, PDF + b"\0" * guards.MAX_UPLOAD)
    assert (large.status_code, large.json()["detail"]) == (413, "Dit bestand is te groot: het mag 10 MB zijn.")

    async def drop_by_drop() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(200):
            yield b"\0" * 100_000

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    unsaid = await client.post(f"{her.path}/files?client_id=q", content=drop_by_drop(), headers=her.headers | kind)
    assert unsaid.status_code == 413
    fits = await send(her, PDF[:-6] + b"\0" * (9 * 2**20) + b"%%EOF\n", client_id="ok")
    assert fits.status_code == 201
    for path in (f"{her.path}/messages", f"{her.path}/files/x", f"/api/v1/desk/conversations/{her.id}/messages"):
        body = {"content": b"x" * 1_100_000, "headers": her.headers | {"Content-Type": "application/json"}}
        assert (await client.post(path, **body)).status_code == 413, path  # type: ignore[arg-type]
    for content, headers in [
        (b"", {}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"no form", {"Content-Type": "multipart/form-data"}),
        (b"--x\r\nnot", {"Content-Type": "multipart/form-data; boundary=x"}),
    ]:
        empty = await client.post(f"{her.path}/files?client_id=e", content=content, headers=her.headers | headers)
        assert (empty.status_code, "Er zat geen bestand bij" in empty.text) == (422, True), content
    assert (await client.post(f"{her.path}/files", headers=her.headers)).status_code == 422  # no client_id
    long = await client.post(f"{her.path}/files?client_id={'x' * 65}", headers=her.headers)
    assert long.status_code == 422
    wordy = await send(her, picture(), client_id="w", caption="x" * 4001)
    assert (wordy.status_code, "4000" in wordy.text) == (422, True)


async def test_a_stranger_has_nothing_read(app: FastAPI, client: httpx.AsyncClient) -> None:
    her = await new_customer(client)
    taken = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(90):
            taken += 1
            yield b"\0" * 100_000

    kind = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": "Bearer wrong"}
    answer = await client.post(f"{her.path}/files?client_id=q", content=counted(), headers=kind)
    assert answer.status_code == 404
    assert taken <= 2


async def test_a_conversation_holds_so_many(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 3)
    her, other = await new_customer(client, language="nl"), await new_customer(client, language="nl")
    at_once = await asyncio.gather(*(send(her, picture(), client_id=f"n{n}") for n in range(6)))
    assert sorted(a.status_code for a in at_once) == [201] * 3 + [422] * 3
    said = next(a.json()["detail"] for a in at_once if a.status_code == 422)
    assert said == "In een gesprek passen 3 bestanden, en die zijn er al."
    assert (await send(other, picture())).status_code == 201
    monkeypatch.setattr(files, "MAX_ALL", 10_000)
    full = await send(other, PDF[:-6] + b" " * 10_000 + b"%%EOF\n", "b.pdf", "f2")
    assert (full.status_code, "samen" in full.json()["detail"]) == (422, True)


async def test_the_bot_says_that_a_person_can_look_at_it(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her = await new_customer(client, language="en")
    sent = (await send(her, picture(), caption="my lamp looks like this 😢")).json()
    said = await her.reply("say")
    assert said["answers_seq"] == sent["seq"]
    assert said["text"].startswith("I can’t look at files. Shall I bring in someone who can?")
    assert [b["message"] for b in scripted.asked] == ["/file"]
    assert scripted.asked[0]["metadata"]["kb"] is None
    assert (await her.look())["owner"] == "bot"
    scripted.says = lambda body: [act("handoff", reason="requested")]
    await her.send("yes please")
    await her.until("queue")
    noor = await signed_in(app, "noor")
    (waiting,) = (await noor.get("/api/v1/desk/queue")).json()["waiting"]
    assert waiting["question"] == "my lamp looks like this 😢"
    about = (await noor.get(f"/api/v1/desk/conversations/{her.id}")).json()["context"]
    assert about["summary"]["question"] == "my lamp looks like this 😢"


async def test_a_photo_without_words_is_named_a_photo(
    app: FastAPI, client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her = await new_customer(client, language="nl")
    await send(her, picture(), "IMG_20261122_0001.jpg")
    await her.reply("say")
    scripted.says = lambda body: [act("handoff", reason="requested")]
    await her.send("ja graag")
    await her.until("queue")
    noor = await signed_in(app, "noor")
    assert (await noor.get("/api/v1/desk/queue")).json()["waiting"][0]["question"] == "Foto"
    assert "IMG_2026" not in (await noor.get("/desk/queue")).text


async def test_a_photo_while_the_bot_is_gone_goes_to_a_person(
    client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    scripted.down = True
    her = await new_customer(client, language="nl")
    await send(her, picture(), client_id="1")
    await her.until("queue")
    await send(her, picture(), client_id="2")  # and it is just shown while she waits
    assert [m["kind"] for m in await her.messages()] == ["file", "handed_over", "file"]


async def test_photos_and_words_in_a_row_each_get_their_reply(
    client: httpx.AsyncClient, scripted: ScriptedBot
) -> None:
    her = await new_customer(client, language="nl")
    await asyncio.gather(send(her, picture(), client_id="1"), her.send("hoeveel staat er op mn cadeaukaart"))
    await her.reply("answer")
    await her.reply("say")
    kinds = sorted(m["kind"] for m in await her.messages() if m["author"] == "bot")
    assert kinds == ["answer", "say"]


async def test_a_photo_reopens_a_closed_conversation(client: httpx.AsyncClient) -> None:
    her = await new_customer(client, language="nl")
    await her.send(kind="end")
    assert (await send(her, picture())).status_code == 201
    await her.reply("say")
    assert [m["kind"] for m in await her.messages()] == ["end", "closed", "reopened", "file", "say"]


SCANNER = """
import sys
data = sys.stdin.buffer.read()
sys.exit(1 if b"EICAR" in data else 7 if b"odd" in data else 0)
"""


async def test_the_shops_scanner_has_the_last_word(
    database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> None:
    script = tmp_path / "a scanner.py"
    script.write_text(SCANNER)
    command = f"{sys.executable} '{script}'"
    where = (database_url, encoder, cache_dir, tmp_path, scripted)
    async with running_app(*where, upload_scan_command=command) as app, client_of(app) as client:
        her = await new_customer(client, language="nl")
        assert (await send(her, picture(), client_id="1")).status_code == 201
        evil = await send(her, b"%PDF-1.7 EICAR %%EOF", client_id="2")
        assert (evil.status_code, evil.json()["detail"]) == (
            422, "Dit bestand is geweigerd: er zit iets onveiligs in."
        )  # fmt: skip
        odd = await send(her, b"%PDF-1.7 odd %%EOF", client_id="3")
        assert (odd.status_code, "niet worden nagekeken" in odd.text) == (422, True)
    gone = str(tmp_path / "there is no such thing").replace(" ", "_")
    async with running_app(*where, upload_scan_command=gone) as app, client_of(app) as client:
        her = await new_customer(client, language="nl")
        assert "niet worden nagekeken" in (await send(her, picture())).text


async def test_a_scanner_that_hangs_or_does_not_read_is_ended() -> None:
    from handoff.scan import scanned

    began = time.monotonic()
    assert await scanned("sleep 60", b"x" * 5_000_000, timeout_s=0.3) == "unchecked"
    assert time.monotonic() - began < 5
    assert await scanned("true", b"x" * 5_000_000) == "clean"
    assert await scanned("false", b"x") == "refused"
    assert await scanned("", b"x") == "clean"
    assert await scanned("echo ; touch /tmp/never", b"x") == "clean"  # no shell: one command with odd arguments
    assert not Path("/tmp/never").exists()


async def test_every_form_of_it_is_documented(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    for path in ("/api/v1/conversations/{conversation_id}/files", "/api/v1/desk/conversations/{conversation_id}/files"):
        body = paths[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert set(body["properties"]) == {"file", "caption"}
    assert guards.MAX_UPLOAD > files.MAX_FILE
