"""Canned replies: words that agents use again and again, found by their shortcut, filled in for a conversation.

A variable is a name in braces. What has no value stays in its braces: a gap that the agent fills before she sends.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from handoff import shop_settings
from handoff.desk_models import CannedReply
from handoff.facts import facts, masked
from handoff.incoming import MAX_TEXT
from handoff.models import Change, Conversation, Message, Person
from handoff.people import Wrong
from handoff.problems import Conflict, NotFound
from handoff.texts import languages
from kb.models import now

CANNED = "canned"  # what the history calls it
MAX_SHORTCUT, MAX_TOPIC, MOST = 40, 80, 500
CROSSED = "Somebody else changed this canned reply just now. Look at both and save again; nothing was lost."
#: What a variable may be called, and what it stands for.
VARIABLES = {
    "klant": "customer",
    "customer": "customer",
    "agent": "agent",
    "winkel": "shop",
    "shop": "shop",
    "vraag": "question",
    "question": "question",
    "bestelnummer": "order",
    "order": "order",
}
GAP = re.compile(r"\{([^{}\s](?:[^{}\n]{0,38}[^{}\s])?)\}")
ROWS = 200  # of the customer's newest messages that are read for an order number


@dataclass(frozen=True)
class Reply:
    """What an admin sets of a canned reply; no topic means every one."""

    shortcut: str
    language: str
    text: str
    topic: str | None = None


@dataclass(frozen=True)
class Filled:
    """A text with its variables filled in; `gaps` are the names that stay in braces, in order, each once."""

    text: str
    gaps: list[str] = field(default_factory=list)


def listed(session: Session, language: str = "", search: str = "") -> list[CannedReply]:
    """The canned replies by shortcut, of one language or all; those that hold every word of `search`."""
    query = select(CannedReply).order_by(col(CannedReply.shortcut), col(CannedReply.language))
    if language:
        query = query.where(CannedReply.language == language)
    wanted = search.casefold().split()
    return [row for row in session.exec(query).all() if all(word in _words(row) for word in wanted)]


def _words(row: CannedReply) -> str:
    return f"/{row.shortcut} {row.text} {row.topic or ''}".casefold()


def for_desk(session: Session, conversation: Conversation | None = None) -> list[CannedReply]:
    """All of them: in the conversation's language first, then about its topic, then by shortcut."""
    rows = listed(session)
    if conversation is None:
        return rows
    language, topic = conversation.language, conversation.topic
    return sorted(rows, key=lambda row: (row.language != language, not (topic and row.topic == topic)))


def get(session: Session, reply_id: int) -> CannedReply:
    """One of them. NotFound where there is none."""
    query = select(CannedReply).where(CannedReply.id == reply_id).execution_options(populate_existing=True)
    row = session.exec(query).first()
    if row is None:
        raise NotFound("There is no such canned reply.")
    return row


def checked(reply: Reply) -> Reply:
    """`reply` as it is stored. Wrong, with the fields and `missing`, `long`, `odd` or `unknown`."""
    shortcut = re.sub(r"\s+", "-", reply.shortcut.strip().lstrip("/").strip().casefold())
    text, topic = reply.text.replace("\r\n", "\n").strip(), (reply.topic or "").strip()
    right, says = bool(re.fullmatch(r"[\w-]+", shortcut)), any(c.isprintable() and c != " " for c in text)
    wrong = {
        "shortcut": "missing" if not shortcut else "long" if len(shortcut) > MAX_SHORTCUT else "" if right else "odd",
        "language": "" if reply.language in languages() else "unknown",
        "text": "long" if len(text) > MAX_TEXT else "" if says else "missing",
        "topic": "long" if len(topic) > MAX_TOPIC else "",
    }
    if errors := {name: why for name, why in wrong.items() if why}:
        raise Wrong(errors)
    return Reply(shortcut, reply.language, text, topic or None)


def shown(row: CannedReply) -> dict[str, Any]:
    """What an admin sees of a canned reply, as the history keeps it."""
    return {"shortcut": row.shortcut, "language": row.language, "text": row.text, "topic": row.topic}


