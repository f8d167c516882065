"""`python -m bench.knowledge`: the knowledge base and its peers on labelled sets, in one table, beside the bars."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import knowledge_demo
from bench.knowledge_bars import Measured, markdown, of_sets
from bench.knowledge_diet import EPOCHS, NotTrained, diet
from bench.knowledge_peers import COSINE, Result, bm25, cosine, tfidf
from handoff.settings import ROOT, Settings
from kb.encoder import Encoder, Vectors, load_encoder
from kb.errors import Invalid
from kb.evaluate import ANSWERED, Pair, asked, evaluate, opened, outcomes_of, read_pair
from kb.metrics import auroc, best_mcc, binary, figures, ranking

SETS = ROOT.parent / "shared" / "eval"
QUICK = 2000  # queries; larger sets are measured with --all, or when they are named
COLUMNS = {
    "accuracy_at_1": "acc@1",
    "in_scope_accuracy": "in scope",
    "oos_recall": "OOS recall",
    "mcc": "MCC",
    "best_mcc": "best MCC",
    "auroc": "AUROC",
    "ndcg_at_3": "nDCG@3",
    "build_s": "build s",
    "ask_ms": "ms a question",
}
LEGEND = f"""
No system sees a label; all get the same questions and phrasings, and rank every entry. "in scope" is the share of
in-scope queries given their own entry (refused is wrong), "OOS recall" that of out-of-scope queries refused, "best MCC"
what the best threshold would give if the labels chose it.
They answer: Rechtdoor from its own threshold, at the default share; BM25 when any word is known; TF-IDF (characters)
when any gram is shared; cosine (the same encoder) from {COSINE:.2f}; DIET from a confidence of .3 that is .1 above the
second, Rasa's defaults (its build time includes Rasa's start)."""
Say = Callable[[str], None]


class Remembering:
    """An encoder that encodes no text twice: for a set's second base, whose speed nobody measures."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See `kb.encoder.Encoder.encode`."""
        if not texts:
            return self._encoder.encode(texts)
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(fresh, self._encoder.encode(fresh), strict=True))
        return np.array([self._known[text] for text in texts], np.float32)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 when every bar is met, 1 when some are missed, 2 when a set cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m bench.knowledge", description=__doc__)
    parser.add_argument("--sets", nargs="+", type=Path, metavar="DIR", default=[], help="a set, or a folder of sets")
    parser.add_argument("--all", action="store_true", help=f"with DIET, and sets over {QUICK} queries: an hour or more")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"of DIET's training; Rasa's default is {EPOCHS}")
    chosen = parser.parse_args(arguments)
    if chosen.epochs < 1:
        parser.error("--epochs is at least 1")
    for folder in chosen.sets:
        if not sets_in([folder]):
            parser.error(f"{folder} holds no set: no faq.jsonl beside a queries.jsonl")
    most = None if chosen.all or chosen.sets else QUICK
    try:
        missed = report(chosen.sets or [SETS], most, chosen.epochs if chosen.all else None, _out)
    except (Invalid, NotTrained, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if missed else 0


def report(folders: Sequence[Path], most: int | None, epochs: int | None, say: Say) -> int:
    """Measure the sets in `folders` of at most `most` queries, printing rows as they are there; bars missed.

    DIET is trained for `epochs`, or left out. Invalid, OSError or NotTrained when a set cannot be measured.
    """
    found = sets_in(folders)
    if not found:
        say(f"No sets to measure the knowledge base on in {', '.join(map(str, folders))}.")
        return 0
    own = Settings(_env_file=None)
    encoder = load_encoder(own.embedding_model, own.cache_dir)
    say(f"| set | system | {' | '.join(COLUMNS.values())} |")
    say(f"|---|---|{'---:|' * len(COLUMNS)}")
    measured = []
    for folder in found:
        pair = read_pair(folder / "faq.jsonl", folder / "queries.jsonl")
        if most is None or len(pair.asked) <= most:
            measured.append(measure(folder.name, pair, encoder, epochs, say))
    say(LEGEND)
    rows = of_sets(measured) + knowledge_demo.measure(encoder)
    for line in ("", *markdown(rows)):
        say(line)
    return sum(row.met is False for row in rows)


def sets_in(folders: Sequence[Path]) -> list[Path]:
    """Every folder among `folders`, or just inside them, that holds a set."""
    inside = [one for folder in folders for one in [folder, *sorted(folder.glob("*/"))]]
    return [one for one in inside if (one / "faq.jsonl").is_file() and (one / "queries.jsonl").is_file()]


def measure(name: str, pair: Pair, encoder: Encoder, epochs: int | None, say: Say) -> Measured:
    """Rechtdoor and its peers on one set, a row each; Rechtdoor's figures for the bars."""
    remembering = Remembering(encoder)
    own = evaluate(pair, remembering, tell=_progress(name)).figures
    say(row(name, "**Rechtdoor**", {**own, "ask_ms": own["ask_ms_p50"]}))
    peers: dict[str, Callable[[], Result]] = {
        "BM25": lambda: bm25(pair),
        "TF-IDF": lambda: tfidf(pair),
        "cosine": lambda: cosine(pair, encoder),
    }
    if epochs is not None:
        peers["DIET"] = lambda: diet(pair, epochs, _err)
    for system, ask in peers.items():
        _err(f"{name}: {system}")
        say(row(name, system, scored(ask())))
    return Measured(name, own, told(pair, remembering, own))


def told(pair: Pair, encoder: Encoder, own: dict[str, Any]) -> dict[str, Any] | None:
    """The figures of a base that was told the set's true share; None when nothing is out of scope."""
    if not own["out_of_scope"]:
        return None
    base, _ = opened(pair.entries, encoder, own["out_of_scope"] / own["queries"])
    return figures(outcomes_of(pair, asked(base, pair.asked)), ANSWERED)


def scored(found: Result) -> dict[str, float | None]:
    """A peer's figures, for `row`."""
    return {
        **ranking(found.outcomes),
        **binary(found.outcomes, found.answered),
        "best_mcc": best_mcc(found.outcomes)[0],
        "auroc": auroc(found.outcomes),
        "build_s": found.build_s,
        "ask_ms": found.ask_ms,
    }


def row(name: str, system: str, found: dict[str, Any]) -> str:
    """A line of the table, in Markdown; "-" where there is nothing to count."""
    digits = {"build_s": 1, "ask_ms": 1}
    cells = ("-" if found[c] is None else f"{found[c]:.{digits.get(c, 3)}f}" for c in COLUMNS)
    return f"| {name} | {system} | {' | '.join(cells)} |"


def _progress(name: str) -> Callable[[int, int, str], None]:
    def tell(done: int, total: int, what: str) -> None:
        if done == total:
            _err(f"{name}: {total:,} {what}")

    return tell


def _out(line: str) -> None:
    print(line, flush=True)


def _err(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
