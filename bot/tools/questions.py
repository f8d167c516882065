"""Writes the `question` examples from the FAQ: `python tools/questions.py [--check]`, run in bot/.

The classifier must know what a question looks like to tell it from something said to the bot itself. The file is
committed, so that training needs nothing but this folder; `--check` fails where it is behind the FAQ.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

BOT = Path(__file__).resolve().parent.parent
FAQ = BOT.parent / "data" / "faq"
OUT = BOT / "data" / "question.yml"
HEAD = """version: "3.1"

# Made from the FAQ by tools/questions.py; do not edit.

nlu:
- intent: question
  examples: |
"""


def examples(folder: Path = FAQ) -> list[str]:
    """Every question and phrasing of the FAQ, each once, sorted; Rasa's own mark-up signs removed."""
    said: set[str] = set()
    for file in sorted(folder.glob("*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8")) or []:
            said.update(str(text) for text in [entry["question"], *entry.get("phrasings", [])])
    plain = {re.sub(r"[\[\]{}()\s]+", " ", text).strip().lstrip("/") for text in said}
    return sorted(text for text in plain if text)


def document(texts: list[str]) -> str:
    """The training file that holds these examples."""
    return HEAD + "".join(f"    - {text}\n" for text in texts)


def main() -> int:
    """Writes the file, or with `--check` compares it. Returns the exit status: 1 where it is behind."""
    wanted = document(examples())
    if "--check" not in sys.argv[1:]:
        OUT.write_text(wanted, encoding="utf-8")
        return 0
    if OUT.exists() and OUT.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{OUT.name} is behind the FAQ: run `python tools/questions.py` in bot/ and train again.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
