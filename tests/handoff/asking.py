"""Short ways to customers whose question went unanswered, its group, and app processes that tell them."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path

from sqlmodel import Session, col, select

from handoff import conversations, keep_telling, postman
from handoff.app import make_state
from handoff.editor_models import Told
from handoff.models import Conversation, Message
from handoff.settings import Settings
from handoff.state import State
from kb import decisions
from kb.models import Question, QuestionGroup, now

AN, BO = "an@klant.example", "bo@klant.example"
ANSWER = "Stuur ons een **foto** van de bon. Zie [je bon](/cadeaubon)."
LATER = timedelta(minutes=2)  # after which a decision is ripe, and what was not seen is mailed
Processes = Callable[..., State]
_ids = count()


def mailing(database_url: str, folder: Path, port: int = 0) -> State:
    """An app process that mails to `port`, or nowhere; nothing runs beside it."""
    settings = Settings(
        _env_file=None,
        var_dir=folder,
        database_url=database_url,
        public_url="https://chat.lamp.example",
        smtp_url=f"smtp://127.0.0.1:{port}?tls=none" if port else "",
        mail_from="hallo@lamp.example",
    )
    return make_state(settings)


def group_of(session: Session, title: str = "De pincode is weggekrast") -> QuestionGroup:
    """A group that nobody has decided."""
    group = QuestionGroup(title=title, language="nl", centroid=b"", first_at=now(), last_at=now())
    session.add(group)
    session.flush()
    return group


def asks(
    session: Session, group: QuestionGroup, email: str | None = None, owner: str = "bot", language: str = "nl"
) -> Conversation:
    """A customer whose question is in the group; the bot, the queue or nobody has her conversation."""
    her = conversations.start(session, language=language, customer_email=email)[0]
    row = conversations.add(session, her, "customer", "text", "mijn pincode is weggekrast")
    her.customer_seq = her.handled_seq = her.customer_seen_seq = row.seq
    ask_more(session, group, her, row)
    if owner == "closed":
        conversations.close(session, her)
    elif owner == "queue":
        conversations.change_owner(session, her, "queue", frm="bot", queued_at=now(), line_at=now(), reason="unknown")
    session.flush()
    return her


def ask_more(session: Session, group: QuestionGroup, her: Conversation, row: Message) -> Question:
    """A row of hers is a question of the group."""
    question = Question(
        conversation_id=her.id,
        seq=row.seq,
        text=row.text,
        language=her.language,
        reason="unknown",
        evidence={},
        vector=b"",
        group_id=group.id or 0,
        at=now(),
    )
    session.add(question)
    group.count += 1
    session.flush()
    return question


def approved(session: Session, group: QuestionGroup, answer: str = ANSWER) -> str:
    """The group gets an answer; the entry's key."""
    key = f"pin-{next(_ids)}"
    title = f"Pincode weggekrast {key}"
    entry = decisions.approve(session, group.id or 0, answer=answer, language="nl", question=title, by="els")
    return entry.key


async def looked(it: State, after: timedelta = LATER) -> None:
    """One look of what tells people, so long after now, and everything queued is sent."""
    await keep_telling.look(it, now() + after)
    if it.settings.smtp_url:
        await postman.send_due(it)


def told(session: Session) -> dict[str, str]:
    """How each was told, by conversation. Fails where somebody was told twice of the same."""
    rows = list(session.exec(select(Told).order_by(col(Told.id))).all())
    assert len({(row.conversation_id, row.about) for row in rows}) == len(rows)
    return {row.conversation_id: row.way for row in rows}


def said(session: Session, her: Conversation) -> list[tuple[str, str]]:
    """Who said what kind of thing to her after her question."""
    found = conversations.messages_after(session, her.id, 1, notes=True)
    return [(row.author, row.kind) for row in found]


def text(mail: EmailMessage) -> str:
    """The plain part of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


