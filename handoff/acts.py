"""Carrying out what the bot decided: acts become rows of the timeline, an entry's words, or a place in the queue."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from handoff import conversations, queue
from handoff.bot import Act
from handoff.given import facts
from handoff.models import Conversation, Message
from handoff.question import OpenQuestion, handoff_reason
from handoff.texts import fill, texts
from kb.evidence import Evidence
from kb.models import Entry


def note(
    session: Session, conversation: Conversation, seq: int, text: str, said: list[Act], evidence: Evidence | None
) -> Message:
    """Keep beside the customer's message what was found for it and what the bot made of it; the message."""
    query = select(Message).where(Message.conversation_id == conversation.id, Message.seq == seq)
    message = session.exec(query).one()
    more = {"asked": text, "evidence": evidence.as_dict()} if evidence else {}
    acted = {"act": said[0].name, "reason": handoff_reason(said)} if said else {"act": "joined"}
    message.data = (message.data or {}) | more | acted
    return message


NOTHING = Act("say", key="nothing")  # the bot's word that all was said already
OFFERS = ("offer", "file")  # the keys with which the bot offers a person; the second for a file, which it cannot read


@dataclass(frozen=True)
class Reply:
    """What the bot's acts have to work with: the conversation, the message they answer, and the evidence."""

    session: Session
    conversation: Conversation
    seq: int
    evidence: Evidence | None
    chosen: str | None
    words: dict[str, str]
    wait: str = ""  # how long it takes to get a person, in words

    def text(self, key: str) -> str:
        """A text of the conversation's language; one that an editor changed may lack the wait."""
        return fill(self.words[key], wait=self.wait).strip()


def perform(
    session: Session,
    conversation: Conversation,
    seq: int,
    said: list[Act],
    evidence: Evidence | None,
    chosen: str | None,
    question: OpenQuestion | None,
    wait: str = "",
) -> str | None:
    """Store the rows for `said`, each as one part of the answer to message `seq`; the reason of a handoff, if any."""
    reply = Reply(session, conversation, seq, evidence, chosen, texts(session, conversation.language), wait)
    for part, act in enumerate(act for act in said if act != NOTHING):
        reason = act.reason if act.name == "handoff" else _say(reply, part, act)
        if reason:
            partly = part > 0 and reason == "unknown"
            text = reply.text("handover.partly" if partly else f"handover.{reason}")
            queue.enqueue(session, conversation, reason, text, question, answers_seq=seq, part=part)
            return reason
    return None


def _say(reply: Reply, part: int, act: Act) -> str | None:
    """Store one thing the bot says; the reason to hand over instead where there is nothing to say it with."""
    if act.name == "answer":
        return _answer(reply, part)
    if act.name == "clarify":
        return _clarify(reply, part)
    if act.name == "rephrase":
        text = reply.words["bot.rephrase"]
    elif act.name == "say":
        text = reply.text(f"say.{act.key}" if f"say.{act.key}" in reply.words else "say.ok")
    else:
        text = act.text
    _add(reply, part, act.name, text)
    return None


def _add(reply: Reply, part: int, kind: str, text: str, **more: Any) -> None:
    conversations.add(
        reply.session, reply.conversation, "bot", kind, text, answers_seq=reply.seq, part=part, **more
    )


def _answer(reply: Reply, part: int) -> str | None:
    key = reply.chosen or (reply.evidence.entry if reply.evidence else None)
    if reply.evidence and reply.evidence.verdict == "partly":
        key = next((p.entry for p in reply.evidence.parts if p.verdict == "answer"), key)
    entry = live_entry(reply.session, key, reply.conversation.language) if key else None
    if entry is None:  # withdrawn between the look-up and now
        return "unknown"
    _add(reply, part, "answer", entry.answer, entry_key=entry.key, data=facts(entry.revision, entry.language))
    return None


def _clarify(reply: Reply, part: int) -> str | None:
    keys = reply.evidence.options if reply.evidence else ()
    entries = [live_entry(reply.session, key, reply.conversation.language) for key in keys]
    options = [{"key": e.key, "question": e.question} for e in entries if e is not None]
    if not options:
        return "unknown"
    _add(reply, part, "clarify", reply.words["bot.clarify"], options=options)
    return None


def live_entry(session: Session, key: str, language: str, audience: str = "public") -> Entry | None:
    """The live entry under `key`, in `language` if there is one, else in another; None when it is withdrawn."""
    query = select(Entry).where(Entry.key == key, Entry.status == "live")
    if audience == "public":
        query = query.where(Entry.audience == "public")
    found = session.exec(query.order_by(col(Entry.language))).all()
    return next((e for e in found if e.language == language), found[0] if found else None)
