"""The evidence path over Rasa's REST channel: what comes in as metadata, what comes out as acts."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from .server import Bot, start_bot

pytestmark = pytest.mark.rasa

ANSWER, CLARIFY, REPHRASE = {"act": "answer"}, {"act": "clarify"}, {"act": "rephrase"}
QUESTION = "kan ik mijn bestelling nog aanpassen"


def evidence(verdict: str, entry: str | None = None, repeats: float = 0.0, **more: Any) -> dict[str, Any]:
    """Evidence as the app sends it."""
    probability = {"answer": 0.93, "clarify": 0.5}.get(verdict, 0.1)
    return {
        "verdict": verdict,
        "probability": probability,
        "entry": entry,
        "options": [entry] if entry else [],
        "parts": [],
        "repeats": repeats,
    } | more


def handoff(reason: str) -> dict[str, str]:
    """The act that hands over."""
    return {"act": "handoff", "reason": reason}


def say(key: str) -> dict[str, str]:
    """The act that says one of the app's texts."""
    return {"act": "say", "key": key}


Step = tuple[str, dict[str, Any] | None, list[dict[str, str]]]


def play(bot: Bot, *steps: Step) -> str:
    """Plays the steps as one stint, each (message, evidence, expected acts). Returns the sender."""
    sender = f"{uuid4()}:1"
    for turn, (message, kb, acts) in enumerate(steps, start=1):
        assert bot.say(sender, message, turn, kb) == acts, f"turn {turn}: {message}"
    return sender


def test_the_rest_of_a_question_is_met_with_nothing_but_a_wish_is_heard(bot: Bot) -> None:
    rest = evidence("unknown", "a", completes=True)
    play(bot, (QUESTION, evidence("answer", "a"), [ANSWER]), ("die rode", rest, [say("nothing")]))
    wish = ("medewerker", rest, [handoff("requested")])
    play(bot, (QUESTION, evidence("answer", "a"), [ANSWER]), wish)


@pytest.mark.parametrize(
    ("verdict", "acts"),
    [
        ("answer", [ANSWER]),
        ("clarify", [CLARIFY]),
        ("partly", [ANSWER, handoff("unknown")]),
        ("unknown", [handoff("unknown")]),
        ("off_topic", [REPHRASE]),
        ("a verdict of tomorrow", [handoff("unknown")]),
    ],
)
def test_every_verdict_has_its_acts(bot: Bot, verdict: str, acts: list[dict[str, str]]) -> None:
    play(bot, (QUESTION, evidence(verdict, "order-change"), acts))


@pytest.mark.parametrize(
    "kb", [None, {}, [], "answer", {"verdict": None}, {"verdict": "answer", "parts": "x", "repeats": "y"}]
)
def test_evidence_that_is_missing_or_odd_never_leaves_a_silence(bot: Bot, kb: Any) -> None:
    acts = bot.say(f"{uuid4()}:1", QUESTION, 1, kb)
    assert acts == ([ANSWER] if kb and isinstance(kb, dict) and kb.get("verdict") else [handoff("unknown")])


def test_without_metadata_a_person_is_brought_in(bot: Bot) -> None:
    assert bot.say(f"{uuid4()}:1", QUESTION) == [handoff("unknown")]


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("hallo", [say("greet")]),
        ("dankjewel", [say("thanks")]),
        ("tot ziens", [say("bye")]),
        ("ben je een robot?", [say("bot")]),
        ("medewerker", [handoff("requested")]),
        ("i want to talk to a human", [handoff("requested")]),
        ("stomme bot, ik ben het beu", [handoff("frustrated")]),
        ("dat is niet wat ik vroeg", [REPHRASE]),
        ("ja", [say("ok")]),
    ],
)
def test_what_is_said_to_the_bot_itself_wins_over_the_evidence(bot: Bot, text: str, acts: list[dict[str, str]]) -> None:
    play(bot, (text, evidence("answer", "order-change"), acts))


def test_buttons(bot: Bot) -> None:
    clarify = (QUESTION, evidence("clarify", "a", options=["a", "b"]), [CLARIFY])
    chosen = evidence("answer", "b", probability=1.0)
    play(bot, clarify, ("/choose", chosen, [ANSWER]), ("/helped", None, [say("helped")]))
    play(bot, clarify, ("/none_of_these", None, [handoff("rejected")]))
    play(bot, (QUESTION, evidence("answer", "a"), [ANSWER]), ("/not_helped", None, [REPHRASE]))
    play(bot, clarify, ("/choose", chosen, [ANSWER]), ("/choose", chosen, [handoff("loop")]))


def test_an_entry_is_not_given_twice_for_the_same_need(bot: Bot) -> None:
    first, again = (QUESTION, evidence("answer", "a"), [ANSWER]), (QUESTION, evidence("answer", "a"), [handoff("loop")])
    play(bot, first, again)
    play(bot, first, ("/helped", None, [say("helped")]), first, again)
    parts = [evidence("answer", "b"), evidence("answer", "a")]
    play(bot, first, (QUESTION, evidence("answer", "b", parts=parts), [handoff("loop")]))


def test_the_same_question_in_other_words_is_a_loop(bot: Bot) -> None:
    first = (QUESTION, evidence("answer", "a"), [ANSWER])
    play(bot, first, (QUESTION, evidence("answer", "b", repeats=0.95), [handoff("loop")]))
    play(bot, first, (QUESTION, evidence("answer", "b", repeats=0.6), [ANSWER]))
    asked = ("iets onduidelijks over mijn bestelling", evidence("off_topic"), [REPHRASE])
    play(bot, asked, (QUESTION, evidence("answer", "b", repeats=0.95), [ANSWER]))


