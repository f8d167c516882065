"""The file with the generated logins, in clear text, for its owner alone."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

NAME = "logins.txt"
HEADING = "Made at the first start. Only hashes are in the database: note these, or keep this file."


def write(folder: Path, lines: Sequence[str]) -> None:
    """Write the file, complete or not at all, readable by its owner only."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=folder, prefix=".logins-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join([HEADING, *lines]) + "\n")
        os.replace(new, folder / NAME)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


def read(folder: Path) -> list[str]:
    """The logins, a line each; empty when the file is not there."""
    try:
        return (folder / NAME).read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return []
