"""Drafts of question groups: kept for a colleague, approved by one or by two, taken back; and the log beside them."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from handoff import approving, conversations, group_model, logged
from handoff.db import writing
from handoff.drafting import NoDraft
from handoff.models import Message
from handoff.state import State
from kb import backlog, decisions, group_drafts
from kb.drafts import EntryDraft
from kb.entries import change_entry, create_entry, get_entry, phrasings_of
from kb.errors import Invalid, NotFound, Stale
from kb.fates import Asked, Fate, Outcome, Preview
from kb.group_drafts import ASKED, GroupDraft, draft_of
from kb.models import Question, QuestionGroup

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ELS, ADA = "els@shop.example", "ada@shop.example"
DRAFT = GroupDraft("Mag mijn hond mee?", "Ja, aan de lijn.", "nl", "stores")


def group_of(session: Session, *texts: str, reply: str = "") -> QuestionGroup:
    """A group of these questions, with vectors that no encoder made."""
    group = QuestionGroup(title=texts[0], language="nl", centroid=b"\x00" * 768, first_at=AT, last_at=AT)
    session.add(group)
    session.flush()
    for i, text in enumerate(texts):
        session.add(
            Question(
                conversation_id=f"c{group.id}-{i}", seq=1, text=text, language="nl", reason="unknown", evidence={},
                vector=b"\x00" * 768, group_id=group.id or 0, at=AT, reply=reply or None,
            )
        )  # fmt: skip
    group.count = len(texts)
    session.flush()
    return group


def test_a_draft_is_kept_with_its_group(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee")
    kept = group_drafts.keep(session, group.id or 0, DRAFT, by=ELS)
    session.expire_all()
    found = draft_of(backlog.get_group(session, group.id or 0))
    assert found == kept
    assert (found.words, found.by, found.state) == (DRAFT.words, ELS, "")
    assert group_drafts.keep(session, group.id or 0, DRAFT, by=ADA, seen="") == kept  # the same words are still hers


def test_newer_words_of_a_colleague_stay(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    first = group_drafts.keep(session, group, DRAFT, by=ELS)
    other = replace(DRAFT, answer="Nee.")
    for seen in ("", "2001-01-01"):
        with pytest.raises(Stale, match=ELS):
            group_drafts.keep(session, group, other, by=ADA, seen=seen)
    assert group_drafts.keep(session, group, other, by=ADA, seen=first.at).by == ADA
    again = group_drafts.keep(session, group, DRAFT, by=ADA, seen="2001-01-01")  # her own words she may write over
    assert again.answer == DRAFT.answer


def test_words_that_are_typed_back_are_kept_again(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    assert group_drafts.keep_again(session, group, DRAFT, by=ELS, seen="") is None  # looking makes no draft
    first = group_drafts.keep(session, group, replace(DRAFT, answer="Nee."), by=ELS)
    assert group_drafts.keep_again(session, group, DRAFT, by=ELS, seen="2001-01-01") is None  # of another tab
    again = group_drafts.keep_again(session, group, DRAFT, by=ELS, seen=first.at)
    assert again is not None
    assert draft_of(backlog.get_group(session, group)) == again
    assert group_drafts.keep_again(session, group, DRAFT, by=ELS, seen=again.at) is None


def test_a_draft_that_comes_with_its_approval_does_not_undo_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(engine) as session:
        group = group_of(session, "mag mijn hond mee").id or 0

    def type_on() -> None:
        with suppress(Stale), writing(engine) as other:
            group_drafts.keep(other, group, replace(DRAFT, answer="Ja!"), by=ELS)

    typing, real = threading.Thread(target=type_on), group_drafts.draft_of

    def read(found: QuestionGroup) -> GroupDraft | None:
        time.sleep(0.5)  # the approval is done meanwhile, or it waits
        return real(found)

    monkeypatch.setattr(group_drafts, "draft_of", read)
    typing.start()
    time.sleep(0.2)
    with writing(engine) as session:
        approving.approve(session, group, DRAFT, by=ELS)
    typing.join()
    with writing(engine) as session:
        decisions.revert(session, group, ELS)  # what it takes to go back is still known


def test_what_is_no_draft_is_none(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee")
    for odd in (None, {}, {"by": ""}, {"undo": {"created": True}}, {"answer": "x"}):
        group.draft = odd
        assert draft_of(group) is None
    group.draft = {"by": ELS, "answer": 7, "colour": "red", "question": "Vraag?"}
    assert draft_of(group) == GroupDraft(question="Vraag?", by=ELS)
    group_drafts.forget(session, group.id or 0)
    assert group.draft is None


@pytest.mark.parametrize("bad", [{"question": "x" * 301}, {"answer": "x" * 8001}, {"topic": "x" * 81}])
def test_too_long_words_are_refused(session: Session, bad: dict[str, str]) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    with pytest.raises(Invalid, match="longer"):
        group_drafts.keep(session, group, replace(DRAFT, **bad), by=ELS)
    with pytest.raises(NotFound):
        group_drafts.keep(session, 10**6, DRAFT, by=ELS)


def test_a_decided_group_takes_no_draft(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    approving.approve(session, group, DRAFT, by=ELS)
    for act in (lambda: group_drafts.keep(session, group, DRAFT, by=ELS), lambda: group_drafts.forget(session, group)):
        with pytest.raises(Stale):
            act()


def test_an_approval_is_taken_back_in_one_go(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee", "hond mee naar binnen?")
    number = group.id or 0
    group_drafts.keep(session, number, DRAFT, by=ELS)
    entry = approving.approve(session, number, DRAFT, by=ELS)
    assert entry is not None
    assert phrasings_of(session, entry) == ["hond mee naar binnen?"]  # the other is its question
    decisions.revert(session, number, ADA)
    assert (group.status, group.entry_key, group.decided_by) == ("open", None, ADA)
    assert get_entry(session, entry.key, "nl").status == "withdrawn"
    kept = draft_of(group)
    assert kept is not None
    assert kept.answer == DRAFT.answer
    with pytest.raises(Stale):
        decisions.revert(session, number, ADA)
    assert approving.approve(session, number, DRAFT, by=ELS) is not None  # and again


def test_taking_back_what_was_added_leaves_what_others_changed(session: Session) -> None:
    create_entry(session, EntryDraft(key="dogs", question="Honden?", answer="Ja.", phrasings=["hond"]), ELS)
    group = group_of(session, "mag mijn hond mee").id or 0
    wanted = replace(DRAFT, answer="Ja, aan de lijn.", merge_into="dogs")
    approving.approve(session, group, wanted, by=ELS)
    entry = get_entry(session, "dogs", "nl")
    assert (entry.answer, phrasings_of(session, entry)) == ("Ja, aan de lijn.", ["hond", "mag mijn hond mee"])
    later = {"answer": "Alleen kleine.", "phrasings": ["hond", "mag mijn hond mee", "poes"]}
    change_entry(session, "dogs", "nl", later, None, ADA)
    decisions.revert(session, group, ELS)
    assert (entry.answer, phrasings_of(session, entry), entry.status) == ("Alleen kleine.", ["hond", "poes"], "live")


def test_an_entry_that_others_were_added_to_stays(session: Session) -> None:
    first, second = group_of(session, "mag mijn hond mee"), group_of(session, "en mijn kat")
    entry = approving.approve(session, first.id or 0, DRAFT, by=ELS)
    assert entry is not None
    approving.approve(session, second.id or 0, GroupDraft(language="nl", merge_into=entry.key), by=ELS)
    with pytest.raises(Invalid, match="other questions"):
        decisions.revert(session, first.id or 0, ELS)
    decisions.revert(session, second.id or 0, ELS)
    decisions.revert(session, first.id or 0, ELS)
    assert get_entry(session, entry.key, "nl").status == "withdrawn"


def _state(session: Session, group_id: int) -> tuple[str, str]:
    group = backlog.get_group(session, group_id)
    kept = draft_of(group)
    return group.status, kept.state if kept else "none"


def test_two_pairs_of_eyes(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    approving.change_four_eyes(session, True, revision=0, by=ADA)
    for _ in range(2):
        assert approving.approve(session, group, DRAFT, by=ELS) is None
    assert _state(session, group) == ("open", ASKED)
    approving.take_back(session, group, ELS)
    assert _state(session, group) == ("open", "")
    assert approving.approve(session, group, DRAFT, by=ELS) is None
    entry = approving.approve(session, group, DRAFT, by=ADA)
    assert entry is not None
    assert backlog.get_group(session, group).decided_by == ADA


def test_nobody_is_asked_for_what_cannot_be(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    approving.change_four_eyes(session, True, revision=0, by=ADA)
    for bad, error in ((replace(DRAFT, answer=" "), Invalid), (replace(DRAFT, merge_into="nowhere"), NotFound)):
        with pytest.raises(error):
            approving.approve(session, group, bad, by=ELS)
    with pytest.raises(Stale):
        approving.approve(session, group, DRAFT, by=ELS, if_revision=99)
    assert draft_of(backlog.get_group(session, group)) is None


def test_a_colleague_who_changes_a_word_needs_a_second_too(session: Session) -> None:
    group = group_of(session, "mag mijn hond mee").id or 0
    approving.change_four_eyes(session, True, revision=0, by=ADA)
    approving.approve(session, group, DRAFT, by=ELS)
    assert approving.approve(session, group, replace(DRAFT, answer="Nee."), by=ADA) is None
    kept = draft_of(backlog.get_group(session, group))
    assert kept is not None
    assert (kept.by, kept.state) == (ADA, ASKED)
    assert approving.approve(session, group, replace(DRAFT, answer="Nee."), by=ELS) is not None


def _asked(session: Session, text: str, data: dict[str, Any] | None) -> str:
    conversation = conversations.start(session, language="nl")[0]
    row = conversations.add(session, conversation, "customer", "text", text)
    row.data = data
    session.flush()
    return f"message {row.id}"


def test_the_log_has_what_was_answered_and_what_is_open(session: Session) -> None:
    given = {"act": "answer", "evidence": {"verdict": "answer"}, "asked": "hoi\nmag mijn hond mee"}
    first = _asked(session, "mag mijn hond mee", given)
    hidden = _asked(session, "geheim", given)
    _asked(session, "dag", {"act": "say", "evidence": {"verdict": "off_topic"}})
    _asked(session, "nog niets", None)
    row = session.exec(select(Message).where(Message.text == "geheim")).one()
    row.hidden_at = row.at
    session.flush()
    found, seen = logged.answered(session, 0)
    assert [(one.id, one.text, one.group) for one in found] == [(first, given["asked"], None)]
    assert seen == 0  # all too young to be read for the last time
    assert logged.hidden_since(session, row.at - timedelta(seconds=1)) == [hidden]
    open_one, done = group_of(session, "mag mijn hond mee"), group_of(session, "en mijn kat")
    approving.approve(session, done.id or 0, DRAFT, by=ELS)
    assert [(one.text, one.group) for one in logged.backlog_asked(session)] == [("mag mijn hond mee", open_one.id)]


async def test_the_log_does_not_grow_with_the_traffic(it: State, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"act": "answer", "evidence": {"verdict": "answer"}}
    monkeypatch.setattr(logged, "MOST", 3)
    monkeypatch.setattr(logged, "FRESH", timedelta())
    for number in range(4):
        for text in ("een", "twee"):
            await it.write(_asked, f"vraag {text} {number}", given)
        known = await logged.brought_up(it)
    assert sorted(one.text for one in known._asked.values()) == ["vraag een 3", "vraag twee 2", "vraag twee 3"]


def test_the_model_gets_no_secret(session: Session) -> None:
    said = "Mail jan@voorbeeld.example een foto."
    group = group_of(session, "mijn kaart 6036281234567890123 doet het niet", reply=said)
    (task, content) = group_model.prompt(session, group.id or 0)
    assert "6036281234567890123" not in content["content"]
    assert "jan@voorbeeld.example" not in content["content"]
    assert "Dutch" in task["content"]
    with pytest.raises(NoDraft):
        group_model.prompt(session, group_of(session, "niemand zei iets").id or 0)


def test_the_setting_is_off_until_somebody_sets_it(session: Session) -> None:
    check: Callable[[Session], bool] = approving.four_eyes
    assert not check(session)
    approving.change_four_eyes(session, True, revision=0, by=ADA)
    assert check(session)


async def test_a_question_that_the_entry_loses_is_for_the_worse(it: State, monkeypatch: pytest.MonkeyPatch) -> None:
    group = await it.write(lambda session: group_of(session, "is de winkel open op zondag").id or 0)
    before, after = Outcome(("store-hours",), 0.9, "answer"), Outcome((), 0.4, "unknown")
    lost = Fate(Asked("message 1", "tot hoe laat", "nl"), before, after)
    seen = Preview((), (), (lost,), 1, 1)
    monkeypatch.setattr(approving, "_foreseen", lambda *_: (seen, Outcome((), 0.0, "unknown")))
    found = await approving.foresee(it, group, GroupDraft(language="nl", merge_into="store-hours"))
    assert found.preview.changed == (lost,)
    assert found.mark
