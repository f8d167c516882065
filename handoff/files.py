"""Files that customers and agents send: checked by content, kept in the database, opened by a signed address.

In the database, so that backups, several processes and both databases need nothing else for them.
"""

import hmac
import re
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import func
from sqlmodel import Session, col, select

from handoff import conversations, incoming, queue
from handoff.desk_models import File
from handoff.incoming import MAX_TEXT, Received
from handoff.models import Conversation, Message, Person
from handoff.pictures import NoPicture, is_picture, made_anew
from handoff.problems import Conflict, Invalid, NotFound, TooLong
from handoff.reopen import signed
from handoff.said import file_data
from handoff.texts import texts

MAX_FILE = 10 * 2**20  # bytes of one file
MAX_FILES = 20  # in one conversation
MAX_ALL = 50 * 2**20  # bytes of all files of one conversation
MAX_NAME = 100  # characters
KIND = "file"
PDF = "application/pdf"
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", PDF: ".pdf"}
HOUR_S = 3600
IN_FORCE_H = 24  # an address is made anew every hour, so it is in force for 24 to 25 hours
ACCESS = re.compile(r"([0-9]{1,11})\.([0-9a-f]{32})")
WHY = ("none", "empty", "kind", "broken", "pixels", "too_large", "many", "full", "scan", "unchecked")
_UNSAYABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\"<>:|?*]")


class Unfit(Invalid):
    """A file that cannot be taken; `why` is one of WHY, and the sentence is the text `error.file_<why>`."""

    def __init__(self, why: str, **values: object) -> None:
        super().__init__("", **values)
        self.why = why
        self.text = f"error.file_{why}"
        if why == "too_large":
            self.status = 413


@dataclass(frozen=True)
class Checked:
    """A file that may be kept. `name` may be empty; `width` and `height` in pixels, None for no picture."""

    name: str
    media_type: str
    content: bytes
    width: int | None = None
    height: int | None = None

    @property
    def is_photo(self) -> bool:
        """Whether it can be shown as a picture."""
        return self.width is not None


