"""What the agent gets with a conversation, so that the customer never has to tell it twice."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from handoff import conversations, identity, ratings
from handoff.acts import live_entry
from handoff.models import Conversation, Message, Person
from kb.evidence import Candidate, Evidence
from kb.models import Entry, now

NEAREST = 3


def agent_context(session: Session, conversation: Conversation) -> dict[str, Any]:
    """Reason, question, what was offered and how it was received, nearest entries, who, where, how long, how often, and
    her rating."""
    timeline = conversations.messages_after(session, conversation.id, 0, 10_000)
    return {
        "reason": conversation.reason,
        "question": conversation.question,
        "offered": offered(session, conversation, timeline),
        "nearest": nearest(session, conversation, timeline),
        "language": conversation.language,
        "page_url": conversation.page_url,
        "device": device_line(conversation.device),
        "device_in_full": conversation.device,
        "customer_name": conversation.customer_name,
        "customer_email": conversation.customer_email,
        "customer_phone": conversation.customer_phone,
        "customer_ref": conversation.customer_ref,
        "name_vouched": identity.name_vouched(conversation),
        "email_vouched": identity.email_vouched(conversation),
        "started_at": conversation.created_at.isoformat(),
        "waited_s": _waited(conversation, timeline),
        "times_handed_over": sum(m.kind == "handed_over" for m in timeline),
        "earlier_conversations": count_earlier(session, conversation),
        "rating": ratings.form(session, conversation.id),
    }


SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS X", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux"))  # fmt: skip
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
            ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"))  # fmt: skip


def device_line(device: str | None) -> str | None:
    """A device in a few words: of a browser's User-Agent the system and browser, anything else as it came."""
    if device is None or not device.startswith("Mozilla/"):
        return device
    first = (next((name for mark, name in marks if mark in device), "") for marks in (SYSTEMS, BROWSERS))
    return ", ".join(part for part in first if part) or device


def offered(session: Session, conversation: Conversation, timeline: list[Message]) -> list[dict[str, Any]]:
    """Every entry that the bot gave or offered, or an agent sent, with what the customer did with it.

    `by` is the first name of the agent, None for the bot; `probability` is of what the bot found.
    """
    found: list[dict[str, Any]] = []
    evidence: Evidence | None = None
    for message in timeline:
        if message.author == "customer":
            evidence = evidence_of(message) or evidence
            _react(found, message)
        elif message.author in ("bot", "agent") and message.kind in ("answer", "clarify"):
            keys = [o["key"] for o in message.options or ()] or [message.entry_key or ""]
            found += [_offer(session, conversation, message, key, evidence) for key in keys]
    return found


def _offer(
    session: Session, conversation: Conversation, message: Message, key: str, evidence: Evidence | None
) -> dict[str, Any]:
    known = {c.key: c for c in evidence.candidates} if evidence and message.author == "bot" else {}
    agent = session.get(Person, message.author_id) if message.author_id else None
    entry = live_entry(session, key, conversation.language, "agents")
    return {
        "seq": message.seq,
        "as": message.kind,
        "by": agent.name.split()[0] if agent else None,
        "entry_key": key,
        "question": entry.question if entry else (known[key].question if key in known else key),
        "language": entry.language if entry else conversation.language,
        "known": entry is not None,
        "probability": known[key].probability if key in known else None,
        "outcome": "none",
    }


def _react(found: list[dict[str, Any]], message: Message) -> None:
    """Note on the last offers what this message of the customer says of them."""
    last = [offer for offer in found if offer["seq"] == found[-1]["seq"]] if found else []
    data = message.data or {}
    for offer in last:
        if message.kind == "helped":
            offer["outcome"] = "helped" if data.get("value") else "rejected"
        elif message.kind == "none_of_these":
            offer["outcome"] = "rejected"
        elif message.kind == "choice":
            offer["outcome"] = "chosen" if offer["entry_key"] == message.entry_key else "rejected"
        elif data.get("act") == "rephrase" or data.get("reason") in ("rejected", "frustrated"):
            offer["outcome"] = "rejected"


