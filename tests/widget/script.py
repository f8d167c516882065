"""The stand-in's conversations: what is stored, and what its bot says to what."""

import asyncio
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ANSWER_HTML = "<p>Binnen <strong>twee</strong> werkdagen.</p><ul><li>Thuis</li><li>In de winkel</li></ul>"
OPTIONS = [
    {"key": "gift-card-balance", "question": "Hoeveel staat er op mijn cadeaubon?"},
    {"key": "gift-card-lost", "question": "Ik ben mijn cadeaubon kwijt"},
]
Row = dict[str, Any]


def texts(language: str) -> dict[str, str]:
    file = ROOT / f"data/texts/{'nl' if language == 'nl' else 'en'}.yml"
    loaded: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))
    return loaded


class Conversation:
    def __init__(self, number: int, language: str) -> None:
        self.id, self.token, self.language = f"c{number}", f"token-{number}", language
        self.owner, self.agent_name = "bot", None
        self.queue: Row | None = None
        self.promise: Row | None = None
        self.email: str | None = None
        self.mails = True
        self.whose: str | None = None  # for whom the shop vouches
        self.agent_face: str | None = None
        self.rating: Row | None = None
        self.mailed: dict[str, str | None] = {}  # by client_id: to which address
        self.left: dict[str, Row] = {}  # by client_id: where she can be reached
        self.hidden: dict[int, Row] = {}
        self.agent_seen_seq = 0
        self.busy = False
        self.messages: list[Row] = []
        self.by_client: dict[str, int] = {}
        self.sockets: set[asyncio.Queue[Row]] = set()

    def add(self, author: str, kind: str, text: str, **more: Any) -> int:
        seq = len(self.messages) + 1
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.messages.append({"seq": seq, "at": at, "author": author, "kind": kind, "text": text, **more})
        return seq

    def state(self) -> Row:
        return {
            "last_seq": len(self.messages),
            "owner": self.owner,
            "agent_name": self.agent_name if self.owner == "agent" else None,
            "agent_face": self.agent_face if self.owner == "agent" else None,
            "queue": self.queue,
            "promise": self.promise,
            "agent_seen_seq": self.agent_seen_seq,
            "transcript": self.mails and bool(self.messages),
            "bot_busy": self.busy,
        }


def answer(talk: Conversation, body: Row) -> None:
    """The bot, in a few lines: what a word in the message leads to."""
    words, kind = texts(talk.language), body.get("kind", "text")
    if kind == "leave_queue":
        talk.owner, talk.queue = "bot", None
        talk.add("system", "left_queue", words["system.left_queue"])
    elif kind == "end":
        talk.owner, talk.queue = "closed", None
        talk.add("system", "closed", words["system.closed"])
    elif talk.owner == "bot":
        reply(talk, kind, body, words)


def reply(talk: Conversation, kind: str, body: Row, words: dict[str, str]) -> None:
    text = (body.get("text") or "").lower()
    if kind == "helped":
        talk.add("bot", "say", words["say.helped" if body["value"] else "bot.rephrase"])
    elif kind == "none_of_these" or "medewerker" in text:
        talk.add("bot", "say", words["handover.requested"])
        talk.owner, talk.queue = "queue", {"position": 3, "wait": None}
    elif kind == "choice" or "hoe lang" in text:
        talk.add("bot", "answer", "Binnen twee werkdagen.", html=ANSWER_HTML, ask_helped=True)
    elif "cadeaubon" in text:
        talk.add("bot", "clarify", words["bot.clarify"], options=OPTIONS)
    elif "stil" not in text:
        talk.add("bot", "text", f"Je zei: {body.get('text')}")
