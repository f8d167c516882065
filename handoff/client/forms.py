"""What the API answers: plain dictionaries. Fields that it gets later are in them as well."""

from typing import Any, Literal, NotRequired, TypedDict


class Option(TypedDict):
    """A choice that the bot offers: its key for `choose`, and the words to show."""

    key: str
    question: str


class File(TypedDict):
    """A file of a message; `url` opens it for a day, without more. Width and height of a picture in pixels."""

    id: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    url: str


class Message(TypedDict):
    """A row of the conversation. A row with `hides` or `shows` names another one: read that row anew."""

    seq: int
    at: str
    author: Literal["customer", "bot", "agent", "system"]
    kind: str
    text: str
    html: NotRequired[str]
    author_name: NotRequired[str]
    client_id: NotRequired[str]
    ask_helped: NotRequired[bool]
    told: NotRequired[bool]
    answers_seq: NotRequired[int]
    entry_key: NotRequired[str]
    options: NotRequired[list[Option]]
    file: NotRequired[File]
    hides: NotRequired[int]
    shows: NotRequired[int]


class State(TypedDict):
    """Who has the conversation now, and what that means for the customer. See docs/api.md."""

    id: str
    language: str
    owner: Literal["bot", "queue", "agent", "closed"]
    reason: str | None
    last_seq: int
    agent_name: str | None
    queue: dict[str, Any] | None
    promise: dict[str, Any] | None
    bot_busy: bool
    agent_seen_seq: int
