"""Answers that agents propose for the backlog: kept in the evidence of the question that they answer.

A proposal joins the question of the same conversation that means the same and is still open, so that one customer is
not counted twice; else it becomes a question of its own, with the reason `agent`.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.backlog import HIDDEN, Prepared, bump_groups, record
from kb.describing import unpacked
from kb.grouping import same
from kb.models import Question, QuestionGroup
from kb.redact import redact
from kb.text import clean_block

REASON = "agent"
KEY = "proposals"  # in a question's evidence
MAX_ANSWER = 8000


@dataclass(frozen=True)
class Proposal:
    """An agent's question and answer for the FAQ; `seq` numbers the reply that it was made from."""

    seq: int
    question: str
    answer: str
    by: str
    at: str  # ISO 8601


def propose(
    session: Session,
    prepared: Prepared,
    *,
    conversation_id: str,
    seq: int,
    answer: str,
    by: str,
    at: datetime,
    topic: str | None = None,
) -> Question:
    """Put an answer into the backlog; the same conversation and `seq` again replaces what was proposed before.

    Where that was decided already it stays as it is.
    """
    bump_groups(session)
    one = Proposal(seq, prepared.text, redact(clean_block(answer)[: 2 * MAX_ANSWER])[:MAX_ANSWER], by, at.isoformat())
    of_this = select(Question).filter_by(conversation_id=conversation_id).order_by(col(Question.id))
    asked = list(session.scalars(of_this))
    question = next((q for q in asked if any(p.seq == seq for p in of_question(q))), None)
    if question is not None and not _is_open(session, question):
        return question
    question = question or next((q for q in asked if _same(q, prepared) and _is_open(session, q)), None)
    question = question or record(
        session,
        prepared,
        conversation_id=conversation_id,
        seq=seq,
        language=prepared.language,
        reason=REASON,
        evidence={},
        at=at,
        topic=topic,
    )
    others = [p for p in of_question(question) if p.seq != seq]
    question.evidence = {**question.evidence, KEY: [asdict(p) for p in (*others, one)]}
    session.add(question)
    session.flush()
    return question


def of_question(question: Question) -> list[Proposal]:
    """What was proposed for this question, in the order in which it came; nothing that cannot be read."""
    kept: Any = question.evidence.get(KEY, ()) if isinstance(question.evidence, dict) else ()
    try:
        return [Proposal(**one) for one in kept]
    except TypeError:
        return []


def of_group(questions: Sequence[Question], hidden: Collection[tuple[str, int]] = ()) -> list[Proposal]:
    """What was proposed for a group's questions, the latest first, each answer once.

    Left out is what was made of `hidden` replies (conversation and number); a hidden question stays hidden here.
    """
    once: dict[str, Proposal] = {}
    kept = [
        replace(p, question=HIDDEN) if q.text == HIDDEN else p
        for q in questions
        for p in of_question(q)
        if (q.conversation_id, p.seq) not in hidden
    ]
    for one in sorted(kept, key=lambda p: p.at, reverse=True):
        once.setdefault(one.answer, one)
    return list(once.values())


def _same(question: Question, prepared: Prepared) -> bool:
    return same(prepared.asked(prepared.language), unpacked(question.vector))


def _is_open(session: Session, question: Question) -> bool:
    return session.get_one(QuestionGroup, question.group_id).status == "open"
