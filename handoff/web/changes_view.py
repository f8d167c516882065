"""How canned replies, customers' texts and topics are said in words in the history of changes."""

from collections.abc import Callable
from typing import Any

from handoff import approving, canned, topic_changes, wording
from handoff.web.rendering import Page

Lines = dict[str, str]


def canned_lines(page: Page, value: Any) -> Lines:
    """A canned reply."""
    if value is None:
        return {}
    label = f"{page.known('language', value['language'])} › /{value['shortcut']}"
    found = {label: str(value["text"])}
    if value.get("topic"):
        found[f"{label} › {page.t('entry.topic')}"] = page.known("topic", value["topic"])
    return found


def text_lines(page: Page, value: Any) -> Lines:
    """A text that customers read, under its key and language."""
    if value is None:
        return {}
    return {f"{page.known('language', value['language'])} › {value['key']}": str(value["value"])}


def topic_lines(page: Page, value: Any) -> Lines:
    """A topic, and in how many places of each kind it stood."""
    if value is None:
        return {}
    found = {page.t("entry.topic"): page.known("topic", value["topic"])}
    for name in ("entries", "people", "waiting"):
        if name in value:
            found[page.t(f"topics.{name}")] = str(value[name])
    return found


def four_eyes_lines(page: Page, value: Any) -> Lines:
    """Whether two must agree on an answer."""
    return {} if value is None else {page.t("approving.legend"): page.t("approving.two" if value else "approving.one")}


IN_WORDS: dict[str, Callable[[Page, Any], Lines]] = {
    canned.CANNED: canned_lines,
    wording.TEXT: text_lines,
    topic_changes.TOPIC: topic_lines,
    approving.FOUR_EYES: four_eyes_lines,
}
