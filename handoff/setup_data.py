"""The data's side of the start: newest schema, the demo shop's FAQ, and logins nobody can guess."""

import secrets
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from handoff import logins
from handoff.auth import add_user
from handoff.db import make_engine, migrate, writing
from handoff.models import Person
from handoff.settings import ROOT, Settings
from kb.exchange import import_entries, read_entries
from kb.models import Entry

FAQ = ROOT / "data" / "faq"
DEMO = (
    ("agent@rechtdoor.example", "Lisa", "agent"),
    ("agent2@rechtdoor.example", "Sam", "agent"),
    ("editor@rechtdoor.example", "Noor", "editor"),
    ("admin@rechtdoor.example", "Beheer", "admin"),
)


def prepare(settings: Settings) -> list[str]:
    """Everything the database needs before the app may start; says what it did, a line each."""
    migrate(settings.database_url)
    engine = make_engine(settings.database_url)
    try:
        done = []
        if (count := load_demo_faq(engine)) is not None:
            done.append(f"Loaded the demo shop's FAQ: {count} entries")
        if make_demo_logins(engine, settings.var_dir):
            done.append(f"Made logins with new passwords: {settings.var_dir / logins.NAME}")
        return done
    finally:
        engine.dispose()


def load_demo_faq(engine: Engine, folder: Path = FAQ) -> int | None:
    """Load the demo FAQ when no entry was ever stored. None when there was one."""
    with writing(engine) as session:
        if session.exec(select(col(Entry.id)).limit(1)).first() is not None:
            return None
        drafts = [draft for file in sorted(folder.glob("*.yml")) for draft in read_entries(file)]
        return import_entries(session, drafts, "set-up").created


def make_demo_logins(engine: Engine, folder: Path) -> bool:
    """Make the demo logins when nobody can sign in yet.

    The file is in place before the transaction commits: after a crash in between there are no logins, and the
    next start makes both anew.
    """
    with writing(engine) as session:
        if session.exec(select(col(Person.id)).limit(1)).first() is not None:
            return False
        logins.write(folder, [_login(session, *who) for who in DEMO])
        return True


def _login(session: Session, email: str, name: str, role: str) -> str:
    password = secrets.token_urlsafe(12)
    add_user(session, email, name, role, password)
    return f"{role:<7} {email:<26} {password}"
