"""What changed between two revisions: word by word, line beside line, whole when put together, and quick."""

import random
import time

import pytest

from kb.differences import Part, Row, differences, side_by_side, word_parts

WORDS = "de het een kaart bon pincode niet wel 🎁 مرحبا <b>x</b> [link](/a) **vet** prijs, 25 euro.".split()
ANSWER = "Je kunt je bon in elke winkel inleveren.\n\n- Neem hem mee.\n- Je krijgt 10 euro."


def put_together(parts: tuple[Part, ...], but: str) -> str:
    return "".join(text for how, text in parts if how != but)


def some_text(draw: random.Random, lines: int) -> str:
    return "\n".join(" ".join(draw.choices(WORDS, k=draw.randrange(8))) for _ in range(lines))


def test_what_went_and_came_is_said_word_by_word() -> None:
    assert word_parts("Meestal 1 à 2 werkdagen.", "Meestal 2 à 3 werkdagen.") == (
        ("same", "Meestal "), ("gone", "1"), ("new", "2"), ("same", " à "),
        ("gone", "2"), ("new", "3"), ("same", " werkdagen."),
    )  # fmt: skip
    assert word_parts("", "nieuw") == (("new", "nieuw"),)
    assert word_parts("oud", "") == (("gone", "oud"),)
    assert word_parts("", "") == ()


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_are_both_texts_and_nothing_else(seed: int) -> None:
    draw = random.Random(seed)
    before, after = some_text(draw, draw.randrange(6)), some_text(draw, draw.randrange(6))
    parts = word_parts(before, after)
    assert put_together(parts, "new") == before
    assert put_together(parts, "gone") == after
    rows = [row for row in side_by_side(before, after) if not row.folded]
    if len(rows) == len(side_by_side(before, after)):  # where nothing is folded, every word stands on its side
        assert "\n".join(put_together(row.before, "new") for row in rows if row.before).split() == before.split()
        assert "\n".join(put_together(row.after, "gone") for row in rows if row.after).split() == after.split()


def test_a_changed_line_stands_beside_what_it_was() -> None:
    changed = ANSWER.replace("10 euro", "25 euro").replace("- Neem hem mee.\n", "")
    rows = side_by_side(ANSWER, changed)
    assert Row(before=(("gone", "- Neem hem mee."),)) in rows
    last = rows[-1]
    assert ("gone", "10") in last.before
    assert ("new", "25") in last.after
    assert put_together(last.before, "new") == "- Je krijgt 10 euro."


def test_lines_without_likeness_are_not_put_beside_each_other() -> None:
    rows = side_by_side("Bel ons even.", "Alles kan online, dag en nacht.")
    assert rows == (Row(before=(("gone", "Bel ons even."),)), Row(after=(("new", "Alles kan online, dag en nacht."),)))


def test_a_line_alone_in_its_place_is_compared_word_by_word() -> None:
    (row,) = side_by_side("Ja, altijd.", "Ja, vijf jaar lang.")
    assert row == Row((("same", "Ja, "), ("gone", "altijd.")), (("same", "Ja, "), ("new", "vijf jaar lang.")))


def test_long_stretches_that_stayed_are_folded() -> None:
    lines = [f"regel {n} zegt dit" for n in range(30)]
    rows = side_by_side("\n".join(lines), "\n".join([*lines[:15], "heel wat anders", *lines[16:]]))
    assert [row.folded for row in rows if row.folded] == [14, 13]
    assert sum(row.stayed and not row.folded for row in rows) == 2


def test_only_fields_that_differ_are_named_in_their_order() -> None:
    before = {"question": "v", "answer": ANSWER, "phrasings": ["a", "b"], "topic": "", "audience": "public",
              "status": "live"}  # fmt: skip
    after = before | {"phrasings": ["b", "c"], "status": "withdrawn", "question": "w"}
    found = differences(before, after)
    assert [d.field for d in found] == ["question", "phrasings", "status"]
    assert [row.after or row.before for row in found[1].rows] == [
        (("gone", "a"),), (("same", "b"),), (("new", "c"),)
    ]  # fmt: skip
    assert differences(before, dict(before)) == []
    assert differences({}, {"answer": "x"})[0].parts == (("new", "x"),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 4000, "a b " * 2000),
        ("\n".join(["x"] * 4000), "\n".join(["x", "y"] * 2000)),
        (" ".join(f"w{n % 97}" for n in range(2000)), " ".join(f"w{n * 7 % 89}" for n in range(2000))),
        ("\n".join(f"regel {n} x" for n in range(500)), "\n".join(f"regel {n} y" for n in range(500, 1000))),
        (" ".join(["a"] * 140), " ".join(["b", "a"] * 140)),
        (" \n" * 4000, "\t\n" * 4000),
    ],
)
def test_no_text_holds_up_the_page(before: str, after: str) -> None:
    started = time.process_time()  # what it computes, whatever else the machine does
    word_parts(before, after)
    side_by_side(before, after)
    assert time.process_time() - started < 1
