"""Tunes the adapter: `python -m tuning.train`. See README.md here for the recipe and what it gave."""

import math
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kb import e5file, weights
from tuning.network import Network
from tuning.texts import OWN, Intent, everyday_pairs, own_intents, public_intents

INTENTS, WORDINGS, EVERYDAY = 24, 4, 32  # a batch
TEMPERATURE = 0.07
COMPONENTS = 3  # as kb.centre
SEED = 7
#: Files of data/tuning that stay unseen, to measure on. A round with all but the first two was no better (README).
UNSEEN = ("fashion", "money", "angles-a", "angles-b", "shops-a", "shops-b", "information")


@dataclass(frozen=True)
class Recipe:
    """What may be varied."""

    steps: int = 900
    rate: float = 8e-4
    pull: float = 5.0  # towards the original vectors, beside the contrastive loss
    rank: int = 24
    first: int = 6  # layer from which on the weights change, of 12
    kept: float = 0.5  # share of the learned change that ships
    own_share: float = 0.7  # of batches drawn from our own intents


class Texts:
    """Every text once, with what the fixed layers make of it and its original vector."""

    def __init__(self, network: Network, texts: Sequence[str]) -> None:
        self.all = list(dict.fromkeys(texts))
        self.number = {text: i for i, text in enumerate(self.all)}
        ids = network.tokens(self.all)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        self.states: list[Tensor] = [torch.zeros(0)] * len(ids)
        self.before = torch.zeros(len(ids), 384)
        with torch.no_grad():
            for start in range(0, len(order), 64):
                chosen = order[start : start + 64]
                for i, state in zip(chosen, network.lower([ids[i] for i in chosen]), strict=True):
                    self.states[i] = state
                self.before[chosen] = network.upper([self.states[i] for i in chosen])

    def vectors(self, network: Network) -> Tensor:
        """The vectors now, shape (n, d)."""
        order = sorted(range(len(self.states)), key=lambda i: len(self.states[i]))
        found = torch.zeros_like(self.before)
        with torch.no_grad():
            for start in range(0, len(order), 64):
                chosen = order[start : start + 64]
                found[chosen] = network.upper([self.states[i] for i in chosen])
        return found


def centred(vectors: Tensor, mean: Tensor, components: Tensor) -> Tensor:
    """As `kb.centre.Centre`, differentiable."""
    moved = vectors - mean
    return functional.normalize(moved - (moved @ components.T) @ components, dim=1)


def centre(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """As `kb.centre.centre_of`."""
    mean = vectors.mean(0)
    return mean, torch.linalg.svd(vectors - mean, full_matrices=False)[2][:COMPONENTS]


def contrast(vectors: Tensor, labels: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al., NeurIPS 2020, equation 2) of unit `vectors` with intent `labels`."""
    odds = vectors @ vectors.T / TEMPERATURE
    odds = odds.masked_fill(torch.eye(len(odds), dtype=torch.bool), -1e9)
    same = (labels[:, None] == labels) & ~torch.eye(len(odds), dtype=torch.bool)
    log_share = odds - odds.logsumexp(1, keepdim=True)
    return -((log_share * same).sum(1) / same.sum(1).clamp(min=1)).mean()


class Batches:
    """Draws intents that lie close to one another, each in several wordings."""

    def __init__(self, intents: Sequence[Intent], texts: Texts, own_share: float, seed: int = SEED) -> None:
        self.random = random.Random(seed)
        self.texts = texts
        self.pools: dict[str, list[Intent]] = defaultdict(list)
        for intent in intents:
            if len(set(intent.wordings())) >= 2:
                self.pools[intent.pool].append(intent)
        own = [name for name, pool in self.pools.items() if any(i.question for i in pool)]
        self.weight = {name: len(pool) ** 0.5 for name, pool in self.pools.items()}
        for names, share in ((own, own_share), ([n for n in self.pools if n not in own], 1 - own_share)):
            total = sum(self.weight[n] for n in names) or 1.0
            self.weight |= {n: self.weight[n] / total * share for n in names}
        self.middle = {
            i.name: functional.normalize(texts.before[[texts.number[t] for t in i.wordings()]].mean(0), dim=0)
            for pool in self.pools.values()
            for i in pool
        }

    def draw(self) -> tuple[list[int], Tensor]:
        """Numbers of the texts of one batch, and the label of each."""
        name = self.random.choices(list(self.weight), list(self.weight.values()))[0]
        pool = self.pools[name]
        seed = self.random.choice(pool)
        noise = {i.name: self.random.random() * 0.1 for i in pool}

        def near(other: Intent) -> float:
            close = float(self.middle[seed.name] @ self.middle[other.name])
            return close + noise[other.name] + (0.3 if other.cluster == seed.cluster else 0.0)

        chosen = sorted(pool, key=near, reverse=True)[:INTENTS]
        numbers, labels = [], []
        for label, intent in enumerate(chosen):
            wordings = list(dict.fromkeys(intent.wordings()))
            picked = self.random.sample(wordings, min(WORDINGS, len(wordings)))
            numbers += [self.texts.number[text] for text in picked]
            labels += [label] * len(picked)
        return numbers, torch.tensor(labels)


def train(
    network: Network,
    texts: Texts,
    intents: Sequence[Intent],
    everyday: Sequence[str],
    recipe: Recipe,
    say: Callable[[str], object] = sys.stdout.write,
) -> None:
    """Change `network` in place. `say` is told the losses now and then."""
    torch.manual_seed(SEED)
    batches = Batches(intents, texts, recipe.own_share)
    calm = [texts.number[text] for text in everyday]
    mean, components = centre(texts.before[calm])
    optimiser = torch.optim.AdamW(network.changes.values(), lr=recipe.rate, weight_decay=0.01)
    begun = time.time()
    sums = [0.0, 0.0]
    for step in range(recipe.steps):
        warm = min(1.0, (step + 1) / 50)
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * warm * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
        numbers, labels = batches.draw()
        numbers = numbers + batches.random.sample(calm, EVERYDAY)
        now = network.upper([texts.states[i] for i in numbers])
        contrastive = contrast(centred(now[: len(labels)], mean, components), labels)
        moved = (1 - (now * texts.before[numbers]).sum(1)).mean()
        optimiser.zero_grad()
        (contrastive + recipe.pull * moved).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        sums[0] += contrastive.item()
        sums[1] += moved.item()
        if step % 50 == 49:
            spent = time.time() - begun
            say(f"step {step + 1}: contrast {sums[0] / 50:.3f}, moved {sums[1] / 50:.4f}, {spent:.0f} s\n")
            sums = [0.0, 0.0]


def main(public: Path) -> None:
    """Tune an adapter on all sentences but those of `UNSEEN`, and write it to its place in the repository."""
    files = [file for file in sorted(OWN.glob("*.txt")) if file.stem not in UNSEEN]
    intents, calm = [*own_intents(files), *public_intents(public)], everyday_pairs(public)
    chance = random.Random(SEED)
    for intent in intents:
        if intent.pool != "bitext-support":  # has slips of its own
            intent.add_slips(chance)
    recipe = Recipe()
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        weights.build(e5file.read(weights.source_file()), plain)
        network = Network(plain, recipe.first, recipe.rank)
    texts = Texts(network, [*(text for intent in intents for text in intent.wordings()), *calm])
    train(network, texts, intents, calm, recipe)
    np.savez_compressed(weights.ADAPTER, **network.adapter(recipe.kept))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
