"""The parts of the desk's right column: nearest entries, earlier conversations, a proposal, a report on an entry."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from handoff import conversations, earlier, entries_near, proposals, reports
from handoff.desk_models import Report
from handoff.earlier import Earlier
from handoff.entries_near import Wanted
from handoff.incoming import Words
from handoff.models import Person
from handoff.problems import Empty, Invalid, NotFound, TooLong
from handoff.proposals import Offered
from handoff.state import State
from handoff.web import shapes
from handoff.web.desk_pages import Agent, ConversationId
from handoff.web.desk_view import mode_of
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute, toast
from handoff.web.rendering import page_of, render
from kb.models import Entry

router = APIRouter(route_class=PageRoute, include_in_schema=False, prefix="/desk")
READ = 500  # rows of an earlier conversation that are shown
EDITORS = ("editor", "admin")
Text = Annotated[str, Query(max_length=4000)]
Start = Annotated[int, Query(ge=0, le=10_000)]
Seq = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
SHUTS = {"HX-Retarget": "#side", "HX-Reswap": "innerHTML"}  # the form takes its own place again, or leaves it empty


async def found_near(it: State, conversation_id: str, text: str) -> tuple[Wanted, list[dict[str, Any]]]:
    """What is near to `text`, or to the customer's question where that is empty. NotFound."""
    wish = await it.read(entries_near.wanted, conversation_id, text)
    candidates = await it.compute(entries_near.ask, it.base, wish)
    return wish, await it.read(entries_near.shown, conversation_id, wish, candidates)


@router.get("/{conversation_id}/nearest")
async def nearest(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    text: Text = "",
    sought: Annotated[bool, Query()] = False,
) -> Response:
    """The list of nearest entries; `sought` where the words were typed into the search field."""
    wish, rows = await found_near(it, conversation_id, text)
    conversation = await it.read(conversations.get, conversation_id)
    return render(
        request,
        "desk/_nearest_list.html",
        nearest=[row | {"html": shapes.to_html(row["answer"])} for row in rows],
        basis="question" if wish.hers else "search" if sought else "typed",
        mine=mode_of(conversation, person.id or 0) == "mine",
        conversation_id=conversation_id,
        editor=person.role in EDITORS,
    )


@router.get("/{conversation_id}/earlier")
async def earlier_ones(
    request: Request, it: It, _: Agent, conversation_id: ConversationId, start: Start = 0
) -> Response:
    """More of the customer's earlier conversations."""

    def look(session: Session) -> tuple[list[Earlier], bool]:
        return earlier.earlier(session, conversations.get(session, conversation_id), start)

    found, more = await it.read(look)
    return render(
        request,
        "desk/_earlier.html",
        conversation_id=conversation_id,
        earlier=found,
        more=more,
        start=start,
    )


@router.get("/{conversation_id}/earlier/{other_id}")
async def earlier_one(
    request: Request, it: It, _: Agent, conversation_id: ConversationId, other_id: ConversationId
) -> Response:
    """An earlier conversation of this customer, to read."""

    def look(session: Session) -> tuple[Earlier, list[dict[str, Any]], bool]:
        other = earlier.one_of_hers(session, conversation_id, other_id)
        start = max(0, other.last_seq - READ)
        messages = conversations.messages_after(session, other_id, start, READ, notes=True)
        beside = conversations.get(session, conversation_id)
        return earlier.as_earlier(session, other, beside), shapes.message_list(session, messages), start > 0

    one, rows, cut = await it.read(look)
    return render(
        request, "desk/_earlier_one.html", conversation_id=conversation_id, one=one, rows=rows, cut=cut
    )


@router.get("/{conversation_id}/propose")
async def proposal(
    request: Request, it: It, _: Agent, conversation_id: ConversationId, seq: Seq = None
) -> Response:
    """The form that makes an FAQ entry of an agent's reply, by default the last one."""
    await it.read(conversations.get, conversation_id)
    try:
        offered = await it.read(proposals.offered, conversation_id, seq)
    except NotFound:
        return _shut(toast(page_of(request).t("propose.none"), "bad"))
    return _proposal(request, conversation_id, offered)


