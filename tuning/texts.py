"""The sentences that the encoder is tuned on: intents, each with its wordings, grouped by what lies close."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

OWN = Path(__file__).resolve().parent.parent / "data" / "tuning"
LANGUAGES = ("nl", "en")
PUBLIC = ("hwu64", "stackfaq", "bitext-support", "multidogo", "xsid-nl-en")


@dataclass
class Intent:
    """One need in several wordings. Intents of one `pool` may be told apart; of two pools they may be the same need.

    `cluster` names the narrow subject within the pool; `question` and `answer` are as an FAQ has them, by language.
    """

    pool: str
    cluster: str
    name: str
    texts: list[tuple[str, str]] = field(default_factory=list)  # language, text
    question: dict[str, str] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)

    def add_slips(self, chance: random.Random) -> None:
        """Add a copy as typed in haste of every third text that somebody typed."""
        self.texts += [(language, slip(text, chance)) for language, text in self.texts[::3] if len(text) > 12]

    def wordings(self) -> list[str]:
        """Every text that asks for it: typed ones, formal questions, and each question with its answer."""
        formal = list(self.question.values())
        whole = [f"{asked}\n{self.answer[language]}" for language, asked in self.question.items()]
        return [*(text for _, text in self.texts), *formal, *whole]


def own_intents(files: Iterable[Path]) -> list[Intent]:
    """The intents of files in the form of data/tuning. ValueError, with file and line, for anything else."""
    return [intent for file in files for intent in _read(file)]


def _read(file: Path) -> list[Intent]:
    cluster, found = "", list[Intent]()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        mark, _, rest = line.strip().partition(" ")
        if not mark:
            continue
        if not rest.strip() or (mark not in "@#" and not found):
            raise ValueError(f"{file.name}:{number}: nothing after {mark!r}, or no intent before it")
        if mark == "@":
            cluster = f"{file.stem}/{rest.strip()}"
        elif mark == "#":
            found.append(Intent(file.stem, cluster, f"{cluster}/{rest.strip()}"))
        elif not _added(found[-1], mark, rest.strip()):
            raise ValueError(f"{file.name}:{number}: {mark!r} begins no known line")
    return found


def _added(intent: Intent, mark: str, text: str) -> bool:
    kind, _, language = mark.rpartition(".")
    if language not in LANGUAGES or kind not in ("", "q", "a"):
        return False
    if kind == "q":
        intent.question[language] = text
    elif kind == "a":
        intent.answer[language] = text
    else:
        intent.texts.append((language, text))
    return True


def public_intents(folder: Path) -> list[Intent]:
    """The intents of the public sets in `folder` (see its README): one pool a set."""
    found: dict[tuple[str, str], Intent] = {}
    for name in PUBLIC:
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            label = row["label"]
            subject = label.split("/")[0].split("_")[0] if name != "stackfaq" else name
            intent = found.setdefault((name, label), Intent(name, f"{name}/{subject}", f"{name}/{label}"))
            intent.texts.append((row["language"], row["text"]))
    return list(found.values())


def everyday_pairs(folder: Path) -> list[str]:
    """Dutch and English everyday sentences, each pair one after the other."""
    lines = (folder / "tatoeba-nl-en.jsonl").read_text(encoding="utf-8").splitlines()
    return [text for line in lines for row in [json.loads(line)] for text in (row["nl"], row["en"])]


def slip(text: str, chance: random.Random) -> str:
    """`text` as typed in haste: small letters, no mark at the end, one or two letters lost, doubled or swapped."""
    letters = list(text.lower().rstrip(" .?!"))
    for _ in range(1 + len(letters) // 30):
        at = chance.randrange(1, len(letters) - 1)
        kind = chance.randrange(3)
        if kind == 0:
            del letters[at]
        elif kind == 1:
            letters.insert(at, letters[at])
        else:
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)
