"""The data's side of the start: newest schema, the demo shop's FAQ, and logins nobody can guess."""

import secrets
from dataclasses import asdict
from pathlib import Path

import yaml
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from handoff import canned, logins, shop_settings
from handoff.auth import add_user
from handoff.canned import Reply
from handoff.db import make_engine, migrate, writing
from handoff.desk_models import CannedReply
from handoff.models import Person
from handoff.settings import ROOT, Settings
from kb.exchange import import_entries, read_entries
from kb.models import Entry

FAQ = ROOT / "data" / "faq"
CANNED = ROOT / "data" / "canned"
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
        if (count := load_canned_replies(engine)) is not None:
            done.append(f"Loaded the demo shop's canned replies: {count}")
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


def load_canned_replies(engine: Engine, folder: Path = CANNED) -> int | None:
    """Load the demo shop's canned replies, a file for each language, when none was ever stored. None when one was."""
    with writing(engine) as session:
        if session.exec(select(col(CannedReply.id)).limit(1)).first() is not None:
            return None
        if shop_settings.changed_last(session, canned.CANNED) is not None:
            return None
        count = 0
        for file in sorted(folder.glob("*.yml")):
            for row in yaml.safe_load(file.read_text("utf-8")):
                reply = canned.checked(Reply(language=file.stem, **row))
                session.add(CannedReply(**asdict(reply), changed_by="set-up"))  # no row of the history: nobody did it
                count += 1
        return count


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
