"""People who sign in, as an admin adds and changes them. Each change is a row of the history, without any password.

The revision of a person is the `mark` of what an admin sees of her: whoever saves an older one is refused.
"""

import hashlib
import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from handoff import auth, conversations, line, presence, promises, shop_settings
from handoff.mail import address, in_one_line
from handoff.models import ROLES, Change, Conversation, Handling, Person, Presence, SignIn
from handoff.presence import AGENTS, GRACE_S
from handoff.problems import Conflict, Invalid, NotFound
from handoff.texts import fill, texts
from kb.models import now

PERSON = "person"  # what the history calls it
MIN_CAPACITY, MAX_CAPACITY = 1, 50
MAX_NAME = 200
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GENERATED = re.compile(rf"[{LETTERS}]{{4}}(-[{LETTERS}]{{4}}){{3}}")
CROSSED = "Somebody else changed this person just now. Look at both and save again; nothing was lost."


class Wrong(Invalid):
    """What was filled in cannot be taken: `errors` name, by field, what is wrong, see `checked`."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(f"This cannot be taken: {', '.join(errors)}.")
        self.errors = errors


class LastAdmin(Conflict):
    """Without this one nobody could change settings any more."""


class Oneself(Conflict):
    """Nobody deactivates herself."""


@dataclass(frozen=True)
class About:
    """What an admin sets of a person. No topics or languages (None) means every one."""

    name: str
    role: str
    capacity: int
    topics: list[str] | None = None
    languages: list[str] | None = None


@dataclass(frozen=True)
class Listed:
    """A person in the list. `held` counts the conversations she has; `present`: her desk is open."""

    person: Person
    held: int
    present: bool
    away: bool


def people(session: Session, at: datetime, grace_s: float = GRACE_S) -> list[Listed]:
    """Everybody: the active ones first, by name."""
    since, held = at - timedelta(seconds=grace_s), presence.held_counts(session)
    seen = {row.person_id: row for row in session.exec(select(Presence)).all()}
    found = session.exec(select(Person)).all()
    rows = []
    for person in sorted(found, key=lambda p: (not p.active, p.name.casefold(), p.email)):
        row = seen.get(person.id or 0)
        works = person.active and person.role in AGENTS and row is not None
        present, away = works and row is not None and row.seen_at > since, works and row is not None and row.away
        rows.append(Listed(person, held.get(person.id or 0, 0), present, away))
    return rows


def get(session: Session, person_id: int) -> Person:
    """One person, active or not. NotFound where there is none."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("There is no such person.")
    return person


def shown(person: Person) -> dict[str, Any]:
    """What an admin sees of a person, as the history keeps it; never her password's hash."""
    return {
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "active": person.active,
        "capacity": person.capacity,
        "topics": person.topics,
        "languages": person.languages,
    }


def mark(person: Person) -> str:
    """A mark of what an admin sees of a person: another one as soon as any of it changed."""
    return hashlib.sha256(json.dumps(shown(person), sort_keys=True).encode()).hexdigest()[:16]