def evidence_of(message: Message) -> Evidence | None:
    """The evidence kept beside a customer's message, if there is any."""
    data = (message.data or {}).get("evidence")
    return Evidence.from_dict(data) if data else None


def nearest(session: Session, conversation: Conversation, timeline: list[Message]) -> list[dict[str, Any]]:
    """The entries closest to the question, with their answers, best first; found when it was asked."""
    evidence = evidence_for(conversation, timeline)
    candidates = list(evidence.candidates[:NEAREST]) if evidence else []
    return near(session, conversation, sorted(candidates, key=lambda c: -c.probability))


def evidence_for(conversation: Conversation, timeline: list[Message]) -> Evidence | None:
    """What was found for the conversation's question when it was asked; for the last one where that is not there."""
    asked = [m for m in timeline if m.author == "customer" and evidence_of(m)]
    hit = next((m for m in reversed(asked) if asked_line(m) == conversation.question), asked[-1] if asked else None)
    return evidence_of(hit) if hit else None


def near(session: Session, conversation: Conversation, candidates: list[Candidate]) -> list[dict[str, Any]]:
    """These candidates' entries in the conversation's language, as the desk shows them; withdrawn ones left out.

    `for_agents` entries are never sent as they are; `given` ones stand in the conversation already.
    """
    before = given(session, conversation)
    rows = [(c, live_entry(session, c.key, conversation.language, "agents")) for c in candidates]
    return [_near(c, e, e.key in before) for c, e in rows if e is not None]


def given(session: Session, conversation: Conversation) -> set[str]:
    """The keys of the entries that the customer was given in this conversation."""
    query = select(Message.entry_key).where(Message.conversation_id == conversation.id, Message.kind == "answer")
    return {key for key in session.exec(query).all() if key}


def asked_line(message: Message) -> str:
    """What a customer asked with this message, and those that go with it, in one line."""
    return " ".join(str((message.data or {}).get("asked", message.text)).split())


def _near(candidate: Candidate, entry: Entry, was_given: bool) -> dict[str, Any]:
    return {
        "key": entry.key,
        "language": entry.language,
        "question": entry.question,
        "answer": entry.answer,
        "probability": candidate.probability,
        "for_agents": entry.audience == "agents",
        "given": was_given,
    }


def _waited(conversation: Conversation, timeline: list[Message]) -> int | None:
    """Seconds from the last handing over until an agent took it, or until now."""
    handed = [m.at for m in timeline if m.kind == "handed_over"]
    if not handed:
        return None
    taken = [m.at for m in timeline if m.kind == "assigned" and m.at >= handed[-1]]
    return int(((taken[0] if taken else now()) - handed[-1]).total_seconds())


def count_earlier(session: Session, conversation: Conversation) -> int:
    """How many other conversations this known customer had; 0 for an anonymous one."""
    same = same_customer(conversation)
    return 0 if same is None else int(session.exec(select(func.count()).where(*same)).one())


def same_customer(conversation: Conversation) -> tuple[ColumnElement[bool], ...] | None:
    """What is true of her other conversations; None for an anonymous one.

    Of a customer for whom the shop vouches: the same id at the shop, or nobody's and the address that the shop gives.
    Of any other one: nobody's and the same address. Whoever types an address gets no vouched customer's past with it.
    """
    other, nobodys = col(Conversation.id) != conversation.id, col(Conversation.customer_ref).is_(None)
    if conversation.customer_ref is not None:
        hers = col(Conversation.customer_ref) == conversation.customer_ref
        if conversation.vouched_email is None:
            return hers, other
        return or_(hers, and_(nobodys, col(Conversation.customer_email) == conversation.vouched_email)), other
    address = (conversation.customer_email or "").strip().lower()
    return (col(Conversation.customer_email) == address, nobodys, other) if address else None
