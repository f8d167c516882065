"""Fits the priors of `kb.calibrate` on bases made of the tuning sentences: `python -m tuning.priors`.

Each base holds most intents of one field as entries; the others are its near misses. Its questions are wordings that
it does not hold. So the priors know what a base cannot know of itself: how customers' own words differ from an
editor's phrasings.
"""

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kb.base import EVERYDAY
from kb.calibrate import NEAR, OUT_OF_SCOPE_SHARE, PAIR, Array, Calibration, Line, calibrated, fit, left_out
from kb.centre import centre_of
from kb.encoder import Encoder, load_encoder
from kb.grams import grams
from kb.index import Floats, Look, everyday_of, index_of
from kb.memory import encode_remembering
from kb.store import Answer, Document, Group
from kb.text import spelled_out
from tuning.texts import OWN, Intent, own_intents, public_intents

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = 0.3  # of the intents, which are a base's near misses
FEWEST = 10  # entries of a base; some fields have too few wordings in one language
MOST_QUESTIONS = 600  # of a base
#: Fields that are one base each, and the files of data/tuning in them.
FIELDS = {
    "shop": ("shop-orders", "shop-delivery", "shop-returns", "shop-giftcards", "shop-products", "shop-service"),
    "hard": ("hard-shop-a", "hard-shop-b"),
    "tech": ("appliances", "telecom", "energy", "electronics"),
    "life": ("home", "food", "health", "town", "fashion"),
    "out": ("travel", "tickets", "media", "selling", "money"),
    "niche": ("niche-a",),
    "chat": ("niche-b",),
}
#: Fields that the shipped encoder never saw a sentence of: the check on what it learned of the others.
UNSEEN = {
    "angles": ("angles-a",),
    "corners": ("angles-b",),
    "goods": ("shops-a",),
    "wares": ("shops-b",),
    "facts": ("information",),
    "out": ("fashion", "money"),
}
OF_PUBLIC = {"multidogo": 8, "hwu64": 10, "stackfaq": 3}  # phrasings an entry
PHRASINGS = (0, 2, 4)


@dataclass(frozen=True)
class Asked:
    """A question for a base, and the entry that answers it (None: a near miss)."""

    text: str
    entry: str | None


@dataclass(frozen=True)
class Field:
    """A base and the questions it is asked."""

    name: str
    entries: dict[str, tuple[str, str, tuple[str, ...]]]  # key -> question, answer, phrasings
    asked: tuple[Asked, ...]


def fields(own: Sequence[Intent], public: Sequence[Intent]) -> Iterator[Field]:
    """All bases: each of our fields in both languages with 0, 2 and 4 phrasings an entry, and three public sets."""
    yield from own_fields(own, FIELDS)
    for name, phrasings in OF_PUBLIC.items():
        yield _field(name, [one for one in public if one.pool == name], "en", phrasings)


def own_fields(own: Sequence[Intent], named: Mapping[str, Sequence[str]]) -> Iterator[Field]:
    """The bases of our fields, `named` with the files of data/tuning in each."""
    for name, files in named.items():
        intents = [one for one in own if one.pool in files]
        for language in ("nl", "en"):
            for phrasings in PHRASINGS:
                yield _field(f"{name}-{language}-{phrasings}", intents, language, phrasings)


def _field(name: str, intents: Sequence[Intent], language: str, phrasings: int) -> Field:
    chance = random.Random(name)
    entries, asked = {}, []
    for intent in intents:
        texts = [text for spoken, text in intent.texts if spoken == language]
        chance.shuffle(texts)
        if len(texts) <= phrasings + 1:
            continue
        question, answer = intent.question.get(language), intent.answer.get(language, "")
        if question is None:
            question, *texts = texts
        held = chance.random() >= LEFT_OUT
        if held:
            entries[intent.name] = (question, answer, tuple(texts[:phrasings]))
        asked += [Asked(text, intent.name if held else None) for text in texts[phrasings:]]
    return Field(name, entries, tuple(chance.sample(asked, min(MOST_QUESTIONS, len(asked)))))


@dataclass(frozen=True)
class Seen:
    """What a base gave its questions and everyday sentences: features for the lines `right`, `among` and `shop`.

    Of each question: whether the first entry answers it, whether one of the first two does, whether none can.
    """

    asked: tuple[Array, Array, Array]
    unrelated: tuple[Array, Array, Array]
    first: Array
    either: Array
    near: Array


