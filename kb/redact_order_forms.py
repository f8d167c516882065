"""What order numbers look like where something says that they are: behind a word for one, in a list, alone."""

import re

from kb.redact_checks import DATE, listed_order, mixed_order, named_order, short_order
from kb.redact_rule import Rule
from kb.redact_typos import slips
from kb.redact_words import UNIT

# What a number of an order, a parcel or a customer is called.
_CALLED = (
    r"(?:(?:bestel\w{0,5}|(?:purchase |sales )?order|klant(?:en)?|customer|client|factuur|invoice|retour|return"
    r"|referen\w{2,4}|"
    r"confirmation|booking|bevestigings|zending\w{0,2}|verzend|track\w{0,3}(?: (?:&|and|en) trace)?|ticket|pakket"
    r"|parcel|"
    r"shipment|consignment|rma|case|aankoop|transactie|transaction)"
    r"[ -]?s?[ -]?(?:nummers?|numbers?|num\w{0,3}|nrs?|nos?|id|ref\w{0,7}|codes?)\b|"
    r"\b(?:num\w{2,4} van (?:de|mijn|mn|een) (?:bestelling|order)|number (?:of|for) (?:my|the) order|"
    r"order(?:ed)? under (?:the )?number|besteld onder (?:het )?nummer|ref|referenti?e|reference|ordernr|bestelnr"
    r"|rma|po)\b)\.?"
)
_LINK = (
    r"(?:[\s:;=?#\"'“”‘’(*.,–-]{1,4}|\b(?:is|was|are|were|zijn|waren|van|of|voor|for|with|met|the|de|het|deze|this"
    r"|mijn|mn|my|"
    r"our|onze|order|orders|bestelling|nummer|number|no|nr|luidt|reads?|says|zegt|staat|shows|dus|heb|have|i|ik"
    r"|hier|here|"
    r"as|als|be|moet|should|and|en|to|op|it|it's|its|dat|that|ending|begint)\b){0,7}?"
)
_NUMBER = r"(?:[A-Za-z]{1,6}[-/_]?)?\d{2,12}(?:[-/_. ]\d{2,10}){0,3}(?:[-/][A-Za-z\d]{1,2})?"
_NO_MORE = rf"(?!\w|[.,/-]\d|\s?(?:{UNIT})(?!\w))"
# What a round number behind "order" must stand before, as 48000 may be a number of things.
_THEN = (
    r"(?=\s?(?:$|[.,!?;:)\]\"'\n-])|\s(?:is|was|has|had|heeft|staat|stond|wordt|werd|komt|kwam|nog|niet|not|still"
    r"|please|pls|aub|"
    r"graag|for|voor|van|from|i|ik|in|on|and|en|bij|met|missing|late|to|naar|never|nooit|kwijt|annuleren|cancel\w*"
    r"|hasn'?t|"
    r"didn'?t|isn'?t|al|already|nu|now|that|dat|die|arrived|delivered|geplaatst|placed|came|last|split|seems|got"
    r"|ontbreekt|(?:aan|ge|be|ver|op|af)\w{3,12}[dnt]|\w{3,12}ed|again|weer|wanneer|when|where|waar)\b)"
)
_THINGS = (  # 1440 cans
    r"(?!\s(?!arrives|shows|says|keeps|seems|needs|contains|comes|goes|gets|costs|was|has|is|this|as)[a-z]{3,12}s\b)"
)
_SLIPS = slips("order")
_BARE = (
    r"(?:(?<!\bto )(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bplease )(?<!\bcan )order"
    rf"|{_SLIPS}|(?:regards?|respect|relation"
    r"|reference|due|related|belongs?|refers?|back) to order|orders|bestelling(?:en)?|"
    r"bestelde|zending|factuur|invoice|ticket|retour|pakket|parcel)"
)
_NAMED = (
    r"(?:(?:,?\s[a-z]{2,12}){0,3},?\s(?:nummer|number|nr)\b\.?\s?(?:is\s|:\s?)?#?|,\s(?:(?:nr|no|number"
    r"|nummer)\b\.?\s?(?:is\s)?)?|\s?[:#(\"'“=-]{1,3}\s?(?:(?:nr|no|number|nummer)\.?\s?)?|\s(?:met|with|onder"
    r"|under|has|heeft|had|is|was)?\s?(?:the |het |als )?"
    r"(?:bestel|order)?(?:nummer|number|nr|no|num|ref)\b\.?\s?(?:is |was |van )?[:#]?\s?[\"'(]?|\s|\sis\s)"
)

