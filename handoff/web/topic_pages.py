"""The settings' pages for topics: which there are, who knows them, and giving one another name. For admins."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from handoff import topic_changes, topics
from handoff.incoming import Words
from handoff.models import Person
from handoff.people import Wrong
from handoff.problems import NotFound
from handoff.state import State
from handoff.topic_changes import MAX_TOPIC, Merges
from handoff.web.edge import It
from handoff.web.page_errors import PageRoute
from handoff.web.rendering import page_of, render
from handoff.web.settings_pages import Admin
from kb.errors import Stale

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Topic = Annotated[Words, Query(max_length=200)]
Typed = Annotated[Words, Form(max_length=2000)]


@router.get("/settings/topics")
async def look(request: Request, it: It, person: Admin, done: Literal["", "saved", "gone"] = "") -> Response:
    """Every topic."""
    view = await it.read(topic_changes.overview)
    return render(request, "settings/topics.html", person=person, view=view, done=done)


@router.get("/settings/topics/one")
async def one(request: Request, it: It, person: Admin, topic: Topic = "") -> Response:
    """One topic, to give another name."""
    return await _page(request, it, person, topic, page_of(request).known("topic", topic))


async def _page(
    request: Request, it: State, person: Person, topic: str, name: str, *, error: str = "", merges: bool = False
) -> Response:
    found = await it.read(topic_changes.listed, topic)
    return render(
        request,
        "settings/topic.html",
        status=409 if merges else 422 if error else 200,
        person=person,
        found=found,
        name=name,
        error=error,
        merges=merges,
    )


@router.post("/settings/topics/one")
async def rename(
    request: Request, it: It, person: Admin, topic: Typed = "", name: Typed = "", merge: Typed = ""
) -> Response:
    """Give the topic that name everywhere; where there is one of that name, making them one is asked for first."""
    page = page_of(request)
    called = {page.known("topic", one): one for one in await it.read(topics.topics)}
    name = called.get(name.strip(), name.strip())  # as it is called on this page
    try:
        done = await it.write(topic_changes.rename, topic, name, merge=merge == name != "", by=person.email)
    except Wrong as wrong:
        error = page.t(f"topics.wrong_{wrong.errors['name']}", limit=MAX_TOPIC)
        return await _page(request, it, person, topic, name, error=error)
    except Merges:
        return await _page(request, it, person, topic, name, merges=True)
    except Stale:
        return await _page(request, it, person, topic, page.known("topic", name), error=page.t("topics.stale"))
    except NotFound:  # sent twice, or a colleague was first
        return RedirectResponse("/settings/topics?done=gone", 303)
    await _tell(it, done.waiting)
    return RedirectResponse("/settings/topics?done=saved", 303)


async def _tell(it: State, waiting: list[str]) -> None:
    """Let the knowledge base, the desks and who waits follow, after the commit."""
    await it.kb_changed()
    for conversation_id in waiting:
        it.changed(conversation_id)
    it.bus.publish("queue", "")
