"""Turns the app's evidence into an intent, unless the customer plainly says something to the bot itself."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.training_data.message import Message

from components.facts import REPEATS_THRESHOLD, entities_of

logger = logging.getLogger(__name__)

VERDICTS = {"answer", "clarify", "partly", "unknown", "off_topic"}
COMPLETES = "completes"
ASK_TIMEOUT_S = 1.0


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class EvidenceClassifier(GraphComponent, IntentClassifier):
    """Replaces the classifier's intent by `kb_<verdict>`, and adds the loop's facts as entities.

    An intent other than `question` that was recognised with at least `threshold` stays: it is something said to
    the bot (a greeting, "I want a person"), or one of the shop's own intents.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        """Keeps the configuration; see `get_default_config` for what is in it."""
        self._config = config

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`threshold`: least confidence of a control intent; `repeats`: least similarity of "asked again"."""
        return {"threshold": 0.5, "repeats": REPEATS_THRESHOLD, "question_intent": "question"}

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, context: ExecutionContext
    ) -> EvidenceClassifier:
        """A new component, as the graph makes it for training and for service alike."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent and entities of each message and returns the same messages."""
        for message in messages:
            # A pressed button ("/helped") is read after this component; nothing is to be looked up for it.
            if not (message.get("text") or "").startswith("/"):
                self._read(message)
        return messages

    def _read(self, message: Message) -> None:
        """One message: keeps a plain control intent, otherwise the evidence gives the intent."""
        metadata = message.get("metadata") or {}
        facts = entities_of(metadata, self._config["repeats"])
        if self._is_control(message.get("intent") or {}):
            facts = [fact for fact in facts if fact["entity"] == "turn"]
        else:
            evidence = metadata["kb"] if "kb" in metadata else ask(message.get("text") or "")
            facts = entities_of({**metadata, "kb": evidence}, self._config["repeats"])
            message.set("intent", _intent(evidence), add_to_output=True)
        message.set("entities", [*(message.get("entities") or []), *facts], add_to_output=True)

    def _is_control(self, intent: Mapping[str, Any]) -> bool:
        """Whether the classifier was sure that this is anything but a question."""
        name = intent.get("name")
        sure = float(intent.get("confidence") or 0.0) >= self._config["threshold"]
        return bool(name) and name != self._config["question_intent"] and sure


def _intent(evidence: object) -> dict[str, Any]:
    """The intent for this evidence; without any, or with a verdict nobody knows, nothing is known.

    `completes` says that the words only complete a question which was answered a moment ago.
    """
    if isinstance(evidence, Mapping) and evidence.get("completes") is True:
        return {"name": f"kb_{COMPLETES}", "confidence": 1.0}
    verdict = evidence.get("verdict") if isinstance(evidence, Mapping) else None
    known = verdict if verdict in VERDICTS else "unknown"
    return {"name": f"kb_{known}", "confidence": 1.0}


def ask(text: str, language: str = "nl") -> Mapping[str, Any] | None:
    """Evidence from the app at `KB_URL`, for `rasa shell` alone; in service it comes with the message.

    Returns None where no address is set or the app fails or takes longer than a second.
    """
    base = os.environ.get("KB_URL", "")
    if urlsplit(base).scheme not in {"http", "https"}:
        return None
    query = urlencode({"text": text, "language": os.environ.get("KB_LANGUAGE", language)})
    headers = {"Authorization": f"Bearer {os.environ.get('KB_TOKEN', '')}"}
    request = Request(f"{base.rstrip('/')}/api/v1/kb/ask?{query}", headers=headers)  # noqa: S310 (scheme checked)
    try:
        with urlopen(request, timeout=ASK_TIMEOUT_S) as reply:  # noqa: S310 (scheme checked)
            return json.load(reply)
    except (URLError, OSError, ValueError) as error:
        logger.warning("The app at KB_URL gave no evidence: %s", error)
        return None
