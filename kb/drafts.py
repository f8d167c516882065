"""What an editor or a file proposes as an entry, and the limits it must keep."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kb.errors import Invalid
from kb.text import LANGUAGE, clean, clean_block, normalise

MAX_QUESTION = 300
MAX_ANSWER = 8000
MAX_PHRASING = 300
MAX_PHRASINGS = 500
MAX_TOPIC = 80
MAX_KEY = 80
AUDIENCES = ("public", "agents")
_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class EntryDraft(BaseModel):
    """An entry as it is proposed. `key` None asks for a new one, made from the question."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = None
    language: str = "nl"
    question: str
    answer: str
    topic: str = ""
    audience: str = "public"
    phrasings: list[str] = Field(default_factory=list)


def checked(draft: EntryDraft) -> EntryDraft:
    """`draft` cleaned for storing. Invalid, naming the first thing wrong, when it breaks a limit."""
    question = clean(draft.question)
    found = EntryDraft(
        key=draft.key.strip() if draft.key else None,
        language=draft.language.strip(),
        question=question,
        answer=clean_block(draft.answer),
        topic=clean(draft.topic),
        audience=draft.audience.strip(),
        phrasings=distinct(draft.phrasings, beside=question),
    )
    for problem in problems(found):
        raise Invalid(problem)
    return found


def problems(draft: EntryDraft) -> list[str]:
    """Everything that is wrong with a (cleaned) draft, each in one plain sentence."""
    longest = max(map(len, draft.phrasings), default=0)
    rules = [
        (not draft.question, "the question is empty"),
        (not draft.answer.strip(), "the answer is empty"),
        (len(draft.question) > MAX_QUESTION, f"the question is longer than {MAX_QUESTION} characters"),
        (len(draft.answer) > MAX_ANSWER, f"the answer is longer than {MAX_ANSWER:,} characters"),
        (longest > MAX_PHRASING, f"a phrasing is longer than {MAX_PHRASING} characters"),
        (len(draft.phrasings) > MAX_PHRASINGS, f"there are more than {MAX_PHRASINGS} phrasings"),
        (len(draft.topic) > MAX_TOPIC, f"the topic is longer than {MAX_TOPIC} characters"),
        (draft.audience not in AUDIENCES, f"the audience is {' or '.join(AUDIENCES)}"),
        (not LANGUAGE.fullmatch(draft.language), "the language is a code such as nl or en"),
        (draft.key is not None and not _good_key(draft.key), "the key is small letters, digits and hyphens"),
    ]
    return [message for broken, message in rules if broken]


def distinct(phrasings: list[str], *, beside: str = "") -> list[str]:
    """Cleaned phrasings without empty ones, repeats, and what equals `beside` (the entry's own question)."""
    seen, kept = {phrasing_key(beside)}, []
    for text in map(clean, phrasings):
        if text and phrasing_key(text) not in seen:
            seen.add(phrasing_key(text))
            kept.append(text)
    return kept


def phrasing_key(text: str) -> str:
    """What two phrasings of an entry may not share: the normalised text, at most 600 characters of it."""
    return normalise(text)[:600]  # folding may lengthen a text up to 18 times; an index has its limit


def slug(question: str) -> str:
    """A key made of the question's first words: small ASCII letters, digits and hyphens, at most 60 long."""
    words = re.findall(r"[a-z0-9]+", normalise(question))[:8]
    return "-".join(words)[:60].strip("-") or "entry"


def _good_key(key: str) -> bool:
    return len(key) <= MAX_KEY and _KEY.fullmatch(key) is not None


CHANGEABLE = ("question", "answer", "topic", "audience", "phrasings")


def merged(present: EntryDraft, changes: dict[str, Any]) -> EntryDraft:
    """`present` with `changes` made. Invalid for a field that cannot change or a value of a wrong kind."""
    for name, value in changes.items():
        if name not in CHANGEABLE:
            raise Invalid(f"{name} cannot be changed")
        right = isinstance(value, list) and all(isinstance(v, str) for v in value)
        if not (right if name == "phrasings" else isinstance(value, str)):
            raise Invalid(f"{name} is of the wrong kind")
    return checked(present.model_copy(update=changes))
