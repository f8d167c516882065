"""What people type: typos, dialect, mixed languages, shouting, one word, a story, two questions, half a question."""

import pytest

from kb.base import Base
from kb.evidence import Evidence
from kb.followup import subject

TYPOS = [
    ("nl", "waar is mijn paket", "delivery-track"),
    ("nl", "ik ben me paswoord vergeeten", "account-forgot-password"),
    ("nl", "hoe kan ik mijn bestelingen anuleren", "order-cancel"),
    ("nl", "hoeveel dagen heb ik om iest terug te sturen", "return-window"),
    ("nl", "wat zijn de openingsuuren op zatterdag", "store-opening-hours"),
    ("en", "how do i retrun an item", "return-how"),
    ("en", "i forgto my pasword", "account-forgot-password"),
    ("en", "can i cancle my order", "order-cancel"),
    ("en", "wat are your openning hours on saterday", "store-opening-hours"),
    ("en", "were can i find the manuel of my oven", "product-manual"),
]
DIALECT = [
    ("nl", "waar blijft mijn pakske", "delivery-track"),
    ("nl", "kan mijn bomma mijn pakske gaan afhalen in de winkel", "store-collect-other-person"),
    ("nl", "hoe lang hebde garantie op een lamp", "warranty-length"),
    ("nl", "mag ik da weerom brengen naar de winkel", "return-in-store"),
    ("nl", "hoe laat zijde gulle open op zaterdag", "store-opening-hours"),
    ("nl", "hoeveel staat er nog op mijne cadeaubon", "gift-card-balance"),
    ("en", "wheres me parcel", "delivery-track"),
    ("en", "wanna send this back how", "return-how"),
    ("en", "u guys open on sundays?", "store-opening-hours"),
    ("en", "can me nan pick up the order for me at the shop", "store-collect-other-person"),
]
GIFT_CARDS = [
    ("nl", "kadobon nog geldig?", "gift-card-validity"),
    ("nl", "saldo van mijn giftcard", "gift-card-balance"),
    ("nl", "ik ben mijn kadokaart kwijt", "gift-card-lost"),
    ("nl", "kan ik met een cadeaukaart betalen in de winkel", "gift-card-spend-store"),
    ("nl", "mag ik twee kadobonnen tegelijk gebruiken", "gift-card-combine"),
    ("en", "is my giftcard still valid", "gift-card-validity"),
    ("en", "balance on my gift voucher", "gift-card-balance"),
    ("en", "i lost my gift-card", "gift-card-lost"),
    ("en", "can i use a giftcard in the store", "gift-card-spend-store"),
    ("en", "two gift vouchers on one order possible?", "gift-card-combine"),
]
MIXED = [
    ("nl", "hoe kan ik mijn order cancellen", "order-cancel"),
    ("nl", "wanneer krijg ik mijn refund", "return-refund-time"),
    ("nl", "kan ik mijn gift card in de store gebruiken", "gift-card-spend-store"),
    ("nl", "track and trace van mijn parcel", "delivery-track"),
    ("en", "where do i find the factuur of my order", "invoice-download"),
    ("en", "how much is left on my cadeaubon", "gift-card-balance"),
    ("en", "how do i send my pakket back", "return-how"),
    ("en", "how long is the garantie", "warranty-length"),
]
SHOUTED = [
    ("nl", "IK WIL MIJN BESTELLING ANNULEREN", "order-cancel"),
    ("nl", "ER IS TWEE KEER GELD VAN MIJN REKENING GEGAAN!!!", "payment-double-charge"),
    ("nl", "HOE LANG DUURT DE TERUGBETALING", "return-refund-time"),
    ("nl", "MIJN KORTINGSCODE WERKT NIET", "order-discount-code"),
    ("en", "I WANT TO CANCEL MY ORDER", "order-cancel"),
    ("en", "YOU CHARGED ME TWICE!!!", "payment-double-charge"),
    ("en", "WHEN DO I GET MY REFUND", "return-refund-time"),
    ("en", "MY DISCOUNT CODE DOES NOT WORK", "order-discount-code"),
]
WORDS = [
    ("nl", "retour", {"return-how", "return-window", "return-cost", "return-refund-time"}),
    ("nl", "garantie", {"warranty-length", "warranty-claim"}),
    ("nl", "factuur", {"invoice-download"}),
    ("nl", "bezorging", {"delivery-time", "delivery-cost", "delivery-track", "delivery-choose-slot"}),
    ("nl", "openingsuren", {"store-opening-hours"}),
    ("nl", "handleiding", {"product-manual"}),
    ("en", "return", {"return-how", "return-window", "return-cost", "return-refund-time"}),
    ("en", "warranty", {"warranty-length", "warranty-claim"}),
    ("en", "invoice", {"invoice-download"}),
    ("en", "delivery", {"delivery-time", "delivery-cost", "delivery-track", "delivery-choose-slot"}),
    ("en", "parking", {"store-parking"}),
    ("en", "newsletter", {"account-newsletter"}),
]
GIFT = ["gift-card-balance", "gift-card-validity"]
LOGIN = ["account-forgot-password", "account-newsletter"]
TWO = [
    ("nl", "waar is mijn pakje en kan ik mijn bestelling nog annuleren", ["delivery-track", "order-cancel"]),
    (
        "nl",
        "Hoe laat zijn jullie open op zaterdag. En kan ik daar parkeren",
        ["store-opening-hours", "store-parking"],
    ),
    ("nl", "hoe stuur ik iets terug\nwanneer krijg ik mijn geld terug", ["return-how", "return-refund-time"]),
    (
        "nl",
        "ik wil weten hoeveel er op mijn cadeaubon staat en hoe lang hij geldig is",
        GIFT,
    ),
    ("nl", "Is deze lamp dimbaar? Welk lampje past erin?", ["product-dimmable", "product-bulb-fitting"]),
    (
        "nl",
        "ik ben mijn wachtwoord vergeten. ook wil ik me afmelden voor de nieuwsbrief",
        LOGIN,
    ),
    ("en", "where is my parcel and can i pay in instalments", ["delivery-track", "payment-later"]),
    ("en", "What time do you open on Sunday. And is there parking", ["store-opening-hours", "store-parking"]),
    ("en", "how do i return something\nwhen do i get my money back", ["return-how", "return-refund-time"]),
    ("en", "i'd like to know how much is left on my gift card and how long it is valid", GIFT),
    ("en", "Is this lamp dimmable? Which bulb fits it?", ["product-dimmable", "product-bulb-fitting"]),
    (
        "en",
        "i forgot my password. also how do i unsubscribe from the newsletter",
        LOGIN,
    ),
]
ONE = [
    ("nl", "kan ik met cadeaubon en ideal tegelijk betalen", "gift-card-combine"),
    ("nl", "wat gebeurt er als ik niet thuis ben en mag de buurman het aannemen", "delivery-not-home"),
    ("nl", "nemen jullie mijn oude koelkast mee en is dat gratis", "store-recycling"),
    ("nl", "Ik heb een verkeerd artikel gekregen. Hoe stuur ik dat terug?", "delivery-wrong-item"),
    ("nl", "kan ik online bestellen en ophalen in de winkel", "store-click-collect"),
    ("en", "can i pay with a gift card and a credit card together", "gift-card-combine"),
    ("en", "what happens if i'm not home and can the neighbour take it", "delivery-not-home"),
    ("en", "do you take my old fridge and is that free", "store-recycling"),
    ("en", "I got the wrong item. How do I send it back?", "delivery-wrong-item"),
    ("en", "can i order online and pick it up in a store", "store-click-collect"),
]
FOLLOWING = [
    ("nl", "wat kost de verzending", "en naar België?", "delivery-abroad"),
    ("nl", "kan ik mijn cadeaubon op de website gebruiken", "en in de winkel?", "gift-card-spend-store"),
    ("nl", "hoe stuur ik iets terug", "wat kost dat?", "return-cost"),
    ("nl", "hoe lang heb ik garantie", "en zonder kassabon?", "warranty-no-receipt"),
    ("nl", "hoe lang is een cadeaubon geldig", "en als ik hem kwijt ben?", "gift-card-lost"),
    ("nl", "kan ik met ideal betalen", "of achteraf?", "payment-later"),
    ("en", "what does shipping cost", "and to Belgium?", "delivery-abroad"),
    ("en", "can i use my gift card online", "and in the store?", "gift-card-spend-store"),
    ("en", "how do i return something", "and what does that cost?", "return-cost"),
    ("en", "how long is the warranty", "what about without the receipt?", "warranty-no-receipt"),
    ("en", "how long is a gift card valid", "and if I lost it?", "gift-card-lost"),
    ("en", "can i pay with paypal", "or in instalments?", "payment-later"),
]
# Each is a question of its own, whatever was asked before.
ITS_OWN = [
    ("nl", "waar is mijn pakje", "en hoe laat zijn jullie open?", "store-opening-hours"),
    ("nl", "hoe stuur ik iets terug", "en parkeren?", "store-parking"),
    ("nl", "wat kost de verzending", "ook ben ik mijn wachtwoord vergeten", "account-forgot-password"),
    ("nl", "hoe lang heb ik garantie", "kan ik achteraf betalen", "payment-later"),
    ("en", "where is my parcel", "and what time do you open?", "store-opening-hours"),
    ("en", "how do i return something", "and parking?", "store-parking"),
    ("en", "what does shipping cost", "also i forgot my password", "account-forgot-password"),
    ("en", "how long is the warranty", "can i pay later", "payment-later"),
]
STORY = {
    "nl": (
        "Goedemiddag, ik ben al jaren klant bij jullie en meestal heel tevreden. Drie weken geleden zocht ik een "
        "nieuwe lamp voor de eetkamer, want we hebben verbouwd en de oude paste niet meer bij de tafel. Mijn man "
        "wilde iets moderns, maar ik hou meer van klassiek. We hebben er lang over gepraat en uiteindelijk samen op "
        "jullie site gekeken. Daar vonden we een mooie messing hanglamp. Mijn dochter, die vorige maand is gaan "
        "studeren, vond hem ook mooi toen ik haar een foto stuurde. Ik heb hem toen besteld en met mijn bankkaart "
        "betaald. De bezorger was vriendelijk en heeft de doos zelfs tot in de gang gezet. Toen we hem uitpakten, "
        "waren we eerst blij, maar boven de tafel bleek hij toch te groot. Het licht is prachtig, daar ligt het niet "
        "aan. Mijn zus zei dat ik hem gewoon moest houden, maar elke keer dat ik binnenkom stoor ik me eraan. "
    ),
    "en": (
        "Good afternoon, I have been a customer of yours for years and mostly very happy. Three weeks ago I was "
        "looking for a new lamp for the dining room, because we had the builders in and the old one no longer went "
        "with the table. My husband wanted something modern, but I like the classic look better. We talked about it "
        "for a long time and in the end we looked at your site together. There we found a lovely brass lamp. My "
        "daughter, who went off to university last month, liked it too when I sent her a picture. So I ordered it "
        "and paid with my bank card. The driver was kind and even carried the box into the hall. When we unpacked it "
        "we were pleased at first, but above the table it turned out to be much too big. The light is beautiful, that "
        "is not the problem. My sister said I should just keep it, but it annoys me every time I walk into the room. "
    ),
}
ENDS = [
    ("nl", "Hoeveel dagen heb ik om hem terug te sturen?", "return-window"),
    ("nl", "Kan ik hem in de winkel terugbrengen? Alvast bedankt!", "return-in-store"),
    ("nl", "Kan ik hem nog omruilen voor een kleinere", "return-exchange"),
    ("nl", "Waar vind ik de factuur van die bestelling? Met vriendelijke groeten, Els", "invoice-download"),
    ("en", "How many days do I have to send it back?", "return-window"),
    ("en", "Can I take it back to one of your stores? Thanks in advance!", "return-in-store"),
    ("en", "Can I still swap it for a smaller one", "return-exchange"),
    ("en", "Where can I find the invoice for that order? Kind regards, Els", "invoice-download"),
]


