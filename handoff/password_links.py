"""Links with which somebody chooses a password, once: an invitation, or because she forgot it.

Only a hash of a link's token is kept, and the mail that held it forgets it once sent (see `outbox`). A new link, or
another password, ends all earlier links of that person; a chosen password ends all her sign-ins.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlmodel import Session, col, select

from handoff import auth, outbox, people, shop_settings
from handoff.auth import MIN_PASSWORD
from handoff.conversations import sha256
from handoff.desk_models import PasswordLink
from handoff.mail import can_mail
from handoff.models import Person
from handoff.problems import Problem
from handoff.settings import Settings
from handoff.staff_words import word
from kb.models import now

LASTS = {"invite": timedelta(days=7), "reset": timedelta(hours=1)}
MOST_AN_HOUR = 5  # links that one address can be sent because somebody asks for them
MAX_PASSWORD = 200
VARIED = 5  # different characters in a password, at least


class Unusable(Problem):
    """A link that cannot be used: `why` is expired, used or unknown; `person` is whose it is, where that is known."""

    status = 410

    def __init__(self, why: str, person: Person | None = None) -> None:
        super().__init__(f"This link is {why}.")
        self.why, self.person = why, person


class Weak(Problem):
    """A password that is not taken: `why` is short, long, simple or known."""

    status = 422

    def __init__(self, why: str) -> None:
        super().__init__(f"This password is too {why}.")
        self.why = why


@dataclass(frozen=True)
class Link:
    """A fresh link: its address, which is shown or mailed and kept nowhere, and whether it was mailed."""

    address: str
    purpose: str
    mailed: bool


def make(session: Session, person: Person, purpose: str) -> str:
    """The token of a new link; earlier ones of that person end."""
    at, token = now(), secrets.token_urlsafe(32)
    auth.end_links(session, person.id or 0, at)
    row = PasswordLink(token_hash=sha256(token), person_id=person.id or 0, purpose=purpose, created_at=at,
                       expires_at=at + LASTS[purpose])  # fmt: skip
    session.add(row)
    session.flush()
    return token


def purpose_for(session: Session, person_id: int) -> str:
    """What a link for this person would be: an invitation again while she never chose a password, else a reset."""
    rows = session.exec(select(PasswordLink).where(PasswordLink.person_id == person_id)).all()
    invited = any(row.purpose == "invite" for row in rows)
    return "invite" if invited and not any(row.used_at for row in rows) else "reset"


def send(session: Session, settings: Settings, person: Person, purpose: str, *, language: str, by: Person) -> Link:
    """A new link for a person, mailed where mail is set up; a row of the history says that `by` made it."""
    token = make(session, person, purpose)
    address = f"{settings.origin}/password/{token}"
    mailed = can_mail(settings)
    if mailed:
        _mail(session, settings, person, purpose, language, address, token, by)
    did = {"email": person.email, "link": purpose}
    shop_settings.record(session, people.PERSON, before={"email": person.email}, after=did, by=by.email)
    return Link(address, purpose, mailed)


def _mail(
    session: Session,
    settings: Settings,
    to: Person,
    purpose: str,
    language: str,
    address: str,
    token: str,
    by: Person,
) -> None:
    values = {"shop": settings.shop_name, "name": to.name, "link": address, "by": by.name}
    about = "forgot" if purpose == "reset" and by.id == to.id else purpose
    outbox.queue_mail(
        session,
        key=f"{outbox.WITH_KEY}{sha256(token)[:32]}",
        to=to.email,
        language=language,
        subject=word(language, f"password.mail_{about}_subject", **values),
        text=word(language, f"password.mail_{about}", **values),
    )


def forgot(session: Session, settings: Settings, email: str, language: str) -> None:
    """Send whoever has this address a link. Nothing for an unknown one, or one that asked too often this hour.

    The caller learns nothing from it, and must not make anybody wait for it: that would tell which addresses there are.
    """
    query = select(Person).where(Person.email == email.strip().lower(), col(Person.active))
    person = session.exec(query.with_for_update(key_share=True)).first()  # held, so that two at once are counted
    if person is None or not can_mail(settings):
        return
    since = now() - timedelta(hours=1)
    made = select(func.count()).where(PasswordLink.person_id == person.id, col(PasswordLink.created_at) > since)
    if session.exec(made).one() < MOST_AN_HOUR:
        send(session, settings, person, "reset", language=language, by=person)


def again(session: Session, settings: Settings, token: str, language: str) -> None:
    """Send whoever had this link, which ended, another one to her address; as `forgot` does, and as often."""
    row = session.get(PasswordLink, sha256(token))
    person = session.get(Person, row.person_id) if row else None
    if person is not None:
        forgot(session, settings, person.email, language)


def opened(session: Session, token: str) -> Person:
    """Whose link this is; looking at it changes nothing. Unusable where it cannot be used."""
    row = session.get(PasswordLink, sha256(token))
    person = session.get(Person, row.person_id) if row else None
    if row is None or person is None or not person.active:
        raise Unusable("unknown")
    if row.used_at is not None:
        raise Unusable("used", person)
    if row.expires_at <= now():
        raise Unusable("expired", person)
    return person


def check(person: Person, password: str) -> None:
    """Weak where nobody should have this password."""
    if len(password) < MIN_PASSWORD:
        raise Weak("short")
    if len(password) > MAX_PASSWORD:
        raise Weak("long")
    if len(set(password)) < VARIED:
        raise Weak("simple")
    known = {person.email, person.email.split("@")[0], person.name.casefold(), person.name.casefold().replace(" ", "")}
    if password.casefold() in known:
        raise Weak("known")


def choose(session: Session, token: str, password_hash: str) -> Person:
    """Give the link's person the password of this hash, end the link, and sign her out everywhere.

    The hash, because making it takes long on purpose, and must not hold up those who write. Unusable as in `opened`;
    of two who use the link at once, one does.
    """
    person, at = opened(session, token), now()
    held = select(Person).where(Person.id == person.id).with_for_update(key_share=True)
    person = session.exec(held.execution_options(populate_existing=True)).one()
    still = (
        col(PasswordLink.token_hash) == sha256(token),
        col(PasswordLink.used_at).is_(None),
        col(PasswordLink.expires_at) > at,
    )
    done: Any = session.execute(
        update(PasswordLink).where(*still).values(used_at=at).execution_options(synchronize_session=False)
    )
    if not isinstance(done, CursorResult) or done.rowcount != 1 or not person.active:
        raise Unusable("used", person)
    _take(session, person, password_hash, "chosen")
    return person


def change(session: Session, person_id: int, known_hash: str, password_hash: str) -> str | None:
    """Give a person who knew her password another one, and sign her out everywhere: the token of a new sign-in.

    None, and nothing is changed, where her password is no longer that of `known_hash`: of two at once, one does.
    """
    held = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    person = session.exec(held.execution_options(populate_existing=True)).one()
    if not person.active or person.password_hash != known_hash:
        return None
    _take(session, person, password_hash, "changed")
    return auth.sign_in(session, person)


def _take(session: Session, person: Person, password_hash: str, how: str) -> None:
    """Her new password ends her links and sign-ins, and the history says how it came."""
    person.password_hash = password_hash
    auth.end_links(session, person.id or 0, now())
    people.sign_out_everywhere(session, person.id or 0)
    did = {"email": person.email, "link": how}
    shop_settings.record(session, people.PERSON, before={"email": person.email}, after=did, by=person.email)