# What stands before an order's number, as part of it: ORD-47657; the second ones are words or a brand's too.
_BEGUN = (
    r"(?:(?i:ord(?:er)?|bst|best(?:el)?|web(?:shop)?|shop|inv|fact?|rma|trk|pkt)(?:[-_/#.]{1,2}|(?=\d{5}))|"
    r"(?:SO|PO|WO|EC|RET|SHP?|REF|KL|ZND|PKG)[-_/#]?|(?:so|po|wo|ec|ret|shp?|ref|kl|znd|pkg)-)"
)
_ASKED = re.compile(  # what people ask of an order
    r"(?i)\b(?:status|news|nieuws|waar blijf\w*|waar is|wanneer komt?|where(?:'?s| is)|when (?:will|is)|kijken naar"
    r"|look\w* at"
    r"|look into|check|nagaan|volg\w*|track\w*|annule\w+|cancel\w*|binnen|ontvangen|received|arrived|aangekomen"
    r"|kwijt|missing|late|delayed|vertraagd|besteld|ordered)\b"
)

NAMED_ORDERS = (
    Rule(
        "order",
        re.compile(rf"(?<![\w.,-])#?(?P<s>{_BEGUN}(?!(?:19\d\d|20[0-4]\d)\b)\d{{4,10}})(?![\w%€]|[-.,:/]\w)"),
    ),
    Rule(
        "order",
        re.compile(r"(?<![\w.,-])(?:[A-Z]{2,4}-?|[a-z]{2,4}-?)\d{5,10}(?!\w|[-.,/]\w)"),
        cue=_ASKED,
        before=24,
        after=24,
    ),
    Rule("order", re.compile(r"(?i)(?<![\w-])[a-z]{2} ?\d{3} ?\d{3} ?\d{3} ?[a-z]{2}(?![\w-])")),  # S10, of the post
    Rule(
        "order",
        re.compile(rf"(?i)(?<![a-z]){_CALLED}{_LINK}(?<![\w-])#?(?P<s>{_NUMBER}){_NO_MORE}"),
        named_order,
    ),
    Rule(  # letters and digits: order number q-36w77776w
        "order",
        re.compile(
            rf"(?i)(?<![a-z])(?:{_CALLED}{_LINK}|\b(?:order|bestelling|{_SLIPS})[\s(:]{{1,3}}(?:no\.?\s?)?)(?<![\w-])#?"
            r"(?P<s>(?:[a-z]{1,4}[-_/])?(?=[a-z\d]{0,9}\d)[a-z\d]{6,12})(?![\w-])"
        ),
        mixed_order,
    ),
    Rule(
        "order",
        re.compile(r"(?i)\b(?:best?[a-z]{1,6}|ord[a-z]{0,5})\.\s?#?(?P<s>(?:[a-z]{1,4}-)?\d{4,12})(?![\w,.-]\w)"),
    ),
    Rule(
        "order",
        re.compile(
            rf"(?i)(?<![a-z]){_CALLED}(?:\s[a-z]{{1,12}}){{0,5}}\s(?:is|was|luidt|:)\s?#?(?P<s>{_NUMBER}){_NO_MORE}"
        ),
        named_order,
    ),
    Rule(
        "order",
        re.compile(
            rf"(?i)\b{_BARE}{_NAMED}#?(?P<s>\d{{4,12}}(?: \d{{4}})?|\d{{2,3}}([. ])\d{{3}}\2\d{{3}}){_NO_MORE}{_THINGS}"
        ),
        short_order,
    ),
    Rule(
        "order",
        re.compile(rf"(?i)\b{_BARE}{_NAMED}#?(?P<s>\d{{2,10}}00){_NO_MORE}{_THEN}"),
        named_order,
    ),
    Rule(
        "order",
        re.compile(
            r"(?i)(?<![\w.,€$£-])#?(?P<s>(?:\d{4} )?\d{4,12})[\"')?]?(?:\s?\((?=(?:order|bestel))"
            r"|\s?[(,-]?\s?(?:is |was |are )?(?:dat is |that'?s |its |it's |dus )?"
            r"(?:mijn|mn|my|the|het|de|our|onze)\s)(?:order|bestel)"
        ),
        short_order,
    ),
    Rule(
        "order",
        re.compile(
            rf"(?i)(?:(?<=\sen\s)|(?<=\sand\s)|(?<=\sof\s)|(?<=\sor\s)|(?<=[,&+/]\s)|(?<=[,&+/]))#?(?P<s>\d{{4,12}})"
            rf"{_NO_MORE}{_THINGS}"
        ),
        listed_order,
        re.compile(r"(?i)\b(?:orders|bestellingen|(?:order|bestel)\s?(?:num(?:ber|mer)s?|nrs?|nos?))\b.{0,12}?\d{4}"),
        45,
    ),
    Rule(
        "order",
        re.compile(r"(?<![\w.,-])20[1-3]\d[-/](?!20[0-3]\d\b)\d{4,8}(?![\w]|[-/.,]\d)"),
        lambda found: not DATE.match(found),
    ),
    Rule("order", re.compile(r"\A\W{0,4}(?P<s>\d{4,12})\W{0,4}\Z"), listed_order),
)