def offered(found: Evidence) -> set[str | None]:
    """What the customer gets to see: the answer, or the choices."""
    return {found.entry} if found.verdict == "answer" else set(found.options)


@pytest.mark.parametrize(("language", "text", "key"), [*TYPOS, *DIALECT, *GIFT_CARDS, *MIXED, *SHOUTED])
def test_odd_spellings_find_the_entry(demo: Base, language: str, text: str, key: str) -> None:
    assert key in offered(demo.ask(text, language))


@pytest.mark.parametrize(("language", "text", "keys"), WORDS)
def test_one_word_finds_what_it_names(demo: Base, language: str, text: str, keys: set[str]) -> None:
    assert keys & offered(demo.ask(text, language))


@pytest.mark.parametrize(("language", "text", "keys"), TWO)
def test_two_questions_are_both_answered(demo: Base, language: str, text: str, keys: list[str]) -> None:
    found = demo.ask(text, language)
    assert found.verdict == "answer"
    assert [part.entry for part in found.parts] == keys


@pytest.mark.parametrize(("language", "text", "key"), ONE)
def test_one_question_with_and_in_it_stays_whole(demo: Base, language: str, text: str, key: str) -> None:
    found = demo.ask(text, language)
    assert found.parts == ()
    assert key in offered(found)


