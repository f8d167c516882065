"""What a reader of the public FAQ said of its entries: kept in her own browser, counted once here.

The cookie is not signed, since it protects nothing: who empties it may be counted again, as in every such count, and
what it claims never brings a figure below 0.
"""

import re
from collections.abc import Mapping

from fastapi import Request, Response
from sqlmodel import Session, select

from handoff import entry_days
from handoff.problems import NotFound
from handoff.web.faq_view import Reader, Shown, shown
from kb.models import Entry

COOKIE = "rechtdoor_faq"
KEPT = 60  # entries that the cookie remembers; the oldest go first
KEPT_FOR = 365 * 24 * 3600  # seconds
ONE = re.compile(r"([1-9]\d{0,8})([yn])")
Said = Mapping[int, str]


def said_in(request: Request) -> dict[int, str]:
    """What this browser said, "y" or "n" by the entry's id, oldest first; what is not understood is left out."""
    parts = (ONE.fullmatch(part) for part in request.cookies.get(COOKIE, "")[:1000].split("."))
    return {int(found[1]): found[2] for found in parts if found}


def say(session: Session, reader: Reader, key: str, word: str) -> tuple[Shown, Said]:
    """Count that an entry helped ("y") or not ("n"), or take it back (""): how it stands now, and all that was said.

    The same word a second time changes nothing, another takes the place of the first. Colleagues do not count.
    NotFound for an entry that is not there for this reader.
    """
    here = (reader.sees(), Entry.key == key, Entry.language == reader.language)
    entry = session.exec(select(Entry).where(*here)).first()
    if entry is None or entry.id is None:
        raise NotFound
    before = reader.said.get(entry.id, "")
    said = {one: what for one, what in reader.said.items() if one != entry.id}
    said |= {entry.id: word} if word else {}
    if word != before and not reader.colleague:
        if before:
            entry_days.take_back(session, key, entry.language, before == "y")
        if word:
            entry_days.vote(session, key, entry.language, word == "y")
    return shown(reader.saying(said), entry), said


def remember(response: Response, said: Said, *, secure: bool, embed: bool) -> None:
    """Have the browser keep what was said. In the frame of another site that takes https, and a cookie of its own."""
    kept = list(said.items())[-KEPT:]
    value = ".".join(f"{entry}{word}" for entry, word in kept)
    across = "; SameSite=None; Secure; Partitioned" if embed and secure else "; SameSite=Lax"
    safe = "; Secure" if secure and not embed else ""
    whole = f"{COOKIE}={value}; Path=/faq; Max-Age={KEPT_FOR if value else 0}; HttpOnly{across}{safe}"
    response.headers.append("Set-Cookie", whole)
