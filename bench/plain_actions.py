"""The action server of the comparison. It runs in the bot's environment and does nothing but answer at once.

A real one would also have to look the question up; the evidence path's look-up is left out as well, so that the two
figures differ by the second hop and nothing else.
"""

from typing import Any

from rasa_sdk import Action


class ActionAnswer(Action):  # type: ignore[misc]
    """Says what the evidence path's response says."""

    def name(self) -> str:
        """The name in the domain."""
        return "action_answer"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Answer, without looking anything up."""
        dispatcher.utter_message(json_message={"act": "answer"})
        return []
