"""Further keys of a conversation, one for each device more: tokens are stored hashed, so none can be given twice."""

import hmac
import secrets

from sqlalchemy import delete
from sqlmodel import Session, col, select

from handoff.models import Conversation, ConversationKey

MOST = 20  # of a conversation; a further one costs the oldest


def give(session: Session, conversation: Conversation) -> str:
    """A new token that opens the conversation, which the caller has locked."""
    token, salt = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    session.add(ConversationKey(conversation_id=conversation.id, token_hash=_hash(salt, token), salt=salt))
    session.flush()
    of_this = col(ConversationKey.conversation_id) == conversation.id
    kept = select(ConversationKey.id).where(of_this).order_by(col(ConversationKey.id).desc()).limit(MOST)
    session.execute(delete(ConversationKey).where(of_this, col(ConversationKey.id).not_in(kept)))
    return token


def fits(session: Session, conversation: Conversation, token: str) -> bool:
    """Whether `token` is one of the conversation's further keys."""
    found = select(ConversationKey).where(ConversationKey.conversation_id == conversation.id)
    return any(hmac.compare_digest(key.token_hash, _hash(key.salt, token)) for key in session.exec(found).all())


def _hash(salt: str, token: str) -> str:
    return hmac.new(salt.encode(), token.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
