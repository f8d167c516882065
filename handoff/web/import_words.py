"""What is wrong with a file, in the words of the page's language."""

import re

from handoff.web.rendering import Page
from kb.drafts import MAX_ANSWER, MAX_PHRASING, MAX_PHRASINGS, MAX_QUESTION, MAX_TOPIC
from kb.errors import Invalid
from kb.rows import BadFile

# What the knowledge base says, and the words for it; groups of a pattern are {0} and {1}, called so in the words.
_SAID = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"the question is empty", "wrong.question_empty"),
        (r"the answer is empty", "wrong.answer_empty"),
        (rf"the question is longer than ({MAX_QUESTION})", "wrong.question_longer"),
        (rf"the answer is longer than ({MAX_ANSWER:,})", "wrong.answer_longer"),
        (rf"the topic is longer than ({MAX_TOPIC})", "wrong.topic_longer"),
        (rf"a phrasing is longer than ({MAX_PHRASING})", "wrong.phrasing_longer"),
        (rf"there are more than ({MAX_PHRASINGS}) phrasings", "wrong.phrasings"),
        (r"the column (.+) is missing", "import.wrong_column"),
        (r"the column (.+) is there twice", "import.wrong_column_twice"),
        (r"(.+) is missing", "import.wrong_missing"),
        (r"(.+) is not a field of an entry", "import.wrong_field"),
        (r"(.+) is of the wrong kind", "import.wrong_kind"),
        (r"is on line (\d+) already", "import.wrong_twice"),
        (r"not (YAML|JSON|CSV)", "import.wrong_format"),
        (r"as many columns as the header", "import.wrong_columns"),
        (r"holds no entries", "import.wrong_nothing"),
        (r"no questions with answers were found", "import.wrong_page"),
        (r"UTF-8", "import.wrong_encoding"),
        (r"name ends in|the format is one of", "import.wrong_ending"),
        (r"more than ([\d,]+) (?:entries|questions|pieces)", "import.wrong_many"),
        (r"the audience is", "import.wrong_audience"),
        (r"the language is", "import.wrong_language"),
        (r"the key is", "import.wrong_key"),
        (r"the status is", "import.wrong_status"),
        (r"is a list of entries", "import.wrong_list"),
        (r"phrasings is neither", "import.wrong_phrasings"),
    )
)


def mistakes(page: Page, error: Invalid) -> list[tuple[int, str]]:
    """Every mistake of a file: its line (0 for the whole file) and the words for it."""
    listed = error.errors if isinstance(error, BadFile) else [error]
    return [(one.line or 0, said(page, one.message)) for one in listed]


def said(page: Page, message: str) -> str:
    """The words for what the knowledge base says of an entry or a file; its own where there are none."""
    for pattern, key in _SAID:
        if found := pattern.search(message):
            value = found[1] if pattern.groups else ""
            return page.t(key, limit=value, what=value)
    return message
