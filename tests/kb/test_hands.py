"""What an editor's hand does: split, merge, move, title. Nothing lost, counts right, undone, and respected."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, col

from kb import backlog, decisions, hands, known
from kb.base import Base
from kb.errors import Invalid, KbError, NotFound, Stale
from kb.grouping import Floats, Groups
from kb.models import Question, QuestionGroup

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
WIDTH = 16


def vector_of(number: int, noise: int = 0) -> Floats:
    """A direction of its own for every `number`, a little moved."""
    vector = np.zeros(WIDTH, np.float32)
    vector[number % WIDTH] = 1
    vector += 0.05 * np.random.default_rng(noise).standard_normal(WIDTH).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def put(session: Session, number: int, meaning: int, topic: str | None = None) -> Question:
    """A question that comes in."""
    prepared = backlog.Prepared(f"vraag nummer {number}", "nl", vector_of(meaning, number), 0.1, 0.1)
    return backlog.record(
        session, prepared, conversation_id=f"c{number}", seq=1, language="nl", reason="unknown", evidence={},
        at=AT + timedelta(minutes=number), topic=topic,
    )  # fmt: skip


def ids_of(session: Session, group: int | QuestionGroup | None) -> list[int]:
    number = group.id if isinstance(group, QuestionGroup) else group
    return sorted(q.id or 0 for q in backlog.questions(session, number or 0))


def three(session: Session) -> list[int]:
    """Groups of three, two and one question."""
    found = [put(session, n, m, t).group_id for n, (m, t) in enumerate(
        [(1, "a"), (1, "a"), (1, "b"), (2, "b"), (2, "b"), (3, None)]
    )]  # fmt: skip
    return list(dict.fromkeys(found))


def check(session: Session) -> None:
    """Everything that must hold of the backlog, whatever hands did."""
    every = list(session.scalars(select(Question)))
    groups = {g.id: g for g in session.scalars(select(QuestionGroup))}
    for group in groups.values():
        members = [q for q in every if q.group_id == group.id]
        assert group.count == len(members)
        assert (group.status == "open") == bool(members)
        if members:
            assert (group.first_at, group.last_at) == (min(q.at for q in members), max(q.at for q in members))
            assert group.title_set or group.title in [q.text for q in members]
            middle = np.mean([np.frombuffer(q.vector, np.float16).astype(np.float32) for q in members], axis=0)
            assert np.frombuffer(group.centroid, np.float16) == pytest.approx(middle, abs=2e-3)
            topics = [q.topic for q in members if q.topic]
            assert (group.topic is None) == (not topics)
            assert group.topic is None or topics.count(group.topic) == max(map(topics.count, topics))
        else:
            assert group.status == "merged"
            assert group.merged
    assert all(q.group_id in groups for q in every)


def test_split_makes_two_groups_and_merge_puts_them_back(session: Session) -> None:
    first, *_ = three(session)
    whole = ids_of(session, first)
    group = backlog.get_group(session, first)
    group.cause_id = 7
    new = hands.split(session, first, whole[1:], "e", if_revision=group.revision)
    assert (ids_of(session, first), ids_of(session, new)) == (whole[:1], whole[1:])
    assert (group.count, new.count, new.cause_id, group.topic, new.language) == (1, 2, 7, "a", "nl")
    assert {q.placed for q in backlog.questions(session, new.id or 0)} == {True}
    check(session)
    back = hands.merge(session, first, [new.id or 0], "e")
    assert (ids_of(session, back), new.status, new.merged) == (whole, "merged", {"into": first, "questions": whole[1:]})
    check(session)


def test_later_arrivals_go_to_the_nearer_part(session: Session) -> None:
    first = put(session, 1, 1).group_id
    near_two = hands.move(session, [put(session, 2, 2).id or 0], first, "e")
    new = hands.split(session, near_two.id or 0, [ids_of(session, first)[1]], "e")
    assert put(session, 3, 1).group_id == first
    assert put(session, 4, 2).group_id == new.id
    check(session)


def test_after_a_merge_both_kinds_come_there(session: Session) -> None:
    one, two, three_ = three(session)
    hands.merge(session, one, [two, three_], "e")
    assert {put(session, 10 + m, m).group_id for m in (1, 2, 3)} == {one}
    check(session)


def test_a_merged_group_gets_back_what_is_still_there(session: Session) -> None:
    one, two, other = three(session)
    was = ids_of(session, two)
    hands.set_title(session, two, "Mijn titel", "e")
    hands.merge(session, one, [two], "e")
    with pytest.raises(Stale):
        hands.merge(session, other, [two], "e")
    hands.move(session, was[:1], other, "e")
    assert decisions.reopen(session, two, "e").status == "open"  # the same as `unmerge`
    assert ids_of(session, two) == was[1:]
    assert (backlog.get_group(session, two).title, backlog.get_group(session, two).title_set) == ("Mijn titel", True)
    with pytest.raises(Invalid):
        hands.unmerge(session, two, "e")
    check(session)


def test_a_moved_question_stays_and_an_empty_group_is_merged(session: Session) -> None:
    one, two, other = three(session)
    lonely = ids_of(session, other)
    hands.move(session, lonely, one, "e")
    assert backlog.get_group(session, other).merged == {"into": one, "questions": lonely}
    assert put(session, 9, 3).group_id == one  # what was put there by hand draws what is like it
    revision = backlog.get_group(session, one).revision
    hands.move(session, lonely, one, "e")  # sent twice
    assert backlog.get_group(session, one).revision == revision
    hands.move(session, lonely, two, "e")
    assert ids_of(session, two)[-1:] == lonely
    check(session)


def test_an_editors_title_stays(session: Session) -> None:
    one, two, _ = three(session)
    hands.set_title(session, one, "  Pincode   weg? ", "e")
    put(session, 8, 1)
    hands.merge(session, one, [two], "e")
    assert (backlog.get_group(session, one).title, backlog.get_group(session, one).count) == ("Pincode weg?", 6)
    assert hands.set_title(session, one, "", "e").title.startswith("vraag nummer")
    for wrong in ("x" * 301, "de pin is [pin]"):
        with pytest.raises(Invalid):
            hands.set_title(session, one, wrong, "e")
    check(session)


def test_what_cannot_be_done_is_said(session: Session) -> None:
    one, two, _ = three(session)
    here, there = ids_of(session, one), ids_of(session, two)
    for wrong, error in (
        (lambda: hands.split(session, one, [], "e"), Invalid),
        (lambda: hands.split(session, one, here, "e"), Invalid),
        (lambda: hands.split(session, one, [here[0], there[0]], "e"), Invalid),
        (lambda: hands.split(session, one, [here[0], 10**6], "e"), Invalid),
        (lambda: hands.split(session, 10**6, here[:1], "e"), NotFound),
        (lambda: hands.split(session, one, here[:1], "e", if_revision=1), Stale),
        (lambda: hands.split(session, one, list(range(6000)), "e"), Invalid),
        (lambda: hands.merge(session, one, [one], "e"), Invalid),
        (lambda: hands.merge(session, one, [10**6], "e"), NotFound),
        (lambda: hands.move(session, [10**6], one, "e"), NotFound),
        (lambda: hands.move(session, [], one, "e"), Invalid),
        (lambda: hands.unmerge(session, one, "e"), Invalid),
        (lambda: hands.suggested_split(session, 10**6), NotFound),
    ):
        with pytest.raises(error):
            wrong()
    decisions.dismiss(session, two, why="grap", by="e")
    for decided in (
        lambda: hands.merge(session, one, [two], "e"),
        lambda: hands.move(session, there[:1], one, "e"),
        lambda: hands.set_title(session, two, "x", "e"),
    ):
        with pytest.raises(Stale):
            decided()
    session.expire_all()
    assert (ids_of(session, one), ids_of(session, two)) == (here, there)


def test_the_suggested_halves_are_those_most_apart(session: Session, demo: Base) -> None:
    texts = [
        "hoeveel saldo staat er nog op mijn cadeaukaart",
        "wat is het saldo van mijn cadeaubon",
        "saldo cadeaukaart bekijken",
        "hoe lang is een cadeaukaart geldig",
        "tot wanneer is mijn cadeaubon geldig",
    ]
    group_id = 0
    for number, text in enumerate(texts):
        prepared = backlog.prepare(demo, text, "nl")
        question = backlog.record(
            session, prepared, conversation_id=f"c{number}", seq=1, language="nl", reason="unknown", evidence={}, at=AT
        )
        group_id = group_id or question.group_id
        if question.group_id != group_id:
            hands.move(session, [question.id or 0], group_id, "e")
    halves = hands.suggested_split(session, group_id)
    assert halves is not None
    named = {q.id: q.text for q in backlog.questions(session, group_id)}
    assert [{named[i] for i in half} for half in halves] == [set(texts[:3]), set(texts[3:])]
    hands.split(session, group_id, halves[1], "e")
    assert hands.suggested_split(session, put(session, 99, 5).group_id) is None  # one question


def test_what_is_the_same_cannot_be_parted(session: Session) -> None:
    for number in range(3):
        prepared = backlog.Prepared("zelfde", "nl", vector_of(1), 0.1, 0.1)
        group_id = backlog.record(
            session, prepared, conversation_id=f"c{number}", seq=1, language="nl", reason="x", evidence={}, at=AT
        ).group_id
    assert hands.suggested_split(session, group_id) is None


@pytest.fixture(scope="module")
def plain() -> Iterator[Engine]:
    """A database in memory, for what is tried many times."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


