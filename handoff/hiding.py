"""Hiding a message that shows a secret: from everybody at once, undone for a day, then gone for good.

What it says is taken out of its row and sealed in the row's `data`, so that nothing that reads the timeline can show
it; and out of every place that holds a copy: the question in the queue, messages that went to the bot together with
it, the backlog, mails. Only `show_again` opens the seal, and `blank` throws away what is in it.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from handoff import conversations, upkeep
from handoff.db import make_engine
from handoff.desk_models import File
from handoff.models import Conversation, Mail, Message, Person
from handoff.problems import Conflict, Forbidden, Invalid, NotFound
from handoff.replies import reply_text
from handoff.said import HIDDEN
from handoff.state import State
from handoff.texts import texts
from kb import backlog
from kb.models import Question, now
from kb.redact import redact
from kb.text import clean

log = logging.getLogger(__name__)
UNDO_FOR = timedelta(hours=24)
LOOK_S = 600.0
AUTHORS = ("customer", "bot", "agent")
SEALED = "sealed"
STAYS = ("act", "reason", "evidence")  # of a row's data: keys and figures, not what was said
SHORTEST = 8  # characters of a message by which the rest of it is known where it was cut


def may_hide(conversation: Conversation, person: Person) -> bool:
    """Whether this person may hide messages of this conversation: who has it may, and an admin."""
    return person.role == "admin" or (conversation.owner == "agent" and conversation.agent_id == person.id)


def may_show(conversation: Conversation, message: Message, person: Person, at: datetime) -> bool:
    """Whether this person may undo that the message is hidden, now: also who hid it may."""
    allowed = may_hide(conversation, person) or message.hidden_by_id == person.id
    return allowed and SEALED in (message.data or {}) and (message.hidden_at or at) > at - UNDO_FOR


def hide(session: Session, conversation_id: str, person: Person, seq: int) -> Message:
    """Hide what message `seq` says, with a step that tells so. A hidden one stays as it is.

    NotFound; Forbidden for who does not have the conversation; Invalid for a step; Conflict while the bot is at it.
    """
    conversation, message = _held(session, conversation_id, seq)
    if not may_hide(conversation, person):
        raise Forbidden("Only who has this conversation, or an admin, hides a message.")
    if message.hidden_at is not None:
        return message
    if message.author not in AUTHORS:
        raise Invalid("Only what a customer, the bot or an agent said can be hidden.")
    if conversation.owner == "bot" and message.author == "customer" and message.seq > conversation.handled_seq:
        raise Conflict("The bot is still answering this message. Try again in a moment.")
    data = message.data or {}
    before = {"kind": message.kind, "text": message.text, "file_id": message.file_id, "options": message.options}
    sealed = before | {"data": data, "elsewhere": _taken_out(session, conversation, message)}
    message.kind = message.kind if message.kind == conversations.NOTE else HIDDEN
    message.text, message.file_id, message.options = "", None, None
    message.data = {k: data[k] for k in STAYS if k in data} | {SEALED: sealed}
    message.hidden_at, message.hidden_by_id = now(), person.id
    _step(session, conversation, message, person, "hidden", "hides")
    return message


def show_again(session: Session, conversation_id: str, person: Person, seq: int) -> Message:
    """Undo `hide`, with a step that tells so. A message that is not hidden stays as it is.

    NotFound, Forbidden; Conflict after `UNDO_FOR`.
    """
    conversation, message = _held(session, conversation_id, seq)
    if message.hidden_at is None:
        return message
    if not may_hide(conversation, person) and message.hidden_by_id != person.id:
        raise Forbidden("Only who has this conversation, who hid the message, or an admin, shows it again.")
    if not may_show(conversation, message, person, now()):
        raise Conflict("It is more than a day ago that this message was hidden: what it said is gone.")
    sealed = (message.data or {})[SEALED]
    for name in ("kind", "text", "file_id", "options"):
        setattr(message, name, sealed[name])
    message.data = sealed["data"] or None
    message.hidden_at = message.hidden_by_id = None
    for change in sealed["elsewhere"]:
        _put_back(session, conversation, change)
    _step(session, conversation, message, person, "shown", "shows")
    return message


def _held(session: Session, conversation_id: str, seq: int) -> tuple[Conversation, Message]:
    conversation = conversations.locked(session, conversation_id)
    query = select(Message).where(Message.conversation_id == conversation_id, Message.seq == seq)
    message = session.exec(query.execution_options(populate_existing=True)).first()
    if message is None:
        raise NotFound
    return conversation, message


def _step(
    session: Session, conversation: Conversation, message: Message, person: Person, kind: str, key: str
) -> None:
    """A row that tells what was done to the message's; that of a note is a note itself."""
    session.flush()
    words = texts(session, conversation.language)[f"system.{kind}"]
    kind = conversations.NOTE if message.kind == conversations.NOTE else kind
    conversations.add(
        session, conversation, "system", kind, words, author_id=person.id, data={key: message.seq}
    )


