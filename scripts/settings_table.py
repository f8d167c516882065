"""Writes the README's table of settings from `handoff.settings`; with `--check` it only says whether it is right."""

import sys

from handoff.settings import ROOT, Settings

README = ROOT / "README.md"
START, END = "<!-- settings: written by scripts/settings_table.py -->", "<!-- end of settings -->"


def default(value: object) -> str:
    """A default as somebody would write it in `.env`."""
    if value is None or value == "" or value == []:
        return "empty"
    text = str(value).replace(f"{ROOT}/", "")
    return f"`{text}`"


def table() -> str:
    """One row for every setting."""
    rows = ["| Setting | Default | What it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        value = field.get_default(call_default_factory=True)
        what = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{name.upper()}` | {default(value)} | {what} |")
    return "\n".join(rows)


def with_table(readme: str) -> str:
    """The README with the present table between its two marks."""
    before, rest = readme.split(START, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{START}\n{table()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    present = README.read_text(encoding="utf-8")
    wanted = with_table(present)
    if "--check" in arguments:
        return int(wanted != present)
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
