"""How many of those who asked were told, by which way, and what they said of it: for editors."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from handoff import askers, matters
from handoff.conversations import NOTE
from handoff.editor_models import Told
from handoff.matters import FIXED, Matter
from handoff.models import Mail, Message
from handoff.question import said_helped
from kb.models import Question, QuestionGroup, now

CHUNK = 500  # conversations whose rows are read at once


@dataclass(frozen=True)
class Counts:
    """How many were told: `chat` saw it there, `mail` got one, `left`: it stands where they left off, `agent` heard it
    from an agent or had it already. `unsent` of the mails wait to go or never went.

    Still to be told: `with_agents`, who decide, and `to_come`; `starts_s` seconds until the first is told, 0 once it
    began. Of those told: `helped`, `not_helped` said so, `wrote` said something else.
    """

    chat: int = 0
    mail: int = 0
    left: int = 0
    agent: int = 0
    unsent: int = 0
    with_agents: int = 0
    to_come: int = 0
    starts_s: int = 0
    helped: int = 0
    not_helped: int = 0
    wrote: int = 0

    @property
    def told(self) -> int:
        """How many were told, in whichever way."""
        return self.chat + self.mail + self.left + self.agent

    @property
    def pending(self) -> bool:
        """Whether the figures are still on the move."""
        return bool(self.to_come or self.with_agents or self.unsent or self.left)


def told(session: Session, group: QuestionGroup) -> Counts:
    """Of those who asked a group's questions."""
    mine = col(Told.question_id).in_(select(Question.id).where(Question.group_id == group.id))
    of_it = mine & ~col(Told.about).startswith(f"{FIXED}:")
    return _counts(session, of_it, matters.of_group(session, group.id or 0))


def told_of_cause(session: Session, cause_id: int) -> Counts:
    """Of those who reported a cause, that it was fixed."""
    return _counts(session, col(Told.about) == f"{FIXED}:{cause_id}", matters.of_cause(session, cause_id))


def _counts(session: Session, of_it: ColumnElement[bool], matter: Matter | None) -> Counts:
    rows = list(session.exec(select(Told).where(of_it)).all())
    found = Counter(row.way for row in rows) + _said(session, rows)
    unsent = select(func.count()).select_from(Mail).where(col(Mail.sent_at).is_(None))
    found["unsent"] = session.exec(unsent.where(col(Mail.id).in_(select(Told.mail_id).where(of_it)))).one()
    if matter is not None:
        found["with_agents"] = askers.with_agents(session, matter)
        found["to_come"] = askers.count_untold(session, matter)
        found["starts_s"] = max(0, round((matter.ripe_at - now()).total_seconds()))
    return Counts(**found)


def _said(session: Session, rows: Iterable[Told]) -> Counter[str]:
    """What each of them said first after she was told."""
    since = {row.conversation_id: row.seq for row in rows if row.seq is not None}
    found: Counter[str] = Counter()
    ids = list(since)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        said = (col(Message.author).in_(("customer", "bot")), Message.kind != NOTE)
        query = select(Message).where(col(Message.conversation_id).in_(some), *said)
        after: dict[str, list[Message]] = defaultdict(list)
        for message in session.exec(query.order_by(col(Message.seq))):
            if message.seq > since[message.conversation_id]:
                after[message.conversation_id].append(message)
        found.update(word for messages in after.values() if (word := _first_word(messages)))
    return found


def _first_word(messages: list[Message]) -> str | None:
    """What she said of it: the first button that she pressed before another answer came, else that she wrote."""
    word = None
    for message in messages:
        if message.author == "bot" and message.kind == "answer":
            break
        if (helped := said_helped(message)) is not None:
            return "helped" if helped else "not_helped"
        if message.author == "customer" and message.kind in ("text", "file"):
            word = "wrote"
    return word
