"""The routing rule, pure: who is served first, and which agent can take whom. The queue and the honest wait share it.

Whenever an agent has a free slot she gets, among the customers she can take, the one with the lowest `order_key`.
"""

from collections.abc import Collection

PRIORITY_S = 300.0  # one step of priority is worth this many seconds of waiting


def order_key(since: float, priority: int = 0) -> float:
    """When the customer would have begun to wait, in seconds, had she no priority: the lowest is served first.

    Priority ages: it is a head start of `PRIORITY_S` per step, which a longer wait outweighs, so nobody waits for ever.
    The key does not depend on the present, so an order never turns over and can be kept in an index. (Linear ageing,
    Kleinrock 1964, "A delay dependent queue discipline", with the same rate for all.)
    """
    return since - priority * PRIORITY_S


def can_take(
    topics: Collection[str] | None, languages: Collection[str] | None, topic: str | None, language: str
) -> bool:
    """Whether an agent with these topics and languages (None: all) can take a conversation of `topic` in `language`.

    A conversation without a topic is for everybody who speaks the language.
    """
    return (languages is None or language in languages) and (topics is None or topic is None or topic in topics)
