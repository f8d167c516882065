"""The knowledge base's JSON API: ask it, and keep its entries."""

import hmac
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff.incoming import MAX_TEXT, Words
from handoff.models import Person
from handoff.problems import Invalid
from handoff.web.edge import Editor, It, signed_in
from handoff.web.review import IfMatch, entry_form, revision_of
from kb import entries
from kb.drafts import EntryDraft
from kb.models import Entry

router = APIRouter(prefix="/api/v1/kb", tags=["knowledge base"])
Language = Annotated[str, Query(pattern="^[a-z]{2}$")]


class EntryChange(BaseModel):
    """The fields of an entry to change; those left out stay as they are."""

    question: Words | None = None
    answer: Words | None = None
    topic: Words | None = None
    audience: Literal["public", "agents"] | None = None
    phrasings: list[Words] | None = Field(default=None, max_length=500)


@router.get("/ask")
async def ask(
    request: Request,
    it: It,
    text: Annotated[str, Query(min_length=1, max_length=MAX_TEXT)],
    language: Language = "nl",
    audience: Literal["public", "agents"] = "public",
) -> dict[str, Any]:
    """The evidence for a text, with candidates. For people signed in, or with the bot's internal token."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if not (it.settings.kb_token and hmac.compare_digest(token, it.settings.kb_token.encode())):
        await signed_in("agent", "editor")(request)
    evidence = await it.compute(it.base.ask, text, language, (), audience)
    found: dict[str, Any] = evidence.as_dict()
    return found


@router.get("/entries")
async def look(
    it: It,
    _: Editor,
    language: Annotated[str | None, Query(max_length=8)] = None,
    topic: Annotated[str | None, Query(max_length=80)] = None,
    status: Literal["live", "withdrawn"] | None = None,
    search: Annotated[str | None, Query(max_length=300)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Entries by key, with a cursor for the next page."""

    def rows(session: Session) -> dict[str, Any]:
        found = entries.list_entries(session, language, topic, status, search, cursor, limit + 1)
        more = len(found) > limit
        return {
            "entries": [entry_form(session, e) for e in found[:limit]],
            "next_cursor": entries.cursor(found[limit - 1]) if more else None,
        }

    return await it.read(rows)


@router.post("/entries", status_code=201)
async def create(it: It, person: Editor, body: EntryDraft, response: Response) -> dict[str, Any]:
    """A new entry; the bot has it when this returns."""

    def act(session: Session, by: Person) -> dict[str, Any]:
        return entry_form(session, entries.create_entry(session, body, by.email))

    return _tagged(response, await _live(it, act, person))


@router.get("/entries/{key}")
async def show(it: It, _: Editor, key: str, response: Response, language: Language = "nl") -> dict[str, Any]:
    """One entry; its ETag is the revision."""

    def form(session: Session) -> dict[str, Any]:
        return entry_form(session, entries.get_entry(session, key, language))

    return _tagged(response, await it.read(form))


@router.get("/entries/{key}/history")
async def history(it: It, _: Editor, key: str, language: Language = "nl") -> list[dict[str, Any]]:
    """Every revision of an entry, newest first."""

    def rows(session: Session) -> list[dict[str, Any]]:
        kept = entries.history(session, key, language)
        return [r.model_dump(mode="json", exclude={"id", "entry_id"}) for r in kept]

    return await it.read(rows)


@router.patch("/entries/{key}")
async def change(
    it: It,
    person: Editor,
    key: str,
    body: EntryChange,
    response: Response,
    language: Language = "nl",
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change an entry. 412 when its revision is not the one in If-Match."""
    changes = body.model_dump(exclude_unset=True)
    if any(value is None for value in changes.values()):
        raise Invalid("A field can be changed or left out, not emptied with null.")

    def act(session: Session, by: Person) -> dict[str, Any]:
        revision = revision_of(if_match, None)
        changed = entries.change_entry(session, key, language, changes, revision, by.email)
        return entry_form(session, changed)

    return _tagged(response, await _live(it, act, person))


@router.post("/entries/{key}/{what}")
async def withdraw_or_restore(
    it: It,
    person: Editor,
    key: str,
    what: Literal["withdraw", "restore"],
    response: Response,
    language: Language = "nl",
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Take an entry out of service, or put it back."""
    done = entries.withdraw_entry if what == "withdraw" else entries.restore_entry

    def act(session: Session, by: Person) -> dict[str, Any]:
        entry: Entry = done(session, key, language, revision_of(if_match, None), by.email)
        return entry_form(session, entry)

    return _tagged(response, await _live(it, act, person))


async def _live(it: It, act: Any, person: Person) -> dict[str, Any]:
    done: dict[str, Any] = await it.write(act, person)
    await it.kb_changed()
    return done


def _tagged(response: Response, form: dict[str, Any]) -> dict[str, Any]:
    response.headers["ETag"] = f'"{form["revision"]}"'
    return form
