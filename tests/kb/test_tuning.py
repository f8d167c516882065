"""The sentences that the encoder was tuned on, and what was done with them."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from kb.calibrate import Line
from kb.text import normalise
from tuning.priors import Seen, priors
from tuning.texts import OWN, own_intents, slip
from tuning.train import UNSEEN, contrast

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(OWN.glob("*.txt"))


def test_every_need_is_whole_and_counted_in_the_readme() -> None:
    intents = own_intents(FILES)
    assert all(set(one.question) == set(one.answer) == {"nl", "en"} for one in intents)
    assert len({one.name for one in intents}) == len(intents)
    typed = sum(len(one.texts) for one in intents)
    assert f"{len(intents)} needs, {typed:,} typed lines" in (OWN / "README.md").read_text(encoding="utf-8")
    assert set(UNSEEN) <= {file.stem for file in FILES}


def test_no_held_out_question_is_in_what_is_learned_from() -> None:
    held = [
        row["text"]
        for file in ROOT.glob("tests/data/*-??.yml")
        for row in yaml.safe_load(file.read_text("utf-8"))
        if "text" in row
    ]
    learned = {normalise(text) for one in own_intents(FILES) for text in one.wordings()}
    for file in ROOT.glob("data/faq/*.yml"):
        for entry in yaml.safe_load(file.read_text("utf-8")):
            learned |= {normalise(text) for text in [entry["question"], *entry["phrasings"]]}
    short = {text for text in held if len(text.split()) > 3 and normalise(text) in learned}
    assert len(held) > 500
    assert short == set()


@pytest.mark.parametrize(
    ("text", "line"),
    [("nl te vroeg", 1), ("@ a\n# b\nxx wat", 3), ("@ a\n# b\nq.fr quoi", 3), ("@ a\n# b\nnl", 3), ("@", 1)],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "x.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(f"x.txt:{line}:")):
        own_intents([file])


def test_slips_change_little() -> None:
    chance = random.Random(3)
    slipped = [slip("Waar kan ik mijn bestelling volgen?", chance) for _ in range(50)]
    assert all(32 <= len(text) <= 36 and text == text.lower() for text in slipped)
    assert len(set(slipped)) > 40


def test_contrast_is_what_the_formula_says() -> None:
    vectors = torch.eye(3)[[0, 0, 1, 1]]
    odds = np.array([1, 0, 0]) / 0.07  # to the other of its own, and to the two of the other label
    expected = -(odds[0] - np.log(np.exp(odds).sum()))
    assert contrast(vectors, torch.tensor([0, 0, 1, 1])).item() == pytest.approx(expected, abs=1e-5)
    assert contrast(vectors, torch.tensor([0, 1, 0, 1])).item() > 10


def test_priors_find_the_line_that_made_the_data() -> None:
    true, chance = Line(-1.0, (2.0, 0.5, 0.0)), np.random.default_rng(1)
    x = chance.normal(0, 1, (20_000, 3))
    right = (chance.random(len(x)) < true(x)).astype(float)
    none, near = np.zeros((1, 3)), np.zeros(len(x))
    seen = Seen((x, x, x[:, :2]), (none, none, none[:, :2]), right, right, near)
    found = priors([seen], share=1e-6)[0]
    assert found.bias == pytest.approx(-1.0, abs=0.1)
    assert found.weights == pytest.approx((2.0, 0.5, 0.0), abs=0.1)
