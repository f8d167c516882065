"""The default model without torch: exported once to ONNX in 8-bit integers, run by plain onnxruntime.

About a fifth of torch's time and a third of its memory for one question; the vectors keep a mean cosine of
.999 to those in full precision (192 Dutch and English questions). The export needs torch for some seconds and
runs in a process of its own, so that the app that asked for it stays small.

What flows through the model is turned into integers token by token, each with a scale of its own. The usual scale
for a whole batch makes a text's vector depend on what is encoded beside it (mean cosine .985 once centred, enough
for another verdict) and is coarser (.997); it takes a fifth less time.

Processors without instructions for such products (VNNI) add pairs of them up in 16 bits, which is too few: large sums
are cut off, and a question near a threshold gets another verdict than elsewhere. So the model is there in two forms
that say the same, and a machine whose sums are cut off in the faster one takes the other: see `FastEncoder.exact`.
"""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "fast.onnx"
EXACT = "exact.onnx"  # the same numbers with matrices of unsigned integers, which no processor cuts off
KNOWN = "known.npy"  # what `EXACT` makes of `_CHECKED`
_CHECKED = (
    "query: Waar blijft mijn bestelling? Ik heb vorige week een lamp gekocht en nog niets gehoord.",
    "query: I scratched off half the PIN of my gift card.",
    "query: retour",
    "query: Can I pay half of it with a voucher and the rest by bank transfer?",
)
_CUT_OFF = 2e-4  # mean distance (1 - cosine): sums that are cut off give 9e-4, another batch less than 1e-6
_BATCH = 32  # texts that are run together
_TOKENS = 1024  # ... while they have no more tokens than this: what they need in memory grows with it
_UNLIKE, _SOME = 2, 16  # ... and no more than twice the tokens of the shortest and some: the rest would be padding
_PAD = 1


def export_apart(folder: Path) -> None:
    """Write `folder`/fast.onnx in a process of its own. RuntimeError, with what it said, if that fails."""
    root = str(Path(__file__).resolve().parent.parent)
    environment = os.environ | {"PYTHONPATH": root, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "kb.fastpath", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise RuntimeError(f"the fast form of the embedding model could not be made: {done.stderr[-2000:]}")


def export(folder: Path) -> None:
    """Write `folder`/fast.onnx from the model that `folder` holds (mean pooling, unit vectors)."""
    import torch
    from sentence_transformers import SentenceTransformer

    class Pooled(torch.nn.Module):
        def __init__(self, bert: Any) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            weight = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weight).sum(1) / weight.sum(1)
            return torch.nn.functional.normalize(mean, dim=1)

    bert: Any = SentenceTransformer(str(folder), device="cpu")[0].auto_model
    bert.set_attn_implementation("eager")
    example = (torch.tensor([[0, 5, 6, 2], [0, 7, 2, 1]]), torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]))
    whole = folder / "whole.onnx"
    with torch.no_grad():
        torch.onnx.export(
            Pooled(bert).eval(),
            example,
            str(whole),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_axes={name: {0: "n", 1: "t"} for name in ("input_ids", "attention_mask")},
        )
    _to_integers(whole, folder / FILE)
    whole.unlink()
    tokens = [one.ids for one in _tokenizer(folder).encode_batch(list(_CHECKED))]
    np.save(folder / KNOWN, _run(_session(folder / EXACT, 1), tokens))


def _to_integers(whole: Path, small: Path) -> None:
    import onnx
    from onnxruntime.quantization import (  # type: ignore[import-untyped]
        QuantType,
        quantize_dynamic,
    )

    quantize_dynamic(str(whole), str(small), weight_type=QuantType.QInt8, op_types_to_quantize=["Gather"])
    model = onnx.load(str(small))
    products_by_token(model)
    onnx.save(model, str(small))
    unsigned(model)
    onnx.save(model, str(small.with_name(EXACT)))


def unsigned(model: Any) -> None:
    """Move the matrices that `products_by_token` made from -127 .. 127 to 1 .. 255, their zero at 128, in place."""
    from onnx import numpy_helper

    products = [node for node in model.graph.node if node.op_type == "MatMulIntegerToFloat"]
    matrices = {str(node.input[1]) for node in products}
    for node in products:
        node.input.append("row_zero")
    for one in model.graph.initializer:
        if one.name in matrices:
            moved = numpy_helper.to_array(one).astype(np.int16) + 128
            one.CopyFrom(numpy_helper.from_array(moved.astype(np.uint8), one.name))


