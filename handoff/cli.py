"""The command line, `rechtdoor`. Imports nothing heavy until a command needs it, so that help is instant."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from handoff.settings import Settings
    from kb.evidence import Evidence

app = typer.Typer(
    name="rechtdoor",
    help="Answers a web shop's customers from its FAQ, and brings in a person when the FAQ has no answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user = typer.Typer(help="People who sign in at the desk and the review pages.", no_args_is_help=True)
app.add_typer(user, name="user")
LARGEST = 50_000_000  # bytes of a file to import; ten thousand entries take about ten million


def settings() -> "Settings":
    """The settings, or a plain list of what is wrong with them."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from handoff.settings import Settings

    try:
        found = Settings()
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(str(part) for part in one["loc"]).upper()
            typer.echo(f"The setting {name} cannot be used: {one['msg']} (it is {one['input']!r}).", err=True)
        raise typer.Exit(2) from error
    except SettingsError as error:
        stop(f"The settings cannot be read: {error}", 2)
    found.var_dir, found.cache_dir = found.var_dir.resolve(), found.cache_dir.resolve()
    return found


def stop(sentence: str, code: int = 1) -> NoReturn:
    """End with a plain sentence on standard error."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


@contextmanager
def plainly() -> Iterator[None]:
    """Turn the errors a person can cause into plain sentences."""
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    from handoff.problems import Problem
    from kb.errors import KbError
    from kb.exchange import BadFile

    try:
        yield
    except BadFile as bad:
        for error in bad.errors[:20]:
            typer.echo(str(error), err=True)
        stop(f"{len(bad.errors)} mistakes in the file. Nothing was changed.", 1)
    except (KbError, Problem) as error:
        stop(str(error))
    except DBAPIError as error:
        first = (str(error.orig).splitlines() or [""])[0]
        stop(f"The database (DATABASE_URL) refused: {first}. `rechtdoor migrate` makes its tables.")
    except (ArgumentError, NoSuchModuleError) as error:
        stop(f"DATABASE_URL is not an address of a database: {error}", 2)
    except OSError as error:
        stop(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))


@contextmanager
def database() -> "Iterator[Engine]":
    """The database's engine, closed afterwards."""
    from handoff.db import make_engine

    engine = make_engine(settings().database_url)
    try:
        yield engine
    finally:
        engine.dispose()


@app.command()
def run() -> None:
    """Start the bot and the app, and keep both running until Ctrl-C."""
    from handoff import supervise

    raise typer.Exit(supervise.run(settings()))


@app.command(hidden=True)
def setup() -> None:
    """Train the bot and build the embedding model, where needed; start nothing."""
    from handoff import supervise

    raise typer.Exit(supervise.prepare(settings()))


@app.command(hidden=True)
def prepare() -> None:
    """Migrate the database, load the demo FAQ into an empty one, make the first logins."""
    from handoff.setup_data import prepare as prepare_data

    with plainly():
        for line in prepare_data(settings()):
            typer.echo(line)


@app.command("build-model", hidden=True)
def build_model() -> None:
    """Build the default embedding model, or check the one that is there."""
    from kb.weights import default_folder

    with plainly():
        default_folder(
            settings().cache_dir, lambda done, total, what: typer.echo(f"{what} ({done} of {total})")
        )


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from handoff.db import migrate as migrate_database

    with plainly():
        migrate_database(settings().database_url)
    typer.echo("The database is at the newest schema.")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="Entries as .yml, .jsonl or .csv, or a FAQ page as .html.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    language: Annotated[str, typer.Option(help="The language of what names none: nl or en.")] = "",
) -> None:
    """Load entries from a file. A second time changes nothing; one mistake, and nothing is changed.

    Headings of a page that look like no question are left out. The review pages list the import, and can undo it.
    """
    from handoff import cli_import
    from handoff.db import reading, writing
    from handoff.texts import languages
    from kb.from_html import Languages
    from kb.imports import read_file

    with plainly():
        _check_size(file)
        read = read_file(file.name, file.read_bytes(), Languages(settings().default_language, language, languages()))
        with database() as engine:
            if dry_run:
                with reading(engine) as session:
                    typer.echo("\n".join(cli_import.would(session, read)))
                return
            with writing(engine) as session:
                said = cli_import.done(session, file.name, read)
    typer.echo(said)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="Where to write: .yml, .yaml, .jsonl or .csv.")],
) -> None:
    """Write all live entries to a file; `import` reads it back."""
    import os

    from handoff.db import reading
    from kb.exchange import FORMATS, export_entries, write_entries

    form = FORMATS.get(file.suffix.lower())
    if form is None:
        stop(f"The file's name must end in one of {', '.join(FORMATS)}.", 2)
    with plainly():
        with database() as engine, reading(engine) as session:
            drafts = export_entries(session)
        new = file.with_name(f".{file.name}.new")
        new.write_text(write_entries(drafts, form), encoding="utf-8")
        os.replace(new, file)
    typer.echo(f"{len(drafts)} entries written to {file}.")


