"""A conversation as one mail to its customer: every row she may see, in order, as it stands in her chat.

Agents' notes are never in it, and of a hidden message only that it is hidden. What is said here of an address that she
gives, and of how often, is explained in docs/transcript.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from handoff import contact, conversations, outbox, promise_words, promises
from handoff.desk_models import File
from handoff.hours_words import clock, dated, names
from handoff.letters import to_customer
from handoff.mail import can_mail
from handoff.models import Conversation, Mail, Message, Person
from handoff.plain import plain
from handoff.problems import Conflict, Invalid
from handoff.said import is_told
from handoff.settings import Settings
from handoff.shop_settings import hours
from handoff.texts import fill, texts
from kb.models import now

MOST_ROWS = 500  # of a mail, the newest
LONGEST = 60_000  # characters of those rows; beyond them the older ones are left to the link
MOST_A_DAY = 3  # mails of one conversation
MOST_TO = 5  # mails to one address, whichever conversations they are of: nobody fills another's mailbox with it
DAY = timedelta(days=1)
# Left out: her press of a button, which no chat shows; the step that follows says what became of it.
QUIET = ("leave_queue", "end")


class NoMail(Conflict):
    """This shop has set up no mail."""

    text = "error.no_mail"


class NoAddress(Invalid):
    """None is known and none was given."""

    text = "error.no_address"


class NothingSaid(Conflict):
    """There is no row to mail."""

    text = "error.nothing_to_mail"


class TooOften(Conflict):
    """It was mailed a few times in the last day."""

    text = "error.transcript_often"


@dataclass(frozen=True)
class Sent:
    """Where the mail goes; `noted`: that address is the conversation's from now on."""

    to: str
    noted: bool = False


def send(session: Session, settings: Settings, conversation_id: str, client_id: str, email: str = "") -> Sent:
    """Queue the conversation as a mail to `email`, or to the address that is known; once per `client_id`.

    An address that is given is used for this mail alone, except where none was known: then it is noted.
    NoMail, BadEmail, NoAddress, NothingSaid, TooOften. See `outbox.queue_mail` for what to do after the commit.
    """
    if not can_mail(settings):
        raise NoMail
    conversation = conversations.locked(session, conversation_id)
    if earlier := sent_before(session, conversation_id, client_id):
        return Sent(earlier.to)
    to = contact.checked_email(email) if email.strip() else None
    if to is None and not conversation.customer_email:
        raise NoAddress
    said = in_words(session, conversation, settings.origin)
    if not said:
        raise NothingSaid
    _check_often(session, conversation, to or conversation.customer_email or "")
    noted = not conversation.customer_email
    if to and noted:
        contact.set_address(session, conversation_id, to)
    zone = hours(session).zone.rpartition("/")[2].replace("_", " ")
    about, key = "transcript_noted" if noted else "transcript", _key(conversation_id, client_id)
    mail = to_customer(session, settings, conversation, about, key=key, to=to, said=said, zone=zone)
    if mail is None:  # what is known is no address
        raise NoAddress
    return Sent(mail.to, noted)


def sent_before(session: Session, conversation_id: str, client_id: str) -> Mail | None:
    """The mail that was asked for under this `client_id` before, if any."""
    return session.exec(select(Mail).where(Mail.key == _key(conversation_id, client_id))).first()


def _key(conversation_id: str, client_id: str) -> str:
    return f"{outbox.TRANSCRIPT}{conversation_id}:{client_id}"


def _check_often(session: Session, conversation: Conversation, to: str) -> None:
    """TooOften where this conversation, or others to this address, were mailed often in the last day."""
    lately = (col(Mail.created_at) > now() - DAY, col(Mail.key).startswith(outbox.TRANSCRIPT))
    hers, theirs = col(Mail.conversation_id) == conversation.id, col(Mail.to) == to
    counts = select(func.count().filter(hers), func.count().filter(theirs)).where(or_(hers, theirs), *lately)
    of_it, to_it = session.exec(counts).one()
    if of_it >= MOST_A_DAY or to_it >= MOST_TO:
        raise TooOften


