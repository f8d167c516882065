"""The JSON forms of conversations and messages, as customers, desk and other tools read them."""

import hashlib
import json
from typing import Any

import nh3
from fastapi import Request, Response
from sqlmodel import Session, col, select

from handoff import contact, faces, files, promise_words, promises, waiting
from handoff.models import Conversation, Message, Person
from handoff.plain import markdown
from handoff.said import HIDDEN, is_told
from kb.models import now

TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "a", "code", "blockquote", "h3", "h4", "hr"}


def to_html(text: str) -> str:
    """Safe HTML of Markdown: no raw HTML, no images, links with http(s), mailto or tel, or within the site."""
    return nh3.clean(
        markdown.render(text),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def names_of(session: Session, messages: list[Message]) -> dict[int, str]:
    """The first names of the people who wrote these messages, by id."""
    ids = {m.author_id for m in messages if m.author_id is not None}
    if not ids:
        return {}
    people = session.exec(select(Person).where(col(Person.id).in_(ids))).all()
    return {p.id: p.name.split()[0] for p in people if p.id is not None}


def message_form(
    message: Message, names: dict[int, str], sent: dict[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A message as the customer may see it: nothing internal, absent fields left out. `sent` are `files.forms`.

    Of a hidden one only that it is hidden; the steps that hid it and showed it again bear its number.
    """
    form: dict[str, Any] = {
        "seq": message.seq,
        "at": message.at.isoformat(),
        "author": message.author,
        "kind": message.kind,
        "text": message.text,
    }
    if message.author == "agent" and message.author_id in names:
        form["author_name"] = names[message.author_id]
    if message.hidden_at is not None:
        hidden = {"kind": HIDDEN, "text": ""}
        return form | hidden | ({"client_id": message.client_id} if message.client_id else {})
    if message.author == "system":
        form |= {k: v for k in ("hides", "shows") if (v := (message.data or {}).get(k)) is not None}
    if file := (sent or {}).get(message.file_id or ""):
        form["file"] = file
    told = is_told(message)
    if message.kind == "answer" or told or message.author == "agent":
        form["html"] = to_html(message.text)
    if message.kind == "answer" or told:
        form["ask_helped"] = True
    if told:  # an answer to what she asked earlier: it stands whoever has the conversation
        form["told"] = True
    optional = ("client_id", "answers_seq", "entry_key", "options")
    return form | {k: v for k in optional if (v := getattr(message, k)) is not None}


def message_list(session: Session, messages: list[Message]) -> list[dict[str, Any]]:
    """`message_form` of several messages."""
    names, sent = names_of(session, messages), files.forms(session, messages)
    return [message_form(m, names, sent) for m in messages]


def conversation_form(session: Session, conversation: Conversation, mail: bool = True) -> dict[str, Any]:
    """A conversation as the customer may see it: who has it, the place in the queue, what she was promised, whether
    it can be mailed to her, whether the bot is at work. `mail` as in `promise_words.form`."""
    agent = session.get(Person, conversation.agent_id) if conversation.agent_id else None
    busy = conversation.lease_until is not None and conversation.lease_until > now()
    promise, place = promises.open_of(session, conversation.id), waiting.status(session, conversation)
    return {
        "id": conversation.id,
        "language": conversation.language,
        "owner": conversation.owner,
        "reason": conversation.reason,
        "last_seq": conversation.shown_seq,
        "agent_name": agent.name.split()[0] if agent else None,
        "agent_face": faces.path_of(session, conversation.agent_id),
        "queue": place and place | {"leave": contact.loudness(session, conversation, promise)},
        "promise": promise_words.form(session, conversation, promise, mail),
        "transcript": mail and conversation.shown_seq > 0,
        "bot_busy": conversation.owner == "bot" and busy,
        "agent_seen_seq": min(conversation.agent_seen_seq, conversation.shown_seq),  # a note's number is told to nobody
    }


def queue_row(session: Session, conversation: Conversation) -> dict[str, Any]:
    """A conversation as a line of the desk's list. Times in ISO 8601 UTC, `waited_s` in whole seconds."""
    queued = conversation.queued_at
    return {
        "id": conversation.id,
        "owner": conversation.owner,
        "question": conversation.question or "",
        "reason": conversation.reason,
        "language": conversation.language,
        "topic": conversation.topic,
        "customer_name": conversation.customer_name,
        "queued_at": queued.isoformat() if queued else None,
        "waited_s": int((now() - queued).total_seconds()) if queued else None,
        "last_seq": conversation.last_seq,
        "changed_at": conversation.changed_at.isoformat(),
    }


def cached_json(request: Request, content: dict[str, Any]) -> Response:
    """JSON with an ETag of its content; 304 where the caller has it already."""
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"', "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
