"""The handoff in short, for the agent who opens it: question, mood, what was tried, facts. No model service.

Everything here is read from the timeline and from `context.agent_context`; words are in the agent's language, what
the customer said stays in her own.
"""

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handoff import conversations, shop_settings
from handoff.context import agent_context
from handoff.facts import SECRET, Fact, Told, all_facts, masked
from handoff.models import Conversation, Message
from handoff.mood import Mood, Said, Sign, mood
from handoff.said import words as spoken
from handoff.staff_words import word, words

ONE_LINE = 160  # characters of the question
ROWS = 1000  # the newest rows of the timeline that are read
MOST_FACTS = 12
MOST_SIGNS = 2
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?]+(?=\s|$)|$|[.!?])")


@dataclass(frozen=True)
class ShownFact:
    """A fact as an agent reads it: what it is, the customer's words, the same written out where that says more.

    `copied` is what she can copy; empty for what is masked, dates and amounts.
    """

    kind: str
    label: str
    words: str
    shown: str
    value: str
    copied: str
    seq: int


@dataclass(frozen=True)
class Summary:
    """A handoff in short. `question`, `why` and `facts` are empty where there is nothing to say."""

    question: str
    question_seq: int | None
    reason: str
    talk: str
    tried: str
    mood: str
    mood_words: str
    why: str
    facts: tuple[ShownFact, ...]

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON."""
        return asdict(self)


def summary(
    session: Session, conversation: Conversation, language: str, about: dict[str, Any] | None = None
) -> Summary:
    """The summary of a conversation in `language` (nl or en); `about` is its `agent_context`, if known already."""
    about = agent_context(session, conversation) if about is None else about
    after = max(0, conversation.last_seq - ROWS)
    timeline = conversations.messages_after(session, conversation.id, after, ROWS)
    zone = ZoneInfo(shop_settings.hours(session).zone)
    source = _source(conversation, timeline)
    feels = _mood(conversation, timeline)
    return Summary(
        question=one_line(_asked(source) if source else conversation.question or ""),
        question_seq=source.seq if source else None,
        reason=_known(language, "reason", about["reason"], word(language, "context.no_reason")),
        talk=_talk(conversation, timeline, language),
        tried=_tried(about, language),
        mood=feels.name,
        mood_words=word(language, f"mood.{feels.name}"),
        why=why(feels, language),
        facts=tuple(_facts(conversation, timeline, language, zone)),
    )


def _known(language: str, prefix: str, value: str | None, otherwise: str = "") -> str:
    return words(language).get(f"{prefix}.{value}", value or otherwise)


def _asked(message: Message) -> str:
    """A question in full: all messages that it was spread over."""
    return str((message.data or {}).get("asked", message.text))


def _source(conversation: Conversation, timeline: list[Message]) -> Message | None:
    """The message that holds the conversation's question, which itself may be cut; None when it cannot be found."""
    line = (conversation.question or "").removesuffix("…")
    said = [m for m in timeline if m.author == "customer" and line]
    return next((m for m in reversed(said) if " ".join(_asked(m).split()).startswith(line)), None)


