"""What a question group says of itself: title, topic, count, middle; and putting questions from one into another."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.drafts import MAX_PHRASING
from kb.grouping import Floats
from kb.models import Question, QuestionGroup, now
from kb.redact import has_placeholder

LATEST = 200  # questions of a group that its title and topic are made of
LONG_TITLE = 120  # characters; longer questions are stories
_ASK_FOR = 500  # ids in one query


def describe(session: Session, group: QuestionGroup) -> None:
    """Give a group the title, language and topic that follow from its latest questions; an editor's title stays."""
    found = description(session, group.id or 0)
    if found is None:
        return
    title, language, group.topic = found
    if not group.title_set:
        group.title, group.language = title, language


def description(session: Session, group_id: int) -> tuple[str, str, str | None] | None:
    """The title, language and topic that follow from a group's latest questions; None where there are none."""
    session.flush()
    members = session.connection().execute(_MEMBERS, {"group": group_id}).all()
    if not members:
        return None
    topics = Counter(row.topic for row in members if row.topic)
    topic = topics.most_common(1)[0][0] if topics else None
    usable = [row for row in members if len(row.vector) == len(members[0].vector)]  # of one encoder
    vectors = unpacked(b"".join(row.vector for row in usable)).reshape(len(usable), -1)
    central = usable[central_of([row.text for row in usable], vectors)]
    return title_of(central.text), central.language, topic


def due(count: int, title: str) -> bool:
    """Whether a group that one question was added to, and has `count` now, is to be described again.

    A few questions change what is central with every one; of many, one in eight does, and at the latest every 25th is
    looked at. A title that holds a secret, or is a word or a story, is replaced as soon as there is a better one.
    """
    return count <= _FEW or count % min(count // 8, 25) == 0 or has_placeholder(title) or not _short(title)


_FEW = 16  # questions
_ASKED: Table = Question.__table__  # type: ignore[attr-defined]
_MEMBERS = (
    select(*(_ASKED.c[name] for name in ("text", "language", "vector", "topic")))
    .where(_ASKED.c.group_id == bindparam("group"))
    .order_by(_ASKED.c.at.desc(), _ASKED.c.id.desc())
    .limit(LATEST)
)


def central_of(texts: Sequence[str], vectors: Sequence[Floats] | Floats) -> int:
    """Which of some questions stands for all best: the one nearest to the middle, of the ones that make good titles.

    Those are what holds nothing secret, and is neither a word or two nor a story; without any, whatever comes closest
    to that. Of equals the first.
    """
    middle = np.mean(vectors, axis=0)
    kept: Sequence[int] = range(len(texts))
    for good in (lambda text: not has_placeholder(text), _short):
        kept = [i for i in kept if good(texts[i])] or kept
    return max(kept, key=lambda i: float(vectors[i] @ middle))


def _short(text: str) -> bool:
    return len(text) <= LONG_TITLE and len(text.split()) >= 3


def question_ids(session: Session, group_id: int) -> list[int]:
    """The ids of a group's questions, in order."""
    found = select(col(Question.id)).where(col(Question.group_id) == group_id).order_by(col(Question.id))
    return [i for i in session.scalars(found) if i is not None]


def put_into(session: Session, ids: Sequence[int], group: QuestionGroup, by_hand: bool = False) -> None:
    """Put questions into another group; what a hand put there is marked."""
    values: dict[str, Any] = {"group_id": group.id} | ({"placed": True} if by_hand else {})
    for some in parts(ids):
        change = update(Question).where(col(Question.id).in_(some)).values(values)
        session.execute(change.execution_options(synchronize_session="fetch"))


def parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """`ids` in parts that fit into a query."""
    return (ids[start : start + _ASK_FOR] for start in range(0, len(ids), _ASK_FOR))


def emptied(group: QuestionGroup, into: QuestionGroup, gone: list[int], by: str) -> None:
    """Note of a group that its questions, `gone`, are in another one; `by` is empty where no hand did it."""
    group.status, group.decided_by, group.decided_at = "merged", by or None, now()
    group.merged = {"into": into.id, "questions": gone}


def recount(session: Session, number: int, groups: Sequence[QuestionGroup]) -> None:
    """Make what these groups say of themselves true again, and known to all that hold them in memory."""
    for group in groups:
        at = col(Question.at)
        counted = select(func.count(), func.min(at), func.max(at)).where(col(Question.group_id) == group.id)
        count, first, last = session.execute(counted).one()
        group.count = count
        if count:
            group.first_at, group.last_at = first, last
            group.centroid = _middle(session, group.id or 0)
            describe(session, group)
        group.backlog = number
        group.revision += 1
        session.add(group)
    session.flush()


def _middle(session: Session, group_id: int) -> bytes:
    vectors = session.scalars(select(col(Question.vector)).where(col(Question.group_id) == group_id))
    total: Any = 0
    count = 0
    for vector in vectors:
        if count and 2 * len(total) != len(vector):  # of another encoder
            continue
        total, count = total + np.frombuffer(vector, np.float16).astype(np.float64), count + 1
    return np.asarray(total / count, np.float16).tobytes()


def title_of(text: str) -> str:
    """`text` as a title: all of it, or its beginning."""
    return text if len(text) <= MAX_PHRASING else text[: MAX_PHRASING - 1].rsplit(" ", 1)[0] + "…"


def packed(vector: Floats) -> bytes:
    """A vector as it is stored: in half precision."""
    return vector.astype(np.float16).tobytes()


def unpacked(data: bytes) -> Floats:
    """A stored vector."""
    return np.frombuffer(data, np.float16).astype(np.float32)
