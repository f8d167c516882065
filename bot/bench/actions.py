"""The action server of the comparison: fetches the evidence from the app, the way Rasa bots usually do."""

from __future__ import annotations

from typing import Any

from components.evidence import ask
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

ACTS: dict[str, list[dict[str, str]]] = {
    "answer": [{"act": "answer"}],
    "clarify": [{"act": "clarify"}],
    "partly": [{"act": "answer"}, {"act": "handoff", "reason": "unknown"}],
    "unknown": [{"act": "handoff", "reason": "unknown"}],
    "off_topic": [{"act": "rephrase"}],
}


class ActionAnswer(Action):
    """Says what the evidence leads to. Without evidence, a person."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Asks the app at `KB_URL` and utters the acts. Returns no events."""
        evidence = ask(tracker.latest_message.get("text") or "") or {}
        for act in ACTS.get(str(evidence.get("verdict")), ACTS["unknown"]):
            dispatcher.utter_message(json_message=act)
        return []
