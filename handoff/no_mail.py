"""Who wants no more mails with answers to what she asked earlier. What was promised to her is mailed all the same.

An address is kept as its SHA-256, so that the list names nobody. The link is signed with the secret of the
conversation that the mail belongs to, holds the address's hash, and works for as long as there is the conversation.
"""

import hmac
import re

from sqlmodel import Session, col, delete, select

from handoff.conversations import sha256
from handoff.editor_models import NoMail
from handoff.models import Conversation, Mail
from handoff.outbox import INSERTS
from handoff.problems import NotFound
from handoff.reopen import signed

STOPPED = "Whoever it goes to wants no such mails any more."
TOKEN = re.compile(r"([A-Za-z0-9_-]{1,32})\.([0-9a-f]{64})\.([0-9a-f]{32})")


def hashed(address: str) -> str:
    """What is kept of an address, whatever its letters' case."""
    return sha256(address.strip().lower())


def link(conversation: Conversation, address: str, origin: str) -> str:
    """Where one click stops such mails to `address`. `origin` is the settings'."""
    kept = hashed(address)
    return f"{origin}/no-mail/{conversation.id}.{kept}.{_mark(conversation, kept)}"


def of_link(session: Session, token: str) -> tuple[Conversation, str]:
    """The conversation and the address's hash of a link's token. NotFound for one that is not ours."""
    found = TOKEN.fullmatch(token)
    conversation = session.get(Conversation, found[1]) if found else None
    if found is None or conversation is None or not hmac.compare_digest(_mark(conversation, found[2]), found[3]):
        raise NotFound
    return conversation, found[2]


def stop(session: Session, address_hash: str) -> None:
    """Send no such mails to this address any more, those neither that wait to go. Twice is as once."""
    row = NoMail(address_hash=address_hash)
    insert = INSERTS[session.get_bind().dialect.name](NoMail).values(row.model_dump())
    session.execute(insert.on_conflict_do_nothing(index_elements=["address_hash"]))
    waiting = select(Mail).where(col(Mail.sent_at).is_(None), col(Mail.due_at).is_not(None))
    for mail in session.exec(waiting.where(col(Mail.stop_url).is_not(None)).with_for_update()).all():
        if hashed(mail.to) == address_hash:  # counted as one attempt more: who holds its lease has it no longer
            mail.due_at, mail.lease_until, mail.attempts, mail.error = None, None, mail.attempts + 1, STOPPED
    session.flush()


def undo(session: Session, address_hash: str) -> None:
    """Send them again. Nothing happens where they were not stopped."""
    session.execute(delete(NoMail).where(col(NoMail.address_hash) == address_hash))


def is_stopped(session: Session, address_hash: str) -> bool:
    """Whether such mails are stopped."""
    return session.get(NoMail, address_hash, populate_existing=True) is not None


def _mark(conversation: Conversation, address_hash: str) -> str:
    return signed(conversation, "no-mail", address_hash)[:32]
