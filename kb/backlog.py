"""The backlog: questions that went unanswered, secrets removed, grouped by meaning, until an editor decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.base import Base
from kb.drafts import MAX_PHRASING
from kb.errors import Invalid, NotFound
from kb.evidence import Candidate
from kb.models import Question, QuestionGroup
from kb.redact import has_placeholder, redact
from kb.text import clean

# From how many spreads of the encoder (`Base.spread`) a question's cosine with a group's middle joins them. Pairwise
# F1 over the demo FAQ's texts, arriving at random, is flat around it.
SAME = 4.5
SAME_ACROSS = 4.2  # between languages the same meaning lies a little further apart
MAX_TEXT = 4000
HIDDEN = "[hidden]"  # in place of a question that an agent hid
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """A question ready for the backlog: its text without secrets and its vector."""

    text: str
    language: str
    vector: Vector
    spread: float


def prepare(base: Base, text: str, language: str) -> Prepared:
    """Take the secrets out of `text` and encode what is left. Slow beside a database: do it outside a transaction."""
    kept = redact(clean(text)[:MAX_TEXT])
    return Prepared(kept, language, base.vector(kept), base.spread)


def record(
    session: Session,
    prepared: Prepared,
    *,
    conversation_id: str,
    seq: int,
    language: str,
    reason: str,
    evidence: dict[str, Any],
    at: datetime,
    topic: str | None = None,
) -> Question:
    """Put a question into the backlog, in the open group that means the same, or in one of its own.

    The same conversation and `seq` again gives the question that is there already. A question joins the group
    whose middle is nearest when their centred cosine is at least `SAME` spreads (`SAME_ACROSS` between languages).
    """
    bump_groups(session)
    present = select(Question).filter_by(conversation_id=conversation_id, seq=seq)
    found = session.scalars(present).one_or_none()
    if found is not None:
        return found
    group = _nearest_group(session, prepared, language) or _new_group(session, prepared, language, at)
    question = Question(
        conversation_id=conversation_id,
        seq=seq,
        text=prepared.text,
        language=language,
        reason=reason,
        evidence=evidence,
        topic=topic,
        vector=_packed(prepared.vector),
        group_id=group.id or 0,
        at=at,
    )
    session.add(question)
    session.flush()
    _count_in(session, group, at)
    return question


def reword(session: Session, conversation_id: str, seq: int, text: str, only: str | None = None) -> str | None:
    """Put `text` in a question's place, and give its group the title that follows; what it said before.

    None, and nothing done, where there is no such question or it does not say `only`. `HIDDEN` hides it.
    """
    bump_groups(session)
    found = session.scalars(select(Question).filter_by(conversation_id=conversation_id, seq=seq)).one_or_none()
    if found is None or (only is not None and found.text != only):
        return None
    was, found.text = found.text, text
    group = get_group(session, found.group_id)
    if group.title == _title(was) or has_placeholder(group.title):
        central = _central(questions(session, group.id or 0, 200))
        group.title, group.language = _title(central.text), central.language
        group.revision += 1
    session.flush()
    return was


def bump_groups(session: Session) -> None:
    """Make other writers of the backlog wait for this transaction, so that two do not open the same group."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    else:  # any write takes SQLite's only lock; this one changes nothing
        session.execute(update(QuestionGroup).where(col(QuestionGroup.id) == -1).values(count=0))


_LOCK = 0x6B62_6C67  # "kblg": an advisory lock of PostgreSQL's, held to the transaction's end


def list_groups(
    session: Session, status: str | None = "open", after: str | None = None, limit: int = 50
) -> list[QuestionGroup]:
    """Groups, the largest first, then the most recent; `after` is the `cursor` of the last one seen."""
    order = (col(QuestionGroup.count), col(QuestionGroup.last_at), col(QuestionGroup.id))
    found = select(QuestionGroup).order_by(*(o.desc() for o in order)).limit(max(1, min(limit, 500)))
    if status is not None:
        found = found.where(col(QuestionGroup.status) == status)
    if after is not None:
        found = found.where(tuple_(*order) < tuple_(*_read_cursor(after)))
    return list(session.scalars(found))


