"""The bot's client: sends a message with its evidence to Rasa, reads the acts it answers with."""

from dataclasses import dataclass
from typing import Any

import httpx

ACTS = ("answer", "clarify", "rephrase", "say", "handoff")
REASONS = ("requested", "unknown", "loop", "frustrated", "rejected")
MAX_ACTS = 8


class BotUnavailable(Exception):
    """Rasa is down, slow, in error, or answered nothing: a person takes over."""


@dataclass(frozen=True)
class Act:
    """What the bot decided: `name` is one of ACTS, or `text` for words of a shop's own flow."""

    name: str
    key: str = ""
    reason: str = ""
    text: str = ""


def neutral(text: str) -> str:
    """`text` so that Rasa cannot take it for an intent: its leading slashes gone."""
    return text.lstrip("/ \t\r\n\N{NO-BREAK SPACE}") or "?"


def parse_acts(replies: Any) -> list[Act]:
    """The acts in Rasa's REST answer. BotUnavailable when there are none, or one is not understood."""
    if not isinstance(replies, list):
        raise BotUnavailable("the bot's answer is not a list")
    acts = [act for reply in replies[:MAX_ACTS] if (act := _parse(reply)) is not None]
    if not acts:
        raise BotUnavailable("the bot answered nothing")
    return acts


def _parse(reply: Any) -> Act | None:
    custom = reply.get("custom") if isinstance(reply, dict) else None
    if isinstance(custom, dict) and custom.get("act") in ACTS:
        reason = str(custom.get("reason", ""))
        if custom["act"] == "handoff" and reason not in REASONS:
            raise BotUnavailable(f"the bot handed over for an unknown reason: {reason!r}")
        return Act(custom["act"], key=str(custom.get("key", "")), reason=reason)
    if custom:
        raise BotUnavailable("the bot's answer holds an unknown act")
    text = reply.get("text") if isinstance(reply, dict) else None
    return Act("text", text=text[:4000]) if isinstance(text, str) and text.strip() else None


async def ask(
    client: httpx.AsyncClient, sender: str, message: str, metadata: dict[str, Any]
) -> list[Act]:
    """The bot's acts for one message. BotUnavailable when it is down, slow or answers nothing usable."""
    body = {"sender": sender, "message": message, "metadata": metadata}
    try:
        response = await client.post("/webhooks/rest/webhook", json=body)
        response.raise_for_status()
        return parse_acts(response.json())
    except (httpx.HTTPError, ValueError) as error:
        raise BotUnavailable(f"{type(error).__name__}: {error}") from error


async def is_up(client: httpx.AsyncClient) -> bool:
    """Whether the bot answers and has its model loaded."""
    try:
        return (await client.get("/")).status_code == 200
    except httpx.HTTPError:
        return False
