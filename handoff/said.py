"""What a row of the timeline says in words: a file has a caption or only a name, a hidden row says nothing."""

from collections.abc import Mapping
from typing import Any

from handoff.models import Message

HIDDEN = "hidden_message"  # the kind of a row whose words are hidden


def file_data(photo: bool, captioned: bool) -> dict[str, Any]:
    """What is kept beside a row with a file."""
    return {"photo": photo, "captioned": captioned}


def is_told(message: Message) -> bool:
    """Whether the row is an answer to what she asked earlier, told once there was one (`Told`)."""
    return message.author == "bot" and "told" in (message.data or {})


def words(message: Message) -> str:
    """What somebody said with this row: its text; of a file only the caption, for nobody says a file's name."""
    if message.file_id is None or (message.data or {}).get("captioned"):
        return message.text
    return ""


def line(message: Message, texts: Mapping[str, str]) -> str:
    """The row in one line of a list, with the words of a language in `texts`: a photo is named as one."""
    if message.hidden_at is not None:
        return texts["file.hidden"]
    text = " ".join(message.text.split())
    if message.file_id is None:
        return text
    data = message.data or {}
    if not data.get("photo"):
        return f"{texts['file.document']}: {text}"
    return f"{texts['file.photo']}: {text}" if data.get("captioned") else texts["file.photo"]