def cursor(group: QuestionGroup) -> str:
    """Where `list_groups` goes on after `group`."""
    return f"{group.count}_{group.last_at.isoformat()}_{group.id}"


def get_group(session: Session, group_id: int) -> QuestionGroup:
    """The group with this id. NotFound."""
    found = session.get(QuestionGroup, group_id)
    if found is None:
        raise NotFound("there is no such question group")
    return found


def questions(session: Session, group_id: int, limit: int = 100) -> list[Question]:
    """A group's questions, the most recent first."""
    found = select(Question).filter_by(group_id=group_id)
    newest = found.order_by(col(Question.at).desc(), col(Question.id).desc())
    return list(session.scalars(newest.limit(max(1, limit))))


def nearest(base: Base, group: QuestionGroup, limit: int = 5) -> list[Candidate]:
    """The entries nearest to a group's most central question, agents-only ones included, best first."""
    return list(base.ask(group.title, group.language, audience="agents").candidates[:limit])


def _nearest_group(session: Session, prepared: Prepared, language: str) -> QuestionGroup | None:
    found = select(col(QuestionGroup.id), col(QuestionGroup.centroid), col(QuestionGroup.language))
    rows = session.execute(found.where(col(QuestionGroup.status) == "open")).all()
    if not rows:
        return None
    middles = np.frombuffer(b"".join(row[1] for row in rows), np.float16).astype(np.float32)
    middles = middles.reshape(len(rows), -1)
    length = np.maximum(np.linalg.norm(middles, axis=1), 1e-6)
    spreads = np.array([SAME if row[2] == language else SAME_ACROSS for row in rows], np.float32)
    beyond = middles @ prepared.vector / length - spreads * prepared.spread
    best = int(beyond.argmax())
    return get_group(session, rows[best][0] or 0) if beyond[best] >= 0 else None


def _new_group(session: Session, prepared: Prepared, language: str, at: datetime) -> QuestionGroup:
    group = QuestionGroup(
        title=_title(prepared.text),
        language=language,
        centroid=_packed(prepared.vector),
        first_at=at,
        last_at=at,
    )
    session.add(group)
    session.flush()
    return group


def _count_in(session: Session, group: QuestionGroup, at: datetime) -> None:
    members = questions(session, group.id or 0, 200)
    central = _central(members)
    middle = np.array([_unpacked(q.vector) for q in members]).mean(axis=0)
    group.count += 1
    group.centroid = _packed(middle)
    group.title, group.language = _title(central.text), central.language
    group.first_at, group.last_at = min(group.first_at, at), max(group.last_at, at)
    group.revision += 1
    session.add(group)
    session.flush()


def _central(members: Sequence[Question]) -> Question:
    """The question nearest to the middle of all, of those that hold nothing secret if there are any."""
    vectors = np.array([_unpacked(q.vector) for q in members])
    middle = vectors.mean(axis=0)
    sayable = [i for i, q in enumerate(members) if not has_placeholder(q.text)] or range(len(members))
    return members[max(sayable, key=lambda i: float(vectors[i] @ middle))]


def _title(text: str) -> str:
    return text if len(text) <= MAX_PHRASING else text[: MAX_PHRASING - 1].rsplit(" ", 1)[0] + "…"


def _packed(vector: Vector) -> bytes:
    return vector.astype(np.float16).tobytes()


def _unpacked(data: bytes) -> Vector:
    return np.frombuffer(data, np.float16).astype(np.float32)


def _read_cursor(text: str) -> tuple[int, datetime, int]:
    try:
        count, moment, number = text.split("_")
        return int(count), datetime.fromisoformat(moment), int(number)
    except ValueError as error:
        raise Invalid("that is no cursor of this list") from error
