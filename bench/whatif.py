"""`python -m bench.whatif`: what an editor waits for while she writes, with 10,000 logged questions.

The vectors are made up, as in `bench.large`. The figures are those of one draft after the other, as it is typed; what
is foreseen is compared with asking every question of a sample anew.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from bench import bars
from bench.bars import Row
from bench.large import MadeUp, entry, rss, timed
from kb.base import Base, everyday_sentences
from kb.evaluate import store
from kb.fates import Asked, outcome
from kb.snapshot import PUBLIC, Changes, Live
from kb.whatif import Log

LOGGED, GROUP, SAMPLE, DRAFTS = 10_000, 5, 1000, 5
SIZES = [200, 2000]
TAKEN = 3  # questions with an answer that the draft takes over
OPEN = 500  # matters that no entry answers
LOOK_AHEAD_S = 2.0  # issue 5


def main() -> int:
    """Both tables. 0 when every bar is met."""
    read = argparse.ArgumentParser(prog="python -m bench.whatif", description=__doc__)
    read.add_argument("--entries", type=int, nargs="+", default=SIZES)
    read.add_argument("--logged", type=int, default=LOGGED)
    chosen = read.parse_args()
    return 1 if report(Console(width=100), chosen.entries, chosen.logged) else 0


def report(console: Console, sizes: Sequence[int] = (), logged: int = LOGGED) -> int:
    """A table for each number of entries; how many bars were missed."""
    return sum(look_ahead(console, entries, logged) for entries in sizes or SIZES)


def look_ahead(console: Console, entries: int, logged: int) -> int:
    """A base of `entries` with 5 phrasings each, `logged` questions, and a draft that is typed."""
    with tempfile.TemporaryDirectory(prefix="rechtdoor-whatif-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'kb.sqlite'}")
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            store(session, [entry(i) for i in range(entries)])
            session.commit()
            base = Base.open(MadeUp(), session, everyday_sentences())
        engine.dispose()
    before, log, asked = rss(), Log(base), questions(entries, logged)
    own = [one for one in asked if one.group == 1]
    taken = [one.text for one in asked if one.group is None][:TAKEN]
    log.note(asked)
    looking, _ = timed(lambda: _work(log))
    drafts = [_draft(own, taken, number) for number in range(DRAFTS)]
    first, seen = timed(lambda: log.preview(drafts[0], own))
    later = [timed(partial(log.preview, draft, own))[0] for draft in drafts[1:]]
    rows = [
        Row("looking them up, once, in the background", looking, "s"),
        Row("the first look ahead", first, "s", LOOK_AHEAD_S),
        Row(f"the longest of {len(later)} after it", max(later), "s", LOOK_AHEAD_S),
        Row("questions of the group that would be answered", 100 * seen.answered / len(own), "%"),
        Row("others that would change", len(seen.gained) + len(seen.changed), ""),
        Row(f"of {SAMPLE} and those asked anew, foreseen otherwise", _wrong(log, asked, drafts[0]), "", 0),
        Row("memory that the log takes", rss() - before, "MB"),
    ]
    return bars.show(console, f"A draft beside {logged:,} logged questions and {entries:,} entries", rows)


def questions(entries: int, count: int) -> list[Asked]:
    """Made-up questions: four of ten are an entry's in other words, the others of `OPEN` matters without an entry."""
    draw, found = random.Random(11), []
    for number in range(count):
        if number % 10 < 4:
            words = entry(draw.randrange(entries)).phrasings[draw.randrange(5)].split()
            found.append(Asked(str(number), " ".join([*words[:5], "anders"]), "nl"))
            continue
        matter = 1 if number < 2 * GROUP else draw.randrange(2, OPEN)
        words = [f"w{draw.randrange(10 ** draw.randint(1, 4))}en" for _ in range(6)]
        found.append(Asked(str(number), f"open{matter} {' '.join(words)}", "nl", matter))
    return found


def _work(log: Log) -> None:
    while log.work():
        pass


def _draft(own: list[Asked], taken: list[str], number: int) -> Changes:
    """What is typed: the same question, and an answer that grows."""
    question, answer = f"{own[0].text.partition(' ')[0]} hoe zit dat", " ".join(["zo zit dat"] * (number + 1))
    texts = (question, *(one.text for one in own), *taken)
    return Changes({-1: Live(1, "new", "nl", question, answer, PUBLIC, texts)}, frozenset())


def _wrong(log: Log, asked: list[Asked], draft: Changes) -> int:
    """How many of a sample get something else from the real path than was foreseen."""
    base, seen = log.base, log.preview(draft, [])
    after = base.foreseen(draft, {})
    told = {fate.asked.id: fate.after.entries for fate in (*seen.gained, *seen.changed)}
    some = [one for one in asked if one.id in told or one.group == 1]
    some += random.Random(5).sample(asked, min(SAMPLE, len(asked)))
    now = [outcome(one).entries for one in base.ask_many([one.text for one in some])]
    then = [outcome(one).entries for one in base.ask_of(after, [one.text for one in some])]
    return sum(told.get(one.id, a) != b for one, a, b in zip(some, now, then, strict=True))


if __name__ == "__main__":
    sys.exit(main())
