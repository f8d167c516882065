"""A row of the outbox as an e-mail. Pure: the same row gives the same mail, so a second copy can be recognised."""

import hashlib
import html
import re
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from handoff.models import Mail
from handoff.problems import Invalid
from handoff.settings import Settings
from handoff.smtp import mailbox
from handoff.texts import direction

# Ends before what closes a sentence around it. What is shown is the address itself: no link pretends to be another.
LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Whole(UnstructuredHeader):
    """A header in one line as it is: an address longer than a line would be encoded, and no mail program reads that."""

    def fold(self, *, policy: Policy) -> str:
        """The line."""
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # mixed into a BaseHeader


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", Whole)  # type: ignore[arg-type]  # the registry mixes it into one


def can_mail(settings: Settings) -> bool:
    """Whether mails can be sent at all: only then may a page ask for an address."""
    return bool(settings.smtp_url)


def address(text: str) -> str:
    """`text` as a bare e-mail address, without the spaces around it. Invalid where it is none."""
    try:
        if "<" in text:
            raise ValueError
        return mailbox(text).addr_spec
    except ValueError:
        raise Invalid(f"“{text.strip()[:100]}” is not an e-mail address.") from None


def in_one_line(text: str, limit: int) -> str:
    """`text` as a header can hold it: one line of at most `limit` characters, nothing that controls."""
    line = " ".join(CONTROL.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def storable(text: str) -> str:
    """`text` with plain line ends and without characters that no mail may hold."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def compose(row: Mail, settings: Settings) -> EmailMessage:
    """The mail of a row: plain text, and the same as simple HTML. ValueError where the row's address is none."""
    sender = mailbox(settings.mail_from)
    message = EmailMessage(policy=SMTP.clone(header_factory=HEADERS))
    message["From"] = Address(sender.display_name or settings.shop_name, sender.username, sender.domain)
    message["To"] = mailbox(row.to)
    message["Reply-To"] = mailbox(settings.mail_reply_to or settings.mail_from)
    message["Subject"] = in_one_line(row.subject, 300)
    message["Date"] = format_datetime(row.created_at)
    message["Message-ID"] = f"<{_mark(row)}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if row.stop_url:  # RFC 2369 and 8058: mail programs show a button, and press it without asking anybody
        message["List-Unsubscribe"] = f"<{row.stop_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(storable(row.text) + "\n", cte="quoted-printable")
    message.add_alternative(as_html(row.text, row.language), subtype="html", cte="quoted-printable")
    message["Content-Language"] = row.language  # after the content, which clears such headers
    return message


def _mark(row: Mail) -> str:
    """The same for a row whenever it is sent, and another's for no other row."""
    return hashlib.sha256(f"{row.id} {row.key} {row.created_at.isoformat()}".encode()).hexdigest()[:32]


def as_html(text: str, language: str) -> str:
    """Plain text as an HTML page: paragraphs, line breaks and links to web addresses; nothing of it is markup."""
    parts = [_linked(part).replace("\n", "<br>\n") for part in re.split(r"\n{2,}", storable(text))]
    body = "\n".join(f'<p dir="auto">{part}</p>' for part in parts)
    right = ' dir="rtl"' if direction(language) == "rtl" else ""
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}"{right}><head><meta charset="utf-8"></head>\n'
        f'<body style="font: 16px/1.5 sans-serif; max-width: 36em">\n{body}\n</body></html>\n'
    )


def _linked(text: str) -> str:
    done, rest = "", 0
    for found in LINK.finditer(text):
        to = html.escape(found[0])
        done += f'{html.escape(text[rest : found.start()])}<a href="{to}">{to}</a>'
        rest = found.end()
    return done + html.escape(text[rest:])