@app.command()
def ask(
    text: str,
    language: Annotated[str, typer.Option(help="The language to prefer: nl or en.")] = "",
    agents: Annotated[bool, typer.Option("--agents", help="Look at entries for agents only, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole evidence, as JSON.")] = False,
) -> None:
    """What the knowledge base finds for a question, and how sure it is."""
    if not text.strip():
        stop("Ask something: the text is empty.", 2)
    found = _evidence(text, language, "agents" if agents else "public")
    if as_json:
        import json

        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{found.verdict}, {found.probability:.0%} sure")
    for candidate in found.candidates:
        typer.echo(f"  {candidate.probability:5.1%}  {candidate.key} ({candidate.language}): {candidate.question}")


def _evidence(text: str, language: str, audience: str) -> "Evidence":
    """Open the knowledge base as the app does, and ask it."""
    from handoff.db import reading
    from kb.base import Base
    from kb.calibrate import OUT_OF_SCOPE_SHARE
    from kb.encoder import load_encoder

    own = settings()
    with plainly(), database() as engine:
        encoder = load_encoder(own.embedding_model, own.cache_dir)
        with reading(engine) as session:
            share = own.out_of_scope_share or OUT_OF_SCOPE_SHARE
            base = Base.open(encoder, session, memory=own.cache_dir / "vectors", out_of_scope_share=share)
        return base.ask(text, language or own.default_language, audience=audience)


@app.command()
def evaluate(
    faq: Annotated[Path, typer.Option(help="The entries: JSON lines with id, language, question, answer, phrasings.")],
    queries: Annotated[Path, typer.Option(help="JSON lines with text, language, entry (null: out of scope), entries.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
    trace: Annotated[Path | None, typer.Option(help="Write here, for each query, what was found for it.")] = None,
    out_of_scope_share: Annotated[
        float | None, typer.Option(help="Share of queries, 0 to 1, that no entry is expected to answer.")
    ] = None,
) -> None:
    """How well the knowledge base would answer these queries from this FAQ. Touches no database.

    The base sees the labels of no query: it sets its own threshold, as it does in service.
    """
    if out_of_scope_share is not None and not 0 <= out_of_scope_share <= 1:
        stop(f"The share out of scope is a number from 0 to 1, not {out_of_scope_share:g}.", 2)
    from handoff import cli_evaluate
    from kb.calibrate import OUT_OF_SCOPE_SHARE
    from kb.encoder import load_encoder
    from kb.evaluate import evaluate as evaluate_pair
    from kb.evaluate import read_pair

    own = settings()
    share = OUT_OF_SCOPE_SHARE if out_of_scope_share is None else out_of_scope_share
    with plainly(), cli_evaluate.progress() as tell:
        if trace is not None:
            cli_evaluate.check_trace(trace, faq, queries)
        pair = read_pair(faq, queries)
        encoder = load_encoder(own.embedding_model, own.cache_dir, progress=tell)
        report = evaluate_pair(pair, encoder, share, tell)
        if trace is not None:
            cli_evaluate.write_trace(trace, pair, report)
    cli_evaluate.show(report.figures, as_json)


@user.command("add")
def add(
    email: str,
    name: Annotated[str, typer.Option(help="How customers see an agent.")] = "",
    role: Annotated[str, typer.Option(help="agent, editor or admin.")] = "agent",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Let somebody sign in. Without a password on standard input one is made, and shown once."""
    import secrets

    from handoff.auth import add_user
    from handoff.db import writing

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(12)
    with plainly(), database() as engine, writing(engine) as session:
        add_user(session, email, name or email.split("@")[0], role, password)
    typer.echo(f"{email} may sign in as {role}.")
    if not password_stdin:
        typer.echo(f"Password, shown only now: {password}")


def _check_size(file: Path) -> None:
    if file.is_dir():
        stop(f"{file} is a folder; name a file.")
    size = file.stat().st_size
    if size > LARGEST:
        stop(f"{file} has {size / 1e6:,.0f} MB; up to {LARGEST / 1e6:.0f} MB can be imported at once.")


if __name__ == "__main__":
    app()
