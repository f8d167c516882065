"""Rasa's own classifier, DIET with the fallback of Rasa's default configuration, trained on the same texts.

Runs in the bot's environment: `rasa train nlu`, then `bench/knowledge_rasa.py`.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from bench.knowledge_peers import Result, result, texts_of
from handoff import setup_bot
from handoff.settings import ROOT, Settings
from kb.evaluate import Pair

EPOCHS = 100  # of Rasa's default configuration, as the rest of the pipeline
TOLD_EVERY_S = 60.0


class NotTrained(Exception):
    """Rasa could not be trained or asked; the message holds the end of what it said."""


def pipeline(epochs: int) -> dict[str, object]:
    """Rasa's configuration: its default pipeline without what answers and replaces entities, seeded."""
    return {
        "recipe": "default.v1",
        "assistant_id": "bench",
        "language": "en",
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {"name": "DIETClassifier", "epochs": epochs, "constrain_similarities": True, "random_seed": 42},
            {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
        ],
    }


def diet(pair: Pair, epochs: int, say: Callable[[str], None]) -> Result:
    """DIET trained on `pair`. Refuses below a confidence of .3, or where the second is within .1: Rasa's defaults.

    The seconds to build include Rasa's own start. NotTrained when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="rechtdoor-diet-") as name:
        folder = Path(name)
        names = write_project(folder, pair, epochs)
        started = time.monotonic()
        train = ("-m", "rasa", "train", "nlu", "--nlu", "nlu.json", "--config", "config.yml", "--out", ".")
        _run(folder, (*train, "--fixed-model-name", "diet"), f"DIET trains, {epochs} epochs", say)
        build_s = time.monotonic() - started
        script = str(ROOT / "bench" / "knowledge_rasa.py")
        _run(folder, (script, "diet.tar.gz", "questions.json", "parsed.json"), "DIET is asked", say)
        parsed = json.loads((folder / "parsed.json").read_text(encoding="utf-8"))["parsed"]
    rankings = [(tuple(names[intent] for intent in one["ranked"]), one["score"]) for one in parsed]
    return result(pair, rankings, [one["answered"] for one in parsed], build_s, [one["seconds"] for one in parsed])


def write_project(folder: Path, pair: Pair, epochs: int) -> dict[str, str]:
    """Write configuration, training data and questions into `folder`; the ids behind the intents' names.

    As JSON: in Rasa's YAML, brackets in a text would mark entities.
    """
    known = texts_of(pair)
    names = {owner: f"e{i}" for i, owner in enumerate(dict.fromkeys(known.owners))}
    texts = zip(known.texts, known.owners, strict=True)
    examples = [{"text": text, "intent": names[owner], "entities": []} for text, owner in texts]
    (folder / "config.yml").write_text(yaml.safe_dump(pipeline(epochs), sort_keys=False))
    (folder / "nlu.json").write_text(json.dumps({"rasa_nlu_data": {"common_examples": examples}}))
    (folder / "questions.json").write_text(json.dumps([question.text for question in pair.asked]))
    return {name: owner for owner, name in names.items()}


def _run(folder: Path, arguments: tuple[str, ...], what: str, say: Callable[[str], None]) -> None:
    """Run the bot's Python in `folder`, telling every minute that it is still at it."""
    settings = Settings(_env_file=None, var_dir=folder, bot_tracker_url="")
    env = setup_bot.environment(settings, spare=False)
    log = folder / "log.txt"
    started = time.monotonic()
    with log.open("wb") as out:
        command = [str(setup_bot.python()), *arguments]
        with subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT) as process:
            while True:
                try:
                    code = process.wait(TOLD_EVERY_S)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{what}: {time.monotonic() - started:.0f} s")
                except BaseException:
                    process.kill()
                    raise
    if code:
        raise NotTrained(f"{what}, and failed:\n{log.read_text(errors='replace')[-2000:]}")
