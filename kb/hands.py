"""What an editor's hand does with question groups: split, merge, move, give a title. Each can be undone.

A hand's word stays: questions that it placed (`Question.placed`) never move by themselves, a title that it wrote stays,
and later arrivals follow what it did (see `kb.grouping`). A group that is left empty is `merged`, and remembers where
its questions went. Only open groups are changed; a decided one is opened again first.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.backlog import bump_groups, get_group, still_open
from kb.describing import describe, emptied, parts, put_into, question_ids, recount
from kb.drafts import MAX_QUESTION
from kb.errors import Invalid, NotFound
from kb.grouping import Doubles
from kb.known import next_number
from kb.models import Question, QuestionGroup, now
from kb.nearest import Flags
from kb.redact import has_placeholder
from kb.text import clean

MOST = 5000  # questions, or groups, that are named at once
_ROUNDS = 10  # of parting a group in two


def split(
    session: Session, group_id: int, question_ids: Sequence[int], by: str, if_revision: int | None = None
) -> QuestionGroup:
    """Put these questions of a group into a new one, which is returned. `merge` undoes it.

    Later arrivals go to the nearer of the two. NotFound; Invalid where they are none, all of them, or not in this
    group; Stale when the group is decided, or no longer at `if_revision`.
    """
    number = _begin(session)
    group = _open_group(session, group_id, if_revision)
    chosen = _numbers(question_ids)
    if len(_groups_of(session, chosen)[group_id]) != len(chosen):
        raise Invalid("a question is not in this group any more")
    if len(chosen) >= group.count:
        raise Invalid("leave at least one question in the group")
    group.family = group.family or group.id
    new = QuestionGroup(
        title=group.title,
        language=group.language,
        centroid=group.centroid,
        first_at=group.first_at,
        last_at=group.last_at,
        cause_id=group.cause_id,
        family=group.family,
    )
    session.add(new)
    session.flush()
    put_into(session, chosen, new, by_hand=True)
    recount(session, number, [group, new])
    return new


def merge(
    session: Session, into: int, from_ids: Sequence[int], by: str, if_revision: int | None = None
) -> QuestionGroup:
    """Put all questions of some groups into the group `into`, which is returned. `unmerge` undoes it, group by group.

    Later arrivals near any of them go there. The raised errors are those of `split`.
    """
    number = _begin(session)
    group = _open_group(session, into, if_revision)
    if into in from_ids:
        raise Invalid("a group cannot be merged into itself")
    others = [_open_group(session, i) for i in _numbers(from_ids)]
    for other in others:
        members = question_ids(session, other.id or 0)
        put_into(session, members, group, by_hand=True)
        emptied(other, group, members, by)
        group.cause_id = group.cause_id or other.cause_id
    recount(session, number, [group, *others])
    return group


def unmerge(session: Session, group_id: int, by: str) -> QuestionGroup:
    """Give a merged group back those of its questions that are still where they were put; it is open again.

    NotFound; Invalid when it is not merged, or none of them is there any more; Stale when that group is decided.
    """
    number = _begin(session)
    group = get_group(session, group_id)
    if group.status != "merged" or not group.merged:
        raise Invalid("this group is not merged into another")
    source = _open_group(session, int(group.merged["into"]))
    theirs = _groups_of(session, [int(i) for i in group.merged["questions"]])[source.id or 0]
    if not theirs:
        raise Invalid("none of its questions is in that group any more")
    group.status, group.merged, group.decided_by, group.decided_at = "open", None, by, now()
    put_into(session, theirs, group, by_hand=True)
    _close_if_empty(session, source, group, theirs, by)
    recount(session, number, [source, group])
    return group


def move(
    session: Session, question_ids: Sequence[int], into: int, by: str, if_revision: int | None = None
) -> QuestionGroup:
    """Put these questions, of any open groups, into the group `into`, which is returned. `move` back undoes it.

    A group that is left empty is merged into it. The raised errors are those of `split`; NotFound without a question.
    """
    number = _begin(session)
    group = _open_group(session, into, if_revision)
    chosen = _numbers(question_ids)
    found = _groups_of(session, chosen)
    if sum(map(len, found.values())) != len(chosen):
        raise NotFound("there is no such question")
    sources = {i: _open_group(session, i) for i in found if i != into}
    for source_id, source in sources.items():
        put_into(session, found[source_id], group, by_hand=True)
        _close_if_empty(session, source, group, found[source_id], by)
    if sources:
        recount(session, number, [group, *sources.values()])
    return group


def set_title(session: Session, group_id: int, title: str, by: str, if_revision: int | None = None) -> QuestionGroup:
    """Give a group a title that stays; an empty one gives it back the most central question's. Errors as in `split`."""
    bump_groups(session)
    group = _open_group(session, group_id, if_revision)
    words = clean(title)
    if len(words) > MAX_QUESTION:
        raise Invalid(f"the title is longer than {MAX_QUESTION} characters")
    if has_placeholder(words):
        raise Invalid("the title names something secret: write it without")
    group.title_set = bool(words)
    if words:
        group.title = words
    else:
        describe(session, group)
    group.revision += 1
    session.add(group)
    session.flush()
    return group


