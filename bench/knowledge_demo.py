"""The demo FAQ's bars: near misses that no entry answers, and held-out paraphrases that one does."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from bench import knowledge_bars as bars
from bench.bars import Row
from handoff.settings import ROOT
from kb.base import Base
from kb.encoder import Encoder
from kb.exchange import import_entries, read_entries

LANGUAGES = ("nl", "en")


def measure(encoder: Encoder) -> list[Row]:
    """Three bars for each language, on the base as the demo shop has it."""
    base = demo(encoder)
    rows: list[Row] = []
    for language in LANGUAGES:
        misses, asked = held_out("near-misses", language), held_out("questions", language)
        wrong = share(one.verdict == "answer" for one in base.ask_many([m["text"] for m in misses], language))
        found = base.ask_many([question["text"] for question in asked], language)
        pairs = list(zip(found, (question["key"] for question in asked), strict=True))
        right = share(key in one.options[:1] for one, key in pairs)
        clarified = share(one.verdict == "clarify" for one in found)
        rows += [
            Row(f"demo FAQ, {language}: near misses that get an answer", wrong, "", bars.WRONG),
            Row(f"demo FAQ, {language}: paraphrases, right answer or first option", right, "", bars.RIGHT, True),
            Row(f"demo FAQ, {language}: paraphrases that get a clarification", clarified, "", bars.CLARIFIED),
        ]
    return rows


def demo(encoder: Encoder) -> Base:
    """The demo FAQ in both languages, open."""
    with TemporaryDirectory(prefix="rechtdoor-demo-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'kb.sqlite'}")
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            for file in sorted((ROOT / "data" / "faq").glob("*.yml")):
                import_entries(session, read_entries(file), "bench")
            session.commit()
            base = Base.open(encoder, session)
            base.settle()
        engine.dispose()
    return base


def held_out(name: str, language: str) -> list[dict[str, Any]]:
    """Questions written apart from the FAQ, with `key` or `near`; see tests/data."""
    return list(yaml.safe_load((ROOT / "tests" / "data" / f"{name}-{language}.yml").read_text(encoding="utf-8")))


def share(flags: Any) -> float:
    """The share of those that are true."""
    values: Sequence[bool] = list(flags)
    return sum(values) / len(values)
