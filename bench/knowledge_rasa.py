"""Parses questions with a trained Rasa model, in the bot's environment: run by `bench.knowledge_diet`, by path.

    bot/.venv/bin/python bench/knowledge_rasa.py MODEL QUESTIONS.json PARSED.json

QUESTIONS is a list of texts. PARSED becomes {"parsed": [{"ranked", "score", "answered", "seconds"}, …]}.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from rasa.core.agent import load_agent

FALLBACK = "nlu_fallback"


async def parse(model: str, texts: list[str]) -> list[dict[str, object]]:
    """What the model makes of each of `texts`; progress on standard error."""
    agent = await load_agent(model_path=model)
    await agent.parse_message("warm")
    found = []
    for number, text in enumerate(texts, start=1):
        started = time.perf_counter()
        said = await agent.parse_message(text.lstrip("/ ") or "?")  # a slash would name an intent
        seconds = time.perf_counter() - started
        found.append({**outcome(said), "seconds": seconds})
        if number % 500 == 0 or number == len(texts):
            print(f"DIET: {number} of {len(texts)} queries asked", file=sys.stderr, flush=True)
    return found


def outcome(said: dict[str, object]) -> dict[str, object]:
    """The intents without the fallback's own, the best one's confidence, and whether Rasa would not fall back."""
    ranking = [one for one in said["intent_ranking"] if one["name"] != FALLBACK]
    return {
        "ranked": [one["name"] for one in ranking],
        "score": ranking[0]["confidence"] if ranking else 0.0,
        "answered": said["intent"]["name"] not in (FALLBACK, None),
    }


if __name__ == "__main__":
    trained, questions, parsed = sys.argv[1:]
    answers = asyncio.run(parse(trained, json.loads(Path(questions).read_text(encoding="utf-8"))))
    Path(parsed).write_text(json.dumps({"parsed": answers}), encoding="utf-8")
