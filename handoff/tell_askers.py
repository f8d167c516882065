"""Telling one customer who asked: a row in her conversation, or a note to the agent who has it. See docs/telling.md.

Each is one small transaction that holds the conversation's row and looks again: of several processes one tells her,
and one that is killed has told her, or has not. The mail, where there must be one, follows from `Told`: `told_later`.
"""

from datetime import datetime

from sqlmodel import Session, select

from handoff import askers, conversations, given, knows, matters, promises, queue
from handoff.acts import live_entry
from handoff.desk_models import Promise
from handoff.editor_models import Told
from handoff.matters import ANSWER, FIXED, WORD, Matter
from handoff.models import Conversation, Message, Person
from handoff.plain import plain
from handoff.problems import Conflict, NotFound
from handoff.settings import Settings
from handoff.staff_words import word
from handoff.texts import texts
from kb.models import Entry, Question, now

TOLD = "told"  # the kind of a row with an editor's word
STEPS = {ANSWER: "approved_answer", WORD: "word_on_it", FIXED: "fixed"}  # what stands before it
LONGEST_QUOTE = 200  # characters of her question


def tell(
    session: Session, settings: Settings, matter: Matter, conversation_id: str, at: datetime | None = None
) -> bool:
    """Tell her in her conversation, or the agent who has it. False where nothing is to be told, by now, or not yet."""
    conversation = conversations.locked(session, conversation_id)
    question = matters.last_asked(session, matter, conversation_id)
    if question is None or matters.told(session, matter, conversation_id) or not matters.stands(session, matter):
        return False
    if conversation.owner == "bot" and conversation.customer_seq > conversation.handled_seq:
        return False  # first the bot says what it has to say
    promise = askers.promise_on(session, conversation_id, matter)
    if promise is None and knows.already(session, conversation, question, matter):
        _note_told(session, matter, question, "agent", at=at)
    elif conversation.owner == "agent":
        return _show_agent(session, settings, matter, conversation, question)
    else:
        _say(session, matter, conversation, question, promise, at or now())
    return True


def _note_told(
    session: Session, matter: Matter, question: Question, way: str, seq: int | None = None, at: datetime | None = None
) -> Told:
    row = Told(
        conversation_id=question.conversation_id,
        question_id=question.id or 0,
        about=matter.about,
        way=way,
        seq=seq,
        at=at or now(),
    )
    session.add(row)
    session.flush()
    return row


def _say(
    session: Session,
    matter: Matter,
    conversation: Conversation,
    question: Question,
    promise: Promise | None,
    at: datetime,
) -> None:
    """The rows that tell her. What was promised to her is kept with them, at the very moment that `Told` names."""
    shown = texts(session, conversation.language)
    if promise is None:
        conversations.add_step(session, conversation, STEPS[matter.kind], data={"told": matter.about})
    else:
        promise.kept_at, promise.revision = at, promise.revision + 1
        session.flush()
        data = {"told": matter.about, "promise": promise.id}
        words = shown["system.promise_told"]
        conversations.add_step(session, conversation, "promise_kept", text=words, data=data)
    row = _words_row(session, matter, conversation, "bot", TOLD)
    _note_told(session, matter, question, "left", seq=row.seq, at=at)
    _count(session, conversation, row)


def _words_row(
    session: Session, matter: Matter, conversation: Conversation, author: str, kind: str, by: int | None = None
) -> Message:
    """The row with what is to be told, as the bot or an agent says it."""
    data: dict[str, object] = {"told": matter.about}
    if matter.kind != ANSWER:
        return conversations.add(session, conversation, author, kind, matter.words, author_id=by, data=data)
    entry = answer_of(session, matter, conversation.language)
    data |= given.facts(entry.revision, entry.language)
    more = {"entry_key": entry.key, "author_id": by, "data": data}
    return conversations.add(session, conversation, author, "answer", entry.answer, **more)


def _count(session: Session, conversation: Conversation, row: Message) -> None:
    """An answer that was told was given. To be called last: see `entry_days.add_given`."""
    if row.kind == "answer":
        given.of(session, conversation, row)


def answer_of(session: Session, matter: Matter, language: str) -> Entry:
    """The entry that an `ANSWER` tells, in `language` if there is one. NotFound where it was withdrawn."""
    entry = live_entry(session, matter.key, language)
    if entry is None:
        raise NotFound
    return entry


def words_of(session: Session, settings: Settings, matter: Matter, language: str) -> str:
    """What is to be told, without markup, as in a mail."""
    text = answer_of(session, matter, language).answer if matter.kind == ANSWER else matter.words
    return plain(text, settings.origin)


def quoted(question: Question) -> str:
    """Her question in one line, secrets removed, not too long."""
    words = " ".join(question.text.split())
    return words if len(words) <= LONGEST_QUOTE else words[: LONGEST_QUOTE - 1] + "…"


def _show_agent(
    session: Session, settings: Settings, matter: Matter, conversation: Conversation, question: Question
) -> bool:
    """A note to the agent who has the conversation, once: nobody is told over an agent's head."""
    client_id = knows.note_id(matter)
    if conversations.sent_before(session, conversation.id, "bot", client_id) is not None:
        return False
    language = settings.default_language
    intro = word(language, f"told.note_{matter.kind}", question=quoted(question))
    text = f"{intro}\n\n{words_of(session, settings, matter, conversation.language)}"
    conversations.add(session, conversation, "bot", conversations.NOTE, text, client_id=client_id)
    return True


def by_agent(session: Session, conversation_id: str, person: Person, seq: int) -> Message:
    """The agent tells her what a note (row `seq`) holds, in her own name, and keeps what was promised on it.

    Twice is as once. NotFound for another row, Conflict where it holds no longer, else as `queue.held`.
    """
    conversation = queue.held(session, conversation_id, person)
    matter = of_note(session, conversation_id, seq)
    question = matters.last_asked(session, matter, conversation_id) if matter else None
    if matter is None or question is None or not matters.stands(session, matter):
        raise Conflict
    earlier = matters.told(session, matter, conversation_id)
    if earlier is not None:
        return _row(session, conversation_id, earlier.seq or seq)
    promise = askers.promise_on(session, conversation_id, matter)
    row = _words_row(session, matter, conversation, "agent", "text", by=person.id)
    _note_told(session, matter, question, "agent", seq=row.seq)
    if promise is not None:
        promises.keep(session, promise.id or 0, person)
    _count(session, conversation, row)
    return row


def of_note(session: Session, conversation_id: str, seq: int) -> Matter | None:
    """What a note told an agent of, None where that is to be told no more. NotFound for another row."""
    row = _row(session, conversation_id, seq)
    _, kind, id_ = (row.client_id or "").split(":") if is_note(row) else ("", "", "")
    if not id_:
        raise NotFound
    return matters.of_cause(session, int(id_)) if kind == FIXED else matters.of_group(session, int(id_))


def is_note(row: Message) -> bool:
    """Whether it is a note that tells an agent of something."""
    return row.kind == conversations.NOTE and row.author == "bot" and (row.client_id or "").startswith("told:")


def _row(session: Session, conversation_id: str, seq: int) -> Message:
    query = select(Message).where(Message.conversation_id == conversation_id, Message.seq == seq)
    row = session.exec(query).first()
    if row is None:
        raise NotFound
    return row
