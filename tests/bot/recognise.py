"""Run in bot/ with bot's own Python: reads a JSON list of texts, prints the intent the bot gives each, as JSON.

Every text comes with the evidence "an entry answers this", so that a question comes out as `kb_answer` and what is
said to the bot itself as its control intent. The model is loaded once.
"""

import asyncio
import json
import sys

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

EVIDENCE = {"kb": {"verdict": "answer", "entry": "any", "repeats": 0.0}}


async def recognise(model: str, texts: list[str]) -> list[str]:
    """The intents of these texts, in their order."""
    processor = Agent.load(model).processor
    read = [await processor.parse_message(UserMessage(text, metadata=EVIDENCE)) for text in texts]
    return [result["intent"]["name"] for result in read]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(recognise(sys.argv[1], json.load(sys.stdin)))))  # noqa: T201 (its output)
