"""The link in a mail that reopens a conversation, and the access that a browser gets for it.

Both are signed with the conversation's own secret, so they cannot be made up, open no other conversation, and need no
table: the token that the conversation began with stays in force beside them. They are signed for whom it is, so that
one which was given while it was anybody's opens it no more once it is a customer's for whom the shop vouches.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from handoff.models import Conversation
from handoff.problems import NotFound, Problem
from kb.models import now

LINK_FOR = timedelta(days=30)
ACCESS_FOR = timedelta(days=180)
LINK = re.compile(r"([A-Za-z0-9_-]{1,32})\.([0-9]{1,11})\.([0-9a-f]{32})")
ACCESS = re.compile(r"([0-9]{1,11})\.([0-9a-f]{64})")


class Expired(Problem):
    """A link of ours that is too old; `language` is its conversation's."""

    status = 410

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language


def link(conversation: Conversation, origin: str, at: datetime | None = None) -> str:
    """The address that reopens this conversation, in force for `LINK_FOR`. `origin` is the settings'."""
    until = _until(at, LINK_FOR)
    return f"{origin}/c/{conversation.id}.{until}.{_mark(conversation, 'link', until)[:32]}"


def reopened(session: Session, token: str, at: datetime | None = None) -> Conversation:
    """The conversation of a link's token. Expired for one that is too old, NotFound for one that is not ours."""
    found = LINK.fullmatch(token)
    conversation = session.get(Conversation, found[1]) if found else None
    if found is None or conversation is None:
        raise NotFound
    if not hmac.compare_digest(_mark(conversation, "link", found[2])[:32], found[3]):
        raise NotFound
    if _over(found[2], at):
        raise Expired(conversation.language)
    return conversation


def access(conversation: Conversation, at: datetime | None = None) -> str:
    """A token that opens the conversation as its first one does, in force for `ACCESS_FOR`."""
    until = _until(at, ACCESS_FOR)
    return f"{until}.{_mark(conversation, 'access', until)}"


def admits(conversation: Conversation, token: str, at: datetime | None = None) -> bool:
    """Whether `token` is an `access` to this conversation that is in force."""
    found = ACCESS.fullmatch(token)
    if found is None or _over(found[1], at):
        return False
    return hmac.compare_digest(_mark(conversation, "access", found[1]), found[2])


def _until(at: datetime | None, duration: timedelta) -> str:
    return str(int(((at or now()) + duration).timestamp()))


def _over(until: str, at: datetime | None) -> bool:
    return (at or now()).astimezone(UTC).timestamp() >= int(until)


def _mark(conversation: Conversation, use: str, until: str) -> str:
    whose = f"\0{conversation.customer_ref}" if conversation.customer_ref else ""
    return signed(conversation, use + whose, until)


def signed(conversation: Conversation, use: str, until: str) -> str:
    """A signature of `use` until a moment, with the conversation's own secret; hexadecimal, 64 characters."""
    # The same secret makes the token of `conversations.start` from a key that a browser sent. No key can be what is
    # signed here: it came in a header, which holds no NUL.
    words = f"\0{use}\0{conversation.id}\0{until}"
    return hmac.new(conversation.token_salt.encode(), words.encode(), "sha256").hexdigest()
