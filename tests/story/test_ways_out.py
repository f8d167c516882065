"""No loop, no silence, no second answer: the real bot behind the real API, and what happens when a process dies."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import psutil
import pytest

from bench.product import Product

from .conftest import Customer, until

pytestmark = pytest.mark.rasa
VALID = "hoe lang is mijn cadeaukaart geldig"
PASSWORD = "ik ben mijn wachtwoord vergeten"


def test_who_rejects_two_answers_is_with_a_person(product: Product) -> None:
    her = Customer(product)
    assert her.asks(VALID)["kind"] == "answer"
    assert her.asks("dat is niet wat ik vroeg")["kind"] == "rephrase"
    assert her.asks(PASSWORD)["kind"] == "answer"
    assert her.asks("nee dat bedoel ik niet")["kind"] == "handed_over"
    assert her.owner() == "queue"


def test_two_thumbs_down_are_two_rejections(product: Product) -> None:
    her = Customer(product)
    her.asks(VALID)
    assert her.asks(kind="helped", value=False)["kind"] == "rephrase"
    her.asks(PASSWORD)
    assert her.asks(kind="helped", value=False)["kind"] == "handed_over"


@pytest.mark.parametrize("words", ["medewerker", "MEDEWERKER", "mag ik een mens spreken?", "agent please"])
def test_who_asks_for_a_person_is_in_the_queue_at_once(product: Product, words: str) -> None:
    her = Customer(product)
    assert her.asks(words)["kind"] == "handed_over"
    assert her.http.get(f"/conversations/{her.id}").json()["reason"] == "requested"


def test_an_entry_is_not_given_twice(product: Product) -> None:
    her = Customer(product)
    assert her.asks(VALID)["kind"] == "answer"
    again = her.asks("tot wanneer kan ik mijn cadeaukaart gebruiken, hoe lang is hij geldig")
    assert again["kind"] == "handed_over"
    assert her.http.get(f"/conversations/{her.id}").json()["reason"] == "loop"


def test_off_topic_twice_offers_a_person_and_yes_is_enough(product: Product) -> None:
    her = Customer(product)
    assert her.asks("wie wint er zondag bij het voetbal")["kind"] == "rephrase"
    offer = her.asks("wat eten we vanavond, ik denk spaghetti")
    assert offer["kind"] in ("say", "handed_over")
    if offer["kind"] == "say":
        assert her.asks("ja graag")["kind"] == "handed_over"


@pytest.mark.parametrize(
    "messages",
    [["hallo", "ik heb een vraag", VALID], [VALID, "een van 50 euro", "die rode"]],
)
def test_three_quick_messages_get_one_sensible_turn(product: Product, messages: list[str]) -> None:
    her = Customer(product)
    for text in messages:
        her.send(text)
        time.sleep(0.3)
    until(lambda: [m for m in her.rows() if m["author"] == "bot"])
    time.sleep(2)
    said = [m for m in her.rows() if m["author"] != "customer"]
    assert [m["kind"] for m in said] == ["answer"]
    assert said[0]["entry_key"] == "gift-card-validity"
    assert her.owner() == "bot"


def ready(product: Product) -> bool:
    """Whether every part of the product is ready."""
    return httpx.get(f"{product.address}/readyz").status_code == 200


def process(product: Product, what: str) -> psutil.Process:
    """The running Rasa or app."""

    def look() -> psutil.Process | None:
        for child in psutil.Process(product.pid).children(recursive=True):
            with suppress(psutil.Error):  # one that just died
                if any(what in part for part in child.cmdline()):
                    return child
        return None

    found = until(look)
    assert isinstance(found, psutil.Process)
    return found


def test_rasa_is_killed_and_nobody_waits_for_it(product: Product) -> None:
    her = Customer(product)
    assert her.asks(VALID)["kind"] == "answer"
    os.kill(process(product, "rasa").pid, signal.SIGKILL)
    handed = her.asks(PASSWORD)
    assert handed["kind"] == "handed_over"
    assert her.http.get(f"/conversations/{her.id}").json()["reason"] == "bot_unavailable"
    until(lambda: ready(product), 90)
    assert Customer(product).asks(VALID)["kind"] == "answer"


def test_the_app_is_killed_in_the_middle_of_turns(product: Product) -> None:
    customers = [Customer(product) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda her: her.send(VALID), customers))
    os.kill(process(product, "uvicorn").pid, signal.SIGKILL)
    until(lambda: ready(product), 90)
    for her in customers:
        until(lambda her=her: her.owner() != "bot" or her.rows()[-1]["author"] != "customer", 30)
    time.sleep(1)
    for her in customers:
        kinds = [(m["author"], m["kind"]) for m in her.rows()]
        assert kinds in ([("customer", "text"), ("bot", "answer")], [("customer", "text"), ("system", "handed_over")])


def test_both_are_killed_while_she_waits_in_the_queue(product: Product) -> None:
    her = Customer(product)
    her.asks("medewerker")
    os.kill(process(product, "rasa").pid, signal.SIGKILL)
    os.kill(process(product, "uvicorn").pid, signal.SIGKILL)
    until(lambda: ready(product), 90)
    assert her.owner() == "queue"
    assert her.send("zijn jullie er nog?") == 3
    assert [m["kind"] for m in her.rows()] == ["text", "handed_over", "text"]
