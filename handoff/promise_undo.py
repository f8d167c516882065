"""Taking a promise back that was made by mistake a moment ago. The customer saw it, so she is told."""

from datetime import timedelta

from sqlmodel import Session

from handoff import conversations, promises
from handoff.desk_models import Promise
from handoff.models import Person
from handoff.problems import Conflict
from handoff.texts import texts
from kb.models import now

UNDO_FOR = timedelta(minutes=5)


def undo(session: Session, promise_id: int, person: Person) -> Promise:
    """Drop a promise that this agent made just now, with words that it was a mistake. Twice is as once.

    Conflict where somebody else made it, it is longer ago, or it was moved, handed on or settled since.
    """
    conversation = conversations.locked(session, promises.get(session, promise_id).conversation_id)
    promise = promises.get(session, promise_id)
    if promise.dropped_at is not None and promise.by_id == person.id:
        return promise
    untouched = promises.is_open(promise) and promise.by_id == person.id and promise.revision == 1
    if not untouched or promise.made_at < now() - UNDO_FOR:
        raise Conflict("This promise cannot be taken back any more.")
    promise.dropped_at, promise.revision = now(), promise.revision + 1
    session.flush()
    words = texts(session, conversation.language)["system.promise_undone"]
    data = {"promise": promise.id, "undone": True}
    conversations.add_step(session, conversation, "promise_dropped", text=words, author_id=person.id, data=data)
    return promise
