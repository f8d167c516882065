"""Redaction: secrets go, harmless numbers stay, the same secret gets the same number."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.redact import PLACEHOLDER, has_placeholder, iban_ok, luhn, redact


def _with_luhn(digits: str) -> str:
    return next(digits + last for last in "0123456789" if luhn(digits + last))


def _iban(country: str, rest: str) -> str:
    return next(f"{country}{n:02d}{rest}" for n in range(2, 99) if iban_ok(f"{country}{n:02d}{rest}"))


cards = st.text("0123456789", min_size=14, max_size=14).map(lambda d: _with_luhn("4" + d))
ibans = st.text("0123456789", min_size=10, max_size=10).map(lambda d: _iban("NL", "ABNA" + d)) | st.text(
    "0123456789", min_size=12, max_size=12
).map(lambda d: _iban("BE", d))
separators = st.sampled_from(["", " ", "-"])
frames = st.sampled_from(["mijn nummer is {}", "{}", "help! {} werkt niet", "({})", "zie {}, dank je", "it is {} aub"])


def _grouped(digits: str, separator: str) -> str:
    return separator.join(re.findall(".{1,4}", digits))


@given(cards, separators, frames)
def test_cards_go(card: str, separator: str, frame: str) -> None:
    assert redact(frame.format(_grouped(card, separator))) == frame.format("[card]")


@given(ibans, separators, frames)
def test_ibans_go(iban: str, separator: str, frame: str) -> None:
    assert redact(frame.format(_grouped(iban, separator))) == frame.format("[iban]")


@given(
    st.text("ABCDEFGHJKLMNP23456789", min_size=16, max_size=16).filter(
        lambda c: sum(map(str.isdigit, c)) > 2 and not c.isdigit() and not iban_ok(c)
    ),
    frames,
)
def test_gift_card_codes_go(code: str, frame: str) -> None:
    assert redact(frame.format(_grouped(code, "-"))) == frame.format("[code]")


@given(st.text("0123456789", min_size=4, max_size=6), st.sampled_from(["pincode", "mijn pin is", "PIN:", "cvc code"]))
def test_pins_go(pin: str, before: str) -> None:
    assert redact(f"{before} {pin}") == f"{before} [pin]"


@given(st.text("0123456789", min_size=8, max_size=8), st.sampled_from(["06", "+316", "+31 6 ", "00316", "06-"]), frames)
def test_mobile_numbers_go(rest: str, start: str, frame: str) -> None:
    assert redact(frame.format(start + rest)) == frame.format("[phone]")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail jan.jansen+x@voorbeeld.example!", "mail [email]!"),
        ("BE68 5390 0754 7034 aub", "[iban] aub"),
        ("help! NL97ABNA0034292000 werkt niet", "help! [iban] werkt niet"),
        ("4111 1111 1111 1111 en 5500005555555559, dus 4111111111111111", "[card 1] en [card 2], dus [card 1]"),
        ("de pin: 48*1 kan ik niet lezen", "de pin: [pin] kan ik niet lezen"),
        ("1234 is mijn pin", "[pin] is mijn pin"),
        ("giftcard 6036281234567890123", "giftcard [code]"),
        ("mijn bestelnummer is 2024-55123", "mijn bestelnummer is [order]"),
        ("12345678 is mijn ordernr", "[order] is mijn ordernr"),
        ("ordernummer LT-2023-00123", "ordernummer [order]"),
        ("ik woon Kerkstraat 12, 1234 AB Amsterdam", "[address]"),
        ("Korte Nieuwstraat 5 bus 3, 9000 Gent", "[address]"),
        ("i live at 12 Baker Street London", "i live at [address]"),
        ("0032 470 12 34 56", "[phone]"),
        ("+32 470/12.34.56", "[phone]"),
        ("tel. 09 123 45 67", "tel. [phone]"),
    ],
)
def test_secrets_as_people_write_them(text: str, left: str) -> None:
    assert redact(text).endswith(left)


HARMLESS = """2 jaar garantie|maat 43|prijs 1.299,95 euro|12-03-2024 besteld|op 2024-03-12|50 euro op mijn cadeaubon
lamp van 1500 lumen|60x120cm|E27 lamp 40W|3 bestellingen in 2023|iPhone15|10 gift cards of 25 euro|sinds 2019 klant
ik kan met pin betalen vanaf 10 euro?|tussen 10:00 en 18:00|kortingscode ZOMER25|onderweg 3 dagen|al 5 weken onderweg 2
krijg ik 1000 punten|30 dagen bedenktijd|in 2023-2024|de 3de verdieping|230 volt|4 stoelen|klasse A+++|na 14 dagen
een lamp van 2700K|mijn bon van 100 euro|hoe lang duurt bezorgen 1 of 2 dagen|op 1 januari|om 8u30|wifi 2.4GHz"""


@pytest.mark.parametrize("text", [t for line in HARMLESS.splitlines() for t in line.split("|")])
def test_harmless_numbers_stay(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=300))
def test_twice_is_once_and_nothing_fails(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


def test_placeholders_are_told_from_other_brackets() -> None:
    assert has_placeholder("mijn [card 2]")
    assert not has_placeholder("mijn [kaart] [card x]")
    assert PLACEHOLDER.fullmatch(redact("NL91ABNA0417164300"))


@pytest.mark.parametrize(
    "piece", ["1", "a", "a@", "1 ", "pin ", "straat ", "Aa ", "order-", "NL91 ", "x.", "+1", "AB12-"]
)
def test_long_input_takes_no_time(piece: str) -> None:
    started = time.process_time()  # other tests run beside this one
    redact(piece * (20_000 // len(piece)))
    assert time.process_time() - started < 2


def test_made_up_messages_in_bulk() -> None:
    """Messages with a secret of each kind between ordinary words: at least 98 in 100 lose it."""
    rng, missed = random.Random(5), []
    for _ in range(300):
        kind = rng.choice(["order {}", "bestelling {}", "cadeaubon nummer {}", "pincode van mijn kaart {}"])
        secret = "".join(rng.choices("0123456789", k=rng.choice([6, 8, 9])))
        if secret in redact(f"hallo, {kind.format(secret)} doet het niet, wat nu"):
            missed.append(secret)
    assert len(missed) <= 6


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("de pincode is weggekrast, order 20231234 van toen", "de pincode is weggekrast, order [order] van toen"),
        ("mijn pin is weg, bestelnummer 12345678", "mijn pin is weg, bestelnummer [order]"),
        ("pincode 1234 van bestelling 87654321", "pincode [pin] van bestelling [order]"),
        ("my pin is gone, order number 87654321", "my pin is gone, order number [order]"),
    ],
)
def test_a_number_that_is_called_an_order_is_one_though_a_pin_is_named_too(text: str, kept: str) -> None:
    assert redact(text) == kept


# What a fifth set, written blind, showed to be missing: see docs/redaction.md.
CLASSES = {
    "link words": """Van der Helststraat 24|van der helststraat 198 ii|v.d. Helststraat 12|de la Reyweg 510
        86 Bothar na Tra|12 Sráid na Cathrach, Ennis|31 ffordd y bryn|8 rue de la Gare|83 rue des lilas
        4, impasse des Tilleuls|12 bis avenue du General Leclerc, 75014 Paris|rue des Lilas 12|5 place du marché""",
    "other countries": """Berliner Str. 17, 80443 München|berliner str. 11\\n80312 münchen|Bahnhofstraße 732
        Schillerstr. 24b, 10705 Berlin|Unter den Linden 5, 10117 Berlin|Lindenallee 3, D-52062 Aachen
        Calle Mayor 12, 28013 Madrid|C/ Serrano 21, 2º B, 28001 Madrid
        Via Roma 24, 20121 Milano|Rua do Ouro 45, 1100-061 Lisboa
        ul. Marszałkowska 12/4, 00-590 Warszawa|Vesterbrogade 12, 2. th, 1620 København V|Kungsgatan 5, 111 43 Stockholm
        Bahnhofstrasse 1, CH-8001 Zürich|F-75011 Paris|L-1234 Luxembourg|10115 Berlin|Köln 50188""",
    "commas and spaces": """Prins Bernhardlaan, 191, breda 4829 DR|Cornelisbaan, 84 Den Burg|Dorpsstraat 9,1657 VS
        dorpsstraat 9,1657 vs abbekerk|1774  cl den burg|Molenweg,12|kerkstraat , 12 , 9000 gent|kapelstraat 7,2500 lier
        hauptstraße 162,52340 aachen|Maartensingel 22, 8900-NE Leeuwarden|church road, 14, norwich nr1 2ab""",
    "Belgian postcodes": """Wouterpad 2 2500|Christianboulevard, 25 2100|Veldstraat 12 bus 3 9000|Kapelstraat 12/3 3590
        Eikenlei 5 te 2960|rue Haute 12 1000|Boomgaardstraat 12 2018""",
}


@pytest.mark.parametrize(
    "address", [a.strip() for listed in CLASSES.values() for line in listed.splitlines() for a in line.split("|")]
)
@pytest.mark.parametrize("frame", ["mijn adres:\n{}", "please send it to {}"])
def test_addresses_of_these_kinds_go_whole(address: str, frame: str) -> None:
    text = address.replace("\\n", "\n")
    assert redact(frame.format(text)) == frame.format("[address]")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "Er staat Achterom 30 a maar het is De Meerpaal 22. Postcode klopt.",
            "Er staat [address 1] maar het is [address 2]. Postcode klopt.",
        ),
        (
            "it says 8 the paddocks but it's 83 woodview. postcode ok",
            "it says [address 1] but it's [address 2]. postcode ok",
        ),
        ("ik heb Brink 4 ingevuld maar woon op Brink 14", "ik heb [address 1] ingevuld maar woon op [address 2]"),
        ("niet Lijsterbes 14 maar Lijsterbes 41", "niet [address 1] maar [address 2]"),
        ("mijn oude adres staat er, het moet vlietzoom 9a zijn", "mijn oude adres staat er, het moet [address] zijn"),
        ("it says 2 sockets but it's 3 plugs", "it says 2 sockets but it's 3 plugs"),
        ("er staat maat 42 maar het is maat 43", "er staat maat 42 maar het is maat 43"),
        ("kun je even kijken naar ORD-47657?", "kun je even kijken naar [order]?"),
        ("WEB510975 is nog niet binnen", "[order] is nog niet binnen"),
        ("any news on orer 15831? it was for € 547,50.", "any news on orer [order]? it was for € 547,50."),
        ("NL-41234 wanneer komt die", "[order] wanneer komt die"),
        ("HK-1234 in het zwart", "HK-1234 in het zwart"),
        ("and then pin PF9C6T9 yeah?", "and then pin [pin] yeah?"),
        ("de pin die ebij hoort: 5TXPFG", "de pin die ebij hoort: [pin]"),
        ("no the PIN isnt €25 lol, its 799S48", "no the PIN isnt €25 lol, its [pin]"),
        ("7hk2m9 is de pin", "[pin] is de pin"),
        ("picnode hzv9dt", "picnode [pin]"),
        ("can i pay by pin for the PS5?", "can i pay by pin for the PS5?"),
        ("can i pick it up at 9 o'clock?", "can i pick it up at 9 o'clock?"),
        ("the Ninja AF300EU or the ninja af300eu", "the Ninja AF300EU or the ninja af300eu"),
        ("the Zyx AF300EU", "the Zyx AF300EU"),
        ("ruilen 30 dagen na aankoop", "ruilen 30 dagen na aankoop"),
        ("via Klarna 3 termijnen", "via Klarna 3 termijnen"),
    ],
)
def test_what_the_fifth_set_showed(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ik woon aan de Schoolstraat51.", "ik woon aan de [address]."),
        ("Guido Gezellelaan95 bus 12", "[address]"),
        ("Zuidsingel97 is de voordeur", "[address] is de voordeur"),
        ("de touchpad2 en onderweg2 blijven staan", "de touchpad2 en onderweg2 blijven staan"),
        ("joepsteeg 27, 4383.ev", "[address]"),
        ("levering naar 6065 lantremange kan dat?", "levering naar [address] kan dat?"),
        ("leveren jullie ook in 2500 gemeenten?", "leveren jullie ook in 2500 gemeenten?"),
        ("9987 Gaurain-Ramecroix nr 85", "[address]"),
        ("my address is 45 windsor court oldtown brighton bn17-2ls", "my address is [address]"),
        ("it was Kouter 324, not number 64", "it was [address], not number 64"),
        ("1 tafel van 160 bij 90, kan dat in 1 levering?", "1 tafel van 160 bij 90, kan dat in 1 levering?"),
        ("er stond 11:00\nKunt u helpen?", "er stond 11:00\nKunt u helpen?"),
        ("2 jaar garantie op de levi's 501?", "2 jaar garantie op de levi's 501?"),
        ("Bosch Serie 6 WGG244", "Bosch Serie 6 WGG244"),
        ("Is 612271 the right part number for an AEG?", "Is 612271 the right part number for an AEG?"),
        ("IM NORMALLY A 122/128", "IM NORMALLY A 122/128"),
        ("de pin erbij is 9318\ngr", "de pin erbij is [pin]\ngr"),
        ("kras code 22 27U doet niks", "kras code [pin] doet niks"),
        ("de code die ik heb weggekrast: V153V. Al gebruikt", "de code die ik heb weggekrast: [pin]. Al gebruikt"),
        ("ik heb gekrast 2 keer en niks", "ik heb gekrast 2 keer en niks"),
        ("your order number is q-36w77776w.", "your order number is [order]."),
        ("mijn order (a-29nq7c070) staat stil", "mijn order ([order]) staat stil"),
        ("order no.V1YK1AC23 wrong address", "order no.[order] wrong address"),
        ("bestelrn.1756007 klopt niet", "bestelrn.[order] klopt niet"),
    ],
)
def test_what_the_sixth_set_showed(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The PIN on the gift card is 52y9", "The PIN on the gift card is [pin]"),
        ("For PIN I enter 6DQZ and get an error", "For PIN I enter [pin] and get an error"),
        ("it asks for a security code, is that cq4f? please", "it asks for a security code, is that [pin]? please"),
        ("i cant read the pin, it looks like 4UCX.", "i cant read the pin, it looks like [pin]."),
        ("How much is left on gift card CADEAU-97X3 GYKU?", "How much is left on gift card [code]?"),
        ("gift card code GV-NTKY.22ZJ.MXQ2, only", "gift card code [code], only"),
        ("gift card from my sister", "gift card from my sister"),
        ("113 Seaview Terrace cork H91-FH8X", "[address 1] cork [address 2]"),
        ("een afhaalpunt in de buurt van 7628?", "een afhaalpunt in de buurt van [address]?"),
        ("is er een winkel bij 2 in de buurt", "is er een winkel bij 2 in de buurt"),
        ("hij gebruikt 378 kwh per jaar, is de code goed?", "hij gebruikt 378 kwh per jaar, is de code goed?"),
    ],
)
def test_what_the_seventh_set_showed(text: str, left: str) -> None:
    assert redact(text) == left
