"""What is recognised in customers' words, what only looks like it, and that no secret comes out whole."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.facts import KINDS, Told, all_facts, facts, masked

ZONE = ZoneInfo("Europe/Amsterdam")
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday


def found(text: str, kind: str) -> list[tuple[str, str]]:
    """Words and value of the facts of a kind."""
    return [(f.words, f.value) for f in facts(text, AT, ZONE) if f.kind == kind]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Mijn bestelnummer is 20231234", "order", "20231234"),
        ("bestelling 4711-99812 is niet aangekomen", "order", "4711-99812"),
        ("het gaat om order LT-2024-00123", "order", "LT-2024-00123"),
        ("20231234 is mijn bestelnummer", "order", "20231234"),
        ("#20231234 kwam kapot aan", "order", "20231234"),
        ("my order number is 20231234", "order", "20231234"),
        ("Order no. A1234567, where is it?", "order", "A1234567"),
        ("hoi 20231234 is mijn factuurnummer", "invoice", "20231234"),
        ("factuurnummer 20241234", "invoice", "20241234"),
        ("invoice number: 20241234", "invoice", "20241234"),
        ("klantnummer 1234567", "customer", "1234567"),
        ("return number 9876543 please", "return", "9876543"),
        ("track & trace 3SABCD1234567890", "tracking", "3SABCD1234567890"),
        ("mijn pakket 3SKABA123456789 staat stil", "tracking", "3SKABA123456789"),
        ("DHL says JJD012345678901234567", "tracking", "JJD012345678901234567"),
        ("tracking 1Z999AA10123456784", "tracking", "1Z999AA10123456784"),
        ("zending 123456789", "tracking", "123456789"),
        ("mail naar jan.de.vries+shop@voorbeeld.nl", "email", "jan.de.vries+shop@voorbeeld.nl"),
        ("my mail is Ann@Example.co.uk thanks", "email", "Ann@Example.co.uk"),
        ("bel 06-12345678", "phone", "06-12345678"),
        ("mijn nummer is +32 470 12 34 56", "phone", "+32 470 12 34 56"),
        ("postcode 1012 AB", "postcode", "1012 AB"),
        ("ik woon in 9711LX", "postcode", "9711LX"),
        ("my zip code is 9000", "postcode", "9000"),
        ("Kerkstraat 12, 1012 AB Amsterdam", "address", "Kerkstraat 12, 1012 AB Amsterdam"),
        ("mijn Bosch WM7500 lekt", "product", "Bosch WM7500"),
        ("de AX-300 doet niks", "product", "AX-300"),
        ("Mijn WM7500 lekt", "product", "WM7500"),
        ("is the wm7500 in stock", "product", "wm7500"),
        ("model WW90T534AAW lekt", "product", "WW90T534AAW"),
        ("typenummer: KGN36VLEA", "product", "KGN36VLEA"),
        ("de lamp “Luna Maxi” flikkert", "product", "Luna Maxi"),
        ('I bought the "Aurora Desk 2"', "product", "Aurora Desk 2"),
    ],
)
def test_numbers_addresses_and_products(text: str, kind: str, words: str) -> None:
    assert [w for w, _ in found(text, kind)] == [words]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("het kostte €12,50", "EUR 12.50"),
        ("het kostte € 12,50", "EUR 12.50"),
        ("EUR 12,50 betaald", "EUR 12.50"),
        ("12.50 euro afgeschreven", "EUR 12.50"),
        ("12,5 euro", "EUR 12.50"),
        ("12 euro 50", "EUR 12.50"),
        ("50 euro", "EUR 50.00"),
        ("€ 1.250,00 betaald", "EUR 1250.00"),
        ("paid €1,250.00 for it", "EUR 1250.00"),
        ("1.250 euro", "EUR 1250.00"),
        ("25,- aub", "EUR 25.00"),
        ("€25,- teveel", "EUR 25.00"),
        ("50 cent", "EUR 0.50"),
        ("20 euros", "EUR 20.00"),
        ("it was $19.99", "USD 19.99"),
        ("£7 postage", "GBP 7.00"),
        ("ik kreeg 10-20 euro terug", "EUR 20.00"),
    ],
)
def test_amounts(text: str, value: str) -> None:
    assert [v for _, v in found(text, "amount")] == [value]


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("besteld op 3 mei", "3 mei", "2026-05-03"),
        ("besteld op 3 mei 2025", "3 mei 2025", "2025-05-03"),
        ("op 24 december jarig", "24 december", "2026-12-24"),
        ("29 februari besteld", "29 februari", "2024-02-29"),
        ("3e mei", "3e mei", "2026-05-03"),
        ("ordered on May 3rd", "May 3rd", "2026-05-03"),
        ("ordered on the 3rd of May", "3rd of May", "2026-05-03"),
        ("on 2 may 2025 I ordered", "2 may 2025", "2025-05-02"),
        ("12-11-2026 geleverd", "12-11-2026", "2026-11-12"),
        ("12/11/26 geleverd", "12/11/26", "2026-11-12"),
        ("12.11.2026 geleverd", "12.11.2026", "2026-11-12"),
        ("2026-11-12 delivered", "2026-11-12", "2026-11-12"),
        ("11/25/2025 delivered", "11/25/2025", "2025-11-25"),
        ("betaald op 3/5", "3/5", "2026-05-03"),
        ("gisteren betaald", "gisteren", "2026-11-21"),
        ("Gisteravond besteld", "Gisteravond", "2026-11-21"),
        ("eergisteren besteld", "eergisteren", "2026-11-20"),
        ("vanmorgen geleverd", "vanmorgen", "2026-11-22"),
        ("morgen jarig", "morgen", "2026-11-23"),
        ("overmorgen ga ik weg", "overmorgen", "2026-11-24"),
        ("it came yesterday", "yesterday", "2026-11-21"),
        ("the day before yesterday", "the day before yesterday", "2026-11-20"),
        ("I leave tomorrow", "tomorrow", "2026-11-23"),
        ("vorige week dinsdag besteld", "vorige week dinsdag", "2026-11-10"),
        ("dinsdag vorige week besteld", "dinsdag vorige week", "2026-11-10"),
        ("verleden dinsdag besteld", "verleden dinsdag", "2026-11-17"),
        ("afgelopen zondag", "afgelopen zondag", "2026-11-15"),
        ("sinds vrijdag kapot", "sinds vrijdag", "2026-11-20"),
        ("komende vrijdag", "komende vrijdag", "2026-11-27"),
        ("last tuesday I paid", "last tuesday", "2026-11-17"),
        ("Tuesday last week", "Tuesday last week", "2026-11-10"),
        ("next friday", "next friday", "2026-11-27"),
        ("vorige week betaald", "vorige week", "2026-11-09/2026-11-15"),
        ("last month", "last month", "2026-10"),
        ("verleden jaar gekocht", "verleden jaar", "2025"),
        ("3 dagen geleden", "3 dagen geleden", "2026-11-19"),
        ("een week geleden", "een week geleden", "2026-11-15"),
        ("two weeks ago", "two weeks ago", "2026-11-08"),
        ("3 maanden geleden", "3 maanden geleden", "2026-08"),
        ("a year ago", "a year ago", "2025"),
        ("over 3 dagen ben ik weg", "over 3 dagen", "2026-11-25"),
    ],
)
def test_dates(text: str, words: str, value: str) -> None:
    assert found(text, "date") == [(words, value)]


@pytest.mark.parametrize(
    "text",
    [
        "2 jaar garantie", "maat 43", "om 9 uur open", "100 ml", "goede morgen", "goedemorgen", "60 x 40 cm",
        "binnen 14 dagen terugsturen", "2 weken terug te sturen", "kies 1, 2 of 3", "versie 2.1.3", "12,50",
        "31-02-2026", "99/99/2026", "2-4 werkdagen", "hij zei “kom terug”", "zondag open?", "van 10 tot 18 uur",
        "PS5, MP3 en HDMI", "200 lm en 40 W", "100% katoen", "vraag 12", "lamp van 230 volt", "50 jaar", "1000 keer",
        "2 years of warranty", "size 43", "at 9 o'clock", "good morning", "these 3 may be returned", "in 2 days",
        "I may 3 times", "march 4 miles", "over 3 weeks of waiting", "version 10.5", "open on sunday?", "24/7 open",
        "1/2 prijs", "sold out since ages", "5 sterren", "step 2 of 3", "Error “Payment failed”", "A4 papier", "",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_fact_is_none(text: str) -> None:
    assert facts(text, AT, ZONE) == []


@pytest.mark.parametrize(
    ("text", "secret", "shown"),
    [
        ("kaart 4111 1111 1111 1111", "4111 1111 1111 1111", [("card", "•••• 1111")]),
        ("mijn IBAN is NL91 ABNA 0417 1643 00", "0417 1643", [("iban", "NL •••• 4300")]),
        ("cadeaubon ABCD-1234-EFGH-5678", "ABCD-1234-EFGH", [("code", "•••• 5678")]),
        ("giftcard XK7P2M9QRT", "XK7P2M9QRT", [("code", "••••")]),
        ("cadeaubon type ABCD1234EFGH5678", "ABCD1234", [("code", "•••• 5678")]),
        ("cadeaukaart 6064 3712 9988 1234", "6064 3712", [("code", "•••• 1234")]),
        ("de pincode is 1234", "1234", []),
        ("my PIN is 98765", "98765", []),
    ],
)
def test_secrets_are_masked_everywhere(text: str, secret: str, shown: list[tuple[str, str]]) -> None:
    got = facts(text, AT, ZONE)
    assert [(f.kind, f.words) for f in got] == shown
    assert secret not in masked(text)
    assert all(secret not in f.words + f.value for f in got)


def test_masking_leaves_what_an_agent_needs() -> None:
    text = "Order 20231234, 3SABCD1234567890, model WW90T534AAW, 06-12345678, a@b.nl, € 12,50 op 3 mei"
    assert masked(text) == text


def test_the_day_is_the_shops_where_the_message_was_said() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # past midnight in Amsterdam
    assert facts("gisteren", late, ZONE)[0].value == "2026-11-21"
    assert facts("gisteren", late, ZoneInfo("America/New_York"))[0].value == "2026-11-20"


def test_several_messages_give_each_fact_once_with_the_message_it_came_from() -> None:
    said = [Told(1, "order 20231234 voor 50 euro", AT), Told(4, "€50! order 20231234, gisteren", AT)]
    assert [(f.kind, f.words, f.seq) for f in all_facts(said, ZONE)] == [
        ("order", "20231234", 1),
        ("amount", "50 euro", 1),
        ("date", "gisteren", 4),
    ]


@given(st.text(max_size=300) | st.text("0123456789-/.,€ abAB#@eurom'ſıİK", max_size=120))
def test_no_text_fails_and_facts_are_well_formed(text: str) -> None:
    for fact in facts(text, AT, ZONE, 7):
        assert fact.kind in KINDS
        assert fact.words
        assert fact.seq == 7
    assert masked(masked(text)) is not None


@given(st.text("0123456789 ", min_size=12, max_size=40))
def test_no_long_number_comes_out_whole_of_a_card_number(digits: str) -> None:
    text = f"kaart 4111111111111111 {digits}"
    assert "4111111111111111" not in masked(text)
    assert all("4111111111111111" not in f.words for f in facts(text, AT, ZONE))


@pytest.mark.parametrize("unit", ["€1 ", "#12345 ", "a", "3 mei ", "“A "])
def test_the_work_grows_with_the_text_and_not_its_square(unit: str) -> None:
    def took(length: int) -> float:
        text = (unit * length)[:length]
        start = time.process_time()
        facts(text, AT, ZONE)
        masked(text)
        return time.process_time() - start

    took(1000)
    small, large = took(4_000), took(40_000)
    assert large < 40 * max(small, 0.01)  # ten times the text; its square would be a hundred times