def check(name: str, data: bytes) -> Checked:
    """The file as it may be kept, known by its content: a picture made anew, or a PDF as it is. Unfit for all else.

    Slow: see `pictures.made_anew`.
    """
    if not data:
        raise Unfit("empty")
    if len(data) > MAX_FILE:
        raise Unfit("too_large", limit=MAX_FILE // 2**20)
    if is_picture(data):
        try:
            made = made_anew(data, MAX_FILE)
        except NoPicture as no:
            raise Unfit(no.why) from no
        return Checked(tidy_name(name, made.media_type), made.media_type, made.content, made.width, made.height)
    if not data.startswith(b"%PDF-"):
        raise Unfit("kind")
    if b"%%EOF" not in data[-4096:]:
        raise Unfit("broken")
    return Checked(tidy_name(name, PDF), PDF, data)


def tidy_name(name: str, media_type: str) -> str:
    """A file's name without folders or anything unsayable, ending as its content asks; empty where nothing is left."""
    last = re.split(r"[/\\]", name.encode("utf-8", "ignore").decode())[-1]
    stem = _UNSAYABLE.sub("", last).strip(" .")
    stem = stem.rpartition(".")[0] or stem if re.search(r"\.\w{1,5}$", stem) else stem
    extension = EXTENSIONS[media_type]
    return f"{stem[: MAX_NAME - len(extension)].rstrip(' .')}{extension}" if stem else ""


def receive(
    session: Session, conversation_id: str, client_id: str, checked: Checked, caption: str
) -> tuple[Message, Received]:
    """Store a customer's file as a message, once however often it is sent. Unfit, TooLong."""
    conversation = conversations.locked(session, conversation_id)
    earlier = conversations.sent_before(session, conversation_id, "customer", client_id)
    if earlier is not None:
        return earlier, Received(earlier.seq, wants_turn=conversation.owner == "bot", fresh=False)
    row = _row(session, conversation, checked, caption)
    message = incoming.say(session, conversation, KIND, row.pop("text"), client_id=client_id, **row)
    return message, Received(message.seq, wants_turn=conversation.owner == "bot")


def send(
    session: Session,
    conversation_id: str,
    person: Person,
    client_id: str,
    checked: Checked,
    caption: str,
    *,
    note: bool = False,
) -> Message:
    """Store an agent's file, for the customer of the conversation that she has, or in a note in anybody's.

    Once however often it is sent. Unfit, TooLong, Conflict, Forbidden.
    """
    kind = conversations.NOTE if note else KIND
    conversation = conversations.locked(session, conversation_id)
    if earlier := sent(session, conversation_id, person, client_id, kind):
        return earlier
    if not note:
        conversation = queue.held(session, conversation_id, person)
    row = _row(session, conversation, checked, caption)
    return conversations.add(
        session, conversation, "agent", kind, row.pop("text"), client_id=client_id, author_id=person.id, **row
    )


def sent(session: Session, conversation_id: str, person: Person, client_id: str, kind: str) -> Message | None:
    """What this agent sent under this id before. Conflict where it was something else, or somebody else's."""
    earlier = conversations.sent_before(session, conversation_id, "agent", client_id)
    if earlier is not None and (earlier.author_id != person.id or earlier.kind != kind or earlier.file_id is None):
        raise Conflict
    return earlier


def _row(session: Session, conversation: Conversation, checked: Checked, caption: str) -> dict[str, Any]:
    """The file kept, and what its message holds. The caller has the conversation locked, so limits hold."""
    caption = caption.strip()
    if len(caption) > MAX_TEXT:
        raise TooLong(limit=MAX_TEXT)
    count, size = session.exec(
        select(func.count(), func.coalesce(func.sum(File.size), 0)).where(File.conversation_id == conversation.id)
    ).one()
    if count >= MAX_FILES:
        raise Unfit("many", limit=MAX_FILES)
    if size + len(checked.content) > MAX_ALL:
        raise Unfit("full", limit=MAX_ALL // 2**20)
    words = texts(session, conversation.language)["file.photo" if checked.is_photo else "file.document"]
    checked = replace(checked, name=checked.name or f"{words}{EXTENSIONS[checked.media_type]}")
    file = File(id=uuid4().hex, conversation_id=conversation.id, size=len(checked.content), **vars(checked))
    session.add(file)
    session.flush()
    data = file_data(checked.is_photo, bool(caption))
    return {"text": caption or file.name, "file_id": file.id, "data": data}


def forms(session: Session, messages: list[Message]) -> dict[str, dict[str, Any]]:
    """What is said of the files of these messages, by the file's id; `url` opens one without more."""
    ids = [m.file_id for m in messages if m.file_id is not None]
    if not ids:
        return {}
    known = (File.id, File.name, File.media_type, File.size, File.width, File.height)
    rows = session.exec(select(File.conversation_id, *known).where(col(File.id).in_(ids))).all()  # type: ignore[call-overload]
    found = {}
    for conversation_id, *values in rows:
        form = dict(zip(("id", "name", "media_type", "size", "width", "height"), values, strict=True))
        url = address(session.get_one(Conversation, conversation_id), form["id"], form["name"])
        found[form["id"]] = form | {"url": url}
    return found


def address(conversation: Conversation, file_id: str, name: str, at: float | None = None) -> str:
    """Where a file can be opened, for `IN_FORCE_H` hours at least; the same for an hour, so that it can be cached."""
    until = (int(at if at is not None else time.time()) // HOUR_S + IN_FORCE_H + 1) * HOUR_S
    return f"/files/{file_id}/{until}.{_signature(conversation, file_id, until)}/{quote(name, safe='')}"


def _signature(conversation: Conversation, file_id: str, until: int) -> str:
    return signed(conversation, f"file\0{file_id}", str(until))[:32]


def opened(session: Session, file_id: str, access: str, at: float | None = None) -> File:
    """The file that a signed address opens. NotFound for another's, an old one, and the file of a hidden message."""
    found = ACCESS.fullmatch(access)
    of = _conversation_of(session, file_id)
    if found is None or of is None:
        raise NotFound
    right = hmac.compare_digest(_signature(of, file_id, int(found[1])), found[2])
    if not right or int(found[1]) <= (at if at is not None else time.time()):
        raise NotFound
    return shown(session, file_id)


def shown(session: Session, file_id: str) -> File:
    """The file, whoever asks. NotFound where its message is hidden, or there is none."""
    of = _conversation_of(session, file_id)
    if of is None:
        raise NotFound
    says = select(Message.id).where(Message.conversation_id == of.id, Message.file_id == file_id)
    if session.exec(says.where(col(Message.hidden_at).is_(None))).first() is None:
        raise NotFound
    return session.get_one(File, file_id)


def _conversation_of(session: Session, file_id: str) -> Conversation | None:
    """The conversation of a file, looked at without its content."""
    found = session.exec(select(File.conversation_id).where(File.id == file_id)).first()
    return session.get(Conversation, found) if found else None
