"""The upper layers of the encoder with a low-rank change that learns, over lower layers that stay as they are."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

HEADS, EPSILON, PREFIX = 12, 1e-12, "query: "
GROUP = 32  # texts that run together
LONGEST = 80  # tokens of a text
PLACES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


class Network(nn.Module):
    """BERT in plain functions. `lower` runs once for each text; `upper` is what is tuned."""

    def __init__(self, folder: Path, first_tuned: int, rank: int) -> None:
        super().__init__()
        self.fixed = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
        self.layers = 1 + max(int(n.split(".")[2]) for n in self.fixed if n.startswith("encoder.layer."))
        self.first = first_tuned
        self.lighter = {name: tensor.bfloat16() for name, tensor in self.fixed.items() if name.startswith("encoder.")}
        self.changes = nn.ParameterDict()
        for layer in range(first_tuned, self.layers):
            for place in PLACES:
                rows, columns = self.fixed[f"encoder.layer.{layer}.{place}.weight"].shape
                key = f"{layer}.{place}".replace(".", "/")
                self.changes[f"{key}/down"] = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
                self.changes[f"{key}/up"] = nn.Parameter(torch.zeros(rows, rank))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, with the prefix of the E5 family."""
        return [one.ids for one in self.tokenizer.encode_batch([PREFIX + text for text in texts])]

    def lower(self, ids: list[list[int]]) -> list[Tensor]:
        """What the fixed layers make of each text: one (tokens, hidden) tensor in half precision for each."""
        longest = max(map(len, ids))
        padded = torch.tensor([one + [1] * (longest - len(one)) for one in ids])
        mask = torch.tensor([[True] * len(one) + [False] * (longest - len(one)) for one in ids])
        f = self.fixed
        hidden = f["embeddings.word_embeddings.weight"][padded]
        hidden = hidden + f["embeddings.position_embeddings.weight"][:longest]
        hidden = hidden + f["embeddings.token_type_embeddings.weight"][0]
        hidden = self._norm(hidden, "embeddings.LayerNorm").bfloat16()
        for layer in range(self.first):
            hidden = self._layer(hidden, mask, layer)
        return [row[: len(one)].clone() for row, one in zip(hidden, ids, strict=True)]

    def upper(self, states: list[Tensor]) -> Tensor:
        """Unit vectors, shape (n, hidden), of texts from their `lower` states. Texts of like length go together."""
        order = sorted(range(len(states)), key=lambda i: len(states[i]))
        groups = [order[i : i + GROUP] for i in range(0, len(order), GROUP)]
        found = torch.cat([self._together([states[i] for i in group]) for group in groups])
        return found[torch.argsort(torch.tensor(order))]

    def _together(self, states: list[Tensor]) -> Tensor:
        longest = max(map(len, states))
        hidden = torch.stack([functional.pad(s, (0, 0, 0, longest - len(s))) for s in states])
        mask = torch.tensor([[True] * len(s) + [False] * (longest - len(s)) for s in states])
        for layer in range(self.first, self.layers):
            hidden = self._layer(hidden, mask, layer)
        weight = mask.unsqueeze(-1).float()
        mean = (hidden.float() * weight).sum(1) / weight.sum(1)
        return functional.normalize(mean, dim=1)

    def _layer(self, hidden: Tensor, mask: Tensor, layer: int) -> Tensor:
        def linear(x: Tensor, place: str) -> Tensor:
            return self._linear(x, layer, place)

        n, t, d = hidden.shape

        def split(x: Tensor) -> Tensor:
            return x.view(n, t, HEADS, d // HEADS).transpose(1, 2)

        q, k, v = (split(linear(hidden, p)) for p in PLACES[:3])
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        seen = linear(seen.transpose(1, 2).reshape(n, t, d), PLACES[3])
        prefix = f"encoder.layer.{layer}"
        hidden = self._norm(hidden + seen, f"{prefix}.attention.output.LayerNorm")
        wide = functional.gelu(linear(hidden, PLACES[4]))
        return self._norm(hidden + linear(wide, PLACES[5]), f"{prefix}.output.LayerNorm")

    def _linear(self, x: Tensor, layer: int, place: str) -> Tensor:
        kept = self.lighter if x.dtype == torch.bfloat16 else self.fixed
        weight, bias = (kept[f"encoder.layer.{layer}.{place}.{kind}"] for kind in ("weight", "bias"))
        found = functional.linear(x, weight, bias)
        if layer < self.first:
            return found
        key = f"{layer}.{place}".replace(".", "/")
        down, up = self.changes[f"{key}/down"], self.changes[f"{key}/up"]
        return found + functional.linear(functional.linear(x, down.to(x.dtype)), up.to(x.dtype))

    def _norm(self, x: Tensor, place: str) -> Tensor:
        weight, bias = (self.fixed[f"{place}.{kind}"] for kind in ("weight", "bias"))
        return functional.layer_norm(x.float(), weight.shape, weight, bias, EPSILON).to(x.dtype)

    def adapter(self, kept: float) -> dict[str, NDArray[np.float16]]:
        """What was learned, by tensor name: `<weight>.down` (rank, columns) and `<weight>.up` (rows, rank).

        `kept` is the share of the change that is kept: between the original weights and the tuned ones lie some
        that do better than both on what neither saw (Wortsman et al., CVPR 2022).
        """
        found = {}
        for key, value in self.changes.items():
            share = kept if key.endswith("/up") else 1.0
            found["encoder.layer." + key.replace("/", ".")] = (value.detach() * share).numpy().astype(np.float16)
        return found