def fresh_password() -> str:
    """A random password that can be read out: 16 letters and figures in groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def checked(about: About) -> About:
    """`about` as it is stored. Wrong, with the fields and `missing`, `long`, `unknown` or `range`."""
    name = in_one_line(about.name, 10_000)
    wrong = {
        "name": "" if 0 < len(name) <= MAX_NAME else "long" if name else "missing",
        "role": "" if about.role in ROLES else "unknown",
        "capacity": "" if MIN_CAPACITY <= about.capacity <= MAX_CAPACITY else "range",
        "topics": "missing" if about.topics == [] else "",
        "languages": "missing" if about.languages == [] else "",
    }
    if errors := {field: why for field, why in wrong.items() if why}:
        raise Wrong(errors)
    return About(name, about.role, about.capacity, _sorted(about.topics), _sorted(about.languages))


def _sorted(values: list[str] | None) -> list[str] | None:
    return None if values is None else sorted(set(values))


def add(session: Session, email: str, about: About, password: str, *, by: str) -> tuple[Person, bool]:
    """A new person who signs in with that generated password, and whether she is new.

    Sent a second time, with the same password, it is the same person. Wrong as in `checked`, also for `email`:
    `unknown` where it is no address, `taken` where somebody else has it.
    """
    about, email = checked(about), checked_email(email)
    if earlier := _by_email(session, email):
        return _same(earlier, password), False
    try:
        with session.begin_nested():  # two may add the same address at the same moment
            person = auth.add_user(session, email, about.name, about.role, password)
    except (IntegrityError, Conflict):
        return _same(_by_email(session, email), password), False
    person.sqlmodel_update({"capacity": about.capacity, "topics": about.topics, "languages": about.languages})
    session.flush()
    shop_settings.record(session, PERSON, before=None, after=shown(person), by=by)
    return person, True


def checked_email(email: str) -> str:
    """An address as it is stored. Wrong where it is none."""
    try:
        return address(email[:400]).lower() if len(email.strip()) <= 320 else _no_address()
    except Invalid:
        return _no_address()


def _no_address() -> str:
    raise Wrong({"email": "unknown"})


def _by_email(session: Session, email: str) -> Person | None:
    return session.exec(select(Person).where(Person.email == email)).first()


def _same(person: Person | None, password: str) -> Person:
    if person is None or not auth.matches(person.password_hash, password):
        raise Wrong({"email": "taken"})
    return person


def change(session: Session, person_id: int, about: About, *, revision: str, by: str) -> tuple[Person, list[str]]:
    """Change a person; and the ids of the conversations that wait again, for who is no agent any more has none.

    What stands there already changes nothing, whatever the revision. Wrong as in `checked`; Conflict where somebody
    else changed her since; LastAdmin where nobody would be left who may change settings.
    """
    about = checked(about)
    person = _held(session, person_id)
    before = shown(person)
    if before | asdict(about) == before:
        return person, []
    if revision != mark(person):
        raise Conflict(CROSSED)
    if about.role != "admin":
        _check_admins(session, person)
    person.sqlmodel_update(asdict(about))
    session.flush()
    shop_settings.record(session, PERSON, before=before, after=shown(person), by=by)
    return person, [] if person.role in AGENTS else put_back(session, person)


def set_active(session: Session, person_id: int, active: bool, *, by: Person) -> tuple[Person, list[str]]:
    """Let a person sign in, or not any more; and the ids of the conversations that wait again.

    Who is deactivated is signed out everywhere, and what she has goes to the front of the queue. Twice is once.
    Oneself for the one who asks; LastAdmin as in `change`.
    """
    person = _held(session, person_id)
    if not active and person.id == by.id:
        raise Oneself
    if person.active == active:
        return person, []
    if not active:
        _check_admins(session, person)
    before = shown(person)
    person.active = active
    sign_out_everywhere(session, person_id)
    auth.end_links(session, person_id, now())
    session.flush()
    shop_settings.record(session, PERSON, before=before, after=shown(person), by=by.email)
    return person, [] if active else put_back(session, person)


def set_password(session: Session, person_id: int, password: str, *, by: str) -> Person:
    """Give a person this generated password and sign her out everywhere. The same one again changes nothing."""
    person = _held(session, person_id)
    if auth.matches(person.password_hash, password):
        return person
    person.password_hash = auth.hasher.hash(password)
    sign_out_everywhere(session, person_id)
    auth.end_links(session, person_id, now())
    session.flush()
    shop_settings.record(
        session, PERSON, before={"email": person.email}, after={"email": person.email, "password": True}, by=by
    )
    return person


def sign_out_everywhere(session: Session, person_id: int) -> None:
    """Make every session cookie of a person worthless."""
    session.execute(delete(SignIn).where(col(SignIn.person_id) == person_id))


def _held(session: Session, person_id: int) -> Person:
    """The person as she is now. She, and every admin, stay as they are for others until the transaction ends.

    The same rows in the same order as `presence.hold` takes them, so that nobody waits in a circle.
    """
    admins = (col(Person.role) == "admin") & col(Person.active)
    query = select(Person).where((col(Person.id) == person_id) | admins).order_by(col(Person.id))
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = next((p for p in session.exec(query).all() if p.id == person_id), None)
    if found is None:
        raise NotFound("There is no such person.")
    return found


def _check_admins(session: Session, person: Person) -> None:
    """LastAdmin where this is the only active admin."""
    others = select(Person.id).where(Person.role == "admin", col(Person.active), Person.id != person.id)
    if person.role == "admin" and person.active and session.exec(others.limit(1)).first() is None:
        raise LastAdmin


def put_back(session: Session, person: Person) -> list[str]:
    """Put what this person has before everyone who waits, the longest held first; the ids. The customers are told, and
    what she promised is nobody's.

    As `presence.vanished` does, and so is it counted: how long she had them says nothing of their length.
    """
    at = now()
    had = _had(session, person.id or 0)
    first = line.front(session, at) - timedelta(microseconds=len(had))
    places = {id_: first + timedelta(microseconds=n) for n, id_ in enumerate(had)}
    ids = [id_ for id_ in sorted(had) if _put_back(session, id_, person, at, places[id_])]
    promises.let_go(session, person.id or 0)
    return ids


def _had(session: Session, person_id: int) -> list[str]:
    """The ids of what this agent has, the longest held first."""
    still = (col(Handling.conversation_id) == col(Conversation.id)) & col(Handling.ended_at).is_(None)
    query = (
        select(Conversation.id)
        .join(Handling, still, isouter=True)
        .where(Conversation.owner == "agent", Conversation.agent_id == person_id)
    )
    return list(dict.fromkeys(session.exec(query.order_by(col(Handling.began_at), col(Conversation.id))).all()))


def _put_back(session: Session, id_: str, person: Person, at: datetime, line_at: datetime) -> bool:
    """Whether the conversation was still hers; only then it waits now."""
    conversation: Conversation = conversations.locked(session, id_)
    if conversation.owner != "agent" or conversation.agent_id != person.id:
        return False
    place = {"queued_at": at, "line_at": line_at}
    conversations.change_owner(session, conversation, "queue", frm="agent", end="vanished", **place)
    words = texts(session, conversation.language)["system.transferred_front"]
    conversations.add_step(session, conversation, "transferred", text=fill(words, name=person.name.split()[0]))
    return True


def changed_last(session: Session, email: str) -> Change | None:
    """The last change of this person in the history, of the last hundred of people; else None."""
    rows = shop_settings.changes(session, PERSON, limit=100)
    return next((row for row in rows if row.after and row.after.get("email") == email), None)