STEP = st.tuples(
    st.sampled_from(["put", "put", "split", "merge", "unmerge", "move", "title"]),
    st.integers(0, 5),
    st.lists(st.integers(0, 11), min_size=1, max_size=4),
)


def act(session: Session, what: str, one: int, some: list[int], number: int) -> None:
    groups = [g or 0 for g in session.scalars(select(col(QuestionGroup.id)).order_by(col(QuestionGroup.id)))]
    asked = [q or 0 for q in session.scalars(select(col(Question.id)).order_by(col(Question.id)))]
    if what == "put" or not groups:
        put(session, number, one, [None, "a", "b"][some[0] % 3])
        return
    target = groups[one % len(groups)]
    chosen = [asked[i % len(asked)] for i in some]
    steps: dict[str, Any] = {
        "split": lambda: hands.split(session, target, [i for i in ids_of(session, target) if i % 2], "e"),
        "merge": lambda: hands.merge(session, target, [groups[i % len(groups)] for i in some], "e"),
        "unmerge": lambda: hands.unmerge(session, target, "e"),
        "move": lambda: hands.move(session, chosen, target, "e"),
        "title": lambda: hands.set_title(session, target, "titel" if some[0] % 2 else "", "e"),
    }
    steps[what]()


def in_memory(groups: Groups) -> dict[int, tuple[int, list[float]]]:
    zero = np.zeros(WIDTH, np.float32)
    return {i: (groups._known[i].by_hand, groups.middle_with(i, zero).round(3).tolist()) for i in groups._known}


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEP, min_size=4, max_size=14))
def test_nothing_is_lost_and_counts_are_right(plain: Engine, steps: list[tuple[str, int, list[int]]]) -> None:
    with Session(plain) as session:
        came = 0
        for number, (what, one, some) in enumerate(steps):
            before = session.execute(select(col(Question.id))).all()
            with session.begin_nested() as point:
                try:
                    act(session, what, one, some, number)
                except KbError:
                    point.rollback()
            came = len(session.execute(select(col(Question.id))).all())
            assert came >= len(before)
            session.expire_all()
            check(session)
        followed = known._following(session, WIDTH).groups
        fresh = known.Known()
        known._follow(session, fresh, WIDTH)
        assert in_memory(followed).keys() == in_memory(fresh.groups).keys()
        for group_id, (by_hand, middle) in in_memory(fresh.groups).items():
            assert in_memory(followed)[group_id] == (by_hand, pytest.approx(middle, abs=2e-3))
        session.rollback()
