"""Faces: what becomes of a picture, who sets whose, where it is shown, and what the public address tells."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import conversations, faces, files, people, queue, shop_settings
from handoff.db import writing
from handoff.desk_models import Face
from handoff.files import Unfit
from handoff.models import Person
from handoff.problems import NotFound
from handoff.web.desk_team import choices
from handoff.web.desk_view import queue_view, work_view
from handoff.web.shapes import conversation_form

from .app import Customer, client_of, new_customer, signed_in
from .conftest import ScriptedBot, act
from .pictures import PDF, PLACE, from_a_camera, gif_of, noise, picture, png_of, webp_of
from .shop import agent, in_line

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
POLYGLOT = picture("PNG") + b"<html><script>alert(1)</script>" + PLACE.encode()
ACCOUNT = "/account/face"


def made(data: bytes) -> bytes:
    return faces.squared(files.check("x", data))


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def color(image: Image.Image, x: int, y: int) -> str:
    red, green, blue = image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
    return "white" if min(red, green, blue) > 230 else "red" if red > blue else "blue"


def animated() -> bytes:
    frames = [Image.new("RGB", (40, 40), tint) for tint in ("red", "blue", "green")]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


# -- What becomes of a picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1, 1), (3, 1000), (96, 96), (1600, 1200)])
def test_every_picture_becomes_a_small_square(kind: str, size: tuple[int, int]) -> None:
    face = opened(made(picture(kind, size)))
    assert (face.format, face.size, face.mode) == ("WEBP", (96, 96), "RGB")


def test_it_is_the_middle_upright_and_pixels_alone() -> None:
    wide = opened(made(picture("JPEG", (300, 100))))
    assert (color(wide, 4, 48), color(wide, 92, 48)) == ("red", "blue")
    turned = made(from_a_camera("JPEG", orientation=6, size=(200, 100)))  # held a quarter turned
    assert (color(opened(turned), 48, 4), color(opened(turned), 48, 92)) == ("red", "blue")
    for kind in ("JPEG", "PNG", "WEBP"):
        face = made(from_a_camera(kind))
        assert PLACE.encode() not in face
        assert set(opened(face).info) <= {"background", "timestamp", "duration", "loop"}
        assert dict(opened(face).getexif()) == {}


def test_it_is_small_whatever_it_was() -> None:
    assert len(made(picture("JPEG", (2000, 2000)))) < 1000
    assert len(made(noise("PNG", (400, 400)))) <= faces.MAX_FACE


def test_what_one_can_see_through_is_white_and_what_moves_stands_still() -> None:
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    out = BytesIO()
    clear.save(out, "PNG")
    assert color(opened(made(out.getvalue())), 48, 48) == "white"
    still = opened(made(animated()))
    assert (getattr(still, "n_frames", 1), color(still, 48, 48)) == (1, "red")


ODD = [
    (b"", "empty"), (SVG, "kind"), (PDF, "kind"), (b"GIF89", "kind"), (b"\x89PNG\r\n\x1a\n", "broken"),
    (b"just text, renamed to .png", "kind"), (picture("JPEG")[:-200], "broken"), (gif_of(9, 9), "broken"),
    (png_of(20_000, 20_000), "pixels"), (webp_of(16_000, 16_000), "pixels"), (b"MZ" + b"\0" * 500, "kind"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), ODD)
def test_what_is_no_picture_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Unfit) as said:
        made(data)
    assert said.value.why == why


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Noor Bakker", "NB"), ("noor van der berg", "NB"), ("Noor", "N"), ("", ""), ("<b>Noor</b> 🎄 عيد", "Bع"),
     ("🎄", ""), ("Ada Smit (beheer)", "AB")],
)  # fmt: skip
def test_initials(name: str, letters: str) -> None:
    assert faces.initials(name) == letters


# -- Kept and shown


def test_it_is_kept_once_replaced_and_taken_away(session: Session) -> None:
    noor, ada = agent(session), agent(session, "Ada Smit", role="admin")
    first, other = made(picture()), made(noise())
    address = faces.give(session, noor.id or 0, first, by=noor.email)
    assert faces.give(session, noor.id or 0, first, by=noor.email) == address
    assert faces.path_of(session, noor.id) == address
    assert faces.opened(session, address.removeprefix("/faces/")) == first
    second = faces.give(session, noor.id or 0, other, by=ada.email)
    assert second != address
    with pytest.raises(NotFound):
        faces.opened(session, address.removeprefix("/faces/"))
    assert len(session.exec(select(Face)).all()) == 1
    faces.take_away(session, noor.id or 0, by=ada.email)
    faces.take_away(session, noor.id or 0, by=ada.email)
    assert faces.path_of(session, noor.id) is None
    rows = [(c.by, c.after) for c in reversed(shop_settings.changes(session, people.PERSON))]
    email = {"email": noor.email}
    assert rows == [
        (noor.email, email | {"face": "face_set"}),
        (ada.email, email | {"face": "face_set"}),
        (ada.email, email | {"face": "face_removed"}),
    ]


def test_two_may_have_the_same_picture(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters")
    content = made(picture())
    address = faces.give(session, noor.id or 0, content, by="x")
    assert faces.give(session, sam.id or 0, content, by="x") == address
    faces.take_away(session, noor.id or 0, by="x")
    assert faces.opened(session, address.removeprefix("/faces/")) == content
    with pytest.raises(NotFound):
        faces.give(session, 999_999, content, by="x")


def test_who_is_not_active_shows_none(session: Session) -> None:
    noor, ada = agent(session), agent(session, "Ada Smit", role="admin")
    address = faces.give(session, noor.id or 0, made(picture()), by="x")
    people.set_active(session, noor.id or 0, False, by=ada)
    assert faces.path_of(session, noor.id) is None
    with pytest.raises(NotFound):
        faces.opened(session, address.removeprefix("/faces/"))
    people.set_active(session, noor.id or 0, True, by=ada)
    assert faces.path_of(session, noor.id) == address


def test_set_twice_at_once_it_is_there_once(engine: Engine) -> None:
    with writing(engine) as session:
        id_ = agent(session).id or 0
    pictures = [made(picture(size=(60 + n, 40))) for n in range(2)]

    def give(n: int) -> str:
        with writing(engine) as session:
            return faces.give(session, id_, pictures[n % 2], by="x")

    with ThreadPoolExecutor(6) as threads:
        found = set(threads.map(give, range(8)))
    with writing(engine) as session:
        assert len(session.exec(select(Face)).all()) == 1
        assert faces.path_of(session, id_) in found


def test_the_desk_shows_it_where_a_colleague_stands(session: Session) -> None:
    noor, sam = agent(session), agent(session, "Sam Peeters")
    her = in_line(session)
    queue.claim(session, her.id, noor)
    conversations.add(session, her, "agent", "text", "Hoi!", author_id=noor.id)

    def shown() -> list[str | None]:
        view = work_view(session, her.id, sam.id or 0, "nl")
        (row,) = [row for row in view.rows if row["author"] == "agent"]
        (holder,) = queue_view(session, sam.id or 0, 50).lists.team
        (choice,) = choices(session, sam.id or 0, 60).people
        assert {row["face"] for row in view.rows if row["author"] != "agent"} == {None}
        return [view.agent_face, row["face"], holder.face, choice.face, conversation_form(session, her)["agent_face"]]

    assert shown() == [None] * 5
    address = faces.give(session, noor.id or 0, made(picture()), by="x")
    assert shown() == [address] * 5


# -- Over HTTP


async def send(client: httpx.AsyncClient, path: str, data: bytes, name: str = "ik.jpg") -> httpx.Response:
    return await client.post(path, files={"file": (name, data, "image/jpeg")})


async def id_of(app: FastAPI, name: str) -> int:
    def find(session: Session) -> int:
        return session.exec(select(Person).where(Person.email == f"{name}@shop.example")).one().id or 0

    return int(await app.state.it.read(find))


async def face_of(app: FastAPI, name: str) -> str | None:
    found: str | None = await app.state.it.read(faces.path_of, await id_of(app, name))
    return found


async def helped_by_noor(app: FastAPI, scripted: ScriptedBot) -> tuple[Customer, httpx.AsyncClient]:
    scripted.says = lambda body: [act("handoff", reason="requested")]
    her = await new_customer(client_of(app), language="nl")
    await her.send("medewerker")
    await her.until("queue")
    noor = await signed_in(app, "noor")
    assert (await noor.post(f"/api/v1/desk/conversations/{her.id}/claim")).status_code == 200
    return her, noor


async def test_a_face_is_set_seen_by_the_customer_and_removed(app: FastAPI, scripted: ScriptedBot) -> None:
    her, noor = await helped_by_noor(app, scripted)
    assert (await her.look())["agent_face"] is None
    for _ in range(2):  # pressed twice
        answer = await send(noor, ACCOUNT, from_a_camera())
        assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=set")
    path = (await her.look())["agent_face"]
    assert path == await face_of(app, "noor")
    assert path in (await noor.get("/account")).text
    for _ in range(2):
        assert (await noor.post(f"{ACCOUNT}/remove")).headers["location"] == "/account?done=removed"
    assert (await her.look())["agent_face"] is None
    assert (await her.client.get(path)).status_code == 404


async def test_an_open_chat_hears_of_it(app: FastAPI, scripted: ScriptedBot) -> None:
    her, noor = await helped_by_noor(app, scripted)
    heard = app.state.it.bus.subscribe(f"conversation:{her.id}")
    with heard as changes:
        await send(noor, ACCOUNT, picture())
        assert await changes.next() == [her.id]


async def test_the_address_tells_the_picture_and_nothing_else(app: FastAPI, client: httpx.AsyncClient) -> None:
    noor = await signed_in(app, "noor")
    await send(noor, ACCOUNT, picture())
    path = await face_of(app, "noor")
    assert path
    answer = await client.get(path)  # nobody who signed in
    assert opened(answer.content).size == (96, 96)
    headers = answer.headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "set-cookie" not in headers
    assert "noor" not in str(headers).lower()
    again = await client.get(path, headers={"If-None-Match": headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    wrong = [path[:-1], path + "0", path.upper(), "/faces/" + "0" * 32, "/faces/%00", "/faces/1", "/faces/..%2f1"]
    for other in wrong:
        assert (await client.get(other)).status_code == 404, other
    assert (await client.post(path)).status_code == 405


SAID = {
    "empty": "Er zat geen foto bij", "kind": "Dit is geen foto die we kunnen lezen", "broken": "beschadigd",
    "pixels": "te groot om te openen",
}  # fmt: skip


@pytest.mark.parametrize(("data", "why"), ODD)
async def test_what_cannot_be_taken_is_said(app: FastAPI, data: bytes, why: str) -> None:
    noor = await signed_in(app, "noor")
    await send(noor, ACCOUNT, picture())
    before = await face_of(app, "noor")
    answer = await send(noor, ACCOUNT, data, "foto.png")
    assert answer.status_code == 422
    assert SAID[why] in answer.text
    assert await face_of(app, "noor") == before


async def test_forms_that_are_none(app: FastAPI) -> None:
    noor = await signed_in(app, "noor")
    for sent in ({"data": {"file": "text"}}, {"content": b"x"}, {"files": {"other": ("a.png", picture())}}):
        answer = await noor.post(ACCOUNT, **sent)  # type: ignore[arg-type]
        assert answer.status_code == 422
        assert "Kies eerst een foto." in answer.text
    huge = await send(noor, ACCOUNT, b"\xff\xd8\xff" + b"\0" * (10 * 2**20 + 100_000))
    assert huge.status_code == 413
    assert "10 MB" in huge.text
    assert await face_of(app, "noor") is None


async def test_a_picture_that_is_another_kind_of_file_too_is_a_picture_alone(app: FastAPI) -> None:
    noor = await signed_in(app, "noor")
    assert (await send(noor, ACCOUNT, POLYGLOT, "<b>.html")).status_code == 303
    content = (await noor.get(str(await face_of(app, "noor")))).content
    assert b"script" not in content
    assert PLACE.encode() not in content


async def test_an_admin_sets_anybodys_and_nobody_else_does(app: FastAPI, client: httpx.AsyncClient) -> None:
    ada, noor = await signed_in(app, "ada"), await signed_in(app, "noor")
    els, sams = await signed_in(app, "els"), f"/settings/people/{await id_of(app, 'sam')}/face"
    for caller in (noor, els):
        assert (await send(caller, sams, picture())).status_code == 403
        assert (await caller.post(f"{sams}/remove")).status_code == 403
    for path in (sams, f"{sams}/remove", ACCOUNT, f"{ACCOUNT}/remove"):
        assert (await send(client, path, picture())).headers["location"].startswith("/login")
    assert await face_of(app, "sam") is None
    assert (await send(ada, sams, picture())).status_code == 303
    path = await face_of(app, "sam")
    assert path
    assert path in (await ada.get(sams.removesuffix("/face"))).text
    assert path in (await ada.get("/settings/people")).text
    history = (await ada.get("/settings/history")).text
    assert "sam@shop.example › Foto" in history
    bad = await send(ada, sams, SVG)
    assert (bad.status_code, SAID["kind"] in bad.text) == (422, True)
    assert (await ada.post(f"{sams}/remove")).status_code == 303
    assert await face_of(app, "sam") is None
    for nobody in ("999999", "0", "x", "9" * 30):
        assert (await send(ada, f"/settings/people/{nobody}/face", picture())).status_code in (404, 413, 422)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_site_sets_none(app: FastAPI, headers: dict[str, str]) -> None:
    noor = await signed_in(app, "noor")
    answer = await noor.post(ACCOUNT, files={"file": ("a.png", picture())}, headers=headers)
    assert answer.status_code == 403
    assert await face_of(app, "noor") is None
