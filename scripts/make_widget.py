"""Makes `handoff/static/widget.js`, which is served, from the modules and the style in `handoff/static/widget`.

The modules import from each other by name and use no name twice, so that joined in order they are one scope. The made
file is kept in the repository: nobody needs a tool to run the app, or to change its words. It begins with the
fingerprint of its sources, which a test compares.
"""

import hashlib
import re
import sys
from pathlib import Path

STATIC = Path(__file__).parents[1] / "handoff" / "static"
SOURCES, MADE = STATIC / "widget", STATIC / "widget.js"
# Each after what it imports.
PARTS = ("base", "http", "line", "talk", "log", "contact", "status", "chat")
IMPORT = re.compile(r"^import \{[^}]*\} from '\./[\w.]+';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=const |class )", re.MULTILINE)


def joined(folder: Path = SOURCES) -> tuple[str, str]:
    """The script with `STYLE` still to be defined, and the style. ValueError where a module cannot be joined."""
    code = "".join(_bare((folder / f"{part}.js").read_text("utf-8")) for part in PARTS)
    return f"(() => {{\n'use strict';\n{code}}})();\n", (folder / "style.css").read_text("utf-8")


def _bare(module: str) -> str:
    """A module without its imports and exports."""
    bare = EXPORT.sub("", IMPORT.sub("", module))
    if found := re.search(r"^(import|export)\b.*", bare, re.MULTILINE):
        raise ValueError(f"cannot be joined: {found[0]}")
    return bare


def notice(folder: Path = SOURCES) -> str:
    """The first line of what is made from the sources as they are."""
    fingerprint = hashlib.sha256("\0".join(joined(folder)).encode()).hexdigest()[:12]
    return f"/* Rechtdoor's chat, made from static/widget {fingerprint}. Icons: Lucide, ISC licence. */\n"


def made() -> str:
    """The script as it is served."""
    import minify  # type: ignore[import-not-found]  # in the environment of `make widget` alone

    code, style = joined()
    short = minify.string("text/css", style)
    if set(short) & set("`$\\"):
        raise ValueError("style.css cannot be a template literal")
    whole = code.replace("'use strict';", f"'use strict';\nconst STYLE = `{short}`;", 1)
    return notice() + str(minify.string("application/javascript", whole)) + "\n"


if __name__ == "__main__":
    MADE.write_text(made(), "utf-8")
    print(f"{MADE.name} is made, {MADE.stat().st_size} bytes", file=sys.stderr)
