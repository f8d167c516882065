"""The form of a person: what stands in its fields, and what is wrong with it."""

import re
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from handoff.models import Person
from handoff.people import GENERATED, MAX_CAPACITY, MAX_NAME, MIN_CAPACITY, About, fresh_password, mark
from handoff.texts import languages
from handoff.web.rendering import Page

FIELDS = ("email", "name", "role", "capacity", "topics", "languages")  # as they come on the page
MOST = 500  # topics in a form, and characters in a field


@dataclass
class PersonForm:
    """Every field of the page. `password` is the one that she gets if the form is sent: the same if it is sent twice.

    `errors` are words by field; `focus` is the field where typing goes on.
    """

    email: str = ""
    name: str = ""
    role: str = "agent"
    capacity: str = "4"
    topics: list[str] = field(default_factory=list)
    all_topics: bool = True
    languages: list[str] = field(default_factory=list)
    all_languages: bool = True
    revision: str = ""
    password: str = field(default_factory=fresh_password)
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""

    def about(self) -> About:
        """What stands there, to be checked."""
        number = self.capacity if re.fullmatch("[0-9]{1,5}", self.capacity) else "0"
        topics, languages = (None if every else values for every, values in self._choices())
        return About(self.name, self.role, int(number), topics, languages)

    def _choices(self) -> tuple[tuple[bool, list[str]], tuple[bool, list[str]]]:
        return (self.all_topics, self.topics), (self.all_languages, self.languages)

    def said(self, page: Page, errors: dict[str, str]) -> None:
        """Note what is wrong, in words beside the fields."""
        limits = {"least": MIN_CAPACITY, "most": MAX_CAPACITY, "limit": MAX_NAME}
        self.errors = {name: page.t(f"people.wrong_{name}_{why}", **limits) for name, why in errors.items()}
        self.focus = next((name for name in FIELDS if name in errors), "")


def form_of(person: Person) -> PersonForm:
    """The fields as a person is."""
    return PersonForm(
        email=person.email,
        name=person.name,
        role=person.role,
        capacity=str(person.capacity),
        topics=person.topics or [],
        all_topics=person.topics is None,
        languages=person.languages or [],
        all_languages=person.languages is None,
        revision=mark(person),
    )


def typed(data: FormData) -> PersonForm:
    """The fields as they were sent; what is missing is empty. A password that we did not make is replaced."""
    password = _text(data, "password")
    return PersonForm(
        email=_text(data, "email"),
        name=_text(data, "name"),
        role=_text(data, "role"),
        capacity=_text(data, "capacity"),
        topics=_several(data, "topics"),
        all_topics="all_topics" in data,
        languages=_several(data, "languages"),
        all_languages="all_languages" in data,
        revision=_text(data, "revision"),
        password=password if GENERATED.fullmatch(password) else fresh_password(),
    )


def unknown_choices(form: PersonForm, topics: list[str]) -> dict[str, str]:
    """Which fields hold something that nobody offered, as `people.Wrong` says it."""
    found = {}
    if not form.all_topics and set(form.topics) - set(topics):
        found["topics"] = "unknown"
    if not form.all_languages and set(form.languages) - set(languages()):
        found["languages"] = "unknown"
    return found


def _text(data: FormData, name: str) -> str:
    return _clean(data.get(name))


def _several(data: FormData, name: str) -> list[str]:
    return [_clean(v) for v in data.getlist(name)[:MOST] if isinstance(v, str) and _clean(v)]


def _clean(value: object) -> str:
    return value.strip().replace("\x00", "")[:MOST] if isinstance(value, str) else ""