def one_line(text: str) -> str:
    """A question in the customer's own words, in one line without secrets.

    A long one is its last sentence with a question mark, if that says enough, else cut after a word.
    """
    line = " ".join(masked(text).split())
    if len(line) <= ONE_LINE:
        return line
    asked: list[str] = [s.strip() for s in _SENTENCE.findall(line) if s.strip().endswith("?")]
    if asked and len(asked[-1]) <= ONE_LINE and len(asked[-1].split()) >= 4:
        return asked[-1]
    cut = line[: ONE_LINE - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > ONE_LINE // 2 else cut).rstrip(" ,;:-") + "…"


def _talk(conversation: Conversation, timeline: list[Message], language: str) -> str:
    """How much and how long the customer talked since the bot last began with her, and in which language."""
    said = [m for m in timeline if m.author == "customer" and m.stint == conversation.stint]
    seconds = (said[-1].at - said[0].at).total_seconds() if said else 0
    return word(
        language,
        "summary.talk",
        messages=word(language, "summary.messages", n=len(said)),
        time=duration(int(seconds), language),
        language=_known(language, "language", conversation.language),
    )


def duration(seconds: int, language: str) -> str:
    """A length of time in words, as a person would say it."""
    if seconds < 60:
        return word(language, "summary.under_minute")
    for name, unit, until in (("minutes", 60, 90 * 60), ("hours", 3600, 48 * 3600)):
        if seconds < until:
            return word(language, f"summary.{name}", n=round(seconds / unit))
    return word(language, "summary.days", n=round(seconds / 86400))


def _tried(about: dict[str, Any], language: str) -> str:
    """What the bot did and how she took it, counted; the entries themselves are in the context."""
    answers = [offer for offer in about["offered"] if offer["as"] == "answer" and not offer["by"]]
    asked = {offer["seq"] for offer in about["offered"] if offer["as"] == "clarify"}
    if not answers and not asked:
        return word(language, "context.knew_not" if about["reason"] == "unknown" else "context.tried_nothing")
    counted = [
        ("answers", len(answers)),
        ("failed", sum(offer["outcome"] == "rejected" for offer in answers)),
        ("helped", sum(offer["outcome"] == "helped" for offer in answers)),
        ("asked", len(asked)),
    ]
    said = ", ".join(word(language, f"summary.{name}", n=n) for name, n in counted if n)
    return said[:1].upper() + said[1:]


def _mood(conversation: Conversation, timeline: list[Message]) -> Mood:
    """The mood since the bot last began with this customer."""
    mine = [m for m in timeline if m.author == "customer" and m.stint == conversation.stint]
    said = [Said(m.text, (m.data or {}).get("reason")) for m in mine if m.kind == "text"]
    return mood(said, sum(m.kind == "helped" and not (m.data or {}).get("value") for m in mine))


def why(feels: Mood, language: str) -> str:
    """What a mood was read from, in words; empty for a calm one."""
    return ", ".join(_sign(sign, language) for sign in feels.signs[:MOST_SIGNS])


def _sign(sign: Sign, language: str) -> str:
    if sign.kind in ("thumbs_down", "person"):
        return word(language, f"sign.{sign.kind}", n=sign.times)
    if sign.kind in ("capitals", "marks", "thanks"):
        return word(language, f"sign.{sign.kind}", words=sign.words)
    return word(language, "sign.said", n=sign.times, words=masked(sign.words))


def _facts(conversation: Conversation, timeline: list[Message], language: str, zone: ZoneInfo) -> list[ShownFact]:
    """What the customer named herself, in every stint; her known address is left out."""
    mine = [m for m in timeline if m.author == "customer" and m.kind in ("text", "file")]
    told = [Told(m.seq, spoken(m), m.at) for m in mine]
    known = (conversation.customer_email or "").casefold()
    found = [fact for fact in all_facts(told, zone) if fact.value != known]
    return [_shown(fact, language) for fact in found[:MOST_FACTS]]


def _shown(fact: Fact, language: str) -> ShownFact:
    return ShownFact(
        kind=fact.kind,
        label=word(language, f"fact.{fact.kind}"),
        words=fact.words,
        shown=written(fact, language),
        value=fact.value,
        copied="" if fact.kind in (*SECRET, "date", "amount") else fact.words,
        seq=fact.seq,
    )


def written(fact: Fact, language: str) -> str:
    """A date or amount written out in `language`; empty for other facts, and where the words say the same."""
    if fact.kind == "amount":
        currency, _, number = fact.value.partition(" ")
        shown = f"{currency} {number.replace('.', word(language, 'summary.decimal'))}"
        return "" if shown == fact.words else shown
    if fact.kind == "date":
        return " – ".join(_day(part, language) for part in fact.value.split("/"))
    return ""


def _day(iso: str, language: str) -> str:
    months = word(language, "summary.months").split()
    if len(iso) < len("2026-11-22"):
        year, _, month = iso.partition("-")
        return f"{months[int(month) - 1]} {year}" if month else year
    day = date.fromisoformat(iso)
    weekday = word(language, "summary.weekdays").split()[day.weekday()]
    return f"{weekday} {day.day} {months[day.month - 1]} {day.year}"
