"""A question group's form: what stands in its fields, and the page around it."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from handoff.approving import Foreseen
from handoff.incoming import Words
from handoff.models import Person
from handoff.state import State
from handoff.web.entry_pages import said_wrong
from handoff.web.group_view import GroupView, central, group_view
from handoff.web.languages import Language
from handoff.web.rendering import page_of, render
from handoff.web.whatif_view import named
from kb.errors import Invalid, KbError, Stale
from kb.group_drafts import GroupDraft, tidied

Done = Literal[
    "", "approved", "merged", "dismissed", "reopened", "asked", "reverted", "unasked", "forgotten",
    "titled", "split", "moved", "joined", "unmerged",
]  # fmt: skip


@dataclass(frozen=True)
class GroupForm:
    """What stands in the fields. `merge_into` is the key of an entry that the questions are added to.

    `given` are the words that the page came with, so that looking at it makes no draft; `seen` the moment of the draft
    that it showed, `sure` the mark of what an editor saw that would change for the worse.
    """

    question: str
    language: str
    topic: str = ""
    answer: str = ""
    merge_into: str = ""
    why: str = ""
    word: str = ""
    given: str = ""
    seen: str = ""
    sure: str = ""
    revision: int | None = field(default=None, compare=False)

    @property
    def draft(self) -> GroupDraft:
        """The fields as a draft, nobody's yet."""
        return GroupDraft(self.question, self.answer, self.language, self.topic, self.merge_into)

    @property
    def touched(self) -> bool:
        """Whether somebody changed what the page came with. Invalid where a field is too long."""
        return not self.given or mark_of(self.draft) != self.given


def mark_of(draft: GroupDraft) -> str:
    """A mark of a draft's words. Invalid where a part is too long."""
    return hashlib.sha256("\n".join(tidied(draft).words).encode()).hexdigest()[:16]


def sent_form(
    language: Annotated[Language, Form()],
    answer: Annotated[Words, Form()] = "",
    question: Annotated[Words, Form()] = "",
    topic: Annotated[Words, Form()] = "",
    merge_into: Annotated[Words, Form()] = "",
    given: Annotated[Words, Form()] = "",
    seen: Annotated[Words, Form()] = "",
    sure: Annotated[Words, Form()] = "",
    revision: Annotated[int | None, Form()] = None,
) -> GroupForm:
    """What came in the fields."""
    return GroupForm(question, language, topic, answer, merge_into, "", "", given, seen, sure, revision)


Sent = Annotated[GroupForm, Depends(sent_form)]


async def begun(it: State, view: GroupView) -> GroupForm:
    """The form to begin with: the draft that is kept, else what an agent proposed, else what agents answered."""
    kept = view.draft
    topic = next((q.topic for q in view.questions if q.topic), "")
    form = GroupForm(view.group.title, view.group.language, topic)
    if kept is not None:
        form = GroupForm(kept.question, kept.language, kept.topic, kept.answer, kept.merge_into, seen=kept.at)
    elif view.group.status == "open" and view.proposals:
        form = GroupForm(view.proposals[0].question, view.group.language, topic, view.proposals[0].answer)
    elif view.group.status == "open" and view.replies:
        answer = await it.compute(central, it.base, view.replies, view.group.language)
        form = GroupForm(view.group.title, view.group.language, topic, answer)
    return form


async def group_page(
    request: Request,
    it: State,
    person: Person,
    group_id: int,
    form: GroupForm | None = None,
    *,
    status: int = 200,
    stale: bool = False,
    error: str = "",
    worse: Foreseen | None = None,
    done: str = "",
    other: int | None = None,
) -> Response:
    """The page of a group as it is now, with `form` in its fields. NotFound.

    `stale` where somebody changed the group since the form was read; `error` says what is wrong with the form, `worse`
    what would change for the worse if it were approved; `other` is the other group of what was just `done`.
    """
    it.watch.wanted.set()
    view = await it.read(group_view, it.base, group_id)
    shown = form or await begun(it, view)
    if not shown.given:
        shown = _given(shown)
    return render(
        request,
        "review/group.html",
        status=status,
        person=person,
        view=view,
        form=shown,
        stale=stale,
        error=error,
        worse=worse,
        named=await it.read(named, [worse] if worse else []),
        done=done,
        other=other,
    )


async def again(
    request: Request, it: State, person: Person, group_id: int, form: GroupForm, error: KbError
) -> Response:
    """The group as it is now, with what was typed, and what is the matter."""
    if isinstance(error, Stale):
        return await group_page(request, it, person, group_id, form, status=412, stale=True)
    status, words = said_wrong(page_of(request), error)
    return await group_page(request, it, person, group_id, form, status=status, error=words)


def _given(form: GroupForm) -> GroupForm:
    try:
        return replace(form, given=mark_of(form.draft))
    except Invalid:  # what an agent proposed is longer than an entry may be: the editor shortens it
        return form