def masked(email: str) -> str:
    """An address that its owner knows again and nobody else learns: a…@klant.example."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1] if len(name) > 1 else ''}…@{domain}"


def in_words(session: Session, conversation: Conversation, origin: str) -> str:
    """The rows that she may see in words of her language and times of the shop, then what is promised; empty for none.

    At most the newest `MOST_ROWS` or `LONGEST` characters of them, which is said first. `origin` is the settings'.
    """
    hers = (Message.conversation_id == conversation.id, col(Message.kind).not_in((conversations.NOTE, *QUIET)))
    query = select(Message).where(*hers)
    newest = list(session.exec(query.order_by(col(Message.seq).desc()).limit(MOST_ROWS + 1)).all())
    shop, said = hours(session), texts(session, conversation.language)
    writer = Writer(said, conversation.language, ZoneInfo(shop.zone), origin, *_known(session, newest))
    rows = _fitting(newest[:MOST_ROWS], writer)
    parts = list(writer.by_day(rows))
    if len(rows) < len(newest):
        parts.insert(0, fill(said["mail.transcript_cut"], n=len(rows)))
    if rows and (promised := _promised(session, conversation)):
        parts.append(fill(said["mail.transcript_promise"], words=promised))
    return "\n\n".join(parts)


def _known(session: Session, messages: list[Message]) -> tuple[dict[int, str], dict[str, str]]:
    """First names by the id of who wrote, and the names of files by their ids."""
    people = select(Person.id, Person.name).where(col(Person.id).in_({m.author_id for m in messages if m.author_id}))
    files = select(File.id, File.name).where(col(File.id).in_({m.file_id for m in messages if m.file_id}))
    wrote = {id_: name.split()[0] for id_, name in session.exec(people).all() if id_ is not None}
    return wrote, dict(session.exec(files).all())


def _fitting(newest_first: list[Message], writer: "Writer") -> list[Message]:
    """As many of the newest as fit in `LONGEST` characters, one at least, in the order they came."""
    found: list[Message] = []
    size = 0
    for message in newest_first:
        size += len(writer.row(message))
        if found and size > LONGEST:
            break
        found.append(message)
    return found[::-1]


def _promised(session: Session, conversation: Conversation) -> str:
    """What she is still promised, as it stands above her chat; empty for nothing."""
    form = promise_words.form(session, conversation, promises.open_of(session, conversation.id))
    return str(form["words"]) if form else ""


@dataclass(frozen=True)
class Writer:
    """Puts rows into words: `said` are the texts of `language`; `people` and `files` names by id."""

    said: Mapping[str, str]
    language: str
    zone: ZoneInfo
    origin: str
    people: Mapping[int, str]
    files: Mapping[str, str]

    def by_day(self, rows: list[Message]) -> Iterator[str]:
        """The rows, each day's below its date."""
        day: date | None = None
        for row in rows:
            here = row.at.astimezone(self.zone)
            if here.date() != day:
                day = here.date()
                yield self._date(here)
            yield self.row(row)

    def _date(self, here: datetime) -> str:
        weekday = names(self.said, self.language, "days")[here.weekday()]
        return f"{weekday} {dated(here.date(), self.said, self.language)} {here.year}"

    def row(self, message: Message) -> str:
        """One row: who and when, below it what was said; a step of the conversation in one line."""
        time = clock(message.at.astimezone(self.zone))
        if message.author == "system" and message.kind != "handed_over":
            return f"{time} – {message.text}"
        return f"{self._who(message)}, {time}:\n{self._words(message)}"

    def _who(self, message: Message) -> str:
        if message.author == "customer":
            return self.said["widget.you"]
        if message.author == "agent":
            return self.people.get(message.author_id or 0, self.said["widget.agent"])
        return self.said["widget.bot"]

    def _words(self, message: Message) -> str:
        if message.hidden_at is not None:
            return self.said["widget.hidden"]
        if message.file_id is not None:
            return self._file(message)
        marked = message.kind == "answer" or is_told(message)
        words = plain(message.text, self.origin) if marked else message.text
        return "\n".join([words, *(f"- {option['question']}" for option in message.options or ())])

    def _file(self, message: Message) -> str:
        data = message.data or {}
        kind = self.said["file.photo" if data.get("photo") else "file.document"]
        name = f"{kind}: {self.files.get(message.file_id or '', message.text)}"
        return f"{name}\n{message.text}" if data.get("captioned") else name
