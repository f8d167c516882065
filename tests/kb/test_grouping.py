"""Which group a question joins: alike above what is common, no chains, hands respected, the same in every process."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, select
from sqlmodel import Session, col

from bench.grouping_speed import placing_on
from handoff.db import make_engine
from kb import backlog, decisions, describing, hands, known
from kb.base import Base
from kb.grouping import COMMON, JOIN, Asked, Floats, Groups, common_of, probability, same
from kb.models import Question, QuestionGroup
from kb.snapshot import AGENTS
from tests.pace import slowness

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
SPREAD = 0.1
WIDTH = 64
STEPS = st.sampled_from(["put", "add", "add", "drop"])
PIN = [
    "ik heb de helft van de pincode van mijn cadeaukaart weggekrast",
    "pincode van de cadeaubon is niet meer leesbaar door krassen",
    "te hard gekrast op mijn cadeaubon, nu zie ik de pin niet meer",
    "de code op mijn cadeaukaart is onleesbaar geworden bij het openkrassen",
    "i scratched off half the pin of my gift card",
]
OTHERS = [
    "kan ik een cadeaubon online kopen",
    "mag mijn hond mee in de winkel",
    "where is my parcel",
    "hoeveel saldo staat er nog op mijn cadeaukaart",
]


def axis(number: int, *more: tuple[int, float]) -> Floats:
    """A unit vector along one direction, with something of others."""
    vector = np.zeros(WIDTH, np.float32)
    vector[number] = 1
    for other, share in more:
        vector[other] += share
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def asks(vector: Floats, language: str = "nl", common: float = 0.1) -> Asked:
    return Asked(vector, language, SPREAD, common)


def filled(*members: Sequence[Floats], by_hand: bool = False, family: int | None = None) -> Groups:
    """Groups 1, 2 … with these questions."""
    groups = Groups(WIDTH)
    for number, vectors in enumerate(members, 1):
        groups.put(number, family, by_hand)
        for vector in vectors:
            groups.add(number, vector, "nl")
    return groups


@pytest.mark.parametrize("seed", range(4))
def test_what_means_the_same_meets_in_any_order(session: Session, demo: Base, seed: int) -> None:
    for number in random.Random(seed).sample(range(len(PIN + OTHERS)), len(PIN + OTHERS)):
        text = [*PIN, *OTHERS][number]
        prepared = backlog.prepare(demo, text, "en" if " my " in text else "nl")
        backlog.record(
            session, prepared, conversation_id=f"c{number}", seq=1, language=prepared.language, reason="unknown",
            evidence={}, at=AT,
        )  # fmt: skip
    groups = {q.text: q.group_id for q in session.scalars(select(Question))}
    pins, others = {groups[text] for text in PIN}, {groups[text] for text in OTHERS}
    assert (len(pins), len(others), pins & others) == (1, len(OTHERS), set())
    group = session.get_one(QuestionGroup, pins.pop())
    assert (group.count, group.status) == (len(PIN), "open")
    assert group.title in PIN
    assert sum(g.count for g in backlog.list_groups(session)) == len(PIN + OTHERS)


def test_what_all_questions_share_counts_for_nothing() -> None:
    about = (60, 0.8)  # a shop of one subject: any two questions have a cosine of .4
    groups = filled([axis(1, about)], [axis(2, about)])
    assert groups.place(asks(axis(3, about), common=0.4)).group is None
    assert groups.place(asks(axis(3, about), common=0.1)).group is not None
    assert groups.place(asks(axis(2, about, (9, 0.3)), common=0.4)).group == 2


def test_what_is_common_is_learned_from_the_groups() -> None:
    about = (60, 0.8)
    groups = Groups(WIDTH)
    for number in range(1, 60):
        groups.put(number)
        for more in (0.0, 0.1):
            groups.add(number, axis(number, about, (number + 1, more)), "nl")
    assert groups.common(asks(axis(1), common=0.0)) == pytest.approx(0.4 * 6900 / (6900 + 1000), abs=0.02)


def test_groups_do_not_grow_into_chains() -> None:
    steps = [np.cos(np.pi / 10 * i) * axis(0) + np.sin(np.pi / 10 * i) * axis(1) for i in range(11)]  # cosine .95 each
    groups = filled([steps[0]])
    for vector in steps[1:]:
        chosen = groups.place(asks(vector)).group or len(groups) + 1
        if chosen not in groups:
            groups.put(chosen)
        groups.add(chosen, vector, "nl")
    assert len(groups) > 1  # the last is the opposite of the first


def test_between_languages_a_little_less_will_do() -> None:
    # The cosine that lies between the two limits.
    limit = next(x for x in np.arange(0, 1, 0.001) if probability((x - 0.1) / SPREAD, 1) >= JOIN)
    near = float(limit - 0.02)
    vector = np.asarray(near * axis(1) + np.sqrt(1 - near**2) * axis(2), np.float32)
    groups = filled([axis(1)])
    assert groups.place(asks(vector, "nl")).group is None
    assert groups.place(asks(vector, "en")).group == 1
    assert same(asks(vector, common=0.0), axis(1))
    assert not same(Asked(axis(2), "nl", SPREAD), axis(1))


def test_in_a_group_put_together_by_hand_either_part_is_joined() -> None:
    parts = [axis(1, (9, 0.1 * i)) for i in range(8)] + [axis(2, (9, 0.1 * i)) for i in range(8)]
    of_second = asks(axis(2, (9, 0.35), (3, 1.4)))
    assert filled(parts).place(of_second).group is None
    assert filled(parts, by_hand=True).place(of_second).group == 1


def test_what_would_have_joined_the_whole_goes_to_the_nearer_part() -> None:
    left, right = [axis(1, (5, 0.3)), axis(1, (6, 0.3))], [axis(2, (5, 0.3)), axis(2, (6, 0.3))]
    between = asks(np.asarray(axis(1, (2, 0.9), (7, 2.6)), np.float32), common=0.0)
    whole = filled([*left, *right])
    limit = whole.place(between).group
    parted = filled(left, right, family=1)
    assert (limit, parted.place(between).group) == (1, 1)
    assert filled(left, right, family=1).place(asks(axis(30))).group is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(1, 90), st.integers(0, 2**32 - 1)), max_size=160))
def test_sums_are_what_was_put_in(steps: list[tuple[str, int, int]]) -> None:
    groups, plain = Groups(WIDTH), dict[int, list[Floats]]()
    for what, number, seed in steps:
        if what == "drop" or (what == "put" and number in plain):
            groups.drop(number)
            plain.pop(number, None)
        elif what == "put":
            groups.put(number)
            plain[number] = []
        elif number in plain:
            vector = np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
            vector /= np.linalg.norm(vector)
            groups.add(number, vector, "nl")
            plain[number].append(vector)
    one = asks(axis(0), common=0.25)
    assert len(groups) == len(plain)
    products = [
        float(a @ b)
        for x, y in itertools.permutations(plain.values(), 2)
        for a, b in itertools.product(x, y)
    ]
    wanted = (sum(products) + 2000 * 0.25) / (len(products) + 2000)
    assert groups.common(one) == pytest.approx(wanted, abs=1e-4)
    for number, vectors in plain.items():
        middle = np.mean([*vectors, one.vector], axis=0)
        assert groups.middle_with(number, one.vector) == pytest.approx(middle, abs=1e-5)


def test_the_knowledge_base_says_what_is_common(demo: Base, empty: Base) -> None:
    found = common_of(demo.snapshot.views[AGENTS].index)
    assert found is not None
    assert found / demo.spread == pytest.approx(COMMON, abs=0.4)
    assert common_of(empty.snapshot.views[AGENTS].index) is None


@pytest.mark.parametrize(
    ("texts", "best"),
    [
        (["pin weg", "de pin van mijn bon is weg", "x" * 200], 1),
        (["de pin [pin] van mijn bon is weg", "pin weg"], 1),
        (["[pin]"], 0),
        (["", "?"], 0),
    ],
)
def test_a_title_is_a_sentence_without_a_secret(texts: list[str], best: int) -> None:
    assert describing.central_of(texts, [axis(i) for i in range(len(texts))]) == best


def test_the_most_central_question_is_the_title() -> None:
    vectors = [axis(1, (2, 2.0)), axis(1, (2, 0.1)), axis(1, (3, 2.0))]
    assert describing.central_of(["een twee drie", "vier vijf zes", "zeven acht negen"], vectors) == 1


def test_two_small_groups_meet_when_a_question_shows_that_they_mean_the_same() -> None:
    apart = filled([axis(1, (2, 0.25))], [axis(1, (3, 0.25), (4, 1.2))])
    assert apart.place(asks(axis(20))).other is None
    brought = apart.place(asks(axis(1, (4, 0.5)), common=0.3))
    assert {brought.group, brought.other} == {1, 2}
    large = filled([axis(1, (2, 0.25))] * 5, [axis(1, (3, 0.25), (4, 1.2))] * 5)
    assert large.place(asks(axis(1, (4, 0.5)), common=0.3)).other is None
    for touched in (filled([axis(1, (2, 0.25))], [axis(1, (3, 0.25), (4, 1.2))], by_hand=True),
                    filled([axis(1, (2, 0.25))], [axis(1, (3, 0.25), (4, 1.2))], family=1)):  # fmt: skip
        assert touched.place(asks(axis(1, (4, 0.5)), common=0.3)).other is None


# The database below; the vectors are made up, so that what joins is known.


def put(session: Session, number: int, vector: Floats, topic: str | None = None) -> Question:
    prepared = backlog.Prepared(f"vraag nummer {number}", "nl", vector, SPREAD, 0.1)
    return backlog.record(
        session, prepared, conversation_id=f"c{number}", seq=1, language="nl", reason="unknown", evidence={},
        at=AT + timedelta(minutes=number), topic=topic, page="/p",
    )  # fmt: skip


def other_process(engine: Engine) -> Engine:
    """The same database, with nothing in memory: as another process has it."""
    more = engine.dialect.create_connect_args(engine.url)[1]
    options = more.get("options")
    again = create_engine(engine.url, connect_args={"options": options} if options else {})
    with Session(engine) as session:  # the tests' PostgreSQL lives in a schema of its own
        if engine.dialect.name == "postgresql":
            path = session.connection().exec_driver_sql("SHOW search_path").scalar_one()
            again.dispose()
            again = create_engine(engine.url, connect_args={"options": f"-csearch_path={path}"})
    return again


def test_every_process_follows_what_others_do(engine: Engine) -> None:
    other = other_process(engine)
    with Session(engine) as one, Session(other) as two:
        first = put(one, 1, axis(1)).group_id
        one.commit()
        assert put(two, 2, axis(1, (9, 0.2))).group_id == first
        two.commit()
        second = put(two, 3, axis(2)).group_id
        two.commit()
        assert put(one, 4, axis(2, (9, 0.2))).group_id == second  # a group that this one has not seen yet
        one.commit()
        hands.merge(one, first, [second], "e")
        one.commit()
        assert put(two, 5, axis(2, (9, 0.1))).group_id == first
        two.commit()
        decisions.dismiss(two, first, why="grap", by="e")
        two.commit()
        fresh = put(one, 6, axis(1)).group_id
        assert fresh not in (first, second)
        one.commit()
        decisions.reopen(one, first, "e")
        decisions.dismiss(one, fresh, why="grap", by="e")
        one.commit()
        assert put(two, 7, axis(1)).group_id == first
        two.commit()
    other.dispose()


def test_many_questions_of_another_process_are_read_page_by_page(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_PAGE", 3)
    monkeypatch.setattr(known, "_LATE", known._LATE.limit(3))
    other = other_process(engine)
    with Session(engine) as one, Session(other) as two:
        put(one, 0, axis(0))
        one.commit()
        groups = [put(two, number, axis(number)).group_id for number in range(1, 9)]
        two.commit()
        assert [put(one, 10 + n, axis(n)).group_id for n in range(1, 9)] == groups
        one.commit()
    other.dispose()


def test_what_is_rolled_back_is_forgotten(engine: Engine) -> None:
    with Session(engine) as session:
        kept = put(session, 1, axis(1)).group_id
        session.commit()
        lost = put(session, 2, axis(2)).group_id
        put(session, 3, axis(1))
        hands.set_title(session, kept, "titel", "e")
        session.rollback()
        with session.begin_nested() as point:
            put(session, 4, axis(3))
            point.rollback()
        again = put(session, 5, axis(2))
        assert session.get_one(QuestionGroup, again.group_id).count == 1
        assert put(session, 6, axis(3)).group_id not in (kept, again.group_id)
        assert put(session, 7, axis(1)).group_id == kept
        assert session.get_one(QuestionGroup, kept).count == 2
        session.commit()
    with Session(engine) as session:  # closed without a word
        put(session, 8, axis(4))
    with Session(engine) as session:
        assert session.get_one(QuestionGroup, put(session, 9, axis(4)).group_id).count == 1
    assert lost > 0


def test_a_database_that_was_emptied_is_read_again(engine: Engine) -> None:
    with Session(engine) as session:
        put(session, 1, axis(1))
        session.commit()
        session.execute(delete(Question))
        session.execute(delete(QuestionGroup))
        session.commit()
        group = session.get_one(QuestionGroup, put(session, 2, axis(1)).group_id)
        assert group.count == 1
        session.commit()


def test_vectors_of_another_encoder_are_left_alone(session: Session) -> None:
    before = put(session, 1, axis(1)).group_id
    assert put(session, 2, np.full(4, 0.5, np.float32)).group_id != before
    assert put(session, 3, axis(1)).group_id == before


def test_a_group_says_what_most_of_its_questions_say(session: Session) -> None:
    for number, topic in enumerate(["levering", "cadeaubon", None, "cadeaubon"]):
        question = put(session, number, axis(1, (9, 0.1 * number)), topic)
    group = session.get_one(QuestionGroup, question.group_id)
    assert (group.count, group.topic) == (4, "cadeaubon")
    assert (group.first_at, group.last_at) == (AT, AT + timedelta(minutes=3))
    vectors = session.scalars(select(col(Question.vector))).all()
    mean = np.mean([np.frombuffer(v, np.float16).astype(np.float32) for v in vectors], axis=0)
    assert np.frombuffer(group.centroid, np.float16) == pytest.approx(mean, abs=1e-3)
    assert question.page == "/p"


def test_warming_reads_what_a_first_question_would(engine: Engine) -> None:
    with Session(engine) as session:
        put(session, 1, axis(1))
        session.commit()
    other = other_process(engine)
    with Session(other) as session:
        known.warm(session, WIDTH)
        assert session.get_one(QuestionGroup, put(session, 2, axis(1)).group_id).count == 2
        session.commit()
    other.dispose()


@pytest.mark.parametrize(("many", "apart"), [(2, True), (3, False)])
def test_many_questions_are_set_apart_from_the_collector(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, many: int, apart: bool
) -> None:
    with Session(engine) as session:
        for number in (1, 2):
            put(session, number, axis(number))
        session.commit()
    frozen: list[bool] = []
    monkeypatch.setattr(known, "_APART", many)
    monkeypatch.setattr("gc.freeze", lambda: frozen.append(True))
    other = other_process(engine)
    with Session(other) as session:
        known.warm(session, WIDTH)
        known.warm(session, WIDTH)  # known already
    other.dispose()
    assert frozen == [True] * apart


def test_what_was_read_between_choosing_and_storing_is_not_skipped(engine: Engine) -> None:
    other = other_process(engine)
    with Session(engine) as one, Session(other) as two:
        first = put(two, 1, axis(1)).group_id
        two.commit()
        known.choose(one, asks(axis(5)))
        known._known(one).forget()  # as a reader with an older view of the database leaves it
        question = Question(
            id=99, conversation_id="x", seq=1, text="x", language="nl", reason="unknown", evidence={}, vector=b"",
            group_id=first, at=AT,
        )  # fmt: skip
        known.added(one, question, axis(5))
        assert first not in known._known(one).groups
        one.rollback()
        assert put(one, 2, axis(1)).group_id == first
        one.commit()
    other.dispose()


def test_a_group_that_a_session_holds_is_counted_there_too(session: Session) -> None:
    group = session.get_one(QuestionGroup, put(session, 1, axis(1)).group_id)
    put(session, 2, axis(1, (9, 0.1)), "levering")
    assert (group.count, group.topic, group.last_at) == (2, "levering", AT + timedelta(minutes=2))
    before = group.revision
    put(session, 0, axis(1, (9, 0.1)))
    assert (group.revision, group.first_at) == (before + 1, AT)


def test_a_group_that_holds_questions_of_another_encoder_is_still_described(session: Session) -> None:
    old, new = put(session, 1, np.full(4, 0.5, np.float32)).group_id, put(session, 2, axis(1)).group_id
    hands.merge(session, new, [old], "e")
    assert put(session, 3, axis(1, (9, 0.1))).group_id == new
    assert session.get_one(QuestionGroup, new).count == 3


@pytest.mark.parametrize(
    ("count", "title", "looked_at"),
    [
        (2, "waar blijft mijn pakje", True),
        (16, "waar blijft mijn pakje", True),
        (17, "waar blijft mijn pakje", False),
        (17, "mijn pin [pin] werkt niet", True),
        (17, "pakje weg", True),
        (160, "waar blijft mijn pakje", True),
        (161, "waar blijft mijn pakje", False),
        (5000, "waar blijft mijn pakje", True),
        (5024, "waar blijft mijn pakje", False),
        (5025, "waar blijft mijn pakje", True),
    ],
)
def test_a_large_group_is_not_described_again_for_every_question(count: int, title: str, looked_at: bool) -> None:
    assert describing.due(count, title) is looked_at


def test_a_title_keeps_up_with_a_growing_group(session: Session) -> None:
    """What most ask becomes the title, though the first few asked something at the edge of it."""
    for number in range(60):
        edge = (2, 0.8) if number < 5 else (3, 0.01 * number)
        last = put(session, number, axis(1, edge))
    group = session.get_one(QuestionGroup, last.group_id)
    assert group.count == 60
    numbers = {f"vraag nummer {number}" for number in range(5)}
    assert group.title not in numbers


@pytest.mark.alone
def test_beside_100_000_a_question_is_placed_in_time(engine: Engine) -> None:
    app_like = make_engine(str(engine.url)) if engine.dialect.name == "sqlite" else engine
    slow = slowness()
    (*_, within) = placing_on(app_like, asked=60)
    slow = (slow + slowness()) / 2
    if app_like is not engine:
        app_like.dispose()
    assert within.bar is not None
    assert within.figure / slow <= within.bar, SimpleNamespace(milliseconds=within.figure, slowness=slow)