def test_two_rejected_answers_bring_a_person(bot: Bot) -> None:
    no = "dat is niet wat ik vroeg"
    answers = [(QUESTION, evidence("answer", key, repeats=0.93 if key == "b" else 0.0), [ANSWER]) for key in "ab"]
    play(bot, answers[0], (no, None, [REPHRASE]), answers[1], (no, None, [handoff("rejected")]))
    miss = (QUESTION, evidence("off_topic"), [handoff("rejected")])
    play(bot, answers[0], ("/not_helped", None, [REPHRASE]), ("hallo", None, [say("greet")]), miss)


def test_a_file_is_met_with_an_offer_that_yes_takes(bot: Bot) -> None:
    off = evidence("off_topic")
    play(bot, ("/file", None, [say("file")]), ("ja graag", off, [handoff("requested")]))
    play(bot, ("/file", None, [say("file")]), (QUESTION, evidence("answer", "a"), [ANSWER]))


def test_off_topic_is_asked_once_then_offered_then_handed_over(bot: Bot) -> None:
    off = evidence("off_topic")
    asked, offered = ("hoe ver is de maan van hier", off, [REPHRASE]), ("wie schreef dat boek", off, [say("offer")])
    play(bot, asked, offered, ("ja graag", off, [handoff("requested")]))
    play(bot, asked, offered, ("nee", off, [say("ok")]))
    play(bot, asked, offered, ("wie schreef dat andere boek", off, [handoff("loop")]))


def test_a_turn_that_is_sent_again_counts_once_and_gets_the_same_acts(bot: Bot) -> None:
    first = (QUESTION, evidence("answer", "a"), [ANSWER])
    sender = play(bot, first, ("/not_helped", None, [REPHRASE]))
    for _ in range(3):
        assert bot.say(sender, "/not_helped", 2, None) == [REPHRASE]
    assert bot.say(sender, QUESTION, 1, first[1]) == [ANSWER]
    assert bot.say(sender, QUESTION, 3, evidence("answer", "b")) == [ANSWER]
    assert bot.say(sender, "/not_helped", 4, None) == [handoff("rejected")]
    assert bot.say(sender, QUESTION, 3, evidence("answer", "b")) == [ANSWER]


def test_after_a_handoff_the_bot_hands_over_again_for_the_same_reason(bot: Bot) -> None:
    play(bot, (QUESTION, evidence("unknown"), [handoff("unknown")]), ("hallo", None, [handoff("unknown")]))


def test_a_new_stint_starts_counting_anew(bot: Bot) -> None:
    play(bot, (QUESTION, evidence("answer", "a"), [ANSWER]))
    play(bot, (QUESTION, evidence("answer", "a"), [ANSWER]))


def test_a_killed_bot_remembers_the_loop(tmp_path: Any) -> None:
    sender = f"{uuid4()}:1"
    with start_bot(tmp_path) as first:
        assert first.say(sender, QUESTION, 1, evidence("answer", "a")) == [ANSWER]
    with start_bot(tmp_path) as second:
        assert second.say(sender, QUESTION, 2, evidence("answer", "a")) == [handoff("loop")]


class App(BaseHTTPRequestHandler):
    """The app's `kb/ask`, as `rasa shell` would ask it."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        """Answers with evidence, and remembers what was asked and with which token."""
        self.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(evidence("answer", "order-change")).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_alone_it_asks_the_app_and_in_service_never(tmp_path: Any) -> None:
    with HTTPServer(("127.0.0.1", 0), App) as app:
        serving = Thread(target=app.serve_forever)
        serving.start()
        address = f"http://127.0.0.1:{app.server_port}"
        with start_bot(tmp_path, KB_URL=address, KB_TOKEN="secret") as bot:
            in_service = bot.say("a:1", QUESTION, 1, None)
            unasked = list(App.asked)
            alone = bot.say("b:1", QUESTION)
            greeted = bot.say("c:1", "hallo")
            app.shutdown()
            serving.join()
            app.server_close()
            unreachable = bot.say("d:1", QUESTION)
    assert (in_service, unasked) == ([handoff("unknown")], [])
    assert (alone, greeted, unreachable) == ([ANSWER], [say("greet")], [handoff("unknown")])
    assert App.asked == [("/api/v1/kb/ask?text=kan+ik+mijn+bestelling+nog+aanpassen&language=nl", "Bearer secret")]


def test_speed_and_memory_are_as_promised(bot: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the figures; asserts loosely, because other tests may share the machine."""
    times = []
    for number in range(60):
        sender = f"speed-{uuid4()}:1"
        began = time.perf_counter()
        assert bot.say(sender, QUESTION, number + 1, evidence("answer", f"e{number}")) == [ANSWER]
        times.append(time.perf_counter() - began)
    times.sort()
    with open(f"/proc/{bot.pid}/status") as status:
        memory_mb = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))
    with capsys.disabled():
        print(f"\nRasa: p50 {times[30] * 1e3:.1f} ms, p95 {times[57] * 1e3:.1f} ms a turn, {memory_mb} MB")  # noqa: T201
    assert times[30] < 0.5
    assert memory_mb <= 800