def suggested_split(session: Session, group_id: int) -> tuple[list[int], list[int]] | None:
    """The two parts of a group that lie most apart, as ids of questions, the larger first. NotFound.

    None where it holds one question, or only the same one. Parted along the direction in which its vectors differ most,
    and then by the nearer of two middles until nothing changes (k-means of two, on unit vectors).
    """
    get_group(session, group_id)
    columns = select(col(Question.id), col(Question.vector)).where(col(Question.group_id) == group_id)
    rows = session.execute(columns.order_by(col(Question.id).desc()).limit(MOST)).all()
    if len(rows) < 2:
        return None
    ids = np.array([row[0] for row in rows])
    first = _parted(np.array([np.frombuffer(row[1], np.float16) for row in rows], np.float64))
    if first.all() or not first.any():
        return None
    halves = sorted((ids[first].tolist(), ids[~first].tolist()), key=len, reverse=True)
    return sorted(halves[0]), sorted(halves[1])


def _parted(vectors: Doubles) -> Flags:
    away = vectors - vectors.mean(axis=0)
    if np.abs(away).max() < 1e-3:  # half precision tells no more
        return np.ones(len(vectors), np.bool_)
    first: Flags = away @ np.linalg.svd(away, full_matrices=False)[2][0] > 0
    for _ in range(_ROUNDS):
        middles = np.array([vectors[first].mean(axis=0), vectors[~first].mean(axis=0)])
        near = vectors @ (middles / np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-9)).T
        after = near[:, 0] > near[:, 1]
        if (after == first).all() or after.all() or not after.any():
            break
        first = after
    return first


def _begin(session: Session) -> int:
    """Wait for other writers of the backlog; the number of this change. Before any group is locked, as decisions do."""
    bump_groups(session)
    return next_number(session)


def _open_group(session: Session, group_id: int, if_revision: int | None = None) -> QuestionGroup:
    """The group as it is now, locked. NotFound, Stale."""
    return still_open(get_group(session, group_id, lock=True), if_revision)


def _numbers(ids: Sequence[int]) -> list[int]:
    found = list(dict.fromkeys(ids))
    if not found:
        raise Invalid("choose at least one")
    if len(found) > MOST:
        raise Invalid(f"choose at most {MOST:,} at once")
    return found


def _groups_of(session: Session, ids: Sequence[int]) -> defaultdict[int, list[int]]:
    """These questions by the group that they are in; those that are not there are left out."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for some in parts(ids):
        rows = select(col(Question.id), col(Question.group_id)).where(col(Question.id).in_(some))
        for question_id, group_id in session.execute(rows):
            found[group_id].append(question_id or 0)
    return found


def _close_if_empty(session: Session, source: QuestionGroup, into: QuestionGroup, gone: list[int], by: str) -> None:
    if not question_ids(session, source.id or 0):
        emptied(source, into, gone, by)
