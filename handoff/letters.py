"""What a mail to a customer says: the words for its occasion, and the link that reopens her conversation."""

import logging

from sqlmodel import Session

from handoff import no_mail, outbox, reopen
from handoff.mail import address
from handoff.models import Conversation, Mail
from handoff.problems import Invalid
from handoff.settings import Settings
from handoff.texts import fill, texts

log = logging.getLogger(__name__)


def to_customer(
    session: Session,
    settings: Settings,
    conversation: Conversation,
    about: str,
    *,
    key: str,
    to: str | None = None,
    said: str = "",
    news: bool = False,
    once: bool = False,
    **values: object,
) -> Mail | None:
    """Queue a mail to the conversation's customer, once per `key`; None where there is no address to write to.

    `about` names the texts `mail.<about>_subject` and `mail.<about>`, which `values` fill in; `said` is what an agent
    wrote, put beneath them. `to` is another address than the one that is known. `news` is what she does not wait for:
    it says how to get no more of it, and goes `once`, see `Mail`. See `outbox.queue_mail` for what to do after the
    commit.
    """
    to = to or _address(conversation)
    if to is None:
        return None
    words = texts(session, conversation.language)
    values |= {"shop": settings.shop_name}
    link = reopen.link(conversation, settings.origin)
    way_back = (fill(words["mail.reopen"], link=link), fill(words["mail.reopen_days"], days=reopen.LINK_FOR.days))
    stop = no_mail.link(conversation, to, settings.origin) if news else None
    signature = fill(words["mail.signature"], **values)
    last = fill(words["mail.stop"], link=stop) if stop else ""
    parts = (fill(words[f"mail.{about}"], **values), said, "\n".join(way_back), signature, last)
    return outbox.queue_mail(
        session,
        key=key,
        to=to,
        language=conversation.language,
        subject=fill(words[f"mail.{about}_subject"], **values),
        text="\n\n".join(part for part in parts if part),
        conversation_id=conversation.id,
        stop_url=stop,
        once=once or news,
    )


def _address(conversation: Conversation) -> str | None:
    """Where to write to; a bad address must not undo what the mail was to tell of."""
    try:
        return address(conversation.customer_email) if conversation.customer_email else None
    except Invalid:
        log.warning("conversation %s has an address that no mail can go to", conversation.id)
        return None