def _proposal(request: Request, conversation_id: str, offered: Offered, problem: str = "") -> Response:
    return render(
        request,
        "desk/_propose.html",
        status=422 if problem else 200,
        headers=SHUTS if problem else None,
        conversation_id=conversation_id,
        offered=offered,
        problem=problem,
    )


@router.post("/{conversation_id}/propose")
async def propose(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    seq: Annotated[int, Form(ge=1, le=2**31 - 1)],
    question: Annotated[Words, Form()] = "",
    answer: Annotated[Words, Form()] = "",
) -> Response:
    """Give it to the editors; where that fails the form says why and keeps what was typed."""
    page = page_of(request)
    try:
        group_id = await proposed(it, person, conversation_id, seq, question, answer)
    except (Empty, TooLong) as error:
        offered = await it.read(proposals.offered, conversation_id, seq)
        typed = Offered(seq, question, answer, offered.language, offered.cleaned)
        words = page.t("propose.long", **error.values) if isinstance(error, TooLong) else page.t("propose.empty")
        return _proposal(request, conversation_id, typed, words)
    link = {"href": f"/review/groups/{group_id}", "label": page.t("propose.see")} if person.role in EDITORS else {}
    return _shut(toast(page.t("propose.done"), **link))


async def proposed(
    it: State, person: Person, conversation_id: str, seq: int, question: str, answer: str
) -> int:
    """Store a proposal; the group in which it stands then. Empty, TooLong, NotFound."""
    question, answer = proposals.checked(question, answer)
    language = (await it.read(proposals.offered, conversation_id, seq)).language
    prepared = await it.prepare(question, language)
    return (await it.write(proposals.propose, conversation_id, person, seq, prepared, answer)).group_id


def _shut(headers: dict[str, str]) -> Response:
    """Nothing to show any more, so the dialog shuts; and a word about what was done."""
    return Response("", headers=SHUTS | headers, media_type="text/html")


Key = Annotated[Words, Query(min_length=1, max_length=80)]
Language = Annotated[Words, Query(min_length=1, max_length=8)]


@router.get("/{conversation_id}/report")
async def wrong(
    request: Request, it: It, person: Agent, conversation_id: ConversationId, key: Key, language: Language
) -> Response:
    """The form that tells the editors that an entry is wrong, as this agent filled it in before."""

    def look(session: Session) -> tuple[Entry, Report | None]:
        conversations.get(session, conversation_id)
        mine = reports.mine(session, conversation_id, person, key, language)
        return reports.entry_of(session, key, language), mine

    entry, mine = await it.read(look)
    before = (mine.reason, mine.words) if mine else ("", "")
    return _report(request, conversation_id, entry, *before)


def _report(
    request: Request, conversation_id: str, entry: Entry, reason: str, words: str, problem: str = ""
) -> Response:
    return render(
        request,
        "desk/_report.html",
        status=422 if problem else 200,
        headers=SHUTS if problem else None,
        conversation_id=conversation_id,
        entry=entry,
        reasons=reports.REASONS,
        reason=reason,
        words=words,
        problem=problem,
    )


@router.post("/{conversation_id}/report")
async def report(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: ConversationId,
    key: Annotated[Words, Form(min_length=1, max_length=80)],
    language: Annotated[Words, Form(min_length=1, max_length=8)],
    reason: Annotated[Words, Form(max_length=20)] = "",
    words: Annotated[Words, Form()] = "",
) -> Response:
    """Tell the editors; where that fails the form says why and keeps what was typed."""
    page = page_of(request)
    try:
        await it.write(reports.report, conversation_id, person, key, language, reason, words)
    except Invalid as error:
        entry = await it.read(reports.entry_of, key, language)
        if isinstance(error, TooLong):
            return _report(request, conversation_id, entry, reason, words, page.t("report.long", **error.values))
        why = "report.say" if reason == "other" else "report.choose"
        return _report(request, conversation_id, entry, reason, words, page.t(why))
    return _shut(toast(page.t("report.done")))
