"""The desk's JSON API beside a conversation: nearest entries, earlier conversations, proposals, reports."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from handoff import conversations, earlier, entries_near, reports
from handoff.incoming import Words
from handoff.web.customer import Stored
from handoff.web.desk_side import found_near, proposed
from handoff.web.edge import Agent, Editor, It

router = APIRouter(prefix="/api/v1", tags=["desk"])
MOST_ID = 2**31 - 1


class EntryAnswer(BaseModel):
    """An entry to send as the bot would; `client_id` makes a resend the same message, `seen_seq` is as in a reply."""

    client_id: Words = Field(min_length=1, max_length=64)
    entry_key: Words = Field(min_length=1, max_length=80)
    seen_seq: int | None = Field(default=None, ge=0, le=MOST_ID)


class NewReport(BaseModel):
    """What is wrong with an entry. `other` needs words."""

    entry_key: Words = Field(min_length=1, max_length=80)
    language: Words = Field(min_length=1, max_length=8)
    reason: Literal["wrong", "outdated", "unclear", "other"]
    words: Words = Field(default="", max_length=reports.MAX_WORDS)


class NewProposal(BaseModel):
    """A question and answer for the FAQ, made from the agent's reply `seq`."""

    seq: int = Field(ge=1, le=MOST_ID)
    question: Words
    answer: Words


@router.get("/desk/conversations/{conversation_id}/nearest")
async def nearest(
    it: It, _: Agent, conversation_id: str, text: Annotated[str, Query(max_length=4000)] = ""
) -> dict[str, Any]:
    """The entries nearest to `text`, or to the customer's question without it; those for agents only are marked."""
    wish, rows = await found_near(it, conversation_id, text)
    return {"text": wish.text, "entries": rows}


@router.post("/desk/conversations/{conversation_id}/answers", status_code=202)
async def send(it: It, person: Agent, conversation_id: str, body: EntryAnswer) -> Stored:
    """Give the caller's own customer an entry's answer, and ask whether it helped; 404 for one that is not public."""
    message = await it.write(
        entries_near.send, conversation_id, person, body.client_id, body.entry_key, seen_seq=body.seen_seq
    )
    it.changed(conversation_id)
    return Stored(seq=message.seq)


@router.get("/desk/conversations/{conversation_id}/earlier")
async def earlier_ones(
    it: It, _: Agent, conversation_id: str, start: Annotated[int, Query(ge=0, le=10_000)] = 0
) -> dict[str, Any]:
    """The customer's other conversations, 10 at a time, the latest first. `certain`: the shop vouches that it is hers;
    else only the e-mail address is the same."""

    def look(session: Session) -> dict[str, Any]:
        found, more = earlier.earlier(session, conversations.get(session, conversation_id), start)
        return {"conversations": [asdict(one) for one in found], "more": more}

    return await it.read(look)


@router.post("/desk/conversations/{conversation_id}/proposals", status_code=201)
async def propose(it: It, person: Agent, conversation_id: str, body: NewProposal) -> dict[str, int]:
    """Give the editors a question and answer; the same reply again is the same proposal. The group it stands in."""
    return {"group_id": await proposed(it, person, conversation_id, body.seq, body.question, body.answer)}


@router.post("/desk/conversations/{conversation_id}/reports", status_code=201)
async def report(it: It, person: Agent, conversation_id: str, body: NewReport) -> dict[str, Any]:
    """Tell the editors that an entry is wrong; again, while it is open, replaces what was said before."""
    found = await it.write(
        reports.report, conversation_id, person, body.entry_key, body.language, body.reason, body.words
    )
    return {"id": found.id, "at": found.at.isoformat()}


@router.get("/review/reports", tags=["review"])
async def listed(
    it: It, _: Editor, settled: bool = False, start: Annotated[int, Query(ge=0, le=100_000)] = 0
) -> dict[str, Any]:
    """What agents reported, 50 at a time: open ones first come first, settled ones the latest first."""

    def look(session: Session) -> dict[str, Any]:
        found, more = reports.listed(session, settled, start)
        return {"reports": [asdict(one) for one in found], "open": reports.count_open(session), "more": more}

    return await it.read(look)


@router.post("/review/reports/{report_id}/settle", tags=["review"])
async def settle(it: It, person: Editor, report_id: Annotated[int, Field(le=MOST_ID)]) -> dict[str, Any]:
    """Say that it was seen to."""
    found = await it.write(reports.settle, report_id, person)
    return {"id": found.id, "settled_by": found.settled_by}


@router.post("/review/reports/{report_id}/reopen", tags=["review"])
async def reopen(it: It, _: Editor, report_id: Annotated[int, Field(le=MOST_ID)]) -> dict[str, Any]:
    """Undo `settle`."""
    found = await it.write(reports.reopen, report_id)
    return {"id": found.id, "settled_by": found.settled_by}