def products_by_token(model: Any) -> None:
    """Turn the products of an ONNX `model` with constant matrices into products of 8-bit integers, in place.

    x @ W becomes s * (round(x / s * 127) @ round(W / t)) * t / 127, s being the largest of each row of x, and t
    a 127th of the largest of each column of W.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    numbers: dict[str, Any] = {
        "row_step": np.float32(1 / 127),
        "row_zero": np.uint8(128),
        "row_least": np.float32(1e-9),
    }
    nodes: list[Any] = []
    scaled: set[str] = set()
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            nodes.append(node)
            continue
        x, weight = str(node.input[0]), str(node.input[1])
        nodes.extend([] if x in scaled else _scaled_rows(x))
        scaled.add(x)
        numbers |= _columns(weight, numpy_helper.to_array(constants[weight]))
        graph.initializer.remove(constants.pop(weight))
        nodes.extend(_product(x, weight, str(node.output[0])))
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in numbers.items())
    if all(one.domain != "com.microsoft" for one in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _scaled_rows(x: str) -> list[Any]:
    """Nodes that make `x`_largest and `x`_integers of `x`."""
    from onnx import helper

    return [
        helper.make_node("Abs", [x], [f"{x}_sizes"]),
        helper.make_node("ReduceMax", [f"{x}_sizes"], [f"{x}_most"], axes=[-1], keepdims=1),
        helper.make_node("Max", [f"{x}_most", "row_least"], [f"{x}_largest"]),
        helper.make_node("Div", [x, f"{x}_largest"], [f"{x}_shares"]),
        helper.make_node("QuantizeLinear", [f"{x}_shares", "row_step", "row_zero"], [f"{x}_integers"]),
    ]


def _product(x: str, weight: str, out: str) -> list[Any]:
    """Nodes that make `out` of what `_scaled_rows` and `_columns` made."""
    from onnx import helper

    inputs = [f"{x}_integers", f"{weight}_integers", "row_step", f"{weight}_scale", "row_zero"]
    return [
        helper.make_node("MatMulIntegerToFloat", inputs, [f"{out}_unscaled"], domain="com.microsoft"),
        helper.make_node("Mul", [f"{out}_unscaled", f"{x}_largest"], [out]),
    ]


def _columns(name: str, weights: NDArray[np.float32]) -> dict[str, Any]:
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    return {
        f"{name}_integers": np.round(weights / scale).astype(np.int8),
        f"{name}_scale": scale.astype(np.float32),
    }


def _session(file: Path, threads: int) -> Any:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the memory of the largest batch for good
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _run(session: Any, tokens: list[list[int]]) -> NDArray[np.float32]:
    longest = max(map(len, tokens))
    ids = np.array([one + [_PAD] * (longest - len(one)) for one in tokens], np.int64)
    mask = np.array([[1] * len(one) + [0] * (longest - len(one)) for one in tokens], np.int64)
    return np.asarray(session.run(None, {"input_ids": ids, "attention_mask": mask})[0], np.float32)


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    return tokenizer


class FastEncoder:
    """The exported model in `folder`: see `kb.encoder.Encoder`. `threads` as in `load_encoder`.

    `exact` is whether this machine needs the form of the model whose sums are never cut off.
    """

    def __init__(self, folder: Path, *, prefix: str = "query: ", threads: int = 1) -> None:
        self._prefix = prefix
        self._tokenizer = _tokenizer(folder)
        known: NDArray[np.float32] = np.load(folder / KNOWN)
        self.dimension = known.shape[1]
        self._session = _session(folder / FILE, threads)
        now = _run(self._session, [one.ids for one in self._tokenizer.encode_batch(list(_CHECKED))])
        self.exact = float(1 - (now * known).sum(axis=1).mean()) > _CUT_OFF
        if self.exact:
            self._session = _session(folder / EXACT, threads)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `kb.encoder.Encoder.encode`. Texts of like length are run together; a vector does not depend on it."""
        read = self._tokenizer.encode_batch([self._prefix + text for text in texts])
        tokens = [one.ids for one in read]
        found = np.zeros((len(texts), self.dimension), np.float32)
        for batch in _batches([len(ids) for ids in tokens]):
            found[batch] = _run(self._session, [tokens[i] for i in batch])
        return found


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of texts of these `lengths` in batches, short ones first: of few texts where they are long."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        too_unlike = batch and lengths[i] > _UNLIKE * lengths[batch[0]] + _SOME
        if batch and (too_unlike or len(batch) == _BATCH or (len(batch) + 1) * lengths[i] > _TOKENS):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # the exporter warns of its own age
    export(Path(sys.argv[1]))
