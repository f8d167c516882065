"""Remembers vectors of the base's own texts on disk, so that a restart does not encode them again.

Only texts of entries and everyday sentences are kept, as hashes, never what a customer typed.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.encoder import Encoder

_PROBE = "Waar is mijn bestelling? Where is my order?"


def encode_remembering(encoder: Encoder, texts: Sequence[str], folder: Path | None) -> NDArray[np.float32]:
    """`encoder.encode(texts)`, through a file in `folder` that keeps what was encoded before.

    The file belongs to this encoder: it is named after the vector that a probe gets. Without a folder, or when
    the file cannot be used, everything is encoded. Values are kept in half precision.
    """
    if folder is None or not texts:
        return encoder.encode(texts)
    probe = encoder.encode([_PROBE])[0]
    name = hashlib.sha256(np.round(probe, 2).astype(np.float16).tobytes()).hexdigest()[:12]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(folder / f"vectors-{name}.sqlite", timeout=10)) as file:
            return _through(file, encoder, texts, len(probe))
    except (OSError, sqlite3.Error):  # a cache that does not work costs time, not the answer
        return encoder.encode(texts)


def _through(file: sqlite3.Connection, encoder: Encoder, texts: Sequence[str], width: int) -> NDArray[np.float32]:
    file.execute("CREATE TABLE IF NOT EXISTS vector (hash BLOB PRIMARY KEY, half BLOB) WITHOUT ROWID")
    hashes = [hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16] for text in texts]
    known: dict[bytes, bytes] = {}
    for digest in set(hashes):
        row = file.execute("SELECT half FROM vector WHERE hash = ?", (digest,)).fetchone()
        if row and len(row[0]) == 2 * width:
            known[digest] = row[0]
    missing = {digest: text for digest, text in zip(hashes, texts, strict=True) if digest not in known}
    if missing:
        fresh = encoder.encode(list(missing.values())).astype(np.float16)
        known |= {digest: row.tobytes() for digest, row in zip(missing, fresh, strict=True)}
        kept = [(digest, known[digest]) for digest in missing]
        with file:
            file.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?)", kept)
    joined = np.frombuffer(b"".join(known[digest] for digest in hashes), np.float16)
    return joined.reshape(len(texts), width).astype(np.float32)
