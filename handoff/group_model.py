"""An answer to a question group by the desk's model, where one is set: of what agents said, secrets removed."""

from sqlmodel import Session

from handoff import drafting
from handoff.drafting import CARE, LANGUAGES, MAX_ASKED, NoDraft
from handoff.models import Person
from handoff.state import State
from kb import backlog
from kb.redact import redact

TASK = (
    "Write the answer of a web shop's FAQ to the question that these customers asked, in {language}. Short, calm and "
    "friendly, informal, plain text or Markdown. Use only what the agents' answers say; promise nothing else, and "
    "leave out what concerns one customer alone. Write the answer alone."
)
MOST = 20  # questions that are sent, the newest


def prompt(session: Session, group_id: int) -> list[dict[str, str]]:
    """What the model is asked. NotFound; NoDraft where no agent answered any of the questions."""
    group = backlog.get_group(session, group_id)
    questions = backlog.questions(session, group_id, MOST)
    answers = list(dict.fromkeys(redact(q.reply) for q in questions if q.reply))
    if not answers:
        raise NoDraft("rubbish")
    asked = "\n".join(f"- {redact(q.text)}" for q in questions)[:MAX_ASKED]
    said = "\n\n".join(answers)[:MAX_ASKED]
    content = f"<questions>\n{asked}\n</questions>\n\n<answers>\n{said}\n</answers>"
    task = TASK.format(language=LANGUAGES.get(group.language, "the language of the questions"))
    return [{"role": "system", "content": f"{task} {CARE}"}, {"role": "user", "content": content}]


async def drafted(it: State, person: Person, group_id: int) -> str:
    """The model's answer, one at a time for each editor. NoDraft, NotFound."""
    me = person.id or 0
    if not it.settings.model_url:
        raise NoDraft("off")
    if me in it.drafting:
        raise NoDraft("busy")
    it.drafting.add(me)
    try:
        return await drafting.draft(it.settings, await it.read(prompt, group_id))
    finally:
        it.drafting.discard(me)
