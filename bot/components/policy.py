"""The policy that leaves a loop: reads the turns from Rasa's tracker and does what `exits.way_out` says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, UserUttered
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from components.exits import way_out
from components.facts import Turn, before, entities_of, number_of

SILENT = {ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class ExitPolicy(Policy):
    """Says what `way_out` decides, with full confidence and before every other policy; learns nothing."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Above RulePolicy's priority (6): at equal confidence the higher priority speaks."""
        return {"priority": 7}

    @staticmethod
    def supported_data() -> SupportedData:
        """Nothing is learned, so it does not matter; rules and stories are both fine."""
        return SupportedData.ML_AND_RULE_DATA

    def train(self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        """Learns and stores nothing. Returns the (empty) resource that the graph expects."""
        return self._resource

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        """The way out with confidence 1.0, then `action_listen`; all zeros where other policies decide."""
        probabilities = self._default_predictions(domain)
        action = self._next_action(tracker)
        if action is None:
            return self._prediction(probabilities)
        probabilities[domain.index_for_action(action)] = 1.0
        # A form's own "happy path" overrules whatever reads the customer's message, unless this is claimed too.
        return self._prediction(probabilities, is_no_user_prediction=tracker.active_loop_name is not None)

    @staticmethod
    def _next_action(tracker: DialogueStateTracker) -> str | None:
        """What to do now: the way out, then listening; None where there is none or others have begun to act."""
        turns = turns_of(tracker.applied_events())
        if not turns:
            return None
        *earlier, now = turns
        if tracker.active_loop_name and now.intent not in {"person", "frustration"}:
            return None
        act = way_out(before(earlier, now), replace(now, acts=()))
        if act is None or now.acts not in ((), (act,)):
            return None
        return ACTION_LISTEN_NAME if now.acts else act


def turns_of(events: Iterable[Event]) -> list[Turn]:
    """The turns of a tracker, oldest first, the one in progress last; empty before the first message."""
    turns: list[Turn] = []
    acts: list[list[str]] = []
    for event in events:
        if isinstance(event, UserUttered):
            turns.append(_turn(event))
            acts.append([])
        elif isinstance(event, ActionExecuted) and acts and event.action_name not in SILENT:
            acts[-1].append(event.action_name or "")
    return [Turn(t.number, t.intent, t.entries, t.again, tuple(said)) for t, said in zip(turns, acts, strict=True)]


def _turn(event: UserUttered) -> Turn:
    """Facts of one user event: its entities, or, for a pressed button (which carries none), its metadata."""
    pressed = (event.text or "").startswith("/") and not event.entities
    entities = entities_of(event.metadata) if pressed else event.entities or []
    numbers = [number_of(entity["value"]) for entity in entities if entity.get("entity") == "turn"]
    return Turn(
        number=numbers[0] if numbers else None,
        intent=event.intent_name or "",
        entries=frozenset(str(entity["value"]) for entity in entities if entity.get("entity") == "entry"),
        again=any(entity.get("entity") == "again" for entity in entities),
    )
