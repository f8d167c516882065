"""The faces of people who sign in: a small square picture each, set by herself or an admin, shown beside her name.

In a table of their own, so that whoever reads people does not read pictures, and several processes see the same. The
address is the picture's own mark, so it can be kept for ever and says nothing of whose it is. Who is not active shows
none.
"""

import hashlib
from collections.abc import Iterable
from io import BytesIO

from PIL import Image, ImageOps
from sqlmodel import Session, col, select

from handoff import people, shop_settings
from handoff.desk_models import Face
from handoff.files import Checked, Unfit
from handoff.models import Person
from handoff.problems import NotFound
from kb.models import now

SIDE = 96  # pixels: twice what is shown, for fine screens
MIDDLE = (0.5, 0.4)  # what a square keeps of a picture that is none: heads are above the middle
MEDIA_TYPE = "image/webp"
MAX_FACE = 12_000  # bytes; the usual face takes two or three thousand


def squared(checked: Checked) -> bytes:
    """A picture as a face: its middle, `SIDE` pixels wide and high, a WebP of a few kB. Unfit where it is none.

    `checked` is what `files.check` gave: upright, pixels alone. What can be seen through becomes white.
    """
    if not checked.is_photo:
        raise Unfit("kind")
    with Image.open(BytesIO(checked.content)) as image:
        small = ImageOps.fit(image.convert("RGBA"), (SIDE, SIDE), centering=MIDDLE)
    face = Image.new("RGB", small.size, "white")
    face.paste(small, mask=small.getchannel("A"))
    for quality in (80, 50, 20):
        out = BytesIO()
        face.save(out, "WEBP", quality=quality, method=6)
        if len(out.getvalue()) <= MAX_FACE:
            break
    return out.getvalue()


def give(session: Session, person_id: int, content: bytes, *, by: str) -> str:
    """Put this `squared` picture beside a person's name, in place of another; its address. NotFound for nobody.

    The same one again changes nothing; any other is a row of the history.
    """
    person = _held(session, person_id)
    mark = hashlib.sha256(content).hexdigest()[:32]
    face = session.get(Face, person_id)
    if face is not None and face.mark == mark:
        return address(mark)
    face = face or Face(person_id=person_id, mark=mark, content=content)
    face.sqlmodel_update({"mark": mark, "content": content, "at": now()})
    session.add(face)
    session.flush()
    _record(session, person, "face_set", by)
    return address(mark)


def take_away(session: Session, person_id: int, *, by: str) -> None:
    """Show a person's initials again. Nothing happens where they are shown already; NotFound for nobody."""
    person = _held(session, person_id)
    face = session.get(Face, person_id)
    if face is None:
        return
    session.delete(face)
    session.flush()
    _record(session, person, "face_removed", by)


def _held(session: Session, person_id: int) -> Person:
    """The person; nobody else changes her face until the transaction ends."""
    query = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    person = session.exec(query).first()
    if person is None:
        raise NotFound("There is no such person.")
    return person


def _record(session: Session, person: Person, done: str, by: str) -> None:
    before = {"email": person.email}
    shop_settings.record(session, people.PERSON, before=before, after=before | {"face": done}, by=by)


def address(mark: str) -> str:
    """Where a picture can be had, by anybody."""
    return f"/faces/{mark}"


def of(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """The addresses of the faces of these people, by id; who has none is left out."""
    wanted = {id_ for id_ in ids if id_ is not None}
    if not wanted:
        return {}
    query = select(Face.person_id, Face.mark).join(Person, col(Person.id) == col(Face.person_id))
    found = session.exec(query.where(col(Face.person_id).in_(wanted), col(Person.active))).all()
    return {person_id: address(mark) for person_id, mark in found}


def path_of(session: Session, person_id: int | None) -> str | None:
    """The address of one person's face, if she has one."""
    return of(session, [person_id]).get(person_id or 0)


def opened(session: Session, mark: str) -> bytes:
    """The picture with this mark. NotFound where nobody who is active has it."""
    query = select(Face.content).join(Person, col(Person.id) == col(Face.person_id))
    content = session.exec(query.where(Face.mark == mark, col(Person.active)).limit(1)).first()
    if content is None:
        raise NotFound
    return content


def initials(name: str) -> str:
    """One or two letters in a face's place: of the first and the last word; empty where no word has a letter."""
    letters = [letter for word in name.split() if (letter := next((c for c in word if c.isalnum()), ""))]
    return "".join(letters[:1] + letters[1:][-1:]).upper()