def _taken_out(session: Session, conversation: Conversation, message: Message) -> list[dict[str, Any]]:
    """Take the message's words out of every copy of them; what each was and is now, for `_put_back`."""
    mark = texts(session, conversation.language)["file.hidden_words"]
    changes = _out_of_question(conversation, message, mark)
    together = [message.seq]
    query = select(Message).where(Message.conversation_id == conversation.id, Message.author == "customer")
    for other in session.exec(query.where(Message.seq != message.seq)).all():
        asked = (other.data or {}).get("asked")
        if asked and (left := without(asked, message.text, mark)) != asked:
            other.data = (other.data or {}) | {"asked": left}
            changes.append({"what": "asked", "id": other.seq, "was": asked, "now": left})
            together.append(other.seq)
    for mail in session.exec(select(Mail).where(Mail.conversation_id == conversation.id)).all():
        if (left := without(mail.text, message.text, mark)) != mail.text:
            changes.append({"what": "mail", "id": mail.id, "was": mail.text, "now": left})
            mail.text = left
    return changes + _out_of_backlog(session, conversation, message, together)


def _out_of_backlog(
    session: Session, conversation: Conversation, message: Message, together: list[int]
) -> list[dict[str, Any]]:
    """Hide the questions of the backlog that were made of these messages, or hold the words in any other way."""
    changes = []
    redacted, said = redact(clean(message.text)), reply_text(message)
    for question in session.exec(select(Question).where(Question.conversation_id == conversation.id)).all():
        left = without(without(question.text, message.text, backlog.HIDDEN), redacted, backlog.HIDDEN)
        if question.seq in together or left != question.text:
            was = backlog.reword(session, conversation.id, question.seq, backlog.HIDDEN)
            changes.append({"what": "backlog", "id": question.seq, "was": was, "now": backlog.HIDDEN})
        reply = question.reply or ""
        left = without(without(reply, message.text, backlog.HIDDEN), said, backlog.HIDDEN)
        if left != reply and (message.author == "agent" or len(message.text) >= SHORTEST):
            question.reply = left
            changes.append({"what": "reply", "id": question.seq, "was": reply, "now": left})
    return changes


def _out_of_question(conversation: Conversation, message: Message, mark: str) -> list[dict[str, Any]]:
    was = conversation.question
    if was is None or (left := without(was, message.text, mark)) == was:
        return []
    conversation.question = left[:300]
    return [{"what": "question", "id": None, "was": was, "now": conversation.question}]


def without(text: str, hidden: str, mark: str) -> str:
    """`text` with `mark` in place of `hidden`, as it is, in one line, line by line where those are long enough to be
    known by, or cut at the end of `text`."""
    if not hidden.strip():
        return text
    line = " ".join(hidden.split())
    parts = [hidden, line, *(p.strip() for p in hidden.splitlines() if len(p.strip()) >= SHORTEST)]
    for part in parts:
        text = text.replace(part, mark)
    if text.endswith("…"):
        for length in range(min(len(line), len(text) - 1), SHORTEST - 1, -1):
            if text[:-1].endswith(line[:length]):
                return text[: -1 - length] + mark
    return text


def _put_back(session: Session, conversation: Conversation, change: dict[str, Any]) -> None:
    """Undo one change, where nobody changed the same since."""
    what, was, id_ = change["what"], change["was"], change["id"]
    if what == "question" and conversation.question == change["now"]:
        conversation.question = was
    elif what == "asked":
        query = select(Message).where(Message.conversation_id == conversation.id, Message.seq == id_)
        other = session.exec(query).one()
        if (other.data or {}).get("asked") == change["now"]:
            other.data = (other.data or {}) | {"asked": was}
    elif what == "mail" and (mail := session.get(Mail, id_)) is not None and mail.text == change["now"]:
        mail.text = was
    elif what == "reply":
        of_it = select(Question).where(Question.conversation_id == conversation.id, Question.seq == id_)
        question = session.exec(of_it).first()
        if question is not None and question.reply == change["now"]:
            question.reply = was
    elif what == "backlog":
        backlog.reword(session, conversation.id, id_, was, only=change["now"])


def too_old(session: Session, at: datetime) -> list[int]:
    """The ids of hidden messages whose words are still there although nobody may show them again."""
    query = select(Message.id, Message.data).where(col(Message.hidden_at) <= at - UNDO_FOR)
    return [id_ for id_, data in session.exec(query).all() if id_ and SEALED in (data or {})]


def blank(session: Session, ids: list[int]) -> set[str]:
    """Throw away what these hidden messages said, and their files; the ids of their conversations."""
    touched = set()
    for id_ in ids:
        message = session.get(Message, id_, with_for_update=True)
        if message is None or message.hidden_at is None or SEALED not in (message.data or {}):
            continue
        data = dict(message.data or {})
        file_id = data.pop(SEALED)["file_id"]
        message.data = data or None
        if file_id and (file := session.get(File, file_id)) is not None:
            session.delete(file)
        touched.add(message.conversation_id)
    session.flush()
    return touched


async def blank_hidden(it: State) -> None:
    """Throw away what was hidden a day ago, now and then. Until cancelled."""
    while True:
        try:
            await blank_some(it)
        except SQLAlchemyError as error:
            log.warning("hidden messages could not be blanked and will be tried again: %s", error)
        await asyncio.sleep(LOOK_S)


async def blank_some(it: State) -> None:
    """Blank what is too old, and make the bot forget the conversations that it was said in."""
    ids = await it.read(too_old, now())
    if not ids:
        return
    touched = await it.write(blank, ids)
    trackers = make_engine(it.settings.tracker_url)
    try:
        await it.compute(upkeep.delete_trackers, trackers, sorted(touched))
    finally:
        trackers.dispose()
    for conversation_id in touched:
        it.changed(conversation_id)