class Eyes:
    """Encodes, centred, and remembers in `folder`."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder, self._folder = encoder, folder
        self.lines = EVERYDAY.read_text(encoding="utf-8").splitlines()
        raw = encode_remembering(encoder, self.lines, folder)
        self._centre = centre_of(raw)
        self.everyday = self._centre(raw)

    def __call__(self, texts: Sequence[str]) -> Floats:
        return self._centre(encode_remembering(self._encoder, [spelled_out(text) for text in texts], self._folder))


def seen(field: Field, eyes: Eyes) -> Seen:
    """Build the base of `field`, ask it its questions."""
    index = index_of(_groups(field, eyes), everyday_of(grams(eyes.lines)), eyes.everyday.shape[1])
    left = left_out(index, eyes.everyday, grams(eyes.lines))
    plain = calibrated(replace(left, matches=[]), OUT_OF_SCOPE_SHARE)
    texts = [one.text for one in field.asked]
    looks = plain.looks(index, eyes(texts), grams([spelled_out(text) for text in texts]), None)
    keys = [[index.keys[key] for key in look.keys[:PAIR]] for look in looks]
    first = [bool(found) and found[0] == one.entry for found, one in zip(keys, field.asked, strict=True)]
    either = [one.entry in found for found, one in zip(keys, field.asked, strict=True)]
    near = [one.entry is None for one in field.asked]
    asked, unrelated = (_features(plain, some) for some in (looks, left.unrelated))
    labels = (np.array(x, float) for x in (first, either, near))
    return Seen(asked, unrelated, *labels)


def _features(base: Calibration, looks: Sequence[Look]) -> tuple[Array, Array, Array]:
    kinds = (base.candidates, base.first_two, base.about)
    right, among, shop = (np.array([kind(look)[0] for look in looks]) for kind in kinds)
    return right, among, shop


def _groups(field: Field, eyes: Eyes) -> list[Group]:
    texts = {text: None for question, _, more in field.entries.values() for text in (question, *more)}
    whole = {key: f"{question}\n{answer}" for key, (question, answer, _) in field.entries.items() if answer}
    every = [*texts, *whole.values()]
    vector = dict(zip(every, eyes(every), strict=True))
    ids = dict(zip(every, grams([spelled_out(text) for text in every]), strict=True))
    language = field.name.split("-")[1] if "-" in field.name else "en"
    found = []
    for key, (question, _, more) in field.entries.items():
        mine = dict.fromkeys((question, *more))
        documents = [Document(key, language, t, vector[t], ids[t], t == question) for t in mine]
        answers = [Answer(key, whole[key], vector[whole[key]], ids[whole[key]])] if key in whole else []
        found.append(Group(key, {language: question}, documents, answers))
    return found


def priors(every: Sequence[Seen], share: float = OUT_OF_SCOPE_SHARE) -> tuple[Line, Line, Line]:
    """The lines for `right`, `among` and `shop` that fit all bases best, each base counting the same."""
    ones = [np.ones(len(s.near)) for s in every]
    return (
        _line([(s.asked[0], s.first, s.near, s.unrelated[0]) for s in every], share),
        _line([(s.asked[1], s.either, s.near, s.unrelated[1]) for s in every], share),
        _line([(s.asked[2], one, 0 * one, s.unrelated[2]) for s, one in zip(every, ones, strict=True)], 0.3, near=0.0),
    )


def _line(bases: Sequence[tuple[Array, Array, Array, Array]], share: float, near: float = NEAR) -> Line:
    features, truth, weight = [], [], []
    for asked, right, missed, unrelated in bases:
        kinds = ((missed == 0, 1 - share), (missed == 1, share * near))
        parts = [(asked[which], right[which], part) for which, part in kinds if which.any()]
        for some, labels, part in [*parts, (unrelated, np.zeros(len(unrelated)), share * (1 - near))]:
            features.append(some)
            truth.append(labels)
            weight.append(np.full(len(some), 100 * part / len(some)))
    start = Line(0.0, (0.0,) * features[0].shape[1])
    return fit(np.concatenate(features), np.concatenate(truth), np.concatenate(weight), start, pull=0.0)


def main(public: str) -> None:
    """Print the priors, and the same lines from fields that the encoder never saw. `public`: the public sets."""
    eyes = Eyes(load_encoder("default", ROOT / ".cache", threads=2), ROOT / ".cache" / "vectors")
    own = own_intents(sorted(OWN.glob("*.txt")))
    _print("PRIOR", fields(own, public_intents(Path(public))), eyes)
    _print("UNSEEN", own_fields(own, UNSEEN), eyes)


def _print(what: str, every: Iterable[Field], eyes: Eyes) -> None:
    bases = [seen(one, eyes) for one in every if len(one.entries) >= FEWEST]
    for name, line in zip(("RIGHT", "AMONG", "SHOP"), priors(bases), strict=True):
        numbers = ", ".join(f"{weight:.2f}" for weight in line.weights)
        sys.stdout.write(f"{what}_{name} = Line({line.bias:.2f}, ({numbers}))  # {len(bases)} bases\n")


if __name__ == "__main__":
    main(sys.argv[1])
