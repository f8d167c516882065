"""What the bot's answers were good for: each entry that it gave is counted, and each that a customer rejected, once.

The rejection is noted beside the answer it is about, so that "no" twice is one, and the figures can be made anew.
"""

from typing import Any

from sqlmodel import Session, col, select

from handoff.bot import Act
from handoff.by_hand import asks
from handoff.entry_days import Given, add_given
from handoff.models import Conversation, Message
from handoff.question import handoff_reason, said_helped, was_question


def count(session: Session, conversation: Conversation, message: Message, said: list[Act]) -> None:
    """Count what the bot `said` to the customer's message, and what that message said of the answer before it.

    To be called when the rest of the turn is stored: see `entry_days.add_given`.
    """
    given = [_given(conversation, row) for row in _answers(session, message)] if _answered(said) else []
    rejected = _rejected(session, message, said)
    if rejected is not None:
        rejected.data = (rejected.data or {}) | {"rejected": True}
        session.add(rejected)
        session.flush()
        given.append(_given(conversation, rejected, rejected=True))
    add_given(session, given)


def of(session: Session, conversation: Conversation, row: Message) -> None:
    """Count an entry that an agent sent."""
    add_given(session, [_given(conversation, row)])


def facts(revision: int, language: str) -> dict[str, Any]:
    """What is kept beside an entry that was given: which revision of it, in which language."""
    return {"entry_revision": revision, "entry_language": language}


def _given(conversation: Conversation, row: Message, rejected: bool = False) -> Given:
    language = (row.data or {}).get("entry_language", conversation.language)
    return Given(row.entry_key or "", language, rejected)


def _answered(said: list[Act]) -> bool:
    return any(act.name == "answer" for act in said)


def _answers(session: Session, to: Message) -> list[Message]:
    query = select(Message).where(Message.conversation_id == to.conversation_id, Message.answers_seq == to.seq)
    return list(session.exec(query.where(Message.author == "bot", Message.kind == "answer")).all())


def _rejected(session: Session, message: Message, said: list[Act]) -> Message | None:
    """The answer that the message rejects, if it does and nobody did before.

    With the button; or in words, to which the bot asks to put it differently, or hands over. It does that too with
    words that have nothing to do with the shop: those that ask something are a question and no rejection.
    """
    in_words = bool(said) and (said[0].name == "rephrase" or handoff_reason(said) == "rejected")
    pressed_no = said_helped(message) is False
    if not pressed_no and not (in_words and message.kind == "text" and not asks(message.text)):
        return None
    query = select(Message).where(Message.conversation_id == message.conversation_id)
    if not pressed_no:  # a button stands below its answer, also when the conversation was closed since
        query = query.where(Message.stint == message.stint)
    before = session.exec(query.where(Message.seq < message.seq).order_by(col(Message.seq).desc())).all()
    answer = next((row for row in before if row.author == "bot" and row.kind == "answer"), None)
    question = next((row for row in before if was_question(row)), None)
    if answer is None or (answer.data or {}).get("rejected"):
        return None
    if question is not None and question.seq > (answer.answers_seq or answer.seq):
        return None  # something else was asked meanwhile
    return answer