def add(session: Session, reply: Reply, *, by: str) -> CannedReply:
    """A new canned reply; the same one again is the one that is there.

    Wrong as in `checked`, and `shortcut: taken` where the language has that shortcut for other words, or `full`.
    """
    reply = checked(reply)
    earlier = _under(session, reply)
    if earlier is not None:
        return _same(earlier, reply)
    if session.exec(select(func.count()).select_from(CannedReply)).one() >= MOST:
        raise Wrong({"shortcut": "full"})
    row = CannedReply(**asdict(reply), changed_by=by)
    try:
        with session.begin_nested():  # two may add the same shortcut at the same moment
            session.add(row)
    except IntegrityError:
        return _same(_under(session, reply), reply)
    shop_settings.record(session, CANNED, before=None, after=shown(row), by=by)
    return row


def _under(session: Session, reply: Reply) -> CannedReply | None:
    same = (CannedReply.shortcut == reply.shortcut, CannedReply.language == reply.language)
    return session.exec(select(CannedReply).where(*same)).first()


def _same(row: CannedReply | None, reply: Reply) -> CannedReply:
    if row is None or shown(row) != asdict(reply):
        raise Wrong({"shortcut": "taken"})
    return row


def change(session: Session, reply_id: int, reply: Reply, *, revision: int, by: str) -> CannedReply:
    """Change a canned reply. What stands there already changes nothing, whatever the revision.

    Wrong as in `add`; Conflict where somebody else changed it since; NotFound.
    """
    reply, row = checked(reply), get(session, reply_id)
    before = shown(row)
    if before == asdict(reply):
        return row
    other = _under(session, reply)
    if other is not None and other.id != row.id:
        raise Wrong({"shortcut": "taken"})
    values = asdict(reply) | {"revision": revision + 1, "changed_at": now(), "changed_by": by}
    still = (col(CannedReply.id) == reply_id, col(CannedReply.revision) == revision)
    try:
        with session.begin_nested():
            done = session.execute(
                update(CannedReply).where(*still).values(**values).execution_options(synchronize_session=False)
            )
    except IntegrityError:
        raise Wrong({"shortcut": "taken"}) from None
    row = get(session, reply_id)
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        if shown(row) == asdict(reply):  # the same form, sent twice at the same moment
            return row
        raise Conflict(CROSSED)
    shop_settings.record(session, CANNED, before=before, after=shown(row), by=by)
    return row


def remove(session: Session, reply_id: int, *, by: str) -> Change:
    """Take a canned reply away; the row of the history from which `put_back` brings it back. NotFound."""
    row = get(session, reply_id)
    before = shown(row)
    session.delete(row)
    session.flush()
    return shop_settings.record(session, CANNED, before=before, after=None, by=by)


def put_back(session: Session, change_id: int, *, by: str) -> CannedReply:
    """Bring back what was removed by that change. NotFound where nothing was; Wrong as in `add`."""
    removed = session.get(Change, change_id)
    if removed is None or removed.what != CANNED or removed.after is not None or not removed.before:
        raise NotFound("Nothing was removed there.")
    return add(session, Reply(**removed.before), by=by)


def values_for(session: Session, conversation: Conversation, person: Person, shop: str) -> dict[str, str]:
    """What the variables stand for in this conversation, by what VARIABLES says; what is not known is left out."""
    found = {
        "customer": conversation.customer_name or "",
        "agent": person.name.split()[0] if person.name.split() else "",
        "shop": shop,
        "question": masked(conversation.question or ""),
        "order": _order(session, conversation),
    }
    return {name: " ".join(value.split()) for name, value in found.items() if value.strip()}


def _order(session: Session, conversation: Conversation) -> str:
    """The order number that the customer named last, or nothing."""
    said = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.author == "customer",
        Message.kind == "text",
        col(Message.hidden_at).is_(None),
    )
    zone = ZoneInfo(shop_settings.hours(session).zone)
    for message in session.exec(said.order_by(col(Message.seq).desc()).limit(ROWS)):
        orders = [fact.words for fact in facts(message.text, message.at, zone) if fact.kind == "order"]
        if orders:
            return orders[-1]
    return ""


def filled(text: str, values: dict[str, str]) -> Filled:
    """`text` with its variables filled in once: a value that holds braces itself is not read again."""
    gaps: list[str] = []

    def one(found: re.Match[str]) -> str:
        value = values.get(VARIABLES.get(found[1].casefold(), ""), "")
        if not value and found[1] not in gaps:
            gaps.append(found[1])
        return value or found[0]

    return Filled(GAP.sub(one, text), gaps)
