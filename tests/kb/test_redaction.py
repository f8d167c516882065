"""How much of what customers type redaction takes, and how much it leaves, kind by kind and language by language."""

import time

import pytest

from kb.redact import KINDS, redact
from tests.kb import redaction_fresh
from tests.kb.redaction import LANGUAGES, Row, measure, messages, survives, templates
from tests.kb.redaction_forms import Secret
from tests.pace import paced

RECALL, TOUCHED = 0.98, 0.02  # the bars of every kind in either language
EACH, SEED = 400, 5


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("held_out", [False, True], ids=["tuning", "held out"])
def test_secrets_go_and_harmless_numbers_stay(language: str, held_out: bool) -> None:
    _holds(measure(redact, language, EACH, seed=SEED, held_out=held_out))


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_written_without_the_rules_hold_too(language: str) -> None:
    _holds(redaction_fresh.measure(redact, language, EACH, seed=SEED))


def _holds(rows: list[Row]) -> None:
    assert [row.kind for row in rows] == [*KINDS, "harmless"]
    assert all(row.messages == EACH and row.secrets >= 50 for row in rows)
    below = [row for row in rows if row.recall < (1 - TOUCHED if row.kind == "harmless" else RECALL)]
    assert not below, [(row.kind, round(row.recall, 4), row.leaks[:5]) for row in below]


def test_what_is_left_of_a_secret_is_seen() -> None:
    card = Secret("card", "4111 1111 1111 1234", ("4111 1111 1111 1234",), 3)
    assert survives(card, "mijn kaart [card] 1234")
    assert survives(card, "4 1 1 1")
    assert survives(card, "４１１")
    assert not survives(card, "mijn kaart [card 2], 41 euro")
    none, all_gone = measure(lambda text: text, "nl", 50, seed=1, held_out=False)[0], lambda text: "[card]"
    assert none.recall == 0
    assert measure(all_gone, "nl", 50, seed=1, held_out=False)[-1].recall == 0


