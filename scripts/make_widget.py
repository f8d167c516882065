"""Makes `handoff/static/widget.js`, which is served, from the modules and the style in `handoff/static/widget`.

The modules import from each other by name and use no name twice, so that joined in order they are one scope. Properties
whose names begin with _ are the script's own, and get a letter each. The made file is kept in the repository, beside it
the same compressed beforehand: nobody needs a tool to run the app, or to change its words. It begins with the
fingerprint of its sources, which a test compares.
"""

import hashlib
import re
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from string import ascii_lowercase

STATIC = Path(__file__).parents[1] / "handoff" / "static"
SOURCES, MADE, PACKED = STATIC / "widget", STATIC / "widget.js", STATIC / "widget.js.gz"
# Each after what it imports.
PARTS = ("base", "http", "line", "talk", "form", "rating", "log", "contact", "status", "chat")
OWN = re.compile(r"\._([a-z]\w{2,})")  # longer than what the minifier calls anything
NO_PROPERTY = re.compile(r"(?:['\"`}]|\b(?:const|let|class) )_([a-z]\w{2,})")  # the start of a string, or a variable
LETTERS = "etnsoiarclduhmfpgvbjywxkqzOCEASTMDNLRHFPIBUGVWXYKQJZ$"
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
    short = minify.string("text/css", lettered(style))
    if set(short) & set("`$\\"):
        raise ValueError("style.css cannot be a template literal")
    whole = code.replace("'use strict';", f"'use strict';\nconst STYLE = `{short}`;", 1)
    whole = re.sub(r"\bconst ", "let ", whole)  # one word for both is shorter
    return notice() + shortened(str(minify.string("application/javascript", whole))) + "\n"


def lettered(style: str) -> str:
    """The style sheet with a letter for each of its variables, but for the accent, which the script sets."""
    uses = Counter(name for name in re.findall(r"--([a-z]+)\b", style) if name != "accent")
    names = {name: letter for (name, _), letter in zip(uses.most_common(), ascii_lowercase, strict=False)}
    return re.sub(r"--([a-z]+)\b", lambda found: f"--{names.get(found[1], found[1])}", style)


def shortened(code: str) -> str:
    """The script with a letter for each property of its own, the most used first, and none that another property has.

    ValueError where such a name is a variable too, or begins a string: both would keep it.
    """
    uses = Counter(OWN.findall(code))
    if unclear := uses.keys() & set(NO_PROPERTY.findall(code)):
        raise ValueError(f"not of properties alone: {', '.join(sorted(unclear))}")
    taken = set(re.findall(r"\.([\w$]{1,2})\b|[{,]([\w$]{1,2})[:}]", code))
    letters = ("".join(pair) for n in (1, 2) for pair in product(LETTERS, repeat=n))
    free = (name for name in letters if all(name not in pair for pair in taken))
    names = {own: next(free) for own, _ in uses.most_common()}
    return re.sub(rf"(?<![\w$])_({'|'.join(names)})\b", lambda found: names[found[1]], code)


def packed(script: str) -> bytes:
    """The script as gzip, as small as that gets."""
    import zopfli.gzip  # type: ignore[import-not-found]  # as above

    return bytes(zopfli.gzip.compress(script.encode()))


if __name__ == "__main__":
    MADE.write_text(made(), "utf-8")
    PACKED.write_bytes(packed(MADE.read_text("utf-8")))
    sizes = (f"{file.name} {file.stat().st_size} bytes" for file in (MADE, PACKED))
    print(f"Made: {', '.join(sizes)}", file=sys.stderr)