@pytest.mark.parametrize(("language", "end", "key"), ENDS)
@pytest.mark.parametrize("words", ["hundreds", "hundreds without full stops", "four hundred"])
def test_a_story_is_judged_by_the_question_at_its_end(
    demo: Base, language: str, end: str, key: str, words: str
) -> None:
    story = STORY[language] * (3 if words == "four hundred" else 1)
    text = story + end
    if words == "hundreds without full stops":
        text = story.replace(".", "").replace(",", "").lower() + end.partition("?")[0].lower()
    assert key in offered(demo.ask(text, language))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_story_without_a_question_is_not_answered(demo: Base, language: str) -> None:
    assert demo.ask(STORY[language], language).verdict != "answer"


@pytest.mark.parametrize(("language", "before", "text", "key"), FOLLOWING)
def test_half_a_question_is_read_with_the_one_before(
    demo: Base, language: str, before: str, text: str, key: str
) -> None:
    found = demo.ask(text, language, earlier=["hoi", before])
    assert key in offered(found)
    assert found.repeats < 0.9


@pytest.mark.parametrize(("language", "before", "text", "key"), ITS_OWN)
def test_a_whole_question_is_not_dragged_to_the_one_before(
    demo: Base, language: str, before: str, text: str, key: str
) -> None:
    assert offered(demo.ask(text, language, earlier=[before])) == {key}


