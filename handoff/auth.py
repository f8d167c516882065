"""Signing in: people, passwords (Argon2) and session cookies, of which only hashes are kept."""

import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from handoff.conversations import sha256
from handoff.desk_models import PasswordLink
from handoff.models import ROLES, Person, SignIn
from handoff.problems import Conflict, Invalid, Unauthorized
from kb.models import now

COOKIE = "rechtdoor_session"
SIGNED_IN_FOR = timedelta(hours=14)  # a long day's work
MIN_PASSWORD = 10
hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to check for unknown addresses, so that both cases take as long."""
    return hasher.hash(secrets.token_urlsafe(16))


def add_user(session: Session, email: str, name: str, role: str, password: str) -> Person:
    """A new person who may sign in. Invalid for a bad address, role or short password, Conflict for a known address."""
    email = email.strip().lower()
    if "@" not in email or len(email) > 320 or any(c.isspace() for c in email):
        raise Invalid(f"“{email}” is not an e-mail address.")
    if role not in ROLES:
        raise Invalid(f"The role must be one of {', '.join(ROLES)}.")
    if not MIN_PASSWORD <= len(password) <= 200:
        raise Invalid(f"A password has {MIN_PASSWORD} to 200 characters.")
    if not name.strip() or len(name) > 200:
        raise Invalid("A name has 1 to 200 characters.")
    if session.exec(select(Person).where(Person.email == email)).first():
        raise Conflict(f"There is already somebody with the address {email}.")
    person = Person(email=email, name=name.strip(), role=role, password_hash=hasher.hash(password))
    session.add(person)
    session.flush()
    return person


def verified(session: Session, email: str, password: str) -> Person:
    """The person whom address and password belong to. Unauthorized when they do not belong together.

    Only reads: checking a password takes long on purpose, and must not hold up those who write.
    """
    person = session.exec(select(Person).where(Person.email == email.strip().lower())).first()
    right = matches(person.password_hash if person else _nobody(), password)
    if person is None or not person.active or not right:
        raise Unauthorized("That e-mail address and password do not belong together.")
    return person


def sign_in(session: Session, person: Person) -> str:
    """A fresh session token for a person who was `verified`."""
    token = secrets.token_urlsafe(32)
    session.exec(delete(SignIn).where(col(SignIn.expires_at) < now()))
    session.add(SignIn(token_hash=sha256(token), person_id=person.id or 0, expires_at=now() + SIGNED_IN_FOR))
    session.flush()
    return token


def matches(password_hash: str, password: str) -> bool:
    """Whether this is the password that was hashed."""
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def sign_out(session: Session, token: str) -> None:
    """Make the session token worthless. Nothing happens when it already is."""
    session.exec(delete(SignIn).where(col(SignIn.token_hash) == sha256(token)))


def end_links(session: Session, person_id: int, at: datetime) -> None:
    """Make every link with which this person could choose a password worthless, see `password_links`."""
    hers = (col(PasswordLink.person_id) == person_id, col(PasswordLink.used_at).is_(None))
    alive = update(PasswordLink).where(*hers, col(PasswordLink.expires_at) > at).values(expires_at=at)
    session.execute(alive.execution_options(synchronize_session=False))


def person_for(session: Session, token: str) -> Person | None:
    """The active person whom a session token belongs to, or None."""
    query = (
        select(Person)
        .join(SignIn, col(SignIn.person_id) == col(Person.id))
        .where(SignIn.token_hash == sha256(token), SignIn.expires_at > now(), col(Person.active))
    )
    return session.exec(query).first()