def test_the_sets_share_no_template_and_a_seed_gives_the_same_messages() -> None:
    for language in LANGUAGES:
        tuning, held_out = templates(language, False), templates(language, True)
        assert set(tuning) == set(held_out) == {*KINDS, "harmless"}
        bare = ("{card}", "{iban}", "{code}", "{plain_code}", "{email}", "{phone}", "{address}", "{long_order}")
        shared = {line for kind in tuning for line in set(tuning[kind]) & set(held_out[kind])} - set(bare)
        assert not shared
        fresh = redaction_fresh.templates(language)
        assert all(len(fresh[kind]) >= 12 for kind in KINDS)
        assert len(fresh["harmless"]) >= 60
        assert not {line for kind in fresh for line in set(fresh[kind]) & {*tuning[kind], *held_out[kind]}} - set(bare)
    first, again = (list(messages("pin", "nl", 20, seed=3, held_out=True)) for _ in range(2))
    assert first == again
    once, twice = (list(redaction_fresh.messages("pin", "nl", 20, seed=3)) for _ in range(2))
    assert once == twice


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("stuur naar Meir 12 bus 3, 2000 Antwerpen aub", "stuur naar [address] aub"),
        ("ik woon Steenweg op Gierle 23 bus 12", "ik woon [address]"),
        ("gsm 0470/12.34.56", "gsm [phone]"),
        ("tel 03/234 56 78", "tel [phone]"),
        ("rek BE68 5390 0754 7034", "rek [iban]"),
        ("oude rekening 539-0075470-34", "oude rekening [iban]"),
        ("postcode B-9000 Gent", "postcode [address]"),
        ("leveren jullie in 8500 kortrijk?", "leveren jullie in [address]?"),
        ("mail: jan\u200b.jansen@voorbeeld.example", "mail: [email]"),
        ("jan punt jansen apenstaartje gmail punt com", "[email]"),
        ("pincode een twee drie vier", "pincode [pin]"),
        ("postbus 123 in Gent", "[address]"),
        ("order 1043 van vorige week", "order [order] van vorige week"),
        ("can i order 1440 cans or 1500?", "can i order 1440 cans or 1500?"),
        ("sort code 20-45-13 account 5577 9911", "sort code [iban]"),
        ("kaart 4111, 1111, 1111, 1111 werkt niet", "kaart [card] werkt niet"),
        ("maten 3536, 3738, 3940, 4142", "maten 3536, 3738, 3940, 4142"),
        ("pin is 36.53", "pin is [pin]"),
        ("met pin betalen vanaf 12.50?", "met pin betalen vanaf 12.50?"),
        ("geleverd op 20/04/27 in een doos van 60x40x30 cm", "geleverd op 20/04/27 in een doos van 60x40x30 cm"),
        ("chaussée de wavre 17/3, 1050 elsene", "[address]"),
        ("unit 4 1, garry views", "[address]"),
        ("2702 NQ 19-III", "[address]"),
        # British and Irish: no word for a street, a flat before it, a house's name, a postcode like a size
        ("it was delivered to 86 Eastgate, Lincoln", "it was delivered to [address]"),
        ("i live at 61 woodlands please", "i live at [address] please"),
        ("send it to Flat 27, 12 Foxglove Way, Hull HU1 4TB", "send it to [address]"),
        ("unit 6, 86 Eastgate is my shop", "[address] is my shop"),
        ("The Old Vicarage, Church Lane, Kendal, LA9 4QH", "[address]"),
        ("address: rose cottage, mill lane, kendal", "address: [address]"),
        ("my postcode is s64 7tb", "my postcode is [address]"),
        ("the S24 1tb in black", "the S24 1tb in black"),
        ("at 217 Wilkinson Course", "at [address]"),
        # American
        ("ship to 742 Evergreen Terrace Apt 4B, Springfield, IL 62704", "ship to [address]"),
        # Dutch and Belgian: a street that has no word for one, a postcode and town of their own
        ("bezorgadres is Achter de Hoven 210 te Leeuwarden", "bezorgadres is [address]"),
        ("mijn pakket is aangekomen op lijsterbes 12", "mijn pakket is aangekomen op [address]"),
        ("Kerkstraat 12 Gent", "[address]"),
        ("naam: Bakker\nOude Vest 12 bus 3\n2140 Borgerhout", "naam: Bakker\n[address]"),
        ("stuur naar 2 adressen", "stuur naar 2 adressen"),
        ("Taking 2 Green and 3 Blue ones", "Taking 2 Green and 3 Blue ones"),
        # Order numbers: round, of four digits, in a list, alone
        ("bestelnummer is 95915000", "bestelnummer is [order]"),
        ("bestelling met nummer 4918 is zoek", "bestelling met nummer [order] is zoek"),
        ("my order (4140) is late", "my order ([order]) is late"),
        ("2024-71042", "[order]"),
        ("in 2023-2024", "in 2023-2024"),
        ("71042", "[order]"),
        ("orders 4918, 4919 and 4920 please", "orders [order 1], [order 2] and [order 3] please"),
        ("parcel RX471 033 729 GB", "parcel [order]"),
        ("an order of 5000 pens", "an order of 5000 pens"),
        # Codes: letters alone, with a word in front, in groups, over two lines
        ("it says BON-KDVM-CVSC has been redeemed", "it says [code] has been redeemed"),
        ("de code is kdvm-cvsc", "de code is [code]"),
        ("cadeaubon kdvm cvsc xqpl", "cadeaubon [code]"),
        ("voucher AB12-CD34-\nEF56-GH78", "voucher [code]"),
        ("mijn cadeau-kaart werkt", "mijn cadeau-kaart werkt"),
        ("pincode4821", "pincode[pin]"),
    ],
)
def test_forms_of_here(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.alone
def test_a_long_message_takes_less_than_50_ms() -> None:
    words = "Ik heb vorige week een lamp gekocht maar hij doet het niet meer, kan ik hem ruilen? "
    secrets = "Bestelnummer 48213377, NL91ABNA0417164300, bel 06 12345678, pin 1234, Kerkstraat 12, 1234 AB Gent. "
    text = (secrets * 3 + words * 60)[:4000]
    assert _seconds(text) < 0.05


HOSTILE = [
    "1",
    "1 ",
    "12-",
    "a",
    "a@",
    "a.b ",
    "NL91 ",
    "NL91AB",
    "AB12-",
    "AB12 - ",
    "4#",
    "Aa ",
    "straat 1 ",
    "(",
    "+1",
]
HOSTILE += [
    "1,",
    "pin 12 ",
    "order 4567 ",
    "een ",
    " punt a",
    "at ",
    "0 ",
    "\u200b",
    "1\u00a0",
    "x_",
    "[card",
    "12 de ",
    "'",
    "unit 4 ",
    "Aa, ",
    "kdvm-",
    "orders 4918, ",
    "the old ",
    "2000 a, ",
    "8 rue ",
    "an der ",
    "van der ",
    "D-80443 ",
    "a 1 maar ",
    "pin A1 ",
    "9,1234 ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    short, long = (_seconds((piece * size)[:size] + "!") for size in (4_000, 16_000))
    assert short < 0.5
    assert long < 8 * short + 0.05  # four times the length; sixteen would be its square


def _seconds(text: str) -> float:
    """Processor time: other tests run beside this one."""

    def once() -> float:
        begun = time.process_time()
        redact(text)
        return time.process_time() - begun

    return paced(once, 3)