@pytest.mark.parametrize(
    ("language", "before", "text"),
    [
        ("nl", "wat kost de verzending", "en mijn hond?"),
        ("nl", "waar is mijn pakje", "en wat eten we vanavond?"),
        ("en", "what does shipping cost", "and my dog?"),
        ("en", "where is my parcel", "and the president of France?"),
    ],
)
def test_other_matters_do_not_become_the_shop_s_by_what_came_before(
    demo: Base, language: str, before: str, text: str
) -> None:
    assert demo.ask(text, language, earlier=[before]).verdict in ("off_topic", "unknown")


@pytest.mark.parametrize(
    ("before", "text", "again"),
    [
        ("leveren jullie in Nederland", "en naar België?", False),
        ("do you deliver in the Netherlands", "and to Belgium?", False),
        ("en naar België?", "naar België dan?", True),
        ("waar is mijn pakje", "maar waar is mijn pakket dan", True),
        ("where is my parcel", "so where is my package", True),
    ],
)
def test_half_a_question_repeats_none_but_its_like(demo: Base, before: str, text: str, again: bool) -> None:
    assert (demo.ask(text, earlier=[before]).repeats >= 0.9) is again


def test_a_second_half_leans_on_the_question_not_on_the_first_half(demo: Base) -> None:
    earlier = ["kan ik mijn cadeaubon op de website gebruiken", "en in Gent?", "ok dank je"]
    assert subject(earlier) == earlier[0]
    assert demo.ask("en in de winkel?", earlier=earlier).entry == "gift-card-spend-store"
    assert subject(["ok", "en in Gent?"]) is None


def test_a_short_message_costs_no_extra_look(demo: Base) -> None:
    seen: list[str] = []
    encoder = demo._encoder

    class Counting:
        def encode(self, texts: list[str]) -> object:
            seen.extend(texts)
            return encoder.encode(texts)

    demo._encoder = Counting()  # type: ignore[assignment]
    try:
        demo.ask("hoeveel dagen heb ik om iets terug te sturen?")
        assert len(seen) == 1
        demo.ask("en naar België?", earlier=["wat kost de verzending"])
        assert len(seen) == 1 + 3  # itself, what was asked before, and both
    finally:
        demo._encoder = encoder
