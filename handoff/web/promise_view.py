"""What the desk shows of a conversation's promise, and the times that can be promised."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, func
from sqlalchemy import select as columns
from sqlmodel import Session, col

from handoff import conversations, promise_times, promise_words, promises
from handoff.desk_models import Promise
from handoff.models import Conversation, Message, Person
from handoff.problems import Invalid
from handoff.promise_times import WINDOW
from handoff.resting import PROMISES_TIME
from handoff.shop_settings import hours
from handoff.texts import texts

QUARTER = timedelta(minutes=15)


class BadTime(Invalid):
    """A form's time that is none: `why` is missing, past or order."""

    def __init__(self, why: str) -> None:
        super().__init__("Fill in a date and a time that is still to come.")
        self.why = why


@dataclass(frozen=True)
class PromiseView:
    """An open promise as an agent sees it. `whose`: mine, nobody or colleague. `state`: open, soon or late.

    `asks`: to keep it is asked again, as nobody answered the customer since it was made.
    """

    id: int
    revision: int
    kind: str
    words: str
    due_at: datetime
    state: str
    whose: str
    holder: str
    note: str
    phone: str
    asks: bool


@dataclass(frozen=True)
class Strip:
    """The line on a conversation's promise, as the timeline's row `as_of` left it. `mine`: the agent has it."""

    id: str
    as_of: int
    mine: bool
    promise: PromiseView | None

    @property
    def mark(self) -> str:
        """What a page compares to know whether it shows this."""
        p = self.promise
        return f"{p.id}.{p.revision}.{p.state}.{p.whose}.{int(p.asks)}.{int(self.mine)}" if p else ""


@dataclass(frozen=True)
class Preset:
    """A time that is promised with one click, in words for an answer and for a call."""

    due_at: datetime
    words: str
    call_words: str


@dataclass(frozen=True)
class TimeForm:
    """What a form says of a time: a preset's moment, or a day with times of day on the shop's clock."""

    due_at: str = ""
    day: str = ""
    start: str = ""
    until: str = ""


def strip(session: Session, conversation: Conversation, person_id: int, language: str, at: datetime) -> Strip:
    """The conversation's promise, where one is open."""
    mine = conversation.owner == "agent" and conversation.agent_id == person_id
    promise = promises.open_of(session, conversation.id)
    view = _view(session, conversation, promise, person_id, language, at) if promise else None
    return Strip(conversation.id, conversation.last_seq, mine, view)


def _view(
    session: Session, conversation: Conversation, promise: Promise, person_id: int, language: str, at: datetime
) -> PromiseView:
    holder = session.get(Person, promise.holder_id) if promise.holder_id else None
    return PromiseView(
        id=promise.id or 0,
        revision=promise.revision,
        kind=promise.kind,
        words=promise_words.when(session, language, promise),
        due_at=promise.due_at,
        state=promises.state_of(promise, at),
        whose=whose(promise, person_id),
        holder=holder.name if holder else "",
        note=promise.note,
        phone=conversation.customer_phone or "",
        asks=promise.kind == "answer" and not answered_since(session, conversation.id),
    )


def whose(promise: Promise, person_id: int) -> str:
    """Whether a promise is mine, of nobody, or a colleague's."""
    if promise.holder_id is None:
        return "nobody"
    return "mine" if promise.holder_id == person_id else "colleague"


def answered_since(session: Session, conversation_id: str) -> bool:
    """Whether an agent said something to the customer after the promised time was last told."""
    told = func.max(case((col(Message.kind).in_(PROMISES_TIME), Message.seq)))
    by_agent = (col(Message.author) == "agent") & (col(Message.kind) != conversations.NOTE)
    said = func.max(case((by_agent, Message.seq)))
    query = columns(told, said).where(col(Message.conversation_id) == conversation_id)
    told_at, said_at = session.execute(query).one()
    return (said_at or 0) > (told_at or 0)


def presets(session: Session, at: datetime, language: str) -> list[Preset]:
    """The times that can be promised with one click, the soonest first."""
    shop, said = hours(session), texts(session, language)
    return [
        Preset(c.due_at, c.words, promise_times.between(shop, (window_of(c.due_at, at), c.due_at), said, language))
        for c in promises.choices(session, at, language)
    ]


def window_of(due_at: datetime, at: datetime) -> datetime:
    """When a call that is promised by `due_at` begins: two hours before, or the next quarter of an hour."""
    soonest = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0) + QUARTER
    return max(min(soonest, due_at - QUARTER), due_at - WINDOW)


def chosen(session: Session, form: TimeForm, kind: str, at: datetime) -> tuple[datetime | None, datetime]:
    """When a call begins (None for an answer), and by when it is. BadTime for a form that says no such time."""
    zone = ZoneInfo(hours(session).zone)
    due_at = _moment(form.due_at) if form.due_at else _local(form.day, form.until, zone)
    if due_at <= at:
        raise BadTime("past")
    if kind != "call":
        return None, due_at
    start = window_of(due_at, at) if form.due_at or not form.start else _local(form.day, form.start, zone)
    if start >= due_at:
        raise BadTime("order")
    return start, due_at


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadTime("missing") from None
    if moment.tzinfo is None:
        raise BadTime("missing")
    return moment


def _local(day: str, clock: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), zone)
        return moment.astimezone(ZoneInfo("UTC"))
    except (ValueError, OverflowError):
        raise BadTime("missing") from None
