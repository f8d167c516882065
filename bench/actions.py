"""The same bot with a plain action server in place of the evidence path's ready answer, and a turn of each.

The bot's files are copied, and the one rule that answers from the evidence runs a custom action instead. Model,
pipeline, policies, tracker store and threads are the same; the two are asked in turn, in one run.
"""

import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import httpx
import yaml

from bench.customers import TURNS_EACH, Outcome, faq_questions
from bench.product import Product
from handoff import setup_bot
from handoff.children import CappedLog, Child, Plan, stop_all
from handoff.ports import answers, free_port
from handoff.settings import ROOT, Settings

TURNS = 120
HOME = ROOT / ".cache" / "bench-actions"


class NotComparable(Exception):
    """The other bot could not be made or does not answer as ours does."""


def compare(product: Product) -> tuple[Outcome, Outcome]:
    """A turn of Rasa on the evidence path, and one through an action server, asked alternately."""
    settings = Settings(_env_file=None, var_dir=product.folder / "actions", bot_tracker_url="")
    settings.var_dir.mkdir(exist_ok=True)
    _train(settings)
    ours, theirs = product.bot_address, f"http://127.0.0.1:{free_port()}"
    children = _start(settings, theirs)
    try:
        _wait(children)
        return _ask_both(ours, theirs)
    finally:
        stop_all(children, 10)


def _train(settings: Settings) -> None:
    """Train the other bot, unless it is there already. What the two share comes from Rasa's cache."""
    stamp, wanted = HOME / "made", setup_bot.fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    for name in ("config.yml", "domain.yml", "endpoints.yml", "credentials.yml"):
        shutil.copy(setup_bot.BOT / name, HOME / name)
    for name in ("data", "components"):
        shutil.copytree(setup_bot.BOT / name, HOME / name, ignore=shutil.ignore_patterns("__pycache__"))
    if (setup_bot.BOT / ".rasa").is_dir():
        shutil.copytree(setup_bot.BOT / ".rasa", HOME / ".rasa")
    shutil.copy(Path(__file__).with_name("plain_actions.py"), HOME / "plain_actions.py")
    _with_action()
    argv = [str(setup_bot.python()), "-m", "rasa", "train", "--fixed-model-name", "actions"]
    env = setup_bot.environment(settings, spare=False)
    done = subprocess.run(argv, cwd=HOME, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NotComparable(f"The bot with an action server could not be trained:\n{done.stdout[-2000:]}")
    stamp.write_text(wanted)


def _with_action() -> None:
    """Let the rule that answers from the evidence run the action. Its stories would contradict that: they go."""
    (HOME / "data" / "stories.yml").unlink(missing_ok=True)
    rules, domain = HOME / "data" / "rules.yml", HOME / "domain.yml"
    parsed = yaml.safe_load(rules.read_text(encoding="utf-8"))
    changed = 0
    for rule in parsed["rules"]:
        if rule["steps"] == [{"intent": "kb_answer"}, {"action": "utter_answer"}]:
            rule["steps"][1] = {"action": "action_answer"}
            changed += 1
    if changed != 1:
        raise NotComparable("The rule that answers from the evidence was not found in bot/data/rules.yml.")
    rules.write_text(yaml.safe_dump(parsed, sort_keys=False), encoding="utf-8")
    parsed = yaml.safe_load(domain.read_text(encoding="utf-8"))
    parsed["actions"] = [*parsed.get("actions", []), "action_answer"]
    domain.write_text(yaml.safe_dump(parsed, sort_keys=False), encoding="utf-8")


def _start(settings: Settings, address: str) -> list[Child]:
    """The action server and the Rasa that calls it."""
    actions = f"http://127.0.0.1:{free_port()}"
    endpoints = yaml.safe_load((setup_bot.BOT / "endpoints.yml").read_text(encoding="utf-8"))
    endpoints["action_endpoint"] = {"url": f"{actions}/webhook"}
    (HOME / "endpoints.yml").write_text(yaml.safe_dump(endpoints), encoding="utf-8")
    python, env = str(setup_bot.python()), setup_bot.environment(settings)
    server = (python, "-m", "rasa_sdk", "--actions", "plain_actions", "--port", actions.rsplit(":", 1)[1])
    rasa = (python, "-m", "rasa", "run", "--model", "models/actions.tar.gz", "--interface", "127.0.0.1")
    plans = [
        Plan("action-server", server, lambda: answers(f"{actions}/health"), HOME, env),
        Plan("rasa", (*rasa, "--port", address.rsplit(":", 1)[1]), lambda: setup_bot.probe(address), HOME, env),
    ]
    children = [Child(plan, CappedLog(settings.var_dir / f"{plan.name}.log"), lambda line: None) for plan in plans]
    for child in children:
        child.start()
    return children


def _wait(children: list[Child], patience_s: float = 180) -> None:
    until = time.monotonic() + patience_s
    while not all([child.check_ready() for child in children]):
        dead = [child for child in children if not child.running]
        if dead or time.monotonic() > until:
            late = dead or [child for child in children if not child.was_ready]
            raise NotComparable(f"The {late[0].plan.name} did not start:\n{late[0].log.tail()}")
        time.sleep(0.2)


def _ask_both(ours: str, theirs: str) -> tuple[Outcome, Outcome]:
    """Ask the same question of both, turn by turn; neither gets the quieter half of the run."""
    outcomes = Outcome(), Outcome()
    questions = faq_questions()
    run = uuid.uuid4().hex
    with httpx.Client(timeout=30) as client:
        for turn in range(-TURNS_EACH, TURNS):
            sender = f"bench-{run}-{turn // TURNS_EACH}"
            for address, outcome in zip((ours, theirs), outcomes, strict=True):
                seconds = _turn(client, address, sender, questions[turn % len(questions)], turn % TURNS_EACH)
                if turn >= 0:  # the ones before only warm
                    outcome.times.append(seconds)
    return outcomes


def _turn(client: httpx.Client, address: str, sender: str, question: str, number: int) -> float:
    """One turn with evidence for an answer; seconds until Rasa's reply."""
    kb = {"verdict": "answer", "probability": 0.95, "entry": f"entry-{number}", "options": [], "parts": []}
    metadata = {"turn": number + 1, "language": "nl", "kb": {**kb, "repeats": 0.1}}
    body = {"sender": f"{sender}:1", "message": question, "metadata": metadata}
    started = time.perf_counter()
    reply = client.post(f"{address}/webhooks/rest/webhook", json=body).raise_for_status().json()
    seconds = time.perf_counter() - started
    if [one.get("custom") for one in reply] != [{"act": "answer"}]:
        raise NotComparable(f"Rasa at {address} did not answer: {json.dumps(reply)[:300]}")
    return seconds
