"""Turns text into vectors: the encoder's contract, the ways to load one, and batching across threads."""

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from kb import weights
from kb.fastpath import FastEncoder

Vectors = NDArray[np.float32]
DEFAULT = "default"
WORKERS = min(2, os.cpu_count() or 1)  # batches that are encoded at once, each on a core: more gain nothing beside Rasa
_REMEMBERED = 8  # texts of a call that are remembered: more are no customer's questions


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One L2-normalised row for each text: shape (len(texts), d), float32. Thread-safe."""


class SentenceTransformerEncoder:
    """A Sentence Transformers model, with the prompt that its family wants before every text."""

    def __init__(self, path: str, *, prefix: str = "", threads: int = 1) -> None:
        # Imported here: torch takes seconds and half the memory, and the default model does without.
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        self._model = SentenceTransformer(path, device="cpu")
        self._prefix = prefix
        self._lock = threading.Lock()
        self.dimension = int(self._model.encode([""], show_progress_bar=False).shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder.encode`."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        prepared = [self._prefix + text for text in texts]
        with self._lock:
            found = self._model.encode(
                prepared,
                batch_size=32,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(found, np.float32)


def load_encoder(
    model: str, cache_dir: Path, *, threads: int = 1, progress: weights.Progress = weights.silent
) -> Encoder:
    """The encoder named `model`: "default", or any Sentence Transformers name or path.

    The default is built under `cache_dir` on first use (half a minute; `progress(done, total, what)` is
    called between steps) and never touches the network. Models of the E5 family get "query: " before every text,
    on both sides, since questions are matched with questions. `threads` is the engine's own: more than there
    are free cores makes it slower. Raises what the model's loading raises: FileNotFoundError or OSError when
    it cannot be found.
    """
    if model == DEFAULT:
        folder = weights.default_folder(cache_dir, progress)
        return FastEncoder(folder, prefix="query: ", threads=threads)
    prefix = "query: " if "e5" in Path(model).name.lower().split("-") else ""
    return SentenceTransformerEncoder(model, prefix=prefix, threads=threads)


class _Call:
    """One caller's texts, waiting for their vectors."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self.done = threading.Event()
        self.vectors: Vectors | None = None
        self.error: BaseException | None = None


class BatchingEncoder:
    """Joins the calls of several threads into batches; alone, a call goes through at once.

    `workers` threads encode. What arrives while they are busy forms the next batch, so there is no artificial
    delay. Texts of small calls are remembered (the last `remember` of them), since one turn asks for the same one
    more than once, and the next turn asks for those before it.
    """

    def __init__(self, encoder: Encoder, max_batch: int = 32, *, remember: int = 1024, workers: int = 1) -> None:
        self._encoder = encoder
        self._max_batch = max_batch
        self._memory: OrderedDict[str, Vectors] = OrderedDict()
        self._remember = remember
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._closed = False
        self._workers = [threading.Thread(target=self._work, name="encoder", daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder.encode`. An error of the encoder is raised here; RuntimeError after `close`."""
        if not 0 < len(texts) <= _REMEMBERED:
            return self._encoded(texts)
        known = {text: vector for text in texts if (vector := self._recall(text)) is not None}
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            known |= dict(zip(fresh, self._encoded(fresh), strict=True))
            self._memorise({text: known[text] for text in fresh})
        return np.array([known[text] for text in texts])

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        call = _Call(texts)
        with self._lock:  # so that no call is put behind the closing mark, where nobody would answer it
            if self._closed:
                raise RuntimeError("the encoder is closed")
            self._calls.put(call)
        call.done.wait()
        if call.error is not None:
            raise call.error
        return cast(Vectors, call.vectors)

    def close(self) -> None:
        """Finish what is waiting and stop the worker. A second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for _ in self._workers:
                self._calls.put(None)
        for worker in self._workers:
            worker.join()

    def _recall(self, text: str) -> Vectors | None:
        with self._lock:
            known = self._memory.get(text)
            if known is not None:
                self._memory.move_to_end(text)
            return known

    def _memorise(self, vectors: Mapping[str, Vectors]) -> None:
        with self._lock:
            self._memory.update({text: vector.copy() for text, vector in vectors.items()})
            while len(self._memory) > self._remember:
                self._memory.popitem(last=False)

    def _work(self) -> None:
        open_ = True
        while open_:
            first = self._calls.get()
            if first is None:
                return
            batch = [first]
            while sum(len(c.texts) for c in batch) < self._max_batch and open_:
                try:
                    following = self._calls.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    open_ = False
                else:
                    batch.append(following)
            self._answer(batch)

    def _answer(self, batch: list[_Call]) -> None:
        try:
            vectors = self._encoder.encode([text for call in batch for text in call.texts])
            at = 0
            for call in batch:
                call.vectors = vectors[at : at + len(call.texts)]
                at += len(call.texts)
        except BaseException as error:  # handed to every caller, who raises it
            for call in batch:
                call.error = error
        finally:
            for call in batch:
                call.done.set()
