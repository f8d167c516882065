"""What follows once it stands in her conversation: she sees it there, or it goes to her by mail, once.

It follows from the rows of `Told`, whoever wrote them and whenever: a restart forgets nobody. The mail's key names the
matter and the address, so that nobody gets it twice, whoever asks for it and in however many conversations she asked.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, false, or_
from sqlmodel import Session, col, select

from handoff import conversations, matters, no_mail
from handoff.desk_models import Promise
from handoff.editor_models import Told
from handoff.letters import to_customer
from handoff.mail import can_mail
from handoff.matters import ANSWER, FIXED, Matter
from handoff.models import Conversation, Mail, Message
from handoff.settings import Settings
from handoff.tell_askers import answer_of, words_of
from kb.models import Question

SEEN_S = 60.0  # so long she has to see it in the chat
LOOK_BACK = timedelta(days=2)  # what has stood there for longer is mailed no more


def unsettled(session: Session, settings: Settings, at: datetime, limit: int = 1000) -> list[int]:
    """Rows of `Told` of which something follows now, the oldest first. Looks without a lock."""
    old = col(Told.at) <= at - timedelta(seconds=SEEN_S)
    mailable = and_(col(Conversation.customer_email).is_not(None), or_(old, _promised()))
    seen = or_(col(Conversation.customer_seen_seq) >= col(Told.seq), _replied())
    query = (
        select(Told, Conversation, Question.group_id, seen.label("seen"))
        .join(Conversation, col(Conversation.id) == col(Told.conversation_id))
        .outerjoin(Question, col(Question.id) == col(Told.question_id))
        .where(Told.way == "left", Told.at > at - LOOK_BACK, or_(seen, mailable if can_mail(settings) else false()))
    )
    stand: dict[tuple[str, int | None], bool] = {}  # hundreds share a matter: those of one taken back cost nothing
    found: list[int] = []
    for told, conversation, group_id, saw in session.exec(query.order_by(col(Told.id))).all():
        matter = told.about, group_id
        if matter not in stand:
            stand[matter] = _matter(session, told) is not None
        if (saw or stand[matter]) and _follows(session, settings, told, conversation, at):
            found.append(told.id or 0)
            if len(found) == limit:
                break
    return found


def _promised() -> ColumnElement[bool]:
    """True where a promise was kept with it."""
    mine = col(Promise.conversation_id) == col(Told.conversation_id)
    return exists().where(mine, col(Promise.kept_at) == col(Told.at)).correlate(Told)


def _replied() -> ColumnElement[bool]:
    """True where she said something after it: then she has read it, whatever her app reports."""
    mine = (col(Message.conversation_id) == col(Told.conversation_id), col(Message.author) == "customer")
    return exists().where(*mine, col(Message.seq) > col(Told.seq)).correlate(Told)


def settle(session: Session, settings: Settings, told_id: int, at: datetime) -> str | None:
    """Do what follows: "chat" where she saw it, "mail" where a mail was queued; None where nothing does by now."""
    found = session.get_one(Told, told_id)
    conversation = conversations.locked(session, found.conversation_id)
    told = session.get_one(Told, told_id, populate_existing=True)
    follows = _follows(session, settings, told, conversation, at)
    if follows == "chat":
        told.way = "chat"
    elif follows == "mail" and (mail := _mail(session, settings, told, conversation)) is not None:
        told.way, told.mail_id = "mail", mail.id
    session.flush()
    return follows


def _follows(
    session: Session, settings: Settings, told: Told, conversation: Conversation, at: datetime
) -> str | None:
    if told.way != "left":
        return None
    promised = _holds(session, told, _promised())
    to = conversation.customer_email if can_mail(settings) else None
    stands = to is not None and _matter(session, told) is not None
    if promised and stands:  # it was promised to this address, whether she saw it in the chat or not
        return "mail"
    if conversation.customer_seen_seq >= (told.seq or 0) or _holds(session, told, _replied()):
        return "chat"
    late = told.at <= at - timedelta(seconds=SEEN_S)
    return "mail" if stands and late and not no_mail.is_stopped(session, no_mail.hashed(to or "")) else None


def _holds(session: Session, told: Told, what: ColumnElement[bool]) -> bool:
    return session.exec(select(Told.id).where(Told.id == told.id, what)).first() is not None


def _matter(session: Session, told: Told) -> Matter | None:
    """What she was told, None where it was taken back since: then no mail goes after it."""
    kind, _, id_ = told.about.partition(":")
    if kind == FIXED:
        return matters.of_cause(session, int(id_))
    question = session.get(Question, told.question_id)
    matter = matters.of_group(session, question.group_id) if question else None
    return matter if matter and matter.about == told.about else None


def _mail(session: Session, settings: Settings, told: Told, conversation: Conversation) -> Mail | None:
    matter = _matter(session, told)
    if matter is None or not matters.stands(session, matter):
        return None
    promised = _holds(session, told, _promised())
    mail = to_customer(
        session,
        settings,
        conversation,
        "told_promised" if promised else f"told_{matter.kind}",
        key=_key(session, matter, told, no_mail.hashed(conversation.customer_email or "")),
        said=words_of(session, settings, matter, conversation.language),
        news=not promised,
        once=True,
        question=_question(session, matter, conversation.language),
    )
    if mail is None:  # it is no address
        conversation.customer_email = None
    return mail


def _key(session: Session, matter: Matter, told: Told, address: str) -> str:
    """One for the matter and the address; another where she asked anew after that mail: it was no answer to this."""
    key = f"told:{no_mail.hashed(f'{matter.about} {address}')}"
    mailed = session.exec(select(Mail.created_at).where(Mail.key == key)).first()
    question = session.get(Question, told.question_id)
    if mailed is None or question is None or question.at < mailed:
        return key
    return f"told:{no_mail.hashed(f'{matter.about} {address} {matter.at.isoformat()}')}"


def _question(session: Session, matter: Matter, language: str) -> str:
    """The question as the FAQ asks it. Not as she did: whoever leaves a stranger's address could send him words."""
    return answer_of(session, matter, language).question if matter.kind == ANSWER else ""
