"""Whether somebody who asked has the answer already, so that nobody tells her twice. The rules: docs/telling.md.

Everything is read from what happened in her conversation after she asked.
"""

from sqlmodel import Session, col, select

from handoff.conversations import NOTE
from handoff.editor_models import Rating
from handoff.matters import ANSWER, FIXED, Matter
from handoff.models import Conversation, Message
from handoff.question import said_helped
from handoff.resting import PROMISES_TIME
from kb.models import Entry, Question

OVER = ("closed", "handed_back")  # rows with which what an agent said ends
PROMISED = (*PROMISES_TIME, "promise_kept", "promise_dropped")


def already(session: Session, conversation: Conversation, question: Question, matter: Matter) -> bool:
    """Whether she was given these very words, or an agent told her by hand, after she asked.

    That something was fixed an agent can only have told her after a note said so.
    """
    rows = _after(session, conversation, question.seq)
    if matter.kind == FIXED:
        noted = [n for n, row in enumerate(rows) if row.client_id == note_id(matter)]
        return bool(noted) and _by_hand(session, conversation, rows[noted[-1] :])
    if matter.kind == ANSWER and _given(session, rows, matter.key):
        return True
    settled = _promise(session, question, rows)
    return _by_hand(session, conversation, rows) if settled is None else settled


def note_id(matter: Matter) -> str:
    """The `client_id` of the note that tells an agent of it: at most one in a conversation."""
    return f"told:{matter.kind}:{matter.id}"


def next_asked(session: Session, question: Question) -> int | None:
    """The number of the next row in her conversation that went unanswered: a promise before it is about `question`."""
    mine = Question.conversation_id == question.conversation_id
    later = select(Question.seq).where(mine, Question.seq > question.seq)
    return session.exec(later.order_by(col(Question.seq)).limit(1)).first()


def _after(session: Session, conversation: Conversation, seq: int) -> list[Message]:
    query = select(Message).where(Message.conversation_id == conversation.id, Message.seq > seq)
    return list(session.exec(query.order_by(col(Message.seq))).all())


def _given(session: Session, rows: list[Message], key: str) -> bool:
    """Whether the bot or an agent gave her the entry with the words that it has now, in any language."""
    said = {row.text for row in rows if row.kind == "answer" and row.entry_key == key and row.hidden_at is None}
    words = select(Entry.answer).where(Entry.key == key, Entry.status == "live", Entry.audience == "public")
    return bool(said and said & set(session.exec(words).all()))


def _promise(session: Session, question: Question, rows: list[Message]) -> bool | None:
    """Whether what was promised to her on this question is settled: by an agent who kept it, or because she needed it
    no more. None where nothing was promised, or it was a mistake."""
    until = next_asked(session, question)
    about = [row for row in rows if row.kind in PROMISED and (until is None or row.seq < until)]
    if not about or (about[-1].data or {}).get("undone"):
        return None
    return about[-1].kind not in PROMISES_TIME


def _by_hand(session: Session, conversation: Conversation, rows: list[Message]) -> bool:
    """Whether an agent wrote to her and then it was over, and she did not say that it was no answer."""
    said = [row.seq for row in rows if row.author == "agent" and row.kind != NOTE and row.hidden_at is None]
    over = any(row.kind in OVER and row.seq > said[0] for row in rows) if said else False
    return over and not _was_no_answer(session, conversation, [row for row in rows if row.seq > said[0]])


def _was_no_answer(session: Session, conversation: Conversation, rows: list[Message]) -> bool:
    """Whether she last said that it did not help, or of the whole conversation that it solved nothing."""
    helped = [said for row in rows if (said := said_helped(row)) is not None]
    rating = session.get(Rating, conversation.id)
    return helped[-1:] == [False] or (rating is not None and rating.solved is False)
